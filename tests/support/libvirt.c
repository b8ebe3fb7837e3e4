/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libvirt.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "bed.h"
#include "tmproot.h"

const char *libvirt_prefix(const char *root)
{
	/*
	 * It wants the account of Debian's package even where the file names another: give
	 * it one in a private mount namespace.
	 */
	static const char *const ways[] = {"",
					   "unshare -m sh -c 'mount --bind passwd /etc/passwd && "
					   "mount --bind group /etc/group && exec \"$@\"' sh "};
	auto_str struct str out = STR_INIT;

	tmproot_put(root, "/etc/qemu.conf", "");
	shell_run(&out,
		  "cd '%s' && cp /etc/passwd /etc/group . && echo "
		  "libvirt-qemu:x:64055:64055::/:/bin/false >>passwd && "
		  "echo libvirt-qemu:x:64055: >>group",
		  root);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!libvirt_virsh(root, ways[i], &out, "uri"))
			return ways[i];
	fprintf(stderr,
		"SKIPPED: libvirt's own reading (needs virsh with the QEMU driver, and root)\n");
	return NULL;
}

int libvirt_virsh(const char *root, const char *prefix, struct str *out, const char *fmt, ...)
{
	auto_free char *args = NULL;
	va_list ap;

	va_start(ap, fmt);
	args = xvasprintf(fmt, ap);
	va_end(ap);
	return shell_run(out, "cd '%s' && %svirsh -q -c \"qemu:///embed?root=$PWD\" %s 2>&1", root,
			 prefix, args);
}
