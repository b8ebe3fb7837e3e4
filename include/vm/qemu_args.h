/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_args: what of a profile QEMU is told, as lines of the launch script.
 *
 * "args+=(-option "value")" in bash, with a comment a part: only what this VM has. A value
 * of the user's is quoted for bash and has its commas doubled for QEMU. The options are
 * those that QEMU 7.2 to 11 take without a word of deprecation; the script asks the
 * installed QEMU where it depends on how that was built (sound).
 *
 * What is decided at the start, not when the script is written, is a variable of the
 * script (vm/launch_script.h): screens, images, sockets, block devices.
 */
#ifndef VM_QEMU_ARGS_H
#define VM_QEMU_ARGS_H

#include "base/str.h"
#include "machine/platform.h"
#include "vm/profile.h"

/* Machine, firmware, processor, memory, clock. */
void qemu_args_machine(struct str *out, const struct vm_profile *p, const struct platform *host);
/* Disks, network, sound, PCI and USB devices, input, TPM; what screen.sh says follows it. */
void qemu_args_devices(struct str *out, const struct vm_profile *p);
/* The profile's own further arguments. */
void qemu_args_more(struct str *out, const struct vm_profile *p);

/* "usb.0": the bus of the first USB controller, or "" without one. */
const char *qemu_usb_bus(const struct vm_profile *p);
/* The OVMF for this VM: the profile's own, else the host's; code "" when there is none or it is BIOS. */
struct qemu_firmware {
	const char *code, *vars;
	const char *format; /* "raw", "qcow2" */
	bool secure;        /* needs SMM */
};
void qemu_firmware(const struct vm_profile *p, const struct platform *host,
		   struct qemu_firmware *ret);
/* Appends `value` with commas doubled, as the inside of a double-quoted bash string. */
void qemu_value(struct str *out, const char *value);

#endif
