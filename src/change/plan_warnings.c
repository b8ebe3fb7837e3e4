/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_warnings.h"

#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "config/refind.h"
#include "config/target.h"
#include "config/way_back.h"

/* How to set a kernel parameter by hand: what stands before and behind the parameters in the sentence. */
static const struct {
	const char *name, *before, *after;
} by_hand[BOOT_LOADERS] = {
	[BOOT_UNKNOWN] = {NULL, "add ", " to the kernel's command line in your boot loader"},
	[BOOT_GRUB] = {"GRUB", "add ",
		       " to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub and run grub-mkconfig"},
	[BOOT_GRUB_BLS] = {"GRUB's boot loader entries",
			   "run: grubby --update-kernel=ALL --args=", ""},
	[BOOT_SYSTEMD_BOOT] =
		{"systemd-boot", "add ",
		 " to the \"options\" line of each entry in loader/entries on the EFI "
		 "partition"},
	[BOOT_KERNEL_CMDLINE] =
		{"/etc/kernel/cmdline", "add ",
		 " to the one line of /etc/kernel/cmdline and rebuild the boot images"},
	[BOOT_LIMINE] = {"Limine", "add ", " to the cmdline of each entry in limine.conf"},
	[BOOT_REFIND] = {"rEFInd", "add ",
			 " inside the second quotes of each line in /boot/refind_linux.conf"},
	[BOOT_KERNELSTUB] = {"kernelstub", "run: kernelstub -a ", ""},
	[BOOT_OSTREE] = {"ostree", "run rpm-ostree kargs with --append-if-missing= for each of ",
			 ""},
};

static bool sets_params(const struct target *t, const struct platform *p)
{
	return t->boot_loader && t->boot_loader == p->boot_loader;
}

static bool fills_image(const struct target *t, const struct platform *p)
{
	return t->initramfs && t->initramfs == p->initramfs;
}

/* Does a target that is part of this machine's chain do it? */
static bool is_covered(const struct situation *s, struct plan *p,
		       bool (*does)(const struct target *, const struct platform *))
{
	const struct target_context ctx = {.files = p->files, .platform = s->platform};

	for (size_t i = 0; i < targets_len; i++)
		if (does(targets[i], s->platform) && targets[i]->applies(&ctx))
			return true;
	return false;
}

static bool has_param(const struct strv *params, const char *param)
{
	for (size_t i = 0; i < params->len; i++)
		if (kernel_param_equal(params->items[i], param))
			return true;
	return false;
}

/* The wished parameters that neither the running kernel nor the next boot has, quoted as one word. */
static void missing_params(const struct situation *s, const struct wish *w, struct str *ret)
{
	auto_strv struct strv there = STRV_INIT;
	auto_strv struct strv missing = STRV_INIT;
	auto_free char *line = NULL;

	kernel_params_split(&there, s->platform->cmdline ? s->platform->cmdline : "");
	strv_copy(&there, &s->present.kernel_params);
	for (size_t i = 0; i < w->kernel_params.len; i++)
		if (!has_param(&there, w->kernel_params.items[i]))
			strv_add(&missing, w->kernel_params.items[i]);
	line = strv_join(&missing, " ");
	if (missing.len)
		str_addf(ret, "\"%s\"", line);
}

/* rEFInd's own entries have their options in another file, which is not edited. */
static void warn_refind(const struct situation *s, struct plan *p, const char *params)
{
	auto_free char *conf = s->platform->boot_loader == BOOT_REFIND
				       ? refind_with_entries(p->files)
				       : NULL;

	if (conf)
		strv_addf(&p->warnings,
			  "%s describes entries of its own, which don't read "
			  "/boot/refind_linux.conf: if one of them starts this machine, add %s to "
			  "its options yourself; \"vfiotui status\" tells after the reboot.",
			  conf, params);
}

