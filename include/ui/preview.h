/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * preview: a plan as rows (problems, files, commands, choices) and, for each row, the
 * lines of the pane below it.
 */
#ifndef UI_PREVIEW_H
#define UI_PREVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "change/plan.h"
#include "change/situation.h"
#include "ui/lines.h"

enum item_kind { ITEM_FINDING, ITEM_WAITS, ITEM_WARNING, ITEM_EDIT, ITEM_COMMAND, ITEM_CHOICE };

struct item {
	enum item_kind kind;
	size_t index; /* in the plan's list of that kind, or in the table of choices */
};

struct preview {
	struct situation *situation; /* not owned */
	struct selection marks;      /* what is planned for; copied */
	bool undo;                   /* the plan takes the last change back */
	struct {                     /* of any other plan; make NULL: none */
		int (*make)(const struct situation *s, const void *data, struct plan **ret,
			    struct err *reterr);
		void *data; /* owned */
		void (*free_data)(void *data);
		const char *title;
	} other;
	struct plan *plan;    /* NULL when planning failed */
	struct err err;       /* why */
	struct str conflicts; /* an undo: the three versions of each file that was edited since */
	struct plan_choices choices;
	struct strv users;     /* who could run the VM: choices.user points into it */
	struct strv overrides; /* of ACS that can be chosen: choices.acs_override points into it */
	struct strv forced;    /* codes of findings that the user typed to go on all the same */
	struct item *items;
	size_t len, cap;
	bool whole; /* launch scripts, with what is the same in all of them */
};

/* Plans; what goes wrong is in p->err. */
void preview_init(struct preview *p, struct situation *s, const struct selection *marks,
		  const char *override, bool undo);
/* For any other plan: takes `data`. */
void preview_init_other(struct preview *p, struct situation *s, const char *title,
			int (*make)(const struct situation *s, const void *data, struct plan **ret,
				    struct err *reterr),
			void *data, void (*free_data)(void *data));
void preview_release(struct preview *p);
/* Plans again, for the choices as they are now. */
void preview_rebuild(struct preview *p);
/* As above, for the machine as it is now; false when something else would be written, or nothing can be. */
bool preview_refresh(struct preview *p);
/* Index of the row to begin with: a problem that blocks, else the first file. */
size_t preview_start(const struct preview *p);
/* "5 files, 2 commands, then a reboot" */
void preview_title(const struct preview *p, struct str *ret);

/* A row in three columns: sign or number, what, why. */
struct preview_row {
	enum sign sign;
	char number[12];
	struct str what, why;
};
void preview_row(const struct preview *p, size_t index, struct preview_row *ret);
void preview_row_release(struct preview_row *r);
/* The pane for a row: its difference, its explanation. */
void preview_pane(const struct preview *p, size_t index, struct lines *ret);
/* Shows all of a launch script, or folds what is the same for every VM; false when the row has none. */
bool preview_fold(struct preview *p, size_t index, bool whole);
/* Steps the choice of a row forward (1) or back (-1) and plans again; false when the row is none. */
bool preview_choose(struct preview *p, size_t index, int step);

/* --- choices (ui/preview_choices.c) --- */
extern const size_t choices_len;
void choice_row(const struct preview *p, size_t index, struct str *what, struct str *why);
void choice_pane(const struct preview *p, size_t index, struct lines *ret);
void choice_step(struct preview *p, size_t index, int step);
/* Fills p->overrides: none, the usual ones, and `override`, which is chosen. */
void choices_find_overrides(struct preview *p, const char *override);
/* Fills p->users from the machine's passwd: its people, and root. */
void choices_find_users(struct preview *p);

#endif
