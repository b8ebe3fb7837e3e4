/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../support/tmproot.h"
#include "base/macros.h"
#include "machine/pci_names.h"

#define IDS "tests/data/pci.ids" /* tests run at the top of the repository */

static void assert_name(const char *got, const char *expect)
{
	if (!expect)
		assert_null(got);
	else if (!got)
		fail_msg("no name instead of \"%s\"", expect);
	else
		assert_string_equal(got, expect);
}

static void devices_of_the_list(void **state)
{
	static const struct {
		uint16_t vendor, device;
		const char *vendor_name, *device_name;
	} cases[] = {
		{0x10de, 0x2484, "NVIDIA Corporation", "GA104 [GeForce RTX 3070]"},
		{0x10de, 0x228b, "NVIDIA Corporation", "GA104 High Definition Audio Controller"},
		{0x10de, 0xffff, "NVIDIA Corporation", "last of its vendor"},
		{0x10de, 0x1462, "NVIDIA Corporation", NULL}, /* a subsystem of another's device */
		{0x10de, 0x10d3, "NVIDIA Corporation", NULL}, /* another vendor's device */
		{0x144d, 0xa808, "Samsung Electronics Co Ltd", NULL},
		{0x8086, 0x10d3, "Intel Corporation", "82574L Gigabit Network Connection"},
		{0x1022, 0x149c, "Advanced Micro Devices, Inc. [AMD]",
		 "Matisse USB 3.0 Host Controller"},
		{0x1234, 0x1111, NULL, NULL}, /* a line without a name */
		{0x1000, 0x0000, NULL, NULL},
		{0x0003, 0x0000, NULL, NULL}, /* class 03 is no vendor */
		{0xffff, 0xffff, NULL, NULL},
	};
	struct pci_names *n = pci_names_new(IDS);

	(void)state;
	for (int again = 0; again < 2; again++) /* the second time from the cache */
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			assert_name(pci_names_vendor(n, cases[i].vendor), cases[i].vendor_name);
			assert_name(pci_names_device(n, cases[i].vendor, cases[i].device),
				    cases[i].device_name);
		}
	assert_name(pci_names_subsystem_vendor(n, 0x1462),
		    "Micro-Star International Co., Ltd. [MSI]");
	assert_ptr_equal(pci_names_vendor(n, 0x10de), pci_names_vendor(n, 0x10de));
	pci_names_free(n);
}

static void classes(void **state)
{
	static const struct {
		uint32_t class_code;
		const char *expect;
	} cases[] = {
		{0x030000, "VGA compatible controller"},
		{0x030001, "VGA compatible controller"},
		{0x030200, "3D controller"},
		{0x038000, "Display controller"},
		{0x0c0330, "USB controller"},
		{0x020000, "Ethernet controller"},
		{0x7f0000, "Unknown class"},
		{0x000000, "Unknown class"},
	};
	struct pci_names *n = pci_names_new(IDS);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_name(pci_names_class(n, cases[i].class_code), cases[i].expect);
	pci_names_free(n);
}

/* A list that is missing, empty, a directory or junk gives no names and breaks nothing. */
static void bad_lists(void **state)
{
	static const char junk[] = "10de  \0NV\n\t2484\xff\xfe x\n\n\t\n\t\t\nC\nC 03\n\t00\n10de\n"
				   "8086  no newline at the end\n\t10d3";
	char *root = tmproot_new();
	auto_free char *bad = tmproot_path(root, "/junk");
	auto_free char *empty = tmproot_path(root, "/empty");
	const char *const files[] = {bad, empty, root, "/nonexistent/pci.ids"};

	(void)state;
	tmproot_put_bytes(root, "/junk", junk, sizeof(junk) - 1);
	tmproot_put(root, "/empty", "");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct pci_names *n = pci_names_new(files[i]);

		assert_null(pci_names_device(n, 0x10de, 0x2484));
		assert_null(pci_names_device(n, 0x8086, 0x10d3));
		assert_string_equal(pci_names_class(n, 0x030000), "Unknown class");
		assert_name(pci_names_vendor(n, 0x8086), i ? NULL : "no newline at the end");
		pci_names_free(n);
	}
	tmproot_remove(root);
}

/* Without a list given: whatever this machine has must know the vendors that all lists have. */
static void names_of_this_machine(void **state)
{
	struct pci_names *n = pci_names_new(NULL);
	const char *nvidia = pci_names_vendor(n, 0x10de);

	(void)state;
	if (!nvidia)
		print_message("SKIPPED: no hwdb.bin and no pci.ids on this machine\n");
	else
		assert_string_equal(nvidia, "NVIDIA Corporation");
	if (nvidia) {
		assert_string_equal(pci_names_device(n, 0x10de, 0x1b80),
				    "GP104 [GeForce GTX 1080]");
		assert_string_equal(pci_names_class(n, 0x030000), "VGA compatible controller");
		assert_string_equal(pci_names_class(n, 0x0300ff), "VGA compatible controller");
		assert_null(pci_names_device(n, 0x10de, 0xfffe));
	}
	pci_names_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_of_the_list),
		cmocka_unit_test(classes),
		cmocka_unit_test(bad_lists),
		cmocka_unit_test(names_of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
