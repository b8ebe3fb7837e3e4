/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * No initramfs at all: vfio-pci is loaded in the real root, by a file of /etc/modules-load.d, which
 * systemd, OpenRC and Void's runit read (modules-load.d(5)).
 *
 * Nothing orders that loading and udev's cold plug: it is the softdep in modprobe.d, or the rule
 * that binds by address, that decides who gets the device; both are read in the real root, too.
 * This file loads vfio-pci where no module of the host's is waited for.
 */
#include <string.h>

#include "base/mem.h"
#include "config/target.h"

#define PATH "/etc/modules-load.d/vfiotui.conf"
#define HEADER "# vfiotui: modules for passthrough (\"vfiotui undo\" takes this file away)\n"

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->initramfs == INITRAMFS_NONE;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	int r;

	(void)ctx;
	str_adds(&text, HEADER);
	for (size_t i = 0; i < wish->early_modules.len; i++)
		str_addf(&text, "%s\n", wish->early_modules.items[i]);
	r = changes_own(ret, PATH, wish->early_modules.len, &text,
			"vfio-pci is loaded when the system starts", reterr);
	ret->reboot |= changes_touch(ret, PATH) || changes_touch(ret, "/etc/modprobe.d/");
	return r;
}

static bool names_module(const char *text, const char *module)
{
	auto_strv struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	return strv_has(&lines, module);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	const char *text = "";
	size_t len;
	int r;

	if (!wish->early_modules.len)
		return 0;
	r = files_get(ctx->files, PATH, &text, &len, reterr);
	for (size_t i = 0; i < wish->early_modules.len; i++) {
		const char *module = wish->early_modules.items[i];
		bool named = r >= 0 && names_module(text, module);

		checks_add(ret, named ? CHECK_OK : CHECK_FAILED,
			   xasprintf("modules-load.d names %s", module),
			   named ? NULL : xstrdup("it doesn't"),
			   named ? NULL : xstrdup("apply the plan again"));
	}
	err_clear(reterr);
	return 0;
}

const struct target target_modules_load = {
	.name = "modules_load",
	.initramfs = INITRAMFS_NONE,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
