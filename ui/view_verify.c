/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The promises of the last change, each with its proof or its remedy. */
#include <stdlib.h>

#include "base/mem.h"
#include "change/trial.h"
#include "change/verify.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/page.h"
#include "ui/views.h"

struct verify_page {
	struct checks checks;
	struct err err;
	struct strv keep; /* the command that ends a trial boot; empty when none stands */
	int top;
};

static void make_lines(const struct app *app, const struct verify_page *p, struct lines *ret)
{
	if (p->err.code)
		lines_add(ret, SIGN_BLOCK, ROLE_BLOCK, "%s", p->err.text);
	if (!p->checks.len && !p->err.code)
		lines_add(ret, SIGN_NOTE, ROLE_TEXT, "%s",
			  app->situation->configured.len
				  ? "Devices are configured for vfio-pci, but not by a change in "
				    "vfiotui's journal: "
				    "there is nothing to hold against the machine."
				  : "vfiotui has changed nothing on this machine, so there is "
				    "nothing to check.");
	lines_add_checks(ret, &p->checks);
}

static size_t count_failed(const struct checks *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->len; i++)
		n += c->items[i].state == CHECK_FAILED;
	return n;
}

static void next_text(const struct app *app, const struct verify_page *p,
		      const struct canvas *screen, const struct next_step *step, struct str *ret)
{
	if (checks_hold(&p->checks))
		next_format(step, screen->area.cols < 76, ret);
	else if (p->keep.len && count_failed(&p->checks) == 1 && app_is_root(app))
		str_adds(ret, frame_fit(screen,
					"Next: all is well? Keep it (K). If not, reboot: that is "
					"without passthrough",
					"Next: keep it (K), or reboot"));
	else if (app->options->demo)
		str_adds(ret, frame_fit(screen,
					"Next: the demo runs no commands, so ✗ stays: undo (u), "
					"or go back (q)",
					"Next: undo (u); no commands here"));
	else if (!host_is_live(app->situation->host))
		str_adds(ret, frame_fit(screen,
					"Next: run what stands below each ✗ inside that system, or "
					"undo (u)",
					"Next: run each there, or undo (u)"));
	else
		str_adds(ret,
			 frame_fit(screen,
				   "Next: do what stands below each ✗, or take the change back (u)",
				   "Next: mend each ✗, or undo (u)"));
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct verify_page *p = v->state;
	struct lines lines = LINES_INIT;
	auto_str struct str next = STR_INIT;
	auto_free char *title = app->last.id ? xasprintf("Promises of change %d", app->last.id)
					     : xstrdup("Promises");
	struct next_facts facts = app_facts(app);
	struct next_step step = next_step(&facts);

	make_lines(app, p, &lines);
	next_text(app, p, screen, &step, &next);
	page_draw(app, v, screen, title, checks_hold(&p->checks) ? "" : "not all hold", &lines,
		  &p->top, step.sign, next.data);
	lines_release(&lines);
}

static void run(struct app *app, struct verify_page *p)
{
	checks_release(&p->checks);
	err_clear(&p->err);
	strv_release(&p->keep);
	if (trial_command(app->situation, &p->keep, NULL) < 0)
		strv_release(&p->keep); /* the journal: the checks say what is wrong with it */
	if (verify_run(app->situation, &p->checks, &p->err) < 0)
		return; /* the page says why */
}

static void keep(struct app *app, struct verify_page *p)
{
	struct err err = ERR_INIT;

	if (trial_end(&p->keep, &err) < 0)
		app_say(app, SIGN_BLOCK, "%s", err.text);
	else
		app_say(app, SIGN_OK, "kept: this machine starts with passthrough from now on");
	app_reload(app);
}

static void act(struct app *app, struct view *v, enum action action)
{
	struct verify_page *p = v->state;

	if (page_scroll(app, &p->top, action))
		return;
	if (action == ACTION_KEEP) {
		keep(app, p);
		return;
	}
	app_pop(app);
	if (action == ACTION_UNDO)
		view_preview_open_undo(app);
	else if (action == ACTION_VMS)
		view_vms_open(app);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	const struct verify_page *p = v->state;

	if (action == ACTION_KEEP)
		return p->keep.len && app_is_root(app) && host_is_live(app->situation->host);
	return action != ACTION_UNDO || app_can_undo(app);
}

static void changed(struct app *app, struct view *v)
{
	run(app, v->state);
}

static void close_page(struct view *v)
{
	struct verify_page *p = v->state;

	checks_release(&p->checks);
	strv_release(&p->keep);
	free(p);
}

static const struct view_ops view_verify = {
	.id = VIEW_VERIFY,
	.draw = draw,
	.act = act,
	.can = can,
	.changed = changed,
	.close = close_page,
};

void view_verify_open(struct app *app)
{
	struct verify_page *p = xcalloc(1, sizeof(*p));

	run(app, p);
	app_push(app, &view_verify, p);
}
