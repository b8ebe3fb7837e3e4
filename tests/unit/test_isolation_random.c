/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grouping rule against a second one, written from the description of the kernel's steps with
 * loops over all devices, on random machines: bridges of all kinds at any depth, functions,
 * virtual functions, capabilities with any bits, quirks, shared requester ids, a Volume
 * Management Device, devices without a group, every override.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "advice/isolation.h"
#include "base/macros.h"
#include "base/mem.h"

#define MACHINES 4000
#define DEVICES_MAX 64
#define NOBODY SIZE_MAX

/* --- random machines ----------------------------------------------------------- */

static uint32_t seed;

/* The same machines on every run. */
static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static bool one_in(uint32_t n)
{
	return draw(n) == 0;
}

/* Ids that quirks know, and some that they don't. */
static const uint16_t known_ids[][2] = {
	{0x1002, 0x4384}, {0x1022, 0x7809}, {0x8086, 0x1521}, {0x8086, 0x8c10}, {0x8086, 0xa110},
	{0x8086, 0x1d11}, {0x14e4, 0x1751}, {0x14e4, 0x9000}, {0x1d17, 0x0710}, {0x1d17, 0x0711},
	{0x1d17, 0x0900}, {0x8088, 0x1001}, {0x8088, 0x1000}, {0x1b4b, 0x9230}, {0x1b4b, 0x9172},
	{0x1180, 0xe832}, {0x10b5, 0x87b0}, {0x8086, 0x2954}, {0x8086, 0x2260}, {0x177d, 0xa001},
	{0x1def, 0xe006}, {0x1957, 0x8d80}, {0x10de, 0x2484}, {0x1022, 0x1453}, {0x1912, 0x0014},
};

static void draw_caps(struct pci_caps *c)
{
	*c = (struct pci_caps){.header_known = true, .basic_known = true, .extended_known = true};
	c->multifunction = one_in(3);
	c->acs = !one_in(3);
	if (!c->acs)
		return;
	c->acs_cap = one_in(4) ? (uint16_t)draw(0x80) : 0x1f;
	c->acs_ctl = one_in(4) ? (uint16_t)draw(0x80) : 0x1d;
}

static enum pcie_type draw_type(bool bridge)
{
	static const enum pcie_type bridges[] = {PCIE_ROOT_PORT,  PCIE_ROOT_PORT,  PCIE_UPSTREAM,
						 PCIE_DOWNSTREAM, PCIE_DOWNSTREAM, PCIE_TO_PCI,
						 PCI_TO_PCIE,     PCIE_NONE};
	static const enum pcie_type others[] = {
		PCIE_ENDPOINT,    PCIE_ENDPOINT,           PCIE_ENDPOINT, PCIE_LEGACY_ENDPOINT,
		PCIE_RC_ENDPOINT, PCIE_RC_EVENT_COLLECTOR, PCIE_NONE};

	return bridge ? bridges[draw(ARRAY_SIZE(bridges))] : others[draw(ARRAY_SIZE(others))];
}

struct builder {
	struct topology *t;
	uint8_t next_bus;
	size_t vmd; /* order of adding, or NO_PARENT */
	unsigned depth;
};

static size_t add(struct builder *b, const struct pci_addr *a, size_t parent, bool bridge)
{
	struct device *d = topology_add(b->t, a);
	const uint16_t *ids = known_ids[draw(ARRAY_SIZE(known_ids))];

	d->vendor = ids[0];
	d->id = ids[1];
	d->parent = parent;
	d->is_bridge = bridge;
	draw_caps(&d->caps);
	d->caps.pcie_type = draw_type(bridge);
	d->group = one_in(40) ? NO_GROUP : 0;
	if (!bridge && one_in(8))
		d->sriov = SRIOV_VIRTUAL;
	if (a->domain > 0xffff)
		d->requester = b->vmd;
	return topology_index(b->t, d);
}

/* Fills a bus; bridges get a bus of their own, to be filled at once. */
static void fill(struct builder *b, uint32_t domain, uint8_t bus, size_t parent)
{
	const uint32_t slots = 1 + draw(parent == NO_PARENT ? 5 : 3);

	for (uint8_t slot = 0; slot < slots; slot++) {
		const uint32_t functions = one_in(2) ? 1 : 1 + draw(4);

		for (uint8_t fn = 0; fn < functions && b->t->len < DEVICES_MAX; fn++) {
			const struct pci_addr a = {domain, bus, slot, fn};
			const bool bridge = one_in(2) && b->depth < 5;
			const size_t i = add(b, &a, parent, bridge);

			if (!bridge)
				continue;
			b->depth++;
			fill(b, domain, b->next_bus++, i);
			b->depth--;
		}
	}
}

