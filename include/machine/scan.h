/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan: makes a topology of what the machine's sysfs says right now.
 *
 *	struct scanner *s = scanner_new(host, ids_file);
 *	err = scanner_scan(s, &topology, &err);	again and again
 *	scanner_free(s);
 *
 * A scanner keeps names, modules and open indexes between scans, so that a rescan
 * costs only the sysfs reads. A device that vanishes during the scan is skipped and
 * counted. No PCI bus at all is an empty topology, not an error.
 */
#ifndef MACHINE_SCAN_H
#define MACHINE_SCAN_H

#include "base/err.h"
#include "host/host.h"
#include "machine/modules.h"
#include "machine/topology.h"

struct scanner;

/* `ids_file` as in pci_names_new(). The host must outlive the scanner. */
struct scanner *scanner_new(const struct host *host, const char *ids_file) must_check;
void scanner_free(struct scanner *s);
struct modules *scanner_modules(struct scanner *s);
int scanner_scan(struct scanner *s, struct topology **ret, struct err *reterr) must_check;

/* Above so many devices a scan leaves numa_node at -1: reading it is a sixth of the whole cost. */
#define SCAN_NUMA_MAX 128
/* The NUMA node of one device, read now unless the scan did; -1: none. */
int scan_numa_node(const struct host *host, const struct device *d);

#endif
