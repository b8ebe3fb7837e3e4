/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings that need the machine around the devices: its isolation, its logs, what it was at the last apply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../support/recorded.h"
#include "../support/tmproot.h"
#include "../support/topology_text.h"
#include "advice/group_map.h"
#include "advice/isolation_split.h"
#include "advice/rules.h"
#include "base/mem.h"
#include "base/str.h"

static const struct platform good = {
	.cpu = CPU_INTEL, .iommu = IOMMU_ON, .vfio_pci_known = true, .vfio_pci = MODULE_LOADABLE};

static void select_words(const struct topology *t, const char *text, struct selection *ret)
{
	auto_strv struct strv words = STRV_INIT;

	strv_split(&words, text, " ");
	for (size_t i = 0; i < words.len; i++)
		assert_int_equal(selection_add_word(ret, t, words.items[i], NULL), 0);
}

/* The finding, or one that says nothing. */
static const struct finding *find(const struct findings *f, const char *code)
{
	static const struct finding none = {
		.code = "none",
		.subject = (char *)(uintptr_t) "",
		.text = (char *)(uintptr_t) "",
		.remedy = (char *)(uintptr_t) "",
	};

	for (size_t i = 0; i < f->len; i++)
		if (!strcmp(f->items[i].code, code))
			return &f->items[i];
	return &none;
}

/* --- overrides --------------------------------------------------------------------- */

