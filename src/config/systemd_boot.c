/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot with entries that people write: the "options" of each Linux entry in place.
 *
 * Entries of other systems (without "linux") and those with the fallback image stay as they are;
 * the latter are a way back. The loader reads the entries at each start: nothing is regenerated.
 * Owned: "systemd_boot [ENTRY] PARAMETER", "systemd_boot line:ENTRY" for an added line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/entries.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"

static const char name[] = "systemd_boot";

/* Without an entry to edit the parameters are left to the user, who is told so (change/plan_warnings.h). */
static bool applies(const struct target_context *ctx)
{
	auto_entries struct entries all = ENTRIES_INIT;
	bool any = false;

	if (ctx->platform->boot_loader != BOOT_SYSTEMD_BOOT)
		return false;
	if (entries_read(ctx->files, &all, NULL) < 0)
		return ctx->platform->is_root;
	for (size_t i = 0; i < all.len; i++)
		any |= all.items[i].linux;
	return any;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	int r = entries_read(ctx->files, &all, reterr);

	for (size_t i = 0; r >= 0 && i < all.len; i++) {
		auto_free char *line = entry_line(&all.items[i]);

		if (entries_counts(&all, &all.items[i]))
			kernel_line_present(line, all.items[i].path, ret);
	}
	return r;
}

static bool is_owned(const struct entry *e, const struct wish *wish)
{
	auto_free char *prefix = xasprintf("%s [%s] ", name, e->name);

	for (size_t i = 0; i < wish->owned.len; i++)
		if (text_starts_with(wish->owned.items[i], prefix))
			return true;
	return false;
}

/* Takes out the last line with options, which is ours and empty. */
static void remove_line(struct entry *e)
{
	for (size_t i = e->text.len; i-- > 0;)
		if (text_starts_with(e->text.lines[i].data, "options ")) {
			text_remove(&e->text, i);
			return;
		}
}

/* Puts the edited values back; an entry without any gets a line, which goes when it is empty again. */
static void put_options(struct entry *e, const struct strv *parts, const struct wish *wish,
			struct strv *owned)
{
	auto_free char *line_token = xasprintf("line:%s", e->name);
	auto_free char *line = xasprintf("options %s", parts->items[0]);
	bool is_ours = !e->options.len || wish_owns(wish, name, line_token);

	if (e->options.len)
		entry_set_options(e, parts);
	else if (*parts->items[0])
		text_append(&e->text, line);
	if (!is_ours)
		return;
	if (*parts->items[0])
		strv_addf(owned, "%s %s", name, line_token);
	else if (e->options.len == 1)
		remove_line(e);
}

static int plan_entry(struct entry *e, const struct wish *wish, struct changes *ret,
		      struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = e->name, .where = e->path};
	auto_strv struct strv parts = STRV_INIT;
	auto_strv struct strv owned = STRV_INIT;
	auto_str struct str after = STR_INIT;
	auto_free char *why = kernel_line_why(wish);
	int r;

	if (e->wrapped && kernel_line_wanted(wish))
		return err_set(reterr, -EINVAL,
			       "%s, line %zu: this looks like the rest of the options above, which "
			       "the boot loader drops there; put them on one line first, nothing "
			       "was changed",
			       e->path, e->wrapped);
	strv_copy(&parts, &e->options);
	if (!parts.len)
		strv_add(&parts, "");
	r = kernel_line_edit(&at, &parts, wish, &owned, reterr);
	if (r < 0)
		return r;
	put_options(e, &parts, wish, &owned);
	text_join(&e->text, &after);
	strv_copy(&ret->owned, &owned);
	r = changes_set(ret, e->path, after.data, after.len, 0644, why, reterr);
	ret->reboot |= changes_touch(ret, e->path);
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	const struct wish nothing = {.owned = wish->owned};
	auto_entries struct entries all = ENTRIES_INIT;
	size_t n = 0;
	int r = entries_read(ctx->files, &all, reterr);

	for (size_t i = 0; r >= 0 && i < all.len; i++) {
		struct entry *e = &all.items[i];

		if (entries_counts(&all, e)) {
			r = plan_entry(e, wish, ret, reterr);
			n++;
		} else if (e->linux && is_owned(e, wish)) {
			r = plan_entry(e, &nothing, ret, reterr);
		}
	}
	if (r >= 0 && !n && wish->kernel_params.len)
		return err_set(
			reterr, -ENOENT,
			"no entry that starts Linux was found in loader/entries below /boot, "
			"/efi and /boot/efi, so the kernel parameters have no place; nothing "
			"was changed");
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv lines = STRV_INIT;
	int r = entries_read(ctx->files, &all, reterr);

	entries_lines(&all, &lines);
	if (r >= 0)
		kernel_line_check(&lines, "loader entries", wish, "apply the plan again", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

const struct target target_systemd_boot = {
	.name = name,
	.boot_loader = BOOT_SYSTEMD_BOOT,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
	.by_hand =
		{
			.loader = "systemd-boot",
			.before = "add ",
			.after = " to the \"options\" line of each entry in loader/entries on the "
				 "EFI partition",
			.menu = "press e on the entry in the menu (hold Space while the machine "
				"starts)",
			.menu_types = true,
		},
};
