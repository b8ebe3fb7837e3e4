/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VMs need of the machine: memory, nodes, KVM; the laws, and what udev and AppArmor read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/laws.h"
#include "../support/shells.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "vm/preset.h"
#include "vm/profile.h"

#define LIMITS "/etc/security/limits.d/90-vfiotui.conf"
#define SYSCTL "/etc/sysctl.d/90-vfiotui-hugepages.conf"
#define TMPFILES "/etc/tmpfiles.d/vfiotui-hugepages.conf"
#define NODES "/etc/udev/rules.d/70-vfiotui-vm.rules"
#define KVM_CONF "/etc/modprobe.d/vfiotui-kvm.conf"
#define ABSTRACTION "/etc/apparmor.d/abstractions/libvirt-qemu"
#define BRIDGE_CONF "/etc/qemu/bridge.conf"
#define DROP_IN "/etc/systemd/system/user@1000.service.d/90-vfiotui-memlock.conf"
#define LOCAL "/etc/apparmor.d/local/abstractions/libvirt-qemu"

static void add_vm(struct wish *w, const char *name, const char *file)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct vm_profile *vm = wish_add_vm(w);

	vm_profile_init(vm, name);
	vm_profile_parse(vm, file, strlen(file), &problems);
	vm_profile_check(vm, &problems);
	if (problems.len)
		fail_msg("%s", problems.items[0].text);
}

static void wish_for(struct wish *w, const char *file)
{
	wish_init(w);
	w->user = xstrdup("alex");
	w->group = xstrdup("kvm");
	if (file)
		add_vm(w, "windows", file);
}

/* Rows: a profile, the target, a file of it and the line that has to be in it (NULL: no file). */
static const struct {
	const struct target *target;
	const char *profile, *path, *line;
} rows[] = {
	{&target_vm_memory, "memory = 8G\ndevice = 01:00.0\n", LIMITS, "alex - memlock 9437184\n"},
	{&target_vm_memory, "memory = 8G\nlock-memory = yes\n", LIMITS, "alex - memlock 9437184\n"},
	{&target_vm_memory, "memory = 8G\n", LIMITS, NULL},
	{&target_vm_memory, "memory = 8G\nhugepages = 2M\n", SYSCTL, "vm.nr_hugepages = 4096\n"},
	{&target_vm_memory, "memory = 8G\nhugepages = 1G\n", TMPFILES,
	 "w /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages - - - - 8\n"},
	{&target_vm_memory, "memory = 8G\nhugepages = 1G\n", SYSCTL, NULL},
	{&target_vm_nodes, "disk = /dev/sda3\n", NODES,
	 "SUBSYSTEM==\"block\", KERNEL==\"sda3\", OWNER=\"alex\", MODE=\"0660\"\n"},
	{&target_vm_nodes, "disk = /dev/disk/by-id/ata-X_1\n", NODES,
	 "SUBSYSTEM==\"block\", SYMLINK==\"disk/by-id/ata-X_1\", OWNER=\"alex\""},
	{&target_vm_nodes, "disk = /srv/x.img\n", NODES, NULL},
	{&target_vm_nodes, "disk = \"/dev/x\\\"y\"\n", NODES, NULL},
	{&target_vm_nodes, "disk = \"/dev/a\\nRUN+=reboot\"\n", NODES, NULL},
	{&target_vm_nodes, "evdev = /dev/input/by-id/usb-K-event-kbd\n", NODES,
	 "SUBSYSTEM==\"input\", SYMLINK==\"input/by-id/usb-K-event-kbd\", OWNER=\"alex\""},
	{&target_vm_nodes, "evdev = /dev/input/event3\n", NODES,
	 "SUBSYSTEM==\"input\", KERNEL==\"event3\", OWNER=\"alex\""},
	{&target_vm_nodes, "usb = 046D:c52b\n", NODES,
	 "ATTR{idVendor}==\"046d\", ATTR{idProduct}==\"c52b\", OWNER=\"alex\""},
	{&target_vm_nodes, "usb = 1-2.3\n", NODES, "KERNEL==\"1-2.3\", OWNER=\"alex\""},
	{&target_vm_nodes, "display = looking-glass\nshared-memory = /dev/kvmfr0\n", NODES,
	 "SUBSYSTEM==\"kvmfr\", KERNEL==\"kvmfr0\", OWNER=\"alex\""},
	{&target_vm_nodes, "display = looking-glass\n", LOCAL,
	 "/dev/shm/looking-glass rw, # vfiotui\n"},
	{&target_vm_nodes, "evdev = /dev/input/event3\n", LOCAL,
	 "/dev/input/event[0-9]* rw, # vfiotui\n"},
	{&target_vm_nodes, "memory = 4G\n", LOCAL, NULL},
	{&target_vm_kvm, "ignore-msrs = yes\n", KVM_CONF, "options kvm ignore_msrs=1\n"},
	{&target_vm_kvm, "ignore-msrs = no\n", KVM_CONF, NULL},
	{&target_vm_network, "network = bridge\ninterface = br0\n", BRIDGE_CONF, "allow br0\n"},
	{&target_vm_network, "network = macvtap\ninterface = eth0\n", BRIDGE_CONF, NULL},
	{&target_vm_network, "network = user\ninterface = br0\n", BRIDGE_CONF, NULL},
	{&target_vm_memory, "memory = 8G\ndevice = 01:00.0\n", DROP_IN,
	 "[Service]\nLimitMEMLOCK=9437184K\n"},
	{&target_vm_memory, "memory = 8G\n", DROP_IN, NULL},
};

