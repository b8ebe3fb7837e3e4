/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about single devices, whatever their kind. */
#include "advice/rule.h"
#include "advice/selection.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define CLASS_HOST_BRIDGE 0x0600

void rule_bridge_marked(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct device *d = c->selected[i];

		if (!d->is_bridge && (d->class_code >> 8 != CLASS_HOST_BRIDGE ||
				      device_can_be_taken(c->in->topology, d)))
			continue;
		auto_free char *label = rule_device(d);

		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("%s is a bridge: a part of the board that connects other "
				   "devices. A VM can't have it.",
				   label),
			 xstrdup(device_is_takeable(d)
					 ? "Leave it out. Its group holds only bridges, which are "
					   "of no use to a VM."
					 : "Leave it out. It does not have to go along with its "
					   "group."));
	}
}

/* Only where the machine has groups at all: without any, the IOMMU is what is missing. */
void rule_no_group(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len && c->in->topology->groups_len; i++) {
		const struct device *d = c->selected[i];

		if (d->group != NO_GROUP)
			continue;
		auto_free char *label = rule_device(d);

		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("%s is in no IOMMU group. The IOMMU does not watch over it, so "
				   "the kernel gives it to no VM.",
				   label),
			 xstrdup("Leave it out."));
	}
}

static uint32_t ids_of(const struct device *d)
{
	return (uint32_t)d->vendor << 16 | d->id;
}

static int compare_ids(const void *a, const void *b)
{
	const struct device *const *x = a;
	const struct device *const *y = b;
	const uint32_t i = ids_of(*x), k = ids_of(*y);

	return i < k ? -1 : i > k ? 1 : pci_addr_compare(&(*x)->addr, &(*y)->addr);
}

/* Says which of one run of devices with equal ids stay with the host, once for each selected one. */
static void check_run(const struct rule_context *c, const struct rule *rule,
		      const struct device **run, size_t n)
{
	auto_strv struct strv stay = STRV_INIT;

	for (size_t i = 0; i < n; i++)
		if (!selection_has(c->in->selection, &run[i]->addr))
			rule_add_address(&stay, run[i]);
	if (!stay.len || stay.len == n)
		return;
	auto_free char *others = rule_words(&stay, 3);

	for (size_t i = 0; i < n; i++) {
		char ids[10];

		if (!selection_has(c->in->selection, &run[i]->addr))
			continue;
		auto_free char *label = rule_device(run[i]);

		rule_add(
			c, rule, xstrdup(run[i]->bdf),
			xasprintf("%s has the same ids (%s) as %s, which %s with the host. Told by "
				  "ids, vfio-pci would take all of them.",
				  label, device_ids_text(run[i], ids), others,
				  stay.len > 1 ? "stay" : "stays"),
			xstrdup("Nothing to do: the plan names this device by its address."));
	}
}

void rule_same_id(const struct rule_context *c, const struct rule *rule)
{
	const struct topology *t = c->in->topology;
	const struct device **sorted;

	if (!c->len)
		return;
	sorted = xcalloc(t->len, sizeof(*sorted));
	for (size_t i = 0; i < t->len; i++)
		sorted[i] = &t->devices[i];
	qsort(sorted, t->len, sizeof(*sorted), compare_ids);
	for (size_t i = 0, n; i < t->len; i += n) {
		n = 1;
		while (i + n < t->len && device_same_ids(sorted[i], sorted[i + n]))
			n++;
		if (n > 1)
			check_run(c, rule, sorted + i, n);
	}
	free(sorted);
}

/*
 * VFIO can also reset the bus below a bridge when the VM owns everything on it (vfio_pci_core.c,
 * VFIO_DEVICE_PCI_HOT_RESET): that is how the functions of one card are reset that can't be alone.
 */
bool rule_has_bus_of_its_own(const struct rule_context *c, const struct device *d)
{
	const struct topology *t = c->in->topology;
	size_t first = topology_index(t, d);

	if (d->parent == NO_PARENT)
		return false;
	while (first > 0 && t->devices[first - 1].addr.domain == d->addr.domain &&
	       t->devices[first - 1].addr.bus == d->addr.bus)
		first--;
	for (size_t i = first; i < t->len && t->devices[i].addr.domain == d->addr.domain &&
			       t->devices[i].addr.bus == d->addr.bus;
	     i++)
		if (!selection_has(c->in->selection, &t->devices[i].addr))
			return false;
	return true;
}

void rule_no_reset(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct device *d = c->selected[i];

		if (d->is_bridge || !d->reset_known || d->reset || rule_has_bus_of_its_own(c, d))
			continue;
		auto_free char *label = rule_device(d);

		rule_add(
			c, rule, xstrdup(d->bdf),
			xasprintf("%s can't be reset by the kernel. It may work in a VM once after "
				  "each boot of the host, and hang when the VM starts again.",
				  label),
			xstrdup("Plan for a reboot of the host between two runs of the VM, or give "
				"it another device."));
	}
}

void rule_vanished(const struct rule_context *c, const struct rule *rule)
{
	const struct selection *s = c->in->selection;

	for (size_t i = 0; c->len != s->len && i < s->len; i++) {
		char full[PCI_ADDR_TEXT], brief[PCI_ADDR_TEXT];

		if (topology_find(c->in->topology, &s->items[i]))
			continue;
		rule_add(c, rule, xstrdup(pci_addr_format(&s->items[i], full)),
			 xasprintf("%s is marked, but no such device is there any more.",
				   pci_addr_format_short(&s->items[i], brief)),
			 xstrdup("Leave it out, or plug it in again."));
	}
}
