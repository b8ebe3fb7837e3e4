/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grub: how this machine's GRUB takes kernel parameters; shared by the parts of target_grub.
 *
 * /etc/default/grub is sourced by grub-mkconfig, a /bin/sh script with "set -e". Debian's also
 * sources the .cfg files of /etc/default/grub.d after it (util/grub-mkconfig.in and Debian's patch
 * default-grub-d.patch). GRUB_CMDLINE_LINUX goes to all entries, before
 * GRUB_CMDLINE_LINUX_DEFAULT, which the recovery entries do not get (util/grub.d/10_linux.in).
 */
#ifndef CONFIG_GRUB_H
#define CONFIG_GRUB_H

#include "config/shell_vars.h"
#include "config/target.h"

#define GRUB_FILE "/etc/default/grub"
#define GRUB_DIR "/etc/default/grub.d"
#define GRUB_DROP_IN "90-vfiotui.cfg"
#define GRUB_DROP_IN_LATE "zz-vfiotui.cfg" /* where a file after the other one sets the variable */
#define GRUB_ALL "GRUB_CMDLINE_LINUX"
#define GRUB_DEFAULT "GRUB_CMDLINE_LINUX_DEFAULT"

struct grub {
	bool drop_ins;              /* /etc/default/grub.d is read */
	enum shell_dialect dialect; /* of /bin/sh there */
	const char *cfg;            /* the menu: "/boot/grub/grub.cfg" */
	const char *regenerate[4];  /* the command that writes it, ends with NULL */
};

void grub_detect(const struct target_context *ctx, struct grub *ret);
/* As changes_get(), or files_get() while nothing is planned (`c` NULL). */
int grub_get(const struct target_context *ctx, struct changes *c, const char *path,
	     const char **bytes, size_t *len, struct err *reterr) must_check;
/* The parameters of a normal entry as far as the parsed text says: both variables, joined. */
void grub_line(const struct shell_vars *v, struct str *ret);
/* Parses the main file and all drop-ins, own ones or not, as one text; a missing file is an empty one. */
int grub_chain(const struct target_context *ctx, struct changes *c, const struct grub *g,
	       bool with_own, struct shell_vars *ret, struct err *reterr) must_check;
/* Plans the command that writes the menu, once. */
void grub_regenerate(const struct grub *g, struct changes *ret);
bool grub_wants(const struct wish *wish) must_check; /* false: everything of ours goes */
bool grub_is_own(const char *drop_in) must_check;

/*
 * Plans the main file: vfiotui's words and hand-made ids that are not wished go, what is missing
 * comes in (not with drop-ins).
 */
int grub_plan_file(const struct grub *g, const struct wish *wish, struct changes *ret,
		   struct err *reterr) must_check;
/* Appends the assignment line that adds words to the variable. */
void grub_self_reference(struct str *out, const struct strv *words);
int grub_verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		struct err *reterr) must_check;

#endif
