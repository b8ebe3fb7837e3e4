/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entries: boot loader entries, the files of loader/entries on the EFI system partition or the
 * extended boot partition.
 *
 * A line is a key, blanks and a value; '#' begins a comment; several "options" lines are joined
 * with a blank (UAPI group, Boot Loader Specification, type 1). A value that goes on in a second
 * line is no such thing: the loader drops the rest in silence.
 */
#ifndef CONFIG_ENTRIES_H
#define CONFIG_ENTRIES_H

#include "base/text.h"
#include "config/target.h"

struct entry {
	char *path;
	char *name; /* the file's, without the tries of boot counting: "arch.conf" for "arch+3.conf" */
	struct text text;
	bool linux;          /* starts a Linux kernel */
	bool fallback;       /* with the image of all modules, or a rescue system: the way back */
	char *version;       /* its "version" line, or NULL */
	char *kernel;        /* its "linux" line, or NULL */
	char *initrd;        /* its last "initrd" line, or NULL */
	struct strv options; /* the values of the "options" lines, in order */
	size_t wrapped; /* 1-based number of a line that looks like the rest of another; 0: none */
};

struct entries {
	struct entry *items;
	size_t len, cap;
};

#define ENTRIES_INIT                                                                               \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_entries cleanup_with(entries_release)

/* Reads the entries below /boot, /efi and /boot/efi; one that is seen twice (a link) counts once. */
int entries_read(struct files *files, struct entries *ret, struct err *reterr) must_check;
void entries_release(struct entries *e);
/* The whole command line, for the caller to free. */
char *entry_line(const struct entry *e) must_check;
/* Puts `options`, as many as there are, into the text. */
void entry_set_options(struct entry *e, const struct strv *options);
/* The command lines of the Linux entries that are no fallback; all Linux entries when there is no other. */
void entries_lines(const struct entries *e, struct strv *ret);
/* Does vfiotui change this one? As entries_lines(). */
bool entries_counts(const struct entries *all, const struct entry *e) must_check;

#endif
