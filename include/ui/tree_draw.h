/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree_draw: the rows of the tree as columns, by the width there is. */
#ifndef UI_TREE_DRAW_H
#define UI_TREE_DRAW_H

#include "ui/app.h"
#include "ui/layout.h"

/* The parts of the main screen at its size. */
struct layout tree_layout(const struct app *app);
/* Draws the rows from tree.top on. */
void tree_draw(const struct app *app, const struct canvas *list);
/* Is this column of a row inside its mark box? */
bool tree_draw_is_box(const struct app *app, size_t index, int col);

#endif
