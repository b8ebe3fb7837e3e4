/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan and apply: what a change takes, and doing it. */
#include <errno.h>
#include <string.h>

#include "base/diff.h"
#include "advice/isolation.h"
#include "advice/rules.h"
#include "change/plan_loader.h"
#include "change/plan_warnings.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/print_plan.h"

struct plan_choices cli_choices(const struct args *a)
{
	struct plan_choices choices = {
		.bind = BIND_AUTO,
		.no_pt = a->no_pt,
		.no_script = a->no_script,
		.no_way_back = a->no_way_back,
		.trial = a->trial,
		.disable_vga = a->disable_vga,
		.disable_idle_d3 = a->disable_idle_d3,
		.no_framebuffer = a->no_framebuffer,
		.blacklist = a->blacklist,
		.user = a->user,
		.acs_override = a->acs_override,
	};

	if (a->boot_loader)
		choices.boot_loader = plan_loader_by_name(a->boot_loader);
	if (a->bind)
		choices.bind = strcmp(a->bind, "ids") ? BIND_ADDRESS : BIND_IDS;
	return choices;
}

/* Where the machine has groups, a device in none can't be handed over by any configuration. */
static int refuse_ungrouped(const struct topology *t, const struct selection *s, struct err *reterr)
{
	for (size_t i = 0; i < s->len && t->groups_len; i++) {
		const struct device *d = topology_find(t, &s->items[i]);

		if (d && d->group == NO_GROUP)
			return err_set(reterr, -EINVAL,
				       "%s is in no IOMMU group, so no VM can have it; nothing was "
				       "written; leave it out",
				       d->bdf);
	}
	return 0;
}

/* Nothing useful can be written for a user that is asked for and is not there: a typing mistake. */
static int refuse_unknown_user(const struct situation *s, const char *user, struct err *reterr)
{
	if (!user || !plan_user_is_unknown(s->host, user))
		return 0;
	return err_set(reterr, -ENOENT,
		       "--user: this machine has no user \"%s\"; nothing was written; name one who "
		       "is there, or leave --user out",
		       user);
}

/* Opens the machine, reads the words and plans: EXIT_DONE with a plan, or what to exit with. */
static int make_plan(struct cli *c, struct plan **ret)
{
	const struct plan_choices choices = cli_choices(&c->args);
	auto_selection struct selection s = SELECTION_INIT;
	struct acs_override_set override;
	struct err err = ERR_INIT;

	if (c->args.boot_loader && !choices.boot_loader) {
		err_set(&err, -EINVAL, "--boot-loader: no boot loader is called \"%s\"",
			c->args.boot_loader);
		return cli_wrong_usage(c, &err);
	}
	if (c->args.none == (c->args.words_len > 0)) {
		err_set(&err, -EINVAL,
			c->args.none ? "--none means no device; name none beside it"
				     : "name the devices to hand over, or --none for no device");
		return cli_wrong_usage(c, &err);
	}
	if (acs_override_parse(choices.acs_override ? choices.acs_override : "", &override, &err) <
	    0)
		return cli_wrong_usage(c, &err);
	if (cli_open_situation(c, &err) < 0 || cli_select(c, &s, &err) < 0 ||
	    refuse_ungrouped(c->situation->topology, &s, &err) < 0 ||
	    refuse_unknown_user(c->situation, choices.user, &err) < 0 ||
	    plan_build(c->situation, &s, &choices, ret, &err) < 0)
		return cli_fail(c, &err);
	return EXIT_DONE;
}

static json_t *json_edits(const struct changes *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->len; i++) {
		const struct edit *e = &c->edits[i];
		auto_str struct str diff = STR_INIT;
		json_t *o = json_object();

		diff_unified(&diff, e->path, e->existed ? e->before.data : NULL, e->before.len,
			     e->exists ? e->after.data : NULL, e->after.len);
		json_put(o, "path", json_text(e->path));
		json_put(o, "action", json_text(edit_action(e)));
		json_put(o, "why", json_text(e->why ? e->why : ""));
		json_put(o, "diff", json_text_n(diff.data, diff.len));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *json_commands(const struct changes *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < c->commands_len; i++) {
		json_t *o = json_object();

		json_put(o, "argv", json_texts(&c->commands[i].argv));
		json_put(o, "why", json_text(c->commands[i].why ? c->commands[i].why : ""));
		json_array_append_new(array, o);
	}
	return array;
}

