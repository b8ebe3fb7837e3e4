/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "advice/group_map.h"
#include "advice/rules.h"
#include "base/mem.h"
#include "base/shell.h"
#include "change/apply.h"
#include "change/journal.h"
#include "change/plan_loader.h"
#include "change/plan_override.h"
#include "change/plan_warnings.h"
#include "change/plan_wish.h"
#include "change/trial.h"
#include "config/target.h"

struct plan *plan_new(const struct host *host)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->files = files_new(host);
	str_init(&p->map);
	wish_init(&p->wish);
	changes_init(&p->changes, p->files);
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	changes_release(&p->changes);
	wish_release(&p->wish);
	findings_release(&p->findings);
	selection_release(&p->selection);
	strv_release(&p->warnings);
	strv_release(&p->names);
	strv_release(&p->unmake);
	files_free(p->files);
	selection_release(&p->waits);
	free(p->user);
	str_release(&p->map);
	free(p->override);
	free(p);
}

void plan_freep(struct plan **p)
{
	plan_free(*p);
	*p = NULL;
}

/* An undo at least notes in the journal that the change is taken back. */
bool plan_is_empty(const struct plan *p)
{
	return !p->undoes && !p->changes.len && !p->changes.commands_len;
}

static bool same_edits(const struct changes *a, const struct changes *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		const struct edit *x = &a->edits[i], *y = &b->edits[i];

		if (strcmp(x->path, y->path) || x->existed != y->existed ||
		    x->exists != y->exists || x->mode != y->mode ||
		    !str_equal(&x->before, &y->before) || !str_equal(&x->after, &y->after))
			return false;
	}
	return true;
}

static bool same_commands(const struct changes *a, const struct changes *b)
{
	if (a->commands_len != b->commands_len || a->reboot != b->reboot)
		return false;
	for (size_t i = 0; i < a->commands_len; i++)
		if (!strv_equal(&a->commands[i].argv, &b->commands[i].argv))
			return false;
	return true;
}

/* What stands in the way, and what should be thought of first. */
static size_t next_problem(const struct findings *f, size_t i)
{
	while (i < f->len && f->items[i].severity == SEVERITY_NOTE)
		i++;
	return i;
}

static bool same_problems(const struct findings *a, const struct findings *b)
{
	size_t i = next_problem(a, 0), k = next_problem(b, 0);

	for (; i < a->len && k < b->len; i = next_problem(a, i + 1), k = next_problem(b, k + 1))
		if (strcmp(a->items[i].code, b->items[k].code) ||
		    strcmp(a->items[i].subject, b->items[k].subject))
			return false;
	return i >= a->len && k >= b->len;
}

bool plan_same(const struct plan *a, const struct plan *b)
{
	return a->undoes == b->undoes && a->resumes == b->resumes &&
	       same_edits(&a->changes, &b->changes) && same_commands(&a->changes, &b->changes) &&
	       same_problems(&a->findings, &b->findings) &&
	       selection_equal(&a->selection, &b->selection) &&
	       selection_equal(&a->waits, &b->waits);
}

const struct finding *plan_blocker(const struct plan *p, const struct strv *forced)
{
	for (size_t i = 0; i < p->findings.len; i++) {
		const struct finding *f = &p->findings.items[i];

		if (f->severity != SEVERITY_BLOCK || (forced && strv_has(forced, f->code)))
			continue;
		if (p->selection.len || !strcmp(f->code, PLAN_LOADER_CODE))
			return f;
	}
	return NULL;
}

/* --- building ------------------------------------------------------------- */

/* Without root the journal can't be read: planning goes on, and says what it then can't know. */
static int load_history(const struct host *host, struct plan *p, struct journal *ret,
			struct err *reterr)
{
	int r = journal_load(host, ret, reterr);

	for (size_t i = 0; !r && i < ret->damaged_len; i++)
		strv_add(&p->warnings, ret->damaged[i].text);
	if (r != -EACCES && r != -EPERM)
		return r;
	err_clear(reterr);
	strv_add(
		&p->warnings,
		"The journal of former changes can be read by root only: what vfiotui itself wrote "
		"earlier is taken for yours here, and a plan made by root may differ.");
	return 0;
}

