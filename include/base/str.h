/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * str: growable bytes, always followed by a NUL that is not counted.
 *
 *	auto_str struct str s = STR_INIT;
 *	str_addf(&s, "%s=%d", name, value);
 *	use(s.data, s.len);
 *
 * `data` is never NULL (an empty str points at a static ""), may hold NUL
 * bytes, and moves when the str grows: a pointer into it dies at the next add.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct str {
	char *data;
	size_t len;
	size_t cap; /* 0 while `data` is the static "" */
};

extern char str_empty[1];

#define STR_INIT                                                                                   \
	{                                                                                          \
		.data = str_empty, .len = 0, .cap = 0                                              \
	}
#define auto_str cleanup_with(str_release)

void str_init(struct str *s);
void str_release(struct str *s); /* frees; leaves an empty str */
void str_clear(struct str *s);   /* length 0; keeps the memory */

void str_add(struct str *s, const void *bytes, size_t n);
void str_adds(struct str *s, const char *text);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) printf_like(2, 3);
void str_vaddf(struct str *s, const char *fmt, va_list ap) printf_like(2, 0);

/* Gives room for `n` more bytes, so that adding them does not allocate. */
void str_reserve(struct str *s, size_t n);
/* Cuts to `len` bytes; no effect when shorter. */
void str_truncate(struct str *s, size_t len);
/* Removes blanks, tabs, CR and LF at the end. */
void str_rtrim(struct str *s);
/* The bytes as a malloc'ed string for the caller to free; `s` is then empty. */
char *str_take(struct str *s) must_check;

bool str_equal(const struct str *a, const struct str *b);
bool text_starts_with(const char *s, const char *prefix);
bool text_ends_with(const char *s, const char *suffix);

#endif
