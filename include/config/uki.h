/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uki: the command line inside a unified kernel image: the PE section ".cmdline"
 * (UAPI group, Unified Kernel Image; section table: Microsoft PE Format).
 */
#ifndef CONFIG_UKI_H
#define CONFIG_UKI_H

#include "base/err.h"
#include "base/str.h"
#include "host/host.h"

/* Replaces `ret`. -ENODATA with a sentence for a file that is no such image or has no such section. */
int uki_line(const struct host *host, const char *path, struct str *ret,
	     struct err *reterr) must_check;

#endif
