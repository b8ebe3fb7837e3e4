/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The laws of config/target.h on any bytes: the first byte chooses the target (GRUB in place or by
 * drop-in, mkinitcpio the same) and the wish, the rest is the configuration file.
 */
#include <stdint.h>
#include <string.h>

#include "machine_laws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char pinned[] = "ALL_config=/etc/mkinitcpio.conf\nPRESETS=(a)\n";
	const char *bytes = (const char *)data + 1;
	uint8_t how = size ? *data : 0;
	struct machine m = {.len = 0};
	struct platform p = {.boot_loader = BOOT_GRUB, .initramfs = INITRAMFS_MKINITCPIO};
	struct wish w;

	if (!size || memmem(data, size, "ids", 3) || memmem(data, size, "vfiotui", 7))
		return 0; /* hand-made ids may go, and what looks like ours does */
	wish_init(&w);
	wish_add_device(&w);
	strv_add(&p.distro_like, how & 1 ? "debian" : "arch");
	strv_split(&w.kernel_params, how & 2 ? "iommu=pt" : "intel_iommu=on iommu=pt", " ");
	strv_split(&w.early_modules, "vfio_pci vfio vfio_iommu_type1", " ");
	strv_add(&w.early_files, how & 2 ? UDEV_BIND_PATH : MODPROBE_PATH);
	machine_put(&m, how & 4 ? "/etc/mkinitcpio.conf" : "/etc/default/grub", bytes, size - 1);
	machine_put(&m, "/usr/bin/mkinitcpio", "mkinitcpio.conf.d", strlen("mkinitcpio.conf.d"));
	if (how & 1)
		machine_put(&m, "/etc/mkinitcpio.d/a.preset", pinned, strlen(pinned));
	machine_laws(&m, how & 4 ? &target_mkinitcpio : &target_grub, &p, &w);
	machine_release(&m);
	strv_release(&p.distro_like);
	wish_release(&w);
	return 0;
}
