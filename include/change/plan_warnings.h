/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_warnings: what a plan leaves to its user, in sentences: kernel parameters of a boot
 * loader that vfiotui does not edit, an initramfs generator it does not know, packages.
 */
#ifndef CHANGE_PLAN_WARNINGS_H
#define CHANGE_PLAN_WARNINGS_H

#include "change/plan.h"
#include "change/situation.h"

/* Appends to p->warnings; the targets have planned already. */
void plan_warn(const struct situation *s, struct plan *p);

/* True when /etc/passwd can be read and has no such user, and no other directory of the running system has. */
bool plan_user_is_unknown(const struct host *host, const char *user);

#endif
