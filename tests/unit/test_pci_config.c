/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "machine/pci_config.h"

/* A configuration space under construction; chain() and chain_extended() link capabilities. */
struct fixture {
	unsigned char bytes[4096];
	unsigned last, last_extended;
};

static void put16(struct fixture *f, unsigned at, unsigned value)
{
	f->bytes[at] = (unsigned char)value;
	f->bytes[at + 1] = (unsigned char)(value >> 8);
}

static void put32(struct fixture *f, unsigned at, uint32_t value)
{
	put16(f, at, value & 0xffff);
	put16(f, at + 2, value >> 16);
}

static void init(struct fixture *f, unsigned header_type)
{
	memset(f, 0, sizeof(*f));
	put16(f, 0x00, 0x8086);
	put16(f, 0x02, 0x1234);
	f->bytes[0x08] = 0xa1;
	f->bytes[0x0e] = (unsigned char)header_type;
	f->last = (header_type & 0x7f) == 2 ? 0x14 : 0x34;
}

static void chain(struct fixture *f, unsigned at, unsigned id)
{
	f->bytes[0x06] = 0x10;
	f->bytes[f->last] = (unsigned char)at;
	f->bytes[at] = (unsigned char)id;
	f->last = at + 1;
}

static void chain_extended(struct fixture *f, unsigned at, unsigned id)
{
	if (f->last_extended) {
		f->bytes[f->last_extended + 2] |= (unsigned char)(at << 4 & 0xf0);
		f->bytes[f->last_extended + 3] = (unsigned char)(at >> 4);
	}
	put32(f, at, id | 1U << 16);
	f->last_extended = at;
}

static void express(struct fixture *f, unsigned at, enum pcie_type type)
{
	chain(f, at, 0x10);
	put16(f, at + 2, 2U | (unsigned)type << 4);
	put32(f, at + 4, 1U << 28);
	put32(f, at + 0x0c, 4 | 16U << 4);
	put16(f, at + 0x12, 1 | 8U << 4);
}

static struct pci_caps read_caps(const struct fixture *f, size_t len)
{
	struct pci_caps caps;

	pci_config_read(f->bytes, len, 0x8086, 0x1234, &caps, NULL);
	return caps;
}

static void header_only(void **state)
{
	struct fixture f;
	struct pci_caps caps;
	struct pci_ids_in_config ids;

	(void)state;
	init(&f, 0x80);
	put16(&f, 0x2c, 0x1462);
	put16(&f, 0x2e, 0x3905);
	express(&f, 0x40, PCIE_ENDPOINT);
	pci_config_read(f.bytes, 64, 0x8086, 0x1234, &caps, &ids);
	assert_true(caps.header_known);
	assert_false(caps.basic_known);
	assert_false(caps.extended_known);
	assert_true(caps.multifunction);
	assert_int_equal(caps.header_type, 0);
	assert_int_equal(caps.pcie_type, PCIE_NONE);
	assert_false(caps.flr);
	assert_int_equal(ids.revision, 0xa1);
	assert_int_equal(ids.subvendor, 0x1462);
	assert_int_equal(ids.subdevice, 0x3905);
}

static void too_short_or_all_ones(void **state)
{
	unsigned char ones[4096];
	struct pci_caps caps;
	struct pci_ids_in_config ids;
	static const size_t lengths[] = {0, 1, 63, 64, 256, 4096};

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		pci_config_read(ones, lengths[i], 0x8086, 0x1234, &caps, &ids);
		assert_false(caps.header_known || caps.basic_known || caps.extended_known);
		assert_int_equal(caps.pcie_type, PCIE_NONE);
		assert_int_equal(ids.revision, 0);
	}
}

/* The vendor word of a virtual function reads ffff; the rest is real. */
static void virtual_function(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	put32(&f, 0, 0xffffffff);
	express(&f, 0x40, PCIE_ENDPOINT);
	assert_true(read_caps(&f, 4096).header_known);
	assert_true(read_caps(&f, 4096).flr);
}

static void express_registers(void **state)
{
	struct fixture f;
	struct pci_caps caps;

	(void)state;
	init(&f, 0);
	chain(&f, 0xc8, 0x05); /* MSI, of no interest, stands first */
	express(&f, 0x60, PCIE_LEGACY_ENDPOINT);
	caps = read_caps(&f, 256);
	assert_true(caps.basic_known);
	assert_false(caps.extended_known); /* there is more, but it was not readable */
	assert_int_equal(caps.pcie_type, PCIE_LEGACY_ENDPOINT);
	assert_true(caps.flr);
	assert_int_equal(caps.link_speed_max, 4);
	assert_int_equal(caps.link_width_max, 16);
	assert_int_equal(caps.link_speed, 1);
	assert_int_equal(caps.link_width, 8);
	assert_true(read_caps(&f, 4096).extended_known);
}

