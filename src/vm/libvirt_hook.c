/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/libvirt_hook.h"

#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "vm/launch_text.h"

/* clang-format off */

static const char head[] =
	"#!/bin/bash\n"
	"# Written by vfiotui; it writes this file anew when the VM's profile changes.\n"
	"# libvirt runs it with: DOMAIN OPERATION SUB-OPERATION\n"
	"#\n"
	"# Before the start it looks whether the devices are the ones that were chosen: an\n"
	"# address may belong to another card after a change of slots.\n";

static const char head_single[] =
	"# The VM gets the host's only graphics card, so the desktop ends before the start and\n"
	"# comes back after the guest's end. Over SSH: systemctl start display-manager\n";

static const char checks[] =
	"root=${VFIOTUI_ROOT:-} # for tests: where /sys and /run are looked for\n"
	"\n"
	"say() {\n"
	"\tprintf '%s: %s\\n' \"$vm\" \"$1\" >&2\n"
	"}\n"
	"\n"
	"# Is each device what it was when it was chosen?\n"
	"check_devices() {\n"
	"\tlocal device address ids path found bad=0\n"
	"\tfor device in ${devices[@]+\"${devices[@]}\"}; do\n"
	"\t\taddress=${device% *}\n"
	"\t\tids=${device#* }\n"
	"\t\tpath=$root/sys/bus/pci/devices/$address\n"
	"\t\tif [ ! -e \"$path/vendor\" ]; then\n"
	"\t\t\tsay \"there is no device $address; is the card in another slot now?\"\n"
	"\t\t\tbad=1\n"
	"\t\t\tcontinue\n"
	"\t\tfi\n"
	"\t\tfound=$(cat \"$path/vendor\"):$(cat \"$path/device\")\n"
	"\t\tif [ \"${found//0x/}\" != \"$ids\" ]; then\n"
	"\t\t\tsay \"$address is ${found//0x/} now, not $ids; nothing was handed over\"\n"
	"\t\t\tbad=1\n"
	"\t\tfi\n"
	"\tdone\n"
	"\treturn $bad\n"
	"}\n"
	"\n";

static const char single[] =
	"notes=$root/run/vfiotui-hook-$vm\n"
	"\n";

static const char single_hand_over[] =
	"hand_over() {\n"
	"\tif end_desktop && free_console && unload_nvidia; then\n"
	"\t\treturn 0\n"
	"\tfi\n"
	"\tsay \"the graphics card is still in use; the desktop is given back\"\n"
	"\tbring_back_desktop\n"
	"\treturn 1\n"
	"}\n"
	"\n";

static const char tail[] =
	"[ \"${1:-}\" = \"$vm\" ] || exit 0\n"
	"case ${2:-}/${3:-} in\n"
	"prepare/begin) check_devices || exit 1 ;;\n"
	"esac\n";

static const char tail_single[] =
	"[ \"${1:-}\" = \"$vm\" ] || exit 0\n"
	"case ${2:-}/${3:-} in\n"
	"prepare/begin) check_devices && hand_over || exit 1 ;;\n"
	"release/end) bring_back_desktop ;;\n"
	"esac\n";

/* clang-format on */

static const struct vm_device *device_at(const struct vm_profile *p, size_t i)
{
	return (const struct vm_device *)p->devices.items + i;
}

bool libvirt_hook_is_needed(const struct vm_profile *p)
{
	if (p->single_gpu)
		return true;
	for (size_t i = 0; i < p->devices.len; i++)
		if (device_at(p, i)->ids[0])
			return true;
	return false;
}

void libvirt_hook_write(struct str *out, const struct vm_profile *p)
{
	str_adds(out, head);
	if (p->single_gpu)
		str_adds(out, head_single);
	str_adds(out, "set -u\n\nvm=");
	shell_quote(out, p->name);
	str_adds(out, "\ndevices=( # address, vendor:device\n");
	for (size_t i = 0; i < p->devices.len; i++)
		/* both were checked: they hold digits, colons and dots alone */
		if (device_at(p, i)->ids[0])
			str_addf(out, "\t\"%s %s\"\n", device_at(p, i)->address,
				 device_at(p, i)->ids);
	str_adds(out, ")\n");
	str_adds(out, checks);
	if (p->single_gpu) {
		str_adds(out, single);
		str_adds(out, launch_desktop);
		str_adds(out, single_hand_over);
	}
	str_adds(out, p->single_gpu ? tail_single : tail);
}
