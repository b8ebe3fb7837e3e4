/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/virconf.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LISTS_MAX 16 /* lists in lists */

struct reader {
	const char *bytes;
	size_t len, at;
	const char *path;
	struct err *reterr;
	unsigned depth;
	size_t counted, newlines; /* for line_of() */
};

void virconf_release(struct virconf *c)
{
	for (size_t i = 0; i < c->len; i++) {
		struct virconf_entry *e = &c->entries[i];

		for (size_t j = 0; j < e->len; j++)
			free(e->items[j].text);
		free(e->items);
		free(e->name);
	}
	free(c->entries);
	*c = (struct virconf)VIRCONF_INIT;
}

/* The line of r->at, counted on from the place that was asked for last. */
static size_t line_of(struct reader *r)
{
	for (; r->counted < r->at && r->counted < r->len; r->counted++)
		r->newlines += r->bytes[r->counted] == '\n';
	return r->newlines + 1;
}

static int broken(struct reader *r, const char *why)
{
	return err_set(r->reterr, -EINVAL,
		       "%s, line %zu: %s, so libvirt can't read the file; nothing was changed, "
		       "mend that line first",
		       r->path, line_of(r), why);
}

/* 0 at the end of the file, which no byte of a valid file is. */
static char peek(const struct reader *r)
{
	return r->at < r->len ? r->bytes[r->at] : '\0';
}

static bool is_eol(char c)
{
	return c == '\n' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->at++;
}

static void skip_lines(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || is_eol(peek(r)))
		r->at++;
}

static void skip_comment(struct reader *r)
{
	if (peek(r) == '#')
		while (r->at < r->len && !is_eol(r->bytes[r->at]))
			r->at++;
}

static int read_string(struct reader *r, char **ret)
{
	static const char triple[] = "\"\"\"";
	char quote = peek(r);
	size_t from;

	if (r->len - r->at >= 3 && !memcmp(r->bytes + r->at, triple, 3)) {
		const char *end = memmem(r->bytes + r->at + 3, r->len - r->at - 3, triple, 3);

		if (!end)
			return broken(r, "a string does not end");
		from = r->at + 3;
		*ret = xstrndup(r->bytes + from, (size_t)(end - r->bytes) - from);
		r->at = (size_t)(end - r->bytes) + 3;
		return 0;
	}
	for (from = ++r->at; r->at < r->len && r->bytes[r->at] != quote; r->at++)
		if (is_eol(r->bytes[r->at]))
			break;
	if (peek(r) != quote)
		return broken(r, "a string does not end");
	*ret = xstrndup(r->bytes + from, r->at - from);
	r->at++;
	return 0;
}

static int read_value(struct reader *r, struct virconf_entry *e);

/* The elements up to ']'; `e` takes them, or NULL inside a list. */
static int read_list(struct reader *r, struct virconf_entry *e)
{
	int ret = 0;

	if (r->depth++ >= LISTS_MAX)
		return broken(r, "lists are nested too deep");
	r->at++;
	if (e)
		e->list = r->at;
	skip_lines(r);
	while (ret >= 0 && peek(r) != ']') {
		struct virconf_item item = {.start = r->at};

		if (peek(r) == '"' || peek(r) == '\'')
			ret = read_string(r, &item.text);
		else
			ret = read_value(r, NULL);
		if (ret < 0)
			break;
		item.end = r->at;
		if (e) {
			e->items = grow(e->items, e->len, &e->cap, sizeof(*e->items));
			e->items[e->len++] = item;
		} else {
			free(item.text);
		}
		skip_lines(r);
		if (peek(r) == '#')
			ret = broken(r, "a comment stands inside a list");
		else if (peek(r) != ',' && peek(r) != ']')
			ret = broken(r, "a comma is missing in a list");
		else if (peek(r) == ',') {
			r->at++;
			skip_lines(r);
		}
	}
	r->at += ret >= 0;
	r->depth--;
	return ret;
}

static int read_number(struct reader *r)
{
	if (peek(r) == '-' || peek(r) == '+')
		r->at++;
	if (!isdigit((unsigned char)peek(r)))
		return broken(r, "a number has no digits");
	while (isdigit((unsigned char)peek(r)))
		r->at++;
	return 0;
}

static int read_value(struct reader *r, struct virconf_entry *e)
{
	auto_free char *text = NULL;
	char c = peek(r);

	if (c == '[')
		return read_list(r, e);
	if (c == '"' || c == '\'')
		return read_string(r, &text);
	if (c == '-' || c == '+' || isdigit((unsigned char)c))
		return read_number(r);
	return broken(r, c == '#' && !e ? "a comment stands inside a list" : "a value is missing");
}

static int read_entry(struct reader *r, struct virconf *c)
{
	struct virconf_entry *e;
	size_t from = r->at;
	int ret;

	while (isalnum((unsigned char)peek(r)) || (peek(r) && strchr("_:.-", peek(r))))
		r->at++;
	if (r->at == from)
		return broken(r, "a name is missing");
	c->entries = grow(c->entries, c->len, &c->cap, sizeof(*c->entries));
	e = &c->entries[c->len++];
	*e = (struct virconf_entry){
		.name = xstrndup(r->bytes + from, r->at - from), .line = line_of(r), .start = from};
	skip_blanks(r);
	if (peek(r) != '=')
		return broken(r, "\"=\" is missing after a name");
	r->at++;
	skip_blanks(r);
	ret = read_value(r, e);
	e->end = r->at;
	return ret;
}

/* What may follow a value: a comment, a newline or one ';'. */
static int read_separator(struct reader *r)
{
	skip_blanks(r);
	skip_comment(r);
	if (r->at < r->len && !is_eol(peek(r)) && peek(r) != ';')
		return broken(r, "something follows a value");
	if (peek(r) == ';')
		r->at++;
	return 0;
}

int virconf_parse(struct virconf *c, const char *bytes, size_t len, const char *path,
		  struct err *reterr)
{
	struct reader r = {.bytes = bytes, .len = len, .path = path, .reterr = reterr};
	int ret = 0;

	while (ret >= 0) {
		skip_lines(&r);
		if (r.at >= len)
			break;
		if (peek(&r) == '#') {
			skip_comment(&r);
			continue;
		}
		ret = read_entry(&r, c);
		if (ret >= 0)
			ret = read_separator(&r);
	}
	return ret;
}

const struct virconf_entry *virconf_find(const struct virconf *c, const char *name)
{
	for (size_t i = 0; i < c->len; i++)
		if (!strcmp(c->entries[i].name, name))
			return &c->entries[i];
	return NULL;
}

long virconf_item(const struct virconf_entry *e, const char *text)
{
	for (size_t i = 0; i < e->len; i++)
		if (e->items[i].text && !strcmp(e->items[i].text, text))
			return (long)i;
	return -1;
}
