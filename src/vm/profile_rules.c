/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a profile does not go together: one sentence beside the field that should change. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vm/profile.h"

static void problem(struct vm_problems *to, const char *key, const char *text)
{
	vm_problems_add(to, vm_field_find(key), 0, "%s", text);
}

static void check_cpus_of(const struct vm_profile *p, struct vm_problems *to)
{
	unsigned *cpus = NULL;
	size_t len;
	unsigned want = p->cores * p->threads;

	if (p->pin[0] && vm_cpu_list(p->pin, &cpus, &len)) {
		if (len != want)
			vm_problems_add(to, vm_field_find("pin"), 0,
					"pin names %zu CPUs, the guest has %u (cores x threads)",
					len, want);
		for (size_t i = 0; i < len; i++)
			for (size_t j = 0; j < i; j++)
				if (cpus[i] == cpus[j]) {
					vm_problems_add(to, vm_field_find("pin"), 0,
							"pin names CPU %u twice", cpus[i]);
					i = j = len;
				}
	}
	free(cpus);
	if (want > 255)
		problem(to, "cores",
			"more than 255 virtual CPUs can't be had without an IOMMU in the "
			"guest");
}

/* What QEMU refuses to start without (QEMU: docs/system/i386/hyperv.rst). */
static void check_hyperv(const struct vm_profile *p, struct vm_problems *to)
{
	static const struct {
		unsigned has, needs;
		const char *text;
	} rules[] = {
		{VM_HV_SYNIC, VM_HV_VPINDEX, "synic needs vpindex"},
		{VM_HV_STIMER, VM_HV_SYNIC | VM_HV_TIME, "stimer needs synic and time"},
		{VM_HV_TLBFLUSH, VM_HV_VPINDEX, "tlbflush needs vpindex"},
		{VM_HV_IPI, VM_HV_VPINDEX, "ipi needs vpindex"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (p->hyperv & rules[i].has && (p->hyperv & rules[i].needs) != rules[i].needs)
			problem(to, "hyperv", rules[i].text);
}

static void check_firmware(const struct vm_profile *p, struct vm_problems *to)
{
	if (p->firmware == VM_UEFI_SECURE && p->machine != VM_Q35)
		problem(to, "firmware", "Secure Boot needs the machine type q35");
	if (p->firmware == VM_BIOS && p->firmware_code[0])
		problem(to, "firmware-code", "with firmware = bios no OVMF is used");
	if (!p->firmware_code[0] != !p->firmware_vars[0])
		problem(to, "firmware-vars", "firmware-code and firmware-vars belong together");
	if (p->system == VM_WINDOWS_11 && p->firmware == VM_BIOS)
		problem(to, "firmware", "Windows 11 needs UEFI");
}

/* A guest looks at function 0 first, and passes over the others of a slot that has none. */
static bool lacks_function_0(const struct vm_profile *p, const struct vm_device *d)
{
	const struct vm_device *other = p->devices.items;

	if (!d->guest[0] || text_ends_with(d->guest, ".0"))
		return false;
	for (size_t i = 0; i < p->devices.len; i++)
		if (!strncmp(other[i].guest, d->guest, 3) && text_ends_with(other[i].guest, ".0"))
			return false;
	return true;
}

/* Devices that are named twice, or want the same place. */
static void check_devices(const struct vm_profile *p, struct vm_problems *to)
{
	const struct vm_device *d = p->devices.items;
	const struct vm_field *f = vm_field_find("device");

	if (p->accel == VM_TCG && p->devices.len)
		problem(to, "accel", "devices of the host can be handed over with kvm only");
	for (size_t i = 0; i < p->devices.len; i++) {
		if (lacks_function_0(p, &d[i]))
			vm_problems_add(to, f, 0,
					"%s: without a device at guest=%.2s.0 the guest does not "
					"see guest=%s",
					d[i].address, d[i].guest, d[i].guest);
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(d[i].address, d[j].address))
				vm_problems_add(to, f, 0, "%s is named twice", d[i].address);
			if (d[i].guest[0] && !strcmp(d[i].guest, d[j].guest))
				vm_problems_add(to, f, 0, "%s and %s both want to be at guest=%s",
						d[j].address, d[i].address, d[i].guest);
		}
	}
}

static bool is_on_ide(const struct vm_disk *d)
{
	return d->bus == VM_BUS_SATA || d->bus == VM_BUS_IDE;
}

/* The machine's own controller: ich9-ahci of the q35 has 6 places, piix3-ide of the i440fx 4. */
static void check_places(const struct vm_profile *p, struct vm_problems *to)
{
	const struct vm_disk *d = p->disks.items;
	const size_t places = p->machine == VM_Q35 ? 6 : 4;
	size_t taken = p->cdroms.len;

	for (size_t i = 0; i < p->disks.len; i++)
		taken += is_on_ide(&d[i]);
	if (taken > places)
		vm_problems_add(to, vm_field_find("disk"), 0,
				"there is room for %zu disks with bus=sata or ide and CD images "
				"together, not for %zu: take another bus=",
				places, taken);
}

