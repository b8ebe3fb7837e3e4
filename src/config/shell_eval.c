/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/shell_eval.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define VALUE_MAX (1U << 20) /* a value that refers to itself may double again and again */
/* Steps and bytes after which a file's values count as unknown: no file by a person comes near. */
#define WORK_MAX (1U << 26)

enum state { UNKNOWN, UNSET, SCALAR, ARRAY };

struct variable {
	const char *name; /* points into an item, or is the name asked for */
	enum state state;
	struct strv words;
};

struct scope {
	struct variable *vars;
	size_t len, cap;
	size_t work; /* done so far; see WORK_MAX */
};

/* How a word is read: as an assignment's value, or as one of several words. */
enum context {
	CONTEXT_VALUE,
	CONTEXT_ELEMENT,  /* of an array: also splits and looks for file names */
	CONTEXT_DECLARED, /* after export: some shells split, look for file names, expand braces */
};

struct reader {
	const char *s;
	size_t at, end;
	enum context context;
	struct scope *scope; /* NULL: no variable is known */
	struct str *out;
};

/* --- variables ------------------------------------------------------------------------ */

static struct variable *scope_find(struct scope *scope, const char *name, size_t n)
{
	scope->work += scope->len;
	for (size_t i = 0; i < scope->len; i++)
		if (strlen(scope->vars[i].name) == n && !memcmp(scope->vars[i].name, name, n))
			return &scope->vars[i];
	return NULL;
}

