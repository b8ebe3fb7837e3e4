/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resolving a path to its final place, one component at a time. The kernel does
 * the same when it opens the path, but only tells the result through /proc; and
 * a file that does not exist yet has no result there at all. Each step asks
 * openat2 for a path whose links are already resolved, so it stays in the root.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/mem.h"
#include "host/host_private.h"

#define LINKS_MAX 40 /* as the kernel's MAXSYMLINKS (include/linux/namei.h) */

struct walk {
	const struct host *host;
	struct str *done; /* resolved so far; "" is the root */
	struct str rest;  /* still to go */
	size_t own; /* how much of the end of `rest` was in the caller's path, not in a link */
	int links;
	bool missing;  /* the rest does not exist */
	bool dangling; /* what a link leads to does not exist */
};

static void walk_up(struct walk *w)
{
	const char *slash = strrchr(w->done->data, '/');

	str_truncate(w->done, slash ? (size_t)(slash - w->done->data) : 0);
}

static int follow(struct walk *w, const char *link_path)
{
	auto_str struct str text = STR_INIT;
	int r;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	r = host_link(w->host, link_path, &text, NULL);
	if (r < 0)
		return r;
	if (w->rest.len < w->own || w->links == 1)
		w->own = w->rest.len;
	if (text.data[0] == '/')
		str_truncate(w->done, 0);
	str_addc(&text, '/');
	str_add(&text, w->rest.data, w->rest.len);
	str_release(&w->rest);
	w->rest = text;
	str_init(&text);
	return 0;
}

/* One component at the head of the rest; -ENOENT only for a link that leads to nothing. */
static int step(struct walk *w, const char *name, bool from_link)
{
	auto_str struct str here = STR_INIT;
	struct stat st;
	int r;

	if (!strcmp(name, "."))
		return 0;
	if (!strcmp(name, "..")) {
		walk_up(w);
		return w->missing ? -ENOENT : 0;
	}
	str_addf(&here, "%s/%s", w->done->data, name);
	r = w->missing ? -ENOENT : host_lstat(w->host, here.data, &st, NULL);
	w->dangling = r == -ENOENT && from_link;
	if (r < 0 && (r != -ENOENT || from_link))
		return r;
	w->missing = r == -ENOENT;
	if (!w->missing && S_ISLNK(st.st_mode))
		return follow(w, here.data);
	str_clear(w->done);
	str_add(w->done, here.data, here.len);
	return 0;
}

static int walk(struct walk *w)
{
	int r = 0;

	while (!r) {
		size_t skip = strspn(w->rest.data, "/");
		size_t n = strcspn(w->rest.data + skip, "/");
		auto_free char *name = xstrndup(w->rest.data + skip, n);
		bool from_link = w->links && w->rest.len - skip > w->own;

		if (!n)
			break;
		memmove(w->rest.data, w->rest.data + skip + n, w->rest.len - skip - n + 1);
		w->rest.len -= skip + n;
		r = step(w, name, from_link);
	}
	return r;
}

/* Where an existing path passes through a magic link of /proc, the text of that link is no path. */
static int check_same(const struct host *host, const char *path, const char *resolved)
{
	struct stat asked;
	struct stat found;
	int r = host_stat(host, path, &asked, NULL);

	if (!r)
		r = host_stat(host, resolved, &found, NULL);
	if (!r && (asked.st_dev != found.st_dev || asked.st_ino != found.st_ino))
		r = -ESTALE;
	return r;
}

int host_resolve(const struct host *host, const char *path, bool missing_ok, struct str *ret,
		 struct err *reterr)
{
	struct walk w = {.host = host, .done = ret, .rest = STR_INIT};
	int r = path[0] == '/' ? 0 : -EINVAL;

	str_clear(ret);
	str_adds(&w.rest, path);
	if (!r)
		r = walk(&w);
	if (!ret->len)
		str_addc(ret, '/');
	str_release(&w.rest);
	if (!r && w.missing && !missing_ok)
		r = -ENOENT;
	if (!r && !w.missing)
		r = check_same(host, path, ret->data);
	if (w.dangling)
		return err_set(reterr, r,
			       "cannot follow %s: it is, or lies behind, a symbolic link that "
			       "leads to nothing",
			       path);
	return r < 0 ? host_fail(reterr, r, "follow", path) : 0;
}

int host_realpath(const struct host *host, const char *path, struct str *ret, struct err *reterr)
{
	return host_resolve(host, path, false, ret, reterr);
}
