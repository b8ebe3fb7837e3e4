/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that others wrote reaches the grid as data: nothing that a terminal would act on, nothing outside of the canvas. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "ui/draw.h"

static void plane(const struct grid *g, struct str *ret)
{
	str_clear(ret);
	grid_text_plane(g, ret);
}

static void test_one_line(void **state)
{
	static const struct {
		enum charset charset;
		const char *text, *shown;
	} cases[] = {
		{CHARSET_UTF8, "plain", "plain"},
		{CHARSET_UTF8, "\033[31mred\033]0;title\007", "?[31mred?]0;title?"},
		{CHARSET_UTF8, "a\nb\rc\td\177", "a?b?c d?"},
		{CHARSET_UTF8, "\302\233\302\205", "??"}, /* C1 controls */
		{CHARSET_UTF8, "a\342\200\256b\342\200\213c",
		 "abc"}, /* direction override, zero width */
		{CHARSET_UTF8, "\xff\xc0\xaf\xe2\x82", "????"},
		{CHARSET_UTF8, "\xed\xa0\x80", "?"}, /* a surrogate */
		{CHARSET_UTF8, "中文", "中文"},
		{CHARSET_UTF8, "é→✓", "é→✓"},
		{CHARSET_ASCII, "é→✓…", "?->+~"},
		{CHARSET_ASCII, "中文", "??"},
		{CHARSET_CONSOLE, "✗ nouveau → vfio-pci", "x nouveau -> vfio-pci"},
	};
	auto_str struct str text = STR_INIT;
	auto_str struct str expected = STR_INIT;
	struct grid g = GRID_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct canvas c = {.grid = &g, .area = {0, 0, 1, 30}, .charset = cases[i].charset};

		grid_resize(&g, 1, 30);
		draw_text(&c, 0, 0, ROLE_TEXT, cases[i].text);
		plane(&g, &text);
		str_clear(&expected);
		str_addf(&expected, "%s\n", cases[i].shown);
		assert_string_equal(text.data, expected.data);
		assert_int_equal(text_columns(cases[i].charset, cases[i].text),
				 text_columns(CHARSET_UTF8, cases[i].shown));
	}
	grid_release(&g);
}

static void test_fields(void **state)
{
	struct grid g = GRID_INIT;
	struct canvas c = {.grid = &g, .area = {0, 0, 6, 12}, .charset = CHARSET_UTF8};
	auto_str struct str text = STR_INIT;

	(void)state;
	grid_resize(&g, 6, 12);
	draw_field(&c, 0, 0, 6, ROLE_TEXT, "abcdefgh");
	draw_field(&c, 1, 0, 6, ROLE_TEXT, "ab");
	draw_text(&c, 1, 6, ROLE_TEXT, "|");
	draw_field(&c, 2, 0, 6, ROLE_TEXT, "中文中文"); /* half a wide character is none */
	draw_field_tail(&c, 3, 0, 8, ROLE_TEXT, "/etc/modprobe.d/vfio.conf");
	draw_field(&c, 4, 8, 20, ROLE_TEXT, "beyond the edge");
	draw_text(&c, 5, 10, ROLE_TEXT, "中文"); /* the second does not fit */
	plane(&g, &text);
	assert_string_equal(text.data,
			    "abcde…\nab    |\n中文…\n…io.conf\n        beyo\n          中\n");
	/* Outside: nothing happens. */
	draw_text(&c, -1, 0, ROLE_TEXT, "no");
	draw_text(&c, 6, 0, ROLE_TEXT, "no");
	draw_text(&c, 0, 50, ROLE_TEXT, "no");
	draw_cursor(&c, 0, -5, 100);
	grid_release(&g);
}

/* A part of the screen is never left, whatever is drawn into it. */
static void test_parts(void **state)
{
	struct grid g = GRID_INIT;
	struct canvas c = {.grid = &g, .area = {0, 0, 4, 10}, .charset = CHARSET_UTF8};
	struct canvas part = canvas_part(&c, (struct rect){1, 2, 2, 5});
	struct canvas beyond = canvas_part(&c, (struct rect){3, 8, 9, 9});
	auto_str struct str text = STR_INIT;

	(void)state;
	grid_resize(&g, 4, 10);
	for (int row = -2; row < 6; row++)
		draw_text(&part, row, -3, ROLE_TEXT, "0123456789abcdef");
	draw_wrapped(&beyond, 0, 0, 0, ROLE_TEXT, "xy zw");
	plane(&g, &text);
	assert_string_equal(text.data, "\n  34567\n  34567\n        xy\n");
	grid_release(&g);
}

static void test_wrapping(void **state)
{
	struct grid g = GRID_INIT;
	struct canvas c = {.grid = &g, .area = {0, 0, 5, 10}, .charset = CHARSET_UTF8};
	auto_str struct str text = STR_INIT;

	(void)state;
	grid_resize(&g, 5, 10);
	assert_int_equal(
		draw_wrapped(&c, 0, 2, 0, ROLE_TEXT, "one two three\nfour aVeryLongWordIndeed"), 6);
	plane(&g, &text);
	assert_string_equal(text.data, "one two\n  three\n  four\n  aVeryLon\n  gWordInd\n");
	grid_clear(&g);
	assert_int_equal(draw_wrapped(&c, 0, 0, 1, ROLE_TEXT, "one two three four five"), 3);
	plane(&g, &text);
	assert_string_equal(text.data, "three four\nfive\n\n\n\n");
	assert_int_equal(draw_wrapped(&c, 0, 0, 0, ROLE_TEXT, ""), 0);
	grid_release(&g);
}

/* One half of a wide character that is overwritten takes the other half along. */
static void test_wide_halves(void **state)
{
	struct grid g = GRID_INIT;
	auto_str struct str text = STR_INIT;

	(void)state;
	grid_resize(&g, 1, 6);
	grid_put(&g, 0, 0, "中", 2, ROLE_OK);
	grid_put(&g, 0, 1, "x", 1, ROLE_TEXT);
	grid_put(&g, 0, 2, "中", 2, ROLE_OK);
	grid_put(&g, 0, 2, "y", 1, ROLE_TEXT);
	grid_put(&g, 0, 5, "中", 2, ROLE_OK);
	plane(&g, &text);
	assert_string_equal(text.data, " xy\n");
	grid_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line),    cmocka_unit_test(test_fields),
		cmocka_unit_test(test_parts),       cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_wide_halves),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
