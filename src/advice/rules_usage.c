/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about what the host does with a device: the session that runs this program first. */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

/* "DEVICE VERB (WHAT). COST" */
struct usage_words {
	const char *verb;
	const char *cost;
	const char *remedy;
};

static const struct usage_words words[USAGE_KINDS] = {
	[USAGE_ROOT_DISK] = {"holds the root file system", "Without it this host does not start.",
			     "Leave it out."},
	[USAGE_SWAP] =
		{"holds swap space in use", "The host would lose the memory it keeps there.",
		 "Switch that swap off for good first (swapoff and /etc/fstab), or leave it out."},
	[USAGE_MOUNTED] = {"holds a mounted file system",
			   "The host would lose it while it is in use.",
			   "Unmount it and take it out of /etc/fstab first, or leave it out."},
	[USAGE_SSH_LINK] = {"carries the SSH session you are in", "Handed over, it cuts you off.",
			    "Leave it out, or log in over another link or at the console."},
	[USAGE_DEFAULT_ROUTE] =
		{"carries the default route", "The host would lose its way to the network.",
		 "Give the host another link first, or be ready to work at its console."},
	[USAGE_CONSOLE_DISPLAY] = {"shows the console",
				   "Its picture stops when the device is handed over.",
				   "Make sure that you can log in over SSH before the reboot."},
	[USAGE_DISPLAY] =
		{"is a display in use", "The desktop on it ends when the device is handed over.",
		 "Save your work before the reboot; another card has to show the desktop then."},
	[USAGE_LAST_KEYBOARD] =
		{"has the last keyboard or mouse of this host behind it",
		 "Handed over, it works in the VM only, and nobody can sit at this host any more.",
		 "Plug a keyboard and a mouse into another controller, or make sure that you can "
		 "log in over SSH."},
	[USAGE_SOUND] = {"plays or records sound now", "The host loses this sound.", NULL},
	[USAGE_NETWORK_UP] = {"is a network link in use", "The host loses this link.",
			      "Make sure that nothing needs it: a file server, other VMs."},
	[USAGE_VM] = {"is in use by a virtual machine", "That VM keeps it until it ends.",
		      "Shut that VM down before the device goes elsewhere."},
};

/* The uses of that kind, "/dev/sda1 on /, /dev/sda2 on /home"; NULL when there is none. */
static char *uses(const struct rule_context *c, const struct device *d, enum usage_kind kind)
{
	auto_strv struct strv what = STRV_INIT;
	const struct usage_item *item;
	size_t n = 0;

	item = usage_of(c->in->usage, &d->addr, &n);
	for (size_t i = 0; item && i < n; i++)
		if (item[i].kind == kind)
			strv_add(&what, item[i].what);
	return what.len ? rule_words(&what, 3) : NULL;
}

void rule_usage(const struct rule_context *c, const struct rule *rule)
{
	const struct usage_words *w = &words[rule->usage];

	for (size_t i = 0; c->in->usage && i < c->len; i++) {
		const struct device *d = c->selected[i];
		auto_free char *what = uses(c, d, rule->usage);

		if (!what)
			continue;
		auto_free char *label = rule_device(d);

		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("%s %s (%s). %s", label, w->verb, what, w->cost),
			 xstrdup(w->remedy));
	}
}
