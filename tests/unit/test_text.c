/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/macros.h"
#include "base/text.h"

static void assert_joins(const struct text *t, const char *expect, size_t len)
{
	auto_str struct str s = STR_INIT;

	text_join(t, &s);
	assert_int_equal(s.len, len);
	assert_memory_equal(s.data, expect, len);
}

static void joining_gives_the_same_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		size_t lines;
	} cases[] = {
		{"", 0, 0},       {"\n", 1, 1},         {"a", 1, 1},
		{"a\nb", 3, 2},   {"a\r\nb\r\n", 6, 2}, {"a\0b\n\0", 5, 2},
		{"\n\n\n", 3, 3}, {"\r", 1, 1},         {"\xff\xfe\n", 3, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_text struct text t;

		text_parse(&t, cases[i].bytes, cases[i].len);
		assert_int_equal(t.len, cases[i].lines);
		assert_joins(&t, cases[i].bytes, cases[i].len);
		for (size_t k = 0; k < t.len; k++)
			assert_int_equal(t.lines[k].data[t.lines[k].len], '\0');
	}
}

static void endings_are_known(void **state)
{
	static const struct {
		const char *text;
		size_t length; /* of the first line */
		const char *newline;
	} cases[] = {
		{"ab\n", 2, "\n"},     {"ab\r\n", 2, "\r\n"},   {"ab", 2, "\n"},
		{"ab\r", 3, "\n"},     {"\n", 0, "\n"},         {"\r\n", 0, "\r\n"},
		{"a\nb\r\n", 1, "\n"}, {"a\r\nb\n", 1, "\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_text struct text t;

		text_parse(&t, cases[i].text, strlen(cases[i].text));
		assert_int_equal(text_line_length(&t.lines[0]), cases[i].length);
		assert_string_equal(text_newline(&t), cases[i].newline);
	}
}

/* Appending and then removing gives back the same bytes, also where the file has no final newline. */
static void appended_lines_can_be_taken_back(void **state)
{
	static const struct {
		const char *before;
		const char *after;
	} cases[] = {
		{"", "new\n"},
		{"a\n", "a\nnew\n"},
		{"a", "a\nnew"},
		{"a\r\nb\r\n", "a\r\nb\r\nnew\r\n"},
		{"a\r\nb", "a\r\nb\r\nnew"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_text struct text t;

		text_parse(&t, cases[i].before, strlen(cases[i].before));
		text_append(&t, "new");
		assert_joins(&t, cases[i].after, strlen(cases[i].after));
		text_remove(&t, t.len - 1);
		assert_joins(&t, cases[i].before, strlen(cases[i].before));
	}
}

static void lines_are_inserted_anywhere(void **state)
{
	auto_text struct text t;

	(void)state;
	text_parse(&t, "b\nd", 3);
	text_insert(&t, 0, "a\n", 2);
	text_insert(&t, 2, "c\n", 2);
	assert_joins(&t, "a\nb\nc\nd", 7);
	text_insert(&t, 4, "e\n", 2);
	assert_joins(&t, "a\nb\nc\nd\ne\n", 10);
	text_remove(&t, 0);
	text_remove(&t, 3);
	assert_joins(&t, "b\nc\nd\n", 6);
}

static void spans_are_replaced_and_the_rest_stays(void **state)
{
	auto_text struct text t;

	(void)state;
	text_parse(&t, "GRUB=\"quiet\"\r\nx\0y\n", 18);
	text_replace(&t, 0, 6, 5, "quiet iommu=pt", 14);
	assert_joins(&t, "GRUB=\"quiet iommu=pt\"\r\nx\0y\n", 27);
	text_replace(&t, 0, 6, 14, "", 0);
	assert_joins(&t, "GRUB=\"\"\r\nx\0y\n", 13);
	text_replace(&t, 1, 0, 0, "#", 1);
	assert_joins(&t, "GRUB=\"\"\r\n#x\0y\n", 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joining_gives_the_same_bytes),
		cmocka_unit_test(endings_are_known),
		cmocka_unit_test(appended_lines_can_be_taken_back),
		cmocka_unit_test(lines_are_inserted_anywhere),
		cmocka_unit_test(spans_are_replaced_and_the_rest_stays),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
