/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the tree, and that cursor, folds and marks stay with what they are on when the machine changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../support/topology_text.h"
#include "base/macros.h"
#include "ui/tree.h"

static const char *const machine[] = {
	"0000:00:01.0 1 060400 1022:1483 pcieport bridge",
	"0000:01:00.0 15 030000 10de:2484 nouveau vga module=nouveau",
	"0000:01:00.1 15 040300 10de:228b snd_hda_intel module=snd_hda_intel",
	"0000:02:00.0 16 020000 8086:10d3 e1000e module=e1000e",
	"0000:02:00.1 16 020000 8086:10d3 e1000e module=e1000e",
	"0000:03:00.0 16 010802 144d:a808 nvme module=nvme",
	"0000:04:00.0 18 0c0330 1022:149c xhci_hcd module=xhci_pci",
	"0000:05:00.0 - 108000 1022:1486 ccp module=ccp",
	NULL,
};

/* The same after a hot-plug: a device more in front, the network card's second function gone, the sound on vfio-pci. */
static const char *const later[] = {
	"0000:00:01.0 1 060400 1022:1483 pcieport bridge",
	"0000:00:1f.3 2 040300 8086:a348 snd_hda_intel module=snd_hda_intel",
	"0000:01:00.0 15 030000 10de:2484 nouveau vga module=nouveau",
	"0000:01:00.1 15 040300 10de:228b vfio-pci module=snd_hda_intel",
	"0000:02:00.0 16 020000 8086:10d3 e1000e module=e1000e",
	"0000:03:00.0 16 010802 144d:a808 nvme module=nvme",
	"0000:04:00.0 18 0c0330 1022:149c xhci_hcd module=xhci_pci",
	NULL,
};

static struct pci_addr at(const char *s)
{
	struct pci_addr a;

	assert_true(pci_addr_parse(s, &a));
	return a;
}

struct fixture {
	struct topology *topology;
	struct selection configured;
	struct tree tree;
};

static void open_tree(struct fixture *f)
{
	static const struct selection none = SELECTION_INIT;

	f->topology = topology_text(machine);
	f->configured = none;
	tree_init(&f->tree, &none);
	tree_rebuild(&f->tree, f->topology, &f->configured, false);
}

static void close_tree(struct fixture *f)
{
	tree_release(&f->tree);
	selection_release(&f->configured);
	topology_free(f->topology);
}

static void change_machine(struct fixture *f, const char *const *lines)
{
	topology_free(f->topology);
	f->topology = topology_text(lines);
	tree_rebuild(&f->tree, f->topology, &f->configured, false);
}

/* The rows in short: "G15 d01:00.0 ..."; folded headers in small letters. */
static void sketch(const struct tree *t, struct str *ret)
{
	str_clear(ret);
	for (size_t i = 0; i < t->rows.len; i++) {
		const struct row *r = &t->rows.items[i];
		char bdf[PCI_ADDR_TEXT];

		str_adds(ret, ret->len ? " " : "");
		if (r->kind == ROW_HOST)
			str_adds(ret, "host");
		else if (r->kind == ROW_GROUP)
			str_addf(ret, "%c%d", r->open ? 'G' : 'g', r->group);
		else
			str_addf(ret, "%s%s",
				 r->kind == ROW_GONE ? "gone:"
				 : r->faint          ? "faint:"
						     : "",
				 pci_addr_format_short(&r->addr, bdf));
	}
}

#define assert_rows(f, expected)                                                                   \
	do {                                                                                       \
		auto_str struct str now = STR_INIT;                                                \
		sketch(&(f)->tree, &now);                                                          \
		assert_string_equal(now.data, expected);                                           \
	} while (0)

static void assert_cursor(const struct fixture *f, const char *bdf)
{
	struct pci_addr a = at(bdf);

	assert_non_null(tree_row(&f->tree));
	assert_true(tree_row(&f->tree)->tag == tag_of_device(&a));
	assert_true(f->tree.cursor == tag_of_device(&a));
}

