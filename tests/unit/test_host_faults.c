/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every system call of a write fails once, in every way: afterwards each file is wholly
 * old or wholly new, and nothing else is left (unless removing it was what failed).
 */
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

#include "../support/faults.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "host/host.h"

static const int errors[] = {ENOSPC, EIO, EACCES, EROFS, EINTR, FAULT_SHORT_WRITE};

static int replace(const struct host *host, struct err *err)
{
	return host_write(host, "/etc/default/grub", "new\n", 4, NULL, err);
}

static int create(const struct host *host, struct err *err)
{
	struct host_new as = {.mode = 0640, .uid = (uid_t)-1, .gid = (gid_t)-1};

	return host_write(host, "/etc/modprobe.d/sub/vfio.conf", "options\n", 8, &as, err);
}

static int take_away(const struct host *host, struct err *err)
{
	struct host_stage stage;
	int r = host_stage_remove(host, "/etc/default/grub", &stage, err);

	if (r < 0)
		return r;
	r = host_commit(host, &stage, err);
	host_stage_release(host, &stage);
	return r;
}

static const struct {
	const char *name;
	int (*run)(const struct host *host, struct err *err);
} operations[] = {
	{"replace", replace},
	{"create", create},
	{"remove", take_away},
};

/* A file that differs from what a new one gets in all that is to be kept. */
static char *make_root(void)
{
	char *root = tmproot_new();
	auto_free char *full = tmproot_path(root, "/etc/default/grub");

	tmproot_put(root, "/etc/default/grub", "old\n");
	assert_int_equal(chmod(full, 0640), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(full, 1, 2), 0);
	setxattr(full, "user.note", "kept", 4, 0);
	return root;
}

struct outcome {
	struct faults faults;
	struct err err;
	int r;
	bool temporary_left;
	struct str picture;
};

static void run(size_t operation, long fail_at, int error, bool sticky, struct outcome *o)
{
	char *root = make_root();
	struct host *host;

	*o = (struct outcome){.err = ERR_INIT, .picture = STR_INIT};
	assert_int_equal(host_open(root, &host, NULL), 0);
	faults_init(&o->faults, FAULTS_ALL, fail_at, error, sticky);
	host_set_ops(host, &o->faults.ops);
	o->r = operations[operation].run(host, &o->err);
	host_set_ops(host, faults_none());
	host_free(host);
	o->temporary_left = tmproot_count(root, ".vfiotui-") > 0;
	tmproot_picture(root, &o->picture);
	tmproot_remove(root);
}

static void assert_whole(const struct outcome *o, const struct str *before, const struct str *after)
{
	bool is_old = str_equal(&o->picture, before);
	bool is_new = str_equal(&o->picture, after);

	/*
	 * Where taking back fails too, a temporary or an empty directory may be left over, but
	 * the file itself is there unharmed.
	 */
	if (o->r < 0 && !is_new && (o->faults.unlink_failed || o->faults.sticky)) {
		assert_non_null(strstr(o->picture.data, "\nold\n"));
		assert_null(strstr(o->picture.data, "/vfio.conf\n"));
		assert_true(o->faults.unlink_failed || !o->temporary_left);
		return;
	}
	if (!is_old && !is_new)
		print_message("%s %d at call %ld:\n%s", o->faults.failed_on, o->faults.error,
			      o->faults.fail_at, o->picture.data);
	assert_true(is_old || is_new);
	assert_false(o->temporary_left);
	if (o->r == 0) {
		assert_true(is_new);
		return;
	}
	assert_int_equal(o->err.code, o->r);
	assert_true(o->err.text[0]);
	if (is_new) /* only the sync after the rename failed, and the sentence says so */
		assert_non_null(strstr(o->err.text, "is changed"));
}

static void every_call_may_fail(void **state)
{
	long tried = 0;

	(void)state;
	for (size_t op = 0; op < ARRAY_SIZE(operations); op++) {
		struct outcome good;
		char *root = make_root();
		auto_str struct str before = STR_INIT;

		tmproot_picture(root, &before);
		tmproot_remove(root);
		run(op, 0, 0, false, &good);
		assert_int_equal(good.r, 0);
		assert_false(str_equal(&before, &good.picture));
		for (size_t i = 0; i < ARRAY_SIZE(errors) * 2; i++) {
			/* A call that is interrupted for ever is rightly tried for ever. */
			if (i % 2 && errors[i / 2] == EINTR)
				continue;
			for (long n = 1; n <= good.faults.calls; n++, tried++) {
				struct outcome o;

				run(op, n, errors[i / 2], i % 2, &o);
				assert_whole(&o, &before, &good.picture);
				str_release(&o.picture);
			}
		}
		str_release(&good.picture);
	}
	print_message("measured: host writes, %ld points of failure tried and survived\n", tried);
	assert_true(tried > 500);
}

