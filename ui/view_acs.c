/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What if: today's groups beside those under an override of ACS, why, and at what cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice/isolation_text.h"
#include "base/mem.h"
#include "ui/acs.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/layout.h"
#include "ui/views.h"

#define PANE_SHARE 3 /* of the free rows the pane gets one in so many, at least */

static struct layout layout(const struct app *app, const struct acs_page *p)
{
	int free_rows = app->grid.rows - 5;
	int pane = free_rows / PANE_SHARE < 7 && free_rows >= 16 ? 7 : free_rows / PANE_SHARE;
	int list = free_rows - pane - 1;

	if ((int)p->len + 1 < list)
		list = (int)p->len + 1; /* a row for the heads of the columns */
	return layout_compute(
		app->grid.rows, app->grid.cols,
		&(struct layout_wish){
			.details = true, .below = true, .first_rows = list, .details_rows = pane});
}

/* --- drawing: the chooser -------------------------------------------------------------------- */

static void draw_choices(const struct acs_page *p, const struct canvas *rule)
{
	bool narrow = rule->area.cols < LAYOUT_NARROW_COLS;
	auto_str struct str title = STR_INIT;
	auto_free char *right = xasprintf(
		"%s%s", rule->area.cols < 90 ? "" : "this kernel: ", acs_kernel_word(p->platform));

	str_adds(&title, narrow ? "What if ─ <" : "What if ─");
	for (int i = 0; i < ACS_CHOICES; i++) {
		const char *name = acs_choice_name((enum acs_choice)i);
		const char *more = i == ACS_IDS ? "…" : "";

		if (i == (int)p->choice)
			str_addf(&title, narrow ? "%s%s>" : " [%s%s]", name, more);
		else if (!narrow)
			str_addf(&title, " %s%s", name, more);
	}
	draw_rule(rule, 0, title.data, right);
}

/* --- drawing: rows ------------------------------------------------------------------------------ */

/* Why it does not change, in a few words. */
static const char *stays_because(const struct acs_page *p, const struct whatif_block *b)
{
	if (!b->foretold && !p->whatif.assumed)
		return "can't be foretold";
	if (!b->why)
		return "stays";
	if (whatif_is_one_card(&p->whatif, b))
		return "stays: one device";
	switch (b->why->cause) {
	case CAUSE_LEGACY_BRIDGE:
		return "stays: conventional PCI bridge";
	case CAUSE_BITS_OFF:
		return "stays: ACS is off, not missing";
	case CAUSE_SHARED_ID:
		return "stays: one requester id";
	case CAUSE_UNEXPLAINED:
		return "can't be foretold";
	case CAUSE_PORT_LACKS_ACS:
	case CAUSE_FUNCTION_LACKS_ACS:
		return b->why->splits_with.len ? "stays: another override parts it" : "stays";
	case CAUSE_SINGLE:
	default:
		return "stays";
	}
}

static void draw_block(const struct acs_page *p, const struct canvas *list, int y,
		       const struct whatif_block *b, int middle)
{
	bool changes = whatif_changes(b);
	auto_free char *now = xasprintf("%d  %zu devices%s", b->id, b->len,
					b->today > 1 ? ", parted by the override" : "");
	auto_free char *then = changes ? xasprintf("%zu group%s", b->then, b->then == 1 ? "" : "s")
				       : xstrdup(stays_because(p, b));
	int right = middle ? middle + 2 : text_columns(list->charset, now) + 6;

	draw_sign(list, y, 1, acs_is_open(p, b) ? SIGN_OPEN : SIGN_FOLDED);
	draw_field(list, y, 3, right - 4, ROLE_TEXT, now);
	if (changes)
		right = draw_sign(list, y, right, SIGN_CHANGE) + 1;
	draw_field(list, y, right, list->area.cols - right, changes ? ROLE_CHANGE : ROLE_DIM, then);
}

static void group_label(const struct acs_page *p, const struct acs_row *row, char buf[16])
{
	int id = whatif_id_then(&p->whatif, row->member);

	if (!row->first_of_group)
		buf[0] = '\0';
	else if (id < 0)
		snprintf(buf, 16, "new");
	else
		snprintf(buf, 16, "%d", id);
}

