/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/bound.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/topology.h"

/* When the running kernel started, in seconds since the epoch (proc(5), stat: btime); 0: unknown. */
static long long boot_time(const struct host *host)
{
	auto_str struct str stat = STR_INIT;
	const char *at;

	if (host_read(host, "/proc/stat", &stat, NULL) < 0)
		return 0;
	at = strstr(stat.data, "\nbtime ");
	return at ? strtoll(at + strlen("\nbtime "), NULL, 10) : 0;
}

static bool younger_than_boot(const struct host *host, const char *path)
{
	struct stat st;

	return host_stat(host, path, &st, NULL) >= 0 && (long long)st.st_mtime >= boot_time(host);
}

/* "10de:2484" of what is there now; NULL where that is the device, or can't be read; the caller frees. */
static char *other_device(const struct host *host, const struct wish_device *d)
{
	auto_free char *vendor = xasprintf("/sys/bus/pci/devices/%s/vendor", d->bdf);
	auto_free char *id = xasprintf("/sys/bus/pci/devices/%s/device", d->bdf);
	auto_str struct str vendor_text = STR_INIT;
	auto_str struct str id_text = STR_INIT;
	unsigned long is_vendor, is_id;

	if (host_read_line(host, vendor, &vendor_text, NULL) < 0 ||
	    host_read_line(host, id, &id_text, NULL) < 0)
		return NULL;
	is_vendor = strtoul(vendor_text.data, NULL, 16);
	is_id = strtoul(id_text.data, NULL, 16);
	return is_vendor == d->vendor && is_id == d->id
		       ? NULL
		       : xasprintf("%04lx:%04lx", is_vendor, is_id);
}

void check_bound(const struct target_context *ctx, const struct wish_device *d, const char *wished,
		 const char *path, struct checks *ret)
{
	auto_free char *link = xasprintf("/sys/bus/pci/devices/%s/driver", d->bdf);
	auto_free char *device = xasprintf("/sys/bus/pci/devices/%s", d->bdf);
	char *what = xasprintf("%s bound to %s", d->bdf, wished);
	auto_str struct str target = STR_INIT;
	auto_free char *other = NULL;
	const char *driver = NULL;
	enum check_state state = CHECK_OK;

	if (!host_exists(ctx->host, device)) {
		checks_add(ret, CHECK_FAILED, what, xstrdup("no such device"),
			   xstrdup("plug it in, or plan without it"));
		return;
	}
	other = other_device(ctx->host, d);
	if (other) {
		checks_add(ret, CHECK_FAILED, what, xasprintf("another device is there: %s", other),
			   xstrdup("\"vfiotui check\" says what moved; apply again"));
		return;
	}
	if (host_link(ctx->host, link, &target, NULL) >= 0) {
		driver = strrchr(target.data, '/');
		driver = driver ? driver + 1 : target.data;
	}
	if (!driver || (!driver_is_vfio(driver) && strcmp(driver, wished) != 0))
		state = younger_than_boot(ctx->host, path) ? CHECK_AFTER_REBOOT : CHECK_FAILED;
	checks_add(ret, state, what,
		   state == CHECK_OK ? NULL : xstrdup(driver ? driver : "no driver"),
		   state == CHECK_OK ? NULL : xstrdup("reboot"));
}
