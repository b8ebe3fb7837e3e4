/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a plan and runs its commands. A signal never falls between two files of one change: all
 * of them wait until every file is in place. Then
 *	SIGHUP	of a line that dropped, is let pass: nobody asked to stop, the output is in the journal
 *	SIGTERM	lets the change be completed, too; a second one stops the command
 *	SIGINT	on a terminal asks whether to stop; once more, or without a terminal, stops the command
 * A command that is stopped counts as failed: the change is then unfinished, and says so.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/shell.h"
#include "change/apply.h"
#include "change/journal.h"
#include "change/verify.h"
#include "cli/cli.h"
#include "host/process.h"

#define STATUS_INTERRUPTED 130
#define STATUS_NOT_STARTED 127

struct runner {
	struct cli *cli;
	int signals; /* signalfd */
	bool told;   /* SIGTERM came once */
	bool asking; /* a question stands on the terminal; output waits behind it */
	bool stopping;
	size_t shown; /* how much of the running command's output is printed */
};

/* Output that can't be written (a closed pipe) must not stop a change half way. */
static void flush(struct cli *c)
{
	if (print_flush(&c->out, STDOUT_FILENO) < 0)
		str_clear(&c->out.out);
}

static int open_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	return signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Ctrl-C can come from the terminal and be answered there. */
static bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void show_output(struct runner *r, const struct str *output)
{
	if (!r->asking)
		print_lines(&r->cli->out, output->data + r->shown, output->len - r->shown);
	if (!r->asking)
		r->shown = output->len;
	flush(r->cli);
}

static void ask(struct runner *r)
{
	r->asking = true;
	print_raw(&r->cli->out,
		  "\nThe command is still running. Stopped in the middle it counts as failed: all "
		  "files stay written,\nand vfiotui undo takes the change back. Type stop to stop "
		  "it, Enter to go on: ");
	flush(r->cli);
}

/* First as it was told; a second time for good. */
static void stop(struct runner *r, const struct process *p, int signal_number)
{
	process_signal(p, r->stopping ? SIGKILL : signal_number);
	print_raw(&r->cli->out, r->stopping ? "\n(killed)\n" : "\n(interrupting the command)\n");
	r->stopping = true;
	r->asking = false;
	flush(r->cli);
}

