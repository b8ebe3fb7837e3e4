/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/acs_quirks.h"

#include "base/macros.h"

#define ANY_FIRST 0x0000
#define ANY_LAST 0xffff

/* Where a row counts. */
enum place {
	ANYWHERE,
	AT_ROOT_PORT,
	AT_PORT, /* root port or downstream port of a switch */
	AT_RC_ENDPOINT,
	ON_ROOT_BUS, /* and one of several functions */
};

struct row {
	uint16_t vendor, first, last, step;
	enum place place;
	enum acs_quirk quirk;
};

/*
 * The first row that fits decides. Functions of one name: pci_quirk_mf_endpoint_acs (ports of
 * network cards and the like that do not talk to each other), pci_quirk_amd_sb_acs,
 * pci_quirk_rciep_acs, pci_quirk_intel_pch_acs ("Intel PCH root port ACS workaround enabled"
 * in the kernel's log), pci_quirk_cavium_acs, pci_quirk_xgene_acs, pci_quirk_brcm_acs,
 * pci_quirk_qcom_rp_acs, pci_quirk_loongson_acs, pci_quirk_al_acs, pci_quirk_nxp_rp_acs,
 * pci_quirk_zhaoxin_pcie_ports_acs, pci_quirk_wangxun_nic_acs. The shifted registers of
 * pci_quirk_intel_spt_pch_acs are read in machine/pci_config.
 */
