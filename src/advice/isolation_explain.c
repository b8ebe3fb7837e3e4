/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NOBODY SIZE_MAX

/* Sizes of the model's groups, by leader. */
static size_t *group_sizes(const struct isolation *m)
{
	size_t *sizes = xcalloc(m->len, sizeof(*sizes));

	for (size_t i = 0; i < m->len; i++)
		if (m->leader[i] != NOBODY)
			sizes[m->leader[i]]++;
	return sizes;
}

/* The model made exactly this group of the kernel. */
static bool group_matches(const struct isolation *m, const size_t *sizes,
			  const struct iommu_group *g)
{
	size_t leader = g->len ? m->leader[g->members[0]] : NOBODY;

	for (size_t i = 0; i < g->len; i++)
		if (m->leader[g->members[i]] != leader)
			return false;
	return leader != NOBODY && sizes[leader] == g->len;
}

/* True when the model spreads the group's endpoints over several groups. */
static bool endpoints_are_separate(const struct topology *t, const struct isolation *m,
				   const struct iommu_group *g)
{
	size_t leader = NOBODY;

	for (size_t i = 0; i < g->len; i++) {
		size_t member = g->members[i];

		if (t->devices[member].is_bridge)
			continue;
		if (leader != NOBODY && m->leader[member] != leader)
			return true;
		leader = m->leader[member];
	}
	return false;
}

static enum group_cause cause_of_hop(const struct device *hop,
				     const struct acs_override_set *in_force)
{
	switch (acs_verdict(hop, in_force)) {
	case ACS_FAIL_NO_CAPABILITY:
		return hop->caps.pcie_type == PCIE_ROOT_PORT ||
				       hop->caps.pcie_type == PCIE_DOWNSTREAM
			       ? CAUSE_PORT_LACKS_ACS
			       : CAUSE_FUNCTION_LACKS_ACS;
	case ACS_FAIL_BITS_OFF:
		return CAUSE_BITS_OFF;
	case ACS_FAIL_LEGACY:
		return hop->is_bridge ? CAUSE_LEGACY_BRIDGE : CAUSE_FUNCTION_LACKS_ACS;
	case ACS_PASS:
	case ACS_UNKNOWN:
	default:
		return CAUSE_UNEXPLAINED;
	}
}

/* The strongest reason among the members: a shared requester id, then a failing hop, then the slot. */
static void find_cause(const struct topology *t, const struct isolation *m,
		       const struct acs_override_set *in_force, const struct iommu_group *g,
		       struct group_explanation *e)
{
	enum join strongest = JOIN_NONE;

	for (size_t i = 0; i < g->len; i++) {
		size_t member = g->members[i];
		enum join join = m->join[member];

		if (join == JOIN_NONE || join == JOIN_NEW)
			continue;
		if (strongest != JOIN_NONE && join >= strongest)
			continue;
		strongest = join;
		e->culprit = m->culprit[member];
	}
	/* Without its registers a bridge only seems to be a conventional one: that explains nothing. */
	if (strongest == JOIN_NONE || e->culprit == NOBODY ||
	    !t->devices[e->culprit].caps.basic_known)
		e->cause = CAUSE_UNEXPLAINED;
	else if (strongest == JOIN_ALIAS)
		e->cause = CAUSE_LEGACY_BRIDGE;
	else if (strongest == JOIN_SHARED_ID)
		e->cause = CAUSE_SHARED_ID;
	else
		e->cause = cause_of_hop(&t->devices[e->culprit], in_force);
	if (e->cause == CAUSE_UNEXPLAINED)
		e->culprit = NOBODY;
}

static const struct acs_override_set overrides[] = {
	{.downstream = true},
	{.multifunction = true},
	{.downstream = true, .multifunction = true},
};

/* `id_of_culprit`: what splits a group is the id of its own culprit, of those in `set`. */
static void note_splits(const struct topology *t, struct isolation_report *r,
			const struct acs_override_set *set, bool id_of_culprit, bool only_new)
{
	struct acs_override_set whole = r->in_force;
	struct isolation m;

	acs_override_join(&whole, set);
	isolation_model(t, &whole, &m);
	for (size_t i = 0; i < r->len; i++) {
		struct group_explanation *e = &r->groups[i];
		struct str text = STR_INIT;

		if (e->cause == CAUSE_SINGLE || e->cause == CAUSE_UNEXPLAINED ||
		    (only_new && e->splits_with.len) || (id_of_culprit && e->culprit == NOBODY) ||
		    !endpoints_are_separate(t, &m, &t->groups[i]))
			continue;
		if (id_of_culprit) {
			const struct device *d = &t->devices[e->culprit];
			struct acs_override_set one = {
				.ids = {{.vendor = d->vendor, .device = d->id}}, .ids_len = 1};

			whole = r->in_force;
			acs_override_join(&whole, &one);
		}
		acs_override_text(&whole, &text);
		strv_add_unique(&e->splits_with, text.data);
		str_release(&text);
	}
	isolation_release(&m);
}

