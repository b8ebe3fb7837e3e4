/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's table of devices that configuration space tells nothing of: each id counts where the
 * kernel looks at it, and neighbours do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "advice/acs_quirks.h"
#include "advice/isolation.h"
#include "base/macros.h"

/* A second function of an endpoint, without ACS: it fails unless a quirk says otherwise. */
static struct device function(uint16_t vendor, uint16_t id, enum pcie_type type)
{
	return (struct device){
		.addr = {.bus = 3, .function = 1},
		.vendor = vendor,
		.id = id,
		.parent = 0,
		.requester = NO_PARENT,
		.caps = {.header_known = true,
			 .basic_known = true,
			 .extended_known = true,
			 .multifunction = true,
			 .pcie_type = type},
	};
}

static bool passes(uint16_t vendor, uint16_t id, enum pcie_type type)
{
	const struct device d = function(vendor, id, type);

	return acs_verdict(&d, NULL) == ACS_PASS;
}

/* One by one, as the kernel lists them; ended by 0. */
static const struct {
	uint16_t vendor;
	uint16_t ids[40];
} endpoints[] = {
	{0x1924, {0x0903, 0x0923, 0x0a03}},
	{0x8086, {0x10c6, 0x10db, 0x10dd, 0x10e1, 0x10f1, 0x10f7, 0x10f8, 0x10f9, 0x10fa, 0x10fb,
		  0x10fc, 0x1507, 0x1514, 0x151c, 0x1529, 0x152a, 0x154d, 0x154f, 0x1551, 0x1558}},
	{0x8086, {0x1509, 0x150e, 0x150f, 0x1510, 0x1511, 0x1516, 0x1527, 0x10c9, 0x10e6, 0x10e7,
		  0x10e8, 0x150a, 0x150d, 0x1518, 0x1526, 0x10a7, 0x10a9, 0x10d6, 0x1521, 0x1522,
		  0x1523, 0x1524, 0x105e, 0x105f, 0x1060, 0x10d9, 0x15b7, 0x15b8}},
	{0x19a2, {0x0710}},
	{0x10df, {0x0720}},
	{0x177d, {0xa026, 0xa059, 0xa060}},
	{0x14e4, {0x16d7, 0x1750, 0x1751, 0x1752, 0x1760, 0x1761, 0x1762, 0x1763}},
	{0x1d17, {0x3038, 0x3104, 0x9083}},
	{0x8088,
	 {0x0100, 0x0101, 0x010f, 0x1001, 0x2001, 0x5010, 0x5025, 0x5040, 0x5110, 0x5125, 0x5140}},
};

static const struct {
	uint16_t vendor;
	uint16_t ids[40];
} root_ports[] = {
	{0x17cb, {0x0400, 0x0401, 0x0115}},
	{0x1dbf, {0x0401}},
	{0x8086,
	 {0x3b42, 0x3b51, 0x1c10, 0x1c1f, 0x1e10, 0x1e1f, 0x8c10, 0x8c1f, 0x9c10, 0x9c1b, 0x9c90,
	  0x9c9b, 0x1d10, 0x1d12, 0x1d1e, 0x8d10, 0x8d11, 0x8d1e, 0x8c90, 0x8c92, 0x8c9e}},
	{0x177d, {0xa000, 0xa100, 0xa7ff, 0xaf84, 0xb884}},
	{0x10e8, {0xe004}},
	{0x1def, {0xe005, 0xe006, 0xe00b, 0xe00c}},
	{0x14e4, {0xd714}},
	{0x0014, {0x3c09, 0x3c19, 0x3c29, 0x7a09, 0x7a19, 0x7a29, 0x7a39, 0x7a49, 0x7a59, 0x7a69}},
	{0x1c36, {0x0031}},
	{0x1957, {0x8d81, 0x8da1, 0x8d83, 0x8d80, 0x8da0, 0x8d82, 0x8d90, 0x8db0,
		  0x8d92, 0x8d91, 0x8db1, 0x8d93, 0x8d89, 0x8da9, 0x8d8b, 0x8d88,
		  0x8da8, 0x8d8a, 0x8d98, 0x8db8, 0x8d9a, 0x8d99, 0x8db9, 0x8d9b}},
	{0x1d17, {0x0710, 0x071e, 0x0721, 0x0723, 0x0752}},
};