/* What ends in success although a call was interrupted or did half of its work. */
static void interrupted_and_short_writes_go_on(void **state)
{
	static const char *const calls[] = {"write", "fsync", "close"};
	long seen = 0;

	(void)state;
	for (long n = 1;; n++) {
		struct outcome o;

		run(0, n, EINTR, false, &o);
		str_release(&o.picture);
		if (!o.faults.hit)
			break;
		for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
			if (strcmp(o.faults.failed_on, calls[i]))
				continue;
			assert_int_equal(o.r, 0);
			seen++;
		}
	}
	assert_true(seen >= 4);
	for (long n = 1; n < 30; n++) {
		struct outcome o;

		run(0, n, FAULT_SHORT_WRITE, false, &o);
		assert_int_equal(o.r, 0);
		assert_non_null(strstr(o.picture.data, "\nnew\n"));
		str_release(&o.picture);
	}
}

/* --- a file system without owners and modes, as FAT -------------------------- */

static int fat_fstat(void *data, int fd, struct stat *st)
{
	int r = host_real_ops.fstat(data, fd, st);

	if (S_ISREG(st->st_mode))
		st->st_mode = S_IFREG | 0755;
	st->st_uid = st->st_gid = 0;
	return r;
}

static int refuse_mode(void *data, int fd, mode_t mode)
{
	(void)data;
	(void)fd;
	(void)mode;
	errno = EPERM;
	return -1;
}

static int refuse_owner(void *data, int fd, uid_t uid, gid_t gid)
{
	(void)data;
	(void)fd;
	(void)uid;
	(void)gid;
	errno = EPERM;
	return -1;
}

static void a_file_system_without_modes_is_fine(void **state)
{
	struct host_ops fat = host_real_ops;
	struct host_new as = {.mode = 0600, .uid = 7, .gid = 7};
	char *root = tmproot_new();
	auto_str struct str s = STR_INIT;
	struct err err = ERR_INIT;
	struct host *host;

	(void)state;
	fat.fstat = fat_fstat;
	fat.fchmod = refuse_mode;
	fat.fchown = refuse_owner;
	tmproot_put(root, "/boot/loader/entries/arch.conf", "old\n");
	assert_int_equal(host_open(root, &host, NULL), 0);
	host_set_ops(host, &fat);
	assert_int_equal(host_write(host, "/boot/loader/entries/arch.conf", "new\n", 4, NULL, &err),
			 0);
	assert_int_equal(host_write(host, "/boot/new/x.conf", "x\n", 2, &as, &err), 0);
	host_free(host);
	assert_true(tmproot_get(root, "/boot/loader/entries/arch.conf", &s));
	assert_string_equal(s.data, "new\n");
	assert_true(tmproot_has(root, "/boot/new/x.conf"));
	tmproot_remove(root);
}

/* Where modes exist, one that can't be kept refuses the change. */
static void a_mode_or_owner_that_cannot_be_kept_refuses(void **state)
{
	struct host_ops ops = host_real_ops;
	struct err err = ERR_INIT;
	struct host *host;
	char *root = make_root();
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;

	(void)state;
	tmproot_picture(root, &before);
	assert_int_equal(host_open(root, &host, NULL), 0);
	ops.fchmod = refuse_mode;
	host_set_ops(host, &ops);
	assert_int_equal(replace(host, &err), -EPERM);
	assert_non_null(strstr(err.text, "keep the mode of /etc/default/grub"));
	if (geteuid() == 0) {
		ops = host_real_ops;
		ops.fchown = refuse_owner;
		assert_int_equal(replace(host, &err), -EPERM);
		assert_non_null(strstr(err.text, "keep the owner of /etc/default/grub"));
	}
	host_free(host);
	tmproot_picture(root, &after);
	assert_string_equal(before.data, after.data);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_may_fail),
		cmocka_unit_test(interrupted_and_short_writes_go_on),
		cmocka_unit_test(a_file_system_without_modes_is_fine),
		cmocka_unit_test(a_mode_or_owner_that_cannot_be_kept_refuses),
	};

	return cmocka_run_group_tests_name("faults under the host door", tests, NULL, NULL);
}
