/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dracut: vfio-pci inside the image and loaded before udev starts.
 *
 * force_drivers puts rd.driver.pre= into the image, so the order is certain. dracut
 * copies /etc/modprobe.d only in host-only mode, so what speaks of vfio there is named
 * as install_items. bash sources all drop-ins by name; the words between the quotes
 * need blanks at both ends, or they glue to those of another file.
 *
 * On an ostree system the images come with the deployments, and /etc is read only where rpm-ostree
 * builds them here. "rpm-ostree initramfs --enable" refuses to do so twice, unless it is given
 * arguments for dracut (rpm-ostree: InitramfsStateTransaction), so it gets one that adds nothing new.
 * Owned: "dracut ostree" where building them here is our doing.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/image.h"
#include "config/ostree.h"
#include "config/shell_vars.h"
#include "config/target.h"

#define DROPIN_NAME "90-vfiotui.conf"
#define DROPIN_PATH "/etc/dracut.conf.d/" DROPIN_NAME
#define MODPROBE_DIR "/etc/modprobe.d/"

static bool is_debian(const struct platform *p)
{
	return strv_has(&p->distro_like, "debian") || strv_has(&p->distro_like, "ubuntu");
}

/* A file's name that bash reads as it is, and that dracut does not split. */
static bool is_plain(const char *path)
{
	return path[strspn(path,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")] ==
	       '\0';
}

/* Adds a file that exists after the plan and (unless `any`) speaks of vfio. */
static int add_item(struct changes *c, const char *path, bool any, struct strv *items,
		    struct err *reterr)
{
	const char *bytes;
	size_t len;
	int r = changes_get(c, path, &bytes, &len, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	if (r >= 0 && is_plain(path) && (any || memmem(bytes, len, "vfio", 4)))
		strv_add_unique(items, path);
	return r;
}

/* The files that must be inside: those of the wish, and all of modprobe.d that speaks of vfio. */
static int find_items(const struct wish *wish, struct changes *c, struct strv *items,
		      struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	auto_strv struct strv paths = STRV_INIT;
	int r = files_list(c->files, "/etc/modprobe.d", ".conf", &names, reterr);

	for (size_t i = 0; i < names.len; i++)
		strv_addf(&paths, MODPROBE_DIR "%s", names.items[i]);
	for (size_t i = 0; i < c->len; i++)
		if (text_starts_with(c->edits[i].path, MODPROBE_DIR))
			strv_add_unique(&paths, c->edits[i].path);
	strv_sort(&paths);
	for (size_t i = 0; r >= 0 && i < paths.len; i++)
		r = add_item(c, paths.items[i], false, items, reterr);
	for (size_t i = 0; r >= 0 && i < wish->early_files.len; i++)
		r = add_item(c, wish->early_files.items[i], true, items, reterr);
	return r;
}

static void write_words(struct str *out, const char *variable, const struct strv *words)
{
	auto_free char *joined = strv_join(words, " ");

	if (words->len)
		str_addf(out, "%s+=\" %s \"\n", variable, joined);
}

/*
 * A later file that assigns with "=" would drop what ours adds. `seen`: the names of directories
 * before, which hide those of the same name here, links to /dev/null too; it gets this one's.
 */
static int check_later(struct changes *c, const char *dir, struct strv *seen, struct err *reterr)
{
	static const char *const used[] = {"force_drivers", "install_items"};
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(c->files, dir, ".conf", &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);
		struct shell_vars vars = {.len = 0};
		const char *bytes;
		size_t len;

		if (!strv_add_unique(seen, names.items[i]) ||
		    strverscmp(names.items[i], DROPIN_NAME) <= 0)
			continue;
		r = files_get(c->files, path, &bytes, &len, reterr);
		if (r < 0)
			break;
		/* Where it can't be parsed, bash reports it, and dracut goes on without the file. */
		if (shell_vars_parse(&vars, bytes, len, SHELL_BASH, path, NULL) < 0)
			shell_vars_release(&vars);
		for (size_t j = 0; r >= 0 && j < vars.len; j++)
			for (size_t k = 0; k < ARRAY_SIZE(used); k++)
				if (!vars.items[j].append && !strcmp(vars.items[j].name, used[k]))
					r = err_set(
						reterr, -EINVAL,
						"%s, line %zu: \"%s=\" drops what " DROPIN_PATH
						" adds; nothing was changed, write \"%s+=\" there",
						path, vars.items[j].line, used[k], used[k]);
		shell_vars_release(&vars);
	}
	return r < 0 ? r : files_list_masks(c->files, dir, ".conf", seen, reterr);
}

static int plan_dropin(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	static const char *const dirs[] = {"/etc/dracut.conf.d", "/run/initramfs/dracut.conf.d",
					   "/usr/lib/dracut/dracut.conf.d"};
	auto_strv struct strv items = STRV_INIT;
	auto_strv struct strv seen = STRV_INIT;
	auto_str struct str text = STR_INIT;
	int r = 0;

	if (!wish->early_modules.len && !wish->early_files.len) {
		if (!files_exist(ret->files, DROPIN_PATH))
			return 0;
		return changes_remove(ret, DROPIN_PATH, "the initramfs loads no vfio-pci any more",
				      reterr);
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(dirs); i++)
		r = check_later(ret, dirs[i], &seen, reterr);
	if (r >= 0)
		r = find_items(wish, ret, &items, reterr);
	if (r < 0)
		return r;
	str_adds(&text, "# vfiotui: vfio-pci before the host's drivers (\"vfiotui undo\" takes "
			"this back)\n");
	write_words(&text, "force_drivers", &wish->early_modules);
	write_words(&text, "install_items", &items);
	return changes_set(ret, DROPIN_PATH, text.data, text.len, 0644,
			   "vfio-pci is loaded inside the initramfs", reterr);
}

static bool wants(const struct wish *wish)
{
	return wish->early_modules.len || wish->early_files.len;
}

/* Building images here begins, or began, with this program. */
static bool is_our_doing(const struct target_context *ctx, const struct wish *wish)
{
	return wish_owns(wish, "dracut", "ostree") || !ostree_regenerates(ctx);
}

static void plan_ostree(const struct target_context *ctx, const struct wish *wish,
			struct changes *ret)
{
	static const char build[] = "rpm-ostree initramfs --enable --arg=-I --arg=" DROPIN_PATH;
	const char *before = is_our_doing(ctx, wish) ? "rpm-ostree initramfs --disable"
						     : "rpm-ostree initramfs --enable";
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	strv_split(&argv, wants(wish) ? build : before, " ");
	strv_split(&undo, wants(wish) ? before : build, " ");
	changes_command(ret, COMMAND_INITRAMFS, &argv, &undo,
			wants(wish) ? "the next deployment's image is built here, with vfio-pci"
				    : "the next deployment's image is without vfio-pci");
}

/* Debian's images have names that --regenerate-all of older versions doesn't know. */
static void plan_commands(const struct platform *p, struct changes *ret)
{
	if (!is_debian(p) || !p->kernels.len) {
		changes_run(ret, COMMAND_INITRAMFS, "rebuilds the initramfs of each kernel",
			    "dracut", "-f", "--regenerate-all", NULL);
		return;
	}
	for (size_t i = 0; i < p->kernels.len; i++) {
		auto_free char *image = xasprintf("/boot/initrd.img-%s", p->kernels.items[i]);

		changes_run(ret, COMMAND_INITRAMFS, "rebuilds the initramfs", "dracut", "-f", image,
			    p->kernels.items[i], NULL);
	}
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	bool ostree = ctx->platform->boot_loader == BOOT_OSTREE;
	int r = plan_dropin(wish, ret, reterr);

	if (r < 0)
		return r;
	if (ostree && wants(wish) && is_our_doing(ctx, wish))
		strv_add(&ret->owned, "dracut ostree");
	if (changes_touch(ret, MODPROBE_DIR) || changes_touch(ret, UDEV_BIND_PATH) ||
	    changes_touch(ret, "/etc/dracut.conf.d/")) {
		if (ostree)
			plan_ostree(ctx, wish, ret);
		else
			plan_commands(ctx->platform, ret);
		ret->reboot = true;
	}
	return 0;
}

/* The image of the deployment that starts next. */
static void verify_ostree(const struct target_context *ctx, const struct wish *wish,
			  struct checks *ret)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_free char *image = NULL;
	const struct entry *newest = NULL;

	if (host_exists(ctx->host, OSTREE_STAGED)) {
		checks_add(ret, CHECK_AFTER_REBOOT,
			   xstrdup("image of the newest deployment: vfio-pci inside"),
			   xstrdup("staged, and written when the machine shuts down"),
			   xstrdup("reboot"));
		return;
	}
	if (entries_read(ctx->files, &all, NULL) >= 0)
		newest = ostree_newest(&all);
	if (newest && newest->initrd) {
		image = xasprintf("%s%s", text_starts_with(newest->initrd, "/boot/") ? "" : "/boot",
				  newest->initrd);
		check_image(ctx, wish, newest->version ? newest->version : newest->name,
			    (const char *const[]){"lsinitrd", image, NULL},
			    "rpm-ostree initramfs --enable", ret);
	}
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	bool debian = is_debian(ctx->platform);

	(void)reterr;
	if (!ctx->host || !host_is_live(ctx->host) || !wish->len)
		return 0;
	if (ctx->platform->boot_loader == BOOT_OSTREE) {
		verify_ostree(ctx, wish, ret);
		return 0;
	}
	for (size_t i = 0; i < ctx->platform->kernels.len; i++) {
		const char *release = ctx->platform->kernels.items[i];
		auto_free char *image = xasprintf("/boot/initrd.img-%s", release);
		const char *const by_path[] = {"lsinitrd", image, NULL};
		const char *const by_kernel[] = {"lsinitrd", "-k", release, NULL};

		if (debian)
			check_image_file(ctx, wish, release, image, by_path,
					 "dracut -f IMAGE KERNEL", ret);
		else
			check_image(ctx, wish, release, by_kernel, "dracut -f --regenerate-all",
				    ret);
	}
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->initramfs == INITRAMFS_DRACUT;
}

const struct target target_dracut = {
	.name = "dracut",
	.initramfs = INITRAMFS_DRACUT,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
