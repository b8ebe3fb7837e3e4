/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever call of an apply fails, and wherever the process is killed: each file is wholly the
 * former or wholly the new one, and one undo later the tree is as it was.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/change_fixture.h"
#include "../support/faults.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "change/apply.h"
#include "change/journal.h"
#include "change/undo.h"

/* What "vfiotui undo" does, until nothing is left to undo. */
static void undo_all(const struct host *host)
{
	struct err err = ERR_INIT;
	auto_str struct str text = STR_INIT;
	enum recovery recovery;
	struct plan *plan;

	if (undo_recover(host, true, &recovery, &text, &err) < 0)
		fail_msg("recover: %s", err.text);
	while (!undo_plan(host, 0, &plan, &err)) {
		fixture_apply_ok(host, plan);
		plan_free(plan);
	}
	assert_int_equal(err.code, -ENOENT);
}

static void assert_tree(const char *root, const struct str *want, const char *when)
{
	auto_str struct str now = STR_INIT;

	fixture_tree(root, &now);
	if (!str_equal(&now, want))
		fail_msg("%s: the tree is\n%s\ninstead of\n%s", when, now.data, want->data);
}

static const struct {
	const char *path, *before, *after;
} files[] = {
	{"/etc/default/grub", "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n",
	 "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet iommu=pt\"\n"},
	{"/etc/mkinitcpio.conf", "MODULES=()\n", "MODULES=(vfio_pci)\n"},
	{"/etc/modprobe.d/old.conf", "options vfio-pci ids=1234:5678\n", NULL},
	{"/etc/vfiotui/deep/launch.sh", NULL, "#!/bin/bash\n"},
	{"/etc/hostname", "nobody touches me\n", "nobody touches me\n"},
};

static bool equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* How many files are before and after; each is wholly one of them. */
static void assert_whole(const char *root, size_t *before, size_t *after, const char *when)
{
	*before = *after = 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *now = fixture_get(root, files[i].path);

		*before += equal(now, files[i].before);
		*after += equal(now, files[i].after);
		if (!equal(now, files[i].before) && !equal(now, files[i].after))
			fail_msg("%s: %s is half written: %s", when, files[i].path, now);
	}
}

/* --- errors ----------------------------------------------------------------- */

struct attempt {
	enum faults_scope scope;
	int error;
	bool sticky;
};

static void check_outcome(const char *root, const struct attempt *t, int r, const struct err *err,
			  const char *when)
{
	size_t before, after;

	assert_whole(root, &before, &after, when);
	if (r < 0 && !err->text[0])
		fail_msg("%s: an error without a sentence", when);
	if (!r && after != ARRAY_SIZE(files))
		fail_msg("%s: success, but only %zu files are new", when, after);
	if (r < 0 && !t->sticky && before != ARRAY_SIZE(files) && after != ARRAY_SIZE(files))
		fail_msg("%s: one failing call left %zu old and %zu new files: %s", when, before,
			 after, err->text);
}

/* False when the run ended before the fault. */
static bool try_error(const struct attempt *t, long at)
{
	struct faults faults;
	auto_str struct str first = STR_INIT;
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct err err = ERR_INIT;
	char when[96];
	int r;

	fixture_tree(root, &first);
	faults_init(&faults, t->scope, at, t->error, t->sticky);
	host_set_ops(host, &faults.ops);
	r = fixture_apply(host, plan, &err);
	host_set_ops(host, faults_none());
	snprintf(when, sizeof(when), "%s at call %ld (%s)%s", strerror(t->error), at,
		 faults.failed_on ? faults.failed_on : "-", t->sticky ? " and from then on" : "");
	check_outcome(root, t, r, &err, when);
	undo_all(host);
	assert_tree(root, &first, when);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
	return faults.hit;
}

static void every_call_may_fail(void **state)
{
	static const struct attempt attempts[] = {
		{FAULTS_ALL, EIO, false},        {FAULTS_CHANGING, ENOSPC, false},
		{FAULTS_CHANGING, EROFS, false}, {FAULTS_CHANGING, EACCES, false},
		{FAULTS_CHANGING, ENOSPC, true}, {FAULTS_CHANGING, EIO, true},
	};
	long points = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		long at = 1;

		while (try_error(&attempts[i], at))
			at++;
		points += at - 1;
	}
	assert_true(points > 500);
	printf("measured: apply survived %ld failing calls\n", points);
}

/* --- kills ------------------------------------------------------------------- */

enum victim { VICTIM_APPLY, VICTIM_UNDO, VICTIM_REPAIR };

static const char *const victims[] = {"apply", "undo", "repair"};

