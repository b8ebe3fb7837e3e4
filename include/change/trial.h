/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial: a plan that asks for a trial boot, and the word that ends one (config/trial.h).
 *
 * Ending it is no change: no file of the plan is touched, so undo takes back all afterwards as before.
 */
#ifndef CHANGE_TRIAL_H
#define CHANGE_TRIAL_H

#include "change/plan.h"

/* -EOPNOTSUPP with a sentence when the plan asks for a trial that nothing of this machine's chain arranges. */
int trial_check_plan(const struct plan *p, struct err *reterr) must_check;
/* Appends the command that ends the trial of the last change; nothing when none stands. */
int trial_command(const struct situation *s, struct strv *ret, struct err *reterr) must_check;
/* Runs it. An error says that the trial still stands. */
int trial_end(const struct strv *command, struct err *reterr) must_check;

#endif
