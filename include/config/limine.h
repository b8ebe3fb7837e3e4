/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * limine: where Limine's files lie, and whether its program holds a checksum of limine.conf.
 */
#ifndef CONFIG_LIMINE_H
#define CONFIG_LIMINE_H

#include "base/strv.h"
#include "config/files.h"

/* Adds each limine.conf that is there and that some version reads. */
void limine_find_confs(struct files *files, struct strv *ret);

/*
 * The Limine program, in this limine.conf's directory or where it is installed, that holds a checksum
 * of its limine.conf ("limine enroll-config"), for the caller to free, or NULL. It starts nothing with
 * a file that has another one.
 */
char *limine_enrolled(struct files *files, const char *conf);

#endif
