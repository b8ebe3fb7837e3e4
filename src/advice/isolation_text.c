/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation_text.h"

#include "advice/selection.h"

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

/* What ACS is, for someone who reads of it for the first time. */
#define WHAT_ACS_IS "ACS, which keeps devices from reaching each other past the IOMMU"

static void add_lacking(struct str *out, const struct topology *t, const struct device *hop,
			size_t index)
{
	const char *what = "all functions of this device";

	if (hop &&
	    (hop->caps.pcie_type == PCIE_ROOT_PORT || hop->caps.pcie_type == PCIE_DOWNSTREAM))
		what = "all behind it";
	else if (hop && hop->is_bridge)
		what = "all beside and behind it";
	add_hop(out, t, index);
	str_addf(out, " lacks " WHAT_ACS_IS ": one VM gets %s, or none.", what);
}

static void add_alias(struct str *out, const struct topology *t, const struct device *hop,
		      size_t index)
{
	add_hop(out, t, index);
	str_adds(out,
		 hop && hop->is_bridge
			 ? " leads to conventional PCI: all that is behind it reaches memory "
			   "under the bridge's name, so the IOMMU can't tell these devices apart."
			 : " manages the disks behind it: they reach memory under its name, so "
			   "the IOMMU can't tell these devices apart.");
}

void isolation_why(const struct topology *t, const struct group_explanation *e, struct str *out)
{
	const struct device *hop = e->culprit < t->len ? &t->devices[e->culprit] : NULL;

	switch (e->cause) {
	case CAUSE_SINGLE:
		str_adds(out, e->only_by_override ? "" : "One device, isolated from all others.");
		break;
	case CAUSE_PORT_LACKS_ACS:
	case CAUSE_FUNCTION_LACKS_ACS:
		add_lacking(out, t, hop, e->culprit);
		break;
	case CAUSE_LEGACY_BRIDGE:
		add_alias(out, t, hop, e->culprit);
		break;
	case CAUSE_SHARED_ID:
		add_hop(out, t, e->culprit);
		str_adds(out,
			 " is known to reach memory under the name of its neighbour, so the IOMMU "
			 "can't tell these devices apart.");
		break;
	case CAUSE_BITS_OFF:
		add_hop(out, t, e->culprit);
		str_adds(out, " has " WHAT_ACS_IS ", but a part of it is switched off.");
		break;
	case CAUSE_UNEXPLAINED:
		str_adds(
			out,
			is_unreadable(t, e->id)
				? "Why they are together can't be told: the registers that say it "
				  "(ACS) could not be read; on a live machine that needs root."
				: "The kernel keeps these devices together for a reason that their "
				  "registers don't show: a known fault of one of them, or ACS that "
				  "was switched on after the groups were formed.");
		break;
	}
	if (e->only_by_override)
		str_addf(
			out,
			"%sThe ACS override in force parts it from others in name only: without it "
			"they would be one group, and they can still reach each other's memory "
			"unseen.",
			e->cause == CAUSE_SINGLE ? "" : " ");
}

void isolation_brief(const struct topology *t, const struct group_explanation *e, struct str *out)
{
	const struct device *hop = e->culprit < t->len ? &t->devices[e->culprit] : NULL;
	const char *kind = hop && hop->is_bridge ? "port" : "function";
	char bdf[PCI_ADDR_TEXT] = "";

	if (hop)
		pci_addr_format_short(&hop->addr, bdf);
	switch (e->cause) {
	case CAUSE_SINGLE:
		break;
	case CAUSE_PORT_LACKS_ACS:
	case CAUSE_FUNCTION_LACKS_ACS:
		str_addf(out, "%s %s lacks ACS", kind, bdf);
		break;
	case CAUSE_LEGACY_BRIDGE:
		str_addf(out, hop && hop->is_bridge ? "behind PCI bridge %s" : "disks behind %s",
			 bdf);
		break;
	case CAUSE_SHARED_ID:
		str_addf(out, "%s shares a requester id", bdf);
		break;
	case CAUSE_BITS_OFF:
		str_addf(out, "ACS of %s %s is off", kind, bdf);
		break;
	case CAUSE_UNEXPLAINED:
		str_adds(out, is_unreadable(t, e->id) ? "can't tell why" : "no cause to be seen");
		break;
	}
}

bool isolation_is_one_card(const struct topology *t, int id)
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

/* Something in the group can be handed over. */
static bool is_for_a_vm(const struct topology *t, int id)
{
	const struct iommu_group *g = topology_group(t, id);

	for (size_t i = 0; g && i < g->len; i++)
		if (device_is_takeable(&t->devices[g->members[i]]))
			return true;
	return false;
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

/* Bridges never go along: beside a single function there is nothing to hand over together. */
static void add_one_card(const struct topology *t, int id, struct str *out)
{
	const struct iommu_group *g = topology_group(t, id);
	const struct device *only = NULL;
	char bdf[PCI_ADDR_TEXT];
	size_t n = 0;

	for (size_t i = 0; g && i < g->len; i++)
		if (!t->devices[g->members[i]].is_bridge) {
			only = &t->devices[g->members[i]];
			n++;
		}
	if (n == 1)
		str_addf(out, "Only %s is for a VM; the bridges stay with the host.",
			 pci_addr_format_short(&only->addr, bdf));
	else
		str_adds(out, "The functions belong to one device: hand them over together.");
}

void isolation_remedy(const struct topology *t, const struct group_explanation *e, struct str *out)
{
	if (e->cause == CAUSE_SINGLE)
		return;
	if (!is_for_a_vm(t, e->id)) {
		str_adds(out, "Nothing here is for a VM; all of it stays with the host.");
	} else if (isolation_is_one_card(t, e->id)) {
		add_one_card(t, e->id, out);
	} else if (e->splits_with.len) {
		auto_free char *words = strv_join(&e->splits_with, " or ");

		str_adds(out, "First try another slot, one attached to the processor. ");
		str_addf(out,
			 "The kernel parameter pcie_acs_override=%s would part them in name only: ",
			 words);
		list_endpoints(t, e->id, out);
		str_adds(out, " could still read each other's memory, then unseen.");
	} else if (e->cause == CAUSE_LEGACY_BRIDGE) {
		str_adds(out, "No override can separate them: use a slot that is not behind this "
			      "bridge, or hand over all of them.");
	} else if (e->cause == CAUSE_BITS_OFF) {
		str_adds(out,
			 "No override can help, since the patch leaves devices that have ACS "
			 "alone: look for ACS in the firmware's settings, try another kernel, or "
			 "another slot.");
	} else if (e->cause == CAUSE_UNEXPLAINED) {
		str_adds(out, "Try another slot, or hand over all of them. What an override would "
			      "do here can't "
			      "be foretold.");
	} else {
		str_adds(out,
			 "No override parts them: try another slot, or hand over all of them.");
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
