/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two texts, cut at the first byte 0xff: the rows of their diff with unlimited context
 * are both texts, and a diff with little context takes nothing from elsewhere.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/diff.h"
#include "base/macros.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void rebuild(const struct diff *d, enum diff_kind side, struct str *out)
{
	for (size_t i = 0; i < d->len; i++) {
		const struct diff_row *row = &d->rows[i];
		bool ended = i + 1 == d->len || d->rows[i + 1].kind != DIFF_NO_NEWLINE;

		if (row->kind != DIFF_SAME && row->kind != side)
			continue;
		str_add(out, row->text, row->len);
		if (ended)
			str_addc(out, '\n');
	}
}

static void check_whole(const char *a, size_t a_len, const char *b, size_t b_len)
{
	auto_str struct str old_side = STR_INIT;
	auto_str struct str new_side = STR_INIT;
	bool equal = a_len == b_len && !memcmp(a, b, a_len);
	struct diff d;

	diff_compute(&d, a, a_len, b, b_len, a_len + b_len);
	need(equal == !d.len);
	if (!equal) {
		rebuild(&d, DIFF_DEL, &old_side);
		rebuild(&d, DIFF_ADD, &new_side);
		need(old_side.len == a_len && !memcmp(old_side.data, a, a_len));
		need(new_side.len == b_len && !memcmp(new_side.data, b, b_len));
	}
	diff_release(&d);
}

static void check_hunks(const char *a, size_t a_len, const char *b, size_t b_len, size_t context)
{
	size_t old_next = 0;
	size_t new_next = 0;
	struct diff d;

	diff_compute(&d, a, a_len, b, b_len, context);
	for (size_t i = 0; i < d.len; i++) {
		const struct diff_row *row = &d.rows[i];

		if (row->kind != DIFF_HUNK)
			continue;
		need(row->old_line >= old_next && row->new_line >= new_next);
		old_next = row->old_line + row->old_count;
		new_next = row->new_line + row->new_count;
	}
	diff_release(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *a = size ? (const char *)data : "";
	const char *cut = size ? memchr(a, 0xff, size) : NULL;
	size_t a_len = cut ? (size_t)(cut - a) : size;
	const char *b = cut ? cut + 1 : a + size;
	size_t b_len = size - a_len - (cut ? 1 : 0);
	auto_str struct str patch = STR_INIT;

	check_whole(a, a_len, b, b_len);
	for (size_t context = 0; context < 4; context++)
		check_hunks(a, a_len, b, b_len, context);
	diff_unified(&patch, "/f", a, a_len, b, b_len);
	return 0;
}
