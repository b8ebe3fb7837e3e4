/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff: what changed between two texts, as unified-diff lines.
 *
 * A diff is a list of rows in the order they are shown. The rows' text points
 * into the two inputs, which must outlive the diff. Line endings are not part of
 * `text`; a missing final newline shows as a DIFF_NO_NEWLINE row, a CR as part of
 * the text. The result is a shortest edit script (Myers), as `diff -u -d` prints one;
 * only texts that differ in very many lines may show as replaced in larger blocks.
 */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include <stddef.h>

#include "base/str.h"

enum diff_kind {
	DIFF_HUNK, /* "@@ -a,b +c,d @@"; text is NULL, numbers are set */
	DIFF_SAME,
	DIFF_DEL,
	DIFF_ADD,
	DIFF_NO_NEWLINE, /* belongs to the row before it */
};

struct diff_row {
	enum diff_kind kind;
	const char *text;
	size_t len;
	size_t old_line, old_count; /* 1-based; only DIFF_HUNK */
	size_t new_line, new_count;
};

struct diff {
	struct diff_row *rows;
	size_t len;
	size_t cap;
};

#define DIFF_INIT                                                                                  \
	{                                                                                          \
		.rows = NULL, .len = 0, .cap = 0                                                   \
	}

/* Compares two texts with `context` unchanged lines around each change. */
void diff_compute(struct diff *d, const char *before, size_t before_len, const char *after,
		  size_t after_len, size_t context);
void diff_release(struct diff *d);

/*
 * Appends a whole unified diff with its ---/+++ header to `out`; the name is
 * /dev/null on the side whose bytes pointer is NULL. `patch -p1` takes it.
 */
void diff_unified(struct str *out, const char *path, const char *before, size_t before_len,
		  const char *after, size_t after_len);

#endif
