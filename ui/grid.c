/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char role_letters[ROLES + 1] = ".owxcudtkar";

static int within(int n)
{
	return n < 0 ? 0 : n > GRID_MAX ? GRID_MAX : n;
}

void grid_resize(struct grid *g, int rows, int cols)
{
	g->rows = within(rows);
	g->cols = within(cols);
	free(g->cells);
	g->cells = xcalloc((size_t)g->rows * (size_t)g->cols + 1, sizeof(*g->cells));
	grid_clear(g);
}

static void blank(struct cell *c)
{
	memset(c, 0, sizeof(*c));
	c->text[0] = ' ';
	c->width = 1;
}

void grid_clear(struct grid *g)
{
	size_t n = (size_t)g->rows * (size_t)g->cols;

	for (size_t i = 0; i < n; i++)
		blank(&g->cells[i]);
}

void grid_release(struct grid *g)
{
	free(g->cells);
	*g = (struct grid)GRID_INIT;
}

static struct cell *row_of(const struct grid *g, int row)
{
	return &g->cells[(size_t)row * (size_t)g->cols];
}

struct cell *grid_at(const struct grid *g, int row, int col)
{
	if (row < 0 || col < 0 || row >= g->rows || col >= g->cols)
		return NULL;
	return &row_of(g, row)[col];
}

/* Overwriting one half of a wide character leaves a blank where the other half was. */
static void break_wide(struct grid *g, int row, int col)
{
	struct cell *c = grid_at(g, row, col);
	struct cell *left = grid_at(g, row, col - 1);
	struct cell *right = grid_at(g, row, col + 1);

	if (!c)
		return;
	if (c->width == 0 && left)
		blank(left);
	if (c->width == 2 && right)
		blank(right);
}

void grid_put(struct grid *g, int row, int col, const char *character, int width, enum role role)
{
	struct cell *c = grid_at(g, row, col);
	size_t n = strlen(character);

	if (!c || width < 1 || width > 2 || !grid_at(g, row, col + width - 1) ||
	    n >= sizeof(c->text))
		return;
	for (int i = 0; i < width; i++)
		break_wide(g, row, col + i);
	for (int i = 0; i < width; i++) {
		blank(&c[i]);
		c[i].role = (unsigned char)role;
		c[i].width = 0;
	}
	c->width = (unsigned char)width;
	memcpy(c->text, character, n + 1);
	if (width == 2)
		c[1].text[0] = '\0';
}

bool cell_equal(const struct cell *a, const struct cell *b)
{
	return a->width == b->width && a->role == b->role && a->cursor == b->cursor &&
	       strcmp(a->text, b->text) == 0;
}

/* Ends a row that began at byte `start` of the plane, without the blanks at its end. */
static void end_row(struct str *out, size_t start)
{
	size_t n = out->len;

	while (n > start && out->data[n - 1] == ' ')
		n--;
	str_truncate(out, n);
	str_addc(out, '\n');
}

void grid_text_plane(const struct grid *g, struct str *out)
{
	for (int row = 0; row < g->rows; row++) {
		size_t start = out->len;

		for (int col = 0; col < g->cols; col++)
			str_adds(out, row_of(g, row)[col].text);
		end_row(out, start);
	}
}

static char role_letter(const struct cell *c)
{
	char letter = role_letters[c->role];

	if (!c->cursor)
		return letter == '.' && c->text[0] == ' ' ? ' ' : letter;
	return letter == '.' ? '#' : (char)(letter - 'a' + 'A');
}

void grid_role_plane(const struct grid *g, struct str *out)
{
	for (int row = 0; row < g->rows; row++) {
		size_t start = out->len;

		for (int col = 0; col < g->cols; col++)
			str_addc(out, role_letter(&row_of(g, row)[col]));
		end_row(out, start);
	}
}
