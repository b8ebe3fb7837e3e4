/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vms: the virtual machines of this machine, what their files say and what they do now.
 *
 *	vms_load(&vms, host);		reads the files; what was known of a VM's run is kept
 *	vms_poll(&vms, fds, max)	what to wait for
 *	vms_timeout(&vms)		and for how long
 *	vms_go_on(&vms)			then
 *
 * VMs that run, and while they are shown all VMs, are looked at each second; nothing is
 * where there is none. Of another root than "/" nothing is known to run.
 */
#ifndef UI_VMS_H
#define UI_VMS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "host/host.h"
#include "ui/draw.h"
#include "vm/profile.h"
#include "vm/run.h"

#define VMS_POLLED 16 /* VMs that are asked at the same time */

struct vm_entry {
	char *name;
	struct vm_profile profile;
	struct vm_problems problems; /* of the file, and what does not go together */
	struct err err;              /* code 0, or why the file could not be read */
	struct vm_watch watch;
	int64_t launched; /* by a key here, and nothing of it was seen yet; milliseconds, else 0 */
	bool ended;       /* it ran, and does not any more: not told yet */
	struct err refused; /* why the last command was not carried out: not told yet */
};

struct vms {
	struct vm_entry *items;
	size_t len;
	bool live;      /* they can run here */
	bool shown;     /* a screen shows them */
	struct err err; /* code 0, or why they could not be listed */
};

void vms_load(struct vms *v, const struct host *host);
void vms_release(struct vms *v);
/* Index of a name, or SIZE_MAX. */
size_t vms_find(const struct vms *v, const char *name);
/* Fills at most VMS_POLLED; returns how many. */
size_t vms_poll(const struct vms *v, struct pollfd *ret);
/* Milliseconds until something is to be looked at, or -1. */
int vms_timeout(const struct vms *v);
void vms_go_on(struct vms *v);

/* "running", "starting", "ended with status 1"; returns its sign. */
enum sign vm_entry_state(const struct vms *v, const struct vm_entry *e, struct str *ret);
/* "3 h 12 min", nothing while it does not run. */
void vm_entry_uptime(const struct vm_entry *e, struct str *ret);
/* "0b:00.0 0b:00.1" */
void vm_entry_devices(const struct vm_entry *e, struct str *ret);
bool vm_entry_is_on(const struct vm_entry *e);

#endif
