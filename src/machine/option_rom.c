/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/option_rom.h"

#include <string.h>

#define BLOCK 512
#define POINTER 0x18     /* in an image: where its PCIR structure is */
#define PCIR_LENGTH 0x10 /* in PCIR: blocks of the image, 16 bits */
#define PCIR_TYPE 0x14   /* code type */
#define PCIR_LAST 0x15   /* bit 7: the last image */
#define PCIR_SIZE 0x18
#define TYPE_BIOS 0
#define TYPE_UEFI 3
#define HEADER_MOST (1U << 16) /* before the first image, in dumps */

static unsigned word(const unsigned char *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

/* The PCIR structure of the image at `at`, or NULL where no image begins. */
static const unsigned char *find_pcir(const unsigned char *rom, size_t len, size_t at)
{
	size_t pcir;

	if (len < POINTER + 2 || at > len - POINTER - 2 || rom[at] != 0x55 || rom[at + 1] != 0xaa)
		return NULL;
	pcir = at + word(rom + at + POINTER);
	if (len < PCIR_SIZE || pcir > len - PCIR_SIZE || memcmp(rom + pcir, "PCIR", 4) != 0)
		return NULL;
	return rom + pcir;
}

struct option_rom option_rom_parse(const void *bytes, size_t len)
{
	const unsigned char *rom = bytes;
	struct option_rom ret = {.bios = false, .uefi = false};
	const unsigned char *pcir = NULL;
	size_t at = 0;

	while (at < len && at <= HEADER_MOST && !(pcir = find_pcir(rom, len, at)))
		at++;
	while (pcir) {
		const size_t blocks = word(pcir + PCIR_LENGTH);

		ret.bios = ret.bios || pcir[PCIR_TYPE] == TYPE_BIOS;
		ret.uefi = ret.uefi || pcir[PCIR_TYPE] == TYPE_UEFI;
		if (!blocks || pcir[PCIR_LAST] & 0x80)
			break;
		at += blocks * BLOCK;
		pcir = at < len ? find_pcir(rom, len, at) : NULL;
	}
	return ret;
}
