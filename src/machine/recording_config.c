/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration space that a recording's columns state. The registers are those of
 * the kernel's include/uapi/linux/pci_regs.h; which capabilities come in which order and
 * at which offset is ours, since no column tells.
 */
#include <string.h>

#include "machine/recording_parts.h"

enum {
	PCI_EXPRESS_AT = 0x40,
	ADVANCED_FEATURES_AT = 0x80,
	BRIDGE_SUBSYSTEM_AT = 0x90,
	EXTENDED_AT = 0x100,
	EXTENDED_STEP = 0x40,
};

static void put16(unsigned char *c, unsigned v)
{
	c[0] = (unsigned char)v;
	c[1] = (unsigned char)(v >> 8);
}

static void put32(unsigned char *c, uint32_t v)
{
	put16(c, v & 0xffff);
	put16(c + 2, v >> 16);
}

/*
 * Root ports of the Intel 100 and 200 series, whose ACS control register lies at +8
 * (drivers/pci/quirks.c, pci_quirk_intel_spt_pch_acs_match).
 */
static bool has_shifted_acs(const struct recording_row *r)
{
	static const uint16_t ranges[][2] = {{0xa110, 0xa11f},
					     {0xa167, 0xa16a},
					     {0xa290, 0xa29f},
					     {0xa2e7, 0xa2ee},
					     {0x9d10, 0x9d1b}};

	if (r->vendor != 0x8086 || r->pcie_type != 4)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (r->device >= ranges[i][0] && r->device <= ranges[i][1])
			return true;
	return false;
}

/* Hangs a capability behind the last one; *last is the offset of the pointer to fill. */
static unsigned char *link_capability(unsigned char *c, size_t *last, size_t at, unsigned id)
{
	c[*last] = (unsigned char)at;
	c[at] = (unsigned char)id;
	*last = at + 1;
	c[0x06] |= 0x10; /* status: has a capability list */
	return c + at;
}

static void basic_capabilities(const struct recording_row *r, unsigned char *c)
{
	size_t last = 0x34;
	unsigned char *p;

	if (r->pcie_type >= 0) {
		p = link_capability(c, &last, PCI_EXPRESS_AT, 0x10);
		put16(p + 0x02, 2 | (unsigned)r->pcie_type << 4);
		put32(p + 0x04, 0x8000 | (r->flr ? 1U << 28 : 0));
		put32(p + 0x0c, r->link_max);
		put16(p + 0x12, r->link);
		p[0x2c] = (unsigned char)((2U << (r->link_max & 7)) - 2); /* supported speeds */
	}
	if (r->af_flr) {
		p = link_capability(c, &last, ADVANCED_FEATURES_AT, 0x13);
		p[2] = 6; /* length */
		p[3] = 3; /* transactions pending, FLR */
	}
	if (r->bridge && (r->subvendor || r->subdevice)) {
		p = link_capability(c, &last, BRIDGE_SUBSYSTEM_AT, 0x0d);
		put16(p + 4, r->subvendor);
		put16(p + 6, r->subdevice);
	}
}

static void extended_capabilities(const struct recording_row *r, unsigned char *c)
{
	unsigned char *p = c + EXTENDED_AT;
	bool sriov = r->sriov_total >= 0;

	if (r->acs_cap >= 0) {
		put32(p, 0x0d | 1U << 16 |
				 (sriov ? (uint32_t)(EXTENDED_AT + EXTENDED_STEP) << 20 : 0));
		put16(p + 4, (unsigned)r->acs_cap);
		put16(p + 6, (unsigned)r->acs_ctl);
		/* no column shows the shifted register; isolated ports have all that isolates */
		if (has_shifted_acs(r) && r->group >= 0)
			put32(p + 8, (unsigned)r->acs_cap & 0x1d);
		p += EXTENDED_STEP;
	}
	if (sriov) {
		put32(p, 0x10 | 1U << 16);
		put16(p + 0x0c, (unsigned)r->sriov_total); /* initial */
		put16(p + 0x0e, (unsigned)r->sriov_total);
		put16(p + 0x10, (unsigned)r->sriov_enabled);
	}
}

static void header(const struct recording_row *r, unsigned char *c)
{
	put16(c, r->vendor);
	put16(c + 0x02, r->device);
	put16(c + 0x04, r->driver ? 6 : 0); /* memory and bus master */
	c[0x08] = r->revision;
	c[0x09] = r->prog_if;
	put16(c + 0x0a, r->class_code);
	c[0x0e] = (unsigned char)((r->header_type >= 0 ? r->header_type : r->bridge) |
				  (r->multifunction ? 0x80 : 0));
	if (r->bridge) {
		c[0x18] = r->primary;
		c[0x19] = (unsigned char)(r->secondary < 0 ? 0 : r->secondary);
		c[0x1a] = (unsigned char)(r->subordinate < 0 ? 0 : r->subordinate);
	} else {
		put16(c + 0x2c, r->subvendor);
		put16(c + 0x2e, r->subdevice);
	}
}

size_t recording_config(const struct recording_row *r, unsigned char c[RECORDING_CONFIG_MAX])
{
	memset(c, r->unreadable ? 0xff : 0, RECORDING_CONFIG_MAX);
	if (r->unreadable)
		return RECORDING_CONFIG_MAX;
	header(r, c);
	if (!r->caps)
		return RECORDING_CONFIG_HEADER; /* what is not known is not there to be read */
	basic_capabilities(r, c);
	extended_capabilities(r, c);
	return r->config_len >= 0 ? (size_t)r->config_len : RECORDING_CONFIG_MAX;
}
