/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files: a read-only view of a machine's configuration files, each read once.
 *
 * Backed by a host (a machine) or by memory (tests). The plan's `before` bytes are
 * exactly what this view read, and apply compares them with the disk again.
 */
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strv.h"
#include "host/host.h"

struct files;

struct files *files_new(const struct host *host) must_check; /* the host must outlive it */
struct files *files_new_memory(void) must_check;
void files_free(struct files *f);
void files_freep(struct files **f);
/* Memory only: puts a file; files_list() derives directories from the paths. */
void files_put(struct files *f, const char *path, const char *bytes, size_t len);

/* The bytes (owned by `f`, alive as long as it): 0, -ENOENT, or another error with a sentence. */
int files_get(struct files *f, const char *path, const char **bytes, size_t *len,
	      struct err *reterr) must_check;
/* Replaces `ret` by the first `max` bytes at most, of whatever size the file is. */
int files_head(struct files *f, const char *path, size_t max, struct str *ret) must_check;
bool files_exist(struct files *f, const char *path);
/* Appends sorted names of regular files in `dir` that end in `suffix` ("" for all); a missing directory has none. */
int files_list(struct files *f, const char *dir, const char *suffix, struct strv *ret,
	       struct err *reterr) must_check;
/*
 * The names there that are no regular files: links to /dev/null (or to nothing), which mask the
 * files of that name in directories read later (modprobe.d(5), dracut.conf(5)).
 */
int files_list_masks(struct files *f, const char *dir, const char *suffix, struct strv *ret,
		     struct err *reterr) must_check;
/* Memory only: puts such a mask. */
void files_put_mask(struct files *f, const char *path);

#endif
