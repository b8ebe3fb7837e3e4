/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing through the host door on a file system that works: what is kept, what is refused, what is left. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "../support/faults.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "host/host.h"

#define CONF "/etc/default/grub"

struct fixture {
	char *root;
	struct host *host;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->root = tmproot_new();
	tmproot_put(f->root, CONF, "old\n");
	assert_int_equal(host_open(f->root, &f->host, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	host_free(f->host);
	tmproot_remove(f->root);
	free(f);
	return 0;
}

static bool needs_root(const char *what)
{
	if (geteuid() == 0)
		return false;
	print_message("NOT TRIED, not root: %s\n", what);
	return true;
}

static int put(struct fixture *f, const char *path, const char *text, struct err *err)
{
	return host_write(f->host, path, text, strlen(text), NULL, err);
}

static void assert_content(struct fixture *f, const char *path, const char *expect)
{
	auto_str struct str s = STR_INIT;

	assert_true(tmproot_get(f->root, path, &s));
	assert_string_equal(s.data, expect);
}

/* A refusal says the path, changes nothing and leaves nothing behind; the check says the same beforehand. */
static void assert_refused(struct fixture *f, const char *path, int code, const char *word)
{
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;
	struct err err = ERR_INIT;

	tmproot_picture(f->root, &before);
	assert_int_equal(host_check_writable(f->host, path, &err), code);
	assert_non_null(strstr(err.text, word));
	err_clear(&err);
	assert_int_equal(put(f, path, "new\n", &err), code);
	assert_non_null(strstr(err.text, word));
	assert_int_equal(err.code, code);
	tmproot_picture(f->root, &after);
	assert_string_equal(before.data, after.data);
}

static void replaces_a_file_whole(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, CONF);
	struct stat before;
	struct stat after;

	assert_int_equal(stat(full, &before), 0);
	assert_int_equal(host_check_writable(f->host, CONF, NULL), 0);
	assert_int_equal(put(f, CONF, "new\n", NULL), 0);
	assert_content(f, CONF, "new\n");
	assert_int_equal(stat(full, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(tmproot_count(f->root, ".vfiotui-"), 0);
}

static void a_stage_is_not_visible_before_its_commit(void **state)
{
	struct fixture *f = *state;
	auto_free char *temp = NULL;
	struct host_stage stage;
	struct stat st;

	assert_int_equal(host_stage(f->host, CONF, "new\n", 4, NULL, &stage, NULL), 0);
	assert_content(f, CONF, "old\n");
	temp = xasprintf("%s/etc/default/%s", f->root, stage.temp);
	assert_int_equal(stat(temp, &st), 0);
	assert_true(text_starts_with(stage.temp, ".grub.vfiotui-"));
	host_stage_release(f->host, &stage);
	assert_content(f, CONF, "old\n");
	assert_int_equal(tmproot_count(f->root, ".vfiotui-"), 0);
	assert_int_equal(host_stage(f->host, CONF, "new\n", 4, NULL, &stage, NULL), 0);
	assert_int_equal(host_commit(f->host, &stage, NULL), 0);
	assert_content(f, CONF, "new\n");
	host_stage_release(f->host, &stage);
	assert_content(f, CONF, "new\n");
}

/* The bytes must be on the disk before the name points to them, and the name before it counts as done. */
static void syncs_the_file_first_and_its_directory_last(void **state)
{
	struct fixture *f = *state;
	struct faults faults;

	faults_init(&faults, FAULTS_ALL, 0, 0, false);
	host_set_ops(f->host, &faults.ops);
	assert_int_equal(put(f, CONF, "new\n", NULL), 0);
	host_set_ops(f->host, NULL);
	assert_int_equal(faults.renames, 1);
	assert_int_equal(faults.fsyncs_before_rename, 1);
	assert_int_equal(faults.fsyncs_after_rename, 1);
}

static void keeps_mode_and_owner(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, CONF);
	static const mode_t modes[] = {0600, 0640, 0644, 0444, 0755, 0000, 02750, 04711};
	bool root = !needs_root("owner of a replaced file");

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct stat st;

		if (!root && !(modes[i] & 0400))
			continue;
		if (root)
			assert_int_equal(chown(full, 1234, 4321), 0);
		assert_int_equal(chmod(full, modes[i]), 0);
		assert_int_equal(put(f, CONF, "new\n", NULL), 0);
		assert_int_equal(stat(full, &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
		if (root) {
			assert_int_equal(st.st_uid, 1234);
			assert_int_equal(st.st_gid, 4321);
		}
	}
}

static void a_new_file_gets_what_is_asked_whatever_the_umask(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, "/var/lib/x/secret");
	auto_free char *dir = tmproot_path(f->root, "/var/lib/x");
	struct host_new as = {.mode = 0640, .uid = (uid_t)-1, .gid = (gid_t)-1};
	mode_t before = umask(0077);
	struct stat st;

	assert_int_equal(host_write(f->host, "/var/lib/x/secret", "s", 1, &as, NULL), 0);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(host_mkdirs(f->host, "/var/lib/y/z", 0700, NULL), 0);
	assert_int_equal(host_mkdirs(f->host, "/var/lib/y/z", 0700, NULL), 0);
	umask(before);
	assert_true(tmproot_has(f->root, "/var/lib/y/z"));
	assert_int_equal(host_mkdirs(f->host, CONF, 0700, NULL), -ENOTDIR);
}

/* POSIX ACL version 2 as in linux/posix_acl_xattr.h: owner rw, user 33 r, group r, mask r, others none. */
#define NOBODY 0xff, 0xff, 0xff, 0xff
static const unsigned char acl[] = {
	/* clang-format off */
	2, 0, 0, 0,
	0x01, 0, 6, 0, NOBODY,
	0x02, 0, 4, 0, 33, 0, 0, 0,
	0x04, 0, 4, 0, NOBODY,
	0x10, 0, 4, 0, NOBODY,
	0x20, 0, 0, 0, NOBODY,
	/* clang-format on */
};

static void keeps_xattrs_and_label(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, CONF);
	static const char label[] = "system_u:object_r:bootloader_etc_t:s0";
	char got[128];

	if (setxattr(full, "user.note", "kept", 4, 0) ||
	    setxattr(full, "system.posix_acl_access", acl, sizeof(acl), 0)) {
		print_message("NOT TRIED, no xattrs in %s\n", f->root);
		return;
	}
	if (needs_root("SELinux label") ||
	    setxattr(full, "security.selinux", label, sizeof(label), 0))
		print_message("NOT TRIED: SELinux label\n");
	assert_int_equal(put(f, CONF, "new\n", NULL), 0);
	assert_content(f, CONF, "new\n");
	assert_int_equal(getxattr(full, "user.note", got, sizeof(got)), 4);
	assert_memory_equal(got, "kept", 4);
	assert_int_equal(getxattr(full, "system.posix_acl_access", got, sizeof(got)), sizeof(acl));
	assert_memory_equal(got, acl, sizeof(acl));
	if (geteuid() == 0) {
		assert_int_equal(getxattr(full, "security.selinux", got, sizeof(got)),
				 sizeof(label));
		assert_string_equal(got, label);
	}
}

/* A default ACL of the directory must not open a file that had no ACL. */
static void a_directorys_default_acl_does_not_open_a_file(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, CONF);
	auto_free char *dir = tmproot_path(f->root, "/etc/default");
	struct stat st;

