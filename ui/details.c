/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/details.h"

#include <stdlib.h>
#include <string.h>

#include "advice/isolation_text.h"
#include "advice/rules.h"
#include "base/mem.h"

#define NAME_LINE 76 /* columns of the details at 80 */

/* --- findings ----------------------------------------------------------------------- */

static enum sign severity_sign(enum severity s)
{
	return s == SEVERITY_BLOCK ? SIGN_BLOCK : s == SEVERITY_WARN ? SIGN_WARN : SIGN_NOTE;
}

/* The sign says how bad it is; a paragraph in red would be hard to read. */
static void add_finding(struct lines *d, const struct finding *f)
{
	lines_add(d, severity_sign(f->severity), ROLE_TEXT, "%s%s%s", f->text, f->remedy ? " " : "",
		  f->remedy ? f->remedy : "");
}

/* Findings whose subject the tag is; those whose place the cursor is on count as seen. */
static void add_findings(struct lines *d, struct app *app, uint64_t tag)
{
	for (size_t i = 0; i < app->findings.len; i++) {
		const struct finding *f = &app->findings.items[i];

		if (tag_of_subject(f->subject) != tag)
			continue;
		add_finding(d, f);
		if (tag == app->tree.cursor || app_place_of(app, f) == app->tree.cursor)
			app_see(app, f);
	}
}

/* --- a device ------------------------------------------------------------------------ */

static const char *link_generation(unsigned speed)
{
	static const char *const names[] = {"", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0"};

	return speed < ARRAY_SIZE(names) ? names[speed] : "";
}

static void add_link(struct str *s, const struct pci_caps *c)
{
	if (!c->link_speed_max || !c->link_width_max)
		return;
	str_addf(s, "   PCIe %s x%u", link_generation(c->link_speed_max), c->link_width_max);
	if (c->link_speed && c->link_width &&
	    (c->link_speed < c->link_speed_max || c->link_width < c->link_width_max))
		str_addf(s, " (now %s x%u)", link_generation(c->link_speed), c->link_width);
}

static void add_resets(struct str *s, const struct device *d)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free char *joined = NULL;

	reset_names(d->reset, &names);
	joined = strv_join(&names, " ");
	if (d->reset_known)
		str_addf(s, "   resets: %s", names.len ? joined : "none");
}

static void add_ids_line(struct lines *ret, const struct device *d)
{
	auto_str struct str s = STR_INIT;
	char ids[10];

	str_addf(&s, "%s rev %02x", device_ids_text(d, ids), d->revision);
	if (d->subvendor || d->subdevice)
		str_addf(&s, "   subsystem %04x:%04x", d->subvendor, d->subdevice);
	add_link(&s, &d->caps);
	if (d->numa_node >= 0)
		str_addf(&s, "   node %d", d->numa_node);
	add_resets(&s, d);
	if (d->boot_vga == 1)
		str_adds(&s, "   boot display");
	lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", s.data);
}

/* What the row does not show: it has the driver already. */
static void add_driver_line(struct lines *ret, const struct device *d)
{
	auto_strv struct strv words = STRV_INIT;
	auto_free char *modules = strv_join(&d->modules, " ");
	auto_free char *line = NULL;

	if (d->modules.len && !d->driver)
		strv_addf(&words, "modules: %s", modules);
	if (d->driver_override)
		strv_addf(&words, "override: %s", d->driver_override);
	if (d->sriov == SRIOV_VIRTUAL)
		strv_add(&words, "virtual function");
	else if (d->caps.sriov_total)
		strv_addf(&words, "SR-IOV: %u of %u", d->caps.sriov_enabled, d->caps.sriov_total);
	line = strv_join(&words, "   ");
	if (words.len)
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", line);
}

/* One line a kind: "mounted: /dev/sda1 on /boot, /dev/sdb1 on /srv". */
static void add_usage(struct lines *ret, const struct usage *u, const struct pci_addr *a)
{
	size_t n = 0;
	const struct usage_item *item = usage_of(u, a, &n);

	for (size_t i = 0; item && i < n;) {
		auto_str struct str line = STR_INIT;
		enum usage_kind kind = item[i].kind;

		str_addf(&line, "%s: %s", usage_kind_label(kind), item[i].what);
		for (i++; i < n && item[i].kind == kind; i++)
			str_addf(&line, ", %s", item[i].what);
		lines_add(ret, SIGN_USED, ROLE_TEXT, "%s", line.data);
	}
}

