/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script: plans a launch script, and leaves one alone that its owner has edited.
 *
 * Such a script is never written over or removed: the new one is then put beside it, as
 * PATH.new. The script carries a checksum (vm/launch_script.h), so this needs no memory
 * of what was written.
 */
#ifndef CONFIG_SCRIPT_H
#define CONFIG_SCRIPT_H

#include "base/err.h"
#include "base/str.h"
#include "config/changes.h"

/* `script` NULL: there shall be none. */
int script_plan(struct changes *ret, const char *path, const struct str *script, const char *why,
		struct err *reterr) must_check;

#endif
