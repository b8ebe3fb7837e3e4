/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recorded: a recording unpacked below a temporary directory and opened as a situation.
 */
#ifndef SUPPORT_RECORDED_H
#define SUPPORT_RECORDED_H

#include "change/situation.h"
#include "host/host.h"

struct recorded {
	char *root;
	struct host *host;
	struct situation *situation;
};

/* `file` and `ids_file` are paths below the repository's top; what goes wrong ends the test. */
void recorded_open(struct recorded *r, const char *file, const char *ids_file);
void recorded_close(struct recorded *r);

#endif
