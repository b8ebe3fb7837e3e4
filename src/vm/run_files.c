/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/run_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"
#include "vm/runtime.h"

#define USERS_RUNTIME "/run/user"

/* --- small files of numbers ------------------------------------------------------------ */

static int open_note(const char *dir, const char *name, const char *kind)
{
	auto_free char *path = xasprintf("%s/%s.%s", dir, name, kind);

	/* Neither a link nor a pipe put there by somebody may lead or hold us anywhere. */
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

/* The number a file begins with and when it was written; false when it is none. */
static bool read_number(int fd, long *ret, time_t *ret_when)
{
	char text[32];
	struct stat st;
	char *end;
	ssize_t n;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	errno = 0;
	*ret = strtol(text, &end, 10);
	*ret_when = st.st_mtime;
	return !errno && end != text && *ret >= 0 && *ret <= 0x7fffffff;
}

/* --- whose lock --------------------------------------------------------------------------- */

static bool is_alive(pid_t pid)
{
	return !kill(pid, 0) || errno == EPERM;
}

/*
 * The lock is tried only where a process of that number lives, so that a script which starts
 * at this moment never finds its lock held by us.
 */
static bool holds_lock(int fd, long pid)
{
	if (pid <= 0 || !is_alive((pid_t)pid))
		return false;
	if (!flock(fd, LOCK_SH | LOCK_NB)) {
		flock(fd, LOCK_UN);
		return false;
	}
	return errno == EWOULDBLOCK;
}

static bool has_socket(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s.qmp", dir, name);
	struct stat st;

	return !lstat(path, &st) && S_ISSOCK(st.st_mode);
}

/* True when the VM's launch script lives here. */
static bool read_dir(const char *dir, const char *name, struct vm_run *ret)
{
	auto_fd int fd = open_note(dir, name, "pid");
	long pid = 0;
	time_t when = 0;

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		ret->hidden = true;
	if (fd >= 0 && read_number(fd, &pid, &when) && holds_lock(fd, pid))
		ret->script = (pid_t)pid;
	ret->started = when;
	return ret->script != 0;
}

/* --- where ----------------------------------------------------------------------------------- */

static void add_users(struct strv *dirs)
{
	DIR *d = opendir(USERS_RUNTIME);
	const struct dirent *e;

	/* cppcheck-suppress readdirCalled; safe, since each DIR is used by one call (readdir(3)) */
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.') {
			auto_free char *xdg = xasprintf(USERS_RUNTIME "/%s", e->d_name);

			strv_take(dirs, vm_runtime_dir(xdg));
		}
	if (d)
		closedir(d);
}

static void list_dirs(struct strv *dirs)
{
	auto_free char *system = vm_runtime_dir(NULL);

	strv_take(dirs, vm_runtime_dir(getenv("XDG_RUNTIME_DIR")));
	strv_add_unique(dirs, system);
	if (geteuid() == 0)
		add_users(dirs);
}

void vm_run_read_end(const char *name, struct vm_run *ret)
{
	auto_fd int fd = open_note(ret->dir, name, "end");
	long status;

	if (fd >= 0 && read_number(fd, &status, &ret->ended)) {
		ret->has_end = true;
		ret->end_status = (int)(status & 0xff);
	}
}

void vm_run_read(const char *name, struct vm_run *ret)
{
	auto_strv struct strv dirs = STRV_INIT;

	list_dirs(&dirs);
	for (size_t i = 0; i < dirs.len && !ret->dir; i++)
		if (read_dir(dirs.items[i], name, ret))
			ret->dir = xstrdup(dirs.items[i]);
	/* A script that was killed leaves QEMU behind, or its socket alone: asking tells which. */
	for (size_t i = 0; i < dirs.len && !ret->dir; i++)
		if (has_socket(dirs.items[i], name))
			ret->dir = xstrdup(dirs.items[i]);
	if (!ret->dir)
		ret->dir = xstrdup(dirs.items[0]);
}

bool vm_run_owner(const char *dir, uid_t *ret)
{
	struct stat st;

	if (stat(dir, &st))
		return false;
	*ret = st.st_uid;
	return true;
}

/* --- the power button -------------------------------------------------------------------------- */

void vm_run_note_asked(const char *dir, const char *name, pid_t qemu)
{
	auto_free char *path = xasprintf("%s/%s.asked", dir, name);
	auto_fd int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);

	/* Without the note it is still shutting down; only nobody else is told so. */
	if (fd >= 0 && dprintf(fd, "%d\n", (int)qemu) < 0)
		return;
}

bool vm_run_was_asked(const char *dir, const char *name, pid_t qemu)
{
	auto_fd int fd = open_note(dir, name, "asked");
	long pid;
	time_t when;

	return fd >= 0 && read_number(fd, &pid, &when) && pid == qemu;
}
