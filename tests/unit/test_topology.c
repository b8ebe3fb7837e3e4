/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/topology.h"

static struct pci_addr addr_of(const char *bdf)
{
	struct pci_addr a;

	assert_true(pci_addr_parse(bdf, &a));
	return a;
}

static struct device *add(struct topology *t, const char *bdf, int group)
{
	struct pci_addr a = addr_of(bdf);
	struct device *d = topology_add(t, &a);

	d->group = group;
	return d;
}

static void add_bridge(struct topology *t, const char *bdf, uint8_t secondary, uint8_t subordinate)
{
	struct device *d = add(t, bdf, NO_GROUP);

	d->is_bridge = true;
	d->caps.header_known = true;
	d->caps.header_type = 1;
	d->caps.secondary = secondary;
	d->caps.subordinate = subordinate;
}

static const struct device *find(const struct topology *t, const char *bdf)
{
	struct pci_addr a = addr_of(bdf);

	return topology_find(t, &a);
}

static const char *parent_of(const struct topology *t, const char *bdf)
{
	size_t parent = find(t, bdf)->parent;

	return parent == NO_PARENT ? "none" : t->devices[parent].bdf;
}

static void empty(void **state)
{
	struct topology *t = topology_new();
	struct pci_addr a = addr_of("00:00.0");

	(void)state;
	topology_seal(t);
	assert_int_equal(t->len, 0);
	assert_int_equal(t->groups_len, 0);
	assert_null(topology_find(t, &a));
	assert_null(topology_group(t, 0));
	topology_free(t);
	topology_free(NULL);
}

/* One group string a group: "ID: BDF BDF". */
static void groups(void **state)
{
	struct topology *t = topology_new();
	const struct iommu_group *g;

	(void)state;
	add(t, "10000:e1:00.0", 7);
	add(t, "0000:0b:00.1", 15);
	add(t, "0000:03:00.0", 7);
	add(t, "0000:0b:00.0", 15);
	add(t, "0000:00:00.0", NO_GROUP);
	add(t, "0000:01:00.0", 1000000);
	topology_seal(t);
	assert_int_equal(t->len, 6);
	assert_string_equal(t->devices[0].bdf, "0000:00:00.0");
	assert_string_equal(t->devices[5].bdf, "10000:e1:00.0");
	assert_int_equal(t->groups_len, 3);
	assert_int_equal(t->groups[0].id, 7);
	assert_int_equal(t->groups[2].id, 1000000);
	g = topology_group(t, 7);
	assert_int_equal(g->len, 2); /* over two domains */
	assert_string_equal(t->devices[g->members[0]].bdf, "0000:03:00.0");
	assert_string_equal(t->devices[g->members[1]].bdf, "10000:e1:00.0");
	g = topology_group(t, 15);
	assert_string_equal(t->devices[g->members[0]].bdf, "0000:0b:00.0");
	assert_null(topology_group(t, 8));
	assert_null(topology_group(t, NO_GROUP));
	assert_ptr_equal(find(t, "0b:00.1"), &t->devices[topology_index(t, find(t, "0b:00.1"))]);
	assert_null(find(t, "0b:00.2"));
	topology_free(t);
}

