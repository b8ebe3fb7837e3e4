/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/page.h"

#include "base/mem.h"
#include "ui/frame.h"
#include "ui/layout.h"

void page_draw(const struct app *app, const struct view *v, const struct canvas *screen,
	       const char *title, const char *right, const struct lines *lines, int *top,
	       enum sign sign, const char *next)
{
	struct rect whole = screen->area;
	struct canvas rule = canvas_part(screen, (struct rect){0, 0, 1, whole.cols});
	struct canvas body = canvas_part(screen, (struct rect){1, 0, whole.rows - 3, whole.cols});
	struct canvas next_line = canvas_part(screen,
					      (struct rect){whole.rows - 2, 0, 1, whole.cols});
	struct canvas keys = canvas_part(screen, (struct rect){whole.rows - 1, 0, 1, whole.cols});
	auto_free char *more = NULL;
	int rows = lines_draw(lines, &body, *top);

	if (*top > rows - body.area.rows && *top > 0) {
		*top = rows > body.area.rows ? rows - body.area.rows : 0;
		frame_clear(&body);
		lines_draw(lines, &body, *top);
	}
	if (rows > *top + body.area.rows)
		more = xasprintf("%d more lines (Down)", rows - *top - body.area.rows);
	draw_rule(&rule, 0, title, more ? more : right);
	frame_next(app, &next_line, sign, next, "");
	frame_keys(app, v, &keys);
}

bool page_scroll(const struct app *app, int *top, enum action action)
{
	int page = app->grid.rows > 5 ? app->grid.rows - 4 : 1;
	const struct {
		enum action action;
		int by;
	} moves[] = {
		{ACTION_UP, -1},          {ACTION_DOWN, 1},         {ACTION_PAGE_UP, -page},
		{ACTION_PAGE_DOWN, page}, {ACTION_HOME, -GRID_MAX}, {ACTION_END, GRID_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		if (moves[i].action == action) {
			*top += moves[i].by;
			if (*top < 0)
				*top = 0;
			return true;
		}
	return false;
}
