/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/topology.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BUSES 256

struct topology *topology_new(void)
{
	return xcalloc(1, sizeof(struct topology));
}

struct device *topology_add(struct topology *t, const struct pci_addr *addr)
{
	struct device *d;

	t->devices = grow(t->devices, t->len, &t->cap, sizeof(*t->devices));
	d = &t->devices[t->len++];
	*d = (struct device){
		.addr = *addr,
		.group = NO_GROUP,
		.parent = PARENT_UNSET,
		.requester = NO_PARENT,
		.physical_function = NO_PARENT,
		.boot_vga = -1,
		.numa_node = -1,
		.caps = {.pcie_type = PCIE_NONE},
	};
	pci_addr_format(addr, d->bdf);
	return d;
}

static void device_release(struct device *d)
{
	free(d->driver);
	free(d->driver_override);
	strv_release(&d->modules);
	free(d->modalias);
	free(d->vendor_name);
	free(d->device_name);
	free(d->class_name);
}

void topology_drop_last(struct topology *t)
{
	device_release(&t->devices[--t->len]);
}

void topology_free(struct topology *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->len; i++)
		device_release(&t->devices[i]);
	for (size_t i = 0; i < t->groups_len; i++)
		free(t->groups[i].members);
	free(t->devices);
	free(t->groups);
	free(t);
}

void topology_freep(struct topology **t)
{
	topology_free(*t);
	*t = NULL;
}

/* --- sealing: order ---------------------------------------------------------- */

