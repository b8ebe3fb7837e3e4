/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strv: a growing list of strings that it owns.
 *
 * `items` is NULL or ends with a NULL pointer after `len` strings, so it can be
 * handed to exec. Functions that look something up compare whole strings.
 */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct strv {
	char **items;
	size_t len;
	size_t cap;
	uint32_t *slots; /* strv_add_unique()'s own, once the list is long: 1 + index by hash */
	size_t slots_len, hashed;
};

#define STRV_INIT                                                                                  \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0, .slots = NULL, .slots_len = 0, .hashed = 0      \
	}
#define auto_strv cleanup_with(strv_release)

void strv_release(struct strv *v); /* frees; leaves an empty list */
void strv_add(struct strv *v, const char *s);
void strv_addn(struct strv *v, const char *s, size_t n);
void strv_addf(struct strv *v, const char *fmt, ...) printf_like(2, 3);
void strv_take(struct strv *v, char *s); /* takes ownership of `s` */
/* Adds `s` unless it is there; true when it was added. Fast also for a long list. */
bool strv_add_unique(struct strv *v, const char *s);
void strv_remove_at(struct strv *v, size_t i);
bool strv_has(const struct strv *v, const char *s);
long strv_find(const struct strv *v, const char *s);      /* index or -1 */
void strv_copy(struct strv *to, const struct strv *from); /* appends all */
void strv_move(struct strv *to, struct strv *from);       /* appends all; empties `from` */
bool strv_equal(const struct strv *a, const struct strv *b);
void strv_sort(struct strv *v); /* byte order */
/* The strings with `sep` between them; the caller frees. */
char *strv_join(const struct strv *v, const char *sep) must_check;
/* Appends the words of `s`, split at any byte of `seps`; empty ones are left out. */
void strv_split(struct strv *v, const char *s, const char *seps);

#endif
