/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * macros: the few compiler attributes and helpers that every floor uses.
 *
 * Cleanup attributes stand before the variable they release:
 *
 *	auto_fd int fd = open(...);
 *	auto_free char *name = xstrdup("x");
 *	auto_str struct str line = STR_INIT;	(base/str.h)
 */
#ifndef BASE_MACROS_H
#define BASE_MACROS_H

#include <stddef.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define cleanup_with(fn) __attribute__((cleanup(fn)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define auto_free cleanup_with(cleanup_free)
#define auto_fd cleanup_with(cleanup_fd)

/* free() on the pointer that *p holds; for auto_free. */
void cleanup_free(void *p);
/* close() on *fd unless it is negative; keeps errno; for auto_fd. */
void cleanup_fd(int *fd);

#endif
