/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's <devices>: what its user sees, hears and touches. */
#include <string.h>

#include "base/mem.h"
#include "vm/domain_parts.h"

#define KVMFR                                                                                      \
	"/dev/kvmfr" /* Looking Glass's own kernel module; libvirt's shmem knows /dev/shm only */
#define SHM "/dev/shm/"

bool domain_memory_by_qemu(const struct vm_profile *p)
{
	return p->display == VM_DISPLAY_LG && !text_starts_with(p->shared_memory, SHM);
}

bool domain_sound_by_qemu(const struct domain *d)
{
	return d->vm->audio == VM_AUDIO_PIPEWIRE && d->facts->version < LIBVIRT_VERSION(9, 10, 0);
}

static void write_input(struct domain *d, const char *type, const char *bus)
{
	xml_open(&d->xml, "input");
	xml_attr(&d->xml, "type", type);
	xml_attr(&d->xml, "bus", bus);
	xml_close(&d->xml);
}

/* auto: udev's links of keyboards end so */
static bool is_keyboard(const struct vm_evdev *e)
{
	return e->keyboard == VM_YES || (e->keyboard == VM_AUTO && text_ends_with(e->path, "kbd"));
}

static void write_evdev(struct domain *d, const struct vm_evdev *e)
{
	static const char *const toggles[] = {"ctrl-ctrl", "alt-alt",    "shift-shift",
					      "meta-meta", "scrolllock", "ctrl-scrolllock"};
	struct xml *x = &d->xml;

	xml_open(x, "input");
	xml_attr(x, "type", "evdev");
	xml_open(x, "source");
	xml_attr(x, "dev", e->path);
	if (is_keyboard(e)) {
		xml_attr(x, "grab", "all");
		xml_attr(x, "grabToggle", toggles[d->vm->toggle]);
		xml_attr(x, "repeat", "on");
	}
	xml_close(x);
	xml_close(x);
}

/* PS/2 is there in any case. */
void domain_inputs(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	const char *bus = p->input == VM_INPUT_VIRTIO ? "virtio" : "usb";

	if (p->input == VM_INPUT_VIRTIO || (p->input == VM_INPUT_USB && p->usb_controllers)) {
		write_input(d, "keyboard", bus);
		write_input(d, "tablet", bus);
	}
	for (size_t i = 0; i < p->evdev.len; i++)
		write_evdev(d, (const struct vm_evdev *)p->evdev.items + i);
}

static void write_graphics(struct domain *d, bool spice)
{
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	xml_open(x, "graphics");
	xml_attr(x, "type", spice ? "spice" : "vnc");
	if (spice && p->spice_port) {
		xml_attrf(x, "port", "%u", p->spice_port);
		xml_attr(x, "autoport", "no");
	} else {
		xml_attr(x, "autoport", "yes");
	}
	xml_open(x, "listen");
	xml_attr(x, "type", "address");
	xml_attr(x, "address", "127.0.0.1");
	xml_close(x);
	if (spice && p->display == VM_DISPLAY_LG)
		xml_one(x, "image", "compression", "off");
	xml_close(x);
}

static void write_agent(struct domain *d)
{
	struct xml *x = &d->xml;

	xml_open(x, "channel");
	xml_attr(x, "type", "spicevmc");
	xml_open(x, "target");
	xml_attr(x, "type", "virtio");
	xml_attr(x, "name", "com.redhat.spice.0");
	xml_close(x);
	xml_close(x);
}

void domain_screen(struct domain *d)
{
	static const char *const models[] = {"none", "vga", "qxl", "virtio", "none"};
	const struct vm_profile *p = d->vm;
	bool spice = p->display != VM_DISPLAY_NONE && !d->facts->no_spice;

	if (spice || p->audio == VM_AUDIO_SPICE) {
		write_agent(d);
		write_graphics(d, true);
	} else if (p->display != VM_DISPLAY_NONE) {
		write_graphics(d, false);
	}
	xml_open(&d->xml, "video");
	xml_one(&d->xml, "model", "type", models[p->display]);
	xml_close(&d->xml);
}

/* The server's socket of the user's own session; QEMU runs as another user here. */
static void write_audio(struct domain *d)
{
	static const char *const types[] = {"none", "pipewire", "pulseaudio",
					    "jack", "alsa",     "spice"};
	const char *dir = d->facts->runtime_dir;
	int audio = domain_sound_by_qemu(d) ? VM_AUDIO_NONE : d->vm->audio;

	xml_open(&d->xml, "audio");
	xml_attr(&d->xml, "id", "1");
	xml_attr(&d->xml, "type", types[audio]);
	if (audio == VM_AUDIO_PIPEWIRE)
		xml_attr(&d->xml, "runtimeDir", dir);
	if (audio == VM_AUDIO_PULSE && dir)
		xml_attrf(&d->xml, "serverName", "unix:%s/pulse/native", dir);
	xml_close(&d->xml);
	if (!dir && (d->vm->audio == VM_AUDIO_PIPEWIRE || d->vm->audio == VM_AUDIO_PULSE))
		strv_add(d->notes, "whose sound server to use is not known: libvirt's QEMU runs as "
				   "another user; name one with --user");
}

void domain_sound(struct domain *d)
{
	/* virtio-sound came with libvirt 10.4 */
	static const char *const models[] = {"ich9", "ac97", "usb", "virtio"};
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	if (p->audio != VM_AUDIO_NONE && !domain_sound_by_qemu(d)) {
		xml_open(x, "sound");
		xml_attr(x, "model", models[p->sound_card]);
		if (p->sound_card == VM_CARD_HDA)
			xml_one(x, "codec", "type", "duplex");
		xml_one(x, "audio", "id", "1");
		xml_close(x);
	}
	write_audio(d);
}

static void write_shared_memory(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	auto_free char *mib = xasprintf("%u", vm_looking_glass_mib(p->resolution));
	struct xml *x = &d->xml;

	xml_open(x, "shmem");
	xml_attr(x, "name", p->shared_memory + strlen(SHM));
	xml_one(x, "model", "type", "ivshmem-plain");
	xml_open(x, "size");
	xml_attr(x, "unit", "M");
	xml_text_close(x, mib);
	xml_close(x);
}

void domain_extras(struct domain *d)
{
	const struct vm_profile *p = d->vm;
	struct xml *x = &d->xml;

	if (p->tpm) {
		xml_open(x, "tpm");
		xml_attr(x, "model", "tpm-crb");
		xml_open(x, "backend");
		xml_attr(x, "type", "emulator");
		xml_attr(x, "version", "2.0");
		xml_close(x);
		xml_close(x);
	}
	/* how the guest tells that its system crashed */
	xml_one(x, "panic", "model", p->hyperv ? "hyperv" : "isa");
	/* all memory is taken at the start, so there is nothing to give back */
	xml_one(x, "memballoon", "model", "none");
	if (p->display == VM_DISPLAY_LG && !domain_memory_by_qemu(p))
		write_shared_memory(d);
}