static void test_all_rows(void **state)
{
	struct fixture f;

	(void)state;
	open_tree(&f);
	assert_rows(&f, "g1 G15 01:00.0 01:00.1 G16 02:00.0 02:00.1 03:00.0 G18 04:00.0 g-1");
	tree_rebuild(&f.tree, f.topology, &f.configured, true);
	assert_rows(&f, "host g1 G15 01:00.0 01:00.1 G16 02:00.0 02:00.1 03:00.0 G18 04:00.0 g-1");
	close_tree(&f);
}

static void test_filters(void **state)
{
	static const char *const expected[FILTERS] = {
		[FILTER_ALL] = "g1 G15 01:00.0 01:00.1 G16 02:00.0 02:00.1 03:00.0 G18 04:00.0 g-1",
		[FILTER_GPU] = "G15 01:00.0 faint:01:00.1",
		[FILTER_USB] = "G18 04:00.0",
		[FILTER_NETWORK] = "G16 02:00.0 02:00.1 faint:03:00.0",
		[FILTER_STORAGE] = "G16 faint:02:00.0 faint:02:00.1 03:00.0",
		[FILTER_AUDIO] = "G15 faint:01:00.0 01:00.1",
	};
	struct fixture f;

	(void)state;
	open_tree(&f);
	for (int i = 0; i < FILTERS; i++) {
		f.tree.filter = (enum filter)i;
		tree_rebuild(&f.tree, f.topology, &f.configured, false);
		assert_rows(&f, expected[i]);
	}
	close_tree(&f);
}

static void test_folding(void **state)
{
	struct fixture f;
	struct pci_addr sound = at("01:00.1");

	(void)state;
	open_tree(&f);
	assert_true(tree_go_to(&f.tree, f.topology, tag_of_device(&sound)));
	tree_fold(&f.tree, false);
	tree_rebuild(&f.tree, f.topology, &f.configured, false);
	assert_rows(&f, "g1 g15 G16 02:00.0 02:00.1 03:00.0 G18 04:00.0 g-1");
	assert_true(f.tree.cursor == tag_of_group(15)); /* on the header of what was folded */
	change_machine(&f, later);
	assert_rows(&f, "g1 G2 00:1f.3 g15 G16 02:00.0 03:00.0 G18 04:00.0");
	assert_true(f.tree.cursor == tag_of_group(15));
	/* Going to a device unfolds it. */
	assert_true(tree_go_to(&f.tree, f.topology, tag_of_device(&sound)));
	assert_rows(&f, "g1 G2 00:1f.3 G15 01:00.0 01:00.1 G16 02:00.0 03:00.0 G18 04:00.0");
	assert_cursor(&f, "01:00.1");
	close_tree(&f);
}

static void test_rescan_keeps_the_cursor(void **state)
{
	struct fixture f;
	struct pci_addr usb = at("04:00.0"), second = at("02:00.1");

	(void)state;
	open_tree(&f);
	assert_true(tree_go_to(&f.tree, f.topology, tag_of_device(&usb)));
	change_machine(&f, later);
	assert_cursor(&f, "04:00.0");
	change_machine(&f, machine);
	assert_cursor(&f, "04:00.0");
	/* What vanishes below the cursor leaves it on the group. */
	assert_true(tree_go_to(&f.tree, f.topology, tag_of_device(&second)));
	change_machine(&f, later);
	assert_true(f.tree.cursor == tag_of_group(16));
	close_tree(&f);
}

static void test_marks_outlive_the_device(void **state)
{
	struct fixture f;
	struct pci_addr second = at("02:00.1");

	(void)state;
	open_tree(&f);
	selection_add(&f.tree.marks, &second);
	change_machine(&f, later);
	assert_rows(&f, "g1 G2 00:1f.3 G15 01:00.0 01:00.1 G16 02:00.0 03:00.0 G18 04:00.0 G-2 "
			"gone:02:00.1");
	change_machine(&f, machine);
	assert_rows(&f, "g1 G15 01:00.0 01:00.1 G16 02:00.0 02:00.1 03:00.0 G18 04:00.0 g-1");
	assert_true(selection_has(&f.tree.marks, &second));
	/* Configured but not marked any more: still told of. */
	selection_remove(&f.tree.marks, &second);
	selection_add(&f.configured, &second);
	change_machine(&f, later);
	assert_int_equal(f.tree.rows.items[f.tree.rows.len - 1].kind, ROW_GONE);
	close_tree(&f);
}

