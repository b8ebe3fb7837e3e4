/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/hand_over.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "host/process.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PCI_PROBE "/sys/bus/pci/drivers_probe"
#define VFIO_DRIVER "/sys/bus/pci/drivers/vfio-pci"
#define MODPROBE_TIMEOUT_MS 30000

static char *attribute(const struct device *d, const char *name)
{
	return xasprintf(PCI_DEVICES "/%s/%s", d->bdf, name);
}

char *hand_over_driver(const struct host *host, const struct device *d)
{
	auto_free char *path = attribute(d, "driver");
	auto_str struct str target = STR_INIT;
	const char *slash;

	if (host_link(host, path, &target, NULL) < 0)
		return NULL;
	slash = strrchr(target.data, '/');
	return xstrdup(slash ? slash + 1 : target.data);
}

static int load_module(const struct host *host, const char *name, struct err *reterr)
{
	const char *const argv[] = {"modprobe", "--", name, NULL};
	struct process_result result = PROCESS_RESULT_INIT;
	int r;

	if (!host_is_live(host))
		return 0;
	r = process_run(argv, MODPROBE_TIMEOUT_MS, &result, reterr);
	if (!r && result.status) {
		str_rtrim(&result.errors);
		r = err_set(reterr, -EIO, "modprobe %s failed (status %d): %s", name, result.status,
			    result.errors.data);
	}
	process_result_release(&result);
	return r;
}

/* Override, unbind, probe. `driver` may be "\n": no override. */
static int move(const struct host *host, const struct device *d, const char *driver,
		struct err *reterr)
{
	auto_free char *override = attribute(d, "driver_override");
	auto_free char *unbind = attribute(d, "driver/unbind");
	auto_free char *held = hand_over_driver(host, d);
	int r = host_write_attribute(host, override, driver, reterr);

	if (r < 0)
		return r;
	if (held)
		r = host_write_attribute(host, unbind, d->bdf, reterr);
	return r < 0 ? r : host_write_attribute(host, PCI_PROBE, d->bdf, reterr);
}

/* The override that stands there now, in the form that writes it again; the caller frees. */
static char *current_override(const struct host *host, const struct device *d)
{
	auto_free char *path = attribute(d, "driver_override");
	auto_str struct str text = STR_INIT;

	/* Without one it reads "(null)" (drivers/pci/pci-sysfs.c). */
	if (host_read(host, path, &text, NULL) < 0)
		return xstrdup("\n");
	str_rtrim(&text);
	return xstrdup(text.len && strcmp(text.data, "(null)") != 0 ? text.data : "\n");
}

/*
 * After a failure: the override from before stands again, and a device that has lost its driver is probed again. One
 * that still has a driver is left on it. Adds to the sentence where the device is.
 */
static int roll_back(const struct host *host, const struct device *d, const char *former, int code,
		     struct err *reterr)
{
	auto_free char *override = attribute(d, "driver_override");
	auto_free char *held = hand_over_driver(host, d);
	auto_free char *now = NULL;
	int r = host_write_attribute(host, override, former, NULL);

	if (!r && !held)
		r = host_write_attribute(host, PCI_PROBE, d->bdf, NULL);
	now = hand_over_driver(host, d);
	return err_wrap(reterr, code, "%s stays on %s%s", d->bdf, now ? now : "no driver",
			r < 0 ? ", and its driver_override could not be put back" : "");
}

static int check_override(const struct host *host, const struct device *d, struct err *reterr)
{
	auto_free char *path = attribute(d, "driver_override");

	if (host_exists(host, path))
		return 0;
	return err_set(reterr, -EOPNOTSUPP,
		       "%s has no driver_override (%s): this kernel can't hand it over at run time",
		       d->bdf, path);
}

int hand_over(const struct host *host, const struct device *d, struct err *reterr)
{
	auto_free char *former = NULL;
	auto_free char *now = NULL;
	int r = check_override(host, d, reterr);

	if (!r && !host_exists(host, VFIO_DRIVER))
		r = load_module(host, "vfio-pci", reterr);
	if (r < 0)
		return r;
	former = current_override(host, d);
	r = move(host, d, "vfio-pci", reterr);
	if (r < 0)
		return roll_back(host, d, former, r, reterr);
	now = hand_over_driver(host, d);
	if (driver_is_vfio(now))
		return 0;
	r = err_set(reterr, -EIO, "vfio-pci did not take it (dmesg says why)");
	return roll_back(host, d, former, r, reterr);
}

/* The PCI driver that a module brings, "xhci_hcd" for xhci_pci; NULL when it can't be told; the caller frees. */
static char *driver_of_module(const struct host *host, const char *module)
{
	auto_free char *path = xasprintf("/sys/module/%s/drivers", module);
	auto_strv struct strv names = STRV_INIT;

	if (host_list(host, path, &names, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < names.len; i++)
		if (text_starts_with(names.items[i], "pci:"))
			return xstrdup(names.items[i] + strlen("pci:"));
	return NULL;
}

/* The first of the device's own modules that loads and has a driver; NULL: leave it to the bus. */
static char *own_driver(const struct host *host, const struct device *d)
{
	for (size_t i = 0; i < d->modules.len; i++) {
		const char *module = d->modules.items[i];
		char *driver;

		if (driver_is_vfio(module) || !strcmp(module, "vfio_pci") ||
		    load_module(host, module, NULL) < 0)
			continue;
		driver = driver_of_module(host, module);
		if (driver)
			return driver;
	}
	return NULL;
}

/* On which driver it is in the end; `own` was asked for. */
static int check_given_back(const struct host *host, const struct device *d, const char *own,
			    struct err *reterr)
{
	auto_free char *now = hand_over_driver(host, d);

	if (driver_is_vfio(now))
		return err_set(reterr, -EIO,
			       "%s is on %s again: its ids are configured for it; vfiotui apply "
			       "without this device gives it back at the next boot",
			       d->bdf, now);
	if (own && !now)
		return err_set(
			reterr, -EIO,
			"%s left vfio-pci, but %s did not take it (dmesg says why); it is on "
			"no driver",
			d->bdf, own);
	return 0;
}

/*
 * Where vfio-pci knows the ids it would take the device at once again, so it is sent to its own
 * driver by name; the override goes afterwards.
 */
int hand_back(const struct host *host, const struct device *d, struct err *reterr)
{
	auto_free char *own = own_driver(host, d);
	auto_free char *override = attribute(d, "driver_override");
	auto_free char *former = current_override(host, d);
	int r = move(host, d, own ? own : "\n", reterr);

	if (r < 0)
		return roll_back(host, d, former, r, reterr);
	if (own)
		r = host_write_attribute(host, override, "\n", reterr);
	return r < 0 ? r : check_given_back(host, d, own, reterr);
}