	assert_int_equal(chmod(full, 0640), 0);
	if (setxattr(dir, "system.posix_acl_default", acl, sizeof(acl), 0)) {
		print_message("NOT TRIED, no ACLs in %s\n", f->root);
		return;
	}
	assert_int_equal(put(f, CONF, "new\n", NULL), 0);
	assert_int_equal(getxattr(full, "system.posix_acl_access", NULL, 0), -1);
	assert_int_equal(errno, ENODATA);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void follows_links_inside_the_root(void **state)
{
	struct fixture *f = *state;

	tmproot_put(f->root, "/data/real.conf", "old\n");
	tmproot_link(f->root, "/etc/a.conf", "../../../../data/b.conf");
	tmproot_link(f->root, "/data/b.conf", "/data/real.conf");
	tmproot_link(f->root, "/etc/drop.d", "/data/drop.d");
	tmproot_mkdir(f->root, "/data/drop.d");
	assert_int_equal(put(f, "/etc/a.conf", "new\n", NULL), 0);
	assert_content(f, "/data/real.conf", "new\n");
	assert_int_equal(put(f, "/etc/drop.d/x.conf", "x\n", NULL), 0);
	assert_content(f, "/data/drop.d/x.conf", "x\n");
	assert_int_equal(put(f, "/etc/drop.d/sub/y.conf", "y\n", NULL), 0);
	assert_content(f, "/data/drop.d/sub/y.conf", "y\n");
	{
		auto_free char *link = tmproot_path(f->root, "/etc/a.conf");
		struct stat st;

		assert_int_equal(lstat(link, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
}

static void what_cannot_be_replaced_is_refused(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, CONF);
	auto_free char *other = tmproot_path(f->root, "/etc/twin");
	auto_free char *fifo = tmproot_path(f->root, "/etc/fifo");

	assert_int_equal(link(full, other), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	tmproot_link(f->root, "/etc/nowhere", "/data/none");
	tmproot_link(f->root, "/etc/nodir", "/data/none.d");
	tmproot_link(f->root, "/etc/loop", "loop");
	tmproot_link(f->root, "/etc/magic", "/proc/self/root/etc/passwd");
	assert_refused(f, CONF, -EMLINK, "hard link");
	assert_refused(f, "/etc/fifo", -EINVAL, "regular file");
	assert_refused(f, "/etc/default", -EISDIR, "directory");
	assert_refused(f, "/", -EISDIR, "/");
	assert_refused(f, "/etc/nowhere", -ENOENT, "leads to nothing");
	assert_refused(f, "/etc/nodir/x.conf", -ENOENT, "leads to nothing");
	assert_refused(f, "/etc/magic", -ENOENT, "leads to nothing");
	assert_refused(f, "/etc/loop", -ELOOP, "circle");
	assert_refused(f, "/etc/twin/x", -ENOTDIR, "/etc/twin/x");
	assert_refused(f, "relative", -EINVAL, "relative");
}

static void set_flags(const char *full, int flags)
{
	int fd = open(full, O_RDONLY | O_NONBLOCK);

	assert_true(fd >= 0);
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) && flags)
		print_message("NOT TRIED: this file system has no immutable flag\n");
	close(fd);
}

static bool has_flags(const char *full)
{
	int flags = 0;
	int fd = open(full, O_RDONLY);

	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	close(fd);
	return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL);
}

static void immutable_files_are_refused(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, CONF);
	auto_free char *dir = tmproot_path(f->root, "/etc/default");

