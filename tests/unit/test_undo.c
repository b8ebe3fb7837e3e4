/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/change_fixture.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "change/apply.h"
#include "change/journal.h"
#include "change/undo.h"

struct machine {
	char *root;
	struct host *host;
};

static struct machine machine_new(void)
{
	char *root = fixture_root();

	return (struct machine){.root = root, .host = fixture_host(root)};
}

static void machine_free(struct machine *m)
{
	host_free(m->host);
	tmproot_remove(m->root);
}

/* A change of one file; NULL removes it. */
static void change(const struct machine *m, const char *path, const char *text, const char *owned)
{
	struct plan *p = plan_new(m->host);
	int r = text ? changes_set(&p->changes, path, text, strlen(text), 0644, "test", NULL)
		     : changes_remove(&p->changes, path, "test", NULL);

	assert_int_equal(r, 0);
	strv_add(&p->changes.owned, owned);
	fixture_apply_ok(m->host, p);
	plan_free(p);
}

static void undo(const struct machine *m)
{
	struct err err = ERR_INIT;
	struct plan *p;

	if (undo_plan(m->host, 0, &p, &err) < 0)
		fail_msg("%s", err.text);
	fixture_apply_ok(m->host, p);
	plan_free(p);
}

static void assert_tree(const struct machine *m, const struct str *want)
{
	auto_str struct str now = STR_INIT;

	fixture_tree(m->root, &now);
	assert_string_equal(now.data, want->data);
}

/* Token that is owned by the change that stands now. */
static void assert_owned(const struct machine *m, const char *want)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *c;

	assert_int_equal(journal_load(m->host, &j, NULL), 0);
	c = journal_last(&j);
	if (want)
		assert_string_equal(c->owned.items[0], want);
	else
		assert_null(c);
}

static void one_change_after_the_other(void **state)
{
	struct machine m = machine_new();
	struct str trees[4];
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		str_init(&trees[i]);
	fixture_tree(m.root, &trees[0]);
	change(&m, "/etc/mkinitcpio.conf", "one\n", "token 1");
	fixture_tree(m.root, &trees[1]);
	change(&m, "/etc/new/file", "two\n", "token 2");
	fixture_tree(m.root, &trees[2]);
	change(&m, "/etc/mkinitcpio.conf", "three\n", "token 3");
	fixture_tree(m.root, &trees[3]);

	undo(&m);
	assert_tree(&m, &trees[2]);
	assert_owned(&m, "token 2");
	/* Another change in between, taken back before the older ones. */
	change(&m, "/etc/new/file", NULL, "token 4");
	undo(&m);
	assert_tree(&m, &trees[2]);
	undo(&m);
	assert_tree(&m, &trees[1]);
	assert_owned(&m, "token 1");
	undo(&m);
	assert_tree(&m, &trees[0]);
	assert_owned(&m, NULL);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		str_release(&trees[i]);
	machine_free(&m);
}

/* What kernel-install would make of the running kernel's line must not bring our words back. */
static void a_created_kernel_line_stays_while_its_words_run(void **state)
{
	static const char path[] = "/etc/kernel/cmdline";
	static const char ours[] = "kernel_cmdline [/etc/kernel/cmdline] iommu=pt";
	static const struct {
		const char *running, *left; /* NULL: the file goes */
	} cases[] = {
		{"root=LABEL=x quiet", NULL},
		{"initrd=\\i root=LABEL=x quiet iommu=pt", "root=LABEL=x quiet\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine m = machine_new();
		auto_free char *left = NULL;

		tmproot_put(m.root, "/proc/cmdline", cases[i].running);
		change(&m, path, "root=LABEL=x quiet iommu=pt\n", ours);
		undo(&m);
		left = fixture_get(m.root, path);
		if (cases[i].left)
			assert_string_equal(left, cases[i].left);
		else
			assert_null(left);
		assert_owned(&m, NULL);
		machine_free(&m);
	}
}

static void an_edited_file_is_refused_with_its_three_versions(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	change(&m, "/etc/mkinitcpio.conf", "ours\n", "");
	fixture_put(m.root, "/etc/mkinitcpio.conf", "ours\nand mine\n", 0644);
	fixture_tree(m.root, &tree);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), -ESTALE);
	assert_non_null(strstr(err.text, "/etc/mkinitcpio.conf is not as change 1 left it"));
	assert_non_null(strstr(err.text, "/var/lib/vfiotui/changes/0001/before.0"));
	assert_non_null(strstr(err.text, "/var/lib/vfiotui/changes/0001/after.0"));
	assert_tree(&m, &tree);
	/* The former bytes put back by hand are fine: nothing is left to write, and the change counts as taken back. */
	fixture_put(m.root, "/etc/mkinitcpio.conf", "MODULES=()\n", 0644);
	undo(&m);
	assert_owned(&m, NULL);
	machine_free(&m);
}

