/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/lines.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TAIL_BYTES 8192

void lines_add(struct lines *l, enum sign sign, enum role role, const char *fmt, ...)
{
	va_list ap;

	l->items = grow(l->items, l->len, &l->cap, sizeof(*l->items));
	va_start(ap, fmt);
	l->items[l->len++] = (struct line){.sign = sign, .role = role, .text = xvasprintf(fmt, ap)};
	va_end(ap);
}

void lines_add_tail(struct lines *ret, const struct str *output)
{
	size_t skip = output->len > TAIL_BYTES ? output->len - TAIL_BYTES : 0;
	auto_free char *copy = xstrndup(output->data + skip, output->len - skip);
	char *rest = copy;
	char *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t n = strlen(line);
		char *last;

		while (n && line[n - 1] == '\r')
			line[--n] = '\0';
		last = strrchr(line, '\r');
		if (last)
			line = last + 1;
		if (*line || rest)
			lines_add(ret, SIGN_NONE, ROLE_DIM, "%s", *line ? line : " ");
	}
}

void lines_add_text(struct lines *l, const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		const size_t n = end ? (size_t)(end - text) : len;
		auto_str struct str line = STR_INIT;

		for (size_t i = 0; i < n; i++)
			str_adds(&line, text[i] == '\t' ? "    " : (char[]){text[i], '\0'});
		lines_add(l, SIGN_NONE, ROLE_TEXT, "%s", line.data);
		text += n + (end != NULL);
		len -= n + (end != NULL);
	}
}

void lines_release(struct lines *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->items[i].text);
	free(l->items);
	*l = (struct lines)LINES_INIT;
}

/* Draws one line with its first row at `row`, which may lie above the canvas; returns its rows. */
static int draw_line(const struct line *l, const struct canvas *c, int row)
{
	const char *sign = sign_text(c->charset, l->sign);
	int indent = l->sign == SIGN_NONE ? 0 : text_columns(c->charset, sign) + 1;
	struct canvas text = canvas_part(
		c, (struct rect){0, 1 + indent, c->area.rows, c->area.cols - 2 - indent});
	int skip = row < 0 ? -row : 0;

	if (!*l->text)
		return 1;
	if (indent && row >= 0)
		draw_sign(c, row, 1, l->sign);
	return draw_wrapped(&text, row + skip, 0, skip, l->role, l->text);
}

int lines_draw(const struct lines *l, const struct canvas *c, int top)
{
	int row = -top;

	for (size_t i = 0; i < l->len; i++)
		row += draw_line(&l->items[i], c, row);
	return row + top;
}

void lines_add_checks(struct lines *l, const struct checks *checks)
{
	static const enum sign signs[] = {
		[CHECK_OK] = SIGN_OK,
		[CHECK_FAILED] = SIGN_BLOCK,
		[CHECK_AFTER_REBOOT] = SIGN_CHANGE,
		[CHECK_UNKNOWN] = SIGN_NOTE,
	};

	static const char *const prefixes[] = {
		[CHECK_OK] = "",
		[CHECK_FAILED] = "",
		[CHECK_AFTER_REBOOT] = "after the reboot: ",
		[CHECK_UNKNOWN] = "cannot tell: ",
	};

	for (size_t i = 0; i < checks->len; i++) {
		const struct check *c = &checks->items[i];
		bool waits = c->state == CHECK_AFTER_REBOOT;
		auto_free char *now = waits && c->found ? xasprintf(" (now %s)", c->found) : NULL;

		lines_add(l, signs[c->state], ROLE_TEXT, "%s%s%s", prefixes[c->state], c->what,
			  now ? now : "");
		if (c->state != CHECK_OK && !waits && c->found)
			lines_add(l, SIGN_NONE, ROLE_DIM, "  now: %s", c->found);
		if (c->state == CHECK_FAILED && c->remedy)
			lines_add(l, SIGN_NONE, ROLE_WARN, "  do: %s", c->remedy);
	}
}