static void overrides_that_part(void **state)
{
	static const struct {
		const char *file, *selected, *code;
		const char *says; /* in text or remedy */
	} cases[] = {
		{"am4-b550-rx6600-acs", "05:00.0", "needs-acs-override", "id:1022:43e9"},
		{"am4-b550-rx6600-acs", "02:00.0", "needs-acs-override", "id:1022:43ee"},
		{"am4-b550-rx6600-acs", "02:00.0", "needs-acs-override",
		 "Upstream port 02:00.2 (1022:43e9)"},
		/* Disks behind VMD: marking it and them can't both hold. */
		{"laptop-adl-hx-vmd-acs", "10000:e1:00.0", "group-incomplete", "switch VMD off"},
		{"laptop-adl-hx-vmd-acs", "10000:e1:00.0", "cannot-split", "Switch VMD off"},
		{"am4-b550-rx6600-acs", "group:15", NULL, NULL},
		{"rpl-s-desktop-acs", "01:00.0", NULL, NULL},
		/* without the registers nothing is foretold */
		{"b550-aorus-one-group", "04:00", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *file = xasprintf("tests/machines/%s.txt", cases[i].file);
		auto_selection struct selection s = SELECTION_INIT;
		auto_findings struct findings f = FINDINGS_INIT;
		const struct finding *found;
		struct rules_input in;
		struct recorded r;

		recorded_open(&r, file, "tests/data/pci.ids");
		select_words(r.situation->topology, cases[i].selected, &s);
		in = situation_rules(r.situation, &s);
		rules_check(&in, &f);
		if (cases[i].code) {
			found = find(&f, cases[i].code);
			assert_string_equal(found->code, cases[i].code);
			assert_int_equal(found->severity, strcmp(cases[i].code, "group-incomplete")
								  ? SEVERITY_NOTE
								  : SEVERITY_BLOCK);
			assert_true(strstr(found->text, cases[i].says) ||
				    strstr(found->remedy, cases[i].says));
			/* What it says is not said a second time. */
			assert_false(findings_have(&f, "group-shared", found->subject));
		} else {
			assert_false(findings_have(&f, "needs-acs-override", NULL));
			assert_false(findings_have(&f, "cannot-split", NULL));
		}
		recorded_close(&r);
	}
}

/* Two cards behind one conventional bridge; two below a port that has ACS with its bits off. */
static struct topology *unsplittable(bool bits_off)
{
	static const char *const rows[] = {
		"0000:00:01.0 1 060400 8086:1901 pcieport bridge secondary=01",
		"0000:01:00.0 1 020000 8086:1521 igb",
		"0000:01:01.0 1 020000 8086:1522 igb",
		NULL,
	};
	struct topology *t = topology_text(rows);

	for (size_t i = 0; i < t->len; i++) {
		struct pci_caps *caps = &t->devices[i].caps;

		caps->basic_known = caps->extended_known = true;
		caps->pcie_type = i ? PCIE_ENDPOINT : bits_off ? PCIE_ROOT_PORT : PCIE_TO_PCI;
		caps->acs = bits_off && !i;
		caps->acs_cap = caps->acs ? 0x1d : 0;
	}
	return t;
}

static void no_override_parts_these(void **state)
{
	(void)state;
	for (int bits_off = 0; bits_off < 2; bits_off++) {
		struct topology *t = unsplittable(bits_off);
		auto_selection struct selection s = SELECTION_INIT;
		auto_findings struct findings f = FINDINGS_INIT;
		struct isolation_report report;
		const struct finding *found;

		isolation_explain(t, NULL, &report);
		select_words(t, "01:00.0", &s);
		assert_null(isolation_split(t, &report, 0, &s));

		const struct rules_input in = {
			.topology = t, .platform = &good, .selection = &s, .isolation = &report};

		rules_check(&in, &f);
		found = find(&f, "cannot-split");
		assert_string_equal(found->code, "cannot-split");
		assert_string_equal(found->subject, "group:1");
		assert_non_null(strstr(found->text, "00:01.0"));
		assert_non_null(
			strstr(found->remedy, bits_off ? "firmware's settings" : "this bridge"));
		assert_false(findings_have(&f, "needs-acs-override", NULL));
		isolation_report_release(&report);
		topology_free(t);
	}
}

/* --- hazards ----------------------------------------------------------------------- */

static void hazards_of_the_selection(void **state)
{
	static const char *const rows[] = {"0000:01:00.0 1 020000 8086:1521 igb",
					   "0000:02:00.0 2 030000 10de:2484 nouveau",
					   "0000:03:00.0 3 030000 1002:6613 radeon",
					   "0000:04:00.0 4 030000 1002:6613 radeon", NULL};
	static struct hazard items[] = {
		{HAZARD_RESERVED, 1, {.bus = 0}, (char *)(uintptr_t) "0x1000-0x1fff"},
		{HAZARD_FRAMEBUFFER, NO_GROUP, {.bus = 2}, (char *)(uintptr_t) "BOOTFB"},
		{HAZARD_REFUSED, NO_GROUP, {.bus = 2}, (char *)(uintptr_t) "log"},
		{HAZARD_ROM_NO_UEFI, NO_GROUP, {.bus = 3}, (char *)(uintptr_t) "/old.rom"},
		{HAZARD_ROM_NO_UEFI, NO_GROUP, {.bus = 4}, (char *)(uintptr_t) "/old.rom"},
		{HAZARD_ROM_UEFI, NO_GROUP, {.bus = 4}, (char *)(uintptr_t) "/new.rom"},
	};
	static const struct {
		const char *selected;
		enum remapping interrupts;
		const char *expect;
	} cases[] = {
		{"", REMAPPING_ON, ""},
		{"", REMAPPING_UNKNOWN, ""},
		{"", REMAPPING_OFF, "warn unsafe-interrupts host "},
		{"01:00.0", REMAPPING_ON, "warn rmrr 0000:01:00.0 "},
		{"02:00.0", REMAPPING_ON,
		 "warn rmrr 0000:02:00.0 note framebuffer-holds-bar 0000:02:00.0 "},
		{"03:00.0", REMAPPING_ON,
		 "warn same-id 0000:03:00.0 warn option-rom-no-uefi 0000:03:00.0 "},
		{"04:00.0", REMAPPING_ON, "warn same-id 0000:04:00.0 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct topology *t = topology_text(rows);
		auto_selection struct selection s = SELECTION_INIT;
		auto_findings struct findings f = FINDINGS_INIT;
		auto_str struct str got = STR_INIT;
		const struct hazards h = {.items = items,
					  .len = ARRAY_SIZE(items),
					  .interrupts = cases[i].interrupts};
		const struct rules_input in = {
			.topology = t, .platform = &good, .selection = &s, .hazards = &h};

		select_words(t, cases[i].selected, &s);
		rules_check(&in, &f);
		for (size_t k = 0; k < f.len; k++)
			str_addf(&got, "%s %s %s ", severity_name(f.items[k].severity),
				 f.items[k].code, f.items[k].subject);
		assert_string_equal(got.data, cases[i].expect);
		topology_free(t);
	}
}

static void secure_boot_is_a_note(void **state)
{
	static const char *const none[] = {NULL};
	struct topology *t = topology_text(none);
	const struct selection s = SELECTION_INIT;
	struct platform p = good;
	const struct rules_input in = {.topology = t, .platform = &p, .selection = &s};
	auto_findings struct findings f = FINDINGS_INIT;

	(void)state;
	p.secure_boot = true;
	rules_check(&in, &f);
	assert_int_equal(f.len, 1);
	assert_string_equal(f.items[0].code, "secure-boot");
	assert_int_equal(f.items[0].severity, SEVERITY_NOTE);
	topology_free(t);
}

/* --- the map ----------------------------------------------------------------------- */

#define NIC "0000:01:00.0 1 020000 8086:1521 igb"
#define CARD "0000:0b:00.0 15 030000 10de:2484 nouveau"
#define SOUND "0000:0b:00.1 15 040300 10de:228b snd_hda_intel"

static const struct {
	const char *name;
	const char *before[5], *after[5];
	const char *says[3]; /* NULL: no finding */
	const char *remedy;
} moves[] = {
	{"nothing", {NIC, CARD, SOUND}, {NIC, CARD, SOUND}, {NULL}, NULL},
	{"a group has another number",
	 {NIC, CARD, SOUND},
	 {NIC, "0000:0b:00.0 17 030000 10de:2484 vfio-pci",
	  "0000:0b:00.1 17 040300 10de:228b vfio-pci"},
	 {NULL},
	 NULL},
	{"something was plugged in", {CARD, SOUND}, {NIC, CARD, SOUND}, {NULL}, NULL},
	{"a device of the host is gone", {NIC, CARD, SOUND}, {CARD, SOUND}, {NULL}, NULL},
	{"all buses moved by one",
	 {NIC, CARD, SOUND},
	 {"0000:0b:00.0 1 020000 8086:1521 igb", "0000:0c:00.0 15 030000 10de:2484 nouveau",
	  "0000:0c:00.1 15 040300 10de:228b snd_hda_intel"},
	 {"from 0b:00.0 to 0c:00.0", "0b:00.0, configured for a VM, now holds another device",
	  "from 01:00.0"},
	 "vfiotui apply 0c:00.0 0c:00.1"},
	{"a device of the host moved",
	 {NIC, CARD, SOUND},
	 {"0000:02:00.0 1 020000 8086:1521 igb", CARD, SOUND},
	 {"from 01:00.0 to 02:00.0"},
	 "Nothing is at stake"},
	{"two equal cards changed places with others",
	 {NIC, CARD, SOUND},
	 {NIC, "0000:0c:00.0 15 030000 10de:2484 nouveau",
	  "0000:0d:00.0 16 030000 10de:2484 nouveau"},
	 {"of 0b:00.0 may be any of 0c:00.0 and 0d:00.0, which look the same"},
	 "Look where the device is now"},
	{"the card is gone",
	 {NIC, CARD, SOUND},
	 {NIC},
	 {"0b:00.0", "configured for a VM, is gone"},
	 "--none"},
	{"the group has grown",
	 {NIC, CARD, SOUND},
	 {"0000:01:00.0 15 020000 8086:1521 igb", CARD, SOUND},
	 {"01:00.0 now shares its group with 0b:00.0"},
	 "vfiotui apply 0b:00.0 0b:00.1"},
};

static void what_moved(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		struct topology *before = topology_text(moves[i].before);
		struct topology *after = topology_text(moves[i].after);
		auto_selection struct selection handed = SELECTION_INIT;
		const struct selection empty = SELECTION_INIT;
		auto_findings struct findings f = FINDINGS_INIT;
		auto_str struct str text = STR_INIT;
		auto_group_map struct group_map map = GROUP_MAP_INIT;
		auto_group_map struct group_map taken = GROUP_MAP_INIT;
		const struct rules_input in = {
			.topology = after, .platform = &good, .selection = &empty, .map = &map};
		const struct finding *found;

		select_words(before, "0b:00", &handed);
		group_map_take(before, &handed, true, &taken);
		group_map_write(&taken, &text);
		assert_int_equal(group_map_read(text.data, text.len, &map, NULL), 0);
		assert_int_equal(map.len, before->len);
		rules_check(&in, &f);
		found = find(&f, "moved");
		if (!moves[i].says[0] && f.len)
			fail_msg("%s: %s", moves[i].name, f.items[0].text);
		for (size_t k = 0; k < 3 && moves[i].says[k]; k++)
			if (!strstr(found->text, moves[i].says[k]) ||
			    !strstr(found->remedy, moves[i].remedy))
				fail_msg("%s: %s -> %s", moves[i].name, found->text, found->remedy);
		topology_free(before);
		topology_free(after);
	}
}

/* A second card of the ids that are configured goes to the VM, too; the one that was meant is no news. */
static void taken_along(void **state)
{
	static const char *const before_rows[] = {NIC, CARD, SOUND, NULL};
	static const char *const after_rows[] = {NIC, CARD, SOUND,
						 "0000:0c:00.0 18 030000 10de:2484 nouveau", NULL};
	struct topology *before = topology_text(before_rows);
	struct topology *after = topology_text(after_rows);
	auto_selection struct selection handed = SELECTION_INIT;
	auto_selection struct selection configured = SELECTION_INIT;
	const struct selection empty = SELECTION_INIT;
	auto_group_map struct group_map map = GROUP_MAP_INIT;
	auto_findings struct findings f = FINDINGS_INIT;
	const struct rules_input in = {.topology = after,
				       .platform = &good,
				       .selection = &empty,
				       .map = &map,
				       .configured = &configured};

	(void)state;
	select_words(before, "0b:00", &handed);
	group_map_take(before, &handed, true, &map);
	select_words(after, "0b:00", &configured);
	rules_check(&in, &f);
	assert_int_equal(f.len, 0);
	select_words(after, "0c:00.0", &configured);
	rules_check(&in, &f);
	assert_string_equal(find(&f, "moved")->code, "moved");
	assert_non_null(strstr(find(&f, "moved")->text,
			       "taken along by the ids that are configured: 0c:00.0"));
	assert_non_null(strstr(find(&f, "moved")->remedy, "vfiotui apply 0b:00.0 0b:00.1"));
	topology_free(before);
	topology_free(after);
}

static void a_damaged_map_is_refused(void **state)
{
	static const char *const texts[] = {"rubbish", "0000:01:00.0 8086:1521 0000:0000 1",
					    "x 8086:1521 0000:0000 1 x NIC"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct group_map map;

		assert_true(group_map_read(texts[i], strlen(texts[i]), &map, NULL) < 0);
		assert_int_equal(map.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overrides_that_part),
		cmocka_unit_test(no_override_parts_these),
		cmocka_unit_test(hazards_of_the_selection),
		cmocka_unit_test(secure_boot_is_a_note),
		cmocka_unit_test(what_moved),
		cmocka_unit_test(taken_along),
		cmocka_unit_test(a_damaged_map_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
