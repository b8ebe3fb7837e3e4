/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_loader: the boot loader that a plan is for, where the machine does not tell.
 *
 * With several set up and no proof which one started the system, the user is asked: a finding
 * blocks until plan_choices.boot_loader says it.
 */
#ifndef CHANGE_PLAN_LOADER_H
#define CHANGE_PLAN_LOADER_H

#include "advice/finding.h"
#include "change/plan.h"
#include "change/situation.h"

#define PLAN_LOADER_CODE "boot-loader"

/* A situation with another boot loader; it borrows everything, and dies with the first one. */
struct plan_situation {
	struct situation situation;
	struct platform platform;
};

/* The situation as the choices have it. */
void plan_with_loader(const struct situation *s, const struct plan_choices *choices,
		      struct plan_situation *ret);
/* Are there several, and no proof? */
bool plan_asks_loader(const struct platform *p) must_check;
/* The names of those that are set up, as boot_loader_name(); appended. */
void plan_loader_names(const struct platform *p, struct strv *ret);
/* BOOT_UNKNOWN: there is none of that name. */
enum boot_loader plan_loader_by_name(const char *name) must_check;
/* Adds the finding that blocks. */
void plan_check_loader(const struct platform *p, struct findings *ret);

#endif
