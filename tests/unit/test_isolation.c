/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's grouping rule: on every recorded machine with ACS bits the model makes the
 * kernel's own groups; what an override would do is told as the patch would do it.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "advice/isolation.h"
#include "advice/isolation_text.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/host.h"
#include "machine/recording.h"
#include "machine/scan.h"

#include "../support/tmproot.h"

#define MACHINES "tests/machines"

/* A recorded machine as a topology; the caller frees. */
static struct topology *machine(const char *name)
{
	auto_free char *path = xasprintf("%s/%s", MACHINES, name);
	auto_str struct str text = STR_INIT;
	char *root = tmproot_new();
	struct host *host = NULL;
	struct scanner *scanner;
	struct topology *t = NULL;
	struct err err = ERR_INIT;
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add(&text, chunk, n);
	fclose(f);
	if (recording_unpack(text.data, text.len, root, &err) || host_open(root, &host, &err))
		fail_msg("%s: %s", name, err.text);
	scanner = scanner_new(host, "/dev/null");
	if (scanner_scan(scanner, &t, &err))
		fail_msg("%s: %s", name, err.text);
	scanner_free(scanner);
	host_free(host);
	tmproot_remove(root);
	return t;
}

static bool has_acs_columns(const struct dirent *entry)
{
	return text_ends_with(entry->d_name, "-acs.txt");
}

/* Fails with the first device whose group the model makes otherwise than the kernel. */
static void compare(const char *name, const struct topology *t)
{
	struct isolation m;

	isolation_model(t, NULL, &m);
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];

		if (d->group == NO_GROUP) {
			assert_true(m.leader[i] == SIZE_MAX);
			continue;
		}
		if (t->devices[m.leader[i]].group != d->group)
			fail_msg("%s: %s is in group %d, the model puts it with %s", name, d->bdf,
				 d->group, t->devices[m.leader[i]].bdf);
		if (m.join[i] == JOIN_NEW && topology_group(t, d->group)->members[0] != i)
			fail_msg("%s: the model gives %s a group of its own", name, d->bdf);
	}
	isolation_release(&m);
}

static void test_recorded_machines(void **state)
{
	DIR *dir = opendir(MACHINES);
	struct dirent *entry;
	size_t machines = 0, groups = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct topology *t;

		if (!has_acs_columns(entry))
			continue;
		t = machine(entry->d_name);
		if (t->groups_len)
			compare(entry->d_name, t);
		machines++;
		groups += t->groups_len;
		topology_free(t);
	}
	closedir(dir);
	assert_true(machines >= 12);
	printf("measured: %zu recorded machines with ACS bits, %zu groups, all as the kernel "
	       "formed them\n",
	       machines, groups);
}

static const struct group_explanation *explanation(const struct isolation_report *r, int id)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->groups[i].id == id)
			return &r->groups[i];
	fail_msg("group %d is not explained", id);
	abort();
}

/* The chipset switch of a B550 board: its downstream ports have no ACS capability. */
static void test_port_lacks_acs(void **state)
{
	struct topology *t = machine("am4-b550-rx6600-acs.txt");
	struct isolation_report r;
	const struct group_explanation *e;

	(void)state;
	isolation_explain(t, NULL, &r);
	assert_int_equal(r.confidence, CONFIDENCE_EXACT);
	e = explanation(&r, 15);
	assert_int_equal(e->cause, CAUSE_FUNCTION_LACKS_ACS);
	assert_string_equal(t->devices[e->culprit].bdf, "0000:02:00.2");
	assert_true(strv_has(&e->splits_with, "downstream,multifunction") ||
		    strv_has(&e->splits_with, "multifunction"));
	assert_int_equal(explanation(&r, 1)->cause, CAUSE_SINGLE);
	isolation_report_release(&r);
	topology_free(t);
}

/* A listing without capabilities: nothing is claimed about a cause. */
static void test_unreadable_registers(void **state)
{
	struct topology *t = machine("b550-aorus-one-group.txt");
	auto_str struct str why = STR_INIT;
	struct isolation_report r;

	(void)state;
	isolation_explain(t, NULL, &r);
	assert_int_equal(r.confidence, CONFIDENCE_UNKNOWN);
	assert_int_equal(explanation(&r, 0)->cause, CAUSE_UNEXPLAINED);
	assert_true(explanation(&r, 0)->culprit == SIZE_MAX);
	isolation_why(t, explanation(&r, 0), &why);
	assert_non_null(strstr(why.data, "can't be told"));
	isolation_report_release(&r);
	topology_free(t);
}

