/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trial: a boot that falls back by itself; shared by the targets that arrange one.
 *
 * With wish.trial the next boot takes the usual entry, and each one after it the entry without
 * passthrough (config/way_back.h), until "vfiotui keep" has said that all is well. So a machine
 * whose screen stays dark needs no more than its reset button. Each target that arranges it owns a
 * token that begins with TRIAL_TOKEN, so that a plan knows that there will be a trial.
 */
#ifndef CONFIG_TRIAL_H
#define CONFIG_TRIAL_H

#include "config/target.h"

#define TRIAL_TOKEN "trial_"

/* Where the trial stands: the next boot is it; it was, and nothing has been said since; none stands. */
enum trial { TRIAL_AHEAD, TRIAL_OPEN, TRIAL_OVER };

/* Adds the check that the trial was confirmed; of a system that is not running nobody can tell. */
void trial_check(const struct target_context *ctx, enum trial where, struct checks *ret);

#endif
