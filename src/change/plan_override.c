/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_override.h"

#include <stdlib.h>
#include <string.h>

#include "advice/isolation_text.h"
#include "advice/override.h"
#include "advice/rules.h"
#include "advice/whatif.h"
#include "base/mem.h"
#include "config/kernel_wish.h"

#define NAMES_SHOWN 4

/* Everything about one plan's override. */
struct context {
	const struct situation *s;
	struct plan *p;
	struct acs_override_set wished, former; /* of this plan; of the last change */
	struct acs_override_set on_line;        /* the running kernel was started with */
	struct acs_override_set in_force;
	struct whatif whatif; /* for what is wished, on top of what others ask for */
};

static int settle(struct context *c, const struct change_record *last, struct err *reterr)
{
	const char *former = last ? last->choices.acs_override : NULL;
	const char *chosen = c->p->choices.acs_override;
	auto_str struct str text = STR_INIT;
	int r = acs_override_parse(chosen ? chosen : former ? former : "", &c->wished, reterr);

	if (r >= 0)
		r = acs_override_parse(former ? former : "", &c->former, reterr);
	if (r < 0)
		return r;
	acs_override_text(&c->wished, &text);
	c->p->override = xstrdup(text.data ? text.data : "");
	c->p->choices.acs_override = c->p->override;
	return 0;
}

/* --- devices that wait ------------------------------------------------------------------ */

static bool group_has_host_driver(const struct context *c, const struct device *d)
{
	const struct iommu_group *g = topology_group(c->s->topology, d->group);
	enum group_state state = g ? group_state(c->s->topology, g, &c->p->selection) : GROUP_OK;

	return state == GROUP_INCOMPLETE || state == GROUP_BLOCKED;
}

/* Under the override nobody in its group would stay with the host. */
static bool parts_well(const struct context *c, size_t device)
{
	const struct topology *t = c->s->topology;

	for (size_t i = 0; i < t->len; i++)
		if (c->whatif.then[i] == c->whatif.then[device] &&
		    member_stays_with_host(&t->devices[i], &c->p->selection))
			return false;
	return c->whatif.then[device] != SIZE_MAX;
}

static void find_waiting(struct context *c)
{
	const struct topology *t = c->s->topology;

	for (size_t i = 0; i < c->p->selection.len; i++) {
		const struct device *d = topology_find(t, &c->p->selection.items[i]);

		if (d && !selection_has(&c->s->configured, &d->addr) &&
		    !driver_is_vfio(d->driver) && group_has_host_driver(c, d) &&
		    parts_well(c, topology_index(t, d)))
			selection_add(&c->p->waits, &d->addr);
	}
	for (size_t i = 0; i < c->p->waits.len; i++)
		selection_remove(&c->p->selection, &c->p->waits.items[i]);
}

/* --- what the user should know ------------------------------------------------------------- */

static char *addresses(const struct selection *s)
{
	auto_str struct str text = STR_INIT;
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < s->len && i < NAMES_SHOWN; i++)
		str_addf(&text, "%s%s", i ? ", " : "", pci_addr_format_short(&s->items[i], bdf));
	if (s->len > NAMES_SHOWN)
		str_addf(&text, " and %zu more", s->len - NAMES_SHOWN);
	return str_take(&text);
}

char *plan_waits_text(const struct plan *p)
{
	auto_free char *names = addresses(&p->waits);
	bool several = p->waits.len > 1;

	return xasprintf(
		"Two steps: this is the first, the kernel parameter. %s %s left out of it, "
		"since the group parts only at the next boot. After the reboot do the same "
		"again: when the group has parted, %s handed over.",
		names, several ? "are" : "is", several ? "they are" : "it is");
}

static void say_split(struct context *c)
{
	auto_str struct str text = STR_INIT;
	size_t shown = 0;

	str_addf(&text, ACS_OVERRIDE_KEY "=%s ", c->p->override);
	if (!c->whatif.changed)
		str_adds(&text, "would part no group of this machine: \"vfiotui acs\" says why.");
	else
		str_adds(&text, "parts at the next boot: ");
	for (size_t i = 0; i < c->whatif.len; i++) {
		const struct whatif_block *b = &c->whatif.blocks[i];

		if (!whatif_changes(b) || shown++ >= NAMES_SHOWN)
			continue;
		str_addf(&text, "%sgroup %d into %zu", shown > 1 ? ", " : "", b->id, b->then);
	}
	if (shown > NAMES_SHOWN)
		str_addf(&text, " and %zu more", shown - NAMES_SHOWN);
	if (shown)
		str_adds(&text, ". It isolates nothing: devices that are parted so can still reach "
				"each other's memory, also that of a VM, unseen by the IOMMU.");
	strv_add(&c->p->warnings, text.data);
}

