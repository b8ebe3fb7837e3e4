/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell_words: adds and takes out single words of a list that an assignment holds, byte by byte.
 *
 * A list is an array, NAME=(a b), or one quoted string, NAME="a b". Other forms (unquoted, put
 * together of parts, with expansions) are not edited in place: the caller appends a line of its own.
 * What was added is taken out again to the former bytes: a word that begins the list goes with the
 * blank after it, any other with the blank before it.
 *
 * In a string, double quotes that the value itself holds group blanks, as the kernel's do.
 */
#ifndef CONFIG_SHELL_WORDS_H
#define CONFIG_SHELL_WORDS_H

#include "config/shell_vars.h"

enum shell_place { SHELL_FIRST, SHELL_LAST };

/* The assignment that alone decides `name` and whose words can be edited, or NULL. */
const struct shell_assignment *shell_words_editable(const struct shell_vars *v, const char *name);
/* Appends the words of the editable list `name`. */
void shell_words_list(const struct shell_vars *v, const char *name, struct strv *ret);
/* Adds words (in this order) at the beginning or the end of an editable list. */
int shell_words_add(struct shell_vars *v, const char *name, const struct strv *words,
		    enum shell_place place, struct err *reterr) must_check;
/* Adds a word behind another one that is there. */
int shell_words_add_after(struct shell_vars *v, const char *name, const char *anchor,
			  const char *word, struct err *reterr) must_check;
/* Takes out the last word that is `word`; fine when it is not there or the list is not editable. */
int shell_words_remove(struct shell_vars *v, const char *name, const char *word,
		       struct err *reterr) must_check;

#endif
