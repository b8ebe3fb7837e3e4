/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What moved since the map was saved: addresses and groups are given out anew at each boot. */
#include "advice/rule.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define MOVES_SHOWN 4

struct moves {
	const struct rule_context *c;
	const struct device **fresh; /* not what the map has at their address; by their numbers */
	size_t fresh_len;
	struct strv moved;  /* "NVIDIA GeForce RTX 3070 from 0b:00.0 to 0c:00.0" */
	struct strv stale;  /* "0b:00.0, configured for a VM, now holds another device (...)" */
	struct strv taken;  /* "0c:00.0 (...) is new here" and goes to the VM all the same */
	struct strv groups; /* "0b:00.0 now shares its group with 0d:00.0" */
	struct strv again;  /* where the handed-over devices are now */
	bool handed_over;   /* one of those that moved or are gone */
	bool regrouped;     /* one that is where it was, in other company */
	bool unchecked;     /* one whose entry takes whatever is there */
};

/* --- devices that are new at their address ------------------------------------------- */

static int compare_numbers(const struct device *a, const struct device *b)
{
	const uint16_t x[] = {a->vendor, a->id, a->subvendor, a->subdevice};
	const uint16_t y[] = {b->vendor, b->id, b->subvendor, b->subdevice};

	for (size_t i = 0; i < ARRAY_SIZE(x); i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static int compare_fresh(const void *a, const void *b)
{
	const struct device *x = *(const struct device *const *)a;
	const struct device *y = *(const struct device *const *)b;
	const int r = compare_numbers(x, y);

	return r ? r : pci_addr_compare(&x->addr, &y->addr);
}

static void collect_fresh(struct moves *m)
{
	const struct topology *t = m->c->in->topology;

	m->fresh = xcalloc(t->len, sizeof(*m->fresh));
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];
		const struct group_map_row *row = group_map_find(m->c->in->map, &d->addr);

		if (!row || !group_map_is_device(row, d))
			m->fresh[m->fresh_len++] = d;
	}
	qsort(m->fresh, m->fresh_len, sizeof(*m->fresh), compare_fresh);
}

