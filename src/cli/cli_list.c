/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list: the groups and their devices, one device a line. */
#include <stdlib.h>
#include <string.h>

#include "advice/isolation_text.h"
#include "advice/rules.h"
#include "cli/cli.h"
#include "cli/json.h"

/* A column grows to its widest text, but not beyond this; longer texts push their row. */
#define NAME_COLUMNS 44

struct columns {
	size_t address, name, driver;
};

static json_t *json_group(const struct situation *s, const struct iommu_group *g,
			  const struct selection *handed)
{
	json_t *o = json_object();
	json_t *devices = json_array();

	for (size_t i = 0; i < g->len; i++)
		json_array_append_new(devices,
				      json_device(s, &s->topology->devices[g->members[i]]));
	json_put(o, "id", json_integer(g->id));
	json_put(o, "state", json_text(group_state_name(group_state(s->topology, g, handed))));
	json_put(o, "devices", devices);
	return o;
}

static void list_json(struct cli *c, const struct selection *handed)
{
	const struct situation *s = c->situation;
	json_t *o = json_object(), *groups = json_array(), *ungrouped = json_array();

	json_put(o, "schema", json_integer(1));
	json_put(o, "host", json_host(s->platform));
	for (size_t i = 0; i < s->topology->groups_len; i++)
		json_array_append_new(groups, json_group(s, &s->topology->groups[i], handed));
	for (size_t i = 0; i < s->topology->len; i++)
		if (s->topology->devices[i].group == NO_GROUP)
			json_array_append_new(ungrouped, json_device(s, &s->topology->devices[i]));
	json_put(o, "groups", groups);
	json_put(o, "ungrouped", ungrouped);
	json_print(&c->out, o);
}

static void widen(size_t *column, size_t width, size_t most)
{
	if (width > *column && width <= most)
		*column = width;
}

static void measure(const struct printer *p, const struct topology *t, char **names,
		    struct columns *ret)
{
	*ret = (struct columns){.address = 7, .name = 0, .driver = 0};
	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];
		char bdf[PCI_ADDR_TEXT];

		widen(&ret->address, strlen(pci_addr_format_short(&d->addr, bdf)), PCI_ADDR_TEXT);
		widen(&ret->name, print_width(p, names[i]), NAME_COLUMNS);
		if (d->driver)
			widen(&ret->driver, print_width(p, d->driver), 16);
	}
}

static void print_uses(struct printer *p, const struct situation *s, const struct device *d)
{
	size_t n = 0;
	const struct usage_item *item = usage_of(&s->usage, &d->addr, &n);
	int last = -1;

	for (size_t i = 0; item && i < n; i++) {
		if ((int)item[i].kind == last)
			continue;
		print_raw(p, last < 0 ? "  " : ", ");
		if (last < 0) {
			print_sign(p, SIGN_USED);
			print_raw(p, " ");
		}
		print_text(p, usage_kind_label(item[i].kind));
		last = (int)item[i].kind;
	}
}

/* "  0b:00.0 VGA      10de:2484 NVIDIA GeForce RTX 3070   nouveau -> vfio-pci  * console" */
static void print_device(struct printer *p, const struct situation *s, const struct device *d,
			 const char *name, const struct columns *w)
{
	char bdf[PCI_ADDR_TEXT], ids[10];
	const bool waits = selection_has(&s->configured, &d->addr) && !driver_is_vfio(d->driver);

	print_raw(p, "  ");
	print_padded(p, pci_addr_format_short(&d->addr, bdf), w->address + 1);
	print_padded(p, device_short_class(d), 9);
	print_raw(p, device_ids_text(d, ids));
	print_raw(p, " ");
	print_padded(p, name, w->name);
	print_raw(p, "  ");
	print_padded(p, d->driver ? d->driver : "-", w->driver);
	if (waits) {
		print_raw(p, " ");
		print_sign(p, SIGN_CHANGE);
		print_raw(p, " vfio-pci at the next boot");
	}
	print_uses(p, s, d);
	while (p->out.len && p->out.data[p->out.len - 1] == ' ')
		str_truncate(&p->out, p->out.len - 1);
	print_raw(p, "\n");
}

