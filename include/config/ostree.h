/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ostree: what the initramfs and the kernel's parameters have in common on ostree systems.
 *
 * /boot and /usr belong to deployments. rpm-ostree makes a new one for a change and stages it: its
 * boot entry and image are written when the machine shuts down (ostree admin finalize-staged), so
 * until then nothing of it can be looked at but its description in /run.
 */
#ifndef CONFIG_OSTREE_H
#define CONFIG_OSTREE_H

#include "config/entries.h"
#include "config/target.h"

#define OSTREE_STAGED "/run/ostree/staged-deployment"

/* The entry that starts at the next boot, of those that are written; NULL: none. */
const struct entry *ostree_newest(const struct entries *all) must_check;
/* The argument of "rpm-ostree initramfs": images are built here already, and not because of us. */
bool ostree_regenerates(const struct target_context *ctx) must_check;

#endif
