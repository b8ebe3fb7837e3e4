/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process: children: one whose output is streamed, and one that is waited for.
 *
 * Streaming, for the one loop: process_spawn() gives a fd that becomes readable
 * with the child's stdout and stderr together; at its end process_reap() gives
 * the status. The child gets an empty signal mask, default handlers, stdin from
 * /dev/null, its own process group, a clean environment (PATH, LANG=C.UTF-8, HOME,
 * TERM=dumb), the directory / and umask 022, as a boot script has it, whatever the
 * user's are; no shell is involved. A name without slash is looked for in
 * that PATH; a program that is not there is -ENOENT.
 *
 * Waiting, for parsers and checks: process_run() returns output and status, and
 * kills the child's group after `timeout_ms`. Of each stream about 16 MiB are kept;
 * what goes beyond is read and dropped.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"

struct process {
	pid_t pid; /* 0: none */
	int fd;    /* output, non-blocking; -1 after its end */
};

#define PROCESS_INIT                                                                               \
	{                                                                                          \
		.pid = 0, .fd = -1                                                                 \
	}

int process_spawn(struct process *ret, const struct strv *argv, struct err *reterr) must_check;
/*
 * Appends what is there without waiting, a mebibyte at the most: 1 more may come, 0 end of output, negative errno.
 */
int process_read(struct process *p, struct str *out) must_check;
/* The child has ended, whoever still holds its output open, and process_reap() would not wait. */
bool process_has_ended(const struct process *p);
/* After the end of output: waits for the child; exit status 0..255, or 128 + signal. */
int process_reap(struct process *p);
/* Signals the child's whole group. */
void process_signal(const struct process *p, int signal_number);

struct process_result {
	int status; /* exit status, 128 + signal, or 124 when it timed out */
	struct str out;
	struct str errors; /* stderr */
};

#define PROCESS_RESULT_INIT                                                                        \
	{                                                                                          \
		.status = 0, .out = STR_INIT, .errors = STR_INIT                                   \
	}

/* Runs to the end; a negative errno only when the program could not be started. */
int process_run(const char *const argv[], int timeout_ms, struct process_result *ret,
		struct err *reterr) must_check;
/* The same, with this program's own environment: for what its user could have started by hand. */
int process_run_here(const char *const argv[], int timeout_ms, struct process_result *ret,
		     struct err *reterr) must_check;
void process_result_release(struct process_result *r);

/*
 * For what shall live on when this program, its terminal and its login are gone: started in a
 * session of its own, with this program's environment, its output in the file `log` (an fd above
 * 2, which the caller closes). It is waited for, so it puts into its background what takes longer.
 * Its exit status, or a negative errno when it could not be started.
 */
int process_detach(const struct strv *argv, int log, struct err *reterr) must_check;

#endif
