/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../support/topology_text.h"
#include "advice/rules.h"
#include "base/mem.h"
#include "base/str.h"

static const struct platform good = {
	.kernel = (char *)(uintptr_t) "6.12.8",
	.cpu = CPU_AMD,
	.iommu = IOMMU_ON,
	.vfio_pci_known = true,
	.vfio_pci = MODULE_LOADABLE,
};

#define GPU "0000:0b:00.0 15 030000 10de:2484 nouveau module=nouveau"
#define GPU_AUDIO "0000:0b:00.1 15 040300 10de:228b snd_hda_intel module=snd_hda_intel"
#define HOST_GPU "0000:0c:00.0 16 030000 1002:67df amdgpu vga"

/*
 * A machine, what is selected (words of the command line), and the findings as
 * "severity code subject; ..." in their order.
 */
struct row {
	const char *name;
	const char *devices[8];
	const char *selected;
	const char *expect;
};

static const struct row rows[] = {
	{"nothing selected, nothing found", {GPU, GPU_AUDIO}, "", ""},
	{"the whole card", {GPU, GPU_AUDIO, HOST_GPU}, "0b:00", ""},
	{"half of the card's group",
	 {GPU, GPU_AUDIO, HOST_GPU},
	 "0b:00.0",
	 "block group-incomplete group:15"},
	{"the other half",
	 {GPU, GPU_AUDIO, HOST_GPU},
	 "0b:00.1",
	 "block group-incomplete group:15"},
	{"a driverless member never counts",
	 {GPU, "0000:0b:00.1 15 088000 10de:228b -", HOST_GPU},
	 "0b:00.0",
	 "note audio-left-behind 0000:0b:00.0"},
	{"a host bridge whose driver stands in the card's way goes along",
	 {GPU, "0000:0b:00.1 15 060000 1022:166d k10temp", HOST_GPU},
	 "group:15",
	 ""},
	{"and is missed where it does not",
	 {GPU, "0000:0b:00.1 15 060000 1022:166d k10temp", HOST_GPU},
	 "0b:00.0",
	 "block group-incomplete group:15"},
	{"with other bridges alone it is for no VM",
	 {GPU, "0000:00:18.0 7 060000 1022:166a -", "0000:00:18.3 7 060000 1022:166d k10temp",
	  HOST_GPU},
	 "00:18.3",
	 "block bridge-marked 0000:00:18.3"},
	{"pci-stub is viable",
	 {GPU, "0000:0d:00.0 15 020000 10ec:8168 pci-stub", HOST_GPU},
	 "0b:00.0",
	 "note group-shared group:15"},
	{"a variant of vfio-pci is viable",
	 {GPU, "0000:0d:00.0 15 020000 15b3:101e mlx5_vfio_pci", HOST_GPU},
	 "0b:00.0",
	 "note group-shared group:15"},
	{"a port on pcieport is never demanded",
	 {"0000:00:01.0 15 060400 8086:1901 pcieport bridge", GPU, GPU_AUDIO, HOST_GPU},
	 "0b:00",
	 ""},
	{"a host bridge without driver is never demanded",
	 {"0000:00:01.0 15 060000 1022:1482 -", GPU, GPU_AUDIO, HOST_GPU},
	 "0b:00",
	 ""},
	{"a bridge on another driver blocks",
	 {"0000:00:01.0 15 060400 8086:1901 shpchp bridge", GPU, GPU_AUDIO, HOST_GPU},
	 "0b:00",
	 "block group-blocked group:15"},
	{"and the bridge itself is refused",
	 {"0000:00:01.0 15 060400 8086:1901 pcieport bridge", GPU, GPU_AUDIO, HOST_GPU},
	 "00:01.0 0b:00",
	 "block bridge-marked 0000:00:01.0"},
	{"a bridge alone does not ask for its group",
	 {"0000:00:01.0 15 060400 8086:1901 pcieport bridge", GPU, GPU_AUDIO, HOST_GPU},
	 "00:01.0",
	 "block bridge-marked 0000:00:01.0"},
	{"a host bridge is a bridge to the user",
	 {"0000:00:00.0 0 060000 8086:1901 -", GPU},
	 "00:00.0",
	 "block bridge-marked 0000:00:00.0"},
	{"shared with a device the host keeps",
	 {GPU, GPU_AUDIO, "0000:02:00.0 15 010802 144d:a808 nvme", HOST_GPU},
	 "0b:00",
	 "block group-incomplete group:15; note group-shared group:15"},
	{"the whole shared group",
	 {GPU, GPU_AUDIO, "0000:02:00.0 15 010802 144d:a808 nvme", HOST_GPU},
	 "group:15",
	 ""},
	{"two groups, each with its own finding",
	 {"0000:01:00.0 1 020000 8086:1521 igb", "0000:01:00.1 1 020000 8086:1522 igb",
	  "0000:02:00.0 2 020000 8086:1523 igb", "0000:02:00.1 2 020000 8086:1524 igb"},
	 "01:00.0 02:00.1",
	 "block group-incomplete group:1; block group-incomplete group:2"},
	{"left out, it comes back to the host",
	 {"0000:0b:00.0 15 030000 10de:2484 vfio-pci module=nouveau",
	  "0000:0b:00.1 15 040300 10de:228b vfio-pci module=snd_hda_intel", HOST_GPU},
	 "0b:00.0",
	 "warn group-returns group:15; note audio-left-behind 0000:0b:00.0"},
	{"the boot display",
	 {HOST_GPU, GPU, GPU_AUDIO},
	 "0c:00.0",
	 "warn boot-vga 0000:0c:00.0; note weak-reset 0000:0c:00.0"},
	{"the boot display stays", {HOST_GPU, GPU, GPU_AUDIO}, "0b:00", ""},
	{"the only GPU",
	 {HOST_GPU},
	 "0c:00.0",
	 "warn only-gpu 0000:0c:00.0; warn boot-vga 0000:0c:00.0; "
	 "note weak-reset 0000:0c:00.0"},
	{"all GPUs",
	 {HOST_GPU, GPU, GPU_AUDIO},
	 "0b:00 0c:00.0",
	 "warn only-gpu 0000:0b:00.0; warn boot-vga 0000:0c:00.0; "
	 "note weak-reset 0000:0c:00.0"},
	{"a 3D controller shows no picture",
	 {"0000:00:02.0 0 030000 8086:3e9b i915 vga", "0000:01:00.0 1 030200 10de:1c20 nouveau"},
	 "00:02.0",
	 "warn only-gpu 0000:00:02.0; warn boot-vga 0000:00:02.0"},
	{"a virtual function shows no picture",
	 {"0000:00:02.0 0 030000 8086:3e9b i915 vga", "0000:00:02.1 1 030000 8086:3e9c - vf"},
	 "00:02.0",
	 "warn only-gpu 0000:00:02.0; warn boot-vga 0000:00:02.0"},
	{"no GPU selected on a machine without",
	 {"0000:01:00.0 1 020000 8086:1521 igb"},
	 "01:00.0",
	 ""},
	{"same ids, the twin stays",
	 {"0000:01:00.0 1 0c0330 1022:149c xhci_hcd", "0000:02:00.0 2 0c0330 1022:149c xhci_hcd"},
	 "01:00.0",
	 "warn same-id 0000:01:00.0"},
	{"same ids, the twin is driverless",
	 {"0000:01:00.0 1 0c0330 1022:149c xhci_hcd", "0000:02:00.0 2 0c0330 1022:149c -"},
	 "01:00.0",
	 "warn same-id 0000:01:00.0"},
	{"same ids, both go",
	 {"0000:01:00.0 1 0c0330 1022:149c xhci_hcd", "0000:02:00.0 2 0c0330 1022:149c xhci_hcd"},
	 "01:00.0 02:00.0",
	 ""},
	{"same vendor, other device",
	 {"0000:01:00.0 1 0c0330 1022:149c xhci_hcd", "0000:02:00.0 2 0c0330 1022:149d xhci_hcd"},
	 "01:00.0",
	 ""},
	{"no reset",
	 {"0000:01:00.0 1 0c0330 1022:149c xhci_hcd noreset"},
	 "01:00.0",
	 "warn no-reset 0000:01:00.0"},
	{"no reset, but alone below its port",
	 {"0000:00:01.0 0 060400 8086:1901 pcieport bridge secondary=01",
	  "0000:01:00.0 1 0c0330 1022:149c xhci_hcd noreset"},
	 "01:00.0",
	 ""},
	{"no reset, and the neighbour below its port stays",
	 {"0000:00:01.0 0 060400 8086:1901 pcieport bridge secondary=01",
	  "0000:01:00.0 1 0c0330 1022:149c xhci_hcd noreset",
	  "0000:01:01.0 2 0c0330 1022:149d xhci_hcd"},
	 "01:00.0",
	 "warn no-reset 0000:01:00.0"},
	{"only waking resets it",
	 {"0000:01:00.0 1 0c0330 1022:149c xhci_hcd reset=pm"},
	 "01:00.0",
	 "note weak-reset 0000:01:00.0"},
	{"only waking resets it, but its bus can be reset",
	 {"0000:00:01.0 0 060400 8086:1901 pcieport bridge secondary=01",
	  "0000:01:00.0 1 0c0330 1022:149c xhci_hcd reset=pm"},
	 "01:00.0",
	 ""},
	{"a card of AMD with a reset of its own",
	 {"0000:01:00.0 1 030000 1002:731f amdgpu reset=device_specific", HOST_GPU},
	 "01:00.0",
	 ""},
	{"a card of AMD that a bus reset leaves dead",
	 {"0000:01:00.0 1 030000 1002:731f amdgpu reset=bus", HOST_GPU},
	 "01:00.0",
	 "note weak-reset 0000:01:00.0"},
	{"a newer one that survives it",
	 {"0000:01:00.0 1 030000 1002:73bf amdgpu reset=bus", HOST_GPU},
	 "01:00.0",
	 ""},
	{"virtual functions are switched on",
	 {"0000:01:00.0 1 020000 8086:1521 igb vfs=2"},
	 "01:00.0",
	 "warn sriov-pf-with-vfs 0000:01:00.0"},
	{"sound of the card in a group of its own",
	 {GPU, "0000:0b:00.1 17 040300 10de:228b snd_hda_intel", HOST_GPU},
	 "0b:00.0",
	 "note audio-left-behind 0000:0b:00.0"},
	{"a processor's USB is not the card's",
	 {"0000:0e:00.0 15 030000 1002:1638 amdgpu", "0000:0e:00.3 17 0c0330 1022:1639 xhci_hcd",
	  HOST_GPU},
	 "0e:00.0",
	 ""},
	{"no group though the machine has some",
	 {GPU, GPU_AUDIO, "0000:0d:00.0 - 020000 10ec:8168 r8169"},
	 "0d:00.0",
	 "block no-group 0000:0d:00.0"},
	{"no groups at all: nothing to say about one",
	 {"0000:0d:00.0 - 020000 10ec:8168 r8169"},
	 "0d:00.0",
	 ""},
};

