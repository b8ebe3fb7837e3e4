/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scan_device: reads one device's directory in sysfs; only scan.c uses it.
 *
 * Two or three system calls an attribute are most of what a scan costs, so uevent and
 * config, which hold many facts each, come first, and other attributes are read only
 * for what these lack. Sources: drivers/pci/pci-sysfs.c, drivers/pci/pci-driver.c,
 * Documentation/ABI/testing/sysfs-bus-pci.
 */
#ifndef MACHINE_SCAN_DEVICE_H
#define MACHINE_SCAN_DEVICE_H

#include <stdbool.h>

#include "base/str.h"
#include "host/host.h"
#include "machine/topology.h"

/* Where the attributes of one device are read from and into; the buffers are the caller's. */
struct scan_device {
	struct host_dir dir;
	struct str *text, *config;
	struct device *device;
	bool skip_numa_node;
	/* Facts that only the whole scan can put in their place: */
	bool has_physical;
	struct pci_addr physical; /* the physical function of a virtual one */
	bool has_reset_method;    /* this kernel lists reset methods */
	bool has_reset;           /* resettable, by methods that nothing names */
};

/*
 * Reads all but names, modules and parent. False when the device went away meanwhile;
 * what can't be read or makes no sense stays unknown.
 */
bool scan_device_read(struct scan_device *s) must_check;

#endif
