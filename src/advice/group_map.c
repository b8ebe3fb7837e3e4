/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/group_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HEADING "# vfiotui: devices and groups as they were when this was saved\n"

/* Names are untrusted: a row stays one line. */
static void add_name(struct str *out, const char *name)
{
	for (; *name; name++)
		str_addc(out, (unsigned char)*name < ' ' ? ' ' : *name);
}

void group_map_take(const struct topology *t, const struct selection *handed_over, bool with_groups,
		    struct group_map *ret)
{
	*ret = (struct group_map)GROUP_MAP_INIT;
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];

		ret->rows = grow(ret->rows, ret->len, &ret->cap, sizeof(*ret->rows));
		ret->rows[ret->len++] = (struct group_map_row){
			.addr = d->addr,
			.vendor = d->vendor,
			.id = d->id,
			.subvendor = d->subvendor,
			.subdevice = d->subdevice,
			.group = with_groups ? d->group : NO_GROUP,
			.handed_over = selection_has(handed_over, &d->addr),
			.name = device_short_name(d),
		};
	}
}

void group_map_write(const struct group_map *m, struct str *out)
{
	char bdf[PCI_ADDR_TEXT];

	str_adds(out, HEADING);
	for (size_t i = 0; i < m->len; i++) {
		const struct group_map_row *r = &m->rows[i];

		str_addf(out, "%s %04x:%04x %04x:%04x ", pci_addr_format(&r->addr, bdf), r->vendor,
			 r->id, r->subvendor, r->subdevice);
		if (r->group != NO_GROUP)
			str_addf(out, "%d ", r->group);
		else
			str_adds(out, "- ");
		str_adds(out, r->handed_over ? "x " : "- ");
		add_name(out, r->name);
		str_addc(out, '\n');
	}
}

void group_map_mark(struct group_map *m, const struct selection *handed_over)
{
	for (size_t i = 0; i < m->len; i++)
		m->rows[i].handed_over = selection_has(handed_over, &m->rows[i].addr);
}

/* Index of the first row that is not before `a`. */
static size_t position(const struct group_map *m, const struct pci_addr *a)
{
	size_t from = 0, to = m->len;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;

		if (pci_addr_compare(&m->rows[middle].addr, a) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

struct group_map_row *group_map_find(const struct group_map *m, const struct pci_addr *a)
{
	const size_t i = position(m, a);

	return i < m->len && !pci_addr_compare(&m->rows[i].addr, a) ? &m->rows[i] : NULL;
}

void group_map_put(struct group_map *m, const struct group_map_row *row)
{
	struct group_map_row *same = group_map_find(m, &row->addr);
	const size_t i = position(m, &row->addr);

	if (same) {
		free(same->name);
		*same = *row;
		return;
	}
	m->rows = grow(m->rows, m->len, &m->cap, sizeof(*m->rows));
	memmove(&m->rows[i + 1], &m->rows[i], (m->len - i) * sizeof(*m->rows));
	m->rows[i] = *row;
	m->len++;
}

static bool read_row(const char *line, struct group_map_row *row)
{
	char address[PCI_ADDR_TEXT + 1], group[12], mark[2];
	unsigned vendor, id, subvendor, subdevice;
	int end = 0;

	if (sscanf(line, "%16s %4x:%4x %4x:%4x %11s %1s %n", address, &vendor, &id, &subvendor,
		   &subdevice, group, mark, &end) != 7 ||
	    !end || !pci_addr_parse(address, &row->addr))
		return false;
	row->vendor = (uint16_t)vendor;
	row->id = (uint16_t)id;
	row->subvendor = (uint16_t)subvendor;
	row->subdevice = (uint16_t)subdevice;
	row->group = strcmp(group, "-") ? atoi(group) : NO_GROUP;
	row->handed_over = !strcmp(mark, "x");
	row->unchecked = false;
	row->name = xstrdup(line + end);
	return true;
}

int group_map_read(const char *text, size_t len, struct group_map *ret, struct err *reterr)
{
	size_t number = 0;

	*ret = (struct group_map)GROUP_MAP_INIT;
	while (len) {
		const char *end = memchr(text, '\n', len);
		const size_t n = end ? (size_t)(end - text) : len;
		auto_free char *line = xstrndup(text, n);
		struct group_map_row row;

		number++;
		if (line[0] && line[0] != '#') {
			if (!read_row(line, &row)) {
				group_map_release(ret);
				return err_set(reterr, -EBADMSG,
					       "line %zu of the saved map is damaged", number);
			}
			group_map_put(ret, &row);
		}
		text += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	return 0;
}

void group_map_release(struct group_map *m)
{
	for (size_t i = 0; i < m->len; i++)
		free(m->rows[i].name);
	free(m->rows);
	*m = (struct group_map)GROUP_MAP_INIT;
}

bool group_map_is_device(const struct group_map_row *row, const struct device *d)
{
	return row->vendor == d->vendor && row->id == d->id &&
	       ((!row->subvendor && !row->subdevice) ||
		(row->subvendor == d->subvendor && row->subdevice == d->subdevice));
}
