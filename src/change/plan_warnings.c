/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_warnings.h"

#include <pwd.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "config/target.h"
#include "config/way_back.h"

/* Of a boot loader that was not found out. */
static const struct by_hand unknown_loader = {
	.before = "add ",
	.after = " to the kernel's command line in your boot loader",
	.menu = "edit the kernel's command line in your boot loader's menu",
	.menu_types = true,
};

static const struct by_hand *by_hand_of(enum boot_loader loader)
{
	for (size_t i = 0; i < targets_len; i++)
		if (loader && targets[i]->boot_loader == loader && targets[i]->by_hand.loader)
			return &targets[i]->by_hand;
	return &unknown_loader;
}

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

static void warn_boot_loader(const struct situation *s, const char *params, struct plan *p)
{
	const struct platform *platform = s->platform;
	const struct by_hand *hand = by_hand_of(platform->boot_loader);
	bool covered = is_covered(s, p, sets_params);
	const char *why = platform->boot_why ? platform->boot_why : "nothing was found";

	if (!covered && *params && hand->loader)
		strv_addf(&p->warnings,
			  "No configuration of %s was found that vfiotui can edit%s, so the kernel "
			  "parameters are yours to set: %s%s%s.",
			  hand->loader,
			  platform->is_root ? "" : " (without root some files can't be read)",
			  hand->before, params, hand->after);
	else if (!covered && *params && platform->boot_sure)
		strv_addf(
			&p->warnings,
			"Nothing that vfiotui edits holds the kernel parameters (%s), so they are "
			"yours to set: %s%s there.",
			why, hand->before, params);
	else if (!covered && *params)
		strv_addf(&p->warnings,
			  "Which boot loader starts this machine could not be told (%s), so the "
			  "kernel "
			  "parameters are yours to set: %s%s%s.",
			  why, hand->before, params, hand->after);
	else if (covered && !platform->boot_sure)
		strv_addf(
			&p->warnings,
			"It is not certain that this machine is started by %s (%s). If it is not, "
			"set %s in the other boot loader yourself; \"vfiotui status\" tells after "
			"the "
			"reboot.",
			hand->loader ? hand->loader : "this boot loader", why,
			*params ? params : "the kernel parameters");
}

static void warn_way_back(const struct platform *platform, struct plan *p)
{
	const struct by_hand *hand = by_hand_of(platform->boot_loader);
	bool inside = p->wish.driver_inside && p->wish.ids.len;

	if (!p->wish.way_back || way_back_planned(&p->changes))
		return;
	if (!hand->menu_types)
		strv_addf(&p->warnings, "To start once without passthrough: %s.", hand->menu);
	else
		strv_addf(&p->warnings,
			  "No boot entry without passthrough is made here. To start once without "
			  "it: %s, and add " WAY_BACK_PARAMS " to the end%s.",
			  hand->menu, inside ? ", and take vfio-pci.ids= out" : "");
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

static bool has_entry(const char *passwd, const char *user)
{
	auto_free char *entry = xasprintf("%s:", user);

	for (const char *line = passwd; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (text_starts_with(line, entry))
			return true;
	}
	return false;
}

bool plan_user_is_unknown(const struct host *host, const char *user)
{
	auto_str struct str passwd = STR_INIT;

	if (host_read(host, "/etc/passwd", &passwd, NULL) < 0 || !passwd.len ||
	    has_entry(passwd.data, user))
		return false;
	/* The running system may have users from elsewhere (LDAP, systemd-homed). */
	/* cppcheck-suppress getpwnamCalled; the program has one thread */
	return !host_is_live(host) || !getpwnam(user);
}

/* A rule for a user that nobody knows gives the nodes to root without a word. */
static void warn_user(struct plan *p)
{
	const char *passwd;
	size_t len;

	if (!p->wish.user || files_get(p->files, "/etc/passwd", &passwd, &len, NULL) ||
	    has_entry(passwd, p->wish.user))
		return;
	strv_addf(
		&p->warnings,
		"/etc/passwd has no user %s: unless another directory has, nobody but root and the "
		"group may open the devices.",
		p->wish.user);
}

static void warn_targets(const struct situation *s, const char *params, struct plan *p)
{
	const struct target_context ctx = {.files = p->files, .platform = s->platform};

	for (size_t i = 0; i < targets_len; i++)
		if (targets[i]->warnings && targets[i]->applies(&ctx))
			targets[i]->warnings(&ctx, &p->wish, params, &p->warnings);
}

void plan_warn(const struct situation *s, struct plan *p)
{
	auto_str struct str params = STR_INIT;

	missing_params(s, &p->wish, &params);
	warn_targets(s, params.data, p);
	if (p->wish.kernel_params.len)
		warn_boot_loader(s, params.data, p);
	if (!p->wish.len)
		return;
	warn_initramfs(s, p);
	warn_iommu(s->platform, p);
	warn_user(p);
	warn_way_back(s->platform, p);
	if (!s->platform->qemu)
		warn_package(s->platform, p, "QEMU", PACKAGE_QEMU);
	if (!s->platform->ovmf.code)
		warn_package(s->platform, p, "OVMF (the UEFI firmware of virtual machines)",
			     PACKAGE_OVMF);
}
