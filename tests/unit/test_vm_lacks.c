/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM asks for and a machine does not have, and what its QEMU can carry out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/recorded.h"
#include "../support/shells.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "vm/choices.h"
#include "vm/lacks.h"
#include "vm/preset.h"

#define DESKTOP "src/machine/demo/desktop.txt"
#define IDS "tests/ui/machines/pci.ids"

static size_t choice_of(const struct vm_field *f, const char *name)
{
	for (size_t i = 0; f->choices[i]; i++)
		if (!strcmp(f->choices[i], name))
			return i;
	fail_msg("%s has no choice %s", f->key, name);
	return 0;
}

static bool offers(const struct vm_offer *o, const char *key, const char *choice)
{
	const struct vm_field *f = vm_field_find(key);

	return vm_offer_has(o, f, choice_of(f, choice));
}

/* What Debian's QEMU 7.2 prints, shortened; complaints of missing modules come on the other stream. */
static const char fake_qemu[] =
	"#!/bin/sh\n"
	"case $3 in\n"
	"-audiodev) printf 'Available audio drivers:\\nnone\\nalsa\\npa\\n' ;;\n"
	"-device) printf 'Display devices:\\nname \"VGA\", bus PCI\\nname \"ivshmem-plain\", bus "
	"PCI\\n' ;;\n"
	"esac\n"
	"echo 'module audio-audio-jack not found' >&2\n";

static void test_offer(void **state)
{
	char *root = tmproot_new();
	auto_free char *path = tmproot_path(root, "/qemu");
	auto_str struct str out = STR_INIT;
	auto_vm_offer struct vm_offer o = VM_OFFER_INIT;
	auto_vm_offer struct vm_offer unknown = VM_OFFER_INIT;

	(void)state;
	tmproot_put(root, "/qemu", fake_qemu);
	assert_int_equal(shell_run(&out, "chmod 755 '%s'", path), 0);
	vm_offer_ask(&o, path);
	assert_true(offers(&o, "audio", "pulseaudio"));
	assert_true(offers(&o, "audio", "none"));
	assert_false(offers(&o, "audio", "pipewire"));
	assert_false(offers(&o, "audio", "jack"));
	assert_true(offers(&o, "display", "std"));
	assert_false(offers(&o, "display", "spice"));
	assert_true(offers(&o, "display", "looking-glass"));
	assert_true(offers(&o, "firmware", "bios")); /* nobody's device */
	/* nothing known refuses nothing */
	vm_offer_ask(&unknown, NULL);
	assert_true(offers(&unknown, "audio", "jack"));
	vm_offer_release(&unknown);
	vm_offer_ask(&unknown, "/nowhere/qemu");
	assert_true(offers(&unknown, "audio", "jack"));
	tmproot_remove(root);
}

/* The names in the table are names of the real QEMU: these it has had in every version. */
static void test_real_offer(void **state)
{
	static const char *const always[][2] = {
		{"display", "std"},    {"display", "looking-glass"},
		{"sound-card", "hda"}, {"sound-card", "ac97"},
		{"sound-card", "usb"}, {"nic", "virtio"},
		{"nic", "e1000e"},     {"nic", "e1000"},
		{"nic", "rtl8139"},    {"audio", "none"},
	};
	auto_str struct str path = STR_INIT;
	auto_vm_offer struct vm_offer o = VM_OFFER_INIT;

	(void)state;
	if (!shells_have("qemu-system-x86_64"))
		skip();
	assert_int_equal(shell_run(&path, "command -v qemu-system-x86_64"), 0);
	str_rtrim(&path);
	vm_offer_ask(&o, path.data);
	assert_true(o.devices.len > 50);
	assert_true(o.audio.len > 0);
	assert_true(strv_has(&o.devices, "tpm-crb"));
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		assert_true(offers(&o, always[i][0], always[i][1]));
}

