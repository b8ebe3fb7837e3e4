/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input: keys become actions; a few mean the same everywhere, the top view gets the others. */
#include <stdlib.h>

#include "base/mem.h"
#include "ui/app.h"
#include "ui/views.h"
#include "ui/vm_act.h"

static void forget_message(struct app *app)
{
	free(app->message);
	app->message = NULL;
}

static void redraw(struct app *app, struct view *v)
{
	(void)v;
	app->request = REQUEST_REDRAW;
}

static void suspend(struct app *app, struct view *v)
{
	(void)v;
	app->request = REQUEST_SUSPEND;
}

static void help(struct app *app, struct view *v)
{
	view_help_open(app, v->ops->id);
}

static void quit(struct app *app, struct view *v)
{
	(void)v;
	view_tree_leave(app);
}

static void interrupt(struct app *app, struct view *v)
{
	if (v->ops->id & (VIEWS_TYPING | VIEW_ASK))
		app_pop(app);
	else if (app_is_busy(app))
		view_apply_interrupt(app);
	else
		view_tree_leave(app);
}

static void sudo(struct app *app, struct view *v)
{
	(void)v;
	view_tree_restart(app);
}

static const struct action_row everywhere[] = {
	{ACTION_REDRAW, redraw}, {ACTION_SUSPEND, suspend},     {ACTION_HELP, help},
	{ACTION_QUIT, quit},     {ACTION_INTERRUPT, interrupt}, {ACTION_SUDO, sudo},
};

static void take_key(struct app *app, uint32_t key)
{
	struct view *v = app_top(app);
	enum action action = keys_action(v->ops->id, key);

	if (action == ACTION_NONE && v->ops->type && key_is_text(key)) {
		v->ops->type(app, v, key);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++)
		if (everywhere[i].action == action) {
			everywhere[i].run(app, v);
			return;
		}
	if (action != ACTION_NONE && v->ops->act)
		v->ops->act(app, v, action);
}

void app_input(struct app *app, const struct input *in)
{
	struct view *v = app_top(app);

	forget_message(app);
	ration_end(&app->ration);
	if (in->kind == INPUT_KEY)
		take_key(app, in->key);
	else if (in->kind == INPUT_CLICK && v->ops->click)
		v->ops->click(app, v, in->row, in->col);
	else if (in->kind == INPUT_WHEEL && v->ops->act)
		for (int i = 0; i < 3; i++)
			v->ops->act(app, v, in->turn < 0 ? ACTION_UP : ACTION_DOWN);
}

/* --- the change that is being applied --------------------------------------------- */

int app_child_fd(const struct app *app)
{
	return app->runner ? runner_fd(app->runner) : -1;
}

bool app_is_busy(const struct app *app)
{
	return app->runner && !app->runner->done;
}

void app_child(struct app *app)
{
	if (!app_is_busy(app))
		return;
	runner_ready(app->runner);
	if (app->runner->done)
		view_apply_finished(app);
}

/* --- virtual machines ---------------------------------------------------------------- */

static bool shows_vms(const struct app *app)
{
	for (size_t i = 0; i < app->depth; i++)
		if (app->views[i].ops->id & (VIEW_VMS | VIEW_VM | VIEW_VM_LOG))
			return true;
	return false;
}

size_t app_vm_poll(struct app *app, struct pollfd *ret)
{
	app->vms.shown = shows_vms(app);
	return vms_poll(&app->vms, ret);
}

void app_vms_go_on(struct app *app)
{
	vms_go_on(&app->vms);
	vm_tell(app);
}

int app_timeout(const struct app *app)
{
	const int vms = vms_timeout(&app->vms);
	const int other = app_is_busy(app) ? runner_wait(app->runner)
					   : ration_wait(&app->ration, runner_clock());

	return other < 0 || (vms >= 0 && vms < other) ? vms : other;
}
