/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file is changed by renaming a finished one over it: at every moment, and after a
 * power cut, the target is wholly the old or wholly the new one. fsync of the file
 * comes before the rename (rename(2) orders no data), fsync of the directory after.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"
#include "host/host_private.h"

#define TEMP_TRIES 100
#define NEW_DIR_MODE 0755
/* What a temporary's name adds: a dot in front, ".vfiotui-XXXXXX" behind. */
#define TEMP_TAG ".vfiotui-"
#define TEMP_RANDOM 6
#define TEMP_EXTRA (sizeof("." TEMP_TAG) - 1 + TEMP_RANDOM)

static const char *base_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static char *dir_of(const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	return n ? xstrndup(path, n) : xstrdup("/");
}

/* Lower case only: FAT would take two names that differ in case for one. */
static void temp_name(struct str *out, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char random[TEMP_RANDOM] = {0};
	size_t room = NAME_MAX - TEMP_EXTRA;

	if (getrandom(random, sizeof(random), 0) < 0)
		memset(random, 0, sizeof(random));
	str_clear(out);
	str_addf(out, ".%.*s" TEMP_TAG, (int)room, name);
	for (size_t i = 0; i < sizeof(random); i++)
		str_addc(out, letters[random[i] % (sizeof(letters) - 1)]);
}

