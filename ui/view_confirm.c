/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two questions: one that takes a typed word, for what can't be done by a slip of the finger; one for y or n. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/typing.h"
#include "ui/views.h"

struct question {
	char *title, *text, *word;
	struct str typed;
	void (*then)(struct app *app, void *data);
	void *data;
};

static struct question *question_new(const char *title, const char *text, const char *word,
				     void (*then)(struct app *app, void *data), void *data)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->title = xstrdup(title);
	q->text = xstrdup(text);
	q->word = xstrdup(word);
	str_init(&q->typed);
	q->then = then;
	q->data = data;
	return q;
}

static void close_question(struct view *v)
{
	struct question *q = v->state;

	free(q->title);
	free(q->text);
	free(q->word);
	str_release(&q->typed);
	free(q);
}

/* What is to be typed is said last: where the text is too long for the box, it keeps its place. */
static void draw_last(const struct canvas *text, const char *all)
{
	const char *end = strrchr(all, '\n');
	struct canvas last = canvas_part(text,
					 (struct rect){text->area.rows - 1, 0, 1, text->area.cols});

	if (!end)
		return;
	frame_clear(&last);
	draw_field(&last, 0, 0, last.area.cols, ROLE_TITLE, end + 1);
}

/* The box in the middle, high enough for its text, and the key bar below. */
static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct question *q = v->state;
	struct canvas keys =
		canvas_part(screen, (struct rect){screen->area.rows - 1, 0, 1, screen->area.cols});
	int cols = screen->area.cols > 76 ? 72 : screen->area.cols - 2;
	struct grid scratch = GRID_INIT;
	struct canvas measure = {
		.grid = &scratch, .area = {0, 0, 0, cols - 4}, .charset = screen->charset};
	int rows = draw_wrapped(&measure, 0, 0, 0, ROLE_TEXT, q->text);
	int field = q->word ? 2 : 0;
	struct canvas box = frame_box(
		screen,
		rows + field + 2 > screen->area.rows - 2 ? screen->area.rows - 2 : rows + field + 2,
		cols, q->title);
	int at = box.area.rows - 1;
	struct canvas text = canvas_part(&box,
					 (struct rect){0, 0, box.area.rows - field, box.area.cols});

	draw_wrapped(&text, 0, 0, 0, ROLE_TEXT, q->text);
	if (rows > text.area.rows && q->word)
		draw_last(&text, q->text);
	frame_clear(&keys);
	frame_keys(app, v, &keys);
	if (!q->word)
		return;
	at = draw_text(&box, box.area.rows - 1, 0, ROLE_TITLE, "> ");
	at = draw_text(&box, box.area.rows - 1, at, ROLE_TEXT, q->typed.data);
	draw_text(&box, box.area.rows - 1, at, ROLE_TEXT, " ");
	draw_cursor(&box, box.area.rows - 1, at, 1);
}

/* The view is gone before the answer is acted on: that may open another. */
static void answer(struct app *app, struct view *v)
{
	struct question *q = v->state;
	void (*then)(struct app *, void *) = q->then;
	void *data = q->data;

	app_pop(app);
	then(app, data);
}

static void enter(struct app *app, struct view *v)
{
	struct question *q = v->state;

	if (strcmp(q->typed.data, q->word) == 0) {
		answer(app, v);
		return;
	}
	app_say(app, SIGN_NOTE, "nothing was done: what was typed is not \"%s\"", q->word);
	app_pop(app);
}

static void erase(struct app *app, struct view *v)
{
	struct question *q = v->state;

	(void)app;
	typing_erase(&q->typed);
}

static void back(struct app *app, struct view *v)
{
	(void)v;
	app_pop(app);
}

static const struct action_row confirm_table[] = {
	{ACTION_OPEN, enter},
	{ACTION_ERASE, erase},
	{ACTION_BACK, back},
};

static const struct action_row ask_table[] = {
	{ACTION_YES, answer},
	{ACTION_BACK, back},
};

static void act_confirm(struct app *app, struct view *v, enum action action)
{
	actions_run(confirm_table, ARRAY_SIZE(confirm_table), app, v, action);
}

static void act_ask(struct app *app, struct view *v, enum action action)
{
	actions_run(ask_table, ARRAY_SIZE(ask_table), app, v, action);
}

static void type(struct app *app, struct view *v, uint32_t character)
{
	struct question *q = v->state;

	(void)app;
	if (q->typed.len < 24)
		typing_add(&q->typed, character);
}

static const struct view_ops view_confirm = {
	.id = VIEW_CONFIRM,
	.overlay = true,
	.draw = draw,
	.act = act_confirm,
	.type = type,
	.close = close_question,
};

static const struct view_ops view_ask = {
	.id = VIEW_ASK,
	.overlay = true,
	.draw = draw,
	.act = act_ask,
	.close = close_question,
};

void view_confirm_open(struct app *app, const char *title, const char *text, const char *word,
		       void (*then)(struct app *app, void *data), void *data)
{
	app_push(app, &view_confirm, question_new(title, text, word, then, data));
}

void view_ask_open(struct app *app, const char *title, const char *text,
		   void (*then)(struct app *app, void *data), void *data)
{
	app_push(app, &view_ask, question_new(title, text, NULL, then, data));
}
