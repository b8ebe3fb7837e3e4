/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "vm/profile_text.h"
#include "vm/profile_value.h"

/* --- fields ---------------------------------------------------------------------- */

static struct vm_list *list_of(struct vm_profile *p, const struct vm_field *f)
{
	return (struct vm_list *)(void *)((char *)p + f->offset);
}

static const struct vm_list *list_of_const(const struct vm_profile *p, const struct vm_field *f)
{
	return (const struct vm_list *)(const void *)((const char *)p + f->offset);
}

static void list_clear(struct vm_list *l, const struct vm_item *item)
{
	for (size_t i = 0; i < l->len; i++)
		vm_item_release((char *)l->items + i * item->size, item);
	free(l->items);
	*l = (struct vm_list){.items = NULL};
}

static int list_add(struct vm_list *l, const struct vm_item *item, const char *text,
		    struct err *reterr)
{
	char *entry;
	int r;

	l->items = grow(l->items, l->len, &l->cap, item->size);
	entry = (char *)l->items + l->len * item->size;
	memset(entry, 0, item->size);
	r = vm_item_parse(entry, item, text, reterr);
	if (r == 0)
		l->len++;
	return r;
}

int vm_field_set(struct vm_profile *p, const struct vm_field *f, const char *value,
		 struct err *reterr)
{
	int r = 0;

	if (f->kind != VM_LIST)
		return vm_value_set(p, f, value, reterr);
	if (value[0])
		r = list_add(list_of(p, f), f->item, value, reterr);
	else
		list_clear(list_of(p, f), f->item);
	return r;
}

void vm_field_get(const struct vm_profile *p, const struct vm_field *f, struct strv *ret)
{
	const struct vm_list *l = f->kind == VM_LIST ? list_of_const(p, f) : NULL;

	for (size_t i = 0; i < (l ? l->len : 1); i++) {
		auto_str struct str text = STR_INIT;

		if (l)
			vm_item_format((const char *)l->items + i * f->item->size, f->item, &text);
		else
			vm_value_get(p, f, &text);
		strv_add(ret, text.data);
	}
}

void vm_field_copy(struct vm_profile *to, const struct vm_profile *from, const struct vm_field *f)
{
	auto_strv struct strv values = STRV_INIT;

	vm_field_get(from, f, &values);
	if (f->kind == VM_LIST)
		list_clear(list_of(to, f), f->item);
	/* what a field gave, it takes */
	for (size_t i = 0; i < values.len; i++)
		(void)!vm_field_set(to, f, values.items[i], NULL);
}

bool vm_field_equal(const struct vm_profile *a, const struct vm_profile *b,
		    const struct vm_field *f)
{
	auto_strv struct strv of_a = STRV_INIT;
	auto_strv struct strv of_b = STRV_INIT;

	vm_field_get(a, f, &of_a);
	vm_field_get(b, f, &of_b);
	return strv_equal(&of_a, &of_b);
}

bool vm_field_is_default(const struct vm_profile *p, const struct vm_field *f)
{
	struct vm_profile usual;
	bool same;

	vm_profile_init(&usual, p->name);
	same = vm_field_equal(p, &usual, f);
	vm_profile_release(&usual);
	return same;
}

void vm_field_remove_at(struct vm_profile *p, const struct vm_field *f, size_t i)
{
	struct vm_list *l = list_of(p, f);
	char *entry = (char *)l->items + i * f->item->size;

	vm_item_release(entry, f->item);
	memmove(entry, entry + f->item->size, (l->len - i - 1) * f->item->size);
	l->len--;
}

/* --- problems --------------------------------------------------------------------- */

void vm_problems_release(struct vm_problems *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->items[i].text);
	free(p->items);
	*p = (struct vm_problems)VM_PROBLEMS_INIT;
}

void vm_problems_add(struct vm_problems *p, const struct vm_field *field, size_t line,
		     const char *fmt, ...)
{
	va_list ap;

	p->items = grow(p->items, p->len, &p->cap, sizeof(*p->items));
	va_start(ap, fmt);
	p->items[p->len++] = (struct vm_problem){field, line, xvasprintf(fmt, ap)};
	va_end(ap);
}

const char *vm_problems_of(const struct vm_problems *p, const struct vm_field *field)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].field == field)
			return p->items[i].text;
	return NULL;
}

/* --- whole profiles ----------------------------------------------------------------- */

void vm_profile_init(struct vm_profile *p, const char *name)
{
	*p = (struct vm_profile){.name = xstrdup(name)};
	for (size_t i = 0; i < vm_fields_len; i++)
		(void)!vm_field_set(p, &vm_fields[i], "", NULL); /* the defaults fit */
}

void vm_profile_release(struct vm_profile *p)
{
	for (size_t i = 0; i < vm_fields_len; i++) {
		const struct vm_field *f = &vm_fields[i];

		if (f->kind == VM_LIST)
			list_clear(list_of(p, f), f->item);
		else if (f->kind == VM_TEXT)
			free(*(char **)(void *)((char *)p + f->offset));
	}
	free(p->name);
	*p = (struct vm_profile){.name = NULL};
}

void vm_profile_copy(struct vm_profile *to, const struct vm_profile *from)
{
	vm_profile_init(to, from->name);
	for (size_t i = 0; i < vm_fields_len; i++)
		vm_field_copy(to, from, &vm_fields[i]);
}