/* What one disk's options say against each other, or against the machine. */
static const char *disk_problem(const struct vm_profile *p, const struct vm_disk *d)
{
	if (d->size_mib && d->format == VM_FORMAT_AUTO && !text_ends_with(d->path, ".qcow2") &&
	    !text_ends_with(d->path, ".raw") && !text_ends_with(d->path, ".img"))
		return "say format=raw or format=qcow2 where a size= is";
	if (d->size_mib && text_starts_with(d->path, "/dev/"))
		return "a device can't be created with size=";
	if (d->aio == VM_AIO_NATIVE && d->cache > VM_CACHE_NONE)
		return "aio=native needs cache=none";
	if (d->bus == VM_BUS_IDE && p->machine == VM_Q35)
		return "q35 has no IDE; take bus=sata";
	if (d->read_only && is_on_ide(d))
		return "QEMU's SATA and IDE disks can't be readonly; take bus=virtio, or a cdrom";
	if (d->bus == VM_BUS_USB && !p->usb_controllers)
		return "bus=usb needs one of the usb-controllers";
	return NULL;
}

static void check_disks(const struct vm_profile *p, struct vm_problems *to)
{
	const struct vm_disk *d = p->disks.items;
	const struct vm_field *f = vm_field_find("disk");

	for (size_t i = 0; i < p->disks.len; i++) {
		const char *text = disk_problem(p, &d[i]);

		if (text)
			vm_problems_add(to, f, 0, "%s: %s", d[i].path, text);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(d[i].path, d[j].path))
				vm_problems_add(to, f, 0, "%s is named twice", d[i].path);
	}
}

/* Two forwards of one port of the host: "tcp:2222:22" and "tcp:2222:80". */
static void check_forwards(const struct vm_profile *p, struct vm_problems *to)
{
	const struct vm_path *f = p->forwards.items;

	for (size_t i = 0; i < p->forwards.len; i++)
		for (size_t j = 0; j < i; j++) {
			const size_t len = (size_t)(strrchr(f[i].path, ':') - f[i].path) + 1;

			if (!strncmp(f[i].path, f[j].path, len))
				vm_problems_add(to, vm_field_find("forward"), 0,
						"%s and %s want the same port of this host",
						f[j].path, f[i].path);
		}
}

/* QEMU takes whole pages only. */
static void check_pages(const struct vm_profile *p, struct vm_problems *to)
{
	const unsigned mib = p->hugepages == VM_HUGE_1G ? 1024 : 2;

	if (p->hugepages != VM_HUGE_NONE && p->memory_mib % mib)
		vm_problems_add(to, vm_field_find("memory"), 0,
				"with huge pages of this size it is a multiple of %u MiB", mib);
}

static void check_rest(const struct vm_profile *p, struct vm_problems *to)
{
	bool own_net = p->network == VM_NET_BRIDGE || p->network == VM_NET_MACVTAP;

	if (own_net && !p->interface[0])
		problem(to, "interface",
			p->network == VM_NET_BRIDGE ? "name the bridge, br0 for example"
						    : "name the link that macvtap sits on");
	if (p->forwards.len && p->network != VM_NET_USER)
		problem(to, "forward", "ports are forwarded in the user network only");
	if (p->share[0] && p->network != VM_NET_USER)
		problem(to, "share",
			"a directory is shared in the user network only; with others "
			"set samba = yes and share it in smb.conf");
	if (p->audio == VM_AUDIO_SPICE && p->display != VM_DISPLAY_SPICE &&
	    p->display != VM_DISPLAY_LG)
		problem(to, "audio",
			"SPICE carries sound only with display = spice or "
			"looking-glass");
	if (p->audio != VM_AUDIO_NONE && p->sound_card == VM_CARD_USB && !p->usb_controllers)
		problem(to, "sound-card", "the USB sound card needs one of the usb-controllers");
	if (p->machine == VM_I440FX && p->cdroms.len > 4)
		problem(to, "cdrom", "i440fx has room for four CD images");
	if (p->cdroms.len > 5)
		problem(to, "cdrom", "there is room for five CD images");
	if (p->single_gpu && p->bind == VM_BIND_AT_BOOT)
		problem(to, "single-gpu",
			"with bind = at-boot no desktop has the card: set bind = at-start, or no");
	if (p->usb.len && !p->usb_controllers)
		problem(to, "usb-controllers", "the USB devices need a controller");
}

void vm_profile_check(const struct vm_profile *p, struct vm_problems *problems)
{
	check_cpus_of(p, problems);
	check_hyperv(p, problems);
	check_firmware(p, problems);
	check_devices(p, problems);
	check_disks(p, problems);
	check_places(p, problems);
	check_forwards(p, problems);
	check_pages(p, problems);
	check_rest(p, problems);
}
