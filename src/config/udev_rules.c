/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udev rules: who may open the groups' nodes, and devices bound by address.
 *
 * Both files are ours alone and are written whole. The bind rule has to be inside the
 * initramfs (the initramfs targets see to it): in the real root it comes too late for
 * a driver that is inside. "vfiotui=off" on the kernel command line skips it, so that
 * a boot without passthrough doesn't leave the card without any driver.
 *
 * A device of two equal ones is found by its address and checked by its ids: after a
 * card moved, the rule takes nothing rather than something else.
 */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/bound.h"
#include "config/target.h"

#define RULES_DIR "/etc/udev/rules.d"
#define DRIVERCTL_DIR "/etc/driverctl.d"
#define END "vfiotui_bind_end"

/* Characters that are safe between a rule's quotes and that useradd(8) lets through. */
static bool is_account_name(const char *s)
{
	size_t n = strlen(s);

	if (!n || !(isalpha((unsigned char)s[0]) || s[0] == '_'))
		return false;
	if (s[n - 1] == '$')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_-.@", s[i]))
			return false;
	return true;
}

static int check_names(const struct wish *wish, struct err *reterr)
{
	const char *const names[] = {wish->user, wish->group};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i] && !is_account_name(names[i]))
			return err_set(reterr, -EINVAL,
				       "\"%s\" can't be a %s in %s; nothing was changed, choose "
				       "another name",
				       names[i], i ? "group" : "user", UDEV_RULES_PATH);
	return 0;
}

static void node_rules(const struct wish *wish, struct str *out)
{
	str_adds(out, "# vfiotui: who may open the passthrough devices (\"vfiotui undo\" takes "
		      "this back)\n");
	for (size_t i = 0; i < wish->groups_len; i++) {
		str_addf(out, "SUBSYSTEM==\"vfio\", KERNEL==\"%d\"", wish->groups[i]);
		if (wish->user)
			str_addf(out, ", OWNER=\"%s\"", wish->user);
		if (wish->group)
			str_addf(out, ", GROUP=\"%s\"", wish->group);
		str_addf(out, ", MODE=\"%s\"\n", wish->group ? "0660" : "0600");
	}
}

/* A device's name is untrusted: it must not end the comment's line, nor go on in the next. */
static void comment(struct str *out, const char *name)
{
	str_adds(out, "# ");
	for (const char *p = name; *p; p++)
		str_addc(out, (unsigned char)*p < ' ' || *p == 0x7f || *p == '\\' ? '?' : *p);
	str_addc(out, '\n');
}

/*
 * A driver that is there before udev looked at the device before the override was set: inside the kernel, or loaded by dracut's
 * force_drivers or mkinitcpio's MODULES. So it is asked again (udev(7), ATTR); to no effect where it is yet to come.
 */
#define PROBE ", ATTR{[subsystem/pci]drivers_probe}=\"$kernel\""

static void bind_rule(const struct wish_device *d, const struct wish *wish, struct str *out)
{
	if (d->name)
		comment(out, d->name);
	str_addf(out,
		 "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"%s\", ATTR{vendor}==\"0x%04x\", "
		 "ATTR{device}==\"0x%04x\"",
		 d->bdf, d->vendor, d->id);
	if (d->subvendor || d->subdevice)
		str_addf(out,
			 ", ATTR{subsystem_vendor}==\"0x%04x\", ATTR{subsystem_device}==\"0x%04x\"",
			 d->subvendor, d->subdevice);
	str_addf(out, ", ATTR{driver_override}=\"%s\"" PROBE ", RUN{builtin}+=\"kmod load %s\"\n",
		 wish->driver, wish->driver);
}

static bool bind_rules(const struct wish *wish, struct str *out)
{
	bool any = false;

	str_adds(out, "# vfiotui: devices bound by address (\"vfiotui undo\" takes this back)\n"
		      "# With \"vfiotui=off\" on the kernel command line they stay with the host.\n"
		      "IMPORT{cmdline}=\"vfiotui\"\n"
		      "ENV{vfiotui}==\"off\", GOTO=\"" END "\"\n");
	for (size_t i = 0; i < wish->len; i++) {
		if (!wish->devices[i].by_address)
			continue;
		bind_rule(&wish->devices[i], wish, out);
		any = true;
	}
	str_adds(out, "LABEL=\"" END "\"\n");
	return any;
}

/* Plans a file of ours: these bytes, or none. */
static int own_file(struct changes *ret, const char *path, bool wanted, const struct str *bytes,
		    const char *why, struct err *reterr)
{
	if (wanted)
		return changes_set(ret, path, bytes->data, bytes->len, 0644, why, reterr);
	if (!files_exist(ret->files, path))
		return 0;
	return changes_remove(ret, path, "nothing is left for it to say", reterr);
}