static void search(struct fixture *f, const char *word)
{
	str_clear(&f->tree.search);
	str_adds(&f->tree.search, word);
}

static void test_searching(void **state)
{
	struct fixture f;

	(void)state;
	open_tree(&f);
	search(&f, "8086:10D3");
	assert_true(tree_find(&f.tree, f.topology, 1, false));
	assert_cursor(&f, "02:00.0");
	assert_true(tree_find(&f.tree, f.topology, 1, false));
	assert_cursor(&f, "02:00.1");
	assert_true(tree_find(&f.tree, f.topology, 1, false)); /* round the end */
	assert_cursor(&f, "02:00.0");
	assert_true(tree_find(&f.tree, f.topology, -1, false));
	assert_cursor(&f, "02:00.1");
	search(&f, "pcieport"); /* in a folded group */
	assert_true(tree_find(&f.tree, f.topology, 1, false));
	assert_cursor(&f, "00:01.0");
	f.tree.filter = FILTER_GPU;
	tree_rebuild(&f.tree, f.topology, &f.configured, false);
	search(&f, "xhci"); /* the filter gives way */
	assert_true(tree_find(&f.tree, f.topology, 1, false));
	assert_cursor(&f, "04:00.0");
	assert_int_equal(f.tree.filter, FILTER_ALL);
	search(&f, "nothing has this");
	assert_false(tree_find(&f.tree, f.topology, 1, true));
	assert_cursor(&f, "04:00.0");
	search(&f, "");
	assert_false(tree_find(&f.tree, f.topology, 1, true));
	close_tree(&f);
}

static void test_moving(void **state)
{
	struct fixture f;

	(void)state;
	open_tree(&f);
	tree_start(&f.tree, f.topology);
	assert_cursor(&f, "01:00.0"); /* the graphics card, its header above it on the screen */
	assert_int_equal(f.tree.top, 1);
	tree_move(&f.tree, -100);
	assert_int_equal(f.tree.at, 0);
	tree_move(&f.tree, 1000000);
	assert_int_equal(f.tree.at, f.tree.rows.len - 1);
	for (size_t height = 1; height < 20; height++) {
		tree_scroll(&f.tree, height);
		assert_true(f.tree.at >= f.tree.top && f.tree.at < f.tree.top + height);
	}
	close_tree(&f);
}

static void test_nothing_there(void **state)
{
	static const char *const nothing[] = {NULL};
	struct fixture f;

	(void)state;
	open_tree(&f);
	change_machine(&f, nothing);
	assert_int_equal(f.tree.rows.len, 0);
	assert_null(tree_row(&f.tree));
	tree_move(&f.tree, 3);
	tree_scroll(&f.tree, 5);
	tree_fold(&f.tree, true);
	tree_start(&f.tree, f.topology);
	search(&f, "x");
	assert_false(tree_find(&f.tree, f.topology, 1, false));
	change_machine(&f, machine);
	assert_int_equal(f.tree.at, 0);
	close_tree(&f);
}

static void test_group_words(void **state)
{
	static const struct {
		const char *marks;
		int group;
		enum sign sign;
		const char *text;
	} cases[] = {
		{"", 15, SIGN_OK, "isolated"},
		{"", 16, SIGN_WARN, "shared by 3 devices"},
		{"", 1, SIGN_NOTE, "a bridge, stays with the host"},
		{"01:00.0", 15, SIGN_BLOCK, "incomplete: 01:00.1 would stay with the host"},
		{"02:00.0", 16, SIGN_BLOCK,
		 "incomplete: 02:00.1 and 1 more would stay with the host"},
		{"01:00.0 01:00.1", 15, SIGN_OK, "complete: all marked"},
		{"04:00.0", 18, SIGN_OK, "complete: marked"},
	};
	struct topology *t = topology_text(machine);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_selection struct selection marks = SELECTION_INIT;
		auto_strv struct strv words = STRV_INIT;
		auto_str struct str text = STR_INIT;

		strv_split(&words, cases[i].marks, " ");
		for (size_t k = 0; k < words.len; k++)
			selection_add(&marks, &(struct pci_addr[]){at(words.items[k])}[0]);
		assert_int_equal(row_group_text(t, NULL, cases[i].group, &marks, &text),
				 cases[i].sign);
		assert_string_equal(text.data, cases[i].text);
	}
	topology_free(t);
}

