/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is what was asked for inside each image that the presets name? lsinitcpio lists them. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "config/image.h"
#include "config/mkinitcpio.h"
#include "host/process.h"

#define REBUILD "mkinitcpio -P"
#define TIMEOUT_MS 120000

/* An older lsinitcpio doesn't open unified kernel images: then there is nothing to tell. */
static void check_uki(const struct target_context *ctx, const struct wish *wish,
		      const struct mkinitcpio_image *image, const char *const argv[],
		      struct checks *ret)
{
	struct process_result result = PROCESS_RESULT_INIT;
	int r = process_run(argv, TIMEOUT_MS, &result, NULL);

	if (r >= 0 && result.status == 0 && result.out.len)
		check_listing(ctx, wish, image->preset, result.out.data, REBUILD, ret);
	else
		checks_add(ret, CHECK_UNKNOWN, xasprintf("image %s: what is inside", image->preset),
			   xstrdup("lsinitcpio can't list a unified kernel image here"), NULL);
	process_result_release(&result);
}

static void check_one(const struct target_context *ctx, const struct wish *wish,
		      const struct mkinitcpio_image *image, struct checks *ret)
{
	const char *const argv[] = {"lsinitcpio", image->path, NULL};

	if (!host_exists(ctx->host, image->path))
		checks_add(ret, CHECK_FAILED, xasprintf("image %s is built", image->preset),
			   xasprintf("%s does not exist", image->path), xstrdup(REBUILD));
	else if (!host_is_live(ctx->host))
		checks_add(ret, CHECK_UNKNOWN, xasprintf("image %s: what is inside", image->preset),
			   xstrdup("images are listed on the running system only"), NULL);
	else if (image->is_uki)
		check_uki(ctx, wish, image, argv, ret);
	else
		check_image(ctx, wish, image->preset, argv, REBUILD, ret);
	if (host_is_live(ctx->host)) /* elsewhere nothing was rebuilt, which is said */
		check_image_age(ctx, wish, image->preset, image->path, REBUILD, ret);
}

int mkinitcpio_verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		      struct err *reterr)
{
	struct mkinitcpio m;
	int r;

	if (!wish->early_modules.len && !wish->early_files.len)
		return 0;
	r = mkinitcpio_read(ctx, &m, reterr);
	for (size_t i = 0; r >= 0 && i < m.len; i++)
		check_one(ctx, wish, &m.images[i], ret);
	mkinitcpio_release(&m);
	return r;
}
