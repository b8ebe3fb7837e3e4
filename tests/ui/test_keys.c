/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ui/keys.h"

static bool row_has(const struct key_row *row, uint32_t key)
{
	for (size_t i = 0; i < KEYS_EACH; i++)
		if (key && row->keys[i] == key)
			return true;
	return false;
}

/* No key does two things in one view, and no action has two rows there. */
static void test_no_key_twice(void **state)
{
	(void)state;
	for (size_t a = 0; a < key_rows_len; a++)
		for (size_t b = a + 1; b < key_rows_len; b++) {
			const struct key_row *x = &key_rows[a], *y = &key_rows[b];

			if (!(x->where & y->where))
				continue;
			if (x->action == y->action)
				fail_msg("%s and %s: one action twice", x->shown, y->shown);
			for (size_t i = 0; i < KEYS_EACH; i++)
				if (row_has(y, x->keys[i]))
					fail_msg("%s (%s) and %s (%s): one key", x->shown, x->help,
						 y->shown, y->help);
		}
}

static void test_each_row_is_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < key_rows_len; i++) {
		const struct key_row *row = &key_rows[i];

		assert_true(row->action > ACTION_NONE && row->action < ACTIONS);
		assert_true(row->keys[0] != K_NONE);
		assert_true(row->where != 0 && (row->where & ~(unsigned)VIEWS_ALL) == 0);
		assert_true(*row->shown && *row->help && row->name);
	}
}

static void test_each_action_has_a_key(void **state)
{
	(void)state;
	for (int action = ACTION_NONE + 1; action < ACTIONS; action++)
		assert_non_null(keys_row(VIEWS_ALL, (enum action)action));
}

/* What fingers know, whatever the view. */
static void test_habits(void **state)
{
	static const struct {
		enum view_id view;
		uint32_t key;
		enum action action;
	} habits[] = {
		{VIEW_TREE, 'q', ACTION_LEAVE},   {VIEW_HELP, 'q', ACTION_BACK},
		{VIEW_UNDO, 'W', ACTION_WRITE},   {VIEW_PREVIEW, 'W', ACTION_WRITE},
		{VIEW_PREVIEW, 'w', ACTION_NONE}, {VIEW_TREE, 'W', ACTION_NONE},
		{VIEW_TREE, 'j', ACTION_DOWN},    {VIEW_TREE, K_UP, ACTION_UP},
		{VIEW_TREE, '?', ACTION_HELP},    {VIEW_VERIFY, K_F1, ACTION_HELP},
		{VIEW_SEARCH, 'q', ACTION_NONE},  {VIEW_CONFIRM, 'y', ACTION_NONE},
		{VIEW_ASK, 'y', ACTION_YES},      {VIEW_CONFIRM, K_ENTER, ACTION_OPEN},
		{VIEW_TREE, K_F10, ACTION_QUIT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++)
		assert_int_equal(keys_action(habits[i].view, habits[i].key), habits[i].action);
	/* Where a word is typed no letter is a command. */
	for (uint32_t key = 0x20; key < 0x7f; key++) {
		assert_true(key_is_text(key));
		assert_int_equal(keys_action(VIEW_CONFIRM, key), ACTION_NONE);
		assert_int_equal(keys_action(VIEW_SEARCH, key), ACTION_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_twice),
		cmocka_unit_test(test_each_row_is_explained),
		cmocka_unit_test(test_each_action_has_a_key),
		cmocka_unit_test(test_habits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