/* ACS is there with its bits off: no override helps, since the patch leaves such ports alone. */
static void test_iommu_off_counts_acs_as_switched_on(void **state)
{
	struct topology *t = machine("am5-iommu-off-acs.txt");
	struct isolation m;
	size_t groups = 0;

	(void)state;
	assert_int_equal(t->groups_len, 0);
	isolation_model(t, NULL, &m);
	for (size_t i = 0; i < t->len; i++) {
		assert_true(m.leader[i] != SIZE_MAX);
		groups += m.join[i] == JOIN_NEW;
	}
	assert_in_range(groups, 20, 50);
	isolation_release(&m);
	topology_free(t);
}

static void test_override_words(void **state)
{
	struct acs_override_set set;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(acs_override_parse("downstream,id:1022:1453,multifunction", &set, &err),
			 0);
	assert_true(set.downstream && set.multifunction);
	assert_int_equal(set.ids_len, 1);
	assert_int_equal(set.ids[0].vendor, 0x1022);
	assert_int_equal(acs_override_parse("", &set, &err), 0);
	assert_false(set.downstream || set.multifunction || set.ids_len);
	assert_true(acs_override_parse("upstream", &set, &err) < 0);
	assert_non_null(strstr(err.text, "'upstream' is no ACS override"));
	assert_true(acs_override_parse("id:1022", &set, &err) < 0);
	assert_true(acs_override_parse("id:1022:1453x", &set, &err) < 0);
}

/* 4,096 devices in a deep and wide tree cost milliseconds; a quadratic rule would cost seconds. */
static void test_many_devices(void **state)
{
	struct topology *t = topology_new();
	struct isolation_report r;
	clock_t start;
	double seconds;

	(void)state;
	for (unsigned i = 0; i < 4096; i++) {
		struct pci_addr a = {.domain = i / 2048,
				     .bus = (uint8_t)(i / 8 % 256),
				     .slot = 0,
				     .function = (uint8_t)(i % 8)};
		struct device *d = topology_add(t, &a);

		d->group = (int)(i / 8);
		d->vendor = 0x8086; /* the maker with the most quirks to look through */
		d->caps = (struct pci_caps){.header_known = true,
					    .basic_known = true,
					    .extended_known = true,
					    .multifunction = true,
					    .pcie_type = PCIE_ENDPOINT};
	}
	topology_seal(t);
	start = clock();
	isolation_explain(t, NULL, &r);
	seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	assert_int_equal(r.len, 512);
	printf("measured: 4096 devices explained in %.1f ms\n", seconds * 1000);
	isolation_report_release(&r);
	topology_free(t);
}

/* Gives every device the group that the rule makes of it under an override, as a patched kernel would. */
static struct topology *regroup(const struct topology *t, const struct acs_override_set *o)
{
	struct topology *copy = topology_new();
	struct isolation m;

	isolation_model(t, o, &m);
	for (size_t i = 0; i < t->len; i++) {
		const struct device *from = &t->devices[i];
		struct device *d = topology_add(copy, &from->addr);

		d->class_code = from->class_code;
		d->vendor = from->vendor;
		d->id = from->id;
		d->parent = from->parent;
		d->is_bridge = from->is_bridge;
		d->caps = from->caps;
		d->group = m.leader[i] == SIZE_MAX ? NO_GROUP : (int)m.leader[i];
	}
	topology_seal(copy);
	isolation_release(&m);
	return copy;
}

static const struct device *device_at(const struct topology *t, const char *address)
{
	struct pci_addr a;

	assert_true(pci_addr_parse(address, &a));
	return topology_find(t, &a);
}

/* Under an override the groups are explained by it, and what only it keeps apart is not called isolated. */
static void test_override_in_force(void **state)
{
	const struct acs_override_set both = {.downstream = true, .multifunction = true};
	struct topology *stock = machine("am4-b550-rx6600-acs.txt");
	struct topology *t = regroup(stock, &both);
	struct isolation_report r;

	(void)state;
	assert_true(t->groups_len > stock->groups_len);
	isolation_explain(t, NULL, &r);
	assert_int_equal(r.confidence, CONFIDENCE_PARTIAL);
	isolation_report_release(&r);
	isolation_explain(t, &both, &r);
	assert_int_equal(r.confidence, CONFIDENCE_EXACT);
	assert_true(isolation_of_group(&r, device_at(t, "05:00.0")->group)->only_by_override);
	assert_true(isolation_of_group(&r, device_at(t, "02:00.0")->group)->only_by_override);
	/* below another port, isolated without any override */
	assert_false(isolation_of_group(&r, device_at(t, "2d:00.0")->group)->only_by_override);
	isolation_report_release(&r);
	topology_free(t);
	topology_free(stock);
}

