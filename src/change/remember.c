/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/remember.h"

#include <unistd.h>

#include "base/mem.h"
#include "change/apply.h"
#include "change/journal.h"

static void read_saved(const struct host *host, struct group_map *ret)
{
	auto_str struct str text = STR_INIT;

	*ret = (struct group_map)GROUP_MAP_INIT;
	if (host_read(host, JOURNAL_MAP, &text, NULL) < 0 ||
	    group_map_read(text.data, text.len, ret, NULL) < 0)
		*ret = (struct group_map)GROUP_MAP_INIT;
}

static bool row_fits(const struct group_map_row *row, const struct bound_address *b)
{
	return row->vendor == b->vendor && row->id == b->id &&
	       (!b->subvendor || row->subvendor == b->subvendor) &&
	       (!b->subdevice || row->subdevice == b->subdevice);
}

/* What an entry asks for is the device that was meant, also where the map was saved later. */
static void add_bound(struct group_map *m, const struct bound_address *b)
{
	struct group_map_row *row = group_map_find(m, &b->addr);
	struct group_map_row added = {
		.addr = b->addr,
		.vendor = b->vendor,
		.id = b->id,
		.subvendor = b->subvendor,
		.subdevice = b->subdevice,
		.group = NO_GROUP,
		.handed_over = true,
	};

	if (row && (!b->vendor || row_fits(row, b))) {
		row->handed_over = true;
		row->unchecked = !b->vendor;
		return;
	}
	if (!b->vendor)
		return; /* nobody knows what it was written for */
	added.name = xasprintf("device %04x:%04x", b->vendor, b->id);
	group_map_put(m, &added);
}

void remember_read(const struct host *host, const struct present *present, struct group_map *ret)
{
	read_saved(host, ret);
	for (size_t i = 0; i < present->bound_len; i++)
		add_bound(ret, &present->bound[i]);
}

int remember_map(const struct situation *s, struct err *reterr)
{
	auto_group_map struct group_map map = GROUP_MAP_INIT;
	auto_str struct str text = STR_INIT;
	int lock, r;

	group_map_take(s->topology, &s->configured, true, &map);
	group_map_write(&map, &text);
	lock = apply_lock(s->host, reterr);
	if (lock < 0)
		return lock;
	r = journal_save_map(s->host, &text, reterr);
	close(lock);
	return r < 0 ? err_wrap(reterr, r, "the map was not saved") : 0;
}

void remember_undone(const struct host *host, const struct selection *handed_over, struct str *out)
{
	auto_group_map struct group_map map = GROUP_MAP_INIT;

	read_saved(host, &map);
	if (!map.len)
		return;
	group_map_mark(&map, handed_over);
	group_map_write(&map, out);
}
