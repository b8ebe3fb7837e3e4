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

/* Two NICs or disks on a port, slots of the root bus used twice. */
static void check_devices(const struct vm_profile *p, struct vm_problems *to)
{
	const struct vm_device *d = p->devices.items;
	const struct vm_field *f = vm_field_find("device");

	if (p->accel == VM_TCG && p->devices.len)
		problem(to, "accel", "devices of the host can be handed over with kvm only");
	for (size_t i = 0; i < p->devices.len; i++) {
		for (size_t j = 0; j < i; j++) {
			if (!strcmp(d[i].address, d[j].address))
				vm_problems_add(to, f, 0, "%s is named twice", d[i].address);
			if (d[i].guest[0] && !strcmp(d[i].guest, d[j].guest))
				vm_problems_add(to, f, 0, "%s and %s both want to be at guest=%s",
						d[j].address, d[i].address, d[i].guest);
		}
	}
}

static void check_disks(const struct vm_profile *p, struct vm_problems *to)
{
	const struct vm_disk *d = p->disks.items;
	const struct vm_field *f = vm_field_find("disk");

	for (size_t i = 0; i < p->disks.len; i++) {
		if (d[i].size_mib && d[i].format == VM_FORMAT_AUTO &&
		    !text_ends_with(d[i].path, ".qcow2") && !text_ends_with(d[i].path, ".raw") &&
		    !text_ends_with(d[i].path, ".img"))
			vm_problems_add(to, f, 0,
					"%s: say format=raw or format=qcow2 where a size= is",
					d[i].path);
		if (d[i].size_mib && !strncmp(d[i].path, "/dev/", 5))
			vm_problems_add(to, f, 0, "%s is a device: it can't be created with size=",
					d[i].path);
		if (d[i].aio == VM_AIO_NATIVE && d[i].cache > VM_CACHE_NONE)
			vm_problems_add(to, f, 0, "%s: aio=native needs cache=none", d[i].path);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(d[i].path, d[j].path))
				vm_problems_add(to, f, 0, "%s is named twice", d[i].path);
		if (d[i].bus == VM_BUS_IDE && p->machine == VM_Q35)
			vm_problems_add(to, f, 0, "%s: q35 has no IDE; take bus=sata", d[i].path);
	}
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
	check_rest(p, problems);
}
