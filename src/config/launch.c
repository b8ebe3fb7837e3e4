/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launch script: one command that starts a VM with the devices handed over.
 *
 * Beside the VMs that have profiles (vm_scripts.c), for one who wants no more than that.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/script.h"
#include "config/target.h"
#include "vm/launch_script.h"
#include "vm/preset.h"
#include "vm/profile_value.h"

static bool is_gpu(const struct wish_device *d)
{
	return d->class_code >> 16 == 0x03;
}

/* No profile: a VM as vfiotui proposes it for this host, with what is handed over. */
static void write_script(const struct target_context *ctx, const struct wish *wish, struct str *out)
{
	auto_vm_host struct vm_host host = VM_HOST_INIT;
	auto_vm_profile struct vm_profile vm;

	vm_profile_init(&vm, "passthrough");
	vm_host_read_files(ctx->files, wish->user, &host);
	host.available_mib = 0; /* or each plan would give another script */
	vm_preset(&vm, VM_OTHER, &host);
	for (size_t i = 0; i < wish->len; i++) {
		const struct wish_device *d = &wish->devices[i];
		auto_str struct str text = STR_INIT;

		str_addf(&text, "%s ids=%04x:%04x name=", d->bdf, d->vendor, d->id);
		vm_quote(&text, d->name ? d->name : "", true);
		(void)!vm_field_set(&vm, vm_field_find("device"), text.data, NULL);
		if (is_gpu(d))
			vm.display = VM_DISPLAY_NONE;
	}
	launch_script_write(out, &vm, ctx->platform);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_str struct str script = STR_INIT;
	bool wanted = wish->launch_script && wish->len;

	if (wanted)
		write_script(ctx, wish, &script);
	return script_plan(ret, LAUNCH_SCRIPT_PATH, wanted ? &script : NULL,
			   "starts a VM with the devices", reterr);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	bool there;

	(void)reterr;
	if (!wish->launch_script || !wish->len)
		return 0;
	there = files_exist(ctx->files, LAUNCH_SCRIPT_PATH);
	checks_add(ret, there ? CHECK_OK : CHECK_FAILED,
		   xstrdup("launch script " LAUNCH_SCRIPT_PATH " is there"),
		   there ? NULL : xstrdup("missing"), there ? NULL : xstrdup("vfiotui apply"));
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_launch = {
	.name = "launch",
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
