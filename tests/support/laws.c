/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "laws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void check_equal(const char *label, const char *law, const struct bed *want,
			const struct bed *have)
{
	if (bed_equal(want, have))
		return;
	for (size_t i = 0; i < want->len; i++) {
		const char *now = bed_get(have, want->files[i].path);

		if (!now || strcmp(now, want->files[i].bytes.data) != 0)
			fprintf(stderr, "%s should be:\n%s\nbut is:\n%s\n", want->files[i].path,
				want->files[i].bytes.data, now ? now : "(gone)");
	}
	for (size_t i = 0; i < have->len; i++)
		if (!bed_get(want, have->files[i].path))
			fprintf(stderr, "%s should not be there:\n%s\n", have->files[i].path,
				have->files[i].bytes.data);
	fail_msg("%s: broken law: %s", label, law);
}

static void refused(struct laws *laws, const char *label, const struct bed *b)
{
	if (!strchr(b->err.text, '/') || strlen(b->err.text) < 20)
		fail_msg("%s: refused without a sentence: \"%s\"", label, b->err.text);
	strv_add_unique(&laws->reasons, b->err.text);
	laws->refused++;
}

void laws_run(struct laws *laws, const char *label, const struct bed *start, struct wish *wish)
{
	struct wish none;
	struct bed b, once;
	int r;

	wish_init(&none);
	bed_copy(&b, start);
	r = bed_apply(&b, laws->target, &none);
	if (r >= 0 && !laws->hand_made)
		check_equal(label, "no wish, same bytes", start, &b);
	bed_release(&b);

	bed_copy(&b, start);
	r = bed_apply(&b, laws->target, wish);
	if (r < 0) {
		refused(laws, label, &b);
		check_equal(label, "refused, so the same bytes", start, &b);
		bed_release(&b);
		wish_release(&none);
		return;
	}
	bed_copy(&once, &b);
	if (laws->check)
		laws->check(start, &b, wish);
	if (bed_apply(&b, laws->target, wish) < 0)
		fail_msg("%s: refused the second time: %s", label, b.err.text);
	check_equal(label, "twice is once", &once, &b);
	if (bed_apply(&b, laws->target, &none) < 0)
		fail_msg("%s: does not take back: %s", label, b.err.text);
	if (!laws->hand_made) {
		check_equal(label, "a wish, then none, is the original", start, &b);
		assert_int_equal(b.owned.len, 0);
	}
	laws->kept++;
	bed_release(&once);
	bed_release(&b);
	wish_release(&none);
}

void laws_report(struct laws *laws, const char *what)
{
	printf("measured: %s: %zu kept the laws, %zu refused\n", what, laws->kept, laws->refused);
	for (size_t i = 0; i < laws->reasons.len; i++)
		printf("  refused: %s\n", laws->reasons.items[i]);
	strv_release(&laws->reasons);
}
