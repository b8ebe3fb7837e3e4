/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rows of the tree say (declared in ui/rows.h). */
#include <string.h>

#include "advice/isolation_text.h"
#include "advice/rules.h"
#include "base/mem.h"
#include "ui/rows.h"

/* What a group has, counted once for its sentence. */
struct tally {
	size_t takeable, marked, stays, bridges;
	const struct device *first_staying, *blocking;
};

static void count(struct tally *n, const struct topology *t, const struct device *d,
		  const struct selection *marks)
{
	if (d->is_bridge) {
		n->bridges++;
		if (!device_is_viable_member(d))
			n->blocking = d;
		return;
	}
	n->takeable += device_can_be_taken(t, d);
	n->marked += selection_has(marks, &d->addr);
	if (!member_stays_with_host(d, marks))
		return;
	n->stays++;
	if (!n->first_staying)
		n->first_staying = d;
}

static enum sign say_incomplete(const struct tally *n, struct str *ret)
{
	char bdf[PCI_ADDR_TEXT];

	str_addf(ret, "incomplete: %s",
		 n->first_staying ? pci_addr_format_short(&n->first_staying->addr, bdf)
				  : "a device");
	if (n->stays > 1)
		str_addf(ret, " and %zu more", n->stays - 1);
	str_adds(ret, " would stay with the host");
	return SIGN_BLOCK;
}

static enum sign say_blocked(const struct tally *n, struct str *ret)
{
	char bdf[PCI_ADDR_TEXT];

	if (n->blocking)
		str_addf(ret, "blocked by bridge %s on %s",
			 pci_addr_format_short(&n->blocking->addr, bdf), n->blocking->driver);
	else
		str_adds(ret, "blocked");
	return SIGN_BLOCK;
}

/* "shared by 9 devices: port 00:01.3 lacks ACS" */
static enum sign say_shared(const struct topology *t, const struct group_explanation *e,
			    const struct tally *n, struct str *ret)
{
	auto_str struct str why = STR_INIT;

	str_addf(ret, "shared by %zu devices", n->takeable);
	if (e)
		isolation_brief(t, e, &why);
	if (why.len)
		str_addf(ret, ": %s", why.data);
	return SIGN_WARN;
}

static enum sign say_ok(const struct group_explanation *e, const struct tally *n, struct str *ret)
{
	const bool by_override = e && e->only_by_override;

	if (n->marked && n->marked == n->takeable)
		str_adds(ret, n->marked == 1 ? "complete: marked" : "complete: all marked");
	else if (n->marked)
		str_addf(ret, "usable: %zu of %zu marked, the rest has no driver", n->marked,
			 n->takeable);
	else if (!by_override)
		str_adds(ret, "isolated");
	if (by_override)
		str_addf(ret, "%sapart only by the ACS override", n->marked ? ", " : "");
	return by_override ? SIGN_WARN : SIGN_OK;
}

static size_t count_ungrouped(const struct topology *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += t->devices[i].group == NO_GROUP;
	return n;
}

static enum sign say_special(const struct topology *t, int group, struct str *ret)
{
	if (group == GROUP_GONE) {
		str_adds(ret, "not on this machine now");
		return SIGN_WARN;
	}
	if (!t->groups_len) {
		str_adds(ret, "no IOMMU groups: how devices are grouped is not known yet");
		return SIGN_WARN;
	}
	str_addf(ret, "without a group: %zu, can't be handed over", count_ungrouped(t));
	return SIGN_NOTE;
}

enum sign row_group_text(const struct topology *t, const struct isolation_report *r, int group,
			 const struct selection *marks, struct str *ret)
{
	const struct group_explanation *e = isolation_of_group(r, group);
	const struct iommu_group *g = group < 0 ? NULL : topology_group(t, group);
	struct tally n = {.takeable = 0};

	if (!g)
		return say_special(t, group, ret);
	for (size_t i = 0; i < g->len; i++)
		count(&n, t, &t->devices[g->members[i]], marks);
	if (!n.takeable && !n.marked) {
		str_adds(ret, g->len == 1 ? "a bridge, stays with the host"
					  : "bridges, stay with the host");
		return SIGN_NOTE;
	}
	switch (group_state(t, g, marks)) {
	case GROUP_INCOMPLETE:
		return say_incomplete(&n, ret);
	case GROUP_BLOCKED:
		return say_blocked(&n, ret);
	case GROUP_SHARED:
		return say_shared(t, e, &n, ret);
	case GROUP_OK:
		break;
	}
	return say_ok(e, &n, ret);
}

void row_group_summary(const struct topology *t, int group, struct str *ret)
{
	const struct device *shown = NULL;
	auto_free char *name = NULL;
	char bdf[PCI_ADDR_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];

		if (d->group != group)
			continue;
		n++;
		if (!shown || (!device_can_be_taken(t, shown) && device_can_be_taken(t, d)))
			shown = d;
	}
	if (!shown)
		return;
	name = device_short_name(shown);
	str_addf(ret, "%s %s", pci_addr_format_short(&shown->addr, bdf), name);
	if (n > 1)
		str_addf(ret, " +%zu", n - 1);
}

enum sign row_driver_text(const struct device *d, bool marked, bool configured, struct str *ret)
{
	bool is_vfio = driver_is_vfio(d->driver);
	const char *now = d->driver ? d->driver : "no driver";

	if (marked == is_vfio || (!marked && !configured)) {
		str_adds(ret, d->driver ? d->driver : "");
		return SIGN_NONE;
	}
	if (marked && configured)
		str_adds(ret, "→ vfio-pci after reboot");
	else if (marked)
		str_addf(ret, "%s → vfio-pci", now);
	else
		str_addf(ret, "%s → %s", now, d->modules.len ? d->modules.items[0] : "host");
	return SIGN_CHANGE;
}

void row_usage_text(const struct usage *u, const struct pci_addr *a, struct str *ret)
{
	size_t n = 0, kinds = 1;
	const struct usage_item *item = usage_of(u, a, &n);

	if (!item)
		return;
	str_adds(ret, usage_kind_label(item->kind));
	for (size_t i = 1; i < n; i++)
		kinds += item[i].kind != item[i - 1].kind;
	if (kinds > 1)
		str_addf(ret, " +%zu", kinds - 1);
}
