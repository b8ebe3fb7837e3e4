/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernelstub (Pop!_OS): it keeps the options in /etc/kernelstub/configuration, JSON, as a list in
 * "user" (else "default"), and writes the loader's entries of them. -a adds what is not there yet;
 * -d takes out, and leaves the others in any order (kernelstub/application.py makes sets of them).
 * Owned: "kernelstub PARAMETER".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"
#include "config/entries.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"

#define CONFIGURATION "/etc/kernelstub/configuration"

static const char name[] = "kernelstub";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_KERNELSTUB;
}

/* Older versions keep one string. */
static char *options_of(const json_t *section)
{
	const json_t *options = json_object_get(section, "kernel_options");
	auto_strv struct strv words = STRV_INIT;

	if (json_is_string(options))
		return xstrdup(json_string_value(options));
	for (size_t i = 0; i < json_array_size(options); i++)
		if (json_is_string(json_array_get(options, i)))
			strv_add(&words, json_string_value(json_array_get(options, i)));
	return options ? strv_join(&words, " ") : NULL;
}

static int read_line(const struct target_context *ctx, struct strv *ret, struct err *reterr)
{
	const char *bytes;
	size_t len;
	json_t *root;
	char *line;
	int r = files_get(ctx->files, CONFIGURATION, &bytes, &len, reterr);

	if (r < 0)
		return r;
	root = json_loadb(bytes, len, 0, NULL);
	line = options_of(json_object_get(root, "user"));
	if (!line)
		line = options_of(json_object_get(root, "default"));
	json_decref(root);
	if (!line)
		return err_set(reterr, -EINVAL,
			       "%s has no list \"kernel_options\" that can be read; nothing was "
			       "changed",
			       CONFIGURATION);
	strv_take(ret, line);
	return 0;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_line(ctx, &lines, reterr);

	if (r >= 0)
		kernel_line_present(lines.items[0], CONFIGURATION, ret);
	return r;
}

static void stub(struct changes *c, const char *option, const char *back, const struct strv *words,
		 const char *why)
{
	auto_free char *joined = strv_join(words, " ");
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	if (!words->len)
		return;
	strv_add(&argv, name);
	strv_add(&argv, option);
	strv_add(&argv, joined);
	strv_add(&undo, name);
	strv_add(&undo, back);
	strv_add(&undo, joined);
	changes_command(c, COMMAND_BOOT, &argv, &undo, why);
	c->reboot = true;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = "", .where = CONFIGURATION};
	auto_strv struct strv lines = STRV_INIT;
	auto_strv struct strv add = STRV_INIT;
	auto_strv struct strv remove = STRV_INIT;
	auto_free char *why = kernel_line_why(wish);
	int r = read_line(ctx, &lines, reterr);

	if (r >= 0)
		r = kernel_line_difference(&at, &lines, wish, &add, &remove, &ret->owned, reterr);
	if (r < 0)
		return r;
	stub(ret, "-d", "-a", &remove, why);
	stub(ret, "-a", "-d", &add, why);
	return 0;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv lines = STRV_INIT;
	int r = read_line(ctx, &lines, reterr);

	if (r >= 0)
		r = entries_read(ctx->files, &all, reterr);
	entries_lines(&all, &lines);
	if (r >= 0)
		kernel_line_check(&lines, "kernelstub's configuration and entries", wish,
				  "kernelstub -a PARAMETER", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

const struct target target_kernelstub = {
	.name = name,
	.boot_loader = BOOT_KERNELSTUB,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
	.by_hand =
		{
			.loader = "kernelstub",
			.before = "run: kernelstub -a ",
			.after = "",
			.menu = "press e on the entry in the menu (hold Space while the machine "
				"starts)",
			.menu_types = true,
		},
};
