/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal_record: record.json of the journal, as bytes: pure, so that it can be fuzzed.
 *
 * The bytes of the edits lie beside it (before.N, after.N); here are only their sizes,
 * which tell a damaged file. Text that is not UTF-8, such as a path may be, is an
 * object {"hex":"2f65"} in place of a string.
 */
#ifndef CHANGE_JOURNAL_RECORD_H
#define CHANGE_JOURNAL_RECORD_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "change/journal.h"

struct edit_sizes {
	size_t before, after;
};

/* Appends the JSON text; the sizes are those of the edits' bytes. */
void journal_record_write(const struct change_record *r, struct str *out);
/*
 * Reads it back: everything but the edits' bytes. *ret_sizes, one for each edit, is for the caller to free; it may be
 * NULL. The sentence says what is wrong with the text, without a path. On an error *ret holds nothing.
 */
int journal_record_parse(const char *bytes, size_t len, struct change_record *ret,
			 struct edit_sizes **ret_sizes, struct err *reterr) must_check;
/* The same text with another state; whatever a newer version put there stays. */
int journal_record_set_state(const char *bytes, size_t len, enum change_state state,
			     struct str *out, struct err *reterr) must_check;
/* Frees all that a record holds; leaves zeros. */
void change_record_release(struct change_record *r);

#endif
