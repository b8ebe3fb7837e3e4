/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * situation: one machine as both faces see it: host, snapshot, platform, usage, and
 * what is configured already.
 *
 *	situation_open(host, ids_file, &s, &err);
 *	situation_rescan(s, &err);	on every hint: swaps the snapshot
 *	situation_reload(s, &err);	after an apply: platform and configuration too
 *	situation_free(s);
 *
 * What only advice needs is read when it is first asked for, and kept until the next
 * rescan (isolation) or reload (hazards, map).
 */
#ifndef CHANGE_SITUATION_H
#define CHANGE_SITUATION_H

#include "advice/rules.h"
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
	struct situation_cache
		*cache; /* of the functions below; NULL (made by hand): they know nothing */
};

int situation_open(const struct host *host, const char *ids_file, struct situation **ret,
		   struct err *reterr) must_check;
void situation_free(struct situation *s);
void situation_freep(struct situation **s);
/* Why the groups of the snapshot are as they are; one entry for each of topology->groups. */
const struct isolation_report *situation_isolation(const struct situation *s);
/* Everything that the rules look at, for that selection. */
struct rules_input situation_rules(const struct situation *s, const struct selection *selection);
int situation_rescan(struct situation *s, struct err *reterr) must_check;
int situation_reload(struct situation *s, struct err *reterr) must_check;

#endif
