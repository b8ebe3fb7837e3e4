/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/isolation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "advice/acs_quirks.h"
#include "advice/override.h"

/* SV, RR, CR and UF: what drivers/iommu/iommu.c asks for (REQ_ACS_FLAGS). */
#define ACS_REQUIRED 0x1d

bool acs_by_quirk(const struct device *d)
{
	return acs_quirk(d) != ACS_QUIRK_NONE;
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
		return o->multifunction && acs_is_multifunction(d);
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
	switch (acs_quirk(d)) {
	case ACS_QUIRK_ISOLATES:
		return ACS_PASS;
	case ACS_QUIRK_FAILS:
		return ACS_FAIL_NO_CAPABILITY;
	case ACS_QUIRK_NONE:
		break;
	}
	if (override && is_overridden(d, override))
		return ACS_PASS;
	switch (d->caps.pcie_type) {
	case PCIE_ROOT_PORT:
	case PCIE_DOWNSTREAM:
		return capability_verdict(d);
	case PCIE_ENDPOINT:
	case PCIE_LEGACY_ENDPOINT:
	case PCIE_UPSTREAM:
	case PCIE_RC_ENDPOINT:
		return acs_is_multifunction(d) ? capability_verdict(d) : ACS_PASS;
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

bool acs_override_is_empty(const struct acs_override_set *o)
{
	return !o->downstream && !o->multifunction && !o->ids_len;
}

void acs_override_text(const struct acs_override_set *o, struct str *out)
{
	const char *comma = "";

	if (o->downstream) {
		str_adds(out, "downstream");
		comma = ",";
	}
	if (o->multifunction) {
		str_addf(out, "%smultifunction", comma);
		comma = ",";
	}
	for (size_t i = 0; i < o->ids_len; i++) {
		str_addf(out, "%sid:%04x:%04x", comma, o->ids[i].vendor, o->ids[i].device);
		comma = ",";
	}
}

void acs_override_join(struct acs_override_set *o, const struct acs_override_set *more)
{
	o->downstream |= more->downstream;
	o->multifunction |= more->multifunction;
	for (size_t i = 0; i < more->ids_len; i++)
		if (o->ids_len < ACS_OVERRIDE_IDS &&
		    !acs_override_has_id(o, more->ids[i].vendor, more->ids[i].device))
			o->ids[o->ids_len++] = more->ids[i];
}

/* How many devices the rule puts into other company than the kernel did. */
static size_t count_differences(const struct topology *t, const struct acs_override_set *o)
{
	struct isolation m;
	size_t n = 0;

	isolation_model(t, o, &m);
	for (size_t i = 0; i < t->len; i++) {
		const struct iommu_group *g = topology_group(t, t->devices[i].group);

		n += g && (m.leader[i] != m.leader[g->members[0]] ||
			   t->devices[m.leader[i]].group != g->id);
	}
	isolation_release(&m);
	return n;
}

void acs_override_in_force(const struct topology *t, const struct platform *p,
			   struct acs_override_set *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (p->acs_override != ACS_OVERRIDE_ACTIVE && p->acs_override != ACS_OVERRIDE_UNKNOWN)
		return;
	acs_override_of_line(p->cmdline, ret);
	if (acs_override_is_empty(ret) || p->acs_override == ACS_OVERRIDE_ACTIVE)
		return;
	if (count_differences(t, ret) >= count_differences(t, NULL))
		memset(ret, 0, sizeof(*ret));
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
