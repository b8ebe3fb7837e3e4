/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kmod_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HEADER "# vfiotui: devices for passthrough (\"vfiotui undo\" takes this back)\n"

/* In kmod's order of precedence. */
static const char *const dirs[] = {KMOD_ETC, "/run/modprobe.d", "/usr/local/lib/modprobe.d",
				   "/usr/lib/modprobe.d", "/lib/modprobe.d"};

static void file_release(struct kmod_file *f)
{
	free(f->name);
	free(f->path);
	str_release(&f->bytes);
	kmod_conf_release(&f->conf);
}

void kmod_set_release(struct kmod_set *set)
{
	for (size_t i = 0; i < set->len; i++)
		file_release(&set->files[i]);
	free(set->files);
	*set = (struct kmod_set)KMOD_SET_INIT;
}

static struct kmod_file *add(struct kmod_set *set, const char *name, char *path)
{
	struct kmod_file *f;

	set->files = grow(set->files, set->len, &set->cap, sizeof(*set->files));
	f = &set->files[set->len++];
	*f = (struct kmod_file){.name = xstrdup(name), .path = path};
	str_init(&f->bytes);
	f->package = !text_starts_with(path, KMOD_ETC "/");
	return f;
}

struct kmod_file *kmod_set_file(const struct kmod_set *set, const char *name)
{
	for (size_t i = 0; i < set->len; i++)
		if (!set->files[i].kernel && !strcmp(set->files[i].name, name))
			return &set->files[i];
	return NULL;
}

static int read_bytes(const struct target_context *ctx, struct changes *changes, const char *path,
		      struct str *ret, struct err *reterr)
{
	const char *bytes;
	size_t len;
	int r = changes ? changes_get(changes, path, &bytes, &len, reterr)
			: files_get(ctx->files, path, &bytes, &len, reterr);

	if (r < 0)
		return r;
	str_add(ret, bytes, len);
	return 0;
}

/* Adds one file; a missing one is there without bytes. */
static int load(struct kmod_set *set, const struct target_context *ctx, struct changes *changes,
		const char *name, char *path, struct err *reterr)
{
	struct kmod_file *f = add(set, name, path);
	int r = read_bytes(ctx, changes, f->path, &f->bytes, reterr);

	if (r < 0 && r != -ENOENT)
		return r;
	err_clear(reterr);
	f->exists = r == 0;
	kmod_conf_parse(&f->conf, f->bytes.data, f->bytes.len);
	return 0;
}

static int load_dir(struct kmod_set *set, const struct target_context *ctx, struct changes *changes,
		    const char *dir, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	auto_strv struct strv masks = STRV_INIT;
	int r = files_list(ctx->files, dir, ".conf", &names, reterr);

	if (r >= 0)
		r = files_list_masks(ctx->files, dir, ".conf", &masks, reterr);
	for (size_t i = 0; r >= 0 && i < masks.len; i++)
		if (masks.items[i][0] != '.' && !kmod_set_file(set, masks.items[i]))
			add(set, masks.items[i], xasprintf("%s/%s", dir, masks.items[i]))->mask =
				true;
	for (size_t i = 0; r >= 0 && i < names.len; i++)
		if (names.items[i][0] != '.' && !kmod_set_file(set, names.items[i]))
			r = load(set, ctx, changes, names.items[i],
				 xasprintf("%s/%s", dir, names.items[i]), reterr);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct kmod_file *x = a;
	const struct kmod_file *y = b;

	return strcmp(x->name, y->name);
}

int kmod_set_load(struct kmod_set *set, const struct target_context *ctx, struct changes *changes,
		  struct err *reterr)
{
	static const char *const own[] = {KMOD_EARLY_NAME, KMOD_VFIO_NAME};
	const struct strv *kernels = &ctx->platform->kernels;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(dirs); i++)
		r = load_dir(set, ctx, changes, dirs[i], reterr);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (!kmod_set_file(set, own[i]))
			add(set, own[i], xasprintf("%s/%s", KMOD_ETC, own[i]));
	for (size_t i = 0; r >= 0 && i < kernels->len; i++) {
		r = load(set, ctx, changes, "modules.softdep",
			 xasprintf("/lib/modules/%s/modules.softdep", kernels->items[i]), reterr);
		set->files[set->len - 1].kernel = true;
	}
	qsort(set->files, set->len, sizeof(*set->files), by_name);
	return r;
}

