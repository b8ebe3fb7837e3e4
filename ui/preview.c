/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/preview.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diff.h"
#include "base/mem.h"
#include "base/shell.h"
#include "change/plan_override.h"
#include "change/undo.h"
#include "vm/launch_script.h"

#define DIFF_CONTEXT 3

/* --- planning ------------------------------------------------------------------------------- */

static void add_item(struct preview *p, enum item_kind kind, size_t index)
{
	p->items = grow(p->items, p->len, &p->cap, sizeof(*p->items));
	p->items[p->len++] = (struct item){.kind = kind, .index = index};
}

static void add_findings(struct preview *p, bool notes)
{
	for (size_t i = 0; i < p->plan->findings.len; i++)
		if ((p->plan->findings.items[i].severity == SEVERITY_NOTE) == notes)
			add_item(p, ITEM_FINDING, i);
}

static void list_items(struct preview *p)
{
	p->len = 0;
	if (p->plan) {
		add_findings(p, false);
		if (p->plan->waits.len)
			add_item(p, ITEM_WAITS, 0);
		for (size_t i = 0; i < p->plan->changes.len; i++)
			add_item(p, ITEM_EDIT, i);
		for (size_t i = 0; i < p->plan->changes.commands_len; i++)
			add_item(p, ITEM_COMMAND, i);
	}
	for (size_t i = 0; i < choices_len && !p->undo && !p->other.make; i++)
		add_item(p, ITEM_CHOICE, i);
	if (p->plan) {
		for (size_t i = 0; i < p->plan->warnings.len; i++)
			add_item(p, ITEM_WARNING, i);
		add_findings(p, true);
	}
}

void preview_rebuild(struct preview *p)
{
	int r;

	plan_free(p->plan);
	p->plan = NULL;
	err_clear(&p->err);
	if (p->other.make)
		r = p->other.make(p->situation, p->other.data, &p->plan, &p->err);
	else if (p->undo)
		r = undo_plan(p->situation->host, 0, &p->plan, &p->err);
	else
		r = plan_build(p->situation, &p->marks, &p->choices, &p->plan, &p->err);
	if (r < 0)
		p->plan = NULL;
	str_clear(&p->conflicts);
	if (p->undo && r == -ESTALE &&
	    undo_conflicts(p->situation->host, 0, &p->conflicts, NULL) < 0)
		str_clear(&p->conflicts); /* the sentence names the files, too */
	list_items(p);
}

bool preview_refresh(struct preview *p)
{
	struct plan *before = p->plan;
	bool same;

	p->plan = NULL;
	preview_rebuild(p);
	same = before && p->plan && plan_same(before, p->plan);
	plan_free(before);
	return same;
}

void preview_init(struct preview *p, struct situation *s, const struct selection *marks,
		  const char *override, bool undo)
{
	*p = (struct preview){.situation = s, .undo = undo};
	str_init(&p->conflicts);
	selection_copy(&p->marks, marks);
	choices_find_users(p);
	if (s->platform->user)
		p->choices.user = p->users.items[0];
	choices_find_overrides(p, override);
	preview_rebuild(p);
}

void preview_init_other(struct preview *p, struct situation *s, const char *title,
			int (*make)(const struct situation *s, const void *data, struct plan **ret,
				    struct err *reterr),
			void *data, void (*free_data)(void *data))
{
	*p = (struct preview){.situation = s};
	p->other.make = make;
	p->other.data = data;
	p->other.free_data = free_data;
	p->other.title = title;
	preview_rebuild(p);
}

void preview_release(struct preview *p)
{
	if (p->other.free_data)
		p->other.free_data(p->other.data);
	plan_free(p->plan);
	selection_release(&p->marks);
	strv_release(&p->users);
	strv_release(&p->overrides);
	strv_release(&p->forced);
	str_release(&p->conflicts);
	free(p->items);
}

bool preview_choose(struct preview *p, size_t index, int step)
{
	if (index >= p->len || p->items[index].kind != ITEM_CHOICE)
		return false;
	choice_step(p, p->items[index].index, step);
	preview_rebuild(p);
	return true;
}

size_t preview_start(const struct preview *p)
{
	if (p->plan && plan_blocker(p->plan, &p->forced))
		return 0;
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].kind == ITEM_EDIT)
			return i;
	return 0;
}

static void add_count(struct str *ret, size_t n, const char *one)
{
	str_addf(ret, "%zu %s%s", n, one, n == 1 ? "" : "s");
}

