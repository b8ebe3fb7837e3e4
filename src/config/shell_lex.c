/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/shell_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool shell_fail(struct shell_parser *p, size_t at, const char *fmt, ...)
{
	va_list ap;

	if (p->error[0])
		return false;
	p->error_at = at;
	va_start(ap, fmt);
	vsnprintf(p->error, sizeof(p->error), fmt, ap);
	va_end(ap);
	return false;
}

void shell_note_blind(struct shell_parser *p, bool for_good)
{
	struct shell_vars *v = p->out;

	if (p->silent)
		return;
	v->blinds = grow(v->blinds, v->blinds_len, &v->blinds_cap, sizeof(*v->blinds));
	v->blinds[v->blinds_len++] = (struct shell_blind){.at = p->pos, .for_good = for_good};
}

bool shell_is_one_of(const char *const *list, size_t count, const char *s, size_t n)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(list[i]) == n && !memcmp(list[i], s, n))
			return true;
	return false;
}

void shell_mark_conditional(struct shell_parser *p, size_t from)
{
	if (p->silent)
		return;
	for (size_t i = from; i < p->out->len; i++)
		p->out->items[i].conditional = true;
}

char shell_peek(const struct shell_parser *p, size_t ahead)
{
	return p->pos + ahead < p->len ? p->s[p->pos + ahead] : '\0';
}

bool shell_is_meta(char c)
{
	return !c || strchr(" \t\n;&|<>()", c);
}

static bool is_name_char(char c, bool first)
{
	return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (!first && c >= '0' && c <= '9');
}

size_t shell_name_length(const struct shell_parser *p)
{
	size_t n = 0;

	while (is_name_char(shell_peek(p, n), n == 0))
		n++;
	return n;
}

size_t shell_plain_word(const struct shell_parser *p)
{
	size_t n = 0;

	while (!shell_is_meta(shell_peek(p, n)))
		if (strchr("\\'\"`$", shell_peek(p, n++)))
			return 0;
	return n;
}

/* --- blanks, comments, here-documents ---------------------------------------- */

bool shell_skip_blanks(struct shell_parser *p)
{
	for (;;) {
		char c = shell_peek(p, 0);

		if (c == ' ' || c == '\t') {
			p->pos++;
		} else if (c == '\\' && shell_peek(p, 1) == '\n') {
			p->pos += 2;
			if (p->pos == p->len)
				return shell_fail(p, p->pos - 2, "it ends in a continued line");
		} else {
			break;
		}
	}
	if (shell_peek(p, 0) == '#')
		while (p->pos < p->len && p->s[p->pos] != '\n')
			p->pos++;
	return true;
}

static size_t line_end(const struct shell_parser *p, size_t at)
{
	const char *nl = memchr(p->s + at, '\n', p->len - at);

	return nl ? (size_t)(nl - p->s) : p->len;
}

/* Backslashes at the end of a line of an unquoted here-document join it with the next. */
static bool line_continues(const struct shell_parser *p, size_t from, size_t to)
{
	size_t n = 0;

	while (to - n > from && p->s[to - n - 1] == '\\')
		n++;
	return n % 2;
}

/* Moves over the body of one here-document, which begins at pos. */
static bool skip_heredoc(struct shell_parser *p, const struct shell_heredoc *h)
{
	size_t n = strlen(h->delimiter);

	while (p->pos < p->len) {
		size_t from = p->pos;
		size_t end = line_end(p, from);

		while (h->strip_tabs && from < end && p->s[from] == '\t')
			from++;
		p->pos = end < p->len ? end + 1 : end;
		if (end - from == n && !memcmp(p->s + from, h->delimiter, n))
			return true;
		if (h->quoted)
			continue;
		if (line_continues(p, from, end) || memchr(p->s + from, '`', end - from) ||
		    memchr(p->s + from, '$', end - from))
			return shell_fail(p, from,
					  "a here-document with expansions is not understood");
	}
	return shell_fail(p, h->at, "the here-document never ends");
}

