/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of lists: "/srv/w 11.img format=raw", and the quotes that values may stand in. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/profile_value.h"

/* --- quotes --------------------------------------------------------------------- */

static size_t word_length(const char *s)
{
	size_t n = 0;

	while (islower((unsigned char)s[n]) || s[n] == '-')
		n++;
	return n;
}

/* Is there a blank and then something that looks like a key? */
static bool has_key(const char *s)
{
	for (; *s; s++) {
		if (*s == ' ' || *s == '\t') {
			size_t n = word_length(s + 1);

			if (n && s[1 + n] == '=')
				return true;
		}
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool needs_quotes(const char *s, bool inside)
{
	size_t len = strlen(s);
	size_t first = word_length(s);

	if (!len)
		return inside;
	if (s[0] == '"' || s[0] == '#' || is_blank(s[0]) || is_blank(s[len - 1]))
		return true;
	if (inside && (has_key(s) || (first && s[first] == '=')))
		return true;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)s[i]) || (s[i] == '#' && is_blank(s[i - 1])))
			return true;
	return false;
}

void vm_quote(struct str *out, const char *value, bool inside)
{
	if (!needs_quotes(value, inside)) {
		str_adds(out, value);
		return;
	}
	str_addc(out, '"');
	for (const char *p = value; *p; p++) {
		if (*p == '\n')
			str_adds(out, "\\n");
		else if (*p == '\r')
			str_adds(out, "\\r");
		else if (*p == '"' || *p == '\\')
			str_addf(out, "\\%c", *p);
		else
			str_addc(out, *p);
	}
	str_addc(out, '"');
}

const char *vm_unquote(struct str *out, const char *s)
{
	for (s++; *s && *s != '"'; s++) {
		if (*s != '\\') {
			str_addc(out, *s);
			continue;
		}
		s++;
		if (!*s)
			return NULL;
		str_addc(out, *s == 'n' ? '\n' : *s == 'r' ? '\r' : *s);
	}
	return *s ? s + 1 : NULL;
}

/* --- entries -------------------------------------------------------------------- */

static const struct vm_field *row_of(const struct vm_item *item, const char *key, size_t n)
{
	for (size_t i = 1; i < item->rows_len; i++)
		if (!strncmp(item->rows[i].key, key, n) && !item->rows[i].key[n])
			return &item->rows[i];
	return NULL;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

static int no_such_key(const struct vm_item *item, const char *at, struct err *reterr)
{
	auto_str struct str all = STR_INIT;

	for (size_t i = 1; i < item->rows_len; i++)
		str_addf(&all, "%s%s=", i > 1 ? ", " : "", item->rows[i].key);
	return err_set(reterr, -EINVAL,
		       "\"%.40s\" is none of %s; in double quotes it is part of "
		       "what stands before it",
		       at, all.len ? all.data : "this field's options: it has none");
}

/* A value that goes on until the next " key=". */
static int take_value(const struct vm_item *item, const char **at, struct str *value,
		      struct err *reterr)
{
	const char *s = *at;

	if (*s == '"') {
		s = vm_unquote(value, s);
		if (!s || (*s && !is_blank(*s)))
			return err_set(reterr, -EINVAL,
				       "the double quotes in \"%.60s\" don't match", *at);
		*at = skip_blanks(s);
		return 0;
	}
	while (*s) {
		const char *next = skip_blanks(s);
		size_t n = next > s ? word_length(next) : 0;

		if (n && next[n] == '=' && item->rows_len > 1) {
			if (!row_of(item, next, n))
				return no_such_key(item, next, reterr);
			break;
		}
		str_addc(value, *s++);
	}
	str_rtrim(value);
	*at = skip_blanks(s);
	return 0;
}

static int parse(void *entry, const struct vm_item *item, const char *at, struct err *reterr)
{
	const struct vm_field *row = &item->rows[0];

	for (bool first = true; first || *at; first = false) {
		auto_str struct str value = STR_INIT;
		size_t n = word_length(at);
		int r;

		if (!first || (n && at[n] == '=' && row_of(item, at, n))) {
			row = at[n] == '=' ? row_of(item, at, n) : NULL;
			if (first || !row)
				return no_such_key(item, at, reterr);
			at += n + 1;
		}
		r = take_value(item, &at, &value, reterr);
		if (r == 0 && first && !value.len)
			r = err_set(reterr, -EINVAL, "its %s is missing", row->key);
		if (r == 0)
			r = vm_value_set(entry, row, value.data, reterr);
		if (r < 0)
			return r;
	}
	return 0;
}

int vm_item_parse(void *entry, const struct vm_item *item, const char *text, struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < item->rows_len; i++)
		r = vm_value_set(entry, &item->rows[i], "", reterr);
	if (r == 0)
		r = parse(entry, item, skip_blanks(text), reterr);
	if (r < 0)
		vm_item_release(entry, item);
	return r;
}

void vm_item_format(const void *entry, const struct vm_item *item, struct str *out)
{
	auto_free void *blank = xcalloc(1, item->size);

	for (size_t i = 0; i < item->rows_len; i++) {
		const struct vm_field *row = &item->rows[i];
		auto_str struct str value = STR_INIT;
		auto_str struct str usual = STR_INIT;

		vm_value_get(entry, row, &value);
		(void)!vm_value_set(blank, row, "", NULL);
		vm_value_get(blank, row, &usual);
		if (i && str_equal(&value, &usual))
			continue;
		if (i)
			str_addf(out, " %s=", row->key);
		vm_quote(out, value.data, true);
	}
	vm_item_release(blank, item);
}

void vm_item_release(void *entry, const struct vm_item *item)
{
	for (size_t i = 0; i < item->rows_len; i++) {
		if (item->rows[i].kind == VM_TEXT) {
			char **text = (char **)(void *)((char *)entry + item->rows[i].offset);

			free(*text);
			*text = NULL;
		}
	}
}

/* --- parts ---------------------------------------------------------------------- */

void vm_item_part(const struct vm_item *item, const char *entry, const struct vm_field *part,
		  struct str *ret)
{
	auto_free void *parsed = xcalloc(1, item->size);

	if (vm_item_parse(parsed, item, entry, NULL) < 0)
		return;
	vm_value_get(parsed, part, ret);
	vm_item_release(parsed, item);
}

int vm_item_change(const struct vm_item *item, const char *entry, const struct vm_field *part,
		   const char *value, struct str *ret, struct err *reterr)
{
	auto_free void *parsed = xcalloc(1, item->size);
	int r = vm_item_parse(parsed, item, entry, reterr);

	if (r < 0)
		return r;
	if (part == &item->rows[0] && !*value)
		r = err_set(reterr, -EINVAL, "its %s is missing", part->key);
	if (r == 0)
		r = vm_value_set(parsed, part, value, reterr);
	if (r == 0)
		vm_item_format(parsed, item, ret);
	vm_item_release(parsed, item);
	return r;
}
