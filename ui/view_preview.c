/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The preview: everything that would be written and run; from here, and only from here, it is. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/layout.h"
#include "ui/preview.h"
#include "ui/views.h"

struct page {
	struct preview preview;
	int at, top;  /* row under the cursor, first row shown */
	int pane_top; /* first line of the pane */
	bool pane;    /* keys go to the pane */
};

#define PANE_ROWS 8 /* that the pane keeps where the list would take them */

static struct layout layout(const struct app *app, const struct page *p)
{
	int free_rows = app->grid.rows - 5; /* title, two rules, next line, key bar */
	int list = free_rows - PANE_ROWS > free_rows / 2 ? free_rows - PANE_ROWS : free_rows / 2;

	if ((int)p->preview.len < list)
		list = p->preview.len ? (int)p->preview.len : 1;
	return layout_compute(
		app->grid.rows, app->grid.cols,
		&(struct layout_wish){
			.details = true, .below = true, .first_rows = list, .details_rows = 3});
}

/* --- drawing ------------------------------------------------------------------------------------- */

static void draw_row(const struct page *p, const struct canvas *list, int y, int index)
{
	struct preview_row row;
	int cols = list->area.cols;
	int what = cols < LAYOUT_NARROW_COLS ? cols - 4 : cols * 5 / 8 - 4;
	enum item_kind kind = p->preview.items[index].kind;
	enum role role = kind == ITEM_EDIT || kind == ITEM_COMMAND ? ROLE_TEXT : ROLE_DIM;
	int col;

	preview_row(&p->preview, (size_t)index, &row);
	if (kind == ITEM_FINDING || kind == ITEM_WARNING || kind == ITEM_WAITS)
		what = 18;
	if (kind == ITEM_CHOICE)
		what = 20;
	col = row.sign == SIGN_NONE ? draw_textf(list, y, 1, ROLE_DIM, "%2s", row.number)
				    : draw_sign(list, y, 2, row.sign);
	col = draw_field(list, y, 4, what, row.sign == SIGN_NONE ? role : sign_role(row.sign),
			 row.what.data);
	if (cols - col > 8 || kind == ITEM_CHOICE)
		draw_field(list, y, col + 1, cols - col - 1,
			   kind == ITEM_CHOICE ? ROLE_CHANGE : ROLE_DIM, row.why.data);
	if (index == p->at && !p->pane)
		draw_cursor(list, y, 0, col);
	preview_row_release(&row);
}

static void draw_pane(struct page *p, const struct canvas *rule, const struct canvas *pane)
{
	struct lines lines = LINES_INIT;
	auto_str struct str title = STR_INIT;
	auto_free char *more = NULL;
	struct preview_row row = {.what = STR_INIT, .why = STR_INIT};
	int rows;

	preview_pane(&p->preview, (size_t)p->at, &lines);
	rows = lines_draw(&lines, pane, p->pane_top);
	if (p->pane_top > rows - pane->area.rows && p->pane_top > 0) {
		p->pane_top = rows > pane->area.rows ? rows - pane->area.rows : 0;
		frame_clear(pane);
		lines_draw(&lines, pane, p->pane_top);
	}
	lines_release(&lines);
	if ((size_t)p->at < p->preview.len)
		preview_row(&p->preview, (size_t)p->at, &row);
	str_addf(&title, "%s%s%s", row.number, *row.number ? " " : "", row.what.data);
	if (rows > p->pane_top + pane->area.rows)
		more = xasprintf("%d more (PgDn)", rows - p->pane_top - pane->area.rows);
	draw_rule(rule, 0, title.data, more ? more : p->pane ? "Tab: back" : "");
	preview_row_release(&row);
}

static const char *next_text(const struct app *app, const struct page *p,
			     const struct canvas *screen, enum sign *ret_sign)
{
	const struct plan *plan = p->preview.plan;

	*ret_sign = SIGN_BLOCK;
	if (!plan)
		return frame_fit(screen, "Next: mend what stands below, then come back (q: back)",
				 "Next: mend this (q: back)");
	if (!plan_is_empty(plan) && plan_blocker(plan, &p->preview.forced))
		return frame_fit(screen, "Next: solve what stands first, marked ✗ (q: back)",
				 "Next: solve what is marked ✗ (q)");
	*ret_sign = SIGN_WARN;
	if (!plan_is_empty(plan) && !app_is_root(app))
		return frame_fit(screen, "Next: writing needs root (R restarts with sudo)",
				 "Next: writing needs root (R)");
	*ret_sign = SIGN_OK;
	if (plan_is_empty(plan))
		return frame_fit(screen, "Next: go back (q); all is as it should be",
				 "Next: nothing to do (q)");
	*ret_sign = SIGN_NONE;
	return p->preview.undo ? "Next: take it back (W)" : "Next: write it (W)";
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct page *p = v->state;
	struct layout l = layout(app, p);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas rule = canvas_part(screen, l.list_rule);
	struct canvas pane_rule = canvas_part(screen, l.details_rule);
	struct canvas pane = canvas_part(screen, l.details);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	auto_str struct str counts = STR_INIT;
	auto_free char *what = NULL;
	auto_free char *right = NULL;
	int below;
	enum sign sign;
	const char *text = next_text(app, p, screen, &sign);

	preview_title(&p->preview, &counts);
	what = xasprintf("%s ── %s",
			 p->preview.other.title ? p->preview.other.title
			 : p->preview.undo      ? "Undo"
						: "Preview",
			 counts.data);
	frame_title(app, &title);
	frame_scroll(&p->top, p->at, list.area.rows, (int)p->preview.len);
	below = (int)p->preview.len - p->top - list.area.rows;
	draw_rule(&rule, 0, what, "nothing written yet");
	right = below > 0 ? xasprintf("%d more row%s below%s", below, below == 1 ? "" : "s",
				      p->pane ? "" : " (End)")
			  : xstrdup(p->preview.undo ? "" : "undo at any time: vfiotui undo");
	for (int y = 0; y < list.area.rows && p->top + y < (int)p->preview.len; y++)
		draw_row(p, &list, y, p->top + y);
	draw_pane(p, &pane_rule, &pane);
	frame_next(app, &next, sign, text, right);
	frame_keys(app, v, &keys);
}

