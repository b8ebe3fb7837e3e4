/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diff.h"
#include "base/shell.h"
#include "base/mem.h"
#include "change/plan.h"
#include "change/plan_override.h"

static const char *const severity_words[] = {
	[SEVERITY_NOTE] = "Note",
	[SEVERITY_WARN] = "Warning",
	[SEVERITY_BLOCK] = "BLOCKED",
};

static void print_findings(const struct findings *f, struct str *out)
{
	for (size_t i = 0; i < f->len; i++) {
		const struct finding *x = &f->items[i];

		str_addf(out, "%s (%s, %s): %s\n", severity_words[x->severity], x->code, x->subject,
			 x->text);
		if (x->remedy)
			str_addf(out, "    Remedy: %s\n", x->remedy);
	}
	if (f->len)
		str_addc(out, '\n');
}

static void print_edit(const struct edit *e, struct str *out)
{
	str_addf(out, "%s %s: %s\n", edit_action(e), e->path, e->why ? e->why : "");
	diff_unified(out, e->path, e->existed ? e->before.data : NULL, e->before.len,
		     e->exists ? e->after.data : NULL, e->after.len);
	str_addc(out, '\n');
}

static void print_commands(const struct changes *c, struct str *out)
{
	if (c->commands_len)
		str_adds(out, "Then these commands run, in this order:\n");
	for (size_t i = 0; i < c->commands_len; i++) {
		str_adds(out, "    ");
		shell_join(out, &c->commands[i].argv);
		str_addf(out, "    (%s)\n", c->commands[i].why);
	}
	if (c->commands_len)
		str_addc(out, '\n');
}

static void print_warnings(const struct strv *warnings, struct str *out)
{
	for (size_t i = 0; i < warnings->len; i++)
		str_addf(out, "Note: %s\n", warnings->items[i]);
}

static void print_waits(const struct plan *p, struct str *out)
{
	auto_free char *text = p->waits.len ? plan_waits_text(p) : NULL;

	if (text)
		str_addf(out, "%s\n\n", text);
}

void plan_print(const struct plan *p, struct str *out)
{
	print_findings(&p->findings, out);
	print_waits(p, out);
	if (plan_is_empty(p)) {
		str_adds(out, "Nothing to do: the files say so already.\n");
		print_warnings(&p->warnings, out);
		return;
	}
	if (!p->changes.len && p->undoes)
		str_adds(out, "All files are as they were before the change already.\n");
	for (size_t i = 0; i < p->changes.len; i++)
		print_edit(&p->changes.edits[i], out);
	print_commands(&p->changes, out);
	print_warnings(&p->warnings, out);
	if (p->changes.reboot)
		str_adds(out, p->warnings.len
				      ? "It takes effect at the next boot, once the notes are "
					"seen to.\n"
				      : "It takes effect at the next boot.\n");
}
