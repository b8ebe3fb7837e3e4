/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the devices of a recording hang: given bus numbers are taken, missing ones are
 * inferred. The firmware numbers buses depth first, so a bus belongs to the first bridge
 * in that order that has no bus yet; bus numbers that are left out are bridges with
 * nothing behind them; a bridge in the same IOMMU group as the devices is preferred. A bus
 * that no bridge can hold is a root bus.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/recording_parts.h"

/* The rows [first, first + len) share domain and bus number. */
struct bus {
	uint32_t domain;
	uint8_t number;
	size_t first, len;
	size_t parent; /* row, NO_ROW on a root bus */
	bool has_parent_given;
	size_t root; /* index of the root bus above, or of itself */
};

struct buses {
	struct recording_table *table;
	struct bus *list;
	size_t len;
};

struct candidates {
	size_t *rows;
	size_t len, cap;
};

static int compare_rows(const void *a, const void *b)
{
	const struct recording_row *x = a, *y = b;

	return pci_addr_compare(&x->addr, &y->addr);
}

size_t recording_table_find(const struct recording_table *t, const struct pci_addr *addr)
{
	size_t low = 0, high = t->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = pci_addr_compare(&t->rows[mid].addr, addr);

		if (!c)
			return mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NO_ROW;
}

static void apply_notes(struct recording_table *t)
{
	for (size_t i = 0; i < t->notes_len; i++) {
		const struct recording_note *n = &t->notes[i];
		size_t at = recording_table_find(t, &n->addr);

		if (at == NO_ROW)
			continue;
		if (n->kind == 'b' && t->rows[at].secondary < 0) {
			t->rows[at].secondary = (int)n->first;
			t->rows[at].subordinate = (int)n->second;
		} else if (n->kind == 'p') {
			t->rows[at].primary = (uint8_t)n->first;
		} else if (n->kind == 'u') {
			t->rows[at].unreadable = true;
		}
	}
}

static struct buses collect(struct recording_table *t)
{
	struct buses b = {.table = t, .list = NULL, .len = 0};
	size_t cap = 0;

	for (size_t i = 0; i < t->len; i++) {
		const struct pci_addr *a = &t->rows[i].addr;
		struct bus *last = b.len ? &b.list[b.len - 1] : NULL;

		if (last && last->domain == a->domain && last->number == a->bus) {
			last->len++;
			continue;
		}
		b.list = grow(b.list, b.len, &cap, sizeof(*b.list));
		b.list[b.len] = (struct bus){.domain = a->domain,
					     .number = a->bus,
					     .first = i,
					     .len = 1,
					     .parent = NO_ROW,
					     .root = b.len};
		b.len++;
	}
	return b;
}

static struct bus *find_bus(const struct buses *b, uint32_t domain, int number)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->list[i].domain == domain && b->list[i].number == number)
			return &b->list[i];
	return NULL;
}

/* A bus that can't be below a bridge of the table. */
static bool must_be_root(const struct buses *b, const struct bus *bus)
{
	bool slot_zero = false, all_movable = true;

	if (bus->number == 0)
		return true;
	for (size_t i = bus->first; i < bus->first + bus->len; i++) {
		const struct recording_row *r = &b->table->rows[i];

		if (r->class_code == 0x0600)
			return true;
		slot_zero = slot_zero || r->addr.slot == 0;
		all_movable = all_movable &&
			      (r->bridge || strstr(r->description, "Virtual Function"));
	}
	return !slot_zero && !all_movable;
}

/* Appends the bridges at or below `bus` that may still get a bus, in the order of enumeration. */
static void free_bridges(const struct buses *b, const struct bus *bus, struct candidates *ret)
{
	size_t end = bus->first + bus->len, start = bus->first;

	for (size_t i = bus->first; i < end; i++)
		if (b->table->rows[i].bridge && b->table->rows[i].secondary >= 0)
			start = i; /* siblings before it are closed */
	for (size_t i = start; i < end; i++) {
		const struct recording_row *r = &b->table->rows[i];
		const struct bus *below;

		if (!r->bridge)
			continue;
		if (r->secondary < 0) {
			ret->rows = grow(ret->rows, ret->len, &ret->cap, sizeof(*ret->rows));
			ret->rows[ret->len++] = i;
			continue;
		}
		below = find_bus(b, bus->domain, r->secondary);
		if (below && below->number > bus->number)
			free_bridges(b, below, ret);
	}
}