static void warn_boot_loader(const struct situation *s, struct plan *p)
{
	const struct platform *platform = s->platform;
	enum boot_loader loader = platform->boot_loader;
	bool covered = is_covered(s, p, sets_params);
	auto_str struct str params = STR_INIT;
	const char *why = platform->boot_why ? platform->boot_why : "nothing was found";

	missing_params(s, &p->wish, &params);
	if (covered && params.len)
		warn_refind(s, p, params.data);
	if (!covered && params.len && by_hand[loader].name)
		strv_addf(&p->warnings,
			  "No configuration of %s was found that vfiotui can edit%s, so the kernel "
			  "parameters are yours to set: %s%s%s.",
			  by_hand[loader].name,
			  platform->is_root ? "" : " (without root some files can't be read)",
			  by_hand[loader].before, params.data, by_hand[loader].after);
	else if (!covered && params.len && platform->boot_sure)
		strv_addf(
			&p->warnings,
			"Nothing that vfiotui edits holds the kernel parameters (%s), so they are "
			"yours to set: %s%s there.",
			why, by_hand[loader].before, params.data);
	else if (!covered && params.len)
		strv_addf(&p->warnings,
			  "Which boot loader starts this machine could not be told (%s), so the "
			  "kernel "
			  "parameters are yours to set: %s%s%s.",
			  why, by_hand[loader].before, params.data, by_hand[loader].after);
	else if (covered && !platform->boot_sure)
		strv_addf(
			&p->warnings,
			"It is not certain that this machine is started by %s (%s). If it is not, "
			"set %s in the other boot loader yourself; \"vfiotui status\" tells after "
			"the "
			"reboot.",
			by_hand[loader].name ? by_hand[loader].name : "this boot loader", why,
			params.len ? params.data : "the kernel parameters");
}

/* How to start once without passthrough where no entry for it is made, and whether words have to be typed. */
static const struct {
	const char *how;
	bool types;
} by_menu[BOOT_LOADERS] = {
	[BOOT_UNKNOWN] = {"edit the kernel's command line in your boot loader's menu", true},
	[BOOT_GRUB] = {"press e on the entry in GRUB's menu", true},
	[BOOT_GRUB_BLS] = {"press e on the entry in GRUB's menu", true},
	[BOOT_SYSTEMD_BOOT] = {"press e on the entry in the menu (hold Space while the machine "
			       "starts)",
			       true},
	[BOOT_KERNEL_CMDLINE] = {"press e on the entry in the boot menu (hold Space while the "
				 "machine starts; a signed unified image takes no other words)",
				 true},
	[BOOT_LIMINE] = {"press E on the entry in Limine's menu and change its cmdline", true},
	[BOOT_REFIND] = {"press F2 twice on the entry in rEFInd's menu", true},
	[BOOT_KERNELSTUB] = {"press e on the entry in the menu (hold Space while the machine "
			     "starts)",
			     true},
	[BOOT_OSTREE] = {"choose the second entry in the boot menu, the deployment before this "
			 "change",
			 false},
};

static void warn_way_back(const struct platform *platform, struct plan *p)
{
	enum boot_loader loader = platform->boot_loader;
	bool inside = p->wish.driver_inside && p->wish.ids.len;

	if (!p->wish.way_back || way_back_planned(&p->changes))
		return;
	if (!by_menu[loader].types)
		strv_addf(&p->warnings, "To start once without passthrough: %s.",
			  by_menu[loader].how);
	else
		strv_addf(&p->warnings,
			  "No boot entry without passthrough is made here. To start once without "
			  "it: %s, and add " WAY_BACK_PARAMS " to the end%s.",
			  by_menu[loader].how, inside ? ", and take vfio-pci.ids= out" : "");
}

/* booster's images have no udev, and so no rules, and load modules side by side (booster: README; init/module.go). */
static void warn_booster(const struct platform *platform, struct plan *p)
{
	auto_free char *modules = strv_join(&p->wish.host_modules, " or ");

	if (platform->initramfs != INITRAMFS_BOOSTER)
		return;
	if (*modules)
		strv_addf(
			&p->warnings,
			"booster loads the modules of its images side by side: where %s is in the "
			"image, too, it may take the device first. \"vfiotui status\" tells after "
			"the reboot; \"modules: -NAME\" in /etc/booster.yaml leaves one out that "
			"nothing needs to start.",
			modules);
	if (strv_has(&p->wish.early_files, UDEV_BIND_PATH))
		strv_add(
			&p->warnings,
			"booster's images take no udev rules, so a device that is bound by its "
			"address may go to the host's driver first; \"vfiotui status\" tells after "
			"the reboot.");
}

