/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell_vars: edits assignments in files that a shell sources, byte-preserving.
 *
 * It understands the subset of shell that such files are made of: assignments of one
 * literal word (plain, 'single', "double", concatenated, with backslash-newline),
 * arrays of literal words, +=, export, comments, several commands on a line. What it
 * can't evaluate exactly (command substitution, conditionals, sourced files) makes the
 * variable "not literal", and the caller appends a self-referencing line or refuses.
 *
 *	struct shell_vars v;
 *	shell_vars_parse(&v, bytes, len, SHELL_BASH, path, &err);
 *	struct shell_var *x = shell_vars_effective(&v, "GRUB_CMDLINE_LINUX_DEFAULT");
 *	... shell_vars_edit_words(&v, x, ...)
 *	shell_vars_join(&v, &out);
 *	shell_vars_release(&v);
 */
#ifndef CONFIG_SHELL_VARS_H
#define CONFIG_SHELL_VARS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

enum shell_dialect { SHELL_DASH, SHELL_BASH }; /* dash knows no += and no arrays */

/* One assignment in the file. */
struct shell_assignment {
	char *name;
	size_t start, end;             /* bytes of the whole assignment "NAME=value" in the file */
	size_t value_start, value_end; /* bytes of the value with its quotes or parentheses */
	size_t line;                   /* 1-based, for sentences */
	bool append;                   /* += */
	bool array;
	bool literal;      /* `words` is exactly what a shell would make of it */
	bool conditional;  /* inside if, case, function, or after && || : may not run */
	struct strv words; /* array: elements; else one word */
};

struct shell_vars {
	struct str bytes;
	struct shell_assignment *items;
	size_t len, cap;
	bool opaque; /* holds constructs (source, eval, if ...) that may assign variables unseen */
};

/* Never edits; fails only on an unterminated quote or parenthesis (file, line and reason in the sentence). */
int shell_vars_parse(struct shell_vars *v, const char *bytes, size_t len,
		     enum shell_dialect dialect, const char *path, struct err *reterr) must_check;
void shell_vars_release(struct shell_vars *v);
/* The assignment that decides the variable's final value, or NULL. */
const struct shell_assignment *shell_vars_last(const struct shell_vars *v, const char *name);
/* The final value as words (an array's elements, or a string's one word) if it can be told exactly. */
bool shell_vars_value(const struct shell_vars *v, const char *name, struct strv *ret);
/* Replaces bytes of the file and parses again; indexes and pointers into items die. */
int shell_vars_splice(struct shell_vars *v, size_t from, size_t to, const char *with,
		      size_t with_len, enum shell_dialect dialect, const char *path,
		      struct err *reterr) must_check;

#endif