static bool has_group(const struct buses *b, const struct bus *bus, int group)
{
	for (size_t i = bus->first; group >= 0 && i < bus->first + bus->len; i++)
		if (b->table->rows[i].group == group)
			return true;
	return false;
}

static bool share_group(const struct buses *b, const struct bus *x, const struct bus *y)
{
	for (size_t i = x->first; i < x->first + x->len; i++)
		if (has_group(b, y, b->table->rows[i].group))
			return true;
	return false;
}

/* Keeps those in a group of `bus`, unless there are none; true when there are some. */
static bool prefer_same_group(const struct buses *b, const struct bus *bus, struct candidates *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->len; i++)
		if (has_group(b, bus, b->table->rows[c->rows[i]].group))
			c->rows[kept++] = c->rows[i];
	if (kept)
		c->len = kept;
	return kept > 0;
}

/* How many later buses still need one of the same candidates. */
static size_t still_to_come(const struct buses *b, size_t at, bool same_group)
{
	size_t n = 0;

	for (size_t i = at + 1; i < b->len && b->list[i].domain == b->list[at].domain; i++)
		if (!must_be_root(b, &b->list[i]) &&
		    (!same_group || share_group(b, &b->list[at], &b->list[i])))
			n++;
	return n;
}

/* Skipped bus numbers are empty bridges, one each; many of them are one hot-plug port. */
static size_t pick(const struct candidates *c, size_t skipped, size_t needed_after)
{
	size_t n = skipped < c->len ? skipped : 1;
	size_t most = c->len > needed_after + 1 ? c->len - 1 - needed_after : 0;

	return c->rows[n < most ? n : most];
}

static void take_given(struct buses *b)
{
	for (size_t i = 0; i < b->table->len; i++) {
		const struct recording_row *r = &b->table->rows[i];
		struct bus *below;

		if (r->secondary <= r->addr.bus)
			continue; /* not given, or 00: a bridge that got no bus */
		below = find_bus(b, r->addr.domain, r->secondary);
		if (below) {
			below->parent = i;
			below->has_parent_given = true;
		}
	}
}

static void place_below(struct buses *b, size_t at, size_t parent)
{
	const struct recording_row *up = &b->table->rows[parent];
	const struct bus *above = find_bus(b, up->addr.domain, up->addr.bus);

	b->list[at].parent = parent;
	if (above)
		b->list[at].root = above->root;
}

/* A bus of virtual functions hangs where that of their physical function does. */
static size_t parent_of_physical(const struct buses *b, const struct bus *bus)
{
	const struct recording_row *r = &b->table->rows[bus->first];
	const struct bus *physical = r->has_physfn ? find_bus(b, r->physfn.domain, r->physfn.bus)
						   : NULL;

	return physical && physical != bus ? physical->parent : NO_ROW;
}

static void infer_bus(struct buses *b, size_t at, size_t root)
{
	struct bus *bus = &b->list[at];
	struct candidates c = {.rows = NULL, .len = 0, .cap = 0};

	if (root != NO_ROW && !must_be_root(b, bus))
		free_bridges(b, &b->list[root], &c);
	if (c.len) {
		bool same = prefer_same_group(b, bus, &c);
		size_t skipped = (size_t)(bus->number - b->list[at - 1].number - 1);
		size_t row = pick(&c, skipped, still_to_come(b, at, same));

		b->table->rows[row].secondary = bus->number;
		place_below(b, at, row);
	}
	free(c.rows);
}

static void infer(struct buses *b)
{
	size_t root = NO_ROW; /* the last root bus of this domain */

	take_given(b);
	for (size_t i = 0; i < b->len; i++) {
		if (i && b->list[i].domain != b->list[i - 1].domain)
			root = NO_ROW;
		if (!b->list[i].has_parent_given && parent_of_physical(b, &b->list[i]) != NO_ROW)
			place_below(b, i, parent_of_physical(b, &b->list[i]));
		else if (b->list[i].has_parent_given)
			place_below(b, i, b->list[i].parent);
		else
			infer_bus(b, i, root);
		if (b->list[i].root == i)
			root = i;
	}
}

/* The controller of Intel's Volume Management Device, above all domains with five digits. */
static const struct recording_row *volume_management_device(const struct recording_table *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (t->rows[i].class_code == 0x0104 &&
		    strstr(t->rows[i].description, "Volume Management Device"))
			return &t->rows[i];
	return NULL;
}

