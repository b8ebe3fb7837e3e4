/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell_parse: the grammar behind config/shell_vars.h; nobody else calls it.
 *
 * A recursive descent over POSIX.1-2017 XCU 2.10 with bash's additions. It records
 * assignments and places where variables may change unseen, and evaluates nothing.
 * Where the two shells or their versions differ, or a construct is too rare to be worth
 * its risk, it fails with a sentence rather than guess.
 *
 * Files: shell_lex.c (blanks, quotes, expansions, here-documents), shell_simple.c (simple
 * commands and assignments) and shell_parse.c (compound commands and lists).
 */
#ifndef CONFIG_SHELL_PARSE_H
#define CONFIG_SHELL_PARSE_H

#include "config/shell_vars.h"

struct shell_heredoc {
	char *delimiter;
	size_t at; /* of its operator */
	bool strip_tabs, quoted;
};

struct shell_parser {
	const char *s;
	size_t len, pos;
	enum shell_dialect dialect;
	struct shell_vars *out;         /* what is found goes here, unless `silent` */
	int silent;                     /* > 0: in a command substitution */
	int conditional;                /* > 0: what is found may not run */
	int depth;                      /* nesting, bounded */
	bool functions;                 /* a function was defined: any command may be one */
	bool after_compound;            /* the command just read was a compound one */
	struct shell_heredoc *heredocs; /* whose bodies begin at the next newline */
	size_t heredocs_len, heredocs_cap;
	size_t error_at;
	char error[160]; /* reason, "" while all is well */
};

/* Reads all of p->s; false with error and error_at. */
bool shell_parse_file(struct shell_parser *p) must_check;
void shell_parser_release(struct shell_parser *p);

/* --- shell_lex.c ---------------------------------------------------------- */

/* Sets the error (the first one stays) and returns false. */
bool shell_fail(struct shell_parser *p, size_t at, const char *fmt, ...) printf_like(3, 4);
/* Notes that variables may change unseen here. */
void shell_note_blind(struct shell_parser *p, bool for_good);
/* Marks all assignments from index `from` on as not sure to run. */
void shell_mark_conditional(struct shell_parser *p, size_t from);
bool shell_is_one_of(const char *const *list, size_t count, const char *s, size_t n);
#define IS_ONE_OF(list, s, n) shell_is_one_of(list, ARRAY_SIZE(list), s, n)
/* The byte at pos + ahead, or 0 at the end (NUL bytes are refused before). */
char shell_peek(const struct shell_parser *p, size_t ahead);
bool shell_is_meta(char c); /* ends an unquoted word: blank, newline, ;&|<>() or the end */
/* Skips blanks, continuations and a comment; stops before a newline. */
bool shell_skip_blanks(struct shell_parser *p) must_check;
/* The same and newlines, with the here-documents that begin there. */
bool shell_skip_newlines(struct shell_parser *p) must_check;
/* Moves over one word (which may be empty). */
bool shell_scan_word(struct shell_parser *p) must_check;
/* Length of the word at pos when it has no quote or expansion, else 0. */
size_t shell_plain_word(const struct shell_parser *p);
/* Length of the name at pos, or 0. */
size_t shell_name_length(const struct shell_parser *p);
/* True when a redirection begins at pos. */
bool shell_at_redirect(const struct shell_parser *p);
bool shell_scan_redirect(struct shell_parser *p) must_check;

/* --- shell_simple.c ----------------------------------------------------------- */

/* A command that is no compound one: assignments, words, redirections; or a function definition. */
bool shell_parse_simple(struct shell_parser *p) must_check;

/* --- shell_parse.c ------------------------------------------------------------ */

bool shell_parse_command(struct shell_parser *p) must_check;
/* Reads commands up to ")" (not consumed) or the end; *ret_count how many. */
bool shell_parse_list(struct shell_parser *p, size_t *ret_count) must_check;

#endif
