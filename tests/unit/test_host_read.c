/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading through the host door: nothing leaves the root, odd files are refused, kernel files are read whole. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../support/faults.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "host/host.h"

struct fixture {
	char *root;
	struct host *host;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->root = tmproot_new();
	tmproot_put(f->root, "/etc/hostname", "vm\n");
	tmproot_put(f->root, "/etc/real/deep.conf", "deep\n");
	tmproot_put(f->root, "/outside-name", "inside\n");
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

static void reads_a_file_and_appends(void **state)
{
	struct fixture *f = *state;
	auto_str struct str s = STR_INIT;

	str_adds(&s, "before:");
	assert_int_equal(host_read(f->host, "/etc/hostname", &s, NULL), 0);
	assert_string_equal(s.data, "before:vm\n");
	assert_int_equal(host_read_line(f->host, "/etc/hostname", &s, NULL), 0);
	assert_string_equal(s.data, "vm");
	str_clear(&s);
	assert_int_equal(host_read_some(f->host, "/etc/hostname", 1, &s, NULL), 0);
	assert_string_equal(s.data, "v");
}

static void keeps_nul_bytes(void **state)
{
	struct fixture *f = *state;
	auto_str struct str s = STR_INIT;

	tmproot_put_bytes(f->root, "/nul", "a\0b", 3);
	assert_int_equal(host_read(f->host, "/nul", &s, NULL), 0);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.data, "a\0b", 4);
}

/* Every way a path could try to leave the root, and where it must end instead. */
static void no_path_leaves_the_root(void **state)
{
	static const struct {
		const char *link; /* text of the link at /l */
		const char *path;
		const char *expect; /* contents, or NULL: refused */
	} cases[] = {
		{"/etc/hostname", "/l", "vm\n"},
		{"/outside-name", "/l", "inside\n"},
		{"../../../../../../outside-name", "/l", "inside\n"},
		{"etc", "/l/../../../etc/hostname", "vm\n"},
		{"/", "/l/etc/hostname", "vm\n"},
		{"x", "/../../../../outside-name", "inside\n"},
		{"/proc/self/root/etc/hostname", "/l", NULL},
		{"l", "/l", NULL},
		{"/nowhere", "/l", NULL},
	};

	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *full = tmproot_path(f->root, "/l");
		auto_str struct str s = STR_INIT;
		struct err err = ERR_INIT;
		int r;

		unlink(full);
		tmproot_link(f->root, "/l", cases[i].link);
		r = host_read(f->host, cases[i].path, &s, &err);
		if (cases[i].expect) {
			assert_int_equal(r, 0);
			assert_string_equal(s.data, cases[i].expect);
		} else {
			assert_true(r < 0);
			assert_int_equal(err.code, r);
			assert_non_null(strstr(err.text, cases[i].path));
		}
	}
}

/* A link to a file that exists on this machine, but not in the root, must not be found. */
static void this_machine_is_not_seen(void **state)
{
	struct fixture *f = *state;
	auto_str struct str s = STR_INIT;
	struct stat st;

	assert_int_equal(stat("/etc/passwd", &st), 0);
	tmproot_link(f->root, "/etc/passwd", "/etc/passwd");
	tmproot_link(f->root, "/up", "../../../../../../../etc/passwd");
	assert_int_equal(host_read(f->host, "/etc/passwd", &s, NULL), -ELOOP);
	assert_int_equal(host_read(f->host, "/up", &s, NULL), -ELOOP);
	assert_int_equal(host_stat(f->host, "/etc/passwd", &st, NULL), -ELOOP);
	assert_false(host_exists(f->host, "/up"));
	assert_int_equal(s.len, 0);
}

static void magic_links_are_refused(void **state)
{
	struct host *live;
	auto_str struct str s = STR_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(host_open("/", &live, &err), 0);
	assert_true(host_is_live(live));
	assert_int_equal(host_read(live, "/proc/self/root/etc/passwd", &s, &err), -ELOOP);
	assert_int_equal(host_realpath(live, "/proc/self/exe", &s, &err), -ELOOP);
	host_free(live);
}

