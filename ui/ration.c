/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/ration.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What curses sends around the text itself; terminfo's longest for the terminals that people have. */
#define MOVE_BYTES 8  /* cursor to a place: ESC [ 23 ; 80 H */
#define STYLE_BYTES 9 /* another colour or weight; half of "there and back" */
#define ERASE_BYTES 4 /* to the end of the row */
#define SCROLL_BYTES 34

void ration_release(struct ration *r)
{
	grid_release(&r->shown);
}

void ration_begin(struct ration *r, int64_t now)
{
	if (r->bytes)
		r->ends = now + RATION_REST_MS;
}

void ration_end(struct ration *r)
{
	r->ends = 0;
}

void ration_keep(struct ration *r, const struct grid *g, size_t top, int64_t now)
{
	if (now >= r->ends)
		r->ends = 0;
	r->held = false;
	if (!r->ends)
		return;
	if (r->shown.rows != g->rows || r->shown.cols != g->cols)
		grid_resize(&r->shown, g->rows, g->cols);
	memcpy(r->shown.cells, g->cells, (size_t)g->rows * (size_t)g->cols * sizeof(*g->cells));
	r->shown_top = top;
}

int ration_wait(const struct ration *r, int64_t now)
{
	if (!r->held)
		return -1;
	return r->ends > now ? (int)(r->ends - now) : 0;
}

/* --- counting --------------------------------------------------------------------------- */

static bool is_blank(const struct cell *c)
{
	return c->text[0] == ' ' && !c->cursor;
}

/* The last column of a row that is not blank, plus one. */
static int row_end(const struct grid *g, int row)
{
	int col = g->cols;

	while (col > 0 && is_blank(grid_at(g, row, col - 1)))
		col--;
	return col;
}

static bool same_style(const struct cell *a, const struct cell *b)
{
	return a->role == b->role && a->cursor == b->cursor;
}

/* Cells that change, and between them those that it is cheaper to send again than to skip. */
static size_t row_cost(const struct grid *shown, int from, const struct grid *now, int row)
{
	static const struct cell plain = {.text = " ", .width = 1, .role = ROLE_TEXT};
	const struct cell *style = &plain;
	int end = row_end(now, row);
	int same = MOVE_BYTES;
	size_t bytes = 0;

	for (int col = 0; col < end; col++) {
		const struct cell *c = grid_at(now, row, col);
		const struct cell *old = from < 0 ? &plain : grid_at(shown, from, col);

		if (old && cell_equal(c, old)) {
			same++;
			continue;
		}
		bytes += (size_t)(same < MOVE_BYTES ? same : MOVE_BYTES) + strlen(c->text);
		same = 0;
		if (!same_style(c, style))
			bytes += STYLE_BYTES;
		style = c;
	}
	if (!same_style(style, &plain))
		bytes += STYLE_BYTES;
	if (from >= 0 && row_end(shown, from) > end)
		bytes += (size_t)(same ? ERASE_BYTES + MOVE_BYTES : ERASE_BYTES);
	return bytes;
}

size_t ration_cost(const struct grid *shown, const struct grid *now, struct rect list, int moved)
{
	size_t bytes = moved ? SCROLL_BYTES : 0;

	for (int row = 0; row < now->rows; row++) {
		bool in_list = row >= list.row && row < list.row + list.rows;
		int from = in_list ? row + moved : row;

		/* A row that scrolling brought in is empty. */
		if (in_list && (from < list.row || from >= list.row + list.rows))
			from = -1;
		bytes += row_cost(shown, from, now, row);
	}
	return bytes;
}

/* --- trimming ------------------------------------------------------------------------------ */

void ration_trim(struct ration *r, const struct grid *g, const struct canvas *pane,
		 struct rect list, size_t top)
{
	long moved = (long)top - (long)r->shown_top;
	int last = pane->area.rows;

	if (!r->ends)
		return;
	if (moved < -list.rows || moved > list.rows)
		moved = 0;
	while (last > 0 && ration_cost(&r->shown, g, list, (int)moved) > r->bytes) {
		last--;
		draw_field(pane, last, 0, pane->area.cols, ROLE_TEXT, "");
		r->held = true;
	}
	if (r->held)
		draw_text(pane, last, 1, ROLE_TEXT, "…");
}
