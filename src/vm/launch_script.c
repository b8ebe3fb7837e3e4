/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/launch_script.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "vm/launch_text.h"
#include "vm/qemu_args.h"

#define INTERPRETER "#!/bin/bash\n"
#define MARK "# vfiotui launch script "
#define MARK_DIGITS 16

/* Untrusted text must not end the comment's line. */
static void comment(struct str *out, const char *text)
{
	for (const char *p = text; *p; p++)
		str_addc(out, (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
}

static void write_head(struct str *out, const struct vm_profile *vm)
{
	const struct vm_device *d = vm->devices.items;

	str_adds(out, "#\n# Starts the virtual machine \"");
	comment(out, vm->name);
	str_addf(out, "\" %s\n",
		 vm->devices.len ? "with these devices of this host:"
				 : "without devices of the host.");
	for (size_t i = 0; i < vm->devices.len; i++) {
		str_addf(out, "#   %s  ", d[i].address);
		comment(out, d[i].name);
		str_rtrim(out);
		str_addc(out, '\n');
	}
	str_adds(out, launch_usage);
}

/* --- settings --------------------------------------------------------------------- */

static void setting(struct str *out, const char *key, const char *value, const char *remark)
{
	auto_str struct str quoted = STR_INIT;

	shell_quote(&quoted, value ? value : "");
	str_addf(out, "%s=", key);
	if (!value || !*value || *quoted.data == '\'' || strcmp(quoted.data, value) != 0)
		str_adds(out, value && *value ? quoted.data : "");
	else
		str_addf(out, "\"%s\"", value); /* plain, and told from a command's name */
	str_addf(out, "%s%s\n", remark ? " # " : "", remark ? remark : "");
}

static void open_list(struct str *out, const char *key)
{
	str_addf(out, "%s=(", key);
}

/* One value of a list, quoted even when it is empty. */
static void list_value(struct str *out, const char *value, bool first)
{
	if (!first)
		str_addc(out, ' ');
	if (*value)
		shell_quote(out, value);
	else
		str_adds(out, "''");
}

static void write_paths(struct str *out, const char *key, const struct vm_list *list)
{
	const struct vm_path *items = list->items;

	open_list(out, key);
	for (size_t i = 0; i < list->len; i++)
		list_value(out, items[i].path, !i);
	str_adds(out, ")\n");
}

static void write_disks(struct str *out, const struct vm_profile *vm)
{
	static const char *const formats[] = {"auto", "raw", "qcow2"};
	const struct vm_disk *d = vm->disks.items;

	open_list(out, "disks");
	for (size_t i = 0; i < vm->disks.len; i++)
		list_value(out, d[i].path, !i);
	str_adds(out, ")\ndisk_formats=(");
	for (size_t i = 0; i < vm->disks.len; i++)
		list_value(out, formats[d[i].format], !i);
	str_adds(out, ")\ndisk_sizes=(");
	for (size_t i = 0; i < vm->disks.len; i++) {
		auto_str struct str size = STR_INIT;

		if (d[i].size_mib)
			str_addf(&size, "%" PRIu64 "M", d[i].size_mib);
		list_value(out, size.data, !i);
	}
	str_adds(out, ") # created with this size when missing\ndisks_read_only=(");
	for (size_t i = 0; i < vm->disks.len; i++)
		list_value(out, d[i].read_only ? "on" : "off", !i);
	str_adds(out, ")\n");
	write_paths(out, "cdroms", &vm->cdroms);
}

static void write_devices(struct str *out, const struct vm_profile *vm)
{
	const struct vm_device *d = vm->devices.items;
	const struct vm_usb *u = vm->usb.items;
	const struct vm_evdev *e = vm->evdev.items;

	open_list(out, "devices");
	for (size_t i = 0; i < vm->devices.len; i++)
		list_value(out, d[i].address, !i);
	str_adds(out, ")\ndevice_ids=(");
	for (size_t i = 0; i < vm->devices.len; i++)
		list_value(out, d[i].ids, !i);
	str_adds(out, ") # what must be there\nroms=(");
	for (size_t i = 0; i < vm->devices.len; i++)
		list_value(out, d[i].rom, !i);
	str_addf(
		out,
		")\nbind=\"%s\" # at-start takes what the host still has, and gives it back\nusb=(",
		vm->bind == VM_BIND_AT_START ? "at-start" : "at-boot");
	for (size_t i = 0; i < vm->usb.len; i++)
		list_value(out, u[i].id, !i);
	str_adds(out, ")\nevdev=(");
	for (size_t i = 0; i < vm->evdev.len; i++)
		list_value(out, e[i].path, !i);
	str_adds(out, ")\n");
}

static void write_firmware(struct str *out, const struct vm_profile *vm,
			   const struct platform *host)
{
	struct qemu_firmware f;

	qemu_firmware(vm, host, &f);
	setting(out, "ovmf_code", f.code, NULL);
	setting(out, "ovmf_vars", f.vars, NULL);
	setting(out, "ovmf_format", f.format, NULL);
	setting(out, "vars", vm->vars, "this VM's copy of ovmf_vars; the TPM's state is beside it");
}

static void write_machine(struct str *out, const struct vm_profile *vm, const struct platform *host)
{
	unsigned *cpus = NULL;
	size_t len = 0;

	setting(out, "name", vm->name, NULL);
	setting(out, "qemu",
		vm->qemu[0]  ? vm->qemu
		: host->qemu ? host->qemu
			     : "qemu-system-x86_64",
		NULL);
	setting(out, "accel", vm->accel == VM_KVM ? "kvm" : "tcg", NULL);
	str_addf(out, "memory=%" PRIu64 " # MiB\ncores=%u\nthreads=%u\npin=(", vm->memory_mib,
		 vm->cores, vm->threads);
	if (vm->pin[0] && vm_cpu_list(vm->pin, &cpus, &len))
		for (size_t i = 0; i < len; i++)
			str_addf(out, "%s%u", i ? " " : "", cpus[i]);
	free(cpus);
	str_adds(out, ") # the host's CPUs for the guest's\n");
	setting(out, "pin_emulator", vm->pin_emulator, "and for the rest of QEMU");
	write_firmware(out, vm, host);
}

static void write_network(struct str *out, const struct vm_profile *vm)
{
	char mac[18];

	vm_profile_mac(vm, mac);
	setting(out, "interface", vm->interface, NULL);
	setting(out, "mac", mac, NULL);
	setting(out, "share", vm->network == VM_NET_USER ? vm->share : "", NULL);
	setting(out, "samba", vm->samba ? "yes" : "no", NULL);
	setting(out, "single_gpu", vm->single_gpu ? "yes" : "no",
		"yes: the desktop ends at the start, and comes back");
}

static void write_screen(struct str *out, const struct vm_profile *vm)
{
	static const char *const displays[] = {"none", "std", "qxl", "spice", "looking-glass"};
	static const char *const sounds[] = {"none", "pipewire", "pa", "jack", "alsa", "spice"};
	static const char *const inputs[] = {"usb", "virtio", "ps2"};
	const char *usb_bus = qemu_usb_bus(vm);
	bool lg = vm->display == VM_DISPLAY_LG;

	setting(out, "display", displays[vm->display], "none: the guest shows on its own card");
	setting(out, "shared_memory", lg ? vm->shared_memory : "", NULL);
	str_addf(out, "shared_memory_mib=%u\n", lg ? vm_looking_glass_mib(vm->resolution) : 0);
	str_adds(out, "spice_port=");
	if (vm->spice_port)
		str_addf(out, "%u", vm->spice_port);
	str_addc(out, '\n');
	setting(out, "audio", sounds[vm->audio], NULL);
	setting(out, "input", vm->input == VM_INPUT_USB && !usb_bus[0] ? "ps2" : inputs[vm->input],
		NULL);
}

static void write_sharer(struct str *out, const struct vm_profile *vm)
{
	static const char *const servers[] = {"", "synergys", "barriers", "input-leaps",
					      "deskflow-server"};
	static const char *const sides[] = {"right", "left", "up", "down"};
	static const enum vm_side opposite[] = {VM_LEFT, VM_RIGHT, VM_BELOW, VM_ABOVE};
	auto_str struct str screen = STR_INIT;

	for (const char *s = vm->name; *s; s++)
		str_addc(&screen, strchr(" \t\"#:", *s) ? '-' : *s);
	setting(out, "sharer", servers[vm->sharer], "keyboard server");
	setting(out, "sharer_config", vm->sharer_config, NULL);
	setting(out, "guest_screen", vm->guest_screen[0] ? vm->guest_screen : screen.data, NULL);
	setting(out, "host_screen", vm->host_screen, NULL);
	setting(out, "guest_side", sides[vm->guest_side], NULL);
	setting(out, "host_side", sides[opposite[vm->guest_side]], NULL);
}

/* What decides which arguments there are; changed here alone it would be a lie. */
static void write_made_for(struct str *out, const struct vm_profile *vm)
{
	static const char *const pages[] = {"", "2048", "1048576"};
	static const char *const firmwares[] = {"uefi", "uefi-secure", "bios"};
	static const char *const networks[] = {"user", "bridge", "macvtap", "none"};

	str_adds(out,
		 "\n# --- what the arguments below were made for: change it in the profile ---\n"
		 "\n");
	setting(out, "machine", vm->machine == VM_Q35 ? "q35" : "i440fx", NULL);
	setting(out, "firmware", firmwares[vm->firmware], NULL);
	setting(out, "tpm", vm->tpm ? "yes" : "no", NULL);
	setting(out, "hugepages", pages[vm->hugepages], "kB");
	setting(out, "numa_node", vm->numa_node, NULL);
	setting(out, "lock_memory", vm->lock_memory ? "yes" : "no", NULL);
	setting(out, "network", networks[vm->network], NULL);
	setting(out, "usb_bus", qemu_usb_bus(vm), NULL);
}

/* FNV-1a, 64 bits: tells an edit, not an attack. */
static uint64_t checksum(const char *bytes, size_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void launch_script_write(struct str *out, const struct vm_profile *vm, const struct platform *host)
{
	auto_str struct str body = STR_INIT;

	write_head(&body, vm);
	write_machine(&body, vm, host);
	write_disks(&body, vm);
	write_devices(&body, vm);
	write_network(&body, vm);
	write_screen(&body, vm);
	write_sharer(&body, vm);
	write_made_for(&body, vm);
	str_adds(&body, launch_options);
	str_adds(&body, launch_preflight);
	str_adds(&body, launch_desktop);
	str_adds(&body, launch_host);
	str_adds(&body, launch_args);
	qemu_args_machine(&body, vm, host);
	qemu_args_devices(&body, vm);
	str_adds(&body, launch_screen);
	qemu_args_more(&body, vm);
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

static size_t count_lines(const char *from, const char *to)
{
	size_t n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

size_t launch_script_common(const char *bytes, struct launch_common ret[LAUNCH_COMMON_MOST])
{
	const char *const parts[] = {launch_options, launch_preflight, launch_desktop, launch_host,
				     launch_args,    launch_screen,    launch_start};
	const char *at = bytes;
	size_t line = 0;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *found = strstr(at, parts[i]);
		size_t first;

		if (!found)
			continue;
		first = line + count_lines(at, found);
		at = found + strlen(parts[i]);
		line = first + count_lines(found, at);
		if (n && ret[n - 1].end == first)
			ret[n - 1].end = line;
		else if (n < LAUNCH_COMMON_MOST)
			ret[n++] = (struct launch_common){.first = first, .end = line};
	}
	return n;
}
