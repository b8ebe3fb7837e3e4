/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt has no element for goes to QEMU as it is. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/domain_parts.h"

/* Appends a value of QEMU's option syntax: a comma is doubled. */
static void add_value(struct str *out, const char *value)
{
	for (; *value; value++) {
		if (*value == ',')
			str_addc(out, ',');
		str_addc(out, *value);
	}
}

static void add_pair(struct strv *args, const char *option, struct str *value)
{
	strv_add(args, option);
	strv_add(args, value->data);
	str_release(value);
}

/* "check,+invtsc,-hle,x=y" one by one: -cpu is libvirt's own, its properties can still be set. */
static void add_cpu_options(struct domain *d, struct strv *args)
{
	const char *cpu = domain_cpu(d->vm);

	for (const char *s = d->vm->cpu_options; *s;) {
		size_t len = strcspn(s, ",");
		bool sign = *s == '+' || *s == '-';
		bool bare = sign || !memchr(s, '=', len);
		struct str out = STR_INIT;

		str_addf(&out, "%s-x86_64-cpu.%.*s%s", cpu, (int)(len - sign), s + sign,
			 !bare       ? ""
			 : *s == '-' ? "=off"
				     : "=on");
		if (len > sign)
			add_pair(args, "-global", &out);
		else
			str_release(&out);
		s += len + (s[len] == ',');
	}
}

static void add_nvme(struct domain *d, size_t i, struct strv *args)
{
	const struct vm_disk *disk = (const struct vm_disk *)d->vm->disks.items + i;
	bool block = text_starts_with(disk->path, "/dev/");
	struct str out = STR_INIT;

	str_addf(&out, "driver=%s,node-name=nvme-file%zu,discard=unmap,read-only=%s,filename=",
		 block ? "host_device" : "file", i, disk->read_only ? "on" : "off");
	add_value(&out, disk->path);
	add_pair(args, "-blockdev", &out);
	str_addf(&out, "driver=%s,node-name=nvme%zu,discard=unmap,read-only=%s,file=nvme-file%zu",
		 domain_disk_format(d, i) == VM_FORMAT_QCOW2 ? "qcow2" : "raw", i,
		 disk->read_only ? "on" : "off", i);
	add_pair(args, "-blockdev", &out);
	str_addf(&out, "nvme,drive=nvme%zu,bootindex=%u,serial=", i,
		 domain_boot_order(d->vm, DOMAIN_BOOT_DISK, i));
	if (disk->serial[0])
		add_value(&out, disk->serial);
	else
		str_addf(&out, "vfiotui-%zu", i);
	add_pair(args, "-device", &out);
}

static void add_disks(struct domain *d, struct strv *args)
{
	bool any = false;

	for (size_t i = 0; i < d->vm->disks.len; i++)
		if (domain_disk_by_qemu((const struct vm_disk *)d->vm->disks.items + i)) {
			add_nvme(d, i, args);
			any = true;
		}
	if (any)
		strv_add(d->notes, "libvirt hands an NVMe disk to QEMU unseen: its image has to "
				   "be readable and writable for libvirt's QEMU user");
}

/* "tcp:2222:22" is to be reached from this host only. */
static void add_network(struct domain *d, struct strv *args)
{
	static const char *const cards[] = {"virtio-net-pci", "e1000e", "e1000", "rtl8139"};
	const struct vm_profile *p = d->vm;
	struct str out = STR_INIT;
	char mac[18];

	if (!domain_nic_by_qemu(p))
		return;
	str_adds(&out, "user,id=vfiotui-net");
	for (size_t i = 0; i < p->forwards.len; i++) {
		const char *ports = ((const struct vm_path *)p->forwards.items + i)->path;
		const char *host = strchr(ports, ':') + 1;
		const char *guest = strchr(host, ':') + 1;

		str_addf(&out, ",hostfwd=%.*s:127.0.0.1:%.*s-:%s", (int)(host - 1 - ports), ports,
			 (int)(guest - 1 - host), host, guest);
	}
	if (p->share[0]) {
		str_adds(&out, ",smb=");
		add_value(&out, p->share);
	}
	add_pair(args, "-netdev", &out);
	vm_profile_mac(p, mac);
	str_addf(&out, "%s,netdev=vfiotui-net,mac=%s,bootindex=%u", cards[p->nic], mac,
		 domain_boot_order(p, DOMAIN_BOOT_NETWORK, 0));
	add_pair(args, "-device", &out);
}

