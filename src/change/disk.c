/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/disk.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

int disk_holds(const struct host *host, const char *path, bool exists, const struct str *bytes,
	       bool *ret, struct err *reterr)
{
	auto_str struct str now = STR_INIT;
	int r = host_read(host, path, &now, reterr);

	*ret = false;
	if (r == -ENOENT) {
		err_clear(reterr);
		*ret = !exists;
		return 0;
	}
	if (r < 0)
		return r;
	*ret = exists && str_equal(&now, bytes);
	return 0;
}

/* The path without its last component; false at the root. */
static bool cut_last(struct str *path)
{
	const char *slash = strrchr(path->data, '/');

	if (!slash || slash == path->data)
		return false;
	str_truncate(path, (size_t)(slash - path->data));
	return true;
}

void disk_missing_dirs(const struct host *host, const char *path, struct strv *ret)
{
	auto_strv struct strv found = STRV_INIT;
	auto_str struct str dir = STR_INIT;

	str_adds(&dir, path);
	while (cut_last(&dir) && !host_exists(host, dir.data))
		strv_add(&found, dir.data);
	for (size_t i = found.len; i-- > 0;)
		strv_add_unique(ret, found.items[i]);
}

void disk_remove_dirs(const struct host *host, const struct strv *dirs)
{
	struct stat st;

	for (size_t i = dirs->len; i-- > 0;)
		if (!host_lstat(host, dirs->items[i], &st, NULL) && S_ISDIR(st.st_mode) &&
		    host_remove(host, dirs->items[i], NULL) < 0)
			continue; /* not empty: somebody else uses it */
}
