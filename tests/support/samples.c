/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "samples.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

const char *samples_top(void)
{
	const char *top = getenv("TOP");

	return top ? top : ".";
}

char *samples_read(const char *path, size_t *len)
{
	struct str bytes = STR_INIT;
	FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_add(&bytes, buf, n);
	fclose(f);
	*len = bytes.len;
	return str_take(&bytes);
}

/* True when a path ends in "/NAME"; the hand-written samples are in both places. */
static bool has_name(const struct strv *paths, const char *name)
{
	for (size_t i = 0; i < paths->len; i++)
		if (!strcmp(strrchr(paths->items[i], '/') + 1, name))
			return true;
	return false;
}

static void list(struct strv *ret, char *dir)
{
	auto_free char *owned = dir;
	auto_strv struct strv names = STRV_INIT;
	DIR *d = opendir(dir);
	const struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			strv_add(&names, e->d_name);
	closedir(d);
	strv_sort(&names);
	for (size_t i = 0; i < names.len; i++)
		if (!has_name(ret, names.items[i]))
			strv_addf(ret, "%s/%s", dir, names.items[i]);
}

size_t samples_each(const char *folder, sample_fn fn, void *data)
{
	auto_strv struct strv paths = STRV_INIT;
	size_t count = 0;

	list(&paths, xasprintf("%s/tests/fixtures/samples/%s", samples_top(), folder));
	list(&paths, xasprintf("%s/../shared/samples/%s", samples_top(), folder));
	for (size_t i = 0; i < paths.len; i++) {
		size_t len;
		auto_free char *bytes = samples_read(paths.items[i], &len);

		if (!bytes)
			continue;
		fn(paths.items[i], bytes, len, data);
		count++;
	}
	return count;
}