static void make_wish(const struct situation *s, struct plan *p, const struct journal *j,
		      const struct selection *by_address)
{
	const struct change_record *last = journal_last(j);
	auto_str struct str groups = STR_INIT;
	struct plan_wish_input in = {
		.topology = s->topology,
		.platform = s->platform,
		.selection = &p->selection,
		.choices = &p->choices,
		.by_address = by_address,
		.owned = last ? &last->owned : NULL,
	};

	in.kvm_group = !host_read(s->host, "/etc/group", &groups, NULL) &&
		       group_file_has(groups.data, "kvm");
	wish_release(&p->wish);
	plan_wish(&in, &p->wish);
}

static void keep_names(const struct situation *s, struct plan *p)
{
	for (size_t i = 0; i < p->selection.len; i++) {
		const struct device *d = topology_find(s->topology, &p->selection.items[i]);

		strv_take(&p->names, d ? device_short_name(d) : xstrdup(""));
	}
}

/* The override that the wish sets is not the one that the groups of now were formed under. */
static bool changes_override(const struct situation *s, const struct plan *p)
{
	auto_free char *now = kernel_params_value(s->platform->cmdline ? s->platform->cmdline : "",
						  "pcie_acs_override");
	auto_free char *then = NULL;

	for (size_t i = 0; i < p->wish.kernel_params.len && !then; i++)
		then = kernel_params_value(p->wish.kernel_params.items[i], "pcie_acs_override");
	return then && (!now || strcmp(now, then) != 0);
}

static void keep_map(const struct situation *s, struct plan *p)
{
	auto_group_map struct group_map map = GROUP_MAP_INIT;

	group_map_take(s->topology, &p->selection, !changes_override(s, p), &map);
	group_map_write(&map, &p->map);
}

static int run_targets(const struct situation *s, struct plan *p, bool only_vm, struct err *reterr)
{
	const struct target_context ctx = {.files = p->files, .platform = s->platform};

	for (size_t i = 0; i < targets_len; i++) {
		int r;

		if ((only_vm && !targets[i]->vm) || !targets[i]->applies(&ctx))
			continue;
		r = targets[i]->plan(&ctx, &p->wish, &p->changes, reterr);
		if (r < 0)
			return err_wrap(reterr, r, "while planning %s", targets[i]->name);
	}
	return 0;
}

static bool needs_reboot(const struct changes *c)
{
	for (size_t i = 0; i < c->commands_len; i++)
		if (c->commands[i].stage == COMMAND_INITRAMFS ||
		    c->commands[i].stage == COMMAND_BOOT)
			return true;
	return false;
}

/* A command that failed, or never ran, is planned again: the files alone don't make the change true. */
static void add_unfinished(const struct host *host, struct plan *p, const struct journal *j)
{
	const struct change_record *c = journal_unfinished(j);
	auto_str struct str who = STR_INIT;

	if (!c)
		return;
	if (apply_is_running(host, &who)) {
		strv_addf(&p->warnings,
			  "A vfiotui (%s) is running the commands of %s %d just now; plan again "
			  "when it is done.",
			  who.data, c->undoes ? "the undo of change" : "change",
			  c->undoes ? c->undoes : c->id);
		return;
	}
	if (!p->changes.len)
		p->resumes = c->id;
	for (size_t i = 0; i < c->commands_len; i++) {
		const struct command *k = &c->commands[i];

		changes_command(&p->changes, k->stage, &k->argv, &k->undo_argv, k->why);
	}
	p->changes.reboot |= c->reboot;
	strv_addf(&p->warnings, "The commands of %s %d did not finish; they are run again.",
		  c->undoes ? "the undo of change" : "change", c->undoes ? c->undoes : c->id);
}

static void check_rules(const struct situation *s, struct plan *p)
{
	const struct rules_input in = situation_rules(s, &p->selection);

	rules_check(&in, &p->findings);
}

/* With nothing handed over, directories that any change made go too, where they are empty then. */
static void unmake_dirs(struct plan *p, const struct journal *j)
{
	for (size_t i = 0; !p->selection.len && i < j->len; i++)
		for (size_t k = 0; k < j->items[i].made.len; k++)
			strv_add_unique(&p->unmake, j->items[i].made.items[k]);
}

