/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkinitcpio: vfio-pci inside the image and first in MODULES, the rule that binds by address
 * among FILES, /etc/modprobe.d by way of the hook modconf.
 *
 * With the hook udev (busybox) MODULES load before the cold plug, in their order; with the hook
 * systemd nothing orders the two, and the softdep in modprobe.d decides (install/systemd).
 * rd.modules-load= is read by the same service as MODULES are, so it would be no earlier.
 *
 * Held against mkinitcpio v41: both hooks, a string MODULES without a last newline, a unified image
 * by ukify 257 with /etc/kernel/cmdline and a drop-in of /etc/cmdline.d.
 */
#include "config/mkinitcpio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool is_own(const char *drop_in)
{
	return !strcmp(drop_in, MKINITCPIO_DROP_IN) || !strcmp(drop_in, MKINITCPIO_DROP_IN_LATE);
}

static int compare_versions(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

static int list_drop_ins(const struct target_context *ctx, struct strv *ret, struct err *reterr)
{
	int r = files_list(ctx->files, MKINITCPIO_CONF_DIR, ".conf", ret, reterr);

	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), compare_versions);
	return r;
}

static int chain_add(const struct target_context *ctx, struct changes *c, const char *path,
		     struct str *text, struct err *reterr)
{
	const char *bytes;
	size_t len;
	int r = c ? changes_get(c, path, &bytes, &len, reterr)
		  : files_get(ctx->files, path, &bytes, &len, reterr);

	if (r >= 0)
		str_add(text, bytes, len);
	return r;
}

int mkinitcpio_chain(const struct target_context *ctx, struct changes *c, bool drop_ins,
		     struct shell_vars *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	auto_str struct str text = STR_INIT;
	int r = drop_ins ? list_drop_ins(ctx, &names, reterr) : 0;

	*ret = (struct shell_vars){.dialect = SHELL_BASH};
	str_init(&ret->bytes);
	if (r >= 0)
		r = chain_add(ctx, c, MKINITCPIO_CONF, &text, reterr);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", MKINITCPIO_CONF_DIR, names.items[i]);

		if (!is_own(names.items[i]))
			r = chain_add(ctx, c, path, &text, reterr);
	}
	if (r >= 0)
		r = shell_vars_parse(ret, text.data, text.len, SHELL_BASH, MKINITCPIO_CONF, reterr);
	return r;
}

/* --- the drop-in --------------------------------------------------------------------------- */

static int remove_own(const struct target_context *ctx, const char *but, struct changes *c,
		      struct err *reterr)
{
	static const char *const names[] = {MKINITCPIO_DROP_IN, MKINITCPIO_DROP_IN_LATE};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("%s/%s", MKINITCPIO_CONF_DIR, names[i]);

		if ((!but || strcmp(but, names[i]) != 0) && files_exist(ctx->files, path))
			r = changes_remove(c, path, "vfiotui's modules go", reterr);
	}
	return r;
}

/* Does a drop-in that is read after ours set one of our lists? */
static int is_set_later(const struct target_context *ctx, bool *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = list_drop_ins(ctx, &names, reterr);

	*ret = false;
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", MKINITCPIO_CONF_DIR, names.items[i]);
		struct shell_vars v;
		const char *bytes;
		size_t len;

		if (is_own(names.items[i]) || strverscmp(names.items[i], MKINITCPIO_DROP_IN) < 0)
			continue;
		r = files_get(ctx->files, path, &bytes, &len, reterr);
		if (r < 0)
			break;
		r = shell_vars_parse(&v, bytes, len, SHELL_BASH, path, reterr);
		*ret = *ret || (r >= 0 && (v.blinds_len || shell_vars_last(&v, "MODULES") ||
					   shell_vars_last(&v, "FILES")));
		shell_vars_release(&v);
	}
	return r;
}

static int write_drop_in(const struct target_context *ctx, const struct mkinitcpio_missing *m,
			 struct changes *c, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	auto_free char *path = NULL;
	const char *file;
	bool late;
	int r = is_set_later(ctx, &late, reterr);

	if (r < 0)
		return r;
	file = late ? MKINITCPIO_DROP_IN_LATE : MKINITCPIO_DROP_IN;
	path = xasprintf("%s/%s", MKINITCPIO_CONF_DIR, file);
	/* The empty line first: the files are put together, and one may lack its last newline. */
	str_adds(&text, "\n# vfiotui: vfio-pci loads before the host's drivers "
			"(\"vfiotui undo\" takes this file away)\n");
	if (m->modules.len)
		mkinitcpio_self_reference(&text, "MODULES", &m->modules);
	if (m->files.len)
		mkinitcpio_self_reference(&text, "FILES", &m->files);
	r = remove_own(ctx, file, c, reterr);
	return r < 0 ? r
		     : changes_set(c, path, text.data, text.len, 0644,
				   "vfio-pci loads before the host's drivers", reterr);
}

