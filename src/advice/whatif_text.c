/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a what-if says, and which ids could be overridden at all. */
#include <stdlib.h>
#include <string.h>

#include "advice/isolation_text.h"
#include "advice/override.h"
#include "advice/whatif.h"
#include "base/mem.h"

#define NAMES_SHOWN 4

/* Short addresses of the endpoints that have parted company, one or more of each group. */
static void add_endpoints(const struct whatif *w, const struct whatif_block *b, struct strv *ret)
{
	for (size_t i = 0; i < b->len; i++) {
		const struct device *d = &w->topology->devices[b->members[i]];
		char bdf[PCI_ADDR_TEXT];

		if (!d->is_bridge)
			strv_add(ret, pci_addr_format_short(&d->addr, bdf));
	}
}

static size_t count_parted(const struct whatif *w, const struct whatif_block *b)
{
	size_t groups = 0, last = SIZE_MAX;

	for (size_t i = 0; i < b->len; i++) {
		size_t member = b->members[i];

		if (w->topology->devices[member].is_bridge || w->then[member] == last)
			continue;
		last = w->then[member];
		groups++;
	}
	return groups;
}

void whatif_cost(const struct whatif *w, const struct whatif_block *b, struct str *out)
{
	auto_strv struct strv names = STRV_INIT;

	if (b->then <= b->today || count_parted(w, b) < 2 || whatif_is_one_card(w, b))
		return;
	add_endpoints(w, b, &names);
	for (size_t i = 0; i < names.len && i < NAMES_SHOWN; i++)
		str_addf(out, "%s%s",
			 !i                                               ? ""
			 : i + 1 == names.len && names.len <= NAMES_SHOWN ? " and "
									  : ", ",
			 names.items[i]);
	if (names.len > NAMES_SHOWN)
		str_addf(out, " and %zu more", names.len - NAMES_SHOWN);
	str_adds(out, " count as isolated then, but are not: each could still read and change the "
		      "others' memory, also that of their VM, unseen by the IOMMU.");
}

static void add_change(const struct whatif_block *b, struct str *out)
{
	if (b->then > b->today)
		str_addf(out, " The override would make %zu groups of %s.", b->then,
			 b->today == 1 ? "this one" : "these");
	else if (b->then < b->today)
		str_addf(out, " Without the override that is in force they are %zu.", b->then);
}

bool whatif_is_one_card(const struct whatif *w, const struct whatif_block *b)
{
	const struct device *first = NULL;

	for (size_t i = 0; i < b->len; i++) {
		const struct device *d = &w->topology->devices[b->members[i]];

		if (d->is_bridge)
			continue;
		if (first && !pci_addr_same_slot(&first->addr, &d->addr))
			return false;
		first = d;
	}
	return true;
}

void whatif_why(const struct whatif *w, const struct whatif_block *b, struct str *out)
{
	if (w->assumed) {
		str_adds(out, "The IOMMU is off: these are the groups that the kernel would form.");
		add_change(b, out);
		return;
	}
	if (!b->why)
		return;
	if (b->why->cause != CAUSE_SINGLE)
		isolation_why(w->topology, b->why, out);
	if (whatif_changes(b)) {
		add_change(b, out);
		if (whatif_is_one_card(w, b))
			str_adds(out, " But they belong to one device: hand them over together.");
		return;
	}
	str_addc(out, ' ');
	isolation_remedy(w->topology, b->why, out);
}

const char *whatif_verdict(const struct whatif *w, size_t device)
{
	const struct device *d = &w->topology->devices[device];
	enum acs_verdict alone = acs_verdict(d, NULL);

	if (alone == ACS_PASS)
		return NULL;
	if (acs_verdict(d, &w->override) == ACS_PASS)
		return "overridden";
	switch (alone) {
	case ACS_FAIL_NO_CAPABILITY:
		return "no ACS";
	case ACS_FAIL_BITS_OFF:
		return "ACS off";
	case ACS_UNKNOWN:
		return "can't tell";
	case ACS_FAIL_LEGACY:
	case ACS_PASS:
	default:
		return d->is_bridge ? "PCI bridge" : NULL;
	}
}

/* --- ids ------------------------------------------------------------------------------------ */

static size_t count_splits(const struct topology *t, const struct acs_override_set *in_force,
			   const struct acs_override_set *with)
{
	struct whatif w;
	size_t splits;

	whatif_make(t, with, in_force, &w);
	splits = w.changed;
	whatif_release(&w);
	return splits;
}

static int compare_candidates(const void *a, const void *b)
{
	const struct whatif_id *x = a, *y = b;

	if (x->splits != y->splits)
		return x->splits > y->splits ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

size_t whatif_ids(const struct topology *t, const struct acs_override_set *in_force,
		  struct whatif_id ret[WHATIF_IDS])
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];
		size_t k = 0;

		if (acs_verdict(d, in_force) != ACS_FAIL_NO_CAPABILITY)
			continue;
		while (k < n && (ret[k].vendor != d->vendor || ret[k].device != d->id))
			k++;
		if (k == WHATIF_IDS)
			continue;
		if (k == n)
			ret[n++] = (struct whatif_id){
				.vendor = d->vendor, .device = d->id, .first = i};
		ret[k].count++;
	}
	for (size_t i = 0; i < n; i++) {
		struct acs_override_set with = *in_force;

		if (acs_override_toggle_id(&with, ret[i].vendor, ret[i].device))
			ret[i].splits = count_splits(t, in_force, &with);
	}
	if (n)
		qsort(ret, n, sizeof(*ret), compare_candidates);
	return n;
}
