/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * err: an error as a value: a negative errno and one sentence fit to show.
 *
 * Functions that can fail return 0 or a negative errno and take, as their last
 * parameter, `struct err *reterr`, which may be NULL. The lowest level states
 * the path and the cause; callers add context with err_wrap(). The finished
 * sentence says what failed, on which path, what was left unchanged and what to
 * do. No allocation happens here, so it works when memory does not.
 *
 *	if (fd < 0)
 *		return err_set(reterr, -errno, "cannot read %s: %m", path);
 *
 * Findings about the user's machine are not errors (advice/finding.h).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

#include "base/macros.h"

#define ERR_TEXT_MAX 640

struct err {
	int code;                /* 0, or the negative errno that was returned */
	char text[ERR_TEXT_MAX]; /* one sentence, cut with "…" when too long */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = 0, .text = ""                                                              \
	}

/* Sets *reterr (when not NULL) and returns `code`, which must be negative. */
int err_set(struct err *reterr, int code, const char *fmt, ...) printf_like(3, 4);
/* Puts "CONTEXT: " before the sentence that is there; returns reterr's code. */
int err_wrap(struct err *reterr, int code, const char *fmt, ...) printf_like(3, 4);
void err_clear(struct err *err);

/* %m is a GNU format; __extension__ lets it through -Wpedantic, arguments are still checked. */
#define err_set(...) __extension__ err_set(__VA_ARGS__)
#define err_wrap(...) __extension__ err_wrap(__VA_ARGS__)

#endif
