/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text: a file's bytes as lines that can be edited without touching the rest.
 *
 * text_parse() cuts bytes at LF; joining the lines gives the same bytes again,
 * whatever they are (CR LF, NUL, no final newline, nothing at all). A line's
 * `data` includes its ending ("\n", "\r\n" or nothing on the last line). The
 * edits replace whole lines or a span inside one; lines nobody edited stay as
 * they are, byte for byte.
 *
 *	struct text t;
 *	text_parse(&t, bytes, len);
 *	text_insert(&t, 0, "added\n", 6);
 *	text_join(&t, &out);
 *	text_release(&t);
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct text_line {
	char *data; /* owned, NUL after len */
	size_t len; /* with the line ending */
};

struct text {
	struct text_line *lines;
	size_t len;
	size_t cap;
};

#define TEXT_INIT                                                                                  \
	{                                                                                          \
		.lines = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_text cleanup_with(text_release)

void text_parse(struct text *t, const char *bytes, size_t len);
void text_release(struct text *t);
void text_join(const struct text *t, struct str *out); /* appends */

/* Length of a line without "\n" or "\r\n". */
size_t text_line_length(const struct text_line *line);
/* "\r\n" when the first ended line ends so, else "\n". */
const char *text_newline(const struct text *t);

/*
 * Inserts a line before index `at` (0..len); `data` should bring its ending. A last
 * line without ending gets one when something is inserted after it.
 */
void text_insert(struct text *t, size_t at, const char *data, size_t len);
/*
 * Appends the line `s`, given without ending. Whether the text ends in a newline stays
 * as it is, here and in text_remove(), so that removing the line again gives back the
 * same bytes: if the former last line had no ending it gets one and the new one has none.
 */
void text_append(struct text *t, const char *s);
void text_remove(struct text *t, size_t at);
/* Replaces bytes [from, from + n) of a line. */
void text_replace(struct text *t, size_t line, size_t from, size_t n, const char *with,
		  size_t with_len);

/*
 * The value of the first line "KEY : VALUE" (/proc/cpuinfo, /proc/meminfo), for the caller to
 * free, or NULL.
 */
char *text_colon_value(const char *text, const char *key) must_check;

#endif
