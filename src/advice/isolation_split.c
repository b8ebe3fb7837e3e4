/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation_split.h"

#include <stdlib.h>
#include <string.h>

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

static bool has_id(const struct acs_override_set *set, const struct device *d)
{
	for (size_t i = 0; i < set->ids_len; i++)
		if (set->ids[i].vendor == d->vendor && set->ids[i].device == d->id)
			return true;
	return false;
}

static void add_id(struct acs_override_set *set, const struct device *d)
{
	if (set->ids_len == ACS_OVERRIDE_IDS || has_id(set, d) ||
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

static char *ids_text(const struct acs_override_set *set)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < set->ids_len; i++)
		str_addf(&out, "%sid:%04x:%04x", i ? "," : "", set->ids[i].vendor,
			 set->ids[i].device);
	return str_take(&out);
}

char *isolation_split(const struct topology *t, const struct iommu_group *g,
		      const struct group_explanation *e, const struct selection *s)
{
	static const char *const words[] = {"multifunction", "downstream",
					    "downstream,multifunction"};
	struct acs_override_set set = {.ids_len = 0};

	if (e->cause == CAUSE_SINGLE || e->cause == CAUSE_UNEXPLAINED)
		return NULL;
	if (e->culprit != NOBODY)
		add_id(&set, &t->devices[e->culprit]);
	if (set.ids_len && parts(t, g, s, &set))
		return ids_text(&set);
	failing_ids(t, g, s, &set);
	if (set.ids_len && parts(t, g, s, &set))
		return ids_text(&set);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (acs_override_parse(words[i], &set, NULL) == 0 && parts(t, g, s, &set))
			return xstrdup(words[i]);
	return NULL;
}
