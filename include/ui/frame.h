/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame: what every full screen has: the title line, the next line, the key bar; and
 * the box of a question.
 */
#ifndef UI_FRAME_H
#define UI_FRAME_H

#include "ui/app.h"
#include "ui/layout.h"

/* "vfiotui  archbox  Ryzen 7 5800X  Linux 6.12.8 ...": what fits, the most telling kept longest. */
void frame_title(const struct app *app, const struct canvas *line);
/* The next line: a message that waits to be read, else `text`; `right` stands at the end where there is room. */
void frame_next(const struct app *app, const struct canvas *line, enum sign sign, const char *text,
		const char *right);
/* The text, or where it does not fit into the screen's width, the brief one. */
const char *frame_fit(const struct canvas *screen, const char *text, const char *brief);
/* What works now, from the key table. */
void frame_keys(const struct app *app, const struct view *v, const struct canvas *line);
/* A box over the middle of the screen, cleared, with a title in its border; returns its inside. */
struct canvas frame_box(const struct canvas *screen, int rows, int cols, const char *title);
/* Clears a canvas. */
void frame_clear(const struct canvas *c);

/* Part of a list that is on the screen: moves *top so that `at` is among `height` rows of `len`. */
void frame_scroll(int *top, int at, int height, int len);

#endif
