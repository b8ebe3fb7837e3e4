/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_names: vendor, device and class names: udev's hwdb when it is there, else
 * the pci.ids file of libpci. Both are on this machine's disk; no network.
 *
 * Open once, look up many; answers are cached and belong to the pci_names.
 */
#ifndef MACHINE_PCI_NAMES_H
#define MACHINE_PCI_NAMES_H

#include <stdint.h>

#include "base/err.h"

struct pci_names;

/* `ids_file` forces that pci.ids file (tests, captures); NULL: hwdb, then libpci's default. Never NULL. */
struct pci_names *pci_names_new(const char *ids_file) must_check;
void pci_names_free(struct pci_names *n);
const char *pci_names_vendor(struct pci_names *n, uint16_t vendor);                  /* or NULL */
const char *pci_names_device(struct pci_names *n, uint16_t vendor, uint16_t device); /* or NULL */
const char *pci_names_subsystem_vendor(struct pci_names *n, uint16_t subvendor);     /* or NULL */
/* The class name, by subclass else by class; never NULL. */
const char *pci_names_class(struct pci_names *n, uint32_t class_code);

#endif
