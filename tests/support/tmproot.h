/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tmproot: a directory that plays a machine's root in a test.
 *
 *	char *root = tmproot_new();
 *	tmproot_put(root, "/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1b80\n");
 *	... host_open(root, &host, &err) ...
 *	tmproot_remove(root);
 *
 * Paths are absolute inside the root; missing directories are made. What goes wrong
 * here ends the test at once.
 */
#ifndef SUPPORT_TMPROOT_H
#define SUPPORT_TMPROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

char *tmproot_new(void);
void tmproot_remove(char *root); /* the tree too; frees */
/* From here on in memory where that is possible, for a test that makes thousands of roots. */
void tmproot_use_memory(void);

void tmproot_put(const char *root, const char *path, const char *text);
void tmproot_put_bytes(const char *root, const char *path, const char *bytes, size_t len);
void tmproot_mkdir(const char *root, const char *path);
/* A symbolic link with the text `to`. */
void tmproot_link(const char *root, const char *path, const char *to);

/* ROOT/PATH, for the caller to free. */
char *tmproot_path(const char *root, const char *path);
/* Replaces `ret` by the file's bytes; false when there is none. */
bool tmproot_get(const char *root, const char *path, struct str *ret);
bool tmproot_has(const char *root, const char *path); /* links are not followed */

/*
 * Replaces `ret` by a text that is equal for equal trees: one line for each entry with
 * kind, mode, owner, path and link text, in byte order, followed by a file's bytes.
 */
void tmproot_picture(const char *root, struct str *ret);
/* The number of entries whose name contains `part`, such as ".vfiotui-" for temporaries. */
size_t tmproot_count(const char *root, const char *part);

#endif
