/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout: which part of the screen shows what, from its size alone.
 *
 * Pure. No two rectangles overlap and none leaves the screen, at any size; a part
 * that has no room is empty (0 rows). Below LAYOUT_MIN_ROWS x LAYOUT_MIN_COLS nothing
 * is laid out but `too_small`.
 */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include <stdbool.h>

#include "ui/grid.h"

#define LAYOUT_MIN_ROWS 12
#define LAYOUT_MIN_COLS 40
#define LAYOUT_BESIDE_COLS 110 /* from here on the details stand beside the list */
#define LAYOUT_NARROW_COLS 60  /* below, rows show only what tells devices apart */

/* What a view asks for. */
struct layout_wish {
	bool notice;      /* a line of its own below the title */
	bool details;     /* a second pane */
	bool below;       /* the second pane never stands beside the first */
	int first_rows;   /* rows that the first pane needs at most; 0: as many as there are */
	int details_rows; /* rows that the second pane gets below the first; 0: by height */
};

struct layout {
	bool too_small;
	bool beside;           /* the details stand beside the list */
	struct rect title;     /* who, what, where */
	struct rect notice;    /* empty unless wished */
	struct rect list_rule; /* the line above the list */
	struct rect list;
	struct rect details_rule; /* the line above the details; empty on small screens */
	struct rect details;
	struct rect divider; /* the column between list and details when beside */
	struct rect next;    /* the next line */
	struct rect keys;    /* the key bar */
};

struct layout layout_compute(int rows, int cols, const struct layout_wish *wish);

#endif