static void take_signal(struct runner *r, const struct process *p)
{
	struct signalfd_siginfo info;
	int number;

	if (read(r->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	number = (int)info.ssi_signo;
	if (number == SIGTERM && !r->told && !r->stopping) {
		r->told = true;
		print_raw(&r->cli->out, "\n(the change is completed first; once more stops it)\n");
		flush(r->cli);
	} else if (number == SIGINT && !r->asking && !r->stopping && can_ask()) {
		ask(r);
	} else {
		stop(r, p, number);
	}
}

/* The end of the terminal is no answer: the command goes on. */
static void take_answer(struct runner *r, const struct process *p, const struct str *output)
{
	char line[64] = "";
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	r->asking = false;
	line[n > 0 ? n : 0] = '\0';
	if (!strcmp(line, "stop\n"))
		stop(r, p, SIGINT);
	show_output(r, output);
}

/*
 * Until the command is done. It counts as done when it has ended, even where something that it
 * left in the background still holds its output open.
 */
static void stream(struct runner *r, struct process *p, struct str *output)
{
	auto_fd int child = (int)syscall(SYS_pidfd_open, p->pid, 0);
	int more = 1;

	while (more > 0) {
		struct pollfd fds[] = {{.fd = p->fd, .events = POLLIN},
				       {.fd = r->signals, .events = POLLIN},
				       {.fd = child, .events = POLLIN},
				       {.fd = r->asking ? STDIN_FILENO : -1, .events = POLLIN}};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (fds[1].revents)
			take_signal(r, p);
		if (fds[3].revents && r->asking)
			take_answer(r, p, output);
		if (fds[0].revents || fds[2].revents) {
			more = process_read(p, output);
			show_output(r, output);
		}
		if (fds[2].revents)
			return;
	}
}

static int run_command(struct runner *r, const struct command *command, struct str *output)
{
	struct process p = PROCESS_INIT;
	struct err err = ERR_INIT;
	int status;

	if (process_spawn(&p, &command->argv, &err) < 0) {
		str_adds(output, err.text);
		print_lines(&r->cli->out, err.text, strlen(err.text));
		print_raw(&r->cli->out, "\n");
		return STATUS_NOT_STARTED;
	}
	r->shown = 0;
	stream(r, &p, output);
	if (r->asking)
		print_raw(&r->cli->out, "\n");
	r->asking = false;
	show_output(r, output);
	status = process_reap(&p);
	return r->stopping && !status ? STATUS_INTERRUPTED : status;
}

static void print_command(struct printer *p, const struct command *command)
{
	auto_str struct str line = STR_INIT;

	shell_join(&line, &command->argv);
	print_text(p, line.data);
}

static void run_commands(struct runner *r, struct apply *a)
{
	const struct command *command;

	while ((command = apply_next(a))) {
		auto_str struct str output = STR_INIT;
		const time_t start = time(NULL);
		int status;

		print_raw(&r->cli->out, "$ ");
		print_command(&r->cli->out, command);
		print_raw(&r->cli->out, "\n");
		flush(r->cli);
		status = run_command(r, command, &output);
		apply_report(a, status, output.data, output.len);
		print_sign(&r->cli->out, status ? SIGN_BLOCK : SIGN_OK);
		print_format(&r->cli->out, " status %d after %ld s\n", status,
			     (long)(time(NULL) - start));
		flush(r->cli);
	}
}

static void list_commands(struct cli *c, const struct changes *changes)
{
	for (size_t i = 0; i < changes->commands_len; i++) {
		print_raw(&c->out, c->temp ? "not run (recorded machine): "
					   : "not run (run it inside that system): ");
		print_command(&c->out, &changes->commands[i]);
		print_raw(&c->out, "\n");
	}
}

static void print_written(struct cli *c, const struct plan *plan)
{
	for (size_t i = 0; i < plan->changes.len; i++) {
		print_sign(&c->out, SIGN_OK);
		print_raw(&c->out, " ");
		print_text(&c->out, plan->changes.edits[i].path);
		print_raw(&c->out, "\n");
	}
	if (c->temp)
		print_raw(&c->out,
			  "(written into a copy of the recorded machine, which ends now)\n");
}

/* Commands run on this machine only; elsewhere they are what is left to do. */
static void do_commands(struct cli *c, const struct plan *plan, struct apply *a)
{
	struct runner r = {.cli = c};

	if (!host_is_live(c->host)) {
		list_commands(c, &plan->changes);
		return;
	}
	r.signals = open_signals();
	run_commands(&r, a);
	close(r.signals);
}

static int print_promises(struct cli *c)
{
	struct checks checks = {.items = NULL};
	struct err err = ERR_INIT;
	int status = EXIT_DONE;

	if (situation_reload(c->situation, &err) < 0 || verify_run(c->situation, &checks, &err) < 0)
		status = cli_fail(c, &err);
	else
		cli_print_checks(c, &checks);
	checks_release(&checks);
	return status;
}

static void print_next(struct cli *c, const struct plan *plan)
{
	print_raw(&c->out, "Next: ");
	if (c->temp)
		print_raw(&c->out, "do the same on your own machine.\n");
	else if (plan->changes.reboot)
		print_raw(&c->out,
			  "reboot, then sudo vfiotui status. Back again: sudo vfiotui undo\n");
	else
		print_raw(&c->out, "sudo vfiotui status. Back again: sudo vfiotui undo\n");
}

static int finish(struct cli *c, const struct plan *plan, struct apply *a)
{
	struct err err = ERR_INIT;
	int status = EXIT_DONE;

	if (apply_failed(a)) {
		auto_free char *log = journal_log_path(apply_id(a));

		err_set(&err, -EIO,
			"a command failed; all files are written; its output is in %s; mend the "
			"cause and apply again, or take it back with vfiotui undo",
			log);
		status = cli_fail(c, &err);
	}
	if (apply_end(a, &err) < 0)
		status = cli_fail(c, &err);
	if (!c->temp && !plan->undoes && print_promises(c) != EXIT_DONE)
		status = EXIT_REFUSED;
	if (status == EXIT_DONE)
		print_next(c, plan);
	return status;
}

int cli_carry_out(struct cli *c, const struct plan *plan)
{
	struct apply *a = NULL;
	struct err err = ERR_INIT;
	int status;

	cli_hold_signals(c);
	if (apply_begin(c->host, plan, &a, &err) < 0)
		return cli_fail(c, &err);
	if (apply_write(a, &err) < 0) {
		apply_free(a);
		return cli_fail(c, &err);
	}
	print_written(c, plan);
	flush(c);
	do_commands(c, plan, a);
	status = finish(c, plan, a);
	apply_free(a);
	return status;
}
