/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../support/change_fixture.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "change/journal.h"
#include "change/journal_record.h"

#define RECORD "/var/lib/vfiotui/changes/0001/record.json"

static void load(const struct host *host, struct journal *j)
{
	struct err err = ERR_INIT;

	if (journal_load(host, j, &err) < 0)
		fail_msg("%s", err.text);
}

static void no_journal_is_an_empty_one(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	auto_journal struct journal j = JOURNAL_INIT;

	(void)state;
	load(host, &j);
	assert_int_equal(j.len, 0);
	assert_null(journal_last(&j));
	assert_null(journal_interrupted(&j));
	host_free(host);
	tmproot_remove(root);
}

static void check_edit(const struct journal_edit *e, const char *path, const char *before,
		       const char *after, mode_t mode)
{
	assert_string_equal(e->path, path);
	assert_int_equal(e->existed, before != NULL);
	assert_int_equal(e->exists, after != NULL);
	assert_string_equal(e->before.data, before ? before : "");
	assert_string_equal(e->after.data, after ? after : "");
	assert_int_equal(e->mode, mode);
}

static void a_change_is_read_as_it_was_written(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *c;

	(void)state;
	plan->choices.no_pt = true;
	plan->choices.bind = BIND_ADDRESS;
	plan->choices.user = "alex";
	plan->changes.reboot = true;
	fixture_apply_ok(host, plan);
	load(host, &j);
	assert_int_equal(j.len, 1);
	assert_int_equal(j.damaged_len, 0);
	c = journal_last(&j);
	assert_int_equal(c->id, 1);
	assert_int_equal(c->state, CHANGE_DONE);
	assert_true(c->reboot);
	assert_true(c->when > 1000000000);
	assert_int_equal(c->devices.len, 1);
	assert_int_equal(c->devices.items[0].bus, 1);
	assert_string_equal(c->names.items[0], "A card");
	assert_true(c->choices.no_pt);
	assert_false(c->choices.no_script);
	assert_int_equal(c->choices.bind, BIND_ADDRESS);
	assert_string_equal(c->choices.user, "alex");
	assert_string_equal(c->owned.items[0], "grub iommu=pt");
	assert_int_equal(c->len, 4);
	check_edit(&c->edits[0], "/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n",
		   "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet iommu=pt\"\n", 0640);
	check_edit(&c->edits[1], "/etc/modprobe.d/old.conf", "options vfio-pci ids=1234:5678\n",
		   NULL, 0600);
	check_edit(&c->edits[2], "/etc/vfiotui/deep/launch.sh", NULL, "#!/bin/bash\n", 0755);
	assert_int_equal(c->made.len, 2);
	assert_string_equal(c->made.items[0], "/etc/vfiotui");
	assert_string_equal(c->made.items[1], "/etc/vfiotui/deep");
	assert_int_equal(c->commands_len, 2);
	assert_string_equal(c->commands[0].argv.items[1], "-P");
	assert_int_equal(c->commands[1].stage, COMMAND_BOOT);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

static void only_root_may_read_it(void **state)
{
	static const char *const paths[] = {"/var/lib/vfiotui",
					    "/var/lib/vfiotui/changes",
					    "/var/lib/vfiotui/changes/0001",
					    RECORD,
					    "/var/lib/vfiotui/lock",
					    "/var/lib/vfiotui/changes/0001/log",
					    "/var/lib/vfiotui/changes/0001/before.0"};
	static const char *const above[] = {"/var", "/var/lib"};
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);

	(void)state;
	fixture_apply_ok(host, plan);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct stat st;

		assert_int_equal(host_lstat(host, paths[i], &st, NULL), 0);
		if (st.st_mode & 077)
			fail_msg("%s has mode %o", paths[i], st.st_mode & 07777);
	}
	/* But /var and /var/lib, where they were missing, are everybody's. */
	for (size_t i = 0; i < ARRAY_SIZE(above); i++) {
		struct stat st;

		assert_int_equal(host_lstat(host, above[i], &st, NULL), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
	}
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* A path is bytes; JSON is UTF-8. */
static void paths_that_are_not_utf8(void **state)
{
	static const char path[] = "/etc/modprobe.d/caf\xe9\xff.conf";
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = plan_new(host);
	auto_journal struct journal j = JOURNAL_INIT;

	(void)state;
	assert_int_equal(changes_set(&plan->changes, path, "a\0b", 3, 0644, "caf\xe9", NULL), 0);
	fixture_apply_ok(host, plan);
	load(host, &j);
	assert_int_equal(j.len, 1);
	assert_string_equal(j.items[0].edits[0].path, path);
	assert_string_equal(j.items[0].edits[0].why, "caf\xe9");
	assert_int_equal(j.items[0].edits[0].after.len, 3);
	assert_memory_equal(j.items[0].edits[0].after.data, "a\0b", 3);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* Two changes; the first record is damaged in some way. */
static void damage(const char *path, const char *text, const char *part)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct plan *second = plan_new(host);
	auto_journal struct journal j = JOURNAL_INIT;

	fixture_apply_ok(host, plan);
	assert_int_equal(
		changes_set(&second->changes, "/etc/second", "2\n", 2, 0644, "second", NULL), 0);
	fixture_apply_ok(host, second);
	fixture_put(root, path, text, 0600);
	load(host, &j);
	assert_int_equal(j.len, 1);
	assert_int_equal(j.items[0].id, 2);
	assert_int_equal(j.damaged_len, 1);
	assert_int_equal(journal_damage(&j, 0)->id, 1);
	assert_null(journal_damage(&j, 2));
	/* What is left, and where. */
	assert_non_null(strstr(j.damaged[0].text, "/var/lib/vfiotui/changes/0001 (before.N)"));
	if (!strstr(j.damaged[0].text, "change 1 ") || !strstr(j.damaged[0].text, part))
		fail_msg("no \"%s\" in \"%s\"", part, j.damaged[0].text);
	plan_free(plan);
	plan_free(second);
	host_free(host);
	tmproot_remove(root);
}

static void a_damaged_record_is_named_and_hides_no_other(void **state)
{
	(void)state;
	damage(RECORD, "", "no JSON");
	damage(RECORD, "{\"schema\":1,", "no JSON");
	damage(RECORD, "{}", "no record");
	damage(RECORD, "{\"schema\":2}", "newer version");
	damage(RECORD, "{\"schema\":1}", "id, when");
	damage("/var/lib/vfiotui/changes/0001/before.0", "short", "before.0");
	damage(RECORD,
	       "{\"schema\":1,\"id\":7,\"state\":\"done\",\"when\":1,\"undoes\":0,\"devices\":[],"
	       "\"choices\":{\"bind\":\"auto\",\"user\":null},\"edits\":[],\"commands\":[],"
	       "\"owned\":[],\"made\":[]}",
	       "change 7");
}

/* Killed before record.json: the directory is there, the change had not begun. */
static void a_directory_without_record_had_not_begun(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	auto_journal struct journal j = JOURNAL_INIT;

	(void)state;
	fixture_put(root, "/var/lib/vfiotui/changes/0004/before.0", "x", 0600);
	fixture_put(root, "/var/lib/vfiotui/changes/0004/.after.0.vfiotui-abcdef", "half", 0600);
	fixture_put(root, "/var/lib/vfiotui/changes/README", "x", 0600);
	fixture_apply_ok(host, plan);
	/* What was half written goes; the bytes from before are kept: they may be the last there are. */
	assert_int_equal(tmproot_count(root, ".vfiotui-"), 0);
	assert_true(tmproot_has(root, "/var/lib/vfiotui/changes/0004/before.0"));
	load(host, &j);
	assert_int_equal(j.len, 1);
	assert_int_equal(j.damaged_len, 0);
	assert_int_equal(j.items[0].id, 5);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* The text of a record by its state and what it undoes. */
static void put_record(const char *root, int id, const char *state, int undoes)
{
	auto_free char *path = xasprintf("/var/lib/vfiotui/changes/%04d/record.json", id);
	auto_free char *text = xasprintf(
		"{\"schema\":1,\"id\":%d,\"state\":\"%s\",\"when\":1,\"undoes\":%d,\"devices\":[],"
		"\"choices\":{\"bind\":\"auto\",\"user\":null},\"edits\":[],"
		"\"commands\":[{\"stage\":1,\"argv\":[\"true\"],\"undo_argv\":[],\"why\":\"\"}],"
		"\"owned\":[],\"made\":[],\"from the future\":{\"x\":1}}",
		id, state, undoes);

	fixture_put(root, path, text, 0600);
}

static void which_change_stands(void **state)
{
	static const struct {
		const char *states[4];
		int undoes[4];
		int last, interrupted, unfinished; /* ids, 0 for none */
	} rows[] = {
		{{"done"}, {0}, 1, 0, 0},
		{{"written"}, {0}, 1, 0, 1},
		{{"failed"}, {0}, 1, 0, 1},
		{{"prepared"}, {0}, 0, 1, 0},
		{{"done", "prepared"}, {0}, 1, 2, 0},
		{{"undone"}, {0}, 0, 0, 0},
		{{"done", "done", "done"}, {0, 0, 2}, 1, 0, 0},
		/* Stopped between the undo's record and that of the change it took back. */
		{{"done", "done", "written"}, {0, 0, 2}, 1, 0, 3},
		{{"done", "done", "prepared"}, {0, 0, 2}, 2, 3, 0},
		/* An undo that was itself put back, as its writing failed. */
		{{"done", "done", "undone"}, {0, 0, 2}, 2, 0, 0},
		{{"done", "undone", "done", "done"}, {0, 0, 2, 1}, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *root = fixture_root();
		struct host *host = fixture_host(root);
		auto_journal struct journal j = JOURNAL_INIT;
		const struct change_record *c;

		for (int k = 0; k < 4 && rows[i].states[k]; k++)
			put_record(root, k + 1, rows[i].states[k], rows[i].undoes[k]);
		load(host, &j);
		assert_int_equal(j.damaged_len, 0);
		c = journal_last(&j);
		assert_int_equal(c ? c->id : 0, rows[i].last);
		c = journal_interrupted(&j);
		assert_int_equal(c ? c->id : 0, rows[i].interrupted);
		c = journal_unfinished(&j);
		assert_int_equal(c ? c->id : 0, rows[i].unfinished);
		host_free(host);
		tmproot_remove(root);
	}
}

static void a_state_changes_nothing_else(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct err err = ERR_INIT;
	auto_free char *text = NULL;

	(void)state;
	put_record(root, 1, "prepared", 0);
	assert_int_equal(journal_set_state(host, 1, CHANGE_WRITTEN, &err), 0);
	text = fixture_get(root, RECORD);
	assert_non_null(strstr(text, "\"written\""));
	assert_non_null(strstr(text, "from the future"));
	assert_int_equal(journal_set_state(host, 9, CHANGE_DONE, &err), -ENOENT);
	host_free(host);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_journal_is_an_empty_one),
		cmocka_unit_test(a_change_is_read_as_it_was_written),
		cmocka_unit_test(only_root_may_read_it),
		cmocka_unit_test(paths_that_are_not_utf8),
		cmocka_unit_test(a_damaged_record_is_named_and_hides_no_other),
		cmocka_unit_test(a_directory_without_record_had_not_begun),
		cmocka_unit_test(which_change_stands),
		cmocka_unit_test(a_state_changes_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