/* The devices of that kind at other addresses than before: *ret is the first of as many as are returned. */
static size_t find_again(const struct moves *m, const struct group_map_row *row,
			 const struct device *const **ret)
{
	const struct device key = {.vendor = row->vendor,
				   .id = row->id,
				   .subvendor = row->subvendor,
				   .subdevice = row->subdevice};
	size_t from = 0, to = m->fresh_len, n = 0;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (compare_numbers(m->fresh[middle], &key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	*ret = (const struct device *const *)m->fresh + from;
	while (from + n < m->fresh_len && group_map_is_device(row, m->fresh[from + n]))
		n++;
	return n;
}

/* --- rows whose device is not there any more ----------------------------------------- */

static char *places(const struct device *const *devices, size_t n)
{
	auto_strv struct strv words = STRV_INIT;

	for (size_t i = 0; i < n; i++)
		rule_add_address(&words, devices[i]);
	return rule_words(&words, MOVES_SHOWN);
}

static void add_stale(struct moves *m, const struct group_map_row *row, const struct device *here,
		      const struct device *const *now, size_t n)
{
	char old[PCI_ADDR_TEXT];

	pci_addr_format_short(&row->addr, old);
	m->handed_over = true;
	if (here) {
		auto_free char *name = device_short_name(here);

		m->unchecked = m->unchecked || row->unchecked;
		strv_addf(&m->stale, "%s, configured for a VM, now holds another device (%s)", old,
			  name);
	} else if (!n) {
		strv_addf(&m->stale, "%s (%s), configured for a VM, is gone", old, row->name);
	}
	if (n > 1) {
		auto_free char *where = places(now, n);

		strv_addf(&m->stale, "%s of %s may be any of %s, which look the same", row->name,
			  old, where);
	}
}

static void check_row(struct moves *m, const struct group_map_row *row)
{
	const struct device *here = topology_find(m->c->in->topology, &row->addr);
	const struct device *const *now;
	char old[PCI_ADDR_TEXT], new[PCI_ADDR_TEXT];
	size_t n;

	if (here && group_map_is_device(row, here)) {
		if (row->handed_over)
			rule_add_address(&m->again, here);
		return;
	}
	n = find_again(m, row, &now);
	if (n == 1) {
		strv_addf(&m->moved, "%s from %s to %s", row->name,
			  pci_addr_format_short(&row->addr, old),
			  pci_addr_format_short(&now[0]->addr, new));
		if (row->handed_over)
			rule_add_address(&m->again, now[0]);
	}
	if (row->handed_over)
		add_stale(m, row, here, now, n);
}

/* --- devices that the configured ids take along ----------------------------------------- */

static bool was_handed_over(const struct moves *m, const struct device *d)
{
	const struct group_map *map = m->c->in->map;

	for (size_t i = 0; i < map->len; i++)
		if (map->rows[i].handed_over && group_map_is_device(&map->rows[i], d) &&
		    !topology_find(m->c->in->topology, &map->rows[i].addr))
			return true; /* the one that moved */
	return false;
}

static void check_taken(struct moves *m)
{
	const struct selection *configured = m->c->in->configured;

	for (size_t i = 0; configured && m->c->in->map->len && i < m->fresh_len; i++) {
		const struct device *d = m->fresh[i];
		const struct group_map_row *row = group_map_find(m->c->in->map, &d->addr);

		if (d->is_bridge || !selection_has(configured, &d->addr) ||
		    (row && row->handed_over) || was_handed_over(m, d))
			continue;
		auto_free char *label = rule_device(d);

		strv_addf(&m->taken, "%s", label);
	}
}

/* --- groups --------------------------------------------------------------------------------- */

/* An endpoint that is where it was, with its group of then and of now. */
struct company {
	int then, now;
	bool handed_over;
	const struct device *device;
};

static int compare_now(const void *a, const void *b)
{
	const struct company *x = a, *y = b;

	if (x->now != y->now)
		return x->now < y->now ? -1 : 1;
	return pci_addr_compare(&x->device->addr, &y->device->addr);
}

static int compare_then(const void *a, const void *b)
{
	const struct company *x = a, *y = b;

	if (x->then != y->then)
		return x->then < y->then ? -1 : 1;
	return pci_addr_compare(&x->device->addr, &y->device->addr);
}

/* Neighbours in the order: together now and not then, or the other way round. */
static void compare_neighbours(struct moves *m, const struct company *all, size_t n, bool together)
{
	char a[PCI_ADDR_TEXT], b[PCI_ADDR_TEXT];

	for (size_t i = 1; i < n; i++) {
		const struct company *x = &all[i - 1], *y = &all[i];

		if (together ? x->now != y->now || x->then == y->then
			     : x->then != y->then || x->now == y->now)
			continue;
		m->regrouped = m->regrouped || x->handed_over || y->handed_over;
		pci_addr_format_short(&x->device->addr, a);
		pci_addr_format_short(&y->device->addr, b);
		strv_addf(&m->groups,
			  together ? "%s now shares its group with %s"
				   : "%s no longer shares its group with %s",
			  a, b);
	}
}

static void check_groups(struct moves *m)
{
	const struct group_map *map = m->c->in->map;
	auto_free struct company *all = xcalloc(map->len, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < map->len; i++) {
		const struct device *d = topology_find(m->c->in->topology, &map->rows[i].addr);

		if (!d || map->rows[i].group == NO_GROUP || d->group == NO_GROUP ||
		    !device_is_takeable(d) || !group_map_is_device(&map->rows[i], d))
			continue;
		all[n++] = (struct company){.then = map->rows[i].group,
					    .now = d->group,
					    .handed_over = map->rows[i].handed_over,
					    .device = d};
	}
	qsort(all, n, sizeof(*all), compare_now);
	compare_neighbours(m, all, n, true);
	qsort(all, n, sizeof(*all), compare_then);
	compare_neighbours(m, all, n, false);
}

/* --- the finding ------------------------------------------------------------------------------ */

static void add_part(struct str *text, const char *before, const struct strv *parts,
		     const char *after)
{
	if (!parts->len)
		return;
	auto_free char *words = rule_words(parts, MOVES_SHOWN);

	str_addf(text, " %s%s%s.", before, words, after);
}

static char *moved_text(const struct moves *m)
{
	struct str text = STR_INIT;

	str_adds(&text, "The machine has changed since its map was saved.");
	add_part(&text, "", &m->stale, "");
	if (m->stale.len && m->unchecked)
		str_adds(&text, " A hand-made entry gives it to the VM all the same: it looks at "
				"the address only.");
	else if (m->stale.len)
		str_adds(&text, " What is there now is not handed over in its place: vfiotui looks "
				"at address and ids together.");
	add_part(&text, "New, and taken along by the ids that are configured: ", &m->taken, "");
	add_part(&text, "Moved: ", &m->moved, "");
	add_part(&text, "", &m->groups, "");
	return str_take(&text);
}

static char *moved_remedy(const struct moves *m)
{
	auto_free char *all = NULL;

	if (!m->handed_over && !m->taken.len && !m->regrouped)
		return xstrdup("Nothing is at stake: what is handed over is where it was. "
			       "\"vfiotui check --save-map\" takes the machine as it is now.");
	if (!m->again.len)
		return xstrdup("Look where the device is now, and apply again with its address, or "
			       "with --none.");
	all = strv_join(&m->again, " ");
	return xasprintf("Apply again with what shall be handed over now: vfiotui apply %s", all);
}

void rule_moved(const struct rule_context *c, const struct rule *rule)
{
	struct moves m = {.c = c};

	if (!c->in->map || !c->in->map->len)
		return;
	collect_fresh(&m);
	for (size_t i = 0; i < c->in->map->len; i++)
		check_row(&m, &c->in->map->rows[i]);
	check_taken(&m);
	check_groups(&m);
	if (m.moved.len || m.stale.len || m.groups.len || m.taken.len)
		rule_add(c, rule, xstrdup("host"), moved_text(&m), moved_remedy(&m));
	free(m.fresh);
	strv_release(&m.moved);
	strv_release(&m.stale);
	strv_release(&m.taken);
	strv_release(&m.groups);
	strv_release(&m.again);
}
