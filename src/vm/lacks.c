/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/lacks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "advice/selection.h"
#include "base/mem.h"
#include "machine/pci_addr.h"

struct looker {
	const struct vm_profile *vm;
	const struct vm_lacks_input *in;
	struct vm_problems *ret;
};

static void lack(struct looker *l, const char *key, const char *text)
{
	vm_problems_add(l->ret, vm_field_find(key), 0, "%s", text);
}

static bool is_there(const struct looker *l, const char *path)
{
	return host_exists(l->in->host, path);
}

static bool has_program(const struct looker *l, const char *name)
{
	return host_find_program(l->in->host, name, NULL);
}

/* A recording has devices and a few files, but no programs: of what it lacks nothing is known. */
static bool is_whole(const struct looker *l)
{
	return has_program(l, "sh");
}

/* "there is no OVMF here (apt install ovmf)" */
static void lack_package(struct looker *l, const char *key, const char *text,
			 enum platform_package package)
{
	auto_free char *hint = platform_install_hint(l->in->platform, package);

	vm_problems_add(l->ret, vm_field_find(key), 0, "%s%s%s%s", text, hint ? " (" : "",
			hint ? hint : "", hint ? ")" : "");
}

/* --- the machine ---------------------------------------------------------------------- */

static void look_at_programs(struct looker *l)
{
	const struct vm_profile *p = l->vm;
	const struct platform *host = l->in->platform;

	if (!p->qemu[0] && !host->qemu)
		lack_package(l, "qemu", "QEMU is not installed", PACKAGE_QEMU);
	else if (p->qemu[0] && !is_there(l, p->qemu))
		lack(l, "qemu", "there is no such program");
	if (p->tpm && !has_program(l, "swtpm"))
		lack(l, "tpm", "swtpm is not installed");
	if (p->libvirt && !host->libvirt)
		lack_package(l, "libvirt", "libvirt is not installed", PACKAGE_LIBVIRT);
	if (p->share[0] && !has_program(l, "smbd"))
		lack(l, "share", "Samba's smbd is not installed");
	if ((p->pin[0] || p->pin_emulator[0]) && !has_program(l, "taskset"))
		lack(l, "pin", "taskset (util-linux) is not installed");
}

static void look_at_firmware(struct looker *l)
{
	const struct vm_profile *p = l->vm;
	const bool secure = p->firmware == VM_UEFI_SECURE;
	const struct ovmf *found = secure ? &l->in->platform->ovmf_secure : &l->in->platform->ovmf;

	if (p->firmware_code[0] && !is_there(l, p->firmware_code))
		lack(l, "firmware-code", "there is no such file");
	if (p->firmware_vars[0] && !is_there(l, p->firmware_vars))
		lack(l, "firmware-vars", "there is no such file");
	if (p->firmware != VM_BIOS && !p->firmware_code[0] && (!found->code || !found->vars))
		lack_package(l, "firmware",
			     secure ? "no OVMF with Secure Boot is installed"
				    : "no OVMF is installed",
			     PACKAGE_OVMF);
}

static void look_at_memory(struct looker *l)
{
	auto_str struct str text = STR_INIT;
	const char *at;
	uint64_t mib;

	if (host_read(l->in->host, "/proc/meminfo", &text, NULL) < 0)
		return;
	at = strstr(text.data, "MemTotal:");
	mib = at ? strtoull(at + strlen("MemTotal:"), NULL, 10) / 1024 : 0;
	if (mib && l->vm->memory_mib >= mib)
		vm_problems_add(l->ret, vm_field_find("memory"), 0,
				"this machine has %" PRIu64 " MiB, and needs some itself", mib);
}

/* Every CPU of a list that is not online. */
static void look_at_cpus(struct looker *l, const char *key, const char *list)
{
	unsigned *cpus = NULL;
	size_t len = 0;

	if (!list[0] || !is_there(l, "/sys/devices/system/cpu/online") ||
	    !vm_cpu_list(list, &cpus, &len))
		return;
	for (size_t i = 0; i < len; i++) {
		auto_free char *path = xasprintf("/sys/devices/system/cpu/cpu%u", cpus[i]);

		if (!is_there(l, path)) {
			vm_problems_add(l->ret, vm_field_find(key), 0, "this machine has no CPU %u",
					cpus[i]);
			break;
		}
	}
	free(cpus);
}

static void look_at_processors(struct looker *l)
{
	look_at_cpus(l, "pin", l->vm->pin);
	look_at_cpus(l, "pin-emulator", l->vm->pin_emulator);
	if (!is_there(l, "/sys/devices/system/cpu/online") && !is_there(l, "/proc/cpuinfo"))
		lack(l, "cores", "how many this machine has is not known here");
	if (l->vm->accel == VM_KVM && host_is_live(l->in->host) && !is_there(l, "/dev/kvm"))
		lack(l, "accel", "there is no /dev/kvm: virtualization is off in the firmware?");
}

/* --- what QEMU offers ------------------------------------------------------------------- */

static size_t chosen(const struct vm_profile *p, const struct vm_field *f)
{
	const char *member = (const char *)p + f->offset;

	return f->kind == VM_BOOL ? *(const bool *)(const void *)member
				  : (size_t) * (const int *)(const void *)member;
}

