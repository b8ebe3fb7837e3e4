/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: everything known about one device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "advice/rules.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "machine/scan.h"

static const struct {
	enum pcie_type type;
	const char *name;
} types[] = {
	{PCIE_ENDPOINT, "endpoint"},
	{PCIE_LEGACY_ENDPOINT, "legacy-endpoint"},
	{PCIE_ROOT_PORT, "root-port"},
	{PCIE_UPSTREAM, "upstream"},
	{PCIE_DOWNSTREAM, "downstream"},
	{PCIE_TO_PCI, "pcie-to-pci"},
	{PCI_TO_PCIE, "pci-to-pcie"},
	{PCIE_RC_ENDPOINT, "rc-endpoint"},
	{PCIE_RC_EVENT_COLLECTOR, "rc-event-collector"},
};

/* NULL: no PCI Express device, or not readable. */
static const char *type_name(const struct device *d)
{
	for (size_t i = 0; d->caps.basic_known && i < ARRAY_SIZE(types); i++)
		if (types[i].type == d->caps.pcie_type)
			return types[i].name;
	return NULL;
}

/* The same for people. */
static const char *type_words(const struct device *d)
{
	static const struct {
		enum pcie_type type;
		const char *words;
	} plain[] = {
		{PCIE_LEGACY_ENDPOINT, "endpoint (legacy)"},
		{PCIE_ROOT_PORT, "root port"},
		{PCIE_UPSTREAM, "upstream port of a switch"},
		{PCIE_DOWNSTREAM, "downstream port of a switch"},
		{PCIE_TO_PCI, "bridge to conventional PCI"},
		{PCI_TO_PCIE, "bridge from conventional PCI"},
		{PCIE_RC_ENDPOINT, "endpoint inside the root complex"},
		{PCIE_RC_EVENT_COLLECTOR, "event collector of the root complex"},
	};

	for (size_t i = 0; d->caps.basic_known && i < ARRAY_SIZE(plain); i++)
		if (plain[i].type == d->caps.pcie_type)
			return plain[i].words;
	return type_name(d);
}

/* "16 GT/s x4"; NULL when nothing is known. */
static char *link_text(uint8_t speed, uint8_t width)
{
	static const char *const speeds[] = {NULL, "2.5", "5", "8", "16", "32", "64"};

	if (!speed || speed >= ARRAY_SIZE(speeds) || !width)
		return NULL;
	return xasprintf("%s GT/s x%u", speeds[speed], width);
}

/* The bridges above, the nearest to the root bus first. */
static void bridges_above(const struct topology *t, const struct device *d, struct strv *ret)
{
	auto_strv struct strv upwards = STRV_INIT;

	for (size_t at = d->parent; at != NO_PARENT && upwards.len < 256;
	     at = t->devices[at].parent)
		strv_add(&upwards, t->devices[at].bdf);
	while (upwards.len) {
		strv_add(ret, upwards.items[upwards.len - 1]);
		strv_remove_at(&upwards, upwards.len - 1);
	}
}

static json_t *json_link(const struct device *d)
{
	auto_free char *now = link_text(d->caps.link_speed, d->caps.link_width);
	auto_free char *most = link_text(d->caps.link_speed_max, d->caps.link_width_max);
	json_t *o = json_object();

	json_put(o, "now", json_text(now));
	json_put(o, "max", json_text(most));
	return o;
}

static json_t *json_sriov(const struct topology *t, const struct device *d)
{
	static const char *const roles[] = {
		[SRIOV_NONE] = NULL, [SRIOV_PHYSICAL] = "physical", [SRIOV_VIRTUAL] = "virtual"};
	json_t *o = json_object();
	const char *physical = d->physical_function == NO_PARENT
				       ? NULL
				       : t->devices[d->physical_function].bdf;

	if (d->sriov == SRIOV_NONE)
		physical = NULL;
	json_put(o, "role", json_text(roles[d->sriov]));
	json_put(o, "total", json_integer(d->caps.sriov_total));
	json_put(o, "enabled", json_integer(d->caps.sriov_enabled));
	json_put(o, "physical_function", json_text(physical));
	return o;
}