static struct selection select_words(const struct topology *t, const char *text)
{
	struct selection s = SELECTION_INIT;
	auto_strv struct strv words = STRV_INIT;

	strv_split(&words, text, " ");
	for (size_t i = 0; i < words.len; i++)
		assert_int_equal(selection_add_word(&s, t, words.items[i], NULL), 0);
	return s;
}

static char *findings_text(const struct findings *f)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < f->len; i++)
		str_addf(&out, "%s%s %s %s", i ? "; " : "", severity_name(f->items[i].severity),
			 f->items[i].code, f->items[i].subject);
	return str_take(&out);
}

static void table_of_machines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct topology *t = topology_text(rows[i].devices);
		struct selection s = select_words(t, rows[i].selected);
		const struct rules_input in = {.topology = t, .platform = &good, .selection = &s};
		auto_findings struct findings f = FINDINGS_INIT;

		rules_check(&in, &f);
		auto_free char *got = findings_text(&f);

		if (strcmp(got, rows[i].expect))
			fail_msg("%s: \"%s\"", rows[i].name, got);
		selection_release(&s);
		topology_free(t);
	}
}

static void platform_findings(void **state)
{
	static const struct {
		enum iommu_state iommu;
		bool known;
		enum module_state vfio;
		const char *expect;
	} cases[] = {
		{IOMMU_ON, true, MODULE_BUILTIN, "note vfio-builtin host"},
		{IOMMU_ON, true, MODULE_LOADABLE, ""},
		{IOMMU_ON, true, MODULE_MISSING, "block no-vfio-module host"},
		{IOMMU_ON, false, MODULE_MISSING, ""},
		{IOMMU_OFF, true, MODULE_LOADABLE, "warn iommu-off host"},
		{IOMMU_ABSENT, true, MODULE_LOADABLE, "block iommu-absent host"},
		{IOMMU_OFF, true, MODULE_MISSING, "block no-vfio-module host; warn iommu-off host"},
	};
	static const char *const none[] = {NULL};
	struct topology *t = topology_text(none);
	const struct selection empty = SELECTION_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct platform p = good;
		const struct rules_input in = {.topology = t, .platform = &p, .selection = &empty};
		auto_findings struct findings f = FINDINGS_INIT;

		p.iommu = cases[i].iommu;
		p.vfio_pci_known = cases[i].known;
		p.vfio_pci = cases[i].vfio;
		rules_check(&in, &f);
		auto_free char *got = findings_text(&f);

		assert_string_equal(got, cases[i].expect);
	}
	topology_free(t);
}

