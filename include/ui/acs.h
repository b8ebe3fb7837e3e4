/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acs: the state behind the what-if screen: which override is looked at, and its rows.
 *
 * Pure. Rows point into the what-if, which points into the topology: acs_rebuild() after
 * each rescan. Folds are kept by group id.
 */
#ifndef UI_ACS_H
#define UI_ACS_H

#include <stdbool.h>
#include <stddef.h>

#include "advice/override.h"
#include "advice/whatif.h"
#include "ui/lines.h"
#include "ui/rows.h"

/* What the chooser offers. */
enum acs_choice {
	ACS_NONE,
	ACS_DOWNSTREAM,
	ACS_MULTIFUNCTION,
	ACS_BOTH,
	ACS_IDS, /* those of page.ids */
	ACS_CHOICES,
};

enum acs_row_kind { ACS_ROW_BLOCK, ACS_ROW_MEMBER, ACS_ROW_ALONE };

struct acs_row {
	enum acs_row_kind kind;
	size_t block;        /* ACS_ROW_BLOCK, ACS_ROW_MEMBER */
	size_t member;       /* ACS_ROW_MEMBER: device index */
	bool first_of_group; /* ACS_ROW_MEMBER: of its group then */
};

struct acs_page {
	const struct topology *topology; /* not owned */
	const struct platform *platform; /* not owned */
	enum acs_choice choice;
	struct acs_override_set ids; /* for ACS_IDS; may hold more than ids */
	struct acs_override_set in_force;
	struct whatif whatif;
	struct folds folds; /* blocks that are not as by default: those that change are open */
	struct acs_row *rows;
	size_t len, cap;
	size_t at, top;
	bool pane; /* keys go to the pane */
	int pane_top;
};

/* Begins with `text` where that is an override, else with what helps group `group` (NO_GROUP: any). */
void acs_init(struct acs_page *p, const struct topology *t, const struct platform *platform,
	      const char *text, int group);
void acs_release(struct acs_page *p);
void acs_rebuild(struct acs_page *p, const struct topology *t, const struct platform *platform);
/* The next choice (1) or the one before (-1). */
void acs_step(struct acs_page *p, int step);
/* What the choice stands for. */
struct acs_override_set acs_set(const struct acs_page *p);
const char *acs_choice_name(enum acs_choice c); /* "downstream" ... "id..." */
void acs_move(struct acs_page *p, long by);
/* Folds or unfolds the block under the cursor; the cursor goes to its header. */
void acs_fold(struct acs_page *p);
bool acs_is_open(const struct acs_page *p, const struct whatif_block *b);
/* The block under the cursor, or NULL. */
const struct whatif_block *acs_block(const struct acs_page *p);
/* Why, cost and what to do, for the row under the cursor. */
void acs_pane(const struct acs_page *p, struct lines *ret);
/* "patch not found": what is known of this kernel, in a few words. */
const char *acs_kernel_word(const struct platform *p);

#endif
