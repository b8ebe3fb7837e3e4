/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bridges that VMs hang on: QEMU's helper puts a guest onto those alone that
 * /etc/qemu/bridge.conf allows.
 *
 * Read as qemu-bridge-helper.c does: lines "allow NAME", "allow all", "deny NAME",
 * "deny all", "include FILE"; a denial wins wherever it stands, so a bridge that its owner
 * denied is left alone and said so. A line has no room for a mark, so the journal's
 * tokens say which lines are ours.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/target.h"

#define BRIDGE_CONF "/etc/qemu/bridge.conf"
#define TARGET "vm_network"
#define MADE "made-bridge-conf"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Is the line "WORD NAME"? */
static bool says(const struct text_line *line, const char *word, const char *name)
{
	auto_free char *whole = xstrndup(line->data, text_line_length(line));
	size_t len = strlen(whole);
	const char *at = whole;

	while (len && is_blank(whole[len - 1]))
		whole[--len] = '\0';
	while (is_blank(*at))
		at++;
	if (!text_starts_with(at, word) || !is_blank(at[strlen(word)]))
		return false;
	for (at += strlen(word); is_blank(*at); at++)
		;
	return !strcmp(at, name);
}

static bool has_line(const struct text *t, const char *word, const char *name)
{
	for (size_t i = 0; i < t->len; i++)
		if (says(&t->lines[i], word, name))
			return true;
	return false;
}

static bool is_denied(const struct text *t, const char *bridge)
{
	return has_line(t, "deny", bridge) || has_line(t, "deny", "all");
}

/* The helper is asked by QEMU as its user; libvirt's daemon and root make the tap themselves. */
static void wanted_bridges(const struct wish *wish, struct strv *ret)
{
	for (size_t i = 0; i < wish->vms_len; i++)
		if (wish->vms[i].network == VM_NET_BRIDGE && wish->vms[i].interface[0])
			strv_add_unique(ret, wish->vms[i].interface);
}

static void own(struct changes *ret, const char *bridge)
{
	auto_free char *token = xasprintf(TARGET " allow %s", bridge);

	strv_add_unique(&ret->owned, token);
}

/* Lines of ours go; those that are still wanted come again below. */
static void take_out_ours(const struct wish *wish, const struct strv *wanted, struct text *t)
{
	static const char prefix[] = TARGET " allow ";

	for (size_t k = 0; k < wish->owned.len; k++) {
		const char *token = wish->owned.items[k];
		const char *bridge = token + strlen(prefix);

		if (!text_starts_with(token, prefix) || strv_has(wanted, bridge))
			continue;
		for (size_t i = t->len; i > 0; i--)
			if (says(&t->lines[i - 1], "allow", bridge)) {
				text_remove(t, i - 1);
				break;
			}
	}
}

static void put_in(const struct wish *wish, const struct strv *wanted, struct changes *ret,
		   struct text *t)
{
	for (size_t i = 0; i < wanted->len; i++) {
		const char *bridge = wanted->items[i];
		auto_free char *line = xasprintf("allow %s", bridge);
		auto_free char *token = xasprintf("allow %s", bridge);

		if (has_line(t, "allow", bridge)) {
			if (wish_owns(wish, TARGET, token))
				own(ret, bridge);
		} else if (!has_line(t, "allow", "all") && !is_denied(t, bridge)) {
			text_append(t, line);
			own(ret, bridge);
		}
	}
}

/* A file that was made here goes with its last line; one that was there stays. */
static int put_file(const struct wish *wish, struct changes *ret, bool there, struct str *after,
		    struct err *reterr)
{
	const bool made = !there || wish_owns(wish, TARGET, MADE);

	if (!after->len && !there)
		return 0;
	if (!after->len && made)
		return changes_remove(ret, BRIDGE_CONF, "no VM hangs on a bridge any more", reterr);
	if (!there && after->data[after->len - 1] != '\n')
		str_addc(after, '\n');
	if (made)
		strv_add_unique(&ret->owned, TARGET " " MADE);
	return changes_set(ret, BRIDGE_CONF, after->data, after->len, 0644,
			   "QEMU's helper may put the VM onto its bridge", reterr);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_strv struct strv wanted = STRV_INIT;
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	const char *bytes = "";
	size_t len = 0;
	int r = changes_get(ret, BRIDGE_CONF, &bytes, &len, reterr);
	const bool there = r >= 0;

	if (r < 0 && files_exist(ctx->files, BRIDGE_CONF))
		return r;
	err_clear(reterr);
	wanted_bridges(wish, &wanted);
	text_parse(&t, there ? bytes : "", there ? len : 0);
	take_out_ours(wish, &wanted, &t);
	put_in(wish, &wanted, ret, &t);
	text_join(&t, &after);
	return put_file(wish, ret, there, &after, reterr);
}

static void check_bridge(const struct text *t, const char *bridge, struct checks *ret)
{
	const bool denied = is_denied(t, bridge);
	const bool ok = !denied && (has_line(t, "allow", bridge) || has_line(t, "allow", "all"));

	checks_add(ret, ok ? CHECK_OK : CHECK_FAILED,
		   xasprintf("QEMU's helper may put VMs onto the bridge %s", bridge),
		   ok       ? NULL
		   : denied ? xstrdup("it is denied in " BRIDGE_CONF)
			    : xstrdup("no line \"allow\" for it in " BRIDGE_CONF),
		   ok       ? NULL
		   : denied ? xstrdup("take the line \"deny\" out, or choose another network")
			    : xstrdup("vfiotui vm edit"));
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv wanted = STRV_INIT;
	auto_text struct text t = TEXT_INIT;
	const char *bytes = "";
	size_t len = 0;

	wanted_bridges(wish, &wanted);
	if (files_get(ctx->files, BRIDGE_CONF, &bytes, &len, reterr) < 0) {
		err_clear(reterr);
		len = 0;
	}
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < wanted.len; i++)
		check_bridge(&t, wanted.items[i], ret);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_vm_network = {
	.name = TARGET,
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