static void heredocs_clear(struct shell_parser *p)
{
	for (size_t i = 0; i < p->heredocs_len; i++)
		free(p->heredocs[i].delimiter);
	p->heredocs_len = 0;
}

void shell_parser_release(struct shell_parser *p)
{
	heredocs_clear(p);
	free(p->heredocs);
	p->heredocs = NULL;
	p->heredocs_cap = 0;
}

bool shell_skip_newlines(struct shell_parser *p)
{
	for (;;) {
		if (!shell_skip_blanks(p))
			return false;
		if (shell_peek(p, 0) != '\n')
			return true;
		p->pos++;
		for (size_t i = 0; i < p->heredocs_len; i++)
			if (!skip_heredoc(p, &p->heredocs[i]))
				return false;
		heredocs_clear(p);
	}
}

/* --- quotes and expansions ------------------------------------------------------ */

static bool scan_single(struct shell_parser *p)
{
	const char *end = memchr(p->s + p->pos + 1, '\'', p->len - p->pos - 1);

	if (!end)
		return shell_fail(p, p->pos, "a single quote is never closed");
	p->pos = (size_t)(end - p->s) + 1;
	return true;
}

/* Parses what a backquoted command says after its backslashes are taken off. */
static bool check_backquoted(struct shell_parser *p, size_t at, const struct str *inner)
{
	struct shell_parser sub = {.s = inner->data,
				   .len = inner->len,
				   .dialect = p->dialect,
				   .out = p->out,
				   .silent = 1,
				   .depth = p->depth + 1};
	bool ok = shell_parse_file(&sub);

	shell_parser_release(&sub);
	return ok || shell_fail(p, at, "in a backquoted command: %s", sub.error);
}

static bool scan_backquote(struct shell_parser *p, bool quoted)
{
	auto_str struct str inner = STR_INIT;
	size_t at = p->pos++;

	while (shell_peek(p, 0) != '`') {
		char c = shell_peek(p, 0);

		if (!c)
			return shell_fail(p, at, "a backquote is never closed");
		if (c == '\\' && p->pos + 1 < p->len) {
			char next = p->s[++p->pos];

			if (!strchr("$`\\", next) && !(quoted && next == '"'))
				str_addc(&inner, '\\');
			c = next;
		}
		str_addc(&inner, c);
		p->pos++;
	}
	p->pos++;
	return check_backquoted(p, at, &inner);
}

static bool scan_dollar(struct shell_parser *p, bool quoted);

static bool scan_double(struct shell_parser *p)
{
	size_t at = p->pos++;

	for (;;) {
		char c = shell_peek(p, 0);

		if (!c || (c == '\\' && p->pos + 1 == p->len))
			return shell_fail(p, at, "a double quote is never closed");
		if (c == '"')
			break;
		if (c == '\\')
			p->pos += 2;
		else if (c == '$' ? !scan_dollar(p, true) : c == '`' && !scan_backquote(p, true))
			return false;
		else if (c != '$' && c != '`')
			p->pos++;
	}
	p->pos++;
	return true;
}

/* $(( ... )): plain arithmetic only. */
static bool scan_arithmetic(struct shell_parser *p)
{
	size_t at = p->pos;
	int open = 2;

	for (p->pos += 3; open; p->pos++) {
		char c = shell_peek(p, 0);

		if (!c || !strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				  "+-*/%<>=!&|^~?:,()$ \t",
				  c))
			return shell_fail(p, at, "this arithmetic is not understood");
		open += c == '(' ? 1 : c == ')' ? -1 : 0;
		if (open == 1 && c == ')' && shell_peek(p, 1) != ')')
			return shell_fail(p, at, "this arithmetic is not understood");
	}
	shell_note_blind(p, true); /* it may assign, or be an error that ends the file */
	return true;
}

static bool scan_substitution(struct shell_parser *p)
{
	size_t at = p->pos, count;

	if (p->heredocs_len)
		return shell_fail(p, at, "a substitution after a here-document is not understood");
	p->pos += 2;
	p->silent++;
	if (!shell_parse_list(p, &count))
		return false;
	p->silent--;
	if (shell_peek(p, 0) != ')' || p->heredocs_len)
		return shell_fail(p, at, "a command substitution is never closed");
	p->pos++;
	return true;
}

