/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * initramfs-tools: vfio-pci inside the image, before the host's drivers.
 *
 * /etc/initramfs-tools/modules is no shell file: a line that begins with '#' is a
 * comment, of any other the first word is a module and the rest its parameters
 * (hook-functions, add_modules_from_file), loaded in that order. /etc/modprobe.d is
 * copied by the generator; a udev rule of one's own takes a hook. The order of lines
 * comes after udev's coldplug, so it is the softdep (modprobe.c) that decides.
 * Owned: "modules:NAME", "created".
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/image.h"
#include "config/kmod_conf.h"
#include "config/target.h"

#define MODULES_PATH "/etc/initramfs-tools/modules"
#define HOOK_PATH "/etc/initramfs-tools/hooks/vfiotui"
#define HEADER "# vfiotui: modules for passthrough (\"vfiotui undo\" takes this back)\n"

static const char name[] = "initramfs_tools";

static const char hook[] =
	"#!/bin/sh\n"
	"# vfiotui: puts the rule that binds devices by their address into the image\n"
	"# (\"vfiotui undo\" takes this back).\n"
	"set -e\n"
	"\n"
	"if [ \"${1:-}\" = prereqs ]; then\n"
	"\techo udev\n"
	"\texit 0\n"
	"fi\n"
	"\n"
	"[ -e " UDEV_BIND_PATH " ] || exit 0\n"
	"\n"
	". /usr/share/initramfs-tools/hook-functions\n"
	"\n"
	"mkdir -p \"$DESTDIR/usr/lib/udev/rules.d\"\n"
	"cp -p " UDEV_BIND_PATH " \"$DESTDIR/usr/lib/udev/rules.d/\"\n"
	"manual_add_modules vfio-pci\n";

/* A line's first word with '-' as '_' for the caller to free, or NULL for comments and blank lines. */
static char *line_module(const struct text_line *l)
{
	size_t from;
	size_t n;
	char *s;

	if (!l->len || l->data[0] == '#')
		return NULL;
	from = strspn(l->data, " \t");
	n = strcspn(l->data + from, " \t\n");
	if (!n)
		return NULL;
	s = xstrndup(l->data + from, n);
	for (char *p = s; *p; p++)
		*p = *p == '-' ? '_' : *p;
	return s;
}

static bool same_module(const char *underscored, const char *module)
{
	while (*underscored && (*underscored == *module || (*underscored == '_' && *module == '-')))
		underscored++, module++;
	return *underscored == *module;
}

static long find_module(const struct text *t, const char *module)
{
	for (size_t i = 0; i < t->len; i++) {
		auto_free char *m = line_module(&t->lines[i]);

		if (m && same_module(m, module))
			return (long)i;
	}
	return -1;
}

/* Before the first driver that must wait, else at the end (before a last line without newline). */
static size_t place(const struct text *t, const struct wish *wish)
{
	for (size_t i = 0; i < t->len; i++) {
		auto_free char *m = line_module(&t->lines[i]);

		for (size_t j = 0; m && j < wish->host_modules.len; j++)
			if (same_module(m, wish->host_modules.items[j]))
				return i;
	}
	return t->len && !text_ends_with(t->lines[t->len - 1].data, "\n") ? t->len - 1 : t->len;
}

/* Takes out the lines that we own and that are not wished any more. */
static void drop_owned(struct text *t, const struct wish *wish, struct strv *owned)
{
	static const char prefix[] = "initramfs_tools modules:";

	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		const char *module = token + strlen(prefix);
		auto_free char *line = NULL;

		if (!text_starts_with(token, prefix))
			continue;
		if (strv_has(&wish->early_modules, module) && find_module(t, module) >= 0) {
			strv_add(owned, token);
			continue;
		}
		line = xasprintf("%s\n", module);
		for (size_t j = 0; j < t->len; j++)
			if (!strcmp(t->lines[j].data, line)) {
				text_remove(t, j);
				break;
			}
	}
}

static void add_missing(struct text *t, const struct wish *wish, struct strv *owned)
{
	size_t at = place(t, wish);

	for (size_t i = 0; i < wish->early_modules.len; i++) {
		const char *module = wish->early_modules.items[i];
		auto_free char *line = xasprintf("%s\n", module);

		if (find_module(t, module) >= 0)
			continue;
		text_insert(t, at++, line, strlen(line));
		strv_addf(owned, "%s modules:%s", name, module);
	}
}

/* The ids= parameter of a "vfio_pci ids=..." line: the kernel takes it after those of modprobe.d. */
static bool line_ids(const struct text_line *l, struct kmod_param *ret, struct strv *entries)
{
	auto_free char *module = line_module(l);
	auto_free char *value = NULL;
	size_t pos;

	if (!module || strcmp(module, "vfio_pci") != 0)
		return false;
	pos = strspn(l->data, " \t") + strlen(module);
	while (kmod_param_next(l->data, &pos, ret)) {
		if (!kmod_param_named(l->data, ret, "ids"))
			continue;
		value = xstrndup(l->data + ret->value_start, ret->value_end - ret->value_start);
		strv_split(entries, value, ",");
		return true;
	}
	return false;
}

