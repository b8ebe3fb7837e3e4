/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The udev rules: exact bytes, hand-made bindings, and udevadm's own reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "base/mem.h"

static void add_device(struct wish *w, const char *bdf, bool by_address, const char *name)
{
	struct wish_device *d = wish_add_device(w);

	assert_true(pci_addr_parse(bdf, &d->addr));
	pci_addr_format(&d->addr, d->bdf);
	d->vendor = 0x8086;
	d->id = 0x10d3;
	d->by_address = by_address;
	d->name = xstrdup(name);
}

static void add_group(struct wish *w, int group)
{
	w->groups = realloc(w->groups, (w->groups_len + 1) * sizeof(int)); /* NOLINT */
	assert_non_null(w->groups);
	w->groups[w->groups_len++] = group;
}

static const char nodes_of_alex[] =
	"# vfiotui: who may open the passthrough devices (\"vfiotui undo\" takes this back)\n"
	"SUBSYSTEM==\"vfio\", KERNEL==\"15\", OWNER=\"alex\", GROUP=\"kvm\", MODE=\"0660\"\n"
	"SUBSYSTEM==\"vfio\", KERNEL==\"117\", OWNER=\"alex\", GROUP=\"kvm\", MODE=\"0660\"\n";

static const char bind_one[] =
	"# vfiotui: devices bound by address (\"vfiotui undo\" takes this back)\n"
	"# With \"vfiotui=off\" on the kernel command line they stay with the host.\n"
	"IMPORT{cmdline}=\"vfiotui\"\n"
	"ENV{vfiotui}==\"off\", GOTO=\"vfiotui_bind_end\"\n"
	"# Intel 82574L\n"
	"ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"0000:03:00.0\", ATTR{vendor}==\"0x8086\", "
	"ATTR{device}==\"0x10d3\", ATTR{driver_override}=\"vfio-pci\", "
	"ATTR{[subsystem/pci]drivers_probe}=\"$kernel\", RUN{builtin}+=\"kmod load vfio-pci\"\n"
	"LABEL=\"vfiotui_bind_end\"\n";

static void test_files(void **state)
{
	struct wish none;
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_init(&none);
	wish_init(&w);
	add_device(&w, "0000:03:00.0", true, "Intel 82574L");
	add_device(&w, "0000:05:00.0", false, "x");
	add_group(&w, 15);
	add_group(&w, 117);
	w.user = xstrdup("alex");
	w.group = xstrdup("kvm");
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_string_equal(bed_get(&b, UDEV_RULES_PATH), nodes_of_alex);
	assert_string_equal(bed_get(&b, UDEV_BIND_PATH), bind_one);
	assert_int_equal(b.commands.len, 2);
	assert_string_equal(b.commands.items[0], "udevadm control --reload");
	assert_string_equal(b.commands.items[1], "udevadm trigger --subsystem-match=vfio");
	assert_true(b.reboot);
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_int_equal(b.commands.len, 0);
	assert_false(b.reboot);
	assert_int_equal(bed_apply(&b, &target_udev_rules, &none), 0);
	assert_int_equal(b.len, 0);
	wish_release(&w);
	bed_release(&b);
}

/* vfio-pci that is there before udev (in the kernel, by force_drivers) looked at the device before the override is set. */
static void test_driver_is_asked_again(void **state)
{
	struct present p = {.ids = STRV_INIT};
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_init(&w);
	add_device(&w, "0000:03:00.0", true, "Intel 82574L");
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_non_null(strstr(bed_get(&b, UDEV_BIND_PATH),
			       "ATTR{driver_override}=\"vfio-pci\", "
			       "ATTR{[subsystem/pci]drivers_probe}=\"$kernel\", "
			       "RUN{builtin}+=\"kmod load vfio-pci\"\n"));
	bed_present(&b, &target_udev_rules, &p);
	assert_int_equal(p.bound_len, 1);
	present_release(&p);
	wish_release(&w);
	bed_release(&b);
}

static void test_only_what_is_set(void **state)
{
	static const struct {
		const char *user, *group, *rule;
	} cases[] = {
		{"alex", NULL,
		 "SUBSYSTEM==\"vfio\", KERNEL==\"3\", OWNER=\"alex\", MODE=\"0600\"\n"},
		{NULL, "kvm", "SUBSYSTEM==\"vfio\", KERNEL==\"3\", GROUP=\"kvm\", MODE=\"0660\"\n"},
		{NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wish w;
		struct bed b;

		bed_init(&b);
		wish_init(&w);
		add_group(&w, 3);
		w.user = xstrdup(cases[i].user);
		w.group = xstrdup(cases[i].group);
		assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
		if (cases[i].rule)
			assert_non_null(strstr(bed_get(&b, UDEV_RULES_PATH), cases[i].rule));
		else
			assert_int_equal(b.len, 0);
		wish_release(&w);
		bed_release(&b);
	}
}

static void test_names_are_no_rules(void **state)
{
	static const char *const bad[] = {
		"", "a\", RUN+=\"/bin/sh", "a b", "a\n", "0day", "-x", "a$b", "\xc3\xa9"};
	static const char *const good[] = {"alex", "_x", "a-b_c.d", "alex@example.org", "Machine$"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad) + ARRAY_SIZE(good); i++) {
		bool is_bad = i < ARRAY_SIZE(bad);
		struct wish w;
		struct bed b;
		int r;

		bed_init(&b);
		wish_init(&w);
		add_group(&w, 3);
		w.group = xstrdup(is_bad ? bad[i] : good[i - ARRAY_SIZE(bad)]);
		r = bed_apply(&b, &target_udev_rules, &w);
		assert_int_equal(r < 0, is_bad);
		assert_int_equal(b.len, is_bad ? 0 : 1);
		wish_release(&w);
		bed_release(&b);
	}
}

