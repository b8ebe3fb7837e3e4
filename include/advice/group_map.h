/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_map: which device was where, and in which group, when the map was saved.
 *
 * A firmware or kernel update, or a card put in or taken out, renumbers buses: what is
 * configured by address then means another device. The map is kept as text, one row
 * a device: "ADDRESS VENDOR:DEVICE SUBVENDOR:SUBDEVICE GROUP MARK NAME"; GROUP is "-"
 * where it was not known, MARK is "x" for a device that was handed over, else "-".
 */
#ifndef ADVICE_GROUP_MAP_H
#define ADVICE_GROUP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advice/selection.h"
#include "base/err.h"
#include "base/str.h"
#include "machine/topology.h"

struct group_map_row {
	struct pci_addr addr;
	uint16_t vendor, id, subvendor, subdevice;
	int group; /* or NO_GROUP: not known */
	bool handed_over;
	bool unchecked; /* never in the text: an entry hands over whatever is at this address */
	char *name;
};

struct group_map {
	struct group_map_row *rows; /* by address */
	size_t len, cap;
};

#define GROUP_MAP_INIT                                                                             \
	{                                                                                          \
		.rows = NULL, .len = 0, .cap = 0                                                   \
	}
#define auto_group_map cleanup_with(group_map_release)

/* The topology as a map. `with_groups` false: the groups will be others after the next boot, so none are kept. */
void group_map_take(const struct topology *t, const struct selection *handed_over, bool with_groups,
		    struct group_map *ret);
/* The map as text, appended. */
void group_map_write(const struct group_map *m, struct str *out);
/* Marks as handed over exactly the rows of these addresses. */
void group_map_mark(struct group_map *m, const struct selection *handed_over);
/* The row of an address, or NULL. */
struct group_map_row *group_map_find(const struct group_map *m, const struct pci_addr *a);
/* Puts a row in its place, or in place of the row of that address; takes ownership of the name. */
void group_map_put(struct group_map *m, const struct group_map_row *row);
/* -EBADMSG with the line for what is no such text; *ret is then empty. */
int group_map_read(const char *text, size_t len, struct group_map *ret,
		   struct err *reterr) must_check;
void group_map_release(struct group_map *m);
/* The same numbers; a row without subsystem asks for none. */
bool group_map_is_device(const struct group_map_row *row, const struct device *d);

#endif
