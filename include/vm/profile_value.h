/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile_value: one value between its text and its member, by the rows of the table.
 *
 * `base` is the struct that the row's offset counts in: a profile, or an entry of a list.
 * For vm/profile alone; others use vm_field_set() and vm_field_get().
 */
#ifndef VM_PROFILE_VALUE_H
#define VM_PROFILE_VALUE_H

#include "base/err.h"
#include "base/str.h"
#include "vm/profile.h"

/* Every kind but LIST; "" is the row's default. On failure the member is as before. */
int vm_value_set(void *base, const struct vm_field *f, const char *value,
		 struct err *reterr) must_check;
/* Appends the value's text. */
void vm_value_get(const void *base, const struct vm_field *f, struct str *out);

/* Fills a zeroed entry from its text; on failure it is released. */
int vm_item_parse(void *entry, const struct vm_item *item, const char *text,
		  struct err *reterr) must_check;
/* Appends the entry's text: its first row, then what is not at its default. */
void vm_item_format(const void *entry, const struct vm_item *item, struct str *out);
void vm_item_release(void *entry, const struct vm_item *item);

/*
 * Double quotes around what would be read otherwise: blanks at an end, control
 * characters, a quote in front, " #". `inside` an entry also what looks like " key=".
 */
void vm_quote(struct str *out, const char *value, bool inside);
/* Reads a quoted string that begins at `s`; gives its end, or NULL when it has none. */
const char *vm_unquote(struct str *out, const char *s);

#endif