static void a_created_file_that_is_gone(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;

	(void)state;
	fixture_tree(m.root, &tree);
	change(&m, "/etc/new/file", "x\n", "");
	assert_int_equal(host_remove(m.host, "/etc/new/file", NULL), 0);
	undo(&m);
	assert_tree(&m, &tree);
	machine_free(&m);
}

static void a_directory_that_others_use_stays(void **state)
{
	struct machine m = machine_new();

	(void)state;
	change(&m, "/etc/new/file", "x\n", "");
	fixture_put(m.root, "/etc/new/theirs", "y\n", 0644);
	undo(&m);
	assert_false(tmproot_has(m.root, "/etc/new/file"));
	assert_true(tmproot_has(m.root, "/etc/new/theirs"));
	machine_free(&m);
}

/* Owners only where the test may give files away. */
static void mode_and_owner_come_back(void **state)
{
	struct machine m = machine_new();
	auto_free char *old = tmproot_path(m.root, "/etc/modprobe.d/old.conf");
	auto_str struct str tree = STR_INIT;
	struct plan *p;

	(void)state;
	if (!geteuid())
		assert_int_equal(chown(old, 123, 456), 0);
	assert_int_equal(chmod(old, 0604), 0);
	fixture_tree(m.root, &tree);
	p = fixture_plan(m.host);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_false(tmproot_has(m.root, "/etc/modprobe.d/old.conf"));
	undo(&m);
	assert_tree(&m, &tree);
	machine_free(&m);
}

/* POSIX ACL version 2 as in linux/posix_acl_xattr.h: owner rw, user 33 r, group none, mask r, others none. */
static const char acl[] = {
	/* clang-format off */
	2, 0, 0, 0,
	0x01, 0, 6, 0, (char)0xff, (char)0xff, (char)0xff, (char)0xff,
	0x02, 0, 4, 0, 33, 0, 0, 0,
	0x04, 0, 0, 0, (char)0xff, (char)0xff, (char)0xff, (char)0xff,
	0x10, 0, 4, 0, (char)0xff, (char)0xff, (char)0xff, (char)0xff,
	0x20, 0, 0, 0, (char)0xff, (char)0xff, (char)0xff, (char)0xff,
	/* clang-format on */
};

static const struct {
	const char *name;
	const char *value;
	size_t len;
} attributes[] = {
	{"user.note", "kept\0too", 8},
	{"user.empty", "", 0},
	{"system.posix_acl_access", acl, sizeof(acl)},
	{"security.selinux", "system_u:object_r:modules_conf_t:s0", 36}, /* root only */
};

static size_t give_attributes(const char *path)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(attributes) &&
	       setxattr(path, attributes[n].name, attributes[n].value, attributes[n].len, 0) == 0)
		n++;
	if (n < ARRAY_SIZE(attributes))
		print_message("NOT TRIED: %s\n", attributes[n].name);
	return n;
}

static void assert_attributes(const char *path, size_t n)
{
	char got[128];

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(getxattr(path, attributes[i].name, got, sizeof(got)),
				 attributes[i].len);
		assert_memory_equal(got, attributes[i].value, attributes[i].len);
	}
}

/* Only the journal knows them once the file is gone. */
static void attributes_of_a_removed_file_come_back(void **state)
{
	struct machine m = machine_new();
	auto_free char *old = tmproot_path(m.root, "/etc/modprobe.d/old.conf");
	size_t n = give_attributes(old);

	(void)state;
	change(&m, "/etc/modprobe.d/old.conf", NULL, "token");
	assert_false(tmproot_has(m.root, "/etc/modprobe.d/old.conf"));
	undo(&m);
	assert_attributes(old, n);
	machine_free(&m);
}

