/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "machine/recording.h"

/* A row without capabilities; the group, the address, the class and the ids matter. */
#define ROW(group, addr, class, ids)                                                               \
	group "\t" addr "\t" class "\t" ids "\t-\t-\t-\t-\tsome device\n"
#define BRIDGE(group, addr) ROW(group, addr, "0604", "1022:1483")
#define CARD(group, addr) ROW(group, addr, "0300", "10de:2484")

static void unpack(const char *root, const char *text)
{
	struct err err = ERR_INIT;

	if (recording_unpack(text, strlen(text), root, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_file(const char *root, const char *path, const char *expect)
{
	auto_str struct str got = STR_INIT;

	if (!tmproot_get(root, path, &got))
		fail_msg("%s is missing", path);
	assert_int_equal(got.len, strlen(expect));
	assert_string_equal(got.data, expect);
}

static void assert_link(const char *root, const char *path, const char *expect)
{
	auto_free char *full = tmproot_path(root, path);
	char target[4096];
	ssize_t n = readlink(full, target, sizeof(target) - 1);

	if (n < 0)
		fail_msg("%s is no link", path);
	target[n] = '\0';
	assert_string_equal(target, expect);
}

static mode_t mode_of(const char *root, const char *path)
{
	auto_free char *full = tmproot_path(root, path);
	struct stat st;

	assert_int_equal(lstat(full, &st), 0);
	return st.st_mode & 07777;
}

/* --- sections --------------------------------------------------------------------- */

static void files_come_out_byte_for_byte(void **state)
{
	char *root = tmproot_new();

	(void)state;
	unpack(root, "file /etc/hostname\n"
		     "|archbox\n"
		     "file /etc/empty\n"
		     "file /etc/no-newline 0600\n"
		     "|a\n"
		     "|b\n"
		     "\\\n"
		     "file /etc/bars 0755\n"
		     "||x|\n"
		     "|\n"
		     "|# not a comment\n"
		     "|link /a /b\n"
		     "file /etc/no-end\n"
		     "|last line of the recording");
	assert_file(root, "/etc/hostname", "archbox\n");
	assert_file(root, "/etc/empty", "");
	assert_file(root, "/etc/no-newline", "a\nb");
	assert_file(root, "/etc/bars", "|x|\n\n# not a comment\nlink /a /b\n");
	assert_file(root, "/etc/no-end", "last line of the recording\n");
	assert_int_equal(mode_of(root, "/etc/hostname"), 0644);
	assert_int_equal(mode_of(root, "/etc/no-newline"), 0600);
	assert_int_equal(mode_of(root, "/etc/bars"), 0755);
	assert_false(tmproot_has(root, "/a"));
	tmproot_remove(root);
}

static void a_file_may_hold_any_byte(void **state)
{
	static const char text[] = "file /efivar\n|\x06\0\0\0\x01\n\\\n";
	char *root = tmproot_new();
	auto_str struct str got = STR_INIT;

	(void)state;
	assert_int_equal(recording_unpack(text, sizeof(text) - 1, root, NULL), 0);
	assert_true(tmproot_get(root, "/efivar", &got));
	assert_int_equal(got.len, 5);
	assert_memory_equal(got.data, "\x06\0\0\0\x01", 5);
	tmproot_remove(root);
}

static void links_and_directories(void **state)
{
	char *root = tmproot_new();

	(void)state;
	unpack(root, "dir /dev/vfio\nlink /lib usr/lib\nlink /etc/a /usr/share/two words\n");
	assert_int_equal(mode_of(root, "/dev/vfio"), 0755);
	assert_link(root, "/lib", "usr/lib");
	assert_link(root, "/etc/a", "/usr/share/two words");
	tmproot_remove(root);
}

/* A section may give an attribute of a device another value. */
static void sections_come_after_the_devices(void **state)
{
	char *root = tmproot_new();

	(void)state;
	unpack(root, "file /sys/devices/pci0000:00/0000:00:02.0/numa_node\n|1\n" CARD(
			     "0", "0000:00:02.0"));
	assert_file(root, "/sys/devices/pci0000:00/0000:00:02.0/numa_node", "1\n");
	tmproot_remove(root);
}

/* --- what is refused ---------------------------------------------------------------- */

static void bad_lines_are_refused_and_nothing_is_written(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"file etc/x\n", "line 1"},
		{"# a\nfile /etc/../../x\n", "line 2"},
		{"file /etc/./x\n", "line 1"},
		{"file /etc//x\n", "line 1"},
		{"file /etc/x/\n", "line 1"},
		{"file /\n", "line 1"},
		{"file /a\x1b[0m\n", "line 1"},
		{"dir ..\n", "line 1"},
		{"link /../x y\n", "line 1"},
		{"link /x\n", "target"},
		{"dir /x 0755\n", "octal mode"},
		{"file /x 4755\n", "octal mode"},
		{"file /x 99\n", "octal mode"},
		{"file /x 0644 more\n", "octal mode"},
		{"dir /x\n|text\n", "line 2"},
		{"file /x\n|a\n\\\n|b\n", "line 4"},
		{"\\\n", "line 1"},
		{"something\n", "9 or 20 columns"},
		{"0\t0000:00:02.0\t0300\n", "9 or 20 columns"},
		{CARD("x", "0000:00:02.0"), "column 1"},
		{CARD("-5", "0000:00:02.0"), "column 1"},
		{CARD("0", "../../../etc"), "column 2"},
		{CARD("0", "0000:00:20.0"), "column 2"},
		{ROW("0", "0000:00:02.0", "30000", "10de:2484"), "column 3"},
		{ROW("0", "0000:00:02.0", "0300", "10de"), "column 4"},
		{ROW("0", "0000:00:02.0", "0300", "10de:12345"), "column 4"},
		{"0\t0000:00:02.0\t0300\t10de:2484\tzz\t-\t-\t-\tx\n", "column 5"},
		{"0\t0000:00:02.0\t0300\t10de:2484\t-\t1\t-\t-\tx\n", "column 6"},
		{"0\t0000:00:02.0\t0300\t10de:2484\t-\t-\t../x\t-\tx\n", "column 7"},
		{"0\t0000:00:02.0\t0300\t10de:2484\t-\t-\t..\t-\tx\n", "column 7"},
		{CARD("0", "0000:00:02.0") CARD("1", "0000:00:02.0"), "0000:00:02.0 twice"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		char *root = tmproot_new();
		struct err err = ERR_INIT;

		assert_int_equal(recording_unpack(text, strlen(text), root, &err), -EINVAL);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text,
				 cases[i].says);
		assert_int_equal(tmproot_count(root, ""), 0);
		tmproot_remove(root);
	}
}

static void a_nul_outside_of_files_is_refused(void **state)
{
	static const char text[] = "dir /a\0b\n";
	char *root = tmproot_new();

	(void)state;
	assert_int_equal(recording_unpack(text, sizeof(text) - 1, root, NULL), -EINVAL);
	assert_int_equal(tmproot_count(root, ""), 0);
	tmproot_remove(root);
}

/* Links of the recording itself must not carry a later file out of the tree. */
static void nothing_is_written_through_a_link(void **state)
{
	char *root = tmproot_new(), *outside = tmproot_new();
	auto_free char *through_dir = xasprintf("link /out %s\nfile /out/x\n|bad\n", outside);
	auto_free char *through_file = xasprintf("link /y %s/victim\nfile /y\n|bad\n", outside);
	auto_free char *parent = xasprintf("link /z ..\nfile /z/escaped\n|bad\n");
	const char *const cases[] = {through_dir, through_file, parent};

	(void)state;
	tmproot_put(outside, "/victim", "untouched\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;

		assert_int_not_equal(recording_unpack(cases[i], strlen(cases[i]), root, &err), 0);
		assert_non_null(strstr(err.text, "line 2"));
	}
	assert_file(outside, "/victim", "untouched\n");
	assert_int_equal(tmproot_count(outside, ""), 1);
	tmproot_remove(root);
	tmproot_remove(outside);
}

static void a_missing_directory_is_named(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(recording_unpack("", 0, "/nonexistent/place", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/place"));
}

/* --- the tree ------------------------------------------------------------------------ */

static void a_device_has_its_attributes_and_links(void **state)
{
	static const char dev[] = "/sys/devices/pci0000:00/0000:00:02.0";
	static const struct {
		const char *name, *text;
	} files[] = {
		{"vendor", "0x10de\n"},
		{"device", "0x2484\n"},
		{"class", "0x030000\n"},
		{"revision", "0xa1\n"},
		{"subsystem_vendor", "0x1462\n"},
		{"subsystem_device", "0x3905\n"},
		{"modalias", "pci:v000010DEd00002484sv00001462sd00003905bc03sc00i00\n"},
		{"uevent", "DRIVER=nouveau\nPCI_CLASS=30000\nPCI_ID=10DE:2484\n"
			   "PCI_SUBSYS_ID=1462:3905\nPCI_SLOT_NAME=0000:00:02.0\n"
			   "MODALIAS=pci:v000010DEd00002484sv00001462sd00003905bc03sc00i00\n"},
		{"boot_vga", "1\n"},
		{"driver_override", "(null)\n"},
	};
	static const struct {
		const char *path, *target;
	} links[] = {
		{"/sys/bus/pci/devices/0000:00:02.0", "../../../devices/pci0000:00/0000:00:02.0"},
		{"/sys/bus/pci/drivers/nouveau/0000:00:02.0",
		 "../../../../devices/pci0000:00/0000:00:02.0"},
		{"/sys/kernel/iommu_groups/7/devices/0000:00:02.0",
		 "../../../../devices/pci0000:00/0000:00:02.0"},
		{"/sys/devices/pci0000:00/0000:00:02.0/driver", "../../../bus/pci/drivers/nouveau"},
		{"/sys/devices/pci0000:00/0000:00:02.0/iommu_group",
		 "../../../kernel/iommu_groups/7"},
		{"/sys/devices/pci0000:00/0000:00:02.0/subsystem", "../../../bus/pci"},
		{"/sys/class/drm/card0", "../../devices/pci0000:00/0000:00:02.0/drm/card0"},
		{"/sys/class/iommu/dmar0", "../../devices/virtual/iommu/dmar0"},
	};
	char *root = tmproot_new();

	(void)state;
	unpack(root, "7\t0000:00:02.0\t0300\t10de:2484\ta1\t1462:3905\tnouveau\tnouveau\tcard\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *path = xasprintf("%s/%s", dev, files[i].name);

		assert_file(root, path, files[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_link(root, links[i].path, links[i].target);
	assert_true(tmproot_has(root, "/sys/bus/pci/drivers/vfio-pci/bind"));
	assert_file(root, "/sys/kernel/iommu_groups/7/type", "DMA\n");
	tmproot_remove(root);
}

/* Without groups the IOMMU has no unit either, so that the machine reads as "off". */
static void ungrouped_devices_have_no_iommu(void **state)
{
	char *root = tmproot_new();

	(void)state;
	unpack(root, "#ungrouped\t" CARD("-", "0000:00:02.0"));
	assert_true(tmproot_has(root, "/sys/bus/pci/devices/0000:00:02.0"));
	assert_false(tmproot_has(root, "/sys/devices/pci0000:00/0000:00:02.0/iommu_group"));
	assert_true(tmproot_has(root, "/sys/class/iommu"));
	assert_false(tmproot_has(root, "/sys/class/iommu/dmar0"));
	tmproot_remove(root);
}

static void boot_vga_is_the_named_one_or_the_first(void **state)
{
	static const char cards[] = CARD("0", "0000:00:02.0") CARD("1", "0000:00:03.0");
	auto_free char *named = xasprintf("# boot_vga: 0000:00:03.0\n%s", cards);
	char *root = tmproot_new(), *other = tmproot_new();

	(void)state;
	unpack(root, cards);
	assert_file(root, "/sys/bus/pci/devices/0000:00:02.0/boot_vga", "1\n");
	assert_file(root, "/sys/bus/pci/devices/0000:00:03.0/boot_vga", "0\n");
	unpack(other, named);
	assert_file(other, "/sys/bus/pci/devices/0000:00:02.0/boot_vga", "0\n");
	assert_file(other, "/sys/bus/pci/devices/0000:00:03.0/boot_vga", "1\n");
	tmproot_remove(root);
	tmproot_remove(other);
}

/* --- buses --------------------------------------------------------------------------- */

static void bridges_are_inferred_as_firmware_numbers_buses(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		/* a bus belongs to the first bridge that has none */
		{BRIDGE("0", "0000:00:01.0") BRIDGE("1", "0000:00:02.0") CARD("2", "0000:01:00.0"),
		 "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"},
		/* a bus number left out is a bridge with nothing behind it */
		{BRIDGE("0", "0000:00:01.0") BRIDGE("1", "0000:00:02.0") CARD("2", "0000:02:00.0"),
		 "/sys/devices/pci0000:00/0000:00:02.0/0000:02:00.0"},
		/* the bridge in the same group comes first */
		{BRIDGE("0", "0000:00:01.0") BRIDGE("5", "0000:00:02.0") CARD("5", "0000:01:00.0"),
		 "/sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0"},
		/* depth first: below the switch, not at the next root port */
		{BRIDGE("0", "0000:00:01.0") BRIDGE("1", "0000:00:02.0") BRIDGE("2", "0000:01:00.0")
			 CARD("3", "0000:02:00.0"),
		 "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0"},
		/* nothing can hold it: a root bus */
		{CARD("3", "0000:40:00.0"), "/sys/devices/pci0000:40/0000:40:00.0"},
		/* what is given is taken */
		{"# bridge: 0000:00:02.0 secondary=01 subordinate=05\n" BRIDGE("0", "0000:00:01.0")
			 BRIDGE("1", "0000:00:02.0") CARD("2", "0000:01:00.0"),
		 "/sys/devices/pci0000:00/0000:00:02.0/0000:01:00.0"},
		/* five digits: a domain below the Volume Management Device */
		{"0\t0000:00:0e.0\t0104\t8086:467f\t-\t-\tvmd\t-\tRAID: Volume Management "
		 "Device\n" BRIDGE("0", "10000:e0:06.0")
			 ROW("0", "10000:e1:00.0", "0108", "144d:a808"),
		 "/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *root = tmproot_new();

		unpack(root, cases[i].text);
		if (!tmproot_has(root, cases[i].path))
			fail_msg("case %zu: %s is missing", i, cases[i].path);
		tmproot_remove(root);
	}
}

static void a_bridge_that_names_its_own_bus_makes_no_loop(void **state)
{
	char *root = tmproot_new();

	(void)state;
	unpack(root,
	       "# bridge: 0000:01:00.0 secondary=00 subordinate=00\n"
	       "# bridge: 0000:00:01.0 secondary=00 subordinate=00\n" BRIDGE("0", "0000:00:01.0")
		       BRIDGE("1", "0000:01:00.0") CARD("2", "0000:02:00.0"));
	assert_true(tmproot_has(root, "/sys/bus/pci/devices/0000:02:00.0"));
	tmproot_remove(root);
}

/* What the columns can't say, as capture writes it. */
static void device_notes(void **state)
{
#define SYS "/sys/devices/pci0000:00/"
	char *root = tmproot_new();

	(void)state;
	unpack(root, "# boot_vga: 0000:00:03.0\n"
		     "# device: 0000:00:01.0 reset=flr,bus node=1 override=vfio-pci progif=30\n"
		     "# device: 0000:00:02.0 reset=file vga=1 link=16GT/s,x16/8GT/s,x4 sriov=7/2\n"
		     "# device: 0000:00:03.0 reset=- vga=- physfn=0000:00:02.0 bar=d0000000\n"
		     "# device: 0000:00:04.0 header=1 multifunction=1 config=256\n"
		     "# device: 0000:77:00.0 node=1\n" /* no such row: nothing happens */
	       ROW("0", "0000:00:01.0", "0c03", "1022:149c") CARD("1", "0000:00:02.0")
		       CARD("2", "0000:00:03.0") ROW("3", "0000:00:04.0", "0880", "1022:1"));
	assert_file(root, SYS "0000:00:01.0/reset_method", "flr bus\n");
	assert_file(root, SYS "0000:00:01.0/numa_node", "1\n");
	assert_file(root, SYS "0000:00:01.0/driver_override", "vfio-pci\n");
	assert_file(root, SYS "0000:00:01.0/class", "0x0c0330\n");
	assert_true(tmproot_has(root, SYS "0000:00:02.0/reset"));
	assert_false(tmproot_has(root, SYS "0000:00:02.0/reset_method"));
	assert_file(root, SYS "0000:00:02.0/boot_vga", "1\n");
	assert_file(root, SYS "0000:00:02.0/max_link_speed", "16.0 GT/s PCIe\n");
	assert_file(root, SYS "0000:00:02.0/current_link_width", "4\n");
	assert_file(root, SYS "0000:00:02.0/sriov_totalvfs", "7\n");
	assert_false(tmproot_has(root, SYS "0000:00:03.0/reset_method"));
	assert_false(tmproot_has(root, SYS "0000:00:03.0/boot_vga"));
	assert_link(root, SYS "0000:00:03.0/physfn", "../../../devices/pci0000:00/0000:00:02.0");
	assert_true(tmproot_has(root, SYS "0000:00:03.0/resource"));
	tmproot_remove(root);
#undef SYS
}

/* Virtual functions sit on bus numbers that no bridge has. */
static void virtual_functions_hang_beside_their_physical_one(void **state)
{
	char *root = tmproot_new();

	(void)state;
	unpack(root,
	       "# bridge: 0000:00:01.0 secondary=01 subordinate=02\n"
	       "# device: 0000:02:00.0 physfn=0000:01:00.0\n" BRIDGE("0", "0000:00:01.0")
		       CARD("1", "0000:01:00.0") ROW("2", "0000:02:00.0", "0200", "8086:1520"));
	assert_true(tmproot_has(root, "/sys/devices/pci0000:00/0000:00:01.0/0000:02:00.0"));
	tmproot_remove(root);
}

static void bad_notes_are_refused(void **state)
{
	static const char *const notes[] = {
		"# device: 0000:00:01.0",
		"# device: nowhere node=1",
		"# device: 0000:00:01.0 node=x",
		"# device: 0000:00:01.0 node=",
		"# device: 0000:00:01.0 other=1",
		"# device: 0000:00:01.0 node",
		"# device: 0000:00:01.0 vga=2",
		"# device: 0000:00:01.0 override=../../x",
		"# device: 0000:00:01.0 config=4097",
		"# device: 0000:00:01.0 reset=a/b",
		"# device: 0000:00:01.0 link=16GT/s,x4",
		"# device: 0000:00:01.0 sriov=7",
		"# device: 0000:00:01.0 header=200",
		"# device: 0000:00:01.0 bar=xyz",
		"# device: 0000:00:01.0 physfn=x",
		"# device: 0000:00:01.0 multifunction=2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		char *root = tmproot_new();
		struct err err = ERR_INIT;

		if (recording_unpack(notes[i], strlen(notes[i]), root, &err) >= 0)
			fail_msg("\"%s\" is taken", notes[i]);
		assert_non_null(strstr(err.text, "line 1"));
		tmproot_remove(root);
	}
}

static void bytes_in_hexadecimal(void **state)
{
	static const char text[] = "hex /efivar 0600\n|060000\n|0001\n"
				   "hex /odd\n|414\n"
				   "hex /bad\n|41zz42\n"
				   "file /after\n|x\n";
	char *root = tmproot_new();
	auto_str struct str got = STR_INIT;

	(void)state;
	unpack(root, text);
	assert_true(tmproot_get(root, "/efivar", &got));
	assert_int_equal(got.len, 5);
	assert_memory_equal(got.data, "\x06\0\0\0\x01", 5);
	assert_int_equal(mode_of(root, "/efivar"), 0600);
	assert_file(root, "/odd", "A");
	assert_file(root, "/bad", "A");
	assert_file(root, "/after", "x\n");
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_come_out_byte_for_byte),
		cmocka_unit_test(a_file_may_hold_any_byte),
		cmocka_unit_test(links_and_directories),
		cmocka_unit_test(sections_come_after_the_devices),
		cmocka_unit_test(bad_lines_are_refused_and_nothing_is_written),
		cmocka_unit_test(a_nul_outside_of_files_is_refused),
		cmocka_unit_test(nothing_is_written_through_a_link),
		cmocka_unit_test(a_missing_directory_is_named),
		cmocka_unit_test(a_device_has_its_attributes_and_links),
		cmocka_unit_test(ungrouped_devices_have_no_iommu),
		cmocka_unit_test(boot_vga_is_the_named_one_or_the_first),
		cmocka_unit_test(bridges_are_inferred_as_firmware_numbers_buses),
		cmocka_unit_test(a_bridge_that_names_its_own_bus_makes_no_loop),
		cmocka_unit_test(device_notes),
		cmocka_unit_test(virtual_functions_hang_beside_their_physical_one),
		cmocka_unit_test(bad_notes_are_refused),
		cmocka_unit_test(bytes_in_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
