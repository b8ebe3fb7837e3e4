/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_vm: the plan that makes a VM's file say what a profile says (plan_build_vm() of
 * change/plan.h has the file's bytes); comments of its owner stay.
 */
#ifndef CHANGE_PLAN_VM_H
#define CHANGE_PLAN_VM_H

#include "change/plan.h"
#include "vm/profile.h"

int plan_vm_profile(const struct situation *s, const struct vm_profile *p, struct plan **ret,
		    struct err *reterr) must_check;
/* Disks and the guest's own copy of the firmware's variables stay. */
int plan_vm_delete(const struct situation *s, const char *name, struct plan **ret,
		   struct err *reterr) must_check;

#endif
