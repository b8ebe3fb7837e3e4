/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/pci_config.h"

#include <string.h>

#include "base/macros.h"

/* Register offsets and bits, named as in the kernel's include/uapi/linux/pci_regs.h. */
#define PCI_STATUS 0x06
#define PCI_STATUS_CAP_LIST 0x10
#define PCI_REVISION_ID 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_HEADER_TYPE_MULTI 0x80
#define PCI_CB_CAPABILITY_LIST 0x14
#define PCI_SECONDARY_BUS 0x19
#define PCI_SUBORDINATE_BUS 0x1a
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define PCI_CAPABILITY_LIST 0x34
#define PCI_CB_SUBSYSTEM_VENDOR_ID 0x40

#define HEADER_LEN 64     /* what everyone may read */
#define BASIC_LEN 256     /* the conventional space */
#define EXTENDED_LEN 4096 /* PCI Express */

/* Most capabilities that fit; more means a loop. */
#define BASIC_CAPS_MAX ((BASIC_LEN - HEADER_LEN) / 4)
#define EXTENDED_CAPS_MAX ((EXTENDED_LEN - BASIC_LEN) / 8)

enum header_type { HEADER_NORMAL, HEADER_BRIDGE, HEADER_CARDBUS };

struct space {
	const unsigned char *bytes;
	size_t len;
	uint16_t vendor, device;
	struct pci_caps *caps;
	struct pci_ids_in_config *ids;
};

/* Reads past the end of what was readable give 0: as if the bits were not set. */
static uint8_t get8(const struct space *s, size_t at)
{
	return at < s->len ? s->bytes[at] : 0;
}

static uint16_t get16(const struct space *s, size_t at)
{
	return (uint16_t)(get8(s, at) | get8(s, at + 1) << 8);
}

static uint32_t get32(const struct space *s, size_t at)
{
	return get16(s, at) | (uint32_t)get16(s, at + 2) << 16;
}

static bool all_ones(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0xff)
			return false;
	return true;
}

/* --- the list below 256 ------------------------------------------------------ */

/* PCI Express Base Specification 7.5.3. Reserved types are not trusted to be anything. */
static void read_express(const struct space *s, size_t at)
{
	unsigned type = get16(s, at + 0x02) >> 4 & 0xf;
	uint32_t link_cap = get32(s, at + 0x0c);
	uint16_t link_status = get16(s, at + 0x12);

	s->caps->pcie_type = PCIE_NONE;
	if (type <= PCIE_LEGACY_ENDPOINT ||
	    (type >= PCIE_ROOT_PORT && type <= PCIE_RC_EVENT_COLLECTOR))
		s->caps->pcie_type = (enum pcie_type)type;
	s->caps->flr = get32(s, at + 0x04) >> 28 & 1;
	s->caps->link_speed_max = link_cap & 0xf;
	s->caps->link_width_max = link_cap >> 4 & 0x3f;
	s->caps->link_speed = link_status & 0xf;
	s->caps->link_width = link_status >> 4 & 0x3f;
}

/* Advanced Features ECN: a reset needs Transactions Pending (bit 0) as well as FLR (bit 1). */
static void read_advanced_features(const struct space *s, size_t at)
{
	s->caps->af_flr = (get8(s, at + 0x03) & 3) == 3;
}

/* PCI-to-PCI Bridge Architecture Specification: a bridge's subsystem ids. */
static void read_bridge_subsystem(const struct space *s, size_t at)
{
	if (s->caps->header_type != HEADER_BRIDGE)
		return;
	s->ids->subvendor = get16(s, at + 0x04);
	s->ids->subdevice = get16(s, at + 0x06);
}

struct capability {
	uint16_t id;
	void (*read)(const struct space *s, size_t at);
};

static const struct capability basic[] = {
	{0x0d, read_bridge_subsystem},
	{0x10, read_express},
	{0x13, read_advanced_features},
};

static void dispatch(const struct space *s, const struct capability *table, size_t len, uint16_t id,
		     size_t at)
{
	for (size_t i = 0; i < len; i++)
		if (table[i].id == id)
			table[i].read(s, at);
}