/* Short words for class and vendor: the line shall stay one, and cost little on a slow terminal. */
static void add_name_line(struct lines *ret, const struct device *d)
{
	static const char *const tails[] = {" controller", " compatible"};
	auto_free char *vendor = device_short_vendor(d);
	auto_free char *name = vendor && d->device_name ? xasprintf("%s %s", vendor, d->device_name)
							: device_short_name(d);
	size_t n = strlen(d->class_name);

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++)
		if (n > strlen(tails[i]) &&
		    strncmp(d->class_name + n - strlen(tails[i]), tails[i], strlen(tails[i])) == 0)
			n -= strlen(tails[i]);
	if (n + 2 + strlen(name) > NAME_LINE)
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s  %s", device_short_class(d), name);
	else
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%.*s  %s", (int)n, d->class_name, name);
}

/* A finding about the group says why it is shared already. */
static bool is_explained(const struct app *app, int group)
{
	auto_free char *subject = xasprintf("group:%d", group);

	return findings_have(&app->findings, "needs-acs-override", subject) ||
	       findings_have(&app->findings, "cannot-split", subject);
}

/* Why the group is as it is, short enough for a slow line; false where there is nothing to explain. */
static bool add_cause(const struct app *app, int group, struct lines *ret)
{
	const struct situation *s = app->situation;
	const struct iommu_group *g = topology_group(s->topology, group);
	const struct group_explanation *e = isolation_of_group(situation_isolation(s), group);
	auto_str struct str why = STR_INIT;

	if (!g || !e || is_explained(app, group) ||
	    (group_state(s->topology, g, &app->tree.marks) == GROUP_OK && !e->only_by_override))
		return false;
	isolation_why(s->topology, e, &why);
	lines_add(ret, SIGN_WARN, ROLE_TEXT, "%s", why.data);
	return true;
}

/* The bridge that is the cause says so; any other is none of the user's business. */
static void add_bridge(const struct app *app, const struct device *d, struct lines *ret)
{
	const struct group_explanation *e = isolation_of_group(situation_isolation(app->situation),
							       d->group);
	const struct topology *t = app->situation->topology;

	if (e && e->culprit == topology_index(t, d) && add_cause(app, d->group, ret))
		return;
	lines_add(ret, SIGN_NOTE, ROLE_TEXT,
		  "Stays with the host; bridges keep no group from being used.");
}

static void device_details(struct app *app, const struct row *row, struct lines *ret)
{
	const struct device *d = row->device;

	add_name_line(ret, d);
	add_ids_line(ret, d);
	add_findings(ret, app, row->tag);
	if (row->group >= 0)
		add_findings(ret, app, tag_of_group(row->group));
	add_usage(ret, &app->situation->usage, &d->addr);
	if (d->is_bridge)
		add_bridge(app, d, ret);
	add_driver_line(ret, d);
}

/* --- the other rows -------------------------------------------------------------------- */

static const char *state_explained(const struct app *app, int group)
{
	const struct situation *s = app->situation;
	const struct iommu_group *g = topology_group(s->topology, group);

	if (!g)
		return "";
	switch (group_state(s->topology, g, &app->tree.marks)) {
	case GROUP_SHARED:
		return "These devices can reach each other past the IOMMU, so one VM gets all of "
		       "them, or none. g marks them all.";
	case GROUP_INCOMPLETE:
		return "QEMU takes a group only when no member is on a host driver. g marks the "
		       "rest, or unmark "
		       "what is marked.";
	case GROUP_BLOCKED:
		return "A bridge here is on a driver that keeps the whole group from VMs.";
	case GROUP_OK:
		break;
	}
	return "What is in this group is kept apart from everything outside of it.";
}

static void add_members(const struct topology *t, const struct iommu_group *g, struct lines *ret)
{
	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];
		auto_free char *name = device_short_name(d);
		char bdf[PCI_ADDR_TEXT];

		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s %-7s %s",
			  pci_addr_format_short(&d->addr, bdf), device_short_class(d), name);
	}
}

