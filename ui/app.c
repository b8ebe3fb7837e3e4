/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/app.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "advice/override.h"
#include "advice/rules.h"
#include "base/mem.h"
#include "ui/frame.h"
#include "ui/start.h"
#include "ui/views.h"

void app_init(struct app *app, struct situation *s, const struct ui_options *o,
	      enum charset charset)
{
	*app = (struct app){
		.situation = s,
		.options = o,
		.charset = charset,
		.grid = GRID_INIT,
		.findings = FINDINGS_INIT,
		.seen = STRV_INIT,
	};
	tree_init(&app->tree, &s->configured);
	vms_load(&app->vms, s->host);
	app_marked(app);
	tree_start(&app->tree, s->topology);
	app_push(app, &view_tree, NULL);
}

void app_release(struct app *app)
{
	while (app->depth)
		app_pop(app);
	tree_release(&app->tree);
	findings_release(&app->findings);
	strv_release(&app->seen);
	vms_release(&app->vms);
	grid_release(&app->grid);
	ration_release(&app->ration);
	runner_free(app->runner);
	free(app->message);
	free(app->override);
}

void app_resize(struct app *app, int rows, int cols)
{
	grid_resize(&app->grid, rows, cols);
}

/* --- the snapshot and what follows from it --------------------------------------- */

void app_marked(struct app *app)
{
	const struct situation *s = app->situation;
	const struct rules_input in = situation_rules(s, &app->tree.marks);

	findings_release(&app->findings);
	rules_check(&in, &app->findings);
	tree_rebuild(&app->tree, s->topology, &s->configured, app_host_has_problem(app));
	app->details_top = 0;
}

void app_changed(struct app *app)
{
	int top = app->details_top;

	app_marked(app);
	app->details_top = top;
	for (size_t i = 0; i < app->depth; i++)
		if (app->views[i].ops->changed)
			app->views[i].ops->changed(app, &app->views[i]);
}

void app_reload(struct app *app)
{
	struct err err = ERR_INIT;

	if (situation_reload(app->situation, &err) < 0)
		app_say(app, SIGN_BLOCK, "%s", err.text);
	start_read_journal(app);
	vms_load(&app->vms, app->situation->host);
	if (!app_override_is_new(app)) {
		free(app->override);
		app->override = NULL;
	}
	app_changed(app);
}

bool app_is_root(const struct app *app)
{
	return app->situation->platform->is_root;
}

bool app_can_undo(const struct app *app)
{
	return app->last.id || app->last.unfinished;
}

const char *app_override(const struct app *app)
{
	return app->override ? app->override : app->last.override;
}

bool app_override_is_new(const struct app *app)
{
	return strcmp(app_override(app), app->last.override) != 0;
}

void app_choose_override(struct app *app, const char *text)
{
	char *chosen = xstrdup(text);

	free(app->override);
	app->override = chosen;
}

bool app_has_no_iommu(const struct app *app)
{
	const struct situation *s = app->situation;

	return s->platform->iommu != IOMMU_ON && s->topology->groups_len == 0;
}

bool app_host_has_problem(const struct app *app)
{
	if (app->situation->config_error.code)
		return true;
	for (size_t i = 0; i < app->findings.len; i++)
		if (app->findings.items[i].severity != SEVERITY_NOTE &&
		    strcmp(app->findings.items[i].subject, "host") == 0)
			return true;
	return false;
}

/* The first member of a group that would keep it from being used, or NULL. */
static const struct device *missing_member(const struct app *app, int group)
{
	const struct topology *t = app->situation->topology;
	const struct iommu_group *g = topology_group(t, group);

	for (size_t i = 0; g && i < g->len; i++) {
		const struct device *d = &t->devices[g->members[i]];

		if (device_is_takeable(d) && member_stays_with_host(d, &app->tree.marks))
			return d;
	}
	return NULL;
}

uint64_t app_place_of(const struct app *app, const struct finding *f)
{
	const struct device *missing = NULL;

	if (strcmp(f->code, "group-incomplete") == 0 && text_starts_with(f->subject, "group:"))
		missing = missing_member(app, atoi(f->subject + strlen("group:")));
	return missing ? tag_of_device(&missing->addr) : tag_of_subject(f->subject);
}

static char *seen_key(const struct finding *f)
{
	return xasprintf("%s %s", f->code, f->subject);
}

bool app_was_seen(const struct app *app, const struct finding *f)
{
	auto_free char *key = seen_key(f);

	return strv_has(&app->seen, key);
}

void app_see(struct app *app, const struct finding *f)
{
	auto_free char *key = seen_key(f);

	strv_add_unique(&app->seen, key);
}

