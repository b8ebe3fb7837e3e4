/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/whatif.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NOBODY SIZE_MAX

/* --- blocks: sets of devices, joined by the groups of today and of then ----------------- */

static size_t root_of(size_t *up, size_t i)
{
	while (up[i] != i) {
		up[i] = up[up[i]];
		i = up[i];
	}
	return i;
}

/* The lower index stays on top, so that a block begins with its first device. */
static void join(size_t *up, size_t a, size_t b)
{
	a = root_of(up, a);
	b = root_of(up, b);
	if (a < b)
		up[b] = a;
	else
		up[a] = b;
}

/* Today's groups; with the IOMMU off, numbered as the kernel would. */
static void find_now(struct whatif *w, const struct isolation *today)
{
	const struct topology *t = w->topology;
	int next = 0;

	w->assumed = !t->groups_len;
	w->now = xcalloc(t->len + 1, sizeof(*w->now));
	for (size_t i = 0; i < t->len; i++) {
		size_t leader = today->leader[i];

		if (!w->assumed)
			w->now[i] = t->devices[i].group;
		else if (leader == NOBODY)
			w->now[i] = NO_GROUP;
		else
			w->now[i] = leader == i ? next++ : w->now[leader];
	}
}

/* By group of the topology: does the rule make it? */
static bool *find_foretold(const struct topology *t, const struct isolation *today)
{
	bool *foretold = xcalloc(t->groups_len + 1, sizeof(*foretold));
	size_t *sizes = xcalloc(t->len + 1, sizeof(*sizes));

	for (size_t i = 0; i < t->len; i++)
		if (today->leader[i] != NOBODY)
			sizes[today->leader[i]]++;
	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];
		size_t leader = today->leader[g->members[0]];

		foretold[i] = leader != NOBODY && sizes[leader] == g->len;
		for (size_t k = 0; k < g->len; k++)
			foretold[i] = foretold[i] && today->leader[g->members[k]] == leader;
	}
	free(sizes);
	return foretold;
}

/* Devices of groups that the rule does not explain stay together, and out of all others. */
static void find_then(struct whatif *w, const struct isolation *m, const bool *foretold)
{
	const struct topology *t = w->topology;

	w->then = xcalloc(t->len + 1, sizeof(*w->then));
	memcpy(w->then, m->leader, t->len * sizeof(*w->then));
	for (size_t i = 0; i < t->groups_len; i++)
		for (size_t k = 0; k < t->groups[i].len && !foretold[i]; k++)
			w->then[t->groups[i].members[k]] = t->groups[i].members[0];
	/* A leader may have gone with such a group: its first remaining member leads. */
	for (size_t i = 0; i < t->len; i++) {
		size_t leader = w->then[i];

		if (leader == NOBODY || leader == i || w->then[leader] == leader)
			continue;
		for (size_t k = i; k < t->len; k++)
			if (w->then[k] == leader)
				w->then[k] = i;
	}
}

