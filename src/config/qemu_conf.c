/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's qemu.conf: its QEMU may open the groups' nodes.
 *
 * libvirt reads no drop-ins, so the file is edited in place, and only in
 * cgroup_device_acl. A list that is set replaces libvirt's own, so a new one repeats
 * the list that this version ships as a comment. user and group are left alone: the
 * nodes' owner (udev_rules.c) does what running QEMU as root once did.
 * Owned: the nodes, "list" for a list of ours, "created" for a file of ours.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/target.h"
#include "config/virconf.h"

#define CONF_PATH "/etc/libvirt/qemu.conf"
#define ACL "cgroup_device_acl"
#define HEADER                                                                                     \
	"# vfiotui: libvirt's QEMU may open these devices (\"vfiotui undo\" takes this back)\n"

static const char name[] = "qemu_conf";

/* Where a file has no list in a comment: what all versions need, and /dev/kvm that old ones do. */
static const char plain_list[] = ACL " = [\n"
				     "    \"/dev/null\", \"/dev/full\", \"/dev/zero\",\n"
				     "    \"/dev/random\", \"/dev/urandom\",\n"
				     "    \"/dev/ptmx\", \"/dev/kvm\",\n"
				     "    \"/dev/userfaultfd\"\n"
				     "]\n";

/* The file while it is edited: each edit parses again. */
struct conf {
	struct str bytes;
	struct virconf parsed;
};

static void conf_release(struct conf *c)
{
	str_release(&c->bytes);
	virconf_release(&c->parsed);
}

static int splice(struct conf *c, size_t from, size_t to, const char *with, struct err *reterr)
{
	struct str now = STR_INIT;

	str_add(&now, c->bytes.data, from);
	str_adds(&now, with);
	str_add(&now, c->bytes.data + to, c->bytes.len - to);
	str_release(&c->bytes);
	c->bytes = now;
	virconf_release(&c->parsed);
	return virconf_parse(&c->parsed, c->bytes.data, c->bytes.len, CONF_PATH, reterr);
}

/* The nodes that the wish needs, "/dev/vfio/vfio" first. */
static void wished_nodes(const struct wish *wish, struct strv *ret)
{
	if (wish->groups_len)
		strv_add(ret, "/dev/vfio/vfio");
	for (size_t i = 0; i < wish->groups_len; i++)
		strv_addf(ret, "/dev/vfio/%d", wish->groups[i]);
}

static const char *newline(const struct conf *c)
{
	const char *at = memchr(c->bytes.data, '\n', c->bytes.len);

	return at && at > c->bytes.data && at[-1] == '\r' ? "\r\n" : "\n";
}

/*
 * The list that this libvirt ships as a comment, "#cgroup_device_acl = [" to "#]",
 * without its '#' signs; *after is the byte behind it. False when there is none.
 */
static bool shipped_list(const struct conf *c, struct str *ret, size_t *after)
{
	static const char start[] = "#" ACL " = [";
	const char *end = c->bytes.data + c->bytes.len;
	const char *line = c->bytes.data;

	while (line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));

		next = next ? next + 1 : end;
		if (!ret->len && !text_starts_with(line, start)) {
			line = next;
			continue;
		}
		if (*line != '#')
			return false;
		str_add(ret, line + 1, (size_t)(next - line - 1));
		if (text_starts_with(line, "#]")) {
			*after = (size_t)(next - c->bytes.data);
			return next[-1] == '\n';
		}
		line = next;
	}
	return false;
}

static bool all_strings(const struct virconf_entry *e)
{
	for (size_t i = 0; i < e->len; i++)
		if (!e->items[i].text)
			return false;
	return true;
}

/* A place inside a value is none: a text of several lines may hold anything. */
static bool is_between(const struct conf *c, size_t at)
{
	for (size_t i = 0; i < c->parsed.len; i++)
		if (at > c->parsed.entries[i].start && at < c->parsed.entries[i].end)
			return false;
	return true;
}

