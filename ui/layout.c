/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/layout.h"

/* Rows of the details pane below a list, by the height of the screen. */
static int details_height(int rows)
{
	if (rows < 16)
		return 1;
	if (rows < 20)
		return 3;
	if (rows < 24)
		return 4;
	if (rows < 32)
		return 6;
	return rows / 4 + 1;
}

static void put_beside(struct layout *l, int top, int bottom, int cols)
{
	int details_cols = cols / 3 < 38 ? 38 : cols / 3;
	int list_cols = cols - details_cols - 1;

	l->beside = true;
	l->list = (struct rect){top, 0, bottom - top, list_cols};
	l->divider = (struct rect){top, list_cols, bottom - top, 1};
	l->details_rule = (struct rect){l->list_rule.row, list_cols + 1, 1, details_cols};
	l->list_rule.cols = list_cols + 1;
	l->details = (struct rect){top, list_cols + 1, bottom - top, details_cols};
}

static void put_below(struct layout *l, int top, int bottom, int cols,
		      const struct layout_wish *wish)
{
	int rule = bottom - top < 10 ? 0 : 1;
	int details = wish->details_rows ? wish->details_rows : details_height(l->keys.row + 1);
	int list = bottom - top - rule - details;

	if (wish->first_rows && wish->first_rows < list)
		list = wish->first_rows;
	if (list < 3 && !(wish->first_rows && wish->first_rows < 3))
		list = 3;
	l->list = (struct rect){top, 0, list, cols};
	l->details_rule = (struct rect){top + list, 0, rule, cols};
	l->details = (struct rect){top + list + rule, 0, bottom - top - list - rule, cols};
}

struct layout layout_compute(int rows, int cols, const struct layout_wish *wish)
{
	struct layout l = {.too_small = rows < LAYOUT_MIN_ROWS || cols < LAYOUT_MIN_COLS};
	int top = wish->notice ? 3 : 2;
	int bottom = rows - 2;

	if (l.too_small)
		return l;
	l.title = (struct rect){0, 0, 1, cols};
	l.notice = (struct rect){1, 0, wish->notice ? 1 : 0, cols};
	l.list_rule = (struct rect){top - 1, 0, 1, cols};
	l.next = (struct rect){rows - 2, 0, 1, cols};
	l.keys = (struct rect){rows - 1, 0, 1, cols};
	if (!wish->details)
		l.list = (struct rect){top, 0, bottom - top, cols};
	else if (cols >= LAYOUT_BESIDE_COLS && !wish->below)
		put_beside(&l, top, bottom, cols);
	else
		put_below(&l, top, bottom, cols, wish);
	return l;
}
