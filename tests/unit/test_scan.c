/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/faults.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "machine/scan.h"

#define IDS "tests/data/pci.ids" /* tests run at the top of the repository */
#define BUS "/sys/bus/pci/devices/"

/* One device of the tree: its directory below /sys/devices and what is in it. */
static void put(const char *root, const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("/sys/devices/%s/%s", dir, name);

	tmproot_put(root, path, text);
}

static void put_link(const char *root, const char *dir, const char *name, const char *to)
{
	auto_free char *path = xasprintf("/sys/devices/%s/%s", dir, name);

	tmproot_link(root, path, to);
}

static void put_entry(const char *root, const char *dir)
{
	auto_free char *entry = xasprintf(BUS "%s", strrchr(dir, '/') + 1);
	auto_free char *to = xasprintf("../../../devices/%s", dir);

	tmproot_link(root, entry, to);
}

static void put_config(const char *root, const char *dir, const char *bytes, size_t len)
{
	auto_free char *path = xasprintf("/sys/devices/%s/config", dir);

	tmproot_put_bytes(root, path, bytes, len);
}

#define CARD "pci0000:00/0000:00:01.0/0000:0b:00.0"

static void put_card(const char *root)
{
	static const char card[] = CARD;

	put(root, card, "uevent",
	    "DRIVER=stale\nPCI_CLASS=30000\nPCI_ID=10DE:2484\nPCI_SUBSYS_ID=1462:3905\n"
	    "MODALIAS=pci:v000010DEd00002484sv00001462sd00003905bc03sc00i00\n");
	put(root, card, "revision", "0xa1\n");
	put(root, card, "boot_vga", "1\n");
	put(root, card, "numa_node", "1\n");
	put(root, card, "reset_method", "flr bus\n");
	put(root, card, "driver_override", "vfio-pci\n");
	put(root, card, "max_link_speed", "16.0 GT/s PCIe\n");
	put(root, card, "max_link_width", "16\n");
	put(root, card, "current_link_speed", "2.5 GT/s PCIe\n");
	put(root, card, "current_link_width", "8\n");
	put(root, card, "sriov_totalvfs", "7\n");
	put(root, card, "sriov_numvfs", "2\n");
	put_link(root, card, "driver", "../../../../bus/pci/drivers/nouveau");
	put_link(root, card, "iommu_group", "../../../../kernel/iommu_groups/15");
}

/* A root port with a card behind it, a disk of a VMD domain, and a host bridge without group. */
static char *machine_root(void)
{
	static const char port[] = "pci0000:00/0000:00:01.0";
	static const char card[] = CARD;
	static const char disk[] =
		"pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0";
	static const char host_bridge[] = "pci0000:00/0000:00:00.0";
	char bridge_config[64] = {[0x0e] = 1, [0x19] = 0x0b, [0x1a] = 0x0b};
	char *root = tmproot_new();

	put_entry(root, port);
	put(root, port, "uevent",
	    "DRIVER=pcieport\nPCI_CLASS=60400\nPCI_ID=1022:1483\nPCI_SUBSYS_ID=0000:0000\n"
	    "PCI_SLOT_NAME=0000:00:01.0\nMODALIAS=pci:"
	    "v00001022d00001483sv00000000sd00000000bc06sc04i00\n");
	put_config(root, port, bridge_config, sizeof(bridge_config));
	put_link(root, port, "driver", "../../../bus/pci/drivers/pcieport");
	put_link(root, port, "iommu_group", "../../../kernel/iommu_groups/1");

	put_entry(root, card);
	put_card(root);

	put_entry(root, disk);
	put(root, disk, "vendor", "0x144d\n"); /* no uevent: attributes only */
	put(root, disk, "device", "0xa808\n");
	put(root, disk, "class", "0x010802\n");
	put(root, disk, "revision", "0x00\n");
	put(root, disk, "subsystem_vendor", "0x144d\n");
	put(root, disk, "subsystem_device", "0xa801\n");
	put(root, disk, "driver_override", "(null)\n");
	put_link(root, disk, "physfn", "../10000:e1:00.1");
	put_link(root, disk, "iommu_group", "../../kernel/iommu_groups/7");

	put_entry(root, host_bridge);
	put(root, host_bridge, "uevent", "PCI_CLASS=60000\nPCI_ID=1022:1480\n");
	put(root, host_bridge, "subsystem_vendor", "0x1022\n");
	put(root, host_bridge, "subsystem_device", "0x1480\n");
	return root;
}

