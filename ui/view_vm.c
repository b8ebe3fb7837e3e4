/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One VM while it runs: what QEMU says of the guest, the devices it was given, the last lines of its log. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/layout.h"
#include "ui/lines.h"
#include "ui/page.h"
#include "ui/views.h"
#include "ui/vm_act.h"
#include "vm/start.h"

#define TAIL_BYTES 8192
#define LOG_BYTES 262144

struct page {
	char *name;
	int top;
};

static struct vm_entry *entry(struct app *app, const struct page *p)
{
	const size_t i = vms_find(&app->vms, p->name);

	return i < app->vms.len ? &app->vms.items[i] : NULL;
}

static void add_log(struct app *app, const char *name, size_t bytes, struct lines *ret)
{
	auto_str struct str log = STR_INIT;
	struct err err = ERR_INIT;

	if (!app->vms.live)
		lines_add(ret, SIGN_NOTE, ROLE_DIM, "It runs on its own machine only.");
	else if (vm_log_tail(name, bytes, &log, &err) < 0)
		lines_add(ret, SIGN_NONE, ROLE_DIM, "There is no log yet.");
	else
		lines_add_tail(ret, &log);
	if (app->vms.live && !err.code && !log.len)
		lines_add(ret, SIGN_NONE, ROLE_DIM, "Nothing was said yet.");
}

/* --- drawing ---------------------------------------------------------------------------- */

static void draw_log(struct app *app, const struct page *p, const struct canvas *rule,
		     const struct canvas *pane)
{
	struct lines lines = LINES_INIT;
	struct canvas none = canvas_part(pane, (struct rect){0, 0, 0, pane->area.cols});
	int rows;

	add_log(app, p->name, TAIL_BYTES, &lines);
	rows = lines_draw(&lines, &none, 0);
	lines_draw(&lines, pane, rows > pane->area.rows ? rows - pane->area.rows : 0);
	lines_release(&lines);
	draw_rule(rule, 0, "Log", "o: all of it");
}

static const char *next_of(const struct vm_entry *e)
{
	const struct vm_run *r = &e->watch.run;

	if (e->launched || r->state == VM_RUN_PREPARING)
		return "it is being started";
	if (r->state == VM_RUN_ENDING)
		return "it has ended; the launch script cleans up";
	if (r->state != VM_RUN_GUEST)
		return r->has_end && r->end_status ? "see why in the log (o), then launch again (l)"
						   : "launch it (l), or go back (q)";
	switch (r->guest) {
	case GUEST_PAUSED:
		return "let it go on (P)";
	case GUEST_STOPPING:
		return "wait for the guest, or switch it off (K)";
	case GUEST_PANICKED:
	case GUEST_FAILED:
		return "see the log (o), switch it off (K)";
	case GUEST_UNKNOWN:
		return "wait, or switch it off (K)";
	case GUEST_STARTING:
	case GUEST_RUNNING:
	case GUEST_SUSPENDED:
	case GUEST_OFF:
	case GUEST_STATES:
		break;
	}
	return "go back, it runs on (q); shut it down (s)";
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct page *p = v->state;
	struct layout l = layout_compute(
		app->grid.rows, app->grid.cols,
		&(struct layout_wish){
			.details = true, .below = true, .details_rows = app->grid.rows / 2 - 3});
	struct canvas title = canvas_part(screen, l.title);
	struct canvas rule = canvas_part(screen, l.list_rule);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas log_rule = canvas_part(screen, l.details_rule);
	struct canvas log = canvas_part(screen, l.details);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	struct vm_entry *e = entry(app, p);
	struct lines lines = LINES_INIT;
	auto_str struct str uptime = STR_INIT;
	auto_free char *text = xasprintf("Next: %s", e ? next_of(e) : "go back (q)");
	int rows;

	if (e) {
		vm_entry_uptime(e, &uptime);
		vm_details(app, e, &lines);
	} else {
		lines_add(&lines, SIGN_WARN, ROLE_WARN, "%s is not described any more.", p->name);
	}
	frame_title(app, &title);
	draw_rule(&rule, 0, p->name, uptime.data);
	rows = lines_draw(&lines, &list, p->top);
	if (p->top > 0 &&
	    p->top > rows - list.area.rows) { /* End goes no further than the last line */
		p->top = rows > list.area.rows ? rows - list.area.rows : 0;
		frame_clear(&list);
		lines_draw(&lines, &list, p->top);
	}
	lines_release(&lines);
	draw_log(app, p, &log_rule, &log);
	frame_next(app, &next, SIGN_NONE, text, "");
	frame_keys(app, v, &keys);
}

/* --- the view ------------------------------------------------------------------------------ */

static void act(struct app *app, struct view *v, enum action action)
{
	struct page *p = v->state;
	struct vm_entry *e = entry(app, p);

	if (action == ACTION_BACK)
		app_pop(app);
	else if (!page_scroll(app, &p->top, action) && e)
		vm_act(app, e, action);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	const struct page *p = v->state;
	const size_t i = vms_find(&app->vms, p->name);

	return vm_can(app, i < app->vms.len ? &app->vms.items[i] : NULL, action);
}

static void close_page(struct view *v)
{
	struct page *p = v->state;

	free(p->name);
	free(p);
}

static const struct view_ops view_vm = {
	.id = VIEW_VM,
	.draw = draw,
	.act = act,
	.can = can,
	.close = close_page,
};

static struct page *page_new(const char *name, int top)
{
	struct page *p = xcalloc(1, sizeof(*p));

	p->name = xstrdup(name);
	p->top = top;
	return p;
}

void view_vm_open(struct app *app, const char *name)
{
	app_push(app, &view_vm, page_new(name, 0));
}

/* --- the whole log ----------------------------------------------------------------------------- */

static void draw_all(struct app *app, struct view *v, const struct canvas *screen)
{
	struct page *p = v->state;
	struct lines lines = LINES_INIT;
	auto_free char *title = xasprintf("Log of %s", p->name);
	auto_free char *path = vm_log_path(p->name);

	add_log(app, p->name, LOG_BYTES, &lines);
	page_draw(app, v, screen, title, app->vms.live ? path : "", &lines, &p->top, SIGN_NONE,
		  "Next: back (q)");
	lines_release(&lines);
}

static void act_log(struct app *app, struct view *v, enum action action)
{
	struct page *p = v->state;

	if (!page_scroll(app, &p->top, action))
		app_pop(app);
}

static const struct view_ops view_vm_log = {
	.id = VIEW_VM_LOG,
	.draw = draw_all,
	.act = act_log,
	.close = close_page,
};

void view_vm_log_open(struct app *app, const char *name)
{
	app_push(app, &view_vm_log, page_new(name, GRID_MAX)); /* from its end */
}
