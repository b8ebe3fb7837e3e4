/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation_text.h"

static const char *hop_word(const struct device *d)
{
	switch (d->caps.pcie_type) {
	case PCIE_ROOT_PORT:
		return "Root port";
	case PCIE_DOWNSTREAM:
		return "Switch port";
	case PCIE_UPSTREAM:
		return "Upstream port";
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
		return "Bridge";
	case PCIE_ENDPOINT:
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_RC_ENDPOINT:
	case PCIE_RC_EVENT_COLLECTOR:
	case PCIE_NONE:
	default:
		return d->is_bridge ? "Bridge" : "Function";
	}
}

/* "Root port 00:01.3 (1022:1453)" */
static void add_hop(struct str *out, const struct topology *t, size_t i)
{
	const struct device *d = &t->devices[i];
	char bdf[PCI_ADDR_TEXT], ids[10];

	str_addf(out, "%s %s (%s)", hop_word(d), pci_addr_format_short(&d->addr, bdf),
		 device_ids_text(d, ids));
}

/* The registers of some member could not be read. */
static bool is_unreadable(const struct topology *t, int id)
{
	const struct iommu_group *g = topology_group(t, id);

	for (size_t i = 0; g && i < g->len; i++)
		if (acs_verdict(&t->devices[g->members[i]], NULL) == ACS_UNKNOWN)
			return true;
	return false;
}

void isolation_why(const struct topology *t, const struct group_explanation *e, struct str *out)
{
	switch (e->cause) {
	case CAUSE_SINGLE:
		str_adds(out, "One device, isolated from all others.");
		break;
	case CAUSE_PORT_LACKS_ACS:
		add_hop(out, t, e->culprit);
		str_adds(out,
			 " has no ACS capability, so the kernel must assume that what is behind "
			 "it can talk past the IOMMU.");
		break;
	case CAUSE_FUNCTION_LACKS_ACS:
		add_hop(out, t, e->culprit);
		str_adds(out,
			 " is one of several functions of its slot and has no ACS capability, so "
			 "the kernel must assume that they can talk to each other past the IOMMU.");
		break;
	case CAUSE_LEGACY_BRIDGE:
		add_hop(out, t, e->culprit);
		str_adds(out,
			 " puts its own requester id in place of those behind it, so the IOMMU "
			 "can't tell these devices apart.");
		break;
	case CAUSE_SHARED_ID:
		add_hop(out, t, e->culprit);
		str_adds(out,
			 " is known to use the requester id of another function for its accesses, "
			 "so the IOMMU can't tell these devices apart.");
		break;
	case CAUSE_BITS_OFF:
		add_hop(out, t, e->culprit);
		str_adds(out, " has ACS, but not all of it is switched on.");
		break;
	case CAUSE_UNEXPLAINED:
		if (is_unreadable(t, e->id)) {
			str_adds(out,
				 "Why they are together can't be told: their ACS registers could "
				 "not be read.");
			break;
		}
		str_adds(out, "The kernel keeps these devices together for a reason that their "
			      "configuration space does not show.");
		break;
	}
}

/* All endpoints are functions of one slot: one card. */
static bool is_one_card(const struct topology *t, int id)
{
	const struct iommu_group *g = topology_group(t, id);
	const struct device *first = NULL;

	for (size_t i = 0; g && i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (d->is_bridge)
			continue;
		if (first && !pci_addr_same_slot(&first->addr, &d->addr))
			return false;
		first = d;
	}
	return true;
}

static void list_endpoints(const struct topology *t, int id, struct str *out)
{
	const struct iommu_group *g = topology_group(t, id);
	const char *separator = "";

	for (size_t i = 0; g && i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];
		char bdf[PCI_ADDR_TEXT];

		if (d->is_bridge)
			continue;
		str_addf(out, "%s%s", separator, pci_addr_format_short(&d->addr, bdf));
		separator = ", ";
	}
}

void isolation_remedy(const struct topology *t, const struct group_explanation *e, struct str *out)
{
	if (e->cause == CAUSE_SINGLE)
		return;
	if (is_one_card(t, e->id)) {
		str_adds(out, "They belong to one device: hand them over together.");
	} else if (e->splits_with.len) {
		auto_free char *words = strv_join(&e->splits_with, " or ");

		str_addf(out, "pcie_acs_override=%s would separate them; then ", words);
		list_endpoints(t, e->id, out);
		str_adds(out, " could read each other's memory unseen. First try another slot, one "
			      "attached to the processor.");
	} else if (e->cause == CAUSE_LEGACY_BRIDGE) {
		str_adds(out, "No override can separate them: use a slot that is not behind this "
			      "bridge, or hand over all of them.");
	} else if (e->cause == CAUSE_BITS_OFF) {
		str_adds(out,
			 "No override can help, since the patch leaves devices that have ACS "
			 "alone: look for ACS in the firmware's settings, try another kernel, or "
			 "another slot.");
	} else if (e->cause == CAUSE_UNEXPLAINED) {
		str_adds(out, "What an override would do here can't be foretold.");
	} else {
		str_adds(out, "No override separates its endpoints.");
	}
}

void isolation_trust(const struct isolation_report *r, struct str *out)
{
	switch (r->confidence) {
	case CONFIDENCE_EXACT:
		str_adds(out,
			 "Exact: the kernel's rule, applied to these devices, gives the kernel's "
			 "own groups.");
		break;
	case CONFIDENCE_PARTIAL:
		str_adds(out, "Partial: ");
		if (r->unreadable)
			str_addf(out,
				 "the ACS registers of %zu devices could not be read (that needs "
				 "root)",
				 r->unreadable);
		else
			str_adds(out,
				 "some groups differ from what the kernel's rule gives (a quirk "
				 "of a device, or ACS that was switched on too late)");
		str_adds(out, "; the groups shown are the kernel's.");
		break;
	case CONFIDENCE_UNKNOWN:
		str_adds(out,
			 "Cannot tell: the ACS registers could not be read; that needs root. The "
			 "groups shown are the kernel's.");
		break;
	}
}

void isolation_kernel(const struct platform *p, struct str *out)
{
	switch (p->acs_override) {
	case ACS_OVERRIDE_ACTIVE:
		str_adds(out, "This kernel has the override patch, and it is switched on: groups "
			      "that it separated are not really isolated.");
		break;
	case ACS_OVERRIDE_SUPPORTED:
		str_adds(out, "This kernel has the override patch.");
		break;
	case ACS_OVERRIDE_UNSUPPORTED:
		str_adds(out, "This kernel does not have the override patch and would ignore the "
			      "parameter without a word (linux-zen, linux-cachyos, Proxmox and "
			      "others have it).");
		break;
	case ACS_OVERRIDE_UNKNOWN:
		str_adds(out,
			 "Whether this kernel has the override patch can't be told here; a stock "
			 "kernel ignores the parameter without a word.");
		break;
	}
}