static int compare_members(const void *a, const void *b, void *data)
{
	const struct whatif *w = data;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	if (w->then[x] != w->then[y])
		return w->then[x] < w->then[y] ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int compare_ids(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* How many groups of today its members are in, and the lowest id. */
static void count_today(const struct whatif *w, struct whatif_block *b)
{
	int *ids = xcalloc(b->len, sizeof(*ids));

	for (size_t i = 0; i < b->len; i++)
		ids[i] = w->now[b->members[i]];
	qsort(ids, b->len, sizeof(*ids), compare_ids);
	b->id = ids[0];
	for (size_t i = 0; i < b->len; i++)
		b->today += !i || ids[i] != ids[i - 1];
	free(ids);
}

static void finish_block(struct whatif *w, struct whatif_block *b, const bool *foretold)
{
	qsort_r(b->members, b->len, sizeof(*b->members), compare_members, w);
	for (size_t i = 0; i < b->len; i++)
		b->then += !i || w->then[b->members[i]] != w->then[b->members[i - 1]];
	count_today(w, b);
	b->foretold = w->assumed;
	for (size_t i = 0; i < w->report.len; i++)
		if (w->report.groups[i].id == b->id) {
			b->why = &w->report.groups[i];
			b->foretold = foretold[i];
		}
}

static int compare_blocks(const void *a, const void *b)
{
	return ((const struct whatif_block *)a)->id - ((const struct whatif_block *)b)->id;
}

static void collect_blocks(struct whatif *w, size_t *up, const bool *foretold)
{
	size_t n = w->topology->len, cap = 0;
	size_t *sizes = xcalloc(n + 1, sizeof(*sizes));
	size_t *block = xcalloc(n + 1, sizeof(*block));

	for (size_t i = 0; i < n; i++)
		sizes[root_of(up, i)] += w->now[i] != NO_GROUP;
	for (size_t i = 0; i < n; i++) {
		size_t top = root_of(up, i);

		if (w->now[i] == NO_GROUP)
			continue;
		if (sizes[top] == 1) {
			w->alone++;
			continue;
		}
		if (!block[top]) {
			w->blocks = grow(w->blocks, w->len, &cap, sizeof(*w->blocks));
			w->blocks[w->len] = (struct whatif_block){
				.members = xcalloc(sizes[top], sizeof(size_t))};
			block[top] = ++w->len;
		}
		w->blocks[block[top] - 1].members[w->blocks[block[top] - 1].len++] = i;
	}
	for (size_t i = 0; i < w->len; i++) {
		finish_block(w, &w->blocks[i], foretold);
		w->changed += whatif_changes(&w->blocks[i]);
	}
	if (w->len)
		qsort(w->blocks, w->len, sizeof(*w->blocks), compare_blocks);
	free(sizes);
	free(block);
}

static void find_blocks(struct whatif *w, const bool *foretold)
{
	size_t n = w->topology->len;
	size_t *up = xcalloc(n + 1, sizeof(*up));
	size_t *first = xcalloc(n + 1, sizeof(*first)); /* with the IOMMU off, by group number */

	for (size_t i = 0; i < n; i++) {
		up[i] = i;
		first[i] = NOBODY;
	}
	for (size_t i = 0; i < w->topology->groups_len; i++)
		for (size_t k = 1; k < w->topology->groups[i].len; k++)
			join(up, w->topology->groups[i].members[0],
			     w->topology->groups[i].members[k]);
	for (size_t i = 0; i < n; i++) {
		if (w->then[i] != NOBODY)
			join(up, i, w->then[i]);
		if (!w->assumed || w->now[i] == NO_GROUP)
			continue;
		if (first[w->now[i]] == NOBODY)
			first[w->now[i]] = i;
		join(up, i, first[w->now[i]]);
	}
	collect_blocks(w, up, foretold);
	free(up);
	free(first);
}

void whatif_make(const struct topology *t, const struct acs_override_set *override,
		 const struct acs_override_set *in_force, struct whatif *ret)
{
	struct isolation today, then;
	bool *foretold;

	*ret = (struct whatif){.topology = t, .override = *override};
	isolation_explain(t, in_force, &ret->report);
	isolation_model(t, in_force, &today);
	isolation_model(t, override, &then);
	foretold = find_foretold(t, &today);
	find_now(ret, &today);
	find_then(ret, &then, foretold);
	find_blocks(ret, foretold);
	free(foretold);
	isolation_release(&today);
	isolation_release(&then);
}

void whatif_release(struct whatif *w)
{
	for (size_t i = 0; i < w->len; i++)
		free(w->blocks[i].members);
	free(w->blocks);
	free(w->now);
	free(w->then);
	isolation_report_release(&w->report);
	*w = (struct whatif){.topology = NULL};
}

bool whatif_changes(const struct whatif_block *b)
{
	return b->today != b->then;
}

int whatif_id_then(const struct whatif *w, size_t device)
{
	size_t leader = w->then[device];

	if (leader == NOBODY)
		return -1;
	/* The first group that holds devices of a group of today keeps its number. */
	for (size_t i = 0; i < leader; i++)
		if (w->now[i] == w->now[leader])
			return -1;
	return w->now[leader];
}
