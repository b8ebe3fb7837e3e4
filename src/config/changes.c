/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/changes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void changes_init(struct changes *c, struct files *files)
{
	*c = (struct changes){.files = files};
}

static void edit_release(struct edit *e)
{
	free(e->path);
	str_release(&e->before);
	str_release(&e->after);
	host_xattrs_release(&e->xattrs);
	free(e->why);
}

static void command_release(struct command *c)
{
	strv_release(&c->argv);
	strv_release(&c->undo_argv);
	free(c->why);
}

void changes_release(struct changes *c)
{
	for (size_t i = 0; i < c->len; i++)
		edit_release(&c->edits[i]);
	free(c->edits);
	for (size_t i = 0; i < c->commands_len; i++)
		command_release(&c->commands[i]);
	free(c->commands);
	strv_release(&c->owned);
	changes_init(c, c->files);
}

static struct edit *find(const struct changes *c, const char *path)
{
	for (size_t i = 0; i < c->len; i++)
		if (!strcmp(c->edits[i].path, path))
			return &c->edits[i];
	return NULL;
}

int changes_get(struct changes *c, const char *path, const char **bytes, size_t *len,
		struct err *reterr)
{
	const struct edit *e = find(c, path);

	if (!e)
		return files_get(c->files, path, bytes, len, reterr);
	if (!e->exists)
		return err_set(reterr, -ENOENT, "%s is removed by this plan", path);
	*bytes = e->after.data;
	*len = e->after.len;
	return 0;
}

/* The edit of `path`, made of the bytes on disk when there is none yet; NULL on an error. */
static int edit_for(struct changes *c, const char *path, struct edit **ret, struct err *reterr)
{
	const char *bytes = "";
	size_t len = 0;
	int r;

	*ret = find(c, path);
	if (*ret)
		return 0;
	r = files_get(c->files, path, &bytes, &len, reterr);
	if (r < 0 && r != -ENOENT)
		return r;
	err_clear(reterr);
	c->edits = grow(c->edits, c->len, &c->cap, sizeof(*c->edits));
	*ret = &c->edits[c->len++];
	**ret = (struct edit){.path = xstrdup(path), .existed = r == 0};
	str_init(&(*ret)->before);
	str_init(&(*ret)->after);
	str_add(&(*ret)->before, bytes, len);
	return 0;
}

static void say_why(struct edit *e, const char *why)
{
	char *both;

	if (e->why && strstr(e->why, why))
		return;
	both = e->why ? xasprintf("%s; %s", e->why, why) : xstrdup(why);
	free(e->why);
	e->why = both;
}

/* How often `line` stands in the bytes, ended by LF. */
static size_t count_ended(const char *bytes, size_t len, const char *line, size_t line_len)
{
	size_t n = 0;

	while (len) {
		const char *lf = memchr(bytes, '\n', len);
		size_t here = lf ? (size_t)(lf - bytes) : len;

		n += lf && here == line_len && !memcmp(bytes, line, here);
		bytes += here + !!lf;
		len -= here + !!lf;
	}
	return n;
}

/*
 * A last line "a\r" is half a line ending: whatever is put behind it completes it, and taking that away again would take
 * the CR along. Such a file is left to its user.
 */
static int check_ending(const struct edit *e, const char *bytes, size_t len, struct err *reterr)
{
	const struct str *b = &e->before;
	const char *lf = b->len ? memrchr(b->data, '\n', b->len) : NULL;
	const char *last = lf ? lf + 1 : b->data;
	size_t n = b->len - (lf ? (size_t)(last - b->data) : 0);

	if (!e->existed || !b->len || b->data[b->len - 1] != '\r' ||
	    count_ended(bytes, len, last, n) <= count_ended(b->data, b->len, last, n))
		return 0;
	return err_set(reterr, -EINVAL,
		       "%s ends in a carriage return without a newline; end its last line first, "
		       "nothing was changed",
		       e->path);
}

static void drop(struct changes *c, struct edit *e)
{
	size_t i = (size_t)(e - c->edits);

	edit_release(e);
	memmove(e, e + 1, (c->len - i - 1) * sizeof(*e));
	c->len--;
}

static void drop_if_unchanged(struct changes *c, struct edit *e)
{
	if (e->existed == e->exists && (!e->exists || str_equal(&e->before, &e->after)))
		drop(c, e);
}

int changes_set(struct changes *c, const char *path, const char *bytes, size_t len, mode_t mode,
		const char *why, struct err *reterr)
{
	struct str after = STR_INIT;
	struct edit *e;
	int r = edit_for(c, path, &e, reterr);

	if (!e)
		return r;
	r = check_ending(e, bytes, len, reterr);
	if (r < 0) {
		drop(c, e);
		return r;
	}
	str_add(&after, bytes, len); /* a copy first: `bytes` may be the planned ones */
	str_release(&e->after);
	e->after = after;
	e->exists = true;
	e->mode = mode;
	say_why(e, why);
	drop_if_unchanged(c, e);
	return 0;
}

int changes_remove(struct changes *c, const char *path, const char *why, struct err *reterr)
{
	struct edit *e;
	int r = edit_for(c, path, &e, reterr);

	if (!e)
		return r;
	str_release(&e->after);
	e->exists = false;
	say_why(e, why);
	drop_if_unchanged(c, e);
	return 0;
}

int changes_own(struct changes *c, const char *path, bool wanted, const struct str *bytes,
		const char *why, struct err *reterr)
{
	if (wanted)
		return changes_set(c, path, bytes->data, bytes->len, 0644, why, reterr);
	if (!files_exist(c->files, path))
		return 0;
	return changes_remove(c, path, "nothing is left for it to say", reterr);
}

bool changes_touch(const struct changes *c, const char *prefix)
{
	for (size_t i = 0; i < c->len; i++)
		if (text_starts_with(c->edits[i].path, prefix))
			return true;
	return false;
}

void changes_command(struct changes *c, enum command_stage stage, const struct strv *argv,
		     const struct strv *undo, const char *why)
{
	size_t at = 0;
	struct command *x;

	for (size_t i = 0; i < c->commands_len; i++) {
		if (strv_equal(&c->commands[i].argv, argv))
			return;
		if (c->commands[i].stage <= stage)
			at = i + 1;
	}
	c->commands = grow(c->commands, c->commands_len, &c->commands_cap, sizeof(*c->commands));
	x = c->commands + at;
	memmove(x + 1, x, (c->commands_len - at) * sizeof(*x));
	c->commands_len++;
	*x = (struct command){.stage = stage, .why = xstrdup(why)};
	strv_copy(&x->argv, argv);
	if (undo)
		strv_copy(&x->undo_argv, undo);
}

void changes_run(struct changes *c, enum command_stage stage, const char *why, ...)
{
	auto_strv struct strv argv = STRV_INIT;
	const char *word;
	va_list ap;

	va_start(ap, why);
	while ((word = va_arg(ap, const char *)))
		strv_add(&argv, word);
	va_end(ap);
	changes_command(c, stage, &argv, NULL, why);
}

const char *edit_action(const struct edit *e)
{
	if (!e->exists)
		return "remove";
	return e->existed ? "change" : "create";
}
