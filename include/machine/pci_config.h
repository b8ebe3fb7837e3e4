/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_config: reads the capabilities out of a device's configuration space.
 *
 * A pure function over bytes: 64 of them for an unprivileged reader, 256 or 4096
 * for root. Loops in the capability lists end the walk. Layout: PCI Express Base
 * Specification 7.5, offsets as in the kernel's include/uapi/linux/pci_regs.h.
 */
#ifndef MACHINE_PCI_CONFIG_H
#define MACHINE_PCI_CONFIG_H

#include "machine/topology.h"

struct pci_ids_in_config {
	uint8_t revision;
	uint16_t subvendor,
		subdevice; /* header type 0, or a bridge's subsystem capability; 0 when unknown */
};

/* Fills *caps (and *ids, which may be NULL) from `len` bytes. `vendor` and `device` select known errata. */
void pci_config_read(const unsigned char *config, size_t len, uint16_t vendor, uint16_t device,
		     struct pci_caps *caps, struct pci_ids_in_config *ids);

#endif
