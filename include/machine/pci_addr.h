/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci_addr: a BDF address with its domain, "0000:01:00.0".
 *
 * Domains have four hex digits or, below Intel's Volume Management Device, five
 * and more (drivers/pci/controller/vmd.c), bus 00-ff, device 00-1f, function 0-7.
 */
#ifndef MACHINE_PCI_ADDR_H
#define MACHINE_PCI_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct pci_addr {
	uint32_t domain;
	uint8_t bus;
	uint8_t slot;
	uint8_t function;
};

#define PCI_ADDR_TEXT 20 /* room for the longest text with its NUL */

/* Parses "DDDD:BB:SS.F" or "BB:SS.F" (domain 0), nothing before or after. */
bool pci_addr_parse(const char *s, struct pci_addr *ret) must_check;
/* Parses "DDDD:BB:SS" or "BB:SS": a slot; function is 0. */
bool pci_addr_parse_slot(const char *s, struct pci_addr *ret) must_check;
/* The full form, lower case; returns `buf`. */
const char *pci_addr_format(const struct pci_addr *a, char buf[PCI_ADDR_TEXT]);
/* Without the domain where it is 0; returns `buf`. */
const char *pci_addr_format_short(const struct pci_addr *a, char buf[PCI_ADDR_TEXT]);
/* <0, 0, >0 by domain, bus, slot, function. */
int pci_addr_compare(const struct pci_addr *a, const struct pci_addr *b);
bool pci_addr_same_slot(const struct pci_addr *a, const struct pci_addr *b);

#endif
