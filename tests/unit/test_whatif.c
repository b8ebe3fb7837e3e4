/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Today's groups beside those under an override, on recorded machines. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/recorded.h"
#include "../support/samples.h"
#include "advice/override.h"
#include "advice/whatif.h"
#include "base/mem.h"

#define IDS "tests/ui/machines/pci.ids"
#define B550 "tests/machines/am4-b550-rx6600-acs.txt"

static const struct acs_override_set none = {.ids_len = 0};
static const struct acs_override_set both = {.downstream = true, .multifunction = true};

/* The machine as a kernel with the override would show it. */
static struct topology *regrouped(const struct topology *t, const struct acs_override_set *o)
{
	struct topology *n = topology_new();
	struct isolation m;

	isolation_model(t, o, &m);
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];
		struct device *to = topology_add(n, &d->addr);

		to->class_code = d->class_code;
		to->vendor = d->vendor;
		to->id = d->id;
		to->group = m.leader[i] == SIZE_MAX ? NO_GROUP : (int)m.leader[i];
		to->parent = d->parent;
		to->is_bridge = d->is_bridge;
		to->caps = d->caps;
		to->sriov = d->sriov;
		to->requester = d->requester;
	}
	isolation_release(&m);
	topology_seal(n);
	return n;
}

/* Every device with a group is in one block, or alone; none twice. */
static void check_cover(const struct whatif *w)
{
	size_t members = 0, grouped = 0;

	for (size_t i = 0; i < w->topology->len; i++)
		grouped += w->now[i] != NO_GROUP;
	for (size_t i = 0; i < w->len; i++) {
		members += w->blocks[i].len;
		assert_true(w->blocks[i].len > 1);
	}
	assert_int_equal(members + w->alone, grouped);
}

static void try_machine(const char *name, const struct topology *t)
{
	struct topology *later = regrouped(t, &both);
	struct whatif w;
	size_t parted;

	whatif_make(t, &none, &none, &w);
	check_cover(&w);
	if (w.changed)
		fail_msg("%s: no override changes %zu groups", name, w.changed);
	whatif_release(&w);

	whatif_make(t, &both, &none, &w);
	check_cover(&w);
	parted = w.changed;
	for (size_t i = 0; i < w.len; i++)
		assert_true(w.blocks[i].then >= w.blocks[i].today); /* it only parts */
	whatif_release(&w);

	/* On the machine that runs with it: the same choice changes nothing, none brings all together again. */
	if (!t->groups_len || !parted)
		goto end;
	whatif_make(later, &both, &both, &w);
	assert_int_equal(w.changed, 0);
	whatif_release(&w);
	whatif_make(later, &none, &both, &w);
	check_cover(&w);
	assert_int_equal(w.changed, parted);
	whatif_release(&w);
end:
	topology_free(later);
}

static void every_machine(void **state)
{
	auto_free char *dir = xasprintf("%s/tests/machines", samples_top());
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, alphasort), machines = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		auto_free char *file = xasprintf("tests/machines/%s", names[i]->d_name);
		struct recorded r;

		if (text_ends_with(file, ".txt")) {
			recorded_open(&r, file, IDS);
			try_machine(names[i]->d_name, r.situation->topology);
			recorded_close(&r);
			machines++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(machines >= 44);
	printf("measured: what-if on %d recorded machines\n", machines);
}

static const struct whatif_block *block(const struct whatif *w, int id)
{
	for (size_t i = 0; i < w->len; i++)
		if (w->blocks[i].id == id)
			return &w->blocks[i];
	fail_msg("no block %d", id);
	abort();
}

static size_t index_of(const struct topology *t, const char *bdf)
{
	struct pci_addr a;

	assert_true(pci_addr_parse(bdf, &a));
	return topology_index(t, topology_find(t, &a));
}

