/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's domains: for each VM that wants one, VM_DIR/NAME.xml and "virsh define" of it.
 *
 * libvirt keeps its own copy and rewrites it, so the file beside the profile is ours
 * alone: what was changed with "virsh edit" is written over at the next change of the VM.
 * virsh define: the same UUID changes a domain instead of adding one (vm/domain_xml.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/target.h"
#include "host/process.h"
#include "vm/domain_host.h"

#define VIRSH "virsh", "-c", "qemu:///system"
#define SUFFIX ".xml"

static const char name[] = "libvirt_domain";

static char *path_of(const char *vm)
{
	return xasprintf(VM_DIR "/%s" SUFFIX, vm);
}

static void words(struct strv *ret, const char *const *list)
{
	for (; *list; list++)
		strv_add(ret, *list);
}

/* What defines a domain and what takes it away; its guest's variables stay. */
static void add_commands(struct changes *ret, const char *vm, const char *path, bool define,
			 bool existed)
{
	char uuid[37];
	const char *const in[] = {VIRSH, "define", path, NULL};
	const char *const out[] = {VIRSH, "undefine", "--keep-nvram", uuid, NULL};
	auto_strv struct strv defines = STRV_INIT;
	auto_strv struct strv removes = STRV_INIT;

	/* by its UUID: virsh takes a name of digits for the number of a running domain */
	domain_uuid(vm, uuid);
	words(&defines, in);
	words(&removes, out);
	if (define)
		/* undone: the former file is defined again, or there was none */
		changes_command(ret, COMMAND_SERVICE, &defines, existed ? NULL : &removes,
				"libvirt takes the VM");
	else
		changes_command(ret, COMMAND_SERVICE, &removes, &defines,
				"libvirt lets go of the VM");
}

static int plan_domain(const struct target_context *ctx, const struct wish *wish,
		       const struct vm_profile *vm, struct changes *ret, struct err *reterr)
{
	auto_free char *path = path_of(vm->name);
	auto_str struct str xml = STR_INIT;
	struct domain_host host;
	const char *bytes;
	size_t len;
	bool existed;
	int r;

	domain_host_read(&host, ctx->files, ctx->platform, wish->user, vm);
	r = domain_xml_write(&xml, vm, &host.facts, NULL, reterr);
	domain_host_release(&host);
	if (r < 0)
		return r;
	r = changes_get(ret, path, &bytes, &len, reterr);
	existed = r >= 0;
	if (r < 0 && r != -ENOENT)
		return r;
	err_clear(reterr);
	strv_addf(&ret->owned, "%s %s", name, vm->name);
	if (existed && len == xml.len && !memcmp(bytes, xml.data, len))
		return 0;
	r = changes_set(ret, path, xml.data, xml.len, 0644, "the VM as libvirt reads it", reterr);
	if (r >= 0 && ctx->platform->libvirt)
		add_commands(ret, vm->name, path, true, existed);
	return r;
}

static const struct vm_profile *find(const struct wish *wish, const char *vm)
{
	for (size_t i = 0; i < wish->vms_len; i++)
		if (!strcmp(wish->vms[i].name, vm) && wish->vms[i].libvirt)
			return &wish->vms[i];
	return NULL;
}

/* Domains that are ours and whose VM is gone or wants none any more. */
static int take_back(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		     struct err *reterr)
{
	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		const char *vm = token + sizeof(name);
		auto_free char *path = NULL;
		int r;

		if (strncmp(token, name, sizeof(name) - 1) || token[sizeof(name) - 1] != ' ' ||
		    find(wish, vm))
			continue;
		path = path_of(vm);
		r = changes_remove(ret, path, "the VM is libvirt's no more", reterr);
		if (r < 0)
			return r;
		if (ctx->platform->libvirt)
			add_commands(ret, vm, path, false, true);
	}
	return 0;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	int r = take_back(ctx, wish, ret, reterr);

	for (size_t i = 0; r >= 0 && i < wish->vms_len; i++)
		if (wish->vms[i].libvirt)
			r = plan_domain(ctx, wish, &wish->vms[i], ret, reterr);
	return r;
}

static void verify_domain(const struct target_context *ctx, const char *vm, struct checks *ret)
{
	const char *const argv[] = {VIRSH, "domuuid", vm, NULL};
	struct process_result result = PROCESS_RESULT_INIT;
	auto_free char *what = xasprintf("libvirt has the VM %s", vm);
	char uuid[37];

	domain_uuid(vm, uuid);
	if (!ctx->platform->libvirt)
		checks_add(ret, CHECK_FAILED, xstrdup(what), xstrdup("libvirt is not installed"),
			   platform_install_hint(ctx->platform, PACKAGE_LIBVIRT));
	else if (!ctx->host || !host_is_live(ctx->host))
		checks_add(ret, CHECK_UNKNOWN, xstrdup(what), xstrdup("another root"), NULL);
	else if (process_run(argv, 10000, &result, NULL) < 0 || result.status)
		checks_add(ret, CHECK_FAILED, xstrdup(what), xstrdup("it does not know it"),
			   xasprintf("virsh -c qemu:///system define " VM_DIR "/%s" SUFFIX, vm));
	else if (!strstr(result.out.data, uuid))
		checks_add(ret, CHECK_FAILED, xstrdup(what),
			   xstrdup("another domain has this name"), NULL);
	else
		checks_add(ret, CHECK_OK, xstrdup(what), NULL, NULL);
	process_result_release(&result);
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	(void)reterr;
	for (size_t i = 0; i < wish->vms_len; i++)
		if (wish->vms[i].libvirt)
			verify_domain(ctx, wish->vms[i].name, ret);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_libvirt_domain = {
	.name = name,
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
