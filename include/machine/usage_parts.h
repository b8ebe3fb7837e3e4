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

#include "base/strv.h"
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
/* usage_network.c; the addresses are this host's ends of the SSH session */
void usage_find_network(struct usage_scan *s, const struct strv *ssh_addresses);
/* usage_ssh.c: adds this host's ends of the SSH session that runs the program; none on another root. */
void usage_ssh_addresses(const struct host *host, struct strv *ret);
/* The same for a process and its ancestors, by their environment and their sockets. */
void usage_ssh_of(const struct host *host, long pid, struct strv *ret);
/* usage_seat.c: console, displays, sound, keyboards */
void usage_find_seat(struct usage_scan *s);
/* usage_processes.c: who holds displays and VFIO groups open */
void usage_find_processes(struct usage_scan *s);

#endif