static int plan_drop_in(const struct target_context *ctx, const struct wish *wish,
			struct changes *c, struct err *reterr)
{
	struct mkinitcpio_missing m = {.hook = false};
	struct shell_vars v;
	int r = mkinitcpio_chain(ctx, c, true, &v, reterr);

	if (r >= 0) {
		mkinitcpio_missing(&v, wish, &m);
		if (m.hook) /* a drop-in sets HOOKS anew, without modconf */
			strv_add(&m.files, MODPROBE_PATH);
		r = m.modules.len || m.files.len ? write_drop_in(ctx, &m, c, reterr)
						 : remove_own(ctx, NULL, c, reterr);
	}
	mkinitcpio_missing_release(&m);
	shell_vars_release(&v);
	return r;
}

/* --- the target ------------------------------------------------------------------------------ */

static bool mkinitcpio_applies(const struct target_context *ctx)
{
	return ctx->platform->initramfs == INITRAMFS_MKINITCPIO;
}

static bool wants(const struct wish *wish)
{
	return wish->early_modules.len || wish->early_files.len;
}

/* Files that hold something of ours but are no preset's configuration any more. */
static int clean_others(const struct mkinitcpio *m, const struct wish *wish, struct changes *c,
			struct err *reterr)
{
	auto_strv struct strv done = STRV_INIT;
	int r = 0;

	strv_copy(&done, &m->confs);
	for (size_t i = 0; r >= 0 && i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		auto_free char *path = NULL;

		if (!text_starts_with(token, "mkinitcpio /"))
			continue;
		token += strlen("mkinitcpio ");
		path = xstrndup(token, strcspn(token, " "));
		if (strcmp(path, MKINITCPIO_CONF) != 0 && strv_add_unique(&done, path))
			r = mkinitcpio_plan_conf(path, NULL, false, &wish->owned, c, reterr);
	}
	return r;
}

static int plan_confs(const struct target_context *ctx, const struct mkinitcpio *m,
		      const struct wish *wish, struct changes *c, struct err *reterr)
{
	const struct wish *asked = wants(wish) ? wish : NULL;
	const struct wish *of_main = m->main_conf || m->drop_ins ? asked : NULL;
	int r = clean_others(m, wish, c, reterr);

	for (size_t i = 0; r >= 0 && i < m->confs.len; i++)
		r = mkinitcpio_plan_conf(m->confs.items[i], asked, false, &wish->owned, c, reterr);
	if (r >= 0)
		r = mkinitcpio_plan_conf(MKINITCPIO_CONF, of_main, !m->main_conf, &wish->owned, c,
					 reterr);
	if (r >= 0)
		r = asked && m->drop_ins ? plan_drop_in(ctx, asked, c, reterr)
					 : remove_own(ctx, NULL, c, reterr);
	return r;
}

static int mkinitcpio_plan(const struct target_context *ctx, const struct wish *wish,
			   struct changes *ret, struct err *reterr)
{
	auto_free char *why = NULL;
	struct mkinitcpio m;
	int r = mkinitcpio_read(ctx, &m, reterr);

	if (r == -EINVAL && !wants(wish)) {
		err_clear(reterr); /* broken presets don't keep what is ours from going */
		r = 0;
	}
	if (r >= 0)
		r = plan_confs(ctx, &m, wish, ret, reterr);
	why = xasprintf("rebuild %zu image%s (about %zu s)", m.len, m.len == 1 ? "" : "s",
			15 * m.len);
	mkinitcpio_release(&m);
	if (r < 0 || !(changes_touch(ret, "/etc/modprobe.d/") ||
		       changes_touch(ret, UDEV_BIND_PATH) || changes_touch(ret, "/etc/mkinitcpio")))
		return r;
	changes_run(ret, COMMAND_INITRAMFS, m.len ? why : "rebuild the images", "mkinitcpio", "-P",
		    (char *)NULL);
	ret->reboot = true;
	return 0;
}

const struct target target_mkinitcpio = {
	.name = "mkinitcpio",
	.initramfs = INITRAMFS_MKINITCPIO,
	.applies = mkinitcpio_applies,
	.plan = mkinitcpio_plan,
	.verify = mkinitcpio_verify,
};
