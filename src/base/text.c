/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static char *copy_bytes(const char *bytes, size_t len)
{
	char *data = xmalloc(len + 1);

	if (len)
		memcpy(data, bytes, len);
	data[len] = '\0';
	return data;
}

static void add_line(struct text *t, const char *bytes, size_t len)
{
	t->lines = grow(t->lines, t->len, &t->cap, sizeof(*t->lines));
	t->lines[t->len++] = (struct text_line){.data = copy_bytes(bytes, len), .len = len};
}

void text_parse(struct text *t, const char *bytes, size_t len)
{
	*t = (struct text)TEXT_INIT;
	while (len) {
		const char *lf = memchr(bytes, '\n', len);
		size_t n = lf ? (size_t)(lf - bytes) + 1 : len;

		add_line(t, bytes, n);
		bytes += n;
		len -= n;
	}
}

void text_release(struct text *t)
{
	for (size_t i = 0; i < t->len; i++)
		free(t->lines[i].data);
	free(t->lines);
	*t = (struct text)TEXT_INIT;
}

void text_join(const struct text *t, struct str *out)
{
	for (size_t i = 0; i < t->len; i++)
		str_add(out, t->lines[i].data, t->lines[i].len);
}

static bool is_ended(const struct text_line *line)
{
	return line->len && line->data[line->len - 1] == '\n';
}

size_t text_line_length(const struct text_line *line)
{
	size_t n = line->len;

	if (!is_ended(line))
		return n;
	n--;
	return n && line->data[n - 1] == '\r' ? n - 1 : n;
}

const char *text_newline(const struct text *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (is_ended(&t->lines[i]))
			return t->lines[i].len - text_line_length(&t->lines[i]) == 2 ? "\r\n"
										     : "\n";
	return "\n";
}

static bool lacks_ending(const struct text *t)
{
	return t->len && !is_ended(&t->lines[t->len - 1]);
}

/* The last line gets an ending, or loses it. */
static void end_last(struct text *t, bool ended)
{
	size_t last = t->len - 1;
	size_t n = text_line_length(&t->lines[last]);
	const char *nl = text_newline(t);

	if (ended)
		text_replace(t, last, n, 0, nl, strlen(nl));
	else
		text_replace(t, last, n, t->lines[last].len - n, "", 0);
}

void text_insert(struct text *t, size_t at, const char *data, size_t len)
{
	struct text_line line = {.data = copy_bytes(data, len), .len = len};

	if (at > t->len)
		at = t->len;
	if (at == t->len && lacks_ending(t))
		end_last(t, true);
	t->lines = grow(t->lines, t->len, &t->cap, sizeof(*t->lines));
	memmove(t->lines + at + 1, t->lines + at, (t->len - at) * sizeof(*t->lines));
	t->lines[at] = line;
	t->len++;
}

void text_append(struct text *t, const char *s)
{
	bool bare = lacks_ending(t);

	text_insert(t, t->len, s, strlen(s));
	if (!bare)
		end_last(t, true);
}

void text_remove(struct text *t, size_t at)
{
	bool bare = at + 1 == t->len && lacks_ending(t);

	free(t->lines[at].data);
	memmove(t->lines + at, t->lines + at + 1, (t->len - at - 1) * sizeof(*t->lines));
	t->len--;
	if (bare && t->len)
		end_last(t, false);
}

void text_replace(struct text *t, size_t line, size_t from, size_t n, const char *with,
		  size_t with_len)
{
	struct text_line *l = &t->lines[line];
	size_t tail = l->len - from - n;
	char *data = xmalloc(from + with_len + tail + 1);

	memcpy(data, l->data, from);
	if (with_len)
		memcpy(data + from, with, with_len);
	memcpy(data + from + with_len, l->data + from + n, tail + 1);
	free(l->data);
	*l = (struct text_line){.data = data, .len = from + with_len + tail};
}

char *text_colon_value(const char *text, const char *key)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *colon;

		line += *line == '\n';
		colon = line + strcspn(line, ":\n");
		if (!text_starts_with(line, key) || *colon != ':' ||
		    strspn(line + strlen(key), " \t") != (size_t)(colon - line) - strlen(key))
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		return xstrndup(colon, strcspn(colon, "\n"));
	}
	return NULL;
}
