/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation_split.h"

#include <stdlib.h>
#include <string.h>

#include "advice/override.h"
#include "base/mem.h"
#include "base/str.h"

#define NOBODY SIZE_MAX

/* No selected endpoint of the group is together with one that is left. */
static bool parts(const struct topology *t, const struct iommu_group *g, const struct selection *s,
		  const struct acs_override_set *set)
{
	struct isolation m;
	bool apart = true;

	isolation_model(t, set, &m);
	for (size_t i = 0; i < g->len && apart; i++) {
		const size_t taken = g->members[i];

		if (t->devices[taken].is_bridge || !selection_has(s, &t->devices[taken].addr))
			continue;
		for (size_t k = 0; k < g->len && apart; k++) {
			const struct device *left = &t->devices[g->members[k]];

			apart = !device_is_takeable(left) || selection_has(s, &left->addr) ||
				m.leader[g->members[k]] != m.leader[taken];
		}
	}
	isolation_release(&m);
	return apart;
}

static void add_id(struct acs_override_set *set, const struct device *d)
{
	if (set->ids_len == ACS_OVERRIDE_IDS || acs_override_has_id(set, d->vendor, d->id) ||
	    acs_verdict(d, NULL) != ACS_FAIL_NO_CAPABILITY)
		return;
	set->ids[set->ids_len].vendor = d->vendor;
	set->ids[set->ids_len].device = d->id;
	set->ids_len++;
}

/* The selected functions of the group, and every hop above them, that fail for want of the capability. */
static void failing_ids(const struct topology *t, const struct iommu_group *g,
			const struct selection *s, struct acs_override_set *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (d->is_bridge || !selection_has(s, &d->addr))
			continue;
		add_id(ret, d);
		for (size_t at = d->parent, depth = 0; at != NO_PARENT && depth < 256; depth++) {
			add_id(ret, &t->devices[at]);
			at = t->devices[at].parent;
		}
	}
}

/* The text of the override when it parts them, together with what is in force; else NULL. */
static char *try(const struct topology *t, const struct isolation_report *r, size_t group,
		 const struct selection *s, const struct acs_override_set *set)
{
	struct acs_override_set whole = r->in_force;
	struct str text = STR_INIT;

	acs_override_join(&whole, set);
	if (acs_override_is_empty(set) || !parts(t, &t->groups[group], s, &whole))
		return NULL;
	acs_override_text(&whole, &text);
	return str_take(&text);
}

char *isolation_split(const struct topology *t, const struct isolation_report *r, size_t group,
		      const struct selection *s)
{
	static const struct acs_override_set wide[] = {
		{.multifunction = true},
		{.downstream = true},
		{.downstream = true, .multifunction = true},
	};
	const struct group_explanation *e = &r->groups[group];
	struct acs_override_set set = {.ids_len = 0};
	char *text;

	if (e->cause == CAUSE_SINGLE || e->cause == CAUSE_UNEXPLAINED)
		return NULL;
	if (e->culprit != NOBODY)
		add_id(&set, &t->devices[e->culprit]);
	text = try(t, r, group, s, &set);
	if (text)
		return text;
	failing_ids(t, &t->groups[group], s, &set);
	text = try(t, r, group, s, &set);
	for (size_t i = 0; !text && i < ARRAY_SIZE(wide); i++)
		text = try(t, r, group, s, &wide[i]);
	return text;
}
