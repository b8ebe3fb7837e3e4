/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diffs against the real diff and patch, and against what the rows themselves say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../support/tmproot.h"
#include "base/diff.h"
#include "base/mem.h"
#include "host/process.h"

static void unified(struct str *out, const char *path, const char *before, const char *after)
{
	str_clear(out);
	diff_unified(out, path, before, before ? strlen(before) : 0, after,
		     after ? strlen(after) : 0);
}

static void prints_what_diff_prints(void **state)
{
	static const struct {
		const char *before;
		const char *after;
		const char *expect; /* behind the two header lines */
	} cases[] = {
		{"a\n", "a\n", NULL},
		{"a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
		{"a\n", "", "@@ -1 +0,0 @@\n-a\n"},
		{"", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		{"a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"a\nb", "c\nb", "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n"},
		{"a\r\n", "a\n", "@@ -1 +1 @@\n-a\r\n+a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n5\n6\n7\n8\n9\n",
		 "@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n",
		 "@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -7,3 +8,4 @@\n 7\n 8\n 9\n+0\n"},
		{"{\na\n}\n", "{\na\n}\n{\na\n}\n", "@@ -1,3 +1,6 @@\n {\n a\n }\n+{\n+a\n+}\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str out = STR_INIT;
		auto_free char *expect = xasprintf("--- a/f\n+++ b/f\n%s",
						   cases[i].expect ? cases[i].expect : "");

		unified(&out, "/f", cases[i].before, cases[i].after);
		assert_string_equal(out.data, cases[i].expect ? expect : "");
	}
}

static void absent_sides_and_odd_names_have_their_header(void **state)
{
	auto_str struct str out = STR_INIT;

	(void)state;
	unified(&out, "/etc/x y", NULL, "a\n");
	assert_string_equal(out.data, "--- /dev/null\n+++ b/etc/x y\t\n@@ -0,0 +1 @@\n+a\n");
	unified(&out, "/etc/x", "a\n", NULL);
	assert_string_equal(out.data, "--- a/etc/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
	unified(&out, "/e\n\"\033", "a\n", "b\n");
	assert_true(text_starts_with(out.data, "--- \"a/e\\012\\\"\\033\"\n"));
}

/* --- random texts ------------------------------------------------------------ */

struct random {
	uint64_t state;
};

static size_t below(struct random *r, size_t n)
{
	r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(r->state >> 33) % n;
}

/* Few different lines, so that there are many ways to match them. */
static void random_text(struct random *r, struct str *out)
{
	size_t kinds = 1 + below(r, 6) * below(r, 6);
	size_t lines = below(r, 60);

	str_clear(out);
	for (size_t i = 0; i < lines; i++)
		str_addf(out, "line %zu%s", below(r, kinds),
			 i + 1 == lines && !below(r, 3) ? "" : "\n");
}

/* The text with some lines left out, doubled or changed. */
static void edited_text(struct random *r, const struct str *from, struct str *out)
{
	const char *p = from->data;

	str_clear(out);
	while (*p) {
		size_t n = strcspn(p, "\n");
		size_t what = below(r, 12);

		n += p[n] == '\n';
		if (what == 0)
			str_adds(out, "new\n");
		if (what != 1)
			str_add(out, p, n);
		if (what == 2)
			str_add(out, p, n);
		p += n;
	}
}

/* Rebuilds both sides' shown lines from the rows and checks every number of the hunks. */
static void assert_rows_add_up(const struct str *before, const struct str *after, size_t context)
{
	const char *old_at = before->data;
	const char *new_at = after->data;
	size_t old_line = 1;
	size_t new_line = 1;
	struct diff d;

	diff_compute(&d, before->data, before->len, after->data, after->len, context);
	for (size_t i = 0; i < d.len;) {
		struct diff_row hunk = d.rows[i++];
		size_t old_first = hunk.old_line + (hunk.old_count ? 0 : 1);
		size_t old_count = 0;
		size_t new_count = 0;

		assert_int_equal(hunk.kind, DIFF_HUNK);
		for (; old_line < old_first; old_line++, new_line++) {
			size_t n = strcspn(old_at, "\n") + 1;

			assert_memory_equal(old_at, new_at, n);
			old_at += n;
			new_at += n;
		}
		assert_int_equal(new_line, hunk.new_line + (hunk.new_count ? 0 : 1));
		for (; i < d.len && d.rows[i].kind != DIFF_HUNK; i++) {
			const struct diff_row *row = &d.rows[i];
			bool ended = i + 1 == d.len || d.rows[i + 1].kind != DIFF_NO_NEWLINE;

			if (row->kind == DIFF_NO_NEWLINE)
				continue;
			if (row->kind != DIFF_ADD) {
				assert_memory_equal(row->text, old_at, row->len);
				old_at += row->len + ended;
				old_count++;
			}
			if (row->kind != DIFF_DEL) {
				assert_memory_equal(row->text, new_at, row->len);
				new_at += row->len + ended;
				new_count++;
			}
		}
		assert_int_equal(old_count, hunk.old_count);
		assert_int_equal(new_count, hunk.new_count);
		old_line += old_count;
		new_line += new_count;
	}
	assert_string_equal(old_at, new_at);
	diff_release(&d);
}

static void rows_add_up(void **state)
{
	struct random r = {.state = 1};
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		random_text(&r, &before);
		if (below(&r, 8))
			edited_text(&r, &before, &after);
		else
			random_text(&r, &after);
		assert_rows_add_up(&before, &after, below(&r, 5));
	}
}

static size_t changed_lines(const char *diff)
{
	size_t count = 0;

	for (const char *p = diff; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		count += *p == '+' || *p == '-';
	}
	return count;
}

static int run(const char *const argv[], struct process_result *r)
{
	struct err err = ERR_INIT;
	int code = process_run(argv, 20000, r, &err);

	if (code == -ENOENT)
		print_message("NOT TRIED: %s\n", err.text);
	return code;
}

/* patch makes the new file of the old one; diff -d finds no shorter way. */
static bool try_with_tools(const char *root, const struct str *before, const struct str *after)
{
	auto_free char *old_path = tmproot_path(root, "/f");
	auto_free char *new_path = tmproot_path(root, "/g");
	auto_free char *patch_path = tmproot_path(root, "/p");
	const char *diff[] = {"diff", "-u", "-d", old_path, new_path, NULL};
	const char *patch[] = {"patch", "-s", "-p1", "-d", root, "-i", patch_path, NULL};
	struct process_result r = PROCESS_RESULT_INIT;
	auto_str struct str out = STR_INIT;
	auto_str struct str got = STR_INIT;

	tmproot_put_bytes(root, "/f", before->data, before->len);
	tmproot_put_bytes(root, "/g", after->data, after->len);
	unified(&out, "/f", before->data, after->data);
	if (run(diff, &r) < 0)
		return false;
	assert_true(changed_lines(out.data) <= changed_lines(r.out.data));
	assert_int_equal(out.len == 0, r.out.len == 0);
	process_result_release(&r);
	if (!out.len)
		return true;
	tmproot_put_bytes(root, "/p", out.data, out.len);
	if (run(patch, &r) < 0)
		return false;
	assert_int_equal(r.status, 0);
	process_result_release(&r);
	tmproot_get(root, "/f", &got);
	assert_string_equal(got.data, after->data);
	return true;
}

static void patch_and_diff_agree(void **state)
{
	struct random r = {.state = 2};
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;
	char *root = tmproot_new();
	bool tools = true;

	(void)state;
	for (int i = 0; i < 250 && tools; i++) {
		random_text(&r, &before);
		if (below(&r, 8))
			edited_text(&r, &before, &after);
		else
			random_text(&r, &after);
		tools = try_with_tools(root, &before, &after);
	}
	tmproot_remove(root);
}

static double seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Two long texts with little in common, where a full search would take hours. */
static void hostile_texts_do_not_hang(void **state)
{
	struct random r = {.state = 3};
	auto_str struct str a = STR_INIT;
	auto_str struct str b = STR_INIT;
	double start = seconds();
	struct diff d;

	(void)state;
	while (a.len < 2U << 20)
		str_addf(&a, "%zu\n", below(&r, 900));
	while (b.len < 2U << 20)
		str_addf(&b, "%zu\n", below(&r, 900));
	diff_compute(&d, a.data, a.len, b.data, b.len, 3);
	assert_true(d.len > 0);
	diff_release(&d);
	print_message("measured: diff of unlike texts of 2 MiB, %.2f s\n", seconds() - start);
	assert_true(seconds() - start < 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_diff_prints),
		cmocka_unit_test(absent_sides_and_odd_names_have_their_header),
		cmocka_unit_test(rows_add_up),
		cmocka_unit_test(patch_and_diff_agree),
		cmocka_unit_test(hostile_texts_do_not_hang),
	};

	return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
