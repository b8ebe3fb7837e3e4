/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply: writes a plan as one transaction, then hands out its commands.
 *
 *	apply_begin(host, plan, &a, &err)	lock, compare with the previewed bytes, journal, stage
 *	apply_write(a, &err)			rename all in place; on an error the former bytes are put back
 *	while ((c = apply_next(a)))		the caller runs c->argv (host/process.h), streams its output
 *		apply_report(a, status, output)
 *	apply_end(a, &err)			journal: done or failed; unlock
 *	apply_free(a)
 * On a host that is not live the commands are handed out as "to be run", never run.
 * A failed command never triggers a silent roll-back: the state is said, undo offered.
 */
#ifndef CHANGE_APPLY_H
#define CHANGE_APPLY_H

#include <stdbool.h>

#include "base/err.h"
#include "change/plan.h"
#include "host/host.h"

struct apply;

/* The lock under which one process at a time changes files and journal: a fd to close, or a negative errno. */
int apply_lock(const struct host *host, struct err *reterr) must_check;
/*
 * Is a process changing files and journal now? *ret_who says which, as host_lock_is_held() does. What the journal
 * calls unfinished is then being done; the answer is old at once.
 */
bool apply_is_running(const struct host *host, struct str *ret_who) must_check;

/* The plan must outlive the apply. An interrupted change is refused until undo_recover() has repaired it. */
int apply_begin(const struct host *host, const struct plan *plan, struct apply **ret,
		struct err *reterr) must_check;
/* On an error all files have their former bytes again, or the sentence says that they have not. */
int apply_write(struct apply *a, struct err *reterr) must_check;
/* The next command to run, or NULL at the end or after a failure. */
const struct command *apply_next(struct apply *a);
/* Result of the command that apply_next() gave, with all its output. */
void apply_report(struct apply *a, int status, const char *output, size_t len);
bool apply_failed(const struct apply *a); /* a command ended with a status other than 0 */
/* Commands not run by then (the caller stopped) leave the change unfinished; the next plan has them again. */
int apply_end(struct apply *a, struct err *reterr) must_check;
void apply_free(struct apply *a); /* before apply_write(): removes all temporaries; NULL is fine */
int apply_id(const struct apply *a); /* of the journal's record; 0 when the plan was empty */

#endif