void preview_title(const struct preview *p, struct str *ret)
{
	if (!p->plan) {
		str_adds(ret, "no plan");
		return;
	}
	if (plan_is_empty(p->plan)) {
		str_adds(ret, "nothing to change");
		return;
	}
	add_count(ret, p->plan->changes.len, "file");
	str_adds(ret, ", ");
	add_count(ret, p->plan->changes.commands_len, "command");
	if (p->plan->changes.reboot)
		str_adds(ret, ", then a reboot");
}

/* --- rows ------------------------------------------------------------------------------------- */

static void row_finding(const struct preview *p, size_t index, struct preview_row *ret)
{
	const struct finding *f = &p->plan->findings.items[index];
	bool forced = strv_has(&p->forced, f->code);

	ret->sign = f->severity == SEVERITY_BLOCK && !forced ? SIGN_BLOCK
		    : f->severity == SEVERITY_NOTE           ? SIGN_NOTE
							     : SIGN_WARN;
	str_addf(&ret->what, "%s%s", f->code, forced ? " (forced)" : "");
	str_adds(&ret->why, f->text);
}

/* What the second step will be. */
static void row_waits(const struct preview *p, struct preview_row *ret)
{
	char bdf[PCI_ADDR_TEXT];

	ret->sign = SIGN_CHANGE;
	str_adds(&ret->what, "after the reboot");
	for (size_t i = 0; i < p->plan->waits.len; i++)
		str_addf(&ret->why, "%s%s", i ? ", " : "",
			 pci_addr_format_short(&p->plan->waits.items[i], bdf));
	str_adds(&ret->why, ": in a second step, once the group has parted");
}

static void row_edit(const struct preview *p, size_t index, struct preview_row *ret)
{
	const struct edit *e = &p->plan->changes.edits[index];

	snprintf(ret->number, sizeof(ret->number), "%zu", index + 1);
	str_addf(&ret->what, "%-6s %s", edit_action(e), e->path);
	str_adds(&ret->why, e->why);
}

static void row_command(const struct preview *p, size_t index, struct preview_row *ret)
{
	const struct command *c = &p->plan->changes.commands[index];

	str_adds(&ret->what, host_is_live(p->situation->host) ? "run    " : "to run ");
	shell_join(&ret->what, &c->argv);
	str_adds(&ret->why, c->why);
}

void preview_row(const struct preview *p, size_t index, struct preview_row *ret)
{
	const struct item *it = &p->items[index];

	*ret = (struct preview_row){.sign = SIGN_NONE, .what = STR_INIT, .why = STR_INIT};
	switch (it->kind) {
	case ITEM_FINDING:
		row_finding(p, it->index, ret);
		break;
	case ITEM_WAITS:
		row_waits(p, ret);
		break;
	case ITEM_WARNING:
		ret->sign = SIGN_NOTE;
		str_adds(&ret->what, "note");
		str_adds(&ret->why, p->plan->warnings.items[it->index]);
		break;
	case ITEM_EDIT:
		row_edit(p, it->index, ret);
		break;
	case ITEM_COMMAND:
		row_command(p, it->index, ret);
		break;
	case ITEM_CHOICE:
		choice_row(p, it->index, &ret->what, &ret->why);
		break;
	}
}

void preview_row_release(struct preview_row *r)
{
	str_release(&r->what);
	str_release(&r->why);
}

/* --- the pane ------------------------------------------------------------------------------------ */

static void pane_diff_row(const struct diff_row *row, struct lines *ret)
{
	int n = row->len > 4000 ? 4000 : (int)row->len;

	switch (row->kind) {
	case DIFF_HUNK:
		lines_add(ret, SIGN_NONE, ROLE_DIM, "@@ -%zu,%zu +%zu,%zu @@", row->old_line,
			  row->old_count, row->new_line, row->new_count);
		break;
	case DIFF_SAME:
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "  %.*s", n, row->text);
		break;
	case DIFF_DEL:
		lines_add(ret, SIGN_NONE, ROLE_REMOVED, "- %.*s", n, row->text);
		break;
	case DIFF_ADD:
		lines_add(ret, SIGN_NONE, ROLE_ADDED, "+ %.*s", n, row->text);
		break;
	case DIFF_NO_NEWLINE:
		lines_add(ret, SIGN_NONE, ROLE_DIM, "\\ no newline at the end of the file");
		break;
	}
}

/* What is the same in the launch script of every VM, of a file that comes or goes as a whole. */
static size_t common_of(const struct edit *e, struct launch_common ret[LAUNCH_COMMON_MOST])
{
	if (e->existed && e->exists)
		return 0;
	return launch_script_common(e->exists ? e->after.data : e->before.data, ret);
}

/* One line in place of all rows of the fold. */
static void pane_fold(const struct launch_common *fold, struct lines *ret)
{
	lines_add(ret, SIGN_NONE, ROLE_DIM,
		  "  ... %zu lines that are the same for every VM (Right: show, Left: hide) ...",
		  fold->end - fold->first);
}

