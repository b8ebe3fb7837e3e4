/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/kernel/cmdline and its kin: the line that kernel-install puts into entries and unified
 * images, proxmox-boot-tool into its entries, mkinitcpio into unified images.
 *
 * Who reads which file is told in config/kernel_cmdline.h. A missing /etc/kernel/cmdline is made of
 * what holds now, or root= would be lost.
 * Owned: "kernel_cmdline [FILE] PARAMETER", "kernel_cmdline created".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/text.h"
#include "config/entries.h"
#include "config/kernel_cmdline.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"
#include "config/uki.h"

static const char name[] = "kernel_cmdline";

/* --- planning ---------------------------------------------------------------------------------- */

static int check_shape(const char *path, const struct cmdline_chain *c, const struct text *t,
		       size_t lines, struct err *reterr)
{
	bool dos = !strcmp(text_newline(t), "\r\n");
	const char *first = t->len ? t->lines[0].data + strspn(t->lines[0].data, " \t") : "";

	if (c->proxmox && lines && (lines > 1 || strchr("#\r\n", *first)))
		return err_set(reterr, -EINVAL,
			       "%s has more than one line, of which proxmox-boot-tool reads the "
			       "first; make it one first, nothing was changed",
			       path);
	if (lines > 1 && dos)
		return err_set(
			reterr, -EINVAL,
			"%s: its lines end in carriage returns (DOS line endings), at which a "
			"boot loader stops reading; convert the file first, nothing was changed",
			path);
	return 0;
}

static int edit_text(const char *path, const struct cmdline_chain *c, const struct wish *wish,
		     struct text *t, struct strv *owned, struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = path, .where = path};
	auto_strv struct strv parts = STRV_INIT;
	bool empty;
	int r = 0;

	cmdline_content(t, &parts);
	empty = !parts.len;
	if (kernel_line_wanted(wish))
		r = check_shape(path, c, t, parts.len, reterr);
	if (r >= 0 && empty && wish->kernel_params.len)
		return err_set(reterr, -EINVAL,
			       "%s is empty, so it does not name the root file system; fill it or "
			       "remove it first, nothing was changed",
			       path);
	if (r < 0 || empty)
		return r;
	r = kernel_line_edit(&at, &parts, wish, owned, reterr);
	cmdline_set_content(t, &parts);
	return r;
}

static int plan_file(const char *path, const struct cmdline_chain *c, const struct wish *wish,
		     struct changes *ret, struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	auto_strv struct strv owned = STRV_INIT;
	auto_free char *why = kernel_line_why(wish);
	const char *bytes;
	size_t len;
	int r = changes_get(ret, path, &bytes, &len, reterr);

	if (r < 0)
		return r;
	if (memchr(bytes, '\0', len))
		return err_set(reterr, -EINVAL, "%s is no text file; nothing was changed", path);
	text_parse(&t, bytes, len);
	r = edit_text(path, c, wish, &t, &owned, reterr);
	if (r < 0)
		return r;
	text_join(&t, &after);
	strv_copy(&ret->owned, &owned);
	return changes_set(ret, path, after.data, after.len, 0644, why, reterr);
}

/* Takes a file that was created away again, unless it says more, or the running line would put our words back. */
static int plan_removal(const struct target_context *ctx, struct changes *ret, struct err *reterr)
{
	auto_str struct str line = STR_INIT;
	const char *bytes;
	size_t len;
	int r = changes_get(ret, CMDLINE, &bytes, &len, reterr);

	if (r < 0)
		return r;
	if (cmdline_fallback(ctx, &line, NULL) >= 0 && line.len == len &&
	    !memcmp(line.data, bytes, len))
		return changes_remove(ret, CMDLINE, "nothing is left that it was made for", reterr);
	strv_addf(&ret->owned, "%s created", name);
	return 0;
}

static int plan_usual(const struct target_context *ctx, const struct cmdline_chain *c,
		      const struct wish *wish, struct changes *ret, struct err *reterr)
{
	bool created = wish_owns(wish, name, "created");
	auto_str struct str line = STR_INIT;
	int r = 0;

	if (!files_exist(ctx->files, CMDLINE)) {
		if (!wish->kernel_params.len)
			return 0;
		r = cmdline_fallback(ctx, &line, reterr);
		if (r >= 0)
			r = changes_set(ret, CMDLINE, line.data, line.len, 0644,
					"made of the parameters that hold now", reterr);
		created = true;
	}
	if (r >= 0)
		r = plan_file(CMDLINE, c, wish, ret, reterr);
	if (r < 0 || !created)
		return r;
	if (!kernel_line_wanted(wish))
		return plan_removal(ctx, ret, reterr);
	strv_addf(&ret->owned, "%s created", name);
	return 0;
}