static void add_usb(struct domain *d, struct strv *args)
{
	for (size_t i = 0; i < d->vm->usb.len; i++) {
		const struct vm_usb *usb = (const struct vm_usb *)d->vm->usb.items + i;
		struct str out = STR_INIT;
		size_t bus = strcspn(usb->id, "-");

		if (!domain_usb_by_qemu(usb))
			continue;
		str_addf(&out, "usb-host,hostbus=%.*s,hostport=%s", (int)bus, usb->id,
			 usb->id + bus + (usb->id[bus] == '-'));
		add_pair(args, "-device", &out);
		strv_addf(d->notes,
			  "libvirt can't give a USB port: its QEMU needs access to "
			  "/dev/bus/usb for port %s (cgroup_device_acl in qemu.conf)",
			  usb->id);
	}
}

static void add_shared_memory(struct domain *d, struct strv *args)
{
	const struct vm_profile *p = d->vm;
	struct str out = STR_INIT;

	if (!domain_memory_by_qemu(p))
		return;
	str_addf(&out, "memory-backend-file,id=looking-glass,share=on,size=%uM,mem-path=",
		 vm_looking_glass_mib(p->resolution));
	add_value(&out, p->shared_memory);
	add_pair(args, "-object", &out);
	str_adds(&out, "ivshmem-plain,id=shmem-looking-glass,memdev=looking-glass");
	add_pair(args, "-device", &out);
	strv_addf(d->notes,
		  "libvirt's QEMU may open %s only when it is named in cgroup_device_acl in "
		  "qemu.conf",
		  p->shared_memory);
}

static void add_sound(struct domain *d, struct strv *args)
{
	static const char *const cards[] = {"ich9-intel-hda", "AC97", "usb-audio",
					    "virtio-sound-pci"};
	static const char id[] = "vfiotui-sound";
	struct str out = STR_INIT;

	if (!domain_sound_by_qemu(d))
		return;
	str_addf(&out, "pipewire,id=%s", id);
	add_pair(args, "-audiodev", &out);
	str_adds(&out, cards[d->vm->sound_card]);
	if (d->vm->sound_card != VM_CARD_HDA)
		str_addf(&out, ",audiodev=%s", id);
	add_pair(args, "-device", &out);
	if (d->vm->sound_card != VM_CARD_HDA)
		return;
	str_addf(&out, "hda-duplex,audiodev=%s", id);
	add_pair(args, "-device", &out);
}

static void write_arguments(struct domain *d, const struct strv *args)
{
	struct xml *x = &d->xml;
	bool runtime_dir = domain_sound_by_qemu(d) && d->facts->runtime_dir;

	if (!args->len && !runtime_dir)
		return;
	xml_open(x, "qemu:commandline");
	for (size_t i = 0; i < args->len; i++)
		xml_one(x, "qemu:arg", "value", args->items[i]);
	if (runtime_dir) {
		xml_open(x, "qemu:env");
		xml_attr(x, "name", "PIPEWIRE_RUNTIME_DIR");
		xml_attr(x, "value", d->facts->runtime_dir);
		xml_close(x);
	}
	xml_close(x);
}

/* x-vga is a property of QEMU's vfio-pci that libvirt has no attribute for. */
static void write_override(struct domain *d)
{
	struct xml *x = &d->xml;
	bool any = false;

	for (size_t i = 0; i < d->vm->devices.len; i++) {
		if (!((const struct vm_device *)d->vm->devices.items + i)->vga)
			continue;
		if (!any)
			xml_open(x, "qemu:override");
		any = true;
		xml_open(x, "qemu:device");
		xml_attrf(x, "alias", "hostdev%zu", i);
		xml_open(x, "qemu:frontend");
		xml_open(x, "qemu:property");
		xml_attr(x, "name", "x-vga");
		xml_attr(x, "type", "bool");
		xml_attr(x, "value", "true");
		xml_close(x);
		xml_close(x);
		xml_close(x);
	}
	if (any)
		xml_close(x);
}

void domain_qemu(struct domain *d)
{
	auto_strv struct strv args = STRV_INIT;

	add_cpu_options(d, &args);
	add_disks(d, &args);
	add_network(d, &args);
	add_usb(d, &args);
	add_shared_memory(d, &args);
	add_sound(d, &args);
	for (size_t i = 0; i < d->vm->options.len; i++)
		strv_add(&args, ((const struct vm_path *)d->vm->options.items + i)->path);
	write_arguments(d, &args);
	write_override(d);
}
