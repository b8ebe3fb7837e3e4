/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * start: sets a VM's launch script going so that it lives on when this program, its
 * terminal and its login are gone.
 *
 *	vm_preflight(script, &text, &err);	what is not ready, in the script's own words
 *	vm_start(name, script, &err);		begun; vm/run.h tells how it goes on
 *
 * The script runs in a session of its own with this program's environment: what its user
 * would have started by hand. No systemd unit is made of it: processes of an ended login
 * are let live by systemd-logind unless KillUserProcesses=yes was set, and a user's own
 * units end with the last login, so a unit would be the less safe of the two. Where it is
 * set the script leaves the login's scope by itself, if its user lingers, and else says so.
 */
#ifndef VM_START_H
#define VM_START_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

/* 0 all is ready, -EPERM something is not: appends a line for each, and what to take care of; else it could not be asked. */
int vm_preflight(const char *script, struct str *ret, struct err *reterr) must_check;
/* 0 it does not run; -EALREADY with a sentence it does. Waits for QEMU some seconds at most. */
int vm_refuse_second(const char *name, struct err *reterr) must_check;
/* `more` (may be NULL) are arguments of the script. Refuses with -EALREADY what runs. */
int vm_start(const char *name, const char *script, const struct strv *more,
	     struct err *reterr) must_check;
/* Where the log of the VM is: of the run that is on, else of the last; the caller frees. */
char *vm_log_path(const char *name) must_check;
/* Appends the last lines of the log, at most `bytes` of it; -ENOENT when there is none. */
int vm_log_tail(const char *name, size_t bytes, struct str *ret, struct err *reterr) must_check;
/*
 * Appends what the log has from byte `*at` on, and moves `*at` behind it; from its beginning when
 * it was begun anew. -ENOENT as above.
 */
int vm_log_from(const char *name, long long *at, struct str *ret, struct err *reterr) must_check;

#endif
