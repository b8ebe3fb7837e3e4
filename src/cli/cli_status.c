/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: each promise of the last change, held against the machine. */
#include "change/undo.h"
#include "change/verify.h"
#include "cli/cli.h"
#include "cli/json.h"

static size_t count(const struct checks *checks, enum check_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < checks->len; i++)
		n += checks->items[i].state == state;
	return n;
}

void cli_print_checks(struct cli *c, const struct checks *checks)
{
	static const struct {
		enum sign sign;
		const char *words;
	} states[] = {
		[CHECK_OK] = {SIGN_OK, " "},
		[CHECK_FAILED] = {SIGN_BLOCK, " not so: "},
		[CHECK_AFTER_REBOOT] = {SIGN_CHANGE, " after the reboot: "},
		[CHECK_UNKNOWN] = {SIGN_NONE, " cannot tell: "},
	};

	for (size_t i = 0; i < checks->len; i++) {
		const struct check *x = &checks->items[i];

		print_sign(&c->out, states[x->state].sign);
		print_raw(&c->out, states[x->state].words);
		print_text(&c->out, x->what);
		if (x->found && x->state != CHECK_OK) {
			print_raw(&c->out, "; now: ");
			print_text(&c->out, x->found);
		}
		print_raw(&c->out, "\n");
		if (x->remedy && x->state != CHECK_OK && x->state != CHECK_AFTER_REBOOT) {
			print_raw(&c->out, "    ");
			print_sign(&c->out, SIGN_CHANGE);
			print_raw(&c->out, " ");
			print_wrapped(&c->out, x->remedy, 6);
		}
	}
}

void cli_warn_interrupted(struct cli *c)
{
	enum recovery found = RECOVERY_NONE;
	auto_str struct str text = STR_INIT;

	if (undo_recover(c->host, false, &found, &text, NULL) < 0 || found == RECOVERY_NONE)
		return;
	print_sign(&c->out, found == RECOVERY_RUNNING ? SIGN_CHANGE : SIGN_BLOCK);
	print_raw(&c->out, " ");
	print_wrapped(&c->out, text.data, 2);
}

static void print_verdict(struct cli *c, const struct checks *checks)
{
	const size_t failed = count(checks, CHECK_FAILED);
	const size_t waiting = count(checks, CHECK_AFTER_REBOOT);

	if (!checks->len)
		print_raw(&c->out, "No change of vfiotui stands here; nothing is promised.\n");
	else if (failed)
		print_format(&c->out, "%zu of %zu promises do not hold.\n", failed, checks->len);
	else if (waiting)
		print_format(&c->out, "%zu of %zu promises wait for the reboot.\n", waiting,
			     checks->len);
	else
		print_raw(&c->out, "All promises hold.\n");
}

int cmd_status(struct cli *c)
{
	struct checks checks = {.items = NULL};
	struct err err = ERR_INIT;
	bool ok;

	if (cli_open_situation(c, &err) < 0 || verify_run(c->situation, &checks, &err) < 0) {
		checks_release(&checks);
		return cli_fail_reading(c, &err);
	}
	ok = !count(&checks, CHECK_FAILED) && !count(&checks, CHECK_AFTER_REBOOT);
	if (c->args.json) {
		json_t *o = json_object();

		json_put(o, "schema", json_integer(1));
		json_put(o, "ok", json_boolean(ok));
		json_put(o, "checks", json_checks(&checks));
		json_print(&c->out, o);
	} else {
		cli_warn_interrupted(c);
		cli_print_checks(c, &checks);
		print_verdict(c, &checks);
	}
	checks_release(&checks);
	return ok ? EXIT_DONE : EXIT_REFUSED;
}
