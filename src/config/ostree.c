/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ostree systems: rpm-ostree makes a new deployment with other kernel arguments; the former one
 * stays in the boot menu as it is. What holds at the next boot is the line of the newest
 * deployment's entry, the one with the highest version (libostree, ostree-bootconfig-parser), or of
 * one that is staged. --delete-if-present and --append-if-missing compare whole words, so doing it
 * twice changes nothing (rpm-ostree(1), kargs).
 * Owned: "ostree PARAMETER".
 */
#include "config/ostree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"

static const char name[] = "ostree";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_OSTREE;
}

const struct entry *ostree_newest(const struct entries *all)
{
	const struct entry *newest = NULL;

	for (size_t i = 0; i < all->len; i++) {
		const struct entry *e = &all->items[i];

		if (!e->linux || !text_starts_with(e->name, "ostree-"))
			continue;
		if (!newest || strverscmp(e->version ? e->version : e->name,
					  newest->version ? newest->version : newest->name) > 0)
			newest = e;
	}
	return newest;
}

/* The origin files of the deployments of the system that runs: ostree=/ostree/boot.1/NAME/SUM/0. */
bool ostree_regenerates(const struct target_context *ctx)
{
	const char *line = ctx->platform->cmdline ? ctx->platform->cmdline : "";
	auto_free char *path = kernel_params_value(line, "ostree");
	auto_strv struct strv parts = STRV_INIT;
	auto_strv struct strv names = STRV_INIT;
	auto_free char *dir = NULL;
	bool is = false;

	strv_split(&parts, path ? path : "", "/");
	if (parts.len < 3)
		return false;
	dir = xasprintf("/ostree/deploy/%s/deploy", parts.items[2]);
	if (files_list(ctx->files, dir, ".origin", &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *origin = xasprintf("%s/%s", dir, names.items[i]);
		const char *text;
		size_t len;

		if (files_get(ctx->files, origin, &text, &len, NULL) >= 0)
			is |= strstr(text, "regenerate-initramfs=true") != NULL;
	}
	return is;
}

/* `or_running`: the running line where there is no entry, or none that may be read without root. */
static int read_lines(const struct target_context *ctx, bool or_running, struct strv *ret,
		      struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	const struct entry *newest;
	int r = entries_read(ctx->files, &all, reterr);

	if (r == -EACCES && !ctx->platform->is_root) {
		err_clear(reterr);
		r = 0;
	}
	newest = ostree_newest(&all);
	if (newest)
		strv_take(ret, entry_line(newest));
	else if (r >= 0 && or_running && ctx->platform->cmdline)
		strv_add(ret, ctx->platform->cmdline);
	return r;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, true, &lines, reterr);

	for (size_t i = 0; r >= 0 && i < lines.len; i++)
		kernel_line_present(lines.items[i], "/boot/loader/entries", ret);
	return r;
}

static void kargs(struct strv *argv, const struct strv *add, const struct strv *remove)
{
	strv_add(argv, "rpm-ostree");
	strv_add(argv, "kargs");
	for (size_t i = 0; i < remove->len; i++)
		strv_addf(argv, "--delete-if-present=%s", remove->items[i]);
	for (size_t i = 0; i < add->len; i++)
		strv_addf(argv, "--append-if-missing=%s", add->items[i]);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = "", .where = "/boot/loader/entries"};
	auto_strv struct strv lines = STRV_INIT;
	auto_strv struct strv add = STRV_INIT;
	auto_strv struct strv remove = STRV_INIT;
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;
	auto_free char *why = kernel_line_why(wish);
	int r = read_lines(ctx, true, &lines, reterr);

	if (r >= 0)
		r = kernel_line_difference(&at, &lines, wish, &add, &remove, &ret->owned, reterr);
	if (r < 0 || (!add.len && !remove.len))
		return r;
	kargs(&argv, &add, &remove);
	kargs(&undo, &remove, &add);
	changes_command(ret, COMMAND_BOOT, &argv, &undo, why);
	ret->reboot = true;
	return 0;
}

/* The staged deployment's parameters stand in its description as they are. */
static void check_staged(struct files *files, const struct wish *wish, struct checks *ret)
{
	const char *bytes = "";
	size_t len = 0;
	bool readable = files_get(files, OSTREE_STAGED, &bytes, &len, NULL) >= 0;

	for (size_t i = 0; i < wish->kernel_params.len; i++) {
		const char *param = wish->kernel_params.items[i];
		/* with its NUL: no parameter that only begins so */
		bool there = readable && memmem(bytes, len + 1, param, strlen(param) + 1);

		checks_add(ret, there ? CHECK_AFTER_REBOOT : CHECK_FAILED,
			   xasprintf("newest deployment: %s", param),
			   xstrdup(there ? "staged, and written when the machine shuts down"
					 : "the staged deployment lacks it"),
			   xstrdup(there ? "reboot"
					 : "rpm-ostree kargs --append-if-missing=PARAMETER"));
	}
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	bool staged = files_exist(ctx->files, OSTREE_STAGED);
	int r = staged ? 0 : read_lines(ctx, false, &lines, reterr);

	if (staged)
		check_staged(ctx->files, wish, ret);
	else if (r >= 0)
		kernel_line_check(&lines, "newest deployment", wish,
				  "rpm-ostree kargs --append-if-missing=PARAMETER", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

static void add_warnings(const struct target_context *ctx, const struct wish *wish,
			 const char *missing, struct strv *ret)
{
	auto_strv struct strv lines = STRV_INIT;

	if (read_lines(ctx, true, &lines, NULL) >= 0 && !lines.len)
		kernel_line_warn_none(&target_ostree, wish, missing, ret);
}

const struct target target_ostree = {
	.name = name,
	.boot_loader = BOOT_OSTREE,
	.applies = applies,
	.present = present,
	.plan = plan,
	.warnings = add_warnings,
	.verify = verify,
	.by_hand =
		{
			.loader = "ostree",
			.before = "run rpm-ostree kargs with --append-if-missing= for each of ",
			.after = "",
			.menu = "choose the second entry in the boot menu, the deployment before "
				"this change",
			.menu_types = false,
		},
};
