/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What moved since the last apply: addresses and groups are given out anew at each boot. */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define MOVES_SHOWN 4

/* Was this device at that place in the map, too? */
static bool was_there(const struct group_map *m, const struct device *d)
{
	for (size_t i = 0; i < m->len; i++)
		if (!pci_addr_compare(&m->rows[i].addr, &d->addr))
			return group_map_is_device(&m->rows[i], d);
	return false;
}

/* Where the device of the row is now; NULL when it is nowhere new, or could be one of several. */
static const struct device *find_again(const struct rule_context *c,
				       const struct group_map_row *row)
{
	const struct topology *t = c->in->topology;
	const struct device *found = NULL;

	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];

		if (!group_map_is_device(row, d) || was_there(c->in->map, d))
			continue;
		if (found)
			return NULL;
		found = d;
	}
	return found;
}

struct moves {
	struct strv moved;  /* "NVIDIA GeForce RTX 3070 from 0b:00.0 to 0c:00.0" */
	struct strv stale;  /* "0b:00.0, which was to be handed over, now holds ..." */
	struct strv groups; /* "0b:00.0 now shares its group with 0d:00.0" */
	struct strv again;  /* where the handed-over devices are now */
	bool handed_over;   /* one of those that moved or are gone */
};

static void check_row(const struct rule_context *c, const struct group_map_row *row,
		      struct moves *m)
{
	const struct device *here = topology_find(c->in->topology, &row->addr);
	const struct device *now;
	char old[PCI_ADDR_TEXT], new[PCI_ADDR_TEXT];

	if (here && group_map_is_device(row, here)) {
		if (row->handed_over)
			rule_add_address(&m->again, here);
		return;
	}
	now = find_again(c, row);
	pci_addr_format_short(&row->addr, old);
	if (now) {
		strv_addf(&m->moved, "%s from %s to %s", row->name, old,
			  pci_addr_format_short(&now->addr, new));
		if (row->handed_over)
			rule_add_address(&m->again, now);
	}
	if (!row->handed_over)
		return;
	m->handed_over = true;
	if (here) {
		auto_free char *name = device_short_name(here);

		strv_addf(&m->stale, "%s, configured for a VM, now holds another device (%s)", old,
			  name);
	} else if (!now) {
		strv_addf(&m->stale, "%s (%s), configured for a VM, is gone", old, row->name);
	}
}

/* Endpoints that share the group now but did not, both known then. */
static void check_group(const struct rule_context *c, const struct group_map_row *row,
			struct moves *m)
{
	const struct topology *t = c->in->topology;
	const struct device *d = topology_find(t, &row->addr);
	const struct iommu_group *g;
	auto_strv struct strv joined = STRV_INIT;
	char bdf[PCI_ADDR_TEXT];

	if (!row->handed_over || row->group == NO_GROUP || !d || d->group == NO_GROUP ||
	    !group_map_is_device(row, d))
		return;
	g = topology_group(t, d->group);
	for (size_t i = 0; i < c->in->map->len; i++) {
		const struct group_map_row *other = &c->in->map->rows[i];
		const struct device *o = topology_find(t, &other->addr);

		if (g && o && o->group == g->id && !o->is_bridge && other->group != NO_GROUP &&
		    other->group != row->group && group_map_is_device(other, o))
			strv_take(&joined, rule_device(o));
	}
	if (!joined.len)
		return;
	auto_free char *names = rule_words(&joined, 3);

	strv_addf(&m->groups, "%s now shares its group with %s",
		  pci_addr_format_short(&d->addr, bdf), names);
}

static void add_part(struct str *text, const char *intro, const struct strv *parts)
{
	if (!parts->len)
		return;
	auto_free char *words = rule_words(parts, MOVES_SHOWN);

	str_addf(text, " %s%s.", intro, words);
}

static char *moved_remedy(const struct moves *m)
{
	auto_free char *all = NULL;

	if (!m->handed_over)
		return xstrdup("Nothing to do: what is handed over is where it was. The next apply "
			       "remembers the new places.");
	if (!m->again.len)
		return xstrdup("Look where the device is now, and apply again with its address, or "
			       "with --none.");
	all = strv_join(&m->again, " ");
	return xasprintf("Apply again with what shall be handed over now: vfiotui apply %s", all);
}

void rule_moved(const struct rule_context *c, const struct rule *rule)
{
	struct moves m = {.moved = STRV_INIT, .handed_over = false};
	struct str text = STR_INIT;

	for (size_t i = 0; c->in->map && i < c->in->map->len; i++) {
		check_row(c, &c->in->map->rows[i], &m);
		check_group(c, &c->in->map->rows[i], &m);
	}
	if (m.moved.len || m.stale.len || m.groups.len) {
		str_adds(&text, "Since the last apply the machine has changed.");
		add_part(&text, "Moved: ", &m.moved);
		add_part(&text, "", &m.stale);
		add_part(&text, "", &m.groups);
		if (m.stale.len)
			str_adds(&text, " What is there now is not handed over in its place: "
					"vfiotui names devices by address and ids together.");
		rule_add(c, rule, xstrdup("host"), str_take(&text), moved_remedy(&m));
	}
	strv_release(&m.moved);
	strv_release(&m.stale);
	strv_release(&m.groups);
	strv_release(&m.again);
}
