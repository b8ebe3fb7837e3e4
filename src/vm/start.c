/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/process.h"
#include "vm/run.h"
#include "vm/runtime.h"

#define PREFLIGHT_MS 60000
#define LOG_PIECE (1U << 20)

/*
 * $0 is NAME.end, the rest is the launch script. The shell that is waited for ends at once; the one
 * in its background keeps the status of the run.
 */
static const char keeper[] =
	"("
	"\"$@\"; status=$?; printf '%s\\n' \"$status\" >\"$0.new\" && mv -f -- \"$0.new\" \"$0\""
	") &";

int vm_preflight(const char *script, struct str *ret, struct err *reterr)
{
	const char *const argv[] = {script, "--check", NULL};
	struct process_result r = PROCESS_RESULT_INIT;
	int code = process_run_here(argv, PREFLIGHT_MS, &r, reterr);

	if (!code)
		str_add(ret, r.errors.data, r.errors.len);
	if (!code && r.status)
		code = err_set(reterr, -EPERM, "it is not ready to start");
	process_result_release(&r);
	return code;
}

static int make_dir(const char *dir, struct err *reterr)
{
	struct stat st;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_set(reterr, -errno, "cannot make the directory %s: %m", dir);
	if (stat(dir, &st))
		return err_set(reterr, -errno, "cannot look at the directory %s: %m", dir);
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(reterr, -EPERM,
			       "the directory %s could be written by others than you; nothing was "
			       "started",
			       dir);
	return 0;
}

static int open_log(const char *dir, const char *name, struct err *reterr)
{
	auto_free char *path = xasprintf("%s/%s.log", dir, name);
	int fd = open(path,
		      O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
		      0600);
	int high;

	if (fd < 0)
		return err_set(reterr, -errno, "cannot open the log %s: %m", path);
	high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high < 0 ? err_set(reterr, -errno, "cannot keep the log %s open: %m", path) : high;
}

int vm_refuse_second(const char *name, struct err *reterr)
{
	struct vm_watch w;
	int r = 0;

	vm_watch_init(&w, name);
	vm_watch_settle(&w);
	if (vm_run_is_on(&w.run))
		r = err_set(reterr, -EALREADY, "%s runs already (%s)", name, vm_run_name(&w.run));
	vm_watch_release(&w);
	return r;
}

static int launch(const char *dir, const char *name, const char *script, const struct strv *more,
		  struct err *reterr)
{
	auto_free char *end = xasprintf("%s/%s.end", dir, name);
	auto_free char *asked = xasprintf("%s/%s.asked", dir, name);
	auto_strv struct strv argv = STRV_INIT;
	auto_fd int log = open_log(dir, name, reterr);
	int r;

	if (log < 0)
		return log;
	unlink(end);
	unlink(asked);
	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, keeper);
	strv_add(&argv, end);
	strv_add(&argv, script);
	if (more)
		strv_copy(&argv, more);
	r = process_detach(&argv, log, reterr);
	return r > 0 ? err_set(reterr, -EIO, "the shell that starts %s ended with status %d",
			       script, r)
		     : r;
}

int vm_start(const char *name, const char *script, const struct strv *more, struct err *reterr)
{
	auto_free char *dir = vm_runtime_dir(getenv("XDG_RUNTIME_DIR"));
	int r = vm_refuse_second(name, reterr);

	if (r == 0 && access(script, X_OK))
		r = err_set(reterr, -errno, "cannot start %s: its launch script %s: %m", name,
			    script);
	if (r == 0)
		r = make_dir(dir, reterr);
	return r < 0 ? r : launch(dir, name, script, more, reterr);
}

char *vm_log_path(const char *name)
{
	struct vm_watch w;
	char *path;

	vm_watch_init(&w, name);
	vm_watch_look(&w);
	path = xasprintf("%s/%s.log", w.run.dir, name);
	vm_watch_release(&w);
	return path;
}

/* At most `bytes` of the log from `from` on. */
static int read_piece(int fd, const char *path, off_t from, size_t bytes, struct str *ret,
		      struct err *reterr)
{
	auto_free char *buffer = xmalloc(bytes);
	const ssize_t n = pread(fd, buffer, bytes, from);

	if (n < 0)
		return err_set(reterr, -errno, "cannot read the log %s: %m", path);
	str_add(ret, buffer, (size_t)n);
	return 0;
}

/* Opens the log of a VM for reading; its path is for the caller to free in any case. */
static int open_log_of(const char *name, char **path, off_t *size, struct err *reterr)
{
	struct stat st;
	int fd;

	*path = vm_log_path(name);
	fd = open(*path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(reterr, -errno, "cannot open the log %s: %m", *path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(reterr, -EINVAL, "%s is no log", *path);
	}
	*size = st.st_size;
	return fd;
}

int vm_log_tail(const char *name, size_t bytes, struct str *ret, struct err *reterr)
{
	auto_free char *path = NULL;
	off_t size = 0;
	auto_fd int fd = open_log_of(name, &path, &size, reterr);

	if (fd < 0)
		return fd;
	return read_piece(fd, path, size > (off_t)bytes ? size - (off_t)bytes : 0, bytes, ret,
			  reterr);
}

int vm_log_from(const char *name, long long *at, struct str *ret, struct err *reterr)
{
	auto_free char *path = NULL;
	off_t size = 0;
	auto_fd int fd = open_log_of(name, &path, &size, reterr);
	const size_t before = ret->len;
	int r = fd;

	if (r >= 0 && *at > size)
		*at = 0;
	if (r >= 0)
		r = read_piece(fd, path, *at, LOG_PIECE, ret, reterr);
	*at += (long long)(ret->len - before);
	return r;
}
