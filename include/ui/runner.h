/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner: a plan being applied, step by step, without a screen and without waiting.
 *
 *	r = runner_new(situation, plan);	writes the files, starts the first command
 *	runner_fd(r)				poll it for reading
 *	runner_ready(r)				takes output; at a command's end starts the next
 *	runner_is_done(r)			then r->failed, r->checks, situation_reload()
 *	runner_free(r)
 */
#ifndef UI_RUNNER_H
#define UI_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "change/apply.h"
#include "change/plan.h"
#include "change/situation.h"
#include "config/target.h"
#include "host/process.h"

enum step_state { STEP_WAITING, STEP_RUNNING, STEP_DONE, STEP_FAILED, STEP_NOT_RUN };

/* One row of the screen: a file, or a command. */
struct runner_step {
	char *what;
	char *why;
	enum step_state state;
	int status;      /* of a command */
	int64_t started; /* milliseconds, monotonic */
	int64_t took;
};

struct runner {
	struct situation *situation; /* not owned */
	struct plan *plan;           /* owned */
	struct apply *apply;
	struct runner_step *steps;
	size_t len;
	size_t files; /* the first so many steps are files */
	size_t at;    /* the running step */
	struct process process;
	struct str output; /* of the running command, or the last one that ran */
	bool written;      /* all files are in place */
	bool done;         /* nothing more happens */
	bool failed;       /* a command failed, or err is set */
	bool stopped;      /* by the user */
	int id;            /* of the change in the journal; 0: none was begun */
	struct err err;    /* why nothing was written, or why the end could not be recorded */
	struct checks checks;
};

/* Takes the plan. Never NULL: what goes wrong is in r->err. */
struct runner *runner_new(struct situation *s, struct plan *plan) must_check;
void runner_free(struct runner *r); /* NULL is fine; kills nothing: call it when done */
int runner_fd(const struct runner *r);
/* Milliseconds until runner_ready() is to be called also when nothing was said. */
int runner_wait(const struct runner *r);
/* Takes what the command said; goes on to the next one when it has ended, whoever still holds its output. */
void runner_ready(struct runner *r);
/* Asks the running command to end; it then counts as failed. */
void runner_stop(struct runner *r);
/* Milliseconds of a monotonic clock. */
int64_t runner_clock(void);

#endif
