/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain_parts: what the files of vm/domain_xml.h share; each function writes the elements it is named after.
 */
#ifndef VM_DOMAIN_PARTS_H
#define VM_DOMAIN_PARTS_H

#include "base/xml.h"
#include "vm/domain_xml.h"

struct domain {
	struct xml xml;
	const struct vm_profile *vm;
	const struct domain_facts *facts;
	struct strv *notes;              /* never NULL */
	const struct vm_device *refused; /* libvirt can't have it; NULL: all is well */
};

/* Are these said through QEMU's command line, because no element of libvirt's can? */
bool domain_disk_by_qemu(const struct vm_disk *disk);   /* an emulated NVMe disk */
bool domain_nic_by_qemu(const struct vm_profile *p);    /* forwarded ports, a share */
bool domain_usb_by_qemu(const struct vm_usb *usb);      /* by port */
bool domain_memory_by_qemu(const struct vm_profile *p); /* Looking Glass in /dev/kvmfr0 */
bool domain_sound_by_qemu(const struct domain *d);      /* PipeWire before 9.10 */

enum domain_boots { DOMAIN_BOOT_DISK, DOMAIN_BOOT_CDROM, DOMAIN_BOOT_NETWORK };
/* Place in the boot order, from 1, of the i-th disk or CD or of the network card. */
unsigned domain_boot_order(const struct vm_profile *p, enum domain_boots what, size_t i);
const char *domain_cpu(const struct vm_profile *p);
/* Format of the i-th disk: VM_FORMAT_RAW or VM_FORMAT_QCOW2. */
int domain_disk_format(const struct domain *d, size_t i);

void domain_disks(struct domain *d);
void domain_controllers(struct domain *d);
void domain_network(struct domain *d);
void domain_host_devices(struct domain *d);
void domain_usb_devices(struct domain *d);
void domain_inputs(struct domain *d);
void domain_screen(struct domain *d);
void domain_sound(struct domain *d);
void domain_extras(struct domain *d);
void domain_qemu(struct domain *d); /* <qemu:commandline>, <qemu:override> */

#endif
