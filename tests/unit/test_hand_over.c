/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device changes drivers on a pretended bus: whatever fails, an override of its owner's is there afterwards. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "base/str.h"
#include "change/hand_over.h"
#include "host/host_ops.h"

#define BDF "0000:01:00.0"
#define DEVICE "/sys/bus/pci/devices/" BDF

enum refusal { REFUSE_NOTHING, REFUSE_OVERRIDE, REFUSE_UNBIND, REFUSE_PROBE };

/* The bus: what the kernel does with a write to one of three attributes. */
struct bus {
	struct host_ops ops;
	char *root;
	const char *takes;     /* the driver that binds what has no override; NULL: none */
	const char *unwilling; /* the driver whose probe fails */
	enum refusal refuses;
};

static void set_driver(const struct bus *bus, const char *driver)
{
	auto_free char *link = tmproot_path(bus->root, DEVICE "/driver");
	auto_free char *text = driver ? xasprintf("../../drivers/%s", driver) : NULL;

	unlink(link);
	if (text)
		tmproot_link(bus->root, DEVICE "/driver", text);
}

static void probe(const struct bus *bus)
{
	auto_free char *link = tmproot_path(bus->root, DEVICE "/driver");
	auto_str struct str override = STR_INIT;
	const char *driver;

	if (!access(link, F_OK) || !tmproot_get(bus->root, DEVICE "/driver_override", &override))
		return;
	str_rtrim(&override);
	driver = override.len && strcmp(override.data, "(null)") != 0 ? override.data : bus->takes;
	if (driver && (!bus->unwilling || strcmp(driver, bus->unwilling) != 0))
		set_driver(bus, driver);
}

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), k = strlen(end);

	return n >= k && !strcmp(text + n - k, end);
}

static bool is_refused(const struct bus *bus, const char *path)
{
	static const char *const names[] = {"", "/driver_override", "/unbind", "/drivers_probe"};

	return bus->refuses != REFUSE_NOTHING && ends_with(path, names[bus->refuses]);
}

static ssize_t bus_write(void *data, int fd, const void *bytes, size_t n)
{
	const struct bus *bus = data;
	auto_free char *name = xasprintf("/proc/self/fd/%d", fd);
	char path[PATH_MAX];
	const ssize_t len = readlink(name, path, sizeof(path) - 1);

	assert_true(len > 0);
	path[len] = '\0';
	if (is_refused(bus, path)) {
		errno = EPERM;
		return -1;
	}
	if (ends_with(path, "/unbind"))
		set_driver(bus, NULL);
	else if (ends_with(path, "/drivers_probe"))
		probe(bus);
	return write(fd, bytes, n);
}

static const struct row {
	const char *what;
	bool back; /* hand_back() instead of hand_over() */
	const char *driver, *override;
	enum refusal refuses;
	const char *unwilling;
	int r;
	const char *driver_after, *override_after;
	const char *says;
} rows[] = {
	{"to vfio-pci", false, "nouveau", NULL, 0, NULL, 0, "vfio-pci", "vfio-pci", ""},
	{"to vfio-pci, over an override", false, "mydrv", "mydrv", 0, NULL, 0, "vfio-pci",
	 "vfio-pci", ""},
	{"vfio-pci does not take it", false, "nouveau", NULL, 0, "vfio-pci", -EIO, "nouveau", "",
	 "stays on nouveau"},
	{"vfio-pci does not take it, the owner's override comes back", false, "mydrv", "mydrv", 0,
	 "vfio-pci", -EIO, "mydrv", "mydrv", "stays on mydrv"},
	{"it had no driver but an override", false, NULL, "none", 0, "vfio-pci", -EIO, "none",
	 "none", ""},
	{"the override can't be written", false, "nouveau", "mydrv", REFUSE_OVERRIDE, NULL, -EPERM,
	 "nouveau", NULL, "stays on nouveau, and its driver_override could not be put back"},
	{"the driver does not let go", false, "mydrv", "mydrv", REFUSE_UNBIND, NULL, -EPERM,
	 "mydrv", "mydrv", "stays on mydrv"},
	{"there is no probing", false, "nouveau", "mydrv", REFUSE_PROBE, NULL, -EPERM, NULL,
	 "mydrv", "stays on no driver"},
	{"to the host", true, "vfio-pci", "vfio-pci", 0, NULL, 0, "nouveau", "", ""},
	{"vfio-pci does not let go", true, "vfio-pci", "vfio-pci", REFUSE_UNBIND, NULL, -EPERM,
	 "vfio-pci", "vfio-pci", "stays on vfio-pci"},
	{"its own driver does not take it", true, "vfio-pci", "vfio-pci", 0, "nouveau", -EIO, NULL,
	 "", "nouveau did not take it"},
};

