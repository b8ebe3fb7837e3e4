/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * topology: what the machine's PCI devices and IOMMU groups are, at one moment.
 *
 * A snapshot: machine/scan.h fills it, nothing changes it afterwards, a rescan
 * makes a new one. Devices are sorted by address, groups by id; members and
 * parents are indexes into `devices`. Everything is owned by the topology.
 *
 * Sources: Documentation/ABI/testing/sysfs-bus-pci, PCI Code and ID Assignment
 * Specification (class codes), PCI Express Base Specification 7.5 (capabilities).
 */
#ifndef MACHINE_TOPOLOGY_H
#define MACHINE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strv.h"
#include "machine/pci_addr.h"

#define NO_GROUP (-1)
#define NO_PARENT SIZE_MAX
#define PARENT_UNSET (SIZE_MAX - 1) /* only while building: topology_seal() finds it out */

/* PCI Express device/port type, PCI Express Capabilities register bits 7:4. */
enum pcie_type {
	PCIE_ENDPOINT = 0,
	PCIE_LEGACY_ENDPOINT = 1,
	PCIE_ROOT_PORT = 4,
	PCIE_UPSTREAM = 5,
	PCIE_DOWNSTREAM = 6,
	PCIE_TO_PCI = 7,
	PCI_TO_PCIE = 8,
	PCIE_RC_ENDPOINT = 9,
	PCIE_RC_EVENT_COLLECTOR = 10,
	PCIE_NONE = 16, /* no PCI Express capability: conventional PCI */
};

/* What configuration space says, as far as it was readable. */
struct pci_caps {
	bool header_known;   /* the first 64 bytes were there and not all ff */
	bool basic_known;    /* the first 256 bytes: capability list */
	bool extended_known; /* all 4096 bytes: ACS, SR-IOV; needs CAP_SYS_ADMIN. Also true
				for a conventional device, whose space ends at 256 bytes */
	uint8_t header_type; /* 0 normal, 1 PCI bridge, 2 CardBus; without the multifunction bit */
	bool multifunction;
	uint8_t secondary, subordinate; /* bus numbers of a bridge */
	enum pcie_type pcie_type;
	bool flr;    /* Function Level Reset, PCI Express device capabilities bit 28 */
	bool af_flr; /* by the Advanced Features capability */
	bool acs;    /* has an ACS capability */
	uint16_t acs_cap,
		acs_ctl; /* registers at +4 and +6 (at +4 and +8 on Intel's shifted ports) */
	uint8_t link_speed_max,
		link_speed; /* 1 = 2.5 GT/s, 2 = 5, 3 = 8, 4 = 16, 5 = 32, 6 = 64; 0 unknown */
	uint8_t link_width_max, link_width; /* lanes; 0 unknown */
	uint16_t sriov_total, sriov_enabled;
};

enum sriov_role { SRIOV_NONE, SRIOV_PHYSICAL, SRIOV_VIRTUAL };

/* Bits of device.reset, from sysfs reset_method (or config space when it is missing). */
enum reset_method {
	RESET_DEVICE_SPECIFIC = 1 << 0,
	RESET_ACPI = 1 << 1,
	RESET_FLR = 1 << 2,
	RESET_AF_FLR = 1 << 3,
	RESET_PM = 1 << 4,
	RESET_BUS = 1 << 5,
	RESET_CXL_BUS = 1 << 6,
};

