/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM for VMs: who may open /dev/kvm, and whether it passes over registers it does not know.
 *
 * ignore_msrs is a switch of the whole host (Documentation/admin-guide/kernel-parameters):
 * the file and the plan say what that costs. A file of another's that sets it is left alone.
 */
#include <string.h>

#include "base/mem.h"
#include "config/target.h"

#define KVM_PATH "/etc/modprobe.d/vfiotui-kvm.conf"
#define PARAMETER "/sys/module/kvm/parameters/ignore_msrs"

static bool wants_msrs(const struct wish *wish)
{
	for (size_t i = 0; i < wish->vms_len; i++)
		if (wish->vms[i].ignore_msrs)
			return true;
	return false;
}

/* "Y" or "N" of the running kernel; NULL when kvm is not loaded. */
static const char *parameter(struct files *files)
{
	const char *bytes;
	size_t len;

	if (files_get(files, PARAMETER, &bytes, &len, NULL) < 0 || !len)
		return NULL;
	return *bytes == 'Y' || *bytes == '1' ? "Y" : "N";
}

static int plan_msrs(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	const char *now = parameter(ret->files);
	auto_str struct str text = STR_INIT;
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;
	int r;

	str_adds(&text,
		 "# vfiotui: KVM passes over registers (MSRs) that it does not know, as a VM "
		 "asked for.\n"
		 "# It does so for every VM of this host, and may hide real faults "
		 "(\"vfiotui undo\" takes this back).\n"
		 "options kvm ignore_msrs=1\n");
	r = changes_own(ret, KVM_PATH, wants_msrs(wish), &text,
			"KVM ignores unknown MSRs, for all VMs: it may hide real faults", reterr);
	if (r < 0 || !wants_msrs(wish) || !changes_touch(ret, KVM_PATH) || !now || *now == 'Y')
		return r;
	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, "echo Y >" PARAMETER);
	strv_add(&undo, "sh");
	strv_add(&undo, "-c");
	strv_add(&undo, "echo N >" PARAMETER);
	changes_command(ret, COMMAND_UDEV, &argv, &undo, "the same for the running kernel");
	return 0;
}

/* The line of group "kvm" has the user among its members, or the group is the user's first. */
static bool is_member(const char *line, const char *user)
{
	const size_t n = strlen(user);
	const char *end = line + strcspn(line, "\n");
	const char *members = line;

	for (int colons = 0; members < end && colons < 3; members++)
		colons += *members == ':';
	while (members < end) {
		size_t len = strcspn(members, ",\n");

		if (len == n && !strncmp(members, user, n))
			return true;
		members += len + 1;
	}
	return false;
}

/* /dev/kvm is open to all on many systems (mode 0666); elsewhere to the group. */
static void plan_group(const struct wish *wish, struct changes *ret)
{
	const char *text;
	const char *line;
	size_t len;
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	if (!wish->vms_len || !wish->user || !strcmp(wish->user, "root") || !wish->group ||
	    files_get(ret->files, "/etc/group", &text, &len, NULL) < 0)
		return;
	line = text_starts_with(text, "kvm:") ? text : strstr(text, "\nkvm:");
	if (!line || is_member(line + (*line == '\n'), wish->user))
		return;
	strv_add(&argv, "usermod");
	strv_add(&argv, "-aG");
	strv_add(&argv, "kvm");
	strv_add(&argv, wish->user);
	strv_add(&undo, "gpasswd");
	strv_add(&undo, "-d");
	strv_add(&undo, wish->user);
	strv_add(&undo, "kvm");
	changes_command(ret, COMMAND_UDEV, &argv, &undo,
			"the VM's user may open /dev/kvm, from the next login on");
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	(void)ctx;
	plan_group(wish, ret);
	return plan_msrs(wish, ret, reterr);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	const char *now = parameter(ctx->files);
	bool ok;

	(void)reterr;
	if (!wants_msrs(wish) || !ctx->host || !host_is_live(ctx->host))
		return 0;
	ok = now && *now == 'Y';
	checks_add(ret, ok ? CHECK_OK : CHECK_AFTER_REBOOT, xstrdup("KVM ignores unknown MSRs"),
		   ok ? NULL : xstrdup(now ? "it does not yet" : "the module kvm is not loaded"),
		   ok ? NULL : xstrdup("reboot"));
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_vm_kvm = {
	.name = "vm_kvm",
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
