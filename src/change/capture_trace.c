/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes each path that a host opens. */
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/capture_parts.h"

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct asked *)a)->path, ((const struct asked *)b)->path);
}

static void note(struct trace *t, const char *path, int flags, bool denied)
{
	struct asked *a = xcalloc(1, sizeof(*a));
	struct asked *const *slot;
	struct asked *found;

	a->path = xstrdup(path);
	slot = tsearch(a, &t->index, compare_paths);
	if (!slot)
		abort();
	found = *slot;
	if (found != a) {
		free(a->path);
		free(a);
	}
	found->denied |= denied;
	found->content |= !(flags & (O_PATH | O_DIRECTORY));
	found->listed |= !(flags & O_PATH) && (flags & O_DIRECTORY);
}

static int open_noted(void *data, int root_fd, const char *path, int flags, mode_t mode)
{
	int fd = host_real_ops.open(NULL, root_fd, path, flags, mode);
	int saved = errno;

	/* What is not there says so again by not being in the recording. */
	if (fd >= 0 || saved == EACCES)
		note(data, path, flags, fd < 0);
	errno = saved;
	return fd;
}

/* Where there is no openat2 whole paths come here, too. */
static int openat_noted(void *data, int dir_fd, const char *name, int flags, mode_t mode)
{
	int fd = host_real_ops.openat(NULL, dir_fd, name, flags, mode);
	int saved = errno;

	if (name[0] == '/' && (fd >= 0 || saved == EACCES))
		note(data, name, flags, fd < 0);
	errno = saved;
	return fd;
}

void trace_begin(struct trace *t, struct host *host)
{
	*t = (struct trace){.ops = host_real_ops};
	t->ops.data = t;
	t->ops.open = open_noted;
	t->ops.openat = openat_noted;
	host_set_ops(host, &t->ops);
}

static void free_asked(void *p)
{
	struct asked *a = p;

	free(a->path);
	free(a);
}

void trace_release(struct trace *t)
{
	tdestroy(t->index, free_asked);
	*t = (struct trace){.index = NULL};
}

struct list {
	const struct asked **items;
	size_t len, cap;
};

static void add_asked(const void *node, VISIT order, void *data)
{
	struct list *l = data;

	if (order != postorder && order != leaf)
		return;
	l->items = grow(l->items, l->len, &l->cap, sizeof(*l->items));
	l->items[l->len++] = *(const struct asked *const *)node;
}

const struct asked **trace_list(const struct trace *t, size_t *ret_len)
{
	struct list l = {.items = NULL, .len = 0, .cap = 0};

	twalk_r(t->index, add_asked, &l);
	*ret_len = l.len;
	return l.items;
}
