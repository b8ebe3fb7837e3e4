/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm list, show, status: what there is and what it does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/json.h"
#include "cli/vm.h"
#include "vm/start.h"

/* What a VM does now. Only this machine's own VMs run on it: of another root nothing is known. */
static void look(struct cli *c, const char *name, struct vm_watch *w)
{
	vm_watch_init(w, name);
	if (host_is_live(c->host))
		vm_watch_settle(w);
	else
		w->run.dir = xstrdup("");
}

static void add_uptime(const struct vm_run *r, struct str *ret)
{
	const long s = r->started ? (long)(time(NULL) - r->started) : -1;

	if (!vm_run_is_on(r) || s < 0)
		return;
	if (s >= 86400)
		str_addf(ret, "%ld d %ld h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		str_addf(ret, "%ld h %ld min", s / 3600, s / 60 % 60);
	else
		str_addf(ret, "%ld min", s / 60);
}

/* --- list ------------------------------------------------------------------------------ */

static json_t *json_addresses(const struct vm_profile *p)
{
	const struct vm_device *devices = p->devices.items;
	json_t *array = json_array();

	for (size_t i = 0; i < p->devices.len; i++)
		json_array_append_new(array, json_text(devices[i].address));
	return array;
}

static json_t *json_problems(const struct vm_problems *problems)
{
	json_t *array = json_array();

	for (size_t i = 0; i < problems->len; i++) {
		const struct vm_problem *p = &problems->items[i];
		json_t *o = json_object();

		json_put(o, "field", json_text(p->field ? p->field->key : NULL));
		json_put(o, "line", p->line ? json_integer((json_int_t)p->line) : json_null());
		json_put(o, "text", json_text(p->text));
		json_array_append_new(array, o);
	}
	return array;
}

static void put_run(json_t *o, const struct cli *c, const struct vm_run *r)
{
	const bool on = vm_run_is_on(r);

	json_put(o, "state", json_text(host_is_live(c->host) ? vm_run_name(r) : "unknown"));
	json_put(o, "uptime",
		 on && r->started ? json_integer(time(NULL) - r->started) : json_null());
}

static json_t *json_row(struct cli *c, const char *name)
{
	struct vm_profile p;
	struct vm_watch w;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct err err = ERR_INIT;
	json_t *o = json_object();
	int r = cli_vm_load(c, name, &p, &problems, &err);

	look(c, name, &w);
	json_put(o, "name", json_text(name));
	put_run(o, c, &w.run);
	json_put(o, "memory_mib", r < 0 ? json_null() : json_integer((json_int_t)p.memory_mib));
	json_put(o, "devices", json_addresses(&p));
	json_put(o, "problems", json_problems(&problems));
	json_put(o, "error", json_text(r < 0 ? err.text : NULL));
	vm_watch_release(&w);
	vm_profile_release(&p);
	return o;
}

static void print_row(struct cli *c, const char *name)
{
	struct vm_profile p;
	struct vm_watch w;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct err err = ERR_INIT;
	auto_str struct str state = STR_INIT;
	auto_str struct str uptime = STR_INIT;
	int r = cli_vm_load(c, name, &p, &problems, &err);

	look(c, name, &w);
	if (host_is_live(c->host))
		vm_run_text(&w.run, &state);
	else
		str_adds(&state, "-");
	add_uptime(&w.run, &uptime);
	print_padded(&c->out, name, 18);
	print_format(&c->out, " %7zu %8llu MiB  ", p.devices.len, (unsigned long long)p.memory_mib);
	print_padded(&c->out, state.data, uptime.len ? 26 : 0);
	print_text(&c->out, uptime.data);
	print_raw(&c->out, "\n");
	if (r < 0) {
		print_sign(&c->out, SIGN_BLOCK);
		print_raw(&c->out, " ");
		print_wrapped(&c->out, err.text, 2);
	}
	cli_vm_problems(c, &problems);
	vm_watch_release(&w);
	vm_profile_release(&p);
}

int vm_cmd_list(struct cli *c, const char *name)
{
	struct files *files = files_new(c->host);
	auto_strv struct strv names = STRV_INIT;
	struct err err = ERR_INIT;
	int r = vm_profile_list(files, &names, &err);
	json_t *vms;

	(void)name;
	files_free(files);
	if (r < 0)
		return cli_fail_reading(c, &err);
	if (c->args.json) {
		json_t *o = json_object();

		vms = json_array();
		for (size_t i = 0; i < names.len; i++)
			json_array_append_new(vms, json_row(c, names.items[i]));
		json_put(o, "schema", json_integer(1));
		json_put(o, "vms", vms);
		json_print(&c->out, o);
		return EXIT_DONE;
	}
	if (!names.len)
		print_raw(&c->out, "There is no VM yet. Next: sudo vfiotui vm new NAME\n");
	else
		print_raw(&c->out, "NAME               DEVICES       MEMORY  STATE\n");
	for (size_t i = 0; i < names.len; i++)
		print_row(c, names.items[i]);
	return EXIT_DONE;
}

/* --- show -------------------------------------------------------------------------------- */

static json_t *json_field(const struct vm_profile *p, const struct vm_field *f)
{
	auto_strv struct strv values = STRV_INIT;

	vm_field_get(p, f, &values);
	if (f->kind == VM_LIST)
		return json_texts(&values);
	return json_text(values.len ? values.items[0] : "");
}

static void show_json(struct cli *c, const struct vm_profile *p, const struct vm_problems *problems)
{
	json_t *o = json_object(), *fields = json_object();
	auto_free char *path = vm_profile_path(p->name);

	for (size_t i = 0; i < vm_fields_len; i++)
		json_put(fields, vm_fields[i].key, json_field(p, &vm_fields[i]));
	json_put(o, "schema", json_integer(1));
	json_put(o, "name", json_text(p->name));
	json_put(o, "path", json_text(path));
	json_put(o, "fields", fields);
	json_put(o, "problems", json_problems(problems));
	json_print(&c->out, o);
}

static void print_field(struct cli *c, const struct vm_profile *p, const struct vm_field *f)
{
	auto_strv struct strv values = STRV_INIT;

	vm_field_get(p, f, &values);
	for (size_t i = 0; i < values.len || i == 0; i++) {
		print_raw(&c->out, "  ");
		print_padded(&c->out, i ? "" : f->key, 24);
		print_text(&c->out, i < values.len && values.items[i][0] ? values.items[i] : "-");
		print_raw(&c->out, "\n");
	}
}

static void show_text(struct cli *c, const struct vm_profile *p, const struct vm_problems *problems)
{
	auto_free char *path = vm_profile_path(p->name);

	print_text(&c->out, p->name);
	print_raw(&c->out, "  ");
	print_text(&c->out, path);
	print_raw(&c->out, "\n");
	for (size_t i = 0; i < vm_fields_len; i++) {
		if (!i || vm_fields[i].section != vm_fields[i - 1].section)
			print_format(&c->out, "[%s]\n", vm_section_name(vm_fields[i].section));
		print_field(c, p, &vm_fields[i]);
	}
	cli_vm_problems(c, problems);
}

int vm_cmd_show(struct cli *c, const char *name)
{
	struct vm_profile p;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct err err = ERR_INIT;
	int status = EXIT_DONE;

	if (cli_vm_load(c, name, &p, &problems, &err) < 0) {
		status = cli_fail_reading(c, &err);
	} else if (c->args.json) {
		show_json(c, &p, &problems);
	} else {
		show_text(c, &p, &problems);
	}
	vm_profile_release(&p);
	return status;
}

/* --- status -------------------------------------------------------------------------------- */

static json_t *json_drivers(struct cli *c, const struct vm_profile *p)
{
	const struct vm_device *devices = p->devices.items;
	json_t *array = json_array();

	for (size_t i = 0; i < p->devices.len; i++) {
		auto_str struct str driver = STR_INIT;
		json_t *o = json_object();

		cli_vm_driver(c, devices[i].address, &driver);
		json_put(o, "address", json_text(devices[i].address));
		json_put(o, "driver", json_text(driver.len ? driver.data : NULL));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *json_pid(pid_t pid)
{
	return pid ? json_integer(pid) : json_null();
}

static void status_json(struct cli *c, const struct vm_profile *p, const struct vm_run *r)
{
	auto_free char *log = xasprintf("%s/%s.log", r->dir, p->name);
	json_t *o = json_object();

	json_put(o, "schema", json_integer(1));
	json_put(o, "name", json_text(p->name));
	put_run(o, c, r);
	json_put(o, "pid", json_pid(r->qemu));
	json_put(o, "script_pid", json_pid(r->script));
	json_put(o, "status", r->has_end ? json_integer(r->end_status) : json_null());
	json_put(o, "devices", json_drivers(c, p));
	json_put(o, "log", json_text(log));
	json_put(o, "error", json_text(r->err.code ? r->err.text : NULL));
	json_print(&c->out, o);
}

static void status_text(struct cli *c, const struct vm_profile *p, const struct vm_run *r)
{
	const struct vm_device *devices = p->devices.items;
	auto_str struct str text = STR_INIT;
	auto_str struct str uptime = STR_INIT;

	vm_run_text(r, &text);
	add_uptime(r, &uptime);
	print_text(&c->out, p->name);
	print_format(&c->out, ": %s", text.data);
	if (uptime.len)
		print_format(&c->out, ", since %s", uptime.data);
	if (r->qemu)
		print_format(&c->out, ", QEMU is process %d", (int)r->qemu);
	print_raw(&c->out, "\n");
	if (r->err.code)
		print_wrapped(&c->out, r->err.text, 0);
	if (!vm_run_is_on(r) && r->hidden)
		print_raw(&c->out, "(as you; what root runs is seen by root only)\n");
	for (size_t i = 0; i < p->devices.len; i++) {
		auto_str struct str driver = STR_INIT;

		cli_vm_driver(c, devices[i].address, &driver);
		print_format(&c->out, "  %s is on %s\n", devices[i].address,
			     driver.len ? driver.data : "no driver");
	}
	print_raw(&c->out, "  log: ");
	print_text(&c->out, r->dir);
	print_raw(&c->out, "/");
	print_text(&c->out, p->name);
	print_raw(&c->out, ".log\n");
}

int vm_cmd_status(struct cli *c, const char *name)
{
	struct vm_profile p;
	struct vm_watch w;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct err err = ERR_INIT;
	int status = EXIT_REFUSED;

	if (cli_vm_load(c, name, &p, &problems, &err) < 0) {
		status = cli_fail_reading(c, &err);
	} else if (!host_is_live(c->host) && !c->args.json) {
		err_set(&err, -ENOTSUP, "cannot tell: VMs of another root do not run here");
		status = cli_fail(c, &err);
	} else {
		look(c, name, &w);
		if (c->args.json)
			status_json(c, &p, &w.run);
		else
			status_text(c, &p, &w.run);
		status = vm_run_is_on(&w.run) ? EXIT_DONE : EXIT_REFUSED;
		vm_watch_release(&w);
	}
	vm_profile_release(&p);
	return status;
}
