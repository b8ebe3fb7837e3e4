/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for VMs: how much their user may lock, and huge pages set apart at the boot.
 *
 * A device reaches all of the guest's memory, so QEMU locks it: limits.conf(5), counted in
 * KiB per process, so the largest VM decides. What a desktop starts is often no child of a
 * login that pam_limits(8) saw, but of the user's own systemd, whose unit has a limit of its
 * own: LimitMEMLOCK= of systemd.exec(5), in a drop-in for that user's instance alone. Huge pages of 2 MiB by sysctl.d(5); of 1 GiB,
 * which no sysctl knows, by tmpfiles.d(5). One VM at a time is taken to run with them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/target.h"

#define LIMITS_PATH "/etc/security/limits.d/90-vfiotui.conf"
#define SYSCTL_PATH "/etc/sysctl.d/90-vfiotui-hugepages.conf"
#define TMPFILES_PATH "/etc/tmpfiles.d/vfiotui-hugepages.conf"
#define GIGANTIC "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"
#define UNIT "/systemd/system/user@.service"
#define SPARE_MIB 1024U /* what QEMU locks beside the guest's memory */

static uint64_t locked_mib(const struct wish *wish)
{
	uint64_t most = 0;

	for (size_t i = 0; i < wish->vms_len; i++) {
		const struct vm_profile *vm = &wish->vms[i];

		if ((vm->devices.len || vm->lock_memory) && vm->memory_mib > most)
			most = vm->memory_mib;
	}
	return most ? most + SPARE_MIB : 0;
}

/* Pages of one kind that the largest VM with them takes. */
static uint64_t pages(const struct wish *wish, enum vm_hugepages kind, unsigned mib)
{
	uint64_t most = 0;

	for (size_t i = 0; i < wish->vms_len; i++) {
		const struct vm_profile *vm = &wish->vms[i];
		uint64_t n = (vm->memory_mib + mib - 1) / mib;

		if (vm->hugepages == (int)kind && n > most)
			most = n;
	}
	return most;
}

static bool has_user(const struct wish *wish)
{
	return wish->user && strcmp(wish->user, "root") != 0;
}

static int plan_limit(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	uint64_t mib = locked_mib(wish);
	auto_str struct str text = STR_INIT;

	str_addf(&text,
		 "# vfiotui: memory that QEMU may lock for a VM with devices, in KiB "
		 "(\"vfiotui undo\" takes this back)\n"
		 "%s - memlock %" PRIu64 "\n",
		 wish->user ? wish->user : "", mib * 1024);
	return changes_own(ret, LIMITS_PATH, mib && has_user(wish), &text,
			   "the VM's user may lock its memory, from the next login on", reterr);
}

/* The user's number, in a line of /etc/passwd; NULL when there is none. */
static char *uid_of(struct files *files, const char *user)
{
	const char *bytes;
	size_t len;
	const size_t n = strlen(user);

	if (files_get(files, "/etc/passwd", &bytes, &len, NULL) < 0)
		return NULL;
	for (const char *line = bytes; line; line = strchr(line, '\n')) {
		const char *uid;

		line += *line == '\n';
		if (strncmp(line, user, n) != 0 || line[n] != ':')
			continue;
		uid = line + n + 1 + strcspn(line + n + 1, ":\n");
		uid += *uid == ':';
		return strspn(uid, "0123456789") ? xstrndup(uid, strspn(uid, "0123456789")) : NULL;
	}
	return NULL;
}

/* NULL: no systemd here, or nobody to do it for. */
static char *drop_in_path(struct files *files, const struct wish *wish)
{
	auto_free char *uid = has_user(wish) ? uid_of(files, wish->user) : NULL;

	if (!uid || (!files_exist(files, "/usr/lib" UNIT) && !files_exist(files, "/lib" UNIT)))
		return NULL;
	return xasprintf("/etc/systemd/system/user@%s.service.d/90-vfiotui-memlock.conf", uid);
}

/* Drop-ins of ours for a user who is not the VMs' any more. */
static int take_back_drop_ins(const struct wish *wish, const char *wanted, struct changes *ret,
			      struct err *reterr)
{
	static const char prefix[] = "vm_memory ";
	int r = 0;

	for (size_t i = 0; r >= 0 && i < wish->owned.len; i++) {
		const char *path = wish->owned.items[i] + strlen(prefix);

		if (text_starts_with(wish->owned.items[i], prefix) &&
		    (!wanted || strcmp(path, wanted) != 0))
			r = changes_remove(ret, path, "no VM locks memory any more", reterr);
	}
	return r;
}

