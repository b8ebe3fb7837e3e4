/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children: what they are started with, what comes back, and that none outlives its time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "host/process.h"

static void sh(const char *script, int timeout_ms, struct process_result *r)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct err err = ERR_INIT;

	assert_int_equal(process_run(argv, timeout_ms, r, &err), 0);
}

static void gives_output_errors_and_status_apart(void **state)
{
	static const struct {
		const char *script;
		const char *out;
		const char *errors;
		int status;
	} cases[] = {
		{"echo out; echo err >&2; exit 3", "out\n", "err\n", 3},
		{"true", "", "", 0},
		{"kill -9 $$", "", "", 128 + SIGKILL},
		{"cat", "", "", 0}, /* stdin is empty */
		{"printf 'a\\000b'", "a", "", 0},
		{"exec >&- 2>&-; sleep 0.1; exit 5", "", "", 5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct process_result r = PROCESS_RESULT_INIT;

		sh(cases[i].script, 10000, &r);
		assert_string_equal(r.out.data, cases[i].out);
		assert_string_equal(r.errors.data, cases[i].errors);
		assert_int_equal(r.status, cases[i].status);
		process_result_release(&r);
	}
}

static void children_start_clean(void **state)
{
	struct process_result r = PROCESS_RESULT_INIT;
	sigset_t all;
	sigset_t before;
	mode_t mask;
	int fd = fcntl(STDIN_FILENO, F_DUPFD, 50); /* without FD_CLOEXEC: a child must not see it */
	const char *ignored;
	char leaked[64];

	(void)state;
	snprintf(leaked, sizeof(leaked), "LEAK %d\n", fd);
	setenv("LD_PRELOAD_NOT", "x", 1);
	setenv("BASH_ENV", "/nonexistent", 1);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	signal(SIGPIPE, SIG_IGN);
	mask = umask(0077);
	assert_int_equal(chdir("/tmp"), 0);
	sh("umask; pwd; env | grep -E '^(PATH|LANG|HOME|TERM|LD_PRELOAD_NOT|BASH_ENV)=' | sort;"
	   "grep -E '^Sig(Blk|Ign)' /proc/self/status;"
	   "for f in /proc/$$/fd/*; do echo LEAK ${f##*/}; done",
	   10000, &r);
	assert_int_equal(umask(mask), 0077); /* ours is as it was */
	assert_memory_equal(r.out.data, "0022\n/\n", 7);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	close(fd);
	assert_null(strstr(r.out.data, "LD_PRELOAD_NOT"));
	assert_null(strstr(r.out.data, "BASH_ENV"));
	assert_non_null(strstr(r.out.data, "LANG=C.UTF-8\n"));
	assert_non_null(strstr(r.out.data, "TERM=dumb\n"));
	assert_non_null(strstr(
		r.out.data, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
	assert_non_null(strstr(r.out.data, "SigBlk:\t0000000000000000\n"));
	/* posix_spawn of glibc ignores its own two, 32 and 33. */
	ignored = strstr(r.out.data, "SigIgn:");
	assert_non_null(ignored);
	assert_int_equal(strtoull(ignored + 8, NULL, 16) & 0x7fffffff, 0);
	assert_null(strstr(r.out.data, leaked));
	process_result_release(&r);
}

static void a_program_that_is_not_there_is_said(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *word;
	} cases[] = {
		{"no-such-program-here", -ENOENT, "no such program"},
		{"/no/such/path", -ENOENT, "/no/such/path"},
		{"/etc/passwd", -EACCES, "/etc/passwd"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const argv[] = {cases[i].name, NULL};
		auto_strv struct strv words = STRV_INIT;
		struct process_result r = PROCESS_RESULT_INIT;
		struct process p = PROCESS_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(process_run(argv, 1000, &r, &err), cases[i].code);
		assert_non_null(strstr(err.text, cases[i].word));
		process_result_release(&r);
		strv_add(&words, cases[i].name);
		assert_int_equal(process_spawn(&p, &words, &err), cases[i].code);
		assert_int_equal(p.pid, 0);
		assert_int_equal(p.fd, -1);
	}
}

static void a_command_without_a_name_is_refused(void **state)
{
	const char *const argv[] = {NULL};
	struct strv none = STRV_INIT;
	struct process_result r = PROCESS_RESULT_INIT;
	struct process p = PROCESS_INIT;

	(void)state;
	assert_int_equal(process_run(argv, 1000, &r, NULL), -EINVAL);
	assert_int_equal(process_spawn(&p, &none, NULL), -EINVAL);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Also when the child hides behind closed pipes. */
static void what_takes_too_long_is_killed_with_its_children(void **state)
{
	static const char *const scripts[] = {
		"echo begun; sleep 60",
		"exec >&- 2>&-; sleep 60",
		"trap '' TERM INT HUP; sleep 60; sleep 60",
		"yes",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct process_result r = PROCESS_RESULT_INIT;
		long start = now_ms();

		sh(scripts[i], 200, &r);
		assert_int_equal(r.status, 124);
		assert_true(now_ms() - start >= 190 && now_ms() - start < 50000);
		process_result_release(&r);
	}
}

/* However late the shell gets to start them. */
static void children_of_children_are_killed_too(void **state)
{
	pid_t grandchild = 0;

	(void)state;
	for (int limit = 100; grandchild == 0 && limit < 100000; limit *= 2) {
		struct process_result r = PROCESS_RESULT_INIT;

		sh("sleep 600 & sleep 600 & echo $!; wait", limit, &r);
		assert_int_equal(r.status, 124);
		grandchild = r.out.len ? atoi(r.out.data) : 0;
		process_result_release(&r);
	}
	assert_true(grandchild > 0);
	for (int k = 0; k < 6000 && !kill(grandchild, 0); k++)
		usleep(10000);
	assert_int_equal(kill(grandchild, 0), -1);
}

static void output_is_kept_up_to_a_limit_and_the_rest_drained(void **state)
{
	struct process_result r = PROCESS_RESULT_INIT;

	(void)state;
	sh("head -c 40000000 /dev/zero; echo end >&2", 60000, &r);
	assert_int_equal(r.status, 0);
	assert_true(r.out.len >= 16U << 20 && r.out.len < 17U << 20);
	assert_string_equal(r.errors.data, "end\n");
	process_result_release(&r);
}

static int stream(const char *script, struct str *out)
{
	auto_strv struct strv argv = STRV_INIT;
	struct process p = PROCESS_INIT;
	struct err err = ERR_INIT;
	int r;

	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	assert_int_equal(process_spawn(&p, &argv, &err), 0);
	while ((r = process_read(&p, out)) == 1) {
		struct pollfd fd = {.fd = p.fd, .events = POLLIN};

		assert_true(poll(&fd, 1, 60000) > 0);
	}
	assert_int_equal(r, 0);
	assert_int_equal(p.fd, -1);
	return process_reap(&p);
}

static void streams_both_outputs_in_order(void **state)
{
	auto_str struct str out = STR_INIT;

	(void)state;
	assert_int_equal(stream("echo 1; echo 2 >&2; echo 3; exit 7", &out), 7);
	assert_string_equal(out.data, "1\n2\n3\n");
	str_clear(&out);
	assert_int_equal(stream("seq 100000", &out), 0);
	assert_int_equal(out.len, 588895);
}

static void reading_does_not_wait(void **state)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_str struct str out = STR_INIT;
	struct process p = PROCESS_INIT;
	long start = now_ms();

	(void)state;
	strv_add(&argv, "sleep");
	strv_add(&argv, "60");
	assert_int_equal(process_spawn(&p, &argv, NULL), 0);
	assert_int_equal(process_read(&p, &out), 1);
	assert_int_equal(getpgid(p.pid), p.pid);
	process_signal(&p, SIGTERM);
	assert_int_equal(process_reap(&p), 128 + SIGTERM);
	assert_int_equal(p.pid, 0);
	assert_true(now_ms() - start < 50000); /* sleep would take longer */
}

static void a_child_that_never_stops_talking_is_read_in_portions(void **state)
{
	auto_strv struct strv argv = STRV_INIT;
	struct process p = PROCESS_INIT;

	(void)state;
	strv_split(&argv, "dd if=/dev/zero bs=1M count=8 status=none", " ");
	assert_int_equal(process_spawn(&p, &argv, NULL), 0);
	for (int more = 1; more;) {
		auto_str struct str out = STR_INIT;

		more = process_read(&p, &out);
		assert_true(out.len <= 1 << 20);
	}
	assert_int_equal(process_reap(&p), 0);
}

/* The command is over, though what it left in the background holds its output. */
static void the_end_is_seen_whoever_holds_the_output(void **state)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_str struct str out = STR_INIT;
	struct process p = PROCESS_INIT;
	const long start = now_ms();

	(void)state;
	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, "sleep 600 & echo done; exit 3");
	assert_int_equal(process_spawn(&p, &argv, NULL), 0);
	while (!process_has_ended(&p) && now_ms() - start < 60000)
		usleep(1000);
	assert_true(process_has_ended(&p)); /* and may be asked again */
	assert_int_equal(process_read(&p, &out), 1);
	assert_string_equal(out.data, "done\n");
	kill(-p.pid, SIGKILL);
	assert_int_equal(process_reap(&p), 3);
	assert_true(process_has_ended(&p));
}

static int open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_fd_is_left_open(void **state)
{
	static const char *const missing[] = {"no-such-program-here", NULL};
	int before = open_fds();

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct process_result r = PROCESS_RESULT_INIT;
		auto_str struct str out = STR_INIT;

		sh(i % 2 ? "echo x" : "sleep 60", 50, &r);
		process_result_release(&r);
		assert_int_equal(process_run(missing, 50, &r, NULL), -ENOENT);
		process_result_release(&r);
		stream("echo x", &out);
	}
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_output_errors_and_status_apart),
		cmocka_unit_test(children_start_clean),
		cmocka_unit_test(a_program_that_is_not_there_is_said),
		cmocka_unit_test(a_command_without_a_name_is_refused),
		cmocka_unit_test(what_takes_too_long_is_killed_with_its_children),
		cmocka_unit_test(children_of_children_are_killed_too),
		cmocka_unit_test(output_is_kept_up_to_a_limit_and_the_rest_drained),
		cmocka_unit_test(streams_both_outputs_in_order),
		cmocka_unit_test(reading_does_not_wait),
		cmocka_unit_test(a_child_that_never_stops_talking_is_read_in_portions),
		cmocka_unit_test(the_end_is_seen_whoever_holds_the_output),
		cmocka_unit_test(no_fd_is_left_open),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
