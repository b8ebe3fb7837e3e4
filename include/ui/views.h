/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * views: the screens of the program, each in ui/view_NAME.c, and how they open.
 *
 * A new screen is one file, one line here, and its rows in the key table.
 */
#ifndef UI_VIEWS_H
#define UI_VIEWS_H

#include "change/plan.h"
#include "ui/app.h"

extern const struct view_ops view_tree, view_search;

/* Leaves the program, after a question when marks would be lost. */
void view_tree_leave(struct app *app);
/* Runs the program again as root, after the same question; says why when it can't. */
void view_tree_restart(struct app *app);

/* The help page, with the keys of the view it is opened from. */
void view_help_open(struct app *app, enum view_id from);
/* What is missing when there is no IOMMU, and how to get it. */
void view_noiommu_open(struct app *app);

/* Virtual machines: all of them; one of them; its log; its form (NULL: of a new one). */
void view_vms_open(struct app *app);
void view_vm_open(struct app *app, const char *name);
void view_vm_log_open(struct app *app, const char *name);
void view_form_open(struct app *app, const char *name);

/* Preview of any other plan: `make` plans it, also again when the machine changed; takes `data`. */
typedef int (*plan_fn)(const struct situation *s, const void *data, struct plan **ret,
		       struct err *reterr);
void view_preview_open_plan(struct app *app, const char *title, plan_fn make, void *data,
			    void (*free_data)(void *data));

/* Preview of the marks, or of taking back the last change. Says why when there is nothing to show. */
void view_preview_open(struct app *app);
void view_preview_open_undo(struct app *app);

/* Applies the plan, which it takes. */
void view_apply_open(struct app *app, struct plan *plan);
/* Asks whether the running command shall be stopped. */
void view_apply_interrupt(struct app *app);
/* The runner is done: reads the machine again. */
void view_apply_finished(struct app *app);

/* Today's groups beside those under an override of ACS. */
void view_acs_open(struct app *app);
/* The ids that the override may name, over the view of `acs`. */
struct acs_page;
void view_acs_ids_open(struct app *app, struct acs_page *acs);

/* Holds the last change against the machine. */
void view_verify_open(struct app *app);

/* Asks for a word; `then` runs with `data` when exactly it was typed. Text is copied. */
void view_confirm_open(struct app *app, const char *title, const char *text, const char *word,
		       void (*then)(struct app *app, void *data), void *data);
/* Asks y or n. */
void view_ask_open(struct app *app, const char *title, const char *text,
		   void (*then)(struct app *app, void *data), void *data);

#endif
