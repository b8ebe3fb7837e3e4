/* SPDX-License-Identifier: GPL-2.0-or-later */
/* page: a screen of lines that scrolls: help, checks, explanations. */
#ifndef UI_PAGE_H
#define UI_PAGE_H

#include "ui/app.h"
#include "ui/lines.h"

/* Draws title, lines from *top on (which it keeps in range), next line and key bar. */
void page_draw(const struct app *app, const struct view *v, const struct canvas *screen,
	       const char *title, const char *right, const struct lines *lines, int *top,
	       enum sign sign, const char *next);
/* Moves *top; true when the action was one of scrolling. */
bool page_scroll(const struct app *app, int *top, enum action action);

#endif
