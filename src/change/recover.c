/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The repair of a change that was stopped (power cut, kill) between its journal record and the
 * word that all files are in place. Each file was replaced by a rename, so each is wholly the
 * old or wholly the new one; anything else was written by somebody else since.
 */
#include <errno.h>

#include "base/mem.h"
#include "change/apply.h"
#include "change/disk.h"
#include "change/undo.h"

static int holds(const struct host *host, const struct journal_edit *e, bool after, bool *ret,
		 struct err *reterr)
{
	return disk_holds(host, e->path, after ? e->exists : e->existed,
			  after ? &e->after : &e->before, ret, reterr);
}

/* All or nothing: before the first file is repaired, each must be one that we know. */
static int check_known(const struct host *host, const struct change_record *c, struct err *reterr)
{
	for (size_t i = 0; i < c->len; i++) {
		bool before = false;
		bool after = false;
		int r = holds(host, &c->edits[i], false, &before, reterr);

		if (!r)
			r = holds(host, &c->edits[i], true, &after, reterr);
		if (r < 0)
			return r;
		if (!before && !after) {
			auto_free char *saved = journal_bytes_path(c->id, i, c->undoes != 0);

			return err_set(
				reterr, -ESTALE,
				"%s was edited after change %d was interrupted; nothing was "
				"repaired; make it equal to %s (or remove it, if that is not "
				"there) and undo again",
				c->edits[i].path, c->id, saved);
		}
	}
	return 0;
}

static int repair_edit(const struct host *host, const struct journal_edit *e, bool after,
		       struct err *reterr)
{
	const struct host_new as = {
		.mode = e->mode,
		.uid = e->uid,
		.gid = e->gid,
		.xattrs = e->has_xattrs ? &e->xattrs : NULL,
	};
	const struct str *bytes = after ? &e->after : &e->before;
	bool done = false;
	int r = holds(host, e, after, &done, reterr);

	if (r < 0 || done)
		return r;
	if (!(after ? e->exists : e->existed))
		return host_remove(host, e->path, reterr);
	return host_write(host, e->path, bytes->data, bytes->len, &as, reterr);
}

/* Temporaries first: on a full disk they are the room that the repair needs. */
static int repair_files(const struct host *host, const struct change_record *c, struct err *reterr)
{
	int r = check_known(host, c, reterr);

	for (size_t i = 0; !r && i < c->len; i++)
		r = host_remove_strays(host, c->edits[i].path, reterr);
	for (size_t i = c->len; !r && i-- > 0;)
		r = repair_edit(host, &c->edits[i], c->undoes != 0, reterr);
	return r;
}

static int take_back(const struct host *host, const struct change_record *c, enum recovery *ret,
		     struct str *text, struct err *reterr)
{
	int r = repair_files(host, c, reterr);

	if (r < 0)
		return r;
	disk_remove_dirs(host, &c->made);
	str_addf(text,
		 "Change %d had been interrupted while its files were written; all of them are as "
		 "they "
		 "were before it, and none of its commands had run.",
		 c->id);
	*ret = RECOVERY_TAKEN_BACK;
	return journal_set_state(host, c->id, CHANGE_UNDONE, reterr);
}

static int carry_on(const struct host *host, const struct journal *j, const struct change_record *c,
		    enum recovery *ret, struct str *text, struct err *reterr)
{
	const struct change_record *undone = journal_find(j, c->undoes);
	int r = repair_files(host, c, reterr);

	if (r < 0)
		return r;
	if (undone)
		disk_remove_dirs(host, &undone->made);
	str_addf(text, "The undo of change %d had been interrupted; all its files are back now%s.",
		 c->undoes, c->commands_len ? ", and its commands are still to be run" : "");
	*ret = c->commands_len ? RECOVERY_NEEDED : RECOVERY_FINISHED;
	r = journal_set_state(host, c->id, c->commands_len ? CHANGE_WRITTEN : CHANGE_DONE, reterr);
	if (!r && undone)
		r = journal_set_state(host, c->undoes, CHANGE_UNDONE, reterr);
	return r;
}

static int repair_locked(const struct host *host, enum recovery *ret, struct str *text,
			 struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *c;
	int r = journal_load(host, &j, reterr);

	if (r < 0)
		return r;
	c = journal_interrupted(&j);
	if (!c)
		return 0;
	r = c->undoes ? carry_on(host, &j, c, ret, text, reterr)
		      : take_back(host, c, ret, text, reterr);
	return r < 0 ? err_wrap(reterr, r, "cannot repair the interrupted change %d", c->id) : 0;
}

/* What stands in the journal as begun; by what, when another process is at it now. */
static int look(const struct host *host, int *ret_id, int *ret_undoes, struct str *ret_who,
		struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *c;
	int r = journal_load(host, &j, reterr);

	*ret_id = *ret_undoes = 0;
	str_clear(ret_who);
	c = r < 0 ? NULL : journal_interrupted(&j);
	if (!c)
		return r;
	*ret_id = c->id;
	*ret_undoes = c->undoes;
	return apply_is_running(host, ret_who) ? 0 : r;
}

/*
 * A change is interrupted when it stands as begun while nobody holds the lock. It may have ended between the look at
 * the journal and the one at the lock, so without a holder the journal is read once more.
 */
static int describe(const struct host *host, enum recovery *ret, struct str *text,
		    struct err *reterr)
{
	auto_str struct str who = STR_INIT;
	int first, id, undoes;
	int r = look(host, &first, &undoes, &who, reterr);

	*ret = RECOVERY_NONE;
	id = first;
	if (!r && first && !who.len)
		r = look(host, &id, &undoes, &who, reterr);
	if (r < 0 || !id)
		return r;
	if (who.len || id != first) {
		str_addf(text,
			 "Change %d is being %s just now by a vfiotui (%s); wait until it is "
			 "done.",
			 undoes ? undoes : id, undoes ? "taken back" : "written",
			 who.len ? who.data : "a process");
		*ret = RECOVERY_RUNNING;
		return 0;
	}
	*ret = RECOVERY_NEEDED;
	if (undoes)
		str_addf(text,
			 "The undo of change %d was interrupted while its files were written; "
			 "\"vfiotui undo\" carries it on.",
			 undoes);
	else
		str_addf(text,
			 "Change %d was interrupted while its files were written; \"vfiotui undo\" "
			 "puts them back.",
			 id);
	return 0;
}

int undo_recover(const struct host *host, bool repair, enum recovery *ret, struct str *ret_text,
		 struct err *reterr)
{
	auto_str struct str found_text = STR_INIT;
	auto_fd int lock = -1;
	enum recovery found;
	int r = describe(host, &found, &found_text, reterr);

	*ret = RECOVERY_NONE;
	if (r < 0 || found == RECOVERY_NONE)
		return r;
	if (!repair) {
		*ret = found;
		str_add(ret_text, found_text.data, found_text.len);
		return 0;
	}
	lock = apply_lock(host, reterr);
	if (lock < 0)
		return lock;
	return repair_locked(host, ret, ret_text, reterr);
}
