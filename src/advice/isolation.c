/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation.h"

#include <stdlib.h>
#include <string.h>

#include "advice/acs_quirks.h"
#include "base/mem.h"

#define NOBODY SIZE_MAX

/* Deepest chain of bridges that is followed: a bus number is used once on a path. */
#define MAX_DEPTH 256

/* What the rule needs to know of each device, worked out once. */
struct model {
	const struct topology *t;
	const struct acs_override_set *override;
	struct isolation *out;
	size_t *path_culprit; /* highest bridge on the way to the root (itself included) that fails */
	bool *fails;
	bool *near_alias; /* a device of its bus uses requester ids of others */
	bool all;         /* nobody has a group: everybody takes part */
};

static bool takes_part(const struct model *m, size_t i)
{
	return m->all || m->t->devices[i].group != NO_GROUP;
}

static bool acs_fails(const struct model *m, const struct device *d)
{
	struct device enabled;

	if (!m->all || !d->caps.acs)
		return acs_verdict(d, m->override) != ACS_PASS;
	enabled = *d; /* the kernel switches on what is there once it uses an IOMMU */
	enabled.caps.acs_ctl = enabled.caps.acs_cap;
	return acs_verdict(&enabled, m->override) != ACS_PASS;
}

/* The highest failing hop from bridge `i` to the root, or NOBODY: pci_acs_path_enabled(). */
static size_t path_culprit(const struct model *m, size_t i)
{
	size_t highest = NOBODY;

	for (size_t depth = 0; i != NO_PARENT && depth < MAX_DEPTH; depth++) {
		if (m->fails[i])
			highest = i;
		i = m->t->devices[i].parent;
	}
	return highest;
}

/* Does this bridge replace the requester id of what is behind it? pci_for_each_dma_alias() */
static bool bridge_aliases(const struct device *bridge)
{
	switch (bridge->caps.pcie_type) {
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
	case PCIE_NONE:
		return true;
	case PCIE_ROOT_PORT:
	case PCIE_UPSTREAM:
	case PCIE_DOWNSTREAM:
	case PCIE_ENDPOINT: /* of no bridge, but a faulty one may say so; the kernel passes over it */
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_RC_ENDPOINT:
	case PCIE_RC_EVENT_COLLECTOR:
	default:
		return false;
	}
}

static void put(struct model *m, size_t i, size_t leader, enum join join, size_t culprit)
{
	m->out->leader[i] = leader;
	m->out->join[i] = join;
	m->out->culprit[i] = culprit;
}

/* Joins the group that device `with` has, if it has one. */
static bool join(struct model *m, size_t i, size_t with, enum join how, size_t culprit)
{
	if (m->out->leader[with] == NOBODY)
		return false;
	put(m, i, m->out->leader[with], how, culprit);
	return true;
}

/*
 * Step 1 of pci_device_group(): the requester id under which the device's accesses reach the IOMMU,
 * pci_for_each_dma_alias(). Returns the device that stands for `i` from there on; *done when
 * that has a group, which `i` joins.
 */
static size_t find_requester(struct model *m, size_t i, bool *done)
{
	const struct topology *t = m->t;
	const size_t real = t->devices[i].requester;
	size_t at = real < t->len ? real : i;

	*done = at != i && join(m, i, at, JOIN_ALIAS, at);
	for (size_t b = t->devices[at].parent, depth = 0;
	     !*done && b != NO_PARENT && depth < MAX_DEPTH; depth++) {
		const struct device *bridge = &t->devices[b];

		if (dma_ends_at(bridge))
			break;
		if (bridge_aliases(bridge)) {
			at = b;
			*done = join(m, i, b, JOIN_ALIAS, b);
		}
		b = bridge->parent;
	}
	return at;
}

/* Step 2: upwards over bridges whose path to the root is not isolated. As above. */
static size_t climb(struct model *m, size_t i, size_t at, bool *done)
{
	const struct topology *t = m->t;

	for (size_t b = t->devices[at].parent, depth = 0;
	     !*done && b != NO_PARENT && m->path_culprit[b] != NOBODY && depth < MAX_DEPTH;
	     depth++) {
		at = b;
		*done = join(m, i, b, JOIN_PATH, m->path_culprit[b]);
		b = t->devices[b].parent;
	}
	return at;
}

/* The numbers of slot and function on one bus that steps 3 and 4 have looked at. */
struct seen {
	bool devfn[256];
};

static size_t find_sibling(const struct model *m, size_t at, struct seen *seen);