static void parse_line(struct vm_profile *p, const struct text_line *text, size_t number,
		       const struct vm_line *line, struct vm_problems *problems)
{
	auto_str struct str value = STR_INIT;
	struct err err = ERR_INIT;

	if (memchr(text->data, '\0', text_line_length(text))) {
		vm_problems_add(problems, line->field, number,
				"line %zu holds a NUL byte: nothing is read from it", number);
	} else if (!line->key_len) {
		vm_problems_add(problems, NULL, number, "line %zu is not \"key = value\"", number);
	} else if (!line->field) {
		vm_problems_add(problems, NULL, number, "line %zu: there is no key \"%.*s\"",
				number, (int)(line->key_len > 60 ? 60 : line->key_len), line->key);
	} else if (!vm_line_value(text, line, &value)) {
		vm_problems_add(problems, line->field, number,
				"line %zu: the double quotes of %s don't match", number,
				line->field->key);
	} else if (line->field->kind == VM_LIST && !value.len) {
		return; /* an entry without anything */
	} else if (vm_field_set(p, line->field, value.data, &err) < 0) {
		vm_problems_add(problems, line->field, number, "line %zu: %s", number, err.text);
	}
}

void vm_profile_parse(struct vm_profile *p, const char *bytes, size_t len,
		      struct vm_problems *problems)
{
	auto_text struct text t = TEXT_INIT;
	struct vm_line line;

	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++)
		if (vm_line_parse(&t.lines[i], &line))
			parse_line(p, &t.lines[i], i + 1, &line, problems);
}

void vm_profile_write(const char *before, size_t len, const struct vm_profile *p, struct str *out)
{
	auto_text struct text t = TEXT_INIT;
	auto_vm_problems struct vm_problems ignored = VM_PROBLEMS_INIT;
	auto_vm_profile struct vm_profile had;

	vm_profile_init(&had, p->name);
	if (before) {
		text_parse(&t, before, len);
		vm_profile_parse(&had, before, len, &ignored);
	} else {
		vm_text_head(&t, p->name);
	}
	for (size_t i = 0; i < vm_fields_len; i++) {
		auto_strv struct strv values = STRV_INIT;

		if (vm_field_equal(&had, p, &vm_fields[i]))
			continue;
		vm_field_get(p, &vm_fields[i], &values);
		vm_text_set(&t, &vm_fields[i], &values);
	}
	text_join(&t, out);
}

/* --- names and files ------------------------------------------------------------------ */

/* The length of a well-formed UTF-8 character that can be printed, or 0. */
static size_t character(const unsigned char *s)
{
	size_t n = s[0] < 0x80                   ? 1
		   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		   : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						 : 0;

	if (n == 1 && (s[0] < ' ' || s[0] == 0x7f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) /* C1 controls */
		return 0;
	return n;
}

static int refuse_name(const char *why, struct err *reterr)
{
	return err_set(reterr, -EINVAL, "a VM can't have this name: it %s", why);
}

int vm_name_check(const char *name, struct err *reterr)
{
	size_t len = strlen(name);

	if (!len)
		return refuse_name("is empty", reterr);
	if (len > VM_NAME_MAX)
		return err_set(reterr, -EINVAL, "a VM's name has at most %d bytes", VM_NAME_MAX);
	if (name[0] == '.' || name[0] == '-' || name[0] == ' ' || name[len - 1] == ' ')
		return refuse_name("begins with a dot, a dash or a blank, or ends in a blank",
				   reterr);
	for (size_t i = 0, n; i < len; i += n) {
		n = character((const unsigned char *)name + i);
		if (!n)
			return refuse_name("has characters that can't be shown", reterr);
		if (name[i] == '/')
			return refuse_name("has a /", reterr);
	}
	return 0;
}

char *vm_profile_path(const char *name)
{
	return xasprintf(VM_DIR "/%s" VM_SUFFIX, name);
}

char *vm_script_path(const char *name)
{
	return xasprintf(VM_DIR "/%s.sh", name);
}

int vm_profile_list(struct files *files, struct strv *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(files, VM_DIR, VM_SUFFIX, &names, reterr);

	for (size_t i = 0; i < names.len; i++) {
		auto_free char *name = xstrndup(names.items[i],
						strlen(names.items[i]) - strlen(VM_SUFFIX));

		if (vm_name_check(name, NULL) == 0)
			strv_add(ret, name);
	}
	return r;
}

int vm_profile_load(struct files *files, const char *name, struct vm_profile *p,
		    struct vm_problems *problems, struct err *reterr)
{
	auto_free char *path = NULL;
	const char *bytes;
	size_t len;
	int r = vm_name_check(name, reterr);

	vm_profile_init(p, name);
	if (r < 0)
		return r;
	path = vm_profile_path(name);
	r = files_get(files, path, &bytes, &len, reterr);
	if (r == -ENOENT)
		return err_set(reterr, r, "there is no VM called \"%s\" (%s); see: vfiotui vm list",
			       name, path);
	if (r < 0)
		return r;
	vm_profile_parse(p, bytes, len, problems);
	vm_profile_check(p, problems);
	return 0;
}

void vm_profile_mac(const struct vm_profile *p, char ret[18])
{
	uint32_t sum = UINT32_C(0x811c9dc5); /* FNV-1a: the same name, the same address */

	if (p->mac[0]) {
		memcpy(ret, p->mac, 18);
		return;
	}
	for (const char *s = p->name; *s; s++)
		sum = (sum ^ (unsigned char)*s) * UINT32_C(0x01000193);
	/* 52:54:00 is what QEMU's own cards begin with */
	memcpy(ret, "52:54:00:00:00:00", 18);
	for (size_t i = 0; i < 3; i++, sum >>= 8) {
		ret[9 + 3 * i] = "0123456789abcdef"[sum >> 4 & 15];
		ret[10 + 3 * i] = "0123456789abcdef"[sum & 15];
	}
}
