/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci.ids: whatever is in it, a name is one line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/pci_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *name)
{
	if (name && strchr(name, '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("pci.ids", MFD_CLOEXEC);
	struct pci_names *n;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = pci_names_new(path);
	check(pci_names_vendor(n, 0x10de));
	check(pci_names_device(n, 0x10de, 0x1f03));
	check(pci_names_device(n, 0x8086, 0x1533));
	check(pci_names_subsystem_vendor(n, 0x1462));
	check(pci_names_class(n, 0x030000));
	check(pci_names_class(n, 0x0c0330));
	pci_names_free(n);
	close(fd);
	return 0;
}
