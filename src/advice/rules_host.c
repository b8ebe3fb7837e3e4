/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about the machine itself: they stand whatever is selected. */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/str.h"

/* How firmware setups usually name it. */
static const char *firmware_advice(enum cpu_vendor v)
{
	switch (v) {
	case CPU_AMD:
		return "Turn on \"IOMMU\" (also called AMD-Vi) and \"SVM\" in the firmware setup, "
		       "often below \"Advanced\" or \"AMD CBS\", then start again.";
	case CPU_INTEL:
		return "Turn on \"VT-d\" (Intel Virtualization Technology for Directed I/O) in the "
		       "firmware setup, then start again.";
	case CPU_OTHER:
		break;
	}
	return "Turn on the IOMMU in the firmware setup (Intel: VT-d, AMD: IOMMU or AMD-Vi), then "
	       "start again.";
}

void rule_iommu_absent(const struct rule_context *c, const struct rule *rule)
{
	const struct platform *p = c->in->platform;

	if (p->iommu != IOMMU_ABSENT)
		return;
	rule_add(c, rule, xstrdup("host"),
		 xasprintf("This machine shows no IOMMU. Without one a device could read and write "
			   "the memory of the whole host, so no device can be handed over.%s%s",
			   p->iommu_why ? " Seen: " : "", p->iommu_why ? p->iommu_why : ""),
		 xstrdup(firmware_advice(p->cpu)));
}

void rule_iommu_off(const struct rule_context *c, const struct rule *rule)
{
	const struct platform *p = c->in->platform;
	const char *remedy =
		p->iommu_of == CPU_INTEL
			? "The plan adds intel_iommu=on to the kernel's parameters; the groups "
			  "show after the next boot."
			: "The plan takes what turns it off out of the kernel's parameters; the "
			  "groups show after the next boot.";

	if (p->iommu != IOMMU_OFF)
		return;
	rule_add(c, rule, xstrdup("host"),
		 xasprintf("The firmware offers an IOMMU, but the kernel does not use it yet, so "
			   "there are no IOMMU groups to look at.%s%s",
			   p->iommu_why ? " Seen: " : "", p->iommu_why ? p->iommu_why : ""),
		 xstrdup(remedy));
}

void rule_no_vfio_module(const struct rule_context *c, const struct rule *rule)
{
	const struct platform *p = c->in->platform;

	if (!p->vfio_pci_known || p->vfio_pci != MODULE_MISSING)
		return;
	rule_add(c, rule, xstrdup("host"),
		 xasprintf("The kernel %s has no vfio-pci module. That is the driver which holds a "
			   "device for a virtual machine.",
			   p->kernel ? p->kernel : "in use"),
		 xstrdup("Start a kernel that has it: the standard kernels of all large "
			 "distributions do."));
}