static struct topology *draw_machine(void)
{
	struct builder b = {.t = topology_new(), .next_bus = 1, .vmd = NO_PARENT};

	fill(&b, 0, 0, NO_PARENT);
	if (one_in(4)) {
		const struct pci_addr a = {0, 0, 0x1e, 0};

		b.vmd = add(&b, &a, NO_PARENT, false);
		b.next_bus = 1;
		fill(&b, 0x10000, 0, NO_PARENT);
	}
	topology_seal(b.t);
	return b.t;
}

/* --- the rule, once more -------------------------------------------------------- */

struct reference {
	const struct topology *t;
	const struct acs_override_set *o;
	int group[DEVICES_MAX + 8]; /* 0: none yet */
	int groups;
};

static bool slow_multifunction(const struct device *d)
{
	if (d->sriov == SRIOV_VIRTUAL)
		return false;
	return d->addr.function != 0 || d->caps.multifunction;
}

/* pci_dev_specific_acs_enabled() for the ids above: 1 passes, 0 fails, -1 says nothing. */
static int slow_quirk(const struct device *d)
{
	const uint32_t id = (uint32_t)d->vendor << 16 | d->id;
	const enum pcie_type type = d->caps.pcie_type;

	switch (id) {
	case 0x10024384:
	case 0x10227809:
		return slow_multifunction(d) && d->parent == NO_PARENT ? 1 : -1;
	case 0x80861521:
	case 0x14e41751:
	case 0x80881001:
	case 0x1defe006:
	case 0x19578d80:
		return 1;
	case 0x80881000:
		return 0;
	case 0x80868c10:
		if (type == PCIE_ROOT_PORT)
			return 1;
		break;
	case 0x177da001:
		return type == PCIE_ROOT_PORT ? 1 : -1;
	case 0x1d170710:
	case 0x1d170711:
		return type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM ? 1 : -1;
	case 0x1d170900:
		return type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM ? 0 : -1;
	default:
		break;
	}
	return d->vendor == 0x8086 && type == PCIE_RC_ENDPOINT ? 1 : -1;
}

static bool slow_flags(const struct device *d)
{
	const unsigned bits[] = {0x01, 0x04, 0x08, 0x10};

	if (!d->caps.acs)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if ((d->caps.acs_cap & bits[i]) && !(d->caps.acs_ctl & bits[i]))
			return false;
	return true;
}

static bool slow_override(const struct reference *r, const struct device *d)
{
	const enum pcie_type type = d->caps.pcie_type;

	if (!r->o || type == PCIE_NONE || d->caps.acs)
		return false;
	for (size_t i = 0; i < r->o->ids_len; i++)
		if (r->o->ids[i].vendor == d->vendor && r->o->ids[i].device == d->id)
			return true;
	if (type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM)
		return r->o->downstream;
	if (type == PCIE_ENDPOINT || type == PCIE_LEGACY_ENDPOINT || type == PCIE_UPSTREAM ||
	    type == PCIE_RC_ENDPOINT)
		return r->o->multifunction && slow_multifunction(d);
	return false;
}

/* pci_acs_enabled() */
static bool slow_acs(const struct reference *r, size_t i)
{
	const struct device *d = &r->t->devices[i];
	const int quirk = slow_quirk(d);

	if (quirk >= 0)
		return quirk;
	if (slow_override(r, d))
		return true;
	switch (d->caps.pcie_type) {
	case PCIE_ROOT_PORT:
	case PCIE_DOWNSTREAM:
		return slow_flags(d);
	case PCIE_ENDPOINT:
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_UPSTREAM:
	case PCIE_RC_ENDPOINT:
		return !slow_multifunction(d) || slow_flags(d);
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
	case PCIE_RC_EVENT_COLLECTOR:
	case PCIE_NONE:
	default:
		return false;
	}
}

/* pci_acs_path_enabled() to the root */
static bool slow_path(const struct reference *r, size_t i)
{
	if (!slow_acs(r, i))
		return false;
	return r->t->devices[i].parent == NO_PARENT || slow_path(r, r->t->devices[i].parent);
}

/* pci_devs_are_dma_aliases(), one way */
static bool slow_uses(const struct device *a, const struct device *b)
{
	const uint32_t id = (uint32_t)a->vendor << 16 | a->id;
	const unsigned to = b->addr.slot * 8U + b->addr.function;

	if (id == 0x1b4b9230 || id == 0x1b4b9172)
		return to == a->addr.slot * 8U + 1;
	if (id == 0x1180e832)
		return to == a->addr.slot * 8U;
	if (id == 0x10b587b0)
		return true;
	if (id == 0x80862954)
		return to % 8 < 5;
	return id == 0x80862260 && (to == 0x80 || to == 0x88 || to == 0x93);
}