static struct bus *bus_new(const struct row *row)
{
	struct bus *bus = xcalloc(1, sizeof(*bus));

	bus->ops = host_real_ops;
	bus->ops.data = bus;
	bus->ops.write = bus_write;
	bus->root = tmproot_new();
	bus->takes = "nouveau";
	bus->unwilling = row->unwilling;
	bus->refuses = row->refuses;
	tmproot_put(bus->root, "/sys/bus/pci/drivers_probe", "");
	tmproot_put(bus->root, DEVICE "/driver_override",
		    row->override ? row->override : "(null)\n");
	for (size_t i = 0; i < 4; i++) {
		static const char *const drivers[] = {"nouveau", "vfio-pci", "mydrv", "none"};
		auto_free char *unbind = xasprintf("/sys/bus/pci/drivers/%s/unbind", drivers[i]);

		tmproot_put(bus->root, unbind, "");
	}
	tmproot_mkdir(bus->root, "/sys/module/nouveau/drivers/pci:nouveau");
	set_driver(bus, row->driver);
	return bus;
}

static void assert_after(const struct bus *bus, const struct host *host, const struct device *d,
			 const struct row *row)
{
	auto_free char *now = hand_over_driver(host, d);
	auto_str struct str override = STR_INIT;

	if (!now != !row->driver_after || (now && strcmp(now, row->driver_after) != 0))
		fail_msg("%s: it is on %s", row->what, now ? now : "no driver");
	assert_true(tmproot_get(bus->root, DEVICE "/driver_override", &override));
	str_rtrim(&override);
	if (row->override_after && strcmp(override.data, row->override_after) != 0)
		fail_msg("%s: the override is \"%s\"", row->what, override.data);
}

static void run_row(const struct row *row)
{
	struct bus *bus = bus_new(row);
	struct device d = {.bdf = BDF, .modules = STRV_INIT};
	struct err err = ERR_INIT;
	struct host *host;
	int r;

	strv_add(&d.modules, "nouveau");
	assert_int_equal(host_open(bus->root, &host, &err), 0);
	host_set_ops(host, &bus->ops);
	r = row->back ? hand_back(host, &d, &err) : hand_over(host, &d, &err);
	if (r != row->r)
		fail_msg("%s: %d instead of %d: %s", row->what, r, row->r, err.text);
	if (r < 0 && !strstr(err.text, row->says))
		fail_msg("%s: \"%s\" does not say \"%s\"", row->what, err.text, row->says);
	assert_after(bus, host, &d, row);
	host_free(host);
	strv_release(&d.modules);
	tmproot_remove(bus->root);
	free(bus);
}

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		run_row(&rows[i]);
}

/* A kernel without driver_override (before 3.16) changes nothing. */
static void no_override(void **state)
{
	struct bus *bus = bus_new(&rows[0]);
	auto_free char *path = tmproot_path(bus->root, DEVICE "/driver_override");
	struct device d = {.bdf = BDF};
	auto_free char *now = NULL;
	struct err err = ERR_INIT;
	struct host *host;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(host_open(bus->root, &host, &err), 0);
	host_set_ops(host, &bus->ops);
	assert_int_equal(hand_over(host, &d, &err), -EOPNOTSUPP);
	now = hand_over_driver(host, &d);
	assert_string_equal(now, "nouveau");
	host_free(host);
	tmproot_remove(bus->root);
	free(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(no_override),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
