/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/shell_parse.h"

#include <string.h>

#define DEPTH_MAX 100

/* True when the word at pos is exactly this plain one. */
static bool at_word(const struct shell_parser *p, const char *word)
{
	size_t n = shell_plain_word(p);

	return n && n == strlen(word) && !memcmp(p->s + p->pos, word, n);
}

static bool at_terminator(const struct shell_parser *p)
{
	static const char *const words[] = {"then", "else", "elif", "fi",
					    "do",   "done", "esac", "}"};

	return p->pos == p->len || p->s[p->pos] == ')' ||
	       (p->s[p->pos] == ';' && (shell_peek(p, 1) == ';' || shell_peek(p, 1) == '&')) ||
	       IS_ONE_OF(words, p->s + p->pos, shell_plain_word(p));
}

static bool expect(struct shell_parser *p, const char *word, size_t opened_at, const char *what)
{
	if (!shell_skip_newlines(p))
		return false;
	if (!at_word(p, word)) {
		if (p->pos == p->len)
			return shell_fail(p, opened_at, "the %s is never closed by %s", what, word);
		return shell_fail(p, p->pos, "%s is missing here", word);
	}
	p->pos += strlen(word);
	return true;
}

/* A list of at least one command. */
static bool parse_body(struct shell_parser *p)
{
	size_t count;

	if (!shell_parse_list(p, &count))
		return false;
	return count || shell_fail(p, p->pos, "a command is missing here");
}

/* --- compound commands ------------------------------------------------------------------ */

static bool parse_if(struct shell_parser *p, size_t at)
{
	if (!parse_body(p) || !expect(p, "then", at, "if") || !parse_body(p))
		return false;
	while (at_word(p, "elif")) {
		p->pos += strlen("elif");
		if (!parse_body(p) || !expect(p, "then", at, "if") || !parse_body(p))
			return false;
	}
	if (at_word(p, "else")) {
		p->pos += strlen("else");
		if (!parse_body(p))
			return false;
	}
	return expect(p, "fi", at, "if");
}

static bool parse_loop(struct shell_parser *p, size_t at)
{
	return parse_body(p) && expect(p, "do", at, "loop") && parse_body(p) &&
	       expect(p, "done", at, "loop");
}

static bool parse_for(struct shell_parser *p, size_t at)
{
	size_t n;

	if (!shell_skip_blanks(p))
		return false;
	n = shell_name_length(p);
	if (!n || n != shell_plain_word(p))
		return shell_fail(p, at, "this for is not understood");
	shell_note_blind(p, false);
	p->pos += n;
	if (!shell_skip_newlines(p))
		return false;
	if (at_word(p, "in")) {
		p->pos += strlen("in");
		for (;;) {
			if (!shell_skip_blanks(p))
				return false;
			if (shell_is_meta(shell_peek(p, 0)))
				break;
			if (!shell_scan_word(p))
				return false;
		}
		if (shell_peek(p, 0) != ';' && shell_peek(p, 0) != '\n')
			return shell_fail(p, p->pos, "this for is not understood");
	}
	if (shell_peek(p, 0) == ';')
		p->pos++;
	return expect(p, "do", at, "loop") && parse_body(p) && expect(p, "done", at, "loop");
}

/* PATTERN [| PATTERN]...) commands */
static bool parse_case_branch(struct shell_parser *p)
{
	size_t count;

	if (shell_peek(p, 0) == '(')
		p->pos++;
	for (;;) {
		size_t from;

		if (!shell_skip_blanks(p))
			return false;
		from = p->pos;
		if (!shell_scan_word(p) || !shell_skip_blanks(p))
			return false;
		if (p->pos == from)
			return shell_fail(p, from, "a case pattern is missing here");
		if (shell_peek(p, 0) != '|')
			break;
		p->pos++;
	}
	if (shell_peek(p, 0) != ')')
		return shell_fail(p, p->pos, "this case pattern is not understood");
	p->pos++;
	if (!shell_parse_list(p, &count))
		return false;
	if (shell_peek(p, 0) == ';' && shell_peek(p, 1) == ';') {
		p->pos += 2;
		return true;
	}
	return at_word(p, "esac") || shell_fail(p, p->pos, "this case is not understood");
}

static bool parse_case(struct shell_parser *p, size_t at)
{
	size_t from;

	if (!shell_skip_blanks(p))
		return false;
	from = p->pos;
	if (!shell_scan_word(p))
		return false;
	if (p->pos == from)
		return shell_fail(p, at, "a case without a word");
	if (!expect(p, "in", at, "case"))
		return false;
	for (;;) {
		if (!shell_skip_newlines(p))
			return false;
		if (at_word(p, "esac") || p->pos == p->len)
			break;
		if (!parse_case_branch(p))
			return false;
	}
	return expect(p, "esac", at, "case");
}

/* [[ ... ]]: words and its own operators. */
static bool parse_test(struct shell_parser *p, size_t at)
{
	for (;;) {
		if (!shell_skip_newlines(p))
			return false;
		if (at_word(p, "]]"))
			break;
		if (shell_peek(p, 0) && strchr("()<>", shell_peek(p, 0)))
			p->pos++;
		else if (shell_peek(p, 0) && strchr("&|", shell_peek(p, 0)) &&
			 shell_peek(p, 1) == shell_peek(p, 0))
			p->pos += 2;
		else if (shell_is_meta(shell_peek(p, 0)))
			return shell_fail(p, at, "this [[ is not understood");
		else if (!shell_scan_word(p))
			return false;
	}
	p->pos += 2;
	shell_note_blind(p, false); /* its arithmetic may assign */
	return true;
}