/* No block: the next boot may be with another kernel. */
static void say_kernel(struct context *c)
{
	auto_str struct str text = STR_INIT;
	enum acs_override has = c->s->platform->acs_override;

	if (has == ACS_OVERRIDE_ACTIVE || has == ACS_OVERRIDE_SUPPORTED)
		return;
	isolation_kernel(c->s->platform, &text);
	findings_add(
		&c->p->findings, "acs-override-ignored", SEVERITY_WARN, xstrdup("host"),
		str_take(&text),
		xstrdup("Boot a kernel that has the patch, or try another slot for the card."));
}

/* The parameter stands on the running kernel's line, and the groups are as without it. */
static void say_ignored(struct context *c)
{
	if (acs_override_has(&c->on_line, &c->wished) && c->whatif.changed)
		strv_addf(&c->p->warnings,
			  "This kernel was started with " ACS_OVERRIDE_KEY
			  "=%s, but the groups did not part: it does not seem to have the patch.",
			  c->p->override);
}

/* A device that is handed over would share its group with the host again. */
static void say_lost(struct context *c)
{
	auto_selection struct selection lost = SELECTION_INIT;
	const struct topology *t = c->s->topology;
	auto_free char *names = NULL;

	for (size_t i = 0; i < c->p->selection.len; i++) {
		const struct device *d = topology_find(t, &c->p->selection.items[i]);

		if (d && !group_has_host_driver(c, d) && !parts_well(c, topology_index(t, d)))
			selection_add(&lost, &d->addr);
	}
	names = addresses(&lost);
	if (lost.len)
		strv_addf(&c->p->warnings,
			  "Without the override that is in force now, the IOMMU group of %s also "
			  "holds devices that stay with the host: no VM can have %s after the "
			  "reboot.",
			  names, lost.len > 1 ? "them" : "it");
}

/* What others put on the line is theirs. */
static void say_hand_made(struct context *c)
{
	auto_free char *line = strv_join(&c->s->present.kernel_params, " ");
	auto_str struct str text = STR_INIT;
	struct acs_override_set all;

	acs_override_of_line(line, &all);
	if (!acs_override_is_empty(&c->wished) || acs_override_has(&c->former, &all))
		return;
	acs_override_text(&all, &text);
	strv_addf(&c->p->warnings,
		  ACS_OVERRIDE_KEY "=%s stands among the kernel's parameters by hand; it stays.",
		  text.data);
}

/* What the kernel will be started with: ours, and what is there by hand. */
static struct acs_override_set after_boot(const struct context *c)
{
	auto_strv struct strv hand_made = STRV_INIT;
	auto_str struct str ours = STR_INIT;
	auto_free char *line = NULL;
	struct acs_override_set all;

	acs_override_text(&c->former, &ours);
	for (size_t i = 0; i < c->s->present.kernel_params.len; i++) {
		const char *param = c->s->present.kernel_params.items[i];
		const char *equals = strchr(param, '=');

		if (!ours.len || !equals || strcmp(equals + 1, ours.data) != 0)
			strv_add(&hand_made, param);
	}
	strv_addf(&hand_made, ACS_OVERRIDE_KEY "=%s", c->p->override);
	line = strv_join(&hand_made, " ");
	acs_override_of_line(line, &all);
	return all;
}

int plan_override(const struct situation *s, const struct change_record *last, struct plan *p,
		  struct err *reterr)
{
	struct context c = {.s = s, .p = p};
	struct acs_override_set then;
	int r = settle(&c, last, reterr);

	if (r < 0)
		return r;
	acs_override_of_line(s->platform->cmdline, &c.on_line);
	acs_override_in_force(s->topology, s->platform, &c.in_force);
	then = after_boot(&c);
	if (acs_override_is_empty(&then) && acs_override_is_empty(&c.in_force))
		return 0;
	whatif_make(s->topology, &then, &c.in_force, &c.whatif);
	if (!acs_override_is_empty(&c.wished)) {
		bool pending = !acs_override_has(&c.on_line, &c.wished);

		if (pending)
			find_waiting(&c);
		if (pending)
			say_split(&c);
		say_kernel(&c);
		say_ignored(&c);
	}
	say_lost(&c);
	say_hand_made(&c);
	whatif_release(&c.whatif);
	return 0;
}
