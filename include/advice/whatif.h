/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * whatif: today's IOMMU groups beside those that a kernel with an override would form.
 *
 *	whatif_make(t, &override, &in_force, &w);
 *	for each w.blocks[i]		devices whose groups hang together, today or then
 *	whatif_cost(&w, block, &out)	what the override would give up there
 *	whatif_release(&w);
 *
 * Today's groups are the kernel's. Where the rule does not give them, nothing is foretold:
 * such a block stays as it is. The topology must outlive it. Near-linear.
 */
#ifndef ADVICE_WHATIF_H
#define ADVICE_WHATIF_H

#include <stdbool.h>
#include <stddef.h>

#include "advice/isolation.h"
#include "base/str.h"

/* Groups that share members, today or then: mostly one group of today and its parts. */
struct whatif_block {
	size_t *members; /* device indexes, by group then, and in it by address */
	size_t len;
	size_t today, then; /* how many groups */
	int id;             /* the lowest of today's */
	bool foretold;
	const struct group_explanation *why; /* of today's group `id`; NULL without an IOMMU */
};

struct whatif {
	const struct topology *topology;
	struct acs_override_set override;
	struct isolation_report report; /* of today */
	int *now;                       /* by device index: id of its group; NO_GROUP: in none */
	size_t *then;                /* by device index: first device of its group, or SIZE_MAX */
	struct whatif_block *blocks; /* by id: those that are shared or change */
	size_t len;
	size_t changed; /* blocks that change */
	size_t alone;   /* groups of one device that stay so */
	bool assumed;   /* the IOMMU is off: today's groups are those that it would form */
};

void whatif_make(const struct topology *t, const struct acs_override_set *override,
		 const struct acs_override_set *in_force, struct whatif *ret);
void whatif_release(struct whatif *w);
/* The number that stands for a device's group then: today's where it keeps that, or -1 for a new one. */
int whatif_id_then(const struct whatif *w, size_t device);
bool whatif_changes(const struct whatif_block *b);
/* Endpoints that would be in groups of their own, though they can reach each other; appended, nothing when none. */
void whatif_cost(const struct whatif *w, const struct whatif_block *b, struct str *out);
/* All endpoints are functions of one slot: to part them serves nobody. */
bool whatif_is_one_card(const struct whatif *w, const struct whatif_block *b);
/* Why the block is one group, what helps or why nothing does; appended. */
void whatif_why(const struct whatif *w, const struct whatif_block *b, struct str *out);
/* "passes by the override", "no ACS capability": what the test says of a device then; NULL when it passes by itself. */
const char *whatif_verdict(const struct whatif *w, size_t device);

/* One vendor:device pair that `id:` could name. */
struct whatif_id {
	uint16_t vendor, device;
	size_t first; /* device index of the first with these ids */
	size_t count;
	size_t splits; /* groups of today that it alone would split */
};
#define WHATIF_IDS 64
/* Those that lack ACS and whose test the patch can change, the most useful first; returns how many (at most WHATIF_IDS). */
size_t whatif_ids(const struct topology *t, const struct acs_override_set *in_force,
		  struct whatif_id ret[WHATIF_IDS]);

#endif
