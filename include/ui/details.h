/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * details: everything known about the row under the cursor, as lines of text.
 */
#ifndef UI_DETAILS_H
#define UI_DETAILS_H

#include "ui/app.h"
#include "ui/lines.h"

/* The lines for the row under the cursor; `brief` keeps the one that matters most. Notes its findings as seen. */
void details_make(struct app *app, bool brief, struct lines *ret);
/* "0b:00.1", "group 15", "this machine": the title of the pane. */
void details_title(const struct app *app, struct str *ret);

#endif
