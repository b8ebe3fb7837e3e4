/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host_private: what the files host*.c share; nobody else includes it.
 */
#ifndef HOST_HOST_PRIVATE_H
#define HOST_HOST_PRIVATE_H

#include "host/host.h"
#include "host/host_ops.h"

struct host {
	char *root;
	int fd;
	bool live;
	bool plain; /* no openat2 here: the root is "/", so plain paths reach nothing else */
	const struct host_ops *ops;
};

/* Opens a path inside the root through the table: a fd, or a negative errno without sentence. */
int host_open_path(const struct host *host, const char *path, int flags, mode_t mode) must_check;
/* Closes through the table; 0 or a negative errno. */
int host_close(const struct host *host, int fd);
/* As host_close, for ways out on which its result does not matter; keeps errno; -1 is fine. */
void host_drop(const struct host *host, int fd);
/* Reads to the end or to `max` bytes and appends; without sentence. -EFBIG when `whole` and there is more. */
int host_read_fd(const struct host *host, int fd, size_t max, bool whole,
		 struct str *ret) must_check;
/* fsync through the table; 0 or a negative errno. */
int host_sync(const struct host *host, int fd);
/* "cannot VERB PATH: cause" for a negative errno; returns it. */
int host_fail(struct err *reterr, int code, const char *verb, const char *path);

/*
 * The place a path leads to with every link followed: absolute, without "." or
 * "..", inside the root. What does not exist yet is kept as it is written, if
 * `missing_ok`; a link that leads to nothing is -ENOENT with a sentence.
 */
int host_resolve(const struct host *host, const char *path, bool missing_ok, struct str *ret,
		 struct err *reterr) must_check;

/* Makes the missing directories of a resolved path; *ret_made counts them from the end. */
int host_make_dirs(const struct host *host, const char *resolved, mode_t mode, size_t *ret_made,
		   struct err *reterr) must_check;
/* Takes back the last `made` directories of a resolved path, as far as they are empty. */
void host_unmake_dirs(const struct host *host, const char *resolved, size_t made);

/* Why nothing in an open directory can be replaced, or 0. */
int host_check_directory(int dir_fd, const char *target, struct err *reterr) must_check;
/*
 * Why the file `target` in its open directory can't be replaced, or 0. *ret_fd is the
 * file open for reading, or -1 when there is none yet; the caller closes it.
 */
int host_check_target(const struct host *host, int dir_fd, const char *target, int *ret_fd,
		      struct stat *ret_st, struct err *reterr) must_check;
/* Appends the extended attributes of an open file: 0 or a negative errno. */
int host_xattrs_of(int fd, struct host_xattrs *ret) must_check;
/* Gives them to an open file, and takes away an ACL that is not among them; *ret_name is the one that failed. */
int host_xattrs_give(const struct host *host, int fd, const struct host_xattrs *x,
		     const char **ret_name) must_check;
/* Gives a temporary the owner, xattrs and mode of the file it will replace, never more open than that. */
int host_copy_identity(const struct host *host, int from, const struct stat *from_st, int to,
		       const char *path, struct err *reterr) must_check;
/* Gives a new file its owner and mode. */
int host_set_identity(const struct host *host, int fd, const struct host_new *as, const char *path,
		      struct err *reterr) must_check;

#endif
