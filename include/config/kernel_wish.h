/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_wish: what a wish asks of a kernel command line, whatever file the line comes from.
 *
 * A line is the parameters in the order the kernel reads them. New ones are added at its end,
 * where they have the last word; what the kernel makes of a key that is there twice:
 *	intel_iommu=	"on" and "off" undo each other (drivers/iommu/intel/iommu.c)
 *	iommu=		comma lists add up, "nopt" undoes "pt" (arch/x86/kernel/pci-dma.c);
 *			"off" stays whatever follows
 *	amd_iommu=off	stays whatever follows (drivers/iommu/amd/init.c)
 *	vfio-pci.ids=	the last one replaces the others, and modprobe gives it to the module
 *			after the options of modprobe.d, so that it replaces those, too
 *	pcie_acs_override=	all words of all of them count (the patch sets a flag for each)
 */
#ifndef CONFIG_KERNEL_WISH_H
#define CONFIG_KERNEL_WISH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "config/target.h"

#define ACS_OVERRIDE_KEY "pcie_acs_override"

/* True when a kernel started with the line does what the parameter says. */
bool kernel_line_has(const char *line, const char *param) must_check;
/*
 * Appends the parameters to add at the end of the line so that the wish holds: those of the wish
 * that it lacks, and vfio-pci.ids= where the line hands over other ids than wished. `where` names
 * the file for the sentence; -EINVAL when nothing at the end can make it hold.
 */
int kernel_line_missing(const char *line, const struct wish *wish, const char *where,
			struct strv *ret, struct err *reterr) must_check;
/*
 * A hand-made vfio-pci.ids= parameter without the ids that are not wished, for the caller to free;
 * "" when nothing is left of it. NULL for any other parameter and when all of its ids are wished.
 */
char *kernel_param_pruned(const char *param, const struct wish *wish) must_check;
/* Adds the line's parameters, and the ids it hands over, to what is configured. */
void kernel_line_present(const char *line, const char *path, struct present *ret);
/* Adds one check per wished parameter: is it on the running kernel's line? */
void kernel_line_check_running(const struct target_context *ctx, const struct wish *wish,
			       struct checks *ret);

#endif
