/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/disk.h"
#include "change/journal_record.h"

#define CHANGES_DIR JOURNAL_DIR "/changes"

static const struct host_new private_file = {
	.mode = 0600,
	.uid = (uid_t)-1,
	.gid = (gid_t)-1,
};

static char *change_path(int id, const char *name)
{
	return xasprintf(CHANGES_DIR "/%04d%s%s", id, *name ? "/" : "", name);
}

char *journal_log_path(int id)
{
	return change_path(id, "log");
}

char *journal_bytes_path(int id, size_t edit, bool after)
{
	auto_free char *name = xasprintf("%s.%zu", after ? "after" : "before", edit);

	return change_path(id, name);
}

/* 0 for what is no change's directory. */
static int id_of(const char *name)
{
	char *end;
	long id;

	if (name[0] < '0' || name[0] > '9')
		return 0;
	id = strtol(name, &end, 10);
	return *end || id < 1 || id > INT_MAX - 1 ? 0 : (int)id;
}

static int list_changes(const struct host *host, struct strv *names, struct err *reterr)
{
	int r = host_list(host, CHANGES_DIR, names, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	return r;
}

/* --- reading ------------------------------------------------------------- */

static int load_bytes(const struct host *host, int id, size_t edit, bool after, size_t size,
		      struct str *ret, struct err *reterr)
{
	auto_free char *path = journal_bytes_path(id, edit, after);
	int r = host_read(host, path, ret, reterr);

	if (!r && ret->len != size)
		r = err_set(reterr, -EBADMSG, "%s has %zu bytes instead of %zu", path, ret->len,
			    size);
	return r;
}

static int load_edits(const struct host *host, struct change_record *c,
		      const struct edit_sizes *sizes, struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; !r && i < c->len; i++) {
		struct journal_edit *e = &c->edits[i];

		if (e->existed)
			r = load_bytes(host, c->id, i, false, sizes[i].before, &e->before, reterr);
		if (!r && e->exists)
			r = load_bytes(host, c->id, i, true, sizes[i].after, &e->after, reterr);
	}
	return r;
}

static int load_record(const struct host *host, int id, const char *path, struct change_record *ret,
		       struct err *reterr)
{
	auto_str struct str bytes = STR_INIT;
	auto_free struct edit_sizes *sizes = NULL;
	int r = host_read(host, path, &bytes, reterr);

	memset(ret, 0, sizeof(*ret));
	if (r < 0)
		return r;
	r = journal_record_parse(bytes.data, bytes.len, ret, &sizes, reterr);
	if (!r && ret->id != id)
		r = err_set(reterr, -EBADMSG, "it says that it is change %d", ret->id);
	if (r < 0)
		r = err_wrap(reterr, r, "cannot understand %s", path);
	else
		r = load_edits(host, ret, sizes, reterr);
	if (r < 0)
		change_record_release(ret);
	return r;
}

static void note_damage(struct journal *j, int id, const char *why)
{
	auto_free char *dir = change_path(id, "");

	j->damaged = grow(j->damaged, j->damaged_len, &j->damaged_cap, sizeof(*j->damaged));
	j->damaged[j->damaged_len++] = (struct journal_damage){
		.id = id,
		.text = xasprintf("The record of change %d in the journal is damaged: %s. What is "
				  "left of the former files is in %s (before.N); compare them "
				  "with yours, put back what you need, then move that directory "
				  "away.",
				  id, why, dir),
	};
}

/* A record that can't be read is noted and does not hide the others; a journal that may not be read is an error. */
static int load_change(const struct host *host, int id, struct journal *j, struct err *reterr)
{
	auto_free char *path = change_path(id, "record.json");
	struct change_record c;
	struct err why = ERR_INIT;
	int r = load_record(host, id, path, &c, &why);

	if (r == -EACCES || r == -EPERM)
		return err_set(reterr, r, "%s", why.text);
	if (r == -ENOENT && !host_exists(host, path))
		return 0; /* had not begun */
	if (r < 0) {
		note_damage(j, id, why.text);
		return 0;
	}
	j->items = grow(j->items, j->len, &j->cap, sizeof(*j->items));
	j->items[j->len++] = c;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct change_record *x = a;
	const struct change_record *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static struct change_record *find(const struct journal *j, int id)
{
	for (size_t i = 0; i < j->len; i++)
		if (j->items[i].id == id)
			return &j->items[i];
	return NULL;
}

/* The record of an undo is what counts: a stop right behind it leaves the other one's state as it was. */
static void mark_undone(struct journal *j)
{
	for (size_t i = 0; i < j->len; i++) {
		const struct change_record *undo = &j->items[i];
		struct change_record *c = undo->undoes ? find(j, undo->undoes) : NULL;

		if (c && undo->state != CHANGE_PREPARED && undo->state != CHANGE_UNDONE)
			c->state = CHANGE_UNDONE;
	}
}

int journal_load(const struct host *host, struct journal *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r;

	*ret = (struct journal)JOURNAL_INIT;
	r = list_changes(host, &names, reterr);
	for (size_t i = 0; !r && i < names.len; i++)
		if (id_of(names.items[i]))
			r = load_change(host, id_of(names.items[i]), ret, reterr);
	if (r < 0) {
		journal_release(ret);
		return err_wrap(reterr, r, "cannot read the journal of changes");
	}
	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), by_id);
	mark_undone(ret);
	return 0;
}

