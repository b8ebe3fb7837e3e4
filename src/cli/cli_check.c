/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: findings for this host and for handing over the devices named. */
#include "advice/rules.h"
#include "change/remember.h"
#include "cli/cli.h"
#include "cli/json.h"

static void check_json(struct cli *c, const struct findings *f)
{
	json_t *o = json_object();

	json_put(o, "schema", json_integer(1));
	json_put(o, "findings", json_findings(f));
	json_print(&c->out, o);
}

/* After the findings, which are held against the map of before. */
static int save_map(struct cli *c)
{
	struct err err = ERR_INIT;

	if (remember_map(c->situation, &err) < 0)
		return cli_fail(c, &err);
	if (c->args.json)
		return EXIT_DONE;
	print_sign(&c->out, SIGN_OK);
	print_format(&c->out,
		     " Remembered: %zu devices in %zu groups. check says later what moved.%s\n",
		     c->situation->topology->len, c->situation->topology->groups_len,
		     c->temp ? " (Into a copy of the recorded machine, which ends now.)" : "");
	return EXIT_DONE;
}

int cmd_check(struct cli *c)
{
	auto_selection struct selection s = SELECTION_INIT;
	auto_findings struct findings f = FINDINGS_INIT;
	struct err err = ERR_INIT;

	if (cli_open_situation(c, &err) < 0 || cli_select(c, &s, &err) < 0)
		return cli_fail(c, &err);

	const struct rules_input in = situation_rules(c->situation, &s);

	rules_check(&in, &f);
	if (c->args.json)
		check_json(c, &f);
	else
		print_findings(&c->out, &f);
	if (!c->args.json && !f.len) {
		print_sign(&c->out, SIGN_OK);
		print_raw(&c->out, s.len ? " Nothing speaks against handing them over.\n"
					 : " Nothing found. Name devices to see what handing "
					   "them over would cost.\n");
	}
	if (c->args.save_map && save_map(c) != EXIT_DONE)
		return EXIT_REFUSED;
	return findings_count(&f, SEVERITY_BLOCK) ? EXIT_REFUSED : EXIT_DONE;
}
