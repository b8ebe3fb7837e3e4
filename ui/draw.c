/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/draw.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"

struct sign_row {
	const char *unicode, *ascii;
	enum role role;
};

static const struct sign_row signs[SIGNS] = {
	[SIGN_NONE] = {" ", " ", ROLE_TEXT},      [SIGN_OK] = {"✓", "+", ROLE_OK},
	[SIGN_WARN] = {"!", "!", ROLE_WARN},      [SIGN_BLOCK] = {"✗", "x", ROLE_BLOCK},
	[SIGN_CHANGE] = {"→", "->", ROLE_CHANGE}, [SIGN_USED] = {"●", "*", ROLE_USED},
	[SIGN_FOLDED] = {"▸", ">", ROLE_DIM},     [SIGN_OPEN] = {"▾", "v", ROLE_DIM},
	[SIGN_POINTER] = {"▸", ">", ROLE_TITLE},  [SIGN_NOTE] = {"·", "-", ROLE_DIM},
};

const char *sign_text(enum charset charset, enum sign sign)
{
	return charset == CHARSET_UTF8 ? signs[sign].unicode : signs[sign].ascii;
}

enum role sign_role(enum sign sign)
{
	return signs[sign].role;
}

/* --- characters --------------------------------------------------------------- */

/* Plain spellings of what our own sentences use, for terminals without it. */
static const struct {
	wchar_t character;
	const char *ascii;
} spellings[] = {
	{L'─', "-"}, {L'│', "|"}, {L'→', "->"}, {L'…', "~"}, {L'·', "-"}, {L'×', "x"},
	{L'✓', "+"}, {L'✗', "x"}, {L'●', "*"},  {L'▸', ">"}, {L'▾', "v"}, {L'←', "<-"},
	{L'↑', "^"}, {L'↓', "v"}, {L'–', "-"},  {L'—', "-"}, {L'®', ""},  {L'™', ""},
};

/* The length of one UTF-8 character at `s`, at least 1; *ret is U+FFFD for what is none. */
static size_t decode(const char *s, wchar_t *ret)
{
	static const unsigned char lead[] = {0x00, 0xc0, 0xe0, 0xf0};
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)*s;
	size_t extra = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	uint32_t code = extra ? first & (0x3fU >> extra) : first;

	*ret = 0xfffd;
	if (first >= 0x80 && (first < 0xc2 || first > 0xf4 || first < lead[extra]))
		return 1;
	for (size_t i = 1; i <= extra; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return i;
		code = code << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (code >= least[extra] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))
		*ret = (wchar_t)code;
	return extra + 1;
}

struct glyph {
	char text[CELL_TEXT_BYTES];
	int width; /* 0: draws nothing */
};

static const char *spelling(wchar_t character)
{
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
		if (spellings[i].character == character)
			return spellings[i].ascii;
	return "?";
}

static void glyph_set(struct glyph *g, const char *text, size_t n, int width)
{
	g->width = width;
	memcpy(g->text, text, n);
	g->text[n] = '\0';
}

/* Makes one character fit to show; returns the bytes it took. */
static size_t next_glyph(enum charset charset, const char *s, struct glyph *ret)
{
	wchar_t code;
	size_t n = decode(s, &code);
	int width;

	if (code < 0x80) {
		if (code == '\t')
			glyph_set(ret, " ", 1, 1);
		else if (code < 0x20 || code == 0x7f)
			glyph_set(ret, "?", 1, 1);
		else
			glyph_set(ret, s, 1, 1);
		return n;
	}
	if (charset != CHARSET_UTF8) {
		const char *ascii = spelling(code);

		glyph_set(ret, ascii, strlen(ascii), (int)strlen(ascii));
		return n;
	}
	width = code == 0xfffd || code < 0xa0 ? -1 : wcwidth(code);
	if (width < 0)
		glyph_set(ret, "?", 1, 1);
	else
		glyph_set(ret, s, n, width);
	return n;
}

int text_columns(enum charset charset, const char *text)
{
	int columns = 0;

	while (*text) {
		struct glyph g;

		text += next_glyph(charset, text, &g);
		columns += g.width;
	}
	return columns;
}

static void put_glyph(const struct canvas *c, int row, int col, const struct glyph *g,
		      enum role role)
{
	bool two_cells = g->width == 2 && !((unsigned char)g->text[0] & 0x80);

	row += c->area.row;
	col += c->area.col;
	if (!two_cells) {
		grid_put(c->grid, row, col, g->text, g->width, role);
		return;
	}
	/* Two ASCII characters that stand for one: a cell each. */
	for (int i = 0; i < 2; i++)
		grid_put(c->grid, row, col + i, (char[]){g->text[i], '\0'}, 1, role);
}

/* Draws at most `width` columns of at most `bytes` bytes; returns the columns drawn. */
static int put_span(const struct canvas *c, int row, int col, int width, enum role role,
		    const char *text, size_t bytes)
{
	const char *end = text + bytes;
	int used = 0;

	if (row < 0 || row >= c->area.rows)
		return 0;
	if (width > c->area.cols - col)
		width = c->area.cols - col;
	while (text < end && *text) {
		struct glyph g;

		text += next_glyph(c->charset, text, &g);
		if (used + g.width > width)
			break;
		if (col + used >= 0)
			put_glyph(c, row, col + used, &g, role);
		used += g.width;
	}
	return used;
}

/* --- what views call ------------------------------------------------------------ */

static int least(int a, int b)
{
	return a < b ? a : b;
}

