/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/modprobe.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/bound.h"
#include "config/image.h"
#include "config/kmod_set.h"
#include "host/process.h"

#define TIMEOUT_MS 10000

/* What `modprobe -S RELEASE --show-depends MODULE` prints, or NULL. */
static char *show_depends(const char *release, const char *module)
{
	const char *const argv[] = {"modprobe", "-S", release, "--show-depends", module, NULL};
	struct process_result result = PROCESS_RESULT_INIT;
	char *out = NULL;

	if (process_run(argv, TIMEOUT_MS, &result, NULL) >= 0 && result.status == 0)
		out = xstrdup(result.out.data);
	process_result_release(&result);
	return out;
}

/* The start of the line of `out` that loads vfio-pci, or NULL. */
static const char *vfio_line(const char *out)
{
	const char *dash = strstr(out, "/vfio-pci.ko");
	const char *under = strstr(out, "/vfio_pci.ko");

	return dash ? dash : under;
}

/* The value of the last ids= of a line, for the caller to free, or NULL. */
static char *last_ids(const char *line)
{
	auto_free char *text = xstrndup(line, strcspn(line, "\n"));
	struct kmod_param p;
	char *value = NULL;

	for (size_t pos = 0; kmod_param_next(text, &pos, &p);) {
		if (!kmod_param_named(text, &p, "ids"))
			continue;
		free(value);
		value = xstrndup(text + p.value_start, p.value_end - p.value_start);
	}
	return value;
}

/* Every wished id is in the value, and nothing else. */
static bool ids_are(const char *value, const struct wish *wish)
{
	auto_strv struct strv got = STRV_INIT;
	auto_strv struct strv entries = STRV_INIT;

	strv_split(&entries, value, ",");
	for (size_t i = 0; i < entries.len; i++) {
		struct kmod_id id;
		auto_free char *text = NULL;

		if (!kmod_id_parse(entries.items[i], strlen(entries.items[i]), &id))
			continue;
		text = xasprintf("%04x:%04x", id.vendor, id.device);
		if (!strv_has(&wish->ids, text))
			return false;
		strv_add_unique(&got, text);
	}
	return got.len == wish->ids.len;
}

/* What modprobe gives is asked of every kernel that can start; what holds for all is said once. */
static void bootable(const struct target_context *ctx, struct strv *ret)
{
	const struct strv *kernels = &ctx->platform->kernels;

	strv_add(ret, ctx->platform->kernel);
	for (size_t i = 0; i < kernels->len; i++)
		if (has_kernel_image(ctx->host, kernels->items[i]))
			strv_add_unique(ret, kernels->items[i]);
}

/* A kernel that has vfio-pci inside takes the ids from its command line, which is held elsewhere. */
static void check_ids_of(const char *release, const struct wish *wish, bool *ret_all,
			 struct checks *ret)
{
	auto_free char *out = show_depends(release, "vfio-pci");
	const char *line = out ? vfio_line(out) : NULL;
	auto_free char *value = line ? last_ids(line) : NULL;

	if ((value && ids_are(value, wish)) || (!line && out && strstr(out, "builtin")))
		return;
	*ret_all = false;
	if (line)
		checks_add(ret, CHECK_FAILED,
			   xasprintf("modprobe gives vfio-pci the ids (kernel %s)", release),
			   xstrdup(value ? value : "no ids"),
			   xstrdup("vfiotui plan shows the file that says otherwise"));
	else
		checks_add(ret, CHECK_FAILED, xasprintf("kernel %s has vfio-pci", release),
			   xstrdup("modprobe does not know it there"),
			   xstrdup("start another kernel, or install the rest of its modules"));
}

static void check_ids_live(const struct target_context *ctx, const struct wish *wish,
			   struct checks *ret)
{
	auto_strv struct strv all = STRV_INIT;
	bool holds = true;

	bootable(ctx, &all);
	for (size_t i = 0; i < all.len; i++)
		check_ids_of(all.items[i], wish, &holds, ret);
	if (holds)
		checks_add(ret, CHECK_OK, xstrdup("modprobe gives vfio-pci the ids"), NULL, NULL);
}

