/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launch script: one command that starts a VM with the devices handed over.
 *
 * A script that its owner has edited is never written over or removed: the new one is
 * then put beside it. The script carries a checksum (vm/launch_script.h), so this needs
 * no memory of what was written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/target.h"
#include "vm/launch_script.h"

#define BESIDE_PATH LAUNCH_SCRIPT_PATH ".new"
#define MEMORY_UNKNOWN 4096U /* MiB, where the host's can't be read */
#define MEMORY_MOST 16384U

/* The number behind `key` in a file of "key : number" lines, or 0. */
static unsigned long number_of(struct files *files, const char *path, const char *key)
{
	const char *bytes;
	const char *at;
	size_t len;

	if (files_get(files, path, &bytes, &len, NULL) < 0)
		return 0;
	for (at = strstr(bytes, key); at; at = strstr(at + 1, key))
		if (at == bytes || at[-1] == '\n')
			return strtoul(at + strlen(key) + strspn(at + strlen(key), " \t:"), NULL,
				       10);
	return 0;
}

/* Half of the host's memory in whole GiB, within reason. */
static unsigned choose_memory(struct files *files)
{
	unsigned long mib = number_of(files, "/proc/meminfo", "MemTotal") / 1024 / 2;

	if (!mib)
		return MEMORY_UNKNOWN;
	if (mib > MEMORY_MOST)
		return MEMORY_MOST;
	return mib < 1024 ? (unsigned)mib : (unsigned)(mib / 1024 * 1024);
}

/* All cores but two for the host, and the host's threads per core. */
static void choose_cores(struct files *files, unsigned *cores, unsigned *threads)
{
	unsigned long have = number_of(files, "/proc/cpuinfo", "cpu cores");
	unsigned long siblings = number_of(files, "/proc/cpuinfo", "siblings");

	*cores = have > 3 ? (unsigned)have - 2 : 2;
	*threads = have && siblings == 2 * have ? 2 : 1;
	if (have && have < 3)
		*cores = 1;
}

static void write_script(const struct target_context *ctx, const struct wish *wish, struct str *out)
{
	struct launch_device *devices = xcalloc(wish->len, sizeof(*devices));
	const struct platform *p = ctx->platform;
	struct launch launch = {
		.vm_name = "passthrough",
		.qemu = p->qemu ? p->qemu : "qemu-system-x86_64",
		.ovmf_code = p->ovmf.vars ? p->ovmf.code : NULL,
		.ovmf_vars = p->ovmf.vars,
		.ovmf_format = p->ovmf.format,
		.ovmf_secure_boot = p->ovmf.secure_boot,
		.disk_format = "qcow2",
		.memory_mib = choose_memory(ctx->files),
		.amd = p->cpu == CPU_AMD,
		.devices = devices,
		.len = wish->len,
	};

	choose_cores(ctx->files, &launch.cores, &launch.threads);
	for (size_t i = 0; i < wish->len; i++) {
		devices[i].addr = wish->devices[i].addr;
		memcpy(devices[i].bdf, wish->devices[i].bdf, sizeof(devices[i].bdf));
		devices[i].group = wish->devices[i].group;
		devices[i].name = wish->devices[i].name;
		devices[i].gpu = wish->devices[i].class_code >> 16 == 0x03;
	}
	launch_script_write(out, &launch);
	free(devices);
}

/* Is the file there, and is it one that may be written over? */
static int look(struct changes *ret, const char *path, bool *exists, bool *ours, struct err *reterr)
{
	const char *bytes;
	size_t len;
	int r = changes_get(ret, path, &bytes, &len, reterr);

	*exists = r >= 0;
	*ours = r == -ENOENT || (r >= 0 && launch_script_untouched(bytes, len));
	if (r != -ENOENT)
		return r;
	err_clear(reterr);
	return 0;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	static const char *const paths[] = {LAUNCH_SCRIPT_PATH, BESIDE_PATH};
	auto_str struct str script = STR_INIT;
	bool wanted = wish->launch_script && wish->len;

	if (wanted)
		write_script(ctx, wish, &script);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *why = i ? "launch.sh was edited by hand and is kept"
				    : "starts a VM with the devices";
		bool exists;
		bool ours;
		int r = look(ret, paths[i], &exists, &ours, reterr);

		if (r >= 0 && wanted && ours) {
			r = changes_set(ret, paths[i], script.data, script.len, 0755, why, reterr);
			wanted = false;
		} else if (r >= 0 && exists && ours) {
			r = changes_remove(ret, paths[i], "there is nothing to start with it",
					   reterr);
		}
		if (r < 0)
			return r;
	}
	return 0;
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