static int plan_drop_in(const struct target_context *ctx, const struct cmdline_chain *c,
			const struct wish *wish, struct changes *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	auto_strv struct strv words = STRV_INIT;
	auto_free char *why = kernel_line_why(wish);
	auto_free char *line = NULL;
	auto_free char *joined = NULL;
	auto_free char *text = NULL;
	int r = cmdline_usual(ctx, ret, c, false, &lines, reterr);

	if (r < 0)
		return r;
	line = strv_join(&lines, " ");
	r = kernel_line_missing(line, wish, CMDLINE, &words, reterr);
	if (r < 0)
		return r;
	if (!words.len)
		return files_exist(ctx->files, CMDLINE_DROP_IN)
			       ? changes_remove(ret, CMDLINE_DROP_IN, why, reterr)
			       : 0;
	joined = strv_join(&words, " ");
	text = xasprintf("# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes "
			 "this file away)\n%s\n",
			 joined);
	return changes_set(ret, CMDLINE_DROP_IN, text, strlen(text), 0644, why, reterr);
}

/* Files that a former plan edited and this one doesn't: what is ours there goes. */
static int plan_former(const struct target_context *ctx, const struct cmdline_chain *c,
		       const struct wish *nothing, struct changes *ret, struct err *reterr)
{
	static const char prefix[] = "kernel_cmdline [";
	auto_strv struct strv paths = STRV_INIT;
	int r = 0;

	for (size_t i = 0; i < nothing->owned.len; i++) {
		const char *token = nothing->owned.items[i];
		const char *end = strstr(token, "] ");

		if (end && text_starts_with(token, prefix)) {
			auto_free char *path = xstrndup(token + strlen(prefix),
							(size_t)(end - token) - strlen(prefix));
			strv_add_unique(&paths, path);
		}
	}
	for (size_t i = 0; r >= 0 && i < paths.len; i++)
		if (strcmp(paths.items[i], CMDLINE) != 0 && !strv_has(&c->own, paths.items[i]) &&
		    files_exist(ctx->files, paths.items[i]))
			r = plan_file(paths.items[i], c, nothing, ret, reterr);
	return r;
}

static int plan_files(const struct target_context *ctx, const struct cmdline_chain *c,
		      const struct wish *wish, struct changes *ret, struct err *reterr)
{
	const struct wish nothing = {.owned = wish->owned};
	const struct wish ids_only = {.owned = wish->owned, .ids = wish->ids};
	const struct wish *usual = c->drop_in ? &ids_only : c->usual ? wish : &nothing;
	int r = plan_former(ctx, c, &nothing, ret, reterr);

	for (size_t i = 0; r >= 0 && i < c->own.len; i++)
		r = plan_file(c->own.items[i], c, wish, ret, reterr);
	if (r >= 0)
		r = plan_usual(ctx, c, usual, ret, reterr);
	if (r >= 0)
		r = plan_drop_in(ctx, c, c->drop_in ? wish : &nothing, ret, reterr);
	return r;
}

/* --- commands ------------------------------------------------------------------------------------ */

static char *kernel_image(struct files *files, const char *release)
{
	static const char *const places[] = {"/usr/lib/modules/%s/vmlinuz",
					     "/lib/modules/%s/vmlinuz", "/boot/vmlinuz-%s"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char *path = xasprintf("%.*s%s%s", (int)strcspn(places[i], "%"), places[i], release,
				       strchr(places[i], '%') + 2);

		if (files_exist(files, path))
			return path;
		free(path);
	}
	return NULL;
}

/* By kernel, since add-all (systemd 255) finds those below /usr/lib/modules only. */
static void install_kernels(const struct target_context *ctx, struct changes *ret)
{
	const struct strv *kernels = &ctx->platform->kernels;
	bool any = false;

	for (size_t i = 0; i < kernels->len; i++) {
		auto_free char *image = kernel_image(ctx->files, kernels->items[i]);

		if (!image)
			continue;
		changes_run(ret, COMMAND_BOOT, "the kernel's entry or image gets the parameters",
			    "kernel-install", "add", kernels->items[i], image, NULL);
		any = true;
	}
	if (!any)
		changes_run(ret, COMMAND_BOOT, "the entries or images get the parameters",
			    "kernel-install", "add-all", NULL);
}

static void plan_commands(const struct target_context *ctx, const struct cmdline_chain *c,
			  struct changes *ret)
{
	if (c->proxmox)
		changes_run(ret, COMMAND_BOOT, "the boot partitions get the parameters",
			    "proxmox-boot-tool", "refresh", NULL);
	else if (c->mkinitcpio)
		changes_run(ret, COMMAND_INITRAMFS, "rebuilds the unified images", "mkinitcpio",
			    "-P", NULL);
	else if (has_program(ctx->files, "kernel-install"))
		install_kernels(ctx, ret);
}