/* What the test says of the device, with its sign. */
static int draw_verdict(const struct acs_page *p, const struct canvas *c, int y, int col, int width,
			const struct acs_row *row)
{
	const char *verdict = whatif_verdict(&p->whatif, row->member);
	bool overridden = verdict && !strcmp(verdict, "overridden");

	if (!verdict || width < 4)
		return col;
	draw_sign(c, y, col, overridden ? SIGN_CHANGE : SIGN_BLOCK);
	return draw_field(c, y, col + 2, width - 2, overridden ? ROLE_CHANGE : ROLE_BLOCK, verdict);
}

/* Both sides show the device: left what the test says of it, right its name and its group then. */
static void draw_wide(const struct acs_page *p, const struct canvas *list, int y,
		      const struct acs_row *row, int middle)
{
	const struct device *d = &p->topology->devices[row->member];
	auto_free char *name = device_short_name(d);
	char bdf[PCI_ADDR_TEXT], then[16];
	int col;

	group_label(p, row, then);
	pci_addr_format_short(&d->addr, bdf);
	col = draw_text(list, y, 5, ROLE_TEXT, bdf) + 1;
	col = draw_field(list, y, col, 8, ROLE_DIM, device_short_class(d)) + 1;
	draw_verdict(p, list, y, col, middle - col, row);
	col = draw_field(list, y, middle + 2, 4, ROLE_CHANGE, then) + 1;
	col = draw_text(list, y, col, ROLE_TEXT, bdf) + 1;
	draw_field(list, y, col, list->area.cols - col, ROLE_TEXT, name);
}

static void draw_narrow(const struct acs_page *p, const struct canvas *list, int y,
			const struct acs_row *row)
{
	const struct device *d = &p->topology->devices[row->member];
	char bdf[PCI_ADDR_TEXT], then[16];
	int col;

	group_label(p, row, then);
	col = draw_field(list, y, 2, 4, ROLE_CHANGE, then) + 1;
	col = draw_text(list, y, col, ROLE_TEXT, pci_addr_format_short(&d->addr, bdf)) + 1;
	col = draw_field(list, y, col, 8, ROLE_DIM, device_short_class(d)) + 1;
	draw_verdict(p, list, y, col, list->area.cols - col, row);
}

static void draw_row(const struct acs_page *p, const struct canvas *list, int y, size_t index,
		     int middle)
{
	const struct acs_row *row = &p->rows[index];

	if (row->kind == ACS_ROW_BLOCK)
		draw_block(p, list, y, &p->whatif.blocks[row->block], middle);
	else if (row->kind == ACS_ROW_ALONE)
		draw_textf(list, y, 3, ROLE_DIM,
			   p->whatif.alone ? "%zu other groups: one device each"
					   : "no IOMMU groups",
			   p->whatif.alone);
	else if (middle)
		draw_wide(p, list, y, row, middle);
	else
		draw_narrow(p, list, y, row);
	if (index == p->at && !p->pane)
		draw_cursor(list, y, 0, list->area.cols);
}

static void draw_heads(const struct acs_page *p, const struct canvas *list, int middle)
{
	const struct acs_override_set set = acs_set(p);
	auto_str struct str text = STR_INIT;
	const char *now = p->whatif.assumed ? "with the IOMMU on" : "today";

	acs_override_text(&set, &text);
	if (!middle) {
		draw_textf(list, 0, 1, ROLE_TITLE, "%s",
			   text.len ? text.data : "groups without an override");
		return;
	}
	draw_text(list, 0, 1, ROLE_TITLE, now);
	if (text.len)
		draw_textf(list, 0, middle + 2, ROLE_TITLE, "pcie_acs_override=%s", text.data);
	else
		draw_text(list, 0, middle + 2, ROLE_TITLE,
			  p->choice == ACS_IDS ? "no ids chosen yet (i)" : "without an override");
}

