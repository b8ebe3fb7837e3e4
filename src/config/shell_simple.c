/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/shell_parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- assignments -------------------------------------------------------------------- */

/* Length of NAME=, NAME+= or NAME[...]= at pos, with what it holds; 0 when it is none. */
static size_t assignment_head(const struct shell_parser *p, size_t *ret_name, bool *ret_element,
			      bool *ret_append)
{
	size_t n = shell_name_length(p);

	*ret_name = n;
	*ret_element = *ret_append = false;
	if (!n)
		return 0;
	if (shell_peek(p, n) == '[' && p->dialect == SHELL_BASH) {
		while (!shell_is_meta(shell_peek(p, n)) && shell_peek(p, n) != ']')
			if (strchr("\\'\"`", shell_peek(p, n++)))
				return 0;
		if (shell_peek(p, n++) != ']')
			return 0;
		*ret_element = true;
	}
	if (shell_peek(p, n) == '+') {
		*ret_append = true;
		n++;
	}
	return shell_peek(p, n) == '=' ? n + 1 : 0;
}

static bool at_assignment(const struct shell_parser *p)
{
	size_t name;
	bool element, append;

	return assignment_head(p, &name, &element, &append) > 0 &&
	       !(append && p->dialect == SHELL_DASH);
}

static struct shell_assignment *add_item(struct shell_parser *p, size_t name_length)
{
	struct shell_vars *v = p->out;
	struct shell_assignment *x;

	v->items = grow(v->items, v->len, &v->cap, sizeof(*v->items));
	x = &v->items[v->len++];
	*x = (struct shell_assignment){.name = xstrndup(p->s + p->pos, name_length),
				       .start = p->pos,
				       .conditional = p->conditional > 0};
	return x;
}

/* NAME+=value where the shell knows no += : the name of a command that does not exist. */
static bool note_unknown_append(struct shell_parser *p)
{
	size_t name, head;
	bool element, append;
	struct shell_assignment *x;

	head = assignment_head(p, &name, &element, &append);
	if (!head)
		return false;
	if (p->silent)
		return true;
	x = add_item(p, name);
	x->append = true;
	x->value_start = x->value_end = x->end = p->pos + head;
	return true;
}

/* An array's elements; `x` is the assignment, or NULL in a command substitution. */
static bool scan_array(struct shell_parser *p, struct shell_assignment *x)
{
	size_t at = p->pos++;
	struct shell_span span;

	if (p->dialect == SHELL_DASH)
		return shell_fail(p, at, "sh (dash) knows no arrays");
	for (;;) {
		if (!shell_skip_newlines(p))
			return false;
		if (p->pos == p->len)
			return shell_fail(p, at, "the parenthesis is never closed");
		if (shell_peek(p, 0) == ')')
			break;
		if (shell_is_meta(shell_peek(p, 0)))
			return shell_fail(p, p->pos, "unexpected %c in an array", shell_peek(p, 0));
		span.from = p->pos;
		if (!shell_scan_word(p))
			return false;
		span.to = p->pos;
		if (!x)
			continue;
		x->elements = grow(x->elements, x->elements_len, &x->elements_cap, sizeof(span));
		x->elements[x->elements_len++] = span;
	}
	p->pos++;
	if (shell_peek(p, 0) == '\r')
		return shell_fail(p, p->pos,
				  "a carriage return (DOS line ending) breaks the array");
	return shell_is_meta(shell_peek(p, 0)) || shell_fail(p, p->pos, "text sticks to an array");
}

/* Variables that the shells themselves set, change or refuse; assigning them is not followed. */
static bool is_shells_own(const char *name)
{
	static const char *const names[] = {
		"IFS",       "POSIXLY_CORRECT", "UID",        "EUID",         "PPID",
		"SHELLOPTS", "RANDOM",          "SRANDOM",    "SECONDS",      "LINENO",
		"OPTIND",    "OPTARG",          "DIRSTACK",   "FUNCNAME",     "GROUPS",
		"_",         "HISTCMD",         "PIPESTATUS", "EPOCHSECONDS", "EPOCHREALTIME",
		"HISTSIZE",  "COMP_WORDBREAKS", "LC_ALL",     "LC_CTYPE",
	};

	return text_starts_with(name, "BASH") || IS_ONE_OF(names, name, strlen(name));
}

static bool parse_assignment(struct shell_parser *p, bool declared)
{
	struct shell_assignment *x = NULL;
	size_t name, head, value;
	bool element, append, array;

	head = assignment_head(p, &name, &element, &append);
	if (!p->silent) {
		x = add_item(p, name);
		x->element = element;
		x->append = append;
		x->declared = declared;
	}
	p->pos += head;
	value = p->pos;
	array = shell_peek(p, 0) == '(';
	if (array ? !scan_array(p, x) : !shell_scan_word(p))
		return false;
	if (!x)
		return true;
	x->array = array;
	x->value_start = value;
	x->value_end = x->end = p->pos;
	if (is_shells_own(x->name))
		shell_note_blind(p, true);
	return true;
}

/* --- simple commands ------------------------------------------------------------------ */

