/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host: the only door to a machine's files.
 *
 * A host is a directory that is taken as the machine's root: "/" for this
 * machine, any other for --root, a capture, a demo or a test. Paths given here
 * are absolute and are resolved inside that root by openat2(RESOLVE_IN_ROOT):
 * no "..", absolute link or magic link leaves it (where the kernel has no openat2,
 * the functions fail with -ENOSYS and a sentence rather than resolve unsafely).
 *
 * Reading: host_read, host_link, host_list, host_stat. Many small files of one
 * directory are read cheaper through a host_dir.
 *
 * Changing: in two steps, so that several files change as one.
 *	host_stage()   writes the new bytes to a temporary beside the target, with
 *		       owner, mode and xattrs of the file it replaces, and fsyncs it
 *	host_commit()  renames it over the target and fsyncs the directory
 *	host_stage_release() removes the temporary when it was not committed, and frees
 * Nothing else in the program changes a file. All system calls that change or
 * read go through a table (struct host_ops) that tests replace to make call n fail.
 *
 * Functions return 0 or a negative errno with a sentence that names the path.
 * A missing file is -ENOENT.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

#define HOST_FILE_MAX (16U << 20) /* largest file that host_read takes */

struct host;
struct host_ops; /* host/host_ops.h */

/* Opens `root` ("/" or a directory); the caller frees with host_free(). */
int host_open(const char *root, struct host **ret, struct err *reterr) must_check;
void host_free(struct host *host);
#define auto_host cleanup_with(host_freep)
void host_freep(struct host **host);
/* As given to host_open. */
const char *host_root(const struct host *host);
/* True when the root is this machine's own "/". Only then are commands run. */
bool host_is_live(const struct host *host);
void host_set_ops(struct host *host, const struct host_ops *ops); /* NULL: the real ones */

/* Appends the whole file to `ret`. sysfs and proc files (size 0) are read to their end. */
int host_read(const struct host *host, const char *path, struct str *ret,
	      struct err *reterr) must_check;
/* At most `max` bytes from the start; for device nodes, config space and logs. */
int host_read_some(const struct host *host, const char *path, size_t max, struct str *ret,
		   struct err *reterr) must_check;
/* Gives the file piece by piece, for one too large to keep such as /proc/kallsyms, until `piece` returns false. */
typedef bool (*host_piece_fn)(void *data, const char *bytes, size_t len);
int host_read_pieces(const struct host *host, const char *path, host_piece_fn piece, void *data,
		     struct err *reterr) must_check;
/* The file without trailing blanks and newlines, for one-line attributes; replaces `ret`. */
int host_read_line(const struct host *host, const char *path, struct str *ret,
		   struct err *reterr) must_check;
/* The text of a symbolic link; replaces `ret`. */
int host_link(const struct host *host, const char *path, struct str *ret,
	      struct err *reterr) must_check;
/* The path with all links resolved, absolute inside the root; replaces `ret`. */
int host_realpath(const struct host *host, const char *path, struct str *ret,
		  struct err *reterr) must_check;
/* Appends the names in a directory, sorted, without "." and "..". */
int host_list(const struct host *host, const char *path, struct strv *ret,
	      struct err *reterr) must_check;
int host_stat(const struct host *host, const char *path, struct stat *ret,
	      struct err *reterr) must_check;
int host_lstat(const struct host *host, const char *path, struct stat *ret,
	       struct err *reterr) must_check;
bool host_exists(const struct host *host, const char *path); /* follows links */
/* True when an executable of that name is in the usual directories; `ret_path` may be NULL. */
bool host_find_program(const struct host *host, const char *name, struct str *ret_path);

/* A directory held open: names are single components, links are not followed. */
struct host_dir {
	const struct host *host;
	int fd; /* -1: closed */
};

#define HOST_DIR_INIT                                                                              \
	{                                                                                          \
		.host = NULL, .fd = -1                                                             \
	}
#define auto_host_dir cleanup_with(host_dir_close)

int host_dir_open(const struct host *host, const char *path, struct host_dir *ret,
		  struct err *reterr) must_check;
void host_dir_close(struct host_dir *dir);
/* Reads at most `max` bytes; replaces `ret`; no sentence, since a missing attribute is normal. */
int host_dir_read(const struct host_dir *dir, const char *name, size_t max,
		  struct str *ret) must_check;
