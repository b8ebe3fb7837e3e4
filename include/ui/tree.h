/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree: the state behind the main screen: marks, folds, filter, search, cursor.
 *
 * Pure: it changes only itself. Everything is kept by address or group id, so a new
 * snapshot (tree_rebuild) leaves cursor, folds and marks where they were.
 */
#ifndef UI_TREE_H
#define UI_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advice/finding.h"
#include "advice/selection.h"
#include "base/str.h"
#include "ui/rows.h"

struct tree {
	struct selection marks;
	struct folds folds;
	enum filter filter;
	struct str search;
	struct rows rows;
	uint64_t cursor; /* tag of the row under the cursor */
	size_t at;       /* its index in rows */
	size_t top;      /* first row on the screen */
};

void tree_init(struct tree *t, const struct selection *marks);
void tree_release(struct tree *t);
/* Makes the rows anew; the cursor stays on what it stands on, or goes to its group's header. */
void tree_rebuild(struct tree *t, const struct topology *topology,
		  const struct selection *configured, bool host_row);
/* Where a first-time user starts: a configured device, else a graphics card, best one that is not the console's. */
void tree_start(struct tree *t, const struct topology *topology);
/* The row under the cursor, or NULL when there is none. */
const struct row *tree_row(const struct tree *t);

void tree_move(struct tree *t, long by);
void tree_move_to(struct tree *t, size_t index);
/* Moves `top` so that the cursor is among `height` rows. */
void tree_scroll(struct tree *t, size_t height);
/* Folds (open false) or unfolds the group of the row under the cursor; the cursor goes to its header when it folds. */
void tree_fold(struct tree *t, bool open);
/* Puts the cursor on a device or a group, unfolding and taking off the filter as needed; false when it is not there. */
bool tree_go_to(struct tree *t, const struct topology *topology, uint64_t tag);
/* Is there a device that a search for the word would stop at? */
bool tree_has(const struct topology *topology, const char *word);
/* The next device (step 1) or the one before (-1) that matches the search, from the cursor on, round the end. */
bool tree_find(struct tree *t, const struct topology *topology, int step, bool include_here);
/* The row a finding belongs to: its subject as a tag. */
uint64_t tag_of_subject(const char *subject);

#endif
