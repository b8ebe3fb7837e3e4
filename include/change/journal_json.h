/* SPDX-License-Identifier: GPL-2.0-or-later */
/* journal_json: the names that record.json uses, for the half that writes it and the half that reads it. */
#ifndef CHANGE_JOURNAL_JSON_H
#define CHANGE_JOURNAL_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/str.h"
#include "change/journal.h"

#define JOURNAL_SCHEMA 1
#define JOURNAL_BINDS (BIND_ADDRESS + 1)

struct journal_choice_flag {
	const char *name;
	size_t offset; /* of a bool in struct plan_choices */
};

extern const char *const journal_state_names[CHANGE_STATES];
extern const char *const journal_bind_names[JOURNAL_BINDS];
extern const struct journal_choice_flag journal_choice_flags[]; /* up to one without a name */

/* Appends the text of `o` and a newline. */
void journal_json_dump(const json_t *o, struct str *out);

#endif
