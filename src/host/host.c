/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/host_private.h"

/* realpath alone would take /proc/PID/root of a container for "/", the inode alone a bind mount of it. */
static bool is_own_root(const char *root, int fd)
{
	auto_free char *real = realpath(root, NULL);
	struct stat here;
	struct stat own;

	if (!real || strcmp(real, "/"))
		return false;
	if (fstat(fd, &here) || stat("/", &own))
		return false;
	return here.st_dev == own.st_dev && here.st_ino == own.st_ino;
}

/* Old kernels say ENOSYS; container filters that don't know the call say EPERM. */
static int probe_openat2(struct host *host, struct err *reterr)
{
	int fd = host_real_ops.open(NULL, host->fd, "/", O_PATH | O_CLOEXEC, 0);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno != ENOSYS && errno != EPERM)
		return err_set(reterr, -errno, "cannot open %s: %m", host->root);
	if (!host->live)
		return err_set(reterr, -ENOSYS,
			       "cannot open %s as a root: this kernel has no openat2 (Linux 5.6), "
			       "or a filter forbids it, and without it links in there could lead "
			       "to this machine's own files; nothing was read",
			       host->root);
	host->plain = true;
	return 0;
}

int host_open(const char *root, struct host **ret, struct err *reterr)
{
	struct host *host;
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(reterr, -errno, "cannot open %s as a root directory: %m", root);
	host = xcalloc(1, sizeof(*host));
	host->root = xstrdup(root);
	host->fd = fd;
	host->live = is_own_root(root, fd);
	host->ops = &host_real_ops;
	r = probe_openat2(host, reterr);
	if (r < 0)
		host_free(host);
	else
		*ret = host;
	return r;
}

void host_free(struct host *host)
{
	if (!host)
		return;
	close(host->fd);
	free(host->root);
	free(host);
}

void host_freep(struct host **host)
{
	host_free(*host);
	*host = NULL;
}

const char *host_root(const struct host *host)
{
	return host->root;
}

bool host_is_live(const struct host *host)
{
	return host->live;
}

void host_set_ops(struct host *host, const struct host_ops *ops)
{
	host->ops = ops ? ops : &host_real_ops;
}

int host_open_path(const struct host *host, const char *path, int flags, mode_t mode)
{
	const struct host_ops *ops = host->ops;
	int fd;

	flags |= O_CLOEXEC;
	if (path[0] != '/')
		return -EINVAL;
	if (host->plain)
		fd = ops->openat(ops->data, host->fd, path, flags, mode);
	else
		fd = ops->open(ops->data, host->fd, path, flags, mode);
	return fd < 0 ? -errno : fd;
}

int host_close(const struct host *host, int fd)
{
	/* Linux has closed the fd also where it says EINTR (close(2)). */
	return host->ops->close(host->ops->data, fd) && errno != EINTR ? -errno : 0;
}

void host_drop(const struct host *host, int fd)
{
	int saved = errno;

	if (fd >= 0)
		host_close(host, fd);
	errno = saved;
}

int host_fail(struct err *reterr, int code, const char *verb, const char *path)
{
	errno = -code;
	switch (code) {
	case -ELOOP:
		return err_set(reterr, code,
			       "cannot %s %s: a link in it leads round in a circle, "
			       "or out of the root",
			       verb, path);
	case -EBUSY:
		return err_set(reterr, code, "cannot %s %s: it is in use, perhaps mounted on (%m)",
			       verb, path);
	case -EFBIG:
		return err_set(reterr, code, "cannot %s %s: it is larger than %u MiB", verb, path,
			       HOST_FILE_MAX >> 20);
	case -ENOSPC:
	case -EDQUOT:
		return err_set(reterr, code, "cannot %s %s: the file system is full (%m)", verb,
			       path);
	default:
		return err_set(reterr, code, "cannot %s %s: %m", verb, path);
	}
}
