/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main screen: groups and devices, what is known about the row under the cursor, what to do next. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/details.h"
#include "ui/frame.h"
#include "ui/tree_draw.h"
#include "ui/views.h"

/* --- layout ---------------------------------------------------------------------------- */

static bool has_notice(const struct app *app)
{
	return !app_is_root(app);
}

static struct layout layout(const struct app *app)
{
	return layout_compute(app->grid.rows, app->grid.cols,
			      &(struct layout_wish){.notice = has_notice(app), .details = true});
}

static size_t page(const struct app *app)
{
	int rows = layout(app).list.rows;

	return rows > 1 ? (size_t)rows - 1 : 1;
}

/* --- drawing ----------------------------------------------------------------------------- */

static void draw_notice(const struct app *app, const struct canvas *screen, const struct layout *l)
{
	struct canvas line = canvas_part(screen, l->notice);
	const char *text = "read-only: ACS bits and changes need root (R restarts with sudo)";

	if (screen->area.cols < 70)
		text = "read-only: not root (R: sudo)";
	if (has_notice(app))
		draw_field(&line, 0, 1, line.area.cols - 1, ROLE_WARN, text);
}

static const char *live_word(const struct app *app)
{
	if (!host_is_live(app->situation->host))
		return app->options->demo ? "recorded" : "from files";
	return app->watching ? "live" : "r reads again";
}

static void draw_list_rule(const struct app *app, const struct canvas *screen,
			   const struct layout *l)
{
	struct canvas line = canvas_part(screen, l->list_rule);
	const struct tree *t = &app->tree;
	auto_free char *title = xasprintf("Groups ─ %s%s%s", filter_name(t->filter),
					  t->search.len ? " ─ /" : "", t->search.data);
	auto_free char *right = xasprintf("%zu groups ─ %s", app->situation->topology->groups_len,
					  live_word(app));

	draw_rule(&line, 0, title, right);
}

/* Scrolls back what was scrolled too far; returns how many rows do not fit. */
static int draw_pane(struct app *app, const struct lines *d, const struct canvas *pane)
{
	int rows = lines_draw(d, pane, app->details_top);

	if (app->details_top > rows - pane->area.rows && app->details_top > 0) {
		app->details_top = rows > pane->area.rows ? rows - pane->area.rows : 0;
		frame_clear(pane);
		lines_draw(d, pane, app->details_top);
	}
	return rows - app->details_top - pane->area.rows;
}

/* Where only one row is left, the line that matters most, cut. */
static void draw_brief(const struct lines *d, const struct canvas *pane)
{
	int col = 1;

	if (!d->len)
		return;
	if (d->items[0].sign != SIGN_NONE)
		col = draw_sign(pane, 0, col, d->items[0].sign) + 1;
	draw_field(pane, 0, col, pane->area.cols - col, d->items[0].role, d->items[0].text);
}

static void draw_details(struct app *app, const struct canvas *screen, const struct layout *l)
{
	struct canvas rule = canvas_part(screen, l->details_rule);
	struct canvas pane = canvas_part(screen, l->details);
	struct canvas divider = canvas_part(screen, l->divider);
	bool brief = !l->beside && l->details.rows < 3 && !app->details_focus;
	struct lines d = LINES_INIT;
	auto_str struct str title = STR_INIT;
	auto_free char *more = NULL;
	int below = 0;

	details_make(app, brief, &d);
	if (brief)
		draw_brief(&d, &pane);
	else
		below = draw_pane(app, &d, &pane);
	lines_release(&d);
	details_title(app, &title);
	if (below > 0)
		more = xasprintf("%d more%s", below, app->details_focus ? "" : " (Enter)");
	if (app->details_focus)
		str_adds(&title, " ─ Up, Down; Tab or Esc: back");
	draw_rule(&rule, 0, title.data, more ? more : "");
	draw_vertical(&divider, 0);
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct layout l = layout(app);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	auto_str struct str text = STR_INIT;
	auto_str struct str marked = STR_INIT;
	struct next_facts facts;
	struct next_step step;

	frame_title(app, &title);
	draw_notice(app, screen, &l);
	draw_list_rule(app, screen, &l);
	tree_scroll(&app->tree, (size_t)l.list.rows);
	tree_draw(app, &list);
	draw_details(app, screen, &l);
	facts = app_facts(app); /* after the details: they note what was seen */
	step = next_step(&facts);
	next_format(&step, screen->area.cols < 76, &text);
	if (facts.marked)
		str_addf(&marked, "%zu marked", facts.marked);
	frame_next(app, &next, step.sign, text.data, marked.data);
	frame_keys(app, v, &keys);
}

/* --- moving -------------------------------------------------------------------------------- */

static void move(struct app *app, long by)
{
	if (app->details_focus) {
		app->details_top += (int)by;
		if (app->details_top < 0)
			app->details_top = 0;
		return;
	}
	tree_move(&app->tree, by);
	app->details_top = 0;
}

