/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/offer.h"

#include <string.h>

#include "base/str.h"
#include "host/process.h"

#define QEMU_MS 5000

/* What a choice needs of QEMU: a sound output, or a device. */
static const struct {
	const char *key, *choice, *audio, *device;
} needs[] = {
	{"audio", "pipewire", "pipewire", NULL},
	{"audio", "pulseaudio", "pa", NULL},
	{"audio", "jack", "jack", NULL},
	{"audio", "alsa", "alsa", NULL},
	{"audio", "spice", "spice", NULL},
	{"display", "std", NULL, "VGA"},
	{"display", "qxl", NULL, "qxl-vga"},
	{"display", "spice", NULL, "qxl-vga"},
	{"display", "looking-glass", NULL, "ivshmem-plain"},
	{"sound-card", "hda", NULL, "ich9-intel-hda"},
	{"sound-card", "ac97", NULL, "AC97"},
	{"sound-card", "usb", NULL, "usb-audio"},
	{"sound-card", "virtio", NULL, "virtio-sound-pci"},
	{"nic", "virtio", NULL, "virtio-net-pci"},
	{"nic", "e1000e", NULL, "e1000e"},
	{"nic", "e1000", NULL, "e1000"},
	{"nic", "rtl8139", NULL, "rtl8139"},
	{"tpm", "yes", NULL, "tpm-crb"},
};

/* Lines of one word: "Available audio drivers:" has more. */
static void take_words(const struct str *text, struct strv *ret)
{
	const char *line = text->data;

	for (size_t n; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (n && strcspn(line, " \n") == n)
			strv_addf(ret, "%.*s", (int)n, line);
	}
}

/* name "qxl-vga", bus PCI, ... */
static void take_names(const struct str *text, struct strv *ret)
{
	static const char mark[] = "name \"";

	for (const char *at = strstr(text->data, mark); at; at = strstr(at, mark)) {
		at += strlen(mark);
		strv_addf(ret, "%.*s", (int)strcspn(at, "\"\n"), at);
	}
}

static void ask(const char *qemu, const char *option,
		void (*take)(const struct str *text, struct strv *ret), struct strv *ret)
{
	/* no machine: its devices are not made, and nothing is opened */
	const char *const argv[] = {qemu, "-M", "none", option, "help", NULL};
	struct process_result r = PROCESS_RESULT_INIT;

	if (process_run(argv, QEMU_MS, &r, NULL) == 0 && r.status == 0)
		take(&r.out, ret);
	process_result_release(&r);
}

void vm_offer_ask(struct vm_offer *ret, const char *qemu)
{
	*ret = (struct vm_offer)VM_OFFER_INIT;
	if (!qemu)
		return;
	ask(qemu, "-audiodev", take_words, &ret->audio);
	ask(qemu, "-device", take_names, &ret->devices);
}

void vm_offer_release(struct vm_offer *o)
{
	strv_release(&o->audio);
	strv_release(&o->devices);
}

static bool lacks(const struct strv *known, const char *name)
{
	return name && known->len && !strv_has(known, name);
}

bool vm_offer_has(const struct vm_offer *o, const struct vm_field *f, size_t choice)
{
	const char *name = f->choices ? f->choices[choice] : choice ? "yes" : "no";

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (!strcmp(needs[i].key, f->key) && !strcmp(needs[i].choice, name))
			return !lacks(&o->audio, needs[i].audio) &&
			       !lacks(&o->devices, needs[i].device);
	return true;
}
