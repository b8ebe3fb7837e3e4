/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bind and release: hand devices over and back now, until the next boot (change/hand_over.h). */
#include <errno.h>
#include <string.h>

#include "advice/rules.h"
#include "base/mem.h"
#include "change/hand_over.h"
#include "cli/cli.h"

/* --- the commands --------------------------------------------------------- */

/* What these findings are about happens at once here, and may end the session. */
static bool strikes_at_once(const struct finding *f)
{
	static const char *const codes[] = {"only-gpu",      "boot-vga",      "console-display",
					    "default-route", "last-keyboard", "display-in-use"};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(codes[i], f->code))
			return true;
	return false;
}

static int ask(struct cli *c, const struct findings *f, struct err *reterr)
{
	for (size_t i = 0; i < f->len; i++)
		if (f->items[i].severity == SEVERITY_BLOCK &&
		    !strv_has(&c->args.forced, f->items[i].code))
			return err_set(reterr, -EPERM,
				       "nothing was changed: %s blocks this (%s); --force %s goes "
				       "on all the same",
				       f->items[i].code, f->items[i].subject, f->items[i].code);
	for (size_t i = 0; i < f->len; i++)
		if (strikes_at_once(&f->items[i]))
			return cli_confirm(c, "hand them over now", reterr);
	return 0;
}

static void check_rules(const struct cli *c, const struct selection *s, struct findings *ret)
{
	const struct rules_input in = situation_rules(c->situation, s);

	rules_check(&in, ret);
}

/* An address from memory: it was handed over, and holds another device since. */
static int refuse_moved(const struct cli *c, const struct selection *s, struct err *reterr)
{
	const struct group_map *map = situation_rules(c->situation, s).map;

	for (size_t i = 0; i < s->len && !strv_has(&c->args.forced, "moved"); i++) {
		const struct device *d = topology_find(c->situation->topology, &s->items[i]);
		const struct group_map_row *row = group_map_find(map, &s->items[i]);

		if (!d || !row || !row->handed_over || group_map_is_device(row, d))
			continue;
		auto_free char *name = device_short_name(d);

		return err_set(
			reterr, -ESTALE,
			"nothing was changed: %s was %s when it was configured, and is now %s; "
			"vfiotui check says what moved; --force moved goes on all the same",
			d->bdf, row->name, name);
	}
	return 0;
}

static int refuse_here(const struct cli *c, const char *command, struct err *reterr)
{
	if (!c->situation->platform->is_root)
		return err_set(reterr, -EPERM, "nothing was changed: %s needs root", command);
	return 0;
}

/* A VM that holds the device keeps the kernel waiting in the unbind, perhaps for ever. */
static int refuse_busy(const struct cli *c, const struct device *d, struct err *reterr)
{
	size_t n = 0;
	const struct usage_item *item = usage_of(&c->situation->usage, &d->addr, &n);

	for (size_t i = 0; item && i < n; i++)
		if (item[i].kind == USAGE_VM && !strv_has(&c->args.forced, "in-use-by-vm"))
			return err_set(reterr, -EBUSY,
				       "%s is in use by a VM (%s); nothing was changed; end the VM "
				       "first (--force in-use-by-vm goes on)",
				       d->bdf, item[i].what);
	return 0;
}

static int release_if_held(struct cli *c, const struct device *d, struct err *reterr)
{
	int r = refuse_busy(c, d, reterr);

	return r < 0 ? r : hand_back(c->host, d, reterr);
}

static int bind_if_free(struct cli *c, const struct device *d, struct err *reterr)
{
	return hand_over(c->host, d, reterr);
}

/* Goes through the devices that are not yet as they should be; stops at the first failure. */
static int move_all(struct cli *c, const struct selection *s, bool to_vfio)
{
	int (*one)(struct cli *, const struct device *, struct err *) = to_vfio ? bind_if_free
										: release_if_held;
	struct err err = ERR_INIT;
	size_t left = 0;

	for (size_t i = 0; i < s->len; i++) {
		const struct device *d = topology_find(c->situation->topology, &s->items[i]);
		auto_free char *now = NULL;

		if (driver_is_vfio(d->driver) == to_vfio) {
			print_format(&c->out, "%s is %s already\n", d->bdf,
				     to_vfio ? "handed over" : "with the host");
			continue;
		}
		if (!host_is_live(c->host)) {
			print_format(&c->out, "not done: %s to %s\n", d->bdf,
				     to_vfio ? "vfio-pci" : "its own driver");
			left++;
			continue;
		}
		if (one(c, d, &err) < 0)
			return cli_fail(c, &err);
		now = hand_over_driver(c->host, d);
		print_sign(&c->out, SIGN_OK);
		print_format(&c->out, " %s is on ", d->bdf);
		print_text(&c->out, now ? now : "no driver");
		print_raw(&c->out, "\n");
	}
	if (!left)
		return EXIT_DONE;
	err_set(&err, -ENOTSUP,
		"nothing was changed: drivers change hands on the running machine only, and this "
		"is %s; "
		"vfiotui apply writes its configuration",
		c->temp ? "a recorded one" : "the root of another");
	return cli_fail(c, &err);
}

int cmd_bind(struct cli *c)
{
	auto_selection struct selection s = SELECTION_INIT;
	auto_findings struct findings f = FINDINGS_INIT;
	struct err err = ERR_INIT;

	if (cli_open_situation(c, &err) < 0 || cli_select(c, &s, &err) < 0)
		return cli_fail(c, &err);
	check_rules(c, &s, &f);
	print_findings(&c->out, &f);
	if (refuse_here(c, "bind", &err) < 0 || refuse_moved(c, &s, &err) < 0 ||
	    ask(c, &f, &err) < 0)
		return cli_fail(c, &err);
	cli_hold_signals(c);
	return move_all(c, &s, true);
}

int cmd_release(struct cli *c)
{
	auto_selection struct selection s = SELECTION_INIT;
	struct err err = ERR_INIT;

	if (cli_open_situation(c, &err) < 0 || cli_select(c, &s, &err) < 0 ||
	    refuse_here(c, "release", &err) < 0)
		return cli_fail(c, &err);
	cli_hold_signals(c);
	return move_all(c, &s, false);
}
