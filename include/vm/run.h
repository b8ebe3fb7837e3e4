/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * run: what a VM does now, found out anew each time, so that it does not matter which
 * program started it, and when.
 *
 *	vm_watch_init(&w, "windows");
 *	vm_watch_look(&w);				reads the files, begins to ask QEMU
 *	poll vm_watch_fd() for vm_watch_wants(), at most vm_watch_timeout() milliseconds
 *	vm_watch_go_on(&w)				true when w.run is new
 *	vm_watch_release(&w);
 * Or, waiting (some seconds at most):	vm_watch_settle(&w);
 *
 * A conversation with QEMU lasts some milliseconds and is then closed: QEMU has an ear
 * for one client only, and the launch script and the command line need it, too.
 *
 * Nothing is believed that is not verified: the launch script lives when it holds the lock
 * on its pid file; QEMU is the process that listens on the socket (SO_PEERCRED), and only
 * when it belongs to whom the directory belongs to. A pid alone proves nothing.
 */
#ifndef VM_RUN_H
#define VM_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "vm/qmp_link.h"

enum vm_run_state {
	VM_RUN_OFF,       /* nothing of it runs */
	VM_RUN_PREPARING, /* its launch script runs, QEMU not yet */
	VM_RUN_GUEST,     /* QEMU runs: see `guest` */
	VM_RUN_ENDING,    /* QEMU ended, its launch script cleans up */
};

struct vm_run {
	enum vm_run_state state;
	enum guest_state guest; /* of VM_RUN_GUEST; UNKNOWN: see `err` */
	char *dir;              /* where its sockets and notes are */
	pid_t script, qemu;     /* 0: does not run */
	time_t started;         /* 0: not known */
	bool has_end;           /* the last run's end is known */
	int end_status;         /* of the launch script then */
	time_t ended;
	bool hidden;    /* another user may run it where we can't look */
	struct err err; /* why QEMU could not be asked */
};

struct vm_watch {
	char *name;
	struct vm_run run;
	struct qmp_link link; /* its fd is -1 while nothing is asked */
	bool asking;
	unsigned status_id, command_id;
	enum qmp_command command; /* to be given at the next look; QMP_COMMANDS: none */
	struct err refused;       /* why the last command was not carried out; code 0: it was */
	int64_t deadline, next;   /* of the question; of the next look: milliseconds, monotonic */
};

void vm_watch_init(struct vm_watch *w, const char *name);
void vm_watch_release(struct vm_watch *w);
/* Begins a look, unless one is under way. */
void vm_watch_look(struct vm_watch *w);
/* Gives QEMU a command with a look that begins now; whether it was carried out is in w->refused then. */
void vm_watch_command(struct vm_watch *w, enum qmp_command command);
int vm_watch_fd(const struct vm_watch *w); /* -1: none */
short vm_watch_wants(const struct vm_watch *w);
/* Milliseconds until vm_watch_go_on() has something to do by itself. */
int vm_watch_timeout(const struct vm_watch *w);
/* Takes what came; begins the next look when it is time. True when a look was completed. */
bool vm_watch_go_on(struct vm_watch *w);
/* Completes a look that was begun, or makes one. */
void vm_watch_settle(struct vm_watch *w);

/* Does anything of it run? */
bool vm_run_is_on(const struct vm_run *r);
/* "running", "preparing", "ended", "off": a word of the JSON contract. */
const char *vm_run_name(const struct vm_run *r);
/* Appends the same for people: "running", "ended with status 1". */
void vm_run_text(const struct vm_run *r, struct str *ret);
/*
 * Ends QEMU at once: over QMP, and where that does not answer with SIGKILL. While the launch script
 * prepares, that is told to end. The script then cleans up as after every end.
 */
int vm_run_force_off(const char *name, struct err *reterr) must_check;

#endif
