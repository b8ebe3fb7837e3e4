/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define CLEAN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OUTPUT_MAX (16U << 20)
#define CHUNK 16384
/* Read at once: a child that never stops talking must not keep the reader from all else. */
#define CHUNKS_AT_ONCE 64
#define TIMED_OUT 124 /* as timeout(1) */
#define USUAL_UMASK 022

/* The name as a path that can be executed, for the caller to free; or NULL with errno set. */
static char *find_program(const char *name)
{
	auto_strv struct strv dirs = STRV_INIT;
	int why = ENOENT;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : xstrdup(name);
	strv_split(&dirs, CLEAN_PATH, ":");
	for (size_t i = 0; i < dirs.len; i++) {
		char *path = xasprintf("%s/%s", dirs.items[i], name);
		struct stat st;

		if (!stat(path, &st) && S_ISREG(st.st_mode)) {
			if (!access(path, X_OK))
				return path;
			why = EACCES;
		}
		free(path);
	}
	errno = why;
	return NULL;
}

static void clean_environment(struct strv *env)
{
	const char *home = getenv("HOME");

	strv_add(env, "PATH=" CLEAN_PATH);
	strv_add(env, "LANG=C.UTF-8");
	strv_addf(env, "HOME=%s", home && home[0] == '/' ? home : "/");
	strv_add(env, "TERM=dumb");
}

static void start_clean(posix_spawnattr_t *attr)
{
	sigset_t none;
	sigset_t all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(attr);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETPGROUP);
}

/* Where a child's output goes and what it is started with. */
struct start {
	int out, errors; /* fds, which may be one */
	bool own_env;    /* it gets this program's environment */
	bool own_session;
};

static void leave_the_terminal(posix_spawnattr_t *attr)
{
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETSID);
}

/* Starts argv[0]: 0 or a negative errno. */
static int start(char *const argv[], const struct start *how, pid_t *ret_pid)
{
	auto_strv struct strv env = STRV_INIT;
	auto_free char *program = find_program(argv[0]);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	mode_t mask;
	int r;

	if (!program)
		return -errno;
	clean_environment(&env);
	start_clean(&attr);
	if (how->own_session)
		leave_the_terminal(&attr);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, how->out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, how->errors, STDERR_FILENO);
	posix_spawn_file_actions_addchdir_np(&files, "/");
#if __GLIBC_PREREQ(2, 34)
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
#endif
	mask = umask(USUAL_UMASK); /* posix_spawn has no word for it; there are no threads here */
	r = posix_spawn(ret_pid, program, &files, &attr, argv, how->own_env ? environ : env.items);
	umask(mask);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -r;
}

static int no_name(struct err *reterr)
{
	return err_set(reterr, -EINVAL, "cannot run a command without a name");
}

static int start_failed(int code, const char *name, struct err *reterr)
{
	if (code == -ENOENT && !strchr(name, '/'))
		return err_set(reterr, code, "cannot run %s: there is no such program in %s", name,
			       CLEAN_PATH);
	errno = -code;
	return err_set(reterr, code, "cannot run %s: %m", name);
}

/* A pipe whose ends are above 2, so that giving them to the child as 1 and 2 overwrites neither. */
static int open_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	for (int i = 0; i < 2; i++) {
		int fd = ends[i] > STDERR_FILENO
				 ? ends[i]
				 : fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		if (fd < 0) {
			int r = -errno;

			close(ends[0]);
			close(ends[1]);
			ends[0] = ends[1] = -1;
			return r;
		}
		if (fd != ends[i])
			close(ends[i]);
		ends[i] = fd;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return 0;
}

int process_spawn(struct process *ret, const struct strv *argv, struct err *reterr)
{
	int ends[2];
	pid_t pid = 0;
	int r;

	if (!argv->items || !argv->items[0])
		return no_name(reterr);
	r = open_pipe(ends);
	if (!r) {
		r = start(argv->items, &(struct start){.out = ends[1], .errors = ends[1]}, &pid);
		close(ends[1]);
		if (r < 0)
			close(ends[0]);
	}
	if (r < 0)
		return start_failed(r, argv->items[0], reterr);
	*ret = (struct process){.pid = pid, .fd = ends[0]};
	return 0;
}

/*
 * Appends what a non-blocking pipe holds, up to CHUNKS_AT_ONCE: 1 while it is open. What goes beyond the most that
 * is kept is read and dropped.
 */
