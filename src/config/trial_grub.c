/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB's trial boot: a script of /etc/grub.d that puts a few lines behind all entries of the menu, and a
 * variable in GRUB's environment file that they turn from "once" into "over".
 *
 * The menu's own default is set before them (00_header), so theirs has the last word; an entry that
 * was asked for by grub-reboot (boot_once) goes before both. GRUB writes its file in place: it can't
 * through LVM or RAID, nor on a file system that has no fixed place for a file's bytes
 * (util/grub.d/00_header.in, check_writable; grub-core/commands/loadenv.c).
 * Owned: "trial_grub".
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/grub.h"
#include "config/trial.h"

#define SCRIPT "/etc/grub.d/91_vfiotui_trial"
#define VARIABLE "vfiotui_trial"
#define TOKEN TRIAL_TOKEN "grub"

static const char script[] =
	"#!/bin/sh\n"
	"# vfiotui: a trial boot. The menu's default starts once, and from then on the entry\n"
	"# without passthrough, until \"vfiotui keep\" (\"vfiotui undo\" takes this file away).\n"
	"cat <<'EOF'\n"
	"if [ \"${boot_once}\" != \"true\" ]; then\n"
	"\tif [ \"${" VARIABLE "}\" = \"once\" ]; then\n"
	"\t\tset " VARIABLE "=over\n"
	"\t\tsave_env " VARIABLE "\n"
	"\telif [ \"${" VARIABLE "}\" = \"over\" ]; then\n"
	"\t\tset default=\"vfiotui-without-passthrough\"\n"
	"\tfi\n"
	"fi\n"
	"EOF\n";

/* --- can GRUB write its file? --------------------------------------------------------------- */

/* A line of /proc/self/mountinfo (proc_pid_mountinfo(5)): where it is mounted, its type and source. */
static bool read_mount(const char *line, struct strv *fields, const char **type,
		       const char **source)
{
	long dash;

	strv_release(fields);
	strv_split(fields, line, " ");
	dash = strv_find(fields, "-");
	if (dash < 6 || fields->len < (size_t)dash + 3)
		return false;
	*type = fields->items[dash + 1];
	*source = fields->items[dash + 2];
	return true;
}

static bool is_below(const char *path, const char *mount)
{
	size_t n = strlen(mount);

	return !strcmp(mount, "/") ||
	       (!strncmp(path, mount, n) && (path[n] == '/' || path[n] == '\0'));
}

static bool can_write(const char *type, const char *source)
{
	static const char *const types[] = {"btrfs", "zfs", "squashfs", "overlay", "bcachefs"};
	static const char *const sources[] = {"/dev/mapper/", "/dev/dm-", "/dev/md"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(type, types[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (text_starts_with(source, sources[i]))
			return false;
	return true;
}

/* Of a system that is not running nothing is known; status then tells after the boot. */
static bool grub_can_write(const struct target_context *ctx, const struct grub *g)
{
	auto_strv struct strv lines = STRV_INIT;
	const char *bytes;
	size_t len, longest = 0;
	bool can = true;

	if (files_get(ctx->files, "/proc/self/mountinfo", &bytes, &len, NULL) < 0)
		return true;
	strv_split(&lines, bytes, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		auto_strv struct strv fields = STRV_INIT;
		const char *type, *source;

		if (!read_mount(lines.items[i], &fields, &type, &source) ||
		    !is_below(g->cfg, fields.items[4]) || strlen(fields.items[4]) < longest)
			continue;
		longest = strlen(fields.items[4]);
		can = can_write(type, source);
	}
	return can;
}

/* --- the variable ------------------------------------------------------------------------------ */

/* The environment file lies beside the menu. */
static enum trial where_it_stands(const struct target_context *ctx, const struct grub *g)
{
	auto_free char *path = xasprintf("%.*s/grubenv", (int)(strrchr(g->cfg, '/') - g->cfg),
					 g->cfg);
	auto_strv struct strv lines = STRV_INIT;
	const char *bytes;
	size_t len;

	if (files_get(ctx->files, path, &bytes, &len, NULL) < 0)
		return TRIAL_OVER;
	strv_split(&lines, bytes, "\n");
	if (strv_has(&lines, VARIABLE "=once"))
		return TRIAL_AHEAD;
	return strv_has(&lines, VARIABLE "=over") ? TRIAL_OPEN : TRIAL_OVER;
}

static void add_editenv(const struct grub *g, const char *verb, const char *what, struct strv *ret)
{
	strv_add(ret,
		 text_starts_with(g->regenerate[0], "grub2") ? "grub2-editenv" : "grub-editenv");
	strv_add(ret, "-");
	strv_add(ret, verb);
	strv_add(ret, what);
}

/* --- the target -------------------------------------------------------------------------------- */

/* Whatever else the plan changes counts at the next boot, which is the trial then. */
static int plan_trial(const struct grub *g, struct changes *ret, struct err *reterr)
{
	auto_strv struct strv set = STRV_INIT;
	auto_strv struct strv unset = STRV_INIT;
	int r = changes_set(ret, SCRIPT, script, strlen(script), 0755,
			    "a trial boot: the menu falls back by itself", reterr);

	if (r < 0)
		return r;
	strv_add_unique(&ret->owned, TOKEN);
	if (changes_touch(ret, SCRIPT))
		grub_regenerate(g, ret);
	add_editenv(g, "set", VARIABLE "=once", &set);
	add_editenv(g, "unset", VARIABLE, &unset);
	if (ret->len)
		changes_command(ret, COMMAND_BOOT, &set, &unset,
				"the next boot is a trial: the one after it is without passthrough "
				"unless \"vfiotui keep\" was said");
	return 0;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_strv struct strv unset = STRV_INIT;
	struct grub g;
	int r;

	grub_detect(ctx, &g);
	if (wish->trial)
		return grub_can_write(ctx, &g) ? plan_trial(&g, ret, reterr) : 0;
	if (!files_exist(ctx->files, SCRIPT))
		return 0;
	r = changes_remove(ret, SCRIPT, "no trial boot any more", reterr);
	if (r < 0)
		return r;
	grub_regenerate(&g, ret);
	add_editenv(&g, "unset", VARIABLE, &unset);
	changes_command(ret, COMMAND_BOOT, &unset, NULL, "no trial boot any more");
	return 0;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	struct grub g;

	(void)reterr;
	grub_detect(ctx, &g);
	if (wish->trial && strv_has(&wish->owned, TOKEN))
		trial_check(ctx, where_it_stands(ctx, &g), ret);
	return 0;
}

static void keep(const struct target_context *ctx, const struct strv *owned, struct strv *ret)
{
	struct grub g;

	grub_detect(ctx, &g);
	if (strv_has(owned, TOKEN) && where_it_stands(ctx, &g) != TRIAL_OVER)
		add_editenv(&g, "unset", VARIABLE, ret);
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB;
}

const struct target target_trial_grub = {
	.name = "trial_grub",
	.applies = applies,
	.plan = plan,
	.verify = verify,
	.keep = keep,
};
