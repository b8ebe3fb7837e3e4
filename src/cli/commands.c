/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define ANY SIZE_MAX
#define OPTIONS_PLAN                                                                               \
	(OPTION_NONE | OPTION_BIND | OPTION_NO_PT | OPTION_NO_SCRIPT | OPTION_USER |               \
	 OPTION_ACS_OVERRIDE | OPTION_NO_WAY_BACK | OPTION_DISABLE_VGA | OPTION_DISABLE_IDLE_D3 |  \
	 OPTION_NO_FRAMEBUFFER | OPTION_BLACKLIST | OPTION_BOOT_LOADER | OPTION_TRIAL)

static const struct command_row rows[] = {
	{"list", "", "groups and devices", OPTION_JSON, 0, 0, cmd_list},
	{"show", "ADDRESS", "everything known about one device", OPTION_JSON, 1, 1, cmd_show},
	{"check", "[ADDRESS...]", "findings: this host, handing over those",
	 OPTION_JSON | OPTION_SAVE_MAP, 0, ANY, cmd_check},
	{"acs", "", "why groups are shared, and what an override would do",
	 OPTION_JSON | OPTION_OVERRIDE, 0, 0, cmd_acs},
	{"plan", "ADDRESS...", "what would be written and run; writes nothing",
	 OPTION_JSON | OPTIONS_PLAN, 0, ANY, cmd_plan},
	{"apply", "ADDRESS...", "the same, then does it", OPTION_YES | OPTION_FORCE | OPTIONS_PLAN,
	 0, ANY, cmd_apply},
	{"undo", "[ID]", "takes the last change (or change ID) back", OPTION_YES, 0, 1, cmd_undo},
	{"keep", "", "ends a trial boot: passthrough is there to stay", 0, 0, 0, cmd_keep},
	{"history", "", "lists the changes", OPTION_JSON, 0, 0, cmd_history},
	{"status", "", "holds the promises of the last change against the machine", OPTION_JSON, 0,
	 0, cmd_status},
	{"bind", "ADDRESS...", "hands over now, until the next boot", OPTION_YES | OPTION_FORCE, 1,
	 ANY, cmd_bind},
	{"release", "ADDRESS...", "gives back to the host now", OPTION_FORCE, 1, ANY, cmd_release},
	{"vm", "[COMMAND [NAME]]", "virtual machines; vfiotui help vm",
	 OPTION_JSON | OPTION_YES | OPTION_FORCE | OPTION_WAIT | OPTION_FOLLOW | OPTION_FIELDS, 0,
	 2, cmd_vm},
	{"capture", "FILE", "records this machine, for a forum or a test", OPTION_YES, 1, 1,
	 cmd_capture},
	{"version", "", "prints the version", 0, 0, 0, cmd_version},
	{"help", "[COMMAND]", "prints this help, or that of one command", 0, 0, 1, cmd_help},
};

const struct command_row *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static void help_on(struct str *out, const struct command_row *row)
{
	if (row->run == cmd_vm) {
		cli_vm_help(out);
		return;
	}
	str_addf(out, "Usage: vfiotui [OPTION...] %s%s%s\n\n%s: %s\n\nOptions:\n", row->name,
		 row->usage[0] ? " " : "", row->usage, row->name, row->help);
	args_help(out, row->options | OPTIONS_GLOBAL);
}

void command_help(struct str *out, const struct command_row *row)
{
	unsigned options = OPTIONS_GLOBAL;

	if (row) {
		help_on(out, row);
		return;
	}
	str_adds(out,
		 "Usage: vfiotui [OPTION...] [COMMAND [ADDRESS...]]\n\n"
		 "Takes this machine from a stock install to PCI passthrough, and back again.\n"
		 "Without a command: the full-screen program.\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_str struct str left = STR_INIT;

		str_addf(&left, "%s %s", rows[i].name, rows[i].usage);
		str_addf(out, "  %-20s %s\n", left.data, rows[i].help);
		options |= rows[i].options;
	}
	str_adds(out, "\nADDRESS is 0000:01:00.0, 01:00.0, 01:00 (all functions) or group:15.\n"
		      "plan and apply: those named are exactly those handed over afterwards.\n\n"
		      "Options:\n");
	args_help(out, options);
	str_adds(out, "\nExit status: 0 done or all is well; 1 refused, failed, or a promise does\n"
		      "not hold; 2 wrong usage. More: man 8 vfiotui\n");
}

int cmd_help(struct cli *c)
{
	const struct command_row *row = NULL;

	if (c->args.words_len) {
		struct err err = ERR_INIT;

		row = command_find(c->args.words[0]);
		if (!row) {
			err_set(&err, -EINVAL, "there is no command \"%s\"", c->args.words[0]);
			return cli_wrong_usage(c, &err);
		}
	}
	command_help(&c->out.out, row);
	return EXIT_DONE;
}

int cmd_version(struct cli *c)
{
	print_raw(&c->out, "vfiotui " VFIOTUI_VERSION "\n");
	return EXIT_DONE;
}