/* Which enable bits are needed is the kernel's business (machine ACS quirks); these are the registers. */
static json_t *json_acs(const struct device *d)
{
	json_t *o = json_object();

	json_put(o, "known", json_boolean(d->caps.extended_known));
	json_put(o, "present", d->caps.extended_known ? json_boolean(d->caps.acs) : json_null());
	json_put(o, "capability", d->caps.acs ? json_integer(d->caps.acs_cap) : json_null());
	json_put(o, "control", d->caps.acs ? json_integer(d->caps.acs_ctl) : json_null());
	return o;
}

static void show_json(struct cli *c, const struct device *d)
{
	const struct topology *t = c->situation->topology;
	json_t *o = json_device(c->situation, d);
	auto_strv struct strv above = STRV_INIT;
	int node = scan_numa_node(c->situation->host, d);
	char class_code[8];

	bridges_above(t, d, &above);
	snprintf(class_code, sizeof(class_code), "%06x", d->class_code & 0xffffffU);
	json_put(o, "schema", json_integer(1));
	json_put(o, "class_code", json_text(class_code));
	json_put(o, "class_name", json_text(d->class_name));
	json_put(o, "group", d->group == NO_GROUP ? json_null() : json_integer(d->group));
	json_put(o, "bridges", json_texts(&above));
	json_put(o, "reset_known", json_boolean(d->reset_known));
	json_put(o, "numa_node", node < 0 ? json_null() : json_integer(node));
	json_put(o, "driver_override", json_text(d->driver_override));
	json_put(o, "modalias", json_text(d->modalias));
	json_put(o, "pcie_type", json_text(type_name(d)));
	json_put(o, "link", json_link(d));
	json_put(o, "sriov", json_sriov(t, d));
	json_put(o, "acs", json_acs(d));
	json_print(&c->out, o);
}

static void row(struct printer *p, const char *label, const char *text)
{
	if (!text || !text[0])
		return;
	print_padded(p, label, 14);
	print_text(p, text);
	print_raw(p, "\n");
}

static void show_kind(struct printer *p, const struct device *d)
{
	auto_free char *name = device_name(d);
	char ids[10], class_text[5], bdf[PCI_ADDR_TEXT];
	auto_free char *subsystem = d->subvendor || d->subdevice
					    ? xasprintf(", subsystem %04x:%04x", d->subvendor,
							d->subdevice)
					    : xstrdup("");
	auto_free char *numbers = xasprintf("%s, revision %02x%s", device_ids_text(d, ids),
					    d->revision, subsystem);
	auto_free char *kind = xasprintf("%s (%s)", d->class_name,
					 device_class_text(d, class_text));

	row(p, pci_addr_format_short(&d->addr, bdf), name);
	row(p, "Class", kind);
	row(p, "Ids", numbers);
	if (d->is_bridge)
		row(p, "Bridge", "yes: it stays with the host");
	if (d->boot_vga == 1)
		row(p, "Boot display", "yes: firmware and console show here");
}

/* Never by a read of the ROM itself on a live machine: that needs a write to the card. */
static void show_rom(struct printer *p, const struct situation *s, const struct device *d)
{
	const struct hazards *h = situation_rules(s, &s->configured).hazards;
	const bool uefi = h && hazards_of(h, HAZARD_ROM_UEFI, d);
	const bool bios = h && hazards_of(h, HAZARD_ROM_NO_UEFI, d);

	if (device_is_gpu(d))
		row(p, "UEFI in ROM",
		    uefi   ? "yes"
		    : bios ? "no: a VM starts it by BIOS only"
			   : "cannot tell: its ROM is not read here; a copy given to a VM tells");
}

static void show_drivers(struct printer *p, const struct situation *s, const struct device *d)
{
	auto_free char *modules = strv_join(&d->modules, " ");

	row(p, "Driver", d->driver ? d->driver : "none");
	row(p, "Modules", modules);
	row(p, "Override", d->driver_override);
	if (selection_has(&s->configured, &d->addr))
		row(p, "Configured",
		    driver_is_vfio(d->driver) ? "handed over" : "handed over at the next boot");
}