static bool is_same_bus(const struct device *a, const struct device *b)
{
	return a->addr.domain == b->addr.domain && a->addr.bus == b->addr.bus;
}

/*
 * Step 3, get_pci_alias_group(): the device itself, or one whose requester id it shares by a quirk, or what
 * that shares or does not keep apart; the first that has a group, or NOBODY.
 */
static size_t find_alias(const struct model *m, size_t at, struct seen *seen)
{
	const struct topology *t = m->t;
	const struct device *d = &t->devices[at];
	bool *mark = &seen->devfn[d->addr.slot << 3 | d->addr.function];
	size_t first = at, found = NOBODY;

	if (*mark)
		return NOBODY;
	*mark = true;
	if (m->out->leader[at] != NOBODY)
		return at;
	if (!m->near_alias[at])
		return NOBODY;
	while (first && is_same_bus(&t->devices[first - 1], d))
		first--;
	for (size_t i = first; found == NOBODY && i < t->len && is_same_bus(&t->devices[i], d);
	     i++) {
		if (i == at || !dma_are_aliases(d, &t->devices[i]))
			continue;
		found = find_alias(m, i, seen);
		if (found == NOBODY)
			found = find_sibling(m, i, seen);
	}
	return found;
}

/* Step 4, get_pci_function_alias_group(): a function that fails joins others of its slot that fail. */
static size_t find_sibling(const struct model *m, size_t at, struct seen *seen)
{
	const struct topology *t = m->t;
	const struct device *d = &t->devices[at];
	size_t first = at, found = NOBODY;

	if (!m->fails[at] || !acs_is_multifunction(d))
		return NOBODY;
	while (first && pci_addr_same_slot(&t->devices[first - 1].addr, &d->addr))
		first--;
	for (size_t i = first;
	     found == NOBODY && i < t->len && pci_addr_same_slot(&t->devices[i].addr, &d->addr);
	     i++)
		if (i != at && m->fails[i])
			found = find_alias(m, i, seen);
	return found;
}

static void place(struct model *m, size_t i)
{
	struct seen seen = {.devfn = {false}};
	bool done;
	size_t at = find_requester(m, i, &done);
	size_t with;

	at = climb(m, i, at, &done);
	if (done)
		return;
	with = find_alias(m, at, &seen);
	if (with != NOBODY && join(m, i, with, JOIN_SHARED_ID, with))
		return;
	with = find_sibling(m, at, &seen);
	if (with == NOBODY || !join(m, i, with, JOIN_SLOT, at))
		put(m, i, i, JOIN_NEW, NOBODY);
}

/* Marks whole buses: those with a device that uses the requester ids of others. */
static void mark_aliases(struct model *m)
{
	const struct topology *t = m->t;
	size_t end;

	for (size_t first = 0; first < t->len; first = end) {
		bool any = false;

		for (end = first; end < t->len && is_same_bus(&t->devices[end], &t->devices[first]);
		     end++)
			any = any || dma_has_aliases(&t->devices[end]);
		for (size_t i = first; i < end; i++)
			m->near_alias[i] = any;
	}
}

void isolation_model(const struct topology *t, const struct acs_override_set *override,
		     struct isolation *ret)
{
	struct model m = {.t = t, .override = override, .out = ret, .all = t->groups_len == 0};

	ret->len = t->len;
	ret->leader = xcalloc(t->len, sizeof(*ret->leader));
	ret->join = xcalloc(t->len, sizeof(*ret->join));
	ret->culprit = xcalloc(t->len, sizeof(*ret->culprit));
	m.fails = xcalloc(t->len, sizeof(*m.fails));
	m.path_culprit = xcalloc(t->len, sizeof(*m.path_culprit));
	m.near_alias = xcalloc(t->len, sizeof(*m.near_alias));
	mark_aliases(&m);
	for (size_t i = 0; i < t->len; i++) {
		m.fails[i] = acs_fails(&m, &t->devices[i]);
		put(&m, i, NOBODY, JOIN_NONE, NOBODY);
	}
	for (size_t i = 0; i < t->len; i++)
		m.path_culprit[i] = t->devices[i].is_bridge ? path_culprit(&m, i) : NOBODY;
	for (size_t i = 0; i < t->len; i++)
		if (takes_part(&m, i))
			place(&m, i);
	free(m.fails);
	free(m.path_culprit);
	free(m.near_alias);
}

void isolation_release(struct isolation *m)
{
	free(m->leader);
	free(m->join);
	free(m->culprit);
	memset(m, 0, sizeof(*m));
}
