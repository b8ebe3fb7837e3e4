/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify: each thing the last change promised, held against the machine.
 *
 * Before the reboot it reads files, built images and boot menus; after it also the
 * running kernel: parameter in /proc/cmdline, IOMMU on, driver bound, node's owner.
 */
#ifndef CHANGE_VERIFY_H
#define CHANGE_VERIFY_H

#include "base/err.h"
#include "change/situation.h"
#include "config/target.h"

/* Appends the checks of the last change that stands; none when nothing is configured. */
int verify_run(const struct situation *s, struct checks *ret, struct err *reterr) must_check;

#endif
