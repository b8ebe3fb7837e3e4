/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to stderr, and the one question a command asks. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cli.h"

/* One sentence, made safe; a closed pipe downstream is nobody's news. */
static void complain(struct cli *c, const struct err *err, const char *hint)
{
	struct printer p = {.out = STR_INIT, .utf8 = c->out.utf8};

	if (print_flush(&c->out, STDOUT_FILENO) == -EPIPE || err->code == -EPIPE)
		return;
	print_raw(&p, "vfiotui: ");
	print_text(&p, err->text);
	print_raw(&p, "\n");
	print_raw(&p, hint);
	if (print_flush(&p, STDERR_FILENO) < 0)
		str_clear(&p.out);
	str_release(&p.out);
}

int cli_fail(struct cli *c, const struct err *err)
{
	complain(c, err, "");
	return EXIT_REFUSED;
}

void cli_warn(struct cli *c, const char *sentence)
{
	struct err note = ERR_INIT;

	err_set(&note, -EINVAL, "%s", sentence);
	complain(c, &note, "");
}

int cli_fail_reading(struct cli *c, struct err *err)
{
	if ((err->code == -EACCES || err->code == -EPERM) && geteuid())
		err_wrap(err, err->code, "this needs root (sudo vfiotui %s)", c->args.command);
	return cli_fail(c, err);
}

int cli_wrong_usage(struct cli *c, const struct err *err)
{
	complain(c, err, "Try: vfiotui --help\n");
	return EXIT_USAGE;
}

/* Waits until stdin has something, or for one of the signals that cli_hold_signals() holds. */
static int wait_for_line(void)
{
	sigset_t held;
	int signals, r;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	signals = signalfd(-1, &held, SFD_CLOEXEC);

	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
			       {.fd = signals, .events = POLLIN}};

	do
		r = poll(fds, ARRAY_SIZE(fds), -1);
	while (r < 0 && errno == EINTR);
	close(signals);
	return r < 0 || fds[1].revents ? -EINTR : 0;
}

int cli_confirm(struct cli *c, const char *what, struct err *reterr)
{
	char line[64] = "";
	ssize_t n;

	if (c->args.yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(reterr, -ECANCELED,
			       "nothing was done: there is no terminal to ask on; --yes says yes");
	print_format(&c->out, "Type yes to %s: ", what);
	if (print_flush(&c->out, STDOUT_FILENO) < 0)
		return err_set(reterr, -EPIPE, "nothing was done: cannot write the question");
	cli_hold_signals(c);
	if (wait_for_line() < 0)
		return err_set(reterr, -EINTR, "interrupted; nothing was done");
	n = read(STDIN_FILENO, line, sizeof(line) - 1);
	if (n > 0 && line[n - 1] == '\n')
		n--;
	line[n > 0 ? n : 0] = '\0';
	if (strcmp(line, "yes"))
		return err_set(reterr, -ECANCELED, "not \"yes\"; nothing was done");
	return 0;
}
