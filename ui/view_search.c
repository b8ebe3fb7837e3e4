/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search prompt: over the next line of the tree; the cursor follows what is typed. */
#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/typing.h"
#include "ui/views.h"

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct canvas next =
		canvas_part(screen, (struct rect){screen->area.rows - 2, 0, 1, screen->area.cols});
	struct canvas keys =
		canvas_part(screen, (struct rect){screen->area.rows - 1, 0, 1, screen->area.cols});
	int col;

	frame_clear(&next);
	frame_clear(&keys);
	col = draw_text(&next, 0, 1, ROLE_TITLE, "Find: ");
	col = draw_field_tail(&next, 0, col,
			      text_columns(next.charset, app->tree.search.data) <
					      next.area.cols - col - 2
				      ? text_columns(next.charset, app->tree.search.data)
				      : next.area.cols - col - 2,
			      ROLE_TEXT, app->tree.search.data);
	draw_text(&next, 0, col, ROLE_TEXT, " ");
	draw_cursor(&next, 0, col, 1);
	/* What app_say() says stands in the line that this prompt covers. */
	if (app->tree.search.len && !tree_has(app->situation->topology, app->tree.search.data) &&
	    col + 2 < next.area.cols)
		draw_field(&next, 0, col + 2, next.area.cols - col - 2, ROLE_WARN, "not found");
	frame_keys(app, v, &keys);
}

/* Moves to the first match from the cursor on; false, and says so, when there is none. */
static bool look(struct app *app)
{
	if (!app->tree.search.len || tree_find(&app->tree, app->situation->topology, 1, true))
		return true;
	app_say(app, SIGN_NOTE, "not found: %s", app->tree.search.data);
	return false;
}

static void type(struct app *app, struct view *v, uint32_t character)
{
	(void)v;
	typing_add(&app->tree.search, character);
	look(app);
}

static void erase(struct app *app, struct view *v)
{
	(void)v;
	typing_erase(&app->tree.search);
	look(app);
}

static void done(struct app *app, struct view *v)
{
	(void)v;
	app_pop(app);
	if (!look(app))
		str_clear(&app->tree.search);
	else if (app->tree.search.len)
		app_say(app, SIGN_NOTE, "n the next one, N the one before, Esc ends the search");
}

static void back(struct app *app, struct view *v)
{
	(void)v;
	str_clear(&app->tree.search);
	app_pop(app);
}

static const struct action_row table[] = {
	{ACTION_ERASE, erase},
	{ACTION_OPEN, done},
	{ACTION_BACK, back},
};

static void act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}

const struct view_ops view_search = {
	.id = VIEW_SEARCH,
	.overlay = true,
	.draw = draw,
	.act = act,
	.type = type,
};