/* The value of KEY OPERATOR "VALUE" in a rule (udev lets blanks stand between), for the caller to free, or NULL. */
static char *rule_value(const char *rule, const char *key, const char *operator)
{
	for (const char *p = strstr(rule, key); p; p = strstr(p + 1, key)) {
		const char *value = p + strlen(key);
		const char *end;
		size_t n;

		value += strspn(value, " \t");
		n = strspn(value, "=+-:!");
		if ((p > rule && !strchr(" \t,", p[-1])) || n != strlen(operator) ||
		    strncmp(value, operator, n) != 0)
			continue;
		value += n + strspn(value + n, " \t");
		end = *value == '"' ? strchr(value + 1, '"') : NULL;
		if (end)
			return xstrndup(value + 1, (size_t)(end - value - 1));
	}
	return NULL;
}

/* The number that a rule asks of an attribute, "0x10de"; 0: none. */
static uint16_t rule_number(const char *rule, const char *key)
{
	auto_free char *value = rule_value(rule, key, "==");
	char *end;
	unsigned long number = value ? strtoul(value, &end, 16) : 0;

	return value && *value && !*end && number <= 0xffff ? (uint16_t)number : 0;
}

/* The address that a rule gives to vfio-pci, and what it asks of the device there. */
static bool rule_binds(const char *rule, struct bound_address *ret)
{
	auto_free char *kernel = NULL;
	auto_free char *override = NULL;

	if (rule[strspn(rule, " \t")] == '#')
		return false;
	kernel = rule_value(rule, "KERNEL", "==");
	override = rule_value(rule, "ATTR{driver_override}", "=");
	if (!kernel || !override ||
	    (strcmp(override, "vfio-pci") != 0 && strcmp(override, "pci-stub") != 0) ||
	    !pci_addr_parse(kernel, &ret->addr))
		return false;
	ret->vendor = rule_number(rule, "ATTR{vendor}");
	ret->id = rule_number(rule, "ATTR{device}");
	ret->subvendor = rule_number(rule, "ATTR{subsystem_vendor}");
	ret->subdevice = rule_number(rule, "ATTR{subsystem_device}");
	return true;
}

/* Where the logical line that begins at `at` ends: udev joins at a backslash before the newline. */
static size_t rule_end(const char *bytes, size_t len, size_t at)
{
	for (; at < len; at++)
		if (bytes[at] == '\n' && (!at || bytes[at - 1] != '\\'))
			return at + 1;
	return len;
}

static bool wished(const struct wish *wish, const struct pci_addr *a)
{
	for (size_t i = 0; i < wish->len; i++)
		if (!pci_addr_compare(&wish->devices[i].addr, a))
			return true;
	return false;
}

/*
 * The rules of one file: adds what they bind to `bound`, and to `kept` all
 * bytes but rules for addresses that are not wished. Either may be NULL, and without
 * `kept` there need be no wish.
 */
static void read_rules(const char *bytes, size_t len, const struct wish *wish,
		       struct present *bound, struct str *kept)
{
	size_t end;

	for (size_t at = 0; at < len; at = end) {
		auto_free char *rule = NULL;
		struct bound_address b;
		bool binds;

		end = rule_end(bytes, len, at);
		rule = xstrndup(bytes + at, end - at);
		binds = rule_binds(rule, &b);
		if (binds && bound)
			present_add_bound(bound, &b);
		if (kept && wish && (!binds || wished(wish, &b.addr)))
			str_add(kept, bytes + at, end - at);
	}
}

/* driverctl keeps a file an override, "0000:01:00.0" or "pci-0000:01:00.0", that holds the driver's name. */
static bool driverctl_binds(struct files *files, const char *path, const char *name,
			    struct pci_addr *ret)
{
	const char *bytes;
	size_t len;
	const char *address = text_starts_with(name, "pci-") ? name + 4 : name;

	if (!pci_addr_parse(address, ret) || files_get(files, path, &bytes, &len, NULL) < 0)
		return false;
	return len >= 8 && !strncmp(bytes, "vfio-pci", 8) &&
	       (len == 8 || isspace((unsigned char)bytes[8]));
}

/* Takes hand-made bindings of devices that are not wished out of other rule files. */
static int drop_foreign_rules(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(ret->files, RULES_DIR, ".rules", &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf(RULES_DIR "/%s", names.items[i]);
		auto_str struct str kept = STR_INIT;
		const char *bytes;
		size_t len;

		if (!strcmp(path, UDEV_BIND_PATH) || !strcmp(path, UDEV_RULES_PATH))
			continue;
		r = files_get(ret->files, path, &bytes, &len, reterr);
		if (r < 0)
			break;
		read_rules(bytes, len, wish, NULL, &kept);
		if (kept.len != len)
			r = changes_set(ret, path, kept.data, kept.len, 0644,
					"a device stays with the host", reterr);
	}
	return r;
}

