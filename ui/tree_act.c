/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tree_act.h"

#include <string.h>

#include "base/mem.h"
#include "ui/tree_draw.h"
#include "ui/views.h"
#include "ui/vm_act.h"

/* --- moving -------------------------------------------------------------------------------- */

static size_t page(const struct app *app)
{
	int rows = tree_layout(app).list.rows;

	return rows > 1 ? (size_t)rows - 1 : 1;
}

static void move(struct app *app, long by)
{
	if (app->details_focus) {
		app->details_top += (int)by;
		if (app->details_top < 0)
			app->details_top = 0;
		return;
	}
	tree_move(&app->tree, by);
	app->details_top = 0;
	if (by == 1 || by == -1)
		ration_begin(&app->ration, runner_clock());
}

static void up(struct app *app, struct view *v)
{
	(void)v;
	move(app, -1);
}

static void down(struct app *app, struct view *v)
{
	(void)v;
	move(app, 1);
}

static void page_up(struct app *app, struct view *v)
{
	(void)v;
	move(app, app->details_focus ? -4 : -(long)page(app));
}

static void page_down(struct app *app, struct view *v)
{
	(void)v;
	move(app, app->details_focus ? 4 : (long)page(app));
}

static void home(struct app *app, struct view *v)
{
	(void)v;
	move(app, -100000);
}

static void end(struct app *app, struct view *v)
{
	(void)v;
	move(app, 100000);
}

static void fold(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	(void)v;
	if (!row)
		return;
	tree_fold(&app->tree, false);
	app_marked(app);
}

static void unfold(struct app *app, struct view *v)
{
	(void)v;
	tree_fold(&app->tree, true);
	app_marked(app);
}

static void open(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	if (!row || app->details_focus)
		app->details_focus = false;
	else if (row->kind != ROW_GROUP)
		app->details_focus = true;
	else if (row->open)
		fold(app, v);
	else
		unfold(app, v);
}

static void back(struct app *app, struct view *v)
{
	(void)v;
	app->details_focus = false;
	app->details_top = 0;
	str_clear(&app->tree.search);
}

static void filter(struct app *app, struct view *v)
{
	struct tree *t = &app->tree;

	(void)v;
	t->filter = (enum filter)((t->filter + 1) % FILTERS);
	app_marked(app);
	if (!t->rows.len)
		app_say(app, SIGN_NOTE, "no %s here; f shows the next kind",
			filter_name(t->filter));
}

/* --- marking --------------------------------------------------------------------------------- */

static void say_marked(struct app *app, size_t before)
{
	if (app->tree.marks.len == before)
		app_say(app, SIGN_NOTE, "nothing to mark here: bridges stay with the host");
}

static void mark_group(struct app *app, int group)
{
	size_t before = app->tree.marks.len;

	if (group < 0) {
		app_say(app, SIGN_NOTE,
			"these devices have no IOMMU group; Space marks a single one");
		return;
	}
	selection_toggle_group(&app->tree.marks, app->situation->topology, group);
	say_marked(app, before);
	app_marked(app);
}

static void group(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	(void)v;
	if (row && row->kind != ROW_HOST)
		mark_group(app, row->group);
}

static void mark(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);
	char bdf[PCI_ADDR_TEXT];

	(void)v;
	if (!row || row->kind == ROW_HOST)
		return;
	if (row->kind == ROW_GROUP) {
		mark_group(app, row->group);
		return;
	}
	if (row->device && !device_can_be_taken(app->situation->topology, row->device) &&
	    !selection_has(&app->tree.marks, &row->addr)) {
		app_say(app, SIGN_NOTE,
			device_is_takeable(row->device) ? "%s is a bridge: it stays with the host; "
							  "its group is of no use to a VM"
							: "%s is a bridge: it stays with the host "
							  "and keeps no group from being used",
			pci_addr_format_short(&row->addr, bdf));
		return;
	}
	selection_toggle(&app->tree.marks, &row->addr);
	app_marked(app);
}

static void card(struct app *app, struct view *v)
{
	const struct row *row = tree_row(&app->tree);

	(void)v;
	if (!row || row->kind != ROW_DEVICE || row->device->is_bridge) {
		app_say(app, SIGN_NOTE, "stand on a device to mark all functions of its card");
		return;
	}
	selection_toggle_slot(&app->tree.marks, app->situation->topology, &row->addr);
	app_marked(app);
}

/* --- problems ---------------------------------------------------------------------------------- */

static bool is_problem(const struct finding *f)
{
	return f->severity != SEVERITY_NOTE;
}

/* The row of the next problem: first those nobody looked at, the worst before others; then round and round. */
static uint64_t next_problem(const struct app *app)
{
	const struct findings *all = &app->findings;
	size_t here = all->len;

	for (size_t i = 0; i < all->len; i++)
		if (is_problem(&all->items[i]) && !app_was_seen(app, &all->items[i]))
			return app_place_of(app, &all->items[i]);
	for (size_t i = 0; i < all->len; i++)
		if (app_place_of(app, &all->items[i]) == app->tree.cursor)
			here = i;
	for (size_t i = 1; i <= all->len; i++) {
		const struct finding *f = &all->items[(here + i) % all->len];

		if (is_problem(f) && app_place_of(app, f) != app->tree.cursor)
			return app_place_of(app, f);
	}
	return 0;
}

