/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt: the embedded driver of libvirt, which takes DIR/etc/qemu.conf and starts nothing.
 */
#ifndef TESTS_SUPPORT_LIBVIRT_H
#define TESTS_SUPPORT_LIBVIRT_H

#include "base/macros.h"
#include "base/str.h"

/*
 * Makes the directory `root` (of tmproot_new()) fit for the driver. Gives what has to
 * stand before "virsh" in a shell, "" at best, or NULL when there is none to ask, and then
 * says so loudly.
 */
const char *libvirt_prefix(const char *root);
/* Runs virsh ARGS below `root` on the embedded driver; both outputs into `out`, its exit status. */
int libvirt_virsh(const char *root, const char *prefix, struct str *out, const char *fmt, ...)
	printf_like(4, 5) must_check;

#endif
