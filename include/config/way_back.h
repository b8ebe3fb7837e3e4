/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * way_back: a boot entry without passthrough beside the normal one; shared by the targets that write one.
 *
 * It takes two words on the kernel's command line. "vfiotui=off" makes the udev rule that binds by
 * address skip itself (config/udev_rules.c); "module_blacklist=vfio_pci" keeps vfio-pci from
 * loading, and so from taking devices by their ids. The second alone would leave a device that
 * was bound by address without any driver, since its driver_override forbids the host's. What
 * vfiotui added to the line is left out: a vfio-pci inside the kernel heeds no blacklist.
 */
#ifndef CONFIG_WAY_BACK_H
#define CONFIG_WAY_BACK_H

#include "config/target.h"

#define WAY_BACK_PARAMS "vfiotui=off module_blacklist=vfio_pci"
#define WAY_BACK_GRUB_SCRIPT "/etc/grub.d/90_vfiotui"
#define WAY_BACK_INSTALL_PLUGIN "/etc/kernel/install.d/95-vfiotui.install"
#define WAY_BACK_ENTRY_TOKEN "way_back_entry /" /* and the rest of a path */
#define WAY_BACK_TITLE "Linux without passthrough (vfiotui)"

/* Whether the plan leaves such an entry behind, written by itself or by one of its scripts. */
bool way_back_planned(struct changes *c) must_check;
/*
 * Appends the parameters that vfiotui adds, each once: those that `owned` says of the loader
 * `target` (and of its line `key`, NULL: of any), and those of the text of a drop-in file of ours (NULL: none).
 */
void way_back_words(const struct strv *owned, const char *target, const char *key,
		    const char *drop_in, struct strv *ret);
/* The line without those words and with WAY_BACK_PARAMS, for the caller to free. */
char *way_back_line(const char *line, const struct strv *words) must_check;
/* Is this the command line of such an entry: with WAY_BACK_PARAMS, and without the words? */
bool way_back_holds(const char *line, const struct strv *words) must_check;
/* Adds the check that the entry is there; `line` NULL: it isn't. `how` says how to get at it. */
void way_back_check(const char *line, const struct strv *words, const char *how, const char *remedy,
		    struct checks *ret);

#endif
