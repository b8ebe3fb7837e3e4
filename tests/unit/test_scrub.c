/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording must not tell, and what has to stay so that it is of use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "machine/scrub.h"

#define UUID0 "00000000-0000-0000-0000-000000000000"

static void names(struct scrubber *s)
{
	scrubber_add(s, "workhorse", "host");
	scrubber_add(s, "workhorse.example.net", "host");
	scrubber_add(s, "alice", "user");
	scrubber_add(s, "bo", "user2");
	scrubber_add(s, "linux", "host"); /* not taken: it would break every path to a kernel */
}

/* The text once and twice scrubbed. */
static void expect(const char *text, const char *want)
{
	auto_scrubber struct scrubber s = SCRUBBER_INIT;
	auto_str struct str once = STR_INIT;
	auto_str struct str twice = STR_INIT;

	names(&s);
	scrub(&s, text, strlen(text), &once);
	if (strcmp(once.data, want) != 0)
		fail_msg("\"%s\" became \"%s\", not \"%s\"", text, once.data, want);
	scrub(&s, once.data, once.len, &twice);
	if (!str_equal(&once, &twice))
		fail_msg("\"%s\" becomes \"%s\" the second time", once.data, twice.data);
}

static void private_things_go(void **state)
{
	static const char *const cases[][2] = {
		{"id 6f0d2c1e-3b54-4b8e-9b1a-5a7e1c0f2d44!", "id " UUID0 "!"},
		{"6F0D2C1E-3B54-4B8E-9B1A-5A7E1C0F2D44", UUID0},
		{"mac=00:e0:4c:68:00:01 x", "mac=02:00:00:00:00:00 x"},
		{"00-E0-4C-68-00-01", "02:00:00:00:00:00"},
		{"enx00e04c680001 up", "enx020000000000 up"},
		{"eth0 10.1.2.3", "eth0 192.0.2.1"},
		{"10.1.2.3/24, 8.8.8.8", "192.0.2.1/24, 192.0.2.1"},
		{"fe80::1ff:fe23:4567:890a%eth0", "2001:db8::1%eth0"},
		{"2a01:4f8:c2c:1:2:3:4:5", "2001:db8::1"},
		{"[::1]:80", "[2001:db8::1]:80"},
		{"sha 0123456789abcdef0123456789abcdef", "sha 00000000000000000000000000000000"},
		{"mail alice.smith@example.com now", "mail user@example.org now"},
		{"/dev/mapper/workhorse-vg-root /", "/dev/mapper/x /"},
		{"/dev/disk/by-id/nvme-Samsung_980_S64DNF0R", "/dev/disk/by-id/x"},
		{"root=UUID=6f0d2c1e-3b54-4b8e-9b1a-5a7e1c0f2d44 rw", "root=x rw"},
		{"root=LABEL=alices-disk", "root=x"},
		{"GRUB_CMDLINE_LINUX=\"cryptdevice=UUID=1-2:luks quiet\"",
		 "GRUB_CMDLINE_LINUX=\"cryptdevice=x quiet\""},
		{"rd.luks.uuid=luks-1 rd.lvm.lv=vg/root ip=1.2.3.4::5",
		 "rd.luks.uuid=x rd.lvm.lv=x ip=x"},
		{"vnc_password = \"hunter2 and more\"\n", "vnc_password = \"x\"\n"},
		{"#spice_password = 'hunter2'", "#spice_password = \"x\""},
		{"MY_SECRET_TOKEN=abc", "MY_SECRET_TOKEN=x"},
		{"of alice on workhorse", "of user on host"},
		{"Workhorse.example.net:", "host:"},
		{"fedora_workhorse-root", "fedora_host-root"},
		{"/home/alice/x", "/home/user/x"},
		{"user bo", "user user2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i][0], cases[i][1]);
}

static void what_is_needed_stays(void **state)
{
	static const char *const cases[] = {
		"options vfio-pci ids=10de:2484,10de:228b",
		"0000:0b:00.0 10000:e1:00.0",
		"id:1022:1453",
		"alias pci:v000010DEd00001F03sv00001462sd00003770bc03sc00i00 nouveau",
		"BOOT_IMAGE=/vmlinuz-linux rw loglevel=3 quiet intel_iommu=on iommu=pt",
		"6.12.8-arch1-1 6.1.0-13-amd64 5.15.0-1.2.3",
		"GRUB_TIMEOUT=5\nMODULES=(vfio_pci vfio)\n",
		"HOOKS=(base udev autodetect microcode modconf kms keyboard)",
		"/dev/nvme0n1p2 on /",
		"malice boss", /* names are replaced as words only */
		"softdep nouveau pre: vfio-pci",
		"/usr/share/edk2/x64/OVMF_CODE.4m.fd",
		"0xfee00000 0xfeefffff msi",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect(cases[i], cases[i]);
}

/* Of a command line only what is known to be harmless keeps its value. */
static void kernel_lines(void **state)
{
	static const char *const cases[][2] = {
		{"BOOT_IMAGE=/boot/vmlinuz root=UUID=abc ro quiet",
		 "BOOT_IMAGE=/boot/vmlinuz root=x ro quiet"},
		{"vendor.license=ABC-123 x=3 y=on", "vendor.license=x x=3 y=on"},
		{"intel_iommu=on,sm_on vfio-pci.ids=10de:1,10de:2 pcie_acs_override=downstream",
		 "intel_iommu=on,sm_on vfio-pci.ids=10de:1,10de:2 pcie_acs_override=downstream"},
		{"systemd.hostname=workhorse", "systemd.hostname=x"},
		{"dyndbg=\"file a +p; b\" quiet", "dyndbg=x quiet"},
		{"a \"at workhorse here=1234 b\" quiet", "a \"at host here=x quiet"},
		{"alice", "user"},
	};
	auto_scrubber struct scrubber s = SCRUBBER_INIT;

	(void)state;
	names(&s);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str out = STR_INIT;

		scrub_kernel_line(&s, cases[i][0], &out);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void comments(void **state)
{
	static const char text[] = "# Bob's machine\n"
				   "A=1 # call 555-1234\n"
				   "B=\"x # y\" # kept, since a quote may hold it\n"
				   "\n\n\n"
				   "  # indented\n"
				   "#\n"
				   "#user = \"qemu\"\n"
				   "#cgroup_device_acl = [\n"
				   "#    \"/dev/null\", \"/dev/kvm\",\n"
				   "#]\n"
				   "# vfiotui: ours\n"
				   "C=2";
	static const char want[] = "A=1\n"
				   "B=\"x # y\" # kept, since a quote may hold it\n"
				   "\n"
				   "#user = \"qemu\"\n"
				   "#cgroup_device_acl = [\n"
				   "#    \"/dev/null\", \"/dev/kvm\",\n"
				   "#]\n"
				   "# vfiotui: ours\n"
				   "C=2";
	auto_str struct str out = STR_INIT;

	(void)state;
	scrub_comments(text, sizeof(text) - 1, &out);
	assert_string_equal(out.data, want);
}

static void mount_points(void **state)
{
	static const char *const cases[][2] = {
		{"/dev/sda2 on /", "/dev/sda2 on /"},
		{"/dev/sda1 on /boot/efi", "/dev/sda1 on /boot/efi"},
		{"/dev/sdb1 on /mnt/photos/2019", "/dev/sdb1 on /mnt/x"},
		{"/dev/sdb1 on /home/alice", "/dev/sdb1 on /home/x"},
		{"/dev/sdb1 on /secret-project", "/dev/sdb1 on /x"},
		{"/dev/sdb1 on /boots", "/dev/sdb1 on /x"},
		{"eth0 1.2.3.4", "eth0 1.2.3.4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str out = STR_INIT;

		scrub_mount_points(cases[i][0], &out);
		assert_string_equal(out.data, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_things_go), cmocka_unit_test(what_is_needed_stays),
		cmocka_unit_test(kernel_lines),      cmocka_unit_test(comments),
		cmocka_unit_test(mount_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
