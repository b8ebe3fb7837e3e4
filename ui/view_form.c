/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of a VM: groups of fields, what is wrong beside the field, on a wide screen the launch script as it becomes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/plan_vm.h"
#include "ui/app.h"
#include "ui/frame.h"
#include "ui/layout.h"
#include "ui/lines.h"
#include "ui/view_form.h"
#include "ui/views.h"

#define LABEL_COLS 20

static struct layout layout(const struct app *app)
{
	return layout_compute(app->grid.rows, app->grid.cols,
			      &(struct layout_wish){.notice = app->grid.rows >= 16,
						    .details = true,
						    .details_rows = app->grid.rows < 20 ? 2 : 4});
}

/* --- drawing ---------------------------------------------------------------------------- */

static void draw_tabs(const struct form_page *p, const struct canvas *line)
{
	int col = 1;

	if (!line->area.rows)
		return;
	for (int s = 0; s < VM_SECTIONS; s++) {
		const char *name = vm_section_name((enum vm_section)s);
		const int from = col;

		if (line->area.cols < LAYOUT_NARROW_COLS && s != (int)p->form.section)
			continue;
		col = draw_text(line, 0, col, ROLE_TITLE, " ");
		col = draw_text(line, 0, col, ROLE_TITLE, name);
		col = draw_text(line, 0, col, ROLE_TITLE, " ");
		if (s == (int)p->form.section)
			draw_cursor(line, 0, from, col - from);
		col++;
	}
	if (line->area.cols < LAYOUT_NARROW_COLS)
		draw_textf(line, 0, col + 1, ROLE_DIM, "%d/%d (Tab: next)", p->form.section + 1,
			   VM_SECTIONS);
}

static int value_col(const struct canvas *list)
{
	return list->area.cols < LAYOUT_NARROW_COLS ? 17 : LABEL_COLS + 3;
}

static const char *empty_text(const struct form_row *row)
{
	if (!row->field)
		return "(Enter: name it)";
	return form_row_field(row)->kind == VM_LIST ? "+ (Enter: add)" : "-";
}

static void draw_label(const struct canvas *list, int y, int at, const struct form_row *row)
{
	if (row->part)
		draw_field(list, y, 5, at - 6, ROLE_TEXT, row->part->key);
	else if (row->first)
		draw_field(list, y, 3, at - 4, ROLE_TEXT, row->field ? row->field->label : "Name");
}

static void draw_row(const struct form_page *p, const struct canvas *list, int y, size_t index)
{
	const struct form_row *row = &p->form.rows[index];
	const char *problem = form_problem(&p->form, row);
	const char *lack = problem ? NULL : form_lack(&p->form, row);
	const char *beside = problem ? problem : lack;
	const int at = value_col(list);
	const int room = list->area.cols - at - 1;
	auto_str struct str value = STR_INIT;
	int col;

	form_value(&p->form, row, &value);
	draw_sign(list, y, 1, problem ? SIGN_BLOCK : lack ? SIGN_WARN : SIGN_NONE);
	draw_label(list, y, at, row);
	col = draw_field(list, y, at,
			 text_columns(list->charset, value.data) < room && beside
				 ? text_columns(list->charset, value.len ? value.data : "-")
				 : room,
			 value.len ? ROLE_TITLE : ROLE_DIM,
			 value.len ? value.data : empty_text(row));
	if (beside && list->area.cols - col > 12)
		draw_field(list, y, col + 2, list->area.cols - col - 2,
			   problem ? ROLE_BLOCK : ROLE_WARN, beside);
	if (index == p->form.at)
		draw_cursor(list, y, 0, list->area.cols);
}

/* What can be chosen; what the installed QEMU does not have is left out. */
static void add_choices(const struct form_page *p, const struct vm_field *field, struct lines *ret)
{
	auto_str struct str choices = STR_INIT;

	for (size_t i = 0; field->choices && field->choices[i]; i++)
		if (form_offers(&p->form, field, i))
			str_addf(&choices, "%s%s", choices.len ? "  " : "", field->choices[i]);
	if (choices.len)
		lines_add(ret, SIGN_NONE, ROLE_DIM, "%s", choices.data);
}