/* Devices that are handed over only by the same plan after the reboot. */
static json_t *json_waits(const struct selection *waits)
{
	json_t *array = json_array();
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < waits->len; i++)
		json_array_append_new(array, json_text(pci_addr_format(&waits->items[i], bdf)));
	return array;
}

static void plan_json(struct cli *c, const struct plan *p)
{
	json_t *o = json_object();

	json_put(o, "schema", json_integer(1));
	json_put(o, "findings", json_findings(&p->findings));
	json_put(o, "edits", json_edits(&p->changes));
	json_put(o, "commands", json_commands(&p->changes));
	json_put(o, "reboot", json_boolean(p->changes.reboot));
	json_put(o, "warnings", json_texts(&p->warnings));
	json_put(o, "waits", json_waits(&p->waits));
	json_put(o, "acs_override", json_text(p->choices.acs_override));
	json_print(&c->out, o);
}

int cmd_plan(struct cli *c)
{
	struct plan *p = NULL;
	int status = make_plan(c, &p);

	if (status != EXIT_DONE)
		return status;
	if (c->args.json)
		plan_json(c, p);
	else
		print_plan(&c->out, p);
	plan_free(p);
	return EXIT_DONE;
}

/* Why this plan may not be applied. */
static int refuse_blocked(const struct cli *c, const struct plan *p, struct err *reterr)
{
	const struct finding *f = plan_blocker(p, &c->args.forced);

	if (!f)
		return 0;
	return err_set(reterr, -EPERM,
		       "nothing was written: %s blocks this (%s); --force %s goes on all the same",
		       f->code, f->subject, f->code);
}

/* A mistyped code must not pass for a decision. */
static int refuse_unknown_force(const struct cli *c, struct err *reterr)
{
	for (size_t i = 0; i < c->args.forced.len; i++)
		if (!rules_know(c->args.forced.items[i]) &&
		    strcmp(c->args.forced.items[i], PLAN_LOADER_CODE) != 0)
			return err_set(reterr, -EINVAL,
				       "there is no finding \"%s\" that --force could go over",
				       c->args.forced.items[i]);
	return 0;
}

static int refuse_user(const struct cli *c, struct err *reterr)
{
	if (c->situation->platform->is_root)
		return 0;
	return err_set(reterr, -EPERM,
		       "nothing was written: apply needs root (sudo vfiotui apply ...)");
}

static int apply(struct cli *c, const struct plan *p)
{
	struct err err = ERR_INIT;

	if (refuse_blocked(c, p, &err) < 0) {
		print_plan_findings(&c->out, p);
		return cli_fail(c, &err);
	}
	print_plan(&c->out, p);
	if (plan_is_empty(p))
		return EXIT_DONE;
	if (refuse_user(c, &err) < 0 || cli_confirm(c, "write this", &err) < 0)
		return cli_fail(c, &err);
	return cli_carry_out(c, p);
}

/* Planned on files that are half written, the plan would be for another machine. */
static int repair_first(struct cli *c, struct err *reterr)
{
	bool left;
	int r = cli_open_host(c, reterr);

	if (r < 0 || (host_is_live(c->host) && geteuid()))
		return r;
	return cli_repair(c, &left, reterr);
}

int cmd_apply(struct cli *c)
{
	struct plan *p = NULL;
	struct err err = ERR_INIT;
	int status;

	if (refuse_unknown_force(c, &err) < 0)
		return cli_wrong_usage(c, &err);
	if (repair_first(c, &err) < 0)
		return cli_fail(c, &err);
	status = make_plan(c, &p);
	if (status != EXIT_DONE)
		return status;
	status = apply(c, p);
	plan_free(p);
	return status;
}