/* A wish, and the sentence beside its field: its host has no VM programs, no /srv, no bridge. */
static const struct {
	const char *key, *value, *and_key, *and_value;
	const char *field, *says; /* NULL: nothing at that field */
} wishes[] = {
	{"qemu", "/opt/qemu", NULL, NULL, "qemu", "no such program"},
	{"tpm", "yes", NULL, NULL, "tpm", "swtpm is not installed"},
	{"firmware", "uefi-secure", NULL, NULL, "firmware", "no OVMF with Secure Boot"},
	{"firmware", "bios", NULL, NULL, "firmware", NULL},
	{"firmware-code", "/srv/code", "firmware-vars", "/srv/vars", "firmware-code",
	 "no such file"},
	{"memory", "9999G", NULL, NULL, "memory", "this machine has"},
	{"memory", "64M", NULL, NULL, "memory", NULL},
	{"memory", "32001M", NULL, NULL, "memory", "this machine has 32001 MiB"},
	{"memory", "32000M", NULL, NULL, "memory", NULL},
	{"pin", "2,8", NULL, NULL, "pin", NULL},
	{"pin", "2,12", NULL, NULL, "pin", "this machine has no CPU 12"},
	{"disk", "/srv/x.img", NULL, NULL, "disk", "with size= it is created"},
	{"disk", "/srv/x.img size=1G", NULL, NULL, "disk", NULL},
	{"cdrom", "/srv/x.iso", NULL, NULL, "cdrom", "/srv/x.iso is not there"},
	{"evdev", "/dev/input/by-id/x", NULL, NULL, "evdev", "is not there"},
	{"keyboard-server", "barrier", NULL, NULL, "keyboard-server", "barriers is not installed"},
	{"share", "/srv/shared", NULL, NULL, "share", "is not installed"},
	{"network", "bridge", "interface", "br77", "interface", "no bridge of that name"},
	{"network", "macvtap", "interface", "eth77", "interface", "no link of that name"},
	{"network", "bridge", "interface", "eth5", "interface", "no bridge of that name"},
	{"network", "macvtap", "interface", "eth5", "interface", NULL},
	{"device", "0000:7f:00.0", NULL, NULL, "device", "0000:7f:00.0 is not there"},
	{"device", "0000:01:00.0", NULL, NULL, "device", "0000:01:00.1 of its group"},
	{"device", "0000:01:00.0", "device", "0000:01:00.1", "device", NULL},
	{"device", "0000:01:00.0 ids=1234:5678", "device", "0000:01:00.1", "device",
	 "another device now"},
	{"device", "0000:01:00.0 rom=/srv/x.rom", "device", "0000:01:00.1", "device",
	 "/srv/x.rom is not there"},
};

/* A recording knows no programs and few files, so of those nothing is said. */
static void test_what_is_not_known(void **state)
{
	struct recorded machine;
	auto_vm_offer struct vm_offer offer = VM_OFFER_INIT;
	auto_vm_problems struct vm_problems lacks = VM_PROBLEMS_INIT;
	auto_vm_profile struct vm_profile vm;
	auto_str struct str out = STR_INIT;

	(void)state;
	recorded_open(&machine, DESKTOP, IDS);
	vm_profile_init(&vm, "x");
	vm_preset(&vm, VM_WINDOWS_11, &(struct vm_host)VM_HOST_INIT);
	/* Recordings made before they held the processors. */
	assert_int_equal(shell_run(&out, "rm -r '%s'/sys/devices/system/cpu", machine.root), 0);
	assert_int_equal(vm_field_set(&vm, vm_field_find("pin"), "4095", NULL), 0);
	vm_lacks(&vm,
		 &(struct vm_lacks_input){.host = machine.host,
					  .platform = machine.situation->platform,
					  .topology = machine.situation->topology,
					  .offer = &offer},
		 &lacks);
	if (lacks.len)
		fail_msg("%s", lacks.items[0].text);
	recorded_close(&machine);
}

static void test_lacks(void **state)
{
	struct recorded machine;
	auto_vm_offer struct vm_offer offer = VM_OFFER_INIT;
	auto_str struct str out = STR_INIT;

	(void)state;
	recorded_open(&machine, DESKTOP, IDS);
	tmproot_put(machine.root, "/usr/bin/sh", "");
	tmproot_put(machine.root, "/usr/bin/taskset", "");
	tmproot_put(machine.root, "/sys/class/net/eth5/mtu", "1500\n");
	assert_int_equal(shell_run(&out, "chmod 755 '%s'/usr/bin/*", machine.root), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		auto_vm_problems struct vm_problems lacks = VM_PROBLEMS_INIT;
		auto_vm_profile struct vm_profile vm;
		const char *said;

		vm_profile_init(&vm, "x");
		if (vm_field_set(&vm, vm_field_find(wishes[i].key), wishes[i].value, NULL) < 0 ||
		    (wishes[i].and_key && vm_field_set(&vm, vm_field_find(wishes[i].and_key),
						       wishes[i].and_value, NULL) < 0))
			fail_msg("%s = %s", wishes[i].key, wishes[i].value);
		vm_lacks(&vm,
			 &(struct vm_lacks_input){.host = machine.host,
						  .platform = machine.situation->platform,
						  .topology = machine.situation->topology,
						  .offer = &offer},
			 &lacks);
		said = vm_problems_of(&lacks, vm_field_find(wishes[i].field));
		if (!said != !wishes[i].says || (said && !strstr(said, wishes[i].says)))
			fail_msg("%s = %s: %s", wishes[i].key, wishes[i].value,
				 said ? said : "nothing");
	}
	recorded_close(&machine);
}

