/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bed.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

void bed_init(struct bed *b)
{
	*b = (struct bed){.len = 0};
}

void bed_release(struct bed *b)
{
	for (size_t i = 0; i < b->len; i++) {
		free(b->files[i].path);
		str_release(&b->files[i].bytes);
	}
	free(b->files);
	strv_release(&b->owned);
	strv_release(&b->commands);
	strv_release(&b->platform.kernels);
	bed_init(b);
}

static struct bed_file *find(const struct bed *b, const char *path)
{
	for (size_t i = 0; i < b->len; i++)
		if (!strcmp(b->files[i].path, path))
			return &b->files[i];
	return NULL;
}

void bed_put_bytes(struct bed *b, const char *path, const char *bytes, size_t len)
{
	struct bed_file *f = find(b, path);

	if (!f) {
		b->files = grow(b->files, b->len, &b->cap, sizeof(*b->files));
		f = &b->files[b->len++];
		*f = (struct bed_file){.path = xstrdup(path), .mode = 0644};
		str_init(&f->bytes);
	}
	str_clear(&f->bytes);
	str_add(&f->bytes, bytes, len);
}

void bed_put(struct bed *b, const char *path, const char *text)
{
	bed_put_bytes(b, path, text, strlen(text));
}

void bed_mask(struct bed *b, const char *path)
{
	struct bed_file *f;

	bed_put(b, path, "");
	f = find(b, path);
	if (f)
		f->mask = true;
}

void bed_remove(struct bed *b, const char *path)
{
	struct bed_file *f = find(b, path);

	if (!f)
		return;
	free(f->path);
	str_release(&f->bytes);
	*f = b->files[--b->len];
}

void bed_copy(struct bed *to, const struct bed *from)
{
	bed_init(to);
	to->platform = from->platform;
	to->platform.kernels = (struct strv)STRV_INIT;
	strv_copy(&to->platform.kernels, &from->platform.kernels);
	for (size_t i = 0; i < from->len; i++) {
		bed_put_bytes(to, from->files[i].path, from->files[i].bytes.data,
			      from->files[i].bytes.len);
		to->files[i].mode = from->files[i].mode;
		to->files[i].mask = from->files[i].mask;
	}
	strv_copy(&to->owned, &from->owned);
}

const char *bed_get(const struct bed *b, const char *path)
{
	const struct bed_file *f = find(b, path);

	return f ? f->bytes.data : NULL;
}

mode_t bed_mode(const struct bed *b, const char *path)
{
	const struct bed_file *f = find(b, path);

	return f ? f->mode : 0;
}

bool bed_equal(const struct bed *a, const struct bed *b)
{
	for (size_t i = 0; i < a->len; i++) {
		const struct bed_file *f = find(b, a->files[i].path);

		if (!f || !str_equal(&f->bytes, &a->files[i].bytes))
			return false;
	}
	return a->len == b->len;
}

static struct files *view(const struct bed *b)
{
	struct files *files = files_new_memory();

	for (size_t i = 0; i < b->len; i++)
		if (b->files[i].mask)
			files_put_mask(files, b->files[i].path);
		else
			files_put(files, b->files[i].path, b->files[i].bytes.data,
				  b->files[i].bytes.len);
	return files;
}

static void take_over(struct bed *b, const struct changes *c)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct edit *e = &c->edits[i];
		struct bed_file *f = find(b, e->path);

		if (e->exists) {
			bed_put_bytes(b, e->path, e->after.data, e->after.len);
			f = find(b, e->path);
			if (f && !e->existed)
				f->mode = e->mode;
		} else {
			bed_remove(b, e->path);
		}
	}
	strv_release(&b->commands);
	for (size_t i = 0; i < c->commands_len; i++)
		strv_take(&b->commands, strv_join(&c->commands[i].argv, " "));
	strv_release(&b->owned);
	strv_copy(&b->owned, &c->owned);
	b->reboot = c->reboot;
}

int bed_apply_all(struct bed *b, const struct target *const *all, size_t n, struct wish *wish)
{
	struct files *files = view(b);
	struct target_context ctx = {.files = files, .platform = &b->platform};
	struct changes changes;
	int r = 0;

	changes_init(&changes, files);
	strv_release(&wish->owned);
	strv_copy(&wish->owned, &b->owned);
	err_clear(&b->err);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = all[i]->plan(&ctx, wish, &changes, &b->err);
	if (r >= 0)
		take_over(b, &changes);
	changes_release(&changes);
	files_free(files);
	return r;
}

int bed_apply(struct bed *b, const struct target *target, struct wish *wish)
{
	return bed_apply_all(b, &target, 1, wish);
}

int bed_verify(struct bed *b, const struct target *target, struct wish *wish,
	       const struct host *host, struct checks *ret)
{
	struct files *files = host ? files_new(host) : view(b);
	struct target_context ctx = {.files = files, .platform = &b->platform, .host = host};
	int r;

	strv_release(&wish->owned);
	strv_copy(&wish->owned, &b->owned);
	err_clear(&b->err);
	r = target->verify(&ctx, wish, ret, &b->err);
	files_free(files);
	return r;
}

void bed_present(struct bed *b, const struct target *target, struct present *ret)
{
	struct files *files = view(b);
	struct target_context ctx = {.files = files, .platform = &b->platform};

	if (target->present(&ctx, ret, &b->err) < 0)
		fprintf(stderr, "present: %s\n", b->err.text);
	files_free(files);
}

void bed_write(const struct bed *b, const char *dir)
{
	for (size_t i = 0; i < b->len; i++) {
		auto_free char *path = xasprintf("%s%s", dir, b->files[i].path);
		auto_str struct str out = STR_INIT;
		FILE *f;

		*strrchr(path, '/') = '\0';
		if (shell_run(&out, "mkdir -p '%s'", path))
			abort();
		path[strlen(path)] = '/';
		if (b->files[i].mask) {
			if (symlink("/dev/null", path))
				abort();
			continue;
		}
		f = fopen(path, "we");
		if (!f || fwrite(b->files[i].bytes.data, 1, b->files[i].bytes.len, f) !=
				  b->files[i].bytes.len)
			abort();
		fclose(f);
	}
}

bool slurp(const char *path, struct str *ret)
{
	FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n;

	if (!f)
		return false;
	while ((n = fread(buf, 1, sizeof(buf), f)))
		str_add(ret, buf, n);
	fclose(f);
	return true;
}

int shell_run(struct str *out, const char *fmt, ...)
{
	auto_free char *command = NULL;
	char buf[4096];
	va_list ap;
	FILE *f;
	size_t n;
	int status;

	va_start(ap, fmt);
	command = xvasprintf(fmt, ap);
	va_end(ap);
	f = popen(command, "re"); /* NOLINT: tests only */
	if (!f)
		abort();
	while ((n = fread(buf, 1, sizeof(buf), f)))
		str_add(out, buf, n);
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}