static void add_help(const struct form_page *p, struct lines *ret)
{
	const struct form_row *row = form_row(&p->form);
	const struct vm_field *field = row ? form_row_field(row) : NULL;
	const char *problem = row ? form_problem(&p->form, row) : NULL;
	const char *lack = row ? form_lack(&p->form, row) : NULL;

	if (problem)
		lines_add(ret, SIGN_BLOCK, ROLE_BLOCK, "%s", problem);
	else if (lack)
		lines_add(ret, SIGN_WARN, ROLE_WARN, "%s", lack);
	if (!field) {
		lines_add(
			ret, SIGN_NONE, ROLE_TEXT,
			"What the VM is called here: letters, digits, blanks; it names its files.");
		return;
	}
	lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", field->help);
	add_choices(p, field, ret);
	if (row->part && row->part != &row->field->item->rows[0])
		lines_add(ret, SIGN_NONE, ROLE_DIM, "in the file: %s = ... %s=", row->field->key,
			  field->key);
	else
		lines_add(ret, SIGN_NONE, ROLE_DIM, "in the file: %s%s", row->field->key,
			  row->part || row->entry == FORM_NO_ENTRY || field->item->rows_len < 2
				  ? ""
				  : "; Enter shows or hides its parts, x takes it out");
}

static void draw_side(struct form_page *p, const struct canvas *screen, const struct layout *l)
{
	struct canvas rule = canvas_part(screen, l->details_rule);
	struct canvas pane = canvas_part(screen, l->details);
	struct canvas divider = canvas_part(screen, l->divider);
	const int help = l->beside ? 6 : pane.area.rows;
	struct canvas top = canvas_part(&pane, (struct rect){0, 0, help, pane.area.cols});
	struct canvas script_rule = canvas_part(&pane, (struct rect){help, 0, 1, pane.area.cols});
	struct canvas script = canvas_part(
		&pane, (struct rect){help + 1, 0, pane.area.rows - help - 1, pane.area.cols});
	struct lines lines = LINES_INIT;

	add_help(p, &lines);
	lines_draw(&lines, &top, 0);
	lines_release(&lines);
	draw_rule(&rule, 0, "", "");
	draw_vertical(&divider, 0);
	if (!l->beside)
		return;
	draw_rule(&script_rule, 0, "Launch script", "PgDn");
	form_page_draw_script(p, &script);
}

static const char *next_text(const struct form_page *p, const struct canvas *screen,
			     enum sign *ret_sign)
{
	const struct form *f = &p->form;

	*ret_sign = SIGN_NONE;
	if (!f->now.name[0])
		return frame_fit(screen,
				 "Next: give it a name (Enter), then a group at a time (Tab)",
				 "Next: name it (Enter)");
	*ret_sign = SIGN_BLOCK;
	if (f->bad_err.code)
		return "Next: another value, or Esc";
	if (f->problems.len)
		return frame_fit(screen, "Next: mend what is marked with a sign (W goes there)",
				 "Next: mend it (W goes there)");
	*ret_sign = SIGN_CHANGE;
	if (f->is_new || form_is_changed(f))
		return "Next: see what would be written (W)";
	*ret_sign = SIGN_OK;
	return frame_fit(screen, "Next: change something (Enter), or go back (q)",
			 "Next: change it (Enter)");
}

