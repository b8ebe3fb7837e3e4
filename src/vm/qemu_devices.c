/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks, network, sound, devices of the host, input: the second half of vm/qemu_args.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "machine/pci_addr.h"
#include "vm/qemu_args.h"

/* What is written, and how many PCI Express ports it needed so far. */
struct writer {
	struct str *out;
	const struct vm_profile *vm;
	unsigned ports;
};

/*
 * The bus for one more device. On q35 a root port of its own, as every device that can be
 * plugged has one: functions of slots 10 and up, so that a profile may place its devices
 * (guest=) below that. The old machine has one bus for all.
 */
static void bus(struct writer *w, char ret[24])
{
	if (w->vm->machine != VM_Q35) {
		memcpy(ret, "pci.0", 6);
		return;
	}
	str_addf(w->out,
		 "\t-device \"pcie-root-port,id=port%u,chassis=%u,bus=pcie.0,addr=%x.%u%s\"\n",
		 w->ports + 1, w->ports + 1, 0x10 + w->ports / 8, w->ports % 8,
		 w->ports % 8 ? "" : ",multifunction=on");
	w->ports++;
	snprintf(ret, 24, "port%u", w->ports);
}

static void open_args(struct writer *w, const char *comment)
{
	str_addf(w->out, "# %s\nargs+=(\n", comment);
}

static void close_args(struct writer *w)
{
	str_adds(w->out, ")\n");
}

/* --- USB ---------------------------------------------------------------------------- */

static const struct {
	enum vm_usb_controller bit;
	const char *device, *id, *bus;
	bool express;
} controllers[] = {
	{VM_USB_XHCI, "qemu-xhci", "usb", "usb.0", true},
	{VM_USB_NEC_XHCI, "nec-usb-xhci", "xhci", "xhci.0", true},
	{VM_USB_EHCI, "usb-ehci", "ehci", "ehci.0", false},
	{VM_USB_UHCI, "ich9-usb-uhci3", "uhci", "uhci.0", false},
};

const char *qemu_usb_bus(const struct vm_profile *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (p->usb_controllers & (unsigned)controllers[i].bit)
			return controllers[i].bus;
	return "";
}

static void usb_controllers(struct writer *w)
{
	if (!w->vm->usb_controllers)
		return;
	open_args(w, "USB controllers.");
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		char on[24] = "";

		if (!(w->vm->usb_controllers & (unsigned)controllers[i].bit))
			continue;
		if (controllers[i].express)
			bus(w, on);
		str_addf(w->out, "\t-device \"%s,id=%s%s%s\"\n", controllers[i].device,
			 controllers[i].id, on[0] ? ",bus=" : "", on);
	}
	close_args(w);
}

/* Not when the script is started without devices. */
static void usb_devices(struct writer *w)
{
	const struct vm_usb *u = w->vm->usb.items;
	const char *on = qemu_usb_bus(w->vm);

	if (!w->vm->usb.len)
		return;
	str_adds(w->out, "# USB devices of the host.\nif [ ${#usb[@]} -gt 0 ]; then\n\targs+=(\n");
	for (size_t i = 0; i < w->vm->usb.len; i++) {
		str_addf(w->out,
			 strchr(u[i].id, ':')
				 ? "\t\t-device \"usb-host,vendorid=0x${usb[%zu]%%:*},productid=0x"
				   "${usb[%zu]#*:},bus=%s\"\n"
				 : "\t\t-device \"usb-host,hostbus=${usb[%zu]%%%%-*},hostport="
				   "${usb[%zu]#*-},bus=%s\"\n",
			 i, i, on);
	}
	str_adds(w->out, "\t)\nfi\n");
}

/* --- disks --------------------------------------------------------------------------- */

static const char *const cache_names[] = {"auto", "none", "writeback", "writethrough"};
static const char *const aio_names[] = {"auto", "native", "threads", "io_uring"};

/* One number for each thing that can be booted; images given at the start come before all. */
static unsigned boot_index(const struct vm_profile *p, enum vm_boot kind, size_t i)
{
	static const unsigned first[] = {
		[VM_BOOT_DISK] = 20, [VM_BOOT_CDROM] = 60, [VM_BOOT_NETWORK] = 90};

	return (unsigned)i + ((int)kind == p->boot ? 10 : first[kind]);
}

