/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/group_map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HEADING "# vfiotui: devices and groups at the last apply\n"

/* Names are untrusted: a row stays one line. */
static void add_name(struct str *out, const char *name)
{
	for (; *name; name++)
		str_addc(out, (unsigned char)*name < ' ' ? ' ' : *name);
}

void group_map_write(const struct topology *t, const struct selection *handed_over,
		     bool with_groups, struct str *out)
{
	str_adds(out, HEADING);
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];
		auto_free char *name = device_short_name(d);

		str_addf(out, "%s %04x:%04x %04x:%04x ", d->bdf, d->vendor, d->id, d->subvendor,
			 d->subdevice);
		if (with_groups && d->group != NO_GROUP)
			str_addf(out, "%d ", d->group);
		else
			str_adds(out, "- ");
		str_adds(out, selection_has(handed_over, &d->addr) ? "x " : "- ");
		add_name(out, name);
		str_addc(out, '\n');
	}
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
			ret->rows = grow(ret->rows, ret->len, &ret->cap, sizeof(*ret->rows));
			ret->rows[ret->len++] = row;
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
	return row->vendor == d->vendor && row->id == d->id && row->subvendor == d->subvendor &&
	       row->subdevice == d->subdevice;
}
