/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limine: "cmdline:" of each Linux entry of limine.conf in place, or, where limine-entry-tool
 * writes that file, a drop-in of the tool.
 *
 * limine.conf (CONFIG.md; common/lib/config.c): "/Title" begins an entry, more slashes one below it;
 * "key: value" lines with case-insensitive keys, the colon right behind the key; '#' comments on
 * lines of their own; blanks before a line and carriage returns don't count. Which of several files
 * is read differs by version (the order changed in 10.3), so each that is there is edited. An entry
 * may have no cmdline; then it gets one. The tool sources /etc/default/limine and
 * /etc/limine-entry-tool.d; adding to a KERNEL_CMDLINE[default] that nothing sets would make ours
 * the whole line, so that is refused.
 * Owned: "limine [FILE TITLE] PARAMETER", "limine line:FILE TITLE" for an added line.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"
#include "config/limine.h"

#define TOOL_FILE "/etc/default/limine"
#define TOOL_DIR "/etc/limine-entry-tool.d"
#define TOOL_DROP_IN "90-vfiotui.conf"
#define TOOL_KEY "KERNEL_CMDLINE[default]"

static const char name[] = "limine";

/* --- limine.conf ---------------------------------------------------------------------------- */

/* Where a line's value begins when it has the key; 0: it has not. */
static size_t value_of(const struct text_line *l, const char *key)
{
	size_t at = strspn(l->data, " \t");
	size_t n = strlen(key);

	if (strncasecmp(l->data + at, key, n) != 0)
		return 0;
	at += n;
	if (l->data[at] != ':')
		return 0;
	at++;
	return at + strspn(l->data + at, " \t");
}

static size_t cmdline_of(const struct text_line *l)
{
	size_t at = value_of(l, "cmdline");

	return at ? at : value_of(l, "kernel_cmdline");
}

static bool is_title(const struct text_line *l)
{
	return l->data[strspn(l->data, " \t")] == '/';
}

/* The lines [from, to) of one entry start Linux, and not with the fallback image. */
static bool is_linux(const struct text *t, size_t from, size_t to)
{
	bool is = false;

	for (size_t i = from; i < to; i++) {
		size_t at = value_of(&t->lines[i], "protocol");

		if (strcasestr(t->lines[i].data, "fallback"))
			return false;
		if (at && !strncasecmp(t->lines[i].data + at, "linux", 5))
			is = true;
	}
	return is;
}

static size_t entry_end(const struct text *t, size_t from)
{
	size_t i = from + 1;

	while (i < t->len && !is_title(&t->lines[i]))
		i++;
	return i;
}

/* The title, with a number where another entry before has the same. */
static char *entry_key(const struct text *t, size_t at)
{
	const struct text_line *l = &t->lines[at];
	size_t same = 0;

	for (size_t i = 0; i < at; i++)
		same += !strcmp(t->lines[i].data, l->data);
	return same ? xasprintf("%.*s#%zu", (int)text_line_length(l), l->data, same)
		    : xstrndup(l->data, text_line_length(l));
}

/* Calls `fn` for each line that holds the parameters of a Linux entry. */
typedef int (*cmdline_fn)(void *data, struct text *t, size_t line, const char *key);

static int each_cmdline(struct text *t, cmdline_fn fn, void *data)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < t->len; i++) {
		size_t end;
		auto_free char *key = NULL;

		if (!is_title(&t->lines[i]))
			continue;
		end = entry_end(t, i);
		key = entry_key(t, i);
		for (size_t k = i + 1; r >= 0 && is_linux(t, i, end) && k < end; k++)
			if (cmdline_of(&t->lines[k]))
				r = fn(data, t, k, key);
	}
	return r;
}

static char *line_value(const struct text_line *l)
{
	size_t at = cmdline_of(l);
	size_t end = text_line_length(l);

	return xstrndup(l->data + at, at < end ? end - at : 0);
}

static int collect(void *data, struct text *t, size_t line, const char *key)
{
	(void)key;
	strv_take(data, line_value(&t->lines[line]));
	return 0;
}

struct edit_job {
	const struct wish *wish;
	const char *path; /* of the file; part of the tokens' keys */
	struct strv owned;
	struct err *reterr;
};

static int edit_cmdline(void *data, struct text *t, size_t line, const char *key)
{
	struct edit_job *job = data;
	auto_free char *whole_key = xasprintf("%s %s", job->path, key);
	const struct kernel_place at = {.target = name, .key = whole_key, .where = job->path};
	auto_strv struct strv parts = STRV_INIT;
	auto_free char *old = line_value(&t->lines[line]);
	size_t from = cmdline_of(&t->lines[line]);
	int r;

	strv_add(&parts, old);
	r = kernel_line_edit(&at, &parts, job->wish, &job->owned, job->reterr);
	if (r >= 0)
		text_replace(t, line, from, strlen(old), parts.items[0], strlen(parts.items[0]));
	return r;
}

