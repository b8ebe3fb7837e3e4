/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * app: the whole screen as a model: it takes input, and draws itself into a grid.
 *
 *	app_init(&app, situation, &options, charset);
 *	app_resize(&app, rows, cols);
 *	app_start(&app);			opens the views that belong on the screen at first
 *	app_input(&app, &input); ...		keys and mouse
 *	app_child(&app);			when app_child_fd() became readable
 *	app_changed(&app);			when the situation was scanned again
 *	app_draw(&app);				into app.grid
 *	app_release(&app);
 *
 * No terminal, no waiting: ui/loop.h does both, tests do neither. What only the loop
 * can do is left in app.request.
 */
#ifndef UI_APP_H
#define UI_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advice/finding.h"
#include "base/strv.h"
#include "change/journal.h"
#include "change/plan.h"
#include "change/situation.h"
#include "ui/draw.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/next.h"
#include "ui/ration.h"
#include "ui/runner.h"
#include "ui/tree.h"
#include "ui/ui.h"
#include "ui/vms.h"

enum input_kind { INPUT_KEY, INPUT_CLICK, INPUT_WHEEL };

struct input {
	enum input_kind kind;
	uint32_t key; /* INPUT_KEY: a character or an enum key */
	int row, col; /* mouse */
	int turn;     /* INPUT_WHEEL: -1 up, 1 down */
};

enum request {
	REQUEST_NONE,
	REQUEST_QUIT,
	REQUEST_REDRAW, /* everything, as if nothing were on the terminal */
	REQUEST_SUSPEND,
	REQUEST_RESCAN,
	REQUEST_SUDO, /* run this program again as root */
	REQUEST_DEMO, /* run this program again with --demo */
};

struct app;
struct view;

/* One kind of screen. Members that are NULL do nothing. */
struct view_ops {
	enum view_id id;
	bool overlay; /* draws on top of the view below it */
	void (*draw)(struct app *app, struct view *v, const struct canvas *screen);
	void (*act)(struct app *app, struct view *v, enum action action);
	/* Does the action work now? For the key bar; NULL: always. */
	bool (*can)(const struct app *app, const struct view *v, enum action action);
	void (*type)(struct app *app, struct view *v, uint32_t character);
	void (*click)(struct app *app, struct view *v, int row, int col);
	/* The situation was scanned again: pointers into the old snapshot are dead. */
	void (*changed)(struct app *app, struct view *v);
	void (*close)(struct view *v); /* frees v->state */
};

struct view {
	const struct view_ops *ops;
	void *state; /* owned by the view */
};

#define VIEWS_DEEP 12

#define OVERRIDE_TEXT 256 /* both words and as many ids as the patch takes */

/* What the journal says, read at the start and after each change. */
struct last_change {
	int id; /* 0: none that stands */
	bool unfinished;
	bool undone;                  /* the newest record took a change back */
	bool after_boot;              /* this machine booted since */
	char override[OVERRIDE_TEXT]; /* of ACS, as it wrote it; "": none */
};

struct app {
	struct situation *situation;      /* not owned */
	const struct ui_options *options; /* not owned */
	enum charset charset;
	struct grid grid;
	struct view views[VIEWS_DEEP];
	size_t depth;
	struct tree tree;
	struct findings findings; /* for the marks */
	struct strv seen;         /* "code subject" of findings that were under the cursor */
	struct last_change last;
	struct vms vms;
	char vm_target[VM_NAME_MAX + 1]; /* whom a question is about */
	char *override;        /* of ACS, chosen for the plan; NULL: as the last change has it */
	struct runner *runner; /* the change being applied, or NULL */
	char *message;         /* stands in the next line until a key is pressed, or NULL */
	enum sign message_sign;
	enum request request;
	struct ration ration; /* of a cursor move */
	bool details_focus;   /* keys scroll the details of the tree */
	int details_top;
	bool watching; /* changes of the machine show by themselves */
};

void app_init(struct app *app, struct situation *s, const struct ui_options *o,
	      enum charset charset);
void app_release(struct app *app);
void app_start(struct app *app);
void app_resize(struct app *app, int rows, int cols);
void app_input(struct app *app, const struct input *in);
void app_draw(struct app *app);
/* After situation_rescan() or _reload(): rows and findings anew; marks, folds and cursor stay. */
void app_changed(struct app *app);
/* The marks changed: rows and findings anew. */
void app_marked(struct app *app);
/* The same after a change was written: configuration and journal too. */
void app_reload(struct app *app);

/* The running command's output, or -1. */
int app_child_fd(const struct app *app);
void app_child(struct app *app);
/* What the virtual machines are waited for with: fills at most VMS_POLLED. */
size_t app_vm_poll(struct app *app, struct pollfd *ret);
void app_vms_go_on(struct app *app);
/* True while a change is being applied: the program must not end now. */
bool app_is_busy(const struct app *app);

/* --- for views --- */

/* Puts a view on top; takes `state`. When the stack is full the view is closed again. */
void app_push(struct app *app, const struct view_ops *ops, void *state);
/* Closes the top view; the last one stays. */
void app_pop(struct app *app);
/* Closes all views above the first. */
void app_pop_all(struct app *app);
struct view *app_top(struct app *app);
/* A sentence in the next line until the next key. */
void app_say(struct app *app, enum sign sign, const char *fmt, ...) printf_like(3, 4);
struct next_facts app_facts(const struct app *app);
bool app_is_root(const struct app *app);
/* A change stands, or the taking back of one is not complete. */
bool app_can_undo(const struct app *app);
/* The override of ACS that the plan will have: "downstream", "" for none. */
const char *app_override(const struct app *app);
/* It is another than the last change wrote. */
bool app_override_is_new(const struct app *app);
void app_choose_override(struct app *app, const char *text);
/* Findings about the whole machine, or a configuration that can't be read. */
bool app_host_has_problem(const struct app *app);
bool app_has_no_iommu(const struct app *app);
/* The row where a finding is looked at: its subject, or the device that a marked group lacks. */
uint64_t app_place_of(const struct app *app, const struct finding *f);
bool app_was_seen(const struct app *app, const struct finding *f);
void app_see(struct app *app, const struct finding *f);
/* Does the program do something on its own soon (elapsed time on the screen, details held back)? Milliseconds until then, or -1. */
int app_timeout(const struct app *app);

/* Runs the row of a table whose action matches. */
struct action_row {
	enum action action;
	void (*run)(struct app *app, struct view *v);
};
void actions_run(const struct action_row *rows, size_t len, struct app *app, struct view *v,
		 enum action action);

#endif
