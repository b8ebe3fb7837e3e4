/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refind: entries that refind.conf describes itself ("menuentry", manual boot stanzas). Their options stand there, not in
 * /boot/refind_linux.conf.
 */
#ifndef CONFIG_REFIND_H
#define CONFIG_REFIND_H

#include "config/files.h"

/* The refind.conf with such an entry that is not disabled and names a root file system, for the caller to free, or NULL. */
char *refind_with_entries(struct files *files);

#endif