/* The text and place of a new list, without our nodes. */
static size_t new_list(const struct conf *c, struct str *ret)
{
	auto_virconf struct virconf check = VIRCONF_INIT;
	const struct virconf_entry *e;
	size_t at = 0;

	if (shipped_list(c, ret, &at) && is_between(c, at) &&
	    virconf_parse(&check, ret->data, ret->len, CONF_PATH, NULL) >= 0) {
		e = virconf_find(&check, ACL);
		if (e && e->len && all_strings(e))
			return at;
	}
	str_clear(ret);
	for (const char *p = plain_list; *p; p++) {
		if (*p == '\n')
			str_adds(ret, newline(c));
		else
			str_addc(ret, *p);
	}
	/* behind a last line without newline there is no place */
	return !c->bytes.len || c->bytes.data[c->bytes.len - 1] == '\n' ? c->bytes.len : 0;
}

/* The blanks that a list's last element stands behind, when it begins a line of its own. */
static char *item_indent(const struct conf *c, const struct virconf_entry *e)
{
	size_t line = e->items[e->len - 1].start;
	size_t n;

	while (line > e->list && c->bytes.data[line - 1] != '\n')
		line--;
	if (line <= e->list)
		return NULL;
	n = strspn(c->bytes.data + line, " \t");
	return xstrndup(c->bytes.data + line, n);
}

/* Adds nodes behind the last element, on a line of their own where the list has lines. */
static int add_nodes(struct conf *c, const struct strv *nodes, struct strv *owned,
		     struct err *reterr)
{
	const struct virconf_entry *e = virconf_find(&c->parsed, ACL);
	auto_free char *indent = e->len ? item_indent(c, e) : NULL;
	auto_str struct str with = STR_INIT;
	size_t at = e->len ? e->items[e->len - 1].end : e->list;
	bool first = true;

	for (size_t i = 0; i < nodes->len; i++) {
		if (virconf_item(e, nodes->items[i]) >= 0)
			continue;
		if (e->len || !first)
			str_adds(&with, indent && first ? "," : ", ");
		if (indent && first)
			str_addf(&with, "%s%s", newline(c), indent);
		str_addf(&with, "\"%s\"", nodes->items[i]);
		strv_addf(owned, "%s %s", name, nodes->items[i]);
		first = false;
	}
	return splice(c, at, at, with.data, reterr);
}

/* Takes one element out, with what stands between it and the one before. */
static int drop_node(struct conf *c, const char *node, struct err *reterr)
{
	const struct virconf_entry *e = virconf_find(&c->parsed, ACL);
	long i = e ? virconf_item(e, node) : -1;
	size_t from;
	size_t to;

	if (i < 0)
		return 0;
	from = i ? e->items[i - 1].end : e->items[i].start;
	to = !i && e->len > 1 ? e->items[1].start : e->items[i].end;
	return splice(c, from, to, "", reterr);
}

/* Takes back the nodes that we own and nobody wishes. */
static int drop_owned(struct conf *c, const struct wish *wish, const struct strv *nodes,
		      struct strv *owned, struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		const char *node = token + strlen("qemu_conf ");

		if (!text_starts_with(token, "qemu_conf /"))
			continue;
		if (strv_has(nodes, node))
			strv_add(owned, token);
		else
			r = drop_node(c, node, reterr);
	}
	return r;
}

/* Takes our list out again when nothing but the shipped elements is left in it. */
static int drop_list(struct conf *c, bool *dropped, struct err *reterr)
{
	const struct virconf_entry *e = virconf_find(&c->parsed, ACL);
	auto_str struct str list = STR_INIT;
	size_t n;

	*dropped = !e;
	if (!e)
		return 0;
	new_list(c, &list);
	n = list.len;
	if (c->bytes.len - e->start < n || memcmp(c->bytes.data + e->start, list.data, n) != 0)
		return 0;
	*dropped = true;
	return splice(c, e->start, e->start + n, "", reterr);
}

static int check_list(const struct conf *c, struct err *reterr)
{
	const struct virconf_entry *e = virconf_find(&c->parsed, ACL);

	if (!e || (e->list && all_strings(e)))
		return 0;
	return err_set(reterr, -EINVAL,
		       "%s, line %zu: " ACL " is not a list of strings, so libvirt can't read the "
		       "file; nothing was changed, mend that line first",
		       CONF_PATH, e->line);
}