/* The device whose path a root bus lies below: told, or the one VMD for all domains above ffff. */
static const struct recording_row *hidden_by(const struct recording_table *t,
					     const struct recording_row *r,
					     const struct recording_row *vmd)
{
	size_t at = r->has_below ? recording_table_find(t, &r->below) : NO_ROW;
	const struct recording_row *hider = at != NO_ROW ? &t->rows[at] : vmd;

	return r->addr.domain > 0xffff && hider && hider->path && hider != r ? hider : NULL;
}

static int make_paths(struct buses *b, struct err *reterr)
{
	const struct recording_row *vmd = volume_management_device(b->table);

	for (size_t i = 0; i < b->len; i++) {
		const struct bus *bus = &b->list[i];
		const char *up = bus->parent != NO_ROW ? b->table->rows[bus->parent].path : NULL;

		for (size_t k = bus->first; k < bus->first + bus->len; k++) {
			struct recording_row *r = &b->table->rows[k];
			const struct recording_row *hider = hidden_by(b->table, r, vmd);

			r->parent = bus->parent;
			r->path = up ? xasprintf("%s/%s", up, r->bdf)
				     : xasprintf("%s/pci%04x:%02x/%s",
						 hider ? hider->path : "/devices", bus->domain,
						 bus->number, r->bdf);
			if (strlen(r->path) > PATH_MAX / 2)
				return err_set(reterr, -ENAMETOOLONG,
					       "%s lies too deep below other bridges", r->bdf);
		}
	}
	return 0;
}

/* The rows [from, to) are one domain. Bridges without a bus get a number that nobody has. */
static void number_empty_bridges_of(struct recording_row *rows, size_t from, size_t to)
{
	bool taken[256] = {false};

	for (size_t i = from; i < to; i++) {
		taken[rows[i].addr.bus] = true;
		if (rows[i].secondary >= 0)
			taken[rows[i].secondary] = true;
	}
	for (size_t i = from; i < to; i++) {
		int n = rows[i].addr.bus + 1;

		if (!rows[i].bridge || rows[i].secondary >= 0)
			continue;
		while (n < 256 && taken[n])
			n++;
		if (n == 256)
			continue;
		taken[n] = true;
		rows[i].secondary = rows[i].subordinate = n;
	}
}

static void number_empty_bridges(struct recording_table *t)
{
	for (size_t i = 0, end; i < t->len; i = end) {
		end = i;
		while (end < t->len && t->rows[end].addr.domain == t->rows[i].addr.domain)
			end++;
		number_empty_bridges_of(t->rows, i, end);
	}
}

/* A bridge reaches up to the highest bus number below it. Children come after parents. */
static void number_subordinates(struct recording_table *t)
{
	int *highest = xcalloc(t->len + 1, sizeof(*highest));

	for (size_t i = t->len; i-- > 0;) {
		struct recording_row *r = &t->rows[i];

		if (r->bridge && r->secondary >= 0 && r->subordinate < 0)
			r->subordinate = highest[i] > r->secondary ? highest[i] : r->secondary;
		if (r->parent != NO_ROW && r->subordinate > highest[r->parent])
			highest[r->parent] = r->subordinate;
	}
	free(highest);
}

/* A slot with several functions; known from the header only where the columns tell. */
static void mark_multifunction(struct recording_table *t)
{
	for (size_t i = 0, end; i < t->len; i = end) {
		bool several = false;

		end = i;
		while (end < t->len && pci_addr_same_slot(&t->rows[i].addr, &t->rows[end].addr))
			several = t->rows[end++].addr.function != 0 || several;
		for (size_t k = i; k < end; k++) {
			struct recording_row *r = &t->rows[k];

			if (r->multifunction_known >= 0)
				r->multifunction = r->multifunction_known;
			else if (!r->caps)
				r->multifunction = several;
		}
	}
}

int recording_table_place(struct recording_table *t, struct err *reterr)
{
	struct buses b;
	int err;

	if (t->len)
		qsort(t->rows, t->len, sizeof(*t->rows), compare_rows);
	for (size_t i = 1; i < t->len; i++)
		if (!compare_rows(&t->rows[i - 1], &t->rows[i]))
			return err_set(
				reterr, -EINVAL,
				"the recording has the device %s twice; nothing was unpacked",
				t->rows[i].bdf);
	apply_notes(t);
	recording_apply_device_notes(t);
	mark_multifunction(t);
	b = collect(t);
	infer(&b);
	err = make_paths(&b, reterr);
	number_empty_bridges(t);
	number_subordinates(t);
	free(b.list);
	return err;
}
