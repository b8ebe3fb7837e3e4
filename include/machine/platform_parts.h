/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * platform_parts: the steps of platform_detect(), one file a subject.
 *
 * Each fills its members of a zeroed platform from files; what an earlier step found
 * (kernel, command line, processor) is there for the later ones, in the order below.
 */
#ifndef MACHINE_PLATFORM_PARTS_H
#define MACHINE_PLATFORM_PARTS_H

#include "machine/platform.h"

/* platform_boot.c: boot_loader, boot_why, boot_sure */
void platform_find_boot_loader(const struct host *host, struct platform *p);
/* platform_initramfs.c: initramfs, initramfs_why */
void platform_find_initramfs(const struct host *host, struct platform *p);
/* platform_iommu.c: iommu, iommu_why, iommu_groups, iommu_default_on, acs_override */
void platform_find_iommu(const struct host *host, struct platform *p);
/* platform_vm.c: qemu, qemu_version, ovmf, libvirt, libvirt_unit */
void platform_find_vm_programs(const struct host *host, struct platform *p);
/* ovmf.c */
void ovmf_find(const struct host *host, struct ovmf *ret, struct ovmf *ret_secure);
void ovmf_release(struct ovmf *o);

/* platform_config.c: framebuffer_off; after the boot loader */
void platform_find_framebuffer(const struct host *host, struct platform *p);
/* Replaces `ret` by the configuration that a kernel was built with; false when it isn't there. */
bool platform_kernel_config(const struct host *host, const char *kernel, struct str *ret);
/* Is that line in it, "CONFIG_X=y"? */
bool platform_config_says(const char *config, const char *line);

/* The value of an EFI variable without its four bytes of attributes; false when there is none. */
bool platform_efi_variable(const struct host *host, const char *name, struct str *ret);
/* Whether a directory has an entry whose name ends so. */
bool platform_dir_has_suffix(const struct host *host, const char *dir, const char *suffix);

#endif
