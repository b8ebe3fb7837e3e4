/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/vm_act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/plan_vm.h"
#include "ui/views.h"
#include "vm/start.h"

/* --- where its devices are ------------------------------------------------------------- */

static const struct device *find_device(const struct app *app, const char *address)
{
	struct pci_addr addr;

	return pci_addr_parse(address, &addr) ? topology_find(app->situation->topology, &addr)
					      : NULL;
}

static void add_driver(const struct app *app, const char *address, struct str *ret)
{
	auto_free char *path = xasprintf("/sys/bus/pci/devices/%s/driver", address);
	auto_str struct str link = STR_INIT;
	const char *slash;

	if (host_link(app->situation->host, path, &link, NULL) < 0) {
		str_adds(ret, "no driver");
		return;
	}
	slash = strrchr(link.data, '/');
	str_adds(ret, slash ? slash + 1 : link.data);
}

static void add_devices(const struct app *app, const struct vm_entry *e, struct lines *ret)
{
	const struct vm_device *devices = e->profile.devices.items;

	for (size_t i = 0; i < e->profile.devices.len; i++) {
		const struct device *d = find_device(app, devices[i].address);
		auto_str struct str driver = STR_INIT;
		auto_free char *name = d ? device_short_name(d) : NULL;

		add_driver(app, devices[i].address, &driver);
		if (d)
			lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s  %s  on %s", devices[i].address,
				  name, driver.data);
		else
			lines_add(ret, SIGN_WARN, ROLE_WARN, "%s  is not there",
				  devices[i].address);
	}
	if (!e->profile.devices.len)
		lines_add(ret, SIGN_NONE, ROLE_DIM, "No device is handed over to it.");
}

/* --- what is to be said ------------------------------------------------------------------- */

static void add_problems(const struct vm_entry *e, struct lines *ret)
{
	if (e->err.code)
		lines_add(ret, SIGN_BLOCK, ROLE_BLOCK, "%s", e->err.text);
	for (size_t i = 0; i < e->problems.len; i++) {
		const struct vm_problem *p = &e->problems.items[i];

		lines_add(ret, SIGN_BLOCK, ROLE_BLOCK, "%s%s%s", p->field ? p->field->key : "",
			  p->field ? ": " : "", p->text);
	}
}

/* The last line of the log that says anything: why a launch script gave up. */
static void add_last_words(const struct vm_entry *e, struct lines *ret)
{
	auto_str struct str log = STR_INIT;
	auto_strv struct strv words = STRV_INIT;

	if (vm_log_tail(e->name, 1000, &log, NULL) < 0)
		return;
	strv_split(&words, log.data, "\n");
	for (size_t i = words.len > 3 ? words.len - 3 : 0; i < words.len; i++)
		lines_add(ret, SIGN_NONE, ROLE_DIM, "%s", words.items[i]);
}

static void add_run(const struct app *app, const struct vm_entry *e, struct lines *ret)
{
	const struct vm_run *r = &e->watch.run;
	auto_str struct str state = STR_INIT;
	enum sign sign = vm_entry_state(&app->vms, e, &state);

	if (!app->vms.live)
		return;
	if (vm_entry_is_on(e) || r->has_end)
		lines_add(ret, sign, sign == SIGN_NONE ? ROLE_TEXT : sign_role(sign), "%s",
			  state.data);
	if (r->err.code)
		lines_add(ret, SIGN_WARN, ROLE_WARN, "%s", r->err.text);
	if (!vm_entry_is_on(e) && r->has_end && r->end_status)
		add_last_words(e, ret);
	if (!vm_entry_is_on(e) && r->hidden)
		lines_add(ret, SIGN_NOTE, ROLE_DIM, "What root runs is seen by root only.");
}

void vm_details(const struct app *app, const struct vm_entry *e, struct lines *ret)
{
	add_problems(e, ret);
	add_run(app, e, ret);
	add_devices(app, e, ret);
	lines_add(ret, SIGN_NONE, ROLE_DIM, "%llu MiB, %u core%s, %u thread%s each",
		  (unsigned long long)e->profile.memory_mib, e->profile.cores,
		  e->profile.cores == 1 ? "" : "s", e->profile.threads,
		  e->profile.threads == 1 ? "" : "s");
}

static void tell_end(struct app *app, const struct vm_entry *e)
{
	const struct vm_device *devices = e->profile.devices.items;
	auto_str struct str text = STR_INIT;
	enum sign sign = vm_entry_state(&app->vms, e, &text);

	for (size_t i = 0; i < e->profile.devices.len; i++) {
		str_addf(&text, "%s %s on ", i ? "," : ";", devices[i].address);
		add_driver(app, devices[i].address, &text);
	}
	app_say(app, sign == SIGN_BLOCK ? SIGN_BLOCK : SIGN_OK, "%s: %s", e->name, text.data);
}

