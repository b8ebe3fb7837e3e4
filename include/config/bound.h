/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bound: is a device that was handed over on vfio-pci now?
 *
 * The driver link is the only proof: driver_override reads "vfio-pci" also when the
 * rule came too late. A device that isn't there yet is CHECK_AFTER_REBOOT while the
 * configuration is younger than the running kernel, and CHECK_FAILED after a boot.
 */
#ifndef CONFIG_BOUND_H
#define CONFIG_BOUND_H

#include "config/target.h"

/* `wished`: wish.driver; another driver of VFIO does as well. `path`: the file that hands the device over. Needs ctx->host. */
void check_bound(const struct target_context *ctx, const struct wish_device *d, const char *wished,
		 const char *path, struct checks *ret);

#endif
