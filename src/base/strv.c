/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/strv.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define SHORT 64 /* a list that is faster searched than hashed */

void strv_release(struct strv *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->items[i]);
	free(v->items);
	free(v->slots);
	*v = (struct strv)STRV_INIT;
}

void strv_take(struct strv *v, char *s)
{
	v->items = grow(v->items, v->len + 1, &v->cap, sizeof(*v->items));
	v->items[v->len++] = s;
	v->items[v->len] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_addn(struct strv *v, const char *s, size_t n)
{
	strv_take(v, xstrndup(s, n));
}

void strv_addf(struct strv *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(v, xvasprintf(fmt, ap));
	va_end(ap);
}

/* FNV-1a */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261U;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h;
}

/* The slot of a string: where it is, or the free one where it belongs. */
static uint32_t *slot_of(const struct strv *v, const char *s)
{
	size_t i = hash(s) & (v->slots_len - 1);

	while (v->slots[i] && strcmp(v->items[v->slots[i] - 1], s))
		i = (i + 1) & (v->slots_len - 1);
	return &v->slots[i];
}

static void forget_hashes(struct strv *v)
{
	free(v->slots);
	v->slots = NULL;
	v->slots_len = v->hashed = 0;
}

static void hash_all(struct strv *v)
{
	if (v->hashed > v->len || v->slots_len < 2 * (v->len + 1)) {
		size_t n = 4 * SHORT;

		while (n < 4 * (v->len + 1))
			n *= 2;
		forget_hashes(v);
		v->slots = xcalloc(n, sizeof(*v->slots));
		v->slots_len = n;
	}
	for (; v->hashed < v->len; v->hashed++)
		*slot_of(v, v->items[v->hashed]) = (uint32_t)v->hashed + 1;
}

bool strv_add_unique(struct strv *v, const char *s)
{
	if (v->len >= SHORT)
		hash_all(v);
	if (v->len >= SHORT ? *slot_of(v, s) != 0 : strv_has(v, s))
		return false;
	strv_add(v, s);
	return true;
}

void strv_remove_at(struct strv *v, size_t i)
{
	forget_hashes(v);
	free(v->items[i]);
	memmove(v->items + i, v->items + i + 1, (v->len - i) * sizeof(*v->items));
	v->len--;
}

long strv_find(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->len; i++)
		if (!strcmp(v->items[i], s))
			return (long)i;
	return -1;
}

bool strv_has(const struct strv *v, const char *s)
{
	return strv_find(v, s) >= 0;
}

void strv_copy(struct strv *to, const struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		strv_add(to, from->items[i]);
}

void strv_move(struct strv *to, struct strv *from)
{
	for (size_t i = 0; i < from->len; i++)
		strv_take(to, from->items[i]);
	from->len = 0;
	strv_release(from);
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (strcmp(a->items[i], b->items[i]))
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

void strv_sort(struct strv *v)
{
	forget_hashes(v);
	if (v->len)
		qsort(v->items, v->len, sizeof(*v->items), compare);
}

char *strv_join(const struct strv *v, const char *sep)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < v->len; i++) {
		if (i)
			str_adds(&out, sep);
		str_adds(&out, v->items[i]);
	}
	return str_take(&out);
}

void strv_split(struct strv *v, const char *s, const char *seps)
{
	while (*s) {
		size_t n = strcspn(s, seps);

		if (n)
			strv_addn(v, s, n);
		s += n;
		s += strspn(s, seps);
	}
}
