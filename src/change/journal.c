/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/journal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/journal_dir.h"
#include "change/journal_record.h"

char *journal_path(int id, const char *name)
{
	return xasprintf(JOURNAL_CHANGES "/%04d%s%s", id, *name ? "/" : "", name);
}

char *journal_log_path(int id)
{
	return journal_path(id, "log");
}

char *journal_bytes_path(int id, size_t edit, bool after)
{
	auto_free char *name = xasprintf("%s.%zu", after ? "after" : "before", edit);

	return journal_path(id, name);
}

int journal_id_of(const char *name)
{
	char *end;
	long id;

	if (name[0] < '0' || name[0] > '9')
		return 0;
	id = strtol(name, &end, 10);
	return *end || id < 1 || id > INT_MAX - 1 ? 0 : (int)id;
}

int journal_list(const struct host *host, struct strv *names, struct err *reterr)
{
	int r = host_list(host, JOURNAL_CHANGES, names, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	return r;
}

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
	auto_free char *dir = journal_path(id, "");

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
	auto_free char *path = journal_path(id, "record.json");
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
	r = journal_list(host, &names, reterr);
	for (size_t i = 0; !r && i < names.len; i++)
		if (journal_id_of(names.items[i]))
			r = load_change(host, journal_id_of(names.items[i]), ret, reterr);
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
