/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disk: what lies on the disk right now, held against the bytes a plan or a record has.
 */
#ifndef CHANGE_DISK_H
#define CHANGE_DISK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "host/host.h"

/* Is the file there with exactly these bytes, or not there when `exists` is false? */
int disk_holds(const struct host *host, const char *path, bool exists, const struct str *bytes,
	       bool *ret, struct err *reterr) must_check;
/* Appends the directories above `path` that are missing, parents first, each once. */
void disk_missing_dirs(const struct host *host, const char *path, struct strv *ret);
/* Removes those directories that are empty, the deepest first; what can't be removed stays. */
void disk_remove_dirs(const struct host *host, const struct strv *dirs);

#endif