/* The other function of a card is on vfio-pci already: nothing of the group stays with the host. */
static void test_group_on_vfio(void **state)
{
	auto_vm_offer struct vm_offer offer = VM_OFFER_INIT;
	auto_vm_problems struct vm_problems lacks = VM_PROBLEMS_INIT;
	auto_vm_profile struct vm_profile vm;
	struct situation *now = NULL;
	struct recorded machine;
	auto_str struct str out = STR_INIT;

	(void)state;
	recorded_open(&machine, DESKTOP, IDS);
	assert_int_equal(shell_run(&out,
				   "ln -sfn ../../../bus/pci/drivers/vfio-pci "
				   "'%s/sys/bus/pci/devices/0000:01:00.1/driver'",
				   machine.root),
			 0);
	assert_int_equal(situation_open(machine.host, NULL, &now, NULL), 0);
	vm_profile_init(&vm, "x");
	assert_int_equal(vm_field_set(&vm, vm_field_find("device"), "0000:01:00.0", NULL), 0);
	vm_lacks(&vm,
		 &(struct vm_lacks_input){.host = machine.host,
					  .platform = now->platform,
					  .topology = now->topology,
					  .offer = &offer},
		 &lacks);
	assert_null(vm_problems_of(&lacks, vm_field_find("device")));
	situation_free(now);
	recorded_close(&machine);
}

/* --- what is offered ------------------------------------------------------------------- */

/* The disks' values that are offered on a machine, a line each; each has to be one that the field takes. */
static void offered_disks(const char *root, const char *name, struct str *ret)
{
	struct host *host = NULL;
	struct vm_choices c = VM_CHOICES_INIT;
	struct vm_profile vm;
	struct err err = ERR_INIT;

	assert_int_equal(host_open(root, &host, &err), 0);
	vm_profile_init(&vm, name);
	vm_choices_find(vm_field_find("disk"),
			&(struct vm_choices_input){.host = host, .name = name}, &c);
	for (size_t i = 0; i < c.len; i++) {
		if (vm_field_set(&vm, vm_field_find("disk"), c.items[i].value, &err) < 0)
			fail_msg("%s: %s", c.items[i].value, err.text);
		str_addf(ret, "%s\n", c.items[i].value);
	}
	assert_int_equal(((struct vm_disk *)vm.disks.items)->size_mib, 65536);
	vm_profile_release(&vm);
	vm_choices_release(&c);
	host_free(host);
}

/* Four disks: the host's root by its partition, by LVM on one, a RAID; and one that nobody uses. */
static void test_disks_to_choose(void **state)
{
	static const char *const names[] = {"sda", "sdb", "sdc", "sdd"};
	char *root = tmproot_new();
	auto_str struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *size = xasprintf("/sys/block/%s/size", names[i]);
		auto_free char *part = xasprintf("/sys/block/%s/%s1/partition", names[i], names[i]);

		tmproot_put(root, size, "8388608\n");
		tmproot_put(root, part, "1\n");
	}
	tmproot_put(root, "/proc/mounts",
		    "/dev/sda1 / ext4 rw 0 0\n/dev/mapper/vg-home /home ext4 rw 0 0\n");
	tmproot_link(root, "/sys/block/sdb/sdb1/holders/dm-0", "../../../dm-0");
	tmproot_link(root, "/sys/block/sdc/holders/md0", "../../md0");
	offered_disks(root, "win", &out);
	assert_string_equal(out.data, "/var/lib/vfiotui/win.qcow2 size=64G\n"
				      "/var/lib/vfiotui/win.img format=raw size=64G\n/dev/sdd\n");
	/* by a name that is still this disk's after the next boot */
	tmproot_link(root, "/dev/disk/by-id/ata-DISK_2", "../../sdd");
	tmproot_link(root, "/dev/disk/by-id/ata-DISK_2-part1", "../../sdd1");
	tmproot_link(root, "/dev/disk/by-id/wwn-0x5", "../../sdd");
	str_clear(&out);
	offered_disks(root, "a size=5", &out);
	assert_string_equal(out.data, "\"/var/lib/vfiotui/a size=5.qcow2\" size=64G\n"
				      "\"/var/lib/vfiotui/a size=5.img\" format=raw size=64G\n"
				      "/dev/disk/by-id/ata-DISK_2\n");
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disks_to_choose), cmocka_unit_test(test_offer),
		cmocka_unit_test(test_real_offer),      cmocka_unit_test(test_what_is_not_known),
		cmocka_unit_test(test_lacks),           cmocka_unit_test(test_group_on_vfio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