static int drop_driverctl(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(ret->files, DRIVERCTL_DIR, "", &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf(DRIVERCTL_DIR "/%s", names.items[i]);
		struct pci_addr addr;

		if (driverctl_binds(ret->files, path, names.items[i], &addr) &&
		    !wished(wish, &addr))
			r = changes_remove(ret, path, "the device stays with the host", reterr);
	}
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_str struct str nodes = STR_INIT;
	auto_str struct str bind = STR_INIT;
	bool by_address = bind_rules(wish, &bind);
	int r = check_names(wish, reterr);

	(void)ctx;
	node_rules(wish, &nodes);
	if (r >= 0)
		r = drop_foreign_rules(wish, ret, reterr);
	if (r >= 0)
		r = drop_driverctl(wish, ret, reterr);
	if (r >= 0)
		r = own_file(ret, UDEV_BIND_PATH, by_address, &bind,
			     "devices with the ids of others are bound by address", reterr);
	ret->reboot |= changes_touch(ret, RULES_DIR) || changes_touch(ret, DRIVERCTL_DIR);
	if (r >= 0)
		r = own_file(ret, UDEV_RULES_PATH, wish->groups_len && (wish->user || wish->group),
			     &nodes, "the VM's user may open /dev/vfio", reterr);
	if (r >= 0 && changes_touch(ret, RULES_DIR)) {
		changes_run(ret, COMMAND_UDEV, "udev reads the new rules", "udevadm", "control",
			    "--reload", NULL);
		changes_run(ret, COMMAND_UDEV, "the rules reach nodes that exist", "udevadm",
			    "trigger", "--subsystem-match=vfio", NULL);
	}
	return r;
}

static int present_rules(struct files *files, struct present *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(files, RULES_DIR, ".rules", &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf(RULES_DIR "/%s", names.items[i]);
		size_t before = ret->bound_len;
		const char *bytes;
		size_t len;

		r = files_get(files, path, &bytes, &len, reterr);
		if (r < 0)
			break;
		read_rules(bytes, len, NULL, ret, NULL);
		if (ret->bound_len > before)
			strv_add_unique(&ret->where, path);
	}
	return r;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = present_rules(ctx->files, ret, reterr);

	if (r >= 0)
		r = files_list(ctx->files, DRIVERCTL_DIR, "", &names, reterr);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf(DRIVERCTL_DIR "/%s", names.items[i]);
		struct bound_address b = {.vendor = 0};

		if (!driverctl_binds(ctx->files, path, names.items[i], &b.addr))
			continue;
		present_add_bound(ret, &b);
		strv_add_unique(&ret->where, path);
	}
	return r;
}

/* Owner, group and mode of a group's node; it exists while a member is on vfio-pci. */
static void check_node(const struct target_context *ctx, const struct wish *wish, int group,
		       struct checks *ret)
{
	auto_free char *path = xasprintf("/dev/vfio/%d", group);
	char *what = xasprintf("%s may be opened by %s", path,
			       wish->user ? wish->user : wish->group);
	/* cppcheck-suppress getpwnamCalled; the program has one thread */
	const struct passwd *user = wish->user ? getpwnam(wish->user) : NULL;
	/* cppcheck-suppress getgrnamCalled; as above */
	const struct group *members = wish->group ? getgrnam(wish->group) : NULL;
	struct stat st;
	bool ok;

	if (host_stat(ctx->host, path, &st, NULL) < 0) {
		checks_add(ret, CHECK_AFTER_REBOOT, what, xstrdup("the node is not there yet"),
			   xstrdup("reboot"));
		return;
	}
	ok = (!wish->user || (user && st.st_uid == user->pw_uid)) &&
	     (!wish->group ||
	      (members && st.st_gid == members->gr_gid && (st.st_mode & 060) == 060));
	checks_add(ret, ok ? CHECK_OK : CHECK_FAILED, what,
		   ok ? NULL
		      : xasprintf("uid %u, gid %u, mode %04o", st.st_uid, st.st_gid,
				  st.st_mode & 07777U),
		   ok ? NULL : xstrdup("udevadm trigger --subsystem-match=vfio"));
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	(void)reterr;
	for (size_t i = 0; ctx->host && i < wish->len; i++)
		if (wish->devices[i].by_address)
			check_bound(ctx, &wish->devices[i], wish->driver, UDEV_BIND_PATH, ret);
	if (!ctx->host || !host_is_live(ctx->host) || (!wish->user && !wish->group))
		return 0;
	for (size_t i = 0; i < wish->groups_len; i++)
		check_node(ctx, wish, wish->groups[i], ret);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_udev_rules = {
	.name = "udev_rules",
	.applies = applies,
	.present = present,
	.plan = plan,
	.verify = verify,
};
