/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * undo: a plan with before and after exchanged, and the repair of an interrupted change.
 *
 * Undo refuses a file whose bytes are not those the change wrote: somebody edited it
 * since; the sentence names it. The plan is applied like any other (change/apply.h).
 */
#ifndef CHANGE_UNDO_H
#define CHANGE_UNDO_H

#include "base/err.h"
#include "change/journal.h"
#include "change/plan.h"
#include "host/host.h"

/* The plan that takes back change `id`, or the last one that stands when `id` is 0; -ENOENT when there is none. */
int undo_plan(const struct host *host, int id, struct plan **ret, struct err *reterr) must_check;

enum recovery { RECOVERY_NONE, RECOVERY_TAKEN_BACK, RECOVERY_FINISHED, RECOVERY_NEEDED };

/*
 * Looks for a change that was interrupted. With `repair`, files partly written are put back to their former bytes;
 * one whose files were all in place is completed. `ret_text` says in a sentence what was found and done.
 */
int undo_recover(const struct host *host, bool repair, enum recovery *ret, struct str *ret_text,
		 struct err *reterr) must_check;

#endif