static int act(struct host *host, enum victim what, struct err *err)
{
	auto_str struct str text = STR_INIT;
	enum recovery recovery;
	struct plan *plan;
	int r = 0;

	if (what == VICTIM_APPLY)
		plan = fixture_plan(host);
	else
		r = undo_recover(host, true, &recovery, &text, err);
	if (!r && what == VICTIM_UNDO)
		r = undo_plan(host, 0, &plan, err);
	return r || what == VICTIM_REPAIR ? r : fixture_apply(host, plan, err);
}

/* In a child, which ends at the fault. False when it came to its end. */
static bool killed_at(struct host *host, long at, enum victim what)
{
	struct err err = ERR_INIT;
	struct faults faults;
	pid_t pid = fork();
	int status;

	if (!pid) {
		faults_init(&faults, FAULTS_CHANGING, at, FAULT_KILL, false);
		host_set_ops(host, &faults.ops);
		if (!act(host, what, &err))
			_exit(0);
		fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) && WEXITSTATUS(status) != FAULT_KILLED)
		fail_msg("call %ld: the child could not %s", at, victims[what]);
	return WEXITSTATUS(status) == FAULT_KILLED;
}

/* Kills an apply, or the undo of one, and then undoes to the end. */
static bool try_kill(long at, enum victim what)
{
	auto_str struct str first = STR_INIT;
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	size_t before, after;
	char when[64];
	bool killed;

	snprintf(when, sizeof(when), "%s killed at call %ld", victims[what], at);
	fixture_tree(root, &first);
	if (what == VICTIM_UNDO) {
		struct plan *plan = fixture_plan(host);

		fixture_apply_ok(host, plan);
		plan_free(plan);
	}
	killed = killed_at(host, at, what);
	assert_whole(root, &before, &after, when);
	undo_all(host);
	assert_tree(root, &first, when);
	host_free(host);
	tmproot_remove(root);
	return killed;
}

static void every_call_may_be_the_last(void **state)
{
	long points = 0;

	(void)state;
	for (int what = VICTIM_APPLY; what <= VICTIM_UNDO; what++) {
		long at = 1;

		while (try_kill(at, (enum victim)what))
			at++;
		points += at - 1;
	}
	assert_true(points > 200);
	printf("measured: apply and undo survived a kill at %ld calls\n", points);
}

