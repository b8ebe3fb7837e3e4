/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about what firmware and kernel hold against a device: reserved memory, framebuffers, interrupts, resets. */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

/* --- memory that the firmware keeps ------------------------------------------------ */

static void add_refused(const struct rule_context *c, const struct rule *rule,
			const struct device *d)
{
	auto_free char *label = rule_device(d);

	rule_add(
		c, rule, xstrdup(d->bdf),
		xasprintf("The kernel refused to give %s to a VM: the firmware uses this device "
			  "itself and keeps memory for it (RMRR). That is no matter of groups, and "
			  "no override helps.",
			  label),
		xstrdup("Look in the firmware setup for what uses it (shared memory of a "
			"management controller, RAID, legacy USB), update the firmware, or leave "
			"it out."));
}

static void add_reserved(const struct rule_context *c, const struct rule *rule,
			 const struct device *d, const struct hazard *h)
{
	auto_free char *label = rule_device(d);

	rule_add(c, rule, xstrdup(d->bdf),
		 xasprintf("The firmware keeps memory (%s) for the group of %s, which the kernel "
			   "must leave mapped as it is (RMRR). A VM can't have such a device; "
			   "QEMU ends with \"failed to setup container\" or \"Operation not "
			   "permitted\".",
			   h->what, label),
		 xstrdup("Look in the firmware setup for what uses it (shared memory of a "
			 "management controller, RAID, legacy USB), update the firmware, or leave "
			 "it out."));
}

void rule_rmrr(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; c->in->hazards && i < c->len; i++) {
		const struct device *d = c->selected[i];
		const struct hazard *h;

		if (hazards_of(c->in->hazards, HAZARD_REFUSED, d)) {
			add_refused(c, rule, d);
			continue;
		}
		h = hazards_of(c->in->hazards, HAZARD_RESERVED, d);
		if (h)
			add_reserved(c, rule, d, h);
	}
}

void rule_framebuffer_holds_bar(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; c->in->hazards && i < c->len; i++) {
		const struct device *d = c->selected[i];
		const struct hazard *h = hazards_of(c->in->hazards, HAZARD_FRAMEBUFFER, d);

		if (!h)
			continue;
		auto_free char *label = rule_device(d);

		rule_add(
			c, rule, xstrdup(d->bdf),
			xasprintf("The picture that the firmware left on the screen (%s) lies in "
				  "the memory of %s and is still claimed. A VM may then get a "
				  "black screen, and the kernel's log says \"can't reserve\".",
				  h->what, label),
			xstrdup("Current kernels take that claim away when vfio-pci gets the card. "
				"Where the VM's screen stays black, let the firmware start on "
				"another card, or add initcall_blacklist=sysfb_init to the "
				"kernel's "
				"parameters."));
	}
}

/* --- interrupts -------------------------------------------------------------------- */

/* vfio_iommu_type1 asks for it (-EPERM otherwise) unless it is told to go on. */
void rule_unsafe_interrupts(const struct rule_context *c, const struct rule *rule)
{
	const struct hazards *h = c->in->hazards;

	if (!h || h->interrupts != REMAPPING_OFF || c->in->platform->iommu != IOMMU_ON)
		return;
	rule_add(
		c, rule, xstrdup("host"),
		xasprintf("The IOMMU of this machine does not remap interrupts: a VM with a device "
			  "could send the host interrupts that it did not ask for. %s",
			  h->unsafe_allowed ? "VFIO was told to go on all the same "
					      "(allow_unsafe_interrupts)."
					    : "VFIO refuses to give out devices here."),
		xstrdup(h->unsafe_allowed
				? "Give devices only to VMs that you trust, or turn interrupt "
				  "remapping (x2APIC) on in the firmware setup."
				: "Turn interrupt remapping (VT-d with x2APIC, or AMD-Vi) on in "
				  "the firmware setup, and take intremap=off or nointremap out of "
				  "the kernel's parameters. If you trust the VM: options "
				  "vfio_iommu_type1 allow_unsafe_interrupts=1."));
}

/* --- SR-IOV and resets ------------------------------------------------------------- */

