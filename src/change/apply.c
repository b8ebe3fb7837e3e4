/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/shell.h"
#include "change/disk.h"
#include "change/journal.h"

#define LOCK_PATH JOURNAL_DIR "/lock"
#define LOG_KEEP (1U << 20) /* of one command's output, its end */

struct apply {
	const struct host *host;
	const struct plan *plan;
	int lock_fd;
	int id;                     /* 0: nothing is recorded */
	struct strv made;           /* directories that staging makes */
	struct host_stage *forward; /* one for each edit */
	struct host_stage *back;    /* the former bytes, staged before the first commit */
	size_t len;
	bool written; /* all files are in place */
	bool spent;   /* writing failed; the record stays to tell of it */
	size_t next;  /* command to hand out */
	bool failed;
	struct str log;
	struct err late; /* what went wrong with the journal once the files were in place */
};

/* --- before anything is written ------------------------------------------- */

int apply_lock(const struct host *host, struct err *reterr)
{
	int r = host_mkdirs(host, JOURNAL_PARENT, 0755, reterr);

	if (!r)
		r = host_mkdirs(host, JOURNAL_DIR, 0700, reterr);
	if (!r)
		r = host_lock(host, LOCK_PATH, reterr);
	return r < 0 ? err_wrap(reterr, r, "nothing was written") : r;
}

bool apply_is_running(const struct host *host, struct str *ret_who)
{
	return host_lock_is_held(host, LOCK_PATH, ret_who);
}

static int check_journal(const struct host *host, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	int r = journal_load(host, &j, reterr);

	return r < 0 ? r : journal_check(&j, reterr);
}

/* What was previewed must be what is replaced. */
static int check_edit(const struct host *host, const struct edit *e, struct err *reterr)
{
	struct stat st;
	bool same;
	int r = disk_holds(host, e->path, e->existed, &e->before, &same, reterr);

	if (r < 0)
		return r;
	if (!same)
		return err_set(reterr, -ESTALE,
			       "%s changed since the preview; nothing was written; plan again",
			       e->path);
	/* Behind a link the file would go and the link stay, and lead to nothing. */
	if (!e->exists && !host_lstat(host, e->path, &st, NULL) && S_ISLNK(st.st_mode))
		return err_set(reterr, -EMLINK,
			       "%s is a symbolic link, which is not ours to remove; nothing was "
			       "written; replace it by a plain file, or remove it, and plan again",
			       e->path);
	return host_check_writable(host, e->path, reterr);
}

static int check_edits(const struct host *host, const struct changes *c, struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; !r && i < c->len; i++)
		r = check_edit(host, &c->edits[i], reterr);
	return r;
}

static int check_all(const struct host *host, const struct changes *c, struct err *reterr)
{
	int r = check_journal(host, reterr);

	return r < 0 ? r : check_edits(host, c, reterr);
}

/* --- staging --------------------------------------------------------------- */

static struct host_new identity_of(const struct edit *e)
{
	return (struct host_new){
		.mode = e->mode ? e->mode : 0644,
		.uid = e->has_owner ? e->uid : (uid_t)-1,
		.gid = e->has_owner ? e->gid : (gid_t)-1,
		.xattrs = e->has_xattrs ? &e->xattrs : NULL,
	};
}

static int stage_forward(struct apply *a, const struct edit *e, struct host_stage *stage,
			 struct err *reterr)
{
	struct host_new as = identity_of(e);

	if (!e->exists)
		return host_stage_remove(a->host, e->path, stage, reterr);
	return host_stage(a->host, e->path, e->after.data, e->after.len, &as, stage, reterr);
}

/*
 * The way back is made now, while the former file is there to lend owner, mode and attributes. The way back of
 * a creation is its own stage turned into a removal: nothing to prepare.
 */
static int stage_back(struct apply *a, const struct edit *e, struct host_stage *stage,
		      struct err *reterr)
{
	struct host_new as = identity_of(e);

	*stage = (struct host_stage)HOST_STAGE_INIT;
	if (!e->existed)
		return 0;
	return host_stage(a->host, e->path, e->before.data, e->before.len, &as, stage, reterr);
}