static struct topology *scan_with(const char *root, const struct host_ops *ops)
{
	auto_host struct host *host = NULL;
	struct topology *t = NULL;
	struct err err = ERR_INIT;
	struct scanner *s;

	assert_int_equal(host_open(root, &host, &err), 0);
	s = scanner_new(host, IDS);
	host_set_ops(host, ops);
	if (scanner_scan(s, &t, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(err.text, "");
	scanner_free(s);
	return t;
}

static struct topology *scan(const char *root)
{
	return scan_with(root, NULL);
}

static const struct device *find(const struct topology *t, const char *bdf)
{
	struct pci_addr a;
	const struct device *d;

	assert_true(pci_addr_parse(bdf, &a));
	d = topology_find(t, &a);
	if (!d)
		fail_msg("no %s", bdf);
	return d;
}

static void facts(void **state)
{
	char *root = machine_root();
	struct topology *t = scan(root);
	const struct device *d = find(t, "0b:00.0");
	auto_strv struct strv resets = STRV_INIT;

	(void)state;
	assert_int_equal(t->len, 4);
	assert_int_equal(t->skipped, 0);
	assert_int_equal(d->class_code, 0x030000);
	assert_int_equal(d->vendor, 0x10de);
	assert_int_equal(d->id, 0x2484);
	assert_int_equal(d->subvendor, 0x1462);
	assert_int_equal(d->subdevice, 0x3905);
	assert_int_equal(d->revision, 0xa1);
	assert_int_equal(d->group, 15);
	assert_string_equal(d->driver, "nouveau"); /* not what uevent remembers */
	assert_string_equal(d->driver_override, "vfio-pci");
	assert_string_equal(d->modalias, "pci:v000010DEd00002484sv00001462sd00003905bc03sc00i00");
	assert_string_equal(d->vendor_name, "NVIDIA Corporation");
	assert_string_equal(d->device_name, "GA104 [GeForce RTX 3070]");
	assert_string_equal(d->class_name, "VGA compatible controller");
	assert_int_equal(d->boot_vga, 1);
	assert_int_equal(d->numa_node, 1);
	assert_true(d->reset_known);
	assert_int_equal(d->reset, RESET_FLR | RESET_BUS);
	assert_false(d->is_bridge);
	assert_int_equal(d->caps.link_speed_max, 4);
	assert_int_equal(d->caps.link_width_max, 16);
	assert_int_equal(d->caps.link_speed, 1);
	assert_int_equal(d->caps.link_width, 8);
	assert_int_equal(d->sriov, SRIOV_PHYSICAL);
	assert_int_equal(d->caps.sriov_total, 7);
	assert_int_equal(d->caps.sriov_enabled, 2);
	assert_ptr_equal(&t->devices[d->parent], find(t, "00:01.0"));
	topology_free(t);
	tmproot_remove(root);
}

static void other_domain_and_attributes_only(void **state)
{
	char *root = machine_root();
	struct topology *t = scan(root);
	const struct device *disk = find(t, "10000:e1:00.0"), *bridge = find(t, "00:00.0");

	(void)state;
	assert_int_equal(disk->class_code, 0x010802);
	assert_int_equal(disk->vendor, 0x144d);
	assert_int_equal(disk->subdevice, 0xa801);
	assert_int_equal(disk->group, 7);
	assert_null(disk->driver);
	assert_null(disk->driver_override); /* "(null)" is the kernel's word for none */
	assert_string_equal(disk->modalias,
			    "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02");
	assert_int_equal(disk->sriov, SRIOV_VIRTUAL);
	assert_int_equal(disk->physical_function, NO_PARENT); /* it is not in the list */
	assert_int_equal(disk->parent, NO_PARENT);            /* nor is the port above */
	assert_null(disk->device_name);
	assert_int_equal(disk->boot_vga, -1);
	assert_int_equal(bridge->group, NO_GROUP);
	assert_int_equal(bridge->parent, NO_PARENT);
	assert_int_equal(bridge->subvendor, 0x1022);
	assert_false(bridge->is_bridge); /* a host bridge has a normal header */
	assert_true(find(t, "00:01.0")->is_bridge);
	assert_int_equal(find(t, "00:01.0")->caps.secondary, 0x0b);
	assert_int_equal(t->groups_len, 3);
	topology_free(t);
	tmproot_remove(root);
}

static void no_pci_at_all(void **state)
{
	char *root = tmproot_new();
	struct topology *t = scan(root);

	(void)state;
	assert_int_equal(t->len, 0);
	topology_free(t);
	tmproot_mkdir(root, BUS);
	t = scan(root);
	assert_int_equal(t->len, 0);
	topology_free(t);
	tmproot_remove(root);
}

/* What can't be read is unknown; a device that is there stays in the list, and in its group. */
static void hostile_attributes(void **state)
{
	static const char dir[] = "pci0000:00/0000:00:02.0";
	static const char nuls[] = "PCI_CLASS=\0\nPCI_ID=10DE:24\0084\nPCI_ID\nMODALIAS=usb:v1\n";
	auto_free char *huge = xmalloc(100001);
	char *root = tmproot_new();
	struct topology *t;
	const struct device *d;

	(void)state;
	memset(huge, '9', 100000);
	huge[100000] = '\0';
	put_entry(root, dir);
	tmproot_put_bytes(root, "/sys/devices/pci0000:00/0000:00:02.0/uevent", nuls,
			  sizeof(nuls) - 1);
	put(root, dir, "class", "0x03000000000\n");
	put(root, dir, "vendor", "-1");
	put(root, dir, "device", "");
	put(root, dir, "revision", huge);
	put(root, dir, "boot_vga", "yes\n");
	put(root, dir, "numa_node", huge);
	put(root, dir, "reset_method", huge);
	put(root, dir, "driver_override", "\033[31mred\n");
	put(root, dir, "driver", "a file, not a link");
	put(root, dir, "sriov_totalvfs", "99999999\n");
	put(root, dir, "max_link_width", "-1\n");
	put(root, dir, "max_link_speed", "Unknown\n");
	put_link(root, dir, "iommu_group", "../../../kernel/iommu_groups/4");
	put_config(root, dir, "\xff\xff", 2);
	t = scan(root);
	d = find(t, "00:02.0");
	assert_int_equal(d->class_code, 0);
	assert_int_equal(d->vendor, 0);
	assert_int_equal(d->group, 4);
	assert_int_equal(d->revision, 0);
	assert_int_equal(d->numa_node, -1);
	assert_int_equal(d->reset, 0);
	assert_null(d->driver);
	assert_string_equal(d->driver_override, "\033[31mred"); /* the faces replace it */
	assert_false(d->caps.header_known);
	assert_int_equal(d->sriov, SRIOV_NONE);
	assert_int_equal(d->caps.link_width_max, 0);
	assert_string_equal(d->class_name, "Unknown class");
	topology_free(t);
	tmproot_remove(root);
}

/* Group and driver links with odd texts. */
static void odd_links(void **state)
{
	static const struct {
		const char *group;
		int expect;
	} cases[] = {
		{"../../../kernel/iommu_groups/0", 0},
		{"12", 12},
		{"../../../kernel/iommu_groups/2147483647", 2147483647},
		{"../../../kernel/iommu_groups/2147483648", NO_GROUP},
		{"../../../kernel/iommu_groups/-1", NO_GROUP},
		{"../../../kernel/iommu_groups/-7", NO_GROUP},
		{"../../../kernel/iommu_groups/", NO_GROUP},
		{"../../../kernel/iommu_groups/1x", NO_GROUP},
		{"../../../kernel/iommu_groups/ 1", NO_GROUP},
		{"..", NO_GROUP},
	};
	static const char dir[] = "pci0000:00/0000:00:02.0";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *root = tmproot_new();
		struct topology *t;

		put_entry(root, dir);
		put(root, dir, "uevent", "PCI_CLASS=30000\nPCI_ID=10DE:2484\n");
		put_link(root, dir, "iommu_group", cases[i].group);
		put_link(root, dir, "driver", "../drivers/");
		t = scan(root);
		assert_int_equal(find(t, "00:02.0")->group, cases[i].expect);
		assert_null(find(t, "00:02.0")->driver);
		topology_free(t);
		tmproot_remove(root);
	}
}

/* Names that are no addresses are no devices; a link that leads nowhere, or out, is one that vanished. */
static void odd_entries(void **state)
{
	static const char away[] = "../../../../../../../../../../../../etc";
	char *root = machine_root();
	struct topology *t;

	(void)state;
	tmproot_put(root, BUS "README", "");
	tmproot_link(root, BUS "0000:00:1f.0", "../../../devices/gone/0000:00:1f.0");
	tmproot_link(root, BUS "0000:00:1f.1", away);
	tmproot_link(root, BUS "0000:00:1f.2", "/etc");
	tmproot_link(root, BUS "0000:00:1f.3", "0000:00:1f.3");
	tmproot_mkdir(root, BUS "0000:00:1f.4"); /* empty: nothing is left of it */
	tmproot_put(root, BUS "0000:00:1f.5", "a file");
	tmproot_put(root, BUS "0000:00:1f.6/vendor", "0x8086\n"); /* a directory will do */
	tmproot_put(root, BUS "0000:00:1f.6/device", "0x15b8\n");
	t = scan(root);
	assert_int_equal(t->len, 4 + 1);
	assert_int_equal(t->skipped, 6);
	assert_int_equal(find(t, "00:1f.6")->id, 0x15b8);
	topology_free(t);
	tmproot_remove(root);
}

/* Linux before 5.15: a file `reset` says that some reset works, its absence that none does. */
static void resets_of_old_kernels(void **state)
{
	static const char with[] = "pci0000:00/0000:00:02.0", without[] = "pci0000:00/0000:00:03.0";
	char *root = tmproot_new();
	struct topology *t;

	(void)state;
	put_entry(root, with);
	put_entry(root, without);
	put(root, with, "uevent", "PCI_CLASS=30000\nPCI_ID=10DE:2484\n");
	put(root, without, "uevent", "PCI_CLASS=20000\nPCI_ID=8086:10D3\n");
	t = scan(root); /* neither: nothing is known */
	assert_false(find(t, "00:02.0")->reset_known);
	assert_false(find(t, "00:03.0")->reset_known);
	topology_free(t);
	put(root, with, "reset", "");
	t = scan(root);
	assert_false(find(t, "00:02.0")->reset_known); /* which one? */
	assert_true(find(t, "00:03.0")->reset_known);  /* none */
	assert_int_equal(find(t, "00:03.0")->reset, 0);
	topology_free(t);
	tmproot_remove(root);
}

/* The first scan's topology stays as it was while the machine changes. */
static void scan_again(void **state)
{
	auto_host struct host *host = NULL;
	struct topology *before = NULL, *after = NULL;
	struct err err = ERR_INIT;
	char *root = machine_root();
	auto_free char *driver = tmproot_path(root, "/sys/devices/" CARD "/driver");
	struct scanner *s;

	(void)state;
	assert_int_equal(host_open(root, &host, &err), 0);
	s = scanner_new(host, IDS);
	assert_int_equal(scanner_scan(s, &before, &err), 0);
	assert_int_equal(unlink(driver), 0);
	assert_int_equal(scanner_scan(s, &after, &err), 0);
	assert_string_equal(find(before, "0b:00.0")->driver, "nouveau");
	assert_null(find(after, "0b:00.0")->driver);
	assert_int_equal(scan_numa_node(host, find(after, "0b:00.0")), 1);
	assert_int_equal(scan_numa_node(host, find(after, "00:01.0")), -1);
	assert_ptr_equal(scanner_modules(s), scanner_modules(s));
	topology_free(before);
	topology_free(after);
	scanner_free(s);
	scanner_free(NULL);
	tmproot_remove(root);
}

/* Removes the device once the n-th call is made, as hot-unplug does between two reads. */
struct vanish {
	struct host_ops ops;
	const char *path;
	long calls, at;
};

static int vanishing_openat(void *data, int dir_fd, const char *name, int flags, mode_t mode)
{
	struct vanish *v = data;

	if (++v->calls == v->at) {
		auto_free char *command = xasprintf("rm -rf '%s'/*", v->path);

		if (system(command) != 0)
			return -1;
	}
	return host_real_ops.openat(NULL, dir_fd, name, flags, mode);
}

static void vanishes_meanwhile(void **state)
{
	char *root = machine_root();
	auto_free char *path = tmproot_path(root, "/sys/devices/" CARD);
	bool reached = true;

	(void)state;
	for (long n = 1; reached; n++) {
		struct vanish v = {.ops = host_real_ops, .path = path, .at = n};
		struct topology *t;

		v.ops.data = &v;
		v.ops.openat = vanishing_openat;
		t = scan_with(root, &v.ops);
		reached = v.calls >= n;
		/* all of it or nothing of it, and the others whole */
		assert_int_equal(t->len + t->skipped, 4);
		find(t, "00:01.0");
		find(t, "10000:e1:00.0");
		if (t->len == 4)
			assert_string_equal(find(t, "0b:00.0")->driver, "nouveau");
		topology_free(t);
		if (reached)
			put_card(root);
	}
	tmproot_remove(root);
}

/* Any one call that fails with EIO costs at most the fact it was for. */
static void failing_reads(void **state)
{
	char *root = machine_root();
	auto_host struct host *host = NULL;
	bool hit = true;

	(void)state;
	assert_int_equal(host_open(root, &host, NULL), 0);
	for (long n = 1; hit; n++) {
		struct scanner *s = scanner_new(host, IDS);
		struct topology *t = NULL;
		struct err err = ERR_INIT;
		struct faults f;

		faults_init(&f, FAULTS_ALL, n, EIO, false);
		host_set_ops(host, &f.ops);
		if (scanner_scan(s, &t, &err) < 0) {
			assert_null(t);
			assert_true(n <= 2); /* the list itself */
			assert_non_null(strstr(err.text, "cannot list the PCI devices"));
		} else {
			assert_int_equal(t->len + t->skipped, 4);
		}
		host_set_ops(host, NULL);
		hit = f.hit;
		topology_free(t);
		scanner_free(s);
	}
	tmproot_remove(root);
}

/* Too few file descriptors are no reason to believe that devices went away. */
static void shortage(void **state)
{
	char *root = machine_root();
	auto_host struct host *host = NULL;
	struct faults f;
	struct topology *t = NULL;
	struct err err = ERR_INIT;
	struct scanner *s;

	(void)state;
	assert_int_equal(host_open(root, &host, &err), 0);
	s = scanner_new(host, IDS);
	faults_init(&f, FAULTS_ALL, 8, EMFILE, true);
	host_set_ops(host, &f.ops);
	assert_int_equal(scanner_scan(s, &t, &err), -EMFILE);
	assert_non_null(strstr(err.text, "Too many open files"));
	assert_null(t);
	scanner_free(s);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts),
		cmocka_unit_test(other_domain_and_attributes_only),
		cmocka_unit_test(no_pci_at_all),
		cmocka_unit_test(hostile_attributes),
		cmocka_unit_test(odd_links),
		cmocka_unit_test(odd_entries),
		cmocka_unit_test(resets_of_old_kernels),
		cmocka_unit_test(scan_again),
		cmocka_unit_test(vanishes_meanwhile),
		cmocka_unit_test(failing_reads),
		cmocka_unit_test(shortage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
