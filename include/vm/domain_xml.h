/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain_xml: a VM's profile as a libvirt domain of the same meaning.
 *
 * A pure function: profile and a few facts in, the bytes of one <domain> out, fit for
 * "virsh define". What libvirt's own elements can't say stands in <qemu:commandline> and
 * <qemu:override>, which every libvirt from 9.0 on reads.
 *
 * Sources: libvirt's docs/formatdomain and src/conf/schemas; where an element is younger
 * than 9.0 the facts' version decides. Elements in the order of the documentation.
 *
 * The same name always gives the same UUID, so that a second "virsh define" changes the
 * domain and does not collide with it.
 */
#ifndef VM_DOMAIN_XML_H
#define VM_DOMAIN_XML_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "vm/profile.h"

/* libvirt's version as its own headers count: 9.0.0 is 9000000. */
#define LIBVIRT_VERSION(major, minor, release) ((major)*1000000U + (minor)*1000U + (release))

struct domain_facts {
	unsigned version;        /* LIBVIRT_VERSION of the installed one; 0 counts as 9.0.0 */
	const char *emulator;    /* QEMU's path; NULL: libvirt's own choice */
	bool amd;                /* the host's processor: topoext */
	bool no_spice;           /* this QEMU has no SPICE: VNC then */
	const char *runtime_dir; /* "/run/user/1000": of whose sound it is; NULL: not known */
	const int *disk_formats; /* enum vm_format, one a disk; NULL: by the names */
};

/*
 * Appends the domain. `notes` (may be NULL) gets one sentence for each thing that the
 * launch script does and a domain can't. -EINVAL, and nothing appended, when the profile
 * holds what XML or libvirt can't, or a disk's format would be a guess.
 */
int domain_xml_write(struct str *out, const struct vm_profile *p, const struct domain_facts *f,
		     struct strv *notes, struct err *reterr) must_check;

/* The UUID that the domain of this name gets: 36 characters. */
void domain_uuid(const char *name, char ret[37]);

#endif