/* Where vfio-pci.ko stands before the module's file in what modprobe would load; 0: it would not load the module. */
static int order_of(const char *release, const char *module)
{
	auto_free char *out = show_depends(release, module);
	auto_free char *own = xasprintf("/%s.ko", module);
	const char *driver, *vfio;

	for (char *p = own; *p; p++)
		*p = *p == '-' ? '_' : *p;
	for (char *p = out; p && *p; p++)
		*p = *p == '-' ? '_' : *p;
	vfio = out ? vfio_line(out) : NULL;
	driver = out ? strstr(out, own) : NULL;
	if (!driver)
		return 0;
	return (vfio && vfio < driver) || strstr(out, "builtin vfio_pci") ? 1 : -1;
}

static void check_order_live(const struct target_context *ctx, const char *module,
			     struct checks *ret)
{
	auto_strv struct strv all = STRV_INIT;
	size_t loads = 0, wrong = 0;

	bootable(ctx, &all);
	for (size_t i = 0; i < all.len; i++) {
		int order = order_of(all.items[i], module);

		loads += order != 0;
		wrong += order < 0;
		if (order < 0)
			checks_add(ret, CHECK_FAILED,
				   xasprintf("vfio-pci loads before %s (kernel %s)", module,
					     all.items[i]),
				   xstrdup("it would load first"),
				   xstrdup("vfiotui plan shows the softdep line that is missing"));
	}
	if (!loads)
		checks_add(ret, CHECK_UNKNOWN, xasprintf("vfio-pci loads before %s", module),
			   xstrdup("modprobe would not load it"), NULL);
	else if (!wrong)
		checks_add(ret, CHECK_OK, xasprintf("vfio-pci loads before %s", module), NULL,
			   NULL);
}

/* By the files alone: the last ids=. */
static int check_ids_files(const struct target_context *ctx, const struct wish *wish,
			   struct checks *ret, struct err *reterr)
{
	auto_kmod_set struct kmod_set set = KMOD_SET_INIT;
	auto_strv struct strv entries = STRV_INIT;
	auto_free char *value = NULL;
	struct kmod_ids ids;
	bool ok;
	int r = kmod_set_load(&set, ctx, NULL, reterr);

	if (r < 0)
		return r;
	if (kmod_ids_last(&set, &ids))
		kmod_ids_entries(&ids, &entries);
	value = strv_join(&entries, ",");
	ok = ids_are(value, wish);
	checks_add(ret, ok ? CHECK_OK : CHECK_FAILED, xstrdup("modprobe.d gives vfio-pci the ids"),
		   ok ? NULL : xstrdup(entries.len ? value : "no ids"),
		   ok ? NULL : xstrdup("vfiotui plan shows the file that says otherwise"));
	return 0;
}

static void check_said(const char *what, bool said, struct checks *ret)
{
	checks_add(ret, said ? CHECK_OK : CHECK_FAILED, xasprintf("modprobe.d says %s", what),
		   said ? NULL : xstrdup("it doesn't"),
		   said ? NULL : xstrdup("apply the plan again"));
}

static int check_lines(const struct target_context *ctx, const struct wish *wish,
		       struct checks *ret, struct err *reterr)
{
	auto_kmod_set struct kmod_set set = KMOD_SET_INIT;
	int r = kmod_set_load(&set, ctx, NULL, reterr);

	for (size_t i = 0; r >= 0 && i < wish->options.len; i++) {
		auto_free char *what = xasprintf("vfio-pci %s", wish->options.items[i]);

		check_said(what, modprobe_option_holds(&set, wish->options.items[i]), ret);
	}
	for (size_t i = 0; r >= 0 && wish->blacklist && i < wish->idle_modules.len; i++) {
		auto_free char *what = xasprintf("blacklist %s", wish->idle_modules.items[i]);

		check_said(what, modprobe_is_blacklisted(&set, wish->idle_modules.items[i]), ret);
	}
	return r;
}

int modprobe_verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		    struct err *reterr)
{
	bool live = ctx->host && host_is_live(ctx->host) && ctx->platform->kernel;
	int r = 0;

	if (wish->ids.len && live)
		check_ids_live(ctx, wish, ret);
	else if (wish->ids.len)
		r = check_ids_files(ctx, wish, ret, reterr);
	if (r >= 0)
		r = check_lines(ctx, wish, ret, reterr);
	for (size_t i = 0; live && i < wish->host_modules.len; i++)
		check_order_live(ctx, wish->host_modules.items[i], ret);
	for (size_t i = 0; ctx->host && i < wish->len; i++)
		if (!wish->devices[i].by_address)
			check_bound(ctx, &wish->devices[i], wish->driver, MODPROBE_PATH, ret);
	return r;
}
