/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording keeps beyond the table: hazards, nodes, resets, loaders, people; and what goes wrong while recording. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/change_fixture.h"
#include "../support/recorded.h"
#include "../support/tmproot.h"
#include "advice/rules.h"
#include "base/mem.h"
#include "machine/boot_variable.h"
#include "change/capture.h"
#include "machine/hazards.h"
#include "machine/recording.h"
#include "vm/preset.h"

#define DEMO "src/machine/demo/desktop.txt"
#define IDS "tests/ui/machines/pci.ids"
#define CARD "/sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0"
#define EFI "/sys/firmware/efi/efivars/"
#define LOADER "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* The machine again, from its recording. */
struct again {
	char *root;
	struct host *host;
	struct situation *situation;
	struct str text;
};

static char *ids_path(void)
{
	const char *top = getenv("TOP");

	return xasprintf("%s/" IDS, top ? top : ".");
}

static void record(const struct recorded *r, struct again *ret)
{
	auto_free char *ids = ids_path();
	struct err err = ERR_INIT;

	*ret = (struct again){.root = tmproot_new(), .text = STR_INIT};
	if (capture(r->host, ids, &ret->text, &err) < 0 ||
	    recording_unpack(ret->text.data, ret->text.len, ret->root, &err) < 0 ||
	    host_open(ret->root, &ret->host, &err) < 0 ||
	    situation_open(ret->host, ids, &ret->situation, &err) < 0)
		fail_msg("%s", err.text);
}

static void release(struct again *a)
{
	situation_free(a->situation);
	host_free(a->host);
	tmproot_remove(a->root);
	str_release(&a->text);
}

static void put(const struct recorded *r, const char *path, const char *text)
{
	auto_free char *full = tmproot_path(r->root, path);

	unlink(full);
	tmproot_put(r->root, path, text);
}

