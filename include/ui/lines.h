/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines: text with signs, wrapped to the width there is, and scrolled by rows.
 *
 *	struct lines l = LINES_INIT;
 *	lines_add(&l, SIGN_OK, ROLE_TEXT, "image %s: vfio_pci inside", release);
 *	rows = lines_draw(&l, &pane, top);
 *	lines_release(&l);
 */
#ifndef UI_LINES_H
#define UI_LINES_H

#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"
#include "config/target.h"
#include "ui/draw.h"

struct line {
	enum sign sign; /* SIGN_NONE: the text begins where signs would stand */
	enum role role;
	char *text;
};

struct lines {
	struct line *items;
	size_t len, cap;
};

#define LINES_INIT                                                                                 \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}

void lines_add(struct lines *l, enum sign sign, enum role role, const char *fmt, ...)
	printf_like(4, 5);
/* Each line of a text as it is, tabs as blanks. */
void lines_add_text(struct lines *l, const char *text, size_t len);
/* The last lines of a command's output; a carriage return starts its line anew, as on a terminal. */
void lines_add_tail(struct lines *l, const struct str *output);
void lines_release(struct lines *l);
/* Draws from row `top` on; returns how many rows there are in all. */
int lines_draw(const struct lines *l, const struct canvas *c, int top);
/* Each promise with its sign; below it what is there instead and what to do. */
void lines_add_checks(struct lines *l, const struct checks *checks);

#endif
