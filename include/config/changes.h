/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes: what a plan would write and run: edits with their bytes before and after,
 * commands in the order they run, and the tokens that vfiotui owns afterwards.
 *
 * Targets (config/target.h) fill it one after another; a later one sees what an
 * earlier one planned (changes_get). An edit whose bytes end as they were drops out.
 *
 * Owned tokens remember what this program put into files that belong to others, so
 * that taking it back never removes what the user had by hand: "grub iommu=pt",
 * "mkinitcpio vfio_pci". The journal keeps the list; it comes back in wish.owned.
 */
#ifndef CONFIG_CHANGES_H
#define CONFIG_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/files.h"
#include "host/host.h"

struct edit {
	char *path;
	bool existed, exists; /* before, after: create, change, remove */
	struct str before, after;
	mode_t mode;    /* of a created file */
	bool has_owner; /* a created file gets uid and gid: undo gives a file back to its owner */
	uid_t uid;
	gid_t gid;
	bool has_xattrs; /* the same for extended attributes */
	struct host_xattrs xattrs;
	char *why; /* a short clause: "the card goes to vfio-pci" */
};

enum command_stage {                    /* order of running */
		     COMMAND_UDEV,      /* reload of rules: at once */
		     COMMAND_INITRAMFS, /* image rebuilds */
		     COMMAND_BOOT,      /* boot menus, kernel parameters */
		     COMMAND_SERVICE,   /* restarts */
};

struct command {
	enum command_stage stage;
	struct strv argv;
	struct strv undo_argv; /* what takes it back; empty: the same command again */
	char *why;
};

struct changes {
	struct files *files; /* not owned */
	struct edit *edits;
	size_t len, cap;
	struct command *commands; /* by stage, then in the order added */
	size_t commands_len, commands_cap;
	struct strv owned; /* all tokens owned after this change */
	bool reboot;       /* takes effect at the next boot */
};

void changes_init(struct changes *c, struct files *files);
void changes_release(struct changes *c);

/* The planned bytes of a file, else those on disk: as files_get(). */
int changes_get(struct changes *c, const char *path, const char **bytes, size_t *len,
		struct err *reterr) must_check;
/*
 * Plans new bytes for a file; `mode` is for a new one; `why` is copied. -EINVAL, with nothing planned, where
 * something would be put behind a last byte that is a CR alone: that could not be taken back to the byte.
 */
int changes_set(struct changes *c, const char *path, const char *bytes, size_t len, mode_t mode,
		const char *why, struct err *reterr) must_check;
int changes_remove(struct changes *c, const char *path, const char *why,
		   struct err *reterr) must_check;
/* Plans a file of ours alone (0644): these bytes, or that there is none. */
int changes_own(struct changes *c, const char *path, bool wanted, const struct str *bytes,
		const char *why, struct err *reterr) must_check;
/* True when an edit exists whose path starts with `prefix`. */
bool changes_touch(const struct changes *c, const char *prefix);
/* Adds a command once (by argv); `undo` may be NULL. */
void changes_command(struct changes *c, enum command_stage stage, const struct strv *argv,
		     const struct strv *undo, const char *why);
/* The same for a fixed NULL-terminated list of words. */
void changes_run(struct changes *c, enum command_stage stage, const char *why, ...)
	__attribute__((sentinel));
/* "create", "change" or "remove". */
const char *edit_action(const struct edit *e);

#endif
