/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes files below a directory, one path component at a time; see machine/recording_parts.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/recording_parts.h"

int tree_open(struct tree *t, const char *dir, struct err *reterr)
{
	*t = (struct tree){.root_fd = -1, .dir_fd = -1};
	t->root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->root_fd < 0)
		return err_set(reterr, -errno, "cannot open the directory %s: %m", dir);
	return 0;
}

void tree_close(struct tree *t)
{
	cleanup_fd(&t->dir_fd);
	cleanup_fd(&t->root_fd);
	t->dir_fd = t->root_fd = -1;
}

bool tree_path_is_clean(const char *path)
{
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	for (const char *p = path; *p;) {
		size_t n = strcspn(++p, "/");

		if (!n || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
	}
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static void fail(struct tree *t, const char *what, const char *path)
{
	t->error = err_set(&t->err, -errno, "cannot make the %s %s: %m", what, path);
}

/* Opens a directory of `parent`, making it when it is missing. */
static int enter(int parent, const char *name, mode_t mode)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
		return -1;
	return openat(parent, name, flags);
}

/* Walks from the root along the first `len` bytes of `path`; the fd of the last directory. */
static int walk(const struct tree *t, const char *path, size_t len)
{
	char name[NAME_MAX + 1];
	int fd = fcntl(t->root_fd, F_DUPFD_CLOEXEC, 3);

	for (size_t at = 1; fd >= 0 && at < len;) {
		size_t n = strcspn(path + at, "/");
		int below = -1;

		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
		} else {
			memcpy(name, path + at, n);
			name[n] = '\0';
			below = enter(fd, name, 0755);
		}
		cleanup_fd(&fd);
		fd = below;
		at += n + 1;
	}
	return fd;
}

/* Makes the first `len` bytes of `path` the current directory. */
static bool go_to(struct tree *t, const char *path, size_t len)
{
	if (t->dir_fd >= 0 && strlen(t->dir) == len && !memcmp(t->dir, path, len))
		return true;
	cleanup_fd(&t->dir_fd);
	t->dir_fd = walk(t, path, len);
	if (t->dir_fd < 0) {
		fail(t, "directory of", path);
		return false;
	}
	memcpy(t->dir, path, len);
	t->dir[len] = '\0';
	return true;
}

/* Goes to the directory of `path` and returns the last component, NULL after an error. */
static const char *name_in_dir(struct tree *t, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (t->error)
		return NULL;
	if (!slash || !tree_path_is_clean(path)) {
		errno = EINVAL;
		fail(t, "file", path);
		return NULL;
	}
	return go_to(t, path, (size_t)(slash - path)) ? slash + 1 : NULL;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

void tree_file(struct tree *t, const char *path, const void *bytes, size_t len, mode_t mode)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	const char *name = name_in_dir(t, path);
	int fd;

	if (!name)
		return;
	fd = openat(t->dir_fd, name, flags, 0600);
	if (fd < 0 || write_all(fd, bytes, len) < 0 || fchmod(fd, mode) < 0)
		fail(t, "file", path);
	cleanup_fd(&fd);
}

void tree_text(struct tree *t, const char *path, const char *text)
{
	tree_file(t, path, text, strlen(text), 0644);
}

void tree_link(struct tree *t, const char *path, const char *target)
{
	const char *name = name_in_dir(t, path);

	if (name && symlinkat(target, t->dir_fd, name) < 0)
		fail(t, "link", path);
}

void tree_dir(struct tree *t, const char *path, mode_t mode)
{
	const char *name = name_in_dir(t, path);
	auto_fd int fd = -1;

	if (!name)
		return;
	fd = enter(t->dir_fd, name, 0700);
	if (fd < 0 || fchmod(fd, mode) < 0)
		fail(t, "directory", path);
}
