/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written to the journal, under the lock of change/apply.h; change/journal.c reads it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/disk.h"
#include "change/journal.h"
#include "change/journal_dir.h"
#include "change/journal_record.h"

static const struct host_new private_file = {
	.mode = 0600,
	.uid = (uid_t)-1,
	.gid = (gid_t)-1,
};

/* Mode and owner that a later undo gives back: of the file there is, or of the one to be made. */
static int take_identity(const struct host *host, const struct edit *from, struct journal_edit *to,
			 struct err *reterr)
{
	struct stat st;
	int r = 0;

	to->mode = from->mode;
	to->uid = from->has_owner ? from->uid : (uid_t)-1;
	to->gid = from->has_owner ? from->gid : (gid_t)-1;
	if (from->has_xattrs)
		host_xattrs_copy(&to->xattrs, &from->xattrs);
	to->has_xattrs = from->has_xattrs || from->existed;
	if (from->existed)
		r = host_stat(host, from->path, &st, reterr);
	if (!r && from->existed) {
		to->mode = st.st_mode & 07777;
		to->uid = st.st_uid;
		to->gid = st.st_gid;
		r = host_xattrs_read(host, from->path, &to->xattrs, reterr);
	}
	return r;
}

static int fill_edits(const struct host *host, const struct changes *from, struct change_record *c,
		      struct err *reterr)
{
	int r = 0;

	c->edits = xcalloc(from->len + 1, sizeof(*c->edits));
	for (size_t i = 0; !r && i < from->len; i++) {
		struct journal_edit *e = &c->edits[c->len++];

		str_init(&e->before);
		str_init(&e->after);
		e->path = xstrdup(from->edits[i].path);
		e->why = xstrdup(from->edits[i].why);
		e->existed = from->edits[i].existed;
		e->exists = from->edits[i].exists;
		str_add(&e->before, from->edits[i].before.data, from->edits[i].before.len);
		str_add(&e->after, from->edits[i].after.data, from->edits[i].after.len);
		disk_missing_dirs(host, e->path, &c->made);
		r = take_identity(host, &from->edits[i], e, reterr);
	}
	return r;
}

static void fill_commands(const struct changes *from, struct change_record *c)
{
	c->commands = xcalloc(from->commands_len + 1, sizeof(*c->commands));
	for (; c->commands_len < from->commands_len; c->commands_len++) {
		const struct command *planned = &from->commands[c->commands_len];
		struct command *to = &c->commands[c->commands_len];

		to->stage = planned->stage;
		to->why = xstrdup(planned->why ? planned->why : "");
		strv_copy(&to->argv, &planned->argv);
		strv_copy(&to->undo_argv, &planned->undo_argv);
	}
}

/* The ids are those that the wish was made of; an undo has no wish and brings them along in its record. */
static void fill_devices(const struct plan *plan, struct change_record *c)
{
	selection_copy(&c->devices, &plan->selection);
	strv_copy(&c->names, &plan->names);
	for (size_t i = 0; i < c->devices.len; i++) {
		const struct wish_device *d = NULL;

		for (size_t k = 0; k < plan->wish.len && !d; k++)
			if (!pci_addr_compare(&plan->wish.devices[k].addr, &c->devices.items[i]))
				d = &plan->wish.devices[k];
		if (d)
			strv_addf(&c->ids, "%04x:%04x", d->vendor, d->id);
		else
			strv_add(&c->ids, "");
		if (d && d->by_address)
			selection_add(&c->by_address, &d->addr);
	}
}

static int fill_record(const struct host *host, const struct plan *plan, struct change_record *c,
		       struct err *reterr)
{
	c->state = CHANGE_PREPARED;
	c->when = time(NULL);
	c->undoes = plan->undoes;
	c->reboot = plan->changes.reboot;
	c->choices = plan->choices;
	c->user = xstrdup(plan->choices.user);
	c->choices.user = c->user;
	c->override = xstrdup(plan->choices.acs_override);
	c->choices.acs_override = c->override;
	selection_copy(&c->waits, &plan->waits);
	fill_devices(plan, c);
	fill_commands(&plan->changes, c);
	strv_copy(&c->owned, &plan->changes.owned);
	return fill_edits(host, &plan->changes, c, reterr);
}

