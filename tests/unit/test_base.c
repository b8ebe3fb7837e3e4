/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err, str, strv and mem: what every other floor takes for granted. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

static void errors_carry_code_cause_and_context(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_set(&err, -ENOENT, "cannot read %s: %m", "/x"), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text, "cannot read /x: No such file or directory");
	assert_int_equal(err_wrap(&err, -EIO, "while planning %s", "GRUB"), -EIO);
	assert_int_equal(err.code, -EIO);
	assert_string_equal(err.text,
			    "while planning GRUB: cannot read /x: No such file or directory");
	err_clear(&err);
	assert_int_equal(err.code, 0);
	assert_string_equal(err.text, "");
	err_clear(NULL);
	assert_int_equal(err_set(NULL, -EIO, "nobody listens"), -EIO);
	assert_int_equal(err_wrap(NULL, -EIO, "nobody listens"), -EIO);
}

static void long_sentences_are_cut_visibly(void **state)
{
	struct err err = ERR_INIT;
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[ERR_TEXT_MAX - 1] = '\0';
	err_set(&err, -EIO, "%s", text);
	assert_string_equal(err.text, text);
	text[ERR_TEXT_MAX - 1] = 'x';
	text[sizeof(text) - 1] = '\0';
	err_set(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_true(text_ends_with(err.text, "xxx…"));
	err_wrap(&err, -EIO, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

static void strs_grow_and_hold_any_byte(void **state)
{
	auto_str struct str s = STR_INIT;
	auto_str struct str same = STR_INIT;
	auto_free char *taken = NULL;

	(void)state;
	assert_string_equal(s.data, "");
	str_clear(&s);
	str_truncate(&s, 0);
	str_rtrim(&s);
	str_add(&s, "a\0b", 3);
	str_addf(&s, "%s-%d", "c", 7);
	str_addc(&s, 'd');
	str_adds(&s, " \r\n\t ");
	str_rtrim(&s);
	assert_int_equal(s.len, 7);
	assert_memory_equal(s.data, "a\0bc-7d", 8);
	str_add(&same, "a\0bc-7d", 7);
	assert_true(str_equal(&s, &same));
	same.data[2] = 'x';
	assert_false(str_equal(&s, &same));
	str_truncate(&s, 1);
	assert_string_equal(s.data, "a");
	str_truncate(&s, 5);
	assert_int_equal(s.len, 1);
	for (int i = 0; i < 100000; i++)
		str_addc(&s, 'y');
	assert_int_equal(strlen(s.data), 100001);
	taken = str_take(&s);
	assert_int_equal(strlen(taken), 100001);
	assert_string_equal(s.data, "");
	free(taken);
	taken = str_take(&s);
	assert_string_equal(taken, "");
}

static void reserved_room_does_not_move(void **state)
{
	auto_str struct str s = STR_INIT;
	const char *data;

	(void)state;
	str_reserve(&s, 1000);
	data = s.data;
	for (int i = 0; i < 1000; i++)
		str_addc(&s, 'z');
	assert_ptr_equal(s.data, data);
}

static void prefixes_and_suffixes(void **state)
{
	(void)state;
	assert_true(text_starts_with("vfio-pci", "vfio"));
	assert_true(text_starts_with("x", ""));
	assert_false(text_starts_with("vf", "vfio"));
	assert_true(text_ends_with("vfio.conf", ".conf"));
	assert_true(text_ends_with("x", ""));
	assert_false(text_ends_with("conf", ".conf"));
}

static void lists_own_their_strings(void **state)
{
	auto_strv struct strv v = STRV_INIT;
	auto_strv struct strv w = STRV_INIT;
	auto_free char *joined = NULL;

	(void)state;
	strv_split(&v, "  b, a,,c ", ", ");
	strv_addf(&v, "%d", 5);
	strv_addn(&v, "dropped", 4);
	assert_int_equal(v.len, 5);
	assert_null(v.items[5]);
	assert_false(strv_add_unique(&v, "a"));
	assert_true(strv_add_unique(&v, "z"));
	assert_int_equal(strv_find(&v, "c"), 2);
	assert_int_equal(strv_find(&v, "nope"), -1);
	strv_remove_at(&v, 5);
	strv_remove_at(&v, 0);
	assert_null(v.items[v.len]);
	strv_sort(&v);
	joined = strv_join(&v, "|");
	assert_string_equal(joined, "5|a|c|drop");
	strv_copy(&w, &v);
	assert_true(strv_equal(&v, &w));
	strv_move(&w, &v);
	assert_int_equal(v.len, 0);
	assert_int_equal(w.len, 8);
	assert_false(strv_equal(&v, &w));
	strv_sort(&v);
	free(joined);
	joined = strv_join(&v, "|");
	assert_string_equal(joined, "");
}

static void copies_end_in_nul(void **state)
{
	auto_free char *n = xstrndup("abcdef", 3);
	auto_free char *f = xasprintf("%03d", 7);
	auto_free void *none = xmalloc(0);

	(void)state;
	assert_string_equal(n, "abc");
	assert_string_equal(f, "007");
	assert_non_null(none);
	assert_null(xstrdup(NULL));
}

/* The signal that the function ends its process with. */
static int death_of(void (*function)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		function();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void too_large_product(void)
{
	volatile size_t count = SIZE_MAX / 2;

	free(xrealloc(NULL, count, 16));
}

static void too_large_str(void)
{
	struct str s = STR_INIT;
	volatile size_t n = SIZE_MAX;

	str_adds(&s, "x");
	str_reserve(&s, n - 1);
}

static void sizes_that_overflow_abort(void **state)
{
	(void)state;
	assert_int_equal(death_of(too_large_product), SIGABRT);
	assert_int_equal(death_of(too_large_str), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_carry_code_cause_and_context),
		cmocka_unit_test(long_sentences_are_cut_visibly),
		cmocka_unit_test(strs_grow_and_hold_any_byte),
		cmocka_unit_test(reserved_room_does_not_move),
		cmocka_unit_test(prefixes_and_suffixes),
		cmocka_unit_test(lists_own_their_strings),
		cmocka_unit_test(copies_end_in_nul),
		cmocka_unit_test(sizes_that_overflow_abort),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
