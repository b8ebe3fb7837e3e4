/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * booster: modules_force_load in /etc/booster.yaml, a string of names with commas between (not a
 * YAML list; newer versions drop blanks around a name), loaded early and put into the image (booster:
 * docs/manpage.md, generator/config.go). It reads the options of modprobe.d when it builds an image,
 * but not the softdep lines (generator/kmod.go), and copies no file of it. Modules are loaded side by
 * side, each as soon as what it depends on is there (init/module.go): the order of the list is no
 * promise, and a driver in the image may be faster. All are loaded before the root file system's
 * programs start, so a driver that is not in the image comes behind vfio-pci.
 * Owned: "booster NAME", "booster line" where the whole line is ours, "booster created".
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/image.h"
#include "config/target.h"

#define CONF "/etc/booster.yaml"
#define KEY "modules_force_load:"
#define REGENERATE "/usr/lib/booster/regenerate_images"

static const char name[] = "booster";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->initramfs == INITRAMFS_BOOSTER;
}

/* Whether a name of the list, perhaps with blanks around it, is this module. */
static bool is_module(const char *name_in_list, const char *module)
{
	const char *a = name_in_list + strspn(name_in_list, " ");

	for (; *a && *module; a++, module++)
		if (*a != *module && !(strchr("-_", *a) && strchr("-_", *module)))
			return false;
	return !a[strspn(a, " ")] && !*module;
}

static int refuse(size_t line, struct err *reterr)
{
	return err_set(reterr, -EINVAL,
		       "%s, line %zu: not simple text that can be added to; write it as \"" KEY
		       " a,b,c\" on one line first, nothing was changed",
		       CONF, line + 1);
}

/* The line of the key and the span of its names; t->len when there is none. */
static int find(const struct text *t, size_t *line, size_t *from, size_t *len, struct err *reterr)
{
	for (*line = 0; *line < t->len && !text_starts_with(t->lines[*line].data, KEY);)
		if (strchr("{%.\"'?", t->lines[(*line)++].data[0]))
			return refuse(*line - 1, reterr); /* other ways to write a key, or an end */
	if (*line == t->len)
		return 0;
	*from = strlen(KEY) + strspn(t->lines[*line].data + strlen(KEY), " ");
	*len = strspn(t->lines[*line].data + *from,
		      " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-,");
	while (*len && t->lines[*line].data[*from + *len - 1] == ' ')
		--*len;
	if (!*len || *from == strlen(KEY) ||
	    t->lines[*line].data[*from + *len +
				 strspn(t->lines[*line].data + *from + *len, " \r\n")] != '\0' ||
	    (*line + 1 < t->len && strchr(" \t-", t->lines[*line + 1].data[0])))
		return refuse(*line, reterr);
	return 0;
}

/* The names without those that are ours. */
static void names_without(const char *list, const struct wish *wish, struct strv *ret)
{
	strv_split(ret, list, ",");
	for (size_t i = ret->len; i-- > 0;)
		if (wish_owns(wish, name, ret->items[i]))
			strv_remove_at(ret, i);
}

/* Ours come first: they are loaded in this order. */
static void add_names(struct strv *names, const struct wish *wish, struct strv *owned)
{
	auto_strv struct strv all = STRV_INIT;

	for (size_t i = 0; i < wish->early_modules.len; i++) {
		bool there = false;

		for (size_t k = 0; k < names->len; k++)
			there |= is_module(names->items[k], wish->early_modules.items[i]);
		if (there)
			continue;
		strv_add(&all, wish->early_modules.items[i]);
		strv_addf(owned, "%s %s", name, wish->early_modules.items[i]);
	}
	strv_copy(&all, names);
	strv_release(names);
	strv_move(names, &all);
}

