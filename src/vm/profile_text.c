/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/profile_text.h"

#include <string.h>

#include "base/mem.h"
#include "vm/profile_value.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The end of the value that begins at `at`: before a comment and the blanks in front of it. */
static size_t value_end(const char *s, size_t at, size_t len, bool is_list)
{
	bool quoted = false;
	size_t end = at;

	for (size_t i = at; i < len; i++) {
		if (s[i] == '#' && !quoted && (i == at || is_blank(s[i - 1])))
			break;
		if (quoted && s[i] == '\\' && i + 1 < len)
			end = ++i;
		else if (s[i] == '"' && (quoted || i == at || (is_list && s[i - 1] == '=')))
			quoted = !quoted;
		if (!is_blank(s[i]))
			end = i + 1;
	}
	return end;
}

static const struct vm_field *field_of(const char *key, size_t len)
{
	for (size_t i = 0; i < vm_fields_len; i++)
		if (strlen(vm_fields[i].key) == len && !memcmp(vm_fields[i].key, key, len))
			return &vm_fields[i];
	return NULL;
}

bool vm_line_parse(const struct text_line *line, struct vm_line *ret)
{
	const char *s = line->data;
	size_t len = text_line_length(line);
	size_t at = 0;
	size_t equals;

	if (text_starts_with(s, "\xef\xbb\xbf")) /* of an editor that marks UTF-8 so */
		at = 3;
	while (at < len && is_blank(s[at]))
		at++;
	if (at == len || s[at] == '#' || s[at] == '[')
		return false;
	*ret = (struct vm_line){.key = s + at};
	for (equals = at; equals < len && s[equals] != '='; equals++)
		;
	if (equals == len)
		return true;
	ret->key_len = equals - at;
	while (ret->key_len && is_blank(ret->key[ret->key_len - 1]))
		ret->key_len--;
	ret->field = ret->key_len ? field_of(ret->key, ret->key_len) : NULL;
	for (at = equals + 1; at < len && is_blank(s[at]);)
		at++;
	ret->value = at;
	ret->value_len = value_end(s, at, len, ret->field && ret->field->kind == VM_LIST) - at;
	return true;
}

bool vm_line_value(const struct text_line *line, const struct vm_line *parsed, struct str *ret)
{
	auto_str struct str raw = STR_INIT;
	const char *end;

	str_clear(ret);
	str_add(&raw, line->data + parsed->value, parsed->value_len);
	if (raw.data[0] != '"' || (parsed->field && parsed->field->kind == VM_LIST)) {
		str_add(ret, raw.data, raw.len);
		return true;
	}
	end = vm_unquote(ret, raw.data);
	return end && !*end;
}

/* --- editing --------------------------------------------------------------------- */

static bool is_line_of(const struct text *t, size_t i, const struct vm_field *f,
		       struct vm_line *ret)
{
	return vm_line_parse(&t->lines[i], ret) && ret->field == f;
}

static void quoted(const struct vm_field *f, const char *value, struct str *out)
{
	if (f->kind == VM_LIST) /* its entries bring their own */
		str_adds(out, value);
	else
		vm_quote(out, value, false);
}

static void put_value(struct text *t, size_t i, const struct vm_field *f,
		      const struct vm_line *line, const char *value)
{
	auto_str struct str text = STR_INIT;

	quoted(f, value, &text);
	text_replace(t, i, line->value, line->value_len, text.data, text.len);
}

static bool is_section(const struct text_line *line, const char *name)
{
	size_t at = strspn(line->data, " \t");
	size_t n = strlen(name);

	return line->data[at] == '[' && !strncmp(line->data + at + 1, name, n) &&
	       line->data[at + 1 + n] == ']';
}

/* After the last line of a field that comes no later in the table, in the same section. */
static size_t place_of(const struct text *t, const struct vm_field *f)
{
	const struct vm_field *best = NULL;
	size_t place = t->len;
	struct vm_line line;

	for (size_t i = 0; i < t->len; i++) {
		if (!vm_line_parse(&t->lines[i], &line)) {
			if (!best && is_section(&t->lines[i], vm_section_name(f->section)))
				place = i + 1;
		} else if (line.field && line.field <= f && line.field->section == f->section &&
			   (!best || line.field >= best)) {
			best = line.field;
			place = i + 1;
		}
	}
	return place;
}