/* vfio-pci's probe gives -EBUSY for a physical function with virtual ones (vfio_pci_core_register_device). */
void rule_sriov_pf_with_vfs(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct device *d = c->selected[i];

		if (d->sriov == SRIOV_VIRTUAL || !d->caps.sriov_enabled)
			continue;
		auto_free char *label = rule_device(d);

		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("%s has %u virtual functions (SR-IOV) switched on. As long as "
				   "they are there, vfio-pci does not take the card itself.",
				   label, d->caps.sriov_enabled),
			 xasprintf("Hand over virtual functions instead, or switch them off first: "
				   "echo 0 > /sys/bus/pci/devices/%s/sriov_numvfs",
				   d->bdf));
	}
}

/* Graphics of AMD that come out of a bus reset unusable; the list of the module vendor-reset. */
static const struct {
	uint16_t first, last;
	const char *family;
} bad_bus_reset[] = {
	{0x66a0, 0x66af, "Vega 20"}, {0x67c0, 0x67df, "Polaris"}, {0x67e0, 0x67ff, "Polaris"},
	{0x6860, 0x687f, "Vega 10"}, {0x694c, 0x694f, "Vega M"},  {0x6980, 0x699f, "Polaris"},
	{0x7310, 0x731f, "Navi 10"}, {0x7340, 0x734f, "Navi 14"}, {0x7360, 0x7362, "Navi 12"},
};

static const char *bad_family(const struct device *d)
{
	if (d->vendor != 0x1002 || !device_is_gpu(d))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(bad_bus_reset); i++)
		if (d->id >= bad_bus_reset[i].first && d->id <= bad_bus_reset[i].last)
			return bad_bus_reset[i].family;
	return NULL;
}

static void add_weak(const struct rule_context *c, const struct rule *rule, const struct device *d)
{
	const char *family = bad_family(d);
	auto_free char *label = rule_device(d);

	if (family)
		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("%s is a card of AMD's %s family, many of which don't come back "
				   "from the only reset the kernel has for them: the VM then "
				   "starts once after each boot of the host.",
				   label, family),
			 xstrdup("The kernel module vendor-reset mends it for these cards. Without "
				 "it, plan for a reboot of the host between two runs of the VM."));
	else
		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("The kernel can reset %s only by putting it to sleep and waking "
				   "it (pm), which many devices survive unchanged: a VM may find "
				   "it as the last one left it.",
				   label),
			 xstrdup("If the device hangs when the VM starts again, reboot the host "
				 "between two runs, or give it another device."));
}

/* What only waking or a reset of the bus can do; VFIO resets the bus where the VM has all of it. */
void rule_weak_reset(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct device *d = c->selected[i];

		if (d->is_bridge || !d->reset_known || d->sriov == SRIOV_VIRTUAL)
			continue;
		if (bad_family(d) ? !(d->reset & ~(unsigned)(RESET_PM | RESET_BUS))
				  : d->reset == RESET_PM && !rule_has_bus_of_its_own(c, d))
			add_weak(c, rule, d);
	}
}

/* --- the kernel -------------------------------------------------------------------- */

void rule_secure_boot(const struct rule_context *c, const struct rule *rule)
{
	if (!c->in->platform->secure_boot)
		return;
	rule_add(c, rule, xstrdup("host"),
		 xstrdup("Secure Boot is on: the kernel loads signed modules only, and where the "
			 "boot image is signed as one file, a new one must be signed again before "
			 "it starts. The modules of the distribution's own kernel are signed."),
		 NULL);
}

void rule_vfio_builtin(const struct rule_context *c, const struct rule *rule)
{
	const struct platform *p = c->in->platform;

	if (!p->vfio_pci_known || (p->vfio_pci != MODULE_BUILTIN && !p->vfio_pci_builtin))
		return;
	rule_add(
		c, rule, xstrdup("host"),
		p->vfio_pci != MODULE_BUILTIN
			? xstrdup("vfio-pci is a module of the running kernel, but part of another "
				  "installed one itself: options in /etc/modprobe.d don't reach it "
				  "there.")
			: xasprintf("vfio-pci is part of the kernel %s itself, not a module: "
				    "options in /etc/modprobe.d don't reach it.",
				    p->kernel ? p->kernel : "in use"),
		xstrdup("Nothing to do: the plan names the devices on the kernel's command line "
			"as well (vfio-pci.ids=...)."));
}