struct canvas canvas_part(const struct canvas *c, struct rect part)
{
	struct canvas sub = *c;
	int row = part.row < 0 ? 0 : least(part.row, c->area.rows);
	int col = part.col < 0 ? 0 : least(part.col, c->area.cols);

	sub.area.row += row;
	sub.area.col += col;
	sub.area.rows = least(part.rows < 0 ? 0 : part.rows, c->area.rows - row);
	sub.area.cols = least(part.cols < 0 ? 0 : part.cols, c->area.cols - col);
	return sub;
}

int draw_text(const struct canvas *c, int row, int col, enum role role, const char *text)
{
	return col + put_span(c, row, col, GRID_MAX, role, text, strlen(text));
}

int draw_textf(const struct canvas *c, int row, int col, enum role role, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return draw_text(c, row, col, role, text);
}

static const char *ellipsis(const struct canvas *c)
{
	return c->charset == CHARSET_UTF8 ? "…" : "~";
}

static void fill(const struct canvas *c, int row, int col, int to, enum role role)
{
	for (; col < to; col++)
		put_span(c, row, col, 1, role, " ", 1);
}

int draw_field(const struct canvas *c, int row, int col, int width, enum role role,
	       const char *text)
{
	int end = col + (width < 0 ? 0 : width);
	int columns = text_columns(c->charset, text);

	if (columns <= width) {
		col += put_span(c, row, col, width, role, text, strlen(text));
	} else if (width > 0) {
		col += put_span(c, row, col, width - 1, role, text, strlen(text));
		col += put_span(c, row, col, 1, role, ellipsis(c), 3);
	}
	fill(c, row, col, end, role);
	return end;
}

int draw_field_tail(const struct canvas *c, int row, int col, int width, enum role role,
		    const char *text)
{
	int over = text_columns(c->charset, text) - width;

	if (over <= 0 || width < 1)
		return draw_field(c, row, col, width, role, text);
	for (over++; over > 0;) {
		struct glyph g;

		text += next_glyph(c->charset, text, &g);
		over -= g.width;
	}
	put_span(c, row, col, 1, role, ellipsis(c), 3);
	draw_field(c, row, col + 1, width - 1, role, text);
	return col + width;
}

int draw_sign(const struct canvas *c, int row, int col, enum sign sign)
{
	return draw_text(c, row, col, sign_role(sign), sign_text(c->charset, sign));
}

/* One cell of a line. Box lines are in the fonts of all consoles, so only ASCII goes without. */
static void put_line(const struct canvas *c, int row, int col, const char *box, const char *ascii)
{
	struct canvas lines = *c;

	if (c->charset == CHARSET_CONSOLE)
		lines.charset = CHARSET_UTF8;
	draw_text(&lines, row, col, ROLE_DIM, c->charset == CHARSET_ASCII ? ascii : box);
}

void draw_rule(const struct canvas *c, int row, const char *title, const char *right)
{
	int right_columns = text_columns(c->charset, right);
	int room = c->area.cols - 5;

	for (int col = 0; col < c->area.cols; col++)
		put_line(c, row, col, "─", "-");
	if (*right && right_columns + text_columns(c->charset, title) + 8 <= c->area.cols) {
		int col = c->area.cols - right_columns - 4;

		draw_text(c, row, col, ROLE_DIM, " ");
		draw_text(c, row, col + 1, ROLE_DIM, right);
		draw_text(c, row, col + 1 + right_columns, ROLE_DIM, " ");
	}
	if (!*title)
		return;
	if (room > text_columns(c->charset, title))
		room = text_columns(c->charset, title);
	draw_text(c, row, 2, ROLE_DIM, " ");
	draw_field(c, row, 3, room, ROLE_TITLE, title);
	draw_text(c, row, 3 + room, ROLE_DIM, " ");
}

void draw_vertical(const struct canvas *c, int col)
{
	for (int row = 0; row < c->area.rows; row++)
		put_line(c, row, col, "│", "|");
}

void draw_junction(const struct canvas *c, int col)
{
	put_line(c, 0, col, "┬", "+");
}

void draw_cursor(const struct canvas *c, int row, int col, int width)
{
	if (row < 0 || row >= c->area.rows)
		return;
	for (int i = col; i < col + width && i < c->area.cols; i++) {
		struct cell *cell = grid_at(c->grid, c->area.row + row, c->area.col + i);

		if (cell)
			cell->cursor = true;
	}
}

/* The bytes of `text` that fit into `width` columns, cut at a blank where there is one; *next is where the rest begins. */
static size_t wrap_line(enum charset charset, const char *text, int width, const char **next)
{
	const char *p = text, *blank = NULL;
	int used = 0;

	while (*p && *p != '\n') {
		struct glyph g;
		size_t n = next_glyph(charset, p, &g);

		if (used + g.width > width && p > text) {
			const char *cut = *p == ' ' ? p : blank ? blank : p;

			*next = *cut == ' ' ? cut + 1 : cut;
			return (size_t)(cut - text);
		}
		if (*p == ' ' && p > text)
			blank = p;
		used += g.width;
		p += n;
	}
	*next = *p ? p + 1 : p;
	return (size_t)(p - text);
}

int draw_wrapped(const struct canvas *c, int row, int indent, int skip, enum role role,
		 const char *text)
{
	int lines = 0;

	while (*text) {
		int col = lines ? indent : 0;
		int width = c->area.cols - col < 1 ? 1 : c->area.cols - col;
		const char *next;
		size_t n = wrap_line(c->charset, text, width, &next);

		if (lines >= skip)
			put_span(c, row + lines - skip, col, width, role, text, n);
		lines++;
		text = next;
	}
	return lines;
}
