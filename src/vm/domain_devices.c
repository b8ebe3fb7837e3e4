/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's <devices>: disks, network, the host's devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/pci_addr.h"
#include "vm/domain_parts.h"

#define LIBVIRT_DOMAIN_MAX 0xffff /* its pciDomain type; Intel's VMD begins above */
#define FIRST_FREE_SLOT 0x10      /* of the i440fx: far from what libvirt gives out itself */

static const struct vm_disk *disk_at(const struct vm_profile *p, size_t i)
{
	return (const struct vm_disk *)p->disks.items + i;
}

static const struct vm_device *device_at(const struct vm_profile *p, size_t i)
{
	return (const struct vm_device *)p->devices.items + i;
}

bool domain_disk_by_qemu(const struct vm_disk *disk)
{
	return disk->bus == VM_BUS_NVME;
}

bool domain_nic_by_qemu(const struct vm_profile *p)
{
	return p->network == VM_NET_USER && (p->forwards.len || p->share[0]);
}

bool domain_usb_by_qemu(const struct vm_usb *usb)
{
	return !strchr(usb->id, ':');
}

/* The profile's choice comes first, then the others in the order disk, CD, network. */
unsigned domain_boot_order(const struct vm_profile *p, enum domain_boots what, size_t i)
{
	const size_t count[] = {p->disks.len, p->cdroms.len, p->network != VM_NET_NONE};
	const enum domain_boots first = p->boot == VM_BOOT_CDROM     ? DOMAIN_BOOT_CDROM
					: p->boot == VM_BOOT_NETWORK ? DOMAIN_BOOT_NETWORK
								     : DOMAIN_BOOT_DISK;
	size_t at = i + 1;

	if (what == first)
		return (unsigned)at;
	at += count[first];
	for (size_t k = 0; k < (size_t)what; k++)
		if (k != (size_t)first)
			at += count[k];
	return (unsigned)at;
}

int domain_disk_format(const struct domain *d, size_t i)
{
	const struct vm_disk *disk = disk_at(d->vm, i);

	if (disk->format != VM_FORMAT_AUTO)
		return disk->format;
	if (d->facts->disk_formats && d->facts->disk_formats[i] != VM_FORMAT_AUTO)
		return d->facts->disk_formats[i];
	return text_ends_with(disk->path, ".qcow2") ? VM_FORMAT_QCOW2 : VM_FORMAT_RAW;
}

/* "sda" for 0, "sdz" for 25, "sdaa" for 26. */
static void format_target(char ret[16], const char *prefix, size_t i)
{
	char letters[8];
	size_t len = 0;

	do
		letters[len++] = (char)('a' + i % 26);
	while ((i /= 26) && i-- && len < sizeof(letters));
	snprintf(ret, 16, "%s", prefix);
	for (size_t at = strlen(ret); len && at < 15; at++) {
		ret[at] = letters[--len];
		ret[at + 1] = '\0';
	}
}

/* Names of targets are counted by their prefix, as libvirt wants them. */
struct targets {
	size_t vd, sd, hd;
};

static void write_target(struct domain *d, int bus, struct targets *count)
{
	/* the q35 has SATA where the i440fx has IDE; QEMU's ide-hd is both */
	static const char *const buses[] = {"virtio", "scsi", "sata", NULL, "ide", "usb"};
	bool q35 = d->vm->machine == VM_Q35;
	char target[16];

	if (bus == VM_BUS_IDE && q35)
		bus = VM_BUS_SATA;
	if (bus == VM_BUS_VIRTIO)
		format_target(target, "vd", count->vd++);
	else if (bus == VM_BUS_IDE)
		format_target(target, "hd", count->hd++);
	else
		format_target(target, "sd", count->sd++);
	xml_open(&d->xml, "target");
	xml_attr(&d->xml, "dev", target);
	xml_attr(&d->xml, "bus", buses[bus]);
	xml_close(&d->xml);
}

static void write_boot(struct domain *d, enum domain_boots what, size_t i)
{
	xml_open(&d->xml, "boot");
	xml_attrf(&d->xml, "order", "%u", domain_boot_order(d->vm, what, i));
	xml_close(&d->xml);
}

static void write_source(struct domain *d, const char *path)
{
	bool block = text_starts_with(path, "/dev/");

	xml_one(&d->xml, "source", block ? "dev" : "file", path);
}

