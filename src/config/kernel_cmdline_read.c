/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kernel_cmdline.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_line.h"
#include "config/mkinitcpio.h"
#include "config/way_back.h"

#define PROXMOX "/etc/kernel/proxmox-boot-uuids"

/* --- who reads what ------------------------------------------------------------------------ */

void cmdline_chain_release(struct cmdline_chain *c)
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

/* The file that a preset names, or the last one of a directory (version 41): that one's end is the line's. */
static void add_own(const struct target_context *ctx, const char *path, struct cmdline_chain *ret)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free char *last = NULL;

	if (files_list(ctx->files, path, ".conf", &names, NULL) >= 0 && names.len) {
		last = xasprintf("%s/%s", path, names.items[names.len - 1]);
		ret->own_is_part = true;
	}
	strv_add_unique(&ret->own, last ? last : path);
}

static int read_presets(const struct target_context *ctx, struct cmdline_chain *ret,
			struct err *reterr)
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
			add_own(ctx, image->cmdline, ret);
		else
			usual = true;
	}
	mkinitcpio_release(&m);
	ret->usual = !ret->mkinitcpio || usual;
	return r;
}

int cmdline_chain_read(const struct target_context *ctx, struct cmdline_chain *ret,
		       struct err *reterr)
{
	int r = 0;

	*ret = (struct cmdline_chain){.usual = true, .proxmox = files_exist(ctx->files, PROXMOX)};
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

void cmdline_content(const struct text *t, struct strv *ret)
{
	for (size_t i = 0; i < t->len; i++)
		if (is_content(&t->lines[i]))
			strv_addn(ret, t->lines[i].data, text_line_length(&t->lines[i]));
}

void cmdline_set_content(struct text *t, const struct strv *parts)
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

int cmdline_add_file(const struct target_context *ctx, struct changes *c, const char *path,
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
		cmdline_content(&t, ret);
	}
	return r;
}

int cmdline_usual(const struct target_context *ctx, struct changes *planned,
		  const struct cmdline_chain *c, bool with_own, struct strv *ret,
		  struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = cmdline_add_file(ctx, planned,
				 files_exist(ctx->files, CMDLINE) ? CMDLINE : CMDLINE_VENDOR, ret,
				 reterr);

	if (r >= 0 && c->mkinitcpio && reads_drop_ins(ctx->files))
		r = files_list(ctx->files, CMDLINE_DROP_IN_DIR, ".conf", &names, reterr);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", CMDLINE_DROP_IN_DIR, names.items[i]);

		if (with_own || strcmp(path, CMDLINE_DROP_IN) != 0)
			r = cmdline_add_file(ctx, planned, path, ret, reterr);
	}
	return r;
}

/* Words that a loader adds, or our boot entry without passthrough. */
static bool is_of_loader(const char *word)
{
	auto_strv struct strv own = STRV_INIT;

	strv_split(&own, WAY_BACK_PARAMS, " ");
	return kernel_param_has_key(word, "BOOT_IMAGE") || kernel_param_has_key(word, "initrd") ||
	       strv_has(&own, word);
}

int cmdline_fallback(const struct target_context *ctx, struct str *ret, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	int r = cmdline_add_file(ctx, NULL, CMDLINE_VENDOR, &words, reterr);

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
		if (!is_of_loader(words.items[i]))
			str_addf(ret, "%s%s", ret->len ? " " : "", words.items[i]);
	str_addc(ret, '\n');
	return 0;
}

bool cmdline_must_stay(const char *bytes, size_t len, const struct strv *owned, const char *running,
		       struct str *ret)
{
	static const char prefix[] = "kernel_cmdline [" CMDLINE "] ";
	const struct kernel_place at = {
		.target = "kernel_cmdline", .key = CMDLINE, .where = CMDLINE};
	const struct wish nothing = {.owned = *owned};
	auto_text struct text t = TEXT_INIT;
	auto_strv struct strv parts = STRV_INIT;
	auto_strv struct strv words = STRV_INIT;
	auto_strv struct strv none = STRV_INIT;
	bool runs = false;

	kernel_params_split(&words, running);
	for (size_t i = 0; i < owned->len; i++)
		runs |= text_starts_with(owned->items[i], prefix) &&
			strv_has(&words, owned->items[i] + strlen(prefix));
	if (!runs)
		return false;
	text_parse(&t, bytes, len);
	cmdline_content(&t, &parts);
	if (!parts.len || kernel_line_edit(&at, &parts, &nothing, &none, NULL) < 0)
		return false;
	cmdline_set_content(&t, &parts);
	str_clear(ret);
	text_join(&t, ret);
	return true;
}
