/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * platform: the machine around the PCI devices: processor, firmware, IOMMU state,
 * boot loader, initramfs generator, installed kernels, QEMU, OVMF, libvirt.
 *
 * Found out by reading files only (through the host door); one exception, marked
 * below, asks a program for its version on the live host. What can't be known is
 * NULL, "unknown" or empty. All strings belong to the platform.
 */
#ifndef MACHINE_PLATFORM_H
#define MACHINE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "host/host.h"
#include "machine/modules.h"

enum cpu_vendor { CPU_OTHER, CPU_AMD, CPU_INTEL };
enum firmware { FIRMWARE_UNKNOWN, FIRMWARE_BIOS, FIRMWARE_UEFI };
enum iommu_state {
	IOMMU_ABSENT, /* no DMAR/IVRS table: not there, or off in the firmware */
	IOMMU_OFF,    /* the firmware offers it, the kernel does not use it */
	IOMMU_ON,
};
/* One line a boot loader: its constant and its name in options, JSON and the journal. */
/* clang-format off */
#define BOOT_LOADER_LIST(X) \
	X(BOOT_GRUB, "grub") /* /etc/default/grub and grub-mkconfig */ \
	X(BOOT_GRUB_BLS, "grub-bls") /* Fedora: grubby edits the entries */ \
	X(BOOT_SYSTEMD_BOOT, "systemd-boot") /* loader/entries on the ESP */ \
	X(BOOT_KERNEL_CMDLINE, "kernel-cmdline") /* /etc/kernel/cmdline: kernel-install, UKI, proxmox-boot-tool */ \
	X(BOOT_LIMINE, "limine") \
	X(BOOT_REFIND, "refind") \
	X(BOOT_KERNELSTUB, "kernelstub") \
	X(BOOT_OSTREE, "ostree")
/* clang-format on */
#define BOOT_LOADER_CONSTANT(constant, name) constant,
enum boot_loader { BOOT_UNKNOWN, BOOT_LOADER_LIST(BOOT_LOADER_CONSTANT) BOOT_LOADERS };
enum initramfs {
	INITRAMFS_UNKNOWN,
	INITRAMFS_MKINITCPIO,
	INITRAMFS_DRACUT,
	INITRAMFS_TOOLS,
	INITRAMFS_BOOSTER,
	INITRAMFS_NONE,
	INITRAMFS_GENERATORS,
};
enum acs_override {
	ACS_OVERRIDE_UNKNOWN,
	ACS_OVERRIDE_UNSUPPORTED,
	ACS_OVERRIDE_SUPPORTED,
	ACS_OVERRIDE_ACTIVE
};

/* One OVMF: a code image and the template for a VM's variables. */
struct ovmf {
	char *code, *vars; /* NULL: none found */
	char *format;      /* "raw" or "qcow2" */
	bool secure_boot;
};

struct platform {
	char *kernel; /* release, "6.12.8-arch1-1" */
	char *hostname;
	char *cpu_model; /* "AMD Ryzen 7 5800X 8-Core Processor" */
	enum cpu_vendor cpu;
	bool cpu_virtualization; /* svm or vmx flag */
	enum firmware firmware;
	enum iommu_state iommu;
	char *iommu_why;          /* one sentence: what was seen */
	enum cpu_vendor iommu_of; /* whose: AMD-Vi, VT-d; an emulated machine may mix them */
	size_t iommu_groups;
	char *cmdline; /* of the running kernel */
	enum boot_loader boot_loader;
	char *boot_why;   /* how it was found out, or which candidates there are */
	char *boot_entry; /* systemd-boot's entry that started this system, "arch.conf", or NULL */
	char *boot_default; /* the entry it is told to start when nobody chooses, or NULL: by loader.conf */
	char *boot_oneshot; /* the entry it is told to start the next time, or NULL */
	unsigned
		boot_candidates; /* bits 1 << enum boot_loader of those that are set up; 0 with a proof */
	bool boot_sure;          /* false: several candidates and no proof which one booted */
	enum initramfs initramfs;
	char *initramfs_why;
	bool initramfs_foreign; /* an image is there, but no program that builds one */
	bool systemd;           /* the system's first program is systemd */
	struct strv kernels;    /* installed releases, newest first */
	enum acs_override acs_override;
	bool secure_boot;
	bool vfio_pci_known;           /* module indexes were readable */
	enum module_state vfio_pci;    /* for the running kernel */
	bool vfio_pci_loadable;        /* some installed kernel has it as a module ... */
	bool vfio_pci_builtin;         /* ... and some (another one) inside */
	enum module_state vfio_virqfd; /* loadable: for every installed kernel */
	enum module_state pci_stub;
	const char *
		framebuffer_off; /* the kernel parameter that keeps the firmware's picture from being a console */
	bool iommu_default_on; /* Intel: kernel built with INTEL_IOMMU_DEFAULT_ON(_INTGPU_OFF); AMD: true */
	char *distro_id;          /* os-release ID, "arch" */
	struct strv distro_like;  /* ID and the words of ID_LIKE */
	char *qemu;               /* path of qemu-system-x86_64 or NULL */
	char *qemu_version;       /* "10.0.13"; live host only, else NULL */
	struct ovmf ovmf;         /* better without Secure Boot */
	struct ovmf ovmf_secure;  /* with Secure Boot */
	bool libvirt;             /* /etc/libvirt/qemu.conf or the daemon is there */
	unsigned libvirt_version; /* 9000000 for 9.0.0; 0: not known */
	char *libvirt_unit; /* the unit to restart: "virtqemud.service" or "libvirtd.service", NULL */
	char *user; /* who shall use the VM: SUDO_USER, else the owner of the first home, or NULL */
	bool is_root; /* may change this machine (or the root is not live) */
};

int platform_detect(const struct host *host, struct modules *modules, struct platform **ret,
		    struct err *reterr) must_check;
void platform_free(struct platform *p);
void platform_freep(struct platform **p);

/* Names of the JSON contract: "amd", "uefi", "on", "grub", "mkinitcpio"; NULL where the contract says null. */
const char *cpu_vendor_name(enum cpu_vendor v);
const char *firmware_name(enum firmware f); /* NULL: files alone do not tell */
const char *iommu_state_name(enum iommu_state s);
const char *boot_loader_name(enum boot_loader b);
/* Where some version of Limine reads its limine.conf, from the root of a partition (Limine: CONFIG.md); NULL ends. */
extern const char *const limine_conf_places[];
const char *initramfs_name(enum initramfs i);
const char *acs_override_name(enum acs_override a);
/* "pacman -S qemu-desktop": the command (for root) that installs a package on this distribution, or NULL; caller frees. */
enum platform_package { PACKAGE_QEMU, PACKAGE_OVMF, PACKAGE_LIBVIRT, PACKAGES };
char *platform_install_hint(const struct platform *p, enum platform_package what) must_check;

#endif
