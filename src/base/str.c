/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

char str_empty[1] = "";

void str_init(struct str *s)
{
	*s = (struct str)STR_INIT;
}

void str_release(struct str *s)
{
	if (s->cap)
		free(s->data);
	str_init(s);
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->cap)
		s->data[0] = '\0';
}

void str_reserve(struct str *s, size_t n)
{
	size_t want = s->len + n + 1;
	size_t cap = s->cap ? s->cap : 32;

	if (want < n)
		abort();
	if (want <= s->cap)
		return;
	while (cap < want)
		cap *= 2;
	s->data = xrealloc(s->cap ? s->data : NULL, cap, 1);
	s->cap = cap;
	s->data[s->len] = '\0';
}

void str_add(struct str *s, const void *bytes, size_t n)
{
	if (!n)
		return;
	str_reserve(s, n);
	memcpy(s->data + s->len, bytes, n);
	s->len += n;
	s->data[s->len] = '\0';
}

void str_adds(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	str_add(s, &c, 1);
}

void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	str_reserve(s, (size_t)n);
	vsnprintf(s->data + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void str_truncate(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

void str_rtrim(struct str *s)
{
	size_t n = s->len;

	while (n && strchr(" \t\r\n", s->data[n - 1]) && s->data[n - 1])
		n--;
	str_truncate(s, n);
}

char *str_take(struct str *s)
{
	char *data = s->cap ? s->data : xstrdup("");

	str_init(s);
	return data;
}

bool str_equal(const struct str *a, const struct str *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

bool text_starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool text_ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s);
	size_t m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}
