/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "host/host_private.h"

/* Waits for nobody at a FIFO and takes no terminal. */
#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY)
#define READ_CHUNK 8192
#define LINE_MAX_BYTES 65536
#define PIECE_BYTES 65536

static ssize_t read_once(const struct host *host, int fd, void *buf, size_t n)
{
	ssize_t got;

	do {
		got = host->ops->read(host->ops->data, fd, buf, n);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int host_read_fd(const struct host *host, int fd, size_t max, bool whole, struct str *ret)
{
	size_t start = ret->len;
	size_t limit = whole ? max + 1 : max;

	while (ret->len - start < limit) {
		size_t want = limit - (ret->len - start);
		ssize_t got;

		want = want < READ_CHUNK ? want : READ_CHUNK;
		str_reserve(ret, want);
		got = read_once(host, fd, ret->data + ret->len, want);
		if (got == -EPIPE && !whole)
			continue; /* /dev/kmsg: a record was overwritten meanwhile */
		if (got == -EAGAIN && !whole)
			break; /* a device that has no more now, such as /dev/kmsg */
		if (got < 0) {
			str_truncate(ret, start);
			return (int)got;
		}
		if (!got)
			break;
		ret->len += (size_t)got;
	}
	if (ret->cap)
		ret->data[ret->len] = '\0';
	if (!whole || ret->len - start <= max)
		return 0;
	str_truncate(ret, start);
	return -EFBIG;
}

static int check_kind(const struct stat *st, bool devices_ok, const char *path, struct err *reterr)
{
	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISDIR(st->st_mode))
		return err_set(reterr, -EISDIR, "cannot read %s: it is a directory", path);
	if (devices_ok && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)))
		return 0;
	return err_set(reterr, -EINVAL, "cannot read %s: it is not a file but a %s", path,
		       S_ISFIFO(st->st_mode) ? "pipe" : "device or socket");
}

static int read_path(const struct host *host, const char *path, size_t max, bool whole,
		     struct str *ret, struct err *reterr)
{
	struct stat st;
	int fd = host_open_path(host, path, READ_FLAGS, 0);
	int r;

	if (fd < 0)
		return host_fail(reterr, fd, "read", path);
	if (host->ops->fstat(host->ops->data, fd, &st))
		r = host_fail(reterr, -errno, "read", path);
	else
		r = check_kind(&st, !whole, path, reterr);
	if (!r) {
		r = host_read_fd(host, fd, max, whole, ret);
		if (r < 0)
			host_fail(reterr, r, "read", path);
	}
	host_drop(host, fd);
	return r;
}

int host_read(const struct host *host, const char *path, struct str *ret, struct err *reterr)
{
	return read_path(host, path, HOST_FILE_MAX, true, ret, reterr);
}

int host_read_some(const struct host *host, const char *path, size_t max, struct str *ret,
		   struct err *reterr)
{
	return read_path(host, path, max, false, ret, reterr);
}

static int give_pieces(const struct host *host, int fd, host_piece_fn piece, void *data)
{
	auto_str struct str bytes = STR_INIT;
	int r;

	do {
		str_clear(&bytes);
		r = host_read_fd(host, fd, PIECE_BYTES, false, &bytes);
	} while (!r && bytes.len && piece(data, bytes.data, bytes.len));
	return r;
}

int host_read_pieces(const struct host *host, const char *path, host_piece_fn piece, void *data,
		     struct err *reterr)
{
	int fd = host_open_path(host, path, READ_FLAGS, 0);
	struct stat st;
	int r;

	if (fd < 0)
		return host_fail(reterr, fd, "read", path);
	if (host->ops->fstat(host->ops->data, fd, &st))
		r = host_fail(reterr, -errno, "read", path);
	else
		r = check_kind(&st, false, path, reterr);
	if (!r) {
		r = give_pieces(host, fd, piece, data);
		if (r < 0)
			host_fail(reterr, r, "read", path);
	}
	host_drop(host, fd);
	return r;
}

int host_read_line(const struct host *host, const char *path, struct str *ret, struct err *reterr)
{
	int r;

	str_clear(ret);
	r = read_path(host, path, LINE_MAX_BYTES, true, ret, reterr);
	str_rtrim(ret);
	return r;
}

static int read_link_at(int fd, const char *name, struct str *ret)
{
	char buf[PATH_MAX];
	ssize_t n = readlinkat(fd, name, buf, sizeof(buf));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(buf))
		return -ENAMETOOLONG;
	str_clear(ret);
	str_add(ret, buf, (size_t)n);
	return 0;
}

