/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_override: what a plan does about pcie_acs_override=.
 *
 * Groups are formed once, at boot. So a device whose group only parts under the wished
 * override is not handed over in the same change: first the parameter and a reboot, then,
 * when the group has really parted, the device. Asked for twice, the same plan does both
 * steps. Otherwise a kernel without the patch, which ignores the parameter without a word,
 * would leave a device on vfio-pci in a group that no VM can have.
 */
#ifndef CHANGE_PLAN_OVERRIDE_H
#define CHANGE_PLAN_OVERRIDE_H

#include "change/journal.h"
#include "change/plan.h"
#include "change/situation.h"

/*
 * Settles p->choices.acs_override (from `last` where it was not chosen; NULL: no change before), moves devices
 * that must wait from p->selection to p->waits, and adds what the user should know to p->warnings. -EINVAL
 * when the choice is no override.
 */
int plan_override(const struct situation *s, const struct change_record *last, struct plan *p,
		  struct err *reterr) must_check;

/* What p->waits means, for the user; the caller frees. */
char *plan_waits_text(const struct plan *p) must_check;

#endif