static void draw_list(struct acs_page *p, const struct canvas *list)
{
	int cols = list->area.cols;
	int middle = cols < LAYOUT_NARROW_COLS ? 0 : cols < 100 ? 37 : cols * 2 / 5;
	int rows = list->area.rows - 1, top = (int)p->top;
	struct canvas body = canvas_part(list, (struct rect){1, 0, rows, cols});
	struct canvas line = canvas_part(list, (struct rect){0, middle, list->area.rows, 1});

	frame_scroll(&top, (int)p->at, rows, (int)p->len);
	p->top = (size_t)top;
	draw_heads(p, list, middle);
	for (int y = 0; y < rows && p->top + (size_t)y < p->len; y++)
		draw_row(p, &body, y, p->top + (size_t)y, middle);
	if (middle)
		draw_vertical(&line, 0);
}

/* --- drawing: the rest --------------------------------------------------------------------------- */

static void draw_pane(struct acs_page *p, const struct canvas *rule, const struct canvas *pane)
{
	struct lines lines = LINES_INIT;
	const struct whatif_block *b = acs_block(p);
	auto_free char *title = b ? xasprintf("group %d", b->id) : xstrdup("all others");
	auto_free char *more = NULL;
	int rows;

	acs_pane(p, &lines);
	rows = lines_draw(&lines, pane, p->pane_top);
	if (p->pane_top > rows - pane->area.rows && p->pane_top > 0) {
		p->pane_top = rows > pane->area.rows ? rows - pane->area.rows : 0;
		frame_clear(pane);
		lines_draw(&lines, pane, p->pane_top);
	}
	lines_release(&lines);
	if (rows > p->pane_top + pane->area.rows)
		more = xasprintf("%d more (%s)", rows - p->pane_top - pane->area.rows,
				 p->pane ? "Down" : "Tab");
	draw_rule(rule, 0, title, more ? more : p->pane ? "Tab: back" : "");
}

static bool is_chosen(const struct app *app, const struct acs_page *p)
{
	const struct acs_override_set set = acs_set(p);
	auto_str struct str text = STR_INIT;

	acs_override_text(&set, &text);
	return !strcmp(text.data ? text.data : "", app_override(app));
}

static const char *next_text(const struct app *app, const struct acs_page *p,
			     const struct canvas *screen)
{
	if (p->choice == ACS_IDS && acs_override_is_empty(&p->ids))
		return frame_fit(screen, "Next: choose the devices whose id counts as isolated (i)",
				 "Next: choose the ids (i)");
	if (!is_chosen(app, p) && p->choice == ACS_NONE)
		return frame_fit(screen,
				 "Next: plan without an override (Enter), or try one (Right)",
				 "Next: Enter: none, Right: try");
	if (!is_chosen(app, p))
		return frame_fit(screen,
				 "Next: take this override into the plan (Enter), or go back (q)",
				 "Next: into the plan (Enter)");
	if (app_override_is_new(app))
		return frame_fit(screen, "Next: it is in the plan: see what would be written (p)",
				 "Next: see the plan (p)");
	return frame_fit(screen, "Next: try what an override would do (Right), or go back (q)",
			 "Next: try one (Right)");
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct acs_page *p = v->state;
	struct layout l = layout(app, p);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas rule = canvas_part(screen, l.list_rule);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas pane_rule = canvas_part(screen, l.details_rule);
	struct canvas pane = canvas_part(screen, l.details);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);

	frame_title(app, &title);
	draw_choices(p, &rule);
	draw_list(p, &list);
	draw_pane(p, &pane_rule, &pane);
	frame_next(app, &next,
		   app_override_is_new(app) && is_chosen(app, p) ? SIGN_CHANGE : SIGN_NONE,
		   next_text(app, p, screen), "");
	frame_keys(app, v, &keys);
}

/* --- acting ------------------------------------------------------------------------------------------ */

static void move(struct view *v, long by)
{
	struct acs_page *p = v->state;

	if (!p->pane) {
		acs_move(p, by);
		return;
	}
	p->pane_top += (int)by;
	if (p->pane_top < 0)
		p->pane_top = 0;
}

static long page_rows(const struct app *app, const struct view *v)
{
	int rows = layout(app, v->state).list.rows;

	return rows > 3 ? rows - 2 : 1;
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
	move(v, -page_rows(app, v));
}