/* The plan adds intel_iommu=on, and refuses the words behind which nothing turns an IOMMU on. */
static void how_an_iommu_is_turned_on(void **state)
{
	static const struct {
		enum cpu_vendor of;
		const char *cmdline, *remedy;
	} cases[] = {
		{CPU_INTEL, "quiet", "The plan adds intel_iommu=on"},
		{CPU_INTEL, "intel_iommu=off", "The plan adds intel_iommu=on"},
		{CPU_INTEL, "iommu=off", "Take iommu=off out"},
		{CPU_AMD, "amd_iommu=off", "Take amd_iommu=off out"},
		{CPU_AMD, "quiet", "dmesg"},
		{CPU_AMD, NULL, "dmesg"},
		{CPU_OTHER, "quiet", "CONFIG_VIRTIO_IOMMU"},
	};
	static const char *const none[] = {NULL};
	struct topology *t = topology_text(none);
	const struct selection empty = SELECTION_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *cmdline = cases[i].cmdline ? xstrdup(cases[i].cmdline) : NULL;
		struct platform p = good;
		const struct rules_input in = {.topology = t, .platform = &p, .selection = &empty};
		auto_findings struct findings f = FINDINGS_INIT;

		p.iommu = IOMMU_OFF;
		p.iommu_of = cases[i].of;
		p.cmdline = cmdline;
		rules_check(&in, &f);
		assert_int_equal(f.len, 1);
		if (!strstr(f.items[0].remedy, cases[i].remedy))
			fail_msg("case %zu: %s", i, f.items[0].remedy);
	}
	topology_free(t);
}

