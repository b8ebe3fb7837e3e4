/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wish: what the configuration files shall say after a change, free of any file format.
 *
 * change/plan makes it of the selection, the snapshot and the choices; every target
 * reads it. A wish with no devices means: take everything of vfiotui out again.
 */
#ifndef CONFIG_WISH_H
#define CONFIG_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"
#include "machine/pci_addr.h"
#include "vm/profile.h"

#define UDEV_RULES_PATH "/etc/udev/rules.d/70-vfiotui-vfio.rules"
#define UDEV_BIND_PATH "/etc/udev/rules.d/05-vfiotui-bind.rules"
#define MODPROBE_PATH "/etc/modprobe.d/vfio.conf"
#define LAUNCH_SCRIPT_PATH "/etc/vfiotui/launch.sh"

struct wish_device {
	struct pci_addr addr;
	char bdf[PCI_ADDR_TEXT];
	uint16_t vendor, id, subvendor, subdevice;
	uint32_t class_code;
	int group;           /* or NO_GROUP */
	bool by_address;     /* driver_override early, since its ids stay with the host */
	struct strv modules; /* candidate host modules, without vfio ones */
	char *name;          /* for comments: "NVIDIA GeForce RTX 3070" */
};

struct wish {
	struct wish_device *devices; /* by address */
	size_t len, cap;
	struct strv ids; /* "10de:2484", each once, of the devices bound by ids */
	struct strv
		host_modules; /* modules that must wait for vfio-pci (softdep): of devices bound by ids */
	struct strv
		early_modules; /* for the initramfs, in load order: vfio_pci, vfio, vfio_iommu_type1 ... */
	struct strv
		early_files; /* files that must be inside the image: MODPROBE_PATH, UDEV_BIND_PATH */
	struct strv
		kernel_params; /* "intel_iommu=on", "iommu=pt"; where vfio-pci is built in "vfio-pci.ids=..." */
	int *groups; /* group ids, ascending, each once */
	size_t groups_len;
	char *user;         /* owner of the group nodes; NULL: root */
	char *group;        /* their group: "kvm" where it exists, or NULL */
	struct strv owned;  /* tokens that vfiotui owns now (config/changes.h) */
	bool launch_script; /* a plain script that starts a VM with the devices */
	const char
		*driver; /* who takes the devices: "vfio-pci", or "pci-stub" where there is none */
	bool driver_inside;       /* an installed kernel has it built in: nobody loads it there */
	struct strv options;      /* of vfio-pci: "disable_vga=1" */
	struct strv idle_modules; /* host modules of the devices that no device needs which stays */
	bool blacklist;           /* those are blacklisted */
	bool way_back;            /* a boot entry without passthrough (config/way_back.h) */
	bool trial;               /* the next boot is a trial (config/trial.h) */
	struct vm_profile *vms;   /* the virtual machines there will be, by name */
	size_t vms_len, vms_cap;
};

void wish_init(struct wish *w);
void wish_release(struct wish *w);
struct wish_device *wish_add_device(struct wish *w); /* zeroed; pointer dies at the next add */
struct vm_profile *
wish_add_vm(struct wish *w); /* to be initialised; pointer dies at the next add */
bool wish_owns(const struct wish *w, const char *target,
	       const char *token); /* "grub", "iommu=pt" */

#endif