/* All files in place and no word of it in the journal is the widest gap there is; its repair is killed at every call, too. */
static void repair_may_be_killed(void **state)
{
	auto_str struct str first = STR_INIT;
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct err err = ERR_INIT;
	size_t before, after;
	long at = 1;

	(void)state;
	fixture_tree(root, &first);
	fixture_apply_ok(host, plan);
	for (bool killed = true; killed; at++) {
		assert_int_equal(journal_set_state(host, 1, CHANGE_PREPARED, &err), 0);
		killed = killed_at(host, at, VICTIM_REPAIR);
		assert_whole(root, &before, &after, "repair");
	}
	assert_true(at > 10);
	assert_int_equal(before, ARRAY_SIZE(files));
	assert_tree(root, &first, "repair");
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* --- what is refused --------------------------------------------------------- */

static void a_file_changed_since_the_preview(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct err err = ERR_INIT;
	auto_str struct str tree = STR_INIT;

	(void)state;
	fixture_put(root, "/etc/mkinitcpio.conf", "MODULES=(mine)\n", 0644);
	fixture_tree(root, &tree);
	assert_int_equal(fixture_apply(host, plan, &err), -ESTALE);
	assert_non_null(strstr(err.text, "/etc/mkinitcpio.conf changed since the preview"));
	assert_tree(root, &tree, "refused");
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* Between staging and the first rename: theirs stays, and nothing of ours is left. */
static void a_file_changed_while_staging(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct err err = ERR_INIT;
	auto_journal struct journal j = JOURNAL_INIT;
	auto_free char *now = NULL;
	struct apply *a;

	(void)state;
	assert_int_equal(apply_begin(host, plan, &a, &err), 0);
	tmproot_put(root, "/etc/mkinitcpio.conf", "theirs\n");
	assert_int_equal(apply_write(a, &err), -ESTALE);
	assert_non_null(strstr(err.text, "/etc/mkinitcpio.conf"));
	apply_free(a);
	now = fixture_get(root, "/etc/mkinitcpio.conf");
	assert_string_equal(now, "theirs\n");
	assert_int_equal(journal_load(host, &j, &err), 0);
	assert_int_equal(j.len, 0);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

static void an_interrupted_change_blocks_the_next(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct plan *other = plan_new(host);
	struct err err = ERR_INIT;

	(void)state;
	fixture_apply_ok(host, plan);
	assert_int_equal(journal_set_state(host, 1, CHANGE_PREPARED, &err), 0);
	assert_int_equal(changes_set(&other->changes, "/etc/hostname", "x\n", 2, 0644, "", &err),
			 0);
	assert_int_equal(fixture_apply(host, other, &err), -EBUSY);
	assert_non_null(strstr(err.text, "vfiotui undo"));
	plan_free(plan);
	plan_free(other);
	host_free(host);
	tmproot_remove(root);
}

static void two_at_once(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct err err = ERR_INIT;
	struct apply *first, *second;
	auto_str struct str tree = STR_INIT;

	(void)state;
	fixture_tree(root, &tree);
	assert_int_equal(apply_begin(host, plan, &first, &err), 0);
	assert_int_equal(apply_begin(host, plan, &second, &err), -EWOULDBLOCK);
	/* Given up before it wrote: nothing is left of it. */
	apply_free(first);
	assert_tree(root, &tree, "given up");
	fixture_apply_ok(host, plan);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

static void a_link_is_not_removed(void **state)
{
	char *root = fixture_root();
	auto_free char *link = xasprintf("%s/etc/modprobe.d/old.conf", root);
	struct host *host = fixture_host(root);
	struct err err = ERR_INIT;
	struct plan *plan;

	(void)state;
	fixture_put(root, "/home/dotfiles/old.conf", "options vfio-pci ids=1234:5678\n", 0644);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("/home/dotfiles/old.conf", link), 0);
	plan = fixture_plan(host);
	assert_int_equal(fixture_apply(host, plan, &err), -EMLINK);
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* A change through a link goes to the file behind it; the link stays. */
static void a_link_is_followed(void **state)
{
	char *root = fixture_root();
	auto_free char *link = xasprintf("%s/etc/default/grub", root);
	auto_str struct str first = STR_INIT;
	struct host *host = fixture_host(root);
	struct stat st;
	struct plan *plan;
	char *text;

	(void)state;
	fixture_put(root, "/home/dotfiles/grub", "GRUB=1\n", 0604);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("../../home/dotfiles/grub", link), 0);
	fixture_tree(root, &first);
	plan = fixture_plan(host);
	fixture_apply_ok(host, plan);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	text = fixture_get(root, "/home/dotfiles/grub");
	assert_string_equal(text, files[0].after);
	free(text);
	undo_all(host);
	assert_tree(root, &first, "through a link");
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

/* --- commands ------------------------------------------------------------------ */

static void a_failed_command_stops_and_is_kept(void **state)
{
	char *root = fixture_root();
	struct host *host = fixture_host(root);
	struct plan *plan = fixture_plan(host);
	struct err err = ERR_INIT;
	auto_journal struct journal j = JOURNAL_INIT;
	auto_free char *log = NULL;
	struct apply *a;
	size_t before, after;

	(void)state;
	assert_int_equal(apply_begin(host, plan, &a, &err), 0);
	assert_null(apply_next(a)); /* not before the files are in place */
	assert_int_equal(apply_write(a, &err), 0);
	assert_string_equal(apply_next(a)->argv.items[0], "mkinitcpio");
	apply_report(a, 1, "no space\n", 9);
	assert_true(apply_failed(a));
	assert_null(apply_next(a));
	assert_int_equal(apply_end(a, &err), 0);
	apply_free(a);
	assert_whole(root, &before, &after, "failed command");
	assert_int_equal(after, ARRAY_SIZE(files)); /* no silent roll-back */
	assert_int_equal(journal_load(host, &j, &err), 0);
	assert_int_equal(journal_last(&j)->state, CHANGE_FAILED);
	assert_ptr_equal(journal_unfinished(&j), journal_last(&j));
	log = fixture_get(root, "/var/lib/vfiotui/changes/0001/log");
	assert_non_null(strstr(log, "$ mkinitcpio -P\nno space\n"));
	plan_free(plan);
	host_free(host);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_may_fail),
		cmocka_unit_test(every_call_may_be_the_last),
		cmocka_unit_test(repair_may_be_killed),
		cmocka_unit_test(a_file_changed_since_the_preview),
		cmocka_unit_test(a_file_changed_while_staging),
		cmocka_unit_test(an_interrupted_change_blocks_the_next),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(a_link_is_not_removed),
		cmocka_unit_test(a_link_is_followed),
		cmocka_unit_test(a_failed_command_stops_and_is_kept),
	};

	tmproot_use_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
