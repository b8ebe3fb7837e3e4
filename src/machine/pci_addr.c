/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/pci_addr.h"

#include <stdio.h>

#define SLOT_MAX 0x1f
#define FUNCTION_MAX 7

/* By hand: isxdigit() and strtoul() look at the locale, skip blanks and take signs. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Takes between `min` and `max` hex digits, all there are; NULL when there are more or fewer. */
static const char *take_hex(const char *s, int min, int max, uint32_t *ret)
{
	uint32_t value = 0;
	int n = 0;

	for (; hex_digit(*s) >= 0; s++, n++) {
		if (n == max)
			return NULL;
		value = value << 4 | (uint32_t)hex_digit(*s);
	}
	*ret = value;
	return n < min ? NULL : s;
}

/* "DDDD:BB:SS" or "BB:SS" at the start of `s`; returns what follows, or NULL. */
static const char *take_slot(const char *s, struct pci_addr *ret)
{
	uint32_t domain = 0, bus, slot;
	const char *next = take_hex(s, 4, 8, &domain);

	if (next && *next == ':')
		s = next + 1;
	else
		domain = 0;
	s = take_hex(s, 2, 2, &bus);
	if (!s || *s != ':')
		return NULL;
	s = take_hex(s + 1, 2, 2, &slot);
	if (!s || slot > SLOT_MAX)
		return NULL;
	*ret = (struct pci_addr){.domain = domain, .bus = (uint8_t)bus, .slot = (uint8_t)slot};
	return s;
}

bool pci_addr_parse(const char *s, struct pci_addr *ret)
{
	struct pci_addr addr;

	s = take_slot(s, &addr);
	if (!s || s[0] != '.' || s[1] < '0' || s[1] > '0' + FUNCTION_MAX || s[2])
		return false;
	addr.function = (uint8_t)(s[1] - '0');
	*ret = addr;
	return true;
}

bool pci_addr_parse_slot(const char *s, struct pci_addr *ret)
{
	struct pci_addr addr;

	s = take_slot(s, &addr);
	if (!s || *s)
		return false;
	*ret = addr;
	return true;
}

const char *pci_addr_format(const struct pci_addr *a, char buf[PCI_ADDR_TEXT])
{
	snprintf(buf, PCI_ADDR_TEXT, "%04x:%02x:%02x.%x", a->domain, a->bus, a->slot & SLOT_MAX,
		 a->function & FUNCTION_MAX);
	return buf;
}

const char *pci_addr_format_short(const struct pci_addr *a, char buf[PCI_ADDR_TEXT])
{
	if (a->domain)
		return pci_addr_format(a, buf);
	snprintf(buf, PCI_ADDR_TEXT, "%02x:%02x.%x", a->bus, a->slot & SLOT_MAX,
		 a->function & FUNCTION_MAX);
	return buf;
}

int pci_addr_compare(const struct pci_addr *a, const struct pci_addr *b)
{
	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (a->bus != b->bus)
		return a->bus - b->bus;
	if (a->slot != b->slot)
		return a->slot - b->slot;
	return a->function - b->function;
}

bool pci_addr_same_slot(const struct pci_addr *a, const struct pci_addr *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}
