/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing in place, which only kernel attributes and the lock file get. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "host/host_private.h"

#define LOCK_TEXT 64 /* more than pid and time take */
#define LOCK_TRIES 5

static int write_value(const struct host *host, int fd, const char *value)
{
	/* The kernel ignores a write of nothing; a newline clears driver_override (drivers/base/driver.c). */
	const char *bytes = value[0] ? value : "\n";
	size_t len = strlen(bytes);
	ssize_t n;

	do {
		n = host->ops->write(host->ops->data, fd, bytes, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int host_write_attribute(const struct host *host, const char *path, const char *value,
			 struct err *reterr)
{
	struct stat st;
	/* An attribute of the kernel has no length to cut; a file that stands for one has. */
	int fd = host_open_path(
		host, path, O_WRONLY | O_NONBLOCK | O_NOCTTY | (host_is_live(host) ? 0 : O_TRUNC),
		0);
	int closed;
	int r;

	if (fd < 0)
		return host_fail(reterr, fd, "write", path);
	if (host->ops->fstat(host->ops->data, fd, &st))
		r = -errno;
	else
		r = S_ISREG(st.st_mode) ? write_value(host, fd, value) : -EINVAL;
	closed = host_close(host, fd);
	if (!r)
		r = closed;
	if (r < 0) {
		errno = -r;
		return err_set(reterr, r, "cannot write \"%s\" to %s: %m", value, path);
	}
	return 0;
}

struct holder {
	int pid; /* 0: not known */
	time_t since;
};

/* What the holder of a lock file wrote into it. */
static struct holder read_holder(const struct host *host, int fd)
{
	auto_str struct str text = STR_INIT;
	struct holder h = {.pid = 0};
	char *end;

	if (host_read_fd(host, fd, LOCK_TEXT, false, &text) < 0 || !text.len)
		return h;
	h.pid = (int)strtol(text.data, &end, 10);
	h.since = (time_t)strtoll(end, NULL, 10);
	return h;
}

/* "process 123, since 2026-01-31 20:15:00", or no text. */
static void describe_holder(const struct holder *h, struct str *ret)
{
	struct tm parts;
	char since[32];

	str_clear(ret);
	if (h->pid <= 0)
		return;
	str_addf(ret, "process %d", h->pid);
	if (h->since > 0 && localtime_r(&h->since, &parts) &&
	    strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &parts))
		str_addf(ret, ", since %s", since);
}

static int locked_by_other(const struct host *host, int fd, const char *path, struct err *reterr)
{
	const struct holder h = read_holder(host, fd);
	auto_str struct str who = STR_INIT;

	describe_holder(&h, &who);
	return err_set(reterr, -EWOULDBLOCK,
		       "another vfiotui%s%s%s is changing this machine; wait until it is done "
		       "(lock: %s)",
		       who.len ? " (" : "", who.data, who.len ? ")" : "", path);
}

/* Waits for those who only look whether it is held (host_lock_is_held()), which takes them no time. */
static int take_lock(int fd)
{
	static const struct timespec moment = {.tv_nsec = 10000000};

	for (int tries = 0;; tries++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EINTR && (errno != EWOULDBLOCK || tries >= LOCK_TRIES))
			return -errno;
		nanosleep(&moment, NULL);
	}
}

bool host_lock_is_held(const struct host *host, const char *path, struct str *ret_who)
{
	int fd = host_open_path(host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct holder h = {.pid = 0};
	bool held;

	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	if (held)
		h = read_holder(host, fd);
	host_drop(host, fd);
	if (!held)
		return false;
	describe_holder(&h, ret_who);
	if (!ret_who->len)
		str_adds(ret_who, "a process");
	return true;
}

int host_lock(const struct host *host, const char *path, struct err *reterr)
{
	char text[LOCK_TEXT];
	int fd = host_open_path(host, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
	int r;
	int n;

	if (fd < 0)
		return host_fail(reterr, fd, "lock", path);
	r = take_lock(fd);
	if (r == -EWOULDBLOCK) {
		r = locked_by_other(host, fd, path, reterr);
		host_drop(host, fd);
		return r;
	}
	if (r < 0) {
		r = host_fail(reterr, r, "lock", path);
		host_drop(host, fd);
		return r;
	}
	/* Always of the same length, so that nothing of the last holder stays. */
	n = snprintf(text, sizeof(text), "%-11d %-20lld\n", (int)getpid(), (long long)time(NULL));
	if (host->ops->write(host->ops->data, fd, text, (size_t)n) != n) {
		r = host_fail(reterr, errno ? -errno : -EIO, "write", path);
		host_drop(host, fd);
		return r;
	}
	return fd;
}