static void disk_device(struct writer *w, const struct vm_disk *d, size_t i)
{
	static const char *const devices[] = {
		[VM_BUS_VIRTIO] = "virtio-blk-pci",
		[VM_BUS_SCSI] = "scsi-hd",
		[VM_BUS_SATA] = "ide-hd",
		[VM_BUS_NVME] = "nvme",
		[VM_BUS_IDE] = "ide-hd",
		[VM_BUS_USB] = "usb-storage",
	};
	bool on_ide = d->bus == VM_BUS_SATA || d->bus == VM_BUS_IDE;
	char on[24] = "";

	if (on_ide)
		str_adds(w->out, "ide_place\n");
	str_adds(w->out, "args+=(\n");
	if (d->bus == VM_BUS_VIRTIO || d->bus == VM_BUS_NVME)
		bus(w, on);
	str_addf(w->out, "\t-device \"%s,drive=disk%zu,bus=%s,bootindex=%u", devices[d->bus], i,
		 on_ide                  ? "$place"
		 : d->bus == VM_BUS_SCSI ? "scsi.0"
		 : d->bus == VM_BUS_USB  ? qemu_usb_bus(w->vm)
					 : on,
		 boot_index(w->vm, VM_BOOT_DISK, i));
	if (d->cache == VM_CACHE_WRITETHROUGH && d->bus != VM_BUS_NVME)
		str_adds(w->out, ",write-cache=off");
	if (d->serial[0] || d->bus == VM_BUS_NVME) /* nvme has to have one */
		str_addf(w->out, ",serial=%s", d->serial[0] ? d->serial : "vfiotui");
	if (!d->serial[0] && d->bus == VM_BUS_NVME)
		str_addf(w->out, "%zu", i);
	str_adds(w->out, "\"\n)\n");
}

static void disks(struct writer *w)
{
	const struct vm_disk *d = w->vm->disks.items;
	bool scsi = false;

	for (size_t i = 0; i < w->vm->disks.len; i++)
		scsi |= d[i].bus == VM_BUS_SCSI;
	if (scsi) {
		char on[24];

		open_args(w, "The SCSI controller.");
		bus(w, on);
		str_addf(w->out, "\t-device \"virtio-scsi-pci,id=scsi,bus=%s\"\n", on);
		close_args(w);
	}
	for (size_t i = 0; i < w->vm->disks.len; i++) {
		str_addf(w->out, "# Disk %zu.\ndisk_layers %zu %s %s %s\n", i, i,
			 cache_names[d[i].cache], aio_names[d[i].aio],
			 d[i].read_only ? "on" : "off");
		disk_device(w, &d[i], i);
	}
	str_addf(w->out,
		 "# CD images: those of the command line are booted first.\n"
		 "for i in \"${!boot_cdroms[@]}\"; do cdrom \"boot$i\" \"${boot_cdroms[i]}\" "
		 "\"$i\"; done\n"
		 "for i in \"${!cdroms[@]}\"; do cdrom \"$i\" \"${cdroms[i]}\" $((%u + i)); done\n",
		 boot_index(w->vm, VM_BOOT_CDROM, 0));
}

/* --- network ---------------------------------------------------------------------------- */

static void netdev(struct writer *w)
{
	const struct vm_path *f = w->vm->forwards.items;

	switch ((enum vm_network)w->vm->network) {
	case VM_NET_USER:
		str_adds(w->out, "\t-netdev \"user,id=net");
		for (size_t i = 0; i < w->vm->forwards.len; i++) {
			const char *proto = f[i].path;
			const char *from = strchr(proto, ':') + 1;
			const char *to = strchr(from, ':') + 1;

			str_addf(w->out, ",hostfwd=%.*s:127.0.0.1:%.*s-:%s", 3, proto,
				 (int)(to - from) - 1, from, to);
		}
		if (w->vm->share[0])
			str_adds(w->out, ",smb=${share//,/,,}");
		str_adds(w->out, "\"\n");
		break;
	case VM_NET_BRIDGE:
		str_adds(w->out, "\t-netdev \"bridge,id=net,br=$interface${bridge_helper:+,helper=}"
				 "${bridge_helper//,/,,}\"\n");
		break;
	case VM_NET_MACVTAP:
		str_adds(w->out, "\t-netdev \"tap,id=net,fd=7\" # opened by start_macvtap\n");
		break;
	case VM_NET_NONE:
		break;
	}
}