/* ${NAME}, ${NAME[@]} or ${NAME[*]}: its length, else 0. */
static size_t simple_parameter(const struct shell_parser *p)
{
	struct shell_parser q = *p;
	size_t n;

	q.pos += 2;
	n = shell_name_length(&q);
	if (!n)
		return 0;
	q.pos += n;
	if (q.dialect == SHELL_BASH && shell_peek(&q, 0) == '[' &&
	    (shell_peek(&q, 1) == '@' || shell_peek(&q, 1) == '*') && shell_peek(&q, 2) == ']')
		q.pos += 3;
	return shell_peek(&q, 0) == '}' ? q.pos + 1 - p->pos : 0;
}

/* The operators - + # % (and :- :+) neither assign nor can be an error that ends the file. */
static bool is_mild_parameter(const struct shell_parser *p)
{
	struct shell_parser q = *p;
	size_t n = shell_name_length(&q);

	q.pos += n;
	if (shell_peek(&q, 0) == ':')
		return n && strchr("-+", shell_peek(&q, 1)) && shell_peek(&q, 1);
	return n && strchr("-+#%", shell_peek(&q, 0)) && shell_peek(&q, 0);
}

/* ${...} with operators: only its end is found, its value stays unknown. */
static bool scan_parameter(struct shell_parser *p, bool quoted)
{
	size_t at = p->pos;
	size_t simple = simple_parameter(p);
	bool mild;

	p->pos += simple ? simple : 2;
	if (simple)
		return true;
	mild = is_mild_parameter(p);
	if (strchr(" \t\n|", shell_peek(p, 0)))
		return shell_fail(p, at, "this ${...} is not understood");
	while (shell_peek(p, 0) != '}') {
		char c = shell_peek(p, 0);
		bool ok = true;

		if (!c || (c == '\\' && p->pos + 1 == p->len))
			return shell_fail(p, at, "a ${ is never closed");
		if (quoted && (c == '\'' || c == '"'))
			return shell_fail(p, at, "quotes in a quoted ${...} are not understood");
		if (c == '\'')
			ok = scan_single(p);
		else if (c == '"')
			ok = scan_double(p);
		else if (c == '$')
			ok = scan_dollar(p, quoted);
		else if (c == '`')
			ok = scan_backquote(p, quoted);
		else
			p->pos += c == '\\' ? 2 : 1;
		if (!ok)
			return false;
	}
	p->pos++;
	if (!mild)
		shell_note_blind(p, true); /* := assigns, :? and a bad substitution end the file */
	return true;
}

/* $'...', where bash knows backslashes and older dash knows nothing of it. */
static bool scan_ansi(struct shell_parser *p)
{
	size_t at = p->pos++;

	if (!scan_single(p))
		return false;
	if (memchr(p->s + at, '\\', p->pos - at))
		return shell_fail(p, at, "a $'...' with backslashes is not understood");
	return true;
}

static bool scan_dollar(struct shell_parser *p, bool quoted)
{
	size_t at = p->pos;
	char c = shell_peek(p, 1);
	bool ok;

	if (p->depth > 100)
		return shell_fail(p, at, "it is nested too deeply");
	if ((c == '\\' && shell_peek(p, 2) == '\n') || (c == '[' && p->dialect == SHELL_BASH))
		return shell_fail(p, at, "this $ is not understood");
	p->depth++;
	if (c == '(' && shell_peek(p, 2) == '(')
		ok = scan_arithmetic(p);
	else if (c == '(')
		ok = scan_substitution(p);
	else if (c == '{')
		ok = scan_parameter(p, quoted);
	else if (c == '\'' && !quoted)
		ok = scan_ansi(p);
	else
		ok = (p->pos++, true);
	p->depth--;
	return ok;
}

