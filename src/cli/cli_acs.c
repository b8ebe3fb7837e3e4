/* SPDX-License-Identifier: GPL-2.0-or-later */
/* acs: why each shared group is shared, and the groups as they would be under an override. */
#include <stdlib.h>

#include "advice/isolation.h"
#include "advice/isolation_text.h"
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

static void print_member(struct cli *c, const struct device *d)
{
	auto_free char *name = device_short_name(d);
	char bdf[PCI_ADDR_TEXT];

	print_format(&c->out, "    %s %-8s ", pci_addr_format_short(&d->addr, bdf),
		     device_short_class(d));
	print_text(&c->out, name);
	print_raw(&c->out, "\n");
}

static void print_shared(struct cli *c, const struct isolation_report *r)
{
	const struct topology *t = c->situation->topology;
	size_t alone = 0;

	for (size_t i = 0; i < r->len; i++) {
		const struct group_explanation *e = &r->groups[i];
		auto_str struct str text = STR_INIT;

		if (e->cause == CAUSE_SINGLE) {
			alone++;
			continue;
		}
		print_format(&c->out, "Group %d\n", e->id);
		for (size_t k = 0; k < t->groups[i].len; k++)
			print_member(c, &t->devices[t->groups[i].members[k]]);
		print_raw(&c->out, "  ");
		isolation_why(t, e, &text);
		str_addc(&text, ' ');
		isolation_remedy(t, e, &text);
		print_wrapped(&c->out, text.data, 2);
		print_raw(&c->out, "\n\n");
	}
	if (alone)
		print_format(&c->out, "%zu other group%s of one device, isolated.\n", alone,
			     alone == 1 ? "" : "s");
}

static void print_would_be(struct cli *c, const struct isolation *m)
{
	const struct topology *t = c->situation->topology;

	print_format(&c->out, "\nGroups with pcie_acs_override=%s:\n", c->args.override);
	for (size_t i = 0; i < m->len; i++) {
		if (m->join[i] != JOIN_NEW)
			continue;
		print_raw(&c->out, "  -\n");
		for (size_t k = i; k < m->len; k++)
			if (m->leader[k] == i)
				print_member(c, &t->devices[k]);
	}
}

int cmd_acs(struct cli *c)
{
	struct acs_override_set override;
	const struct isolation_report *report;
	struct isolation model;
	auto_str struct str text = STR_INIT;
	struct err err = ERR_INIT;

	if (acs_override_parse(c->args.override ? c->args.override : "", &override, &err) < 0)
		return cli_wrong_usage(c, &err);
	if (cli_open_situation(c, &err) < 0)
		return cli_fail(c, &err);
	report = situation_isolation(c->situation);
	isolation_model(c->situation->topology, &override, &model);
	if (c->args.json) {
		acs_json(c, report, &model);
	} else {
		print_shared(c, report);
		if (c->args.override)
			print_would_be(c, &model);
		isolation_trust(report, &text);
		str_addc(&text, ' ');
		isolation_kernel(c->situation->platform, &text);
		print_raw(&c->out, "\n");
		print_wrapped(&c->out, text.data, 0);
		print_raw(&c->out, "\n");
	}
	isolation_release(&model);
	return EXIT_DONE;
}