/* A host with AppArmor, systemd, and a user alex. */
static void put_host(struct bed *b)
{
	bed_put(b, ABSTRACTION, "# libvirt's\n");
	bed_put(b, "/usr/lib/systemd/system/user@.service", "[Service]\n");
	bed_put(b, "/etc/passwd",
		"root:x:0:0::/root:/bin/sh\nalexa:x:1001:1001::/:/bin/sh\n"
		"alex:x:1000:1000::/home/alex:/bin/sh\n");
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text;
		struct wish w;
		struct bed b;

		bed_init(&b);
		put_host(&b);
		wish_for(&w, rows[i].profile);
		assert_int_equal(bed_apply(&b, rows[i].target, &w), 0);
		text = bed_get(&b, rows[i].path);
		if (!text != !rows[i].line || (text && !strstr(text, rows[i].line)))
			fail_msg("row %zu: %s", i, text ? text : "no file");
		wish_release(&w);
		bed_release(&b);
	}
}

static void test_laws(void **state)
{
	static const char *const locals[] = {NULL, "", "# mine\n  /srv/** r,\n", "# no newline"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t n = 0; n < ARRAY_SIZE(locals); n++) {
			struct laws laws = {.target = rows[i].target};
			struct wish w;
			struct bed b;

			bed_init(&b);
			put_host(&b);
			if (locals[n])
				bed_put(&b, LOCAL, locals[n]);
			if (locals[n])
				bed_put(&b, BRIDGE_CONF, locals[n]);
			wish_for(&w, rows[i].profile);
			laws_run(&laws, rows[i].profile, &b, &w);
			assert_int_equal(laws.refused, 0);
			strv_release(&laws.reasons);
			wish_release(&w);
			bed_release(&b);
		}
	}
}

