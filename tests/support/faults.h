/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * faults: system calls that fail where a test wants it.
 *
 *	struct faults f;
 *	for (long n = 1;; n++) {
 *		faults_init(&f, FAULTS_CHANGING, n, ENOSPC, false);
 *		host_set_ops(host, &f.ops);
 *		... the operation ...
 *		host_set_ops(host, NULL);
 *		... the tree must be all old or all new ...
 *		if (!f.hit)
 *			break;	(all calls of the operation were tried)
 *	}
 *
 * A call that fails does nothing, but for close(), which closes and then says that
 * it failed, as Linux does.
 */
#ifndef SUPPORT_FAULTS_H
#define SUPPORT_FAULTS_H

#include <stdbool.h>

#include "host/host_ops.h"

enum faults_scope {
	FAULTS_ALL,      /* every call of the table counts */
	FAULTS_CHANGING, /* only calls that change something, and close() of files open for writing */
};

enum {
	/* instead of an errno */
	FAULT_SHORT_WRITE = -1, /* write() takes one byte, once */
	FAULT_KILL = -2,        /* the process ends with FAULT_KILLED instead of the call */
	FAULT_KILLED = 99,
};

struct faults {
	struct host_ops ops;
	enum faults_scope scope;
	long fail_at; /* 1-based; 0: never */
	int error;
	bool sticky; /* all calls from fail_at on fail: a full disk stays full, a killed program does nothing more */
	long calls;            /* counted so far */
	bool hit;              /* something failed */
	const char *failed_on; /* name of the first call that failed */
	bool unlink_failed;
	/* The order of what was done, for tests about fsync and rename. */
	int fsyncs_before_rename;
	int fsyncs_after_rename;
	int renames;
};

/* `f` must stay where it is while it is in use: ops.data points to it. */
void faults_init(struct faults *f, enum faults_scope scope, long fail_at, int error, bool sticky);

/* The real calls, but for fsync, which only looks whether the file is open: for the many runs around a fault. */
const struct host_ops *faults_none(void);

#endif
