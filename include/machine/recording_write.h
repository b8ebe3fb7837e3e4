/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_write: the parts of a recording (machine/recording.h) as text, made of what was read.
 *
 * Only what the program itself makes of a device is written, no configuration space and
 * no BARs: those hold serial numbers. Each function appends lines that end in a newline;
 * whatever is in a name, a line stays one line.
 */
#ifndef MACHINE_RECORDING_WRITE_H
#define MACHINE_RECORDING_WRITE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/str.h"
#include "host/host.h"
#include "machine/hazards.h"
#include "machine/topology.h"
#include "machine/usage.h"

/* The table: rows, and notes for what their columns can't say. */
void recording_write_devices(const struct host *host, const struct topology *t,
			     const struct hazards *h, struct str *out);
/* Files that stand for what was found: uses of devices, hazards, modules. */
void recording_write_usage(const struct usage *u,
			   const char *(*scrubbed)(void *data, const char *what), void *data,
			   struct str *out);
void recording_write_hazards(const struct hazards *h, struct str *out);
/* "file PATH MODE" with its content; bytes that are no text go into "hex". */
void recording_write_file(const char *path, mode_t mode, const char *bytes, size_t len,
			  struct str *out);
/* True when the format can hold a path: no blank, no control character. */
bool recording_path_fits(const char *path);

#endif
