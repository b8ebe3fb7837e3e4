/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capture_parts: what the files capture*.c share. */
#ifndef CHANGE_CAPTURE_PARTS_H
#define CHANGE_CAPTURE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"
#include "change/situation.h"
#include "host/host_ops.h"
#include "machine/scrub.h"

/* A path that was asked for. */
struct asked {
	char *path;
	bool content; /* opened for reading */
	bool listed;  /* opened as a directory */
	bool denied;  /* it may not be read by whoever runs the program */
};

struct trace {
	struct host_ops ops; /* its `data` is the trace */
	void *index;         /* tree of struct asked by path, see tsearch(3) */
};

void trace_begin(struct trace *t, struct host *host);
void trace_release(struct trace *t);
/* All paths, sorted; the caller frees the array, not what it points to. */
const struct asked **trace_list(const struct trace *t, size_t *ret_len) must_check;

/* What the files of a recording are made with. */
struct capture_context {
	const struct host *host;
	const struct situation *situation;
	struct scrubber scrubber;
	struct strv links; /* paths whose "link" line is written */
	struct strv files; /* paths that are written */
	struct str *out;
};

/* The paths of the trace: content, or that they are there. */
void capture_paths(struct capture_context *c, const struct trace *t);
/*
 * Writes the links on the way to a path, and returns where it leads to, for the caller to free; NULL when it leads nowhere, or
 * when the format can't hold it.
 */
char *capture_resolve(struct capture_context *c, const char *path) must_check;
/* Writes a file once, below a path that is resolved already; the path is scrubbed, the bytes are not. */
void capture_file(struct capture_context *c, const char *resolved, mode_t mode, const char *bytes,
		  size_t len);
/* What /proc, /sys and the modules' indexes told, as small files. */
void capture_facts(struct capture_context *c);
/* Processors, caches, NUMA nodes: what a new VM's defaults are made of. */
void capture_host(struct capture_context *c);

#endif