static void test_device_names_stay_comments(void **state)
{
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_init(&w);
	add_device(&w, "10000:e1:00.0", true, "Evil\nRUN+=\"x\" \x1b[31m\\");
	w.devices[0].subvendor = 0x1462;
	w.devices[0].subdevice = 0x3905;
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_non_null(strstr(bed_get(&b, UDEV_BIND_PATH), "# Evil?RUN+=\"x\" ?[31m?\n"));
	assert_non_null(strstr(
		bed_get(&b, UDEV_BIND_PATH),
		"KERNEL==\"10000:e1:00.0\", ATTR{vendor}==\"0x8086\", ATTR{device}==\"0x10d3\", "
		"ATTR{subsystem_vendor}==\"0x1462\", ATTR{subsystem_device}==\"0x3905\", "));
	wish_release(&w);
	bed_release(&b);
}

/* The addresses in order, with what is asked of the device: "0000:01:00.0=10de:2484/1462:3905". */
static void assert_bound(const struct present *p, const char *expected)
{
	auto_strv struct strv got = STRV_INIT;
	auto_free char *joined = NULL;
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < p->bound_len; i++) {
		const struct bound_address *b = &p->bound[i];

		pci_addr_format(&b->addr, bdf);
		if (b->vendor || b->id)
			strv_addf(&got, "%s=%04x:%04x/%04x:%04x", bdf, b->vendor, b->id,
				  b->subvendor, b->subdevice);
		else
			strv_add(&got, bdf);
	}
	strv_sort(&got);
	joined = strv_join(&got, " ");
	assert_string_equal(joined, expected);
}

/* A rule of ours takes the device it was written for, and nothing else that comes to its address. */
static void test_what_a_rule_takes(void **state)
{
	static const struct {
		const char *address;
		uint16_t vendor, id, subvendor, subdevice;
		bool taken;
	} cases[] = {
		{"0000:0b:00.0", 0x10de, 0x2484, 0x1462, 0x3905, true},
		{"0000:0c:00.0", 0x10de, 0x2484, 0x1462, 0x3905, false},
		{"0000:0b:00.0", 0x1002, 0x2484, 0x1462, 0x3905, false},
		{"0000:0b:00.0", 0x10de, 0x2485, 0x1462, 0x3905, false},
		{"0000:0b:00.0", 0x10de, 0x2484, 0x1043, 0x3905, false},
		{"0000:0b:00.0", 0x10de, 0x2484, 0x1462, 0x3906, false},
	};
	struct present p = {0};
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_init(&w);
	add_device(&w, "0000:0b:00.0", true, "NVIDIA GeForce RTX 3070");
	w.devices[0].vendor = 0x10de;
	w.devices[0].id = 0x2484;
	w.devices[0].subvendor = 0x1462;
	w.devices[0].subdevice = 0x3905;
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	bed_present(&b, &target_udev_rules, &p);
	assert_bound(&p, "0000:0b:00.0=10de:2484/1462:3905");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device d = {.vendor = cases[i].vendor,
				   .id = cases[i].id,
				   .subvendor = cases[i].subvendor,
				   .subdevice = cases[i].subdevice};

		assert_true(pci_addr_parse(cases[i].address, &d.addr));
		assert_int_equal(bound_address_takes(&p.bound[0], &d), cases[i].taken);
	}
	present_release(&p);
	wish_release(&w);
	bed_release(&b);
}

static const char foreign[] =
	"# ACTION==\"add\", KERNEL==\"0000:09:00.0\", ATTR{driver_override}=\"vfio-pci\"\n"
	"SUBSYSTEM==\"block\", GROUP=\"kvm\"\n"
	"ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"0000:03:00.0\", \\\n"
	"  ATTR{driver_override}=\"vfio-pci\"\n"
	"SUBSYSTEM==\"pci\", KERNEL == \"0000:04:00.0\", ATTR{driver_override}=\"vfio-pci\"\n"
	"SUBSYSTEM==\"pci\", KERNEL==\"0000:04:00.1\", ATTR{driver_override}==\"vfio-pci\", "
	"RUN+=\"x\"\n"
	"SUBSYSTEM==\"pci\", KERNEL==\"0000:04:00.2\", ATTR{driver_override}=\"nouveau\"";

