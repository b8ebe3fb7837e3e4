/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change being written: each step with its sign and time, the command's last lines, then the promises. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/journal.h"
#include "change/verify.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/layout.h"
#include "ui/lines.h"
#include "ui/views.h"

struct page {
	int top;
	bool scrolled; /* by the user: stays where it is */
};

/* --- what the page says ---------------------------------------------------------------------------- */

static void add_step(const struct runner_step *s, struct lines *l)
{
	static const enum sign signs[] = {
		[STEP_WAITING] = SIGN_NONE, [STEP_RUNNING] = SIGN_CHANGE, [STEP_DONE] = SIGN_OK,
		[STEP_FAILED] = SIGN_BLOCK, [STEP_NOT_RUN] = SIGN_NOTE,
	};
	int64_t took = s->state == STEP_RUNNING ? runner_clock() - s->started : s->took;
	auto_free char *time = took >= 50 ? xasprintf("  %.1f s", (double)took / 1000)
					  : xstrdup("");
	auto_free char *status = s->status ? xasprintf("  status %d", s->status) : xstrdup("");

	lines_add(l, signs[s->state],
		  s->state == STEP_WAITING || s->state == STEP_NOT_RUN ? ROLE_DIM : ROLE_TEXT,
		  "%s%s%s%s%s", s->state == STEP_WAITING ? "  " : "", s->what, time, status,
		  s->state == STEP_NOT_RUN ? "  not run" : "");
}

static void add_verdict(const struct runner *r, bool demo, struct lines *l)
{
	auto_free char *log = journal_log_path(r->id);

	if (!r->done)
		return;
	lines_add(l, SIGN_NONE, ROLE_TEXT, " ");
	if (r->err.code)
		lines_add(l, SIGN_BLOCK, ROLE_BLOCK, "%s", r->err.text);
	else if (r->failed)
		lines_add(l, SIGN_BLOCK, ROLE_BLOCK,
			  "A command %s. All files are %s and stay so. %s Full output: %s",
			  r->stopped ? "was stopped" : "failed",
			  r->plan->undoes || r->plan->resumes ? "back" : "written",
			  r->plan->undoes || r->plan->resumes
				  ? "u runs what is left of the undo again."
				  : "u takes the whole change back; applying again runs the "
				    "commands again.",
			  log);
	else
		lines_add(l, SIGN_OK, ROLE_OK, "%s%s",
			  r->plan->undoes ? "The change is taken back." : "Everything is written.",
			  r->len == r->files                 ? ""
			  : host_is_live(r->situation->host) ? ""
			  : demo                             ? " The demo runs no commands."
				 : " The commands are not run here: run them inside that system.");
	lines_add(l, SIGN_NONE, ROLE_TEXT, " ");
	if (r->checks.len)
		lines_add(l, SIGN_NONE, ROLE_TITLE, "What was promised");
	lines_add_checks(l, &r->checks);
}

static void make_lines(const struct runner *r, bool demo, struct lines *ret)
{
	for (size_t i = 0; i < r->len; i++)
		add_step(&r->steps[i], ret);
	add_verdict(r, demo, ret);
}

/* --- drawing --------------------------------------------------------------------------------------------- */

static struct layout layout(const struct app *app)
{
	bool output = !app->runner->done || app->runner->failed;
	int rows = (app->grid.rows - 5) / (app->runner->done ? 4 : 2);

	if (app->runner->output.len == 0)
		output = false;
	return layout_compute(
		app->grid.rows, app->grid.cols,
		&(struct layout_wish){.details = output, .below = true, .details_rows = rows});
}

static void draw_output(const struct app *app, const struct canvas *screen, const struct layout *l)
{
	struct canvas rule = canvas_part(screen, l->details_rule);
	struct canvas pane = canvas_part(screen, l->details);
	struct lines lines = LINES_INIT;
	struct canvas none = canvas_part(&pane, (struct rect){0, 0, 0, pane.area.cols});
	int rows;

	if (!pane.area.rows)
		return;
	lines_add_tail(&lines, &app->runner->output);
	rows = lines_draw(&lines, &none, 0);
	lines_draw(&lines, &pane, rows > pane.area.rows ? rows - pane.area.rows : 0);
	lines_release(&lines);
	draw_rule(&rule, 0, "Output", "");
}

/* Returns how many rows there are below what is shown. */
static int draw_steps(struct page *p, const struct app *app, const struct canvas *list)
{
	const struct runner *r = app->runner;
	struct lines lines = LINES_INIT;
	struct canvas none = canvas_part(list, (struct rect){0, 0, 0, list->area.cols});
	int rows, most;

	make_lines(r, app->options->demo, &lines);
	rows = lines_draw(&lines, &none, 0);
	most = rows > list->area.rows ? rows - list->area.rows : 0;
	if (!p->scrolled)
		p->top = r->done && !r->failed ? 0 : most; /* where the news is */
	if (p->top > most)
		p->top = most;
	lines_draw(&lines, list, p->top);
	lines_release(&lines);
	return most - p->top;
}