static void pane_edit(const struct edit *e, bool whole, struct lines *ret)
{
	struct launch_common folds[LAUNCH_COMMON_MOST];
	const size_t folds_len = whole ? 0 : common_of(e, folds);
	struct diff d = DIFF_INIT;
	size_t line = 0;
	size_t fold = 0;

	lines_add(ret, SIGN_NONE, ROLE_DIM, "%s", e->why);
	diff_compute(&d, e->before.data, e->before.len, e->after.data, e->after.len, DIFF_CONTEXT);
	for (size_t i = 0; i < d.len; i++) {
		const bool hunk = d.rows[i].kind == DIFF_HUNK;
		const bool folded = !hunk && fold < folds_len && line >= folds[fold].first;

		if (folded && line == folds[fold].first)
			pane_fold(&folds[fold], ret);
		if (!folded && (!hunk || (e->existed && e->exists)))
			pane_diff_row(&d.rows[i], ret);
		line += !hunk;
		fold += folded && line == folds[fold].end;
	}
	if (!d.len)
		lines_add(ret, SIGN_NONE, ROLE_DIM, "An empty file is %s.",
			  e->exists ? "created" : "removed");
	diff_release(&d);
}

bool preview_fold(struct preview *p, size_t index, bool whole)
{
	struct launch_common folds[LAUNCH_COMMON_MOST];

	if (index >= p->len || p->items[index].kind != ITEM_EDIT ||
	    !common_of(&p->plan->changes.edits[p->items[index].index], folds))
		return false;
	p->whole = whole;
	return true;
}

static void pane_finding(const struct preview *p, const struct finding *f, struct lines *ret)
{
	lines_add(ret, SIGN_NONE, ROLE_TITLE, "%s  %s", f->code, f->subject);
	lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", f->text);
	if (f->remedy)
		lines_add(ret, SIGN_CHANGE, ROLE_TEXT, "%s", f->remedy);
	if (f->severity == SEVERITY_BLOCK && !strv_has(&p->forced, f->code))
		lines_add(ret, SIGN_NONE, ROLE_DIM,
			  "Nothing is written while this stands. W asks for the word \"%s\" to go "
			  "on all the same.",
			  f->code);
}

static void pane_command(const struct preview *p, const struct command *c, struct lines *ret)
{
	auto_str struct str words = STR_INIT;

	shell_join(&words, &c->argv);
	lines_add(ret, SIGN_NONE, ROLE_TITLE, "%s", words.data);
	lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", c->why);
	lines_add(ret, SIGN_NONE, ROLE_DIM, "%s",
		  host_is_live(p->situation->host)
			  ? "It runs after all files are in place; its output is shown and kept."
			  : "Not run here: this is not the running machine's own root. Run it "
			    "inside that system.");
}

static void pane_waits(const struct preview *p, struct lines *ret)
{
	auto_free char *text = plan_waits_text(p->plan);

	lines_add(ret, SIGN_CHANGE, ROLE_TEXT, "%s", text);
}

static void pane_conflicts(const struct str *text, struct lines *ret)
{
	auto_strv struct strv lines = STRV_INIT;

	strv_split(&lines, text->data, "\n");
	for (size_t i = 0; i < lines.len; i++)
		lines_add(ret, SIGN_NONE,
			  lines.items[i][0] == '-'   ? ROLE_REMOVED
			  : lines.items[i][0] == '+' ? ROLE_ADDED
						     : ROLE_TEXT,
			  "%s", lines.items[i]);
}

void preview_pane(const struct preview *p, size_t index, struct lines *ret)
{
	const struct item *it;

	if (p->err.code)
		lines_add(ret, SIGN_BLOCK, ROLE_BLOCK, "%s", p->err.text);
	if (p->conflicts.len)
		pane_conflicts(&p->conflicts, ret);
	if (index >= p->len)
		return;
	it = &p->items[index];
	switch (it->kind) {
	case ITEM_FINDING:
		pane_finding(p, &p->plan->findings.items[it->index], ret);
		break;
	case ITEM_WAITS:
		pane_waits(p, ret);
		break;
	case ITEM_WARNING:
		lines_add(ret, SIGN_NOTE, ROLE_TEXT, "%s", p->plan->warnings.items[it->index]);
		break;
	case ITEM_EDIT:
		pane_edit(&p->plan->changes.edits[it->index], p->whole, ret);
		break;
	case ITEM_COMMAND:
		pane_command(p, &p->plan->changes.commands[it->index], ret);
		break;
	case ITEM_CHOICE:
		choice_pane(p, it->index, ret);
		break;
	}
}
