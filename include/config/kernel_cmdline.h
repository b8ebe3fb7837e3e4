/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_cmdline: what reads /etc/kernel/cmdline and its kin on this machine, and what they say;
 * shared by the parts of target_kernel_cmdline.
 *
 * kernel-install (90-loaderentry.install): the first of /etc/kernel/cmdline,
 * /usr/lib/kernel/cmdline and the running line; comment lines dropped, line ends to blanks.
 * mkinitcpio: the same two files and the .conf files of /etc/cmdline.d, unless the preset names a
 * file of its own, or (version 41) a directory of .conf files. proxmox-boot-tool reads one line. A CR stays in the line, where the loader
 * ends the line at it.
 */
#ifndef CONFIG_KERNEL_CMDLINE_H
#define CONFIG_KERNEL_CMDLINE_H

#include "base/text.h"
#include "config/target.h"

#define CMDLINE "/etc/kernel/cmdline"
#define CMDLINE_VENDOR "/usr/lib/kernel/cmdline"
#define CMDLINE_DROP_IN_DIR "/etc/cmdline.d"
#define CMDLINE_DROP_IN CMDLINE_DROP_IN_DIR "/90-vfiotui.conf"

struct cmdline_chain {
	bool proxmox;
	bool mkinitcpio;  /* it builds unified images */
	bool drop_in;     /* the parameters go to /etc/cmdline.d */
	bool usual;       /* /etc/kernel/cmdline counts */
	struct strv own;  /* files that presets name */
	bool own_is_part; /* some of them is one of several that make up a line */
	struct strv ukis;
};

/* *ret is set, for cmdline_chain_release(), also on an error. */
int cmdline_chain_read(const struct target_context *ctx, struct cmdline_chain *ret,
		       struct err *reterr) must_check;
void cmdline_chain_release(struct cmdline_chain *c);

/* Adds the lines that count, without their ends. */
void cmdline_content(const struct text *t, struct strv *ret);
/* Puts them back, as many as there are. */
void cmdline_set_content(struct text *t, const struct strv *parts);
/* Adds what one file says, as planned (`c` NULL: as it is on disk); a missing one says nothing. */
int cmdline_add_file(const struct target_context *ctx, struct changes *c, const char *path,
		     struct strv *ret, struct err *reterr) must_check;
/*
 * Adds the line of the usual files, as planned (NULL: as it is on disk); with those of
 * /etc/cmdline.d where mkinitcpio reads them.
 */
int cmdline_usual(const struct target_context *ctx, struct changes *planned,
		  const struct cmdline_chain *c, bool with_own, struct strv *ret,
		  struct err *reterr) must_check;
/*
 * Appends the line as it would be without a file, with a line feed: the vendor's, or the running
 * one without what loaders add and without what WAY_BACK_PARAMS (config/way_back.h) did.
 */
int cmdline_fallback(const struct target_context *ctx, struct str *ret,
		     struct err *reterr) must_check;

/*
 * Undoing what created CMDLINE: where the running kernel was started with words that `owned` says
 * are ours there, the file has to stay, or kernel-install and mkinitcpio would take them from
 * /proc/cmdline. Then true, and `ret` is the file without them.
 */
bool cmdline_must_stay(const char *bytes, size_t len, const struct strv *owned, const char *running,
		       struct str *ret) must_check;

#endif
