/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shells: asks a real shell what a file that it sources leaves in a variable.
 */
#ifndef TESTS_SUPPORT_SHELLS_H
#define TESTS_SUPPORT_SHELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

/* True when the program is in PATH; says so loudly when it is not. */
bool shells_have(const char *program);
/*
 * Sources `bytes` with an empty environment and appends the variable's words (none when unset) for
 * each of `names` to values[i]. `shell` is "dash", "bash" or "sh" (bash in its POSIX mode). False when
 * the shell did not come to the end of the file.
 */
bool shells_values(const char *shell, const char *bytes, size_t len, const struct strv *names,
		   struct strv *values);
/* The one word of one variable, for the caller to free; NULL when unset or not read to the end. */
char *shells_value(const char *shell, const char *bytes, size_t len, const char *name);

#endif
