/* SPDX-License-Identifier: GPL-2.0-or-later */
/* start: what the journal says, and which views open by themselves because of it. */
#ifndef UI_START_H
#define UI_START_H

#include "ui/app.h"

/* Fills app.last; without permission to read the journal nothing is known. */
void start_read_journal(struct app *app);

#endif
