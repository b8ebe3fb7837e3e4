/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm start, stop, pause, resume, kill, log: one running VM. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/vm.h"
#include "vm/start.h"

#define START_SECONDS 120
#define STOP_SECONDS 180
#define KILL_SECONDS 30
#define LOG_BYTES (4U << 20)
#define LOG_TAIL 2000
#define LOOK_MS 100 /* how often a state that is waited for is looked at */

static int refuse_root(const struct cli *c, const char *name, struct err *reterr)
{
	if (host_is_live(c->host))
		return 0;
	return err_set(reterr, -ENOTSUP, "%s is a VM of another root: it can be started there only",
		       name);
}

/* --- waiting -------------------------------------------------------------------------- */

typedef bool (*reached_fn)(const struct vm_run *r);

static bool is_started(const struct vm_run *r)
{
	return r->state == VM_RUN_GUEST || r->has_end;
}

static bool is_ended(const struct vm_run *r)
{
	return r->state == VM_RUN_OFF;
}

/* No jump of the clock makes a wait longer. */
static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Looks until the state is reached: 0, -ETIME, or -EINTR when the user had enough of it. */
static int wait_for(struct cli *c, struct vm_watch *w, reached_fn reached, int seconds)
{
	const time_t end = now() + seconds;
	sigset_t held;
	int r = 0;

	cli_hold_signals(c);
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);

	struct pollfd fd = {.fd = signalfd(-1, &held, SFD_CLOEXEC), .events = POLLIN};

	vm_watch_settle(w);
	while (!reached(&w->run) && r == 0) {
		if (poll(&fd, 1, LOOK_MS) > 0)
			r = -EINTR;
		else if (now() > end)
			r = -ETIME;
		else
			vm_watch_settle(w);
	}
	close(fd.fd);
	return r;
}

static void print_log_tail(struct cli *c, const char *name)
{
	auto_str struct str log = STR_INIT;

	if (vm_log_tail(name, LOG_TAIL, &log, NULL) < 0 || !log.len)
		return;
	print_lines(&c->out, log.data, log.len);
	if (log.data[log.len - 1] != '\n')
		print_raw(&c->out, "\n");
}

/* --- start -------------------------------------------------------------------------------- */

static int begin(struct cli *c, const char *name, const char *script, struct err *reterr)
{
	auto_str struct str problems = STR_INIT;
	int r = vm_refuse_second(name, reterr); /* its devices are in use, as the preflight says */

	if (r == 0)
		r = vm_preflight(script, &problems, reterr);

	print_lines(&c->out, problems.data, problems.len);
	if (r == -EPERM && problems.len)
		return err_set(reterr, r, "%s was not started: it is not ready", name);
	return r < 0 ? r : vm_start(name, script, NULL, reterr);
}

static int say_started(struct cli *c, const struct vm_watch *w)
{
	auto_str struct str text = STR_INIT;

	vm_run_text(&w->run, &text);
	print_text(&c->out, w->name);
	print_format(&c->out, ": %s, QEMU is process %d\n", text.data, (int)w->run.qemu);
	return EXIT_DONE;
}

/* How a start that was begun went. */
static int follow_start(struct cli *c, const char *name, int seconds)
{
	struct vm_watch w;
	struct err err = ERR_INIT;
	int r, status = EXIT_REFUSED;

	vm_watch_init(&w, name);
	r = wait_for(c, &w, is_started, seconds);
	if (r == 0 && w.run.state == VM_RUN_GUEST) {
		status = say_started(c, &w);
	} else if (r == 0 && w.run.end_status == 0) {
		print_text(&c->out, name);
		print_raw(&c->out, ": it ran, and has ended in order\n");
		status = EXIT_DONE;
	} else if (r == 0) {
		print_log_tail(c, name);
		err_set(&err, -EIO, "%s was not started: its launch script ended with status %d",
			name, w.run.end_status);
		status = cli_fail(c, &err);
	} else {
		err_set(&err, r,
			"%s is still being prepared; see vfiotui vm status, vfiotui vm log", name);
		status = cli_fail(c, &err);
	}
	vm_watch_release(&w);
	return status;
}

int vm_cmd_start(struct cli *c, const char *name)
{
	auto_free char *script = NULL;
	struct err err = ERR_INIT;
	const int seconds = cli_vm_wait(c, START_SECONDS, &err);

	if (seconds < 0)
		return cli_wrong_usage(c, &err);
	script = vm_script_path(name);
	if (refuse_root(c, name, &err) < 0 || begin(c, name, script, &err) < 0)
		return cli_fail(c, &err);
	return follow_start(c, name, seconds);
}

/* --- stop ----------------------------------------------------------------------------------- */

/* Where its devices are now, so that nobody has to look whether they are back. */
static void say_devices(struct cli *c, const char *name)
{
	struct vm_profile p;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	const struct vm_device *devices;

	if (cli_vm_load(c, name, &p, &problems, NULL) < 0)
		p.devices.len = 0;
	devices = p.devices.items;
	for (size_t i = 0; i < p.devices.len; i++) {
		auto_str struct str driver = STR_INIT;

		cli_vm_driver(c, devices[i].address, &driver);
		print_format(&c->out, "  %s is %s%s\n", devices[i].address,
			     !driver.len                             ? "on no driver"
			     : text_starts_with(driver.data, "vfio") ? "still on "
								     : "back on ",
			     driver.data);
	}
	vm_profile_release(&p);
}