/* What the file's owner says of the bridge decides; a denial is said, not worked around. */
static void test_bridge_conf(void **state)
{
	static const struct {
		const char *before, *after; /* NULL: as before */
		enum check_state check;
	} files[] = {
		{"allow virbr0\n", "allow virbr0\nallow br0\n", CHECK_OK},
		{"allow virbr0", "allow virbr0\nallow br0", CHECK_OK},
		{"# hand-made\n\tallow\tbr0 \n", NULL, CHECK_OK},
		{"allow all\n", NULL, CHECK_OK},
		{"allow br01\n", "allow br01\nallow br0\n", CHECK_OK},
		{"#allow br0\n", "#allow br0\nallow br0\n", CHECK_OK},
		{"deny br0\nallow all\n", NULL, CHECK_FAILED},
		{"deny all\n", NULL, CHECK_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct checks checks = {.len = 0};
		struct wish w;
		struct bed b;

		bed_init(&b);
		bed_put(&b, BRIDGE_CONF, files[i].before);
		wish_for(&w, "network = bridge\ninterface = br0\n");
		assert_int_equal(bed_apply(&b, &target_vm_network, &w), 0);
		assert_string_equal(bed_get(&b, BRIDGE_CONF),
				    files[i].after ? files[i].after : files[i].before);
		assert_int_equal(bed_verify(&b, &target_vm_network, &w, NULL, &checks), 0);
		assert_int_equal(checks.len, 1);
		assert_int_equal(checks.items[0].state, files[i].check);
		checks_release(&checks);
		wish_release(&w);
		bed_release(&b);
	}
}

/* The largest of several VMs counts; root needs no limit. */
static void test_several(void **state)
{
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_for(&w, "memory = 4G\ndevice = 01:00.0\nhugepages = 2M\n");
	add_vm(&w, "linux", "memory = 6G\ndevice = 02:00.0\n");
	assert_int_equal(bed_apply(&b, &target_vm_memory, &w), 0);
	assert_non_null(strstr(bed_get(&b, LIMITS), "memlock 7340032\n"));
	assert_non_null(strstr(bed_get(&b, SYSCTL), "= 2048\n"));
	free(w.user);
	w.user = xstrdup("root");
	assert_int_equal(bed_apply(&b, &target_vm_memory, &w), 0);
	assert_null(bed_get(&b, LIMITS));
	wish_release(&w);
	bed_release(&b);
}

static bool has_command(const struct changes *c, const char *line, const char *undo)
{
	for (size_t i = 0; i < c->commands_len; i++) {
		auto_free char *argv = strv_join(&c->commands[i].argv, " ");
		auto_free char *back = strv_join(&c->commands[i].undo_argv, " ");

		if (!strcmp(argv, line) && !strcmp(back, undo))
			return true;
	}
	return false;
}

/* Commands change the running system, and each knows its way back. */
static void test_commands(void **state)
{
	static const struct {
		const struct target *target;
		const char *profile, *path, *bytes, *command, *undo;
	} commands[] = {
		{&target_vm_memory, "memory = 8G\nhugepages = 2M\n", "/proc/sys/vm/nr_hugepages",
		 "7\n", "sysctl --load=" SYSCTL, "sysctl vm.nr_hugepages=7"},
		{&target_vm_kvm, "ignore-msrs = yes\n", "/sys/module/kvm/parameters/ignore_msrs",
		 "N\n", "sh -c echo Y >/sys/module/kvm/parameters/ignore_msrs",
		 "sh -c echo N >/sys/module/kvm/parameters/ignore_msrs"},
		{&target_vm_kvm, "memory = 4G\n", "/etc/group", "root:x:0:\nkvm:x:104:alexa,bob\n",
		 "usermod -aG kvm alex", "gpasswd -d alex kvm"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct files *files = files_new_memory();
		const struct platform platform = {.qemu = NULL};
		const struct target_context ctx = {.files = files, .platform = &platform};
		struct changes c;
		struct err err = ERR_INIT;
		struct wish w;

		files_put(files, commands[i].path, commands[i].bytes, strlen(commands[i].bytes));
		changes_init(&c, files);
		wish_for(&w, commands[i].profile);
		assert_int_equal(commands[i].target->plan(&ctx, &w, &c, &err), 0);
		assert_true(has_command(&c, commands[i].command, commands[i].undo));
		changes_release(&c);
		wish_release(&w);
		files_free(files);
	}
}

static void test_a_member_is_not_added(void **state)
{
	static const char *const groups[] = {"kvm:x:104:alex\n",
					     "a:x:1:\nkvm:x:104:bob,alex\nz:x:2:\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		struct files *files = files_new_memory();
		const struct platform platform = {.qemu = NULL};
		const struct target_context ctx = {.files = files, .platform = &platform};
		struct changes c;
		struct wish w;

		files_put(files, "/etc/group", groups[i], strlen(groups[i]));
		changes_init(&c, files);
		wish_for(&w, "memory = 4G\n");
		assert_int_equal(target_vm_kvm.plan(&ctx, &w, &c, NULL), 0);
		assert_int_equal(c.commands_len, 0);
		changes_release(&c);
		wish_release(&w);
		files_free(files);
	}
}

/* udev's own reader, where it is new enough to have one. */
static void test_udev_reads_them(void **state)
{
	auto_str struct str out = STR_INIT;
	struct wish w;
	struct bed b;
	char *root;

	(void)state;
	if (!shells_have("udevadm") || shell_run(&out, "udevadm verify --help >/dev/null 2>&1")) {
		print_message("udevadm verify skipped: this udevadm does not have it\n");
		skip();
	}
	root = tmproot_new();
	bed_init(&b);
	wish_init(&w);
	w.user = xstrdup("nobody"); /* udev looks whether there is such a user */
	w.group = xstrdup("kvm");
	add_vm(&w, "windows",
	       "disk = /dev/sda3\ndisk = /dev/disk/by-id/x\nevdev = /dev/input/event3\n"
	       "usb = 046d:c52b\nusb = 1-2\n");
	assert_int_equal(bed_apply(&b, &target_vm_nodes, &w), 0);
	bed_write(&b, root);
	if (shell_run(&out, "udevadm verify '%s" NODES "' 2>&1", root))
		fail_msg("%s", out.data);
	tmproot_remove(root);
	wish_release(&w);
	bed_release(&b);
}

/* --- what a host has to share ------------------------------------------------------------- */

static void put_cpu(struct files *files, unsigned id, const char *siblings, const char *l3)
{
	static const char *const names[] = {"cache/index0/level", "cache/index0/shared_cpu_list",
					    "cache/index1/level", "cache/index1/shared_cpu_list",
					    "topology/thread_siblings_list"};
	/* NULL: a machine whose last cache is of the second level, and each core's own */
	const char *const values[] = {"1\n", siblings, l3 ? "3\n" : "2\n", l3 ? l3 : siblings,
				      siblings};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("/sys/devices/system/cpu/cpu%u/%s", id, names[i]);

		files_put(files, path, values[i], strlen(values[i]));
	}
}

static void put(struct files *files, const char *path, const char *text)
{
	files_put(files, path, text, strlen(text));
}

/* Processors: how many threads each has, how its CPUs are shared, and what the VM gets. */
static const struct {
	const char *what;
	unsigned cores, threads, cores_per_l3;
	int node; /* of the card; every L3 is a node when it is not -1 */
	unsigned want_cores, want_threads;
	const char *pin, *emulator;
} hosts[] = {
	{"one cache, eight cores of two threads", 8, 2, 8, -1, 6, 2,
	 "2,10,3,11,4,12,5,13,6,14,7,15", "0,8,1,9"},
	{"two caches: the second whole", 8, 2, 4, -1, 4, 2, "4,12,5,13,6,14,7,15",
	 "0,8,1,9,2,10,3,11"},
	{"four cores", 4, 1, 4, -1, 3, 1, "1,2,3", "0"},
	{"the card's node", 8, 1, 4, 0, 3, 1, "1,2,3", "0,4,5,6,7"},
	{"one core", 1, 1, 1, -1, 1, 1, "", ""},
	{"no third level", 4, 2, 0, -1, 3, 2, "1,5,2,6,3,7", "0,4"},
};

static void test_placing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		unsigned cpus = hosts[i].cores * hosts[i].threads;
		struct files *files = files_new_memory();
		auto_free char *online = cpus > 1 ? xasprintf("0-%u\n", cpus - 1) : xstrdup("0\n");
		auto_vm_host struct vm_host h = VM_HOST_INIT;
		auto_vm_profile struct vm_profile p;

		put(files, "/sys/devices/system/cpu/online", online);
		for (unsigned c = 0; c < cpus; c++) {
			unsigned core = c % hosts[i].cores;
			unsigned per_l3 = hosts[i].cores_per_l3 ? hosts[i].cores_per_l3 : 1;
			unsigned first = core / per_l3 * per_l3;
			auto_free char *siblings = hosts[i].threads > 1
							   ? xasprintf("%u,%u\n", core,
								       core + hosts[i].cores)
							   : xasprintf("%u\n", core);
			auto_free char *l3 = xasprintf("%u-%u\n", first, first + per_l3 - 1);

			put_cpu(files, c, siblings, hosts[i].cores_per_l3 ? l3 : NULL);
		}
		if (hosts[i].node >= 0) {
			put(files, "/sys/devices/system/node/has_memory", "0-1\n");
			put(files, "/sys/devices/system/node/node0/cpulist", "0-3\n");
			put(files, "/sys/devices/system/node/node1/cpulist", "4-7\n");
		}
		vm_host_read_files(files, NULL, &h);
		vm_profile_init(&p, "x");
		vm_preset_place(&p, &h, hosts[i].node);
		if (p.cores != hosts[i].want_cores || p.threads != hosts[i].want_threads ||
		    strcmp(p.pin, hosts[i].pin) || strcmp(p.pin_emulator, hosts[i].emulator))
			fail_msg("%s: %u x %u, pin %s, rest %s", hosts[i].what, p.cores, p.threads,
				 p.pin, p.pin_emulator);
		files_free(files);
	}
}

