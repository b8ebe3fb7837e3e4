/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: what this host uses each PCI device for, read from sysfs and proc only.
 *
 * One list for all devices: mounted file systems and swap down through LVM, dm, md
 * and partitions to the PCI device; network links with the default route and the
 * link that carries this SSH session; the console's framebuffer and DRM masters;
 * sound; the keyboard and mouse behind a USB controller; a VM that holds the group.
 */
#ifndef MACHINE_USAGE_H
#define MACHINE_USAGE_H

#include <stddef.h>

#include "base/err.h"
#include "host/host.h"
#include "machine/topology.h"

/* In the root of a recording: what the machine used its devices for, a line each: "BDF KIND WHAT". */
#define USAGE_RECORDED "/run/vfiotui/recorded-usage"

enum usage_kind {
	USAGE_ROOT_DISK,
	USAGE_SWAP,
	USAGE_MOUNTED,
	USAGE_SSH_LINK,
	USAGE_DEFAULT_ROUTE,
	USAGE_NETWORK_UP,
	USAGE_CONSOLE_DISPLAY,
	USAGE_DISPLAY, /* a DRM device that something holds open */
	USAGE_SOUND,
	USAGE_LAST_KEYBOARD, /* the only controller with a keyboard (or mouse) behind it */
	USAGE_KEYBOARD,
	USAGE_VM,
	USAGE_KINDS,
};

struct usage_item {
	struct pci_addr addr;
	enum usage_kind kind;
	char *what; /* "/dev/nvme0n1p2 on /", "eth0 10.0.0.5", never NULL */
};

struct usage {
	struct usage_item *items; /* sorted by address, then kind */
	size_t len, cap;
};

/* What can't be read is left out; never fails. */
void usage_read(const struct host *host, const struct topology *topology, struct usage *ret);
void usage_release(struct usage *u);
/* The contract's word: "root-disk", "swap", "ssh-link" ... */
const char *usage_kind_name(enum usage_kind k);
/* For a row: "root disk", "SSH", "keyboard". */
const char *usage_kind_label(enum usage_kind k);
/* The items of one device: returns the first, *n says how many follow each other. NULL when none. */
const struct usage_item *usage_of(const struct usage *u, const struct pci_addr *addr, size_t *n);

#endif
