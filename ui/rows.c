/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TAG_KIND_SHIFT 60
#define TAG_GROUP (2ULL << TAG_KIND_SHIFT)
#define TAG_DEVICE (3ULL << TAG_KIND_SHIFT)

uint64_t tag_of_group(int group)
{
	return TAG_GROUP | (uint32_t)group;
}

uint64_t tag_of_device(const struct pci_addr *a)
{
	return TAG_DEVICE | (uint64_t)a->domain << 16 | (uint64_t)a->bus << 8 |
	       (uint64_t)(a->slot & 0x1f) << 3 | (a->function & 7);
}

void folds_toggle(struct folds *f, int group)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->groups[i] == group) {
			f->groups[i] = f->groups[--f->len];
			return;
		}
	f->groups = grow(f->groups, f->len, &f->cap, sizeof(*f->groups));
	f->groups[f->len++] = group;
}

void folds_release(struct folds *f)
{
	free(f->groups);
	*f = (struct folds){.groups = NULL};
}

static bool folds_have(const struct folds *f, int group)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->groups[i] == group)
			return true;
	return false;
}

/* --- filter and search ---------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*matches)(const struct device *d);
} filters[FILTERS] = {
	[FILTER_ALL] = {"all", NULL},
	[FILTER_GPU] = {"GPUs", device_is_gpu},
	[FILTER_USB] = {"USB", device_is_usb},
	[FILTER_NETWORK] = {"network", device_is_network},
	[FILTER_STORAGE] = {"storage", device_is_storage},
	[FILTER_AUDIO] = {"audio", device_is_audio},
};

const char *filter_name(enum filter f)
{
	return filters[f].name;
}

bool filter_matches(enum filter f, const struct device *d)
{
	return !filters[f].matches || filters[f].matches(d);
}

bool device_matches(const struct device *d, const char *text)
{
	auto_free char *name = device_name(d);
	auto_free char *short_name = device_short_name(d);
	char ids[10];

	if (!*text)
		return false;
	return strcasestr(d->bdf, text) || strcasestr(name, text) || strcasestr(short_name, text) ||
	       strcasestr(d->class_name, text) || strcasestr(device_short_class(d), text) ||
	       strcasestr(device_ids_text(d, ids), text) ||
	       (d->driver && strcasestr(d->driver, text));
}

/* --- building --------------------------------------------------------------------- */

/* The devices below one header: members of a group, or all without one. */
struct bunch {
	int group;
	const struct device **devices;
	size_t len;
};

static struct row *add(struct rows *r, enum row_kind kind, uint64_t tag, int group)
{
	r->items = grow(r->items, r->len, &r->cap, sizeof(*r->items));
	r->items[r->len] = (struct row){.kind = kind, .tag = tag, .group = group};
	return &r->items[r->len++];
}

static bool is_wanted(const struct rows_input *in, const struct bunch *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (filter_matches(in->filter, b->devices[i]))
			return true;
	return false;
}

/*
 * Groups of bridges alone are folded until somebody unfolds them: nothing in them can be marked. So are devices
 * without a group on a machine that has groups: host bridge, IOMMU and what else the kernel does not isolate.
 */
static bool is_open(const struct rows_input *in, const struct bunch *b)
{
	bool open = b->group == GROUP_GONE;

	for (size_t i = 0; i < b->len; i++)
		open = open || device_can_be_taken(in->topology, b->devices[i]);
	if (b->group == GROUP_UNGROUPED && in->topology->groups_len)
		open = false;
	return folds_have(in->folds, b->group) ? !open : open;
}

static void add_bunch(struct rows *r, const struct rows_input *in, const struct bunch *b)
{
	bool open = is_open(in, b);

	if (!is_wanted(in, b))
		return;
	add(r, ROW_GROUP, tag_of_group(b->group), b->group)->open = open;
	for (size_t i = 0; open && i < b->len; i++) {
		const struct device *d = b->devices[i];
		struct row *row = add(r, ROW_DEVICE, tag_of_device(&d->addr), b->group);

		row->addr = d->addr;
		row->device = d;
		row->faint = !filter_matches(in->filter, d);
	}
}

static void add_groups(struct rows *r, const struct rows_input *in)
{
	const struct topology *t = in->topology;
	struct bunch b = {.devices = xcalloc(t->len + 1, sizeof(const struct device *))};

	for (size_t g = 0; g < t->groups_len; g++) {
		b.group = t->groups[g].id;
		b.len = 0;
		for (size_t i = 0; i < t->groups[g].len; i++)
			b.devices[b.len++] = &t->devices[t->groups[g].members[i]];
		add_bunch(r, in, &b);
	}
	b.group = GROUP_UNGROUPED;
	b.len = 0;
	for (size_t i = 0; i < t->len; i++)
		if (t->devices[i].group == NO_GROUP)
			b.devices[b.len++] = &t->devices[i];
	add_bunch(r, in, &b);
	free(b.devices);
}

static void add_gone(struct rows *r, const struct rows_input *in)
{
	auto_selection struct selection gone = SELECTION_INIT;
	bool open = !folds_have(in->folds, GROUP_GONE);
	const struct selection *both[] = {in->marks, in->configured};

	for (size_t k = 0; k < ARRAY_SIZE(both); k++)
		for (size_t i = 0; i < both[k]->len; i++)
			if (!topology_find(in->topology, &both[k]->items[i]))
				selection_add(&gone, &both[k]->items[i]);
	if (gone.len)
		add(r, ROW_GROUP, tag_of_group(GROUP_GONE), GROUP_GONE)->open = open;
	for (size_t i = 0; open && i < gone.len; i++)
		add(r, ROW_GONE, tag_of_device(&gone.items[i]), GROUP_GONE)->addr = gone.items[i];
}

void rows_build(struct rows *r, const struct rows_input *in)
{
	r->len = 0;
	if (in->host)
		add(r, ROW_HOST, TAG_HOST, GROUP_UNGROUPED);
	add_groups(r, in);
	add_gone(r, in);
}

void rows_release(struct rows *r)
{
	free(r->items);
	*r = (struct rows){.items = NULL};
}

size_t rows_find(const struct rows *r, uint64_t tag)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->items[i].tag == tag)
			return i;
	return SIZE_MAX;
}
