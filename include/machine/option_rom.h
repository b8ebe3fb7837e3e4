/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * option_rom: what a card's ROM holds: code for a BIOS, for UEFI (GOP), or both.
 *
 * A ROM is a chain of images, each with the signature 55 aa, a pointer to its "PCIR"
 * structure, its length in blocks of 512 bytes and a code type: 0 for a BIOS, 3 for UEFI (PCI
 * Firmware Specification 3.3, section 5.1). Some dumps have a maker's header before it.
 */
#ifndef MACHINE_OPTION_ROM_H
#define MACHINE_OPTION_ROM_H

#include <stdbool.h>
#include <stddef.h>

struct option_rom {
	bool bios, uefi; /* images of that kind; neither: these bytes are no ROM */
};

struct option_rom option_rom_parse(const void *bytes, size_t len);

#endif
