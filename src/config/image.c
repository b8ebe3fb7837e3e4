/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/image.h"

#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "host/process.h"

#define TIMEOUT_MS 120000 /* large images on slow disks */

bool vfio_is_builtin(const struct host *host, const char *release)
{
	auto_free char *path = xasprintf("/lib/modules/%s/modules.builtin", release);
	auto_str struct str list = STR_INIT;

	return host_read(host, path, &list, NULL) >= 0 &&
	       (strstr(list.data, "/vfio-pci.ko") || strstr(list.data, "/vfio_pci.ko"));
}

bool has_kernel_image(const struct host *host, const char *release)
{
	auto_free char *boot = xasprintf("/boot/vmlinuz-%s", release);
	auto_free char *modules = xasprintf("/usr/lib/modules/%s/vmlinuz", release);

	return host_exists(host, boot) || host_exists(host, modules);
}

/* The release whose modules an image holds ("usr/lib/modules/6.1.0/..."), for the caller to free, or NULL. */
static char *release_inside(const char *listing)
{
	static const char dir[] = "lib/modules/";
	const char *at = strstr(listing, dir);

	return at ? xstrndup(at + strlen(dir), strcspn(at + strlen(dir), "/\n \"")) : NULL;
}

static void check_inside(const char *release, const char *what, bool inside, const char *remedy,
			 struct checks *ret)
{
	checks_add(ret, inside ? CHECK_OK : CHECK_FAILED,
		   xasprintf("image %s: %s inside", release, what),
		   inside ? NULL : xstrdup("not inside"), inside ? NULL : xstrdup(remedy));
}

/* Rules lie below usr/lib in an image, everything else where it is in the root. */
static bool lists_file(const char *listing, const char *path)
{
	return strstr(listing, strstr(path, "/rules.d/") ? strrchr(path, '/') : path + 1) != NULL;
}

void check_listing(const struct target_context *ctx, const struct wish *wish, const char *release,
		   const char *listing, const char *remedy, struct checks *ret)
{
	auto_free char *inside = release_inside(listing);

	if (wish->early_modules.len && !vfio_is_builtin(ctx->host, release) &&
	    !(inside && vfio_is_builtin(ctx->host, inside)))
		check_inside(release, "vfio-pci",
			     strstr(listing, "/vfio-pci.ko") || strstr(listing, "/vfio_pci.ko"),
			     remedy, ret);
	for (size_t i = 0; i < wish->early_files.len; i++) {
		const char *path = wish->early_files.items[i];

		if (host_exists(ctx->host, path))
			check_inside(release, path, lists_file(listing, path), remedy, ret);
	}
}

void check_image_age(const struct target_context *ctx, const struct wish *wish, const char *release,
		     const char *image, const char *remedy, struct checks *ret)
{
	struct stat built, written;

	if (host_stat(ctx->host, image, &built, NULL) < 0)
		return;
	for (size_t i = 0; i < wish->early_files.len; i++) {
		const char *path = wish->early_files.items[i];

		if (host_stat(ctx->host, path, &written, NULL) < 0 ||
		    written.st_mtime <= built.st_mtime)
			continue;
		checks_add(ret, CHECK_FAILED,
			   xasprintf("image %s: built since %s was written", release, path),
			   xstrdup("the image is older, so it may hold a former version"),
			   xstrdup(remedy));
	}
}

void check_image_file(const struct target_context *ctx, const struct wish *wish,
		      const char *release, const char *image, const char *const argv[],
		      const char *remedy, struct checks *ret)
{
	if (host_exists(ctx->host, image)) {
		check_image_age(ctx, wish, release, image, remedy, ret);
		check_image(ctx, wish, release, argv, remedy, ret);
	} else if (has_kernel_image(ctx->host, release)) {
		checks_add(ret, CHECK_FAILED, xasprintf("image %s is built", release),
			   xasprintf("%s does not exist", image), xstrdup(remedy));
	}
}

void check_image(const struct target_context *ctx, const struct wish *wish, const char *release,
		 const char *const argv[], const char *remedy, struct checks *ret)
{
	struct process_result result = PROCESS_RESULT_INIT;
	int r = process_run(argv, TIMEOUT_MS, &result, NULL);

	if (r >= 0 && result.status == 0)
		check_listing(ctx, wish, release, result.out.data, remedy, ret);
	else
		checks_add(ret, r < 0 ? CHECK_UNKNOWN : CHECK_FAILED,
			   xasprintf("image %s can be read", release),
			   xasprintf("%s %s", argv[0], r < 0 ? "can't be run" : "fails"),
			   xstrdup(remedy));
	process_result_release(&result);
}