static void add_line(struct text *t, size_t at, const struct vm_field *f, const char *value)
{
	auto_str struct str line = STR_INIT;

	str_addf(&line, "%s = ", f->key);
	quoted(f, value, &line);
	if (at == t->len) {
		text_append(t, line.data);
		return;
	}
	str_adds(&line, text_newline(t));
	text_insert(t, at, line.data, line.len);
}

/* One value: the line that counts is the last. */
static void set_one(struct text *t, const struct vm_field *f, const char *value)
{
	struct vm_line line;

	for (size_t i = t->len; i > 0; i--) {
		if (is_line_of(t, i - 1, f, &line)) {
			put_value(t, i - 1, f, &line, value);
			return;
		}
	}
	add_line(t, place_of(t, f), f, value);
}

/* An entry as vfiotui would write it, so that those of the same meaning are equal; "" for none. */
static char *normal_entry(const struct vm_field *f, const char *entry)
{
	auto_free void *parsed = xcalloc(1, f->item->size);
	struct str text = STR_INIT;

	if (vm_item_parse(parsed, f->item, entry, NULL) == 0) {
		vm_item_format(parsed, f->item, &text);
		vm_item_release(parsed, f->item);
	}
	return str_take(&text);
}

static bool has_from(const struct strv *list, size_t from, const char *value)
{
	for (size_t i = from; i < list->len; i++)
		if (!strcmp(list->items[i], value))
			return true;
	return false;
}

/* The entries that the lines say now. */
static void entries_of(const struct text *t, const struct vm_field *f, struct strv *ret)
{
	struct vm_line line;

	for (size_t i = 0; i < t->len; i++) {
		auto_str struct str entry = STR_INIT;

		if (!is_line_of(t, i, f, &line))
			continue;
		(void)vm_line_value(&t->lines[i], &line, &entry);
		strv_take(ret, normal_entry(f, entry.data));
	}
}

/*
 * A list: a line that says an entry which stays is left alone, with the comment beside it; one whose
 * entry is gone takes the next new entry, or goes where that entry has a line of its own.
 */
static void set_list(struct text *t, const struct vm_field *f, const struct strv *values)
{
	auto_strv struct strv had = STRV_INIT;
	struct vm_line line;
	size_t n = 0;
	size_t k = 0;

	entries_of(t, f, &had);
	for (size_t i = 0; i < t->len;) {
		if (!is_line_of(t, i, f, &line)) {
			i++;
			continue;
		}
		if (n < values->len && !strcmp(had.items[k], values->items[n])) {
			n++;
		} else if (n < values->len && !has_from(&had, k + 1, values->items[n])) {
			if (has_from(values, n + 1, had.items[k])) {
				add_line(t, i++, f, values->items[n++]);
				continue; /* this line's turn comes */
			}
			put_value(t, i, f, &line, values->items[n++]);
		} else if (has_from(values, n, had.items[k])) { /* they changed places */
			put_value(t, i, f, &line, values->items[n++]);
		} else {
			text_remove(t, i);
			k++;
			continue;
		}
		k++;
		i++;
	}
	for (; n < values->len; n++)
		add_line(t, place_of(t, f), f, values->items[n]);
}

void vm_text_set(struct text *t, const struct vm_field *f, const struct strv *values)
{
	struct vm_line line;

	if (f->kind == VM_LIST) {
		set_list(t, f, values);
		return;
	}
	if (values->len) {
		set_one(t, f, values->items[values->len - 1]);
		return;
	}
	for (size_t i = t->len; i > 0; i--)
		if (is_line_of(t, i - 1, f, &line))
			text_remove(t, i - 1);
}

void vm_text_head(struct text *t, const char *name)
{
	auto_str struct str head = STR_INIT;

	str_addf(&head,
		 "# The virtual machine %s, as \"vfiotui vm start\" starts it.\n"
		 "# Edit it here, in the screen (v), or with \"vfiotui vm edit\": comments stay.\n"
		 "# All keys and what they mean: vfiotui vm edit --help\n",
		 name);
	for (size_t s = 0; s < VM_SECTIONS; s++)
		str_addf(&head, "\n[%s]\n", vm_section_name((enum vm_section)s));
	text_parse(t, head.data, head.len);
}