static void reserved_express_type(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	express(&f, 0x60, (enum pcie_type)0xd);
	assert_int_equal(read_caps(&f, 4096).pcie_type, PCIE_NONE);
	assert_false(read_caps(&f, 256).extended_known); /* not conventional for all that */
}

static void conventional(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	chain(&f, 0x50, 0x01);
	assert_true(read_caps(&f, 256).extended_known); /* nothing is hidden */
	assert_int_equal(read_caps(&f, 256).pcie_type, PCIE_NONE);
}

static void advanced_features(void **state)
{
	static const struct {
		unsigned caps;
		bool expect;
	} cases[] = {{0, false}, {1, false}, {2, false}, {3, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		init(&f, 0);
		chain(&f, 0x98, 0x13);
		f.bytes[0x9a] = 6;
		f.bytes[0x9b] = (unsigned char)cases[i].caps;
		assert_int_equal(read_caps(&f, 256).af_flr, cases[i].expect);
		assert_false(read_caps(&f, 256).flr);
	}
}

/* The list is off when the status bit is, whatever the pointer says. */
static void list_bit(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	express(&f, 0x60, PCIE_ENDPOINT);
	f.bytes[0x06] = 0;
	assert_int_equal(read_caps(&f, 256).pcie_type, PCIE_NONE);
}

static void bridge(void **state)
{
	struct fixture f;
	struct pci_caps caps;
	struct pci_ids_in_config ids;

	(void)state;
	init(&f, 1);
	f.bytes[0x18] = 0;
	f.bytes[0x19] = 3;
	f.bytes[0x1a] = 9;
	put16(&f, 0x2c, 0xdead); /* prefetchable limit, not a subsystem */
	chain(&f, 0x90, 0x0d);
	put16(&f, 0x94, 0x1043);
	put16(&f, 0x96, 0x8694);
	pci_config_read(f.bytes, 256, 0x1022, 0x1483, &caps, &ids);
	assert_int_equal(caps.header_type, 1);
	assert_int_equal(caps.secondary, 3);
	assert_int_equal(caps.subordinate, 9);
	assert_int_equal(ids.subvendor, 0x1043);
	assert_int_equal(ids.subdevice, 0x8694);
	pci_config_read(f.bytes, 64, 0x1022, 0x1483, &caps, &ids);
	assert_int_equal(ids.subvendor, 0);
}

static void cardbus(void **state)
{
	struct fixture f;
	struct pci_caps caps;
	struct pci_ids_in_config ids;

	(void)state;
	init(&f, 2);
	f.bytes[0x19] = 4;
	f.bytes[0x1a] = 7;
	put16(&f, 0x40, 0x104d);
	put16(&f, 0x42, 0x8100);
	f.bytes[0x34] = 0x60; /* the list of other header types */
	chain(&f, 0xa0, 0x13);
	f.bytes[0xa3] = 3;
	pci_config_read(f.bytes, 256, 0x104c, 0xac56, &caps, &ids);
	assert_int_equal(caps.header_type, 2);
	assert_int_equal(caps.secondary, 4);
	assert_int_equal(caps.subordinate, 7);
	assert_int_equal(ids.subvendor, 0x104d);
	assert_int_equal(ids.subdevice, 0x8100);
	assert_true(caps.af_flr);
}

static void acs_and_sriov(void **state)
{
	struct fixture f;
	struct pci_caps caps;

	(void)state;
	init(&f, 0);
	express(&f, 0x40, PCIE_ENDPOINT);
	chain_extended(&f, 0x100, 0x01);
	chain_extended(&f, 0x150, 0x10);
	put16(&f, 0x150 + 0x0c, 64);
	put16(&f, 0x150 + 0x0e, 63);
	put16(&f, 0x150 + 0x10, 4);
	chain_extended(&f, 0xff4, 0x0d); /* its registers end with the space */
	put16(&f, 0xff8, 0x5f);
	put16(&f, 0xffa, 0x1d);
	caps = read_caps(&f, 4096);
	assert_true(caps.extended_known);
	assert_true(caps.acs);
	assert_int_equal(caps.acs_cap, 0x5f);
	assert_int_equal(caps.acs_ctl, 0x1d);
	assert_int_equal(caps.sriov_total, 63);
	assert_int_equal(caps.sriov_enabled, 4);
	caps = read_caps(&f, 256);
	assert_false(caps.acs);
	assert_false(caps.extended_known);
}

/* Extended space that reads as ones is out of reach, not empty. */
static void extended_unreadable(void **state)
{
	struct fixture f;

	(void)state;
	init(&f, 0);
	express(&f, 0x40, PCIE_ENDPOINT);
	assert_true(read_caps(&f, 4096).extended_known); /* zeros: no extended capabilities */
	assert_false(read_caps(&f, 4096).acs);
	memset(f.bytes + 256, 0xff, 4096 - 256);
	assert_false(read_caps(&f, 4096).extended_known);
	assert_true(read_caps(&f, 4096).basic_known);
}

/* Two 32-bit registers on Intel's Sunrise Point root ports; +6 is half of the capability. */
static void shifted_acs(void **state)
{
	static const struct {
		uint16_t vendor, device;
		enum pcie_type type;
		bool shifted;
	} cases[] = {
		{0x8086, 0xa110, PCIE_ROOT_PORT, true},  {0x8086, 0xa11f, PCIE_ROOT_PORT, true},
		{0x8086, 0xa167, PCIE_ROOT_PORT, true},  {0x8086, 0xa16a, PCIE_ROOT_PORT, true},
		{0x8086, 0xa29f, PCIE_ROOT_PORT, true},  {0x8086, 0xa2e7, PCIE_ROOT_PORT, true},
		{0x8086, 0x9d10, PCIE_ROOT_PORT, true},  {0x8086, 0x9d1b, PCIE_ROOT_PORT, true},
		{0x8086, 0x9d1c, PCIE_ROOT_PORT, false}, {0x8086, 0xa120, PCIE_ROOT_PORT, false},
		{0x8086, 0xa110, PCIE_ENDPOINT, false},  {0x1022, 0xa110, PCIE_ROOT_PORT, false},
		{0x8086, 0x7a38, PCIE_ROOT_PORT, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;
		struct pci_caps caps;

		init(&f, 1);
		express(&f, 0x40, cases[i].type);
		chain_extended(&f, 0x100, 0x0d);
		put32(&f, 0x104, 0x0000001f);
		put16(&f, 0x106, 0x0011);
		put32(&f, 0x108, 0x0000001d);
		pci_config_read(f.bytes, 4096, cases[i].vendor, cases[i].device, &caps, NULL);
		assert_int_equal(caps.acs_cap, 0x1f);
		assert_int_equal(caps.acs_ctl, cases[i].shifted ? 0x1d : 0x11);
	}
}

/* Lists that lead back, to the header, or to themselves, end; what was found stays. */
static void loops(void **state)
{
	static const unsigned char back[] = {0x40, 0x43, 0x60, 0x00, 0x10, 0x34, 0xfc, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(back); i++) {
		struct fixture f;

		init(&f, 0);
		express(&f, 0x40, PCIE_ENDPOINT);
		chain(&f, 0x80, 0x05);
		f.bytes[0x81] = back[i];
		assert_int_equal(read_caps(&f, 256).pcie_type, PCIE_ENDPOINT);
	}
	for (unsigned next = 0; next < 0x1000; next += 0x33) {
		struct fixture f;

		init(&f, 0);
		express(&f, 0x40, PCIE_ENDPOINT);
		chain_extended(&f, 0x100, 0x0d);
		put16(&f, 0x104, 0x1f);
		put16(&f, 0x106, 0x1d);
		chain_extended(&f, 0x140, 0x01);
		put32(&f, 0x140, 0x01 | 1U << 16 | next << 20);
		assert_true(read_caps(&f, 4096).acs);
	}
}

/* A capability that begins at the very end of what was read does not read past it. */
static void cut_short(void **state)
{
	(void)state;
	for (size_t len = 64; len <= 4096; len = len < 300 ? len + 1 : len + 61) {
		unsigned char copy[4096];
		struct fixture f;
		struct pci_caps caps;

		init(&f, 0);
		express(&f, 0xfc, PCIE_ENDPOINT);
		chain_extended(&f, 0x100, 0x10);
		chain_extended(&f, 0xffc, 0x0d);
		memcpy(copy + sizeof(copy) - len, f.bytes, len);
		pci_config_read(copy + sizeof(copy) - len, len, 0x8086, 0x1234, &caps, NULL);
		assert_true(caps.header_known);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_only),
		cmocka_unit_test(too_short_or_all_ones),
		cmocka_unit_test(virtual_function),
		cmocka_unit_test(express_registers),
		cmocka_unit_test(reserved_express_type),
		cmocka_unit_test(conventional),
		cmocka_unit_test(advanced_features),
		cmocka_unit_test(list_bit),
		cmocka_unit_test(bridge),
		cmocka_unit_test(cardbus),
		cmocka_unit_test(acs_and_sriov),
		cmocka_unit_test(extended_unreadable),
		cmocka_unit_test(shifted_acs),
		cmocka_unit_test(loops),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
