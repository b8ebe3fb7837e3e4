/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "machine/watch.h"
#include "ui/hints.h"

struct loop {
	struct app *app;
	struct terminal **terminal;
	int signals;
	struct watch *watch;
	struct hints hints; /* on the clock of runner_clock() */
	bool leaving;       /* the terminal is gone, or we were told to end */
	bool told; /* SIGTERM came: a change is completed first, a second one stops its command */
};

enum source { SOURCE_TTY, SOURCE_SIGNALS, SOURCE_WATCH, SOURCE_CHILD, SOURCES };

/* --- signals ------------------------------------------------------------------------------------ */

static const int caught[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGPIPE};

static void block(sigset_t *ret_before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&set, caught[i]);
	sigprocmask(SIG_BLOCK, &set, ret_before);
}

static int open_signals(struct err *reterr)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&set, caught[i]);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? err_set(reterr, -errno, "cannot take signals: %m") : fd;
}

static void resize(struct loop *l)
{
	int rows, cols;

	terminal_size(*l->terminal, &rows, &cols);
	app_resize(l->app, rows, cols);
}

/* The whole job was told to stop by the terminal; we follow once the terminal is given back. */
static void suspend(struct loop *l)
{
	terminal_suspend(*l->terminal);
	raise(SIGSTOP);
	terminal_resume(*l->terminal);
	resize(l);
}

static void leave(struct loop *l)
{
	l->leaving = true;
	terminal_close(*l->terminal);
	*l->terminal = NULL;
}

static void press(struct loop *l, uint32_t key)
{
	app_input(l->app, &(struct input){.kind = INPUT_KEY, .key = key});
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGTERM && l->told && app_is_busy(l->app))
			runner_stop(l->app->runner);
		l->told = l->told || number == SIGTERM;
		if (l->leaving)
			continue;
		if (number == SIGTERM || number == SIGHUP)
			leave(l);
		else if (number == SIGWINCH)
			resize(l);
		else if (number == SIGTSTP)
			suspend(l);
		else if (number == SIGINT)
			press(l, K_CTRL('c'));
	}
}

/* --- the other sources ----------------------------------------------------------------------------- */

static void take_input(struct loop *l, short events)
{
	struct input in;

	while (l->app->request == REQUEST_NONE && terminal_read(*l->terminal, &in))
		app_input(l->app, &in);
	/* A terminal that is gone stays readable for ever. */
	if (events & (POLLHUP | POLLERR | POLLNVAL))
		leave(l);
}

static void take_hints(struct loop *l)
{
	if (watch_drain(l->watch))
		hints_note(&l->hints, runner_clock());
}

static void rescan(struct loop *l)
{
	struct err err = ERR_INIT;

	if (situation_rescan(l->app->situation, &err) < 0)
		app_say(l->app, SIGN_BLOCK, "%s", err.text);
	else
		app_changed(l->app);
}

/* What the views ask for. True when the loop ends. */
static bool serve(struct loop *l)
{
	enum request request = l->app->request;

	if (request == REQUEST_QUIT || request == REQUEST_SUDO || request == REQUEST_DEMO)
		return true;
	l->app->request = REQUEST_NONE;
	if (request == REQUEST_REDRAW)
		resize(l);
	else if (request == REQUEST_SUSPEND)
		kill(0, SIGTSTP); /* as the terminal does for Ctrl-Z: the whole job */
	else if (request == REQUEST_RESCAN)
		rescan(l);
	return false;
}

/* --- waiting ------------------------------------------------------------------------------------------ */

static int timeout(const struct loop *l)
{
	int wait = l->leaving && !app_is_busy(l->app) ? -1 : app_timeout(l->app);
	int hint = hints_wait(&l->hints, runner_clock());

	if (hint >= 0 && (wait < 0 || hint < wait))
		wait = hint;
	return wait;
}

static int wait_for_something(struct loop *l, struct pollfd *fds, struct err *reterr)
{
	const size_t vms = l->leaving ? 0 : app_vm_poll(l->app, fds + SOURCES);

	fds[SOURCE_TTY] = (struct pollfd){.fd = *l->terminal ? STDIN_FILENO : -1, .events = POLLIN};
	fds[SOURCE_SIGNALS] = (struct pollfd){.fd = l->signals, .events = POLLIN};
	fds[SOURCE_WATCH] = (struct pollfd){.fd = l->watch ? watch_fd(l->watch) : -1,
					    .events = POLLIN};
	fds[SOURCE_CHILD] = (struct pollfd){.fd = app_child_fd(l->app), .events = POLLIN};
	if (poll(fds, SOURCES + vms, timeout(l)) < 0 && errno != EINTR)
		return err_set(reterr, -errno, "cannot wait for input: %m");
	return 0;
}

static void take_all(struct loop *l, const struct pollfd *fds)
{
	if (fds[SOURCE_SIGNALS].revents)
		take_signals(l);
	if (fds[SOURCE_TTY].revents && !l->leaving)
		take_input(l, fds[SOURCE_TTY].revents);
	app_child(l->app);
	if (fds[SOURCE_WATCH].revents)
		take_hints(l);
	if (!l->leaving)
		app_vms_go_on(l->app);
	if (hints_take(&l->hints, runner_clock()))
		rescan(l);
}

static int run(struct loop *l, struct err *reterr)
{
	struct pollfd fds[SOURCES + VMS_POLLED];
	int r = 0;

	resize(l);
	while (r == 0 && !(l->leaving && !app_is_busy(l->app))) {
		if (!l->leaving) {
			app_draw(l->app);
			terminal_draw(*l->terminal, &l->app->grid);
		}
		r = wait_for_something(l, fds, reterr);
		if (r < 0)
			break;
		take_all(l, fds);
		if (!l->leaving && serve(l))
			break;
	}
	return r;
}

int loop_run(struct app *app, struct terminal **terminal, struct err *reterr)
{
	struct loop l = {.app = app, .terminal = terminal};
	sigset_t before;
	int r = 0;

	app->ration.bytes = RATION_BYTES;
	block(&before);
	l.signals = open_signals(reterr);
	if (l.signals < 0)
		r = l.signals;
	if ((host_is_live(app->situation->host) || app->options->watch) &&
	    watch_open(&l.watch, NULL) == 0)
		app->watching = true;
	if (r == 0)
		r = run(&l, reterr);
	watch_free(l.watch);
	terminal_close(*terminal);
	*terminal = NULL;
	if (l.signals >= 0) {
		l.leaving = true;
		take_signals(&l);
		close(l.signals);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
