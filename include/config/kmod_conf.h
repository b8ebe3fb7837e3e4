/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmod_conf: reads one modprobe.d file the way kmod does, with the place of every byte.
 *
 * The rules (kmod libkmod/libkmod-config.c, shared/util.c; each run with kmod 30):
 * a backslash before a newline joins lines, in comments too, and disappears before
 * anything else; '#' is a comment only as a line's first byte; words are cut at
 * blanks and tabs; '-' and '_' are equal in module names. What kmod skips is not
 * seen here either.
 *
 *	struct kmod_conf c = KMOD_CONF_INIT;
 *	kmod_conf_parse(&c, bytes, len);
 *	for (size_t i = 0; i < c.len; i++)
 *		if (kmod_line_is(&c.lines[i], "options", "vfio_pci", &rest)) ...
 *	kmod_conf_release(&c);
 */
#ifndef CONFIG_KMOD_CONF_H
#define CONFIG_KMOD_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"

/* One logical line. */
struct kmod_line {
	size_t start, end; /* bytes in the file, with the newline */
	size_t number;     /* 1-based, of its first physical line */
	bool open;         /* the file ends inside it: nothing can be appended after it as it is */
	char *text;        /* what kmod sees */
	size_t *at;        /* place in the file of each byte of `text`, len + 1 of them */
	size_t len;
};

struct kmod_conf {
	struct kmod_line *lines;
	size_t len, cap;
};

#define KMOD_CONF_INIT                                                                             \
	{                                                                                          \
		.lines = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_kmod_conf cleanup_with(kmod_conf_release)

void kmod_conf_parse(struct kmod_conf *c, const char *bytes, size_t len);
void kmod_conf_release(struct kmod_conf *c);

/*
 * True when the line is COMMAND for a module whose written name (a glob for
 * everything but "options") matches `module` (with underscores). *rest is where
 * the text after the name and one blank begins.
 */
bool kmod_line_is(const struct kmod_line *l, const char *command, const char *module, size_t *rest);
/* True for any module, which it appends with underscores to `name` (may be NULL). */
bool kmod_line_command(const struct kmod_line *l, const char *command, struct strv *name,
		       size_t *rest);

/* One parameter of an options line, cut as the kernel does it (lib/cmdline.c next_arg). */
struct kmod_param {
	size_t start, end;             /* with quotes */
	size_t value_start, value_end; /* without; equal to end when there is none */
};
/* The next parameter of `text` from *pos on; false at the end. */
bool kmod_param_next(const char *text, size_t *pos, struct kmod_param *ret);
bool kmod_param_named(const char *text, const struct kmod_param *p, const char *name);

/*
 * The modules of a softdep's rest, appended. kmod takes "pre:" and "post:" only as
 * whole words, and glues the first word to a single blank before it: then the first
 * mark is lost ("softdep nouveau  pre: vfio-pci" does nothing).
 */
void kmod_softdep_split(const char *rest, struct strv *pre, struct strv *post);

/* One entry of vfio-pci's ids= (drivers/vfio/pci/vfio_pci.c vfio_pci_fill_ids). */
struct kmod_id {
	uint32_t vendor, device, subvendor, subdevice, class_code, class_mask;
};
#define KMOD_ID_ANY 0xffffffffU /* PCI_ANY_ID */

/* False for text that the kernel skips. */
bool kmod_id_parse(const char *s, size_t len, struct kmod_id *ret);

#endif
