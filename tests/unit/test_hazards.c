/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/tmproot.h"
#include "../support/topology_text.h"
#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"
#include "machine/hazards.h"
#include "machine/option_rom.h"

static const char *const machine[] = {
	"0000:01:00.0 1 030000 10de:2484 nouveau",
	"0000:02:00.0 2 020000 8086:1521 igb",
	"0000:03:00.0 - 0c0330 1022:149c xhci_hcd",
	NULL,
};

struct fixture {
	char *root;
	struct host *host;
	struct topology *t;
	struct hazards h;
};

static void open_root(struct fixture *f)
{
	f->root = tmproot_new();
	f->t = topology_text(machine);
	assert_int_equal(host_open(f->root, &f->host, NULL), 0);
}

static void read_root(struct fixture *f)
{
	hazards_read(f->host, f->t, &f->h);
}

static void close_root(struct fixture *f)
{
	hazards_release(&f->h);
	topology_free(f->t);
	host_free(f->host);
	tmproot_remove(f->root);
}

static void nothing_readable_is_unknown(void **state)
{
	struct fixture f;

	(void)state;
	open_root(&f);
	read_root(&f);
	assert_int_equal(f.h.len, 0);
	assert_int_equal(f.h.interrupts, REMAPPING_UNKNOWN);
	assert_false(f.h.unsafe_allowed);
	close_root(&f);
}

static void regions_count_when_they_bind(void **state)
{
	struct fixture f;

	(void)state;
	open_root(&f);
	tmproot_put(f.root, "/sys/kernel/iommu_groups/1/reserved_regions",
		    "0x000000007b000000 0x000000007f7fffff direct-relaxable\n"
		    "0x00000000fee00000 0x00000000feefffff msi\n");
	tmproot_put(f.root, "/sys/kernel/iommu_groups/2/reserved_regions",
		    "0x000000007b000000 0x000000007f7fffff direct\n"
		    "0x00000000fee00000 0x00000000feefffff msi\n");
	read_root(&f);
	assert_int_equal(f.h.len, 1);
	assert_null(hazards_of(&f.h, HAZARD_RESERVED, &f.t->devices[0]));
	assert_null(hazards_of(&f.h, HAZARD_RESERVED, &f.t->devices[2]));
	assert_string_equal(hazards_of(&f.h, HAZARD_RESERVED, &f.t->devices[1])->what,
			    "0x7b000000-0x7f7fffff");
	close_root(&f);
}

