/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice/rules.h"
#include "base/mem.h"
#include "change/undo.h"
#include "change/verify.h"
#include "ui/views.h"

/* Holds the id of the change whose promises were shown after a reboot. */
#define SHOWN_PATH JOURNAL_DIR "/verify-shown"

/* Another root's kernel is not running: there is no boot to speak of. */
static bool booted_since(const struct host *host, time_t when)
{
	auto_str struct str stat = STR_INIT;
	time_t boot;

	return host_is_live(host) && host_read(host, "/proc/stat", &stat, NULL) == 0 &&
	       verify_boot_time(stat.data, &boot) && boot > when;
}

void start_read_journal(struct app *app)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *last, *newest;

	app->last = (struct last_change){.id = 0};
	if (journal_load(app->situation->host, &j, NULL) < 0)
		return;
	if (j.damaged_len)
		app_say(app, SIGN_BLOCK,
			"the record of change %d in the journal is damaged: s says what to do",
			j.damaged[j.damaged_len - 1].id);
	if (!j.len)
		return;
	last = journal_last(&j);
	newest = &j.items[j.len - 1];
	app->last.id = last ? last->id : 0;
	if (last && last->choices.acs_override)
		snprintf(app->last.override, sizeof(app->last.override), "%s",
			 last->choices.acs_override);
	app->last.unfinished = journal_unfinished(&j) || journal_interrupted(&j);
	app->last.after_boot = booted_since(app->situation->host, newest->when);
	app->last.undone = newest->undoes && !app->last.after_boot &&
			   host_is_live(app->situation->host);
}

/* --- an interrupted change ---------------------------------------------------------- */

static void repair(struct app *app, void *data)
{
	enum recovery found;
	auto_str struct str text = STR_INIT;
	struct err err = ERR_INIT;

	(void)data;
	if (undo_recover(app->situation->host, true, &found, &text, &err) < 0)
		app_say(app, SIGN_BLOCK, "%s", err.text);
	else
		app_say(app, SIGN_OK, "%s", text.data);
	app_reload(app);
}

static bool offer_repair(struct app *app)
{
	enum recovery found = RECOVERY_NONE;
	auto_str struct str text = STR_INIT;
	auto_free char *question = NULL;

	if (!app_is_root(app) ||
	    undo_recover(app->situation->host, false, &found, &text, NULL) < 0 ||
	    found == RECOVERY_NONE)
		return false;
	if (found == RECOVERY_RUNNING) {
		app_say(app, SIGN_CHANGE, "%s", text.data);
		return false;
	}
	question = xasprintf("%s\n\nType yes to have it repaired now.", text.data);
	view_confirm_open(app, "The last change was interrupted", question, "yes", repair, NULL);
	return true;
}

/* --- after the reboot --------------------------------------------------------------- */

static bool was_shown(const struct host *host, int id)
{
	auto_str struct str line = STR_INIT;

	return host_read_line(host, SHOWN_PATH, &line, NULL) == 0 && atoi(line.data) == id;
}

static void remember_shown(const struct host *host, int id)
{
	auto_free char *text = xasprintf("%d\n", id);
	struct host_new as = {.mode = 0600, .uid = (uid_t)-1, .gid = (gid_t)-1};

	/* Nothing is lost when it can't be written: the page then opens once more. */
	if (host_write(host, SHOWN_PATH, text, strlen(text), &as, NULL) < 0)
		return;
}

static bool verify_is_due(const struct app *app)
{
	return app_is_root(app) && app->last.id && app->last.after_boot &&
	       !was_shown(app->situation->host, app->last.id);
}

/* --- the second step of an override ------------------------------------------------- */

/* Nobody of its group would stay with the host any more: the reboot has parted it. */
static bool has_parted(const struct app *app, const struct pci_addr *a)
{
	const struct situation *s = app->situation;
	const struct device *d = topology_find(s->topology, a);
	const struct iommu_group *g = d ? topology_group(s->topology, d->group) : NULL;

	return g && group_state(s->topology, g, &app->tree.marks) == GROUP_OK;
}

/* What the last change left out until the groups have parted is marked again once they have. */
static void mark_second_step(struct app *app)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *last;
	size_t before = app->tree.marks.len;

	if (journal_load(app->situation->host, &j, NULL) < 0 || !(last = journal_last(&j)))
		return;
	for (size_t i = 0; i < last->waits.len; i++)
		selection_add(&app->tree.marks, &last->waits.items[i]);
	for (size_t i = 0; i < last->waits.len; i++)
		if (!has_parted(app, &last->waits.items[i]) &&
		    !selection_has(&app->situation->configured, &last->waits.items[i]))
			selection_remove(&app->tree.marks, &last->waits.items[i]);
	if (app->tree.marks.len == before)
		return;
	app_marked(app);
	app_say(app, SIGN_CHANGE,
		"the groups have parted: what waited for that is marked (p: the plan)");
}

void app_start(struct app *app)
{
	start_read_journal(app);
	mark_second_step(app);
	if (app_has_no_iommu(app) && !app->situation->configured.len)
		view_noiommu_open(app);
	if (offer_repair(app) || !verify_is_due(app))
		return;
	remember_shown(app->situation->host, app->last.id);
	view_verify_open(app);
}
