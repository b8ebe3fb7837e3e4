/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The laws of config/target.h on any bytes, for the files of boot loaders and image generators: the first byte chooses
 * the file, the second one the wish, the rest is the file.
 */
#include <stdint.h>

#include "machine_laws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const struct target *target;
	const char *path;
	const char *beside[2]; /* a file that the target wants to see, and its bytes */
} files[] = {
	{&target_systemd_boot,
	 "/boot/loader/entries/a.conf",
	 {"/boot/loader/loader.conf", "default a\n"}},
	{&target_systemd_boot,
	 "/boot/loader/loader.conf",
	 {"/boot/loader/entries/a.conf", "title A\nlinux /vmlinuz\noptions root=UUID=1 rw\n"}},
	{&target_kernel_cmdline, "/etc/kernel/cmdline", {"/usr/bin/kernel-install", "#!/bin/sh\n"}},
	{&target_kernel_cmdline, "/etc/cmdline.d/a.conf", {"/usr/bin/mkinitcpio", "cmdline.d"}},
	{&target_limine, "/boot/limine.conf", {NULL, NULL}},
	{&target_limine, "/etc/default/limine", {"/boot/limine.conf", "/A\nprotocol: linux\n"}},
	{&target_refind, "/boot/refind_linux.conf", {NULL, NULL}},
	{&target_grub_bls,
	 "/boot/loader/entries/a.conf",
	 {"/boot/grub2/grubenv", "kernelopts=a\n"}},
	{&target_ostree, "/boot/loader/entries/ostree-1.conf", {NULL, NULL}},
	{&target_kernelstub, "/etc/kernelstub/configuration", {NULL, NULL}},
	{&target_booster, "/etc/booster.yaml", {NULL, NULL}},
	{&target_dracut, "/etc/dracut.conf", {NULL, NULL}},
	{&target_dracut, "/etc/dracut.conf.d/zz.conf", {NULL, NULL}},
	{&target_initramfs_tools, "/etc/initramfs-tools/modules", {NULL, NULL}},
	{&target_mkinitcpio,
	 "/etc/mkinitcpio.d/a.preset",
	 {"/etc/mkinitcpio.conf", "MODULES=()\n"}},
	{&target_udev_rules, "/etc/udev/rules.d/10-a.rules", {NULL, NULL}},
	{&target_udev_rules, "/etc/driverctl.d/0000:01:00.0", {NULL, NULL}},
};

static void make_wish(uint8_t how, struct wish *w)
{
	struct wish_device *d;

	wish_init(w);
	d = wish_add_device(w);
	d->addr = (struct pci_addr){.bus = 1};
	pci_addr_format(&d->addr, d->bdf);
	d->vendor = 0x10de;
	d->id = 0x1f03;
	d->group = 8;
	d->by_address = how & 4;
	w->groups = calloc(1, sizeof(*w->groups));
	w->groups[0] = 8;
	w->groups_len = 1;
	w->user = how & 8 ? strdup("alex") : NULL;
	strv_split(&w->kernel_params, how & 1 ? "iommu=pt" : "intel_iommu=on iommu=pt", " ");
	strv_split(&w->early_modules, "vfio_pci vfio vfio_iommu_type1", " ");
	strv_add(&w->early_files, how & 4 ? UDEV_BIND_PATH : MODPROBE_PATH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine m = {.len = 0};
	struct platform p = {.boot_loader = BOOT_UNKNOWN};
	struct wish w;
	size_t i;

	if (size < 2 || memmem(data, size, "vfio", 4))
		return 0; /* what looks like ours may go */
	i = data[0] % (sizeof(files) / sizeof(files[0]));
	p.boot_loader = files[i].target->boot_loader;
	p.initramfs = files[i].target->initramfs;
	strv_add(&p.kernels, "6.1.0");
	make_wish(data[1], &w);
	machine_put(&m, files[i].path, (const char *)data + 2, size - 2);
	if (files[i].beside[0])
		machine_put(&m, files[i].beside[0], files[i].beside[1], strlen(files[i].beside[1]));
	machine_laws(&m, files[i].target, &p, &w);
	machine_release(&m);
	strv_release(&p.kernels);
	wish_release(&w);
	return 0;
}
