/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target: one configuration file (or family of files) behind three functions.
 *
 * A new boot loader or initramfs generator is one file that defines a struct target
 * `target_NAME` and one line in TARGETS below; what all other parts say about it is in the
 * struct. That the machine has it is found out below this floor: a line of BOOT_LOADER_LIST
 * (machine/platform.h) and one with its traces in machine/platform_boot.c.
 *
 * The laws every target keeps, on every file it does not refuse:
 *	no wish on a file without our things	-> the same bytes
 *	a wish planned twice			-> the same as once
 *	a wish, then none			-> the original bytes
 *	what the real parser reads afterwards	== what was meant
 * A file that can't be edited so is refused with a sentence that names file, line and
 * reason, and nothing is planned.
 */
#ifndef CONFIG_TARGET_H
#define CONFIG_TARGET_H

#include "base/err.h"
#include "config/changes.h"
#include "config/files.h"
#include "config/wish.h"
#include "host/host.h"
#include "machine/platform.h"
#include "machine/topology.h"

struct target_context {
	struct files *files;
	const struct platform *platform;
	const struct host *host; /* verify only; NULL while planning */
};

/* What is handed over by its address. A number of 0 is not asked for: whatever is there is taken. */
struct bound_address {
	struct pci_addr addr;
	uint16_t vendor, id, subvendor, subdevice;
};

/* What configuration is there already, ours or hand-made. */
struct present {
	struct strv ids;             /* "10de:2484" (lower case) handed to vfio-pci by id */
	struct bound_address *bound; /* in the order they were found, each once */
	size_t bound_len, bound_cap;
	struct strv kernel_params; /* parameters configured for the next boot, all of them */
	struct strv where;         /* files that say so, for the user */
};

enum check_state { CHECK_OK, CHECK_FAILED, CHECK_AFTER_REBOOT, CHECK_UNKNOWN };

/* One promise, held against the machine. */
struct check {
	char *what; /* "image 6.12.8: vfio_pci inside" */
	enum check_state state;
	char *found;  /* what is there instead, or NULL */
	char *remedy; /* "reboot", a command, or NULL */
};

struct checks {
	struct check *items;
	size_t len, cap;
};

/* What a user of a boot loader does where vfiotui does not: parts of sentences. */
struct by_hand {
	const char *loader;         /* "GRUB" */
	const char *before, *after; /* around the parameters: "add X to ..." */
	const char *menu;           /* how to start once with other parameters */
	bool menu_types;            /* they have to be typed there */
};

struct target {
	const char *name;             /* "modprobe", "grub" */
	enum boot_loader boot_loader; /* whose kernel parameters it sets; BOOT_UNKNOWN: of none */
	enum initramfs initramfs;     /* whose images it fills; INITRAMFS_UNKNOWN: of none */
	bool vm; /* sets up what virtual machines need: planned with a VM's profile, too */
	/* Is this target part of this machine's boot or VM chain? */
	bool (*applies)(const struct target_context *ctx);
	/* Adds what is configured already; NULL: nothing to read. */
	int (*present)(const struct target_context *ctx, struct present *ret, struct err *reterr);
	/*
	 * Plans edits and commands; adds to changes->owned what it owns afterwards, and sets changes->reboot where
	 * its part counts from the next boot on.
	 */
	int (*plan)(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		    struct err *reterr);
	/*
	 * Adds sentences about what the plan leaves to its user; NULL: never any. `missing` has the wished kernel
	 * parameters, quoted as one word, that neither the running kernel nor the next boot has, or no text.
	 */
	void (*warnings)(const struct target_context *ctx, const struct wish *wish,
			 const char *missing, struct strv *ret);
	/* Holds the wish against built images, generated menus and the running system; NULL: nothing to check. */
	int (*verify)(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		      struct err *reterr);
	/* The command that ends a trial boot (config/trial.h) while one stands; NULL: never any. */
	void (*keep)(const struct target_context *ctx, const struct strv *owned, struct strv *ret);
	struct by_hand by_hand; /* of the target that sets a boot loader's parameters */
};

/* In planning order: what others depend on first (modprobe, udev, initramfs, boot loader, libvirt, script). */
/* clang-format off */
#define TARGETS(X) \
	X(modprobe) \
	X(udev_rules) \
	X(initramfs_tools) \
	X(dracut) \
	X(mkinitcpio) \
	X(booster) \
	X(modules_load) \
	X(grub) \
	X(systemd_boot) \
	X(kernel_cmdline) \
	X(grub_bls) \
	X(ostree) \
	X(kernelstub) \
	X(limine) \
	X(refind) \
	X(way_back_grub) \
	X(way_back_entry) \
	X(way_back_install) \
	X(trial_grub) \
	X(trial_entry) \
	X(qemu_conf) \
	X(launch) \
	X(vm_memory) \
	X(vm_nodes) \
	X(vm_kvm) \
	X(vm_network) \
	X(vm_scripts) \
	X(libvirt_domain) \
	X(libvirt_hook)
/* clang-format on */

#define TARGET_DECLARE(name) extern const struct target target_##name;
TARGETS(TARGET_DECLARE)

extern const struct target *const targets[];
extern const size_t targets_len;

void present_release(struct present *p);
void present_add_bound(struct present *p, const struct bound_address *b);
/* The device is what the entry asks for, address included. */
bool bound_address_takes(const struct bound_address *b, const struct device *d);
void checks_add(struct checks *c, enum check_state state, char *what, char *found,
		char *remedy); /* takes ownership */
void checks_release(struct checks *c);
bool checks_hold(const struct checks *c); /* no FAILED */

#endif
