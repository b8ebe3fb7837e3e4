/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * next: the one sentence that says what to do next and which key does it.
 *
 * A pure function of a few facts. Whoever only ever follows it gets from a stock
 * install to devices that are handed over, and back.
 */
#ifndef UI_NEXT_H
#define UI_NEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/draw.h"

struct next_facts {
	bool no_iommu;   /* absent, or no groups */
	bool unfinished; /* the last change failed or was interrupted */
	bool undone; /* the last change took one back, and the machine still runs as before it */
	bool root;   /* may write */
	bool live;   /* this machine, not a recording or a directory */
	bool demo;   /* a recording that came with the program */
	bool after_boot; /* this machine booted since the last change */
	size_t devices;  /* that can be marked at all */
	size_t marked;
	bool differs; /* marks are not what is configured */
	size_t configured;
	size_t active;        /* of the configured ones: on vfio-pci now */
	bool override_is_new; /* an override of ACS was chosen that is not written yet */
	bool override_waits;  /* one is configured, and this kernel was started without it */
	size_t vms;           /* virtual machines that are described */
	const char *vm;       /* the only one's name, or NULL */
	bool vm_on;           /* one of them runs */
	bool moved;           /* devices moved since the last change, and nobody looked yet */
	size_t blocks;        /* findings that block */
	bool completes;       /* the cursor is on the device that a marked group lacks */
	size_t problems;      /* findings that block or warn: as many as the preview shows */
	bool unseen;          /* the cursor was not on all of them yet */
};

struct next_step {
	const char *text;  /* "mark what the VM shall get (Space)"; static */
	const char *brief; /* for 40 columns */
	size_t number;     /* where the text has "%zu" */
	const char *name;  /* where it has "%s": a VM's */
	enum sign sign;    /* SIGN_OK at the end of the way */
};

struct next_step next_step(const struct next_facts *f);
/* "Next: ..." with the number filled in; appends. */
void next_format(const struct next_step *n, bool brief, struct str *ret);

#endif
