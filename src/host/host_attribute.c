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

static int locked_by_other(const struct host *host, int fd, const char *path, struct err *reterr)
{
	struct holder h = read_holder(host, fd);
	struct tm parts;
	char since[32] = "";

	if (h.since > 0 && localtime_r(&h.since, &parts))
		strftime(since, sizeof(since), ", since %Y-%m-%d %H:%M:%S", &parts);
	if (h.pid > 0)
		return err_set(reterr, -EWOULDBLOCK,
			       "another vfiotui (process %d%s) is changing this machine; wait "
			       "until it is done (lock: %s)",
			       h.pid, since, path);
	return err_set(reterr, -EWOULDBLOCK,
		       "another vfiotui is changing this machine; wait until it is done (lock: %s)",
		       path);
}

int host_lock(const struct host *host, const char *path, struct err *reterr)
{
	char text[LOCK_TEXT];
	int fd = host_open_path(host, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
	int r;
	int n;

	if (fd < 0)
		return host_fail(reterr, fd, "lock", path);
	do {
		r = flock(fd, LOCK_EX | LOCK_NB);
	} while (r && errno == EINTR);
	if (r && errno == EWOULDBLOCK) {
		r = locked_by_other(host, fd, path, reterr);
		host_drop(host, fd);
		return r;
	}
	if (r) {
		r = host_fail(reterr, -errno, "lock", path);
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
