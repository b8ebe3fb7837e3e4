/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp_link: a conversation with QEMU over its socket.
 *
 * In the one poll loop:
 *	qmp_link_open(&link, path, &err);	never waits
 *	poll link.fd for qmp_link_wants()
 *	qmp_link_ready(&link);			then look at link.qmp
 *	qmp_link_close(&link);
 * On the command line, waiting at most so long:
 *	qmp_link_wait(&link, id, 5000, &err)
 *
 * QEMU talks to one client at a time; others wait unheard until it has closed. So a
 * conversation is kept short, and one that gets no greeting in time says "busy".
 * The process behind the socket is known for certain (SO_PEERCRED, unix(7): the one that
 * listens), which is how a pid file is told from a stale one.
 */
#ifndef VM_QMP_LINK_H
#define VM_QMP_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "vm/qmp.h"

struct qmp_link {
	int fd;    /* -1: closed */
	pid_t pid; /* of the process that listens */
	uid_t uid; /* who runs it */
	struct qmp qmp;
};

/* -ENOENT: no socket; -ECONNREFUSED: nobody listens any more; -EACCES; -ENAMETOOLONG. */
int qmp_link_open(struct qmp_link *ret, const char *path, struct err *reterr) must_check;
void qmp_link_close(struct qmp_link *l);
/* POLLIN, and POLLOUT while something waits to be sent. */
short qmp_link_wants(const struct qmp_link *l);
/* Reads and sends what is possible without waiting. */
void qmp_link_ready(struct qmp_link *l);
/*
 * Until command `id` is answered: 0, or -EREMOTEIO when QEMU refused it, -ETIME when the time was over,
 * else why the conversation ended. For QMP_QUIT the end of the conversation is the answer.
 */
int qmp_link_wait(struct qmp_link *l, unsigned id, int limit_ms, struct err *reterr) must_check;
/* Until QEMU closes its end, as it does when it ends; -ETIME when it did not. */
int qmp_link_wait_end(struct qmp_link *l, int limit_ms, struct err *reterr) must_check;

#endif
