/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify: each thing the last change promised, held against the machine.
 *
 * Before the reboot it reads files, built images and boot menus; after it also the
 * running kernel: parameter in /proc/cmdline, IOMMU on, driver bound, node's owner.
 */
#ifndef CHANGE_VERIFY_H
#define CHANGE_VERIFY_H

#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "change/situation.h"
#include "config/target.h"

/* Appends the checks of the last change that stands; none when nothing is configured. */
int verify_run(const struct situation *s, struct checks *ret, struct err *reterr) must_check;

/* The boot time in the text of /proc/stat ("btime"): a promise about the running kernel made later waits for a reboot. */
bool verify_boot_time(const char *proc_stat, time_t *ret) must_check;

#endif
