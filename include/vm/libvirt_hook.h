/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt_hook: what libvirt runs before it starts a VM and after its end: the checks and
 * hand-overs that a domain's XML can't say.
 *
 * libvirt calls every program in /etc/libvirt/hooks/qemu.d with the domain's name, an
 * operation and a sub-operation (libvirt's docs/hooks): "prepare begin" comes before the
 * devices are taken, and a failure stops the start; "release end" comes when they are
 * back. A pure function: profile in, a bash script's bytes out.
 */
#ifndef VM_LIBVIRT_HOOK_H
#define VM_LIBVIRT_HOOK_H

#include "base/str.h"
#include "vm/profile.h"

/* Has this VM anything to do for a hook: ids to check, a desktop to end? */
bool libvirt_hook_is_needed(const struct vm_profile *p);
void libvirt_hook_write(struct str *out, const struct vm_profile *p);

#endif
