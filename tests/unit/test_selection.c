/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/topology_text.h"
#include "advice/selection.h"
#include "base/str.h"

static const char *const machine[] = {
	"0000:00:00.0 0 060000 1022:1480 -",
	"0000:00:01.0 1 060000 1022:1482 -",
	"0000:00:01.1 1 060400 1022:1483 pcieport bridge",
	"0000:00:02.0 2 060400 1022:1483 pcieport bridge",
	"0000:00:14.0 3 0c0500 1022:790b piix4_smbus",
	"0000:00:14.3 3 060100 1022:790e -",
	"0000:0b:00.0 15 030000 10de:2484 nouveau",
	"0000:0b:00.1 15 040300 10de:228b snd_hda_intel",
	"0000:0c:00.0 - 020000 10ec:8168 r8169",
	"10000:e1:00.0 4 010802 144d:a808 nvme",
	NULL,
};

/* The selection as "A B C", full addresses. */
static char *addresses_of(const struct selection *s)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < s->len; i++) {
		char bdf[PCI_ADDR_TEXT];

		str_addf(&out, "%s%s", i ? " " : "", pci_addr_format(&s->items[i], bdf));
	}
	return str_take(&out);
}

static void words_add_what_they_name(void **state)
{
	static const struct {
		const char *word, *expect;
		int error;
		const char *sentence;
	} cases[] = {
		{"0000:0b:00.0", "0000:0b:00.0", 0, NULL},
		{"0b:00.1", "0000:0b:00.1", 0, NULL},
		{"0B:00.1", "0000:0b:00.1", 0, NULL},
		{"0b:00", "0000:0b:00.0 0000:0b:00.1", 0, NULL},
		{"0000:0b:00", "0000:0b:00.0 0000:0b:00.1", 0, NULL},
		{"10000:e1:00.0", "10000:e1:00.0", 0, NULL},
		{"10000:e1:00", "10000:e1:00.0", 0, NULL},
		{"group:15", "0000:0b:00.0 0000:0b:00.1", 0, NULL},
		{"group:3", "0000:00:14.0", 0, NULL}, /* the idle ISA bridge stays */
		{"00:02.0", "0000:00:02.0", 0, NULL}, /* a bridge by name: a finding tells */
		{"00:01", "0000:00:01.0 0000:00:01.1", 0, NULL}, /* nothing but bridges */
		{"0c:00", "0000:0c:00.0", 0, NULL},
		{"group:2", "", -ENODEV, "only bridges"},
		{"group:99", "", -ENODEV, "99"},
		{"group:", "", -EINVAL, "group:15"},
		{"group:-1", "", -EINVAL, "group:15"},
		{"group:1x", "", -EINVAL, "group:15"},
		{"group: 1", "", -EINVAL, "group:15"},
		{"group:99999999999999999999", "", -EINVAL, "group:15"},
		{"0d:00.0", "", -ENODEV, "0d:00.0"},
		{"0d:00", "", -ENODEV, "0d:00"},
		{"e1:00.0", "", -ENODEV, "e1:00.0"}, /* that one is in another domain */
		{"nvidia", "", -EINVAL, "not a PCI address"},
		{"", "", -EINVAL, "not a PCI address"},
		{"0b:00.8", "", -EINVAL, "not a PCI address"},
		{"0b:20.0", "", -EINVAL, "not a PCI address"},
		{"0b:00.0 ", "", -EINVAL, "not a PCI address"},
	};
	struct topology *t = topology_text(machine);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_selection struct selection s = SELECTION_INIT;
		struct err err = ERR_INIT;
		int r = selection_add_word(&s, t, cases[i].word, &err);
		auto_free char *got = addresses_of(&s);

		if (r != cases[i].error || strcmp(got, cases[i].expect))
			fail_msg("\"%s\": %d \"%s\" (%s)", cases[i].word, r, got, err.text);
		if (cases[i].sentence)
			assert_non_null(strstr(err.text, cases[i].sentence));
	}
	topology_free(t);
}

