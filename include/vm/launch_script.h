/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch_script: a bash script that starts one VM with the devices handed over and
 * stands alone, without vfiotui.
 *
 * A pure function: data in, the script's bytes out. Every value is quoted for the
 * shell; QEMU's own comma rule (a comma in a value is doubled) is kept.
 *
 * Its second line carries a checksum of the rest, so that a script its owner has
 * edited is told from one that can be written anew.
 */
#ifndef VM_LAUNCH_SCRIPT_H
#define VM_LAUNCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/strv.h"
#include "machine/pci_addr.h"

struct launch_device {
	struct pci_addr addr;
	char bdf[PCI_ADDR_TEXT];
	int group;
	const char *name; /* for a comment */
	bool gpu;         /* the VM has a screen of its own then */
};

struct launch {
	const char *vm_name;                             /* "windows" */
	const char *qemu;                                /* path or name of qemu-system-x86_64 */
	const char *ovmf_code, *ovmf_vars, *ovmf_format; /* NULL code: SeaBIOS */
	bool ovmf_secure_boot;                           /* needs SMM */
	const char *disk;        /* path of the image, created by the script's --create-disk only;
				    NULL: in the directory where the VM's variables are */
	const char *disk_format; /* "qcow2" or "raw" */
	unsigned memory_mib;
	unsigned cores, threads;
	bool amd;                            /* topoext */
	const struct launch_device *devices; /* by address */
	size_t len;
};

/* Appends the script. */
void launch_script_write(struct str *out, const struct launch *launch);
/* True when the bytes are a script as launch_script_write() left it. */
bool launch_script_untouched(const char *bytes, size_t len);

#endif
