/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preset: a profile to begin with, made of the guest's kind and what this host has.
 *
 *	vm_host_read(host, user, &facts);		processors, caches, nodes, memory
 *	vm_preset(&vm, VM_WINDOWS_11, &facts);		fills the profile, nothing but its name is kept
 *	vm_preset_device(&vm, device);			for each device handed over
 *	vm_preset_place(&vm, &facts);			processors and node, now that the devices are known
 *	vm_host_release(&facts);
 *
 * All but vm_host_read() are pure. What can't be read is left at the table's default; where
 * only the number of cores is known, the VM gets all but one and none is pinned.
 */
#ifndef VM_PRESET_H
#define VM_PRESET_H

#include "config/files.h"
#include "machine/topology.h"
#include "vm/profile.h"

struct vm_cpu {
	unsigned id;
	unsigned core; /* lowest CPU of the same core */
	unsigned l3;   /* lowest CPU with the same last-level cache */
	unsigned node; /* NUMA node */
};

struct vm_host {
	struct vm_cpu *cpus; /* online ones, by id */
	size_t len;
	unsigned cores; /* how many, where sysfs does not tell which; 0: not known either */
	uint64_t memory_mib, available_mib; /* 0: not known */
	unsigned nodes;                     /* that have memory */
	char *state_dir;                    /* for disks; "" none: chosen by vm_preset()'s caller */
};

#define VM_HOST_INIT                                                                               \
	{                                                                                          \
		.cpus = NULL, .len = 0                                                             \
	}
#define auto_vm_host cleanup_with(vm_host_release)

/* Reads sysfs and /proc; `user` (or NULL) is whose home the disks go to. */
void vm_host_read(const struct host *host, const char *user, struct vm_host *ret);
/* The same through a view of the files that is there already. */
void vm_host_read_files(struct files *files, const char *user, struct vm_host *ret);
void vm_host_release(struct vm_host *h);

void vm_preset(struct vm_profile *p, enum vm_system system, const struct vm_host *h);
/* Adds a device with ids and name; the first graphics card takes the guest's display over. */
void vm_preset_device(struct vm_profile *p, const struct device *d);
/*
 * Gives the VM whole cores that share a last-level cache and are near its devices (`node`,
 * -1 unknown), and keeps at least one for the host.
 */
void vm_preset_place(struct vm_profile *p, const struct vm_host *h, int node);

#endif