/* What a group's state means and where it comes from, in words for someone who sees it first. */
static void print_group_line(struct printer *p, const struct situation *s, int id,
			     enum group_state state)
{
	static const struct {
		enum sign sign;
		const char *words;
	} states[] = {
		[GROUP_OK] = {SIGN_OK, "isolated"},
		[GROUP_SHARED] = {SIGN_WARN, "shared by several devices"},
		[GROUP_INCOMPLETE] = {SIGN_BLOCK, "incomplete: a device would stay with the host"},
		[GROUP_BLOCKED] = {SIGN_BLOCK, "blocked by the driver of a bridge"},
	};

	const struct group_explanation *e = isolation_of_group(situation_isolation(s), id);
	const bool by_override = e && e->only_by_override && state == GROUP_OK;
	auto_str struct str why = STR_INIT;
	const struct iommu_group *g = topology_group(s->topology, id);

	if (state == GROUP_OK && g && group_stays_with_host(s->topology, g)) {
		print_format(p, "Group %d %s\n", id,
			     g->len == 1 ? "a bridge, stays with the host"
					 : "bridges, stay with the host");
		return;
	}
	if (e && state == GROUP_SHARED)
		isolation_brief(s->topology, e, &why);
	print_format(p, "Group %d ", id);
	print_sign(p, by_override ? SIGN_WARN : states[state].sign);
	print_format(p, " %s%s%s\n",
		     by_override ? "apart only by the ACS override" : states[state].words,
		     why.len ? ": " : "", why.len ? why.data : "");
}

/* No host name: such lists are pasted into forums. */
static void print_host(struct printer *p, const struct platform *host)
{
	const char *const facts[] = {
		firmware_name(host->firmware),
		boot_loader_name(host->boot_loader),
		initramfs_name(host->initramfs),
	};

	print_raw(p, "Linux ");
	print_text(p, host->kernel ? host->kernel : "(kernel not known)");
	print_format(p, ", IOMMU %s", iommu_state_name(host->iommu));
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (facts[i])
			print_format(p, ", %s", facts[i]);
	print_raw(p, "\n");
}

static void list_text(struct cli *c, const struct selection *handed)
{
	const struct situation *s = c->situation;
	const struct topology *t = s->topology;
	auto_strv struct strv names = STRV_INIT;
	bool said = false;
	struct columns w;

	for (size_t i = 0; i < t->len; i++)
		strv_take(&names, device_short_name(&t->devices[i]));
	measure(&c->out, t, names.items, &w);
	print_host(&c->out, s->platform);
	for (size_t i = 0; i < t->groups_len; i++) {
		const struct iommu_group *g = &t->groups[i];

		print_group_line(&c->out, s, g->id, group_state(t, g, handed));
		for (size_t k = 0; k < g->len; k++)
			print_device(&c->out, s, &t->devices[g->members[k]],
				     names.items[g->members[k]], &w);
	}
	for (size_t i = 0; i < t->len; i++) {
		if (t->devices[i].group != NO_GROUP)
			continue;
		if (!said)
			print_raw(&c->out, "In no IOMMU group\n");
		said = true;
		print_device(&c->out, s, &t->devices[i], names.items[i], &w);
	}
	if (!t->len)
		print_raw(&c->out, "This machine shows no PCI devices.\n");
}

int cmd_list(struct cli *c)
{
	auto_selection struct selection handed = SELECTION_INIT;
	struct err err = ERR_INIT;

	if (cli_open_situation(c, &err) < 0)
		return cli_fail(c, &err);
	cli_handed_over(c->situation, &handed);
	if (c->args.json) {
		list_json(c, &handed);
		return EXIT_DONE;
	}
	list_text(c, &handed);
	if (!c->situation->topology->groups_len && c->situation->topology->len)
		print_raw(&c->out, "\nThere are no IOMMU groups: vfiotui check says why; "
				   "vfiotui --demo shows a machine that has them.\n");
	return EXIT_DONE;
}
