/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/kernel/cmdline and its kin: the line that kernel-install puts into entries and unified
 * images, proxmox-boot-tool into its entries, mkinitcpio into unified images.
 *
 * kernel-install (90-loaderentry.install): the first of /etc/kernel/cmdline,
 * /usr/lib/kernel/cmdline and the running line; comment lines dropped, line ends to blanks. So a
 * missing file is made of what holds now, or root= would be lost. mkinitcpio: the same two files
 * and the .conf files of /etc/cmdline.d, unless the preset names a file of its own. proxmox-boot-tool reads one
 * line. A CR stays in the line, where the loader ends the line at it.
 * Owned: "kernel_cmdline [FILE] PARAMETER", "kernel_cmdline created".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/text.h"
#include "config/entries.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"
#include "config/mkinitcpio.h"
#include "config/uki.h"

#define CMDLINE "/etc/kernel/cmdline"
#define CMDLINE_VENDOR "/usr/lib/kernel/cmdline"
#define DROP_IN_DIR "/etc/cmdline.d"
#define DROP_IN DROP_IN_DIR "/90-vfiotui.conf"
#define PROXMOX "/etc/kernel/proxmox-boot-uuids"

static const char name[] = "kernel_cmdline";

/* --- who reads what ------------------------------------------------------------------------ */

struct chain {
	bool proxmox;
	bool mkinitcpio; /* it builds unified images */
	bool drop_in;    /* the parameters go to /etc/cmdline.d */
	bool usual;      /* /etc/kernel/cmdline counts */
	struct strv own; /* files that presets name */
	struct strv ukis;
};

static void chain_release(struct chain *c)
{
	strv_release(&c->own);
	strv_release(&c->ukis);
}

/* Version 36 and later read the drop-ins; their own text names the directory. */
static bool reads_drop_ins(struct files *files)
{
	const char *bytes;
	size_t len;

	return !files_get(files, "/usr/bin/mkinitcpio", &bytes, &len, NULL) &&
	       memmem(bytes, len, "cmdline.d", strlen("cmdline.d"));
}

static int read_presets(const struct target_context *ctx, struct chain *ret, struct err *reterr)
{
	struct mkinitcpio m;
	int r = mkinitcpio_read(ctx, &m, reterr);
	bool usual = false;

	for (size_t i = 0; r >= 0 && i < m.len; i++) {
		const struct mkinitcpio_image *image = &m.images[i];

		if (!image->is_uki)
			continue;
		ret->mkinitcpio = true;
		strv_add(&ret->ukis, image->path);
		if (image->cmdline)
			strv_add_unique(&ret->own, image->cmdline);
		else
			usual = true;
	}
	mkinitcpio_release(&m);
	ret->usual = !ret->mkinitcpio || usual;
	return r;
}

static int read_chain(const struct target_context *ctx, struct chain *ret, struct err *reterr)
{
	int r = 0;

	*ret = (struct chain){.usual = true, .proxmox = files_exist(ctx->files, PROXMOX)};
	if (!ret->proxmox && ctx->platform->initramfs == INITRAMFS_MKINITCPIO)
		r = read_presets(ctx, ret, reterr);
	/* A drop-in alone would be the whole line: something else must name the root. */
	ret->drop_in = ret->mkinitcpio && ret->usual && reads_drop_ins(ctx->files) &&
		       (files_exist(ctx->files, CMDLINE) ||
			files_exist(ctx->files, CMDLINE_VENDOR));
	return r;
}

/* --- the text ------------------------------------------------------------------------------- */

static bool is_content(const struct text_line *l)
{
	const char *at = l->data + strspn(l->data, " \t\r\n");

	return *at && *at != '#';
}

/* Adds the lines that count, without their ends. */
static void content(const struct text *t, struct strv *ret)
{
	for (size_t i = 0; i < t->len; i++)
		if (is_content(&t->lines[i]))
			strv_addn(ret, t->lines[i].data, text_line_length(&t->lines[i]));
}

static void set_content(struct text *t, const struct strv *parts)
{
	size_t done = 0;

	for (size_t i = 0; i < t->len && done < parts->len; i++) {
		if (!is_content(&t->lines[i]))
			continue;
		text_replace(t, i, 0, text_line_length(&t->lines[i]), parts->items[done],
			     strlen(parts->items[done]));
		done++;
	}
}

/* Adds what one file says, as planned (`c` NULL: as it is on disk); a missing one says nothing. */
static int add_file(const struct target_context *ctx, struct changes *c, const char *path,
		    struct strv *ret, struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	const char *bytes;
	size_t len;
	int r = c ? changes_get(c, path, &bytes, &len, reterr)
		  : files_get(ctx->files, path, &bytes, &len, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	if (r >= 0) {
		text_parse(&t, bytes, len);
		content(&t, ret);
	}
	return r;
}

/* The line of the usual files; with those of /etc/cmdline.d where mkinitcpio reads them. */
static int usual_line(const struct target_context *ctx, struct changes *planned,
		      const struct chain *c, bool with_own, struct strv *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = add_file(ctx, planned, files_exist(ctx->files, CMDLINE) ? CMDLINE : CMDLINE_VENDOR,
			 ret, reterr);

	if (r >= 0 && c->mkinitcpio && reads_drop_ins(ctx->files))
		r = files_list(ctx->files, DROP_IN_DIR, ".conf", &names, reterr);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", DROP_IN_DIR, names.items[i]);

		if (with_own || strcmp(path, DROP_IN) != 0)
			r = add_file(ctx, planned, path, ret, reterr);
	}
	return r;
}

