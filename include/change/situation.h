/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * situation: one machine as both faces see it: host, snapshot, platform, usage, and
 * what is configured already.
 *
 *	situation_open(host, ids_file, &s, &err);
 *	situation_rescan(s, &err);	on every hint: swaps the snapshot
 *	situation_reload(s, &err);	after an apply: platform and configuration too
 *	situation_free(s);
 */
#ifndef CHANGE_SITUATION_H
#define CHANGE_SITUATION_H

#include "advice/selection.h"
#include "base/err.h"
#include "config/target.h"
#include "host/host.h"
#include "machine/platform.h"
#include "machine/scan.h"
#include "machine/topology.h"
#include "machine/usage.h"

struct situation {
	const struct host *host; /* not owned; outlives it */
	struct scanner *scanner;
	struct topology *topology;
	struct platform *platform;
	struct usage usage;
	struct present present;      /* configuration that is on disk */
	struct selection configured; /* devices that it hands over at the next boot */
	struct err config_error;     /* code 0, or why a configuration file could not be read */
};

int situation_open(const struct host *host, const char *ids_file, struct situation **ret,
		   struct err *reterr) must_check;
void situation_free(struct situation *s);
void situation_freep(struct situation **s);
int situation_rescan(struct situation *s, struct err *reterr) must_check;
int situation_reload(struct situation *s, struct err *reterr) must_check;

#endif