static void test_hand_made_bindings(void **state)
{
	struct present p = {0};
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/etc/udev/rules.d/99-mine.rules", foreign);
	bed_put(&b, "/etc/driverctl.d/0000:01:00.0", "vfio-pci\n");
	bed_put(&b, "/etc/driverctl.d/pci-0000:02:00.0", "vfio-pci");
	bed_put(&b, "/etc/driverctl.d/0000:06:00.0", "nouveau\n");
	bed_put(&b, UDEV_BIND_PATH,
		"KERNEL==\"0000:07:00.0\", ATTR{driver_override}=\"vfio-pci\"\n");
	bed_present(&b, &target_udev_rules, &p);
	assert_bound(&p, "0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0 0000:07:00.0");
	assert_int_equal(p.where.len, 4);
	present_release(&p);

	/* what is wished stays as it is, the rest is taken back */
	wish_init(&w);
	add_device(&w, "0000:03:00.0", false, "x");
	add_device(&w, "0000:04:00.0", false, "x");
	add_device(&w, "0000:02:00.0", false, "x");
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_string_equal(bed_get(&b, "/etc/udev/rules.d/99-mine.rules"), foreign);
	assert_null(bed_get(&b, "/etc/driverctl.d/0000:01:00.0"));
	assert_non_null(bed_get(&b, "/etc/driverctl.d/pci-0000:02:00.0"));
	assert_non_null(bed_get(&b, "/etc/driverctl.d/0000:06:00.0"));
	assert_null(bed_get(&b, UDEV_BIND_PATH));
	wish_release(&w);
	wish_init(&w);
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_null(strstr(bed_get(&b, "/etc/udev/rules.d/99-mine.rules"), "0000:03:00.0"));
	assert_non_null(strstr(bed_get(&b, "/etc/udev/rules.d/99-mine.rules"), "0000:04:00.2"));
	bed_release(&b);
}

/*
 * One rule, by udev's grammar as far as we use it: KEY[{ATTR}] OPERATOR "VALUE", commas
 * between, values without quotes or backslashes. This is what udevadm before 253 can't check.
 */
static bool is_rule(const char *s)
{
	static const char *const keys[] = {"ACTION", "SUBSYSTEM", "KERNEL", "ATTR",
					   "OWNER",  "GROUP",     "MODE",   "IMPORT",
					   "ENV",    "GOTO",      "LABEL",  "RUN"};

	for (;;) {
		size_t n = strcspn(s, "{=+!:");
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			known |= strlen(keys[i]) == n && !strncmp(s, keys[i], n);
		if (!known)
			return false;
		s += n;
		if (*s == '{')
			s += strcspn(s, "}") + 1;
		s += strspn(s, "=+");
		if (*s++ != '"')
			return false;
		s += strcspn(s, "\"\\");
		if (*s++ != '"')
			return false;
		if (!*s)
			return true;
		if (strncmp(s, ", ", 2) != 0)
			return false;
		s += 2;
	}
}

static void test_grammar(void **state)
{
	auto_strv struct strv lines = STRV_INIT;
	auto_str struct str out = STR_INIT;
	char dir[] = "/tmp/vfiotui-udev-XXXXXX";
	struct bed b;

	(void)state;
	strv_split(&lines, nodes_of_alex, "\n");
	strv_split(&lines, bind_one, "\n");
	for (size_t i = 0; i < lines.len; i++)
		assert_true(lines.items[i][0] == '#' || is_rule(lines.items[i]));
	assert_false(is_rule("SUBSYSTEM==\"vfio\" GROUP=\"kvm\""));
	assert_false(is_rule("SUBSYSTEM==\"vfio\", GROUP=\"kvm\" # note"));

	if (shell_run(&out, "udevadm verify --help 2>&1 | grep -q no-style")) {
		fprintf(stderr, "SKIPPED: udevadm verify (this udev has none)\n");
		return;
	}
	assert_non_null(mkdtemp(dir));
	bed_init(&b);
	bed_put(&b, UDEV_RULES_PATH, nodes_of_alex);
	bed_put(&b, UDEV_BIND_PATH, bind_one);
	bed_write(&b, dir);
	str_clear(&out);
	if (shell_run(&out, "udevadm verify --resolve-names=never %s/etc/udev/rules.d/* 2>&1", dir))
		fail_msg("%s", out.data);
	shell_run(&out, "rm -r %s", dir);
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_driver_is_asked_again),
		cmocka_unit_test(test_only_what_is_set),
		cmocka_unit_test(test_names_are_no_rules),
		cmocka_unit_test(test_device_names_stay_comments),
		cmocka_unit_test(test_what_a_rule_takes),
		cmocka_unit_test(test_hand_made_bindings),
		cmocka_unit_test(test_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
