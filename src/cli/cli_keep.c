/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keep: the trial boot went well, passthrough is there to stay. */
#include <errno.h>
#include <unistd.h>

#include "base/shell.h"
#include "change/trial.h"
#include "cli/cli.h"

static int end(struct cli *c, const struct strv *command)
{
	auto_str struct str words = STR_INIT;
	struct err err = ERR_INIT;

	shell_join(&words, command);
	print_raw(&c->out, "$ ");
	print_text(&c->out, words.data);
	print_raw(&c->out, "\n");
	if (!host_is_live(c->host)) {
		print_raw(&c->out, "To be run inside that system.\n");
		return EXIT_DONE;
	}
	if (trial_end(command, &err) < 0)
		return cli_fail(c, &err);
	print_raw(&c->out, "Kept: this machine starts with passthrough from now on. "
			   "\"sudo vfiotui undo\" takes it back.\n");
	return EXIT_DONE;
}

int cmd_keep(struct cli *c)
{
	auto_strv struct strv command = STRV_INIT;
	struct err err = ERR_INIT;

	if (cli_open_host(c, &err) < 0)
		return cli_fail(c, &err);
	if (host_is_live(c->host) && geteuid()) {
		err_set(&err, -EPERM, "nothing was kept: that needs root (sudo vfiotui keep)");
		return cli_fail(c, &err);
	}
	if (cli_open_situation(c, &err) < 0 || trial_command(c->situation, &command, &err) < 0)
		return cli_fail(c, &err);
	if (command.len)
		return end(c, &command);
	print_raw(&c->out, "No trial boot stands here; there is nothing to keep.\n");
	return EXIT_DONE;
}