static enum sign next_text(const struct app *app, const struct canvas *screen, struct str *ret)
{
	const struct runner *r = app->runner;
	struct next_facts facts = app_facts(app);
	struct next_step step = next_step(&facts);

	if (!r->done) {
		str_adds(
			ret,
			frame_fit(
				screen,
				"a command runs; wait for its end (Ctrl-C asks whether to stop it)",
				"wait (Ctrl-C: stop?)"));
		return SIGN_CHANGE;
	}
	if (r->failed) {
		str_adds(ret, r->written ? frame_fit(screen,
						     "Next: take it back (u), or mend the cause "
						     "and write again (q)",
						     "Next: mend it, or undo (u)")
					 : frame_fit(screen,
						     "Next: nothing was changed; mend the cause "
						     "and try again (q)",
						     "Next: mend it, try again (q)"));
		return SIGN_BLOCK;
	}
	next_format(&step, screen->area.cols < 76, ret);
	return step.sign;
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct layout l = layout(app);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas rule = canvas_part(screen, l.list_rule);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	const struct runner *r = app->runner;
	auto_str struct str text = STR_INIT;
	auto_free char *heading = r->id ? xasprintf("Change %d", r->id) : xstrdup("Change");
	const char *state = !r->done ? "running" : r->failed ? "failed" : "done";
	enum sign sign = next_text(app, screen, &text);
	auto_free char *more = NULL;
	int below;

	frame_title(app, &title);
	below = draw_steps(v->state, app, &list);
	if (below)
		more = xasprintf("%s ─ %d more (PgDn)", state, below);
	draw_rule(&rule, 0, heading, more ? more : state);
	draw_output(app, screen, &l);
	frame_next(app, &next, sign, text.data, "");
	frame_keys(app, v, &keys);
}

/* --- acting ------------------------------------------------------------------------------------------------ */

static void scroll(struct page *p, int by)
{
	p->scrolled = true;
	p->top = p->top + by < 0 ? 0 : p->top + by;
}

static void leave(struct app *app)
{
	if (app_is_busy(app)) {
		app_say(app, SIGN_CHANGE, "the command still runs; Ctrl-C asks whether to stop it");
		return;
	}
	app_pop(app);
	runner_free(app->runner);
	app->runner = NULL;
}

static void act(struct app *app, struct view *v, enum action action)
{
	static const struct {
		enum action action;
		int by;
	} moves[] = {
		{ACTION_UP, -1},       {ACTION_DOWN, 1},         {ACTION_PAGE_UP, -8},
		{ACTION_PAGE_DOWN, 8}, {ACTION_HOME, -GRID_MAX}, {ACTION_END, GRID_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		if (moves[i].action == action) {
			scroll(v->state, moves[i].by);
			return;
		}
	leave(app);
	if (app->runner)
		return;
	if (action == ACTION_UNDO)
		view_preview_open_undo(app);
	else if (action == ACTION_VMS)
		view_vms_open(app);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	(void)v;
	if (action == ACTION_UNDO)
		return !app_is_busy(app) && app_can_undo(app);
	return action == ACTION_HELP || !app_is_busy(app);
}

static void close_page(struct view *v)
{
	free(v->state);
}

static const struct view_ops view_apply = {
	.id = VIEW_APPLY,
	.draw = draw,
	.act = act,
	.can = can,
	.close = close_page,
};

void view_apply_open(struct app *app, struct plan *plan)
{
	runner_free(app->runner);
	app->runner = runner_new(app->situation, plan);
	app_push(app, &view_apply, xcalloc(1, sizeof(struct page)));
	if (app->runner->done)
		view_apply_finished(app);
}

void view_apply_finished(struct app *app)
{
	struct runner *r = app->runner;
	struct err err = ERR_INIT;
	bool undone = r->plan->undoes && !r->err.code;

	app_reload(app);
	if (undone) {
		selection_copy(&app->tree.marks, &app->situation->configured);
		app_marked(app);
	}
	if (!r->err.code && !r->failed && verify_run(app->situation, &r->checks, &err) < 0)
		app_say(app, SIGN_BLOCK, "%s", err.text);
}

static void stop(struct app *app, void *data)
{
	(void)data;
	if (app_is_busy(app))
		runner_stop(app->runner);
}

void view_apply_interrupt(struct app *app)
{
	auto_free char *text = xasprintf("%s is running. Stopped in the middle it counts as "
					 "failed: all files stay written, and undo "
					 "(u) takes the change back.\nStop it?",
					 app->runner->steps[app->runner->at].what);

	view_ask_open(app, "Stop the command", text, stop, NULL);
}