/* The same when the change was killed behind the removal, and is repaired. */
static void a_repair_gives_attributes_back(void **state)
{
	struct machine m = machine_new();
	auto_free char *old = tmproot_path(m.root, "/etc/modprobe.d/old.conf");
	size_t n = give_attributes(old);
	auto_str struct str text = STR_INIT;
	struct plan *p = plan_new(m.host);
	enum recovery found;
	int id;

	(void)state;
	assert_int_equal(changes_remove(&p->changes, "/etc/modprobe.d/old.conf", "test", NULL), 0);
	assert_int_equal(journal_create(m.host, p, &id, NULL), 0);
	assert_int_equal(unlink(old), 0);
	assert_int_equal(undo_recover(m.host, true, &found, &text, NULL), 0);
	assert_int_equal(found, RECOVERY_TAKEN_BACK);
	assert_attributes(old, n);
	plan_free(p);
	machine_free(&m);
}

static void commands_are_run_again_or_taken_back(void **state)
{
	struct machine m = machine_new();
	struct plan *p = fixture_plan(m.host);
	auto_strv struct strv add = STRV_INIT;
	auto_strv struct strv del = STRV_INIT;

	(void)state;
	strv_split(&add, "kernelstub -a iommu=pt", " ");
	strv_split(&del, "kernelstub -d iommu=pt", " ");
	changes_command(&p->changes, COMMAND_BOOT, &add, &del, "parameters");
	p->changes.reboot = true;
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_int_equal(undo_plan(m.host, 0, &p, NULL), 0);
	assert_int_equal(p->changes.commands_len, 3);
	assert_string_equal(p->changes.commands[0].argv.items[0], "mkinitcpio");
	assert_true(strv_equal(&p->changes.commands[2].argv, &del));
	assert_true(p->changes.reboot);
	assert_int_equal(p->undoes, 1);
	plan_free(p);
	machine_free(&m);
}

/* The files are back, the image was not rebuilt: undo again must not go on to the change before. */
static void an_undo_whose_command_failed_is_resumed(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;
	struct err err = ERR_INIT;
	struct apply *a;
	struct plan *p;

	(void)state;
	change(&m, "/etc/hostname", "first\n", "token 1");
	fixture_tree(m.root, &tree);
	p = fixture_plan(m.host);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), 0);
	assert_int_equal(apply_begin(m.host, p, &a, &err), 0);
	assert_int_equal(apply_write(a, &err), 0);
	assert_non_null(apply_next(a));
	apply_report(a, 1, "", 0);
	assert_int_equal(apply_end(a, &err), 0);
	apply_free(a);
	plan_free(p);

	assert_int_equal(undo_plan(m.host, 0, &p, &err), 0);
	assert_int_equal(p->changes.len, 0);
	assert_int_equal(p->changes.commands_len, 2);
	assert_int_equal(p->resumes, 3);
	assert_false(plan_is_empty(p));
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_tree(&m, &tree);
	assert_owned(&m, "token 1");
	/* And now it is the turn of the first. */
	undo(&m);
	assert_owned(&m, NULL);
	machine_free(&m);
}

static void by_number(void **state)
{
	struct machine m = machine_new();
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	change(&m, "/etc/a", "a\n", "");
	change(&m, "/etc/b", "b\n", "");
	assert_int_equal(undo_plan(m.host, 7, &p, &err), -ENOENT);
	assert_int_equal(undo_plan(m.host, 1, &p, &err), 0);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_false(tmproot_has(m.root, "/etc/a"));
	assert_true(tmproot_has(m.root, "/etc/b"));
	assert_int_equal(undo_plan(m.host, 1, &p, &err), -EALREADY);
	assert_int_equal(undo_plan(m.host, 3, &p, &err), -EINVAL);
	machine_free(&m);
}

static void what_a_later_change_wrote_is_not_somebodys(void **state)
{
	struct machine m = machine_new();
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	change(&m, "/etc/a", "one\n", "");
	change(&m, "/etc/a", "two\n", "");
	assert_int_equal(undo_plan(m.host, 1, &p, &err), -EBUSY);
	assert_non_null(strstr(err.text, "take change 2 back first (vfiotui undo 2)"));
	undo(&m);
	undo(&m);
	assert_false(tmproot_has(m.root, "/etc/a"));
	machine_free(&m);
}