static const struct {
	uint16_t vendor, id;
	enum pcie_type type;
} failing[] = {
	{0x8086, 0x10fd, PCIE_ENDPOINT},  {0x8086, 0x1525, PCIE_ENDPOINT},
	{0x8086, 0x10bc, PCIE_ENDPOINT}, /* the quad 82571: its switch lacks ACS */
	{0x8086, 0x8c10, PCIE_ENDPOINT}, /* right number, but no root port */
	{0x8086, 0x1d11, PCIE_ROOT_PORT}, {0x8086, 0x8c91, PCIE_ROOT_PORT},
	{0x8086, 0xa110, PCIE_ROOT_PORT}, /* isolates by its shifted registers alone */
	{0x14e4, 0x1753, PCIE_ENDPOINT},  {0x1d17, 0x0720, PCIE_ROOT_PORT},
	{0x1d17, 0x0710, PCIE_ENDPOINT},  {0x177d, 0xa000, PCIE_ENDPOINT},
	{0x177d, 0xa05a, PCIE_ENDPOINT},  {0x0014, 0x7a0a, PCIE_ROOT_PORT},
	{0x1c36, 0x0031, PCIE_ENDPOINT},  {0x1957, 0x8da2, PCIE_ROOT_PORT},
	{0x8088, 0x1000, PCIE_ENDPOINT},  {0x10de, 0x2484, PCIE_ENDPOINT},
	{0x1022, 0x7809, PCIE_NONE}, /* not on the root bus */
};

static void test_ids(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		for (size_t k = 0; endpoints[i].ids[k]; k++, n++)
			if (!passes(endpoints[i].vendor, endpoints[i].ids[k], PCIE_ENDPOINT))
				fail_msg("%04x:%04x", endpoints[i].vendor, endpoints[i].ids[k]);
	for (size_t i = 0; i < ARRAY_SIZE(root_ports); i++)
		for (size_t k = 0; root_ports[i].ids[k]; k++, n++)
			if (!passes(root_ports[i].vendor, root_ports[i].ids[k], PCIE_ROOT_PORT))
				fail_msg("%04x:%04x", root_ports[i].vendor, root_ports[i].ids[k]);
	for (size_t i = 0; i < ARRAY_SIZE(failing); i++, n++)
		if (passes(failing[i].vendor, failing[i].id, failing[i].type))
			fail_msg("%04x:%04x passes", failing[i].vendor, failing[i].id);
	print_message("measured: %zu ids of the kernel's table\n", n);
}

/* AMD's southbridges are conventional devices of the root bus; each counts with several functions only. */
static void test_southbridges(void **state)
{
	static const uint16_t ids[][2] = {{0x1002, 0x4385}, {0x1002, 0x439c}, {0x1002, 0x4383},
					  {0x1002, 0x439d}, {0x1002, 0x4384}, {0x1002, 0x4399},
					  {0x1022, 0x780f}, {0x1022, 0x7809}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct device d = function(ids[i][0], ids[i][1], PCIE_NONE);

		assert_int_equal(acs_verdict(&d, NULL), ACS_FAIL_LEGACY);
		d.parent = NO_PARENT;
		assert_int_equal(acs_verdict(&d, NULL), ACS_PASS);
		d.addr.function = 0;
		d.caps.multifunction = false;
		assert_int_equal(acs_verdict(&d, NULL), ACS_FAIL_LEGACY);
	}
}

/* Intel's integrated endpoints pass, other makers' by the usual rule. */
static void test_root_complex_endpoints(void **state)
{
	(void)state;
	assert_true(passes(0x8086, 0x1234, PCIE_RC_ENDPOINT));
	assert_false(passes(0x1022, 0x1234, PCIE_RC_ENDPOINT));
	assert_false(passes(0x8086, 0x1234, PCIE_RC_EVENT_COLLECTOR));
}

/* The table is asked before the capability; what it decided no override changes. */
static void test_what_decides(void **state)
{
	const struct acs_override_set all = {.downstream = true, .multifunction = true};
	struct device d = function(0x8086, 0x8c10, PCIE_ROOT_PORT);

	(void)state;
	d.caps.acs = true;
	d.caps.acs_cap = 0x1f;
	assert_int_equal(acs_verdict(&d, NULL), ACS_PASS);
	d.id = 0x8c20;
	assert_int_equal(acs_verdict(&d, NULL), ACS_FAIL_BITS_OFF);
	d = function(0x1d17, 0x0900, PCIE_ROOT_PORT);
	assert_int_equal(acs_verdict(&d, &all), ACS_FAIL_NO_CAPABILITY);
	d = function(0x1022, 0x1453, PCIE_ROOT_PORT);
	assert_int_equal(acs_verdict(&d, &all), ACS_PASS);
}