static void look_at_offer(struct looker *l)
{
	for (size_t i = 0; i < vm_fields_len; i++) {
		const struct vm_field *f = &vm_fields[i];

		if ((f->kind == VM_CHOICE || f->kind == VM_BOOL) &&
		    !vm_offer_has(l->in->offer, f, chosen(l->vm, f)))
			vm_problems_add(l->ret, f, 0,
					"the installed QEMU does not have it (a package of its "
					"own, or a newer QEMU)");
	}
}

/* --- files, links, devices ------------------------------------------------------------------ */

static void look_at_disks(struct looker *l)
{
	const struct vm_disk *d = l->vm->disks.items;
	const struct vm_path *cd = l->vm->cdroms.items;

	for (size_t i = 0; i < l->vm->disks.len; i++)
		if (!d[i].size_mib && !is_there(l, d[i].path))
			vm_problems_add(l->ret, vm_field_find("disk"), 0,
					"%s is not there; with size= it is created", d[i].path);
	for (size_t i = 0; i < l->vm->cdroms.len; i++)
		if (!is_there(l, cd[i].path))
			vm_problems_add(l->ret, vm_field_find("cdrom"), 0, "%s is not there",
					cd[i].path);
}

static void look_at_network(struct looker *l)
{
	const struct vm_profile *p = l->vm;
	auto_free char *link = xasprintf("/sys/class/net/%s", p->interface);
	auto_free char *bridge = xasprintf("%s/bridge", link);

	if (!p->interface[0] || !is_there(l, "/sys/class/net"))
		return;
	if (p->network == VM_NET_BRIDGE && !is_there(l, bridge))
		lack(l, "interface", "there is no bridge of that name");
	if (p->network == VM_NET_MACVTAP && !is_there(l, link))
		lack(l, "interface", "there is no link of that name");
}

static void look_at_input(struct looker *l)
{
	static const char *const servers[] = {NULL, "synergys", "barriers", "input-leaps",
					      "deskflow-server"};
	const struct vm_evdev *e = l->vm->evdev.items;
	const char *server = servers[l->vm->sharer];

	for (size_t i = 0; i < l->vm->evdev.len; i++)
		if (!is_there(l, e[i].path))
			vm_problems_add(l->ret, vm_field_find("evdev"), 0, "%s is not there",
					e[i].path);
	if (server && !has_program(l, server))
		vm_problems_add(l->ret, vm_field_find("keyboard-server"), 0, "%s is not installed",
				server);
	if (l->vm->share[0] && !is_there(l, l->vm->share))
		lack(l, "share", "there is no such directory");
}

static bool is_given(const struct vm_profile *p, const struct device *d)
{
	const struct vm_device *given = p->devices.items;

	for (size_t i = 0; i < p->devices.len; i++)
		if (!strcmp(given[i].address, d->bdf))
			return true;
	return false;
}

/* QEMU gets a group only when no member of it stays on a driver of the host. */
static void look_at_group(struct looker *l, const struct device *d)
{
	const struct topology *t = l->in->topology;

	for (size_t i = 0; i < t->len; i++) {
		const struct device *other = &t->devices[i];

		if (other == d || other->group != d->group || !device_is_takeable(other) ||
		    !other->driver || text_starts_with(other->driver, "vfio") ||
		    is_given(l->vm, other))
			continue;
		vm_problems_add(l->ret, vm_field_find("device"), 0,
				"%s of its group would stay with the host: add it, too",
				other->bdf);
		return;
	}
}

static void look_at_device(struct looker *l, const struct vm_device *given)
{
	const struct vm_field *f = vm_field_find("device");
	const struct device *d = NULL;
	struct pci_addr addr;
	char ids[10];

	if (pci_addr_parse(given->address, &addr))
		d = topology_find(l->in->topology, &addr);
	if (!d)
		vm_problems_add(l->ret, f, 0, "%s is not there", given->address);
	else if (given->ids[0] && strcmp(given->ids, device_ids_text(d, ids)) != 0)
		vm_problems_add(l->ret, f, 0, "%s is another device now (%s)", given->address,
				device_ids_text(d, ids));
	else if (d->group == NO_GROUP)
		vm_problems_add(l->ret, f, 0, "%s is in no IOMMU group", given->address);
	else
		look_at_group(l, d);
	if (given->rom[0] && is_whole(l) && !is_there(l, given->rom))
		vm_problems_add(l->ret, f, 0, "%s is not there", given->rom);
}

void vm_lacks(const struct vm_profile *p, const struct vm_lacks_input *in, struct vm_problems *ret)
{
	struct looker l = {.vm = p, .in = in, .ret = ret};
	const struct vm_device *d = p->devices.items;

	if (is_whole(&l)) {
		look_at_programs(&l);
		look_at_firmware(&l);
		look_at_disks(&l);
		look_at_input(&l);
	}
	look_at_memory(&l);
	look_at_processors(&l);
	look_at_offer(&l);
	look_at_network(&l);
	for (size_t i = 0; i < p->devices.len; i++)
		look_at_device(&l, &d[i]);
}
