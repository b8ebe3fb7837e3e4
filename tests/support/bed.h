/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bed: a machine of a few files in memory on which targets plan, again and again.
 *
 *	struct bed b;
 *	bed_init(&b);
 *	bed_put(&b, "/etc/modprobe.d/vfio.conf", "options ...\n");
 *	wish_ids(&wish, "10de:1b80"); ...
 *	assert_int_equal(bed_apply(&b, &target_modprobe, &wish), 0);
 *	assert_string_equal(bed_get(&b, "/etc/modprobe.d/vfio.conf"), "...");
 *	bed_release(&b);
 *
 * bed_apply() plans, takes the edits over and keeps what the target owns for the next
 * time; a refusal changes nothing and leaves its sentence in b.err.
 */
#ifndef TESTS_BED_H
#define TESTS_BED_H

#include <stdbool.h>

#include "config/target.h"

struct bed_file {
	char *path;
	struct str bytes;
	mode_t mode;
	bool mask; /* a link to /dev/null */
};

struct bed {
	struct bed_file *files;
	size_t len, cap;
	struct platform platform; /* fill what the target asks for; its strings are not freed */
	struct strv owned;
	struct strv commands; /* of the last apply, words joined by blanks */
	struct err err;
	bool reboot;
};

void bed_init(struct bed *b);
void bed_release(struct bed *b);
void bed_copy(struct bed *to, const struct bed *from);
/* Puts a copy of the text as a file. */
void bed_put(struct bed *b, const char *path, const char *text);
void bed_put_bytes(struct bed *b, const char *path, const char *bytes, size_t len);
/* Puts a link to /dev/null. */
void bed_mask(struct bed *b, const char *path);
void bed_remove(struct bed *b, const char *path);
/* The text of a file, or NULL. */
const char *bed_get(const struct bed *b, const char *path);
mode_t bed_mode(const struct bed *b, const char *path);
bool bed_equal(const struct bed *a, const struct bed *b); /* files only */

/* wish->owned is replaced by what the bed remembers. */
int bed_apply(struct bed *b, const struct target *target, struct wish *wish);
/* The same for several targets in one plan, as those of one machine's chain. */
int bed_apply_all(struct bed *b, const struct target *const *all, size_t n, struct wish *wish);
/* Adds what the target finds of the wish; with a host its files instead of the bed's. */
int bed_verify(struct bed *b, const struct target *target, struct wish *wish,
	       const struct host *host, struct checks *ret);
void bed_present(struct bed *b, const struct target *target, struct present *ret);

/* Writes all files below a real directory, for the real parsers. */
void bed_write(const struct bed *b, const char *dir);

/* Reads a file of the real machine; false when it isn't there. */
bool slurp(const char *path, struct str *ret);
/* Runs a shell command and gives its exit status; its output (stdout only) goes to `out`. */
int shell_run(struct str *out, const char *fmt, ...) printf_like(2, 3);

#endif
