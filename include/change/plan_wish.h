/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_wish: what the files shall say, made of a snapshot, a selection and the choices.
 *
 * Pure. Selected devices that are not in the snapshot are left out; a finding names them.
 */
#ifndef CHANGE_PLAN_WISH_H
#define CHANGE_PLAN_WISH_H

#include <stdbool.h>

#include "advice/selection.h"
#include "base/strv.h"
#include "change/plan.h"
#include "config/files.h"
#include "config/wish.h"
#include "machine/platform.h"
#include "machine/topology.h"

struct plan_wish_input {
	const struct topology *topology;
	const struct platform *platform;
	const struct selection *selection;
	const struct plan_choices *choices;
	const struct selection
		*by_address;      /* NULL: decided here; else exactly these are bound so */
	const struct strv *owned; /* tokens of the last change; NULL: none */
	bool kvm_group;           /* this machine has a group "kvm" */
};

/* The driver that takes the devices: "vfio-pci", or "pci-stub" for a kernel that has that one alone. */
const char *plan_wish_driver(const struct platform *p);
/* *ret is initialised here, for wish_release(). */
void plan_wish(const struct plan_wish_input *in, struct wish *ret);
/*
 * Reads all VMs' profiles into the wish, `but` one (NULL: none left out); a sentence in
 * `warnings` for each line that can't be taken.
 */
int plan_wish_vms(struct wish *w, struct files *files, const char *but, struct strv *warnings,
		  struct err *reterr) must_check;
/* Does the text of /etc/group name that group? */
bool group_file_has(const char *text, const char *group);

#endif