/* clang-format off */
static const struct row rows[] = {
	/* AMD southbridges, behind an AMD IOMMU */
	{0x1002, 0x4383, 0x4385, 1, ON_ROOT_BUS, ACS_QUIRK_ISOLATES},
	{0x1002, 0x4399, 0x4399, 1, ON_ROOT_BUS, ACS_QUIRK_ISOLATES},
	{0x1002, 0x439c, 0x439d, 1, ON_ROOT_BUS, ACS_QUIRK_ISOLATES},
	{0x1022, 0x7809, 0x7809, 1, ON_ROOT_BUS, ACS_QUIRK_ISOLATES},
	{0x1022, 0x780f, 0x780f, 1, ON_ROOT_BUS, ACS_QUIRK_ISOLATES},
	/* Solarflare */
	{0x1924, 0x0903, 0x0903, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1924, 0x0923, 0x0923, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1924, 0x0a03, 0x0a03, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Intel 82598, 82599, X520, X540 */
	{0x8086, 0x10c6, 0x10c6, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10db, 0x10db, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10dd, 0x10dd, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10e1, 0x10e1, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10f1, 0x10f1, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10f7, 0x10fc, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1507, 0x1507, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1514, 0x1514, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x151c, 0x151c, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1529, 0x152a, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x154d, 0x154d, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x154f, 0x154f, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1551, 0x1551, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1558, 0x1558, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Intel 82580 */
	{0x8086, 0x1509, 0x1509, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x150e, 0x1511, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1516, 0x1516, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1527, 0x1527, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Intel 82576 */
	{0x8086, 0x10c9, 0x10c9, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10e6, 0x10e8, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x150a, 0x150a, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x150d, 0x150d, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1518, 0x1518, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1526, 0x1526, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Intel 82575, I350, 82571, I219 */
	{0x8086, 0x10a7, 0x10a7, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10a9, 0x10a9, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10d6, 0x10d6, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1521, 0x1524, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x105e, 0x1060, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x10d9, 0x10d9, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8086, 0x15b7, 0x15b8, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Intel, integrated in the root complex: VT-d demands it */
	{0x8086, ANY_FIRST, ANY_LAST, 1, AT_RC_ENDPOINT, ACS_QUIRK_ISOLATES},
	/* Qualcomm and HXT root ports */
	{0x17cb, 0x0400, 0x0401, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x17cb, 0x0115, 0x0115, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1dbf, 0x0401, 0x0401, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Intel chipsets: Ibex Peak, Cougar Point, Panther Point, Lynx Point, Wildcat Point,
	   Patsburg, Wellsburg */
	{0x8086, 0x3b42, 0x3b51, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1c10, 0x1c1f, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1e10, 0x1e1f, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x8c10, 0x8c1f, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x9c10, 0x9c1b, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x9c90, 0x9c9b, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x1d10, 0x1d1e, 2, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x8d10, 0x8d1e, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x8086, 0x8c90, 0x8c9e, 2, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	/* Emulex BE3-R, Skyhawk-R */
	{0x19a2, 0x0710, 0x0710, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x10df, 0x0720, 0x0720, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Cavium ThunderX */
	{0x177d, 0xa000, 0xa7ff, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x177d, 0xaf84, 0xaf84, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x177d, 0xb884, 0xb884, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	{0x177d, 0xa026, 0xa026, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x177d, 0xa059, 0xa060, 7, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* APM X-Gene, Ampere */
	{0x10e8, 0xe004, 0xe004, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1def, 0xe005, 0xe00c, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Broadcom network cards, iProc root ports */
	{0x14e4, 0x16d7, 0x16d7, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x14e4, 0x1750, 0x1752, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x14e4, 0x1760, 0x1763, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x14e4, 0xd714, 0xd714, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Loongson root ports */
	{0x0014, 0x3c09, 0x3c29, 16, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x0014, 0x7a09, 0x7a69, 16, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Annapurna Labs */
	{0x1c36, 0x0031, 0x0031, 1, AT_ROOT_PORT, ACS_QUIRK_ISOLATES},
	/* Zhaoxin: three devices, then ports; those of other ids count as not isolating */
	{0x1d17, 0x3038, 0x3038, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1d17, 0x3104, 0x3104, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1d17, 0x9083, 0x9083, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1d17, 0x0710, 0x071e, 1, AT_PORT, ACS_QUIRK_ISOLATES},
	{0x1d17, 0x0721, 0x0721, 1, AT_PORT, ACS_QUIRK_ISOLATES},
	{0x1d17, 0x0723, 0x0752, 1, AT_PORT, ACS_QUIRK_ISOLATES},
	{0x1d17, ANY_FIRST, ANY_LAST, 1, AT_PORT, ACS_QUIRK_FAILS},
	/* NXP LX2xx0 and LX2xx2 root ports */
	{0x1957, 0x8d80, 0x8d83, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8d88, 0x8d8b, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8d90, 0x8d93, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8d98, 0x8d9b, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8da0, 0x8da1, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8da8, 0x8da9, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8db0, 0x8db1, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x1957, 0x8db8, 0x8db9, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	/* Wangxun network cards; other ids of theirs count as not isolating */
	{0x8088, 0x0100, 0x010f, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x1001, 0x1001, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x2001, 0x2001, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x5010, 0x5010, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x5025, 0x5025, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x5040, 0x5040, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x5110, 0x5110, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x5125, 0x5125, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, 0x5140, 0x5140, 1, ANYWHERE, ACS_QUIRK_ISOLATES},
	{0x8088, ANY_FIRST, ANY_LAST, 1, ANYWHERE, ACS_QUIRK_FAILS},
};
/* clang-format on */

bool acs_is_multifunction(const struct device *d)
{
	return d->sriov != SRIOV_VIRTUAL && (d->caps.multifunction || d->addr.function > 0);
}

static bool is_at(const struct device *d, enum place place)
{
	const enum pcie_type type = d->caps.pcie_type;

	switch (place) {
	case ANYWHERE:
		return true;
	case AT_ROOT_PORT:
		return type == PCIE_ROOT_PORT;
	case AT_PORT:
		return type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM;
	case AT_RC_ENDPOINT:
		return type == PCIE_RC_ENDPOINT;
	case ON_ROOT_BUS:
		return d->parent == NO_PARENT && acs_is_multifunction(d);
	}
	return false;
}

enum acs_quirk acs_quirk(const struct device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		if (r->vendor == d->vendor && d->id >= r->first && d->id <= r->last &&
		    (d->id - r->first) % r->step == 0 && is_at(d, r->place))
			return r->quirk;
	}
	return ACS_QUIRK_NONE;
}

/* --- requester ids ----------------------------------------------------------------- */

/* Which devfn of its bus a device uses beside its own. */
enum alias {
	ALIAS_FUNCTION_0, /* quirk_dma_func0_alias */
	ALIAS_FUNCTION_1, /* quirk_dma_func1_alias */
	ALIAS_ADAPTEC,    /* quirk_fixed_dma_alias: 01.0, for two boards */
	ALIAS_MIC_X200,   /* quirk_mic_x200_dma_alias: 10.0, 11.0, 12.3 */
	ALIAS_FIRST_FIVE, /* quirk_pex_vca_alias: functions 0 to 4 of each slot */
	ALIAS_ALL,        /* quirk_plx_ntb_dma_alias */
};

/* clang-format off */
static const struct {
	uint16_t vendor, id;
	enum alias alias;
} aliases[] = {
	{0x1180, 0xe832, ALIAS_FUNCTION_0}, {0x1180, 0xe476, ALIAS_FUNCTION_0}, /* Ricoh */
	{0x6766, 0x3d40, ALIAS_FUNCTION_0}, {0x6766, 0x3d41, ALIAS_FUNCTION_0}, /* Glenfly */
	{0x1b4b, 0x9120, ALIAS_FUNCTION_1}, {0x1b4b, 0x9123, ALIAS_FUNCTION_1}, /* Marvell */
	{0x1b4b, 0x9125, ALIAS_FUNCTION_1}, {0x1b4b, 0x9128, ALIAS_FUNCTION_1},
	{0x1b4b, 0x9130, ALIAS_FUNCTION_1}, {0x1b4b, 0x9170, ALIAS_FUNCTION_1},
	{0x1b4b, 0x9172, ALIAS_FUNCTION_1}, {0x1b4b, 0x917a, ALIAS_FUNCTION_1},
	{0x1b4b, 0x9182, ALIAS_FUNCTION_1}, {0x1b4b, 0x9183, ALIAS_FUNCTION_1},
	{0x1b4b, 0x91a0, ALIAS_FUNCTION_1}, {0x1b4b, 0x9215, ALIAS_FUNCTION_1},
	{0x1b4b, 0x9220, ALIAS_FUNCTION_1}, {0x1b4b, 0x9230, ALIAS_FUNCTION_1},
	{0x1b4b, 0x9235, ALIAS_FUNCTION_1},
	{0x1103, 0x0642, ALIAS_FUNCTION_1}, {0x1103, 0x0645, ALIAS_FUNCTION_1}, /* HighPoint */
	{0x197b, 0x2392, ALIAS_FUNCTION_1}, /* JMicron JMB388 */
	{0x1c28, 0x0122, ALIAS_FUNCTION_1}, /* Plextor M6e */
	{0x9005, 0x0285, ALIAS_ADAPTEC},
	{0x8086, 0x2260, ALIAS_MIC_X200}, {0x8086, 0x2264, ALIAS_MIC_X200},
	{0x8086, 0x2954, ALIAS_FIRST_FIVE}, {0x8086, 0x2955, ALIAS_FIRST_FIVE},
	{0x8086, 0x2956, ALIAS_FIRST_FIVE}, {0x8086, 0x2958, ALIAS_FIRST_FIVE},
	{0x8086, 0x2959, ALIAS_FIRST_FIVE}, {0x8086, 0x295a, ALIAS_FIRST_FIVE},
	{0x10b5, 0x87b0, ALIAS_ALL}, {0x10b5, 0x87b1, ALIAS_ALL}, /* PLX */
};
/* clang-format on */

bool dma_has_aliases(const struct device *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (aliases[i].vendor == d->vendor && aliases[i].id == d->id)
			return true;
	return false;
}

static bool alias_covers(enum alias alias, const struct device *d, const struct pci_addr *to)
{
	switch (alias) {
	case ALIAS_FUNCTION_0:
		return d->addr.slot == to->slot && to->function == 0;
	case ALIAS_FUNCTION_1:
		return d->addr.slot == to->slot && to->function == 1;
	case ALIAS_ADAPTEC:
		return d->subvendor == 0x9005 &&
		       (d->subdevice == 0x02bb || d->subdevice == 0x02bc) && to->slot == 1 &&
		       to->function == 0;
	case ALIAS_MIC_X200:
		return (to->slot == 0x10 && to->function == 0) ||
		       (to->slot == 0x11 && to->function == 0) ||
		       (to->slot == 0x12 && to->function == 3);
	case ALIAS_FIRST_FIVE:
		return to->function < 5;
	case ALIAS_ALL:
		return true;
	}
	return false;
}

static bool uses_id_of(const struct device *d, const struct device *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (aliases[i].vendor == d->vendor && aliases[i].id == d->id &&
		    alias_covers(aliases[i].alias, d, &other->addr))
			return true;
	return false;
}

bool dma_are_aliases(const struct device *a, const struct device *b)
{
	if (a->addr.domain != b->addr.domain || a->addr.bus != b->addr.bus)
		return false;
	return uses_id_of(a, b) || uses_id_of(b, a);
}

/* quirk_bridge_cavm_thrx2_pcie_root */
bool dma_ends_at(const struct device *bridge)
{
	return bridge->vendor == 0x14e4 && (bridge->id == 0x9000 || bridge->id == 0x9084);
}
