/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owner, extended attributes and mode of a new file. The order matters: a temporary
 * is 0600 while it is filled; the owner comes first since chown takes setuid bits
 * away, the ACL next, the mode last, so that no step opens the file wider than
 * the file it replaces.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/mem.h"
#include "host/host_private.h"

#define MODE_BITS 07777U

/* Signatures of the old contents; the kernel makes its own for the new ones where it uses them. */
static bool is_signature(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

static int list_names(int fd, struct strv *ret)
{
	ssize_t n = flistxattr(fd, NULL, 0);
	auto_free char *names = NULL;

	if (n <= 0)
		return n < 0 && errno != ENOTSUP ? -errno : 0;
	names = xmalloc((size_t)n);
	n = flistxattr(fd, names, (size_t)n);
	if (n < 0)
		return -errno;
	for (char *p = names; p < names + n; p += strlen(p) + 1)
		if (!is_signature(p))
			strv_add(ret, p);
	return 0;
}

static int get_value(int fd, const char *name, struct str *ret)
{
	ssize_t n = fgetxattr(fd, name, NULL, 0);

	str_clear(ret);
	if (n < 0)
		return -errno;
	str_reserve(ret, (size_t)n);
	n = fgetxattr(fd, name, ret->data, (size_t)n);
	if (n < 0)
		return -errno;
	ret->len = (size_t)n;
	return 0;
}

static int copy_one(const struct host *host, int from, int to, const char *name)
{
	auto_str struct str want = STR_INIT;
	auto_str struct str have = STR_INIT;
	int r = get_value(from, name, &want);

	if (r < 0)
		return r == -ENODATA ? 0 : r;
	if (!get_value(to, name, &have) && str_equal(&want, &have))
		return 0;
	return host->ops->fsetxattr(host->ops->data, to, name, want.data, want.len) ? -errno : 0;
}

/* A directory's default ACL gives new files entries that the old file may not have had. */
static int drop_default_acl(const struct host *host, int to, const struct strv *wanted)
{
	static const char acl[] = "system.posix_acl_access";

	if (strv_has(wanted, acl) || fgetxattr(to, acl, NULL, 0) < 0)
		return 0;
	return host->ops->fremovexattr(host->ops->data, to, acl) ? -errno : 0;
}

static int copy_xattrs(const struct host *host, int from, int to, const char *path,
		       struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = list_names(from, &names);

	for (size_t i = 0; !r && i < names.len; i++) {
		r = copy_one(host, from, to, names.items[i]);
		if (r < 0) {
			errno = -r;
			return err_set(reterr, r,
				       "cannot keep the attribute %s of %s: %m; the file is as it "
				       "was",
				       names.items[i], path);
		}
	}
	if (!r)
		r = drop_default_acl(host, to, &names);
	return r < 0 ? host_fail(reterr, r, "keep the attributes of", path) : 0;
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
	r = set_mode(host, fd, as->mode, &fresh);
	return r < 0 ? host_fail(reterr, r, "set the mode of", path) : 0;
}