/* Above every directory, also of changes that never began or are damaged. */
static int next_id(const struct host *host, int *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = journal_list(host, &names, reterr);

	*ret = 1;
	for (size_t i = 0; !r && i < names.len; i++)
		if (journal_id_of(names.items[i]) >= *ret)
			*ret = journal_id_of(names.items[i]) + 1;
	return r;
}

static bool is_temporary(const char *name)
{
	return name[0] == '.' && strstr(name, ".vfiotui-");
}

/* What a killed run left half written in the journal; under the lock nobody writes there now. */
static void sweep(const struct host *host)
{
	auto_strv struct strv names = STRV_INIT;

	if (journal_list(host, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		const int id = journal_id_of(names.items[i]);
		auto_free char *dir = journal_path(id, "");
		auto_strv struct strv files = STRV_INIT;

		if (!id || host_list(host, dir, &files, NULL) < 0)
			continue;
		for (size_t k = 0; k < files.len; k++) {
			auto_free char *path = journal_path(id, files.items[k]);

			if (is_temporary(files.items[k]) && host_remove(host, path, NULL) < 0)
				continue; /* it does no harm there */
		}
	}
}

static int write_bytes(const struct host *host, int id, size_t edit, bool after,
		       const struct str *bytes, struct err *reterr)
{
	auto_free char *path = journal_bytes_path(id, edit, after);

	return host_write(host, path, bytes->data, bytes->len, &private_file, reterr);
}

/* record.json last: with it the change begins. */
static int write_change(const struct host *host, const struct change_record *c, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	auto_free char *dir = journal_path(c->id, "");
	auto_free char *path = journal_path(c->id, "record.json");
	int r = host_mkdirs(host, dir, 0700, reterr);

	for (size_t i = 0; !r && i < c->len; i++) {
		const struct journal_edit *e = &c->edits[i];

		if (e->existed)
			r = write_bytes(host, c->id, i, false, &e->before, reterr);
		if (!r && e->exists)
			r = write_bytes(host, c->id, i, true, &e->after, reterr);
	}
	if (r < 0)
		return r;
	journal_record_write(c, &text);
	return host_write(host, path, text.data, text.len, &private_file, reterr);
}

int journal_create(const struct host *host, const struct plan *plan, int *ret_id,
		   struct err *reterr)
{
	struct change_record c = {.id = 0};
	int r = next_id(host, &c.id, reterr);

	sweep(host);
	if (!r)
		r = fill_record(host, plan, &c, reterr);
	if (!r) {
		r = write_change(host, &c, reterr);
		if (r < 0)
			journal_forget(host, c.id);
	}
	*ret_id = c.id;
	change_record_release(&c);
	return r < 0 ? err_wrap(reterr, r, "cannot write the journal") : 0;
}

void journal_forget(const struct host *host, int id)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free char *dir = journal_path(id, "");
	auto_free char *record = journal_path(id, "record.json");

	/* First the record: without it the rest means nothing. */
	if (host_remove(host, record, NULL) < 0 || host_list(host, dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = journal_path(id, names.items[i]);

		if (host_remove(host, path, NULL) < 0)
			return;
	}
	if (host_remove(host, dir, NULL) < 0)
		return;
}

int journal_set_state(const struct host *host, int id, enum change_state state, struct err *reterr)
{
	auto_free char *path = journal_path(id, "record.json");
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;
	int r = host_read(host, path, &before, reterr);

	if (!r)
		r = journal_record_set_state(before.data, before.len, state, &after, reterr);
	if (!r)
		r = host_write(host, path, after.data, after.len, &private_file, reterr);
	if (r < 0)
		return err_wrap(reterr, r, "cannot note in the journal that change %d is %s", id,
				change_state_name(state));
	return 0;
}

int journal_log(const struct host *host, int id, const char *bytes, size_t len, struct err *reterr)
{
	auto_free char *path = journal_log_path(id);

	return host_write(host, path, bytes, len, &private_file, reterr);
}

int journal_save_map(const struct host *host, const struct str *map, struct err *reterr)
{
	int r = host_remove_strays(host, JOURNAL_MAP, reterr);

	if (r < 0)
		return r;
	return host_write(host, JOURNAL_MAP, map->data, map->len, &private_file, reterr);
}