/* What the capability offers of SV, RR, CR and UF (0x1d) must be switched on; what it doesn't is no failure. */
static void test_bits(void **state)
{
	static const struct {
		uint16_t cap, ctl;
		enum acs_verdict verdict;
	} cases[] = {
		{0x1d, 0x1d, ACS_PASS},          {0x1f, 0x1d, ACS_PASS},
		{0x7f, 0x1d, ACS_PASS},          {0x1d, 0x1c, ACS_FAIL_BITS_OFF},
		{0x1d, 0x19, ACS_FAIL_BITS_OFF}, {0x1d, 0x15, ACS_FAIL_BITS_OFF},
		{0x1d, 0x0d, ACS_FAIL_BITS_OFF}, {0x1d, 0x00, ACS_FAIL_BITS_OFF},
		{0x01, 0x01, ACS_PASS},          {0x62, 0x00, ACS_PASS},
		{0x00, 0x00, ACS_PASS},          {0x10, 0x0d, ACS_FAIL_BITS_OFF},
	};
	struct device d = function(0x1022, 0x1453, PCIE_ROOT_PORT);

	(void)state;
	d.caps.acs = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		d.caps.acs_cap = cases[i].cap;
		d.caps.acs_ctl = cases[i].ctl;
		assert_int_equal(acs_verdict(&d, NULL), cases[i].verdict);
	}
}

/* pcie_acs_override=multifunction: of an endpoint with several functions only, and never one with the capability. */
static void test_override_multifunction(void **state)
{
	const struct acs_override_set multifunction = {.multifunction = true};
	struct device d = function(0x10de, 0x2484, PCIE_ENDPOINT);

	(void)state;
	assert_int_equal(acs_verdict(&d, &multifunction), ACS_PASS);
	d.caps.acs = true;
	d.caps.acs_cap = 0x1d;
	assert_int_equal(acs_verdict(&d, &multifunction), ACS_FAIL_BITS_OFF);
	d = function(0x1022, 0x1453, PCIE_ROOT_PORT);
	assert_int_equal(acs_verdict(&d, &multifunction), ACS_FAIL_NO_CAPABILITY);
	d = function(0x1022, 0x1453, PCIE_NONE);
	assert_int_equal(acs_verdict(&d, &multifunction), ACS_FAIL_LEGACY);
}

static bool aliases(uint16_t vendor, uint16_t id, uint8_t slot, uint8_t fn, uint8_t other_slot,
		    uint8_t other_fn)
{
	struct device a = function(vendor, id, PCIE_ENDPOINT);
	struct device b = function(0x1af4, 0x1000, PCIE_ENDPOINT);

	a.addr.slot = slot;
	a.addr.function = fn;
	a.subvendor = 0x9005;
	a.subdevice = 0x02bb;
	b.addr.slot = other_slot;
	b.addr.function = other_fn;
	assert_int_equal(dma_are_aliases(&a, &b), dma_are_aliases(&b, &a));
	return dma_are_aliases(&a, &b);
}

static void test_requester_ids(void **state)
{
	struct device other_bus = function(0x1b4b, 0x9230, PCIE_ENDPOINT);
	struct device here = function(0x1b4b, 0x9230, PCIE_ENDPOINT);

	(void)state;
	assert_true(aliases(0x1180, 0xe832, 0, 3, 0, 0));
	assert_false(aliases(0x1180, 0xe832, 0, 3, 0, 1));
	assert_true(aliases(0x1b4b, 0x9230, 0, 0, 0, 1));
	assert_false(aliases(0x1b4b, 0x9230, 0, 0, 1, 1));
	assert_false(aliases(0x1b4b, 0x9231, 0, 0, 0, 1));
	assert_true(aliases(0x9005, 0x0285, 0xe, 0, 1, 0));
	assert_true(aliases(0x8086, 0x2260, 0, 0, 0x12, 3));
	assert_true(aliases(0x8086, 0x2954, 0, 0, 0x1f, 4));
	assert_false(aliases(0x8086, 0x2954, 0, 0, 0x1f, 5));
	assert_true(aliases(0x10b5, 0x87b0, 0, 0, 7, 7));
	other_bus.addr.bus = 9;
	assert_false(dma_are_aliases(&here, &other_bus));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_southbridges),
		cmocka_unit_test(test_root_complex_endpoints),
		cmocka_unit_test(test_what_decides),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_override_multifunction),
		cmocka_unit_test(test_requester_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
