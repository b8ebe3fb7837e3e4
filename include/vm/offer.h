/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * offer: which choices of a VM's fields the installed QEMU can carry out: sound outputs,
 * screens and cards come in packages of their own on some distributions, and with newer
 * versions.
 *
 *	vm_offer_ask(&o, qemu);			runs QEMU twice, for its lists
 *	vm_offer_has(&o, field, choice);	true where nothing is known
 *	vm_offer_release(&o);
 *
 * QEMU: "-audiodev help" (since 2.13), "-device help".
 */
#ifndef VM_OFFER_H
#define VM_OFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"
#include "vm/profile.h"

struct vm_offer {
	struct strv audio, devices; /* empty: not known */
};

#define VM_OFFER_INIT                                                                              \
	{                                                                                          \
		.audio = STRV_INIT, .devices = STRV_INIT                                           \
	}
#define auto_vm_offer cleanup_with(vm_offer_release)

/* NULL: there is none to ask, and nothing is known. */
void vm_offer_ask(struct vm_offer *ret, const char *qemu);
void vm_offer_release(struct vm_offer *o);
/* Can it be had? `choice` is the index in the field's choices. */
bool vm_offer_has(const struct vm_offer *o, const struct vm_field *f, size_t choice);

#endif