static void parents_from_bus_numbers(void **state)
{
	struct topology *t = topology_new();

	(void)state;
	add(t, "0000:05:00.0", 1);
	add(t, "0000:03:00.0", 1);
	add_bridge(t, "0000:00:01.0", 1, 6);
	add_bridge(t, "0000:01:00.0", 2, 6);
	add_bridge(t, "0000:02:00.0", 3, 3);
	add_bridge(t, "0000:02:01.0", 4, 6);
	add_bridge(t, "0000:04:00.0", 5, 5);
	add(t, "0000:06:00.0", 1);             /* the nearest bridge is two buses up */
	add(t, "0001:05:00.0", 1);             /* another domain has no bridges */
	add_bridge(t, "0000:00:02.0", 0, 255); /* not set up: leads to its own bus */
	add_bridge(t, "0000:00:03.0", 9, 8);   /* upside down */
	add(t, "0000:09:00.0", 1);
	add(t, "0000:00:1f.0", 1);
	topology_seal(t);
	assert_string_equal(parent_of(t, "05:00.0"), "0000:04:00.0");
	assert_string_equal(parent_of(t, "03:00.0"), "0000:02:00.0");
	assert_string_equal(parent_of(t, "02:01.0"), "0000:01:00.0");
	assert_string_equal(parent_of(t, "01:00.0"), "0000:00:01.0");
	assert_string_equal(parent_of(t, "06:00.0"), "0000:02:01.0");
	assert_string_equal(parent_of(t, "0001:05:00.0"), "none");
	assert_string_equal(parent_of(t, "09:00.0"), "none");
	assert_string_equal(parent_of(t, "00:1f.0"), "none");
	topology_free(t);
}

/* What was known before counts more than bus numbers, and is renumbered by the sorting. */
static void known_parents(void **state)
{
	struct topology *t = topology_new();

	(void)state;
	add(t, "0000:05:00.0", 1)->parent = 2;
	add(t, "0000:04:00.0", 1)->parent = NO_PARENT;
	add_bridge(t, "0000:00:1c.0", 0, 0);
	add_bridge(t, "0000:00:01.0", 1, 255);
	add(t, "0000:05:00.1", 1)->physical_function = 0;
	topology_seal(t);
	assert_string_equal(parent_of(t, "05:00.0"), "0000:00:1c.0");
	assert_string_equal(parent_of(t, "04:00.0"), "none");
	assert_string_equal(parent_of(t, "05:00.1"), "0000:00:01.0");
	assert_int_equal(find(t, "05:00.1")->physical_function,
			 topology_index(t, find(t, "05:00.0")));
	assert_int_equal(find(t, "05:00.0")->physical_function, NO_PARENT);
	topology_free(t);
}

static void drop_last(void **state)
{
	struct topology *t = topology_new();
	struct device *d;

	(void)state;
	add(t, "0000:01:00.0", 1);
	d = add(t, "0000:02:00.0", 2);
	d->driver = xstrdup("nouveau");
	topology_drop_last(t);
	topology_seal(t);
	assert_int_equal(t->len, 1);
	assert_int_equal(t->groups_len, 1);
	assert_string_equal(t->devices[0].class_name, "");
	topology_free(t);
}

/* Many devices: every one in its place, and no parent chain that goes in a circle. */
static void four_thousand(void **state)
{
	struct topology *t = topology_new();

	(void)state;
	for (unsigned i = 0; i < 4096; i++) {
		unsigned shuffled = i * 1597 % 4096;
		struct pci_addr a = {.domain = shuffled >> 11,
				     .bus = (uint8_t)(shuffled >> 3 & 0xff),
				     .function = (uint8_t)(shuffled & 7)};
		struct device *d = topology_add(t, &a);

		d->group = (int)(shuffled % 100 * 1000);
		d->is_bridge = d->caps.header_known = a.function == 0;
		d->caps.secondary = (uint8_t)(a.bus + 1);
		d->caps.subordinate = 255;
	}
	topology_seal(t);
	assert_int_equal(t->groups_len, 100);
	for (size_t i = 0; i < t->len; i++) {
		size_t at = i;

		assert_ptr_equal(topology_find(t, &t->devices[i].addr), &t->devices[i]);
		if (i)
			assert_true(pci_addr_compare(&t->devices[i - 1].addr, &t->devices[i].addr) <
				    0);
		for (int steps = 0; at != NO_PARENT; steps++) {
			assert_true(steps < 257);
			at = t->devices[at].parent;
		}
	}
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(groups),
		cmocka_unit_test(parents_from_bus_numbers),
		cmocka_unit_test(known_parents),
		cmocka_unit_test(drop_last),
		cmocka_unit_test(four_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
