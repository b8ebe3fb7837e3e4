/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/rules.h"

#include <stdlib.h>
#include <string.h>

#include "advice/rule.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

/* Within one severity findings keep this order. */
static const struct rule rules[] = {
	{"iommu-absent", SEVERITY_BLOCK, rule_iommu_absent, USAGE_KINDS},
	{"iommu-off", SEVERITY_WARN, rule_iommu_off, USAGE_KINDS},
	{"no-vfio-module", SEVERITY_BLOCK, rule_no_vfio_module, USAGE_KINDS},
	{"root-disk", SEVERITY_BLOCK, rule_usage, USAGE_ROOT_DISK},
	{"swap", SEVERITY_BLOCK, rule_usage, USAGE_SWAP},
	{"mounted", SEVERITY_BLOCK, rule_usage, USAGE_MOUNTED},
	{"ssh-link", SEVERITY_BLOCK, rule_usage, USAGE_SSH_LINK},
	{"bridge-marked", SEVERITY_BLOCK, rule_bridge_marked, USAGE_KINDS},
	{"no-group", SEVERITY_BLOCK, rule_no_group, USAGE_KINDS},
	{"group-incomplete", SEVERITY_BLOCK, rule_group_incomplete, USAGE_KINDS},
	{"group-blocked", SEVERITY_BLOCK, rule_group_blocked, USAGE_KINDS},
	{"rmrr", SEVERITY_WARN, rule_rmrr, USAGE_KINDS},
	{"sriov-pf-with-vfs", SEVERITY_WARN, rule_sriov_pf_with_vfs, USAGE_KINDS},
	{"unsafe-interrupts", SEVERITY_WARN, rule_unsafe_interrupts, USAGE_KINDS},
	{"moved", SEVERITY_WARN, rule_moved, USAGE_KINDS},
	{"only-gpu", SEVERITY_WARN, rule_only_gpu, USAGE_KINDS},
	{"boot-vga", SEVERITY_WARN, rule_boot_vga, USAGE_KINDS},
	{"console-display", SEVERITY_WARN, rule_usage, USAGE_CONSOLE_DISPLAY},
	{"default-route", SEVERITY_WARN, rule_usage, USAGE_DEFAULT_ROUTE},
	{"last-keyboard", SEVERITY_WARN, rule_usage, USAGE_LAST_KEYBOARD},
	{"same-id", SEVERITY_WARN, rule_same_id, USAGE_KINDS},
	{"option-rom-no-uefi", SEVERITY_WARN, rule_option_rom_no_uefi, USAGE_KINDS},
	{"no-reset", SEVERITY_WARN, rule_no_reset, USAGE_KINDS},
	{"group-returns", SEVERITY_WARN, rule_group_returns, USAGE_KINDS},
	{"needs-acs-override", SEVERITY_NOTE, rule_needs_acs_override, USAGE_KINDS},
	{"cannot-split", SEVERITY_NOTE, rule_cannot_split, USAGE_KINDS},
	{"group-shared", SEVERITY_NOTE, rule_group_shared, USAGE_KINDS},
	{"audio-left-behind", SEVERITY_NOTE, rule_audio_left_behind, USAGE_KINDS},
	{"weak-reset", SEVERITY_NOTE, rule_weak_reset, USAGE_KINDS},
	{"framebuffer-holds-bar", SEVERITY_NOTE, rule_framebuffer_holds_bar, USAGE_KINDS},
	{"display-in-use", SEVERITY_NOTE, rule_usage, USAGE_DISPLAY},
	{"sound-in-use", SEVERITY_NOTE, rule_usage, USAGE_SOUND},
	{"network-in-use", SEVERITY_NOTE, rule_usage, USAGE_NETWORK_UP},
	{"in-use-by-vm", SEVERITY_NOTE, rule_usage, USAGE_VM},
	{"vanished", SEVERITY_NOTE, rule_vanished, USAGE_KINDS},
	{"secure-boot", SEVERITY_NOTE, rule_secure_boot, USAGE_KINDS},
	{"vfio-builtin", SEVERITY_NOTE, rule_vfio_builtin, USAGE_KINDS},
};

bool rules_know(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strcmp(rules[i].code, code))
			return true;
	return false;
}

