/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modules: which kernel modules could drive a device, and which exist (libkmod).
 *
 * For the running kernel on the live host; under another root for the release in
 * its proc/sys/kernel/osrelease, else the newest directory in its lib/modules.
 * libkmod reads the real /proc/cmdline whatever root it is given, so only alias
 * and index look-ups are used here, never its blacklists or options. It also trusts its
 * binary indexes: below another root, which may be anybody's, only the texts
 * (modules.alias, modules.dep, modules.builtin) are read, without libkmod.
 */
#ifndef MACHINE_MODULES_H
#define MACHINE_MODULES_H

#include <stdbool.h>

#include "base/strv.h"
#include "host/host.h"

struct modules;

/* Never NULL; a host without modules gives empty answers. */
struct modules *modules_new(const struct host *host) must_check;
void modules_free(struct modules *m);
/* Appends candidate module names for a modalias, as `modprobe -R` prints them. */
void modules_for_alias(struct modules *m, const char *modalias, struct strv *ret);

enum module_state { MODULE_MISSING, MODULE_LOADABLE, MODULE_BUILTIN, MODULE_UNKNOWN };

/* State of one module for the kernel release `release` (NULL: the one above); UNKNOWN without an index. */
enum module_state modules_state(struct modules *m, const char *release, const char *name);
/* All kernel releases with modules under the root, newest first by version order. */
void modules_releases(const struct host *host, struct strv *ret);

#endif
