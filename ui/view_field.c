/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One field of the form: a list of what this machine has for it, or a place to type; the form follows each letter. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/typing.h"
#include "ui/view_form.h"
#include "ui/views.h"
#include "vm/choices.h"

/* --- typing --------------------------------------------------------------------------- */

struct typed {
	struct form_page *page; /* of the view below */
	struct str text;
	struct vm_profile before, before_was;
	bool adds; /* a list's entry that is not there yet: set at the end only */
};

static void draw_typed(struct app *app, struct view *v, const struct canvas *screen)
{
	struct typed *t = v->state;
	struct rect cell;
	struct canvas line, keys;
	int room, used, col;

	if (!form_page_cell(app, t->page, &cell))
		return;
	line = canvas_part(screen, cell);
	keys = canvas_part(screen, (struct rect){screen->area.rows - 1, 0, 1, screen->area.cols});
	frame_clear(&line);
	room = line.area.cols - 2;
	used = text_columns(line.charset, t->text.data);
	col = draw_field_tail(&line, 0, 0, used < room ? used : room, ROLE_TITLE, t->text.data);
	draw_text(&line, 0, col, ROLE_TEXT, " ");
	draw_cursor(&line, 0, col, 1);
	frame_clear(&keys);
	frame_keys(app, v, &keys);
}

/* The form shows what the value makes of it; what is refused leaves it as it was before. */
static void follow(struct typed *t)
{
	struct form *f = &t->page->form;

	if (!t->adds && form_set(f, form_row(f), t->text.data) < 0)
		return; /* the form says why */
}

static void type(struct app *app, struct view *v, uint32_t character)
{
	struct typed *t = v->state;

	(void)app;
	typing_add(&t->text, character);
	follow(t);
}

static void erase(struct app *app, struct view *v)
{
	struct typed *t = v->state;

	(void)app;
	typing_erase(&t->text);
	if (t->text.len || form_row(&t->page->form)->entry == FORM_NO_ENTRY)
		follow(t);
}

static void done(struct app *app, struct view *v)
{
	struct typed *t = v->state;
	struct form *f = &t->page->form;

	if (form_set(f, form_row(f), t->text.data) < 0)
		app_say(app, SIGN_BLOCK, "%s", f->bad_err.text);
	else
		app_pop(app);
}

static void put_back(struct app *app, struct view *v)
{
	struct typed *t = v->state;
	struct form *f = &t->page->form;

	vm_profile_release(&f->now);
	vm_profile_copy(&f->now, &t->before);
	vm_profile_release(&f->was);
	vm_profile_copy(&f->was, &t->before_was);
	err_clear(&f->bad_err);
	form_refresh(f);
	app_pop(app);
}

static const struct action_row typed_table[] = {
	{ACTION_OPEN, done},
	{ACTION_ERASE, erase},
	{ACTION_BACK, put_back},
};

static void act_typed(struct app *app, struct view *v, enum action action)
{
	actions_run(typed_table, ARRAY_SIZE(typed_table), app, v, action);
}

static void close_typed(struct view *v)
{
	struct typed *t = v->state;

	vm_profile_release(&t->before);
	vm_profile_release(&t->before_was);
	str_release(&t->text);
	free(t);
}

static const struct view_ops view_typed = {
	.id = VIEW_FIELD,
	.overlay = true,
	.draw = draw_typed,
	.act = act_typed,
	.type = type,
	.close = close_typed,
};

static void open_typed(struct app *app, struct form_page *p)
{
	struct typed *t = xcalloc(1, sizeof(*t));
	const struct form_row *row = form_row(&p->form);

	t->page = p;
	str_init(&t->text);
	form_value(&p->form, row, &t->text);
	vm_profile_copy(&t->before, &p->form.now);
	vm_profile_copy(&t->before_was, &p->form.was);
	t->adds = row->field && row->field->kind == VM_LIST && row->entry == FORM_NO_ENTRY;
	app_push(app, &view_typed, t);
}

/* --- choosing ---------------------------------------------------------------------------- */

struct picker {
	struct form_page *page;
	struct vm_choices choices;
	int at, top;
};

static void draw_picker(struct app *app, struct view *v, const struct canvas *screen)
{
	struct picker *p = v->state;
	const int len = (int)p->choices.len + 1;
	const int most = screen->area.rows - 4;
	struct canvas box = frame_box(screen, (len > most ? most : len) + 2,
				      screen->area.cols > 100 ? 96 : screen->area.cols - 2,
				      "What this machine has");
	struct canvas keys =
		canvas_part(screen, (struct rect){screen->area.rows - 1, 0, 1, screen->area.cols});

	frame_scroll(&p->top, p->at, box.area.rows, len);
	for (int y = 0; y < box.area.rows && p->top + y < len; y++) {
		const size_t i = (size_t)(p->top + y);

		draw_field(&box, y, 0, box.area.cols, ROLE_TEXT,
			   i < p->choices.len ? p->choices.items[i].text
					      : "something else: type it");
		if ((int)i == p->at)
			draw_cursor(&box, y, 0, box.area.cols);
	}
	frame_clear(&keys);
	frame_keys(app, v, &keys);
}

static void pick(struct app *app, struct picker *p)
{
	struct form_page *page = p->page;
	auto_free char *value = (size_t)p->at < p->choices.len
					? xstrdup(p->choices.items[p->at].value)
					: NULL;

	app_pop(app); /* p is gone */
	if (!value)
		open_typed(app, page);
	else if (form_set(&page->form, form_row(&page->form), value) < 0)
		app_say(app, SIGN_BLOCK, "%s", page->form.bad_err.text);
}

static void act_picker(struct app *app, struct view *v, enum action action)
{
	struct picker *p = v->state;
	static const struct {
		enum action action;
		int by;
	} moves[] = {
		{ACTION_UP, -1},       {ACTION_DOWN, 1},         {ACTION_PAGE_UP, -8},
		{ACTION_PAGE_DOWN, 8}, {ACTION_HOME, -GRID_MAX}, {ACTION_END, GRID_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(moves); i++)
		if (moves[i].action == action) {
			p->at += moves[i].by;
			p->at = p->at > (int)p->choices.len ? (int)p->choices.len : p->at;
			p->at = p->at < 0 ? 0 : p->at;
			return;
		}
	if (action == ACTION_OPEN)
		pick(app, p);
	else
		app_pop(app);
}

static void close_picker(struct view *v)
{
	struct picker *p = v->state;

	vm_choices_release(&p->choices);
	free(p);
}

static const struct view_ops view_picker = {
	.id = VIEW_PICK,
	.overlay = true,
	.draw = draw_picker,
	.act = act_picker,
	.close = close_picker,
};

void view_field_open(struct app *app, struct form_page *page)
{
	const struct form_row *row = form_row(&page->form);
	struct situation *s = app->situation;
	struct picker *p;

	/* An entry that is there is typed on; only one more, or an empty field, is chosen. */
	if (!row->field || !vm_choices_has(row->field) || row->entry != FORM_NO_ENTRY) {
		open_typed(app, page);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->page = page;
	vm_choices_find(row->field,
			&(struct vm_choices_input){.host = s->host,
						   .topology = s->topology,
						   .usage = &s->usage,
						   .handed_over = &app->tree.marks,
						   .name = page->form.now.name},
			&p->choices);
	if (!p->choices.len) {
		free(p);
		open_typed(app, page);
		return;
	}
	app_push(app, &view_picker, p);
}
