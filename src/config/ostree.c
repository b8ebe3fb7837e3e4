/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ostree systems: rpm-ostree makes a new deployment with other kernel arguments; the former one
 * stays in the boot menu as it is. What holds at the next boot is the line of the newest
 * deployment's entry, the one with the highest version (libostree, ostree-bootconfig-parser).
 * Owned: "ostree PARAMETER".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/entries.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"

static const char name[] = "ostree";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_OSTREE;
}

/* `or_running`: the running line where there is no entry, or none that may be read without root. */
static int read_lines(const struct target_context *ctx, bool or_running, struct strv *ret,
		      struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	const struct entry *newest = NULL;
	int r = entries_read(ctx->files, &all, reterr);

	if (r == -EACCES && !ctx->platform->is_root) {
		err_clear(reterr);
		r = 0;
	}

	for (size_t i = 0; r >= 0 && i < all.len; i++) {
		const struct entry *e = &all.items[i];

		if (!e->linux || !text_starts_with(e->name, "ostree-"))
			continue;
		if (!newest || strverscmp(e->version ? e->version : e->name,
					  newest->version ? newest->version : newest->name) > 0)
			newest = e;
	}
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

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, false, &lines, reterr);

	if (r >= 0)
		kernel_line_check(&lines, "newest deployment", wish,
				  "rpm-ostree kargs --append-if-missing=PARAMETER", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

const struct target target_ostree = {
	.name = name,
	.boot_loader = BOOT_OSTREE,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
};