static int follow_end(struct cli *c, struct vm_watch *w, int seconds)
{
	struct err err = ERR_INIT;
	auto_str struct str text = STR_INIT;
	int r = wait_for(c, w, is_ended, seconds);

	if (r < 0) {
		err_set(&err, r,
			"%s still runs (%s); wait for it, or switch it off with vfiotui vm kill",
			w->name, vm_run_name(&w->run));
		return cli_fail(c, &err);
	}
	vm_run_text(&w->run, &text);
	print_text(&c->out, w->name);
	print_format(&c->out, ": %s\n", text.data);
	say_devices(c, w->name);
	return EXIT_DONE;
}

/* Gives QEMU a command; what it does afterwards is in w->run. */
static int command(struct vm_watch *w, enum qmp_command what, struct err *reterr)
{
	vm_watch_command(w, what);
	vm_watch_settle(w);
	if (w->refused.code)
		return err_set(reterr, w->refused.code, "%s", w->refused.text);
	if (!vm_run_is_on(&w->run))
		return err_set(reterr, -ESRCH, "%s does not run", w->name);
	return 0;
}

static int ask_to_stop(struct cli *c, const char *name, int seconds)
{
	struct vm_watch w;
	struct err err = ERR_INIT;
	int status;

	vm_watch_init(&w, name);
	if (command(&w, QMP_POWERDOWN, &err) < 0) {
		status = cli_fail(c, &err);
	} else {
		print_raw(&c->out, "asked the guest to shut down\n");
		if (print_flush(&c->out, STDOUT_FILENO) < 0)
			str_clear(&c->out.out);
		status = follow_end(c, &w, seconds);
	}
	vm_watch_release(&w);
	return status;
}

static int force_off(struct cli *c, const char *name, int seconds)
{
	struct vm_watch w;
	struct err err = ERR_INIT;
	int status;

	if (vm_run_force_off(name, &err) < 0)
		return cli_fail(c, &err);
	vm_watch_init(&w, name);
	status = follow_end(c, &w, seconds);
	vm_watch_release(&w);
	return status;
}

static int stop(struct cli *c, const char *name, bool force)
{
	struct err err = ERR_INIT;
	const int seconds = cli_vm_wait(c, force ? KILL_SECONDS : STOP_SECONDS, &err);

	if (seconds < 0)
		return cli_wrong_usage(c, &err);
	if (refuse_root(c, name, &err) < 0)
		return cli_fail(c, &err);
	return force ? force_off(c, name, seconds) : ask_to_stop(c, name, seconds);
}

int vm_cmd_stop(struct cli *c, const char *name)
{
	return stop(c, name, c->args.forced.len > 0);
}

int vm_cmd_kill(struct cli *c, const char *name)
{
	return stop(c, name, true);
}

/* --- pause, resume ---------------------------------------------------------------------------- */

static int one_command(struct cli *c, const char *name, enum qmp_command what)
{
	struct vm_watch w;
	struct err err = ERR_INIT;
	int status = EXIT_REFUSED;

	if (refuse_root(c, name, &err) < 0)
		return cli_fail(c, &err);
	vm_watch_init(&w, name);
	if (command(&w, what, &err) < 0)
		status = cli_fail(c, &err);
	else
		status = say_started(c, &w);
	vm_watch_release(&w);
	return status;
}

int vm_cmd_pause(struct cli *c, const char *name)
{
	return one_command(c, name, QMP_STOP);
}

int vm_cmd_resume(struct cli *c, const char *name)
{
	return one_command(c, name, QMP_CONT);
}

/* --- log ------------------------------------------------------------------------------------------ */

/* What is new in the log, at once: 1 there was something, 0 nothing, negative: nobody reads it. */
static int print_more(struct cli *c, const char *name, long long *at)
{
	auto_str struct str more = STR_INIT;

	if (vm_log_from(name, at, &more, NULL) < 0 || !more.len)
		return 0;
	print_lines(&c->out, more.data, more.len);
	return print_flush(&c->out, STDOUT_FILENO) < 0 ? -EPIPE : 1;
}

/* The end is looked for before the log is read, so its last words are never missed. */
static int follow_log(struct cli *c, const char *name)
{
	struct vm_watch w;
	long long at = 0;
	int r;
	int said;

	vm_watch_init(&w, name);
	do {
		r = wait_for(c, &w, is_ended, 0);
		while ((said = print_more(c, name, &at)) > 0)
			;
	} while (r == -ETIME && said == 0);
	vm_watch_release(&w);
	return said < 0 ? EXIT_REFUSED : EXIT_DONE;
}

int vm_cmd_log(struct cli *c, const char *name)
{
	auto_str struct str log = STR_INIT;
	struct err err = ERR_INIT;

	if (refuse_root(c, name, &err) < 0 || vm_log_tail(name, LOG_BYTES, &log, &err) < 0)
		return cli_fail(c, &err);
	if (c->args.follow)
		return follow_log(c, name);
	print_lines(&c->out, log.data, log.len);
	return EXIT_DONE;
}