struct device {
	struct pci_addr addr;
	char bdf[PCI_ADDR_TEXT]; /* addr as text, full form */
	uint32_t class_code;     /* 24 bits: class, subclass, programming interface */
	uint16_t vendor, id;
	uint16_t subvendor, subdevice; /* 0, 0: none known */
	uint8_t revision;
	int group;      /* IOMMU group id or NO_GROUP */
	size_t parent;  /* index of the bridge above, NO_PARENT on a root bus */
	bool is_bridge; /* header type not normal; by class 06 04/07/09 when unreadable */
	int boot_vga;   /* 1, 0, or -1: no such attribute */
	unsigned reset; /* enum reset_method bits */
	bool reset_known;
	int numa_node; /* -1: none or not read */
	struct pci_caps caps;
	enum sriov_role sriov;
	size_t physical_function; /* index of the physical function of a virtual one, else NO_PARENT */
	size_t requester; /* index of the device whose requester id it uses in place of its own (Intel's
			     Volume Management Device above it), else NO_PARENT */
	char *driver;     /* NULL: none */
	char *driver_override; /* NULL: none */
	struct strv modules;   /* candidate modules by modalias, in libkmod's order */
	char *modalias;
	char *vendor_name; /* "NVIDIA Corporation", or NULL */
	char *device_name; /* "GA104 [GeForce RTX 3070]", or NULL */
	char *class_name;  /* "VGA compatible controller", never NULL */
};

struct iommu_group {
	int id;
	size_t *members; /* indexes into devices, ascending */
	size_t len;
};

struct topology {
	struct device *devices;
	size_t len, cap;
	struct iommu_group *groups;
	size_t groups_len;
	size_t skipped; /* devices that vanished or could not be read during the scan */
};

/*
 * Building, for scan and tests: add devices in any order, then seal. Until then the
 * indexes parent, physical_function and requester count in the order of adding; seal renumbers
 * them. A new device has PARENT_UNSET, no group and NULL or -1 for all that is not known;
 * its strings are to be malloc'ed, the topology frees them.
 */
struct topology *topology_new(void) must_check;
struct device *topology_add(struct topology *t,
			    const struct pci_addr *addr); /* pointer dies at the next add */
void topology_drop_last(struct topology *t);              /* takes the device added last back */
/* Sorts; makes groups, class names that are not NULL, and parents from the bridges' bus numbers where they are unset. */
void topology_seal(struct topology *t);
void topology_free(struct topology *t);
void topology_freep(struct topology **t);

const struct device *topology_find(const struct topology *t,
				   const struct pci_addr *addr);            /* or NULL */
const struct iommu_group *topology_group(const struct topology *t, int id); /* or NULL */
size_t topology_index(const struct topology *t, const struct device *d);

/* "0300", four hex digits; returns `buf`. */
const char *device_class_text(const struct device *d, char buf[5]);
/* "10de:2484"; returns `buf`. */
const char *device_ids_text(const struct device *d, char buf[10]);
/* "NVIDIA Corporation GA104 [GeForce RTX 3070]" or the ids in words; the caller frees. */
char *device_name(const struct device *d) must_check;
/* "AMD" for "Advanced Micro Devices, Inc. [AMD]", or NULL when the vendor has no name; the caller frees. */
char *device_short_vendor(const struct device *d) must_check;
/* For rows: the vendor's short name and the marketing name first, "NVIDIA GeForce RTX 3070"; the caller frees. */
char *device_short_name(const struct device *d) must_check;
/* "VGA", "Audio", "USB", "NVMe", "LAN", "SATA", "Bridge" ...: at most 8 characters. */
const char *device_short_class(const struct device *d);

bool device_is_gpu(const struct device *d);                           /* base class 03 */
bool device_is_audio(const struct device *d);                         /* 0401, 0403 */
bool device_is_usb(const struct device *d);                           /* 0c03 */
bool device_is_network(const struct device *d);                       /* base class 02 */
bool device_is_storage(const struct device *d);                       /* base class 01 */
bool device_same_ids(const struct device *a, const struct device *b); /* vendor and device */
/* "vfio-pci" or one of its variants (name ends in -vfio-pci / _vfio_pci). */
bool driver_is_vfio(const char *driver);
/*
 * The kernel's viability rule for one group member (drivers/iommu/iommu.c DMA ownership, vfio): no driver,
 * a vfio driver, pci-stub or pcieport. Bridges without other drivers never count.
 */
bool device_is_viable_member(const struct device *d);
/* reset bits as names "flr", "bus" ... in the kernel's order, appended to `out`. */
void reset_names(unsigned reset, struct strv *out);
/* The bits of such names, separated by blanks; names it does not know are left out. */
unsigned reset_from_names(const char *names);

#endif
