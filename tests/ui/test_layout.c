/* SPDX-License-Identifier: GPL-2.0-or-later */
/* At every size from 1x1 to 200x60, whatever a view wishes: nothing overlaps, nothing leaves the screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "ui/layout.h"

static const struct layout_wish wishes[] = {
	{.details = false},
	{.details = true},
	{.details = true, .notice = true},
	{.details = true, .below = true, .first_rows = 4},
	{.details = true, .below = true, .first_rows = 100, .details_rows = 10},
	{.details = false, .notice = true},
};

static unsigned char taken[60][200];

static void take(const struct rect *r, int rows, int cols)
{
	if (r->rows == 0 || r->cols == 0)
		return;
	assert_true(r->row >= 0 && r->col >= 0 && r->rows > 0 && r->cols > 0);
	assert_true(r->row + r->rows <= rows && r->col + r->cols <= cols);
	for (int row = r->row; row < r->row + r->rows; row++)
		for (int col = r->col; col < r->col + r->cols; col++) {
			assert_int_equal(taken[row][col], 0);
			taken[row][col] = 1;
		}
}

static void try_size(int rows, int cols, const struct layout_wish *wish)
{
	struct layout l = layout_compute(rows, cols, wish);
	const struct rect *parts[] = {&l.title,   &l.notice,       &l.list_rule,
				      &l.list,    &l.details_rule, &l.details,
				      &l.divider, &l.next,         &l.keys};

	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		take(parts[i], rows, cols);
	assert_int_equal(l.too_small, rows < 12 || cols < 40);
	if (l.too_small)
		return;
	/* What must be there at any usable size. */
	assert_true(l.list.rows >= 3 && l.title.rows == 1);
	assert_true(l.next.row == rows - 2 && l.keys.row == rows - 1);
	assert_true(!wish->details || l.details.rows >= 1);
	assert_int_equal(l.beside, wish->details && !wish->below && cols >= 110);
	/* And no row is left unused. */
	for (int row = 0; row < rows; row++)
		assert_int_equal(taken[row][0], 1);
}

static void test_every_size(void **state)
{
	(void)state;
	for (int rows = 1; rows <= 60; rows++)
		for (int cols = 1; cols <= 200; cols++)
			for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
				try_size(rows, cols, &wishes[i]);
}

static void test_design_size(void **state)
{
	struct layout l = layout_compute(24, 80, &(struct layout_wish){.details = true});

	(void)state;
	assert_int_equal(l.list.rows, 13);
	assert_int_equal(l.details.rows, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_design_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
