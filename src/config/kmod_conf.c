/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kmod_conf.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void kmod_conf_release(struct kmod_conf *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->lines[i].text);
		free(c->lines[i].at);
	}
	free(c->lines);
	*c = (struct kmod_conf)KMOD_CONF_INIT;
}

/* Reads the logical line that starts at *pos and moves *pos behind it. */
static void line_read(struct kmod_line *l, const char *bytes, size_t len, size_t *pos,
		      size_t *number)
{
	struct str text = STR_INIT;
	size_t cap = 0;
	size_t i = *pos;

	*l = (struct kmod_line){.start = i, .number = *number, .open = true};
	for (; i < len && bytes[i] != '\n'; i++) {
		if (bytes[i] == '\\' && i + 1 < len && bytes[i + 1] == '\n') {
			i++;
			++*number;
			continue;
		}
		if (bytes[i] == '\\' && ++i >= len)
			break;
		l->at = grow(l->at, text.len, &cap, sizeof(*l->at));
		l->at[text.len] = i;
		str_addc(&text, bytes[i]);
	}
	l->at = grow(l->at, text.len, &cap, sizeof(*l->at));
	l->at[text.len] = i;
	l->open = i >= len;
	l->end = i < len ? i + 1 : len;
	l->text = str_take(&text);
	l->len = strlen(l->text); /* a NUL byte ends a line for kmod */
	++*number;
	*pos = l->end;
}

void kmod_conf_parse(struct kmod_conf *c, const char *bytes, size_t len)
{
	size_t number = 1;

	for (size_t pos = 0; pos < len;) {
		c->lines = grow(c->lines, c->len, &c->cap, sizeof(*c->lines));
		line_read(&c->lines[c->len++], bytes, len, &pos, &number);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The kernel's and C's isspace() for ASCII. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t word_end(const char *s, size_t i)
{
	while (s[i] && !is_blank(s[i]))
		i++;
	return i;
}

static size_t word_start(const char *s, size_t i)
{
	while (is_blank(s[i]))
		i++;
	return i;
}

bool kmod_line_command(const struct kmod_line *l, const char *command, struct strv *name,
		       size_t *rest)
{
	size_t n = strlen(command);
	size_t a;
	size_t b;

	if (l->text[0] == '#')
		return false;
	a = word_start(l->text, 0);
	if (strncmp(l->text + a, command, n) || !is_blank(l->text[a + n]))
		return false;
	a = word_start(l->text, a + n);
	b = word_end(l->text, a);
	if (a == b || !l->text[b] || !l->text[b + 1])
		return false;
	*rest = b + 1;
	if (name) {
		strv_addn(name, l->text + a, b - a);
		for (char *p = name->items[name->len - 1]; *p; p++)
			*p = *p == '-' ? '_' : *p;
	}
	return true;
}

bool kmod_line_is(const struct kmod_line *l, const char *command, const char *module, size_t *rest)
{
	auto_strv struct strv name = STRV_INIT;

	if (!kmod_line_command(l, command, &name, rest))
		return false;
	if (!strcmp(command, "options"))
		return !strcmp(name.items[0], module);
	return !fnmatch(name.items[0], module, 0);
}

bool kmod_param_next(const char *text, size_t *pos, struct kmod_param *ret)
{
	size_t i = *pos;
	size_t equals = 0;
	bool quoted = false;
	bool whole;

	while (is_space(text[i]))
		i++;
	if (!text[i])
		return false;
	ret->start = i;
	whole = text[i] == '"';
	for (; text[i] && (quoted || !is_space(text[i])); i++) {
		if (text[i] == '=' && !equals)
			equals = i;
		if (text[i] == '"')
			quoted = !quoted;
	}
	*pos = ret->end = i;
	ret->value_start = equals ? equals + 1 : i;
	ret->value_end = i;
	if (!whole && equals && text[equals + 1] == '"') {
		whole = true;
		ret->value_start++;
	}
	if (whole && ret->value_end > ret->value_start && text[ret->value_end - 1] == '"')
		ret->value_end--;
	return true;
}

bool kmod_param_named(const char *text, const struct kmod_param *p, const char *name)
{
	size_t from = p->start + (text[p->start] == '"');
	size_t n = strlen(name);

	return p->end - from > n && !strncmp(text + from, name, n) && text[from + n] == '=';
}

void kmod_softdep_split(const char *rest, struct strv *pre, struct strv *post)
{
	struct strv *into = NULL;
	size_t i = 0;

	if (is_space(rest[0]) && rest[1] && !is_space(rest[1]))
		while (rest[++i] && !is_space(rest[i]))
			;
	while (rest[i]) {
		size_t from;

		while (is_space(rest[i]))
			i++;
		for (from = i; rest[i] && !is_space(rest[i]);)
			i++;
		if (i - from == 4 && !strncmp(rest + from, "pre:", 4))
			into = pre;
		else if (i - from == 5 && !strncmp(rest + from, "post:", 5))
			into = post;
		else if (i > from && into)
			strv_addn(into, rest + from, i - from);
	}
}

/* A hexadecimal field as the kernel's sscanf("%x") takes it; false when there is none. */
static bool hex_field(const char **s, const char *end, uint32_t *ret)
{
	const char *p = *s;
	const char *digits;
	uint32_t v = 0;

	while (p < end && is_space(*p))
		p++;
	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	for (digits = p; p < end; p++) {
		const char *at = strchr("0123456789abcdef", *p >= 'A' && *p <= 'F' ? *p + 32 : *p);

		if (!*p || !at)
			break;
		v = v << 4 | (uint32_t)(at - "0123456789abcdef");
	}
	*s = p;
	*ret = v;
	return p > digits;
}

bool kmod_id_parse(const char *s, size_t len, struct kmod_id *ret)
{
	const char *end = s + len;
	uint32_t *fields[] = {&ret->vendor,    &ret->device,     &ret->subvendor,
			      &ret->subdevice, &ret->class_code, &ret->class_mask};
	size_t n;

	*ret = (struct kmod_id){.subvendor = KMOD_ID_ANY, .subdevice = KMOD_ID_ANY};
	for (n = 0; n < ARRAY_SIZE(fields); n++) {
		if (n && (s >= end || *s++ != ':'))
			break;
		if (!hex_field(&s, end, fields[n]))
			break;
	}
	return n >= 2;
}