static char *id_text(const char *entry)
{
	struct kmod_id id;

	return kmod_id_parse(entry, strlen(entry), &id)
		       ? xasprintf("%04x:%04x", id.vendor, id.device)
		       : NULL;
}

/* Makes hand-made ids= of vfio_pci lines say what is wished; without any the parameter goes. */
static void fit_ids(struct text *t, const struct wish *wish)
{
	for (size_t i = 0; i < t->len; i++) {
		auto_strv struct strv entries = STRV_INIT;
		auto_strv struct strv have = STRV_INIT;
		auto_free char *with = NULL;
		struct kmod_param p;
		size_t wished = 0;

		if (!line_ids(&t->lines[i], &p, &entries))
			continue;
		for (size_t j = 0; j < entries.len; j++) {
			auto_free char *id = id_text(entries.items[j]);

			if (id && strv_add_unique(&have, id))
				wished += strv_has(&wish->ids, id);
		}
		if (have.len && wished == wish->ids.len && wished == have.len)
			continue;
		if (wish->ids.len) {
			with = strv_join(&wish->ids, ",");
			text_replace(t, i, p.value_start, p.value_end - p.value_start, with,
				     strlen(with));
			continue;
		}
		while (strchr(" \t", t->lines[i].data[p.start - 1]))
			p.start--;
		text_replace(t, i, p.start, p.end - p.start, "", 0);
	}
}

static int plan_modules(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	auto_strv struct strv owned = STRV_INIT;
	const char *bytes = "";
	size_t len = 0;
	bool created = wish_owns(wish, name, "created");
	int r = changes_get(ret, MODULES_PATH, &bytes, &len, reterr);
	bool exists = r >= 0;

	if (r < 0 && r != -ENOENT)
		return r;
	err_clear(reterr);
	if (!exists && !wish->early_modules.len)
		return 0;
	created = exists ? created : true;
	text_parse(&t, exists ? bytes : HEADER, exists ? len : strlen(HEADER));
	fit_ids(&t, wish);
	drop_owned(&t, wish, &owned);
	add_missing(&t, wish, &owned);
	text_join(&t, &after);
	if (created && !strcmp(after.data, HEADER))
		return exists ? changes_remove(ret, MODULES_PATH, "nothing is left in it", reterr)
			      : 0;
	r = changes_set(ret, MODULES_PATH, after.data, after.len, 0644,
			wish->early_modules.len ? "vfio-pci is loaded inside the initramfs"
						: "the initramfs loads no vfio-pci any more",
			reterr);
	if (created)
		strv_addf(&ret->owned, "%s created", name);
	strv_copy(&ret->owned, &owned);
	return r;
}

static int plan_hook(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	if (strv_has(&wish->early_files, UDEV_BIND_PATH))
		return changes_set(ret, HOOK_PATH, hook, strlen(hook), 0755,
				   "the rule that binds by address gets into the initramfs",
				   reterr);
	if (!files_exist(ret->files, HOOK_PATH))
		return 0;
	return changes_remove(ret, HOOK_PATH, "no device is bound by address", reterr);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	int r = plan_modules(wish, ret, reterr);

	(void)ctx;
	if (r >= 0)
		r = plan_hook(wish, ret, reterr);
	if (r < 0)
		return r;
	if (changes_touch(ret, "/etc/modprobe.d/") || changes_touch(ret, UDEV_BIND_PATH) ||
	    changes_touch(ret, "/etc/initramfs-tools/")) {
		changes_run(ret, COMMAND_INITRAMFS, "rebuilds the initramfs of each kernel",
			    "update-initramfs", "-u", "-k", "all", NULL);
		ret->reboot = true;
	}
	return 0;
}

/* Ids that the modules file hands over by itself. */
static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	const char *bytes;
	size_t len;
	int r = files_get(ctx->files, MODULES_PATH, &bytes, &len, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	if (r < 0)
		return r;
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++) {
		auto_strv struct strv entries = STRV_INIT;
		struct kmod_param p;

		if (!line_ids(&t.lines[i], &p, &entries))
			continue;
		for (size_t j = 0; j < entries.len; j++) {
			auto_free char *id = id_text(entries.items[j]);

			if (id)
				strv_add_unique(&ret->ids, id);
		}
		strv_add_unique(&ret->where, MODULES_PATH);
	}
	return 0;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	(void)reterr;
	if (!ctx->host || !host_is_live(ctx->host) || !wish->len)
		return 0;
	for (size_t i = 0; i < ctx->platform->kernels.len; i++) {
		const char *release = ctx->platform->kernels.items[i];
		auto_free char *image = xasprintf("/boot/initrd.img-%s", release);
		const char *const argv[] = {"lsinitramfs", image, NULL};

		check_image_file(ctx, wish, release, image, argv, "update-initramfs -u -k all",
				 ret);
	}
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->initramfs == INITRAMFS_TOOLS;
}

const struct target target_initramfs_tools = {
	.name = name,
	.initramfs = INITRAMFS_TOOLS,
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
};