static void page_down(struct app *app, struct view *v)
{
	move(v, page_rows(app, v));
}

static void home(struct app *app, struct view *v)
{
	(void)app;
	move(v, -GRID_MAX * 1000L);
}

static void end(struct app *app, struct view *v)
{
	(void)app;
	move(v, GRID_MAX * 1000L);
}

static void left(struct app *app, struct view *v)
{
	(void)app;
	acs_step(v->state, -1);
}

static void right(struct app *app, struct view *v)
{
	(void)app;
	acs_step(v->state, 1);
}

static void fold(struct app *app, struct view *v)
{
	(void)app;
	acs_fold(v->state);
}

static void tab(struct app *app, struct view *v)
{
	struct acs_page *p = v->state;

	(void)app;
	p->pane = !p->pane;
}

static void ids(struct app *app, struct view *v)
{
	struct acs_page *p = v->state;

	p->choice = ACS_IDS;
	acs_rebuild(p, p->topology, p->platform);
	view_acs_ids_open(app, p);
}

static void take(struct app *app, struct view *v)
{
	struct acs_page *p = v->state;
	const struct acs_override_set set = acs_set(p);
	auto_str struct str text = STR_INIT;

	if (p->choice == ACS_IDS && acs_override_is_empty(&set)) {
		ids(app, v);
		return;
	}
	acs_override_text(&set, &text);
	app_choose_override(app, text.data ? text.data : "");
	if (!app_override_is_new(app))
		app_say(app, SIGN_OK, "the plan has no other override than now");
	else if (!text.len)
		app_say(app, SIGN_CHANGE, "in the plan: no override of ours any more (p shows it)");
	else
		app_say(app, SIGN_CHANGE, "in the plan: pcie_acs_override=%s (p shows it)",
			text.data);
}

static void preview(struct app *app, struct view *v)
{
	(void)v;
	view_preview_open(app);
}

static void back(struct app *app, struct view *v)
{
	struct acs_page *p = v->state;

	if (p->pane)
		p->pane = false;
	else
		app_pop(app);
}

static const struct action_row table[] = {
	{ACTION_UP, up},           {ACTION_DOWN, down},
	{ACTION_PAGE_UP, page_up}, {ACTION_PAGE_DOWN, page_down},
	{ACTION_HOME, home},       {ACTION_END, end},
	{ACTION_LEFT, left},       {ACTION_RIGHT, right},
	{ACTION_OPEN, take},       {ACTION_MARK, fold},
	{ACTION_TAB, tab},         {ACTION_IDS, ids},
	{ACTION_PREVIEW, preview}, {ACTION_BACK, back},
};

static void act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	if (action == ACTION_OPEN)
		return !is_chosen(app, v->state);
	if (action == ACTION_PREVIEW)
		return app_override_is_new(app) || app->tree.marks.len;
	return true;
}

static void click(struct app *app, struct view *v, int row, int col)
{
	struct acs_page *p = v->state;
	struct layout l = layout(app, p);
	size_t index = p->top + (size_t)(row - l.list.row - 1);
	bool again;

	(void)col;
	p->pane = row >= l.details.row && row < l.details.row + l.details.rows;
	if (row <= l.list.row || row >= l.list.row + l.list.rows || index >= p->len)
		return;
	again = index == p->at && p->rows[index].kind == ACS_ROW_BLOCK;
	acs_move(p, (long)index - (long)p->at);
	if (again)
		acs_fold(p);
}

static void changed(struct app *app, struct view *v)
{
	acs_rebuild(v->state, app->situation->topology, app->situation->platform);
}

static void close_page(struct view *v)
{
	acs_release(v->state);
	free(v->state);
}

static const struct view_ops view_acs = {
	.id = VIEW_ACS,
	.draw = draw,
	.act = act,
	.can = can,
	.click = click,
	.changed = changed,
	.close = close_page,
};

void view_acs_open(struct app *app)
{
	struct acs_page *p = xcalloc(1, sizeof(*p));
	const struct row *row = tree_row(&app->tree);

	acs_init(p, app->situation->topology, app->situation->platform, app_override(app),
		 row ? row->group : NO_GROUP);
	app_push(app, &view_acs, p);
}
