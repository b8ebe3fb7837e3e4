/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell_vars: the assignments in a file that a shell sources, and what they come to.
 *
 * The whole file is read by a shell grammar of its own (POSIX.1-2017 XCU 2, and what bash
 * adds), so that quotes, comments, here-documents, several commands on a line and compound
 * commands are where the shell sees them. Nothing is run. A value counts as known only
 * when it is exactly what the shell would make of it; a command that may assign variables
 * unseen (a sourced file, eval, an unknown program, which may be a function) makes all
 * that was assigned before it unknown. A CR is an ordinary character, as in the shells.
 *
 *	struct shell_vars v;
 *	r = shell_vars_parse(&v, bytes, len, SHELL_BASH, path, reterr);
 *	... shell_vars_value(&v, "GRUB_CMDLINE_LINUX_DEFAULT", &words)
 *	... shell_vars_splice(&v, from, to, with, n, reterr); v.bytes is the file now
 *	shell_vars_release(&v);		also after an error
 *
 * Words of a list are edited by config/shell_words.h.
 */
#ifndef CONFIG_SHELL_VARS_H
#define CONFIG_SHELL_VARS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

enum shell_dialect { SHELL_DASH, SHELL_BASH }; /* dash knows no += and no arrays */

struct shell_span {
	size_t from, to; /* bytes [from, to) of the file */
};

/* One assignment in the file (or, with `unset`, a name given to unset). */
struct shell_assignment {
	char *name;
	size_t start, end;             /* bytes of the whole assignment "NAME=value" in the file */
	size_t value_start, value_end; /* bytes of the value with its quotes or parentheses */
	size_t line;                   /* 1-based, for sentences */
	bool append; /* +=; dash takes NAME+=value for a command that it does not find */
	bool array;
	bool element;  /* NAME[...]=: one element, which is not followed further */
	bool declared; /* an operand of export or declare */
	bool unset;    /* unset NAME */
	bool literal;  /* `words` is exactly what a shell would make of it, without any expansion */
	bool conditional; /* in if, case, a function, a subshell, after && || : may not run or not last */
	bool decides; /* alone makes the final value: surely runs, and nothing after it touches the name */
	struct strv words;           /* array: elements; else one word */
	struct shell_span *elements; /* array: where they are */
	size_t elements_len, elements_cap;
};

/* A place where variables may be assigned unseen. */
struct shell_blind {
	size_t at;
	bool for_good; /* nothing after it is certain either: exit, set, alias ... */
	bool ends;     /* exit, return, exec: text after it may never be read */
};

struct shell_vars {
	struct str bytes;
	enum shell_dialect dialect;
	char *path;
	struct shell_assignment *items; /* in the order of the file */
	size_t len, cap;
	struct shell_blind *blinds;
	size_t blinds_len, blinds_cap;
};

/*
 * Reads a file's bytes; `path` is for sentences. -EINVAL with file, line and reason when the shell
 * would not read it to its end (an open quote, parenthesis, here-document or if; a backslash at the
 * end), or when it holds a construct that is not understood here. So text may be appended to any
 * file that parses, after a newline.
 */
int shell_vars_parse(struct shell_vars *v, const char *bytes, size_t len,
		     enum shell_dialect dialect, const char *path, struct err *reterr) must_check;
void shell_vars_release(struct shell_vars *v);
/* The last assignment of the name, or NULL; see `decides`. */
const struct shell_assignment *shell_vars_last(const struct shell_vars *v, const char *name);
/*
 * The final value as words (an array's elements, or a string's one word; none when unset) if it can
 * be told exactly. A name that the file does not set counts as unset before it; other variables that
 * a value refers to must be set by the file.
 */
bool shell_vars_value(const struct shell_vars *v, const char *name, struct strv *ret) must_check;
/* Replaces bytes of the file and parses again; indexes and pointers into items die. */
int shell_vars_splice(struct shell_vars *v, size_t from, size_t to, const char *with,
		      size_t with_len, struct err *reterr) must_check;
/* The 1-based line of a byte. */
size_t shell_vars_line(const struct shell_vars *v, size_t at);

#endif