static int check_distinct(const struct apply *a, struct err *reterr)
{
	for (size_t i = 0; i < a->len; i++)
		for (size_t k = 0; k < i; k++)
			if (!strcmp(a->forward[i].target, a->forward[k].target))
				return err_set(
					reterr, -EINVAL,
					"%s and %s lead to the same file; nothing was written",
					a->forward[k].path, a->forward[i].path);
	return 0;
}

static int stage_all(struct apply *a, struct err *reterr)
{
	const struct changes *c = &a->plan->changes;
	int r = 0;

	a->forward = xcalloc(c->len + 1, sizeof(*a->forward));
	a->back = xcalloc(c->len + 1, sizeof(*a->back));
	for (size_t i = 0; !r && i < c->len; i++) {
		r = stage_forward(a, &c->edits[i], &a->forward[i], reterr);
		if (r < 0)
			break;
		a->len++;
		r = stage_back(a, &c->edits[i], &a->back[i], reterr);
	}
	return r < 0 ? r : check_distinct(a, reterr);
}

/* A temporary that could not be removed, or was left by a run before, is tried once more. */
static void sweep(const struct apply *a)
{
	for (size_t i = 0; i < a->plan->changes.len; i++)
		if (host_remove_strays(a->host, a->plan->changes.edits[i].path, NULL) < 0)
			continue; /* it does no harm there, and the next change meets it again */
}

static void release_stages(struct apply *a)
{
	while (a->len) {
		a->len--;
		host_stage_release(a->host, &a->back[a->len]);
		host_stage_release(a->host, &a->forward[a->len]);
	}
	sweep(a);
}

static int record(struct apply *a, struct err *reterr)
{
	const struct changes *c = &a->plan->changes;

	if (a->plan->resumes) {
		a->id = a->plan->resumes;
		return 0;
	}
	for (size_t i = 0; i < c->len; i++)
		disk_missing_dirs(a->host, c->edits[i].path, &a->made);
	return journal_create(a->host, a->plan, &a->id, reterr);
}

int apply_begin(const struct host *host, const struct plan *plan, struct apply **ret,
		struct err *reterr)
{
	struct apply *a = xcalloc(1, sizeof(*a));
	int r;

	a->host = host;
	a->plan = plan;
	str_init(&a->log);
	a->lock_fd = apply_lock(host, reterr);
	r = a->lock_fd < 0 ? a->lock_fd : check_all(host, &plan->changes, reterr);
	if (!r && !plan_is_empty(plan)) {
		r = record(a, reterr);
		if (r < 0)
			a->id = 0;
		else
			r = stage_all(a, reterr);
	}
	if (r < 0)
		apply_free(a);
	else
		*ret = a;
	return r;
}

/* --- the commit -------------------------------------------------------------- */

/* After a failed commit: is everything as it was? The disk is asked, not the return codes. */
static bool all_before(const struct apply *a, size_t n)
{
	const struct changes *c = &a->plan->changes;

	for (size_t i = 0; i < n; i++) {
		const struct edit *e = &c->edits[i];
		bool same;

		if (disk_holds(a->host, e->path, e->existed, &e->before, &same, NULL) < 0 || !same)
			return false;
	}
	return true;
}

static int commit_back(struct apply *a, size_t i, struct err *reterr)
{
	struct host_stage removal = a->forward[i];

	if (!a->forward[i].committed)
		return 0;
	if (a->plan->changes.edits[i].existed)
		return host_commit(a->host, &a->back[i], reterr);
	removal.removes = true;
	return host_commit(a->host, &removal, reterr);
}

/* The commit that failed may have renamed before it failed; then it is put back, too. Allocates nothing until that is done. */
static int put_back(struct apply *a, size_t failed, int code, struct err *reterr)
{
	struct err why = ERR_INIT;

	for (size_t i = failed + 1; i-- > 0;)
		if (commit_back(a, i, &why) < 0)
			continue; /* the check tells whether it matters */
	if (!all_before(a, failed + 1))
		return err_wrap(
			reterr, code,
			"not every file could be put back (%.200s) after writing failed; run "
			"\"vfiotui undo\" when the cause is mended",
			why.text);
	release_stages(a);
	disk_remove_dirs(a->host, &a->made);
	if (journal_set_state(a->host, a->id, CHANGE_UNDONE, &why) < 0)
		return err_wrap(
			reterr, code,
			"all files were put back since writing failed, but the journal could not "
			"say so (run \"vfiotui undo\")");
	return err_wrap(reterr, code, "all files were put back, since writing failed");
}