/* The header names the cause; a group that is apart only by the override in force is not called isolated. */
static void test_group_causes(void **state)
{
	static const struct {
		enum group_cause cause;
		const char *culprit;
		bool by_override;
		int group;
		const char *text;
	} cases[] = {
		{CAUSE_PORT_LACKS_ACS, "00:01.0", false, 16,
		 "shared by 3 devices: port 00:01.0 lacks ACS"},
		{CAUSE_FUNCTION_LACKS_ACS, "02:00.1", false, 16,
		 "shared by 3 devices: function 02:00.1 lacks ACS"},
		{CAUSE_LEGACY_BRIDGE, "00:01.0", false, 16,
		 "shared by 3 devices: behind PCI bridge 00:01.0"},
		{CAUSE_LEGACY_BRIDGE, "02:00.0", false, 16,
		 "shared by 3 devices: disks behind 02:00.0"},
		{CAUSE_BITS_OFF, "00:01.0", false, 16,
		 "shared by 3 devices: ACS of port 00:01.0 is off"},
		{CAUSE_SHARED_ID, "02:00.1", false, 16,
		 "shared by 3 devices: 02:00.1 shares a requester id"},
		{CAUSE_UNEXPLAINED, NULL, false, 16, "shared by 3 devices: can't tell why"},
		{CAUSE_SINGLE, NULL, true, 15, "apart only by the ACS override"},
	};
	struct topology *t = topology_text(machine);
	const struct selection none = SELECTION_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct pci_addr culprit = at(cases[i].culprit ? cases[i].culprit : "00:00.0");
		struct group_explanation e = {
			.id = cases[i].group,
			.cause = cases[i].cause,
			.culprit = cases[i].culprit ? topology_index(t, topology_find(t, &culprit))
						    : SIZE_MAX,
			.only_by_override = cases[i].by_override};
		const struct isolation_report r = {.groups = &e, .len = 1};
		auto_str struct str text = STR_INIT;

		assert_int_equal(row_group_text(t, &r, cases[i].group, &none, &text), SIGN_WARN);
		assert_string_equal(text.data, cases[i].text);
	}
	topology_free(t);
}

static void test_driver_words(void **state)
{
	static const struct {
		const char *driver;
		bool marked, configured;
		const char *text;
	} cases[] = {
		{"nouveau", false, false, "nouveau"},
		{NULL, false, false, ""},
		{"nouveau", true, false, "nouveau → vfio-pci"},
		{NULL, true, false, "no driver → vfio-pci"},
		{"nouveau", true, true, "→ vfio-pci after reboot"},
		{"vfio-pci", true, true, "vfio-pci"},
		{"vfio-pci", false, true, "vfio-pci → nouveau"},
		{"vfio-pci", false, false, "vfio-pci"}, /* bound by hand */
		{"nouveau", false, true, "nouveau"},    /* taken back before it ever took effect */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char module[] = "nouveau", driver[16] = "";
		char *modules[] = {module, NULL};
		struct device d = {.modules = {.items = modules, .len = 1}};
		auto_str struct str text = STR_INIT;
		enum sign sign;

		if (cases[i].driver)
			d.driver = strcpy(driver, cases[i].driver);
		sign = row_driver_text(&d, cases[i].marked, cases[i].configured, &text);
		assert_string_equal(text.data, cases[i].text);
		assert_int_equal(sign == SIGN_CHANGE, strstr(text.data, "→") != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_rows),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_rescan_keeps_the_cursor),
		cmocka_unit_test(test_marks_outlive_the_device),
		cmocka_unit_test(test_searching),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_group_words),
		cmocka_unit_test(test_group_causes),
		cmocka_unit_test(test_driver_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