static void the_three_versions_are_shown(void **state)
{
	static const char *const parts[] = {
		"/etc/mkinitcpio.conf, three versions:\n",
		"  before the change:     /var/lib/vfiotui/changes/0001/before.0\n",
		"  as it was written:     /var/lib/vfiotui/changes/0001/after.0\n",
		"  now:                   /etc/mkinitcpio.conf\n",
		" ours\n+and mine\n",
		"-ours\n+MODULES=()\n",
	};
	struct machine m = machine_new();
	auto_str struct str text = STR_INIT;

	(void)state;
	change(&m, "/etc/mkinitcpio.conf", "ours\n", "");
	fixture_put(m.root, "/etc/mkinitcpio.conf", "ours\nand mine\n", 0644);
	assert_int_equal(undo_conflicts(m.host, 0, &text, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(text.data, parts[i]))
			fail_msg("no \"%s\" in %s", parts[i], text.data);
	/* Taken away is a version, too; a file as it was written is no conflict. */
	str_clear(&text);
	assert_int_equal(host_remove(m.host, "/etc/mkinitcpio.conf", NULL), 0);
	assert_int_equal(undo_conflicts(m.host, 1, &text, NULL), 0);
	assert_non_null(strstr(text.data, "now:                   (not there)\n"));
	str_clear(&text);
	fixture_put(m.root, "/etc/mkinitcpio.conf", "ours\n", 0644);
	assert_int_equal(undo_conflicts(m.host, 1, &text, NULL), 0);
	assert_int_equal(text.len, 0);
	machine_free(&m);
}

/* Undo never skips over a record that it can't read. */
static void a_damaged_record_stops_undo(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	change(&m, "/etc/a", "a\n", "");
	change(&m, "/etc/b", "b\n", "");
	fixture_put(m.root, "/var/lib/vfiotui/changes/0002/record.json", "{", 0600);
	fixture_tree(m.root, &tree);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "record of change 2 in the journal is damaged"));
	assert_non_null(strstr(err.text, "/var/lib/vfiotui/changes/0002 (before.N)"));
	assert_non_null(strstr(err.text, "can be taken back with vfiotui undo 1"));
	assert_int_equal(undo_plan(m.host, 2, &p, &err), -EBADMSG);
	assert_null(strstr(err.text, "vfiotui undo 1"));
	assert_tree(&m, &tree);
	/* What is asked for by its number can be taken back; what is damaged stays. */
	assert_int_equal(undo_plan(m.host, 1, &p, &err), 0);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_false(tmproot_has(m.root, "/etc/a"));
	assert_true(tmproot_has(m.root, "/etc/b"));
	assert_int_equal(undo_plan(m.host, 0, &p, &err), -EBADMSG);
	machine_free(&m);
}

/* --- recovery ------------------------------------------------------------------ */

static void recovery_refuses_what_somebody_wrote(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;
	auto_str struct str text = STR_INIT;
	enum recovery recovery;
	struct err err = ERR_INIT;
	struct plan *p = fixture_plan(m.host);

	(void)state;
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_int_equal(journal_set_state(m.host, 1, CHANGE_PREPARED, &err), 0);
	fixture_put(m.root, "/etc/mkinitcpio.conf", "mine\n", 0644);
	fixture_tree(m.root, &tree);
	assert_int_equal(undo_recover(m.host, true, &recovery, &text, &err), -ESTALE);
	assert_non_null(strstr(err.text, "/etc/mkinitcpio.conf"));
	assert_non_null(strstr(err.text, "before.3"));
	assert_tree(&m, &tree);
	machine_free(&m);
}