static void network(struct writer *w)
{
	static const char *const cards[] = {
		[VM_NIC_VIRTIO] = "virtio-net-pci",
		[VM_NIC_E1000E] = "e1000e",
		[VM_NIC_E1000] = "e1000",
		[VM_NIC_RTL8139] = "rtl8139",
	};
	bool express = w->vm->nic == VM_NIC_VIRTIO || w->vm->nic == VM_NIC_E1000E;
	char on[24] = "";

	if (w->vm->network == VM_NET_NONE)
		return;
	open_args(w, "Network.");
	if (express)
		bus(w, on);
	netdev(w);
	str_addf(w->out, "\t-device \"%s,netdev=net,mac=$mac%s%s,bootindex=%u\"\n",
		 cards[w->vm->nic], on[0] ? ",bus=" : "", on,
		 boot_index(w->vm, VM_BOOT_NETWORK, 0));
	close_args(w);
}

/* --- sound, TPM, input --------------------------------------------------------------------- */

static void sound(struct writer *w)
{
	static const char *const cards[] = {
		[VM_CARD_HDA] = "\t-device \"ich9-intel-hda\"\n"
				"\t-device \"hda-duplex,audiodev=sound\"\n",
		[VM_CARD_AC97] = "\t-device \"AC97,audiodev=sound\"\n",
		[VM_CARD_USB] = NULL,
		[VM_CARD_VIRTIO] = "\t-device \"virtio-sound-pci,audiodev=sound\"\n",
	};

	if (w->vm->audio == VM_AUDIO_NONE)
		return;
	open_args(w, "Sound.");
	str_adds(w->out, "\t-audiodev \"$audio,id=sound\"\n");
	if (cards[w->vm->sound_card])
		str_adds(w->out, cards[w->vm->sound_card]);
	else
		str_addf(w->out, "\t-device \"usb-audio,audiodev=sound,bus=%s\"\n",
			 qemu_usb_bus(w->vm));
	close_args(w);
}

static void tpm(struct writer *w)
{
	if (!w->vm->tpm)
		return;
	open_args(w, "TPM 2.0; swtpm is started below.");
	str_adds(w->out, "\t-chardev \"socket,id=tpm,path=${socket//,/,,}.tpm\"\n"
			 "\t-tpmdev \"emulator,id=tpm0,chardev=tpm\"\n"
			 "\t-device \"tpm-crb,tpmdev=tpm0\"\n");
	close_args(w);
}

static bool is_keyboard(const struct vm_evdev *e)
{
	return e->keyboard == VM_YES || (e->keyboard == VM_AUTO && text_ends_with(e->path, "kbd"));
}

static void input(struct writer *w)
{
	static const char *const toggles[] = {"ctrl-ctrl", "alt-alt",    "shift-shift",
					      "meta-meta", "scrolllock", "ctrl-scrolllock"};
	const struct vm_evdev *e = w->vm->evdev.items;

	if (!w->vm->evdev.len)
		return;
	open_args(w, "Keyboard and mouse of the host, taken in turns.");
	for (size_t i = 0; i < w->vm->evdev.len; i++) {
		str_addf(w->out, "\t-object \"input-linux,id=evdev%zu,evdev=${evdev[%zu]//,/,,}", i,
			 i);
		str_addf(w->out, "%s,grab-toggle=%s\"\n",
			 is_keyboard(&e[i]) ? ",grab_all=on,repeat=on" : "",
			 toggles[w->vm->toggle]);
	}
	close_args(w);
}

/* --- devices of the host ------------------------------------------------------------------ */

struct placed {
	const struct vm_device *device;
	struct pci_addr addr;
	unsigned slot, function; /* where the guest was asked to see it; slot 0: anywhere */
};

static int by_address(const void *a, const void *b)
{
	return pci_addr_compare(&((const struct placed *)a)->addr,
				&((const struct placed *)b)->addr);
}

