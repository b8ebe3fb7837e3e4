/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hazards: what firmware and kernel hold against handing a device over, beyond its group.
 *
 * Read from files only: the kernel's log where it is readable, the reserved regions of
 * the groups, /proc/iomem, /proc/interrupts. What can't be read is unknown, never "no".
 *
 * Sources: drivers/iommu/intel/iommu.c (RMRR), drivers/iommu/iommu.c (require_direct),
 * Documentation/ABI/testing/sysfs-kernel-iommu_groups (region types),
 * drivers/firmware/sysfb.c ("BOOTFB"), drivers/iommu/irq_remapping.c and
 * arch/x86/kernel/apic (chips named "IR-..."), drivers/vfio/vfio_iommu_type1.c.
 */
#ifndef MACHINE_HAZARDS_H
#define MACHINE_HAZARDS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host.h"
#include "machine/topology.h"

enum hazard_kind {
	HAZARD_RESERVED, /* a group whose memory must stay mapped 1:1: a "direct" region */
	HAZARD_REFUSED,  /* the kernel refused to give this device to a VM for its RMRR */
	HAZARD_FRAMEBUFFER, /* the firmware's framebuffer lies in this device's memory and is claimed */
	HAZARD_ROM_NO_UEFI, /* an image of its ROM has code for a BIOS only */
	HAZARD_ROM_UEFI,    /* no hazard: an image has code for UEFI */
};

struct hazard {
	enum hazard_kind kind;
	int group;            /* HAZARD_RESERVED; else NO_GROUP */
	struct pci_addr addr; /* the others */
	char *what;           /* "0x7b000000-0x7f7fffff", "BOOTFB"; never NULL */
};

enum remapping { REMAPPING_UNKNOWN, REMAPPING_OFF, REMAPPING_ON };

struct hazards {
	struct hazard *items;
	size_t len, cap;
	enum remapping interrupts; /* does the IOMMU remap interrupts? */
	bool unsafe_allowed;       /* vfio_iommu_type1.allow_unsafe_interrupts=1 is in force */
};

/* Never fails. The ROM itself is read of another root only: on a live machine that means to write to the card. */
void hazards_read(const struct host *host, const struct topology *topology, struct hazards *ret);
void hazards_release(struct hazards *h);
/* The hazard of that kind for this device (or, for HAZARD_RESERVED, its group), or NULL. */
const struct hazard *hazards_of(const struct hazards *h, enum hazard_kind kind,
				const struct device *d);
/* Adds what the lines of a kernel log tell; `text` is one or more lines. */
void hazards_add_log(struct hazards *h, const char *text);

/* Looks into an image of a device's ROM; a file that is none adds nothing. */
void hazards_add_rom(struct hazards *h, const struct host *host, const struct pci_addr *addr,
		     const char *path);

/* Does this line of a kernel log matter to hazards_add_log()? For recordings. */
bool hazards_log_matters(const char *line);

#endif
