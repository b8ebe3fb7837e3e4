/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fedora's GRUB: the parameters are in loader entries, and grubby changes them in all of them, in
 * /etc/default/grub and in /etc/kernel/cmdline, from which later kernels take theirs.
 *
 * grubby removes an argument with the same key before it adds one (grubby-bls, update_args), so
 * undoing puts the former value back. It does one thing to all entries: a parameter that some
 * entry had by hand and others got from here goes from all of them.
 * Owned: "grub_bls PARAMETER".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/entries.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"

#define ENTRIES "/boot/loader/entries"

static const char name[] = "grub_bls";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB_BLS;
}

/* Older entries say $kernelopts, a variable of GRUB's environment block. */
static char *kernelopts(struct files *files)
{
	static const char key[] = "\nkernelopts=";
	const char *bytes;
	size_t len;
	const char *at;

	if (files_get(files, "/boot/grub2/grubenv", &bytes, &len, NULL) < 0)
		return xstrdup("");
	at = strstr(bytes, key);
	return at ? xstrndup(at + strlen(key), strcspn(at + strlen(key), "\n")) : xstrdup("");
}

/* `or_running`: the running line where there is no entry, or none that may be read without root. */
static int read_lines(const struct target_context *ctx, bool or_running, struct strv *ret,
		      struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv lines = STRV_INIT;
	auto_free char *variable = kernelopts(ctx->files);
	int r = entries_read(ctx->files, &all, reterr);

	if (r == -EACCES && !ctx->platform->is_root) {
		err_clear(reterr);
		r = 0;
	}
	entries_lines(&all, &lines);
	for (size_t i = 0; i < lines.len; i++) {
		const char *at = strstr(lines.items[i], "$kernelopts");

		if (at)
			strv_addf(ret, "%.*s%s%s", (int)(at - lines.items[i]), lines.items[i],
				  variable, at + strlen("$kernelopts"));
		else
			strv_add(ret, lines.items[i]);
	}
	if (r >= 0 && !ret->len && or_running && ctx->platform->cmdline)
		strv_add(ret, ctx->platform->cmdline);
	return r;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, true, &lines, reterr);

	for (size_t i = 0; r >= 0 && i < lines.len; i++)
		kernel_line_present(lines.items[i], ENTRIES, ret);
	return r;
}

static void grubby(struct strv *argv, const struct strv *add, const struct strv *remove)
{
	auto_free char *adds = strv_join(add, " ");
	auto_free char *removes = strv_join(remove, " ");

	strv_add(argv, "grubby");
	strv_add(argv, "--update-kernel=ALL");
	if (remove->len)
		strv_addf(argv, "--remove-args=%s", removes);
	if (add->len)
		strv_addf(argv, "--args=%s", adds);
}

/* What grubby replaces, so that undoing can put it back. */
static void former_values(const char *line, const struct strv *add, struct strv *ret)
{
	for (size_t i = 0; i < add->len; i++) {
		auto_free char *key = xstrndup(add->items[i], strcspn(add->items[i], "="));
		auto_free char *value = kernel_params_value(line, key);

		if (value)
			strv_addf(ret, *value ? "%s=%s" : "%s%s", key, value);
	}
}

static void plan_command(const struct strv *lines, const struct strv *add,
			 const struct strv *remove, const char *why, struct changes *ret)
{
	auto_strv struct strv back = STRV_INIT;
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	former_values(lines->items[0], add, &back);
	for (size_t i = 0; i < remove->len; i++)
		strv_add_unique(&back, remove->items[i]);
	grubby(&argv, add, remove);
	grubby(&undo, &back, add);
	changes_command(ret, COMMAND_BOOT, &argv, &undo, why);
	ret->reboot = true;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = "", .where = ENTRIES};
	auto_strv struct strv lines = STRV_INIT;
	auto_strv struct strv add = STRV_INIT;
	auto_strv struct strv remove = STRV_INIT;
	auto_strv struct strv owned = STRV_INIT;
	auto_free char *why = kernel_line_why(wish);
	int r = read_lines(ctx, true, &lines, reterr);

	if (r >= 0)
		r = kernel_line_difference(&at, &lines, wish, &add, &remove, &owned, reterr);
	if (r < 0)
		return r;
	strv_copy(&ret->owned, &owned);
	if (add.len || remove.len)
		plan_command(&lines, &add, &remove, why, ret);
	return 0;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, false, &lines, reterr);

	if (r >= 0)
		kernel_line_check(&lines, "loader entries", wish,
				  "grubby --update-kernel=ALL --args=PARAMETER", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

const struct target target_grub_bls = {
	.name = name,
	.boot_loader = BOOT_GRUB_BLS,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
};
