/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm new, edit, delete, script: what a VM's files say. All is previewed, journalled and undone as any change. */
#include <errno.h>
#include <string.h>

#include "change/plan_vm.h"
#include "cli/print_plan.h"
#include "cli/vm.h"
#include "vm/start.h"

/* --- the options ------------------------------------------------------------------------ */

/* A list that is named at all is given anew: its former entries go before the first new one. */
static int empty_list(struct vm_profile *p, const struct vm_field *f, struct strv *emptied,
		      struct err *reterr)
{
	if (f->kind != VM_LIST || !strv_add_unique(emptied, f->key))
		return 0;
	return vm_field_set(p, f, "", reterr);
}

static int set_fields(const struct cli *c, struct vm_profile *p, struct err *reterr)
{
	const struct strv *fields = &c->args.fields;
	auto_strv struct strv emptied = STRV_INIT;

	for (size_t i = 0; i + 1 < fields->len; i += 2) {
		const struct vm_field *f = vm_field_find(fields->items[i]);
		int r = f ? empty_list(p, f, &emptied, reterr) : -EINVAL;

		if (r == 0)
			r = vm_field_set(p, f, fields->items[i + 1], reterr);
		if (r < 0)
			return err_wrap(reterr, r, "--%s", fields->items[i]);
	}
	return 0;
}

/* Is a field among the options? Its last value, or NULL. */
static const char *given(const struct cli *c, const char *key)
{
	const char *value = NULL;

	for (size_t i = 0; i + 1 < c->args.fields.len; i += 2)
		if (!strcmp(c->args.fields.items[i], key))
			value = c->args.fields.items[i + 1];
	return value;
}

/* What this machine suggests for that guest, and then what was said. */
static int propose(struct cli *c, struct vm_profile *p, struct err *reterr)
{
	const char *system = given(c, "system");
	int r = system ? vm_field_set(p, vm_field_find("system"), system, reterr) : 0;

	if (r < 0)
		return err_wrap(reterr, r, "--system");
	vm_propose(c->situation, &c->situation->configured, (enum vm_system)p->system, p);
	r = set_fields(c, p, reterr);
	if (r == 0 && given(c, "device") && !given(c, "display"))
		p->display = vm_has_gpu(c->situation, p) ? VM_DISPLAY_NONE : VM_DISPLAY_STD;
	return r;
}

/* Other cores than those that were chosen together with the pinning make that void. */
static void drop_pinning(const struct cli *c, struct vm_profile *p)
{
	if (given(c, "pin") || (!given(c, "cores") && !given(c, "threads")))
		return;
	if (vm_field_set(p, vm_field_find("pin"), "", NULL) < 0 ||
	    vm_field_set(p, vm_field_find("pin-emulator"), "", NULL) < 0)
		return; /* "" always fits */
}

/* What is written has to go together. */
static int check(struct cli *c, const struct vm_profile *p, struct err *reterr)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;

	vm_profile_check(p, &problems);
	if (!problems.len)
		return 0;
	cli_vm_problems(c, &problems);
	return err_set(reterr, -EINVAL, "nothing was written: %s can't be so", p->name);
}

/* --- writing ------------------------------------------------------------------------------ */

static int carry_out(struct cli *c, const struct plan *plan)
{
	struct err err = ERR_INIT;

	print_plan(&c->out, plan);
	if (plan_is_empty(plan))
		return EXIT_DONE;
	if (!c->situation->platform->is_root) {
		err_set(&err, -EPERM, "nothing was written: this needs root (sudo vfiotui vm ...)");
		return cli_fail(c, &err);
	}
	if (cli_confirm(c, "write this", &err) < 0)
		return cli_fail(c, &err);
	return cli_carry_out(c, plan);
}

static int save(struct cli *c, struct vm_profile *p)
{
	struct plan *plan = NULL;
	struct err err = ERR_INIT;
	int status;

	vm_complete_devices(c->situation, p);
	if (check(c, p, &err) < 0 || plan_vm_profile(c->situation, p, &plan, &err) < 0)
		return cli_fail(c, &err);
	status = carry_out(c, plan);
	plan_free(plan);
	return status;
}

int vm_cmd_new(struct cli *c, const char *name)
{
	struct vm_profile p;
	struct err err = ERR_INIT;
	int status;

	vm_profile_init(&p, name);
	if (set_fields(c, &p, &err) < 0) { /* wrong usage is said before the machine is read */
		status = cli_wrong_usage(c, &err);
	} else if (cli_open_situation(c, &err) < 0) {
		status = cli_fail(c, &err);
	} else if (propose(c, &p, &err) < 0) {
		status = cli_wrong_usage(c, &err);
	} else {
		drop_pinning(c, &p);
		status = save(c, &p);
	}
	vm_profile_release(&p);
	return status;
}

static int edit(struct cli *c, struct vm_profile *p, const char *name)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct err err = ERR_INIT;

	if (cli_vm_load(c, name, p, &problems, &err) < 0)
		return cli_fail_reading(c, &err);
	if (set_fields(c, p, &err) < 0)
		return cli_wrong_usage(c, &err);
	if (cli_open_situation(c, &err) < 0)
		return cli_fail(c, &err);
	cli_vm_problems(c, &problems);
	drop_pinning(c, p);
	return save(c, p);
}

int vm_cmd_edit(struct cli *c, const char *name)
{
	struct vm_profile p;
	struct err err = ERR_INIT;
	int status;

	if (!c->args.fields.len) {
		err_set(&err, -EINVAL,
			"say what to change: vfiotui vm edit %s --memory 12G; all fields: vfiotui "
			"help vm",
			name);
		return cli_wrong_usage(c, &err);
	}
	status = edit(c, &p, name);
	vm_profile_release(&p);
	return status;
}

static int refuse_running(struct cli *c, const char *name, struct err *reterr)
{
	struct vm_watch w;
	int r = 0;

	if (!host_is_live(c->host))
		return 0;
	vm_watch_init(&w, name);
	vm_watch_settle(&w);
	if (vm_run_is_on(&w.run))
		r = err_set(reterr, -EBUSY, "nothing was done: %s runs; vfiotui vm stop %s", name,
			    name);
	vm_watch_release(&w);
	return r;
}

int vm_cmd_delete(struct cli *c, const char *name)
{
	struct plan *plan = NULL;
	struct err err = ERR_INIT;
	int status;

	if (refuse_running(c, name, &err) < 0 || cli_open_situation(c, &err) < 0 ||
	    plan_vm_delete(c->situation, name, &plan, &err) < 0)
		return cli_fail(c, &err);
	status = carry_out(c, plan);
	plan_free(plan);
	return status;
}

/* --- script -------------------------------------------------------------------------------- */

int vm_cmd_script(struct cli *c, const char *name)
{
	auto_free char *path = vm_script_path(name);
	auto_str struct str script = STR_INIT;
	struct err err = ERR_INIT;

	if (host_read(c->host, path, &script, &err) < 0)
		return cli_fail_reading(c, &err);
	print_lines(&c->out, script.data, script.len);
	return EXIT_DONE;
}
