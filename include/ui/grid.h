/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grid: a screen as cells of text and style, before any terminal is involved.
 *
 * Views write into a grid through ui/draw.h; ui/term.h sends what changed to the
 * terminal. Tests read the two planes of a grid instead: its text, and one letter a
 * cell for the role (a capital where the cursor row is).
 */
#ifndef UI_GRID_H
#define UI_GRID_H

#include <stdbool.h>

#include "base/str.h"

#define GRID_MAX 2000      /* rows and columns beyond are not drawn */
#define CELL_TEXT_BYTES 5U /* one UTF-8 character and its NUL */

/* What a cell means; the terminal decides how that looks (ui/term.c). */
enum role {
	ROLE_TEXT,
	ROLE_OK,
	ROLE_WARN,
	ROLE_BLOCK,
	ROLE_CHANGE, /* will change */
	ROLE_USED,   /* the host uses it */
	ROLE_DIM,
	ROLE_TITLE,
	ROLE_KEY, /* the name of a key */
	ROLE_ADDED,
	ROLE_REMOVED,
	ROLES,
};

struct cell {
	char text[CELL_TEXT_BYTES];
	unsigned char width; /* 1, 2, or 0: the right half of the wide character before it */
	unsigned char role;
	bool cursor;
};

struct grid {
	int rows, cols;
	struct cell *cells;
};

#define GRID_INIT                                                                                  \
	{                                                                                          \
		.rows = 0, .cols = 0, .cells = NULL                                                \
	}

struct rect {
	int row, col, rows, cols;
};

/* Sets the size (at least 0, at most GRID_MAX) and clears. */
void grid_resize(struct grid *g, int rows, int cols);
void grid_clear(struct grid *g);
void grid_release(struct grid *g);
/* NULL outside of the grid. */
struct cell *grid_at(const struct grid *g, int row, int col);
/* One character of 1 or 2 columns; nothing happens where it does not fit. */
void grid_put(struct grid *g, int row, int col, const char *character, int width, enum role role);
bool cell_equal(const struct cell *a, const struct cell *b);

/* Appends the rows, each with a newline; blanks at the end of a row are left out. */
void grid_text_plane(const struct grid *g, struct str *out);
void grid_role_plane(const struct grid *g, struct str *out);

#endif