static void log_lines(void **state)
{
	static const struct {
		const char *line;
		bool refused;
	} cases[] = {
		{"[   12.3] vfio-pci 0000:02:00.0: Device is ineligible for IOMMU domain attach "
		 "due to platform RMRR requirement.  Contact your platform vendor.",
		 true},
		{"4,1201,9000,-;vfio-pci 0000:02:00.0: Device is ineligible for IOMMU domain "
		 "attach due to platform RMRR requirement.",
		 true}, /* as /dev/kmsg has it */
		{"Nov 24 10:00:00 box kernel: vfio-pci 0000:02:00.0: Firmware has requested this "
		 "device have a 1:1 IOMMU mapping, rejecting configuring the device without it",
		 true},
		{"[    0.5] DMAR: RMRR base: 0x0000007b000000 end: 0x0000007f7fffff", false},
		{"[    0.5] DMAR: Setting RMRR for device 0000:02:00.0 [0x7b - 0x7f]", false},
		{"ineligible for IOMMU domain attach", false},
		{"vfio-pci 0000:09:00.0: Device is ineligible for IOMMU domain attach", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct topology *t = topology_text(machine);
		struct hazards h = {.len = 0};
		bool got;

		hazards_add_log(&h, cases[i].line);
		hazards_add_log(&h, cases[i].line);
		got = hazards_of(&h, HAZARD_REFUSED, &t->devices[1]) != NULL;
		if (got != cases[i].refused || h.len > 1)
			fail_msg("%s", cases[i].line);
		hazards_release(&h);
		topology_free(t);
	}
}

static void kept_logs_are_read(void **state)
{
	struct fixture f;

	(void)state;
	open_root(&f);
	tmproot_put(f.root, "/var/log/kern.log",
		    "a\nvfio-pci 0000:01:00.0: Device is ineligible for IOMMU domain attach due "
		    "to platform RMRR requirement\nb\n");
	read_root(&f);
	assert_non_null(hazards_of(&f.h, HAZARD_REFUSED, &f.t->devices[0]));
	assert_null(hazards_of(&f.h, HAZARD_REFUSED, &f.t->devices[1]));
	close_root(&f);
}

static void framebuffer_in_a_bar(void **state)
{
	static const struct {
		const char *iomem;
		const char *found; /* for the first device */
	} cases[] = {
		{"d0000000-dfffffff : PCI Bus 0000:01\n  d0000000-dfffffff : 0000:01:00.0\n"
		 "    d0000000-d02fffff : BOOTFB\n",
		 "BOOTFB"},
		{"    d0000000-d02fffff : efifb\n", "efifb"},
		{"    00000000-00000000 : BOOTFB\n", NULL}, /* not root */
		{"    e0000000-e02fffff : BOOTFB\n", NULL}, /* another card's */
		{"    d0000000-dfffffff : nouveau\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct hazard *h;
		struct fixture f;

		open_root(&f);
		tmproot_put(f.root, "/proc/iomem", cases[i].iomem);
		tmproot_put(f.root, "/sys/bus/pci/devices/0000:01:00.0/resource",
			    "0x00000000f6000000 0x00000000f6ffffff 0x0000000000040200\n"
			    "0x00000000d0000000 0x00000000dfffffff 0x000000000014220c\n"
			    "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
		read_root(&f);
		h = hazards_of(&f.h, HAZARD_FRAMEBUFFER, &f.t->devices[0]);
		assert_null(hazards_of(&f.h, HAZARD_FRAMEBUFFER, &f.t->devices[1]));
		if (cases[i].found)
			assert_string_equal(h ? h->what : "none", cases[i].found);
		else
			assert_null(h);
		close_root(&f);
	}
}

static void interrupt_remapping(void **state)
{
	static const struct {
		const char *interrupts;
		enum remapping expect;
	} cases[] = {
		{"  0:  36  IR-IO-APIC    2-edge      timer\n 24:  0  DMAR-MSI  0-edge  dmar0\n",
		 REMAPPING_ON},
		{"  0:  36   IO-APIC    2-edge      timer\n 25:  0  PCI-MSI 1024-edge  nvme\n",
		 REMAPPING_OFF},
		{" 11:  36  GICv3  30 Level     arch_timer\n", REMAPPING_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;

		open_root(&f);
		tmproot_put(f.root, "/proc/interrupts", cases[i].interrupts);
		tmproot_put(f.root,
			    "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
			    i ? "Y\n" : "N\n");
		read_root(&f);
		assert_int_equal(f.h.interrupts, cases[i].expect);
		assert_int_equal(f.h.unsafe_allowed, i > 0);
		close_root(&f);
	}
}

/* --- ROM images ---------------------------------------------------------------------- */

/* Appends an image of two blocks: of that code type, the last one or not. */
static void add_image(struct str *rom, unsigned char type, bool last)
{
	unsigned char image[1024] = {0x55, 0xaa};

	image[0x18] = 0x40;
	memcpy(image + 0x40, "PCIR", 4);
	image[0x50] = 2;
	image[0x54] = type;
	image[0x55] = last ? 0x80 : 0;
	str_add(rom, (const char *)image, sizeof(image));
}

static void rom_images(void **state)
{
	static const struct {
		const char *types; /* 'b'ios, 'u'efi, 'h'eader of a dump, 'x': rubbish */
		bool bios, uefi;
	} cases[] = {
		{"b", true, false},  {"bu", true, true},  {"u", false, true}, {"hb", true, false},
		{"hbu", true, true}, {"x", false, false}, {"", false, false}, {"bx", true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str rom = STR_INIT;
		struct option_rom found;
		const char *types = cases[i].types;

		for (const char *t = types; *t; t++)
			if (*t == 'h' || *t == 'x')
				str_adds(&rom, *t == 'h' ? "NVGI and 19 bytes more" : "Uncertain");
			else
				add_image(&rom, *t == 'u' ? 3 : 0, !t[1]);
		found = option_rom_parse(rom.data, rom.len);
		if (found.bios != cases[i].bios || found.uefi != cases[i].uefi)
			fail_msg("%s: %d %d", types, found.bios, found.uefi);
		/* cut anywhere it is read without a fault */
		for (size_t n = 0; n < rom.len; n += 7) {
			auto_free char *cut = xstrndup("", 0);

			cut = xrealloc(cut, n + 1, 1);
			memcpy(cut, rom.data, n);
			found = option_rom_parse(cut, n);
			assert_false(found.uefi && !cases[i].uefi);
		}
	}
}

static void rom_of_another_root(void **state)
{
	auto_str struct str rom = STR_INIT;
	struct fixture f = {.root = NULL};

	(void)state;
	open_root(&f);
	add_image(&rom, 0, true);
	tmproot_put_bytes(f.root, "/sys/bus/pci/devices/0000:01:00.0/rom", rom.data, rom.len);
	tmproot_put_bytes(f.root, "/sys/bus/pci/devices/0000:02:00.0/rom", rom.data, rom.len);
	read_root(&f);
	assert_non_null(hazards_of(&f.h, HAZARD_ROM_NO_UEFI, &f.t->devices[0]));
	assert_null(hazards_of(&f.h, HAZARD_ROM_UEFI, &f.t->devices[0]));
	/* a network card's ROM says nothing about a screen */
	assert_null(hazards_of(&f.h, HAZARD_ROM_NO_UEFI, &f.t->devices[1]));
	close_root(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rom_images),
		cmocka_unit_test(rom_of_another_root),
		cmocka_unit_test(nothing_readable_is_unknown),
		cmocka_unit_test(regions_count_when_they_bind),
		cmocka_unit_test(log_lines),
		cmocka_unit_test(kept_logs_are_read),
		cmocka_unit_test(framebuffer_in_a_bar),
		cmocka_unit_test(interrupt_remapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
