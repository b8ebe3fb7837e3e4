/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * term: the terminal: the only room that knows curses.
 *
 *	terminal_open(options, &t, &err);
 *	terminal_draw(t, &grid);		sends the cells that changed
 *	while (terminal_read(t, &input)) ...	takes what was typed, without waiting
 *	terminal_close(t);			gives the terminal back as it was
 *
 * A handler for crash signals gives it back, too, and lets the signal do its work.
 */
#ifndef UI_TERM_H
#define UI_TERM_H

#include <stdbool.h>

#include "base/err.h"
#include "ui/app.h"
#include "ui/draw.h"
#include "ui/grid.h"

struct terminal;

/* -ENOTTY when stdin or stdout is no terminal, -ENOTSUP when its type is unknown. */
int terminal_open(const struct ui_options *o, struct terminal **ret, struct err *reterr) must_check;
void terminal_close(struct terminal *t); /* NULL is fine */
enum charset terminal_charset(const struct terminal *t);
/* Asks the kernel for the size and adapts to it. */
void terminal_size(struct terminal *t, int *ret_rows, int *ret_cols);
void terminal_draw(struct terminal *t, const struct grid *g);
/* The next draw sends everything. */
void terminal_forget(struct terminal *t);
bool terminal_read(struct terminal *t, struct input *ret);
/* Gives the terminal back for a while; terminal_resume() takes it again. */
void terminal_suspend(struct terminal *t);
void terminal_resume(struct terminal *t);

#endif
