/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_line: a kernel command line as plain text, edited word by word.
 *
 * For the files and programs that keep the line as it is (loader entries, /etc/kernel/cmdline,
 * limine.conf, refind_linux.conf, grubby); GRUB's shell file has its own editor. Words are cut as
 * the kernel does (lib/cmdline.c, next_arg): blanks separate, double quotes group.
 *
 * New words go behind the last one, so that they have the last word. Owned: "TARGET [KEY] WORD",
 * where KEY tells one line of a target from another. An edit begins by taking out what is owned,
 * so that the same wish gives the same line, and none gives the original.
 */
#ifndef CONFIG_KERNEL_LINE_H
#define CONFIG_KERNEL_LINE_H

#include "config/target.h"

struct kernel_place {
	const char *target; /* "limine" */
	const char *key;    /* which line: "/Arch Linux"; "" where a target has one */
	const char *where;  /* file for sentences */
};

/* False: everything of ours goes. */
bool kernel_line_wanted(const struct wish *wish) must_check;
/*
 * Edits a line that is kept in pieces (a file's lines, without their endings), which the kernel
 * gets one after another. Replaces pieces of `parts`; there must be at least one. Adds the tokens
 * that are owned afterwards. -EINVAL with a sentence when the wish can't hold there.
 */
int kernel_line_edit(const struct kernel_place *at, struct strv *parts, const struct wish *wish,
		     struct strv *owned, struct err *reterr) must_check;
/*
 * The same for a program that adds and removes words in all entries at once: what to add to the
 * lines as they are now, and what to remove from them.
 */
int kernel_line_difference(const struct kernel_place *at, const struct strv *lines,
			   const struct wish *wish, struct strv *add, struct strv *remove,
			   struct strv *owned, struct err *reterr) must_check;
/* Adds one check: does each line (of `lines`, named by `what`) carry the wished parameters? */
void kernel_line_check(const struct strv *lines, const char *what, const struct wish *wish,
		       const char *remedy, struct checks *ret);
/*
 * For a program's target that has no line to go by, and so plans nothing: a sentence that says so, and how to set
 * the `missing` parameters (as target.warnings has them) by hand, or what of ours may be left. None where nothing of
 * ours is wished or owned.
 */
void kernel_line_warn_none(const struct target *target, const struct wish *wish,
			   const char *missing, struct strv *ret);
/* One sentence for an edit: "kernel parameters intel_iommu=on iommu=pt"; the caller frees. */
char *kernel_line_why(const struct wish *wish) must_check;
/* Is the program in one of the usual directories? For planning, where there is no host. */
bool has_program(struct files *files, const char *name) must_check;

#endif