/* What the texts must name so that a first-time user can act. */
static void texts_name_devices_and_remedies(void **state)
{
	static const char *const devices[] = {GPU,
					      GPU_AUDIO,
					      HOST_GPU,
					      "0000:0d:00.0 17 030000 10de:2484 nouveau",
					      "0000:0e:00.0 15 010802 144d:a808 nvme",
					      NULL};
	struct topology *t = topology_text(devices);
	struct selection s = select_words(t, "0b:00.0");
	const struct rules_input in = {.topology = t, .platform = &good, .selection = &s};
	auto_findings struct findings f = FINDINGS_INIT;

	(void)state;
	rules_check(&in, &f);
	assert_string_equal(f.items[0].code, "group-incomplete");
	assert_non_null(strstr(f.items[0].text, "Group 15 is incomplete: 0b:00.1 ("));
	assert_non_null(strstr(f.items[0].text, "on snd_hda_intel"));
	assert_non_null(strstr(f.items[0].text, "0e:00.0"));
	assert_string_equal(f.items[0].remedy, "Hand over 0b:00.1 and 0e:00.0 as well.");
	assert_string_equal(f.items[1].code, "same-id");
	assert_non_null(strstr(f.items[1].text, "10de:2484"));
	assert_non_null(strstr(f.items[1].text, "0d:00.0"));
	selection_release(&s);
	topology_free(t);
}

