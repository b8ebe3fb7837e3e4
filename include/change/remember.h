/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * remember: the map of devices and groups, kept beside the journal.
 *
 * An apply saves it together with its change, remember_map() on demand. An undo keeps the
 * places and takes back the marks: handed over is then what was before the change.
 */
#ifndef CHANGE_REMEMBER_H
#define CHANGE_REMEMBER_H

#include "advice/group_map.h"
#include "base/err.h"
#include "base/str.h"
#include "change/situation.h"
#include "host/host.h"

/*
 * The saved map, with the rows of what is configured by address as those entries have them; empty
 * where nothing was saved, or what was saved can't be read (without root, or damaged).
 */
void remember_read(const struct host *host, const struct present *present, struct group_map *ret);
/* Saves the machine as it is, under the lock; on an error what was saved stays. */
int remember_map(const struct situation *s, struct err *reterr) must_check;
/* The text that an undo saves: the same rows, other marks; nothing where no map was saved. */
void remember_undone(const struct host *host, const struct selection *handed_over, struct str *out);

#endif
