/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "ui/ui.h"

static int check_words(const struct args *a, const struct command_row *row, struct err *reterr)
{
	if (a->words_len < row->min_words)
		return err_set(reterr, -EINVAL, "%s needs %s: vfiotui %s %s", row->name,
			       text_starts_with(row->usage, "FILE") ? "a file" : "an address",
			       row->name, row->usage);
	if (a->words_len > row->max_words)
		return err_set(reterr, -EINVAL, "%s takes no \"%s\": vfiotui %s%s%s", row->name,
			       a->words[row->max_words], row->name, *row->usage ? " " : "",
			       row->usage);
	return args_allow(a, row->options | OPTIONS_GLOBAL, row->name, reterr);
}

static int run_command(struct cli *c)
{
	const struct command_row *row = command_find(c->args.command);
	struct err err = ERR_INIT;

	if (!row) {
		err_set(&err, -EINVAL, "there is no command \"%s\"", c->args.command);
		return cli_wrong_usage(c, &err);
	}
	if (c->args.help) {
		command_help(&c->out.out, row);
		return EXIT_DONE;
	}
	if (c->args.version)
		return cmd_version(c);
	if (check_words(&c->args, row, &err) < 0)
		return cli_wrong_usage(c, &err);
	return row->run(c);
}

static int run_screen(struct cli *c)
{
	struct err err = ERR_INIT;

	if (cli_open_situation(c, &err) < 0)
		return cli_fail(c, &err);

	const struct ui_options options = {
		.demo = c->temp != NULL,
		.from_file = c->temp != NULL && !c->args.demo,
		.ascii = c->args.ascii,
		.no_colour = c->args.no_color,
		.argv = c->argv,
	};

	if (ui_main(c->situation, &options, &err) < 0)
		return cli_fail(c, &err);
	return EXIT_DONE;
}

/* Without a command: the screen, or the list where there is no terminal to draw on. */
static int run_default(struct cli *c)
{
	struct err err = ERR_INIT;

	if (c->args.help) {
		command_help(&c->out.out, NULL);
		return EXIT_DONE;
	}
	if (c->args.version)
		return cmd_version(c);
	if (args_allow(&c->args, OPTIONS_GLOBAL, "the screen", &err) < 0)
		return cli_wrong_usage(c, &err);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cmd_list(c);
	return run_screen(c);
}

static int run(struct cli *c, int argc, char **argv)
{
	struct err err = ERR_INIT;
	int status, r;

	if (args_parse(&c->args, argc, argv, &err) < 0)
		return cli_wrong_usage(c, &err);
	c->out.utf8 = c->out.utf8 && !c->args.ascii;
	status = c->args.command ? run_command(c) : run_default(c);
	r = print_flush(&c->out, STDOUT_FILENO);
	if (r == -EPIPE) /* the reader has seen enough */
		return status;
	if (r < 0) {
		err_set(&err, r, "cannot write the output: %s", strerror(-r));
		return cli_fail(c, &err);
	}
	return status;
}

int main(int argc, char **argv)
{
	struct cli c = {.argv = argv, .args = {.forced = STRV_INIT}, .out = {.out = STR_INIT}};
	int status;

	setlocale(LC_ALL, "");
	c.out.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	status = run(&c, argc, argv);
	cli_close(&c);
	args_release(&c.args);
	str_release(&c.out.out);
	return status;
}