void vm_tell(struct app *app)
{
	for (size_t i = 0; i < app->vms.len; i++) {
		struct vm_entry *e = &app->vms.items[i];

		if (e->refused.code)
			app_say(app, SIGN_BLOCK, "%s", e->refused.text);
		else if (e->ended)
			tell_end(app, e);
		if (e->ended)
			app->request = app->request == REQUEST_NONE ? REQUEST_RESCAN : app->request;
		err_clear(&e->refused);
		e->ended = false;
	}
}

/* --- what the keys do ------------------------------------------------------------------------ */

/* The VM that a question is about, when it is answered: it may have gone meanwhile. */
static struct vm_entry *target(struct app *app)
{
	size_t i = vms_find(&app->vms, app->vm_target);

	return i < app->vms.len ? &app->vms.items[i] : NULL;
}

static void set_target(struct app *app, const struct vm_entry *e)
{
	snprintf(app->vm_target, sizeof(app->vm_target), "%s", e->name);
}

void vm_launch(struct app *app, struct vm_entry *e)
{
	auto_free char *script = vm_script_path(e->name);
	struct err err = ERR_INIT;

	if (!app->vms.live)
		app_say(app, SIGN_NOTE, "this is not the running machine: %s can't run here",
			e->name);
	else if (e->err.code || e->problems.len)
		app_say(app, SIGN_BLOCK, "%s has problems: e opens the form", e->name);
	else if (vm_start(e->name, script, NULL, &err) < 0)
		app_say(app, SIGN_BLOCK, "%s", err.text);
	else
		e->launched = runner_clock();
	if (!e->launched)
		return;
	vm_watch_look(&e->watch);
	if (app_top(app)->ops->id != VIEW_VM)
		view_vm_open(app, e->name);
}

static void shut_down(struct app *app, struct vm_entry *e)
{
	vm_watch_command(&e->watch, QMP_POWERDOWN);
	app_say(app, SIGN_CHANGE, "the power button of %s was pressed; the guest decides", e->name);
}

static void pause_it(struct app *app, struct vm_entry *e)
{
	const bool paused = e->watch.run.guest == GUEST_PAUSED;

	(void)app;
	vm_watch_command(&e->watch, paused ? QMP_CONT : QMP_STOP);
}

static void force_off(struct app *app, void *data)
{
	struct vm_entry *e = target(app);
	struct err err = ERR_INIT;

	(void)data;
	if (e && vm_run_force_off(e->name, &err) < 0)
		app_say(app, SIGN_BLOCK, "%s", err.text);
	if (e)
		vm_watch_look(&e->watch);
}

static void ask_force_off(struct app *app, struct vm_entry *e)
{
	auto_free char *text = xasprintf("Switch %s off at once? To the guest that is a power cut: "
					 "what it has not written yet is lost.",
					 e->name);

	set_target(app, e);
	view_ask_open(app, "Force off", text, force_off, NULL);
}

static void edit(struct app *app, struct vm_entry *e)
{
	view_form_open(app, e->name);
}

static int plan_delete(const struct situation *s, const void *data, struct plan **ret,
		       struct err *reterr)
{
	return plan_vm_delete(s, data, ret, reterr);
}

static void delete (struct app *app, struct vm_entry *e)
{
	if (vm_entry_is_on(e))
		app_say(app, SIGN_NOTE, "%s runs: shut it down first (s)", e->name);
	else
		view_preview_open_plan(app, "Delete", plan_delete, xstrdup(e->name), free);
}

static void show_log(struct app *app, struct vm_entry *e)
{
	view_vm_log_open(app, e->name);
}

static const struct {
	enum action action;
	void (*run)(struct app *app, struct vm_entry *e);
	bool on, off; /* works while it runs, while it does not */
} table[] = {
	{ACTION_LAUNCH, vm_launch, false, true}, {ACTION_SHUTDOWN, shut_down, true, false},
	{ACTION_PAUSE, pause_it, true, false},   {ACTION_FORCE_OFF, ask_force_off, true, false},
	{ACTION_EDIT, edit, true, true},         {ACTION_DELETE, delete, false, true},
	{ACTION_LOG, show_log, true, true},
};

bool vm_can(const struct app *app, const struct vm_entry *e, enum action action)
{
	if (action == ACTION_OPEN && !e)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].action == action) {
			if (!e)
				return false;
			if (action == ACTION_EDIT || action == ACTION_DELETE)
				return vm_entry_is_on(e) ? table[i].on : table[i].off;
			return app->vms.live && (vm_entry_is_on(e) ? table[i].on : table[i].off);
		}
	return true;
}

void vm_act(struct app *app, struct vm_entry *e, enum action action)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].action == action) {
			if (vm_entry_is_on(e) ? table[i].on : table[i].off)
				table[i].run(app, e);
			else
				app_say(app, SIGN_NOTE, "%s %s", e->name,
					vm_entry_is_on(e) ? "runs" : "does not run");
			return;
		}
}
