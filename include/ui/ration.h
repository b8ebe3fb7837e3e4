/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ration: what a cursor move may send, so that the screen follows the keys on a slow line.
 *
 *	ration_begin(&r, clock);		a move was made
 *	ration_keep(&r, &grid, top);		before the next picture is drawn
 *	ration_trim(&r, &grid, &pane, top);	after: takes out the last rows of the pane that are over
 *	ration_wait(&r, clock)			milliseconds until they may follow, or -1
 *
 * Where `bytes` is 0 nothing is rationed. The bytes are an estimate on the safe side of what curses sends to
 * a terminal that can scroll a part of its screen.
 */
#ifndef UI_RATION_H
#define UI_RATION_H

#include <stddef.h>
#include <stdint.h>

#include "ui/draw.h"
#include "ui/grid.h"

#define RATION_BYTES 400    /* for a move on 80x24 */
#define RATION_REST_MS 1000 /* the cursor rests for so long: what was held back follows */

struct ration {
	size_t bytes;      /* that a move may send; 0: as many as it takes */
	int64_t ends;      /* when the last move's ration ends; 0: none runs */
	bool held;         /* the picture lacks something */
	struct grid shown; /* the picture before this one */
	size_t shown_top;  /* the first row of its list */
};

void ration_release(struct ration *r);
void ration_begin(struct ration *r, int64_t now);
/* Any other key: the next picture is whole. */
void ration_end(struct ration *r);
/* Keeps the picture that the terminal shows; `top`: the first row of its list. */
void ration_keep(struct ration *r, const struct grid *g, size_t top, int64_t now);
/* Blanks rows at the end of `pane` until the rest of the picture costs no more than the ration. */
void ration_trim(struct ration *r, const struct grid *g, const struct canvas *pane,
		 struct rect list, size_t top);
int ration_wait(const struct ration *r, int64_t now);

/*
 * About as many bytes as a terminal needs to show `now` in place of `shown`. `moved`: the rows of `list` went up by so
 * many (down: negative).
 */
size_t ration_cost(const struct grid *shown, const struct grid *now, struct rect list, int moved);

#endif