static void usage_findings(void **state)
{
	static const char *const devices[] = {"0000:02:00.0 2 010802 144d:a808 nvme",
					      "0000:03:00.0 3 020000 10ec:8168 r8169",
					      "0000:0b:00.0 2 020000 10ec:8125 r8169", NULL};
	static struct usage_item items[] = {
		{{.bus = 2}, USAGE_ROOT_DISK, (char *)(uintptr_t) "/dev/nvme0n1p2 on /"},
		{{.bus = 2}, USAGE_MOUNTED, (char *)(uintptr_t) "/dev/nvme0n1p1 on /boot"},
		{{.bus = 2}, USAGE_MOUNTED, (char *)(uintptr_t) "/dev/nvme0n1p3 on /home"},
		{{.bus = 3}, USAGE_SSH_LINK, (char *)(uintptr_t) "eth0 10.0.0.5"},
		{{.bus = 3}, USAGE_DEFAULT_ROUTE, (char *)(uintptr_t) "eth0"},
	};
	const struct usage usage = {.items = items, .len = ARRAY_SIZE(items)};
	struct topology *t = topology_text(devices);
	struct selection s = select_words(t, "02:00.0 03:00.0");
	struct rules_input in = {
		.topology = t, .platform = &good, .usage = &usage, .selection = &s};
	auto_findings struct findings f = FINDINGS_INIT;
	auto_findings struct findings other = FINDINGS_INIT;

	(void)state;
	rules_check(&in, &f);
	auto_free char *got = findings_text(&f);

	assert_string_equal(got, "block root-disk 0000:02:00.0; block mounted 0000:02:00.0; "
				 "block ssh-link 0000:03:00.0; block group-incomplete group:2; "
				 "warn default-route 0000:03:00.0; note group-shared group:2");
	assert_non_null(strstr(f.items[1].text, "/boot and /dev/nvme0n1p3 on /home"));

	/* A member that the host needs is not a thing to hand over as well. */
	selection_release(&s);
	s = select_words(t, "0b:00.0");
	rules_check(&in, &other);
	assert_string_equal(other.items[0].code, "group-incomplete");
	assert_non_null(strstr(other.items[0].remedy, "The host needs 02:00.0"));
	selection_release(&s);
	topology_free(t);
}

static void a_vanished_mark_is_told(void **state)
{
	static const char *const devices[] = {GPU, GPU_AUDIO, HOST_GPU, NULL};
	struct topology *t = topology_text(devices);
	struct selection s = select_words(t, "0b:00");
	const struct pci_addr gone = {.bus = 0x77};
	const struct rules_input in = {.topology = t, .platform = &good, .selection = &s};
	auto_findings struct findings f = FINDINGS_INIT;

	(void)state;
	selection_add(&s, &gone);
	rules_check(&in, &f);
	assert_int_equal(f.len, 1);
	assert_string_equal(f.items[0].code, "vanished");
	assert_string_equal(f.items[0].subject, "0000:77:00.0");
	selection_release(&s);
	topology_free(t);
}

