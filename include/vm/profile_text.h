/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile_text: a profile's file as lines, edited without touching the others.
 *
 * Laws: no edit, the same bytes; the same edit twice is once; setting a field that does
 * not stand there and unsetting it again gives the former bytes.
 *
 * A line is "key = value", with blanks where one likes; "#" in front or after a blank
 * begins a comment, except within double quotes. CR LF stays. "[section]" lines are
 * passed over. A key that takes one value counts where it stands last.
 */
#ifndef VM_PROFILE_TEXT_H
#define VM_PROFILE_TEXT_H

#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "vm/profile.h"

/* One line that says something. The pointers are into the line. */
struct vm_line {
	const char *key;
	size_t key_len;
	const struct vm_field *field; /* NULL: unknown */
	size_t value, value_len;      /* place of the value, without comment and blanks around */
};

/* False for blank lines, comments and sections; a line without "=" has key_len 0. */
bool vm_line_parse(const struct text_line *line, struct vm_line *ret);
/* The value with its quotes resolved (of a list: as it is); false when they don't match. */
bool vm_line_value(const struct text_line *line, const struct vm_line *parsed, struct str *ret);

/* Makes the field say `values`: none takes it out. A LIST has one line a value, in their order. */
void vm_text_set(struct text *t, const struct vm_field *f, const struct strv *values);
/* A new file's head and sections. */
void vm_text_head(struct text *t, const char *name);

#endif
