/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* SV, RR, CR and UF: what drivers/iommu/iommu.c asks for (REQ_ACS_FLAGS). */
#define ACS_REQUIRED 0x1d

struct id_range {
	uint16_t vendor, first, last;
	uint16_t step;
};

/*
 * drivers/pci/quirks.c, pci_dev_acs_enabled[]: multifunction devices that isolate their
 * functions although they say nothing of it.
 */
static const struct id_range isolating_functions[] = {
	{0x8086, 0x10c6, 0x10c6, 1}, {0x8086, 0x10db, 0x10db, 1}, {0x8086, 0x10dd, 0x10dd, 1},
	{0x8086, 0x10e1, 0x10e1, 1}, {0x8086, 0x10f1, 0x10f1, 1}, {0x8086, 0x10f7, 0x10fc, 1},
	{0x8086, 0x1507, 0x1507, 1}, {0x8086, 0x1514, 0x1514, 1}, {0x8086, 0x151c, 0x151c, 1},
	{0x8086, 0x1529, 0x152a, 1}, {0x8086, 0x154d, 0x154d, 1}, {0x8086, 0x154f, 0x154f, 1},
	{0x8086, 0x1551, 0x1551, 1}, {0x8086, 0x1558, 0x1558, 1}, {0x8086, 0x1509, 0x1509, 1},
	{0x8086, 0x150e, 0x1511, 1}, {0x8086, 0x1516, 0x1516, 1}, {0x8086, 0x1527, 0x1527, 1},
	{0x8086, 0x10c9, 0x10c9, 1}, {0x8086, 0x10e6, 0x10e8, 1}, {0x8086, 0x150a, 0x150a, 1},
	{0x8086, 0x150d, 0x150d, 1}, {0x8086, 0x1518, 0x1518, 1}, {0x8086, 0x1526, 0x1526, 1},
	{0x8086, 0x10a7, 0x10a7, 1}, {0x8086, 0x10a9, 0x10a9, 1}, {0x8086, 0x10d6, 0x10d6, 1},
	{0x8086, 0x1521, 0x1524, 1}, {0x8086, 0x105e, 0x1060, 1}, {0x8086, 0x10d9, 0x10d9, 1},
	{0x8086, 0x15b7, 0x15b8, 1}, {0x1924, 0x0903, 0x0903, 1}, {0x1924, 0x0923, 0x0923, 1},
	{0x1924, 0x0a03, 0x0a03, 1}, {0x19a2, 0x0710, 0x0710, 1}, {0x10df, 0x0720, 0x0720, 1},
	{0x14e4, 0x16d7, 0x16d7, 1}, {0x14e4, 0x1750, 0x1752, 1}, {0x1d17, 0x3038, 0x3038, 1},
	{0x1d17, 0x3104, 0x3104, 1}, {0x1d17, 0x9083, 0x9083, 1},
};

/* pci_quirk_amd_sb_acs: functions of AMD southbridges on the root bus, behind an AMD IOMMU. */
static const struct id_range amd_southbridge[] = {
	{0x1002, 0x4383, 0x4385, 1}, {0x1002, 0x4399, 0x4399, 1}, {0x1002, 0x439c, 0x439d, 1},
	{0x1022, 0x780f, 0x780f, 1}, {0x1022, 0x7809, 0x7809, 1},
};

/*
 * pci_quirk_intel_pch_acs: chipset root ports that have no ACS capability; the kernel turns
 * isolation on by other registers ("Intel PCH root port ACS workaround enabled").
 */
static const struct id_range pch_root_ports[] = {
	{0x8086, 0x3b42, 0x3b51, 1}, {0x8086, 0x1c10, 0x1c1f, 1}, {0x8086, 0x1e10, 0x1e1f, 1},
	{0x8086, 0x8c10, 0x8c1f, 1}, {0x8086, 0x9c10, 0x9c1b, 1}, {0x8086, 0x9c90, 0x9c9b, 1},
	{0x8086, 0x8d10, 0x8d1e, 1}, {0x8086, 0x1d10, 0x1d1e, 2}, {0x8086, 0x8c90, 0x8c9e, 2},
};

static bool in_ranges(const struct id_range *r, size_t n, const struct device *d)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].vendor == d->vendor && d->id >= r[i].first && d->id <= r[i].last &&
		    (d->id - r[i].first) % r[i].step == 0)
			return true;
	return false;
}

/* As the kernel has it: the header's bit, or any function but the first; never a virtual one. */
static bool is_multifunction(const struct device *d)
{
	return d->sriov != SRIOV_VIRTUAL && (d->caps.multifunction || d->addr.function > 0);
}