static void group_states(void **state)
{
	static const struct {
		const char *devices[6];
		const char *selected;
		const char *expect;
	} cases[] = {
		{{GPU}, "", "ok"},
		{{GPU, GPU_AUDIO}, "", "ok"},
		{{GPU, GPU_AUDIO}, "0b:00.0", "incomplete"},
		{{GPU, GPU_AUDIO}, "0b:00", "ok"},
		{{"0000:00:01.0 15 060400 8086:1901 pcieport bridge", GPU, GPU_AUDIO}, "", "ok"},
		{{"0000:00:01.0 15 060000 8086:1901 -", GPU, GPU_AUDIO}, "", "ok"},
		{{"0000:00:01.0 15 060400 8086:1901 shpchp bridge", GPU}, "", "blocked"},
		{{"0000:00:01.0 15 060400 8086:1901 shpchp bridge"}, "", "ok"},
		{{GPU, "0000:0d:00.0 15 020000 10ec:8168 r8169"}, "", "shared"},
		{{GPU, "0000:0d:00.0 15 020000 10ec:8168 -"}, "", "shared"},
		{{GPU, "0000:0d:00.0 15 020000 10ec:8168 -"}, "0b:00.0", "shared"},
		{{GPU, "0000:0d:00.0 15 020000 10ec:8168 r8169"}, "0b:00.0", "incomplete"},
		{{GPU, "0000:0d:00.0 15 020000 10ec:8168 r8169"}, "group:15", "ok"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct topology *t = topology_text(cases[i].devices);
		struct selection s = select_words(t, cases[i].selected);
		enum group_state got = group_state(t, topology_group(t, 15), &s);

		if (strcmp(group_state_name(got), cases[i].expect))
			fail_msg("case %zu: %s, not %s", i, group_state_name(got), cases[i].expect);
		selection_release(&s);
		topology_free(t);
	}
}

/* Milliseconds of processor time for a machine of `n` devices that are all alike, half of them selected. */
static double time_rules(uint32_t n)
{
	struct topology *t = topology_new();
	struct selection s = SELECTION_INIT;
	const struct rules_input in = {.topology = t, .platform = &good, .selection = &s};
	struct findings f = FINDINGS_INIT;
	clock_t start;

	for (uint32_t i = 0; i < n; i++) {
		const struct pci_addr a = {.domain = i >> 16,
					   .bus = (uint8_t)(i >> 8),
					   .slot = (uint8_t)(i >> 3 & 31),
					   .function = (uint8_t)(i & 7)};
		struct device *d = topology_add(t, &a);

		d->group = (int)(i / 16);
		d->vendor = 0x10de;
		d->id = (uint16_t)(i % 64);
		d->class_code = 0x030000;
		d->driver = xstrdup("nouveau");
		d->class_name = xstrdup("VGA compatible controller");
		if (i % 2)
			selection_add(&s, &a);
	}
	topology_seal(t);
	start = clock();
	rules_check(&in, &f);
	start = clock() - start;
	assert_true(f.len >= n / 16);
	findings_release(&f);
	selection_release(&s);
	topology_free(t);
	return (double)start * 1000 / CLOCKS_PER_SEC;
}

static void rules_are_near_linear(void **state)
{
	double small = time_rules(1024), large = time_rules(4096);

	(void)state;
	printf("measured: rules, half of 1024 devices selected %.2f ms, of 4096 %.2f ms\n", small,
	       large);
	/* Four times the devices: a quadratic rule would need sixteen times. */
	assert_true(large < small * 9 + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_machines),
		cmocka_unit_test(platform_findings),
		cmocka_unit_test(how_an_iommu_is_turned_on),
		cmocka_unit_test(texts_name_devices_and_remedies),
		cmocka_unit_test(usage_findings),
		cmocka_unit_test(a_vanished_mark_is_told),
		cmocka_unit_test(group_states),
		cmocka_unit_test(rules_are_near_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
