/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes that VMs open beside /dev/vfio: block devices, keyboards and mice, USB devices,
 * Looking Glass's memory. udev rules of ours alone, for the VM's user.
 *
 * A node below /dev is found by its kernel name, a link such as /dev/disk/by-id/... by
 * SYMLINK==, which the rules before 70 have made by then (udev(7)). On Debian and Ubuntu
 * libvirt's QEMU is confined as well: AppArmor lets it at what is in the local addition to
 * its abstraction, whose lines of ours end in a mark.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/target.h"

#define NODES_PATH "/etc/udev/rules.d/70-vfiotui-vm.rules"
#define ABSTRACTION "/etc/apparmor.d/abstractions/libvirt-qemu"
#define LOCAL_ABSTRACTION "/etc/apparmor.d/local/abstractions/libvirt-qemu"
#define MARK " # vfiotui"
#define TOKEN_TARGET "vm_nodes"
#define TOKEN_MADE "made-abstraction"

/* Nothing that ends a quoted string, and no pattern. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("/._:+@-", *s))
			return false;
	return true;
}

static void add_rule(struct str *out, const struct wish *wish, const char *match, struct strv *seen)
{
	if (!strv_add_unique(seen, match))
		return;
	str_addf(out, "%s, OWNER=\"%s\", MODE=\"0660\"\n", match, wish->user);
}

/* The node's match, or nothing where it is not below /dev or has odd characters. */
static void add_node(struct str *out, const struct wish *wish, const char *subsystem,
		     const char *path, struct strv *seen)
{
	const char *name = path + strlen("/dev/");
	auto_free char *match = NULL;

	if (!text_starts_with(path, "/dev/") || !is_plain(path) || strstr(path, ".."))
		return;
	if (strchr(name, '/') && !text_starts_with(name, "input/event"))
		match = xasprintf("SUBSYSTEM==\"%s\", SYMLINK==\"%s\"", subsystem, name);
	else
		match = xasprintf("SUBSYSTEM==\"%s\", KERNEL==\"%s\"", subsystem,
				  strrchr(path, '/') + 1);
	add_rule(out, wish, match, seen);
}

static void add_usb(struct str *out, const struct wish *wish, const char *id, struct strv *seen)
{
	const char *product = strchr(id, ':');
	auto_free char *match =
		product ? xasprintf("SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", "
				    "ATTR{idVendor}==\"%.4s\", ATTR{idProduct}==\"%s\"",
				    id, product + 1)
			: xasprintf("SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", "
				    "KERNEL==\"%s\"",
				    id);

	add_rule(out, wish, match, seen);
}

static void vm_rules(const struct vm_profile *vm, const struct wish *wish, struct str *out,
		     struct strv *seen)
{
	const struct vm_disk *disks = vm->disks.items;
	const struct vm_evdev *evdev = vm->evdev.items;
	const struct vm_usb *usb = vm->usb.items;

	for (size_t i = 0; i < vm->disks.len; i++)
		add_node(out, wish, "block", disks[i].path, seen);
	for (size_t i = 0; i < vm->evdev.len; i++)
		add_node(out, wish, "input", evdev[i].path, seen);
	for (size_t i = 0; i < vm->usb.len; i++)
		add_usb(out, wish, usb[i].id, seen);
	if (vm->display == VM_DISPLAY_LG && text_starts_with(vm->shared_memory, "/dev/kvmfr"))
		add_node(out, wish, "kvmfr", vm->shared_memory, seen);
}

/* --- AppArmor ---------------------------------------------------------------------- */

static void add_access(struct strv *lines, const char *path)
{
	auto_free char *line = xasprintf("%s rw," MARK, path);

	if (path[0] == '/' && is_plain(path) && !strstr(path, ".."))
		strv_add_unique(lines, line);
}

/* What libvirt's own helper does not find in a domain: input nodes and shared memory. */
static void accesses(const struct wish *wish, struct strv *lines)
{
	for (size_t i = 0; i < wish->vms_len; i++) {
		const struct vm_profile *vm = &wish->vms[i];

		if (vm->evdev.len)
			strv_add_unique(lines, "/dev/input/event[0-9]* rw," MARK);
		if (vm->display == VM_DISPLAY_LG)
			add_access(lines, vm->shared_memory);
	}
}