bool acs_by_quirk(const struct device *d)
{
	enum pcie_type type = d->caps.pcie_type;

	if (d->vendor == 0x8086 && type == PCIE_RC_ENDPOINT)
		return true;
	if (type == PCIE_ROOT_PORT && !d->caps.acs &&
	    in_ranges(pch_root_ports, ARRAY_SIZE(pch_root_ports), d))
		return true;
	if (d->parent == NO_PARENT && is_multifunction(d) &&
	    in_ranges(amd_southbridge, ARRAY_SIZE(amd_southbridge), d))
		return true;
	return in_ranges(isolating_functions, ARRAY_SIZE(isolating_functions), d);
}

/* pcie_acs_overrides() of the patch: never for conventional devices or those with the capability. */
static bool is_overridden(const struct device *d, const struct acs_override_set *o)
{
	enum pcie_type type = d->caps.pcie_type;

	if (type == PCIE_NONE || d->caps.acs)
		return false;
	for (size_t i = 0; i < o->ids_len; i++)
		if (o->ids[i].vendor == d->vendor && o->ids[i].device == d->id)
			return true;
	if (type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM)
		return o->downstream;
	if (type == PCIE_ENDPOINT || type == PCIE_UPSTREAM || type == PCIE_LEGACY_ENDPOINT ||
	    type == PCIE_RC_ENDPOINT)
		return o->multifunction && is_multifunction(d);
	return false;
}

/* pci_acs_flags_enabled: what the capability doesn't offer counts as fulfilled. */
static enum acs_verdict capability_verdict(const struct device *d)
{
	unsigned wanted = ACS_REQUIRED & d->caps.acs_cap;

	if (!d->caps.extended_known)
		return ACS_UNKNOWN;
	if (!d->caps.acs)
		return ACS_FAIL_NO_CAPABILITY;
	return (d->caps.acs_ctl & wanted) == wanted ? ACS_PASS : ACS_FAIL_BITS_OFF;
}

enum acs_verdict acs_verdict(const struct device *d, const struct acs_override_set *override)
{
	if (!d->caps.basic_known)
		return ACS_UNKNOWN;
	if (acs_by_quirk(d) || (override && is_overridden(d, override)))
		return ACS_PASS;
	switch (d->caps.pcie_type) {
	case PCIE_ROOT_PORT:
	case PCIE_DOWNSTREAM:
		return capability_verdict(d);
	case PCIE_ENDPOINT:
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_UPSTREAM:
	case PCIE_RC_ENDPOINT:
		return is_multifunction(d) ? capability_verdict(d) : ACS_PASS;
	case PCIE_TO_PCI:
	case PCI_TO_PCIE:
	case PCIE_RC_EVENT_COLLECTOR:
	case PCIE_NONE:
	default:
		return ACS_FAIL_LEGACY;
	}
}

static int parse_id(const char *word, struct acs_override_set *ret)
{
	unsigned vendor, device;
	int end = 0;

	if (sscanf(word, "id:%4x:%4x%n", &vendor, &device, &end) != 2 || word[end] ||
	    ret->ids_len == ACS_OVERRIDE_IDS)
		return -EINVAL;
	ret->ids[ret->ids_len].vendor = (uint16_t)vendor;
	ret->ids[ret->ids_len].device = (uint16_t)device;
	ret->ids_len++;
	return 0;
}

int acs_override_parse(const char *text, struct acs_override_set *ret, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;

	memset(ret, 0, sizeof(*ret));
	strv_split(&words, text, ",");
	for (size_t i = 0; i < words.len; i++) {
		const char *word = words.items[i];

		if (!strcmp(word, "downstream"))
			ret->downstream = true;
		else if (!strcmp(word, "multifunction"))
			ret->multifunction = true;
		else if (strcmp(word, "none") && parse_id(word, ret))
			return err_set(reterr, -EINVAL,
				       "'%s' is no ACS override: use downstream, multifunction or "
				       "id:VVVV:DDDD (at most %d of them), with commas between",
				       word, ACS_OVERRIDE_IDS);
	}
	return 0;
}

const char *acs_verdict_name(enum acs_verdict v)
{
	static const char *const names[] = {
		[ACS_PASS] = "isolates",
		[ACS_FAIL_NO_CAPABILITY] = "no ACS capability",
		[ACS_FAIL_BITS_OFF] = "ACS is there but not switched on",
		[ACS_FAIL_LEGACY] = "conventional PCI: no isolation possible",
		[ACS_UNKNOWN] = "cannot tell: its configuration space needs root to read",
	};

	return names[v];
}