/* --- moving --------------------------------------------------------------------------------------- */

static void move_pane(struct page *p, int by)
{
	p->pane_top = p->pane_top + by < 0 ? 0 : p->pane_top + by;
}

static void move(struct page *p, int by)
{
	if (p->pane) {
		move_pane(p, by);
		return;
	}
	p->at += by;
	if (p->at >= (int)p->preview.len)
		p->at = (int)p->preview.len - 1;
	if (p->at < 0)
		p->at = 0;
	p->pane_top = 0;
}

static void up(struct app *app, struct view *v)
{
	(void)app;
	move(v->state, -1);
}

static void down(struct app *app, struct view *v)
{
	(void)app;
	move(v->state, 1);
}

static void page_up(struct app *app, struct view *v)
{
	move_pane(v->state, -(app->grid.rows / 3));
}

static void page_down(struct app *app, struct view *v)
{
	move_pane(v->state, app->grid.rows / 3);
}

static void home(struct app *app, struct view *v)
{
	(void)app;
	move(v->state, -GRID_MAX * 1000);
}

static void end(struct app *app, struct view *v)
{
	(void)app;
	move(v->state, GRID_MAX * 1000);
}

static void choose(struct app *app, struct page *p, int step)
{
	struct item chosen;

	if ((size_t)p->at >= p->preview.len)
		return;
	chosen = p->preview.items[p->at];
	if (!preview_choose(&p->preview, (size_t)p->at, step)) {
		p->pane = !p->pane;
		return;
	}
	app_choose_override(app, p->preview.choices.acs_override);
	/* There may be more or fewer files above it now. */
	for (size_t i = 0; i < p->preview.len; i++)
		if (p->preview.items[i].kind == chosen.kind &&
		    p->preview.items[i].index == chosen.index)
			p->at = (int)i;
	p->pane_top = 0;
}

static bool is_choice(const struct page *p)
{
	return (size_t)p->at < p->preview.len && p->preview.items[p->at].kind == ITEM_CHOICE;
}

static bool fold(struct page *p, bool whole)
{
	return preview_fold(&p->preview, (size_t)p->at, whole);
}

static void left(struct app *app, struct view *v)
{
	if (!fold(v->state, false) && is_choice(v->state))
		choose(app, v->state, -1);
}

static void right(struct app *app, struct view *v)
{
	if (!fold(v->state, true) && is_choice(v->state))
		choose(app, v->state, 1);
}

static void open(struct app *app, struct view *v)
{
	choose(app, v->state, 1);
}

static void tab(struct app *app, struct view *v)
{
	struct page *p = v->state;

	(void)app;
	p->pane = !p->pane;
}

static void back(struct app *app, struct view *v)
{
	struct page *p = v->state;

	if (p->pane)
		p->pane = false;
	else
		app_pop(app);
}

/* --- writing ---------------------------------------------------------------------------------------- */

static void ask_to_write(struct app *app, struct page *p);

static void force(struct app *app, void *data)
{
	struct page *p = data;
	const struct finding *f = plan_blocker(p->preview.plan, &p->preview.forced);

	if (f)
		strv_add(&p->preview.forced, f->code);
	ask_to_write(app, p);
}

static void write_it(struct app *app, void *data)
{
	struct page *p = data;
	struct plan *plan = p->preview.plan;

	p->preview.plan = NULL;
	/* They were not written: asking for them again is the second step, after the reboot. */
	for (size_t i = 0; i < plan->waits.len; i++)
		selection_remove(&app->tree.marks, &plan->waits.items[i]);
	if (p->preview.other.make)
		app_pop(app); /* back to where it was asked for */
	else
		app_pop_all(app);
	/* The preview: p is gone. */
	view_apply_open(app, plan);
}

static void ask_to_force(struct app *app, struct page *p, const struct finding *f)
{
	auto_free char *text = xasprintf("✗ %s\n%s%s\nTo go on, type  %s", f->text,
					 f->remedy ? f->remedy : "", f->remedy ? "\n" : "",
					 f->code);

	view_confirm_open(app, "This stands in the way", text, f->code, force, p);
}