/* A file that was made here goes again with its last line; one that was there stays. */
static int put_abstraction(const struct wish *wish, struct changes *ret, bool there,
			   struct str *after, struct err *reterr)
{
	bool made = !there || wish_owns(wish, TOKEN_TARGET, TOKEN_MADE);

	if (!after->len && !there)
		return 0;
	if (!after->len && made)
		return changes_remove(ret, LOCAL_ABSTRACTION, "nothing is left for it to say",
				      reterr);
	if (!there && after->data[after->len - 1] != '\n')
		str_addc(after, '\n');
	if (made)
		strv_add_unique(&ret->owned, TOKEN_TARGET " " TOKEN_MADE);
	return changes_set(ret, LOCAL_ABSTRACTION, after->data, after->len, 0644,
			   "AppArmor lets libvirt's QEMU at the VM's input and shared memory",
			   reterr);
}

static int plan_apparmor(const struct target_context *ctx, const struct wish *wish,
			 struct changes *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	const char *bytes = "";
	size_t len = 0;
	int r = changes_get(ret, LOCAL_ABSTRACTION, &bytes, &len, reterr);
	bool there = r >= 0;

	if (r < 0 && files_exist(ctx->files, LOCAL_ABSTRACTION))
		return r;
	err_clear(reterr);
	if (files_exist(ctx->files, ABSTRACTION))
		accesses(wish, &lines);
	text_parse(&t, there ? bytes : "", there ? len : 0);
	for (size_t i = t.len; i > 0; i--) {
		auto_free char *line = xstrndup(t.lines[i - 1].data,
						text_line_length(&t.lines[i - 1]));

		if (text_ends_with(line, MARK))
			text_remove(&t, i - 1);
	}
	for (size_t i = 0; i < lines.len; i++)
		text_append(&t, lines.items[i]);
	text_join(&t, &after);
	return put_abstraction(wish, ret, there, &after, reterr);
}

/* --- the target ------------------------------------------------------------------------ */

static bool make_rules(const struct wish *wish, struct str *out)
{
	auto_strv struct strv seen = STRV_INIT;

	str_adds(out, "# vfiotui: what the VMs open beside /dev/vfio (\"vfiotui undo\" takes this "
		      "back)\n");
	if (wish->user && strcmp(wish->user, "root") && is_plain(wish->user))
		for (size_t i = 0; i < wish->vms_len; i++)
			vm_rules(&wish->vms[i], wish, out, &seen);
	return seen.len != 0;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_str struct str rules = STR_INIT;
	bool any = make_rules(wish, &rules);
	int r = changes_own(ret, NODES_PATH, any, &rules,
			    "the VM's user may open its disks, keyboard, mouse and USB devices",
			    reterr);

	if (r >= 0 && changes_touch(ret, NODES_PATH)) {
		changes_run(ret, COMMAND_UDEV, "udev reads the new rules", "udevadm", "control",
			    "--reload", NULL);
		changes_run(ret, COMMAND_UDEV, "the rules reach nodes that exist", "udevadm",
			    "trigger", "--action=change", "--subsystem-match=block",
			    "--subsystem-match=input", "--subsystem-match=usb", NULL);
	}
	return r < 0 ? r : plan_apparmor(ctx, wish, ret, reterr);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_str struct str rules = STR_INIT;
	bool there;

	(void)reterr;
	if (!make_rules(wish, &rules))
		return 0;
	there = files_exist(ctx->files, NODES_PATH);
	checks_add(ret, there ? CHECK_OK : CHECK_FAILED,
		   xasprintf("%s may open the VMs' nodes", wish->user),
		   there ? NULL : xstrdup(NODES_PATH " is missing"),
		   there ? NULL : xstrdup("vfiotui vm edit"));
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_vm_nodes = {
	.name = "vm_nodes",
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
