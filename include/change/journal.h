/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * journal: the record of every change, with the bytes from before.
 *
 * On disk, below /var/lib/vfiotui (0700), one directory a change:
 *	changes/0001/record.json	what, when, state, devices, choices, owned tokens, commands
 *	changes/0001/before.N, after.N	the bytes of edit N; absent where the file was not there
 *	changes/0001/log		output of the commands
 *	map				devices and groups at the last apply (advice/group_map.h)
 * The record is written, with state "prepared", before any target is touched, and its
 * state is replaced atomically: prepared -> written -> done, or undone, or failed.
 * A directory without record.json is a change that had not begun. Whoever creates a
 * record or changes a state holds the lock of change/apply.h.
 */
#ifndef CHANGE_JOURNAL_H
#define CHANGE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "advice/selection.h"
#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "change/plan.h"
#include "host/host.h"

#define JOURNAL_PARENT "/var/lib" /* everybody's, should it have to be made */
#define JOURNAL_DIR JOURNAL_PARENT "/vfiotui"
#define JOURNAL_MAP JOURNAL_DIR "/map"

enum change_state {
	CHANGE_PREPARED, /* journal complete, files perhaps partly written: interrupted if found at start */
	CHANGE_WRITTEN, /* all files in place; commands not finished */
	CHANGE_DONE,
	CHANGE_FAILED, /* files in place, a command failed */
	CHANGE_UNDONE,
	CHANGE_STATES,
};

struct journal_edit {
	char *path;
	bool existed, exists;
	struct str before, after;
	mode_t mode; /* of the file before, or of the created one */
	uid_t uid;   /* (uid_t)-1: whoever runs the program */
	gid_t gid;
	bool has_xattrs; /* known: of the file before */
	struct host_xattrs xattrs;
	char *why;
};

struct change_record {
	int id; /* 1, 2, ... */
	enum change_state state;
	time_t when;
	int undoes;                  /* id of the change it took back, 0 */
	struct selection devices;    /* handed over after it */
	struct selection waits;      /* asked for, but left for a second step after the reboot */
	struct strv names;           /* their names, for history */
	struct strv ids;             /* their "10de:2484", which tell later whether a card moved */
	struct selection by_address; /* those of them that are bound by address */
	struct plan_choices choices;
	char *user, *override; /* storage of the choices' texts */
	struct journal_edit *edits;
	size_t len;
	struct command *commands; /* as planned */
	size_t commands_len;
	struct strv owned; /* tokens owned after it */
	struct strv made;  /* directories that it had to make, parents first */
	bool reboot;       /* it takes effect at the next boot */
};

/* A record that can't be read. */
struct journal_damage {
	int id;
	char *text; /* sentences: what is wrong, what is left, what to do */
};

struct journal {
	struct change_record *items; /* by id; what a later change took back is CHANGE_UNDONE */
	size_t len, cap;
	struct journal_damage *damaged; /* by id */
	size_t damaged_len, damaged_cap;
};

#define JOURNAL_INIT                                                                               \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_journal cleanup_with(journal_release)

/* All changes; no journal is an empty one. Without permission: -EACCES. */
int journal_load(const struct host *host, struct journal *ret, struct err *reterr) must_check;
void journal_release(struct journal *j);
/* The last change that stands (not undone, not itself an undo), or NULL. */
const struct change_record *journal_last(const struct journal *j);
const struct change_record *journal_find(const struct journal *j, int id); /* or NULL */
/* The last change that stood before change `id`, or NULL: what an undo goes back to. */
const struct change_record *journal_before(const struct journal *j, int id);
/* The newest change, when its files are in place but a command failed or never ran, or NULL. */
const struct change_record *journal_unfinished(const struct journal *j);
/* The damage of change `id`, or of the newest that is damaged when `id` is 0, or NULL. */
const struct journal_damage *journal_damage(const struct journal *j, int id);
/* A change that was interrupted while files were being written, or NULL. */
const struct change_record *journal_interrupted(const struct journal *j);
/* -EBUSY with a sentence when a change was interrupted: nothing new may begin. */
int journal_check(const struct journal *j, struct err *reterr) must_check;
/* Writes a new record with state PREPARED for `plan`; gives its id. */
int journal_create(const struct host *host, const struct plan *plan, int *ret_id,
		   struct err *reterr) must_check;
int journal_set_state(const struct host *host, int id, enum change_state state,
		      struct err *reterr) must_check;
/* Forgets a change that did not begin, as far as that works. */
void journal_forget(const struct host *host, int id);
/* Replaces the map by that text; under the lock. */
int journal_save_map(const struct host *host, const struct str *map, struct err *reterr) must_check;
/* Replaces the log. */
int journal_log(const struct host *host, int id, const char *bytes, size_t len,
		struct err *reterr) must_check;
/* Path of the log for the user; the caller frees. */
char *journal_log_path(int id) must_check;
/* "/var/lib/vfiotui/changes/0001/before.2"; the caller frees. */
char *journal_bytes_path(int id, size_t edit, bool after) must_check;
const char *change_state_name(enum change_state s);

#endif