static const char *what_happens(const struct app *app, bool undo)
{
	if (!host_is_live(app->situation->host))
		return "Commands are listed, not run: this is not the running machine's own root.";
	return undo ? "Each file gets its former bytes, owner and mode."
		    : "Former bytes are kept; \"vfiotui undo\" brings them back.";
}

static void ask_to_write(struct app *app, struct page *p)
{
	const struct finding *f = plan_blocker(p->preview.plan, &p->preview.forced);
	bool undo = p->preview.undo;
	auto_str struct str counts = STR_INIT;
	auto_free char *text = NULL;

	if (f) {
		ask_to_force(app, p, f);
		return;
	}
	preview_title(&p->preview, &counts);
	text = xasprintf("%s: %s.\n%s\nType  yes  to %s.", undo ? "Take back" : "Write",
			 counts.data, what_happens(app, undo), undo ? "take it back" : "write it");
	view_confirm_open(app, undo ? "Take the change back" : "Write", text, "yes", write_it, p);
}

static void write_asked(struct app *app, struct view *v)
{
	struct page *p = v->state;

	if (!p->preview.plan)
		app_say(app, SIGN_BLOCK, "there is no plan to write");
	else if (plan_is_empty(p->preview.plan))
		app_say(app, SIGN_OK, "there is nothing to write: all is as it should be");
	else if (!app_is_root(app))
		app_say(app, SIGN_WARN,
			"writing needs root: R restarts with sudo; nothing was written");
	else
		ask_to_write(app, p);
}

/* --- the view ------------------------------------------------------------------------------------------ */

static const struct action_row table[] = {
	{ACTION_UP, up},           {ACTION_DOWN, down},
	{ACTION_PAGE_UP, page_up}, {ACTION_PAGE_DOWN, page_down},
	{ACTION_HOME, home},       {ACTION_END, end},
	{ACTION_LEFT, left},       {ACTION_RIGHT, right},
	{ACTION_OPEN, open},       {ACTION_TAB, tab},
	{ACTION_BACK, back},       {ACTION_WRITE, write_asked},
};

static void act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	const struct page *p = v->state;

	if (action == ACTION_SUDO)
		return !app_is_root(app);
	if (action == ACTION_OPEN)
		return is_choice(p);
	if (action == ACTION_WRITE)
		return app_is_root(app) && p->preview.plan && !plan_is_empty(p->preview.plan);
	return true;
}

static void click(struct app *app, struct view *v, int row, int col)
{
	struct page *p = v->state;
	struct layout l = layout(app, p);
	int index = p->top + row - l.list.row;

	(void)col;
	if (row < l.list.row || row >= l.list.row + l.list.rows) {
		p->pane = row >= l.details.row && row < l.details.row + l.details.rows;
		return;
	}
	p->pane = false;
	if (index < (int)p->preview.len)
		move(p, index - p->at);
}

/*
 * A plan is for one snapshot: devices that came or went make another. A question about the former one is taken
 * back: what is written is what was shown.
 */
static void changed(struct app *app, struct view *v)
{
	struct page *p = v->state;
	bool same = preview_refresh(&p->preview);

	move(p, 0);
	if (same || app_top(app)->ops->id != VIEW_CONFIRM)
		return;
	app_pop(app);
	app_say(app, SIGN_WARN,
		"the machine changed, and with it the plan: look at it again; nothing was written");
}

static void close_page(struct view *v)
{
	struct page *p = v->state;

	preview_release(&p->preview);
	free(p);
}

static const struct view_ops view_preview = {
	.id = VIEW_PREVIEW,
	.draw = draw,
	.act = act,
	.can = can,
	.click = click,
	.changed = changed,
	.close = close_page,
};

static const struct view_ops view_undo = {
	.id = VIEW_UNDO,
	.draw = draw,
	.act = act,
	.can = can,
	.click = click,
	.changed = changed,
	.close = close_page,
};

static void open_page(struct app *app, bool undo)
{
	struct page *p = xcalloc(1, sizeof(*p));

	preview_init(&p->preview, app->situation, &app->tree.marks, app_override(app), undo);
	if (undo && !p->preview.plan && !p->preview.conflicts.len) {
		app_say(app, SIGN_NOTE, "%s", p->preview.err.text);
		preview_release(&p->preview);
		free(p);
		return;
	}
	p->at = (int)preview_start(&p->preview);
	app_push(app, undo ? &view_undo : &view_preview, p);
}

void view_preview_open_plan(struct app *app, const char *title, plan_fn make, void *data,
			    void (*free_data)(void *data))
{
	struct page *p = xcalloc(1, sizeof(*p));

	preview_init_other(&p->preview, app->situation, title, make, data, free_data);
	p->at = (int)preview_start(&p->preview);
	app_push(app, &view_preview, p);
}

void view_preview_open(struct app *app)
{
	open_page(app, false);
}

void view_preview_open_undo(struct app *app)
{
	open_page(app, true);
}
