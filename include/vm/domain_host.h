/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain_host: what a libvirt domain has to know of its host, read through files and platform.
 */
#ifndef VM_DOMAIN_HOST_H
#define VM_DOMAIN_HOST_H

#include "config/files.h"
#include "machine/platform.h"
#include "vm/domain_xml.h"

struct domain_host {
	struct domain_facts facts; /* points into what is below */
	int *formats;
	char *runtime_dir;
};

/* `user` is whose sound server is used, or NULL; release in any case. */
void domain_host_read(struct domain_host *h, struct files *files, const struct platform *platform,
		      const char *user, const struct vm_profile *p);
void domain_host_release(struct domain_host *h);

#endif
