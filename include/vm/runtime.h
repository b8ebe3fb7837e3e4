/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runtime: where a running VM's sockets and notes are, the same for the launch script,
 * the commands and the screen.
 *
 * The directory is $XDG_RUNTIME_DIR/vfiotui, or /run/vfiotui where that variable is not
 * set (root over sudo, a service). In it, for a VM called NAME:
 *	NAME.qmp	QEMU's control socket (QMP), alone for one client at a time
 *	NAME.pid	process id of the launch script, while it holds a lock on the file
 *	NAME.log	what script and QEMU said since the last start
 *	NAME.tpm	swtpm's socket
 *	NAME.spice	SPICE's socket where no port was chosen
 * The launch script makes the directory, mode 0700.
 */
#ifndef VM_RUNTIME_H
#define VM_RUNTIME_H

#include "base/macros.h"

#define VM_RUNTIME_SYSTEM "/run"
#define VM_RUNTIME_NAME "vfiotui"

enum vm_runtime_file { VM_RUN_QMP, VM_RUN_PID, VM_RUN_LOG, VM_RUN_TPM, VM_RUN_SPICE };

/* `xdg` is the value of XDG_RUNTIME_DIR, or NULL; the caller frees. */
char *vm_runtime_dir(const char *xdg) must_check;
char *vm_runtime_path(const char *xdg, const char *name, enum vm_runtime_file which) must_check;

#endif
