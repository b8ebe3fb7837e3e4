/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shell: quoting and cutting of shell words and of kernel parameters.
 *
 * Quoting rules are POSIX.1-2017 XCU 2.2; the kernel's are lib/cmdline.c
 * (next_arg): blanks separate, double quotes group and stay in the value,
 * nothing escapes.
 */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/strv.h"

/* Appends `s` so that any POSIX shell reads exactly it as one word; plain words stay plain. */
void shell_quote(struct str *out, const char *s);
/* Appends `s` as the inside of a double-quoted shell string: escapes \ " $ `. */
void shell_escape_double(struct str *out, const char *s);
/* The words of a simple command line for showing (quoted, blanks between). */
void shell_join(struct str *out, const struct strv *argv);

/* Appends the parameters of a kernel command line to `v`; quotes are kept in them. */
void kernel_params_split(struct strv *v, const char *line);
/* True for "iommu=pt" and the key "iommu"; '-' and '_' are equal in keys, as in the kernel. */
bool kernel_param_has_key(const char *param, const char *key);
/* True when both name the same key and the same value. */
bool kernel_param_equal(const char *a, const char *b);
/* The value of the last parameter with that key on the line, for the caller to free, or NULL; "" for one without value. What stands after "--" is init's. */
char *kernel_params_value(const char *line, const char *key) must_check;

#endif
