/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit_script: which items of two sequences of numbers differ; used by diff alone.
 *
 * The script is a shortest one (E. Myers, "An O(ND) Difference Algorithm and Its
 * Variations", 1986, the linear-space variant). Where two long sequences have so
 * little in common that the search would take seconds, the rest of them is
 * marked as changed as a whole.
 */
#ifndef BASE_EDIT_SCRIPT_H
#define BASE_EDIT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct edit_side {
	const uint32_t *items;
	size_t len;
	bool *changed; /* `len` of them and one more that stays false, all false at the start */
};

/* Marks what is only in `a` (removed) and only in `b` (added). */
void edit_script(struct edit_side *a, struct edit_side *b);

#endif
