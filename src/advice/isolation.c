/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation.h"

#include <stdlib.h>
#include <string.h>

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
	bool all; /* nobody has a group: everybody takes part */
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

/* Devices below a Volume Management Device use its requester id (pci_real_dma_dev). */
static size_t volume_management_device(const struct topology *t, const struct device *d)
{
	size_t found = NOBODY;

	if (d->addr.domain <= 0xffff)
		return NOBODY;
	for (size_t i = 0; i < t->len && t->devices[i].addr.domain <= 0xffff; i++)
		if (t->devices[i].vendor == 0x8086 && t->devices[i].class_code >> 8 == 0x0104 &&
		    t->devices[i].parent == NO_PARENT)
			found = i;
	return found;
}

/* Does this bridge replace the requester id of what is behind it? pci_for_each_dma_alias() */
static bool bridge_aliases(const struct device *bridge)
{
	switch (bridge->caps.pcie_type) {
	case PCIE_ROOT_PORT:
	case PCIE_UPSTREAM:
	case PCIE_DOWNSTREAM:
		return false;
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
	case PCIE_ENDPOINT:
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_RC_ENDPOINT:
	case PCIE_RC_EVENT_COLLECTOR:
	case PCIE_NONE:
	default:
		return true;
	}
}

static void put(struct model *m, size_t i, size_t leader, enum join join, size_t culprit)
{
	m->out->leader[i] = leader;
	m->out->join[i] = join;
	m->out->culprit[i] = culprit;
}

/*
 * Steps 1 and 2 of pci_device_group(): the requester id that leaves through bridges, then
 * upwards over bridges whose path to the root is not isolated. Returns the device that
 * stands for `i` from there on; *done when it already has a group, which `i` joins.
 */
static size_t climb(struct model *m, size_t i, bool *done)
{
	const struct topology *t = m->t;
	size_t vmd = volume_management_device(t, &t->devices[i]);
	size_t at = i;

	*done = true;
	if (vmd != NOBODY && m->out->leader[vmd] != NOBODY) {
		put(m, i, m->out->leader[vmd], JOIN_ALIAS, vmd);
		return i;
	}
	for (size_t b = t->devices[i].parent, depth = 0; b != NO_PARENT && depth < MAX_DEPTH;
	     depth++) {
		if (bridge_aliases(&t->devices[b])) {
			at = b;
			if (m->out->leader[b] != NOBODY) {
				put(m, i, m->out->leader[b], JOIN_ALIAS, b);
				return i;
			}
		}
		b = t->devices[b].parent;
	}
	for (size_t b = t->devices[at].parent, depth = 0; b != NO_PARENT && depth < MAX_DEPTH;
	     depth++) {
		if (m->path_culprit[b] == NOBODY)
			break;
		at = b;
		if (m->out->leader[b] != NOBODY) {
			put(m, i, m->out->leader[b], JOIN_PATH, m->path_culprit[b]);
			return i;
		}
		b = t->devices[b].parent;
	}
	*done = false;
	return at;
}

/* Step 4: a function that fails joins another function of its slot that fails and has a group. */
static size_t failing_sibling(const struct model *m, size_t at)
{
	const struct topology *t = m->t;
	const struct device *d = &t->devices[at];
	size_t first = at;

	if (!m->fails[at] || d->sriov == SRIOV_VIRTUAL ||
	    !(d->caps.multifunction || d->addr.function))
		return NOBODY;
	while (first && pci_addr_same_slot(&t->devices[first - 1].addr, &d->addr))
		first--;
	for (size_t i = first; i < t->len && pci_addr_same_slot(&t->devices[i].addr, &d->addr); i++)
		if (i != at && m->fails[i] && m->out->leader[i] != NOBODY)
			return i;
	return NOBODY;
}

static void place(struct model *m, size_t i)
{
	size_t at, sibling;
	bool done;

	at = climb(m, i, &done);
	if (done)
		return;
	sibling = failing_sibling(m, at);
	if (sibling != NOBODY)
		put(m, i, m->out->leader[sibling], JOIN_SLOT, at);
	else
		put(m, i, i, JOIN_NEW, NOBODY);
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
}

void isolation_release(struct isolation *m)
{
	free(m->leader);
	free(m->join);
	free(m->culprit);
	memset(m, 0, sizeof(*m));
}
