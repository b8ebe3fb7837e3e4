/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/runner.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/shell.h"

#define SLOW_MS 1000 /* files are written at once; it is worth a word when they are not */

int64_t runner_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void list_steps(struct runner *r)
{
	const struct changes *c = &r->plan->changes;

	r->files = c->len;
	r->len = c->len + c->commands_len;
	r->steps = xcalloc(r->len + 1, sizeof(*r->steps));
	for (size_t i = 0; i < c->len; i++) {
		r->steps[i].what = xasprintf("%s %s", edit_action(&c->edits[i]), c->edits[i].path);
		r->steps[i].why = xstrdup(c->edits[i].why);
	}
	for (size_t i = 0; i < c->commands_len; i++) {
		struct str words = STR_INIT;

		shell_join(&words, &c->commands[i].argv);
		r->steps[c->len + i].what = str_take(&words);
		r->steps[c->len + i].why = xstrdup(c->commands[i].why);
	}
}

/* From the running step on nothing is run any more. */
static void skip_the_rest(struct runner *r)
{
	for (size_t i = r->at; i < r->len; i++)
		if (r->steps[i].state == STEP_WAITING)
			r->steps[i].state = STEP_NOT_RUN;
}

static void finish(struct runner *r)
{
	struct err err = ERR_INIT;

	skip_the_rest(r);
	if (r->apply && apply_end(r->apply, &err) < 0 && !r->err.code)
		r->err = err;
	r->failed = r->failed || r->err.code;
	apply_free(r->apply);
	r->apply = NULL;
	r->done = true;
}

/* Records how the command of the current step ended. */
static void report(struct runner *r, int status)
{
	struct runner_step *step = &r->steps[r->at];

	step->took = runner_clock() - step->started;
	step->status = status;
	step->state = status ? STEP_FAILED : STEP_DONE;
	r->failed = r->failed || status;
	apply_report(r->apply, status, r->output.data, r->output.len);
	r->at++;
}

/* Starts commands until one runs; at the end finishes. */
static void start_next(struct runner *r)
{
	const struct command *c;

	while ((c = apply_next(r->apply)) != NULL && host_is_live(r->situation->host)) {
		struct runner_step *step = &r->steps[r->at];
		struct err err = ERR_INIT;

		str_clear(&r->output);
		step->started = runner_clock();
		if (process_spawn(&r->process, &c->argv, &err) == 0) {
			step->state = STEP_RUNNING;
			return;
		}
		str_adds(&r->output, err.text);
		report(r, 127);
	}
	finish(r);
}

static int write_files(struct runner *r)
{
	int64_t started = runner_clock(), took;
	int rc = apply_begin(r->situation->host, r->plan, &r->apply, &r->err);

	if (rc == 0) {
		r->id = apply_id(r->apply);
		rc = apply_write(r->apply, &r->err);
	}
	r->written = rc == 0;
	took = runner_clock() - started;
	for (size_t i = 0; i < r->files; i++) {
		r->steps[i].state = rc == 0 ? STEP_DONE : STEP_FAILED;
		r->steps[i].took = i == 0 && took >= SLOW_MS ? took : 0;
	}
	return rc;
}

struct runner *runner_new(struct situation *s, struct plan *plan)
{
	struct runner *r = xcalloc(1, sizeof(*r));

	r->situation = s;
	r->plan = plan;
	r->process = (struct process)PROCESS_INIT;
	str_init(&r->output);
	list_steps(r);
	r->at = r->files;
	if (write_files(r) == 0) {
		start_next(r);
	} else {
		r->failed = true;
		finish(r);
	}
	return r;
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	apply_free(r->apply);
	for (size_t i = 0; i < r->len; i++) {
		free(r->steps[i].what);
		free(r->steps[i].why);
	}
	free(r->steps);
	str_release(&r->output);
	checks_release(&r->checks);
	plan_free(r->plan);
	free(r);
}

/* Its output may end before it does, and be held open after it: then only asking tells. */
int runner_wait(const struct runner *r)
{
	return r->process.fd < 0 ? 10 : 200;
}

int runner_fd(const struct runner *r)
{
	return r->done ? -1 : r->process.fd;
}

void runner_ready(struct runner *r)
{
	bool ended;

	if (r->done)
		return;
	/* Asked first: what it said up to its end is in the pipe then. */
	ended = process_has_ended(&r->process);
	(void)!process_read(&r->process,
			    &r->output); /* a pipe that fails is closed, as at its end */
	if (!ended)
		return;
	report(r, process_reap(&r->process));
	start_next(r);
}

void runner_stop(struct runner *r)
{
	if (r->done)
		return;
	r->stopped = true;
	process_signal(&r->process, SIGTERM);
}