static bool is_touched(const struct cmdline_chain *c, const struct changes *ret)
{
	bool touched = changes_touch(ret, CMDLINE) || changes_touch(ret, CMDLINE_DROP_IN);

	for (size_t i = 0; i < c->own.len; i++)
		touched = touched || changes_touch(ret, c->own.items[i]);
	return touched;
}

/*
 * kernel-install puts the image of the initramfs beside its entry or into a unified one; what builds it anew leaves it in /boot,
 * except where a hook of initramfs-tools calls kernel-install.
 */
static bool is_image_copied(const struct target_context *ctx, const struct cmdline_chain *c,
			    const struct changes *ret)
{
	bool rebuilt = false;

	for (size_t i = 0; i < ret->commands_len; i++)
		rebuilt |= ret->commands[i].stage == COMMAND_INITRAMFS;
	return rebuilt && !c->mkinitcpio && !c->proxmox &&
	       has_program(ctx->files, "kernel-install") &&
	       !files_exist(ctx->files, "/etc/initramfs/post-update.d/systemd-boot");
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	struct cmdline_chain c;
	int r = cmdline_chain_read(ctx, &c, reterr);

	if (r >= 0)
		r = plan_files(ctx, &c, wish, ret, reterr);
	if (r >= 0 && is_touched(&c, ret)) {
		plan_commands(ctx, &c, ret);
		ret->reboot = true;
	} else if (r >= 0 && is_image_copied(ctx, &c, ret)) {
		install_kernels(ctx, ret);
	}
	cmdline_chain_release(&c);
	return r;
}

/* --- the rest --------------------------------------------------------------------------------------- */

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_KERNEL_CMDLINE;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	auto_free char *line = NULL;
	struct cmdline_chain c;
	int r = cmdline_chain_read(ctx, &c, reterr);

	if (r >= 0 && c.usual)
		r = cmdline_usual(ctx, NULL, &c, true, &lines, reterr);
	for (size_t i = 0; r >= 0 && i < c.own.len; i++)
		r = cmdline_add_file(ctx, NULL, c.own.items[i], &lines, reterr);
	line = strv_join(&lines, " ");
	if (r >= 0)
		kernel_line_present(line, CMDLINE, ret);
	cmdline_chain_release(&c);
	return r;
}

/* Without presets: the images that lie where the loader looks for them. */
static void find_ukis(const struct target_context *ctx, struct strv *ret)
{
	static const char *const dirs[] = {"/boot/EFI/Linux", "/efi/EFI/Linux",
					   "/boot/efi/EFI/Linux"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_strv struct strv names = STRV_INIT;

		if (files_list(ctx->files, dirs[i], ".efi", &names, NULL) < 0)
			continue;
		for (size_t k = 0; k < names.len; k++)
			strv_addf(ret, "%s/%s", dirs[i], names.items[k]);
	}
}

/* What the lines are of that are checked, and who makes them anew. proxmox-boot-tool's partitions are not mounted. */
static const struct chain_words {
	const char *what, *remedy;
} chain_words[] = {
	{"entries and images", "kernel-install add-all"},
	{"unified images", "mkinitcpio -P"},
	{CMDLINE " for proxmox-boot-tool", "apply the plan again"},
};

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv lines = STRV_INIT;
	const struct chain_words *words;
	struct cmdline_chain c;
	int r = cmdline_chain_read(ctx, &c, reterr);

	words = &chain_words[c.proxmox ? 2 : c.mkinitcpio ? 1 : 0];
	if (r >= 0 && c.proxmox)
		r = cmdline_usual(ctx, NULL, &c, false, &lines, reterr);
	else if (r >= 0 && !c.mkinitcpio) {
		find_ukis(ctx, &c.ukis);
		r = entries_read(ctx->files, &all, reterr);
		entries_lines(&all, &lines);
	}
	for (size_t i = 0; r >= 0 && ctx->host && i < c.ukis.len; i++) {
		auto_str struct str line = STR_INIT;

		if (uki_line(ctx->host, c.ukis.items[i], &line, NULL) >= 0)
			strv_add(&lines, line.data);
	}
	if (r >= 0)
		kernel_line_check(&lines, words->what, wish, words->remedy, ret);
	kernel_line_check_running(ctx, wish, ret);
	cmdline_chain_release(&c);
	return r;
}

const struct target target_kernel_cmdline = {
	.name = name,
	.boot_loader = BOOT_KERNEL_CMDLINE,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
	.by_hand =
		{
			.loader = "/etc/kernel/cmdline",
			.before = "add ",
			.after = " to the one line of /etc/kernel/cmdline and rebuild the boot "
				 "images",
			.menu = "press e on the entry in the boot menu (hold Space while the "
				"machine starts; a signed unified image takes no other words)",
			.menu_types = true,
		},
};
