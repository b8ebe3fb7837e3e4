/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hand_over: one device changes drivers now, until the next boot, through driver_override
 * (Documentation/ABI/testing/sysfs-bus-pci).
 *
 * Write the driver's name there, unbind what holds the device, ask the bus to probe it again,
 * look which driver it has got. Nothing is asked here: whether it may be done was settled before.
 * On a host that is not live no module is loaded. Errors are negative errno with a sentence that
 * names the device and says where it is then.
 */
#ifndef CHANGE_HAND_OVER_H
#define CHANGE_HAND_OVER_H

#include "base/err.h"
#include "base/macros.h"
#include "host/host.h"
#include "machine/topology.h"

/* The driver that holds the device now, or NULL; the caller frees. */
char *hand_over_driver(const struct host *host, const struct device *d) must_check;
/*
 * To vfio-pci, whose module is loaded where it is not there. When that fails the override that stood there before
 * stands again, and a device that lost its driver is probed again. -EOPNOTSUPP: the kernel has no driver_override.
 */
int hand_over(const struct host *host, const struct device *d, struct err *reterr) must_check;
/*
 * To the host: to the first of its own modules' drivers, or to whichever the bus finds. No override is left, so one
 * that said vfio-pci is gone. When vfio-pci can't be left the override stays; -EIO where it is left and the device's
 * own driver does not take it.
 */
int hand_back(const struct host *host, const struct device *d, struct err *reterr) must_check;

#endif