static int open_temp(const struct host *host, int dir_fd, const char *name, struct str *ret_name)
{
	int fd = -1;

	for (int i = 0; i < TEMP_TRIES; i++) {
		temp_name(ret_name, name);
		fd = host->ops->openat(host->ops->data, dir_fd, ret_name->data,
				       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || (errno != EEXIST && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int write_all(const struct host *host, int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = host->ops->write(host->ops->data, fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

struct source {
	const char *bytes;
	size_t len;
	const struct host_new *as;
	int old_fd; /* the file that is replaced, or -1 */
	struct stat old_st;
};

static int fill_temp(const struct host *host, int fd, const struct source *src, const char *target,
		     struct err *reterr)
{
	int r = write_all(host, fd, src->bytes, src->len);

	if (r < 0)
		return host_fail(reterr, r, "write", target);
	if (src->old_fd >= 0)
		r = host_copy_identity(host, src->old_fd, &src->old_st, fd, target, reterr);
	else
		r = host_set_identity(host, fd, src->as, target, reterr);
	if (r < 0)
		return r;
	r = host_sync(host, fd);
	return r < 0 ? host_fail(reterr, r, "write", target) : 0;
}

static int make_temp(const struct host *host, struct host_stage *stage, const struct source *src,
		     struct err *reterr)
{
	auto_str struct str name = STR_INIT;
	int fd = open_temp(host, stage->dir_fd, base_of(stage->target), &name);
	int r;
	int closed;

	if (fd < 0)
		return host_fail(reterr, fd, "write beside", stage->target);
	stage->temp = str_take(&name);
	r = fill_temp(host, fd, src, stage->target, reterr);
	closed = host_close(host, fd);
	if (!r && closed < 0)
		r = host_fail(reterr, closed, "write", stage->target);
	return r;
}

static int open_stage(const struct host *host, const char *path, bool create_dirs,
		      struct host_stage *stage, struct err *reterr)
{
	auto_str struct str target = STR_INIT;
	auto_free char *dir = NULL;
	int r = host_resolve(host, path, true, &target, reterr);

	if (r < 0)
		return r;
	if (target.len < 2)
		return host_fail(reterr, -EISDIR, "write", path);
	stage->path = xstrdup(path);
	stage->target = str_take(&target);
	dir = dir_of(stage->target);
	if (create_dirs)
		r = host_make_dirs(host, dir, NEW_DIR_MODE, &stage->made_dirs, reterr);
	if (r < 0)
		return r;
	stage->dir_fd = host_open_path(host, dir, O_RDONLY | O_DIRECTORY, 0);
	if (stage->dir_fd < 0)
		return host_fail(reterr, stage->dir_fd, "open the directory", dir);
	return host_check_directory(stage->dir_fd, stage->target, reterr);
}

int host_stage(const struct host *host, const char *path, const char *bytes, size_t len,
	       const struct host_new *as, struct host_stage *ret, struct err *reterr)
{
	static const struct host_new usual = {.mode = 0644, .uid = (uid_t)-1, .gid = (gid_t)-1};
	struct source src = {.bytes = bytes, .len = len, .as = as ? as : &usual, .old_fd = -1};
	int r;

	*ret = (struct host_stage)HOST_STAGE_INIT;
	r = open_stage(host, path, true, ret, reterr);
	if (!r)
		r = host_check_target(host, ret->dir_fd, ret->target, &src.old_fd, &src.old_st,
				      reterr);
	if (!r)
		r = make_temp(host, ret, &src, reterr);
	host_drop(host, src.old_fd);
	if (r < 0)
		host_stage_release(host, ret);
	return r;
}

int host_stage_remove(const struct host *host, const char *path, struct host_stage *ret,
		      struct err *reterr)
{
	struct stat st;
	int fd = -1;
	int r;

	*ret = (struct host_stage)HOST_STAGE_INIT;
	ret->removes = true;
	r = open_stage(host, path, false, ret, reterr);
	if (!r)
		r = host_check_target(host, ret->dir_fd, ret->target, &fd, &st, reterr);
	if (!r && fd < 0)
		r = host_fail(reterr, -ENOENT, "remove", path);
	host_drop(host, fd);
	if (r < 0)
		host_stage_release(host, ret);
	return r;
}

int host_commit(const struct host *host, struct host_stage *stage, struct err *reterr)
{
	const struct host_ops *ops = host->ops;
	const char *name = base_of(stage->target);
	int r;

	if (stage->removes)
		r = ops->unlinkat(ops->data, stage->dir_fd, name, 0);
	else
		r = ops->renameat(ops->data, stage->dir_fd, stage->temp, stage->dir_fd, name);
	if (r)
		return host_fail(reterr, -errno, stage->removes ? "remove" : "replace",
				 stage->target);
	stage->committed = true;
	r = host_sync(host, stage->dir_fd);
	if (!r)
		return 0;
	errno = -r;
	return err_set(reterr, r,
		       "%s is changed, but the disk did not confirm it (%m): a power cut now could "
		       "bring the old file back",
		       stage->target);
}

void host_stage_release(const struct host *host, struct host_stage *stage)
{
	if (!stage->committed && stage->temp)
		host->ops->unlinkat(host->ops->data, stage->dir_fd, stage->temp, 0);
	if (!stage->committed && stage->made_dirs) {
		auto_free char *dir = dir_of(stage->target);

		host_unmake_dirs(host, dir, stage->made_dirs);
	}
	host_drop(host, stage->dir_fd);
	free(stage->path);
	free(stage->target);
	free(stage->temp);
	*stage = (struct host_stage)HOST_STAGE_INIT;
}

/* The name is ".NAME.vfiotui-XXXXXX", with NAME cut to what fits, as temp_name() makes it. */
static bool is_temp_of(const char *entry, const char *name)
{
	size_t n = strlen(entry);
	size_t name_len;

	if (n <= TEMP_EXTRA || entry[0] != '.')
		return false;
	name_len = n - TEMP_EXTRA;
	return !strncmp(entry + 1, name, name_len) &&
	       (!name[name_len] || name_len == NAME_MAX - TEMP_EXTRA) &&
	       text_starts_with(entry + 1 + name_len, TEMP_TAG);
}

int host_remove_strays(const struct host *host, const char *path, struct err *reterr)
{
	auto_str struct str target = STR_INIT;
	auto_str struct str stray = STR_INIT;
	auto_strv struct strv names = STRV_INIT;
	auto_free char *dir = NULL;
	int r = host_resolve(host, path, true, &target, reterr);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	dir = dir_of(target.data);
	r = host_list(host, dir, &names, reterr);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; !r && i < names.len; i++) {
		if (!is_temp_of(names.items[i], base_of(target.data)))
			continue;
		str_clear(&stray);
		str_addf(&stray, "%s/%s", dir, names.items[i]);
		r = host_remove(host, stray.data, reterr);
	}
	return r;
}

int host_write(const struct host *host, const char *path, const char *bytes, size_t len,
	       const struct host_new *as, struct err *reterr)
{
	struct host_stage stage;
	int r = host_stage(host, path, bytes, len, as, &stage, reterr);

	if (r < 0)
		return r;
	r = host_commit(host, &stage, reterr);
	host_stage_release(host, &stage);
	return r;
}
