/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which program builds the initramfs. Several may be installed; then the one decides that
 * is called when a kernel is installed: Debian's hooks in kernel/postinst.d, the
 * initrd_generator of kernel-install, mkinitcpio's presets.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/platform_parts.h"

static bool has_mkinitcpio(const struct host *host)
{
	return host_exists(host, "/etc/mkinitcpio.conf") &&
	       host_find_program(host, "mkinitcpio", NULL);
}

static bool has_dracut(const struct host *host)
{
	return host_find_program(host, "dracut", NULL);
}

/* Debian's dracut brings an update-initramfs of its own, so the configuration counts too. */
static bool has_initramfs_tools(const struct host *host)
{
	return host_exists(host, "/etc/initramfs-tools/initramfs.conf") &&
	       host_find_program(host, "update-initramfs", NULL);
}

static bool has_booster(const struct host *host)
{
	return host_find_program(host, "booster", NULL) ||
	       host_exists(host, "/usr/lib/booster/regenerate_images");
}

static const struct generator {
	enum initramfs id;
	const char *name;
	bool (*is_there)(const struct host *);
} generators[] = {
	{INITRAMFS_MKINITCPIO, "mkinitcpio", has_mkinitcpio},
	{INITRAMFS_TOOLS, "initramfs-tools", has_initramfs_tools},
	{INITRAMFS_DRACUT, "dracut", has_dracut},
	{INITRAMFS_BOOSTER, "booster", has_booster},
};

/* The file that calls it for a new kernel, NULL when there is none. */
static const char *kernel_hook(const struct host *host, const char *name)
{
	static const char *const hooks[][2] = {
		{"initramfs-tools", "/etc/kernel/postinst.d/initramfs-tools"},
		{"initramfs-tools", "/usr/share/kernel/postinst.d/initramfs-tools"},
		{"dracut", "/etc/kernel/postinst.d/dracut"},
		{"dracut", "/usr/share/kernel/postinst.d/dracut"},
		{"booster", "/usr/share/libalpm/hooks/90-booster-install.hook"},
		{"dracut", "/usr/share/libalpm/hooks/90-dracut-install.hook"},
		{"dracut", "/etc/pacman.d/hooks/90-dracut-install.hook"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(hooks[i][0], name) && host_exists(host, hooks[i][1]))
			return hooks[i][1];
	if (!strcmp(name, "mkinitcpio") &&
	    platform_dir_has_suffix(host, "/etc/mkinitcpio.d", ".preset"))
		return "/etc/mkinitcpio.d/*.preset";
	return NULL;
}

/* "initrd_generator=dracut" in kernel-install's configuration. */
static bool install_conf_names(const struct host *host, const char *name)
{
	auto_str struct str text = STR_INIT;
	auto_free char *line = xasprintf("initrd_generator=%s", name);
	const char *at;

	if (host_read(host, "/etc/kernel/install.conf", &text, NULL) < 0)
		return false;
	at = strstr(text.data, line);
	return at && (at == text.data || at[-1] == '\n') &&
	       strchr("\r\n \t", at[strlen(line)]) != NULL;
}

static void decide(struct platform *p, const struct generator *g, char *why)
{
	p->initramfs = g->id;
	p->initramfs_why = why;
}

static bool dir_has_prefix(const struct host *host, const char *dir, const char *const *prefixes,
			   char **ret)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(host, dir, &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < names.len; i++)
		for (size_t k = 0; prefixes[k]; k++)
			if (text_starts_with(names.items[i], prefixes[k])) {
				*ret = xasprintf("%s/%s", dir, names.items[i]);
				return true;
			}
	return false;
}

/*
 * Without a program that builds images: is there one nevertheless, or does the kernel start the root
 * by itself? Where neither shows, as in a /boot that only root may read, nothing is known.
 */
static void look_for_images(const struct host *host, struct platform *p)
{
	static const char *const images[] = {"initr", "booster-", NULL};
	static const char *const kernels[] = {"vmlinuz", "kernel-", "bzImage", NULL};
	auto_free char *image = NULL;
	auto_free char *kernel = NULL;

	if (dir_has_prefix(host, "/boot", images, &image)) {
		p->initramfs_foreign = true;
		p->initramfs_why =
			xasprintf("no program that builds one was found, but %s is there", image);
	} else if (p->cmdline && strstr(p->cmdline, "initrd=")) {
		p->initramfs_foreign = true;
		p->initramfs_why = xstrdup("no program that builds one was found, but the kernel "
					   "was started with initrd=");
	} else if (dir_has_prefix(host, "/boot", kernels, &kernel)) {
		p->initramfs = INITRAMFS_NONE;
		p->initramfs_why =
			xasprintf("no program that builds one was found, and no image is "
				  "beside %s",
				  kernel);
	} else {
		p->initramfs_why = xstrdup("no program that builds one was found");
	}
}

void platform_find_initramfs(const struct host *host, struct platform *p)
{
	const struct generator *found[ARRAY_SIZE(generators)], *hooked = NULL;
	size_t n = 0, hooks = 0;
	auto_strv struct strv names = STRV_INIT;
	auto_free char *list = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(generators); i++) {
		const struct generator *g = &generators[i];

		if (!g->is_there(host))
			continue;
		found[n++] = g;
		strv_add(&names, g->name);
		if (install_conf_names(host, g->name)) {
			decide(p, g, xasprintf("/etc/kernel/install.conf names %s", g->name));
			return;
		}
		if (kernel_hook(host, g->name)) {
			hooked = g;
			hooks++;
		}
	}
	p->systemd = host_exists(host, "/usr/lib/systemd/systemd") ||
		     host_exists(host, "/lib/systemd/systemd");
	list = strv_join(&names, ", ");
	if (!n)
		look_for_images(host, p);
	else if (n == 1)
		decide(p, found[0], xasprintf("only %s is installed", list));
	else if (hooks == 1)
		decide(p, hooked,
		       xasprintf("%s are installed, and %s is called for a new kernel (%s)", list,
				 hooked->name, kernel_hook(host, hooked->name)));
	else
		decide(p, found[0], xasprintf("several are installed: %s", list));
}
