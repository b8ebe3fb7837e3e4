/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image: what must be inside an initramfs image, held against its table of contents.
 *
 * Each generator has its own program that lists an image (lsinitramfs, lsinitrd);
 * what is looked for is the same: vfio-pci unless the kernel has it built in, and
 * the files of wish.early_files that exist on the machine.
 */
#ifndef CONFIG_IMAGE_H
#define CONFIG_IMAGE_H

#include "config/target.h"

/* True when vfio-pci is part of the kernel `release` (lib/modules/RELEASE/modules.builtin). */
bool vfio_is_builtin(const struct host *host, const char *release);

/* Is the kernel itself there, or only modules of it that were left behind? */
bool has_kernel_image(const struct host *host, const char *release);

/* Judges one listing (a path a line, anywhere in it); `remedy` is copied. */
void check_listing(const struct target_context *ctx, const struct wish *wish, const char *release,
		   const char *listing, const char *remedy, struct checks *ret);

/* Runs `argv` to list the image of `release` and judges what it prints. Live host only. */
void check_image(const struct target_context *ctx, const struct wish *wish, const char *release,
		 const char *const argv[], const char *remedy, struct checks *ret);
/* Adds a failure for each wished file that was written after the image was built. */
void check_image_age(const struct target_context *ctx, const struct wish *wish, const char *release,
		     const char *image, const char *remedy, struct checks *ret);
/* The same for an image that lies in that file: a kernel that has none yet fails the check. */
void check_image_file(const struct target_context *ctx, const struct wish *wish,
		      const char *release, const char *image, const char *const argv[],
		      const char *remedy, struct checks *ret);

#endif
