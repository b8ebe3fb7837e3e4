/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isolation: the kernel's rule for IOMMU groups as a pure function over a topology.
 *
 * What the kernel formed is the truth; this model explains it, and says what the groups
 * would be under pcie_acs_override. Sources: drivers/iommu/iommu.c (pci_device_group),
 * drivers/pci/search.c (pci_for_each_dma_alias), drivers/pci/pci.c (pci_acs_enabled,
 * pci_acs_path_enabled), drivers/pci/quirks.c (pci_dev_acs_enabled); the override is the
 * out-of-tree patch that Proxmox, linux-zen and others carry.
 *
 *	isolation_model(t, &override, &m);	groups as the rule makes them
 *	acs_override_in_force(t, platform, &o);	the override that this boot runs under
 *	isolation_explain(t, &o, &report);	why each group that the kernel formed is as it is
 */
#ifndef ADVICE_ISOLATION_H
#define ADVICE_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/platform.h"
#include "machine/topology.h"

#define ACS_OVERRIDE_IDS 15 /* entries the patch can use of its array of 16 */

/* pcie_acs_override= as data; all zero is no override. */
struct acs_override_set {
	bool downstream;    /* root ports and switch downstream ports */
	bool multifunction; /* endpoints and upstream ports with several functions */
	struct {
		uint16_t vendor, device;
	} ids[ACS_OVERRIDE_IDS];
	size_t ids_len;
};

/* Parses "downstream,multifunction,id:1022:1453"; "" and "none" are no override. */
int acs_override_parse(const char *text, struct acs_override_set *ret,
		       struct err *reterr) must_check;

/* The value of pcie_acs_override= that says the same, appended; nothing for no override. */
void acs_override_text(const struct acs_override_set *o, struct str *out);
bool acs_override_is_empty(const struct acs_override_set *o);
/* Both together; ids that find no more room are left out. */
void acs_override_join(struct acs_override_set *o, const struct acs_override_set *more);
/*
 * What the running kernel was started with and heeds. Where it can't be told whether the kernel has
 * the patch, the kernel's groups tell: they are as the override makes them, or as none does.
 */
void acs_override_in_force(const struct topology *t, const struct platform *p,
			   struct acs_override_set *ret);

/* Why a device passes or fails the kernel's test for SV, RR, CR and UF. */
enum acs_verdict {
	ACS_PASS,
	ACS_FAIL_NO_CAPABILITY,
	ACS_FAIL_BITS_OFF, /* has the capability, but what it offers is not switched on */
	ACS_FAIL_LEGACY,   /* conventional PCI, a bridge to it, or a root complex event collector */
	ACS_UNKNOWN,       /* configuration space was not readable (needs root) */
};

enum acs_verdict acs_verdict(const struct device *d, const struct acs_override_set *override);
/* True where the verdict comes from the kernel's quirk table, not from the capability. */
bool acs_by_quirk(const struct device *d);

enum join {
	JOIN_NONE,      /* has no group and takes no part */
	JOIN_NEW,       /* began a group */
	JOIN_ALIAS,     /* shares the requester id of a bridge above, or of its VMD */
	JOIN_SHARED_ID, /* uses the requester id of another function, by a quirk */
	JOIN_PATH,      /* a bridge on its way to the root fails the test */
	JOIN_SLOT,      /* functions of one slot that fail the test */
};

struct isolation {
	size_t *leader;  /* by device index: the device that began its group, or SIZE_MAX */
	enum join *join; /* by device index */
	size_t *culprit; /* by device index: the bridge or function that made it join, or SIZE_MAX */
	size_t len;
};

/*
 * Runs the rule. Devices without a group take no part, unless no device has one (IOMMU off): then all take part
 * and every ACS capability counts as switched on, as the kernel would do. Near-linear.
 */
void isolation_model(const struct topology *t, const struct acs_override_set *override,
		     struct isolation *ret);
void isolation_release(struct isolation *m);

enum confidence { CONFIDENCE_EXACT, CONFIDENCE_PARTIAL, CONFIDENCE_UNKNOWN };

enum group_cause {
	CAUSE_SINGLE,
	CAUSE_PORT_LACKS_ACS,
	CAUSE_FUNCTION_LACKS_ACS,
	CAUSE_LEGACY_BRIDGE,
	CAUSE_SHARED_ID, /* a function uses the requester id of another, by a quirk */
	CAUSE_BITS_OFF,
	CAUSE_UNEXPLAINED,
};

struct group_explanation {
	int id;
	enum group_cause cause;
	size_t culprit;        /* device index or SIZE_MAX */
	bool only_by_override; /* without the override in force it would be with others: not isolated */
	struct strv
		splits_with; /* overrides that separate its endpoints: "downstream", "multifunction",
				    "downstream,multifunction", "id:1022:1453" */
};

struct isolation_report {
	enum confidence confidence;
	struct acs_override_set in_force;
	struct group_explanation *groups; /* one for each group of the topology, in its order */
	size_t len;
	size_t unreadable; /* devices whose ACS could not be read */
};

/* `in_force` may be NULL: none. What splits a group is said as the whole value of the parameter. */
void isolation_explain(const struct topology *t, const struct acs_override_set *in_force,
		       struct isolation_report *ret);
/* The entry of a group of that topology, or NULL; the report may be NULL. */
const struct group_explanation *isolation_of_group(const struct isolation_report *r, int id);
void isolation_report_release(struct isolation_report *r);

const char *confidence_name(enum confidence c);   /* "exact", "partial", "unknown" */
const char *group_cause_name(enum group_cause c); /* "port-lacks-acs" ... */
const char *acs_verdict_name(enum acs_verdict v); /* for a sentence: "no ACS capability" */

#endif
