/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"

/* What one path gave when it was first read; it never moves, so its bytes may be handed out. */
struct entry {
	char *path;
	struct str bytes;
	struct err err; /* code 0: bytes are valid */
	bool mask;      /* memory only: a link to /dev/null */
};

struct files {
	const struct host *host; /* NULL: memory */
	struct entry **entries;
	size_t len, cap;
};

struct files *files_new(const struct host *host)
{
	struct files *f = xcalloc(1, sizeof(*f));

	f->host = host;
	return f;
}

struct files *files_new_memory(void)
{
	return files_new(NULL);
}

void files_free(struct files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->len; i++) {
		free(f->entries[i]->path);
		str_release(&f->entries[i]->bytes);
		free(f->entries[i]);
	}
	free(f->entries);
	free(f);
}

void files_freep(struct files **f)
{
	files_free(*f);
}

static struct entry *find(const struct files *f, const char *path)
{
	for (size_t i = 0; i < f->len; i++)
		if (!strcmp(f->entries[i]->path, path))
			return f->entries[i];
	return NULL;
}

static struct entry *add(struct files *f, const char *path)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->path = xstrdup(path);
	str_init(&e->bytes);
	f->entries = grow(f->entries, f->len, &f->cap, sizeof(struct entry *));
	f->entries[f->len++] = e;
	return e;
}

static struct entry *put(struct files *f, const char *path, const char *bytes, size_t len)
{
	struct entry *e = find(f, path);

	if (!e)
		e = add(f, path);
	str_clear(&e->bytes);
	str_add(&e->bytes, bytes, len);
	e->mask = false;
	err_clear(&e->err);
	return e;
}

void files_put(struct files *f, const char *path, const char *bytes, size_t len)
{
	put(f, path, bytes, len);
}

void files_put_mask(struct files *f, const char *path)
{
	put(f, path, "", 0)->mask = true;
}

static struct entry *load(struct files *f, const char *path)
{
	struct entry *e = find(f, path);

	if (e)
		return e;
	e = add(f, path);
	if (!f->host)
		err_set(&e->err, -ENOENT, "%s does not exist", path);
	else if (host_read(f->host, path, &e->bytes, &e->err) < 0 && !e->err.code)
		e->err.code = -EIO;
	return e;
}

int files_get(struct files *f, const char *path, const char **bytes, size_t *len,
	      struct err *reterr)
{
	const struct entry *e = load(f, path);

	if (e->err.code)
		return err_set(reterr, e->err.code, "%s", e->err.text);
	*bytes = e->bytes.data;
	*len = e->bytes.len;
	return 0;
}

int files_head(struct files *f, const char *path, size_t max, struct str *ret)
{
	const char *bytes;
	size_t len;
	int r;

	str_clear(ret);
	if (f->host)
		return host_read_some(f->host, path, max, ret, NULL);
	r = files_get(f, path, &bytes, &len, NULL);
	if (r == 0)
		str_add(ret, bytes, len < max ? len : max);
	return r;
}

bool files_exist(struct files *f, const char *path)
{
	const struct entry *e = find(f, path);

	if (e || !f->host)
		return e && e->err.code != -ENOENT;
	return host_exists(f->host, path);
}

static void list_memory(const struct files *f, const char *dir, const char *suffix, bool masks,
			struct strv *ret)
{
	size_t n = strlen(dir);

	for (size_t i = 0; i < f->len; i++) {
		const char *path = f->entries[i]->path;

		if (f->entries[i]->err.code || f->entries[i]->mask != masks ||
		    strncmp(path, dir, n) || path[n] != '/')
			continue;
		if (!strchr(path + n + 1, '/') && text_ends_with(path, suffix))
			strv_add(ret, path + n + 1);
	}
}

/* A link that leads to no file masks as well as one to /dev/null does; a directory does not. */
static bool is_kind(const struct files *f, const char *path, bool mask)
{
	struct stat st;

	if (host_stat(f->host, path, &st, NULL) < 0)
		return mask;
	return mask ? !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) : S_ISREG(st.st_mode);
}

static int list_host(const struct files *f, const char *dir, const char *suffix, bool masks,
		     struct strv *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	struct err err = ERR_INIT;
	int r = host_list(f->host, dir, &names, &err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(reterr, r, "%s", err.text);
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);

		if (text_ends_with(path, suffix) && is_kind(f, path, masks))
			strv_add(ret, names.items[i]);
	}
	return 0;
}

static int list(struct files *f, const char *dir, const char *suffix, bool masks, struct strv *ret,
		struct err *reterr)
{
	auto_strv struct strv found = STRV_INIT;
	int r = 0;

	if (f->host)
		r = list_host(f, dir, suffix, masks, &found, reterr);
	else
		list_memory(f, dir, suffix, masks, &found);
	strv_sort(&found);
	strv_copy(ret, &found);
	return r;
}

int files_list(struct files *f, const char *dir, const char *suffix, struct strv *ret,
	       struct err *reterr)
{
	return list(f, dir, suffix, false, ret, reterr);
}

int files_list_masks(struct files *f, const char *dir, const char *suffix, struct strv *ret,
		     struct err *reterr)
{
	return list(f, dir, suffix, true, ret, reterr);
}
