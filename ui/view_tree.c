/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main screen: groups and devices, what is known about the row under the cursor, what to do next. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/details.h"
#include "ui/frame.h"
#include "ui/tree_act.h"
#include "ui/tree_draw.h"
#include "ui/views.h"

/* --- drawing ----------------------------------------------------------------------------- */

static void draw_notice(const struct canvas *screen, const struct layout *l)
{
	struct canvas line = canvas_part(screen, l->notice);
	const char *text = "read-only: ACS bits and changes need root (R restarts with sudo)";

	if (screen->area.cols < 70)
		text = "read-only: not root (R: sudo)";
	if (l->notice.rows)
		draw_field(&line, 0, 1, line.area.cols - 1, ROLE_WARN, text);
}

static const char *live_word(const struct app *app)
{
	if (app->watching)
		return "live";
	if (host_is_live(app->situation->host))
		return "r reads again";
	return app->options->demo ? "recorded" : "from files";
}

static void draw_list_rule(const struct app *app, const struct canvas *screen,
			   const struct layout *l)
{
	struct canvas line = canvas_part(screen, l->list_rule);
	const struct tree *t = &app->tree;
	auto_free char *title = xasprintf("Groups ─ %s%s%s", filter_name(t->filter),
					  t->search.len ? " ─ /" : "", t->search.data);
	const char *moved = findings_have(&app->findings, "moved", NULL) ? "moved! ─ " : "";
	auto_free char *right = xasprintf("%s%zu groups ─ %s", moved,
					  app->situation->topology->groups_len, live_word(app));

	draw_rule(&line, 0, title, right);
	if (l->beside)
		draw_junction(&line, line.area.cols - 1);
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

static bool is_brief(const struct app *app, const struct layout *l)
{
	return !l->beside && l->details.rows < 3 && !app->details_focus;
}

static void draw_details(struct app *app, const struct canvas *screen, const struct layout *l,
			 const struct lines *d)
{
	struct canvas rule = canvas_part(screen, l->details_rule);
	struct canvas pane = canvas_part(screen, l->details);
	struct canvas divider = canvas_part(screen, l->divider);
	auto_str struct str title = STR_INIT;
	auto_free char *more = NULL;
	int below = 0;

	if (is_brief(app, l))
		draw_brief(d, &pane);
	else
		below = draw_pane(app, d, &pane);
	details_title(app, &title);
	if (below > 0)
		more = xasprintf("%d more", below);
	if (app->details_focus)
		str_adds(&title, " ─ Up, Down; Tab or Esc: back");
	draw_rule(&rule, 0, title.data, more ? more : "");
	draw_vertical(&divider, 0);
}

static void draw_next(const struct app *app, const struct canvas *line)
{
	struct next_facts facts = app_facts(app);
	struct next_step step = next_step(&facts);
	auto_str struct str text = STR_INIT;
	auto_str struct str marked = STR_INIT;

	next_format(&step, line->area.cols < 76, &text);
	if (facts.marked)
		str_addf(&marked, "%zu marked", facts.marked);
	frame_next(app, line, step.sign, text.data, marked.data);
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct layout l = tree_layout(app);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	struct canvas details = canvas_part(screen, l.details);
	struct lines d = LINES_INIT;

	frame_title(app, &title);
	draw_notice(screen, &l);
	draw_list_rule(app, screen, &l);
	tree_scroll(&app->tree, (size_t)l.list.rows);
	tree_draw(app, &list);
	details_make(app, is_brief(app, &l), &d);
	draw_details(app, screen, &l, &d);
	draw_next(app, &next); /* after the details: they note what was seen */
	frame_keys(app, v, &keys);
	if (!l.beside)
		ration_trim(&app->ration, &app->grid, &details, l.list, app->tree.top);
	lines_release(&d);
}

/* --- the view ------------------------------------------------------------------------------------ */

static bool can(const struct app *app, const struct view *v, enum action action)
{
	struct next_facts f;

	(void)v;
	if (action == ACTION_SUDO)
		return !app_is_root(app);
	if (action == ACTION_LAUNCH)
		return app->vms.live && app->vms.len;
	if (action == ACTION_UNDO)
		return app_can_undo(app);
	if (action != ACTION_STATUS && action != ACTION_PREVIEW)
		return true;
	f = app_facts(app);
	if (action == ACTION_PREVIEW)
		return f.differs || f.configured || f.override_is_new;
	return f.configured || f.no_iommu;
}

static void click(struct app *app, struct view *v, int row, int col)
{
	struct layout l = tree_layout(app);
	size_t index = app->tree.top + (size_t)(row - l.list.row);
	bool open;

	if (row < l.list.row || row >= l.list.row + l.list.rows || col >= l.list.cols ||
	    index >= app->tree.rows.len)
		return;
	app->details_focus = false;
	open = index == app->tree.at && app->tree.rows.items[index].kind == ROW_GROUP;
	tree_move_to(&app->tree, index);
	if (open)
		tree_act(app, v, ACTION_OPEN);
	else if (tree_draw_is_box(app, index, col))
		tree_act(app, v, ACTION_MARK);
}

const struct view_ops view_tree = {
	.id = VIEW_TREE,
	.draw = draw,
	.act = tree_act,
	.can = can,
	.click = click,
};
