/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selection: the set of devices that shall be handed over, kept by address.
 *
 * It survives rescans: an address may name a device that has vanished. Order is by
 * address, each address once. Bridges may be in it (a finding blocks them).
 */
#ifndef ADVICE_SELECTION_H
#define ADVICE_SELECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "machine/topology.h"

struct selection {
	struct pci_addr *items;
	size_t len, cap;
};

#define SELECTION_INIT                                                                             \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_selection cleanup_with(selection_release)

void selection_release(struct selection *s);
void selection_copy(struct selection *to, const struct selection *from); /* replaces */
bool selection_has(const struct selection *s, const struct pci_addr *a);
void selection_add(struct selection *s, const struct pci_addr *a);
void selection_remove(struct selection *s, const struct pci_addr *a);
bool selection_equal(const struct selection *a, const struct selection *b);

/*
 * Is this a device that "the whole group" or "all functions" means? Bridges never are, and neither
 * is a host or ISA bridge (normal header, class 06) on which no driver stands in the way.
 */
bool device_is_takeable(const struct device *d);
/*
 * Is it takeable, and would it be of use? A host bridge with a driver (a temperature sensor's) has to go along
 * where it shares the group of an endpoint; a group of host bridges alone is for no VM.
 */
bool device_can_be_taken(const struct topology *t, const struct device *d);
/* True when nothing in the group can be taken: bridges and the host's own functions. */
bool group_stays_with_host(const struct topology *t, const struct iommu_group *g);

/* Toggles: one device; all endpoints of a group; all functions of a slot. On when any of them is off. */
void selection_toggle(struct selection *s, const struct pci_addr *a);
void selection_toggle_group(struct selection *s, const struct topology *t, int group);
void selection_toggle_slot(struct selection *s, const struct topology *t, const struct pci_addr *a);

/*
 * Adds what a command-line word names: "0000:01:00.0", "01:00.0", "01:00" (all functions of the slot), "group:15"
 * (all endpoints of the group). -EINVAL when it is no address, -ENODEV when this machine has no such device or group.
 */
int selection_add_word(struct selection *s, const struct topology *t, const char *word,
		       struct err *reterr) must_check;

#endif