static void tab(struct app *app, struct view *v)
{
	uint64_t tag = app->details_focus ? 0 : next_problem(app);

	(void)v;
	if (tag && tree_go_to(&app->tree, app->situation->topology, tag))
		app_marked(app);
	else
		app->details_focus = !app->details_focus;
}

/* --- searching --------------------------------------------------------------------------------- */

static void search(struct app *app, struct view *v)
{
	(void)v;
	app->details_focus = false;
	/* What was searched for before is not the beginning of this. */
	str_clear(&app->tree.search);
	app_push(app, &view_search, NULL);
}

static void find(struct app *app, int step)
{
	if (!app->tree.search.len)
		app_say(app, SIGN_NOTE, "nothing to find yet: / asks for a word");
	else if (!tree_find(&app->tree, app->situation->topology, step, false))
		app_say(app, SIGN_NOTE, "not found: %s", app->tree.search.data);
	app_marked(app);
}

static void again(struct app *app, struct view *v)
{
	(void)v;
	find(app, 1);
}

static void again_back(struct app *app, struct view *v)
{
	(void)v;
	find(app, -1);
}

/* --- to other screens ---------------------------------------------------------------------------- */

static void preview(struct app *app, struct view *v)
{
	(void)v;
	view_preview_open(app);
}

static void what_if(struct app *app, struct view *v)
{
	(void)v;
	view_acs_open(app);
}

static void undo(struct app *app, struct view *v)
{
	(void)v;
	view_preview_open_undo(app);
}

static void status(struct app *app, struct view *v)
{
	(void)v;
	if (app_has_no_iommu(app) && !app->situation->configured.len)
		view_noiommu_open(app);
	else
		view_verify_open(app);
}

static void vms(struct app *app, struct view *v)
{
	(void)v;
	view_vms_open(app);
}

/* The only VM; of several one is chosen; without any the key is the vi one for Right. */
static void launch(struct app *app, struct view *v)
{
	if (!app->vms.len)
		unfold(app, v);
	else if (app->vms.len > 1)
		view_vms_open(app);
	else if (vm_entry_is_on(&app->vms.items[0]))
		view_vm_open(app, app->vms.items[0].name);
	else
		vm_launch(app, &app->vms.items[0]);
}

static void rescan(struct app *app, struct view *v)
{
	(void)v;
	app->request = REQUEST_RESCAN;
}

static void quit_now(struct app *app, void *data)
{
	(void)data;
	app->request = REQUEST_QUIT;
}

static void restart_now(struct app *app, void *data)
{
	(void)data;
	app->request = REQUEST_SUDO;
}

static bool marks_would_be_lost(const struct app *app)
{
	return !selection_equal(&app->tree.marks, &app->situation->configured) ||
	       app_override_is_new(app);
}

void view_tree_leave(struct app *app)
{
	if (app_is_busy(app))
		app_say(app, SIGN_WARN, "a change is being written; wait for its end, or Ctrl-C");
	else if (marks_would_be_lost(app))
		view_ask_open(app, "Quit",
			      "What you marked is not written anywhere. Quit all the same?",
			      quit_now, NULL);
	else
		quit_now(app, NULL);
}

static bool has_sudo(const struct host *host)
{
	return host_find_program(host, "sudo", NULL) || host_find_program(host, "doas", NULL);
}

void view_tree_restart(struct app *app)
{
	if (app_is_root(app))
		app_say(app, SIGN_NOTE, "vfiotui runs as root already");
	else if (!app->options->argv || !has_sudo(app->situation->host))
		app_say(app, SIGN_NOTE,
			"there is no sudo here: quit (q), and start vfiotui as root");
	else if (marks_would_be_lost(app))
		view_ask_open(
			app, "Restart",
			"The marks are not kept over a restart. Restart with sudo all the same?",
			restart_now, NULL);
	else
		restart_now(app, NULL);
}

static void leave(struct app *app, struct view *v)
{
	(void)v;
	view_tree_leave(app);
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct action_row table[] = {
	{ACTION_UP, up},           {ACTION_DOWN, down},
	{ACTION_PAGE_UP, page_up}, {ACTION_PAGE_DOWN, page_down},
	{ACTION_HOME, home},       {ACTION_END, end},
	{ACTION_LEFT, fold},       {ACTION_RIGHT, unfold},
	{ACTION_OPEN, open},       {ACTION_TAB, tab},
	{ACTION_MARK, mark},       {ACTION_GROUP, group},
	{ACTION_CARD, card},       {ACTION_SEARCH, search},
	{ACTION_AGAIN, again},     {ACTION_AGAIN_BACK, again_back},
	{ACTION_FILTER, filter},   {ACTION_PREVIEW, preview},
	{ACTION_STATUS, status},   {ACTION_UNDO, undo},
	{ACTION_RESCAN, rescan},   {ACTION_BACK, back},
	{ACTION_LEAVE, leave},     {ACTION_ACS, what_if},
	{ACTION_VMS, vms},         {ACTION_LAUNCH, launch},
};

void tree_act(struct app *app, struct view *v, enum action action)
{
	actions_run(table, ARRAY_SIZE(table), app, v, action);
}
