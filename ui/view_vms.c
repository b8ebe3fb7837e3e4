/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of virtual machines: what each does, and the keys that change that. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/layout.h"
#include "ui/lines.h"
#include "ui/views.h"
#include "ui/vm_act.h"

struct page {
	int at, top;
};

static struct layout layout(const struct app *app)
{
	return layout_compute(app->grid.rows, app->grid.cols,
			      &(struct layout_wish){.details = true, .below = true});
}

static struct vm_entry *entry(struct app *app, const struct page *p)
{
	return (size_t)p->at < app->vms.len ? &app->vms.items[p->at] : NULL;
}

/* --- drawing ---------------------------------------------------------------------------- */

static void draw_row(const struct app *app, const struct page *p, const struct canvas *list, int y)
{
	const struct vm_entry *e = &app->vms.items[p->top + y];
	const bool narrow = list->area.cols < LAYOUT_NARROW_COLS;
	const int name = narrow ? 14 : 20;
	auto_str struct str state = STR_INIT;
	auto_str struct str devices = STR_INIT;
	auto_str struct str uptime = STR_INIT;
	auto_free char *memory = xasprintf("%llu MiB", (unsigned long long)e->profile.memory_mib);
	enum sign sign = vm_entry_state(&app->vms, e, &state);
	int col = draw_sign(list, y, 1, sign) + 1;

	vm_entry_devices(e, &devices);
	vm_entry_uptime(e, &uptime);
	col = draw_field(list, y, col, name, ROLE_TEXT, e->name) + 1;
	if (!narrow) {
		col = draw_field(list, y, col, list->area.cols - 63, ROLE_DIM,
				 devices.len ? devices.data : "no devices") +
		      1;
		col = draw_field(list, y, col, 10, ROLE_DIM, memory) + 1;
	}
	col = draw_field(list, y, col, narrow ? list->area.cols - col : 18,
			 sign == SIGN_NONE ? ROLE_DIM : sign_role(sign), state.data);
	if (!narrow)
		draw_field(list, y, col + 1, list->area.cols - col - 1, ROLE_DIM, uptime.data);
	if (p->top + y == p->at)
		draw_cursor(list, y, 0, list->area.cols);
}

static void draw_details(struct app *app, const struct page *p, const struct canvas *pane)
{
	struct vm_entry *e = entry(app, p);
	struct lines lines = LINES_INIT;

	if (e)
		vm_details(app, e, &lines);
	else if (app->vms.err.code)
		lines_add(&lines, SIGN_BLOCK, ROLE_BLOCK, "%s", app->vms.err.text);
	else
		lines_add(&lines, SIGN_NONE, ROLE_TEXT,
			  "A VM is described in one file, %s/NAME" VM_SUFFIX
			  ", and started by a script that stands alone. n opens a form for a new "
			  "one; the devices that are handed over are in it already.",
			  VM_DIR);
	lines_draw(&lines, pane, 0);
	lines_release(&lines);
}

static char *next_text(const struct app *app, const struct vm_entry *e, bool brief,
		       enum sign *ret_sign)
{
	*ret_sign = SIGN_NONE;
	if (!e)
		return xstrdup("Next: make a VM (n)");
	if (e->err.code || e->problems.len) {
		*ret_sign = SIGN_WARN;
		return xstrdup("Next: mend what its file says (e)");
	}
	if (!app->vms.live)
		return xstrdup(brief ? "Next: change it (e)"
				     : "Next: change it (e); it runs on its own machine only");
	if (vm_entry_is_on(e)) {
		*ret_sign = SIGN_OK;
		return xasprintf("Next: see how %s does (Enter)", e->name);
	}
	return xasprintf("Next: launch %s (l)", e->name);
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct page *p = v->state;
	struct layout l = layout(app);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas rule = canvas_part(screen, l.list_rule);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas pane_rule = canvas_part(screen, l.details_rule);
	struct canvas pane = canvas_part(screen, l.details);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	struct vm_entry *e = entry(app, p);
	auto_free char *count = xasprintf("%zu", app->vms.len);
	enum sign sign;
	auto_free char *text = next_text(app, e, screen->area.cols < LAYOUT_NARROW_COLS, &sign);

	frame_title(app, &title);
	draw_rule(&rule, 0, "Virtual machines", count);
	frame_scroll(&p->top, p->at, list.area.rows, (int)app->vms.len);
	for (int y = 0; y < list.area.rows && p->top + y < (int)app->vms.len; y++)
		draw_row(app, p, &list, y);
	if (!app->vms.len)
		draw_text(&list, 0, 3, ROLE_DIM, "There is no VM yet.");
	draw_rule(&pane_rule, 0, e ? e->name : "", "");
	draw_details(app, p, &pane);
	frame_next(app, &next, sign, text, "");
	frame_keys(app, v, &keys);
}

/* --- acting -------------------------------------------------------------------------------- */

static void move(struct app *app, struct page *p, int by)
{
	p->at += by;
	if (p->at >= (int)app->vms.len)
		p->at = (int)app->vms.len - 1;
	if (p->at < 0)
		p->at = 0;
}

static bool scroll(struct app *app, struct page *p, enum action action)
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
			move(app, p, moves[i].by);
			return true;
		}
	return false;
}

static void act(struct app *app, struct view *v, enum action action)
{
	struct page *p = v->state;
	struct vm_entry *e = entry(app, p);

	if (scroll(app, p, action))
		return;
	if (action == ACTION_BACK)
		app_pop(app);
	else if (action == ACTION_NEW)
		view_form_open(app, NULL);
	else if (action == ACTION_OPEN && e)
		view_vm_open(app, e->name);
	else if (e)
		vm_act(app, e, action);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	const struct page *p = v->state;

	return vm_can(app, (size_t)p->at < app->vms.len ? &app->vms.items[p->at] : NULL, action);
}

static void click(struct app *app, struct view *v, int row, int col)
{
	struct page *p = v->state;
	struct layout l = layout(app);
	const int index = p->top + row - l.list.row;

	(void)col;
	if (row < l.list.row || row >= l.list.row + l.list.rows || index >= (int)app->vms.len)
		return;
	if (index == p->at)
		act(app, v, ACTION_OPEN);
	else
		p->at = index;
}

static void changed(struct app *app, struct view *v)
{
	move(app, v->state, 0);
}

static void close_page(struct view *v)
{
	free(v->state);
}

static const struct view_ops view_vms = {
	.id = VIEW_VMS,
	.draw = draw,
	.act = act,
	.can = can,
	.click = click,
	.changed = changed,
	.close = close_page,
};

void view_vms_open(struct app *app)
{
	vms_load(&app->vms, app->situation->host);
	if (app_top(app)->ops == &view_vms)
		return; /* back from what was written for one of them */
	app_push(app, &view_vms, xcalloc(1, sizeof(struct page)));
}