static int build(const struct situation *s, struct plan *p, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	int r = load_history(s->host, p, &j, reterr);

	if (r < 0)
		return r;
	r = plan_override(s, journal_last(&j), p, reterr);
	if (r < 0)
		return r;
	make_wish(s, p, &j, NULL);
	keep_names(s, p);
	keep_map(s, p);
	check_rules(s, p);
	if (plan_asks_loader(s->platform) && p->wish.kernel_params.len)
		plan_check_loader(s->platform, &p->findings);
	r = plan_wish_vms(&p->wish, p->files, NULL, &p->warnings, reterr);
	if (r == 0)
		r = run_targets(s, p, false, reterr);
	if (r == 0)
		r = trial_check_plan(p, reterr);
	if (r < 0)
		return r;
	p->changes.reboot |= needs_reboot(&p->changes);
	add_unfinished(s->host, p, &j);
	unmake_dirs(p, &j);
	plan_warn(s, p);
	return 0;
}

int plan_build(const struct situation *s, const struct selection *selection,
	       const struct plan_choices *choices, struct plan **ret, struct err *reterr)
{
	struct plan *p = plan_new(s->host);
	struct plan_situation chosen;
	int r;

	selection_copy(&p->selection, selection);
	if (choices)
		p->choices = *choices;
	plan_with_loader(s, &p->choices, &chosen);
	p->user = xstrdup(p->choices.user ? p->choices.user : s->platform->user);
	p->choices.user = p->user;
	r = build(&chosen.situation, p, reterr);
	if (r < 0)
		plan_free(p);
	else
		*ret = p;
	return r;
}

/* --- a VM alone ------------------------------------------------------------- */

/* Everything but VMs stays as the last change said. */
static void stay_at(const struct situation *s, struct plan *p, const struct change_record *last)
{
	if (last) {
		selection_copy(&p->selection, &last->devices);
		strv_copy(&p->names, &last->names);
		p->choices = last->choices;
	}
	p->user = xstrdup(p->choices.user ? p->choices.user : s->platform->user);
	p->choices.user = p->user;
	p->override = xstrdup(p->choices.acs_override);
	p->choices.acs_override = p->override;
}

static bool is_vm_token(const char *token)
{
	const size_t n = strcspn(token, " ");

	for (size_t i = 0; i < targets_len; i++)
		if (targets[i]->vm && !strncmp(targets[i]->name, token, n) && !targets[i]->name[n])
			return true;
	return false;
}

/* The tokens of targets that are not run. */
static void keep_owned(struct plan *p, const struct change_record *last)
{
	for (size_t i = 0; last && i < last->owned.len; i++)
		if (!is_vm_token(last->owned.items[i]))
			strv_add(&p->changes.owned, last->owned.items[i]);
}

static int compare_names(const void *a, const void *b)
{
	const struct vm_profile *of_a = a;
	const struct vm_profile *of_b = b;

	return strcmp(of_a->name, of_b->name);
}

static int set_profile(struct plan *p, const char *name, const char *bytes, size_t len,
		       struct err *reterr)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	auto_free char *path = vm_profile_path(name);
	auto_free char *why = xasprintf("the virtual machine %s", name);
	struct vm_profile *vm;

	if (!bytes)
		return files_exist(p->files, path)
			       ? changes_remove(&p->changes, path, "the VM is deleted", reterr)
			       : 0;
	vm = wish_add_vm(&p->wish);
	vm_profile_init(vm, name);
	vm_profile_parse(vm, bytes, len, &problems);
	qsort(p->wish.vms, p->wish.vms_len, sizeof(*vm), compare_names);
	return changes_set(&p->changes, path, bytes, len, 0644, why, reterr);
}

static int build_vm(const struct situation *s, struct plan *p, const char *name, const char *bytes,
		    size_t len, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *last;
	int r = load_history(s->host, p, &j, reterr);

	if (r < 0)
		return r;
	last = journal_last(&j);
	stay_at(s, p, last);
	make_wish(s, p, &j, last ? &last->by_address : NULL);
	keep_owned(p, last);
	r = plan_wish_vms(&p->wish, p->files, name, NULL, reterr);
	if (r == 0)
		r = set_profile(p, name, bytes, len, reterr);
	if (r == 0)
		r = run_targets(s, p, true, reterr);
	if (r < 0)
		return r;
	p->changes.reboot |= needs_reboot(&p->changes);
	add_unfinished(s->host, p, &j);
	return 0;
}

int plan_build_vm(const struct situation *s, const char *name, const char *bytes, size_t len,
		  struct plan **ret, struct err *reterr)
{
	struct plan *p = plan_new(s->host);
	int r = build_vm(s, p, name, bytes, len, reterr);

	if (r < 0)
		plan_free(p);
	else
		*ret = p;
	return r;
}