static void warn_initramfs(const struct situation *s, struct plan *p)
{
	const struct platform *platform = s->platform;
	const char *name = initramfs_name(platform->initramfs);
	auto_free char *modules = strv_join(&p->wish.early_modules, " ");
	auto_free char *files = strv_join(&p->wish.early_files, " ");

	if (is_covered(s, p, fills_image) || platform->initramfs == INITRAMFS_NONE ||
	    !p->wish.early_modules.len)
		return;
	if (name)
		strv_addf(&p->warnings, "vfiotui does not edit the configuration of %s yet.", name);
	else
		strv_addf(&p->warnings,
			  "Which program builds the initramfs could not be told (%s).",
			  platform->initramfs_why ? platform->initramfs_why : "nothing was found");
	strv_addf(&p->warnings,
		  "Make it load the modules %s early and include %s, and rebuild the image: "
		  "otherwise the host's driver may take the device first.%s",
		  modules, files,
		  platform->initramfs_foreign && platform->systemd
			  ? " (rd.modules-load= on the kernel's command line does it, too, where "
			    "systemd is in the image and vfio-pci as well.)"
			  : "");
}

/* Says no and means it: no parameter of ours can turn it on again. */
static void warn_iommu(const struct platform *platform, struct plan *p)
{
	const char *line = platform->cmdline ? platform->cmdline : "";
	auto_free char *amd = kernel_params_value(line, "amd_iommu");
	auto_free char *intel = kernel_params_value(line, "intel_iommu");
	auto_free char *any = kernel_params_value(line, "iommu");

	if (amd && !strcmp(amd, "off"))
		strv_add(&p->warnings, "The kernel was started with amd_iommu=off, which turns the "
				       "IOMMU off: take "
				       "it out of the boot loader's configuration.");
	if (intel && !strcmp(intel, "off"))
		strv_add(&p->warnings, "The kernel was started with intel_iommu=off, which turns "
				       "the IOMMU off: take "
				       "it out of the boot loader's configuration.");
	if (any && !strcmp(any, "off"))
		strv_add(
			&p->warnings,
			"The kernel was started with iommu=off, which turns the IOMMU off: take it "
			"out of the boot loader's configuration.");
}

static void warn_package(const struct platform *platform, struct plan *p, const char *what,
			 enum platform_package package)
{
	auto_free char *hint = platform_install_hint(platform, package);

	strv_addf(&p->warnings, "%s was not found, which the virtual machine needs%s%s.", what,
		  hint ? "; to install it: " : "", hint ? hint : "");
}

/* A rule for a user that nobody knows gives the nodes to root without a word. */
static void warn_user(struct plan *p)
{
	auto_free char *entry = NULL;
	const char *passwd;
	size_t len;

	if (!p->wish.user || files_get(p->files, "/etc/passwd", &passwd, &len, NULL))
		return;
	entry = xasprintf("%s:", p->wish.user);
	for (const char *line = passwd; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (text_starts_with(line, entry))
			return;
	}
	strv_addf(
		&p->warnings,
		"/etc/passwd has no user %s: unless another directory has, nobody but root and the "
		"group may open the devices.",
		p->wish.user);
}

void plan_warn(const struct situation *s, struct plan *p)
{
	if (p->wish.kernel_params.len)
		warn_boot_loader(s, p);
	if (!p->wish.len)
		return;
	warn_initramfs(s, p);
	warn_booster(s->platform, p);
	warn_iommu(s->platform, p);
	warn_user(p);
	warn_way_back(s->platform, p);
	if (!s->platform->qemu)
		warn_package(s->platform, p, "QEMU", PACKAGE_QEMU);
	if (!s->platform->ovmf.code)
		warn_package(s->platform, p, "OVMF (the UEFI firmware of virtual machines)",
			     PACKAGE_OVMF);
}
