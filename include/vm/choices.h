/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choices: what this machine has for a field of a VM: its devices, disks, bridges, keyboards.
 *
 * For a form to offer; any other value may be typed all the same.
 */
#ifndef VM_CHOICES_H
#define VM_CHOICES_H

#include <stdbool.h>
#include <stddef.h>

#include "advice/selection.h"
#include "host/host.h"
#include "machine/topology.h"
#include "machine/usage.h"
#include "vm/profile.h"

struct vm_choice {
	char *value; /* as the field takes it */
	char *text;  /* for people */
};

struct vm_choices {
	struct vm_choice *items;
	size_t len, cap;
};

#define VM_CHOICES_INIT                                                                            \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}

struct vm_choices_input {
	const struct host *host;
	const struct topology *topology;
	const struct usage *usage;           /* what the host uses is said so */
	const struct selection *handed_over; /* these come first */
	const char *name;                    /* of the VM, for the files that would be its own */
};

/* Does the machine know anything for this field? */
bool vm_choices_has(const struct vm_field *f);
/* Appends what it knows. */
void vm_choices_find(const struct vm_field *f, const struct vm_choices_input *in,
		     struct vm_choices *ret);
void vm_choices_release(struct vm_choices *c);

#endif