/* Variables that a shell sets by itself: not unset even in an empty environment. */
static bool has_initial_value(const char *name)
{
	static const char *const names[] = {"PATH",     "PWD",      "OLDPWD", "HOME",
					    "PS1",      "PS2",      "PS4",    "TERM",
					    "HOSTNAME", "HOSTTYPE", "OSTYPE", "SHLVL",
					    "SHELL",    "MACHTYPE", "OPTERR", "MAILCHECK"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static struct variable *scope_get(struct scope *scope, const char *name)
{
	struct variable *x = scope_find(scope, name, strlen(name));

	if (x)
		return x;
	scope->vars = grow(scope->vars, scope->len, &scope->cap, sizeof(*scope->vars));
	x = &scope->vars[scope->len++];
	*x = (struct variable){.name = name, .state = UNKNOWN};
	return x;
}

static void set(struct variable *x, enum state state)
{
	strv_release(&x->words);
	x->state = state;
}

static void scope_forget(struct scope *scope)
{
	for (size_t i = 0; i < scope->len; i++)
		set(&scope->vars[i], UNKNOWN);
}

static void scope_release(struct scope *scope)
{
	scope_forget(scope);
	free(scope->vars);
}

/* --- one word --------------------------------------------------------------------------- */

/* The reference at r->at ("$NAME", "${NAME}", "${NAME[@]}"): its name and length, or 0. */
static size_t reference(const struct reader *r, const char **name, size_t *name_length, bool *all)
{
	size_t i = r->at + 1;
	bool braced = i < r->end && r->s[i] == '{';
	size_t from = i + braced;

	*all = false;
	for (i = from; i < r->end; i++) {
		char c = r->s[i];

		if (!(c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      (i > from && c >= '0' && c <= '9')))
			break;
	}
	*name = r->s + from;
	*name_length = i - from;
	if (i == from)
		return 0;
	if (!braced)
		return i - r->at;
	if (r->end - i >= 4 && (!memcmp(r->s + i, "[@]}", 4) || !memcmp(r->s + i, "[*]}", 4))) {
		*all = true;
		return i + 4 - r->at;
	}
	return i < r->end && r->s[i] == '}' ? i + 1 - r->at : 0;
}

/* Appends the value of the reference at r->at. */
static bool expand(struct reader *r)
{
	const struct variable *x;
	const char *name;
	size_t name_length, n;
	bool all;
	char next = r->at + 1 < r->end ? r->s[r->at + 1] : '\0';

	if (!next || strchr(" \t\n\"=/.,:%+~^", next)) {
		str_addc(r->out, r->s[r->at++]); /* a lone dollar is just that */
		return true;
	}
	n = reference(r, &name, &name_length, &all);
	if (!n || all || !r->scope)
		return false;
	x = scope_find(r->scope, name, name_length);
	if (!x || x->state == UNKNOWN)
		return false;
	if (x->words.len)
		str_adds(r->out, x->words.items[0]);
	r->scope->work += r->out->len;
	r->at += n;
	return true;
}

static void read_single(struct reader *r)
{
	const char *end = memchr(r->s + r->at + 1, '\'', r->end - r->at - 1);
	size_t n = (size_t)(end - (r->s + r->at + 1));

	str_add(r->out, r->s + r->at + 1, n);
	r->at += n + 2;
}

static bool read_double(struct reader *r)
{
	r->at++;
	while (r->s[r->at] != '"') {
		char c = r->s[r->at];

		if (c == '`')
			return false;
		if (c == '$') {
			if (!expand(r))
				return false;
			continue;
		}
		if (c == '\\' && strchr("$`\"\\\n", r->s[r->at + 1])) {
			c = r->s[++r->at];
			if (c == '\n') {
				r->at++;
				continue;
			}
		}
		str_addc(r->out, c);
		r->at++;
	}
	r->at++;
	return true;
}

/* Characters outside quotes that mean more than themselves in this context. */
static bool is_special(const struct reader *r, char c)
{
	return strchr("`~<>", c) || (r->context != CONTEXT_VALUE && strchr("*?[{", c)) ||
	       (r->context == CONTEXT_DECLARED && c == '$');
}

/* Reads one whole word that expands to exactly one. */
static bool read_word(struct reader *r)
{
	while (r->at < r->end) {
		char c = r->s[r->at];

		if (is_special(r, c))
			return false;
		if (c == '\'') {
			read_single(r);
		} else if (c == '"') {
			if (!read_double(r))
				return false;
		} else if (c == '$') {
			char next = r->at + 1 < r->end ? r->s[r->at + 1] : '\0';

			if (next == '"' || next == '\'' || r->context == CONTEXT_ELEMENT ||
			    !expand(r))
				return false;
		} else {
			if (c == '\\' && r->s[++r->at] == '\n') {
				r->at++;
				continue;
			}
			str_addc(r->out, r->s[r->at++]);
		}
		if (r->out->len > VALUE_MAX)
			return false;
	}
	return true;
}

/* --- arrays ------------------------------------------------------------------------------- */

/* Adds what an unquoted expansion of these words gives: split at blanks, empty ones gone. */
static bool add_split(struct strv *ret, const struct strv *words)
{
	for (size_t i = 0; i < words->len; i++) {
		if (strpbrk(words->items[i], "*?[\\"))
			return false;
		strv_split(ret, words->items[i], " \t\n");
	}
	return true;
}

/* An element that is one reference as a whole, "${NAME[@]}" or unquoted; false when it is none. */
static bool read_reference_element(struct reader *r, struct strv *ret)
{
	struct reader inner = *r;
	bool quoted = r->s[r->at] == '"';
	const struct variable *x;
	const char *name;
	size_t name_length, n;
	struct strv first = STRV_INIT;
	bool all, ok;

	inner.at += quoted;
	inner.end -= quoted;
	if (!r->scope || inner.at >= inner.end || r->s[inner.at] != '$')
		return false;
	n = reference(&inner, &name, &name_length, &all);
	if (n != inner.end - inner.at || (quoted && (!all || r->s[inner.end - 2] == '*')))
		return false;
	x = scope_find(r->scope, name, name_length);
	if (!x || x->state == UNKNOWN)
		return false;
	r->scope->work += x->words.len;
	if (quoted) {
		strv_copy(ret, &x->words);
		return true;
	}
	if (!all && x->words.len)
		strv_add(&first, x->words.items[0]);
	ok = add_split(ret, all ? &x->words : &first);
	strv_release(&first);
	return ok;
}

/* Reads the elements of one array. */
static bool read_array(const struct shell_vars *v, const struct shell_assignment *x,
		       struct scope *scope, struct strv *ret)
{
	for (size_t i = 0; i < x->elements_len; i++) {
		auto_str struct str word = STR_INIT;
		struct reader r = {.s = v->bytes.data,
				   .at = x->elements[i].from,
				   .end = x->elements[i].to,
				   .context = CONTEXT_ELEMENT,
				   .scope = scope,
				   .out = &word};

		if (read_reference_element(&r, ret))
			continue;
		if (!read_word(&r) || ret->len > VALUE_MAX / 16)
			return false;
		strv_add(ret, word.data);
	}
	return true;
}

static bool read_value(const struct shell_vars *v, const struct shell_assignment *x,
		       struct scope *scope, struct strv *ret)
{
	auto_str struct str word = STR_INIT;
	struct reader r = {.s = v->bytes.data,
			   .at = x->value_start,
			   .end = x->value_end,
			   .context = x->declared ? CONTEXT_DECLARED : CONTEXT_VALUE,
			   .scope = scope,
			   .out = &word};

	if (x->element)
		return false;
	if (x->array)
		return read_array(v, x, scope, ret);
	if (!read_word(&r))
		return false;
	strv_add(ret, word.data);
	return true;
}

void shell_eval_literal(const struct shell_vars *v, struct shell_assignment *item)
{
	item->literal = !item->unset && !(item->append && v->dialect == SHELL_DASH) &&
			read_value(v, item, NULL, &item->words);
	if (!item->literal)
		strv_release(&item->words);
}

/* --- all assignments ------------------------------------------------------------------------ */

/* A string given to a variable: bash gives it to element 0 of an array. */
static void assign_string(struct variable *x, const char *text, bool append)
{
	char *whole = append && x->words.len ? xasprintf("%s%s", x->words.items[0], text)
					     : xstrdup(text);

	if (x->state != ARRAY)
		x->state = SCALAR;
	if (x->words.len) {
		free(x->words.items[0]);
		x->words.items[0] = whole;
	} else {
		strv_take(&x->words, whole);
	}
}

bool shell_is_ever_array(const struct shell_vars *v, const char *name)
{
	for (size_t i = 0; i < v->len; i++)
		if (v->items[i].array && !strcmp(v->items[i].name, name))
			return true;
	return false;
}

static void run(const struct shell_vars *v, const struct shell_assignment *x, struct scope *scope)
{
	auto_strv struct strv words = STRV_INIT;
	struct variable *var;

	if (x->append && v->dialect == SHELL_DASH)
		return; /* a command that is not found */
	var = scope_get(scope, x->name);
	scope->work += v->len + var->words.len;
	if (x->conditional) {
		set(var, UNKNOWN);
	} else if (x->unset) {
		set(var, UNSET);
	} else if (!read_value(v, x, scope, &words) || (x->append && var->state == UNKNOWN)) {
		set(var, UNKNOWN);
	} else if (x->array) {
		if (!x->append)
			set(var, ARRAY);
		var->state = ARRAY;
		strv_copy(&var->words, &words);
	} else if (var->state == UNKNOWN && shell_is_ever_array(v, x->name)) {
		set(var, UNKNOWN); /* perhaps an array, of which this is element 0 */
	} else {
		assign_string(var, words.items[0], x->append);
	}
}

bool shell_eval(const struct shell_vars *v, const char *name, struct strv *ret)
{
	struct scope scope = {.len = 0};
	struct variable *x = scope_get(&scope, name);
	size_t blind = 0;
	bool known = true;

	x->state = has_initial_value(name) ? UNKNOWN : UNSET;
	for (size_t i = 0; known && i <= v->len; i++) {
		size_t at = i < v->len ? v->items[i].start : v->bytes.len + 1;

		for (; blind < v->blinds_len && v->blinds[blind].at < at; blind++) {
			scope_forget(&scope);
			known = known && !v->blinds[blind].for_good;
		}
		if (i < v->len)
			run(v, &v->items[i], &scope);
		known = known && scope.work < WORK_MAX;
	}
	x = scope_find(&scope, name, strlen(name));
	known = known && x && x->state != UNKNOWN;
	if (known)
		strv_copy(ret, &x->words);
	scope_release(&scope);
	return known;
}
