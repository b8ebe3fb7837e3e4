/* SPDX-License-Identifier: GPL-2.0-or-later */
/* view_form: what the form and the field that is typed into on top of it share. */
#ifndef UI_VIEW_FORM_H
#define UI_VIEW_FORM_H

#include "ui/app.h"
#include "ui/form.h"

struct form_page {
	struct form form;
	int top; /* first row shown */
	struct str script;
	int script_top;
	int script_changed; /* the first line that the last change changed; -1: none */
};

/* Where the value of the row under the cursor stands; false when it is not on the screen. */
bool form_page_cell(const struct app *app, const struct form_page *p, struct rect *ret);
/* Makes the launch script anew. */
void form_page_script(struct form_page *p);
/* Draws it, scrolled to what the last change changed. */
void form_page_draw_script(struct form_page *p, const struct canvas *pane);
/* Opens the field under the cursor: what this machine has to choose from, or a place to type. */
void view_field_open(struct app *app, struct form_page *p);

#endif