static void recovery_sweeps_what_a_kill_left(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;
	auto_str struct str text = STR_INIT;
	enum recovery recovery;
	struct err err = ERR_INIT;
	struct plan *p = fixture_plan(m.host);
	int id;

	(void)state;
	fixture_put(m.root, "/etc/.hostname.vfiotui-abcdef", "of no file of this change\n", 0600);
	fixture_tree(m.root, &tree);
	assert_int_equal(journal_create(m.host, p, &id, &err), 0);
	fixture_put(m.root, "/etc/vfiotui/deep/.launch.sh.vfiotui-abcdef", "half", 0600);
	fixture_put(m.root, "/etc/default/.grub.vfiotui-zzzzzz", "half", 0600);
	plan_free(p);
	assert_int_equal(undo_recover(m.host, false, &recovery, &text, &err), 0);
	assert_int_equal(recovery, RECOVERY_NEEDED);
	assert_non_null(strstr(text.data, "vfiotui undo"));
	assert_int_equal(undo_recover(m.host, true, &recovery, &text, &err), 0);
	assert_int_equal(recovery, RECOVERY_TAKEN_BACK);
	assert_tree(&m, &tree);
	assert_int_equal(undo_recover(m.host, true, &recovery, &text, &err), 0);
	assert_int_equal(recovery, RECOVERY_NONE);
	machine_free(&m);
}

/* What another process is at is not called interrupted, and nothing is offered to be repaired. */
static void a_change_being_written_is_not_interrupted(void **state)
{
	struct machine m = machine_new();
	auto_str struct str text = STR_INIT;
	auto_free char *pid = xasprintf("process %d", (int)getpid());
	enum recovery recovery;
	struct err err = ERR_INIT;
	struct plan *p = fixture_plan(m.host);
	struct apply *a;

	(void)state;
	assert_int_equal(apply_begin(m.host, p, &a, &err), 0);
	assert_int_equal(undo_recover(m.host, false, &recovery, &text, &err), 0);
	assert_int_equal(recovery, RECOVERY_RUNNING);
	assert_non_null(strstr(text.data, pid));
	assert_null(strstr(text.data, "interrupted"));
	assert_int_equal(undo_recover(m.host, true, &recovery, &text, &err), -EWOULDBLOCK);
	assert_non_null(strstr(err.text, pid));
	assert_int_equal(undo_plan(m.host, 0, &(struct plan *){NULL}, &err), -EWOULDBLOCK);
	assert_null(strstr(err.text, "interrupted"));
	assert_int_equal(apply_write(a, &err), 0);
	apply_free(a);
	plan_free(p);
	machine_free(&m);
}

/* An undo that was stopped is carried on, not turned round. */
static void an_interrupted_undo_is_finished(void **state)
{
	struct machine m = machine_new();
	auto_str struct str tree = STR_INIT;
	auto_str struct str text = STR_INIT;
	enum recovery recovery;
	struct err err = ERR_INIT;
	struct plan *p;
	int id;

	(void)state;
	fixture_tree(m.root, &tree);
	change(&m, "/etc/new/file", "x\n", "");
	assert_int_equal(undo_plan(m.host, 0, &p, &err), 0);
	assert_int_equal(journal_create(m.host, p, &id, &err), 0);
	plan_free(p);
	assert_int_equal(undo_recover(m.host, true, &recovery, &text, &err), 0);
	assert_int_equal(recovery, RECOVERY_FINISHED);
	assert_tree(&m, &tree);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), -ENOENT);
	machine_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_change_after_the_other),
		cmocka_unit_test(a_created_kernel_line_stays_while_its_words_run),
		cmocka_unit_test(an_edited_file_is_refused_with_its_three_versions),
		cmocka_unit_test(a_created_file_that_is_gone),
		cmocka_unit_test(a_directory_that_others_use_stays),
		cmocka_unit_test(mode_and_owner_come_back),
		cmocka_unit_test(attributes_of_a_removed_file_come_back),
		cmocka_unit_test(a_repair_gives_attributes_back),
		cmocka_unit_test(commands_are_run_again_or_taken_back),
		cmocka_unit_test(an_undo_whose_command_failed_is_resumed),
		cmocka_unit_test(by_number),
		cmocka_unit_test(what_a_later_change_wrote_is_not_somebodys),
		cmocka_unit_test(the_three_versions_are_shown),
		cmocka_unit_test(a_damaged_record_stops_undo),
		cmocka_unit_test(recovery_refuses_what_somebody_wrote),
		cmocka_unit_test(a_change_being_written_is_not_interrupted),
		cmocka_unit_test(recovery_sweeps_what_a_kill_left),
		cmocka_unit_test(an_interrupted_undo_is_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
