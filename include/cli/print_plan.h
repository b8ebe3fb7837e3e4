/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * print_plan: what plan, apply and undo show before anything is written.
 */
#ifndef CLI_PRINT_PLAN_H
#define CLI_PRINT_PLAN_H

#include "change/plan.h"
#include "cli/print.h"

/* Findings, the difference of every file, the commands, notes. Sentences are wrapped; differences and commands are not. */
void print_plan(struct printer *p, const struct plan *plan);
/* The findings alone, and an empty line when there are some. */
void print_plan_findings(struct printer *p, const struct plan *plan);

#endif
