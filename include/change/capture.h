/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture: a recording of a machine, for somebody else to look at: tree, causes, findings, plan.
 *
 * What is recorded is found out by doing it: the machine is opened and planned for, and every path that was asked
 * for on the way is noted. Of the configuration files among them the content is kept, without comments and without
 * what machine/scrub.h takes out; of programs, images and menus only that they are there; what /proc and /sys told
 * is kept as facts. Nothing else is in a recording: no serial numbers, addresses, names of hosts or people, no UUIDs.
 */
#ifndef CHANGE_CAPTURE_H
#define CHANGE_CAPTURE_H

#include "base/err.h"
#include "base/str.h"
#include "host/host.h"

/* Appends the recording of the machine below the host's root. `ids_file` as in situation_open(). Writes nothing. */
int capture(const struct host *host, const char *ids_file, struct str *out,
	    struct err *reterr) must_check;

#endif