struct simple {
	size_t name_at, name_length; /* of the command; length 0: it is quoted or expanded */
	size_t words;
	size_t first_item, assignments;
	bool redirected;
	bool unknown_append; /* NAME+=value in dash */
	bool odd_operand;    /* of export, declare, unset: an option or something expanded */
};

static bool is_command(const struct shell_parser *p, const struct simple *c, const char *name)
{
	return c->words && c->name_length == strlen(name) &&
	       !memcmp(p->s + c->name_at, name, c->name_length);
}

static bool is_declaration(const struct shell_parser *p, const struct simple *c)
{
	return is_command(p, c, "export") ||
	       (p->dialect == SHELL_BASH &&
		(is_command(p, c, "declare") || is_command(p, c, "typeset")));
}

static void note_operand(struct shell_parser *p, struct simple *c)
{
	size_t n = shell_name_length(p);
	bool plain = n && n == shell_plain_word(p);
	struct shell_assignment *x;

	if (!plain) {
		c->odd_operand = true;
	} else if (is_command(p, c, "unset") && !p->silent) {
		x = add_item(p, n);
		x->unset = true;
		x->end = x->value_start = x->value_end = p->pos + n;
	}
}

static bool parse_word(struct shell_parser *p, struct simple *c)
{
	size_t at = p->pos;

	if (!c->words) {
		c->name_at = at;
		c->name_length = shell_plain_word(p);
		c->unknown_append = note_unknown_append(p);
	} else {
		note_operand(p, c);
	}
	c->words++;
	if (!shell_scan_word(p))
		return false;
	if (p->s[at] == '{' && p->pos < p->len && strchr("<>", p->s[p->pos]))
		return shell_fail(p, at, "a redirection to a variable is not understood");
	return true;
}

/* What a command that is no bare assignment does to what is known of the variables. */
static void classify(struct shell_parser *p, const struct simple *c)
{
	static const char *const harmless[] = {":", "true", "false", "echo", "test", "["};
	static const char *const ordinary[] = {"true", "false", "echo", "test", "[", "cat"};
	static const char *const final[] = {"alias",    "unalias", "set",     "shopt",   "enable",
					    "exec",     "exit",    "return",  "trap",    "eval",
					    "readonly", "local",   "break",   "builtin", "command",
					    "continue", "logout",  "suspend", "declare", "typeset"};
	static const char *const ends[] = {"exit", "return", "exec"};
	const char *name = p->s + c->name_at;
	size_t n = c->name_length;
	bool known;

	if (c->unknown_append)
		return;
	if (p->functions || !n || (c->redirected && !IS_ONE_OF(ordinary, name, n))) {
		shell_note_blind(
			p, true); /* a redirection that fails ends a special builtin's shell */
		return;
	}
	known = IS_ONE_OF(harmless, name, n) ||
		((is_declaration(p, c) || is_command(p, c, "unset")) && !c->odd_operand);
	if (known)
		return;
	shell_note_blind(p, IS_ONE_OF(final, name, n) || is_command(p, c, "export") ||
				    is_command(p, c, "unset"));
	if (!p->silent)
		p->out->blinds[p->out->blinds_len - 1].ends = IS_ONE_OF(ends, name, n);
}

/* NAME ( ) compound-command; pos is at the "(". */
static bool parse_function(struct shell_parser *p)
{
	p->pos++;
	if (!shell_skip_blanks(p))
		return false;
	if (shell_peek(p, 0) != ')')
		return shell_fail(p, p->pos, "unexpected (");
	p->pos++;
	p->conditional++;
	if (!shell_skip_newlines(p) || !shell_parse_command(p))
		return false;
	p->conditional--;
	if (!p->after_compound)
		return shell_fail(p, p->pos, "a function without a body");
	p->functions = true;
	return true;
}

static bool parse_simple_part(struct shell_parser *p, struct simple *c)
{
	if (shell_at_redirect(p)) {
		c->redirected = true;
		return shell_scan_redirect(p);
	}
	if (!c->words && at_assignment(p)) {
		c->assignments++;
		return parse_assignment(p, false);
	}
	if (is_declaration(p, c) && at_assignment(p))
		return parse_assignment(p, true);
	return parse_word(p, c);
}

bool shell_parse_simple(struct shell_parser *p)
{
	struct simple c = {.first_item = p->out->len};

	for (;;) {
		if (!shell_skip_blanks(p))
			return false;
		if (shell_peek(p, 0) == '(' && c.words == 1 && !c.assignments && !c.redirected)
			return parse_function(p);
		if (shell_peek(p, 0) == '(')
			return shell_fail(p, p->pos, "unexpected (");
		if (shell_is_meta(shell_peek(p, 0)) && !shell_at_redirect(p) &&
		    !(p->dialect == SHELL_BASH && strchr("<>", shell_peek(p, 0)) &&
		      shell_peek(p, 0)))
			break;
		if (!parse_simple_part(p, &c))
			return false;
	}
	if (!c.words && !c.assignments && !c.redirected)
		return shell_fail(p, p->pos, "a command is missing here");
	if ((c.words && c.assignments) || c.redirected)
		shell_mark_conditional(p, c.first_item);
	if (c.words || c.redirected)
		classify(p, &c);
	p->after_compound = false;
	return true;
}
