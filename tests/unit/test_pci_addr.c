/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "machine/pci_addr.h"

static void addresses(void **state)
{
	static const struct {
		const char *text;
		const char *full; /* NULL: refused */
		const char *brief;
	} cases[] = {
		{"0000:01:00.0", "0000:01:00.0", "01:00.0"},
		{"01:00.0", "0000:01:00.0", "01:00.0"},
		{"ff:1f.7", "0000:ff:1f.7", "ff:1f.7"},
		{"0B:1F.1", "0000:0b:1f.1", "0b:1f.1"},
		{"0001:01:00.0", "0001:01:00.0", "0001:01:00.0"},
		{"10000:e1:00.0", "10000:e1:00.0", "10000:e1:00.0"},
		{"ffffffff:ff:1f.7", "ffffffff:ff:1f.7", "ffffffff:ff:1f.7"},
		{"", NULL, NULL},
		{"01:00", NULL, NULL},
		{"01:00.", NULL, NULL},
		{"01:00.8", NULL, NULL},
		{"01:00.a", NULL, NULL},
		{"01:00.00", NULL, NULL},
		{"01:20.0", NULL, NULL},
		{"1:00.0", NULL, NULL},
		{"01:0.0", NULL, NULL},
		{"001:00.0", NULL, NULL},
		{"000:01:00.0", NULL, NULL},
		{"100000000:01:00.0", NULL, NULL},
		{":01:00.0", NULL, NULL},
		{"0000:0000:01:00.0", NULL, NULL},
		{"0000:01:00:0", NULL, NULL},
		{" 01:00.0", NULL, NULL},
		{"01:00.0 ", NULL, NULL},
		{"01:00.0\n", NULL, NULL},
		{"+1:00.0", NULL, NULL},
		{"0x:00.0", NULL, NULL},
		{"group:15", NULL, NULL},
		{"0000", NULL, NULL},
		{"0000:", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pci_addr a = {.bus = 0x77};
		char buf[PCI_ADDR_TEXT];
		bool ok = pci_addr_parse(cases[i].text, &a);

		if (ok != !!cases[i].full)
			fail_msg("\"%s\" is %s", cases[i].text, ok ? "taken" : "refused");
		if (!ok) {
			assert_int_equal(a.bus, 0x77); /* untouched */
			continue;
		}
		assert_string_equal(pci_addr_format(&a, buf), cases[i].full);
		assert_string_equal(pci_addr_format_short(&a, buf), cases[i].brief);
	}
}

static void slots(void **state)
{
	struct pci_addr a;

	(void)state;
	assert_true(pci_addr_parse_slot("01:1f", &a));
	assert_int_equal(a.bus, 1);
	assert_int_equal(a.slot, 0x1f);
	assert_int_equal(a.function, 0);
	assert_true(pci_addr_parse_slot("10000:e1:00", &a));
	assert_int_equal(a.domain, 0x10000);
	assert_false(pci_addr_parse_slot("01:00.0", &a));
	assert_false(pci_addr_parse_slot("01:20", &a));
	assert_false(pci_addr_parse_slot("01", &a));
	assert_false(pci_addr_parse_slot("", &a));
}

static void order(void **state)
{
	static const char *const sorted[] = {
		"0000:00:00.0", "0000:00:00.1", "0000:00:01.0",  "0000:01:00.0",
		"0001:00:00.0", "ffff:ff:1f.7", "10000:00:00.0",
	};
	const size_t n = sizeof(sorted) / sizeof(sorted[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			struct pci_addr a, b;
			int r;

			assert_true(pci_addr_parse(sorted[i], &a) && pci_addr_parse(sorted[j], &b));
			r = pci_addr_compare(&a, &b);
			assert_int_equal((r > 0) - (r < 0), (i > j) - (i < j));
			assert_int_equal(pci_addr_same_slot(&a, &b), i == j || i + j == 1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(slots),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
