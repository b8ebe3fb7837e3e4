/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes: read from a file to be given to the one that takes its place, now or by a later undo. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/mem.h"
#include "host/host_private.h"

#define ACL "system.posix_acl_access"

void host_xattrs_release(struct host_xattrs *x)
{
	for (size_t i = 0; i < x->len; i++) {
		free(x->items[i].name);
		str_release(&x->items[i].value);
	}
	free(x->items);
	*x = (struct host_xattrs){.items = NULL};
}

void host_xattrs_add(struct host_xattrs *x, const char *name, const char *value, size_t len)
{
	struct host_xattr *item;

	x->items = grow(x->items, x->len, &x->cap, sizeof(*x->items));
	item = &x->items[x->len++];
	item->name = xstrdup(name);
	str_init(&item->value);
	str_add(&item->value, value, len);
}

void host_xattrs_copy(struct host_xattrs *to, const struct host_xattrs *from)
{
	for (size_t i = 0; i < from->len; i++)
		host_xattrs_add(to, from->items[i].name, from->items[i].value.data,
				from->items[i].value.len);
}

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

int host_xattrs_of(int fd, struct host_xattrs *ret)
{
	auto_strv struct strv names = STRV_INIT;
	auto_str struct str value = STR_INIT;
	int r = list_names(fd, &names);

	for (size_t i = 0; !r && i < names.len; i++) {
		r = get_value(fd, names.items[i], &value);
		if (!r)
			host_xattrs_add(ret, names.items[i], value.data, value.len);
		else if (r == -ENODATA) /* gone since it was listed */
			r = 0;
	}
	return r;
}

int host_xattrs_read(const struct host *host, const char *path, struct host_xattrs *ret,
		     struct err *reterr)
{
	int fd = host_open_path(host, path, O_RDONLY | O_NONBLOCK, 0);
	int r = fd < 0 ? fd : host_xattrs_of(fd, ret);

	if (fd >= 0)
		host_drop(host, fd);
	return r < 0 ? host_fail(reterr, r, "read the attributes of", path) : 0;
}

static int give_one(const struct host *host, int fd, const struct host_xattr *x)
{
	auto_str struct str have = STR_INIT;

	if (!get_value(fd, x->name, &have) && str_equal(&x->value, &have))
		return 0;
	return host->ops->fsetxattr(host->ops->data, fd, x->name, x->value.data, x->value.len)
		       ? -errno
		       : 0;
}

int host_xattrs_give(const struct host *host, int fd, const struct host_xattrs *x,
		     const char **ret_name)
{
	bool has_acl = false;
	int r = 0;

	for (size_t i = 0; !r && i < x->len; i++) {
		*ret_name = x->items[i].name;
		has_acl = has_acl || !strcmp(x->items[i].name, ACL);
		r = give_one(host, fd, &x->items[i]);
	}
	/* A directory's default ACL gives new files entries that the old file may not have had. */
	if (r || has_acl || fgetxattr(fd, ACL, NULL, 0) < 0)
		return r;
	*ret_name = ACL;
	return host->ops->fremovexattr(host->ops->data, fd, ACL) ? -errno : 0;
}
