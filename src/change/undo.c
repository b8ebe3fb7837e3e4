/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/undo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diff.h"
#include "base/mem.h"
#include "change/apply.h"
#include "change/remember.h"
#include "config/kernel_cmdline.h"

/* Neither what the change wrote nor what was there before: somebody's work. The user gets all three versions to look at. */
static int refuse_edited(const struct change_record *c, size_t i, struct err *reterr)
{
	const struct journal_edit *e = &c->edits[i];
	auto_free char *before = journal_bytes_path(c->id, i, false);
	auto_free char *after = journal_bytes_path(c->id, i, true);

	return err_set(
		reterr, -ESTALE,
		"%s is not as change %d left it: somebody edited it since; nothing was written; "
		"before the change: %s; as it was written: %s; now: %s; "
		"make it equal to one of the first two and undo again",
		e->path, c->id, e->existed ? before : "(not there)",
		e->exists ? after : "(not there)", e->path);
}

static bool same(bool there, const char *bytes, size_t len, bool exists, const struct str *want)
{
	return there == exists && (!there || (len == want->len && !memcmp(bytes, want->data, len)));
}

/* A file that comes back gets its former owner and attributes, too; one that is only changed has kept it. */
static void give_owner(struct changes *c, const struct journal_edit *e)
{
	for (size_t i = 0; i < c->len; i++) {
		struct edit *planned = &c->edits[i];

		if (planned->existed || strcmp(planned->path, e->path))
			continue;
		planned->mode = e->mode;
		planned->has_owner = true;
		planned->uid = e->uid;
		planned->gid = e->gid;
		planned->has_xattrs = e->has_xattrs;
		host_xattrs_copy(&planned->xattrs, &e->xattrs);
	}
}

/* A later change that stands and left the file as it is now: it comes first. */
static const struct change_record *built_on(const struct journal *j, const struct change_record *c,
					    const char *path, bool there, const char *now,
					    size_t len)
{
	for (size_t i = j->len; i-- > 0;) {
		const struct change_record *later = &j->items[i];

		if (later->id <= c->id || later->undoes || later->state == CHANGE_UNDONE)
			continue;
		for (size_t k = 0; k < later->len; k++)
			if (!strcmp(later->edits[k].path, path) &&
			    same(there, now, len, later->edits[k].exists, &later->edits[k].after))
				return later;
	}
	return NULL;
}

/* A file that something else would make anew of the running kernel's line, with our words in it. */
static bool must_stay(struct plan *p, const struct change_record *c, const struct journal_edit *e,
		      struct str *ret)
{
	const char *running;
	size_t len;

	if (strcmp(e->path, CMDLINE) != 0 ||
	    files_get(p->files, "/proc/cmdline", &running, &len, NULL) < 0)
		return false;
	return cmdline_must_stay(e->after.data, e->after.len, &c->owned, running, ret);
}

static int reverse_creation(struct plan *p, const struct change_record *c,
			    const struct journal_edit *e, const char *why, struct err *reterr)
{
	auto_str struct str bytes = STR_INIT;

	if (!must_stay(p, c, e, &bytes))
		return changes_remove(&p->changes, e->path, why, reterr);
	strv_addf(
		&p->warnings,
		"%s stays, without vfiotui's parameters, though it was not there before: without "
		"it "
		"a kernel that is installed now would get the running one's, which still has them. "
		"After a reboot you may remove it.",
		e->path);
	return changes_set(&p->changes, e->path, bytes.data, bytes.len, e->mode,
			   "the parameters go", reterr);
}

static int reverse_edit(struct plan *p, const struct journal *j, const struct change_record *c,
			size_t i, struct err *reterr)
{
	const struct change_record *later;
	const struct journal_edit *e = &c->edits[i];
	auto_free char *why = xasprintf("as it was before change %d", c->id);
	const char *now = "";
	size_t len = 0;
	int r = files_get(p->files, e->path, &now, &len, reterr);
	bool there = r != -ENOENT;

	if (r < 0 && there)
		return r;
	err_clear(reterr);
	if (same(there, now, len, e->existed, &e->before))
		return 0;
	if (!same(there, now, len, e->exists, &e->after)) {
		later = built_on(j, c, e->path, there, now, len);
		return later ? err_set(reterr, -EBUSY,
				       "change %d wrote %s again after it; nothing was written; "
				       "take change %d back first (vfiotui undo %d)",
				       later->id, e->path, later->id, later->id)
			     : refuse_edited(c, i, reterr);
	}
	if (!e->existed)
		return reverse_creation(p, c, e, why, reterr);
	r = changes_set(&p->changes, e->path, e->before.data, e->before.len, e->mode, why, reterr);
	if (!r)
		give_owner(&p->changes, e);
	return r;
}

static void reverse_commands(struct plan *p, const struct change_record *c)
{
	for (size_t i = 0; i < c->commands_len; i++) {
		const struct command *k = &c->commands[i];

		changes_command(&p->changes, k->stage, k->undo_argv.len ? &k->undo_argv : &k->argv,
				&k->argv, k->why);
	}
}

/* What is handed over, chosen and owned afterwards is what the change before says. */
static void go_back_to(struct plan *p, const struct change_record *before)
{
	if (!before)
		return;
	selection_copy(&p->selection, &before->devices);
	strv_copy(&p->names, &before->names);
	strv_copy(&p->changes.owned, &before->owned);
	p->choices = before->choices;
	p->user = xstrdup(before->choices.user);
	p->choices.user = p->user;
	p->override = xstrdup(before->choices.acs_override);
	p->choices.acs_override = p->override;
}