static void up(struct app *app, struct view *v)
{
	(void)v;
	move(app, -1);
}

static void down(struct app *app, struct view *v)
{
	(void)v;
	move(app, 1);
}

static void page_up(struct app *app, struct view *v)
{
	(void)v;
	move(app, app->details_focus ? -4 : -(long)page(app));
}

static void page_down(struct app *app, struct view *v)
{
	(void)v;
	move(app, app->details_focus ? 4 : (long)page(app));
}

static void home(struct app *app, struct view *v)
{
	(void)v;
	move(app, -100000);
}

static void end(struct app *app, struct view *v)
{
	(void)v;
	move(app, 100000);
}

static void fold(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	(void)v;
	if (!row)
		return;
	tree_fold(&app->tree, false);
	app_marked(app);
}

static void unfold(struct app *app, struct view *v)
{
	(void)v;
	tree_fold(&app->tree, true);
	app_marked(app);
}

static void open(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	if (!row || app->details_focus)
		app->details_focus = false;
	else if (row->kind != ROW_GROUP)
		app->details_focus = true;
	else if (row->open)
		fold(app, v);
	else
		unfold(app, v);
}

static void back(struct app *app, struct view *v)
{
	(void)v;
	app->details_focus = false;
	app->details_top = 0;
	str_clear(&app->tree.search);
}

static void filter(struct app *app, struct view *v)
{
	struct tree *t = &app->tree;

	(void)v;
	t->filter = (enum filter)((t->filter + 1) % FILTERS);
	app_marked(app);
	if (!t->rows.len)
		app_say(app, SIGN_NOTE, "no %s here; f shows the next kind",
			filter_name(t->filter));
}

/* --- marking --------------------------------------------------------------------------------- */

static void say_marked(struct app *app, size_t before)
{
	if (app->tree.marks.len == before)
		app_say(app, SIGN_NOTE, "nothing to mark here: bridges stay with the host");
}

static void mark_group(struct app *app, int group)
{
	size_t before = app->tree.marks.len;

	if (group < 0) {
		app_say(app, SIGN_NOTE,
			"these devices have no IOMMU group; Space marks a single one");
		return;
	}
	selection_toggle_group(&app->tree.marks, app->situation->topology, group);
	say_marked(app, before);
	app_marked(app);
}

static void group(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	(void)v;
	if (row && row->kind != ROW_HOST)
		mark_group(app, row->group);
}

static void mark(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);
	char bdf[PCI_ADDR_TEXT];

	(void)v;
	if (!row || row->kind == ROW_HOST)
		return;
	if (row->kind == ROW_GROUP) {
		mark_group(app, row->group);
		return;
	}
	if (row->device && !device_is_takeable(row->device) &&
	    !selection_has(&app->tree.marks, &row->addr)) {
		app_say(app, SIGN_NOTE,
			"%s is a bridge: it stays with the host and keeps no group from being used",
			pci_addr_format_short(&row->addr, bdf));
		return;
	}
	selection_toggle(&app->tree.marks, &row->addr);
	app_marked(app);
}

static void card(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	(void)v;
	if (!row || row->kind != ROW_DEVICE || row->device->is_bridge) {
		app_say(app, SIGN_NOTE, "stand on a device to mark all functions of its card");
		return;
	}
	selection_toggle_slot(&app->tree.marks, app->situation->topology, &row->addr);
	app_marked(app);
}

/* --- problems ---------------------------------------------------------------------------------- */

static bool is_problem(const struct finding *f)
{
	return f->severity != SEVERITY_NOTE;
}

/* The row of the next problem: first those nobody looked at, the worst before others; then round and round. */
static uint64_t next_problem(const struct app *app)
{
	const struct findings *all = &app->findings;
	size_t here = all->len;

	for (size_t i = 0; i < all->len; i++)
		if (is_problem(&all->items[i]) && !app_was_seen(app, &all->items[i]))
			return app_place_of(app, &all->items[i]);
	for (size_t i = 0; i < all->len; i++)
		if (app_place_of(app, &all->items[i]) == app->tree.cursor)
			here = i;
	for (size_t i = 1; i <= all->len; i++) {
		const struct finding *f = &all->items[(here + i) % all->len];

		if (is_problem(f) && app_place_of(app, f) != app->tree.cursor)
			return app_place_of(app, f);
	}
	return 0;
}

static void tab(struct app *app, struct view *v)
{
	uint64_t tag = app->details_focus ? 0 : next_problem(app);

	(void)v;
	if (tag && tree_go_to(&app->tree, app->situation->topology, tag))
		app_marked(app);
	else
		app->details_focus = !app->details_focus;
}

/* --- searching --------------------------------------------------------------------------------- */

static void search(struct app *app, struct view *v)
{
	(void)v;
	app->details_focus = false;
	app_push(app, &view_search, NULL);
}