static void draw(struct app *app, struct view *v, const struct canvas *screen)
{
	struct form_page *p = v->state;
	struct layout l = layout(app);
	struct canvas title = canvas_part(screen, l.title);
	struct canvas tabs = canvas_part(screen, l.notice);
	struct canvas rule = canvas_part(screen, l.list_rule);
	struct canvas list = canvas_part(screen, l.list);
	struct canvas next = canvas_part(screen, l.next);
	struct canvas keys = canvas_part(screen, l.keys);
	auto_free char *what = xasprintf("%s%s%s ─ %s", p->form.is_new ? "New VM" : "",
					 p->form.is_new && p->form.now.name[0] ? " " : "",
					 p->form.now.name, vm_section_name(p->form.section));
	auto_str struct str state = STR_INIT;
	enum sign sign;
	const char *text = next_text(p, screen, &sign);
	int below;

	frame_title(app, &title);
	draw_tabs(p, &tabs);
	frame_scroll(&p->top, (int)p->form.at, list.area.rows, (int)p->form.len);
	below = (int)p->form.len - p->top - list.area.rows;
	if (below > 0)
		str_addf(&state, "%d more", below);
	if (form_is_changed(&p->form))
		str_addf(&state, "%schanged", state.len ? " ─ " : "");
	draw_rule(&rule, 0, what, state.data);
	if (l.beside)
		draw_junction(&rule, rule.area.cols - 1);
	for (int y = 0; y < list.area.rows && p->top + y < (int)p->form.len; y++)
		draw_row(p, &list, y, (size_t)(p->top + y));
	draw_side(p, screen, &l);
	frame_next(app, &next, sign, text, "");
	frame_keys(app, v, &keys);
}

bool form_page_cell(const struct app *app, const struct form_page *p, struct rect *ret)
{
	struct layout l = layout(app);
	struct canvas list = {.area = l.list};
	const int at = value_col(&list);

	*ret = (struct rect){l.list.row + (int)p->form.at - p->top, l.list.col + at, 1,
			     l.list.cols - at};
	return (int)p->form.at >= p->top && (int)p->form.at < p->top + l.list.rows;
}

/* --- moving ------------------------------------------------------------------------------ */

