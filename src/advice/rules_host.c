/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about the machine itself: they stand whatever is selected. */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "base/text.h"

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

/* No later parameter turns the IOMMU on again behind one of these, so the plan refuses them. */
static const char *word_that_turns_off(const struct platform *p)
{
	static const char *const words[][2] = {{"amd_iommu", "amd_iommu=off"},
					       {"iommu", "iommu=off"}};

	for (size_t i = 0; p->cmdline && i < ARRAY_SIZE(words); i++) {
		auto_free char *value = kernel_params_value(p->cmdline, words[i][0]);

		if (value && text_starts_with(value, "off"))
			return words[i][1];
	}
	return NULL;
}

/* DMAR's needs a parameter, IVRS's is on by itself; the table of another one (VIOT) means that its driver is missing. */
static char *how_to_turn_on(const struct platform *p)
{
	const char *word = word_that_turns_off(p);

	if (word && p->iommu_of != CPU_OTHER)
		return xasprintf("Take %s out of the kernel's parameters where your boot loader "
				 "keeps them; the groups show after the next boot.",
				 word);
	if (p->iommu_of == CPU_INTEL)
		return xstrdup("The plan adds intel_iommu=on to the kernel's parameters; the "
			       "groups show after the next boot.");
	if (p->iommu_of == CPU_AMD)
		return xstrdup("The kernel turns AMD-Vi on by itself; its log says why it did not: "
			       "sudo dmesg | grep -i AMD-Vi");
	return xstrdup("No parameter turns this one on: start a kernel that has its driver (for "
		       "the table VIOT, a virtual machine's own IOMMU: CONFIG_VIRTIO_IOMMU, and "
		       "virtio_iommu in the initramfs).");
}

void rule_iommu_off(const struct rule_context *c, const struct rule *rule)
{
	const struct platform *p = c->in->platform;

	if (p->iommu != IOMMU_OFF)
		return;
	rule_add(c, rule, xstrdup("host"),
		 xasprintf("The firmware offers an IOMMU, but the kernel does not use it yet, so "
			   "there are no IOMMU groups to look at.%s%s",
			   p->iommu_why ? " Seen: " : "", p->iommu_why ? p->iommu_why : ""),
		 how_to_turn_on(p));
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