/* One run with the ids of all culprits at once: as many as the patch can take. */
static void note_id_splits(const struct topology *t, struct isolation_report *r)
{
	struct acs_override_set set = {.ids_len = 0};

	for (size_t i = 0; i < r->len; i++) {
		const size_t culprit = r->groups[i].culprit;
		struct acs_override_set one = {.ids_len = 1};

		if (culprit == NOBODY || r->groups[i].cause == CAUSE_SINGLE)
			continue;
		one.ids[0].vendor = t->devices[culprit].vendor;
		one.ids[0].device = t->devices[culprit].id;
		acs_override_join(&set, &one);
	}
	if (set.ids_len)
		note_splits(t, r, &set, true, false);
}

/* Without the override in force: do endpoints that the kernel keeps in several groups come together? */
static void note_only_by_override(const struct topology *t, struct isolation_report *r)
{
	struct isolation m;
	int *group; /* by leader: the kernel's group of the first endpoint, NO_GROUP - 1 for several */

	if (acs_override_is_empty(&r->in_force))
		return;
	isolation_model(t, NULL, &m);
	group = xcalloc(t->len, sizeof(*group));
	for (size_t i = 0; i < t->len; i++)
		group[i] = NO_GROUP;
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];

		if (d->is_bridge || d->group == NO_GROUP || m.leader[i] == NOBODY)
			continue;
		if (group[m.leader[i]] == NO_GROUP)
			group[m.leader[i]] = d->group;
		else if (group[m.leader[i]] != d->group)
			group[m.leader[i]] = NO_GROUP - 1;
	}
	for (size_t i = 0; i < r->len; i++)
		for (size_t k = 0; k < t->groups[i].len; k++) {
			const size_t member = t->groups[i].members[k];

			if (!t->devices[member].is_bridge && m.leader[member] != NOBODY &&
			    group[m.leader[member]] == NO_GROUP - 1)
				r->groups[i].only_by_override = true;
		}
	free(group);
	isolation_release(&m);
}

static enum confidence judge(const struct topology *t, const struct isolation_report *r,
			     bool differs)
{
	if (r->unreadable == t->len)
		return CONFIDENCE_UNKNOWN;
	return differs || r->unreadable ? CONFIDENCE_PARTIAL : CONFIDENCE_EXACT;
}

void isolation_explain(const struct topology *t, const struct acs_override_set *in_force,
		       struct isolation_report *ret)
{
	struct isolation m;
	size_t *sizes;
	bool differs = false;

	memset(ret, 0, sizeof(*ret));
	if (in_force)
		ret->in_force = *in_force;
	isolation_model(t, &ret->in_force, &m);
	sizes = group_sizes(&m);
	ret->groups = xcalloc(t->groups_len, sizeof(*ret->groups));
	ret->len = t->groups_len;
	for (size_t i = 0; i < t->len; i++)
		ret->unreadable += acs_verdict(&t->devices[i], NULL) == ACS_UNKNOWN;
	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];
		struct group_explanation *e = &ret->groups[i];
		bool matches = group_matches(&m, sizes, g);

		e->id = g->id;
		e->culprit = NOBODY;
		differs |= !matches;
		if (g->len == 1)
			e->cause = CAUSE_SINGLE;
		else if (matches)
			find_cause(t, &m, &ret->in_force, g, e);
		else
			e->cause = CAUSE_UNEXPLAINED;
	}
	ret->confidence = judge(t, ret, differs);
	for (size_t i = 0; i < ARRAY_SIZE(overrides); i++)
		note_splits(t, ret, &overrides[i], false, i == 2);
	note_id_splits(t, ret);
	note_only_by_override(t, ret);
	free(sizes);
	isolation_release(&m);
}

static int compare_id(const void *key, const void *entry)
{
	const int id = *(const int *)key;
	const int other = ((const struct group_explanation *)entry)->id;

	return (id > other) - (id < other);
}

const struct group_explanation *isolation_of_group(const struct isolation_report *r, int id)
{
	return r && r->len ? bsearch(&id, r->groups, r->len, sizeof(*r->groups), compare_id) : NULL;
}

void isolation_report_release(struct isolation_report *r)
{
	for (size_t i = 0; i < r->len; i++)
		strv_release(&r->groups[i].splits_with);
	free(r->groups);
	memset(r, 0, sizeof(*r));
}

const char *confidence_name(enum confidence c)
{
	static const char *const names[] = {"exact", "partial", "unknown"};

	return names[c];
}

const char *group_cause_name(enum group_cause c)
{
	static const char *const names[] = {
		[CAUSE_SINGLE] = "single",
		[CAUSE_PORT_LACKS_ACS] = "port-lacks-acs",
		[CAUSE_FUNCTION_LACKS_ACS] = "function-lacks-acs",
		[CAUSE_LEGACY_BRIDGE] = "legacy-bridge",
		[CAUSE_SHARED_ID] = "shared-requester-id",
		[CAUSE_BITS_OFF] = "bits-off",
		[CAUSE_UNEXPLAINED] = "unexplained",
	};

	return names[c];
}
