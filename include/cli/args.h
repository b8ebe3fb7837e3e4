/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * args: the command line, taken apart.
 *
 * Which options there are stands in one table in src/cli/args.c; which command takes
 * which of them in the table of src/cli/commands.c. Options may stand anywhere.
 *
 * After the command "vm" every field of a VM is an option, too, and goes before an option
 * of the same name (--bind); --force then takes no value.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

/* One bit an option, for the commands' rows. */
enum {
	OPTION_ROOT = 1 << 0,
	OPTION_DEMO = 1 << 1,
	OPTION_IDS = 1 << 2,
	OPTION_ASCII = 1 << 3,
	OPTION_NO_COLOR = 1 << 4,
	OPTION_HELP = 1 << 5,
	OPTION_VERSION = 1 << 6,
	OPTION_JSON = 1 << 7,
	OPTION_YES = 1 << 8,
	OPTION_FORCE = 1 << 9,
	OPTION_NONE = 1 << 10,
	OPTION_BIND = 1 << 11,
	OPTION_NO_PT = 1 << 12,
	OPTION_NO_SCRIPT = 1 << 13,
	OPTION_USER = 1 << 14,
	OPTION_OVERRIDE = 1 << 15,
	OPTION_WAIT = 1 << 16,
	OPTION_FIELDS = 1 << 17, /* those of a VM: vm/profile.h has their table */
	OPTION_ACS_OVERRIDE = 1 << 18,
	OPTION_NO_WAY_BACK = 1 << 19,
	OPTION_DISABLE_VGA = 1 << 20,
	OPTION_DISABLE_IDLE_D3 = 1 << 21,
	OPTION_NO_FRAMEBUFFER = 1 << 22,
	OPTION_BLACKLIST = 1 << 23,
	OPTION_BOOT_LOADER = 1 << 24,
	OPTION_SAVE_MAP = 1 << 25,
	OPTION_FOLLOW = 1 << 26,
	OPTION_TRIAL = 1 << 27,
};
#define OPTIONS_GLOBAL                                                                             \
	(OPTION_ROOT | OPTION_DEMO | OPTION_IDS | OPTION_ASCII | OPTION_NO_COLOR | OPTION_HELP |   \
	 OPTION_VERSION)

struct args {
	const char *root, *demo, *ids; /* NULL: not given; demo "": the first */
	bool ascii, no_color, help, version;
	bool json, yes, none;
	struct strv forced; /* codes */
	const char *bind;   /* "ids", "address" or NULL */
	bool no_pt, no_script, no_way_back, trial;
	bool disable_vga, disable_idle_d3, no_framebuffer, blacklist;
	bool save_map, follow;
	const char *user;
	const char *boot_loader;  /* as boot_loader_name() */
	const char *override;     /* of pcie_acs_override, to look at */
	const char *acs_override; /* the same, for the plan */
	const char *wait;         /* seconds */
	struct strv fields;       /* of a VM: key, value, key, value */
	unsigned given;           /* OPTION bits */
	const char *command;      /* NULL: none */
	char **words;             /* what follows the command */
	size_t words_len;
};

/* Takes options and command; -EINVAL with a sentence for wrong usage. Words stay in argv. */
int args_parse(struct args *a, int argc, char **argv, struct err *reterr) must_check;
void args_release(struct args *a);
/* -EINVAL when an option was given that is not among `allowed`. */
int args_allow(const struct args *a, unsigned allowed, const char *command,
	       struct err *reterr) must_check;
/* Appends one line an option of the set, as --help shows them. */
void args_help(struct str *out, unsigned options);

#endif
