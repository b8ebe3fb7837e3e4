/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings about IOMMU groups. The kernel lets a VM have a group only when no member is on a
 * driver that does DMA for the host (drivers/iommu/iommu.c, iommu_group_claim_dma_owner);
 * vfio drivers, pci-stub and pcieport do none, and driverless devices don't count.
 */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define NAMES_SHOWN 3

/* Members of one group that some rule is about. */
struct members {
	struct strv names;     /* with driver, for the text */
	struct strv addresses; /* for the remedy */
	struct strv needed;    /* those that the host can't do without */
};

static void members_add(struct members *m, const struct rule_context *c, const struct device *d)
{
	strv_take(&m->names, rule_device_driver(d));
	rule_add_address(&m->addresses, d);
	if (rule_host_needs(c, d))
		rule_add_address(&m->needed, d);
}

static void members_release(struct members *m)
{
	strv_release(&m->names);
	strv_release(&m->addresses);
	strv_release(&m->needed);
}

/* Collects the members of a group for which `wanted` is true. */
static void members_collect(struct members *m, const struct rule_context *c,
			    const struct iommu_group *g,
			    bool (*wanted)(const struct device *, const struct selection *))
{
	*m = (struct members){.names = STRV_INIT, .addresses = STRV_INIT, .needed = STRV_INIT};
	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &c->in->topology->devices[g->members[i]];

		if (wanted(d, c->in->selection))
			members_add(m, c, d);
	}
}

static char *group_subject(const struct iommu_group *g)
{
	return xasprintf("group:%d", g->id);
}

static bool endpoint_stays(const struct device *d, const struct selection *s)
{
	return !d->is_bridge && member_stays_with_host(d, s);
}

/* Disks behind VMD are there only as long as the host's vmd driver has it: marking it and them can't both hold. */
static bool is_behind_vmd(const struct rule_context *c, const struct iommu_group *g)
{
	const struct topology *t = c->in->topology;
	const struct group_explanation *e = isolation_of_group(c->in->isolation, g->id);

	return e && e->cause == CAUSE_LEGACY_BRIDGE && e->culprit < t->len &&
	       !t->devices[e->culprit].is_bridge;
}

static char *incomplete_remedy(const struct rule_context *c, const struct iommu_group *g,
			       const struct members *m)
{
	if (is_behind_vmd(c, g))
		return xstrdup("Leave all of them with the host, or switch VMD off in the firmware "
			       "setup: its disks then stand alone.");
	if (m->needed.len) {
		auto_free char *needed = rule_words(&m->needed, NAMES_SHOWN);

		return xasprintf("The host needs %s, so look for another slot for the card: one "
				 "that is wired to the processor often has a group of its own.",
				 needed);
	}
	auto_free char *all = rule_words(&m->addresses, m->addresses.len);

	if (m->addresses.len <= NAMES_SHOWN)
		return xasprintf("Hand over %s as well.", all);
	return xasprintf("Hand over %s as well, or try another slot for the card.", all);
}

void rule_group_incomplete(const struct rule_context *c, const struct rule *rule)
{
	const struct topology *t = c->in->topology;

	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];
		struct members m;

		if (!rule_touches_group(c, g))
			continue;
		members_collect(&m, c, g, endpoint_stays);
		if (m.names.len) {
			auto_free char *names = rule_words(&m.names, NAMES_SHOWN);

			rule_add(c, rule, group_subject(g),
				 xasprintf("Group %d is incomplete: %s would stay with the host. A "
					   "VM gets a group only when no member is on a driver of "
					   "the host.",
					   g->id, names),
				 incomplete_remedy(c, g, &m));
		}
		members_release(&m);
	}
}

/* A bridge can't be handed over; on a driver other than pcieport it keeps the group from any VM. */
static bool bridge_in_the_way(const struct device *d, const struct selection *s)
{
	(void)s;
	return d->is_bridge && !device_is_viable_member(d);
}

void rule_group_blocked(const struct rule_context *c, const struct rule *rule)
{
	const struct topology *t = c->in->topology;

	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];
		struct members m;

		if (!rule_touches_group(c, g))
			continue;
		members_collect(&m, c, g, bridge_in_the_way);
		if (m.names.len) {
			auto_free char *names = rule_words(&m.names, NAMES_SHOWN);

			rule_add(c, rule, group_subject(g),
				 xasprintf("Group %d can't be used: it holds the bridge %s. A "
					   "bridge can't be handed over, and on that driver it "
					   "keeps every VM out.",
					   g->id, names),
				 xstrdup("Keep that driver from being loaded, or try another slot "
					 "for the card."));
		}
		members_release(&m);
	}
}

static bool left_to_host(const struct device *d, const struct selection *s)
{
	return device_is_takeable(d) && !selection_has(s, &d->addr);
}

bool rule_spans_slots(const struct rule_context *c, const struct iommu_group *g)
{
	const struct topology *t = c->in->topology;
	const struct device *taken = NULL, *left = NULL;

	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (left_to_host(d, c->in->selection))
			left = d;
		else if (!d->is_bridge && selection_has(c->in->selection, &d->addr))
			taken = d;
		if (taken && left && !pci_addr_same_slot(&taken->addr, &left->addr))
			return true;
	}
	return false;
}

/* Why it is shared, with what, and what helps: the findings about isolation say it, and stand before this one. */
static bool is_explained(const struct rule_context *c, const struct iommu_group *g)
{
	auto_free char *subject = group_subject(g);

	return findings_have(c->findings, "needs-acs-override", subject) ||
	       findings_have(c->findings, "cannot-split", subject);
}

void rule_group_shared(const struct rule_context *c, const struct rule *rule)
{
	const struct topology *t = c->in->topology;

	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];
		struct members m;

		if (!rule_touches_group(c, g) || !rule_spans_slots(c, g) || is_explained(c, g))
			continue;
		members_collect(&m, c, g, left_to_host);
		auto_free char *names = rule_words(&m.names, NAMES_SHOWN);

		rule_add(
			c, rule, group_subject(g),
			xasprintf("Group %d also holds %s. Devices of one group can reach each "
				  "other without the IOMMU seeing it, so they go to the VM "
				  "together or stay with the host together.",
				  g->id, names),
			xstrdup("Try another slot for the card: one that is wired to the processor "
				"often has a group of its own."));
		members_release(&m);
	}
}

/* On a vfio driver now, but not named: with its own driver again it would be in the way. */
static bool may_return(const struct device *d, const struct selection *s)
{
	return !d->is_bridge && driver_is_vfio(d->driver) && d->modules.len &&
	       !selection_has(s, &d->addr);
}

void rule_group_returns(const struct rule_context *c, const struct rule *rule)
{
	const struct topology *t = c->in->topology;

	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];
		struct members m;

		if (!rule_touches_group(c, g))
			continue;
		members_collect(&m, c, g, may_return);
		if (m.names.len) {
			auto_free char *names = rule_words(&m.names, NAMES_SHOWN);
			auto_free char *all = rule_words(&m.addresses, m.addresses.len);

			rule_add(
				c, rule, group_subject(g),
				xasprintf(
					"%s %s held for a VM now but not among the devices to hand "
					"over. Back on a driver of the host, group %d would be "
					"incomplete.",
					names, m.names.len > 1 ? "are" : "is", g->id),
				xasprintf("Hand over %s as well.", all));
		}
		members_release(&m);
	}
}