static int drain(int *fd, struct str *out)
{
	char chunk[CHUNK];
	ssize_t n = 1;

	for (int i = 0; i < CHUNKS_AT_ONCE; i++) {
		n = read(*fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (out->len < OUTPUT_MAX)
			str_add(out, chunk, (size_t)n);
	}
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return 1;
	n = n < 0 ? -errno : 0;
	close(*fd);
	*fd = -1;
	return (int)n;
}

int process_read(struct process *p, struct str *out)
{
	return p->fd < 0 ? 0 : drain(&p->fd, out);
}

bool process_has_ended(const struct process *p)
{
	siginfo_t info = {.si_pid = 0};

	return p->pid <= 0 || waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
	       info.si_pid == p->pid;
}

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static int wait_for(pid_t pid)
{
	int wait_status = 0;
	pid_t r;

	do {
		r = waitpid(pid, &wait_status, 0);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : status_of(wait_status);
}

int process_reap(struct process *p)
{
	int status;

	if (p->fd >= 0)
		close(p->fd);
	if (p->pid <= 0)
		return -ECHILD;
	status = wait_for(p->pid);
	*p = (struct process)PROCESS_INIT;
	return status;
}

void process_signal(const struct process *p, int signal_number)
{
	if (p->pid > 0)
		kill(-p->pid, signal_number);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads both pipes until both are closed; false when the time was over first. */
static bool collect(int fds[2], int timeout_ms, struct process_result *ret)
{
	long long end = now_ms() + timeout_ms;

	while (fds[0] >= 0 || fds[1] >= 0) {
		struct pollfd polls[2] = {
			{.fd = fds[0], .events = POLLIN},
			{.fd = fds[1], .events = POLLIN},
		};
		long long left = end - now_ms();

		if (left <= 0)
			return false;
		if (poll(polls, 2, (int)left) <= 0)
			continue;
		if (polls[0].revents)
			drain(&fds[0], &ret->out);
		if (polls[1].revents)
			drain(&fds[1], &ret->errors);
	}
	return true;
}

/* Waits at most until `end` for a child that has closed its output but may go on. */
static bool wait_until(pid_t pid, long long end, int *ret_status)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	int wait_status = 0;
	pid_t r;

	while ((r = waitpid(pid, &wait_status, WNOHANG)) == 0 || (r < 0 && errno == EINTR)) {
		if (now_ms() >= end)
			return false;
		nanosleep(&pause, NULL);
	}
	*ret_status = r < 0 ? -errno : status_of(wait_status);
	return true;
}

static void finish(pid_t pid, int fds[2], int timeout_ms, struct process_result *ret)
{
	long long end = now_ms() + timeout_ms;

	if (collect(fds, timeout_ms, ret) && wait_until(pid, end, &ret->status))
		return;
	kill(-pid, SIGKILL);
	wait_for(pid);
	ret->status = TIMED_OUT;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int run(const char *const argv[], bool own_env, int timeout_ms, struct process_result *ret,
	       struct err *reterr)
{
	int out[2] = {-1, -1};
	int errors[2] = {-1, -1};
	int reads[2];
	auto_strv struct strv copy = STRV_INIT;
	pid_t pid = 0;
	int r;

	*ret = (struct process_result)PROCESS_RESULT_INIT;
	for (size_t i = 0; argv[i]; i++)
		strv_add(&copy, argv[i]);
	if (!copy.items)
		return no_name(reterr);
	r = open_pipe(out);
	if (!r)
		r = open_pipe(errors);
	if (!r)
		r = start(copy.items,
			  &(struct start){.out = out[1], .errors = errors[1], .own_env = own_env},
			  &pid);
	close_if_open(out[1]);
	close_if_open(errors[1]);
	reads[0] = out[0];
	reads[1] = errors[0];
	if (!r)
		finish(pid, reads, timeout_ms, ret);
	close_if_open(reads[0]);
	close_if_open(reads[1]);
	return r < 0 ? start_failed(r, argv[0], reterr) : 0;
}

int process_run(const char *const argv[], int timeout_ms, struct process_result *ret,
		struct err *reterr)
{
	return run(argv, false, timeout_ms, ret, reterr);
}

int process_run_here(const char *const argv[], int timeout_ms, struct process_result *ret,
		     struct err *reterr)
{
	return run(argv, true, timeout_ms, ret, reterr);
}

int process_detach(const struct strv *argv, int log, struct err *reterr)
{
	const struct start how = {.out = log, .errors = log, .own_env = true, .own_session = true};
	pid_t pid = 0;
	int r;

	if (!argv->items || !argv->items[0])
		return no_name(reterr);
	r = start(argv->items, &how, &pid);
	if (r < 0)
		return start_failed(r, argv->items[0], reterr);
	return wait_for(pid);
}

void process_result_release(struct process_result *r)
{
	str_release(&r->out);
	str_release(&r->errors);
}