static void write_disk(struct domain *d, size_t i, struct targets *count)
{
	static const char *const caches[] = {NULL, "none", "writeback", "writethrough"};
	static const char *const ways[] = {NULL, "native", "threads", "io_uring"};
	const struct vm_disk *disk = disk_at(d->vm, i);
	bool block = text_starts_with(disk->path, "/dev/");
	struct xml *x = &d->xml;

	xml_open(x, "disk");
	xml_attr(x, "type", block ? "block" : "file");
	xml_attr(x, "device", "disk");
	xml_open(x, "driver");
	xml_attr(x, "name", "qemu");
	xml_attr(x, "type", domain_disk_format(d, i) == VM_FORMAT_QCOW2 ? "qcow2" : "raw");
	xml_attr(x, "cache", caches[disk->cache]);
	xml_attr(x, "io", ways[disk->aio]);
	xml_attr(x, "discard", "unmap");
	xml_close(x);
	write_source(d, disk->path);
	write_target(d, disk->bus, count);
	if (disk->read_only) {
		xml_open(x, "readonly");
		xml_close(x);
	}
	if (disk->serial[0])
		xml_leaf(x, "serial", disk->serial);
	write_boot(d, DOMAIN_BOOT_DISK, i);
	xml_close(x);
}

static void write_cdrom(struct domain *d, size_t i, struct targets *count)
{
	const struct vm_path *cdrom = (const struct vm_path *)d->vm->cdroms.items + i;
	struct xml *x = &d->xml;

	xml_open(x, "disk");
	xml_attr(x, "type", text_starts_with(cdrom->path, "/dev/") ? "block" : "file");
	xml_attr(x, "device", "cdrom");
	xml_open(x, "driver");
	xml_attr(x, "name", "qemu");
	xml_attr(x, "type", "raw");
	xml_close(x);
	write_source(d, cdrom->path);
	write_target(d, VM_BUS_IDE, count);
	xml_open(x, "readonly");
	xml_close(x);
	write_boot(d, DOMAIN_BOOT_CDROM, i);
	xml_close(x);
}

void domain_disks(struct domain *d)
{
	struct targets count = {0};

	for (size_t i = 0; i < d->vm->disks.len; i++)
		if (!domain_disk_by_qemu(disk_at(d->vm, i)))
			write_disk(d, i, &count);
	for (size_t i = 0; i < d->vm->cdroms.len; i++)
		write_cdrom(d, i, &count);
}

/* --- the host's PCI devices ------------------------------------------------------ */

/* Are two devices functions of one slot, which the guest shall see as one card, too? */
static bool same_card(const struct vm_device *a, const struct vm_device *b)
{
	struct pci_addr x;
	struct pci_addr y;

	return !a->guest[0] && !b->guest[0] && pci_addr_parse(a->address, &x) &&
	       pci_addr_parse(b->address, &y) && pci_addr_same_slot(&x, &y);
}

/* The first device of the card that device `i` belongs to. */
static size_t first_of_card(const struct vm_profile *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_card(device_at(p, k), device_at(p, i)))
			return k;
	return i;
}

/* How many cards stand before device `i`'s: each has a root port of its own. */
static unsigned card_number(const struct vm_profile *p, size_t i)
{
	unsigned n = 0;

	for (size_t k = 0; k < first_of_card(p, i); k++)
		if (!device_at(p, k)->guest[0] && first_of_card(p, k) == k)
			n++;
	return n;
}

static void write_guest_address(struct domain *d, size_t i)
{
	const struct vm_profile *p = d->vm;
	const char *guest = device_at(p, i)->guest;
	bool q35 = p->machine == VM_Q35;
	unsigned slot = q35 ? 0 : FIRST_FREE_SLOT + card_number(p, i);
	unsigned function = 0;
	unsigned functions = 0;
	struct xml *x = &d->xml;

	for (size_t k = 0; k < p->devices.len; k++)
		if (k == i || same_card(device_at(p, k), device_at(p, i))) {
			function += k < i;
			functions++;
		}
	if (guest[0])
		sscanf(guest, "%x.%x", &slot, &function);
	xml_open(x, "address");
	xml_attr(x, "type", "pci");
	xml_attr(x, "domain", "0x0000");
	xml_attrf(x, "bus", "0x%02x", guest[0] || !q35 ? 0 : 1 + card_number(p, i));
	xml_attrf(x, "slot", "0x%02x", slot);
	xml_attrf(x, "function", "0x%x", function);
	if (!function && (functions > 1 || guest[0]))
		xml_attr(x, "multifunction", "on");
	xml_close(x);
}

static void write_host_device(struct domain *d, size_t i)
{
	const struct vm_device *device = device_at(d->vm, i);
	struct xml *x = &d->xml;
	struct pci_addr addr;

	if (!pci_addr_parse(device->address, &addr) || addr.domain > LIBVIRT_DOMAIN_MAX) {
		d->refused = device;
		return;
	}
	xml_open(x, "hostdev");
	xml_attr(x, "mode", "subsystem");
	xml_attr(x, "type", "pci");
	/* managed: libvirt hands it over at the start and gives it back at the end */
	xml_attr(x, "managed", d->vm->bind == VM_BIND_AT_START ? "yes" : "no");
	xml_one(x, "driver", "name", "vfio");
	xml_open(x, "source");
	xml_open(x, "address");
	xml_attrf(x, "domain", "0x%04x", addr.domain);
	xml_attrf(x, "bus", "0x%02x", addr.bus);
	xml_attrf(x, "slot", "0x%02x", addr.slot);
	xml_attrf(x, "function", "0x%x", addr.function);
	xml_close(x);
	xml_close(x);
	if (device->rom[0])
		xml_one(x, "rom", "file", device->rom);
	write_guest_address(d, i);
	xml_close(x);
}