/* Does another function share the place that was asked for? */
static bool shares_place(const struct placed *all, size_t len, const struct placed *p)
{
	for (size_t i = 0; i < len; i++)
		if (&all[i] != p && all[i].slot == p->slot)
			return true;
	return false;
}

static void pci_device(struct writer *w, const struct vm_device *d, const char *on, unsigned slot,
		       unsigned function, bool multifunction)
{
	const size_t i = (size_t)(d - (const struct vm_device *)w->vm->devices.items);

	str_addf(w->out, "\t\t-device \"vfio-pci,host=${devices[%zu]},bus=%s", i, on);
	if (slot || w->vm->machine == VM_Q35)
		str_addf(w->out, ",addr=%02x.%u", slot, function);
	if (multifunction)
		str_adds(w->out, ",multifunction=on");
	if (d->vga)
		str_adds(w->out, ",x-vga=on");
	if (d->rom[0])
		str_addf(w->out, ",romfile=${roms[%zu]//,/,,}", i);
	str_addf(w->out, "\" # %s", d->address);
	if (d->name[0]) {
		str_addc(w->out, ' ');
		for (const char *s = d->name; *s; s++)
			str_addc(w->out, (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
	}
	str_addc(w->out, '\n');
}

/*
 * One root port for the functions of a slot. A guest looks for function 0 first, so they
 * are counted from 0 whatever they are on the host. The old machine has slots 10 and up
 * for them, above what QEMU and the screen take.
 */
static void in_a_slot(struct writer *w, const struct placed *p, size_t n, unsigned *free_slot)
{
	bool express = w->vm->machine == VM_Q35;
	char on[24] = "pci.0";
	unsigned slot = 0;

	if (express) {
		str_addc(w->out, '\t');
		bus(w, on);
	} else {
		slot = (*free_slot)++;
	}
	for (size_t i = 0; i < n; i++)
		pci_device(w, p[i].device, on, slot, (unsigned)i, !i && n > 1);
}

static void write_placed(struct writer *w, const struct placed *all, size_t len)
{
	unsigned free_slot = 0x10;

	for (size_t i = 0, n; i < len; i += n) {
		n = 1;
		if (all[i].slot) {
			pci_device(w, all[i].device, w->vm->machine == VM_Q35 ? "pcie.0" : "pci.0",
				   all[i].slot, all[i].function,
				   !all[i].function && shares_place(all, len, &all[i]));
			continue;
		}
		while (i + n < len && n < 8 && !all[i + n].slot &&
		       pci_addr_same_slot(&all[i].addr, &all[i + n].addr))
			n++;
		in_a_slot(w, &all[i], n, &free_slot);
	}
}

/* Those that are to be at a place of the guest's first bus, or all the others. */
static void pci_devices(struct writer *w, bool with_place, const char *comment)
{
	const struct vm_device *d = w->vm->devices.items;
	struct placed *all = xcalloc(w->vm->devices.len + 1, sizeof(*all));
	size_t len = 0;

	for (size_t i = 0; i < w->vm->devices.len; i++) {
		if (!d[i].guest[0] == with_place || !pci_addr_parse(d[i].address, &all[len].addr))
			continue;
		all[len].device = &d[i];
		if (d[i].guest[0]) {
			all[len].slot = (unsigned)strtoul(d[i].guest, NULL, 16);
			all[len].function = (unsigned)strtoul(strchr(d[i].guest, '.') + 1, NULL, 8);
		}
		len++;
	}
	qsort(all, len, sizeof(*all), by_address);
	if (len) {
		str_addf(w->out, "# %s\nif [ ${#devices[@]} -gt 0 ]; then\n\targs+=(\n", comment);
		write_placed(w, all, len);
		str_adds(w->out, "\t)\nfi\n");
	}
	free(all);
}

void qemu_args_devices(struct str *out, const struct vm_profile *p)
{
	struct writer w = {.out = out, .vm = p};

	/* before those for which QEMU chooses a place, or it chooses one of these */
	pci_devices(&w, true, "Devices of the host that have a place in the guest.");
	usb_controllers(&w);
	disks(&w);
	network(&w);
	sound(&w);
	tpm(&w);
	input(&w);
	pci_devices(&w, false, "Devices of the host; the functions of a card share a slot.");
	usb_devices(&w);
	str_addc(out, '\n');
}
