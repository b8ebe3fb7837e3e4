/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the running kernel was built with, as far as its configuration lies on the disk. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/platform_parts.h"

bool platform_kernel_config(const struct host *host, const char *kernel, struct str *ret)
{
	static const char *const places[] = {"/boot/config-%s", "/lib/modules/%s/config",
					     "/usr/lib/modules/%s/config"};

	for (size_t i = 0; kernel && i < ARRAY_SIZE(places); i++) {
		const char *gap = strstr(places[i], "%s");
		auto_free char *path = xasprintf("%.*s%s%s", (int)(gap - places[i]), places[i],
						 kernel, gap + 2);

		if (host_read(host, path, ret, NULL) >= 0)
			return true;
	}
	return false;
}

bool platform_config_says(const char *config, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = config; (at = strstr(at, line)); at += n)
		if ((at == config || at[-1] == '\n') && (at[n] == '\n' || !at[n]))
			return true;
	return false;
}

/*
 * sysfb_init (drivers/firmware/sysfb.c) makes a device for the firmware's framebuffer. With
 * SYSFB_SIMPLEFB it is a simple-framebuffer, to which video=efifb:off says nothing; keeping that
 * one initcall from running always works, but costs every console on it, so the narrower one is
 * taken where it is known to reach the driver.
 */
void platform_find_framebuffer(const struct host *host, struct platform *p)
{
	auto_str struct str config = STR_INIT;
	bool plain = platform_kernel_config(host, p->kernel, &config) &&
		     !platform_config_says(config.data, "CONFIG_SYSFB_SIMPLEFB=y") &&
		     !platform_config_says(config.data, "CONFIG_DRM_SIMPLEDRM=y");

	if (!plain || p->boot_loader == BOOT_GRUB_BLS) /* grubby keeps one video= only */
		p->framebuffer_off = "initcall_blacklist=sysfb_init";
	else
		p->framebuffer_off = p->firmware == FIRMWARE_UEFI ? "video=efifb:off"
								  : "video=vesafb:off";
}