static int reverse(struct plan *p, const struct journal *j, const struct change_record *c,
		   struct err *reterr)
{
	int r = 0;

	p->undoes = c->id;
	go_back_to(p, journal_before(j, c->id));
	strv_copy(&p->unmake, &c->made);
	for (size_t i = c->len; !r && i-- > 0;)
		r = reverse_edit(p, j, c, i, reterr);
	reverse_commands(p, c);
	p->changes.reboot = c->reboot;
	return r < 0 ? err_wrap(reterr, r, "cannot take change %d back", c->id) : 0;
}

/* The files of an undo are back already; only its commands did not end well. */
static void resume(struct plan *p, const struct change_record *undo)
{
	p->resumes = undo->id;
	selection_copy(&p->selection, &undo->devices);
	strv_copy(&p->names, &undo->names);
	strv_copy(&p->changes.owned, &undo->owned);
	for (size_t i = 0; i < undo->commands_len; i++) {
		const struct command *k = &undo->commands[i];

		changes_command(&p->changes, k->stage, &k->argv, &k->undo_argv, k->why);
	}
	p->changes.reboot = undo->reboot;
	strv_addf(&p->warnings,
		  "The files of change %d are back already; what is left are the commands of that "
		  "undo, "
		  "which did not finish.",
		  undo->undoes);
}

static int choose(const struct journal *j, int id, const struct change_record **ret,
		  struct err *reterr)
{
	const struct change_record *c = id ? journal_find(j, id) : journal_last(j);
	const struct journal_damage *damage = journal_damage(j, id);

	*ret = c;
	if (damage && !id && c && c->id < damage->id)
		return err_set(reterr, -EBADMSG,
			       "nothing was written: %s Change %d, before it, can be taken back "
			       "with vfiotui undo %d.",
			       damage->text, c->id, c->id);
	if (damage && !c)
		return err_set(reterr, -EBADMSG, "nothing was written: %s", damage->text);
	if (!c && id)
		return err_set(reterr, -ENOENT, "there is no change %d", id);
	if (!c)
		return err_set(reterr, -ENOENT, "there is no change to take back");
	if (c->undoes)
		return err_set(reterr, -EINVAL,
			       "change %d is itself an undo; apply what you want to have instead",
			       id);
	if (c->state == CHANGE_UNDONE)
		return err_set(reterr, -EALREADY, "change %d is taken back already", id);
	return 0;
}

int undo_plan(const struct host *host, int id, struct plan **ret, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	auto_str struct str who = STR_INIT;
	const struct change_record *c;
	struct plan *p;
	int r = journal_load(host, &j, reterr);

	if (!r && journal_interrupted(&j) && apply_is_running(host, &who))
		r = err_set(
			reterr, -EWOULDBLOCK,
			"a vfiotui (%s) is changing this machine; nothing was changed now; wait "
			"until it is done",
			who.data);
	if (!r)
		r = journal_check(&j, reterr);
	if (r < 0)
		return r;
	p = plan_new(host);
	c = journal_unfinished(&j);
	if (!id && c && c->undoes) {
		resume(p, c);
	} else {
		r = choose(&j, id, &c, reterr);
		if (!r)
			r = reverse(p, &j, c, reterr);
	}
	if (r < 0) {
		plan_free(p);
		return r;
	}
	remember_undone(host, &p->selection, &p->map);
	*ret = p;
	return 0;
}

/* --- the three versions of a file that somebody edited ------------------------------- */

static void add_version(struct str *out, const char *what, const char *where, bool exists)
{
	str_addf(out, "  %-22s %s\n", what, exists ? where : "(not there)");
}

static void add_conflict(struct str *out, const struct change_record *c, size_t i,
			 const struct str *now, bool there)
{
	const struct journal_edit *e = &c->edits[i];
	const char *after = e->exists ? e->after.data : NULL;
	auto_free char *before_path = journal_bytes_path(c->id, i, false);
	auto_free char *after_path = journal_bytes_path(c->id, i, true);

	str_addf(out, "%s, three versions:\n", e->path);
	add_version(out, "before the change:", before_path, e->existed);
	add_version(out, "as it was written:", after_path, e->exists);
	add_version(out, "now:", e->path, there);
	str_adds(out, "What somebody changed since it was written:\n");
	diff_unified(out, e->path, after, e->after.len, there ? now->data : NULL, now->len);
	str_adds(out, "What taking the change back would do to the file as it was written:\n");
	diff_unified(out, e->path, after, e->after.len, e->existed ? e->before.data : NULL,
		     e->before.len);
}

int undo_conflicts(const struct host *host, int id, struct str *ret, struct err *reterr)
{
	auto_journal struct journal j = JOURNAL_INIT;
	const struct change_record *c;
	int r = journal_load(host, &j, reterr);

	if (!r)
		r = choose(&j, id, &c, reterr);
	for (size_t i = 0; !r && i < c->len; i++) {
		const struct journal_edit *e = &c->edits[i];
		auto_str struct str now = STR_INIT;
		bool there;

		str_add(&now, "", 0);
		r = host_read(host, e->path, &now, reterr);
		there = r != -ENOENT;
		if (r == -ENOENT)
			r = 0;
		if (!r && !same(there, now.data, now.len, e->exists, &e->after) &&
		    !same(there, now.data, now.len, e->existed, &e->before))
			add_conflict(ret, c, i, &now, there);
	}
	return r;
}