/* What the kernel was started with counts where it knows the patch; where that can't be told, the groups tell. */
static void test_what_is_in_force(void **state)
{
	static char parted[] = "ro pcie_acs_override=downstream,nonsense "
			       "pcie_acs_override=multifunction quiet";
	static char spelled[] =
		"ro pcie-acs-override=downstream \"pcie_acs_override=multifunction\"";
	static char of_init[] = "ro -- pcie_acs_override=downstream,multifunction";
	static char plain[] = "ro quiet";
	static const struct {
		enum acs_override kernel;
		char *cmdline;
		bool regrouped, in_force;
	} cases[] = {
		{ACS_OVERRIDE_ACTIVE, parted, true, true},
		{ACS_OVERRIDE_ACTIVE, parted, false, true},
		{ACS_OVERRIDE_ACTIVE, spelled, true, true},
		{ACS_OVERRIDE_ACTIVE, of_init, true, false},
		{ACS_OVERRIDE_UNKNOWN, parted, true, true},
		{ACS_OVERRIDE_UNKNOWN, parted, false, false},
		{ACS_OVERRIDE_UNSUPPORTED, parted, false, false},
		{ACS_OVERRIDE_UNKNOWN, plain, true, false},
		{ACS_OVERRIDE_UNKNOWN, NULL, false, false},
	};
	const struct acs_override_set both = {.downstream = true, .multifunction = true};
	struct topology *stock = machine("am4-b550-rx6600-acs.txt");
	struct topology *regrouped = regroup(stock, &both);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct platform p = {.acs_override = cases[i].kernel,
					   .cmdline = cases[i].cmdline};
		struct acs_override_set found;
		auto_str struct str text = STR_INIT;

		acs_override_in_force(cases[i].regrouped ? regrouped : stock, &p, &found);
		assert_int_equal(!acs_override_is_empty(&found), cases[i].in_force);
		acs_override_text(&found, &text);
		if (cases[i].in_force)
			assert_string_equal(text.data, "downstream,multifunction");
	}
	topology_free(regrouped);
	topology_free(stock);
}

/* A device of sysfs below `above`, a link in the bus to it, and its group. */
static void put_device(const char *root, const char *above, const char *bdf, const char *class,
		       const char *group)
{
	auto_free char *dir = xasprintf("/sys/devices/%s/%s", above, bdf);
	auto_free char *uevent = xasprintf("%s/uevent", dir);
	auto_free char *text = xasprintf("PCI_CLASS=%s\nPCI_ID=8086:467F\n", class);
	auto_free char *link = xasprintf("/sys/bus/pci/devices/%s", bdf);
	auto_free char *to = xasprintf("../../../devices/%s/%s", above, bdf);
	auto_free char *group_link = xasprintf("%s/iommu_group", dir);
	auto_free char *group_to = xasprintf("/sys/kernel/iommu_groups/%s", group);

	tmproot_put(root, uevent, text);
	tmproot_link(root, link, to);
	tmproot_link(root, group_link, group_to);
}

/* Of two Volume Management Devices each has the requester id of the domain below it, at any depth. */
static void test_two_volume_management_devices(void **state)
{
	char *root = tmproot_new();
	struct topology *t = NULL;
	struct host *host = NULL;
	struct scanner *scanner;
	struct isolation m;

	(void)state;
	put_device(root, "pci0000:00", "0000:00:0e.0", "10400", "1");
	put_device(root, "pci0000:80", "0000:80:0e.0", "10400", "2");
	put_device(root, "pci0000:00/0000:00:0e.0/pci10000:e0", "10000:e0:06.0", "60400", "1");
	put_device(root, "pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0", "10000:e1:00.0",
		   "10802", "1");
	put_device(root, "pci0000:80/0000:80:0e.0/pci10001:80", "10001:80:01.0", "10802", "2");
	assert_int_equal(host_open(root, &host, NULL), 0);
	scanner = scanner_new(host, "/dev/null");
	assert_int_equal(scanner_scan(scanner, &t, NULL), 0);
	assert_int_equal(t->len, 5);
	assert_string_equal(t->devices[device_at(t, "10000:e0:06.0")->requester].bdf,
			    "0000:00:0e.0");
	assert_string_equal(t->devices[device_at(t, "10000:e1:00.0")->requester].bdf,
			    "0000:00:0e.0");
	assert_string_equal(t->devices[device_at(t, "10001:80:01.0")->requester].bdf,
			    "0000:80:0e.0");
	assert_true(t->devices[0].requester == NO_PARENT);
	isolation_model(t, NULL, &m);
	assert_int_equal(m.leader[topology_index(t, device_at(t, "10000:e1:00.0"))], 0);
	assert_int_equal(m.leader[topology_index(t, device_at(t, "10001:80:01.0"))], 1);
	isolation_release(&m);
	topology_free(t);
	scanner_free(scanner);
	host_free(host);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_machines),
		cmocka_unit_test(test_port_lacks_acs),
		cmocka_unit_test(test_unreadable_registers),
		cmocka_unit_test(test_iommu_off_counts_acs_as_switched_on),
		cmocka_unit_test(test_override_words),
		cmocka_unit_test(test_override_in_force),
		cmocka_unit_test(test_what_is_in_force),
		cmocka_unit_test(test_two_volume_management_devices),
		cmocka_unit_test(test_many_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
