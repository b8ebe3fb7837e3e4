/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print: the text a command gives out, gathered in one buffer and written at once.
 *
 * Names of devices, contents of files and the output of commands are untrusted: control
 * characters, escape bytes and what is no UTF-8 come out as '?', so that nothing moves the
 * cursor or sets a colour. Where the locale is not UTF-8, everything outside ASCII does too.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advice/finding.h"
#include "base/str.h"
#include "base/strv.h"

struct printer {
	struct str out;
	bool utf8;
};

enum sign { SIGN_OK, SIGN_WARN, SIGN_BLOCK, SIGN_CHANGE, SIGN_USED, SIGN_NONE };

/* Trusted text, as it is. */
void print_raw(struct printer *p, const char *s);
void print_format(struct printer *p, const char *fmt, ...) printf_like(2, 3);
/* Untrusted text on one line. */
void print_text(struct printer *p, const char *s);
/* Untrusted text of several lines: line feeds and tabs stay. */
void print_lines(struct printer *p, const char *bytes, size_t len);
/* Untrusted text, then blanks up to `width` columns. */
void print_padded(struct printer *p, const char *s, size_t width);
/* Columns that print_text() would take. */
size_t print_width(const struct printer *p, const char *s);
void print_sign(struct printer *p, enum sign sign);
/* A sentence, wrapped at 78 columns, each line after `indent` blanks; the first goes on where the line is. */
void print_wrapped(struct printer *p, const char *s, size_t indent);
/* Each finding with its sign, code, text and remedy. */
void print_findings(struct printer *p, const struct findings *f);
/* Writes everything and empties the buffer: 0 or a negative errno. */
int print_flush(struct printer *p, int fd) must_check;

/* Decodes one character: its length, or 0 when these bytes are no UTF-8 (or `n` is 0). */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret);
/* Control characters, also the C1 ones and those that turn the writing direction. */
bool utf8_is_control(uint32_t character);

#endif