/* The line of [from, to) that has the key; `to` when none has. */
static size_t line_of(const struct text *t, size_t from, size_t to,
		      bool (*has)(const struct text_line *))
{
	while (from < to && !has(&t->lines[from]))
		from++;
	return from;
}

static bool is_protocol(const struct text_line *l)
{
	return value_of(l, "protocol") != 0;
}

static bool is_cmdline(const struct text_line *l)
{
	return cmdline_of(l) != 0;
}

/* Gives Linux entries without a cmdline an empty one, beside the protocol and indented as that is. */
static void add_lines(struct text *t, struct edit_job *job)
{
	for (size_t i = 0; kernel_line_wanted(job->wish) && i < t->len; i++) {
		size_t end = is_title(&t->lines[i]) ? entry_end(t, i) : i;
		size_t at = line_of(t, i, end, is_protocol);
		auto_free char *key = NULL;
		auto_free char *line = NULL;

		if (!is_linux(t, i, end) || line_of(t, i, end, is_cmdline) < end)
			continue;
		key = entry_key(t, i);
		line = xasprintf("%.*scmdline: %s", (int)strspn(t->lines[at].data, " \t"),
				 t->lines[at].data, text_newline(t));
		strv_addf(&job->owned, "%s line:%s %s", name, job->path, key);
		at += text_ends_with(t->lines[at].data,
				     "\n"); /* a last line without its end stays last */
		text_insert(t, at, line, strlen(line));
	}
}

/* Takes added lines out again where nothing is left in them. */
static void drop_lines(struct text *t, struct edit_job *job)
{
	for (size_t i = 0; i < t->len; i++) {
		size_t end = is_title(&t->lines[i]) ? entry_end(t, i) : i;
		size_t at = line_of(t, i, end, is_cmdline);
		auto_free char *key = NULL;
		auto_free char *token = NULL;
		auto_free char *value = NULL;

		if (at == end)
			continue;
		key = entry_key(t, i);
		token = xasprintf("%s line:%s %s", name, job->path, key);
		value = line_value(&t->lines[at]);
		if (!strv_has(&job->wish->owned, token) && !strv_has(&job->owned, token))
			continue;
		if (*value)
			strv_add_unique(&job->owned, token);
		else
			text_remove(t, at);
	}
}

/* An edited file must not differ from the checksum that a program holds of it. */
static int check_checksum(struct files *files, const char *path, bool edited, struct err *reterr)
{
	auto_free char *program = edited ? limine_enrolled(files, path) : NULL;

	if (!program)
		return 0;
	return err_set(reterr, -EINVAL,
		       "%s holds a checksum of limine.conf, and would start nothing with an edited "
		       "%s; take it out first (limine enroll-config %s --reset; under Secure Boot "
		       "sign the program again) and put it in afterwards, nothing was changed",
		       program, path, program);
}

static int plan_conf(const char *path, const struct wish *wish, struct changes *ret,
		     struct err *reterr)
{
	struct edit_job job = {.wish = wish, .path = path, .reterr = reterr};
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	auto_free char *why = kernel_line_why(wish);
	const char *bytes;
	size_t len;
	int r = changes_get(ret, path, &bytes, &len, reterr);

	if (r < 0)
		return r;
	if (memchr(bytes, '\0', len))
		return err_set(reterr, -EINVAL, "%s is no text file; nothing was changed", path);
	text_parse(&t, bytes, len);
	add_lines(&t, &job);
	r = each_cmdline(&t, edit_cmdline, &job);
	drop_lines(&t, &job);
	text_join(&t, &after);
	if (r >= 0)
		r = check_checksum(ret->files, path,
				   after.len != len || memcmp(after.data, bytes, len), reterr);
	if (r >= 0) {
		strv_move(&ret->owned, &job.owned);
		r = changes_set(ret, path, after.data, after.len, 0644, why, reterr);
	}
	strv_release(&job.owned);
	return r;
}

/* --- limine-entry-tool ------------------------------------------------------------------------ */

static bool has_tool(const struct target_context *ctx)
{
	static const char *const programs[] = {"limine-entry-tool", "limine-update",
					       "limine-mkinitcpio"};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (has_program(ctx->files, programs[i]))
			return true;
	return files_exist(ctx->files, TOOL_FILE);
}

/* Adds what a file's assignments to KERNEL_CMDLINE[default] say; "=" begins anew. */
static int tool_read(const struct target_context *ctx, const char *path, struct strv *ret,
		     struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	const char *bytes;
	size_t len;
	int r = files_get(ctx->files, path, &bytes, &len, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	if (r < 0)
		return r;
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++) {
		const char *at = t.lines[i].data + strspn(t.lines[i].data, " \t");
		bool append;
		char quote[2];

		if (!text_starts_with(at, TOOL_KEY))
			continue;
		at += strlen(TOOL_KEY);
		append = *at == '+';
		at += append;
		if (*at != '=' || (at[1] != '"' && at[1] != '\''))
			continue;
		memcpy(quote, (char[]){at[1], '\0'}, 2);
		if (!append)
			strv_release(ret);
		strv_addn(ret, at + 2, strcspn(at + 2, quote));
	}
	return 0;
}

