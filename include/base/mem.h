/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mem: allocation that can't fail.
 *
 * Each function returns fresh memory that the caller frees with free(), or
 * calls abort() when there is none. The screen's SIGABRT handler puts the
 * terminal back, so the core needs no hook here. The one place that must not
 * allocate is the commit of an apply (change/apply.h), which reserves all it
 * needs in its prepare step.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "base/macros.h"

void *xmalloc(size_t n) must_check;
void *xcalloc(size_t count, size_t size) must_check;
/* Like realloc() for count * size bytes, with a check of the product. */
void *xrealloc(void *p, size_t count, size_t size) must_check;
char *xstrdup(const char *s) must_check;            /* NULL gives NULL */
char *xstrndup(const char *s, size_t n) must_check; /* always terminated */
char *xasprintf(const char *fmt, ...) must_check printf_like(1, 2);
char *xvasprintf(const char *fmt, va_list ap) must_check printf_like(1, 0);

/*
 * Makes room for one more item of `size` bytes in a growing array: returns the
 * (perhaps moved) array; *cap is its capacity in items, len the used ones.
 */
void *grow(void *array, size_t len, size_t *cap, size_t size) must_check;

#endif