/* Where sysfs says nothing of the processors, their number decides, and none is pinned. */
static void test_placing_by_number(void **state)
{
	static const struct {
		const char *cpuinfo;
		unsigned want;
	} seen[] = {
		{"processor\t: 0\ncpu cores\t: 6\n\nprocessor\t: 1\ncpu cores\t: 6\n", 5},
		{"physical id\t: 0\ncpu cores\t: 8\n\nphysical id\t: 1\ncpu cores\t: 8\n", 15},
		{"cpu cores\t: 1\n", 1},
		{"", 2}, /* unknown: the table's default */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		struct files *files = files_new_memory();
		auto_vm_host struct vm_host h = VM_HOST_INIT;
		auto_vm_profile struct vm_profile p;

		put(files, "/proc/cpuinfo", seen[i].cpuinfo);
		vm_host_read_files(files, NULL, &h);
		vm_profile_init(&p, "x");
		vm_preset_place(&p, &h, -1);
		if (p.cores != seen[i].want || p.threads != 1 || p.pin[0])
			fail_msg("%s: %u x %u", seen[i].cpuinfo, p.cores, p.threads);
		files_free(files);
	}
}

/* Each preset is whole: no rule of the profile is broken, and it survives its own file. */
static void test_presets(void **state)
{
	struct files *files = files_new_memory();
	auto_vm_host struct vm_host h = VM_HOST_INIT;

	(void)state;
	put(files, "/proc/meminfo", "MemTotal: 33554432 kB\nMemAvailable: 12582912 kB\n");
	put(files, "/etc/passwd",
	    "root:x:0:0::/root:/bin/sh\nalex:x:1000:1000:A:/home/alex:/bin/sh\n");
	vm_host_read_files(files, "root", &h);
	assert_string_equal(h.state_dir, "/var/lib/vfiotui/vm"); /* not in root's home */
	vm_host_release(&h);
	vm_host_read_files(files, "alex", &h);
	for (int system = VM_WINDOWS_11; system <= VM_OTHER; system++) {
		auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
		auto_vm_profile struct vm_profile p;
		auto_vm_profile struct vm_profile again;
		auto_str struct str file = STR_INIT;

		vm_profile_init(&p, "win 11");
		vm_preset(&p, (enum vm_system)system, &h);
		vm_profile_check(&p, &problems);
		assert_int_equal(problems.len, 0);
		assert_int_equal(p.system, system);
		assert_int_equal(p.memory_mib, 10240); /* what is free now, but 2 GiB */
		assert_string_equal(((struct vm_disk *)p.disks.items)->path,
				    "/home/alex/.local/share/vfiotui/win 11/disk.qcow2");
		assert_int_equal(p.tpm, system == VM_WINDOWS_11);
		vm_profile_write(NULL, 0, &p, &file);
		vm_profile_init(&again, "win 11");
		vm_profile_parse(&again, file.data, file.len, &problems);
		assert_int_equal(problems.len, 0);
		for (size_t i = 0; i < vm_fields_len; i++)
			assert_true(vm_field_equal(&p, &again, &vm_fields[i]));
	}
	files_free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_laws),
		cmocka_unit_test(test_bridge_conf),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_a_member_is_not_added),
		cmocka_unit_test(test_udev_reads_them),
		cmocka_unit_test(test_placing),
		cmocka_unit_test(test_placing_by_number),
		cmocka_unit_test(test_presets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