static void reload(const struct recorded *r)
{
	struct err err = ERR_INIT;

	if (situation_reload(r->situation, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct device *device(const struct situation *s, const char *bdf)
{
	struct pci_addr a;

	assert_true(pci_addr_parse(bdf, &a));
	return topology_find(s->topology, &a);
}

/* --- facts ------------------------------------------------------------------------------------- */

static void hazards_come_back(void **state)
{
	static const enum hazard_kind kinds[] = {HAZARD_RESERVED, HAZARD_REFUSED,
						 HAZARD_FRAMEBUFFER};
	const struct selection none = SELECTION_INIT;
	struct recorded r;
	struct again a;
	const struct hazards *before, *after;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	put(&r, "/sys/kernel/iommu_groups/8/reserved_regions",
	    "0x000000007b000000 0x000000007f7fffff direct\n0x00000000fee00000 0x00000000feefffff "
	    "msi\n");
	put(&r, "/var/log/dmesg",
	    "vfio-pci 0000:09:00.3: Device is ineligible for IOMMU domain attach due to platform "
	    "RMRR requirement.  Contact your platform vendor.\nsomething else of archbox\n");
	put(&r, "/proc/iomem",
	    "e0000000-efffffff : PCI Bus 0000:01\n  e0000000-e02fffff : BOOTFB\n");
	put(&r, CARD "/resource", "0x00000000e0000000 0x00000000efffffff 0x000000000014220c\n");
	put(&r, "/proc/interrupts", " 24:  0  IR-PCI-MSI 1-edge x\n");
	put(&r, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
	reload(&r);
	record(&r, &a);
	before = situation_rules(r.situation, &none).hazards;
	after = situation_rules(a.situation, &none).hazards;
	assert_int_equal(before->len, 3);
	assert_int_equal(after->len, 3);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (size_t k = 0; k < r.situation->topology->len; k++) {
			const struct device *d = &r.situation->topology->devices[k];
			const struct hazard *was = hazards_of(before, kinds[i], d);
			const struct hazard *is = hazards_of(after, kinds[i],
							     device(a.situation, d->bdf));

			assert_int_equal(!was, !is);
			if (was)
				assert_string_equal(was->what, is->what);
		}
	assert_int_equal(after->interrupts, REMAPPING_ON);
	assert_true(after->unsafe_allowed);
	assert_null(strstr(a.text.data, "something else"));
	release(&a);
	recorded_close(&r);
}

static void facts_of_devices_come_back(void **state)
{
	struct recorded r;
	struct again a;
	const struct device *d;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	put(&r, CARD "/numa_node", "1\n");
	put(&r, CARD "/driver_override", "vfio-pci\n");
	put(&r, CARD "/reset_method", "device_specific flr bus\n");
	put(&r, CARD "/boot_vga", "1\n");
	reload(&r);
	record(&r, &a);
	d = device(a.situation, "0000:01:00.0");
	assert_int_equal(d->numa_node, 1);
	assert_string_equal(d->driver_override, "vfio-pci");
	assert_int_equal(d->reset, RESET_DEVICE_SPECIFIC | RESET_FLR | RESET_BUS);
	assert_int_equal(d->boot_vga, 1);
	for (size_t i = 0; i < r.situation->topology->len; i++) {
		const struct device *was = &r.situation->topology->devices[i];
		const struct device *is = &a.situation->topology->devices[i];

		assert_string_equal(was->bdf, is->bdf);
		assert_int_equal(was->parent, is->parent);
		assert_int_equal(was->reset, is->reset);
		assert_int_equal(was->reset_known, is->reset_known);
		assert_int_equal(was->boot_vga, is->boot_vga);
		assert_int_equal(was->modules.len, is->modules.len);
		assert_memory_equal(&was->caps, &is->caps, sizeof(was->caps));
	}
	release(&a);
	recorded_close(&r);
}

/* Configuration space only as far as everyone may read it. */
static void what_only_root_reads_stays_unknown(void **state)
{
	struct recorded r;
	struct again a;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	for (size_t i = 0; i < r.situation->topology->len; i++) {
		auto_free char *link = xasprintf("/sys/bus/pci/devices/%s/config",
						 r.situation->topology->devices[i].bdf);
		auto_free char *full = tmproot_path(r.root, link);

		assert_int_equal(truncate(full, 64), 0);
	}
	reload(&r);
	record(&r, &a);
	for (size_t i = 0; i < r.situation->topology->len; i++) {
		const struct device *was = &r.situation->topology->devices[i];
		const struct device *is = &a.situation->topology->devices[i];

		assert_false(is->caps.basic_known);
		assert_true(is->caps.header_known);
		assert_int_equal(was->class_code, is->class_code);
		assert_int_equal(was->parent, is->parent);
		assert_memory_equal(&was->caps, &is->caps, sizeof(was->caps));
	}
	release(&a);
	recorded_close(&r);
}

static void put_cpu(const struct recorded *r, unsigned id, const char *siblings, const char *l3)
{
	static const char *const names[] = {"cache/index0/level", "cache/index0/shared_cpu_list",
					    "cache/index1/level", "cache/index1/shared_cpu_list",
					    "topology/thread_siblings_list"};
	const char *const values[] = {"1\n", siblings, "3\n", l3, siblings};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("/sys/devices/system/cpu/cpu%u/%s", id, names[i]);

		put(r, path, values[i]);
	}
}

/* Two caches, two threads a core, two nodes: a new VM gets the same of the recording. */
static void processors_come_back(void **state)
{
	auto_vm_host struct vm_host was = VM_HOST_INIT;
	auto_vm_host struct vm_host is = VM_HOST_INIT;
	struct recorded r;
	struct again a;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	put(&r, "/sys/devices/system/cpu/online", "0-7\n");
	for (unsigned i = 0; i < 8; i++) {
		auto_free char *siblings = xasprintf("%u,%u\n", i % 4, i % 4 + 4);

		put_cpu(&r, i, siblings, i % 4 < 2 ? "0-1,4-5\n" : "2-3,6-7\n");
	}
	put(&r, "/sys/devices/system/cpu/cpu2/cache/index3/shared_cpu_list", "2-3,6-7\n");
	put(&r, "/sys/devices/system/node/has_memory", "0-1\n");
	put(&r, "/sys/devices/system/node/node0/cpulist", "0-1,4-5\n");
	put(&r, "/sys/devices/system/node/node1/cpulist", "2-3,6-7\n");
	put(&r, "/proc/meminfo",
	    "MemTotal: 33554432 kB\nMemFree: 1 kB\nMemAvailable: 9437184 kB\n");
	reload(&r);
	record(&r, &a);
	vm_host_read(r.host, NULL, &was);
	vm_host_read(a.host, NULL, &is);
	assert_int_equal(was.len, 8);
	assert_int_equal(is.len, was.len);
	assert_memory_equal(is.cpus, was.cpus, was.len * sizeof(*was.cpus));
	assert_int_equal(is.cpus[7].core, 3);
	assert_int_equal(is.cpus[7].l3, 2);
	assert_int_equal(is.cpus[7].node, 1);
	assert_int_equal(is.nodes, 2);
	assert_true(
		tmproot_has(a.root, "/sys/devices/system/cpu/cpu2/cache/index3/shared_cpu_list"));
	assert_int_equal(is.memory_mib, 32768);
	assert_int_equal(is.available_mib, 9216);
	release(&a);
	recorded_close(&r);
}

/* What is no list of numbers is not taken along. */
static void odd_processors_are_left_out(void **state)
{
	struct recorded r;
	struct again a;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	put(&r, "/sys/devices/system/cpu/online", "0-3 secret\n");
	put(&r, "/sys/devices/system/node/has_memory", "0\nsecret\n");
	put(&r, "/sys/devices/system/node/node0/cpulist", "secret\n");
	reload(&r);
	record(&r, &a);
	assert_null(strstr(a.text.data, "secret"));
	release(&a);
	recorded_close(&r);
}

static void put_variable(const struct recorded *r, const char *path, const char *text)
{
	auto_str struct str bytes = STR_INIT;

	str_add(&bytes, "\6\0\0\0", 4);
	for (; *text; text++) {
		str_addc(&bytes, *text);
		str_addc(&bytes, '\0');
	}
	str_add(&bytes, "\0\0", 2);
	tmproot_put_bytes(r->root, path, bytes.data, bytes.len);
}

/* The proof which loader started it, and an entry that is named by the machine's id. */
static void the_boot_chain_comes_back(void **state)
{
	static const char machine[] = "0badc0de0badc0de0badc0de0badc0de";
	auto_free char *entry = xasprintf("/boot/loader/entries/%s-6.12.conf", machine);
	auto_free char *name = xasprintf("%s-6.12.conf", machine);
	struct recorded r;
	struct again a;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	put_variable(&r, EFI "LoaderInfo" LOADER, "systemd-boot 257");
	put_variable(&r, EFI "LoaderEntrySelected" LOADER, name);
	tmproot_put(r.root, EFI "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6???\1");
	tmproot_put(r.root, "/etc/machine-id", machine);
	tmproot_put(r.root, "/etc/kernel/cmdline", "root=UUID=1234 quiet\n");
	tmproot_put(r.root, entry, "title Arch\noptions root=UUID=1234 quiet\n");
	reload(&r);
	assert_int_equal(r.situation->platform->boot_loader, BOOT_KERNEL_CMDLINE);
	record(&r, &a);
	assert_int_equal(a.situation->platform->boot_loader, BOOT_KERNEL_CMDLINE);
	assert_true(a.situation->platform->boot_sure);
	assert_true(a.situation->platform->secure_boot);
	assert_int_equal(a.situation->platform->initramfs, r.situation->platform->initramfs);
	assert_int_equal(a.situation->platform->vfio_pci, r.situation->platform->vfio_pci);
	assert_int_equal(a.situation->platform->acs_override, r.situation->platform->acs_override);
	assert_string_equal(a.situation->platform->user, "user");
	assert_null(a.situation->platform->hostname);
	assert_null(strstr(a.text.data, "0badc0de"));
	assert_null(strstr(a.text.data, "alex"));
	assert_null(strstr(a.text.data, "archbox"));
	release(&a);
	recorded_close(&r);
}

/* Where nothing but the firmware's entry tells, the recording tells the same. */
static void the_firmwares_entry_comes_back(void **state)
{
	auto_str struct str bytes = STR_INIT;
	struct recorded r;
	struct again a;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	boot_variable_build("alex's own", "/EFI/refind/refind_x64.efi", &bytes);
	tmproot_put_bytes(r.root, EFI "BootCurrent-" EFI_GLOBAL_GUID, "\6\0\0\0\2\1", 6);
	tmproot_put_bytes(r.root, EFI "Boot0102-" EFI_GLOBAL_GUID, bytes.data, bytes.len);
	tmproot_put(r.root, "/proc/cmdline", "root=UUID=1234 quiet\n");
	reload(&r);
	assert_int_equal(r.situation->platform->boot_loader, BOOT_REFIND);
	record(&r, &a);
	assert_int_equal(a.situation->platform->boot_loader, BOOT_REFIND);
	assert_true(a.situation->platform->boot_sure);
	assert_null(strstr(a.text.data, "alex"));
	release(&a);
	recorded_close(&r);
}

static void what_may_not_be_read_is_named(void **state)
{
	struct recorded r;
	struct again a;

	(void)state;
	if (!geteuid())
		skip(); /* root reads everything */
	recorded_open(&r, DEMO, IDS);
	fixture_put(r.root, "/etc/libvirt/qemu.conf", "user = \"x\"\n", 0);
	record(&r, &a);
	assert_non_null(strstr(a.text.data, "# not readable here: /etc/libvirt/qemu.conf"));
	assert_null(strstr(a.text.data, "user = "));
	release(&a);
	recorded_close(&r);
}

/* --- files ----------------------------------------------------------------------------------------- */

static void links_are_kept_and_not_followed_out(void **state)
{
	struct recorded r;
	struct again a;
	auto_free char *link = NULL, *circle = NULL, *outside = NULL;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	link = tmproot_path(r.root, "/etc/modprobe.d/a.conf");
	circle = tmproot_path(r.root, "/etc/modprobe.d/b.conf");
	outside = tmproot_path(r.root, "/etc/modprobe.d/c.conf");
	tmproot_put(r.root, "/usr/share/x/real.conf", "options vfio-pci ids=10de:1f03\n");
	assert_int_equal(symlink("../../usr/share/x/real.conf", link), 0);
	assert_int_equal(symlink("b.conf", circle), 0);
	assert_int_equal(symlink("../../../../../../../../etc/passwd", outside), 0);
	reload(&r);
	record(&r, &a);
	assert_non_null(
		strstr(a.text.data, "link /etc/modprobe.d/a.conf ../../usr/share/x/real.conf\n"));
	assert_true(tmproot_has(a.root, "/usr/share/x/real.conf"));
	assert_int_equal(a.situation->configured.len, r.situation->configured.len);
	release(&a);
	recorded_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hazards_come_back),
		cmocka_unit_test(facts_of_devices_come_back),
		cmocka_unit_test(processors_come_back),
		cmocka_unit_test(odd_processors_are_left_out),
		cmocka_unit_test(what_only_root_reads_stays_unknown),
		cmocka_unit_test(the_boot_chain_comes_back),
		cmocka_unit_test(the_firmwares_entry_comes_back),
		cmocka_unit_test(what_may_not_be_read_is_named),
		cmocka_unit_test(links_are_kept_and_not_followed_out),
	};

	/* thousands of small files: quick in memory */
	if (!access("/dev/shm", W_OK))
		setenv("TMP", "/dev/shm", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
