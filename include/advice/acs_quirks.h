/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acs_quirks: what the kernel knows of single devices that their configuration space does not say.
 *
 * Source: drivers/pci/quirks.c of Linux 6.18: pci_dev_acs_enabled[] (whether a device keeps
 * others apart) and the quirks that call pci_add_dma_alias() (whose requester id a device
 * uses beside its own). Older kernels have a part of these tables; a table of this year's
 * kernel may have more. Where the kernel's groups differ, they are the truth.
 */
#ifndef ADVICE_ACS_QUIRKS_H
#define ADVICE_ACS_QUIRKS_H

#include <stdbool.h>

#include "machine/topology.h"

enum acs_quirk {
	ACS_QUIRK_NONE,     /* the capability decides */
	ACS_QUIRK_ISOLATES, /* passes whatever the capability says */
	ACS_QUIRK_FAILS,    /* fails whatever the capability says */
};

enum acs_quirk acs_quirk(const struct device *d);
/* As the kernel has it: the header's bit, or any function but the first; never a virtual one. */
bool acs_is_multifunction(const struct device *d);

/* The device uses requester ids of other functions of its bus. */
bool dma_has_aliases(const struct device *d);
/* One of the two uses the other's requester id; both are on one bus. */
bool dma_are_aliases(const struct device *a, const struct device *b);
/* The IOMMU sits at this bridge: what is behind it takes no requester id from further up. */
bool dma_ends_at(const struct device *bridge);

#endif
