/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot_variable: the firmware's boot entry that started this machine.
 *
 * BootCurrent holds the number of a Boot#### variable, an EFI_LOAD_OPTION: four bytes of
 * attributes, two for the length of the device path, a name and the path, both UTF-16 (UEFI
 * specification 2.10, 3.1.3 and 10.3.5.4). The last file path in it is the program that was
 * started: a boot loader, a unified image, or a kernel.
 */
#ifndef MACHINE_BOOT_VARIABLE_H
#define MACHINE_BOOT_VARIABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "host/host.h"

#define EFI_GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c"

struct boot_variable {
	uint16_t number;
	char *name; /* "Linux Boot Manager", in ASCII with '?' for the rest */
	char *path; /* "/EFI/systemd/systemd-bootx64.efi", with slashes; "" when there is none */
};

#define BOOT_VARIABLE_INIT                                                                         \
	{                                                                                          \
		.number = 0, .name = NULL, .path = NULL                                            \
	}
#define auto_boot_variable cleanup_with(boot_variable_release)

/* False when the machine has no such variables, or they are not as specified. */
bool boot_variable_read(const struct host *host, struct boot_variable *ret) must_check;
void boot_variable_release(struct boot_variable *b);
/* Replaces `ret` by the bytes of a Boot#### file in efivarfs that says this; for recordings. */
void boot_variable_build(const char *name, const char *path, struct str *ret);

#endif