static int tool_lines(const struct target_context *ctx, bool with_own, struct strv *ret,
		      struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = tool_read(ctx, TOOL_FILE, ret, reterr);

	if (r >= 0)
		r = files_list(ctx->files, TOOL_DIR, ".conf", &names, reterr);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", TOOL_DIR, names.items[i]);

		if (with_own || strcmp(names.items[i], TOOL_DROP_IN) != 0)
			r = tool_read(ctx, path, ret, reterr);
	}
	return r;
}

static int tool_words(const struct target_context *ctx, const struct wish *wish, struct strv *ret,
		      struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	auto_free char *line = NULL;
	int r = tool_lines(ctx, false, &lines, reterr);

	if (r < 0)
		return r;
	line = strv_join(&lines, " ");
	if (wish->kernel_params.len && !line[strspn(line, " ")])
		return err_set(
			reterr, -EINVAL,
			"%s sets no " TOOL_KEY ", so adding to it would make the addition "
			"the whole command line, without the root file system; set it first, "
			"nothing was changed",
			TOOL_FILE);
	return kernel_line_missing(line, wish, TOOL_FILE, ret, reterr);
}

static int plan_tool(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		     struct err *reterr)
{
	static const char path[] = TOOL_DIR "/" TOOL_DROP_IN;
	auto_strv struct strv words = STRV_INIT;
	auto_free char *joined = NULL;
	auto_free char *text = NULL;
	auto_free char *why = kernel_line_why(wish);
	int r = tool_words(ctx, wish, &words, reterr);

	if (r < 0)
		return r;
	joined = strv_join(&words, " ");
	text = xasprintf(
		"\n# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes "
		"this file away)\n" TOOL_KEY "+=\" %s\"\n",
		joined);
	if (words.len)
		r = changes_set(ret, path, text, strlen(text), 0644, why, reterr);
	else if (files_exist(ctx->files, path))
		r = changes_remove(ret, path, why, reterr);
	if (r >= 0 && changes_touch(ret, path))
		changes_run(ret, COMMAND_BOOT, "the boot menu gets the parameters",
			    has_program(ctx->files, "limine-update") ||
					    !has_program(ctx->files, "limine-mkinitcpio")
				    ? "limine-update"
				    : "limine-mkinitcpio",
			    NULL);
	return r;
}

/* --- the target ---------------------------------------------------------------------------------- */

static bool applies(const struct target_context *ctx)
{
	auto_strv struct strv confs = STRV_INIT;

	limine_find_confs(ctx->files, &confs);
	return ctx->platform->boot_loader == BOOT_LIMINE && (confs.len || has_tool(ctx));
}

static int read_lines(const struct target_context *ctx, struct strv *ret, struct err *reterr)
{
	auto_strv struct strv confs = STRV_INIT;
	int r = 0;

	limine_find_confs(ctx->files, &confs);
	for (size_t i = 0; r >= 0 && i < confs.len; i++) {
		auto_text struct text t = TEXT_INIT;
		const char *bytes;
		size_t len;

		r = files_get(ctx->files, confs.items[i], &bytes, &len, reterr);
		if (r < 0)
			return r;
		text_parse(&t, bytes, len);
		r = each_cmdline(&t, collect, ret);
	}
	return r;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	bool tool = has_tool(ctx);
	auto_strv struct strv lines = STRV_INIT;
	auto_strv struct strv confs = STRV_INIT;
	int r = tool ? tool_lines(ctx, true, &lines, reterr) : read_lines(ctx, &lines, reterr);

	limine_find_confs(ctx->files, &confs);
	for (size_t i = 0; r >= 0 && i < lines.len; i++)
		kernel_line_present(lines.items[i], tool || !confs.len ? TOOL_FILE : confs.items[0],
				    ret);
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	const struct wish nothing = {.owned = wish->owned};
	bool tool = has_tool(ctx);
	auto_strv struct strv confs = STRV_INIT;
	int r = plan_tool(ctx, tool ? wish : &nothing, ret, reterr);

	limine_find_confs(ctx->files, &confs);
	for (size_t i = 0; r >= 0 && !tool && i < confs.len; i++) {
		r = plan_conf(confs.items[i], wish, ret, reterr);
		ret->reboot |= changes_touch(ret, confs.items[i]);
	}
	ret->reboot |= changes_touch(ret, TOOL_DIR);
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, &lines, reterr);

	if (r >= 0)
		kernel_line_check(&lines, "limine.conf", wish,
				  has_tool(ctx) ? "limine-update" : "apply the plan again", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

const struct target target_limine = {
	.name = name,
	.boot_loader = BOOT_LIMINE,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
	.by_hand =
		{
			.loader = "Limine",
			.before = "add ",
			.after = " to the cmdline of each entry in limine.conf",
			.menu = "press E on the entry in Limine's menu and change its cmdline",
			.menu_types = true,
		},
};