static int edit(struct conf *c, const struct wish *wish, struct strv *owned, struct err *reterr)
{
	auto_strv struct strv nodes = STRV_INIT;
	bool ours = wish_owns(wish, name, "list");
	bool dropped = false;
	int r;

	wished_nodes(wish, &nodes);
	r = drop_owned(c, wish, &nodes, owned, reterr);
	if (r >= 0 && !nodes.len && ours)
		r = drop_list(c, &dropped, reterr);
	if (r >= 0 && nodes.len && !virconf_find(&c->parsed, ACL)) {
		auto_str struct str list = STR_INIT;
		size_t at = new_list(c, &list);

		ours = true;
		r = splice(c, at, at, list.data, reterr);
	}
	if (r >= 0 && nodes.len)
		r = add_nodes(c, &nodes, owned, reterr);
	if (ours && !dropped)
		strv_addf(owned, "%s list", name);
	return r;
}

static int write_conf(const struct conf *c, const struct wish *wish, bool exists,
		      struct changes *ret, struct err *reterr)
{
	bool created = !exists || wish_owns(wish, name, "created");
	const char *why = wish->groups_len ? "libvirt's QEMU may open the groups' nodes"
					   : "libvirt's QEMU needs no group's node any more";

	if (created && !strcmp(c->bytes.data, HEADER))
		return exists ? changes_remove(ret, CONF_PATH, why, reterr) : 0;
	if (created)
		strv_addf(&ret->owned, "%s created", name);
	return changes_set(ret, CONF_PATH, c->bytes.data, c->bytes.len, 0600, why, reterr);
}

static bool owns_anything(const struct wish *wish)
{
	for (size_t i = 0; i < wish->owned.len; i++)
		if (text_starts_with(wish->owned.items[i], "qemu_conf "))
			return true;
	return false;
}

static int plan_conf(struct conf *c, const struct wish *wish, struct changes *ret,
		     struct err *reterr)
{
	auto_strv struct strv owned = STRV_INIT;
	const char *bytes = HEADER;
	size_t len = strlen(HEADER);
	int r = changes_get(ret, CONF_PATH, &bytes, &len, reterr);
	bool exists = r >= 0;

	if (r < 0 && r != -ENOENT)
		return r;
	err_clear(reterr);
	str_add(&c->bytes, bytes, len);
	r = virconf_parse(&c->parsed, c->bytes.data, c->bytes.len, CONF_PATH, reterr);
	if (r >= 0)
		r = check_list(c, reterr);
	if (r >= 0)
		r = edit(c, wish, &owned, reterr);
	if (r >= 0)
		r = write_conf(c, wish, exists, ret, reterr);
	if (r >= 0)
		strv_copy(&ret->owned, &owned);
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	struct conf c = {.bytes = STR_INIT, .parsed = VIRCONF_INIT};
	int r;

	if (!wish->groups_len && !owns_anything(wish))
		return 0; /* nothing to do, whatever state the file is in */
	r = plan_conf(&c, wish, ret, reterr);
	conf_release(&c);
	if (r == -EACCES && !ctx->platform->is_root) {
		err_clear(
			reterr); /* Debian's file is root's alone; others see the rest of the plan */
		return 0;
	}
	if (r >= 0 && ctx->platform->libvirt_unit && changes_touch(ret, CONF_PATH))
		changes_run(ret, COMMAND_SERVICE, "libvirt reads its configuration again",
			    "systemctl", "try-restart", ctx->platform->libvirt_unit, NULL);
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_virconf struct virconf parsed = VIRCONF_INIT;
	auto_strv struct strv nodes = STRV_INIT;
	const struct virconf_entry *e;
	const char *bytes;
	size_t len;

	(void)reterr;
	wished_nodes(wish, &nodes);
	if (!nodes.len)
		return 0;
	if (files_get(ctx->files, CONF_PATH, &bytes, &len, NULL) < 0 ||
	    virconf_parse(&parsed, bytes, len, CONF_PATH, NULL) < 0) {
		checks_add(ret, CHECK_FAILED, xstrdup(CONF_PATH " can be read"),
			   xstrdup("it can't"), xstrdup("vfiotui plan names the line"));
		return 0;
	}
	e = virconf_find(&parsed, ACL);
	for (size_t i = 0; i < nodes.len; i++) {
		bool ok = e && virconf_item(e, nodes.items[i]) >= 0;

		checks_add(ret, ok ? CHECK_OK : CHECK_FAILED,
			   xasprintf("libvirt's QEMU may open %s", nodes.items[i]),
			   ok ? NULL : xstrdup("not in " ACL),
			   ok ? NULL : xstrdup("vfiotui apply"));
	}
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->libvirt;
}

const struct target target_qemu_conf = {
	.name = name,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
