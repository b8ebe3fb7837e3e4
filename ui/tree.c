/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void tree_init(struct tree *t, const struct selection *marks)
{
	*t = (struct tree){.search = STR_INIT};
	selection_copy(&t->marks, marks);
}

void tree_release(struct tree *t)
{
	selection_release(&t->marks);
	folds_release(&t->folds);
	rows_release(&t->rows);
	str_release(&t->search);
}

const struct row *tree_row(const struct tree *t)
{
	return t->at < t->rows.len ? &t->rows.items[t->at] : NULL;
}

void tree_move_to(struct tree *t, size_t index)
{
	if (!t->rows.len) {
		t->at = 0;
		return;
	}
	t->at = index < t->rows.len ? index : t->rows.len - 1;
	t->cursor = t->rows.items[t->at].tag;
}

void tree_move(struct tree *t, long by)
{
	long target = (long)t->at + by;

	tree_move_to(t, target < 0 ? 0 : (size_t)target);
}

void tree_scroll(struct tree *t, size_t height)
{
	size_t most = t->rows.len > height ? t->rows.len - height : 0;

	if (!height)
		return;
	if (t->at < t->top)
		t->top = t->at;
	if (t->at >= t->top + height)
		t->top = t->at - height + 1;
	if (t->top > most)
		t->top = most;
}

void tree_rebuild(struct tree *t, const struct topology *topology,
		  const struct selection *configured, bool host_row)
{
	const struct row *row = tree_row(t);
	uint64_t header = row ? tag_of_group(row->group) : 0;
	size_t index;

	rows_build(&t->rows, &(struct rows_input){
				     .topology = topology,
				     .marks = &t->marks,
				     .configured = configured,
				     .folds = &t->folds,
				     .filter = t->filter,
				     .host = host_row,
			     });
	index = rows_find(&t->rows, t->cursor);
	if (index == SIZE_MAX && header)
		index = rows_find(&t->rows, header);
	tree_move_to(t, index == SIZE_MAX ? t->at : index);
}

/* How good a place to start a device is; 0: none. */
static int attraction(const struct tree *t, const struct topology *topology, const struct device *d)
{
	if (!device_can_be_taken(topology, d))
		return 0;
	if (selection_has(&t->marks, &d->addr))
		return 4;
	if (device_is_gpu(d))
		return d->boot_vga == 1 ? 2 : 3;
	return 1;
}

void tree_start(struct tree *t, const struct topology *topology)
{
	const struct device *best = NULL;
	int most = 0;

	for (size_t i = 0; i < topology->len; i++) {
		int here = attraction(t, topology, &topology->devices[i]);

		if (here <= most)
			continue;
		most = here;
		best = &topology->devices[i];
	}
	if (best)
		tree_go_to(t, topology, tag_of_device(&best->addr));
	/* Its header is on the screen too. */
	for (t->top = t->at; t->top && t->rows.items[t->top].kind == ROW_DEVICE;)
		t->top--;
}

/* --- folding ------------------------------------------------------------------------ */

static size_t header_of(const struct tree *t, int group)
{
	return rows_find(&t->rows, tag_of_group(group));
}

void tree_fold(struct tree *t, bool open)
{
	const struct row *row = tree_row(t);
	size_t header;

	if (!row || row->kind == ROW_HOST)
		return;
	header = header_of(t, row->group);
	if (header == SIZE_MAX || t->rows.items[header].open == open)
		return;
	folds_toggle(&t->folds, row->group);
	tree_move_to(t, header);
}

static const struct device *device_of_tag(const struct topology *topology, uint64_t tag)
{
	for (size_t i = 0; i < topology->len; i++)
		if (tag_of_device(&topology->devices[i].addr) == tag)
			return &topology->devices[i];
	return NULL;
}

static void rebuild_in_place(struct tree *t, const struct topology *topology)
{
	/* Rows of absent devices follow from marks and configuration, which do not change here. */
	struct rows old = t->rows;
	bool host = old.len && old.items[0].kind == ROW_HOST;
	auto_selection struct selection gone = SELECTION_INIT;

	for (size_t i = 0; i < old.len; i++)
		if (old.items[i].kind == ROW_GONE)
			selection_add(&gone, &old.items[i].addr);
	tree_rebuild(t, topology, &gone, host);
}

bool tree_go_to(struct tree *t, const struct topology *topology, uint64_t tag)
{
	const struct device *d = device_of_tag(topology, tag);
	size_t index = rows_find(&t->rows, tag);
	size_t header;

	if (index == SIZE_MAX && t->filter != FILTER_ALL) {
		t->filter = FILTER_ALL;
		rebuild_in_place(t, topology);
		index = rows_find(&t->rows, tag);
	}
	header = d ? header_of(t, d->group) : SIZE_MAX;
	if (index == SIZE_MAX && header != SIZE_MAX && !t->rows.items[header].open) {
		folds_toggle(&t->folds, d->group);
		rebuild_in_place(t, topology);
		index = rows_find(&t->rows, tag);
	}
	if (index == SIZE_MAX)
		return false;
	tree_move_to(t, index);
	return true;
}

/* --- searching ------------------------------------------------------------------------ */

/* The index in the topology's order by which the tree shows devices: by group, then address. */
static size_t *display_order(const struct topology *topology)
{
	size_t *order = xcalloc(topology->len + 1, sizeof(*order));
	size_t n = 0;

	for (size_t g = 0; g < topology->groups_len; g++)
		for (size_t i = 0; i < topology->groups[g].len; i++)
			order[n++] = topology->groups[g].members[i];
	for (size_t i = 0; i < topology->len; i++)
		if (topology->devices[i].group == NO_GROUP)
			order[n++] = i;
	return order;
}

/* Where the cursor is in that order: its device, or the first one of its group. */
static size_t place_of_cursor(const struct tree *t, const struct topology *topology,
			      const size_t *order)
{
	const struct row *row = tree_row(t);

	for (size_t i = 0; row && i < topology->len; i++) {
		const struct device *d = &topology->devices[order[i]];

		if (row->kind == ROW_DEVICE ? row->device == d : row->group == d->group)
			return i;
	}
	return 0;
}

bool tree_find(struct tree *t, const struct topology *topology, int step, bool include_here)
{
	auto_free size_t *order = display_order(topology);
	size_t len = topology->len;
	size_t at = place_of_cursor(t, topology, order);
	const struct row *row = tree_row(t);

	/* From a header the first device of its group is the next one. */
	if (row && row->kind != ROW_DEVICE && step > 0)
		include_here = true;
	for (size_t i = include_here ? 0 : 1; i < len + 1; i++) {
		size_t place = step > 0 ? (at + i) % len : (at + len - i % len) % len;
		const struct device *d = &topology->devices[order[place]];

		if (device_matches(d, t->search.data))
			return tree_go_to(t, topology, tag_of_device(&d->addr));
	}
	return false;
}

bool tree_has(const struct topology *topology, const char *word)
{
	for (size_t i = 0; i < topology->len; i++)
		if (device_matches(&topology->devices[i], word))
			return true;
	return false;
}

uint64_t tag_of_subject(const char *subject)
{
	struct pci_addr a;

	if (text_starts_with(subject, "group:"))
		return tag_of_group(atoi(subject + strlen("group:")));
	if (pci_addr_parse(subject, &a))
		return tag_of_device(&a);
	return TAG_HOST;
}
