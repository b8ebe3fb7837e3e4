/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ids that id: could name: a box over the what-if, whose groups follow each mark. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/acs.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/views.h"

struct ids_page {
	struct acs_page *acs; /* of the view below */
	struct whatif_id items[WHATIF_IDS];
	size_t len;
	int at, top;
};

static void find(struct ids_page *p)
{
	p->len = whatif_ids(p->acs->topology, &p->acs->in_force, p->items);
	if (p->at >= (int)p->len)
		p->at = p->len ? (int)p->len - 1 : 0;
}

static void draw_item(const struct ids_page *p, const struct canvas *box, int y, int index)
{
	const struct whatif_id *item = &p->items[index];
	const struct device *d = &p->acs->topology->devices[item->first];
	bool on = acs_override_has_id(&p->acs->ids, item->vendor, item->device);
	auto_free char *name = device_short_name(d);
	char bdf[PCI_ADDR_TEXT];
	int col;

	col = draw_textf(box, y, 0, on ? ROLE_CHANGE : ROLE_TEXT, "[%c] %04x:%04x", on ? 'x' : ' ',
			 item->vendor, item->device);
	col = draw_textf(box, y, col + 1, ROLE_TEXT, "%s", pci_addr_format_short(&d->addr, bdf));
	if (item->count > 1)
		col = draw_textf(box, y, col + 1, ROLE_DIM, "+%zu", item->count - 1);
	if (item->splits)
		col = draw_textf(box, y, col + 1, ROLE_CHANGE, "parts %zu", item->splits);
	draw_field(box, y, col + 1, box->area.cols - col - 1, ROLE_DIM, name);
	if (index == p->at)
		draw_cursor(box, y, 0, box->area.cols);
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct ids_page *p = v->state;
	int rows = p->len ? (int)p->len + 2 : 5;
	struct canvas box, next, keys;

	if (rows > screen->area.rows - 4)
		rows = screen->area.rows - 4;
	next = canvas_part(screen, (struct rect){screen->area.rows - 2, 0, 1, screen->area.cols});
	keys = canvas_part(screen, (struct rect){screen->area.rows - 1, 0, 1, screen->area.cols});
	box = frame_box(screen, rows,
			screen->area.cols < 70 ? screen->area.cols : screen->area.cols - 8,
			"ids without ACS");
	frame_scroll(&p->top, p->at, box.area.rows, (int)p->len);
	for (int y = 0; y < box.area.rows && p->top + y < (int)p->len; y++)
		draw_item(p, &box, y, p->top + y);
	if (!p->len)
		draw_wrapped(&box, 0, 0, 0, ROLE_TEXT,
			     "No device here lacks the capability, or none could be read: there is "
			     "no id that the override could name.");
	frame_clear(&next);
	frame_clear(&keys);
	frame_next(app, &next, SIGN_NONE,
		   frame_fit(screen,
			     "Next: mark the ids that shall count as isolated (Space), then Enter",
			     "Next: mark ids (Space), Enter"),
		   "");
	frame_keys(app, v, &keys);
}

static void move(struct view *v, int by)
{
	struct ids_page *p = v->state;

	p->at += by;
	if (p->at >= (int)p->len)
		p->at = (int)p->len - 1;
	if (p->at < 0)
		p->at = 0;
}

static void up(struct app *app, struct view *v)
{
	(void)app;
	move(v, -1);
}

static void down(struct app *app, struct view *v)
{
	(void)app;
	move(v, 1);
}

static void page_up(struct app *app, struct view *v)
{
	move(v, -(app->grid.rows / 2));
}

static void page_down(struct app *app, struct view *v)
{
	move(v, app->grid.rows / 2);
}

static void home(struct app *app, struct view *v)
{
	(void)app;
	move(v, -WHATIF_IDS);
}

static void end(struct app *app, struct view *v)
{
	(void)app;
	move(v, WHATIF_IDS);
}

static void mark(struct app *app, struct view *v)
{
	struct ids_page *p = v->state;
	struct acs_page *acs = p->acs;

	if (!p->len)
		return;
	if (!acs_override_toggle_id(&acs->ids, p->items[p->at].vendor, p->items[p->at].device))
		app_say(app, SIGN_WARN, "the patch takes no more than %d ids", ACS_OVERRIDE_IDS);
	acs_rebuild(acs, acs->topology, acs->platform);
}

static void done(struct app *app, struct view *v)
{
	(void)v;
	app_pop(app);
}

static const struct action_row table[] = {
	{ACTION_UP, up},           {ACTION_DOWN, down},
	{ACTION_PAGE_UP, page_up}, {ACTION_PAGE_DOWN, page_down},
	{ACTION_HOME, home},       {ACTION_END, end},
	{ACTION_MARK, mark},       {ACTION_OPEN, done},
	{ACTION_BACK, done},
};

static void act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}

/* The view below was told first. */
static void changed(struct app *app, struct view *v)
{
	(void)app;
	find(v->state);
}

static void close_page(struct view *v)
{
	free(v->state);
}

static const struct view_ops view_acs_ids = {
	.id = VIEW_IDS,
	.overlay = true,
	.draw = draw,
	.act = act,
	.changed = changed,
	.close = close_page,
};

void view_acs_ids_open(struct app *app, struct acs_page *acs)
{
	struct ids_page *p = xcalloc(1, sizeof(*p));

	p->acs = acs;
	find(p);
	app_push(app, &view_acs_ids, p);
}
