/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/launch_script.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/shell.h"
#include "vm/launch_text.h"

#define INTERPRETER "#!/bin/bash\n"
#define MARK "# vfiotui launch script "
#define MARK_DIGITS 16
#define FIRST_FREE_SLOT 4 /* the disk, the network and USB have the root ports before */

/* Untrusted text must not end the comment's line. */
static void comment(struct str *out, const char *text)
{
	for (const char *p = text; *p; p++)
		str_addc(out, (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
}

static void write_head(struct str *out, const struct launch *l)
{
	str_adds(out, "#\n# Starts the virtual machine \"");
	comment(out, l->vm_name);
	str_adds(out, "\" with these devices of this host:\n");
	for (size_t i = 0; i < l->len; i++) {
		str_addf(out, "#   %s  ", l->devices[i].bdf);
		comment(out, l->devices[i].name ? l->devices[i].name : "");
		str_addc(out, '\n');
	}
	str_adds(out, launch_usage);
}

static void setting(struct str *out, const char *key, const char *value)
{
	str_addf(out, "%s=", key);
	if (value && *value)
		shell_quote(out, value);
	str_addc(out, '\n');
}

/* A VM's name as one component of a path. */
static void write_state(struct str *out, const char *vm_name)
{
	auto_str struct str dir = STR_INIT;

	for (const char *p = vm_name; *p; p++)
		str_addc(&dir, *p == '/' || (*p == '.' && p == vm_name) ? '_' : *p);
	str_adds(out, "state=${XDG_DATA_HOME:-$HOME/.local/share}/vfiotui/");
	shell_quote(out, dir.data);
	str_adds(out, " # the VM's own files\n");
}

static bool has_gpu(const struct launch *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->devices[i].gpu)
			return true;
	return false;
}

static void write_devices(struct str *out, const struct launch *l)
{
	str_adds(out, "devices=(");
	for (size_t i = 0; i < l->len; i++)
		str_addf(out, "%s%s", i ? " " : "", l->devices[i].bdf);
	str_adds(out, ")\ngroups=(");
	for (size_t i = 0, n = 0; i < l->len; i++) {
		bool known = l->devices[i].group < 0;

		for (size_t j = 0; j < i; j++)
			known |= l->devices[j].group == l->devices[i].group;
		if (!known)
			str_addf(out, "%s%d", n++ ? " " : "", l->devices[i].group);
	}
	str_adds(out, ")\n");
}

/*
 * hv-*: what Windows guests run faster with, and Linux guests don't mind: the set of
 * libvirt 11 for q35 as far as QEMU 7.2 has it.
 */
static void write_settings(struct str *out, const struct launch *l)
{
	bool qcow2 = l->ovmf_format && !strcmp(l->ovmf_format, "qcow2");

	setting(out, "name", l->vm_name);
	setting(out, "qemu", l->qemu);
	str_addf(out, "memory=%u # MiB\ncores=%u\nthreads=%u\n", l->memory_mib, l->cores,
		 l->threads);
	str_addf(out,
		 "cpu=host%s,hv-relaxed=on,hv-vapic=on,hv-spinlocks=0x1fff,hv-vpindex=on,"
		 "hv-runtime=on,hv-synic=on,hv-stimer=on,hv-time=on,hv-frequencies=on\n",
		 l->amd ? ",topoext=on" : "");
	write_devices(out, l);
	str_addf(out, "display=%s # yes: a window; no: the guest shows on its own card\n",
		 has_gpu(l) ? "no" : "yes");
	write_state(out, l->vm_name);
	if (l->disk)
		setting(out, "disk", l->disk);
	else
		str_addf(out, "disk=$state/disk.%s\n", l->disk_format);
	setting(out, "disk_format", l->disk_format);
	setting(out, "ovmf_code", l->ovmf_code);
	setting(out, "ovmf_vars", l->ovmf_code ? l->ovmf_vars : NULL);
	setting(out, "ovmf_format", l->ovmf_format ? l->ovmf_format : "raw");
	str_addf(out, "smm=%s # on for an OVMF with secure boot\n",
		 l->ovmf_secure_boot ? "on" : "off");
	str_addf(out, "vars=$state/vars.%s # this VM's copy of ovmf_vars\n\n",
		 qcow2 ? "qcow2" : "fd");
	str_adds(out, "qemu=${VFIOTUI_QEMU:-$qemu}\n");
}

/*
 * One root port for the functions of a slot. A guest looks for function 0 first, so
 * they are counted from 0 whatever they are on the host.
 */
static void write_args(struct str *out, const struct launch *l)
{
	unsigned slot = FIRST_FREE_SLOT - 1;
	unsigned function = 0;

	for (size_t i = 0; i < l->len; i++) {
		const struct launch_device *d = &l->devices[i];
		bool first = !i || !pci_addr_same_slot(&d->addr, &l->devices[i - 1].addr);
		bool more = i + 1 < l->len && pci_addr_same_slot(&d->addr, &l->devices[i + 1].addr);

		function = first ? 0 : function + 1;
		slot += first;
		str_adds(out, "# ");
		comment(out, d->name ? d->name : d->bdf);
		str_addc(out, '\n');
		if (first)
			str_addf(
				out,
				"args+=(-device \"pcie-root-port,id=port%u,chassis=%u,slot=%u\")\n",
				slot, slot, slot);
		str_addf(out, "args+=(-device \"vfio-pci,host=%s,bus=port%u,addr=00.%u%s\")\n",
			 d->bdf, slot, function, first && more ? ",multifunction=on" : "");
	}
	str_addc(out, '\n');
}

/* FNV-1a, 64 bits: tells an edit, not an attack. */
static uint64_t checksum(const char *bytes, size_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void launch_script_write(struct str *out, const struct launch *launch)
{
	auto_str struct str body = STR_INIT;

	write_head(&body, launch);
	write_settings(&body, launch);
	str_adds(&body, launch_options);
	str_adds(&body, launch_preflight);
	str_adds(&body, launch_machine);
	write_args(&body, launch);
	str_adds(&body, launch_start);
	str_addf(out, INTERPRETER MARK "%016" PRIx64 "\n", checksum(body.data, body.len));
	str_add(out, body.data, body.len);
}

bool launch_script_untouched(const char *bytes, size_t len)
{
	static const char head[] = INTERPRETER MARK;
	size_t mark = strlen(head);
	size_t body = mark + MARK_DIGITS + 1;
	auto_str struct str want = STR_INIT;

	if (len < body || strncmp(bytes, head, mark) != 0)
		return false;
	str_addf(&want, "%016" PRIx64 "\n", checksum(bytes + body, len - body));
	return !memcmp(bytes + mark, want.data, want.len);
}