/* Process substitution, <(...) and >(...), in bash. */
static bool at_process_substitution(const struct shell_parser *p)
{
	char c = shell_peek(p, 0);

	return p->dialect == SHELL_BASH && (c == '<' || c == '>') && shell_peek(p, 1) == '(';
}

bool shell_scan_word(struct shell_parser *p)
{
	size_t at = p->pos;
	bool ok = true;

	while (ok && (!shell_is_meta(shell_peek(p, 0)) || at_process_substitution(p))) {
		char c = shell_peek(p, 0);

		if (c == '\\' && p->pos + 1 == p->len)
			return shell_fail(p, p->pos, "it ends in a backslash");
		if (c == '<' || c == '>')
			ok = scan_substitution(p);
		else if (c == '\'')
			ok = scan_single(p);
		else if (c == '"')
			ok = scan_double(p);
		else if (c == '`')
			ok = scan_backquote(p, false);
		else if (c == '$')
			ok = scan_dollar(p, false);
		else
			p->pos += c == '\\' ? 2 : 1;
	}
	if (ok && p->heredocs_len && memchr(p->s + at, '\n', p->pos - at))
		return shell_fail(p, at, "a newline in a word after << is not understood");
	if (ok && p->pos == p->len && p->pos > at + 1 && !memcmp(p->s + p->pos - 2, "\\\n", 2))
		return shell_fail(p, at, "it ends in a continued line");
	return ok;
}

/* --- redirections ------------------------------------------------------------------ */

bool shell_at_redirect(const struct shell_parser *p)
{
	size_t n = 0;

	if (p->dialect == SHELL_BASH && shell_peek(p, 0) == '&' && shell_peek(p, 1) == '>')
		return true;
	if (at_process_substitution(p))
		return false;
	while (shell_peek(p, n) >= '0' && shell_peek(p, n) <= '9')
		n++;
	return shell_peek(p, n) == '<' || shell_peek(p, n) == '>';
}

/* The delimiter after <<, with its quotes taken off. */
static bool scan_delimiter(struct shell_parser *p, size_t at, bool strip_tabs)
{
	auto_str struct str text = STR_INIT;
	size_t from = p->pos;
	bool quoted = false;

	if (!shell_scan_word(p) || p->pos == from)
		return shell_fail(p, at, "a here-document without a delimiter");
	for (size_t i = from; i < p->pos; i++) {
		char c = p->s[i];

		if (strchr("$`\\\n", c))
			return shell_fail(p, at, "this here-document is not understood");
		if (c == '\'' || c == '"')
			quoted = true;
		else
			str_addc(&text, c);
	}
	p->heredocs = grow(p->heredocs, p->heredocs_len, &p->heredocs_cap, sizeof(*p->heredocs));
	p->heredocs[p->heredocs_len++] = (struct shell_heredoc){
		.delimiter = str_take(&text), .at = at, .strip_tabs = strip_tabs, .quoted = quoted};
	return true;
}

bool shell_scan_redirect(struct shell_parser *p)
{
	static const char *const operators[] = {"&>>", "&>", "<<-", "<<<", "<<", "<&",
						"<>",  ">>", ">&",  ">|",  "<",  ">"};
	size_t at = p->pos;
	const char *op = NULL;

	while (shell_peek(p, 0) >= '0' && shell_peek(p, 0) <= '9')
		p->pos++;
	for (size_t i = 0; i < ARRAY_SIZE(operators) && !op; i++)
		if (p->len - p->pos >= strlen(operators[i]) &&
		    !memcmp(p->s + p->pos, operators[i], strlen(operators[i])))
			op = operators[i];
	if (!op || (!strcmp(op, "<<<") && p->dialect == SHELL_DASH))
		return shell_fail(p, at, "this redirection is not understood");
	p->pos += strlen(op);
	if (!shell_skip_blanks(p))
		return false;
	if (!strcmp(op, "<<") || !strcmp(op, "<<-"))
		return scan_delimiter(p, at, op[2] == '-');
	at = p->pos;
	if (!shell_scan_word(p))
		return false;
	return p->pos > at || shell_fail(p, at, "a redirection without a file");
}
