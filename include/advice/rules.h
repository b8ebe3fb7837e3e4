/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules: the table of everything vfiotui warns of; each rule adds findings.
 *
 * A pure function over a snapshot, the platform, the usage and a selection. With an
 * empty selection only findings about the host come out. A new finding is one
 * function and one line in the table of src/advice/rules.c.
 */
#ifndef ADVICE_RULES_H
#define ADVICE_RULES_H

#include "advice/finding.h"
#include "advice/group_map.h"
#include "advice/isolation.h"
#include "advice/selection.h"
#include "machine/hazards.h"
#include "machine/platform.h"
#include "machine/topology.h"
#include "machine/usage.h"

struct rules_input {
	const struct topology *topology;
	const struct platform *platform;
	const struct usage *usage; /* may be NULL: nothing known */
	const struct selection *selection;
	/* These may be NULL: nothing known. */
	const struct isolation_report *isolation; /* of this topology */
	const struct hazards *hazards;
	const struct group_map
		*map; /* as it was when it was saved, and what is configured by address */
	const struct selection *configured; /* what the configuration hands over at the next boot */
};

/* Appends the findings, worst first. */
void rules_check(const struct rules_input *in, struct findings *ret);
/* True when some rule has that code. */
bool rules_know(const char *code);

/* State of a group for tree and JSON, given what is selected. */
enum group_state {
	GROUP_OK,     /* isolated: one endpoint, or only functions of one device, or all selected */
	GROUP_SHARED, /* endpoints of several slots that are not all selected, none in the way */
	GROUP_INCOMPLETE, /* some selected, some endpoint would stay with the host (a driver of the host) */
	GROUP_BLOCKED, /* a member that can't be handed over holds a host driver: a bridge on another driver than pcieport */
};
enum group_state group_state(const struct topology *t, const struct iommu_group *g,
			     const struct selection *s);
const char *group_state_name(enum group_state s); /* "ok", "incomplete", "blocked", "shared" */
/*
 * Would this member keep the group from being used if only `s` were handed over? By the kernel's viability rule:
 * true for a device outside `s` that is bound to a driver which is not vfio, pci-stub or pcieport.
 */
bool member_stays_with_host(const struct device *d, const struct selection *s);

#endif
