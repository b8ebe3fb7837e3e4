/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owner, extended attributes and mode of a new file. The order matters: a temporary
 * is 0600 while it is filled; the owner comes first since chown takes setuid bits
 * away, the ACL next, the mode last, so that no step opens the file wider than
 * the file it replaces.
 */
#include <errno.h>

#include "host/host_private.h"

#define MODE_BITS 07777U

static int give_xattrs(const struct host *host, const struct host_xattrs *x, int to,
		       const char *path, struct err *reterr)
{
	const char *name = "";
	int r = host_xattrs_give(host, to, x, &name);

	if (r >= 0)
		return 0;
	errno = -r;
	return err_set(reterr, r, "cannot keep the attribute %s of %s: %m; the file is as it was",
		       name, path);
}

static int copy_xattrs(const struct host *host, int from, int to, const char *path,
		       struct err *reterr)
{
	struct host_xattrs x = {.items = NULL};
	int r = host_xattrs_of(from, &x);

	if (r < 0)
		r = host_fail(reterr, r, "read the attributes of", path);
	else
		r = give_xattrs(host, &x, to, path, reterr);
	host_xattrs_release(&x);
	return r;
}

/* Temporaries are made 0600; a file system that shows more has no modes of its own (FAT). */
static bool is_modeless(const struct stat *fresh)
{
	return fresh->st_mode & MODE_BITS & ~0600U;
}

static bool is_refusal(int code)
{
	return code == -EPERM || code == -ENOTSUP || code == -ENOSYS;
}

static int set_owner(const struct host *host, int fd, uid_t uid, gid_t gid,
		     const struct stat *fresh)
{
	bool same = (uid == (uid_t)-1 || uid == fresh->st_uid) &&
		    (gid == (gid_t)-1 || gid == fresh->st_gid);
	int r = 0;

	if (!same && host->ops->fchown(host->ops->data, fd, uid, gid))
		r = -errno;
	return is_refusal(r) && is_modeless(fresh) ? 0 : r;
}

static int set_mode(const struct host *host, int fd, mode_t mode, const struct stat *fresh)
{
	int r = 0;

	if (host->ops->fchmod(host->ops->data, fd, mode & MODE_BITS))
		r = -errno;
	return is_refusal(r) && is_modeless(fresh) ? 0 : r;
}

int host_copy_identity(const struct host *host, int from, const struct stat *from_st, int to,
		       const char *path, struct err *reterr)
{
	struct stat fresh;
	int r;

	if (host->ops->fstat(host->ops->data, to, &fresh))
		return host_fail(reterr, -errno, "write", path);
	r = set_owner(host, to, from_st->st_uid, from_st->st_gid, &fresh);
	if (r < 0)
		return host_fail(reterr, r, "keep the owner of", path);
	r = copy_xattrs(host, from, to, path, reterr);
	if (r < 0)
		return r;
	r = set_mode(host, to, from_st->st_mode, &fresh);
	return r < 0 ? host_fail(reterr, r, "keep the mode of", path) : 0;
}

int host_set_identity(const struct host *host, int fd, const struct host_new *as, const char *path,
		      struct err *reterr)
{
	struct stat fresh;
	int r;

	if (host->ops->fstat(host->ops->data, fd, &fresh))
		return host_fail(reterr, -errno, "write", path);
	r = set_owner(host, fd, as->uid, as->gid, &fresh);
	if (r < 0)
		return host_fail(reterr, r, "set the owner of", path);
	r = as->xattrs ? give_xattrs(host, as->xattrs, fd, path, reterr) : 0;
	if (r < 0)
		return r;
	r = set_mode(host, fd, as->mode, &fresh);
	return r < 0 ? host_fail(reterr, r, "set the mode of", path) : 0;
}