static bool slow_same_bus(const struct device *a, const struct device *b)
{
	return a->addr.domain == b->addr.domain && a->addr.bus == b->addr.bus;
}

static int slow_functions(const struct reference *r, size_t i, bool seen[256]);

/* get_pci_alias_group() */
static int slow_aliases(const struct reference *r, size_t i, bool seen[256])
{
	const struct device *d = &r->t->devices[i];
	const unsigned devfn = d->addr.slot * 8U + d->addr.function;
	int found = 0;

	if (seen[devfn])
		return 0;
	seen[devfn] = true;
	if (r->group[i])
		return r->group[i];
	for (size_t k = 0; k < r->t->len && !found; k++) {
		const struct device *o = &r->t->devices[k];

		if (k == i || !slow_same_bus(d, o) || !(slow_uses(d, o) || slow_uses(o, d)))
			continue;
		found = slow_aliases(r, k, seen);
		if (!found)
			found = slow_functions(r, k, seen);
	}
	return found;
}

/* get_pci_function_alias_group() */
static int slow_functions(const struct reference *r, size_t i, bool seen[256])
{
	const struct device *d = &r->t->devices[i];
	int found = 0;

	if (!slow_multifunction(d) || slow_acs(r, i))
		return 0;
	for (size_t k = 0; k < r->t->len && !found; k++) {
		const struct device *o = &r->t->devices[k];

		if (k != i && slow_same_bus(d, o) && o->addr.slot == d->addr.slot &&
		    !slow_acs(r, k))
			found = slow_aliases(r, k, seen);
	}
	return found;
}

/* pci_device_group() */
static int slow_group(struct reference *r, size_t i)
{
	const struct topology *t = r->t;
	bool seen[256] = {false};
	size_t at = i;
	int found;

	if (t->devices[at].requester != NO_PARENT)
		at = t->devices[at].requester;
	if (r->group[at])
		return r->group[at];
	for (size_t b = t->devices[at].parent; b != NO_PARENT; b = t->devices[b].parent) {
		const enum pcie_type type = t->devices[b].caps.pcie_type;

		if (t->devices[b].vendor == 0x14e4 && t->devices[b].id == 0x9000)
			break;
		if (type == PCIE_ROOT_PORT || type == PCIE_UPSTREAM || type == PCIE_DOWNSTREAM)
			continue;
		at = b;
		if (r->group[at])
			return r->group[at];
	}
	for (size_t b = t->devices[at].parent; b != NO_PARENT; b = t->devices[b].parent) {
		if (slow_path(r, b))
			break;
		at = b;
		if (r->group[at])
			return r->group[at];
	}
	found = slow_aliases(r, at, seen);
	if (!found)
		found = slow_functions(r, at, seen);
	return found ? found : ++r->groups;
}

/* --- one against the other --------------------------------------------------------- */

/* Both put the same devices together. */
static void compare(const struct topology *t, const struct acs_override_set *o, uint32_t number)
{
	struct reference r = {.t = t, .o = o};
	struct isolation m;

	for (size_t i = 0; i < t->len; i++)
		if (t->devices[i].group != NO_GROUP)
			r.group[i] = slow_group(&r, i);
	isolation_model(t, o, &m);
	for (size_t i = 0; i < t->len; i++) {
		if ((m.leader[i] == NOBODY) != (r.group[i] == 0))
			fail_msg("machine %u: %s takes part in one only", number,
				 t->devices[i].bdf);
		for (size_t k = 0; k < i && r.group[i]; k++)
			if (r.group[k] &&
			    (r.group[i] == r.group[k]) != (m.leader[i] == m.leader[k]))
				fail_msg("machine %u: %s and %s", number, t->devices[i].bdf,
					 t->devices[k].bdf);
	}
	isolation_release(&m);
}

static void test_random_machines(void **state)
{
	const struct acs_override_set overrides[] = {
		{.downstream = true},
		{.multifunction = true},
		{.downstream = true, .multifunction = true},
		{.ids = {{0x1022, 0x1453}, {0x8086, 0x1d11}}, .ids_len = 2},
	};
	size_t devices = 0, machines = 0;

	(void)state;
	for (uint32_t n = 0; n < MACHINES; n++) {
		struct topology *t;

		seed = n;
		t = draw_machine();
		if (t->groups_len) {
			machines++;
			devices += t->len;
			compare(t, NULL, n);
			for (size_t i = 0; i < ARRAY_SIZE(overrides); i++)
				compare(t, &overrides[i], n);
		}
		topology_free(t);
	}
	assert_true(machines > MACHINES * 9 / 10);
	print_message("measured: %zu random machines with %zu devices, 5 times each\n", machines,
		      devices);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_machines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
