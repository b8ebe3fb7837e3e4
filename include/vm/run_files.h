/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run_files: the notes beside a running VM's socket (vm/runtime.h says where): who holds the
 * lock, whether its power button was pressed, how it ended.
 *
 * Beside the launch script's files there are two of vfiotui's own:
 *	NAME.end	exit status of the launch script, written when it ended
 *	NAME.asked	pid of the QEMU whose power button was pressed
 */
#ifndef VM_RUN_FILES_H
#define VM_RUN_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "vm/run.h"

/*
 * Fills `dir`, `script`, `started` and `hidden`. It is looked for in this user's directory and in
 * root's; root also looks in those of all who are logged in. `dir` is where it was found, else this
 * user's own; the caller frees.
 */
void vm_run_read(const char *name, struct vm_run *ret);
/* How the last run ended, of a VM that does not run. */
void vm_run_read_end(const char *name, struct vm_run *ret);
bool vm_run_owner(const char *dir, uid_t *ret);
void vm_run_note_asked(const char *dir, const char *name, pid_t qemu);
bool vm_run_was_asked(const char *dir, const char *name, pid_t qemu);

#endif
