/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and removing directories, and removing files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "host/host_private.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY)

int host_sync(const struct host *host, int fd)
{
	int r;

	do {
		r = host->ops->fsync(host->ops->data, fd);
	} while (r && errno == EINTR);
	/* Some file systems have nothing to sync for a directory and say EINVAL (fsync(2)). */
	return r && errno != EINVAL ? -errno : 0;
}

/* The new directory is synced into its parent; its mode does not depend on the umask. */
static int make_in(const struct host *host, int parent, const char *name, mode_t mode)
{
	const struct host_ops *ops = host->ops;
	int fd;
	int r = 0;

	if (ops->mkdirat(ops->data, parent, name, 0700))
		return -errno;
	fd = ops->openat(ops->data, parent, name, DIR_FLAGS | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		r = -errno;
	else if (mode != 0700 && ops->fchmod(ops->data, fd, mode) && errno != EPERM)
		r = -errno;
	host_drop(host, fd);
	if (!r)
		r = host_sync(host, parent);
	if (r)
		ops->unlinkat(ops->data, parent, name, AT_REMOVEDIR);
	return r;
}

/* Makes one directory unless it is there; 1 when it was made. */
static int make_one(const struct host *host, struct str *path, mode_t mode)
{
	char *slash = strrchr(path->data, '/');
	int parent;
	int fd = host_open_path(host, path->data, DIR_FLAGS, 0);
	int r;

	host_drop(host, fd);
	if (fd != -ENOENT)
		return fd < 0 ? fd : 0;
	*slash = '\0';
	parent = host_open_path(host, slash == path->data ? "/" : path->data, DIR_FLAGS, 0);
	*slash = '/';
	if (parent < 0)
		return parent;
	r = make_in(host, parent, slash + 1, mode);
	host_drop(host, parent);
	return r == -EEXIST ? 0 : r < 0 ? r : 1;
}

void host_unmake_dirs(const struct host *host, const char *resolved, size_t made)
{
	auto_str struct str path = STR_INIT;

	str_adds(&path, resolved);
	for (; made && path.len; made--) {
		char *slash = strrchr(path.data, '/');
		int parent;

		*slash = '\0';
		parent = host_open_path(host, slash == path.data ? "/" : path.data, DIR_FLAGS, 0);
		if (parent >= 0)
			host->ops->unlinkat(host->ops->data, parent, slash + 1, AT_REMOVEDIR);
		host_drop(host, parent);
		str_truncate(&path, (size_t)(slash - path.data));
	}
}

int host_make_dirs(const struct host *host, const char *resolved, mode_t mode, size_t *ret_made,
		   struct err *reterr)
{
	auto_str struct str path = STR_INIT;
	const char *p = resolved;
	size_t made = 0;
	int r = 0;

	while (r >= 0 && *p) {
		size_t n = 1 + strcspn(p + 1, "/");

		if (n > 1) {
			str_add(&path, p, n);
			r = make_one(host, &path, mode);
			made += r > 0;
		}
		p += n;
	}
	if (r < 0) {
		int code = host_fail(reterr, r, "make the directory", path.data);
		const char *last = strrchr(path.data, '/');

		str_truncate(&path, (size_t)(last - path.data));
		host_unmake_dirs(host, path.data, made);
		return code;
	}
	*ret_made = made;
	return 0;
}

int host_mkdirs(const struct host *host, const char *path, mode_t mode, struct err *reterr)
{
	auto_str struct str resolved = STR_INIT;
	size_t made;
	int r = host_resolve(host, path, true, &resolved, reterr);

	return r < 0 ? r : host_make_dirs(host, resolved.data, mode, &made, reterr);
}

static int remove_in(const struct host *host, int dir_fd, const char *name)
{
	const struct host_ops *ops = host->ops;

	if (!ops->unlinkat(ops->data, dir_fd, name, 0))
		return host_sync(host, dir_fd);
	/* Linux says EISDIR for a directory, POSIX EPERM. */
	if (errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 0 : -errno;
	if (!ops->unlinkat(ops->data, dir_fd, name, AT_REMOVEDIR))
		return host_sync(host, dir_fd);
	return errno == ENOENT ? 0 : errno == ENOTDIR ? -EPERM : -errno;
}

int host_remove(const struct host *host, const char *path, struct err *reterr)
{
	auto_str struct str dir = STR_INIT;
	const char *name = strrchr(path, '/');
	int dir_fd;
	int r;

	if (!name || !name[1] || !strcmp(name, "/.") || !strcmp(name, "/.."))
		return host_fail(reterr, -EINVAL, "remove", path);
	str_add(&dir, path, (size_t)(name - path));
	dir_fd = host_open_path(host, dir.len ? dir.data : "/", DIR_FLAGS, 0);
	if (dir_fd == -ENOENT)
		return 0;
	r = dir_fd < 0 ? dir_fd : remove_in(host, dir_fd, name + 1);
	host_drop(host, dir_fd);
	return r < 0 ? host_fail(reterr, r, "remove", path) : 0;
}
