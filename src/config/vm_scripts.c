/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs' launch scripts, each beside its profile: what "vfiotui vm start" runs, and
 * what its owner can read, run and change without vfiotui.
 */
#include <string.h>

#include "base/mem.h"
#include "config/script.h"
#include "config/target.h"
#include "vm/launch_script.h"

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

static bool has_vm(const struct wish *wish, const char *name, size_t len)
{
	for (size_t i = 0; i < wish->vms_len; i++)
		if (strlen(wish->vms[i].name) == len && !strncmp(wish->vms[i].name, name, len))
			return true;
	return false;
}

/* Scripts of VMs that are no more. */
static int remove_others(const struct target_context *ctx, const struct wish *wish,
			 struct changes *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(ctx->files, VM_DIR, ".sh", &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf(VM_DIR "/%s", names.items[i]);

		if (!has_vm(wish, names.items[i], strlen(names.items[i]) - 3))
			r = script_plan(ret, path, NULL, NULL, reterr);
	}
	return r < 0 ? r : 0;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < wish->vms_len; i++) {
		auto_free char *path = vm_script_path(wish->vms[i].name);
		auto_free char *why = xasprintf("starts the VM %s", wish->vms[i].name);
		auto_str struct str script = STR_INIT;

		launch_script_write(&script, &wish->vms[i], ctx->platform);
		r = script_plan(ret, path, &script, why, reterr);
	}
	return r < 0 ? r : remove_others(ctx, wish, ret, reterr);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	(void)reterr;
	for (size_t i = 0; i < wish->vms_len; i++) {
		auto_free char *path = vm_script_path(wish->vms[i].name);
		bool there = files_exist(ctx->files, path);

		checks_add(ret, there ? CHECK_OK : CHECK_FAILED,
			   xasprintf("the VM %s has its launch script", wish->vms[i].name),
			   there ? NULL : xasprintf("%s is missing", path),
			   there ? NULL : xasprintf("vfiotui vm edit %s", wish->vms[i].name));
	}
	return 0;
}

const struct target target_vm_scripts = {
	.name = "vm_scripts",
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
