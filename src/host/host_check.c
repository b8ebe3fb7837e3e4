/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a file can be replaced by renaming a new one over it: everything that
 * would only show halfway through an apply is asked before anything is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/host_private.h"

/* Zero where the file system keeps no such flags. */
static unsigned int inode_flags(int fd)
{
	unsigned int flags = 0;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) ? 0 : flags;
}

static uint64_t mount_id(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx))
		return 0;
	return stx.stx_mask & STATX_MNT_ID ? stx.stx_mnt_id : 0;
}

static int check_inode(int dir_fd, int fd, const struct stat *st, const char *target,
		       struct err *reterr)
{
	if (S_ISDIR(st->st_mode))
		return err_set(reterr, -EISDIR, "cannot write %s: it is a directory", target);
	if (!S_ISREG(st->st_mode))
		return err_set(reterr, -EINVAL, "cannot write %s: it is not a regular file",
			       target);
	if (st->st_nlink > 1)
		return err_set(reterr, -EMLINK,
			       "will not write %s: it is a hard link, its %lu names would no "
			       "longer be one file; make it a file of its own first",
			       target, (unsigned long)st->st_nlink);
	if (inode_flags(fd) & (FS_IMMUTABLE_FL | FS_APPEND_FL))
		return err_set(reterr, -EPERM,
			       "cannot write %s: it is marked immutable or append-only; "
			       "\"chattr -i -a\" on it allows the change",
			       target);
	if (mount_id(fd) != mount_id(dir_fd))
		return err_set(reterr, -EBUSY,
			       "cannot write %s: something is mounted on it, so it can't be "
			       "replaced as a whole; unmount it first",
			       target);
	return 0;
}

static const char *base_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

int host_check_target(const struct host *host, int dir_fd, const char *target, int *ret_fd,
		      struct stat *ret_st, struct err *reterr)
{
	const struct host_ops *ops = host->ops;
	int fd = ops->openat(ops->data, dir_fd, base_of(target),
			     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	int r;

	*ret_fd = -1;
	if (fd < 0)
		return errno == ENOENT ? 0 : host_fail(reterr, -errno, "write", target);
	if (ops->fstat(ops->data, fd, ret_st))
		r = host_fail(reterr, -errno, "write", target);
	else
		r = check_inode(dir_fd, fd, ret_st, target, reterr);
	if (r < 0)
		host_drop(host, fd);
	else
		*ret_fd = fd;
	return r;
}

int host_check_directory(int dir_fd, const char *target, struct err *reterr)
{
	struct statvfs fs;

	if (!fstatvfs(dir_fd, &fs) && (fs.f_flag & ST_RDONLY))
		return err_set(reterr, -EROFS,
			       "cannot write %s: its file system is mounted read-only", target);
	if (inode_flags(dir_fd) & (FS_IMMUTABLE_FL | FS_APPEND_FL))
		return err_set(reterr, -EPERM,
			       "cannot write %s: its directory is marked immutable or "
			       "append-only; \"chattr -i -a\" on it allows the change",
			       target);
	if (faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS))
		return host_fail(reterr, -errno, "write", target);
	return 0;
}

/* The nearest directory above `target` that exists; *ret_direct when it is its own. */
static int open_nearest(const struct host *host, const char *target, bool *ret_direct,
			struct err *reterr)
{
	auto_str struct str dir = STR_INIT;
	int fd;

	str_adds(&dir, target);
	*ret_direct = false;
	for (int level = 0;; level++) {
		str_truncate(&dir, (size_t)(strrchr(dir.data, '/') - dir.data));
		fd = host_open_path(host, dir.len ? dir.data : "/", O_RDONLY | O_DIRECTORY, 0);
		if (fd >= 0)
			*ret_direct = !level;
		if (fd != -ENOENT || !dir.len)
			return fd < 0 ? host_fail(reterr, fd, "write", target) : fd;
	}
}

int host_check_writable(const struct host *host, const char *path, struct err *reterr)
{
	auto_str struct str target = STR_INIT;
	struct stat st;
	bool direct;
	int fd = -1;
	int dir_fd;
	int r = host_resolve(host, path, true, &target, reterr);

	if (r < 0)
		return r;
	if (target.len < 2)
		return host_fail(reterr, -EISDIR, "write", path);
	dir_fd = open_nearest(host, target.data, &direct, reterr);
	if (dir_fd < 0)
		return dir_fd;
	r = host_check_directory(dir_fd, target.data, reterr);
	if (!r && direct)
		r = host_check_target(host, dir_fd, target.data, &fd, &st, reterr);
	host_drop(host, fd);
	host_drop(host, dir_fd);
	return r;
}