/* The line as it would be without a file: the vendor's, or the running one without what the loader adds. */
static int fallback_line(const struct target_context *ctx, struct str *ret, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	int r = add_file(ctx, NULL, CMDLINE_VENDOR, &words, reterr);

	if (r < 0)
		return r;
	if (!words.len && !ctx->platform->cmdline)
		return err_set(reterr, -ENODATA,
			       CMDLINE
			       " does not exist, and the running kernel's parameters, of "
			       "which it would be made, can't be read; nothing was changed");
	if (!words.len)
		kernel_params_split(&words, ctx->platform->cmdline);
	for (size_t i = 0; i < words.len; i++)
		if (!kernel_param_has_key(words.items[i], "BOOT_IMAGE") &&
		    !kernel_param_has_key(words.items[i], "initrd"))
			str_addf(ret, "%s%s", ret->len ? " " : "", words.items[i]);
	str_addc(ret, '\n');
	return 0;
}

/* --- planning ---------------------------------------------------------------------------------- */

static int check_shape(const char *path, const struct chain *c, const struct text *t, size_t lines,
		       struct err *reterr)
{
	bool dos = !strcmp(text_newline(t), "\r\n");

	if (lines > 1 && c->proxmox)
		return err_set(reterr, -EINVAL,
			       "%s has %zu lines, of which proxmox-boot-tool reads one; join them "
			       "first, nothing was changed",
			       path, lines);
	if (lines > 1 && dos)
		return err_set(
			reterr, -EINVAL,
			"%s: its lines end in carriage returns (DOS line endings), at which a "
			"boot loader stops reading; convert the file first, nothing was changed",
			path);
	return 0;
}

static int edit_text(const char *path, const struct chain *c, const struct wish *wish,
		     struct text *t, struct strv *owned, struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = path, .where = path};
	auto_strv struct strv parts = STRV_INIT;
	bool empty;
	int r = 0;

	content(t, &parts);
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
	set_content(t, &parts);
	return r;
}

static int plan_file(const char *path, const struct chain *c, const struct wish *wish,
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
	if (fallback_line(ctx, &line, NULL) >= 0 && line.len == len &&
	    !memcmp(line.data, bytes, len))
		return changes_remove(ret, CMDLINE, "nothing is left that it was made for", reterr);
	strv_addf(&ret->owned, "%s created", name);
	return 0;
}

static int plan_usual(const struct target_context *ctx, const struct chain *c,
		      const struct wish *wish, struct changes *ret, struct err *reterr)
{
	bool created = wish_owns(wish, name, "created");
	auto_str struct str line = STR_INIT;
	int r = 0;

	if (!files_exist(ctx->files, CMDLINE)) {
		if (!wish->kernel_params.len)
			return 0;
		r = fallback_line(ctx, &line, reterr);
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

static int plan_drop_in(const struct target_context *ctx, const struct chain *c,
			const struct wish *wish, struct changes *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	auto_strv struct strv words = STRV_INIT;
	auto_free char *why = kernel_line_why(wish);
	auto_free char *line = NULL;
	auto_free char *joined = NULL;
	auto_free char *text = NULL;
	int r = usual_line(ctx, ret, c, false, &lines, reterr);

	if (r < 0)
		return r;
	line = strv_join(&lines, " ");
	r = kernel_line_missing(line, wish, CMDLINE, &words, reterr);
	if (r < 0)
		return r;
	if (!words.len)
		return files_exist(ctx->files, DROP_IN) ? changes_remove(ret, DROP_IN, why, reterr)
							: 0;
	joined = strv_join(&words, " ");
	text = xasprintf("# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes "
			 "this file away)\n%s\n",
			 joined);
	return changes_set(ret, DROP_IN, text, strlen(text), 0644, why, reterr);
}

/* Files that a former plan edited and this one doesn't: what is ours there goes. */
static int plan_former(const struct target_context *ctx, const struct chain *c,
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

static int plan_files(const struct target_context *ctx, const struct chain *c,
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

static void plan_commands(const struct target_context *ctx, const struct chain *c,
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

static bool is_touched(const struct chain *c, const struct changes *ret)
{
	bool touched = changes_touch(ret, CMDLINE) || changes_touch(ret, DROP_IN);

	for (size_t i = 0; i < c->own.len; i++)
		touched = touched || changes_touch(ret, c->own.items[i]);
	return touched;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	struct chain c;
	int r = read_chain(ctx, &c, reterr);

	if (r >= 0)
		r = plan_files(ctx, &c, wish, ret, reterr);
	if (r >= 0 && is_touched(&c, ret)) {
		plan_commands(ctx, &c, ret);
		ret->reboot = true;
	}
	chain_release(&c);
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
	struct chain c;
	int r = read_chain(ctx, &c, reterr);

	if (r >= 0 && c.usual)
		r = usual_line(ctx, NULL, &c, true, &lines, reterr);
	for (size_t i = 0; r >= 0 && i < c.own.len; i++)
		r = add_file(ctx, NULL, c.own.items[i], &lines, reterr);
	line = strv_join(&lines, " ");
	if (r >= 0)
		kernel_line_present(line, CMDLINE, ret);
	chain_release(&c);
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

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv lines = STRV_INIT;
	struct chain c;
	int r = read_chain(ctx, &c, reterr);

	if (r >= 0 && !c.mkinitcpio) {
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
		kernel_line_check(&lines, c.mkinitcpio ? "unified images" : "entries and images",
				  wish, c.mkinitcpio ? "mkinitcpio -P" : "kernel-install add-all",
				  ret);
	kernel_line_check_running(ctx, wish, ret);
	chain_release(&c);
	return r;
}

const struct target target_kernel_cmdline = {
	.name = name,
	.boot_loader = BOOT_KERNEL_CMDLINE,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
};