static void show_place(struct printer *p, const struct situation *s, const struct device *d)
{
	auto_strv struct strv above = STRV_INIT;
	auto_free char *now = link_text(d->caps.link_speed, d->caps.link_width);
	auto_free char *most = link_text(d->caps.link_speed_max, d->caps.link_width_max);
	auto_free char *link = now && most ? xasprintf("%s, at most %s", now, most)
					   : xstrdup(now ? now : most);
	int number = scan_numa_node(s->host, d);
	auto_free char *node = number < 0 ? NULL : xasprintf("%d", number);

	bridges_above(s->topology, d, &above);
	auto_free char *path = strv_join(&above, " > ");

	row(p, "Behind", path);
	row(p, "PCI Express", type_words(d));
	row(p, "Link", link);
	row(p, "NUMA node", node);
}

static void show_abilities(struct printer *p, const struct topology *t, const struct device *d)
{
	auto_strv struct strv resets = STRV_INIT;
	auto_free char *acs = !d->caps.acs ? NULL
					   : xasprintf("capability %02x, enabled %02x",
						       d->caps.acs_cap, d->caps.acs_ctl);
	auto_free char *virtual_functions =
		d->sriov == SRIOV_PHYSICAL
			? xasprintf("%u of %u on", d->caps.sriov_enabled, d->caps.sriov_total)
			: NULL;

	reset_names(d->reset, &resets);
	auto_free char *reset = strv_join(&resets, " ");

	row(p, "Resets", resets.len ? reset : d->reset_known ? "none" : "cannot tell");
	row(p, "ACS",
	    d->caps.acs              ? acs
	    : d->caps.extended_known ? "none"
				     : "cannot tell (needs root)");
	row(p, "Virtual fns", virtual_functions);
	if (d->sriov == SRIOV_VIRTUAL && d->physical_function != NO_PARENT)
		row(p, "Virtual fn of", t->devices[d->physical_function].bdf);
}

static void show_group(struct cli *c, const struct device *d)
{
	const struct topology *t = c->situation->topology;
	const struct iommu_group *g = topology_group(t, d->group);
	auto_selection struct selection handed = SELECTION_INIT;

	if (!g) {
		row(&c->out, "IOMMU group", "none");
		return;
	}
	static const char *const states[] = {
		[GROUP_OK] = "isolated",
		[GROUP_SHARED] = "shared by several devices",
		[GROUP_INCOMPLETE] = "incomplete: a device would stay with the host",
		[GROUP_BLOCKED] = "blocked by the driver of a bridge",
	};

	cli_handed_over(c->situation, &handed);
	print_format(&c->out, "%-13s %d, %s\n", "IOMMU group", g->id,
		     states[group_state(t, g, &handed)]);
	for (size_t i = 0; i < g->len; i++) {
		const struct device *m = &t->devices[g->members[i]];
		auto_free char *name = device_short_name(m);
		char bdf[PCI_ADDR_TEXT];

		print_format(&c->out, "%14s%-8s ", "", pci_addr_format_short(&m->addr, bdf));
		print_padded(&c->out, device_short_class(m), 9);
		print_text(&c->out, name);
		print_raw(&c->out, "\n");
	}
}

static void show_uses(struct printer *p, const struct situation *s, const struct device *d)
{
	size_t n = 0;
	const struct usage_item *item = usage_of(&s->usage, &d->addr, &n);

	for (size_t i = 0; item && i < n; i++) {
		auto_free char *use = xasprintf("%s: %s", usage_kind_label(item[i].kind),
						item[i].what);

		row(p, i ? "" : "Used by host", use);
	}
}

int cmd_show(struct cli *c)
{
	auto_selection struct selection s = SELECTION_INIT;
	const struct topology *t;
	const struct device *d;
	struct err err = ERR_INIT;

	if (cli_open_situation(c, &err) < 0 || cli_select(c, &s, &err) < 0)
		return cli_fail(c, &err);
	if (s.len != 1) {
		err_set(&err, -EINVAL, "\"%s\" names %zu devices; show takes one", c->args.words[0],
			s.len);
		return cli_fail(c, &err);
	}
	t = c->situation->topology;
	d = topology_find(t, &s.items[0]);
	if (c->args.json) {
		show_json(c, d);
		return EXIT_DONE;
	}
	show_kind(&c->out, d);
	show_rom(&c->out, c->situation, d);
	show_drivers(&c->out, c->situation, d);
	show_group(c, d);
	show_place(&c->out, c->situation, d);
	show_abilities(&c->out, t, d);
	show_uses(&c->out, c->situation, d);
	return EXIT_DONE;
}
