/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acs: why each shared group is shared, and the groups as they would be under an override. */
#include <stdio.h>

#include "advice/isolation.h"
#include "advice/isolation_text.h"
#include "advice/override.h"
#include "advice/whatif.h"
#include "cli/cli.h"
#include "cli/json.h"

/* Calls `add` for every member of the model's group that `leader` began. */
static json_t *would_be_group(const struct topology *t, const struct isolation *m, size_t leader)
{
	json_t *members = json_array();

	for (size_t i = leader; i < t->len; i++)
		if (m->leader[i] == leader)
			json_array_append_new(members, json_text(t->devices[i].bdf));
	return members;
}

static void acs_json(struct cli *c, const struct isolation_report *r, const struct isolation *m)
{
	const struct topology *t = c->situation->topology;
	json_t *o = json_object(), *groups = json_array(), *would_be = json_array();

	for (size_t i = 0; i < r->len; i++) {
		const struct group_explanation *e = &r->groups[i];
		json_t *g = json_object();

		json_put(g, "id", json_integer(e->id));
		json_put(g, "cause", json_text(group_cause_name(e->cause)));
		json_put(g, "culprit",
			 json_text(e->culprit == SIZE_MAX ? NULL : t->devices[e->culprit].bdf));
		json_put(g, "splits_with", json_texts(&e->splits_with));
		json_put(g, "only_by_override", json_boolean(e->only_by_override));
		json_array_append_new(groups, g);
	}
	for (size_t i = 0; i < m->len; i++)
		if (m->join[i] == JOIN_NEW)
			json_array_append_new(would_be, would_be_group(t, m, i));
	json_put(o, "schema", json_integer(1));
	json_put(o, "confidence", json_text(confidence_name(r->confidence)));
	json_put(o, "kernel", json_text(acs_override_name(c->situation->platform->acs_override)));
	json_put(o, "groups", groups);
	json_put(o, "would_be", would_be);
	json_print(&c->out, o);
}

static void print_member(struct cli *c, const char *label, const struct device *d)
{
	auto_free char *name = device_short_name(d);
	char bdf[PCI_ADDR_TEXT];

	print_format(&c->out, "    %s%s %-8s ", label, pci_addr_format_short(&d->addr, bdf),
		     device_short_class(d));
	print_text(&c->out, name);
	print_raw(&c->out, "\n");
}

/* True when there was anything to say. */
static bool print_shared(struct cli *c, const struct isolation_report *r)
{
	const struct topology *t = c->situation->topology;
	size_t alone = 0;

	for (size_t i = 0; i < r->len; i++) {
		const struct group_explanation *e = &r->groups[i];
		auto_str struct str text = STR_INIT;

		if (e->cause == CAUSE_SINGLE && !e->only_by_override) {
			alone++;
			continue;
		}
		print_format(&c->out, "Group %d\n", e->id);
		for (size_t k = 0; k < t->groups[i].len; k++)
			print_member(c, "", &t->devices[t->groups[i].members[k]]);
		print_raw(&c->out, "  ");
		isolation_why(t, e, &text);
		if (e->cause != CAUSE_SINGLE)
			str_addc(&text, ' ');
		isolation_remedy(t, e, &text);
		print_wrapped(&c->out, text.data, 2);
		print_raw(&c->out, "\n");
	}
	if (alone)
		print_format(&c->out, "%zu other group%s of one device, isolated.\n", alone,
			     alone == 1 ? "" : "s");
	return r->len > 0;
}

/* The groups of one block then; its first is what today's number stays with. */
static void print_block(struct cli *c, const struct whatif *w, const struct whatif_block *b)
{
	auto_str struct str cost = STR_INIT;

	print_format(&c->out, "  Group %d: %zu group%s\n", b->id, b->then, b->then == 1 ? "" : "s");
	for (size_t i = 0; i < b->len; i++) {
		size_t member = b->members[i];
		bool first = !i || w->then[member] != w->then[b->members[i - 1]];
		int id = whatif_id_then(w, member);
		char label[24];

		if (first && id >= 0)
			snprintf(label, sizeof(label), "%-5d", id);
		else
			snprintf(label, sizeof(label), "%-5s", first ? "new" : "");
		print_member(c, label, &w->topology->devices[member]);
	}
	whatif_cost(w, b, &cost);
	if (cost.len) {
		print_raw(&c->out, "  Cost: ");
		print_wrapped(&c->out, cost.data, 2);
	}
}

static void print_would_be(struct cli *c, const struct whatif *w)
{
	print_format(&c->out, "With pcie_acs_override=%s:\n", c->args.override);
	for (size_t i = 0; i < w->len; i++)
		if (whatif_changes(&w->blocks[i]))
			print_block(c, w, &w->blocks[i]);
	print_format(&c->out, "  %s: %zu shared, %zu of one device.\n",
		     w->changed ? "All other groups stay" : "No group changes", w->len - w->changed,
		     w->alone);
}

static void print_acs(struct cli *c, const struct whatif *w)
{
	auto_str struct str text = STR_INIT;
	bool said = print_shared(c, &w->report);

	if (c->args.override) {
		print_raw(&c->out, said ? "\n" : "");
		print_would_be(c, w);
		said = true;
	}
	if (w->assumed)
		str_adds(&text, "The IOMMU is off, so there are no groups yet. ");
	else
		isolation_trust(&w->report, &text);
	str_addc(&text, ' ');
	isolation_kernel(c->situation->platform, &text);
	print_raw(&c->out, said ? "\n" : "");
	print_wrapped(&c->out, text.data, 0);
}

int cmd_acs(struct cli *c)
{
	struct acs_override_set override, in_force;
	struct isolation model;
	struct whatif w;
	struct err err = ERR_INIT;

	if (acs_override_parse(c->args.override ? c->args.override : "", &override, &err) < 0)
		return cli_wrong_usage(c, &err);
	if (cli_open_situation(c, &err) < 0)
		return cli_fail(c, &err);
	acs_override_in_force(c->situation->topology, c->situation->platform, &in_force);
	whatif_make(c->situation->topology, &override, &in_force, &w);
	if (!c->args.override)
		override = in_force;
	isolation_model(c->situation->topology, &override, &model);
	if (c->args.json)
		acs_json(c, &w.report, &model);
	else
		print_acs(c, &w);
	isolation_release(&model);
	whatif_release(&w);
	return EXIT_DONE;
}
