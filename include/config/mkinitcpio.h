/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkinitcpio: which configuration each preset uses; shared by the parts of target_mkinitcpio.
 *
 * Presets (/etc/mkinitcpio.d, one a kernel, bash) name the images and may pin a configuration:
 * NAME_config, ALL_config, or -c in NAME_options. A pinned file is read alone. Without one,
 * /etc/mkinitcpio.conf is read and, since version 36, the files of /etc/mkinitcpio.conf.d in the
 * order of "sort -V" behind it, put together without newlines between and sourced once
 * (mkinitcpio, process_preset and the parsing of -c; functions, arrayize_config: a variable that
 * is a string and no array is split at blanks).
 */
#ifndef CONFIG_MKINITCPIO_H
#define CONFIG_MKINITCPIO_H

#include "config/shell_vars.h"
#include "config/target.h"

#define MKINITCPIO_CONF "/etc/mkinitcpio.conf"
#define MKINITCPIO_CONF_DIR "/etc/mkinitcpio.conf.d"
#define MKINITCPIO_PRESETS "/etc/mkinitcpio.d"
#define MKINITCPIO_DROP_IN "90-vfiotui.conf"
#define MKINITCPIO_DROP_IN_LATE                                                                    \
	"zz-vfiotui.conf" /* where a file after the other one sets MODULES anew */

struct mkinitcpio_image {
	char *path;
	char *preset; /* "linux default" */
	bool is_uki;
	char *cmdline; /* the file that a unified image's preset takes its command line from; NULL: the usual ones */
};

struct mkinitcpio {
	bool drop_ins;     /* conf.d counts for at least one preset */
	bool main_conf;    /* MKINITCPIO_CONF has to be edited itself */
	struct strv confs; /* other files, pinned by presets */
	struct mkinitcpio_image *images;
	size_t len, cap;
};

int mkinitcpio_read(const struct target_context *ctx, struct mkinitcpio *ret,
		    struct err *reterr) must_check;
void mkinitcpio_release(struct mkinitcpio *m);
/* The main file and its drop-ins (without ours) as mkinitcpio reads them. */
int mkinitcpio_chain(const struct target_context *ctx, struct changes *c, bool drop_ins,
		     struct shell_vars *ret, struct err *reterr) must_check;

/* Do two names mean the same module? '-' is '_', and a '?' at the end makes one optional. */
bool mkinitcpio_same_module(const char *a, const char *b) must_check;
/* What a wish asks of the variables as they are: modules and files that they lack. */
struct mkinitcpio_missing {
	struct strv modules, files;
	bool hook; /* modconf, which copies /etc/modprobe.d */
};
void mkinitcpio_missing(const struct shell_vars *v, const struct wish *wish,
			struct mkinitcpio_missing *ret);
void mkinitcpio_missing_release(struct mkinitcpio_missing *m);
/* Appends "MODULES=(a b ${MODULES[@]})", unquoted since the former value may be a string or an array. */
void mkinitcpio_self_reference(struct str *out, const char *name, const struct strv *words);

/*
 * Edits one configuration file. With `wish` NULL only what is ours goes; `only_hook`: the rest
 * is in a drop-in.
 */
int mkinitcpio_plan_conf(const char *path, const struct wish *wish, bool only_hook,
			 const struct strv *owned, struct changes *ret,
			 struct err *reterr) must_check;
int mkinitcpio_verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		      struct err *reterr) must_check;

#endif
