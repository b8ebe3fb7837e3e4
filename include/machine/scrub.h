/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scrub: takes out of a text what tells one machine or person from another.
 *
 * UUIDs, MAC and IP addresses, long hexadecimal numbers, mail addresses, names of block devices that people choose
 * (/dev/mapper, /dev/disk/by-*), values of settings that name a disk, a host or a secret, and the names that were
 * added. What stands for them is valid itself, and scrubbing twice is scrubbing once.
 *
 *	scrubber_add(&s, "archbox", "host");
 *	scrub(&s, text, len, &out);
 *	scrubber_release(&s);
 */
#ifndef MACHINE_SCRUB_H
#define MACHINE_SCRUB_H

#include <stddef.h>

#include "base/str.h"
#include "base/strv.h"

struct scrubber {
	struct strv names, stand_ins; /* index for index */
};

#define SCRUBBER_INIT                                                                              \
	{                                                                                          \
		.names = STRV_INIT, .stand_ins = STRV_INIT                                         \
	}
#define auto_scrubber cleanup_with(scrubber_release)

/* A name that is replaced where it stands as a word; names that many machines share ("localhost") are not taken. */
void scrubber_add(struct scrubber *s, const char *name, const char *stand_in);
void scrubber_release(struct scrubber *s);
/* Appends the text without what is private; `s` may be NULL. */
void scrub(const struct scrubber *s, const char *text, size_t len, struct str *out);
/* The same for a kernel command line: of parameters that are not known only the key stays. */
void scrub_kernel_line(const struct scrubber *s, const char *line, struct str *out);
/* Appends the lines that are no comments; those of vfiotui itself stay, and settings that are switched off. */
void scrub_comments(const char *text, size_t len, struct str *out);
/* Names of directories below the well known ones: "/mnt/photos/2019" is "/mnt/x". */
void scrub_mount_points(const char *text, struct str *out);

#endif