void domain_host_devices(struct domain *d)
{
	for (size_t i = 0; i < d->vm->devices.len; i++)
		write_host_device(d, i);
}

static void write_usb_controllers(struct domain *d)
{
	static const struct {
		unsigned flag;
		const char *model;
	} models[] = {
		{VM_USB_XHCI, "qemu-xhci"},
		{VM_USB_NEC_XHCI, "nec-xhci"},
		{VM_USB_EHCI, "ehci"},
		{VM_USB_UHCI, "piix3-uhci"},
	};
	unsigned index = 0;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		if (!(d->vm->usb_controllers & models[i].flag))
			continue;
		xml_open(&d->xml, "controller");
		xml_attr(&d->xml, "type", "usb");
		xml_attrf(&d->xml, "index", "%u", index++);
		xml_attr(&d->xml, "model", models[i].model);
		xml_close(&d->xml);
	}
	if (index)
		return;
	xml_open(&d->xml, "controller");
	xml_attr(&d->xml, "type", "usb");
	xml_attr(&d->xml, "model", "none");
	xml_close(&d->xml);
}

static void write_pci_controller(struct domain *d, unsigned index, const char *model)
{
	xml_open(&d->xml, "controller");
	xml_attr(&d->xml, "type", "pci");
	xml_attrf(&d->xml, "index", "%u", index);
	xml_attr(&d->xml, "model", model);
	xml_close(&d->xml);
}

/* A root port for each card; libvirt adds those of its own devices behind them. */
void domain_controllers(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	bool scsi = false;

	write_pci_controller(d, 0, p->machine == VM_Q35 ? "pcie-root" : "pci-root");
	for (size_t i = 0; p->machine == VM_Q35 && i < p->devices.len; i++)
		if (!device_at(p, i)->guest[0] && first_of_card(p, i) == i)
			write_pci_controller(d, 1 + card_number(p, i), "pcie-root-port");
	for (size_t i = 0; i < p->disks.len; i++)
		scsi |= disk_at(p, i)->bus == VM_BUS_SCSI;
	if (scsi) {
		xml_open(&d->xml, "controller");
		xml_attr(&d->xml, "type", "scsi");
		xml_attr(&d->xml, "model", "virtio-scsi");
		xml_close(&d->xml);
	}
	write_usb_controllers(d);
}

void domain_usb_devices(struct domain *d)
{
	struct xml *x = &d->xml;

	for (size_t i = 0; i < d->vm->usb.len; i++) {
		const struct vm_usb *usb = (const struct vm_usb *)d->vm->usb.items + i;

		if (domain_usb_by_qemu(usb))
			continue;
		xml_open(x, "hostdev");
		xml_attr(x, "mode", "subsystem");
		xml_attr(x, "type", "usb");
		xml_attr(x, "managed", "yes");
		xml_open(x, "source");
		xml_attr(x, "startupPolicy", "optional");
		xml_open(x, "vendor");
		xml_attrf(x, "id", "0x%.4s", usb->id);
		xml_close(x);
		xml_open(x, "product");
		xml_attrf(x, "id", "0x%.4s", usb->id + 5);
		xml_close(x);
		xml_close(x);
		xml_close(x);
	}
}

void domain_network(struct domain *d)
{
	static const char *const models[] = {"virtio", "e1000e", "e1000", "rtl8139"};
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;
	char mac[18];

	if (p->network == VM_NET_NONE || domain_nic_by_qemu(p))
		return;
	vm_profile_mac(p, mac);
	xml_open(x, "interface");
	xml_attr(x, "type",
		 p->network == VM_NET_BRIDGE    ? "bridge"
		 : p->network == VM_NET_MACVTAP ? "direct"
						: "user");
	xml_one(x, "mac", "address", mac);
	if (p->network == VM_NET_BRIDGE)
		xml_one(x, "source", "bridge", p->interface);
	if (p->network == VM_NET_MACVTAP) {
		xml_open(x, "source");
		xml_attr(x, "dev", p->interface);
		xml_attr(x, "mode", "bridge");
		xml_close(x);
	}
	xml_one(x, "model", "type", models[p->nic]);
	write_boot(d, DOMAIN_BOOT_NETWORK, 0);
	xml_close(x);
}