static void order_and_uniqueness(void **state)
{
	static const char *const words[] = {"10000:e1:00.0", "0b:00.1", "00:14.0",
					    "0b:00.1",       "0b:00",   "0000:00:14.0"};
	struct topology *t = topology_text(machine);
	auto_selection struct selection s = SELECTION_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(selection_add_word(&s, t, words[i], NULL), 0);
	auto_free char *got = addresses_of(&s);

	assert_string_equal(got, "0000:00:14.0 0000:0b:00.0 0000:0b:00.1 10000:e1:00.0");
	topology_free(t);
}

static void a_wrong_word_changes_nothing(void **state)
{
	struct topology *t = topology_text(machine);
	auto_selection struct selection s = SELECTION_INIT;

	(void)state;
	assert_int_equal(selection_add_word(&s, t, "0b:00", NULL), 0);
	assert_int_equal(selection_add_word(&s, t, "0d:00", NULL), -ENODEV);
	assert_int_equal(selection_add_word(&s, t, "group:2", NULL), -ENODEV);
	assert_int_equal(s.len, 2);
	topology_free(t);
}

static void toggles(void **state)
{
	struct topology *t = topology_text(machine);
	auto_selection struct selection s = SELECTION_INIT;
	auto_selection struct selection copy = SELECTION_INIT;
	const struct pci_addr gpu = {.bus = 0x0b}, gone = {.bus = 0x77};

	(void)state;
	selection_toggle(&s, &gpu);
	assert_true(selection_has(&s, &gpu));
	selection_toggle_group(&s, t, 15); /* one of two is on: both on */
	assert_int_equal(s.len, 2);
	selection_copy(&copy, &s);
	assert_true(selection_equal(&copy, &s));
	selection_toggle_slot(&s, t, &gpu); /* all on: all off */
	assert_int_equal(s.len, 0);
	assert_false(selection_equal(&copy, &s));
	selection_toggle_group(&s, t, 99); /* no such group */
	selection_toggle_slot(&s, t, &gone);
	assert_int_equal(s.len, 0);
	selection_toggle(&s, &gone); /* an address that is not there can be kept and dropped */
	assert_int_equal(s.len, 1);
	selection_toggle(&s, &s.items[0]); /* the address inside the selection itself */
	assert_int_equal(s.len, 0);
	selection_copy(&s, &copy);
	selection_remove(&s, &s.items[0]);
	selection_remove(&s, &gpu); /* not there: fine */
	assert_int_equal(s.len, 1);
	topology_free(t);
}

/* A temperature sensor's driver on a host bridge: no VM wants it alone, and with a card it has to go along. */
static void a_host_bridge_with_a_driver(void **state)
{
	static const char *const sensors[] = {
		"0000:00:18.0 7 060000 1022:166a -",
		"0000:00:18.3 7 060000 1022:166d k10temp",
		"0000:0b:00.0 8 030000 10de:2484 nouveau",
		"0000:0b:00.1 8 060000 1022:166d k10temp",
		NULL,
	};
	struct topology *t = topology_text(sensors);
	auto_selection struct selection s = SELECTION_INIT;

	(void)state;
	assert_true(device_is_takeable(&t->devices[1]));
	assert_false(device_can_be_taken(t, &t->devices[0]));
	assert_false(device_can_be_taken(t, &t->devices[1]));
	assert_true(device_can_be_taken(t, &t->devices[3]));
	assert_true(group_stays_with_host(t, topology_group(t, 7)));
	assert_false(group_stays_with_host(t, topology_group(t, 8)));
	selection_toggle_group(&s, t, 7);
	assert_int_equal(s.len, 0);
	selection_toggle_group(&s, t, 8);
	assert_int_equal(s.len, 2);
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_add_what_they_name),
		cmocka_unit_test(order_and_uniqueness),
		cmocka_unit_test(a_wrong_word_changes_nothing),
		cmocka_unit_test(toggles),
		cmocka_unit_test(a_host_bridge_with_a_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
