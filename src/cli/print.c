/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/print.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define WRAP_COLUMNS 78

size_t utf8_decode(const char *s, size_t n, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	size_t length;

	if (!n)
		return 0;
	length = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (!length || length > n || u[0] > 0xf4)
		return 0;
	*ret = length == 1 ? u[0] : u[0] & (0xffU >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (u[i] & 0x3fU);
	}
	if (*ret < smallest[length] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret <= 0xdfff))
		return 0;
	return length;
}

bool utf8_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void print_raw(struct printer *p, const char *s)
{
	str_adds(&p->out, s);
}

void print_format(struct printer *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&p->out, fmt, ap);
	va_end(ap);
}

/* Appends the next character as it may be shown; gives how many bytes it took and its columns. */
static size_t add_character(const struct printer *p, struct str *out, const char *s, size_t n,
			    size_t *columns)
{
	uint32_t c = 0;
	size_t length = utf8_decode(s, n, &c);
	int width;

	*columns = 1;
	if (!length || utf8_is_control(c) || (c >= 0x80 && !p->utf8)) {
		if (out)
			str_addc(out, '?');
		return length ? length : 1;
	}
	width = c < 0x80 ? 1 : wcwidth((wchar_t)c);
	*columns = width < 0 ? 1 : (size_t)width;
	if (out)
		str_add(out, s, length);
	return length;
}

void print_text(struct printer *p, const char *s)
{
	size_t n = strlen(s), columns;

	while (n) {
		size_t taken = add_character(p, &p->out, s, n, &columns);

		s += taken;
		n -= taken;
	}
}

void print_lines(struct printer *p, const char *s, size_t n)
{
	size_t columns;

	while (n) {
		size_t taken = 1;

		if (*s == '\n' || *s == '\t')
			str_addc(&p->out, *s);
		else
			taken = add_character(p, &p->out, s, n, &columns);
		s += taken;
		n -= taken;
	}
}

size_t print_width(const struct printer *p, const char *s)
{
	size_t n = strlen(s), width = 0, columns;

	while (n) {
		size_t taken = add_character(p, NULL, s, n, &columns);

		width += columns;
		s += taken;
		n -= taken;
	}
	return width;
}

void print_padded(struct printer *p, const char *s, size_t width)
{
	print_text(p, s);
	for (size_t i = print_width(p, s); i < width; i++)
		str_addc(&p->out, ' ');
}

void print_sign(struct printer *p, enum sign sign)
{
	static const char *const signs[][2] = {
		[SIGN_OK] = {"+", "✓"},      [SIGN_WARN] = {"!", "!"}, [SIGN_BLOCK] = {"x", "✗"},
		[SIGN_CHANGE] = {"->", "→"}, [SIGN_USED] = {"*", "●"}, [SIGN_NONE] = {" ", " "},
	};

	print_raw(p, signs[sign][p->utf8]);
}

static void indent_line(struct printer *p, size_t indent)
{
	str_addc(&p->out, '\n');
	for (size_t i = 0; i < indent; i++)
		str_addc(&p->out, ' ');
}

void print_wrapped(struct printer *p, const char *s, size_t indent)
{
	size_t column = indent;
	bool first = true;

	while (*s) {
		auto_str struct str word = STR_INIT;
		size_t n = strcspn(s, " "), width;

		str_add(&word, s, n);
		width = print_width(p, word.data);
		if (!first && column + 1 + width > WRAP_COLUMNS) {
			indent_line(p, indent);
			column = indent;
		} else if (!first) {
			str_addc(&p->out, ' ');
			column++;
		}
		print_text(p, word.data);
		column += width;
		first = false;
		s += n;
		s += strspn(s, " ");
	}
	str_addc(&p->out, '\n');
}

void print_findings(struct printer *p, const struct findings *f)
{
	static const enum sign signs[] = {
		[SEVERITY_NOTE] = SIGN_NONE,
		[SEVERITY_WARN] = SIGN_WARN,
		[SEVERITY_BLOCK] = SIGN_BLOCK,
	};

	for (size_t i = 0; i < f->len; i++) {
		const struct finding *x = &f->items[i];

		print_sign(p, signs[x->severity]);
		print_format(p, " %s: %s\n    ", severity_name(x->severity), x->code);
		print_wrapped(p, x->text, 4);
		if (x->remedy) {
			print_raw(p, "    ");
			print_sign(p, SIGN_CHANGE);
			print_raw(p, " ");
			print_wrapped(p, x->remedy, 6);
		}
	}
}

int print_flush(struct printer *p, int fd)
{
	size_t done = 0;

	while (done < p->out.len) {
		ssize_t n = write(fd, p->out.data + done, p->out.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			const int code = -errno;

			str_clear(&p->out);
			return code;
		}
		done += (size_t)n;
	}
	str_clear(&p->out);
	return 0;
}
