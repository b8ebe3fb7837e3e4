/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_ops: the system calls behind the host door, as a table.
 *
 * host_real_ops calls libc. A test copies it, replaces members and hands it to
 * host_set_ops() to make call n fail; `data` of the table is for its use. Each
 * member returns what the call returns, with errno set. Calls that only look and
 * whose failure needs no test of its own (readlinkat, getdents, fgetxattr, statx)
 * are made directly.
 */
#ifndef HOST_HOST_OPS_H
#define HOST_HOST_OPS_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct host_ops {
	void *data;
	int (*open)(void *data, int root_fd, const char *path, int flags,
		    mode_t mode); /* resolved in root */
	int (*openat)(void *data, int dir_fd, const char *name, int flags,
		      mode_t mode); /* one component */
	ssize_t (*read)(void *data, int fd, void *buf, size_t n);
	ssize_t (*write)(void *data, int fd, const void *buf, size_t n);
	int (*fsync)(void *data, int fd);
	int (*close)(void *data, int fd);
	int (*fstat)(void *data, int fd, struct stat *st);
	int (*fchmod)(void *data, int fd, mode_t mode);
	int (*fchown)(void *data, int fd, uid_t uid, gid_t gid);
	int (*fsetxattr)(void *data, int fd, const char *name, const void *value, size_t n);
	int (*fremovexattr)(void *data, int fd, const char *name);
	int (*renameat)(void *data, int old_dir, const char *old_name, int new_dir,
			const char *new_name);
	int (*unlinkat)(void *data, int dir_fd, const char *name, int flags);
	int (*mkdirat)(void *data, int dir_fd, const char *name, mode_t mode);
};

extern const struct host_ops host_real_ops;

#endif