/* The chipset of a B550 board: the switch in it has no ACS, neither its ports nor its functions. */
static void a_chipset(void **state)
{
	struct recorded r;
	const struct topology *t;
	auto_str struct str why = STR_INIT;
	auto_str struct str cost = STR_INIT;
	struct whatif w;

	(void)state;
	recorded_open(&r, B550, IDS);
	t = r.situation->topology;
	whatif_make(t, &both, &none, &w);
	assert_int_equal(block(&w, 15)->today, 1);
	assert_int_equal(block(&w, 15)->then, 9);
	assert_int_equal(whatif_id_then(&w, index_of(t, "0000:02:00.0")), 15);
	assert_int_equal(whatif_id_then(&w, index_of(t, "0000:05:00.0")), -1);
	assert_string_equal(whatif_verdict(&w, index_of(t, "0000:03:06.0")), "overridden");
	assert_null(whatif_verdict(&w, index_of(t, "0000:05:00.0")));
	whatif_why(&w, block(&w, 15), &why);
	assert_non_null(strstr(why.data, "Upstream port 02:00.2 (1022:43e9)"));
	assert_non_null(strstr(why.data, "would make 9 groups of this one"));
	whatif_cost(&w, block(&w, 15), &cost);
	assert_non_null(strstr(cost.data, "02:00.0, 02:00.1, 04:00.0, 05:00.0 and 1 more"));
	assert_non_null(strstr(cost.data, "unseen by the IOMMU"));
	whatif_release(&w);

	/* Ports alone don't help: the functions of the upstream port's slot still hang together. */
	whatif_make(t, &(struct acs_override_set){.downstream = true}, &none, &w);
	assert_int_equal(block(&w, 15)->then, 1);
	assert_string_equal(whatif_verdict(&w, index_of(t, "0000:02:00.2")), "no ACS");
	str_clear(&cost);
	whatif_cost(&w, block(&w, 15), &cost);
	assert_int_equal(cost.len, 0);
	whatif_release(&w);
	recorded_close(&r);
}

static void ids_that_could_be_named(void **state)
{
	struct whatif_id ids[WHATIF_IDS];
	struct recorded r;
	bool upstream = false;
	size_t n;

	(void)state;
	recorded_open(&r, B550, IDS);
	n = whatif_ids(r.situation->topology, &none, ids);
	assert_true(n > 2 && n <= WHATIF_IDS);
	for (size_t i = 0; i < n; i++) {
		const struct device *d = &r.situation->topology->devices[ids[i].first];

		assert_int_equal(acs_verdict(d, NULL), ACS_FAIL_NO_CAPABILITY);
		assert_true(i == 0 || ids[i].splits <= ids[i - 1].splits);
		upstream |= ids[i].vendor == 0x1022 && ids[i].device == 0x43e9 && ids[i].splits;
		for (size_t k = 0; k < i; k++)
			assert_false(ids[k].vendor == ids[i].vendor &&
				     ids[k].device == ids[i].device);
	}
	assert_true(upstream);
	recorded_close(&r);
}

/* A conventional bridge replaces the requester id: nothing parts what is behind it. */
static void no_override_helps(void **state)
{
	struct recorded r;
	struct whatif w;
	size_t behind_bridges = 0;

	(void)state;
	recorded_open(&r, "tests/machines/c224-x10slm-f-acs.txt", IDS);
	whatif_make(r.situation->topology, &both, &none, &w);
	for (size_t i = 0; i < w.len; i++) {
		auto_str struct str why = STR_INIT;

		if (!w.blocks[i].why || w.blocks[i].why->cause != CAUSE_LEGACY_BRIDGE)
			continue;
		behind_bridges++;
		assert_false(whatif_changes(&w.blocks[i]));
		whatif_why(&w, &w.blocks[i], &why);
		assert_true(strstr(why.data, "conventional PCI") != NULL);
	}
	assert_true(behind_bridges > 0);
	whatif_release(&w);
	recorded_close(&r);
}

/* Without registers nothing is foretold, and nothing changes. */
static void unreadable_machines_are_left_alone(void **state)
{
	struct recorded r;
	struct whatif w;

	(void)state;
	recorded_open(&r, "tests/machines/b550-aorus-one-group.txt", IDS);
	whatif_make(r.situation->topology, &both, &none, &w);
	assert_int_equal(w.changed, 0);
	assert_int_equal(block(&w, 0)->why->cause, CAUSE_UNEXPLAINED);
	whatif_release(&w);
	recorded_close(&r);
}

/* Without an IOMMU the groups of the rule stand for today's. */
static void iommu_off(void **state)
{
	struct recorded r;
	struct whatif w;

	(void)state;
	recorded_open(&r, "tests/machines/am5-iommu-off-acs.txt", IDS);
	whatif_make(r.situation->topology, &both, &none, &w);
	assert_true(w.assumed);
	assert_true(w.changed > 0);
	check_cover(&w);
	whatif_release(&w);
	recorded_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_machine),
		cmocka_unit_test(a_chipset),
		cmocka_unit_test(ids_that_could_be_named),
		cmocka_unit_test(no_override_helps),
		cmocka_unit_test(unreadable_machines_are_left_alone),
		cmocka_unit_test(iommu_off),
	};

	/* thousands of small files: quick in memory */
	if (!access("/dev/shm", W_OK))
		setenv("TMP", "/dev/shm", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