	if (needs_root("immutable files"))
		return;
	set_flags(full, FS_IMMUTABLE_FL);
	if (has_flags(full))
		assert_refused(f, CONF, -EPERM, "immutable");
	set_flags(full, 0);
	set_flags(dir, FS_IMMUTABLE_FL);
	if (has_flags(dir))
		assert_refused(f, CONF, -EPERM, "immutable");
	set_flags(dir, 0);
	assert_int_equal(put(f, CONF, "new\n", NULL), 0);
}

static void try_mounts(struct fixture *f)
{
	auto_free char *full = tmproot_path(f->root, CONF);
	auto_free char *spare = tmproot_path(f->root, "/spare");
	auto_free char *ro = tmproot_path(f->root, "/ro");
	auto_free char *tiny = tmproot_path(f->root, "/tiny");
	auto_free char *big = xcalloc(1, 300000);
	struct err err = ERR_INIT;

	tmproot_put(f->root, "/spare", "spare\n");
	tmproot_mkdir(f->root, "/ro");
	tmproot_mkdir(f->root, "/tiny");
	assert_int_equal(mount(spare, full, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount("none", ro, "tmpfs", MS_RDONLY, NULL), 0);
	assert_int_equal(mount("none", tiny, "tmpfs", 0, "size=64k"), 0);
	assert_refused(f, CONF, -EBUSY, "mounted on it");
	assert_refused(f, "/ro/x.conf", -EROFS, "read-only");
	assert_refused(f, "/ro/new/x.conf", -EROFS, "ead-only");
	tmproot_put(f->root, "/tiny/x.conf", "old\n");
	assert_int_equal(host_write(f->host, "/tiny/x.conf", big, 300000, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "full"));
	assert_content(f, "/tiny/x.conf", "old\n");
	assert_int_equal(tmproot_count(f->root, ".vfiotui-"), 0);
	assert_int_equal(put(f, "/tiny/x.conf", "new\n", &err), 0);
}

/* In a child with mounts of its own, which vanish with it. */
static void mounts_and_full_disks_are_refused(void **state)
{
	struct fixture *f = *state;
	int status = 0;
	pid_t pid;

	if (needs_root("mounts, read-only and full file systems"))
		return;
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(77);
		host_free(f->host);
		assert_int_equal(host_open(f->root, &f->host, NULL), 0);
		try_mounts(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		print_message("NOT TRIED: no mounts allowed here\n");
	else
		assert_int_equal(status, 0);
}

static void directories_made_for_a_stage_go_with_it(void **state)
{
	struct fixture *f = *state;
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;
	struct host_stage a;
	struct host_stage b;

	tmproot_picture(f->root, &before);
	assert_int_equal(host_stage(f->host, "/n1/n2/a", "x", 1, NULL, &a, NULL), 0);
	assert_int_equal(host_stage(f->host, "/n1/n2/n3/b", "x", 1, NULL, &b, NULL), 0);
	assert_true(tmproot_has(f->root, "/n1/n2/n3"));
	host_stage_release(f->host, &b);
	host_stage_release(f->host, &a);
	tmproot_picture(f->root, &after);
	assert_string_equal(before.data, after.data);
}

static void removes_on_commit_only(void **state)
{
	struct fixture *f = *state;
	struct host_stage stage;
	struct err err = ERR_INIT;

	assert_int_equal(host_stage_remove(f->host, CONF, &stage, &err), 0);
	assert_true(tmproot_has(f->root, CONF));
	host_stage_release(f->host, &stage);
	assert_true(tmproot_has(f->root, CONF));
	assert_int_equal(host_stage_remove(f->host, CONF, &stage, &err), 0);
	assert_int_equal(host_commit(f->host, &stage, &err), 0);
	host_stage_release(f->host, &stage);
	assert_false(tmproot_has(f->root, CONF));
	assert_int_equal(host_stage_remove(f->host, CONF, &stage, &err), -ENOENT);
	assert_int_equal(host_remove(f->host, CONF, &err), 0);
	assert_int_equal(host_remove(f->host, "/etc/default", &err), 0);
	assert_false(tmproot_has(f->root, "/etc/default"));
	tmproot_put(f->root, "/full/x", "");
	assert_int_equal(host_remove(f->host, "/full", &err), -ENOTEMPTY);
	assert_int_equal(host_remove(f->host, "/full/..", &err), -EINVAL);
}

static void long_names_still_have_room_for_a_temporary(void **state)
{
	struct fixture *f = *state;
	char path[300];

	memset(path, 'n', sizeof(path));
	memcpy(path, "/etc/", 5);
	path[5 + 255] = '\0';
	assert_int_equal(put(f, path, "one\n", NULL), 0);
	assert_int_equal(put(f, path, "two\n", NULL), 0);
	assert_content(f, path, "two\n");
}

static void strays_of_a_killed_run_are_removed_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	static const char *const kept[] = {
		"/etc/default/.grub.vfiotui-", "/etc/default/.grub.vfiotui-abcdefg",
		"/etc/default/grub.vfiotui-abcdef", "/etc/default/.grub2.vfiotui-abcdef",
		"/etc/default/.other.vfiotui-abcdef"};

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		tmproot_put(f->root, kept[i], "");
	tmproot_put(f->root, "/etc/default/.grub.vfiotui-abcdef", "half");
	assert_int_equal(host_remove_strays(f->host, CONF, NULL), 0);
	assert_false(tmproot_has(f->root, "/etc/default/.grub.vfiotui-abcdef"));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_true(tmproot_has(f->root, kept[i]));
	assert_content(f, CONF, "old\n");
	assert_int_equal(host_remove_strays(f->host, "/none/x", NULL), 0);
}

static void attributes_are_written_in_place(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	tmproot_put(f->root, "/sys/driver_override", "(null) and more\n");
	assert_int_equal(host_write_attribute(f->host, "/sys/driver_override", "vfio-pci", &err),
			 0);
	assert_content(f, "/sys/driver_override", "vfio-pci");
	assert_int_equal(host_write_attribute(f->host, "/sys/driver_override", "", &err), 0);
	assert_content(f, "/sys/driver_override", "\n");
	assert_int_equal(host_write_attribute(f->host, "/sys/none", "x", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/sys/none"));
	assert_false(tmproot_has(f->root, "/sys/none"));
}

static void a_second_lock_names_the_holder(void **state)
{
	struct fixture *f = *state;
	char pid[32];
	struct err err = ERR_INIT;
	auto_str struct str who = STR_INIT;
	int first;
	int second;

	assert_false(host_lock_is_held(f->host, "/run/lock", &who));
	/* A longer pid of an earlier holder must not show through. */
	tmproot_put(f->root, "/run/lock", "99999999999\n");
	first = host_lock(f->host, "/run/lock", &err);
	assert_true(first >= 0);
	assert_int_equal(host_lock(f->host, "/run/lock", &err), -EWOULDBLOCK);
	snprintf(pid, sizeof(pid), "(process %d, since 2", (int)getpid());
	assert_non_null(strstr(err.text, pid));
	assert_true(host_lock_is_held(f->host, "/run/lock", &who));
	snprintf(pid, sizeof(pid), "process %d, since 2", (int)getpid());
	assert_ptr_equal(strstr(who.data, pid), who.data);
	close(first);
	assert_false(host_lock_is_held(f->host, "/run/lock", &who));
	second = host_lock(f->host, "/run/lock", &err);
	assert_true(second >= 0);
	close(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replaces_a_file_whole),
		TEST(a_stage_is_not_visible_before_its_commit),
		TEST(syncs_the_file_first_and_its_directory_last),
		TEST(keeps_mode_and_owner),
		TEST(a_new_file_gets_what_is_asked_whatever_the_umask),
		TEST(keeps_xattrs_and_label),
		TEST(a_directorys_default_acl_does_not_open_a_file),
		TEST(follows_links_inside_the_root),
		TEST(what_cannot_be_replaced_is_refused),
		TEST(immutable_files_are_refused),
		TEST(mounts_and_full_disks_are_refused),
		TEST(directories_made_for_a_stage_go_with_it),
		TEST(removes_on_commit_only),
		TEST(long_names_still_have_room_for_a_temporary),
		TEST(strays_of_a_killed_run_are_removed_and_nothing_else),
		TEST(attributes_are_written_in_place),
		TEST(a_second_lock_names_the_holder),
	};

	return cmocka_run_group_tests_name("writing through the host door", tests, NULL, NULL);
}
