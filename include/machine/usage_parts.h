/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage_parts: the steps of usage_read(), one file a subject; others use machine/usage.h.
 *
 * A use is found at some file of sysfs; the real path of that file leads through the PCI
 * device, because sysfs nests every device in the one it hangs on.
 */
#ifndef MACHINE_USAGE_PARTS_H
#define MACHINE_USAGE_PARTS_H

#include <stdbool.h>

#include "machine/usage.h"

struct usage_scan {
	const struct host *host;
	const struct topology *topology;
	struct usage *out;
	size_t blocks; /* block devices looked at so far, by usage_disks.c */
};

/* Adds a use; nothing when the same is there, or when there are very many of that kind. */
void usage_add(struct usage_scan *s, const struct pci_addr *addr, enum usage_kind kind,
	       const char *what);
bool usage_has(const struct usage *u, const struct pci_addr *addr, enum usage_kind kind);
/* The nearest PCI device on a path like "/sys/devices/pci0000:00/0000:00:01.0/net/eth0". */
bool usage_pci_on_path(const struct usage_scan *s, const char *path, struct pci_addr *ret);
/* The same for a path that may be a link. */
bool usage_pci_of(const struct usage_scan *s, const char *path, struct pci_addr *ret);

/* usage_disks.c: root disk, mounted file systems, swap */
void usage_find_disks(struct usage_scan *s);
/* usage_network.c; `ssh_address` is this host's end of the SSH session, or NULL */
void usage_find_network(struct usage_scan *s, const char *ssh_address);
/* This host's end of the SSH session that runs the program, for the caller to free, or NULL. */
char *usage_ssh_address(const struct host *host);
/* usage_seat.c: console, displays, sound, keyboards */
void usage_find_seat(struct usage_scan *s);
/* usage_processes.c: who holds displays and VFIO groups open */
void usage_find_processes(struct usage_scan *s);

#endif
