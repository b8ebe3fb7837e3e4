/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as libvirt's qemu.conf: the laws hold, and the result can be read and names the nodes. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "config/virconf.h"
#include "target_laws.h"

#define CONF "/etc/libvirt/qemu.conf"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct one_file *f)
{
	struct virconf c = VIRCONF_INIT;
	const struct virconf_entry *e;

	need(virconf_parse(&c, f->bytes.data, f->bytes.len, CONF, NULL) >= 0);
	e = virconf_find(&c, "cgroup_device_acl");
	need(e && virconf_item(e, "/dev/vfio/vfio") >= 0 && virconf_item(e, "/dev/vfio/15") >= 0);
	virconf_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct one_file once;
	struct wish w;

	if (size > 16384)
		return 0;
	wish_init(&w);
	w.groups = xcalloc(1, sizeof(int));
	w.groups[0] = 15;
	w.groups_len = 1;
	if (hold_laws(&target_qemu_conf, CONF, &w, data, size, &once))
		check_list(&once);
	one_file_release(&once);
	wish_release(&w);
	return 0;
}