static void find(struct app *app, int step)
{
	if (!app->tree.search.len)
		app_say(app, SIGN_NOTE, "nothing to find yet: / asks for a word");
	else if (!tree_find(&app->tree, app->situation->topology, step, false))
		app_say(app, SIGN_NOTE, "not found: %s", app->tree.search.data);
	app_marked(app);
}

static void again(struct app *app, struct view *v)
{
	(void)v;
	find(app, 1);
}

static void again_back(struct app *app, struct view *v)
{
	(void)v;
	find(app, -1);
}

/* --- to other screens ---------------------------------------------------------------------------- */

static void preview(struct app *app, struct view *v)
{
	(void)v;
	view_preview_open(app);
}

static void undo(struct app *app, struct view *v)
{
	(void)v;
	view_preview_open_undo(app);
}

static void status(struct app *app, struct view *v)
{
	(void)v;
	if (app_has_no_iommu(app) && !app->situation->configured.len)
		view_noiommu_open(app);
	else
		view_verify_open(app);
}

static void rescan(struct app *app, struct view *v)
{
	(void)v;
	app->request = REQUEST_RESCAN;
}

static void quit_now(struct app *app, void *data)
{
	(void)data;
	app->request = REQUEST_QUIT;
}

static void restart_now(struct app *app, void *data)
{
	(void)data;
	app->request = REQUEST_SUDO;
}

static bool marks_would_be_lost(const struct app *app)
{
	return !selection_equal(&app->tree.marks, &app->situation->configured);
}

void view_tree_leave(struct app *app)
{
	if (app_is_busy(app))
		app_say(app, SIGN_WARN, "a change is being written; wait for its end, or Ctrl-C");
	else if (marks_would_be_lost(app))
		view_ask_open(app, "Quit",
			      "What you marked is not written anywhere. Quit all the same?",
			      quit_now, NULL);
	else
		quit_now(app, NULL);
}

void view_tree_restart(struct app *app)
{
	if (app_is_root(app))
		app_say(app, SIGN_NOTE, "vfiotui runs as root already");
	else if (!app->options->argv)
		app_say(app, SIGN_NOTE, "quit and start it again with sudo");
	else if (marks_would_be_lost(app))
		view_ask_open(
			app, "Restart",
			"The marks are not kept over a restart. Restart with sudo all the same?",
			restart_now, NULL);
	else
		restart_now(app, NULL);
}

static void leave(struct app *app, struct view *v)
{
	(void)v;
	view_tree_leave(app);
}

/* --- the view ------------------------------------------------------------------------------------ */

static const struct action_row table[] = {
	{ACTION_UP, up},           {ACTION_DOWN, down},
	{ACTION_PAGE_UP, page_up}, {ACTION_PAGE_DOWN, page_down},
	{ACTION_HOME, home},       {ACTION_END, end},
	{ACTION_LEFT, fold},       {ACTION_RIGHT, unfold},
	{ACTION_OPEN, open},       {ACTION_TAB, tab},
	{ACTION_MARK, mark},       {ACTION_GROUP, group},
	{ACTION_CARD, card},       {ACTION_SEARCH, search},
	{ACTION_AGAIN, again},     {ACTION_AGAIN_BACK, again_back},
	{ACTION_FILTER, filter},   {ACTION_PREVIEW, preview},
	{ACTION_STATUS, status},   {ACTION_UNDO, undo},
	{ACTION_RESCAN, rescan},   {ACTION_BACK, back},
	{ACTION_LEAVE, leave},
};

static void act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}

static bool can(const struct app *app, const struct view *v, enum action action)
{
	struct next_facts f;

	(void)v;
	if (action == ACTION_SUDO)
		return !app_is_root(app);
	if (action == ACTION_UNDO)
		return app->last.id != 0;
	if (action != ACTION_STATUS && action != ACTION_PREVIEW)
		return true;
	f = app_facts(app);
	if (action == ACTION_PREVIEW)
		return f.differs || f.configured;
	return f.configured || f.no_iommu;
}

static void click_box(struct app *app, struct view *v, size_t index)
{
	tree_move_to(&app->tree, index);
	mark(app, v);
}

static void click(struct app *app, struct view *v, int row, int col)
{
	struct layout l = layout(app);
	size_t index = app->tree.top + (size_t)(row - l.list.row);

	if (row < l.list.row || row >= l.list.row + l.list.rows || col >= l.list.cols ||
	    index >= app->tree.rows.len)
		return;
	app->details_focus = false;
	if (index == app->tree.at && app->tree.rows.items[index].kind == ROW_GROUP)
		open(app, v);
	else if (tree_draw_is_box(app, index, col))
		click_box(app, v, index);
	else
		tree_move_to(&app->tree, index);
}

const struct view_ops view_tree = {
	.id = VIEW_TREE,
	.draw = draw,
	.act = act,
	.can = can,
	.click = click,
};