/* True when a PCI Express capability is among them. */
static bool walk_basic(const struct space *s)
{
	size_t at = s->caps->header_type == HEADER_CARDBUS ? PCI_CB_CAPABILITY_LIST
							   : PCI_CAPABILITY_LIST;
	bool express = false;

	if (!(get16(s, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return false;
	at = get8(s, at) & ~3U;
	for (int n = 0; at >= HEADER_LEN && n < BASIC_CAPS_MAX; n++) {
		uint8_t id = get8(s, at);

		if (id == 0xff)
			break;
		express = express || id == 0x10;
		dispatch(s, basic, ARRAY_SIZE(basic), id, at);
		at = get8(s, at + 1) & ~3U;
	}
	return express;
}

/* --- the list above 256 ------------------------------------------------------ */

/*
 * Intel's Sunrise Point, Union Point and mobile 7th/8th generation root ports have the
 * ACS registers as two 32-bit words: capability at +4, control at +8 (specification
 * update, erratum; the kernel's drivers/pci/quirks.c, pci_quirk_intel_spt_pch_acs_match).
 */
static bool has_shifted_acs(const struct space *s)
{
	static const struct {
		uint16_t first, last;
	} ports[] = {
		{0x9d10, 0x9d1b}, {0xa110, 0xa11f}, {0xa167, 0xa16a},
		{0xa290, 0xa29f}, {0xa2e7, 0xa2ee},
	};

	if (s->vendor != 0x8086 || s->caps->pcie_type != PCIE_ROOT_PORT)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (s->device >= ports[i].first && s->device <= ports[i].last)
			return true;
	return false;
}

static void read_acs(const struct space *s, size_t at)
{
	s->caps->acs = true;
	s->caps->acs_cap = get16(s, at + 0x04);
	s->caps->acs_ctl = get16(s, at + (has_shifted_acs(s) ? 0x08 : 0x06));
}

/* NumVFs is 0 while the kernel has no virtual functions enabled (drivers/pci/iov.c). */
static void read_sriov(const struct space *s, size_t at)
{
	s->caps->sriov_total = get16(s, at + 0x0e);
	s->caps->sriov_enabled = get16(s, at + 0x10);
}

static const struct capability extended[] = {
	{0x0d, read_acs},
	{0x10, read_sriov},
};

static void walk_extended(const struct space *s)
{
	size_t at = BASIC_LEN;

	for (int n = 0; at >= BASIC_LEN && n < EXTENDED_CAPS_MAX; n++) {
		uint32_t header = get32(s, at);

		if (header == 0 || header == UINT32_MAX)
			break;
		dispatch(s, extended, ARRAY_SIZE(extended), (uint16_t)header, at);
		at = header >> 20 & ~3U;
	}
}

/* --- the header -------------------------------------------------------------- */

static void read_header(const struct space *s)
{
	uint8_t type = get8(s, PCI_HEADER_TYPE);

	s->caps->header_type = type & 0x7f;
	s->caps->multifunction = type & PCI_HEADER_TYPE_MULTI;
	s->ids->revision = get8(s, PCI_REVISION_ID);
	if (s->caps->header_type == HEADER_NORMAL) {
		s->ids->subvendor = get16(s, PCI_SUBSYSTEM_VENDOR_ID);
		s->ids->subdevice = get16(s, PCI_SUBSYSTEM_VENDOR_ID + 2);
	} else if (s->caps->header_type <= HEADER_CARDBUS) {
		s->caps->secondary = get8(s, PCI_SECONDARY_BUS);
		s->caps->subordinate = get8(s, PCI_SUBORDINATE_BUS);
	}
	if (s->caps->header_type == HEADER_CARDBUS) {
		s->ids->subvendor = get16(s, PCI_CB_SUBSYSTEM_VENDOR_ID);
		s->ids->subdevice = get16(s, PCI_CB_SUBSYSTEM_VENDOR_ID + 2);
	}
}

void pci_config_read(const unsigned char *config, size_t len, uint16_t vendor, uint16_t device,
		     struct pci_caps *caps, struct pci_ids_in_config *ids)
{
	struct pci_ids_in_config unwanted;
	struct space s = {config, len, vendor, device, caps, ids ? ids : &unwanted};
	bool express;

	*caps = (struct pci_caps){.pcie_type = PCIE_NONE};
	*s.ids = (struct pci_ids_in_config){0};
	/* Not just the vendor word: a virtual function reads ffff there (SR-IOV 3.4.1.1). */
	if (len < HEADER_LEN || all_ones(config, HEADER_LEN))
		return;
	caps->header_known = true;
	read_header(&s);
	if (len < BASIC_LEN)
		return;
	caps->basic_known = true;
	express = walk_basic(&s);
	if (!express) {
		caps->extended_known = true;
	} else if (len >= EXTENDED_LEN && get32(&s, BASIC_LEN) != UINT32_MAX) {
		caps->extended_known = true;
		walk_extended(&s);
	}
}
