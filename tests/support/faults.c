/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* True when this call is to fail; errno is then set. */
static bool fails(struct faults *f, const char *name, bool changes)
{
	if (f->scope == FAULTS_CHANGING && !changes)
		return false;
	f->calls++;
	if (!f->fail_at || f->calls < f->fail_at || (f->calls > f->fail_at && !f->sticky))
		return false;
	if (!f->hit)
		f->failed_on = name;
	f->hit = true;
	if (f->error == FAULT_KILL)
		_exit(FAULT_KILLED);
	if (f->error > 0)
		errno = f->error;
	else
		return false;
	return true;
}

static int on_open(void *data, int root_fd, const char *path, int flags, mode_t mode)
{
	if (fails(data, "open", flags & (O_CREAT | O_TRUNC)))
		return -1;
	return host_real_ops.open(NULL, root_fd, path, flags, mode);
}

static int on_openat(void *data, int dir_fd, const char *name, int flags, mode_t mode)
{
	if (fails(data, "openat", flags & (O_CREAT | O_TRUNC)))
		return -1;
	return host_real_ops.openat(NULL, dir_fd, name, flags, mode);
}

static ssize_t on_read(void *data, int fd, void *buf, size_t n)
{
	return fails(data, "read", false) ? -1 : host_real_ops.read(NULL, fd, buf, n);
}

static ssize_t on_write(void *data, int fd, const void *buf, size_t n)
{
	struct faults *f = data;

	if (fails(f, "write", true))
		return -1;
	if (f->error == FAULT_SHORT_WRITE && f->fail_at == f->calls && n > 1)
		n = 1;
	return host_real_ops.write(NULL, fd, buf, n);
}

/* No test can see whether the disk has it; thousands of runs would wait for it. */
static int unsynced(void *data, int fd)
{
	(void)data;
	return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

const struct host_ops *faults_none(void)
{
	static struct host_ops ops;

	ops = host_real_ops;
	ops.fsync = unsynced;
	return &ops;
}

static int on_fsync(void *data, int fd)
{
	struct faults *f = data;

	if (fails(f, "fsync", true))
		return -1;
	if (f->renames)
		f->fsyncs_after_rename++;
	else
		f->fsyncs_before_rename++;
	return unsynced(NULL, fd);
}

static int on_close(void *data, int fd)
{
	bool writable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	bool failed = fails(data, "close", writable);
	int error = errno;
	int r = host_real_ops.close(NULL, fd);

	if (!failed)
		return r;
	errno = error;
	return -1;
}

static int on_fstat(void *data, int fd, struct stat *st)
{
	return fails(data, "fstat", false) ? -1 : host_real_ops.fstat(NULL, fd, st);
}

static int on_fchmod(void *data, int fd, mode_t mode)
{
	return fails(data, "fchmod", true) ? -1 : host_real_ops.fchmod(NULL, fd, mode);
}

static int on_fchown(void *data, int fd, uid_t uid, gid_t gid)
{
	return fails(data, "fchown", true) ? -1 : host_real_ops.fchown(NULL, fd, uid, gid);
}

static int on_fsetxattr(void *data, int fd, const char *name, const void *value, size_t n)
{
	if (fails(data, "fsetxattr", true))
		return -1;
	return host_real_ops.fsetxattr(NULL, fd, name, value, n);
}

static int on_fremovexattr(void *data, int fd, const char *name)
{
	return fails(data, "fremovexattr", true) ? -1 : host_real_ops.fremovexattr(NULL, fd, name);
}

static int on_renameat(void *data, int old_dir, const char *old_name, int new_dir,
		       const char *new_name)
{
	struct faults *f = data;

	if (fails(f, "renameat", true))
		return -1;
	f->renames++;
	return host_real_ops.renameat(NULL, old_dir, old_name, new_dir, new_name);
}

static int on_unlinkat(void *data, int dir_fd, const char *name, int flags)
{
	struct faults *f = data;

	if (fails(f, "unlinkat", true)) {
		f->unlink_failed = true;
		return -1;
	}
	return host_real_ops.unlinkat(NULL, dir_fd, name, flags);
}

static int on_mkdirat(void *data, int dir_fd, const char *name, mode_t mode)
{
	return fails(data, "mkdirat", true) ? -1 : host_real_ops.mkdirat(NULL, dir_fd, name, mode);
}

void faults_init(struct faults *f, enum faults_scope scope, long fail_at, int error, bool sticky)
{
	*f = (struct faults){
		.ops = {.data = f,
			.open = on_open,
			.openat = on_openat,
			.read = on_read,
			.write = on_write,
			.fsync = on_fsync,
			.close = on_close,
			.fstat = on_fstat,
			.fchmod = on_fchmod,
			.fchown = on_fchown,
			.fsetxattr = on_fsetxattr,
			.fremovexattr = on_fremovexattr,
			.renameat = on_renameat,
			.unlinkat = on_unlinkat,
			.mkdirat = on_mkdirat},
		.scope = scope,
		.fail_at = fail_at,
		.error = error,
		.sticky = sticky,
	};
}