static void group_details(struct app *app, const struct row *row, struct lines *ret)
{
	const struct topology *t = app->situation->topology;
	const struct iommu_group *g = topology_group(t, row->group);

	add_findings(ret, app, row->tag);
	if (!add_cause(app, row->group, ret) && !ret->len)
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s", state_explained(app, row->group));
	if (g && !row->open)
		add_members(t, g, ret);
}

static void header_details(struct app *app, const struct row *row, struct lines *ret)
{
	if (row->group >= 0) {
		group_details(app, row, ret);
	} else if (row->group == GROUP_GONE) {
		lines_add(ret, SIGN_WARN, ROLE_TITLE, "Not on this machine now");
		lines_add(ret, SIGN_NONE, ROLE_TEXT,
			  "These devices are marked or configured, but not there: taken out, "
			  "switched off in the "
			  "firmware, or moved to another address. Space takes a mark off.");
	} else {
		lines_add(ret, SIGN_WARN, ROLE_TITLE, "Devices without an IOMMU group");
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s",
			  app_has_no_iommu(app) ? "The IOMMU is not in use, so no device has a "
						  "group yet. s says how to turn it on."
						: "The IOMMU does not cover these devices: they "
						  "can't be handed to a VM.");
	}
}

static void host_details(struct app *app, struct lines *ret)
{
	const struct platform *p = app->situation->platform;

	if (app->situation->config_error.code)
		lines_add(ret, SIGN_BLOCK, ROLE_BLOCK, "%s", app->situation->config_error.text);
	add_findings(ret, app, TAG_HOST);
	if (p->iommu_why)
		lines_add(ret, SIGN_NOTE, ROLE_TEXT, "IOMMU %s: %s", iommu_state_name(p->iommu),
			  p->iommu_why);
	if (p->boot_why)
		lines_add(ret, SIGN_NOTE, ROLE_TEXT, "Boot loader: %s", p->boot_why);
}

static void gone_details(struct app *app, const struct row *row, struct lines *ret)
{
	char bdf[PCI_ADDR_TEXT];
	bool configured = selection_has(&app->situation->configured, &row->addr);

	lines_add(ret, SIGN_WARN, ROLE_TITLE, "%s is not on this machine now",
		  pci_addr_format_short(&row->addr, bdf));
	lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s Space takes the mark off.",
		  configured ? "It is configured to be handed over."
			     : "It was marked while it was there.");
	add_findings(ret, app, row->tag);
}

/* Keeps the worst finding, or the first line. */
static void keep_one(struct lines *d)
{
	static const enum sign order[] = {SIGN_BLOCK, SIGN_WARN, SIGN_USED};
	size_t kept = 0;

	for (size_t k = 0; k < ARRAY_SIZE(order) && !kept; k++)
		for (size_t i = d->len; i-- > 1;)
			if (d->items[i].sign == order[k])
				kept = i;
	for (size_t i = 0; i < d->len; i++)
		if (i != kept)
			free(d->items[i].text);
	if (d->len) {
		d->items[0] = d->items[kept];
		d->len = 1;
	}
}

void details_make(struct app *app, bool brief, struct lines *ret)
{
	const struct row *row = tree_row(&app->tree);

	if (!row)
		return;
	if (row->kind == ROW_DEVICE)
		device_details(app, row, ret);
	else if (row->kind == ROW_GROUP)
		header_details(app, row, ret);
	else if (row->kind == ROW_HOST)
		host_details(app, ret);
	else
		gone_details(app, row, ret);
	if (brief)
		keep_one(ret);
}

void details_title(const struct app *app, struct str *ret)
{
	const struct row *row = tree_row(&app->tree);
	char bdf[PCI_ADDR_TEXT];
	auto_str struct str title = STR_INIT;

	if (!row)
		return;
	if (row->kind == ROW_DEVICE || row->kind == ROW_GONE)
		str_adds(&title, pci_addr_format_short(&row->addr, bdf));
	else if (row->kind == ROW_HOST)
		str_adds(&title, "this machine");
	else if (row->group >= 0)
		str_addf(&title, "group %d", row->group);
	/* One width for most titles: the line behind stays as it is. */
	str_addf(ret, "%-8s", title.data);
}