static size_t count_active(const struct situation *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->configured.len; i++) {
		const struct device *d = topology_find(s->topology, &s->configured.items[i]);

		n += d && driver_is_vfio(d->driver);
	}
	return n;
}

static size_t count_takeable(const struct topology *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += device_can_be_taken(t, &t->devices[i]);
	return n;
}

/* What is configured for the next boot is not what this kernel was started with. */
static bool override_waits(const struct situation *s)
{
	auto_free char *line = strv_join(&s->present.kernel_params, " ");
	struct acs_override_set then, now;

	acs_override_of_line(line, &then);
	acs_override_of_line(s->platform->cmdline, &now);
	return !acs_override_has(&now, &then);
}

static bool any_vm_on(const struct vms *v)
{
	for (size_t i = 0; i < v->len; i++)
		if (vm_entry_is_on(&v->items[i]))
			return true;
	return false;
}

struct next_facts app_facts(const struct app *app)
{
	const struct situation *s = app->situation;
	struct next_facts f = {
		.no_iommu = app_has_no_iommu(app),
		.unfinished = app->last.unfinished,
		.undone = app->last.undone,
		.root = app_is_root(app),
		.live = host_is_live(s->host),
		.demo = app->options->demo,
		.after_boot = app->last.after_boot,
		.devices = count_takeable(s->topology),
		.marked = app->tree.marks.len,
		.differs = !selection_equal(&app->tree.marks, &s->configured),
		.configured = s->configured.len,
		.active = count_active(s),
		.override_is_new = app_override_is_new(app),
		.override_waits = override_waits(s),
		.vms = app->vms.len,
		.vm = app->vms.len == 1 ? app->vms.items[0].name : NULL,
		.vm_on = any_vm_on(&app->vms),
		.blocks = findings_count(&app->findings, SEVERITY_BLOCK),
	};

	for (size_t i = 0; i < app->findings.len; i++)
		f.completes = f.completes ||
			      (strcmp(app->findings.items[i].code, "group-incomplete") == 0 &&
			       app_place_of(app, &app->findings.items[i]) == app->tree.cursor);
	for (size_t i = 0; i < app->findings.len; i++) {
		const struct finding *finding = &app->findings.items[i];

		if (finding->severity == SEVERITY_NOTE)
			continue;
		f.problems++;
		f.moved = f.moved ||
			  (!strcmp(finding->code, "moved") && !app_was_seen(app, finding));
		f.unseen = f.unseen || !app_was_seen(app, finding);
	}
	return f;
}

/* --- views ------------------------------------------------------------------------- */

static void close_view(struct view *v)
{
	if (v->ops->close)
		v->ops->close(v);
	*v = (struct view){.ops = NULL};
}

void app_push(struct app *app, const struct view_ops *ops, void *state)
{
	struct view v = {.ops = ops, .state = state};

	if (app->depth == VIEWS_DEEP)
		close_view(&v);
	else
		app->views[app->depth++] = v;
}

void app_pop(struct app *app)
{
	if (app->depth)
		close_view(&app->views[--app->depth]);
}

void app_pop_all(struct app *app)
{
	while (app->depth > 1)
		app_pop(app);
}

struct view *app_top(struct app *app)
{
	return &app->views[app->depth - 1];
}

void app_say(struct app *app, enum sign sign, const char *fmt, ...)
{
	va_list ap;

	free(app->message);
	va_start(ap, fmt);
	app->message = xvasprintf(fmt, ap);
	va_end(ap);
	app->message_sign = sign;
}

void actions_run(const struct action_row *rows, size_t len, struct app *app, struct view *v,
		 enum action action)
{
	for (size_t i = 0; i < len; i++)
		if (rows[i].action == action) {
			rows[i].run(app, v);
			return;
		}
}

/* --- drawing ----------------------------------------------------------------------- */

static void draw_too_small(const struct canvas *screen)
{
	draw_wrapped(screen, 0, 0, 0, ROLE_WARN,
		     "vfiotui needs at least 40 columns and 12 rows. F10 quits.");
}

void app_draw(struct app *app)
{
	struct canvas screen = {
		.grid = &app->grid,
		.area = {0, 0, app->grid.rows, app->grid.cols},
		.charset = app->charset,
	};
	size_t first = app->depth - 1;

	ration_keep(&app->ration, &app->grid, app->tree.top, runner_clock());
	grid_clear(&app->grid);
	if (layout_compute(app->grid.rows, app->grid.cols, &(struct layout_wish){.notice = false})
		    .too_small) {
		draw_too_small(&screen);
		return;
	}
	while (first > 0 && app->views[first].ops->overlay)
		first--;
	for (size_t i = first; i < app->depth; i++)
		app->views[i].ops->draw(app, &app->views[i], &screen);
}
