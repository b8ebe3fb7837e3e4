/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lacks: what a profile asks for and this machine does not have now.
 *
 * Said beside the fields while they are chosen, so that the launch script's preflight is not
 * the first to say it. None of it keeps a profile from being written: a package may be
 * installed, a disk plugged in later. What does not go together at all is vm_profile_check()'s.
 */
#ifndef VM_LACKS_H
#define VM_LACKS_H

#include "host/host.h"
#include "machine/platform.h"
#include "machine/topology.h"
#include "vm/offer.h"
#include "vm/profile.h"

struct vm_lacks_input {
	const struct host *host;
	const struct platform *platform;
	const struct topology *topology;
	const struct vm_offer *offer;
};

/* Appends a sentence for each, to its field. */
void vm_lacks(const struct vm_profile *p, const struct vm_lacks_input *in, struct vm_problems *ret);

#endif
