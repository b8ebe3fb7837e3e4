/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * draw: writes text and signs into a part of a grid. The only way from a string to
 * the screen: control characters, escape sequences and broken UTF-8 become "?", and
 * what has no width (combining marks, direction overrides) is left out.
 *
 * Rows and columns are relative to the canvas; nothing is drawn outside of it. Where
 * the terminal can't show the characters, others stand for them (enum charset).
 */
#ifndef UI_DRAW_H
#define UI_DRAW_H

#include <stddef.h>

#include "base/macros.h"
#include "ui/grid.h"

enum charset {
	CHARSET_UTF8,
	CHARSET_CONSOLE, /* UTF-8, but the font has few characters: signs in ASCII, lines as lines */
	CHARSET_ASCII,
};

/* Signs come before colours: each state has one (screens at 16 colours, none, or read aloud). */
enum sign {
	SIGN_NONE, /* a blank */
	SIGN_OK,
	SIGN_WARN,
	SIGN_BLOCK,
	SIGN_CHANGE,
	SIGN_USED,
	SIGN_FOLDED,
	SIGN_OPEN,
	SIGN_POINTER, /* stands before the chosen row of a list */
	SIGN_NOTE,
	SIGNS,
};

struct canvas {
	struct grid *grid;
	struct rect area;
	enum charset charset;
};

/* The same grid, a part of the area: `part` is relative to the canvas and is cut to it. */
struct canvas canvas_part(const struct canvas *c, struct rect part);
/* Each returns the column after what was drawn. */
int draw_text(const struct canvas *c, int row, int col, enum role role, const char *text);
int draw_textf(const struct canvas *c, int row, int col, enum role role, const char *fmt, ...)
	printf_like(5, 6);
/* A column of a table: cut with an ellipsis when too long, filled with blanks. */
int draw_field(const struct canvas *c, int row, int col, int width, enum role role,
	       const char *text);
/* The same, cut at the left: for paths, whose end tells them apart. */
int draw_field_tail(const struct canvas *c, int row, int col, int width, enum role role,
		    const char *text);
int draw_sign(const struct canvas *c, int row, int col, enum sign sign);
/* A line over the whole width with a title near its start and another near its end ("" for none). */
void draw_rule(const struct canvas *c, int row, const char *title, const char *right);
void draw_vertical(const struct canvas *c, int col);
/* Where a vertical line meets the rule in row 0. */
void draw_junction(const struct canvas *c, int col);
/* Marks cells as those under the cursor. */
void draw_cursor(const struct canvas *c, int row, int col, int width);

/*
 * Text over several rows, broken at blanks, with `indent` columns before the second and later ones. Skips the first
 * `skip` lines, draws at most the canvas' rows from `row` on; returns how many lines the text has in all.
 */
int draw_wrapped(const struct canvas *c, int row, int indent, int skip, enum role role,
		 const char *text);
/* Columns that the text takes. */
int text_columns(enum charset charset, const char *text);
/* The sign as text and the role that it is drawn in. */
const char *sign_text(enum charset charset, enum sign sign);
enum role sign_role(enum sign sign);

#endif
