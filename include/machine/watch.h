/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch: a file descriptor that says "something about PCI devices changed".
 *
 * Events are hints, never data: on a hint, scan again. udevd's events are used
 * when it runs, else the kernel's own. An overflow counts as a hint.
 */
#ifndef MACHINE_WATCH_H
#define MACHINE_WATCH_H

#include <stdbool.h>

#include "base/err.h"

struct watch;

int watch_open(struct watch **ret, struct err *reterr) must_check;
void watch_free(struct watch *w);
int watch_fd(const struct watch *w); /* for poll(): readable when there is a hint */
/* Takes pending events, at most some thousand in one call; true when one of them concerned PCI, IOMMU or VFIO devices. */
bool watch_drain(struct watch *w);

#endif
