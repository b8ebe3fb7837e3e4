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

/* The plan that takes back change `id`, or the last one that stands when `id` is 0; -ENOENT when
 * there is none, -ESTALE when somebody edited a file since, -EBUSY when another change must be taken back first. */
int undo_plan(const struct host *host, int id, struct plan **ret, struct err *reterr) must_check;

/*
 * After undo_plan() gave -ESTALE: appends, for each file of that change that somebody edited, where its three versions
 * are and what was edited, as unified diffs.
 */
int undo_conflicts(const struct host *host, int id, struct str *ret, struct err *reterr) must_check;

enum recovery {
	RECOVERY_NONE,       /* nothing was interrupted */
	RECOVERY_TAKEN_BACK, /* a change: its files have their former bytes; nothing is left to do */
	RECOVERY_FINISHED,   /* an undo: it is complete; nothing is left to do */
	RECOVERY_RUNNING,    /* not `repair`: another process is writing the files just now; wait */
	RECOVERY_NEEDED,     /* not `repair`: something was interrupted. `repair`: an interrupted
				undo's files are in place, undo_plan() now gives its commands */
};

/*
 * Looks for a change that was interrupted while its files were written. With `repair` (takes the lock), a change is
 * taken back, since none of its commands ran yet; an undo is carried on, since that is what was asked for. Leftover
 * temporaries and directories go. A file that holds neither the former nor the new bytes is somebody else's work:
 * then nothing is touched, and the sentence names it. `ret_text` says in a sentence what was found and done.
 */
int undo_recover(const struct host *host, bool repair, enum recovery *ret, struct str *ret_text,
		 struct err *reterr) must_check;

#endif
