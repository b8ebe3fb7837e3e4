/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_act: what the keys do to a VM, the same in the list, in its own screen and, for the
 * launch, on the tree.
 */
#ifndef UI_VM_ACT_H
#define UI_VM_ACT_H

#include "ui/app.h"
#include "ui/lines.h"

/* Launch, shut down, pause, force off, edit, delete, log. */
void vm_act(struct app *app, struct vm_entry *e, enum action action);
bool vm_can(const struct app *app, const struct vm_entry *e, enum action action);
/* Starts it and opens its screen; says why when it can't. */
void vm_launch(struct app *app, struct vm_entry *e);
/* What is wrong with it or how its last run ended, then its devices and where they are. */
void vm_details(const struct app *app, const struct vm_entry *e, struct lines *ret);
/* Says in the next line what happened meanwhile: a VM that ended, a command that was refused. */
void vm_tell(struct app *app);

#endif
