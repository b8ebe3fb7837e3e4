/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell_eval: what the assignments of a parsed file come to, one after another.
 *
 * Expansion rules: POSIX.1-2017 XCU 2.6; for arrays and += the bash manual, "Arrays" and
 * "Shell Parameters". Only $NAME, ${NAME}, ${NAME[@]} and quotes are evaluated; a value
 * with anything else is unknown, and so is one that names an unknown variable.
 */
#ifndef CONFIG_SHELL_EVAL_H
#define CONFIG_SHELL_EVAL_H

#include "config/shell_vars.h"

/* Fills item->words and item->literal of one assignment from its own text alone. */
void shell_eval_literal(const struct shell_vars *v, struct shell_assignment *item);
/* Runs all assignments; true with the value of `name` when it is known at the end. */
bool shell_eval(const struct shell_vars *v, const char *name, struct strv *ret) must_check;
/* True when the file makes the name an array anywhere; a string then goes to its element 0. */
bool shell_is_ever_array(const struct shell_vars *v, const char *name);

#endif