static void only_the_own_root_is_live(void **state)
{
	struct fixture *f = *state;
	static const char *const live[] = {"/", "//", "/.", "/proc/self/root"};
	struct host *host;

	assert_false(host_is_live(f->host));
	assert_string_equal(host_root(f->host), f->root);
	for (size_t i = 0; i < ARRAY_SIZE(live); i++) {
		assert_int_equal(host_open(live[i], &host, NULL), 0);
		assert_true(host_is_live(host));
		host_free(host);
	}
	assert_int_equal(host_open("/nonexistent-root", &host, NULL), -ENOENT);
	assert_int_equal(host_open("/etc/passwd", &host, NULL), -ENOTDIR);
}

static void odd_files_are_refused_without_waiting(void **state)
{
	struct fixture *f = *state;
	auto_free char *fifo = tmproot_path(f->root, "/fifo");
	auto_str struct str s = STR_INIT;
	struct err err = ERR_INIT;
	struct host *live;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(host_read(f->host, "/fifo", &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/fifo"));
	assert_int_equal(host_read_some(f->host, "/fifo", 1, &s, &err), -EINVAL);
	assert_int_equal(host_read(f->host, "/etc", &s, &err), -EISDIR);
	assert_int_equal(host_open("/", &live, NULL), 0);
	assert_int_equal(host_read(live, "/dev/zero", &s, &err), -EINVAL);
	assert_int_equal(host_read_some(live, "/dev/zero", 5, &s, &err), 0);
	assert_int_equal(s.len, 5);
	host_free(live);
}

static void too_large_files_are_refused(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, "/big");
	auto_str struct str s = STR_INIT;
	struct err err = ERR_INIT;

	tmproot_put(f->root, "/big", "");
	assert_int_equal(truncate(full, HOST_FILE_MAX), 0);
	assert_int_equal(host_read(f->host, "/big", &s, &err), 0);
	assert_int_equal(s.len, HOST_FILE_MAX);
	str_clear(&s);
	assert_int_equal(truncate(full, (off_t)HOST_FILE_MAX + 1), 0);
	assert_int_equal(host_read(f->host, "/big", &s, &err), -EFBIG);
	assert_int_equal(s.len, 0);
	assert_int_equal(host_read_some(f->host, "/big", 10, &s, &err), 0);
	assert_int_equal(s.len, 10);
}

static void kernel_files_without_size_are_read_whole(void **state)
{
	struct host *live;
	auto_str struct str s = STR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(host_open("/", &live, NULL), 0);
	assert_int_equal(host_stat(live, "/proc/self/mountinfo", &st, NULL), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(host_read(live, "/proc/self/mountinfo", &s, NULL), 0);
	assert_true(s.len > 0);
	assert_int_equal(s.data[s.len - 1], '\n');
	assert_int_equal(host_read_line(live, "/sys/class/net/lo/address", &s, NULL), 0);
	assert_string_equal(s.data, "00:00:00:00:00:00");
	host_free(live);
}

static void links_are_read_and_followed(void **state)
{
	struct fixture *f = *state;
	auto_str struct str s = STR_INIT;
	struct err err = ERR_INIT;

	tmproot_link(f->root, "/a", "/b/../c");
	tmproot_link(f->root, "/c", "etc/./real//");
	tmproot_mkdir(f->root, "/b");
	assert_int_equal(host_link(f->host, "/a", &s, &err), 0);
	assert_string_equal(s.data, "/b/../c");
	assert_int_equal(host_link(f->host, "/etc/hostname", &s, &err), -EINVAL);
	assert_int_equal(host_link(f->host, "/none", &s, &err), -ENOENT);
	assert_int_equal(host_realpath(f->host, "/a/deep.conf", &s, &err), 0);
	assert_string_equal(s.data, "/etc/real/deep.conf");
	assert_int_equal(host_realpath(f->host, "/../..", &s, &err), 0);
	assert_string_equal(s.data, "/");
	assert_int_equal(host_realpath(f->host, "/a/none", &s, &err), -ENOENT);
	assert_int_equal(host_realpath(f->host, "relative", &s, &err), -EINVAL);
}

static void lists_are_sorted_and_whole(void **state)
{
	struct fixture *f = *state;
	auto_strv struct strv v = STRV_INIT;
	auto_free char *joined = NULL;
	struct err err = ERR_INIT;

	tmproot_put(f->root, "/d/b", "");
	tmproot_put(f->root, "/d/.hidden", "");
	tmproot_put(f->root, "/d/a", "");
	strv_add(&v, "first");
	assert_int_equal(host_list(f->host, "/d", &v, &err), 0);
	joined = strv_join(&v, " ");
	assert_string_equal(joined, "first .hidden a b");
	assert_int_equal(host_list(f->host, "/none", &v, &err), -ENOENT);
	assert_int_equal(host_list(f->host, "/etc/hostname", &v, &err), -ENOTDIR);
	assert_int_equal(v.len, 4);
}

static void a_directory_held_open_reads_single_names(void **state)
{
	struct fixture *f = *state;
	auto_host_dir struct host_dir d = HOST_DIR_INIT;
	auto_str struct str s = STR_INIT;
	static const char *const refused[] = {"../etc/hostname", "..", "/etc/hostname", ""};

	tmproot_put(f->root, "/sys/dev/vendor", "0x10de\n");
	tmproot_link(f->root, "/sys/dev/driver", "../../drivers/nvidia");
	tmproot_link(f->root, "/sys/dev/out", "/etc/hostname");
	assert_int_equal(host_dir_open(f->host, "/sys/dev", &d, NULL), 0);
	assert_int_equal(host_dir_read(&d, "vendor", 64, &s), 0);
	assert_string_equal(s.data, "0x10de\n");
	assert_int_equal(host_dir_read(&d, "vendor", 3, &s), 0);
	assert_string_equal(s.data, "0x1");
	assert_int_equal(host_dir_read(&d, "device", 64, &s), -ENOENT);
	assert_int_equal(s.len, 0);
	assert_int_equal(host_dir_link(&d, "driver", &s), 0);
	assert_string_equal(s.data, "../../drivers/nvidia");
	assert_int_equal(host_dir_read(&d, "out", 64, &s), -ELOOP);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(host_dir_read(&d, refused[i], 64, &s), -EINVAL);
		assert_int_equal(host_dir_link(&d, refused[i], &s), -EINVAL);
		assert_false(host_dir_has(&d, refused[i]));
	}
	assert_true(host_dir_has(&d, "vendor"));
	assert_true(host_dir_has(&d, "driver"));
	assert_false(host_dir_has(&d, "device"));
	host_dir_close(&d);
	assert_int_equal(host_dir_open(f->host, "/etc/hostname", &d, NULL), -ENOTDIR);
	assert_int_equal(d.fd, -1);
}

static void programs_are_found_in_the_root(void **state)
{
	struct fixture *f = *state;
	auto_free char *full = tmproot_path(f->root, "/opt/tool");
	auto_str struct str s = STR_INIT;

	tmproot_put(f->root, "/usr/bin/plain", "not executable");
	tmproot_put(f->root, "/opt/tool", "#!/bin/sh\n");
	tmproot_link(f->root, "/usr/sbin/tool", "/opt/tool");
	assert_int_equal(chmod(full, 0755), 0);
	assert_true(host_find_program(f->host, "tool", &s));
	assert_string_equal(s.data, "/usr/sbin/tool");
	assert_true(host_find_program(f->host, "tool", NULL));
	assert_false(host_find_program(f->host, "plain", NULL));
	assert_false(host_find_program(f->host, "sh", NULL));
	assert_false(host_find_program(f->host, "../../opt/tool", NULL));
	assert_false(host_find_program(f->host, "", NULL));
}

/* A failing call gives an error that names the path, never a part of the contents. */
static void a_failing_call_is_an_error(void **state)
{
	struct fixture *f = *state;

	for (long n = 1;; n++) {
		auto_str struct str s = STR_INIT;
		struct err err = ERR_INIT;
		struct faults faults;
		int r;

		faults_init(&faults, FAULTS_ALL, n, EIO, false);
		host_set_ops(f->host, &faults.ops);
		r = host_read(f->host, "/etc/hostname", &s, &err);
		host_set_ops(f->host, NULL);
		if (!faults.hit) {
			assert_true(n > 4);
			break;
		}
		if (!strcmp(faults.failed_on, "close"))
			continue; /* nothing is lost when closing a file that was read fails */
		assert_int_equal(r, -EIO);
		assert_int_equal(s.len, 0);
		assert_non_null(strstr(err.text, "/etc/hostname"));
	}
}

static void interrupted_reads_go_on(void **state)
{
	struct fixture *f = *state;
	auto_str struct str s = STR_INIT;
	struct faults faults;

	faults_init(&faults, FAULTS_ALL, 3, EINTR, false);
	host_set_ops(f->host, &faults.ops);
	assert_int_equal(host_read(f->host, "/etc/hostname", &s, NULL), 0);
	host_set_ops(f->host, NULL);
	assert_string_equal(faults.failed_on, "read");
	assert_string_equal(s.data, "vm\n");
}

static void a_missing_file_is_enoent_with_its_path(void **state)
{
	struct fixture *f = *state;
	auto_str struct str s = STR_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(host_read(f->host, "/no/such", &s, &err), -ENOENT);
	assert_string_equal(err.text, "cannot read /no/such: No such file or directory");
	assert_int_equal(host_read(f->host, "", &s, &err), -EINVAL);
}

/* From here on openat2 gives `error` in this process, as old kernels and container filters do. */
static bool forbid_openat2(int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Number of the first step that went wrong, 0 for none. */
static int try_without_openat2(const char *root, int error)
{
	struct err err = ERR_INIT;
	struct str s = STR_INIT;
	struct host *host;
	int wrong = 0;

	if (!forbid_openat2(error))
		return 1;
	if (host_open(root, &host, &err) != -ENOSYS || !strstr(err.text, "openat2"))
		return 2;
	if (host_open("/", &host, &err))
		return 3;
	if (host_read(host, "/proc/self/status", &s, &err) || !s.len)
		wrong = 4;
	else if (host_read(host, "/proc/none", &s, &err) != -ENOENT)
		wrong = 5;
	str_release(&s);
	host_free(host);
	return wrong;
}

static void without_openat2_only_the_own_root_is_opened(void **state)
{
	static const int errors[] = {ENOSYS, EPERM};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		int status = 0;
		pid_t pid = fork();

		if (!pid)
			_exit(try_without_openat2(f->root, errors[i]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_a_file_and_appends),
		TEST(keeps_nul_bytes),
		TEST(no_path_leaves_the_root),
		TEST(this_machine_is_not_seen),
		TEST(magic_links_are_refused),
		TEST(only_the_own_root_is_live),
		TEST(odd_files_are_refused_without_waiting),
		TEST(too_large_files_are_refused),
		TEST(kernel_files_without_size_are_read_whole),
		TEST(links_are_read_and_followed),
		TEST(lists_are_sorted_and_whole),
		TEST(a_directory_held_open_reads_single_names),
		TEST(programs_are_found_in_the_root),
		TEST(a_failing_call_is_an_error),
		TEST(interrupted_reads_go_on),
		TEST(without_openat2_only_the_own_root_is_opened),
		TEST(a_missing_file_is_enoent_with_its_path),
	};

	return cmocka_run_group_tests_name("reading through the host door", tests, NULL, NULL);
}