int apply_write(struct apply *a, struct err *reterr)
{
	/* Staging took its time (fsync of each file): somebody may have saved one of them meanwhile. */
	int r = check_edits(a->host, &a->plan->changes, reterr);

	if (r < 0)
		return r; /* apply_free() takes the stages and the record away */
	for (size_t i = 0; i < a->len; i++) {
		r = host_commit(a->host, &a->forward[i], reterr);
		if (r < 0) {
			a->spent = true;
			return put_back(a, i, r, reterr);
		}
	}
	a->written = true;
	release_stages(a);
	disk_remove_dirs(a->host, &a->plan->unmake);
	if (!a->id || a->plan->resumes)
		return 0;
	/* From here on a failing journal loses nothing: the change counts as interrupted and undo takes it back. */
	r = journal_set_state(a->host, a->id, CHANGE_WRITTEN, &a->late);
	if (!r && a->plan->undoes)
		r = journal_set_state(a->host, a->plan->undoes, CHANGE_UNDONE, &a->late);
	return 0;
}

/* --- commands ------------------------------------------------------------------ */

const struct command *apply_next(struct apply *a)
{
	const struct changes *c = &a->plan->changes;

	if (!a->written || a->failed || a->next >= c->commands_len)
		return NULL;
	return &c->commands[a->next];
}

void apply_report(struct apply *a, int status, const char *output, size_t len)
{
	const struct changes *c = &a->plan->changes;
	size_t skip = len > LOG_KEEP ? len - LOG_KEEP : 0;

	if (a->next >= c->commands_len)
		return;
	str_adds(&a->log, "$ ");
	shell_join(&a->log, &c->commands[a->next].argv);
	str_adds(&a->log, skip ? "\n[...]\n" : "\n");
	str_add(&a->log, output + skip, len - skip);
	str_addf(&a->log, "\n[status %d]\n", status);
	a->failed = status != 0;
	if (!a->failed)
		a->next++;
	if (a->id && journal_log(a->host, a->id, a->log.data, a->log.len, &a->late) < 0)
		return; /* said by apply_end */
}

bool apply_failed(const struct apply *a)
{
	return a->failed;
}

/* A help for later: failing to keep it takes nothing from the change. */
static void save_map(const struct apply *a)
{
	if (a->written && a->plan->map.len && journal_save_map(a->host, &a->plan->map, NULL) < 0)
		return;
}

int apply_end(struct apply *a, struct err *reterr)
{
	bool all = a->next >= a->plan->changes.commands_len || !host_is_live(a->host);
	enum change_state state = a->failed ? CHANGE_FAILED : all ? CHANGE_DONE : CHANGE_WRITTEN;
	int r = 0;

	if (a->written && a->id)
		r = journal_set_state(a->host, a->id, state, &a->late);
	if (!r && a->written && a->plan->undoes)
		r = journal_set_state(a->host, a->plan->undoes, CHANGE_UNDONE, &a->late);
	save_map(a);
	if (a->lock_fd >= 0)
		close(a->lock_fd);
	a->lock_fd = -1;
	if (r < 0 && reterr)
		*reterr = a->late;
	return r < 0 ? err_wrap(reterr, r,
				"all files are written, but the journal could not be brought up to "
				"date "
				"(\"vfiotui undo\" takes the change back)")
		     : 0;
}

void apply_free(struct apply *a)
{
	if (!a)
		return;
	if (a->len)
		release_stages(a);
	if (!a->written && !a->spent && a->id && !a->plan->resumes) {
		disk_remove_dirs(a->host, &a->made);
		journal_forget(a->host, a->id);
	}
	if (a->lock_fd >= 0)
		close(a->lock_fd);
	free(a->forward);
	free(a->back);
	strv_release(&a->made);
	str_release(&a->log);
	free(a);
}

int apply_id(const struct apply *a)
{
	return a->id;
}
