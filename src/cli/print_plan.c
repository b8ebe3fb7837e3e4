/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as text: findings, the difference of every file, the commands. */
#include "base/diff.h"
#include "base/mem.h"
#include "base/shell.h"
#include "change/plan_override.h"
#include "cli/print_plan.h"

#define LINE_COLUMNS 78

/* A sentence behind a mark of its own: "Note: ...". */
static void print_marked(struct printer *p, const char *mark, const char *text)
{
	print_raw(p, mark);
	print_wrapped(p, text, print_width(p, mark));
}

static void print_edit(struct printer *p, const struct edit *e)
{
	auto_free char *head = xasprintf("%s %s: %s", edit_action(e), e->path,
					 e->why ? e->why : "");
	auto_str struct str diff = STR_INIT;

	print_wrapped(p, head, 4);
	diff_unified(&diff, e->path, e->existed ? e->before.data : NULL, e->before.len,
		     e->exists ? e->after.data : NULL, e->after.len);
	print_lines(p, diff.data, diff.len);
	print_raw(p, "\n");
}

/* The command stays on one line, so that it can be copied; its reason goes below where there is no room beside it. */
static void print_command(struct printer *p, const struct command *c)
{
	auto_str struct str words = STR_INIT;
	auto_free char *why = xasprintf("(%s)", c->why);

	shell_join(&words, &c->argv);
	print_raw(p, "    ");
	print_text(p, words.data);
	if (print_width(p, words.data) + print_width(p, why) + 8 > LINE_COLUMNS)
		print_raw(p, "\n        ");
	else
		print_raw(p, "    ");
	print_wrapped(p, why, 8);
}

static void print_commands(struct printer *p, const struct changes *c)
{
	if (!c->commands_len)
		return;
	print_raw(p, "Then these commands run, in this order:\n");
	for (size_t i = 0; i < c->commands_len; i++)
		print_command(p, &c->commands[i]);
	print_raw(p, "\n");
}

static void print_notes(struct printer *p, const struct strv *warnings)
{
	for (size_t i = 0; i < warnings->len; i++)
		print_marked(p, "Note: ", warnings->items[i]);
}

void print_plan_findings(struct printer *p, const struct plan *plan)
{
	print_findings(p, &plan->findings);
	if (plan->findings.len)
		print_raw(p, "\n");
}

void print_plan(struct printer *p, const struct plan *plan)
{
	print_plan_findings(p, plan);
	if (plan->waits.len) {
		auto_free char *text = plan_waits_text(plan);

		print_wrapped(p, text, 0);
		print_raw(p, "\n");
	}
	if (plan_is_empty(plan)) {
		print_raw(p, "Nothing to do: the files say so already.\n");
		print_notes(p, &plan->warnings);
		return;
	}
	if (!plan->changes.len && plan->undoes)
		print_raw(p, "All files are as they were before the change already.\n");
	for (size_t i = 0; i < plan->changes.len; i++)
		print_edit(p, &plan->changes.edits[i]);
	print_commands(p, &plan->changes);
	print_notes(p, &plan->warnings);
	if (plan->changes.reboot)
		print_raw(p, plan->warnings.len
				     ? "It takes effect at the next boot, once the notes are "
				       "seen to.\n"
				     : "It takes effect at the next boot.\n");
}
