/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's entry without passthrough: a script of /etc/grub.d, which grub-mkconfig runs for each new
 * menu, so that the entry follows the kernels as they come and go.
 *
 * It lets 10_linux write its entries with other parameters and keeps the first one, which is for
 * the newest kernel: so root, subvolumes and modules are as in the normal entry. The number in
 * the name puts it behind all others, so that a GRUB_DEFAULT that counts entries stays right.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/text.h"
#include "config/grub.h"
#include "config/way_back.h"

#define SCRIPT WAY_BACK_GRUB_SCRIPT
#define SECTION "### BEGIN " SCRIPT " ###"
#define WHY "an entry without passthrough in the boot menu, "

/* %s: the words to leave out, quoted. */
static const char before_words[] =
	"#!/bin/sh\n"
	"# vfiotui: the last entry of the boot menu starts the newest kernel without passthrough\n"
	"# (\"vfiotui undo\" takes this file away). grub-mkconfig runs it.\n"
	"set -e\n"
	"\n"
	"linux=${0%/*}/10_linux\n"
	"[ -x \"$linux\" ] || exit 0\n"
	"\n"
	"# The usual parameters without those that vfiotui added.\n"
	"line=\" $GRUB_CMDLINE_LINUX_DEFAULT \"\n"
	"for word in";
static const char after_words[] =
	"; do\n"
	"\tcase $line in\n"
	"\t*\" $word \"*) line=\"${line%\" $word \"*} ${line##*\" $word \"}\" ;;\n"
	"\tesac\n"
	"done\n"
	"line=${line# }\n"
	"\n"
	"# The first of the entries that 10_linux makes, under another name.\n"
	"GRUB_CMDLINE_LINUX_DEFAULT=\"${line}" WAY_BACK_PARAMS "\" GRUB_SAVEDEFAULT=false \\\n"
	"\t\"$linux\" 2>/dev/null | awk '\n"
	"\t/^menuentry / && !begun { begun = inside = 1; print title; next }\n"
	"\tinside { print }\n"
	"\t/^}/ { inside = 0 }\n"
	"' title=\"menuentry '" WAY_BACK_TITLE "' --class gnu-linux --class os"
	" \\$menuentry_id_option 'vfiotui-without-passthrough' {\"\n";

/* The value of a variable as far as the parsed text tells; "" otherwise. */
static char *value_of(const struct shell_vars *v, const char *name)
{
	auto_strv struct strv value = STRV_INIT;

	return xstrdup(shell_vars_value(v, name, &value) && value.len ? value.items[0] : "");
}

/* How to see the menu (GRUB manual, "Simple configuration"; grub-core/normal/menu.c, run_menu). */
static const char *how_to_reach(const struct target_context *ctx, const struct grub *g)
{
	auto_free char *timeout = NULL;
	auto_free char *style = NULL;
	auto_free char *hidden = NULL;
	struct shell_vars v;
	const char *how = "the last one";

	if (grub_chain(ctx, NULL, g, false, &v, NULL) >= 0) {
		timeout = value_of(&v, "GRUB_TIMEOUT");
		style = value_of(&v, "GRUB_TIMEOUT_STYLE");
		hidden = value_of(&v, "GRUB_HIDDEN_TIMEOUT");
		if (!strcmp(style, "hidden") || !strcmp(style, "countdown") || *hidden)
			how = "the last one; the menu is hidden: press Esc while the machine "
			      "starts, or hold Shift";
		else if (!strcmp(timeout, "0"))
			how = "the last one; GRUB_TIMEOUT=0 shows no menu: hold Shift or press "
			      "Esc while the machine starts, or set it to 5 beforehand";
	}
	shell_vars_release(&v);
	return how;
}

static int added_words(const struct target_context *ctx, struct changes *c,
		       const struct strv *owned, struct strv *ret, struct err *reterr)
{
	static const char *const names[] = {GRUB_DROP_IN, GRUB_DROP_IN_LATE};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("%s/%s", GRUB_DIR, names[i]);
		const char *bytes;
		size_t len;

		r = grub_get(ctx, c, path, &bytes, &len, reterr);
		way_back_words(owned, "grub", NULL, r >= 0 ? bytes : NULL, ret);
		if (r != -ENOENT)
			continue;
		err_clear(reterr);
		r = 0;
	}
	return r;
}

static void write_script(const struct strv *words, struct str *out)
{
	str_adds(out, before_words);
	for (size_t i = 0; i < words->len; i++) {
		str_addc(out, ' ');
		shell_quote(out, words->items[i]);
	}
	if (!words->len)
		str_adds(out, " ''");
	str_adds(out, after_words);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_str struct str text = STR_INIT;
	auto_free char *why = NULL;
	struct grub g;
	int r;

	grub_detect(ctx, &g);
	r = added_words(ctx, ret, &ret->owned, &words, reterr);
	if (r < 0)
		return r;
	write_script(&words, &text);
	why = xasprintf(WHY "%s", how_to_reach(ctx, &g));
	if (wish->way_back)
		r = changes_set(ret, SCRIPT, text.data, text.len, 0755, why, reterr);
	else if (files_exist(ctx->files, SCRIPT))
		r = changes_remove(ret, SCRIPT, "nothing is left to start without", reterr);
	if (r < 0 || !changes_touch(ret, SCRIPT))
		return r;
	grub_regenerate(&g, ret);
	return 0;
}

/* The command line of the entry in a menu, for the caller to free, or NULL. */
static char *entry_in_menu(const char *bytes, size_t len)
{
	auto_text struct text t = TEXT_INIT;
	bool ours = false;

	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++) {
		const char *line = t.lines[i].data;
		const char *args = line + strspn(line, " \t");

		if (text_starts_with(line, "### "))
			ours = text_starts_with(line, SECTION);
		if (ours && text_starts_with(args, "linux"))
			return xstrndup(args,
					text_line_length(&t.lines[i]) - (size_t)(args - line));
	}
	return NULL;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_strv struct strv command = STRV_INIT;
	auto_free char *line = NULL;
	auto_free char *remedy = NULL;
	struct grub g;
	const char *bytes;
	size_t len;
	int r;

	if (!wish->way_back)
		return 0;
	grub_detect(ctx, &g);
	r = added_words(ctx, NULL, &wish->owned, &words, reterr);
	if (r < 0)
		return r;
	if (files_get(ctx->files, g.cfg, &bytes, &len, NULL) >= 0)
		line = entry_in_menu(bytes, len);
	for (size_t i = 0; g.regenerate[i]; i++)
		strv_add(&command, g.regenerate[i]);
	remedy = strv_join(&command, " ");
	way_back_check(line, &words, how_to_reach(ctx, &g), remedy, ret);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB;
}

const struct target target_way_back_grub = {
	.name = "way_back_grub",
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
