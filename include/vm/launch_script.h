/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch_script: a bash script that starts one VM and stands alone, without vfiotui.
 *
 * A pure function: profile and platform in, the script's bytes out. Every value is quoted
 * for the shell; QEMU's own comma rule (a comma in a value is doubled) is kept.
 *
 * The script says in words what is not ready, hands over at its start the devices that
 * the host still has, starts helpers (swtpm, Samba, a keyboard server), pins the virtual
 * CPUs, waits for QEMU, and takes all of it back on every way out. Its sockets and notes
 * are where vm/runtime.h says; the second signal, or a second TERM, switches the guest off.
 * Exit status: QEMU's own; 1 when it was not started; 143 when a signal came before.
 *
 * Its second line carries a checksum of the rest, so that a script its owner has
 * edited is told from one that can be written anew.
 */
#ifndef VM_LAUNCH_SCRIPT_H
#define VM_LAUNCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "machine/platform.h"
#include "vm/profile.h"

/* Appends the script. */
void launch_script_write(struct str *out, const struct vm_profile *vm, const struct platform *host);
/* Lines from `first` up to, but without, `end` that are the same for every VM; from 0. */
struct launch_common {
	size_t first, end;
};
#define LAUNCH_COMMON_MOST 4
/* Fills at most LAUNCH_COMMON_MOST, in order: how many there are; 0 for what is no script of ours. */
size_t launch_script_common(const char *bytes, struct launch_common ret[LAUNCH_COMMON_MOST]);
/* True when the bytes are a script as launch_script_write() left it. */
bool launch_script_untouched(const char *bytes, size_t len);

#endif
