/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm: the commands that follow "vfiotui vm". Each is a function and a row in the table of
 * src/cli/cli_vm.c; it gets the VM's name, which was checked, or NULL where it takes none.
 */
#ifndef CLI_VM_H
#define CLI_VM_H

#include "cli/cli.h"
#include "vm/profile.h"
#include "vm/run.h"

struct vm_command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *help;
	unsigned options; /* beside OPTIONS_GLOBAL */
	enum {
		VM_NAME_NONE,
		VM_NAME_NEW,   /* one that there may not be yet */
		VM_NAME_THERE, /* one that there is; the only VM need not be named */
		VM_NAME_ANY,   /* or none */
	} takes;
	int (*run)(struct cli *c, const char *name);
};

/* A VM's profile as it is on disk; `p` and `problems` are to be released in any case. */
int cli_vm_load(struct cli *c, const char *name, struct vm_profile *p, struct vm_problems *problems,
		struct err *reterr) must_check;
/* Seconds of --wait, else `fallback`; -EINVAL when it is no number. */
int cli_vm_wait(const struct cli *c, int fallback, struct err *reterr) must_check;
/* Prints each problem with its sign. */
void cli_vm_problems(struct cli *c, const struct vm_problems *problems);
/* "0000:01:00.0" and the driver that it is on now; "" for none. */
void cli_vm_driver(struct cli *c, const char *address, struct str *ret);

int vm_cmd_new(struct cli *c, const char *name);
int vm_cmd_list(struct cli *c, const char *name);
int vm_cmd_show(struct cli *c, const char *name);
int vm_cmd_edit(struct cli *c, const char *name);
int vm_cmd_delete(struct cli *c, const char *name);
int vm_cmd_script(struct cli *c, const char *name);
int vm_cmd_xml(struct cli *c, const char *name);
int vm_cmd_start(struct cli *c, const char *name);
int vm_cmd_stop(struct cli *c, const char *name);
int vm_cmd_status(struct cli *c, const char *name);
int vm_cmd_pause(struct cli *c, const char *name);
int vm_cmd_resume(struct cli *c, const char *name);
int vm_cmd_kill(struct cli *c, const char *name);
int vm_cmd_log(struct cli *c, const char *name);

#endif
