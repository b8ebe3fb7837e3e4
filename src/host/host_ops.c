/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* With RESOLVE_IN_ROOT the kernel gives EAGAIN when a rename elsewhere made ".." unsafe (openat2(2)). */
#define RETRIES 128

static int real_open(void *data, int root_fd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned int)flags,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	(void)data;
	for (int i = 0; i < RETRIES; i++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

static int real_openat(void *data, int dir_fd, const char *name, int flags, mode_t mode)
{
	(void)data;
	return openat(dir_fd, name, flags, mode);
}

static ssize_t real_read(void *data, int fd, void *buf, size_t n)
{
	(void)data;
	return read(fd, buf, n);
}

static ssize_t real_write(void *data, int fd, const void *buf, size_t n)
{
	(void)data;
	return write(fd, buf, n);
}

static int real_fsync(void *data, int fd)
{
	(void)data;
	return fsync(fd);
}

static int real_close(void *data, int fd)
{
	(void)data;
	return close(fd);
}

static int real_fstat(void *data, int fd, struct stat *st)
{
	(void)data;
	return fstat(fd, st);
}

static int real_fchmod(void *data, int fd, mode_t mode)
{
	(void)data;
	return fchmod(fd, mode);
}

static int real_fchown(void *data, int fd, uid_t uid, gid_t gid)
{
	(void)data;
	return fchown(fd, uid, gid);
}

static int real_fsetxattr(void *data, int fd, const char *name, const void *value, size_t n)
{
	(void)data;
	return fsetxattr(fd, name, value, n, 0);
}

static int real_fremovexattr(void *data, int fd, const char *name)
{
	(void)data;
	return fremovexattr(fd, name);
}

static int real_renameat(void *data, int old_dir, const char *old_name, int new_dir,
			 const char *new_name)
{
	(void)data;
	return renameat(old_dir, old_name, new_dir, new_name);
}

static int real_unlinkat(void *data, int dir_fd, const char *name, int flags)
{
	(void)data;
	return unlinkat(dir_fd, name, flags);
}

static int real_mkdirat(void *data, int dir_fd, const char *name, mode_t mode)
{
	(void)data;
	return mkdirat(dir_fd, name, mode);
}

const struct host_ops host_real_ops = {
	.open = real_open,
	.openat = real_openat,
	.read = real_read,
	.write = real_write,
	.fsync = real_fsync,
	.close = real_close,
	.fstat = real_fstat,
	.fchmod = real_fchmod,
	.fchown = real_fchown,
	.fsetxattr = real_fsetxattr,
	.fremovexattr = real_fremovexattr,
	.renameat = real_renameat,
	.unlinkat = real_unlinkat,
	.mkdirat = real_mkdirat,
};
