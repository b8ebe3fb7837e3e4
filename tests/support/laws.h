/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * laws: the promises of config/target.h, held against one machine in memory.
 *
 *	no wish			-> the same bytes
 *	the wish twice		-> the same as once
 *	the wish, then none	-> the original bytes, and nothing owned
 *
 * A target that refuses must say which file and why, and change nothing.
 */
#ifndef TESTS_SUPPORT_LAWS_H
#define TESTS_SUPPORT_LAWS_H

#include "bed.h"
#include "config/target.h"

struct laws {
	const struct target *target;
	bool hand_made; /* the start holds what a plan without devices takes away: skip the last law */
	/* Compares what the real reader says of the machine before and after the wish; may be NULL. */
	void (*check)(const struct bed *before, const struct bed *after, const struct wish *wish);
	size_t kept, refused;
	struct strv reasons; /* of the refusals, each once */
};

/* Runs the laws for one start and one wish; fails the cmocka test where one is broken. */
void laws_run(struct laws *laws, const char *label, const struct bed *start, struct wish *wish);
/* Prints "measured: ..." and frees. */
void laws_report(struct laws *laws, const char *what);

#endif