int host_dir_link(const struct host_dir *dir, const char *name, struct str *ret) must_check;
bool host_dir_has(const struct host_dir *dir, const char *name);

/* Extended attributes of a file: ACL, SELinux label, capabilities, user's own; without the kernel's signatures. */
struct host_xattr {
	char *name;
	struct str value;
};

struct host_xattrs {
	struct host_xattr *items;
	size_t len, cap;
};

void host_xattrs_release(struct host_xattrs *x);
void host_xattrs_add(struct host_xattrs *x, const char *name, const char *value, size_t len);
void host_xattrs_copy(struct host_xattrs *to, const struct host_xattrs *from);
/* Appends those of the file that `path` leads to; none where the file system keeps none. */
int host_xattrs_read(const struct host *host, const char *path, struct host_xattrs *ret,
		     struct err *reterr) must_check;

/* What a new file gets (NULL: 0644); a replaced file keeps its owner, mode and xattrs. */
struct host_new {
	mode_t mode;
	uid_t uid; /* (uid_t)-1: whoever runs the program */
	gid_t gid;
	const struct host_xattrs *xattrs; /* NULL: what the directory gives */
};

/* One staged change; contents belong to host.c. */
struct host_stage {
	char *path;   /* as given */
	char *target; /* after following links, inside the root */
	char *temp;   /* beside the target; NULL for a removal */
	int dir_fd;   /* directory of the target */
	bool removes;
	bool committed;
	size_t made_dirs; /* how many directories above the target this stage made */
};

#define HOST_STAGE_INIT                                                                            \
	{                                                                                          \
		.path = NULL, .dir_fd = -1                                                         \
	}

/*
 * Checks that `path` could be replaced (or created, or removed): not a hard link
 * with other names, not immutable, file system writable, directory there or
 * creatable. Changes nothing.
 */
int host_check_writable(const struct host *host, const char *path, struct err *reterr) must_check;
/* Stages new bytes; on error nothing is left behind. Directories that are missing are created. */
int host_stage(const struct host *host, const char *path, const char *bytes, size_t len,
	       const struct host_new *as, struct host_stage *ret, struct err *reterr) must_check;
/* Stages a removal of the file that `path` leads to. */
int host_stage_remove(const struct host *host, const char *path, struct host_stage *ret,
		      struct err *reterr) must_check;
/* Makes a staged change visible; allocates nothing. The stage stays to be released. */
int host_commit(const struct host *host, struct host_stage *stage, struct err *reterr) must_check;
/*
 * Frees; of a stage that was not committed it first removes the temporary and the
 * directories made for it. Release several in the reverse order of staging.
 */
void host_stage_release(const struct host *host, struct host_stage *stage);

/* Removes the temporaries that a killed run left beside the file; for recovery, under the lock. */
int host_remove_strays(const struct host *host, const char *path, struct err *reterr) must_check;

/* Stage and commit at once, for files nobody boots from (journal, state). */
int host_write(const struct host *host, const char *path, const char *bytes, size_t len,
	       const struct host_new *as, struct err *reterr) must_check;
/* Writes into an existing file without replacing it: sysfs attributes only. "" clears (a lone newline). */
int host_write_attribute(const struct host *host, const char *path, const char *value,
			 struct err *reterr) must_check;
/* Creates a directory and its parents with `mode`; fine when it is there. */
int host_mkdirs(const struct host *host, const char *path, mode_t mode,
		struct err *reterr) must_check;
/* Removes a file or an empty directory; fine when it is not there. */
int host_remove(const struct host *host, const char *path, struct err *reterr) must_check;
/* Takes an exclusive lock on a file (created 0600) without waiting: the fd, or -EWOULDBLOCK with the holder's pid and since when. */
int host_lock(const struct host *host, const char *path, struct err *reterr) must_check;
/*
 * Does a process hold that lock now? Then *ret_who (its former text goes) says which, "process 123, since
 * 2026-01-31 20:15:00" or "a process". No: where there is no such file, or it can't be told.
 */
bool host_lock_is_held(const struct host *host, const char *path, struct str *ret_who) must_check;

#endif