static bool parse_group(struct shell_parser *p, size_t at)
{
	p->conditional--; /* runs like any other list */
	if (!parse_body(p))
		return false;
	p->conditional++;
	return expect(p, "}", at, "{");
}

static const struct compound {
	const char *word;
	bool (*parse)(struct shell_parser *p, size_t at);
	bool bash_only;
} compounds[] = {
	{"if", parse_if, false},     {"while", parse_loop, false}, {"until", parse_loop, false},
	{"for", parse_for, false},   {"case", parse_case, false},  {"{", parse_group, false},
	{"select", parse_for, true}, {"[[", parse_test, true},
};

static bool parse_subshell(struct shell_parser *p)
{
	size_t at = p->pos++;

	if (shell_peek(p, 0) == '(')
		return shell_fail(p, at, "(( is not understood");
	if (!parse_body(p))
		return false;
	if (shell_peek(p, 0) != ')')
		return shell_fail(p, at, "the parenthesis is never closed");
	p->pos++;
	return true;
}

static const struct compound *find_compound(const struct shell_parser *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(compounds); i++)
		if (at_word(p, compounds[i].word) &&
		    (p->dialect == SHELL_BASH || !compounds[i].bash_only))
			return &compounds[i];
	return NULL;
}

static bool parse_compound(struct shell_parser *p, const struct compound *c)
{
	size_t at = p->pos, first = p->out->len;
	bool ok;

	p->conditional++;
	if (c) {
		p->pos += strlen(c->word);
		ok = c->parse(p, at);
	} else {
		ok = parse_subshell(p);
	}
	p->conditional--;
	while (ok) {
		ok = shell_skip_blanks(p);
		if (!ok || !shell_at_redirect(p))
			break;
		shell_mark_conditional(p, first);
		shell_note_blind(p, true);
		ok = shell_scan_redirect(p);
	}
	p->after_compound = true;
	return ok;
}

bool shell_parse_command(struct shell_parser *p)
{
	static const char *const refused[] = {"function", "coproc", "time"};
	const struct compound *c = find_compound(p);
	bool ok;

	if (at_terminator(p) && p->pos < p->len)
		return shell_fail(p, p->pos, "unexpected %.*s",
				  (int)(shell_plain_word(p) ? shell_plain_word(p) : 1),
				  p->s + p->pos);
	if (p->dialect == SHELL_BASH && IS_ONE_OF(refused, p->s + p->pos, shell_plain_word(p)))
		return shell_fail(p, p->pos, "%.*s is not understood", (int)shell_plain_word(p),
				  p->s + p->pos);
	if (p->depth >= DEPTH_MAX)
		return shell_fail(p, p->pos, "it is nested too deeply");
	p->depth++;
	ok = c || shell_peek(p, 0) == '(' ? parse_compound(p, c) : shell_parse_simple(p);
	p->depth--;
	return ok;
}

/* --- lists --------------------------------------------------------------------------------- */

static bool parse_pipeline(struct shell_parser *p)
{
	size_t first = p->out->len;

	while (at_word(p, "!")) {
		p->pos++;
		if (!shell_skip_blanks(p))
			return false;
	}
	if (!shell_parse_command(p))
		return false;
	while (shell_peek(p, 0) == '|' && shell_peek(p, 1) != '|') {
		p->pos += p->dialect == SHELL_BASH && shell_peek(p, 1) == '&' ? 2 : 1;
		if (!shell_skip_newlines(p) || !shell_parse_command(p))
			return false;
		shell_mark_conditional(p, first); /* each part runs in a subshell */
	}
	return true;
}

static bool parse_and_or(struct shell_parser *p)
{
	size_t first = p->out->len;

	if (!parse_pipeline(p))
		return false;
	while ((shell_peek(p, 0) == '&' || shell_peek(p, 0) == '|') &&
	       shell_peek(p, 1) == shell_peek(p, 0)) {
		p->pos += 2;
		p->conditional++;
		if (!shell_skip_newlines(p) || !parse_pipeline(p))
			return false;
		p->conditional--;
	}
	if (shell_peek(p, 0) == '&')
		shell_mark_conditional(p, first); /* in the background */
	return true;
}

bool shell_parse_list(struct shell_parser *p, size_t *ret_count)
{
	for (*ret_count = 0;; ++*ret_count) {
		char c;

		if (!shell_skip_newlines(p))
			return false;
		if (at_terminator(p))
			return true;
		if (!parse_and_or(p) || !shell_skip_blanks(p))
			return false;
		c = shell_peek(p, 0);
		if (c == '&' || (c == ';' && !at_terminator(p)))
			p->pos++;
		else if (c && c != '\n' &&
			 !(at_terminator(p) && (p->after_compound || c == ';' || c == ')')))
			return shell_fail(p, p->pos, "unexpected text after a command");
	}
}

bool shell_parse_file(struct shell_parser *p)
{
	const char *nul = memchr(p->s, '\0', p->len);
	size_t count;

	if (nul)
		return shell_fail(p, (size_t)(nul - p->s), "it holds a NUL byte");
	if (!shell_parse_list(p, &count))
		return false;
	if (p->pos < p->len)
		return shell_fail(p, p->pos, "unexpected %.*s",
				  (int)(shell_plain_word(p) ? shell_plain_word(p) : 1),
				  p->s + p->pos);
	if (p->heredocs_len)
		return shell_fail(p, p->heredocs[0].at, "the here-document never ends");
	return true;
}
