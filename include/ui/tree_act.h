/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree_act: what each action does on the main screen; one table. */
#ifndef UI_TREE_ACT_H
#define UI_TREE_ACT_H

#include "ui/app.h"

void tree_act(struct app *app, struct view *v, enum action action);

#endif
