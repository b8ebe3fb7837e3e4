/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_vm: a profile to begin with, and the plan that makes a VM's file say what a profile says (plan_build_vm() of
 * change/plan.h has the file's bytes); comments of its owner stay.
 */
#ifndef CHANGE_PLAN_VM_H
#define CHANGE_PLAN_VM_H

#include "change/plan.h"
#include "vm/profile.h"

/* A profile for that guest on this machine, with those devices; only its name is kept. */
void vm_propose(const struct situation *s, const struct selection *devices, enum vm_system system,
		struct vm_profile *p);
/* Devices that are named by their address alone get ids and name from what is there now. */
void vm_complete_devices(const struct situation *s, struct vm_profile *p);
/* Is one of its devices a graphics card? The guest then shows on that. */
bool vm_has_gpu(const struct situation *s, const struct vm_profile *p);

int plan_vm_profile(const struct situation *s, const struct vm_profile *p, struct plan **ret,
		    struct err *reterr) must_check;
/* Disks and the guest's own copy of the firmware's variables stay. */
int plan_vm_delete(const struct situation *s, const char *name, struct plan **ret,
		   struct err *reterr) must_check;

#endif
