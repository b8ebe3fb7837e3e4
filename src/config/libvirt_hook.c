/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's hooks: one file a VM in qemu.d, beside whatever other hooks there are
 * (libvirt's docs/hooks: all programs of the directory run, since 6.5; the daemon looks
 * for hooks when it starts).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/target.h"
#include "vm/libvirt_hook.h"

#define HOOK_PREFIX "/etc/libvirt/hooks/qemu.d/vfiotui-"

static const char name[] = "libvirt_hook";

static bool wants_hook(const struct vm_profile *vm)
{
	return vm->libvirt && libvirt_hook_is_needed(vm);
}

static bool is_wanted(const struct wish *wish, const char *vm)
{
	for (size_t i = 0; i < wish->vms_len; i++)
		if (!strcmp(wish->vms[i].name, vm))
			return wants_hook(&wish->vms[i]);
	return false;
}

static int take_back(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		auto_free char *path = NULL;
		int r;

		if (strncmp(token, name, sizeof(name) - 1) || token[sizeof(name) - 1] != ' ' ||
		    is_wanted(wish, token + sizeof(name)))
			continue;
		path = xasprintf(HOOK_PREFIX "%s", token + sizeof(name));
		r = changes_remove(ret, path, "the VM needs no hook of libvirt any more", reterr);
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan_hook(const struct vm_profile *vm, struct changes *ret, struct err *reterr)
{
	auto_free char *path = xasprintf(HOOK_PREFIX "%s", vm->name);
	auto_str struct str script = STR_INIT;

	libvirt_hook_write(&script, vm);
	strv_addf(&ret->owned, "%s %s", name, vm->name);
	return changes_set(ret, path, script.data, script.len, 0755,
			   vm->single_gpu ? "ends the desktop for the VM and brings it back"
					  : "the VM starts with the chosen devices only",
			   reterr);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	int r = take_back(wish, ret, reterr);

	for (size_t i = 0; r >= 0 && i < wish->vms_len; i++)
		if (wants_hook(&wish->vms[i]))
			r = plan_hook(&wish->vms[i], ret, reterr);
	if (r >= 0 && ctx->platform->libvirt_unit && changes_touch(ret, HOOK_PREFIX))
		changes_run(ret, COMMAND_SERVICE, "libvirt looks for its hooks again", "systemctl",
			    "try-restart", ctx->platform->libvirt_unit, NULL);
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	(void)reterr;
	for (size_t i = 0; i < wish->vms_len; i++) {
		auto_free char *path = xasprintf(HOOK_PREFIX "%s", wish->vms[i].name);
		bool there;

		if (!wants_hook(&wish->vms[i]))
			continue;
		there = files_exist(ctx->files, path);
		checks_add(ret, there ? CHECK_OK : CHECK_FAILED,
			   xasprintf("libvirt's hook %s is there", path),
			   there ? NULL : xstrdup("missing"),
			   there ? NULL : xstrdup("vfiotui apply"));
	}
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->libvirt;
}

const struct target target_libvirt_hook = {
	.name = name,
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
