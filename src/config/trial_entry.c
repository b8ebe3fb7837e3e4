/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot's trial boot: the entry without passthrough becomes the default, and the usual one
 * is asked for once.
 *
 * Both are variables of the firmware that bootctl sets and systemd-boot heeds before its own
 * loader.conf (LoaderEntryDefault, LoaderEntryOneShot; systemd.io/BOOT_LOADER_INTERFACE). The usual
 * entry is the one that started this system; where it is not known there is no trial.
 * Owned: "trial_entry WITHOUT FORMER", the default there is meanwhile and the one before it ("-": none).
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/trial.h"

#define TOKEN TRIAL_TOKEN "entry "
#define SUFFIX "-without-passthrough.conf"

/* The two words behind our token. */
static bool find_token(const struct strv *owned, char **without, char **former)
{
	for (size_t i = 0; i < owned->len; i++) {
		auto_strv struct strv words = STRV_INIT;

		if (!text_starts_with(owned->items[i], TOKEN))
			continue;
		strv_split(&words, owned->items[i], " ");
		if (words.len != 3)
			continue;
		*without = xstrdup(words.items[1]);
		*former = xstrdup(strcmp(words.items[2], "-") ? words.items[2] : "");
		return true;
	}
	return false;
}

/* The name of the entry that this plan puts beside the others, or NULL. */
static const char *planned_entry(const struct strv *owned)
{
	for (size_t i = 0; i < owned->len; i++)
		if (text_starts_with(owned->items[i], "way_back_entry /"))
			return strrchr(owned->items[i], '/') + 1;
	return NULL;
}

static void bootctl(const char *verb, const char *what, struct strv *ret)
{
	strv_add(ret, "bootctl");
	strv_add(ret, verb);
	strv_add(ret, what);
}

static void add_commands(const char *usual, const char *without, const char *former,
			 struct changes *ret)
{
	auto_strv struct strv once = STRV_INIT;
	auto_strv struct strv not_once = STRV_INIT;
	auto_strv struct strv set = STRV_INIT;
	auto_strv struct strv reset = STRV_INIT;

	bootctl("set-oneshot", usual, &once);
	bootctl("set-oneshot", "", &not_once);
	bootctl("set-default", without, &set);
	bootctl("set-default", former, &reset);
	changes_command(ret, COMMAND_BOOT, &once, &not_once, "the next boot is a trial");
	changes_command(ret, COMMAND_BOOT, &set, &reset,
			"the boots after it are without passthrough unless \"vfiotui keep\" was "
			"said");
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	const char *usual = ctx->platform->boot_entry;
	const char *now = ctx->platform->boot_default ? ctx->platform->boot_default : "";
	const char *without = planned_entry(&ret->owned);
	auto_free char *was_without = NULL;
	auto_free char *was_former = NULL;
	const char *former = now;
	auto_strv struct strv reset = STRV_INIT;

	(void)reterr;
	if (find_token(&wish->owned, &was_without, &was_former) && !strcmp(now, was_without))
		former = was_former;
	if (wish->trial) {
		if (!without || !usual || text_ends_with(usual, SUFFIX))
			return 0;
		strv_addf(&ret->owned, TOKEN "%s %s", without, *former ? former : "-");
		if (ret->len)
			add_commands(usual, without, former, ret);
	} else if (was_without && former != now) {
		bootctl("set-default", former, &reset);
		changes_command(ret, COMMAND_BOOT, &reset, NULL, "no trial boot any more");
	}
	return 0;
}

static enum trial where_it_stands(const struct platform *p, const char *without)
{
	if (!p->boot_default || strcmp(p->boot_default, without) != 0)
		return TRIAL_OVER;
	return p->boot_oneshot ? TRIAL_AHEAD : TRIAL_OPEN;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_free char *without = NULL;
	auto_free char *former = NULL;

	(void)reterr;
	if (wish->trial && find_token(&wish->owned, &without, &former))
		trial_check(ctx, where_it_stands(ctx->platform, without), ret);
	return 0;
}

static void keep(const struct target_context *ctx, const struct strv *owned, struct strv *ret)
{
	auto_free char *without = NULL;
	auto_free char *former = NULL;

	if (find_token(owned, &without, &former) &&
	    where_it_stands(ctx->platform, without) != TRIAL_OVER)
		bootctl("set-default", former, ret);
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_SYSTEMD_BOOT ||
	       ctx->platform->boot_loader == BOOT_KERNELSTUB ||
	       ctx->platform->boot_loader == BOOT_KERNEL_CMDLINE;
}

const struct target target_trial_entry = {
	.name = "trial_entry",
	.applies = applies,
	.plan = plan,
	.verify = verify,
	.keep = keep,
};
