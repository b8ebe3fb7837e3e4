/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/vms.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "config/files.h"
#include "ui/runner.h"

#define START_MS 5000 /* a launch script that was started takes its lock within that */

static void entry_release(struct vm_entry *e)
{
	vm_profile_release(&e->profile);
	vm_problems_release(&e->problems);
	vm_watch_release(&e->watch);
	free(e->name);
}

static void entry_read(struct vm_entry *e, struct files *files)
{
	e->problems = (struct vm_problems)VM_PROBLEMS_INIT;
	if (vm_profile_load(files, e->name, &e->profile, &e->problems, &e->err) < 0)
		return; /* its row says so */
}

static void entry_init(struct vm_entry *e, const char *name, struct files *files)
{
	*e = (struct vm_entry){.name = xstrdup(name)};
	vm_watch_init(&e->watch, name);
	entry_read(e, files);
}

/* What is known of the run of a VM that was there before stays. */
static void keep_run(struct vms *from, struct vm_entry *e)
{
	size_t i = vms_find(from, e->name);
	struct vm_watch watch;

	if (i == SIZE_MAX)
		return;
	watch = e->watch;
	e->watch = from->items[i].watch;
	from->items[i].watch = watch;
	e->launched = from->items[i].launched;
}

void vms_load(struct vms *v, const struct host *host)
{
	struct files *files = files_new(host);
	auto_strv struct strv names = STRV_INIT;
	struct vms now = {.live = host_is_live(host), .shown = v->shown};

	if (vm_profile_list(files, &names, &now.err) == 0)
		now.items = xcalloc(names.len + 1, sizeof(*now.items));
	for (; now.items && now.len < names.len; now.len++) {
		entry_init(&now.items[now.len], names.items[now.len], files);
		keep_run(v, &now.items[now.len]);
		if (now.live)
			vm_watch_look(&now.items[now.len].watch);
	}
	files_free(files);
	vms_release(v);
	*v = now;
}

void vms_release(struct vms *v)
{
	for (size_t i = 0; i < v->len; i++)
		entry_release(&v->items[i]);
	free(v->items);
	*v = (struct vms){.items = NULL};
}

size_t vms_find(const struct vms *v, const char *name)
{
	for (size_t i = 0; i < v->len; i++)
		if (!strcmp(v->items[i].name, name))
			return i;
	return SIZE_MAX;
}

/* --- looking ---------------------------------------------------------------------------- */

static bool is_looked_at(const struct vms *v, const struct vm_entry *e)
{
	return v->live && (v->shown || vm_entry_is_on(e) || e->watch.asking);
}

size_t vms_poll(const struct vms *v, struct pollfd *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < v->len && n < VMS_POLLED; i++) {
		const struct vm_watch *w = &v->items[i].watch;

		if (vm_watch_fd(w) >= 0)
			ret[n++] = (struct pollfd){.fd = vm_watch_fd(w),
						   .events = vm_watch_wants(w)};
	}
	return n;
}

int vms_timeout(const struct vms *v)
{
	int wait = -1;

	for (size_t i = 0; i < v->len; i++) {
		int left = vm_watch_timeout(&v->items[i].watch);

		if (is_looked_at(v, &v->items[i]) && (wait < 0 || left < wait))
			wait = left;
	}
	return wait;
}

static void go_on(struct vm_entry *e)
{
	const bool was_on = vm_run_is_on(&e->watch.run);

	if (!vm_watch_go_on(&e->watch))
		return;
	if (e->watch.refused.code)
		e->refused = e->watch.refused;
	if (vm_run_is_on(&e->watch.run) || e->watch.run.has_end ||
	    runner_clock() > e->launched + START_MS) {
		e->ended = e->ended || was_on || e->launched;
		e->launched = 0;
	}
	if (vm_run_is_on(&e->watch.run))
		e->ended = false;
}

void vms_go_on(struct vms *v)
{
	for (size_t i = 0; i < v->len; i++)
		if (is_looked_at(v, &v->items[i]))
			go_on(&v->items[i]);
}

/* --- in words ---------------------------------------------------------------------------- */

bool vm_entry_is_on(const struct vm_entry *e)
{
	return e->launched || vm_run_is_on(&e->watch.run);
}

static enum sign guest_sign(enum guest_state s)
{
	static const enum sign signs[GUEST_STATES] = {
		[GUEST_UNKNOWN] = SIGN_WARN,   [GUEST_STARTING] = SIGN_CHANGE,
		[GUEST_RUNNING] = SIGN_OK,     [GUEST_PAUSED] = SIGN_NOTE,
		[GUEST_SUSPENDED] = SIGN_NOTE, [GUEST_STOPPING] = SIGN_CHANGE,
		[GUEST_OFF] = SIGN_CHANGE,     [GUEST_PANICKED] = SIGN_BLOCK,
		[GUEST_FAILED] = SIGN_BLOCK,
	};

	return signs[s];
}

enum sign vm_entry_state(const struct vms *v, const struct vm_entry *e, struct str *ret)
{
	const struct vm_run *r = &e->watch.run;

	if (!v->live) {
		str_adds(ret, "-");
		return SIGN_NONE;
	}
	if (e->launched && !vm_run_is_on(r)) {
		str_adds(ret, "being started");
		return SIGN_CHANGE;
	}
	vm_run_text(r, ret);
	if (r->state == VM_RUN_GUEST)
		return guest_sign(r->guest);
	if (vm_run_is_on(r))
		return SIGN_CHANGE;
	if (e->err.code || e->problems.len)
		return SIGN_WARN;
	return r->has_end && r->end_status ? SIGN_BLOCK : SIGN_NONE;
}

void vm_entry_uptime(const struct vm_entry *e, struct str *ret)
{
	const struct vm_run *r = &e->watch.run;
	const long s = r->started ? (long)(time(NULL) - r->started) : -1;

	if (!vm_run_is_on(r) || s < 0)
		return;
	if (s >= 86400)
		str_addf(ret, "%ld d %ld h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		str_addf(ret, "%ld h %ld min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		str_addf(ret, "%ld min", s / 60);
	else
		str_addf(ret, "%ld s", s);
}

void vm_entry_devices(const struct vm_entry *e, struct str *ret)
{
	const struct vm_device *d = e->profile.devices.items;

	for (size_t i = 0; i < e->profile.devices.len; i++)
		str_addf(ret, "%s%s", i ? " " : "",
			 text_starts_with(d[i].address, "0000:") ? d[i].address + 5 : d[i].address);
}
