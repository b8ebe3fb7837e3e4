/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The promises of the last change, each with its proof or its remedy. */
#include <stdlib.h>

#include "base/mem.h"
#include "change/verify.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/page.h"
#include "ui/views.h"

struct verify_page {
	struct checks checks;
	struct err err;
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
	if (checks_hold(&p->checks))
		next_format(&step, screen->area.cols < 76, &next);
	else
		str_adds(&next,
			 frame_fit(screen,
				   "Next: do what stands below each ✗, or take the change back (u)",
				   "Next: mend each ✗, or undo (u)"));
	page_draw(app, v, screen, title, checks_hold(&p->checks) ? "" : "not all hold", &lines,
		  &p->top, step.sign, next.data);
	lines_release(&lines);
}

static void run(struct app *app, struct verify_page *p)
{
	checks_release(&p->checks);
	err_clear(&p->err);
	if (verify_run(app->situation, &p->checks, &p->err) < 0)
		return; /* the page says why */
}

static void act(struct app *app, struct view *v, enum action action)
{
	struct verify_page *p = v->state;

	if (page_scroll(app, &p->top, action))
		return;
	app_pop(app);
	if (action == ACTION_UNDO)
		view_preview_open_undo(app);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	(void)v;
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
