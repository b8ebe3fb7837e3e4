/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define GROUP_PREFIX "group:"

void selection_release(struct selection *s)
{
	free(s->items);
	*s = (struct selection)SELECTION_INIT;
}

void selection_copy(struct selection *to, const struct selection *from)
{
	if (to == from)
		return;
	selection_release(to);
	if (!from->len)
		return;
	to->items = xrealloc(NULL, from->len, sizeof(*to->items));
	memcpy(to->items, from->items, from->len * sizeof(*to->items));
	to->len = to->cap = from->len;
}

/* Index of the first item that is not before `a`. */
static size_t position(const struct selection *s, const struct pci_addr *a)
{
	size_t from = 0, to = s->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (pci_addr_compare(&s->items[middle], a) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_at(const struct selection *s, size_t i, const struct pci_addr *a)
{
	return i < s->len && !pci_addr_compare(&s->items[i], a);
}

bool selection_has(const struct selection *s, const struct pci_addr *a)
{
	return is_at(s, position(s, a), a);
}

void selection_add(struct selection *s, const struct pci_addr *a)
{
	const struct pci_addr added = *a; /* `a` may point into the items, which move */
	size_t i = position(s, a);

	if (is_at(s, i, a))
		return;
	s->items = grow(s->items, s->len, &s->cap, sizeof(*s->items));
	memmove(s->items + i + 1, s->items + i, (s->len - i) * sizeof(*s->items));
	s->items[i] = added;
	s->len++;
}

void selection_remove(struct selection *s, const struct pci_addr *a)
{
	size_t i = position(s, a);

	if (!is_at(s, i, a))
		return;
	memmove(s->items + i, s->items + i + 1, (s->len - i - 1) * sizeof(*s->items));
	s->len--;
}

bool selection_equal(const struct selection *a, const struct selection *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (pci_addr_compare(&a->items[i], &b->items[i]))
			return false;
	return true;
}

/* Switches all of `list` on when any of them is off, else all off. */
static void toggle_all(struct selection *s, const struct selection *list)
{
	bool all_on = true;

	for (size_t i = 0; i < list->len; i++)
		all_on = all_on && selection_has(s, &list->items[i]);
	for (size_t i = 0; i < list->len; i++) {
		if (all_on)
			selection_remove(s, &list->items[i]);
		else
			selection_add(s, &list->items[i]);
	}
}

void selection_toggle(struct selection *s, const struct pci_addr *a)
{
	const struct pci_addr toggled = *a;

	if (selection_has(s, &toggled))
		selection_remove(s, &toggled);
	else
		selection_add(s, &toggled);
}

bool device_is_takeable(const struct device *d)
{
	if (d->is_bridge)
		return false;
	return d->class_code >> 16 != 0x06 || !device_is_viable_member(d);
}

bool device_can_be_taken(const struct topology *t, const struct device *d)
{
	const struct iommu_group *g;

	if (!device_is_takeable(d))
		return false;
	g = d->class_code >> 16 == 0x06 ? topology_group(t, d->group) : NULL;
	for (size_t i = 0; g && i < g->len; i++) {
		const struct device *member = &t->devices[g->members[i]];

		if (!member->is_bridge && member->class_code >> 16 != 0x06)
			return true;
	}
	return d->class_code >> 16 != 0x06;
}

bool group_stays_with_host(const struct topology *t, const struct iommu_group *g)
{
	for (size_t i = 0; i < g->len; i++)
		if (device_can_be_taken(t, &t->devices[g->members[i]]))
			return false;
	return true;
}

static void add_group(struct selection *list, const struct topology *t, const struct iommu_group *g)
{
	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (device_can_be_taken(t, d))
			selection_add(list, &d->addr);
	}
}

/* Index of the first device of the slot, or of whatever follows it. */
static size_t slot_start(const struct topology *t, const struct pci_addr *a)
{
	struct pci_addr first = *a;
	size_t from = 0, to = t->len;

	first.function = 0;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (pci_addr_compare(&t->devices[middle].addr, &first) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* What the screen's keys mark: never a device without a group on a machine that has groups. */
static bool can_be_marked(const struct topology *t, const struct device *d)
{
	return device_can_be_taken(t, d) && (d->group != NO_GROUP || !t->groups_len);
}

/* Adds the functions of a slot; where it has nothing but bridges those, so that a finding tells. */
static void add_slot(struct selection *list, const struct topology *t, const struct pci_addr *a)
{
	const size_t start = slot_start(t, a);

	for (int bridges = 0; bridges < 2 && !list->len; bridges++)
		for (size_t i = start; i < t->len && pci_addr_same_slot(&t->devices[i].addr, a);
		     i++)
			if (bridges || device_is_takeable(&t->devices[i]))
				selection_add(list, &t->devices[i].addr);
}

void selection_toggle_group(struct selection *s, const struct topology *t, int group)
{
	const struct iommu_group *g = topology_group(t, group);
	auto_selection struct selection list = SELECTION_INIT;

	if (!g)
		return;
	add_group(&list, t, g);
	toggle_all(s, &list);
}

void selection_toggle_slot(struct selection *s, const struct topology *t, const struct pci_addr *a)
{
	auto_selection struct selection list = SELECTION_INIT;

	for (size_t i = slot_start(t, a); i < t->len && pci_addr_same_slot(&t->devices[i].addr, a);
	     i++)
		if (can_be_marked(t, &t->devices[i]))
			selection_add(&list, &t->devices[i].addr);
	toggle_all(s, &list);
}

static void add_all(struct selection *s, const struct selection *list)
{
	for (size_t i = 0; i < list->len; i++)
		selection_add(s, &list->items[i]);
}

static int add_group_word(struct selection *s, const struct topology *t, const char *word,
			  struct err *reterr)
{
	const char *digits = word + strlen(GROUP_PREFIX);
	auto_selection struct selection list = SELECTION_INIT;
	const struct iommu_group *g;
	char *end;
	long id;

	errno = 0;
	id = strtol(digits, &end, 10);
	if (digits[0] < '0' || digits[0] > '9' || *end || errno || id > INT32_MAX)
		return err_set(reterr, -EINVAL,
			       "\"%s\" is not a group; write group:15, with a number", word);
	g = topology_group(t, (int)id);
	if (!g)
		return err_set(reterr, -ENODEV, "this machine has no IOMMU group %ld", id);
	add_group(&list, t, g);
	if (!list.len)
		return err_set(reterr, -ENODEV,
			       "IOMMU group %ld holds only bridges, which stay with the host", id);
	add_all(s, &list);
	return 0;
}

int selection_add_word(struct selection *s, const struct topology *t, const char *word,
		       struct err *reterr)
{
	auto_selection struct selection list = SELECTION_INIT;
	struct pci_addr a;

	if (text_starts_with(word, GROUP_PREFIX))
		return add_group_word(s, t, word, reterr);
	if (pci_addr_parse(word, &a)) {
		if (!topology_find(t, &a))
			return err_set(reterr, -ENODEV, "this machine has no PCI device %s", word);
		selection_add(s, &a);
		return 0;
	}
	if (!pci_addr_parse_slot(word, &a))
		return err_set(reterr, -EINVAL,
			       "\"%s\" is not a PCI address; write 0000:01:00.0, 01:00.0, "
			       "01:00 for all functions, or group:15",
			       word);
	add_slot(&list, t, &a);
	if (!list.len)
		return err_set(reterr, -ENODEV, "this machine has no PCI device %s", word);
	add_all(s, &list);
	return 0;
}