/* Where a device lay while building, by address. */
struct place {
	struct pci_addr addr;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = pci_addr_compare(&x->addr, &y->addr);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* The new number of a device that had `index`; what names no device stays as it is. */
static size_t renumber(const size_t *to, size_t len, size_t index)
{
	return index < len ? to[index] : index;
}

static void sort_devices(struct topology *t)
{
	auto_free struct place *places = xcalloc(t->len, sizeof(*places));
	auto_free size_t *to = xcalloc(t->len, sizeof(*to));
	struct device *sorted = xcalloc(t->len, sizeof(*sorted));

	for (size_t i = 0; i < t->len; i++)
		places[i] = (struct place){t->devices[i].addr, i};
	qsort(places, t->len, sizeof(*places), compare_places);
	for (size_t i = 0; i < t->len; i++) {
		to[places[i].index] = i;
		sorted[i] = t->devices[places[i].index];
	}
	for (size_t i = 0; i < t->len; i++) {
		struct device *d = &sorted[i];

		d->parent = renumber(to, t->len, d->parent);
		d->physical_function = renumber(to, t->len, d->physical_function);
		d->requester = renumber(to, t->len, d->requester);
		if (!d->class_name)
			d->class_name = xstrdup("");
	}
	free(t->devices);
	t->devices = sorted;
	t->cap = t->len;
}

/* --- sealing: parents -------------------------------------------------------- */

/* Buses a bridge says it leads to; the check against its own bus keeps parents from going in a circle. */
static bool leads_down(const struct device *d)
{
	return d->caps.header_known && d->is_bridge && d->caps.secondary > d->addr.bus &&
	       d->caps.subordinate >= d->caps.secondary;
}

/* For each bus of the domain that begins at `first`, the bridge nearest above it. */
static void find_owners(const struct topology *t, size_t first, size_t end, size_t owner[BUSES])
{
	for (size_t bus = 0; bus < BUSES; bus++)
		owner[bus] = NO_PARENT;
	for (size_t i = first; i < end; i++) {
		const struct pci_caps *caps = &t->devices[i].caps;

		if (!leads_down(&t->devices[i]))
			continue;
		for (size_t bus = caps->secondary; bus <= caps->subordinate; bus++)
			if (owner[bus] == NO_PARENT ||
			    t->devices[owner[bus]].caps.secondary < caps->secondary)
				owner[bus] = i;
	}
}

static void find_parents(struct topology *t)
{
	size_t owner[BUSES];
	size_t first = 0, end;

	for (; first < t->len; first = end) {
		uint32_t domain = t->devices[first].addr.domain;

		for (end = first; end < t->len && t->devices[end].addr.domain == domain;)
			end++;
		find_owners(t, first, end, owner);
		for (size_t i = first; i < end; i++) {
			struct device *d = &t->devices[i];

			if (d->parent == PARENT_UNSET)
				d->parent = owner[d->addr.bus];
		}
	}
}

/* --- sealing: requesters ----------------------------------------------------- */

/* The domains that Linux makes for what is behind a Volume Management Device (drivers/pci/controller/vmd.c). */
static bool is_vmd_domain(const struct device *d)
{
	return d->addr.domain > 0xffff;
}

/* The only Volume Management Device of the machine, or NO_PARENT. */
static size_t only_vmd(const struct topology *t)
{
	size_t found = NO_PARENT;

	for (size_t i = 0; i < t->len && !is_vmd_domain(&t->devices[i]); i++) {
		const struct device *d = &t->devices[i];

		if (d->vendor != 0x8086 || d->class_code >> 8 != 0x0104 || d->parent != NO_PARENT)
			continue;
		if (found != NO_PARENT)
			return NO_PARENT;
		found = i;
	}
	return found;
}

/* What is below a bridge uses the requester of the bridge; where no path told one, there is one to choose. */
static void find_requesters(struct topology *t)
{
	size_t only = NO_PARENT;
	bool searched = false;

	for (size_t i = 0; i < t->len; i++) {
		struct device *d = &t->devices[i];

		if (!is_vmd_domain(d) || d->requester != NO_PARENT)
			continue;
		if (d->parent < t->len)
			d->requester = t->devices[d->parent].requester;
		if (d->requester != NO_PARENT)
			continue;
		if (!searched)
			only = only_vmd(t);
		searched = true;
		d->requester = only;
	}
}

/* --- sealing: groups --------------------------------------------------------- */

struct membership {
	int group;
	size_t device;
};

static int compare_memberships(const void *a, const void *b)
{
	const struct membership *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return (x->device > y->device) - (x->device < y->device);
}

/* Appends the group of the `len` memberships that begin at `m`. */
static void add_group(struct topology *t, size_t *cap, const struct membership *m, size_t len)
{
	struct iommu_group *group;

	t->groups = grow(t->groups, t->groups_len, cap, sizeof(*t->groups));
	group = &t->groups[t->groups_len++];
	*group = (struct iommu_group){
		.id = m->group, .members = xcalloc(len, sizeof(size_t)), .len = len};
	for (size_t i = 0; i < len; i++)
		group->members[i] = m[i].device;
}

static void make_groups(struct topology *t)
{
	auto_free struct membership *all = xcalloc(t->len, sizeof(*all));
	size_t n = 0, cap = 0, first, end;

	for (size_t i = 0; i < t->len; i++)
		if (t->devices[i].group != NO_GROUP)
			all[n++] = (struct membership){t->devices[i].group, i};
	qsort(all, n, sizeof(*all), compare_memberships);
	for (first = 0; first < n; first = end) {
		for (end = first; end < n && all[end].group == all[first].group;)
			end++;
		add_group(t, &cap, &all[first], end - first);
	}
}

void topology_seal(struct topology *t)
{
	sort_devices(t);
	find_parents(t);
	find_requesters(t);
	make_groups(t);
}

/* --- finding ----------------------------------------------------------------- */

static int compare_addr_to_device(const void *key, const void *device)
{
	return pci_addr_compare(key, &((const struct device *)device)->addr);
}

const struct device *topology_find(const struct topology *t, const struct pci_addr *addr)
{
	if (!t->len)
		return NULL;
	return bsearch(addr, t->devices, t->len, sizeof(*t->devices), compare_addr_to_device);
}

static int compare_id_to_group(const void *key, const void *group)
{
	int id = *(const int *)key;
	int other = ((const struct iommu_group *)group)->id;

	return (id > other) - (id < other);
}

const struct iommu_group *topology_group(const struct topology *t, int id)
{
	if (!t->groups_len)
		return NULL;
	return bsearch(&id, t->groups, t->groups_len, sizeof(*t->groups), compare_id_to_group);
}

size_t topology_index(const struct topology *t, const struct device *d)
{
	return (size_t)(d - t->devices);
}