static int edit(struct text *t, const struct wish *wish, struct strv *owned, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free char *old = NULL;
	auto_free char *now = NULL;
	auto_free char *whole = NULL;
	size_t line, from = 0, len = 0;
	int r = find(t, &line, &from, &len, reterr);
	bool is_new = line == t->len;

	if (r < 0)
		return r;
	old = is_new ? xstrdup("") : xstrndup(t->lines[line].data + from, len);
	names_without(old, wish, &names);
	add_names(&names, wish, owned);
	now = strv_join(&names, ",");
	whole = xasprintf(KEY " %s", now);
	if (is_new && names.len)
		text_append(t, whole);
	else if (!is_new && !names.len)
		text_remove(t, line);
	else if (!is_new && owned->len + wish->owned.len)
		text_replace(t, line, from, len, now, strlen(now));
	return 0;
}

static int plan_file(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	auto_strv struct strv owned = STRV_INIT;
	bool created = wish_owns(wish, name, "created");
	const char *bytes = "";
	size_t len = 0;
	int r = changes_get(ret, CONF, &bytes, &len, reterr);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT && !wish->early_modules.len) {
		err_clear(reterr);
		return 0;
	}
	created = created || r == -ENOENT;
	err_clear(reterr);
	text_parse(&t, bytes, len);
	r = edit(&t, wish, &owned, reterr);
	if (r < 0)
		return wish->early_modules.len ? r : (err_clear(reterr), 0);
	text_join(&t, &after);
	if (created && after.len)
		strv_addf(&owned, "%s created", name);
	if (created && !after.len)
		return changes_remove(ret, CONF, "nothing is left in it", reterr);
	strv_copy(&ret->owned, &owned);
	if (created && !len && after.data[after.len - 1] != '\n')
		str_addc(&after, '\n');
	return changes_set(ret, CONF, after.data, after.len, 0644,
			   wish->early_modules.len ? "vfio-pci is loaded inside the initramfs"
						   : "the initramfs loads no vfio-pci any more",
			   reterr);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	int r = plan_file(wish, ret, reterr);

	(void)ctx;
	if (r >= 0 && (changes_touch(ret, CONF) || changes_touch(ret, "/etc/modprobe.d/"))) {
		changes_run(ret, COMMAND_INITRAMFS, "rebuilds the initramfs of each kernel",
			    REGENERATE, NULL);
		ret->reboot = true;
	}
	return r;
}

/* Images are named by Arch's package of the kernel, elsewhere by its release. */
static char *image_path(const struct host *host, const char *release)
{
	auto_free char *file = xasprintf("/usr/lib/modules/%s/pkgbase", release);
	auto_str struct str base = STR_INIT;

	return xasprintf("/boot/booster-%s.img",
			 host_read_line(host, file, &base, NULL) >= 0 ? base.data : release);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	const struct wish modules = {.early_modules = wish->early_modules};

	(void)reterr;
	if (!ctx->host || !host_is_live(ctx->host) || !wish->len)
		return 0;
	for (size_t i = 0; i < ctx->platform->kernels.len; i++) {
		const char *release = ctx->platform->kernels.items[i];
		auto_free char *image = image_path(ctx->host, release);
		const char *const argv[] = {"booster", "ls", image, NULL};

		if (host_exists(ctx->host, image))
			check_image(ctx, &modules, release, argv, REGENERATE, ret);
	}
	return 0;
}

/* booster's images have no udev, and so no rules, and load modules side by side (booster: README; init/module.go). */
static void add_warnings(const struct target_context *ctx, const struct wish *wish,
			 const char *missing, struct strv *ret)
{
	auto_free char *modules = strv_join(&wish->host_modules, " or ");

	(void)ctx;
	(void)missing;
	if (*modules)
		strv_addf(
			ret,
			"booster loads the modules of its images side by side: where %s is in the "
			"image, too, it may take the device first. \"vfiotui status\" tells after "
			"the reboot; \"modules: -NAME\" in /etc/booster.yaml leaves one out that "
			"nothing needs to start.",
			modules);
	if (strv_has(&wish->early_files, UDEV_BIND_PATH))
		strv_add(
			ret,
			"booster's images take no udev rules, so a device that is bound by its "
			"address may go to the host's driver first; \"vfiotui status\" tells after "
			"the reboot.");
}

const struct target target_booster = {
	.name = name,
	.initramfs = INITRAMFS_BOOSTER,
	.applies = applies,
	.plan = plan,
	.warnings = add_warnings,
	.verify = verify,
};