static int plan_drop_in(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	uint64_t mib = locked_mib(wish);
	auto_free char *path = mib ? drop_in_path(ret->files, wish) : NULL;
	auto_str struct str text = STR_INIT;
	int r = take_back_drop_ins(wish, path, ret, reterr);

	str_addf(&text,
		 "# vfiotui: the same limit for what the user's own systemd starts "
		 "(\"vfiotui undo\" takes this back)\n"
		 "[Service]\nLimitMEMLOCK=%" PRIu64 "K\n",
		 mib * 1024);
	if (r >= 0 && path) {
		strv_addf(&ret->owned, "vm_memory %s", path);
		r = changes_own(ret, path, true, &text,
				"the same where a desktop's programs are started by systemd",
				reterr);
	}
	if (r >= 0 && changes_touch(ret, "/etc/systemd/system/user@"))
		changes_run(ret, COMMAND_SERVICE, "systemd reads the limit for the next login",
			    "systemctl", "daemon-reload", NULL);
	return r;
}

/* What is set apart now, for the way back. */
static char *pages_now(struct files *files, const char *path)
{
	const char *bytes;
	size_t len;
	unsigned long n = files_get(files, path, &bytes, &len, NULL) < 0 ? 0
									 : strtoul(bytes, NULL, 10);

	return xasprintf("%lu", n);
}

static void run_sysctl(struct changes *ret)
{
	auto_free char *before = pages_now(ret->files, "/proc/sys/vm/nr_hugepages");
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	strv_add(&argv, "sysctl");
	strv_add(&argv, "--load=" SYSCTL_PATH);
	strv_add(&undo, "sysctl");
	strv_addf(&undo, "vm.nr_hugepages=%s", before);
	changes_command(ret, COMMAND_UDEV, &argv, &undo, "huge pages, as many as can be had now");
}

static void run_tmpfiles(struct changes *ret)
{
	auto_free char *before = pages_now(ret->files, GIGANTIC);
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	strv_add(&argv, "systemd-tmpfiles");
	strv_add(&argv, "--create");
	strv_add(&argv, TMPFILES_PATH);
	strv_add(&undo, "sh");
	strv_add(&undo, "-c");
	strv_addf(&undo, "echo %s >" GIGANTIC, before);
	changes_command(ret, COMMAND_UDEV, &argv, &undo, "huge pages, as many as can be had now");
}

static int plan_pages(const struct wish *wish, struct changes *ret, struct err *reterr)
{
	static const char head[] = "# vfiotui: memory set apart for a VM (\"vfiotui undo\" takes "
				   "this back)\n";
	uint64_t normal = pages(wish, VM_HUGE_2M, 2);
	uint64_t gigantic = pages(wish, VM_HUGE_1G, 1024);
	auto_str struct str sysctl = STR_INIT;
	auto_str struct str tmpfiles = STR_INIT;
	int r;

	str_addf(&sysctl, "%svm.nr_hugepages = %" PRIu64 "\n", head, normal);
	str_addf(&tmpfiles, "%sw " GIGANTIC " - - - - %" PRIu64 "\n", head, gigantic);
	r = changes_own(ret, SYSCTL_PATH, normal != 0, &sysctl,
			"memory in pages of 2 MiB is set apart at each boot", reterr);
	if (r >= 0)
		r = changes_own(ret, TMPFILES_PATH, gigantic != 0, &tmpfiles,
				"memory in pages of 1 GiB is set apart at each boot", reterr);
	if (r >= 0 && normal && changes_touch(ret, SYSCTL_PATH))
		run_sysctl(ret);
	if (r >= 0 && gigantic && changes_touch(ret, TMPFILES_PATH))
		run_tmpfiles(ret);
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	int r = plan_limit(wish, ret, reterr);

	(void)ctx;
	if (r >= 0)
		r = plan_drop_in(wish, ret, reterr);
	return r < 0 ? r : plan_pages(wish, ret, reterr);
}

static void check_pages(const struct target_context *ctx, uint64_t want, const char *path,
			const char *size, struct checks *ret)
{
	auto_free char *now = NULL;
	bool ok;

	if (!want)
		return;
	now = pages_now(ctx->files, path);
	ok = strtoull(now, NULL, 10) >= want;
	checks_add(ret, ok ? CHECK_OK : CHECK_AFTER_REBOOT,
		   xasprintf("%" PRIu64 " huge pages of %s are set apart", want, size),
		   ok ? NULL : xasprintf("%s: memory is in too many pieces", now),
		   ok ? NULL : xstrdup("reboot"));
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	(void)reterr;
	if (locked_mib(wish) && has_user(wish)) {
		bool there = files_exist(ctx->files, LIMITS_PATH);

		checks_add(ret, there ? CHECK_OK : CHECK_FAILED,
			   xasprintf("%s may lock %" PRIu64 " MiB of memory", wish->user,
				     locked_mib(wish)),
			   there ? NULL : xstrdup(LIMITS_PATH " is missing"),
			   there ? NULL : xstrdup("vfiotui vm edit"));
	}
	if (!ctx->host || !host_is_live(ctx->host))
		return 0;
	check_pages(ctx, pages(wish, VM_HUGE_2M, 2), "/proc/sys/vm/nr_hugepages", "2 MiB", ret);
	check_pages(ctx, pages(wish, VM_HUGE_1G, 1024), GIGANTIC, "1 GiB", ret);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	(void)ctx;
	return true;
}

const struct target target_vm_memory = {
	.name = "vm_memory",
	.vm = true,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
