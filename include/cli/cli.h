/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli: one run of the program: its arguments, the machine it looks at, its output.
 *
 * A command is a function and a row in the table of src/cli/commands.c. It returns the
 * exit status: 0 done or all is well; 1 refused, failed, or something promised does not
 * hold; 2 wrong usage. It prints into cli->out; main writes that at the end.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <signal.h>

#include "advice/selection.h"
#include "base/err.h"
#include "change/plan.h"
#include "change/situation.h"
#include "cli/args.h"
#include "cli/print.h"
#include "config/target.h"
#include "host/host.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct cli {
	struct args args;
	char *const *argv; /* main()'s own */
	struct printer out;
	struct host *host;
	struct situation *situation; /* NULL until cli_open_situation() */
	char *temp;                  /* directory of an unpacked recording, removed at the end */
	bool holds_signals;          /* until cli_close() */
	sigset_t former_mask;
};

struct command_row {
	const char *name;
	const char *usage; /* what follows the name */
	const char *help;
	unsigned options; /* beside OPTIONS_GLOBAL */
	size_t min_words, max_words;
	int (*run)(struct cli *c);
};

/* NULL when there is no such command. */
const struct command_row *command_find(const char *name);
/* Help for the whole program, or for one command. */
void command_help(struct str *out, const struct command_row *row);

/* machine.c: opens what --root, --demo or neither names. */
int cli_open_host(struct cli *c, struct err *reterr) must_check;
int cli_open_situation(struct cli *c, struct err *reterr) must_check;
/* Closes everything, removes the temporary directory, lets held signals through. */
void cli_close(struct cli *c);
/*
 * From here on SIGINT, SIGTERM and SIGHUP wait (a signalfd sees them) and a closed pipe is an error
 * value: a change or a temporary directory must not be left behind half.
 */
void cli_hold_signals(struct cli *c);

/* Says "vfiotui: SENTENCE" on stderr, after what is in the buffer went out; returns EXIT_REFUSED. */
int cli_fail(struct cli *c, const struct err *err);
/* Says "vfiotui: SENTENCE" there of an answer that is whole, for its reader to know. */
void cli_warn(struct cli *c, const char *sentence);
/* cli_fail() of a command that only reads: where permission is lacking, root has it. */
int cli_fail_reading(struct cli *c, struct err *err);
/* cli_fail() with a hint at --help; returns EXIT_USAGE. */
int cli_wrong_usage(struct cli *c, const struct err *err);
/* Help for the commands that follow "vm", and a VM's fields. */
void cli_vm_help(struct str *out);
/* The devices that the command's words name. */
int cli_select(const struct cli *c, struct selection *ret, struct err *reterr) must_check;
/* What is configured or held by a vfio driver now: what the groups' states are seen against. */
void cli_handed_over(const struct situation *s, struct selection *ret);

/* The plan's choices from the arguments. */
struct plan_choices cli_choices(const struct args *a);
/* Asks on the terminal for the word yes; without one --yes must be given. `what` is "write this". */
int cli_confirm(struct cli *c, const char *what, struct err *reterr) must_check;
/* Writes a plan, runs its commands, prints how it went; the exit status. */
int cli_carry_out(struct cli *c, const struct plan *plan);
/* Each check with its sign, and a line in the end. */
void cli_print_checks(struct cli *c, const struct checks *checks);
/*
 * An interrupted change is taken back, an interrupted undo carried on, after a question, and it is said which.
 * *ret_left: `undo` has something left to do.
 */
int cli_repair(struct cli *c, bool *ret_left, struct err *reterr) must_check;
/* Prints an interrupted change, if there is one. */
void cli_warn_interrupted(struct cli *c);

int cmd_list(struct cli *c);
int cmd_show(struct cli *c);
int cmd_check(struct cli *c);
int cmd_acs(struct cli *c);
int cmd_plan(struct cli *c);
int cmd_apply(struct cli *c);
int cmd_undo(struct cli *c);
int cmd_keep(struct cli *c);
int cmd_history(struct cli *c);
int cmd_status(struct cli *c);
int cmd_bind(struct cli *c);
int cmd_release(struct cli *c);
int cmd_vm(struct cli *c);
int cmd_capture(struct cli *c);
int cmd_version(struct cli *c);
int cmd_help(struct cli *c);

#endif
