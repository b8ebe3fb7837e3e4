/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group_map: which device was where, and in which group, at the last apply.
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

/* The topology as text. `with_groups` false: the groups will be others after the next boot, so none are kept. */
void group_map_write(const struct topology *t, const struct selection *handed_over,
		     bool with_groups, struct str *out);
/* -EBADMSG with the line for what is no such text; *ret is then empty. */
int group_map_read(const char *text, size_t len, struct group_map *ret,
		   struct err *reterr) must_check;
void group_map_release(struct group_map *m);
bool group_map_is_device(const struct group_map_row *row, const struct device *d);

#endif
