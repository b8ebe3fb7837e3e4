/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/shell_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"

/* The inside of a list, and its words with the bytes they take. */
struct list {
	size_t from, to; /* between the quotes or parentheses */
	char open;       /* " ' or ( */
	struct strv words;
	struct shell_span *spans;
	size_t len, cap;
};

static void list_release(struct list *l)
{
	strv_release(&l->words);
	free(l->spans);
}

static void list_add(struct list *l, const char *word, size_t n, size_t from, size_t to)
{
	strv_addn(&l->words, word, n);
	l->spans = grow(l->spans, l->len, &l->cap, sizeof(*l->spans));
	l->spans[l->len++] = (struct shell_span){.from = from, .to = to};
}

/* True when the value is one "..." or '...' and nothing else. */
static bool is_one_quoted(const struct shell_vars *v, const struct shell_assignment *x)
{
	const char *s = v->bytes.data;
	size_t end = x->value_end - 1;
	char quote = s[x->value_start];

	if (x->value_end - x->value_start < 2 || (quote != '"' && quote != '\''))
		return false;
	for (size_t i = x->value_start + 1; i <= end; i++) {
		if (s[i] == quote)
			return i == end;
		i += quote == '"' && s[i] == '\\';
	}
	return false;
}

/* A double quote that the value opens and never closes takes in all that is added behind it. */
static bool is_balanced(const char *value)
{
	bool open = false;

	for (; *value; value++)
		open ^= *value == '"';
	return !open;
}

const struct shell_assignment *shell_words_editable(const struct shell_vars *v, const char *name)
{
	const struct shell_assignment *x = shell_vars_last(v, name);

	if (!x || !x->decides || !x->literal || x->declared)
		return NULL;
	if (x->array)
		return x;
	return is_one_quoted(v, x) && is_balanced(x->words.items[0]) ? x : NULL;
}

/* One character of a quoted string at *at, as the shell reads it; false when it is a joined line. */
static bool next_char(const char *s, size_t *at, char quote, char *ret)
{
	bool escape = quote == '"' && s[*at] == '\\' && strchr("$`\"\\\n", s[*at + 1]);

	*ret = s[*at + escape];
	*at += escape ? 2 : 1;
	return !(escape && *ret == '\n');
}

static void split_string(const struct shell_vars *v, struct list *l)
{
	auto_str struct str word = STR_INIT;
	bool in_word = false, in_quotes = false;
	size_t from = l->from;
	size_t end = from;

	for (size_t i = l->from; i < l->to;) {
		size_t at = i;
		char c;

		if (!next_char(v->bytes.data, &i, l->open, &c))
			continue;
		if (!in_quotes && strchr(" \t\n", c)) {
			if (in_word)
				list_add(l, word.data, word.len, from, end);
			in_word = false;
			continue;
		}
		if (!in_word) {
			str_clear(&word);
			from = at;
		}
		in_word = true;
		in_quotes ^= c == '"';
		str_addc(&word, c);
		end = i;
	}
	if (in_word)
		list_add(l, word.data, word.len, from, end);
}

/* Reads an editable list; false when it is none. */
static bool list_read(const struct shell_vars *v, const char *name, struct list *ret)
{
	const struct shell_assignment *x = shell_words_editable(v, name);

	*ret = (struct list){.len = 0};
	if (!x)
		return false;
	ret->from = x->value_start + 1;
	ret->to = x->value_end - 1;
	ret->open = v->bytes.data[x->value_start];
	if (!x->array)
		split_string(v, ret);
	for (size_t i = 0; x->array && i < x->elements_len; i++)
		list_add(ret, x->words.items[i], strlen(x->words.items[i]), x->elements[i].from,
			 x->elements[i].to);
	return true;
}

void shell_words_list(const struct shell_vars *v, const char *name, struct strv *ret)
{
	struct list l;

	if (list_read(v, name, &l))
		strv_copy(ret, &l.words);
	list_release(&l);
}

/* Appends a word in the list's own quoting; a single-quoted string can't hold every word. */
static bool quote_word(const struct list *l, const char *word, struct str *out)
{
	if (l->open == '(')
		shell_quote(out, word);
	else if (l->open == '"')
		shell_escape_double(out, word);
	else
		str_adds(out, word);
	return l->open != '\'' || !strchr(word, '\'');
}

static int not_editable(const struct shell_vars *v, const char *name, struct err *reterr)
{
	const struct shell_assignment *x = shell_vars_last(v, name);

	return err_set(reterr, -EINVAL, "%s, line %zu: %s can't be edited in this form", v->path,
		       x ? x->line : 1, name);
}

static int insert(struct shell_vars *v, const char *name, struct list *l, size_t at,
		  const struct str *text, bool quotable, struct err *reterr)
{
	list_release(l);
	if (!quotable)
		return not_editable(v, name, reterr);
	return shell_vars_splice(v, at, at, text->data, text->len, reterr);
}

int shell_words_add(struct shell_vars *v, const char *name, const struct strv *words,
		    enum shell_place place, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	bool ok = true, empty;
	struct list l;
	char first;

	if (!words->len)
		return 0;
	if (!list_read(v, name, &l))
		return not_editable(v, name, reterr);
	empty = l.from == l.to;
	first = v->bytes.data[l.from];
	for (size_t i = 0; i < words->len; i++) {
		if (i || (place == SHELL_LAST && !empty))
			str_addc(&text, ' ');
		ok = quote_word(&l, words->items[i], &text) && ok;
	}
	if (place == SHELL_FIRST && !empty && first != '\n')
		str_addc(&text, ' ');
	return insert(v, name, &l, place == SHELL_FIRST ? l.from : l.to, &text, ok, reterr);
}

int shell_words_add_after(struct shell_vars *v, const char *name, const char *anchor,
			  const char *word, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	struct list l;
	bool ok;
	long i;

	if (!list_read(v, name, &l))
		return not_editable(v, name, reterr);
	i = strv_find(&l.words, anchor);
	str_addc(&text, ' ');
	ok = quote_word(&l, word, &text) && i >= 0;
	return insert(v, name, &l, i < 0 ? l.to : l.spans[i].to, &text, ok, reterr);
}

/* Where the last word that is `word` stands, with the blank that goes with it. */
static bool find_to_remove(const struct shell_vars *v, const struct list *l, const char *word,
			   struct shell_span *ret)
{
	const char *s = v->bytes.data;

	for (size_t i = l->len; i-- > 0;) {
		if (strcmp(l->words.items[i], word))
			continue;
		*ret = l->spans[i];
		if (ret->from == l->from)
			ret->to += ret->to < l->to && s[ret->to] == ' ';
		else
			ret->from -= s[ret->from - 1] == ' ';
		return true;
	}
	return false;
}

int shell_words_remove(struct shell_vars *v, const char *name, const char *word, struct err *reterr)
{
	struct shell_span span;
	struct list l;
	bool found = list_read(v, name, &l) && find_to_remove(v, &l, word, &span);

	list_release(&l);
	return found ? shell_vars_splice(v, span.from, span.to, "", 0, reterr) : 0;
}