static void move(struct form_page *p, long by)
{
	long at = (long)p->form.at + by;

	if (at >= (long)p->form.len)
		at = (long)p->form.len - 1;
	p->form.at = at < 0 ? 0 : (size_t)at;
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

static void scroll(const struct app *app, struct form_page *p, int by)
{
	if (layout(app).beside)
		p->script_top += by;
	else
		move(p, by);
}

static void page_up(struct app *app, struct view *v)
{
	scroll(app, v->state, -(app->grid.rows / 2));
}

static void page_down(struct app *app, struct view *v)
{
	scroll(app, v->state, app->grid.rows / 2);
}

static void home(struct app *app, struct view *v)
{
	(void)app;
	move(v->state, -GRID_MAX);
}

static void end(struct app *app, struct view *v)
{
	(void)app;
	move(v->state, GRID_MAX);
}

static void turn(struct form_page *p, unsigned by)
{
	form_go_to_section(&p->form, (enum vm_section)((p->form.section + by) % VM_SECTIONS));
}

static void tab(struct app *app, struct view *v)
{
	(void)app;
	turn(v->state, 1);
}

static void tab_back(struct app *app, struct view *v)
{
	(void)app;
	turn(v->state, VM_SECTIONS - 1);
}

/* --- changing ------------------------------------------------------------------------------ */

static void left(struct app *app, struct view *v)
{
	struct form_page *p = v->state;

	if (!form_step(&p->form, -1))
		app_say(app, SIGN_NOTE, "Enter changes this one");
}

static void right(struct app *app, struct view *v)
{
	struct form_page *p = v->state;

	if (!form_step(&p->form, 1))
		app_say(app, SIGN_NOTE, "Enter changes this one");
}

static void open(struct app *app, struct view *v)
{
	struct form_page *p = v->state;
	const struct form_row *row = form_row(&p->form);
	const struct vm_field *field = row ? form_row_field(row) : NULL;

	if (!row)
		return;
	if (field && (field->kind == VM_CHOICE || field->kind == VM_BOOL))
		right(app, v);
	else if (row->part || !form_unfold(&p->form))
		view_field_open(app, p);
}

static void take_out(struct app *app, struct view *v)
{
	struct form_page *p = v->state;
	const struct form_row *row = form_row(&p->form);

	if (!row || !row->field)
		app_say(app, SIGN_NOTE, "a name can be changed (Enter), not taken out");
	else if (form_set(&p->form, row, "") < 0)
		app_say(app, SIGN_BLOCK, "%s", p->form.bad_err.text);
}

static void leave(struct app *app, void *data)
{
	(void)data;
	app_pop(app);
}

static void back(struct app *app, struct view *v)
{
	const struct form_page *p = v->state;

	if (form_is_changed(&p->form))
		view_ask_open(app, "Leave the form",
			      "What you changed here is not written anywhere. Leave all the same?",
			      leave, NULL);
	else
		app_pop(app);
}

static int plan(const struct situation *s, const void *data, struct plan **ret, struct err *reterr)
{
	return plan_vm_profile(s, data, ret, reterr);
}

static void free_profile(void *data)
{
	vm_profile_release(data);
	free(data);
}

static void go_to_problem(struct form_page *p)
{
	const enum vm_section section = form_bad_section(&p->form);

	if (section == VM_SECTIONS)
		return;
	form_go_to_section(&p->form, section);
	for (size_t i = 0; i < p->form.len; i++)
		if (form_problem(&p->form, &p->form.rows[i])) {
			p->form.at = i;
			return;
		}
}

static void write_it(struct app *app, struct view *v)
{
	struct form_page *p = v->state;
	struct vm_profile *copy;

	if (!p->form.now.name[0]) {
		form_go_to_section(&p->form, VM_SECTION_MACHINE);
		app_say(app, SIGN_BLOCK, "a new VM needs a name (Enter)");
	} else if (p->form.problems.len) {
		go_to_problem(p);
		app_say(app, SIGN_BLOCK, "%s", p->form.problems.items[0].text);
	} else {
		copy = xmalloc(sizeof(*copy));
		vm_profile_copy(copy, &p->form.now);
		vm_complete_devices(app->situation, copy);
		app_pop(app); /* p is gone: what is written is in the plan */
		view_preview_open_plan(app, "VM", plan, copy, free_profile);
	}
}

/* --- the view ---------------------------------------------------------------------------------- */

static const struct action_row table[] = {
	{ACTION_UP, up},           {ACTION_DOWN, down},
	{ACTION_PAGE_UP, page_up}, {ACTION_PAGE_DOWN, page_down},
	{ACTION_HOME, home},       {ACTION_END, end},
	{ACTION_TAB, tab},         {ACTION_TAB_BACK, tab_back},
	{ACTION_LEFT, left},       {ACTION_RIGHT, right},
	{ACTION_OPEN, open},       {ACTION_ERASE, take_out},
	{ACTION_BACK, back},       {ACTION_WRITE, write_it},
};

static void act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}

static void click(struct app *app, struct view *v, int row, int col)
{
	struct form_page *p = v->state;
	struct layout l = layout(app);
	const size_t index = (size_t)(p->top + row - l.list.row);

	if (row < l.list.row || row >= l.list.row + l.list.rows || col >= l.list.cols ||
	    index >= p->form.len)
		return;
	if (index == p->form.at)
		open(app, v);
	else
		p->form.at = index;
}

static void close_page(struct view *v)
{
	struct form_page *p = v->state;

	form_release(&p->form);
	str_release(&p->script);
	free(p);
}

static const struct view_ops view_form = {
	.id = VIEW_FORM,
	.draw = draw,
	.act = act,
	.click = click,
	.close = close_page,
};

void view_form_open(struct app *app, const char *name)
{
	struct form_page *p = xcalloc(1, sizeof(*p));
	struct err err = ERR_INIT;

	str_init(&p->script);
	p->script_changed = -1;
	if (form_init(&p->form, app->situation, &app->tree.marks, name, &err) < 0) {
		app_say(app, SIGN_BLOCK, "%s", err.text);
		form_release(&p->form);
		free(p);
		return;
	}
	app_push(app, &view_form, p);
}