int kmod_set_base(const struct target_context *ctx, const char *name, struct str *ret,
		  struct err *reterr)
{
	for (size_t i = 1; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *masked = xasprintf("%s/%s", dirs[i], name);

		if (files_exist(ctx->files, masked))
			return read_bytes(ctx, NULL, masked, ret, reterr);
	}
	str_adds(ret, HEADER);
	return 0;
}

void kmod_file_replace(struct kmod_file *f, struct str *now)
{
	if (f->package) {
		free(f->path);
		f->path = xasprintf("%s/%s", KMOD_ETC, f->name);
		f->package = false;
		f->mask = false;
		f->created = true;
	}
	str_release(&f->bytes);
	f->bytes = *now;
	str_init(now);
	f->changed = true;
	kmod_conf_release(&f->conf);
	kmod_conf_parse(&f->conf, f->bytes.data, f->bytes.len);
}

void kmod_file_splice(struct kmod_file *f, size_t from, size_t to, const char *with)
{
	struct str now = STR_INIT;

	str_add(&now, f->bytes.data, from);
	str_adds(&now, with);
	str_add(&now, f->bytes.data + to, f->bytes.len - to);
	kmod_file_replace(f, &now);
}

void kmod_file_append(struct kmod_file *f, const char *line)
{
	auto_free char *with = xasprintf("%s\n", line);
	size_t at;

	if (!f->exists && !f->created) {
		f->created = true;
		kmod_file_splice(f, 0, 0, HEADER);
	}
	at = f->bytes.len;
	if (f->conf.len && f->conf.lines[f->conf.len - 1].open)
		at = f->conf.lines[f->conf.len - 1].start;
	kmod_file_splice(f, at, at, with);
}

bool kmod_ids_next(const struct kmod_set *set, struct kmod_cursor *at, struct kmod_ids *ret)
{
	for (; at->file < set->len; at->file++, at->line = 0) {
		struct kmod_file *f = &set->files[at->file];

		for (; at->line < f->conf.len; at->line++, at->pos = 0) {
			const struct kmod_line *l = &f->conf.lines[at->line];
			size_t rest;

			if (!kmod_line_is(l, "options", "vfio_pci", &rest))
				continue;
			*ret = (struct kmod_ids){.file = f, .line = at->line};
			if (at->pos < rest)
				at->pos = rest;
			while (kmod_param_next(l->text, &at->pos, &ret->param))
				if (kmod_param_named(l->text, &ret->param, "ids"))
					return true;
		}
	}
	return false;
}

bool kmod_ids_last(const struct kmod_set *set, struct kmod_ids *ret)
{
	struct kmod_cursor at = {0};
	struct kmod_ids ids;
	bool found = false;

	while (kmod_ids_next(set, &at, &ids)) {
		*ret = ids;
		found = true;
	}
	return found;
}

void kmod_ids_entries(const struct kmod_ids *ids, struct strv *entries)
{
	const struct kmod_line *l = &ids->file->conf.lines[ids->line];
	size_t end;

	for (size_t i = ids->param.value_start; i < ids->param.value_end; i = end + 1) {
		struct kmod_id id;

		for (end = i; end < ids->param.value_end && l->text[end] != ',';)
			end++;
		if (kmod_id_parse(l->text + i, end - i, &id))
			strv_addn(entries, l->text + i, end - i);
	}
}

const struct kmod_line *kmod_set_decider(const struct kmod_set *set, const char *command,
					 const char *module, struct kmod_file **file, size_t *rest)
{
	for (size_t i = 0; i < set->len; i++)
		for (size_t j = 0; j < set->files[i].conf.len; j++)
			if (kmod_line_is(&set->files[i].conf.lines[j], command, module, rest)) {
				*file = &set->files[i];
				return &set->files[i].conf.lines[j];
			}
	return NULL;
}
