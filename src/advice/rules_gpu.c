/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about graphics cards: what the user would see go dark. */
#include "advice/rule.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define CLASS_3D 0x0302 /* a GPU without connectors */

void rule_boot_vga(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct device *d = c->selected[i];

		if (!device_is_gpu(d) || d->boot_vga != 1)
			continue;
		auto_free char *label = rule_device(d);

		rule_add(c, rule, xstrdup(d->bdf),
			 xasprintf("%s is the card on which this machine starts: firmware, boot "
				   "menu and console show there. Handed over, its screen stops "
				   "during the boot.",
				   label),
			 xstrdup("Choose another card as the first display in the firmware setup, "
				 "or make sure that SSH works before the reboot."));
	}
}

/* Could the host show a picture on it when it keeps it? Virtual functions have no connectors. */
static bool keeps_a_picture(const struct rule_context *c, const struct device *d)
{
	return device_is_gpu(d) && d->class_code >> 8 != CLASS_3D && d->sriov != SRIOV_VIRTUAL &&
	       !selection_has(c->in->selection, &d->addr);
}

void rule_only_gpu(const struct rule_context *c, const struct rule *rule)
{
	const struct topology *t = c->in->topology;
	const struct device *first = NULL;
	auto_strv struct strv taken = STRV_INIT;

	for (size_t i = 0; i < c->len; i++) {
		const struct device *d = c->selected[i];

		if (!device_is_gpu(d) || d->sriov == SRIOV_VIRTUAL)
			continue;
		first = first ? first : d;
		strv_take(&taken, rule_device(d));
	}
	for (size_t i = 0; first && i < t->len; i++)
		if (keeps_a_picture(c, &t->devices[i]))
			return;
	if (!first)
		return;
	auto_free char *names = rule_words(&taken, 3);

	rule_add(c, rule, xstrdup(first->bdf),
		 xasprintf(taken.len > 1
				   ? "%s would all go: the host has no other graphics card with a "
				     "screen, and would run without any picture."
				   : "%s is the only graphics card with a screen here: without it "
				     "the host runs without any picture.",
			   names),
		 xstrdup("Make sure that you can log in over SSH before the reboot, or keep a card "
			 "for the host."));
}

/*
 * Functions of the card that its maker put there: sound, and the USB-C controllers of some. A
 * processor's graphics share their slot with USB controllers and the like of another vendor.
 */
static bool belongs_to_card(const struct device *gpu, const struct device *d)
{
	return pci_addr_same_slot(&gpu->addr, &d->addr) && d->vendor == gpu->vendor &&
	       !d->is_bridge && !device_is_gpu(d);
}

/* An incomplete group says it already. */
static bool is_said_already(const struct rule_context *c, const struct device *gpu,
			    const struct device *d)
{
	return d->group != NO_GROUP && d->group == gpu->group &&
	       member_stays_with_host(d, c->in->selection);
}

static void add_left_behind(const struct rule_context *c, const struct device *gpu,
			    struct strv *names, struct strv *addresses, bool *sound)
{
	const struct topology *t = c->in->topology;
	const size_t here = topology_index(t, gpu);
	size_t i = here;

	while (i > 0 && pci_addr_same_slot(&t->devices[i - 1].addr, &gpu->addr))
		i--;
	for (; i < t->len && pci_addr_same_slot(&t->devices[i].addr, &gpu->addr); i++) {
		const struct device *d = &t->devices[i];

		if (!belongs_to_card(gpu, d) || is_said_already(c, gpu, d) ||
		    selection_has(c->in->selection, &d->addr))
			continue;
		strv_take(names, rule_device(d));
		rule_add_address(addresses, d);
		*sound = *sound || device_is_audio(d);
	}
}

void rule_audio_left_behind(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct device *gpu = c->selected[i];
		auto_strv struct strv names = STRV_INIT;
		auto_strv struct strv addresses = STRV_INIT;
		bool sound = false;

		if (!device_is_gpu(gpu) || gpu->sriov == SRIOV_VIRTUAL)
			continue;
		add_left_behind(c, gpu, &names, &addresses, &sound);
		if (!names.len)
			continue;
		auto_free char *label = rule_device(gpu);
		auto_free char *left = rule_words(&names, 3);
		auto_free char *all = rule_words(&addresses, addresses.len);

		rule_add(c, rule, xstrdup(gpu->bdf),
			 xasprintf("%s would stay with the host, although on the same card "
				   "as %s.%s",
				   left, label,
				   sound ? " The VM then has no sound over HDMI or DisplayPort."
					 : ""),
			 xasprintf("Hand over %s as well.", all));
	}
}

/* OVMF starts a card by the UEFI image of its ROM (GOP); without one the screen stays dark. */
void rule_option_rom_no_uefi(const struct rule_context *c, const struct rule *rule)
{
	for (size_t i = 0; c->in->hazards && i < c->len; i++) {
		const struct device *d = c->selected[i];
		const struct hazard *h = hazards_of(c->in->hazards, HAZARD_ROM_NO_UEFI, d);

		if (!h || !device_is_gpu(d) || hazards_of(c->in->hazards, HAZARD_ROM_UEFI, d))
			continue;
		auto_free char *label = rule_device(d);

		rule_add(
			c, rule, xstrdup(d->bdf),
			xasprintf(
				"The firmware on %s (%s) is for an old BIOS only. A VM that starts "
				"by UEFI, as VMs do unless told otherwise, shows nothing on this "
				"card before the guest's own driver runs.",
				label, h->what),
			xstrdup("Let the VM start by BIOS: vfiotui vm edit NAME --firmware bios. "
				"Or "
				"give the card a ROM image with a UEFI part."));
	}
}