void journal_release(struct journal *j)
{
	for (size_t i = 0; i < j->len; i++)
		change_record_release(&j->items[i]);
	free(j->items);
	for (size_t i = 0; i < j->damaged_len; i++)
		free(j->damaged[i].text);
	free(j->damaged);
	*j = (struct journal)JOURNAL_INIT;
}

const struct change_record *journal_find(const struct journal *j, int id)
{
	return find(j, id);
}

const struct change_record *journal_before(const struct journal *j, int id)
{
	for (size_t i = j->len; i-- > 0;) {
		const struct change_record *c = &j->items[i];

		if (c->id < id && !c->undoes && c->state != CHANGE_UNDONE &&
		    c->state != CHANGE_PREPARED)
			return c;
	}
	return NULL;
}

const struct change_record *journal_last(const struct journal *j)
{
	return journal_before(j, INT_MAX);
}

const struct journal_damage *journal_damage(const struct journal *j, int id)
{
	const struct journal_damage *newest = NULL;

	for (size_t i = 0; i < j->damaged_len; i++)
		if (id ? j->damaged[i].id == id : !newest || j->damaged[i].id > newest->id)
			newest = &j->damaged[i];
	return newest;
}

const struct change_record *journal_unfinished(const struct journal *j)
{
	const struct change_record *c = j->len ? &j->items[j->len - 1] : NULL;

	return c && c->commands_len && (c->state == CHANGE_WRITTEN || c->state == CHANGE_FAILED)
		       ? c
		       : NULL;
}

const struct change_record *journal_interrupted(const struct journal *j)
{
	for (size_t i = j->len; i-- > 0;)
		if (j->items[i].state == CHANGE_PREPARED)
			return &j->items[i];
	return NULL;
}

int journal_check(const struct journal *j, struct err *reterr)
{
	const struct change_record *c = journal_interrupted(j);

	if (!c)
		return 0;
	return err_set(
		reterr, -EBUSY,
		"%s %d was interrupted while its files were written; nothing was written now; "
		"run \"vfiotui undo\" first, which puts the files in order",
		c->undoes ? "the undo of change" : "change", c->undoes ? c->undoes : c->id);
}

/* --- writing ------------------------------------------------------------- */

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
	int r = list_changes(host, &names, reterr);

	*ret = 1;
	for (size_t i = 0; !r && i < names.len; i++)
		if (id_of(names.items[i]) >= *ret)
			*ret = id_of(names.items[i]) + 1;
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

	if (list_changes(host, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		const int id = id_of(names.items[i]);
		auto_free char *dir = change_path(id, "");
		auto_strv struct strv files = STRV_INIT;

		if (!id || host_list(host, dir, &files, NULL) < 0)
			continue;
		for (size_t k = 0; k < files.len; k++) {
			auto_free char *path = change_path(id, files.items[k]);

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
	auto_free char *dir = change_path(c->id, "");
	auto_free char *path = change_path(c->id, "record.json");
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
	auto_free char *dir = change_path(id, "");
	auto_free char *record = change_path(id, "record.json");

	/* First the record: without it the rest means nothing. */
	if (host_remove(host, record, NULL) < 0 || host_list(host, dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = change_path(id, names.items[i]);

		if (host_remove(host, path, NULL) < 0)
			return;
	}
	if (host_remove(host, dir, NULL) < 0)
		return;
}

int journal_set_state(const struct host *host, int id, enum change_state state, struct err *reterr)
{
	auto_free char *path = change_path(id, "record.json");
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