int host_link(const struct host *host, const char *path, struct str *ret, struct err *reterr)
{
	int fd = host_open_path(host, path, O_PATH | O_NOFOLLOW, 0);
	int r;

	if (fd < 0)
		return host_fail(reterr, fd, "read the link", path);
	r = read_link_at(fd, "", ret);
	/* On a fd that is no link the kernel says ENOENT for the empty name (readlink(2)). */
	if (r == -ENOENT)
		r = -EINVAL;
	host_drop(host, fd);
	return r < 0 ? host_fail(reterr, r, "read the link", path) : 0;
}

static int read_names(DIR *dir, struct strv *ret)
{
	const struct dirent *entry;

	/* cppcheck-suppress readdirCalled; safe, since each DIR is used by one call (readdir(3)) */
	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			strv_add(ret, entry->d_name);
	return -errno;
}

int host_list(const struct host *host, const char *path, struct strv *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int fd = host_open_path(host, path, READ_FLAGS | O_DIRECTORY, 0);
	DIR *dir;
	int r;

	if (fd < 0)
		return host_fail(reterr, fd, "list", path);
	dir = fdopendir(fd);
	if (!dir) {
		r = host_fail(reterr, -errno, "list", path);
		host_drop(host, fd);
		return r;
	}
	r = read_names(dir, &names);
	closedir(dir);
	if (r < 0)
		return host_fail(reterr, r, "list", path);
	strv_sort(&names);
	strv_move(ret, &names);
	return 0;
}

static int stat_path(const struct host *host, const char *path, int flags, struct stat *ret,
		     struct err *reterr)
{
	int fd = host_open_path(host, path, O_PATH | flags, 0);
	int r = 0;

	if (fd < 0)
		return host_fail(reterr, fd, "look at", path);
	if (host->ops->fstat(host->ops->data, fd, ret))
		r = host_fail(reterr, -errno, "look at", path);
	host_drop(host, fd);
	return r;
}

int host_stat(const struct host *host, const char *path, struct stat *ret, struct err *reterr)
{
	return stat_path(host, path, 0, ret, reterr);
}

int host_lstat(const struct host *host, const char *path, struct stat *ret, struct err *reterr)
{
	return stat_path(host, path, O_NOFOLLOW, ret, reterr);
}

bool host_exists(const struct host *host, const char *path)
{
	int fd = host_open_path(host, path, O_PATH, 0);

	host_drop(host, fd);
	return fd >= 0;
}

static bool is_program(const struct host *host, const char *path)
{
	struct stat st;

	return !host_stat(host, path, &st, NULL) && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

bool host_find_program(const struct host *host, const char *name, struct str *ret_path)
{
	static const char *const dirs[] = {
		"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
	};
	auto_str struct str path = STR_INIT;

	if (!name[0] || strchr(name, '/'))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		str_clear(&path);
		str_addf(&path, "%s/%s", dirs[i], name);
		if (!is_program(host, path.data))
			continue;
		if (ret_path) {
			str_clear(ret_path);
			str_adds(ret_path, path.data);
		}
		return true;
	}
	return false;
}

int host_dir_open(const struct host *host, const char *path, struct host_dir *ret,
		  struct err *reterr)
{
	int fd = host_open_path(host, path, O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return host_fail(reterr, fd, "open the directory", path);
	*ret = (struct host_dir){.host = host, .fd = fd};
	return 0;
}

void host_dir_close(struct host_dir *dir)
{
	if (dir->fd >= 0)
		host_drop(dir->host, dir->fd);
	dir->fd = -1;
}

/* "..", or a path, would leave the directory without asking openat2. */
static bool is_one_name(const char *name)
{
	return name[0] && !strchr(name, '/') && strcmp(name, "..");
}

int host_dir_read(const struct host_dir *dir, const char *name, size_t max, struct str *ret)
{
	const struct host_ops *ops = dir->host->ops;
	ssize_t got;
	int fd;

	str_clear(ret);
	if (!is_one_name(name))
		return -EINVAL;
	fd = ops->openat(ops->data, dir->fd, name, READ_FLAGS | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	str_reserve(ret, max);
	got = read_once(dir->host, fd, ret->data, max);
	ret->len = got > 0 ? (size_t)got : 0;
	ret->data[ret->len] = '\0';
	host_drop(dir->host, fd);
	return got < 0 ? (int)got : 0;
}

int host_dir_link(const struct host_dir *dir, const char *name, struct str *ret)
{
	return is_one_name(name) ? read_link_at(dir->fd, name, ret) : -EINVAL;
}

bool host_dir_has(const struct host_dir *dir, const char *name)
{
	return is_one_name(name) && !faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}
