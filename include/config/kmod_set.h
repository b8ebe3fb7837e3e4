/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmod_set: all modprobe.d files of a machine together, in the order kmod reads them.
 *
 * kmod sorts the files of all its directories by name, and one name is read from the
 * first directory only (/etc masks /run, /usr/local/lib, /usr/lib, /lib). Each
 * kernel's modules.softdep is sorted among them under that very name. Then
 *	options	are appended, and the kernel keeps the last ids= of all;
 *	softdep, install	the first line that matches a module decides alone
 * (libkmod-config.c, libkmod-module.c; run with kmod 30). So "softdep r8169 pre:
 * vfio-pci" in vfio.conf does nothing: r8169's own softdep comes before it.
 *
 *	struct kmod_set set = KMOD_SET_INIT;
 *	kmod_set_load(&set, ctx, changes, &err);
 *	... kmod_file_splice(), kmod_file_append() ...
 *	kmod_set_release(&set);
 */
#ifndef CONFIG_KMOD_SET_H
#define CONFIG_KMOD_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/kmod_conf.h"
#include "config/target.h"

#define KMOD_ETC "/etc/modprobe.d"
#define KMOD_VFIO_NAME "vfio.conf"        /* MODPROBE_PATH without its directory */
#define KMOD_EARLY_NAME "00-vfiotui.conf" /* sorts before what packages and kernels say */

struct kmod_file {
	char *name, *path;
	bool exists;      /* on disk */
	bool created;     /* below /etc by an edit: new, or over the file it masks from now on */
	bool changed;     /* by an edit */
	bool package;     /* not below /etc; the first edit makes it a copy below /etc */
	bool kernel;      /* a kernel's modules.softdep: never edited */
	bool mask;        /* a link to /dev/null: says nothing and hides the others of its name */
	struct str bytes; /* as edited so far */
	struct kmod_conf conf; /* of `bytes` */
};

struct kmod_set {
	struct kmod_file *files; /* in kmod's order; our two are always there */
	size_t len, cap;
};

#define KMOD_SET_INIT                                                                              \
	{                                                                                          \
		.files = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_kmod_set cleanup_with(kmod_set_release)

/* Reads the planned files when `changes` is not NULL, else those of ctx->files. */
int kmod_set_load(struct kmod_set *set, const struct target_context *ctx, struct changes *changes,
		  struct err *reterr) must_check;
void kmod_set_release(struct kmod_set *set);
/* The bytes that a created file begins with: those it masks, else a comment for its reader; appended. */
int kmod_set_base(const struct target_context *ctx, const char *name, struct str *ret,
		  struct err *reterr) must_check;
/* The file that kmod reads under that name, or NULL; never NULL for our two names. */
struct kmod_file *kmod_set_file(const struct kmod_set *set, const char *name);

/* Takes other bytes (`now` is empty then) and parses them: lines and places of this file die. */
void kmod_file_replace(struct kmod_file *f, struct str *now);
/* Replaces bytes [from, to) and parses again: lines and places of this file die. */
void kmod_file_splice(struct kmod_file *f, size_t from, size_t to, const char *with);
/* Adds a whole line at the end, or before a last line that is not ended. */
void kmod_file_append(struct kmod_file *f, const char *line);

/* One ids= parameter of vfio-pci. */
struct kmod_ids {
	struct kmod_file *file;
	size_t line; /* index into file->conf.lines */
	struct kmod_param param;
};
/* A place to go on from; zero is the start. */
struct kmod_cursor {
	size_t file, line, pos;
};
bool kmod_ids_next(const struct kmod_set *set, struct kmod_cursor *at, struct kmod_ids *ret);
/* The one that the kernel keeps. */
bool kmod_ids_last(const struct kmod_set *set, struct kmod_ids *ret);
/* The entries that the kernel reads, each as written, appended. */
void kmod_ids_entries(const struct kmod_ids *ids, struct strv *entries);

/* The line that decides `command` (install, softdep) for a module, or NULL. */
const struct kmod_line *kmod_set_decider(const struct kmod_set *set, const char *command,
					 const char *module, struct kmod_file **file, size_t *rest);

#endif