void rules_check(const struct rules_input *in, struct findings *ret)
{
	const struct selection *s = in->selection;
	struct rule_context c = {.in = in, .findings = ret};

	c.selected = xcalloc(s->len ? s->len : 1, sizeof(*c.selected));
	for (size_t i = 0; i < s->len; i++) {
		const struct device *d = topology_find(in->topology, &s->items[i]);

		if (d)
			c.selected[c.len++] = d;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i].check(&c, &rules[i]);
	free(c.selected);
	findings_sort(ret);
}

void rule_add(const struct rule_context *c, const struct rule *rule, char *subject, char *text,
	      char *remedy)
{
	findings_add(c->findings, rule->code, rule->severity, subject, text, remedy);
}

char *rule_device(const struct device *d)
{
	auto_free char *name = device_short_name(d);
	char bdf[PCI_ADDR_TEXT];

	return xasprintf("%s (%s)", pci_addr_format_short(&d->addr, bdf), name);
}

char *rule_device_driver(const struct device *d)
{
	auto_free char *name = device_short_name(d);
	char bdf[PCI_ADDR_TEXT];

	pci_addr_format_short(&d->addr, bdf);
	if (!d->driver)
		return xasprintf("%s (%s)", bdf, name);
	return xasprintf("%s (%s, on %s)", bdf, name, d->driver);
}

char *rule_words(const struct strv *words, size_t max)
{
	struct str out = STR_INIT;
	const size_t shown = words->len > max ? max : words->len;

	for (size_t i = 0; i < shown; i++) {
		if (i)
			str_adds(&out, i + 1 == words->len ? " and " : ", ");
		str_adds(&out, words->items[i]);
	}
	if (shown < words->len)
		str_addf(&out, " and %zu more", words->len - shown);
	return str_take(&out);
}

void rule_add_address(struct strv *v, const struct device *d)
{
	char bdf[PCI_ADDR_TEXT];

	strv_add(v, pci_addr_format_short(&d->addr, bdf));
}

bool rule_host_needs(const struct rule_context *c, const struct device *d)
{
	const struct usage_item *item;
	size_t n = 0;

	item = c->in->usage ? usage_of(c->in->usage, &d->addr, &n) : NULL;
	for (size_t i = 0; item && i < n; i++)
		if (item[i].kind <= USAGE_SSH_LINK)
			return true;
	return false;
}

bool rule_touches_group(const struct rule_context *c, const struct iommu_group *g)
{
	const struct topology *t = c->in->topology;

	for (size_t i = 0; c->len && i < g->len; i++)
		if (!t->devices[g->members[i]].is_bridge &&
		    selection_has(c->in->selection, &t->devices[g->members[i]].addr))
			return true;
	return false;
}

bool member_stays_with_host(const struct device *d, const struct selection *s)
{
	return !device_is_viable_member(d) && !selection_has(s, &d->addr);
}

/* Do the endpoints of the group sit in more than one slot? */
static bool has_several_slots(const struct topology *t, const struct iommu_group *g)
{
	const struct device *first = NULL;

	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (!device_is_takeable(d))
			continue;
		if (first && !pci_addr_same_slot(&first->addr, &d->addr))
			return true;
		first = d;
	}
	return false;
}

enum group_state group_state(const struct topology *t, const struct iommu_group *g,
			     const struct selection *s)
{
	bool selected = false, stays = false, blocked = false, endpoint = false, left = false;

	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (d->is_bridge) {
			blocked = blocked || !device_is_viable_member(d);
			continue;
		}
		endpoint = endpoint || device_is_takeable(d);
		if (selection_has(s, &d->addr)) {
			selected = true;
			continue;
		}
		left = left || device_is_takeable(d);
		stays = stays || member_stays_with_host(d, s);
	}
	if (endpoint && blocked)
		return GROUP_BLOCKED;
	if (selected && stays)
		return GROUP_INCOMPLETE;
	return left && has_several_slots(t, g) ? GROUP_SHARED : GROUP_OK;
}

const char *group_state_name(enum group_state s)
{
	static const char *const names[] = {
		[GROUP_OK] = "ok",
		[GROUP_SHARED] = "shared",
		[GROUP_INCOMPLETE] = "incomplete",
		[GROUP_BLOCKED] = "blocked",
	};

	return names[s];
}
