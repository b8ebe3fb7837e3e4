/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/wish.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void wish_init(struct wish *w)
{
	*w = (struct wish){.driver = "vfio-pci"};
}

void wish_release(struct wish *w)
{
	for (size_t i = 0; i < w->len; i++) {
		strv_release(&w->devices[i].modules);
		free(w->devices[i].name);
	}
	for (size_t i = 0; i < w->vms_len; i++)
		vm_profile_release(&w->vms[i]);
	free(w->vms);
	free(w->devices);
	strv_release(&w->ids);
	strv_release(&w->host_modules);
	strv_release(&w->early_modules);
	strv_release(&w->early_files);
	strv_release(&w->kernel_params);
	strv_release(&w->owned);
	strv_release(&w->options);
	strv_release(&w->idle_modules);
	free(w->groups);
	free(w->user);
	free(w->group);
	wish_init(w);
}

struct wish_device *wish_add_device(struct wish *w)
{
	w->devices = grow(w->devices, w->len, &w->cap, sizeof(*w->devices));
	w->devices[w->len] = (struct wish_device){.name = NULL};
	return &w->devices[w->len++];
}

struct vm_profile *wish_add_vm(struct wish *w)
{
	w->vms = grow(w->vms, w->vms_len, &w->vms_cap, sizeof(*w->vms));
	return &w->vms[w->vms_len++];
}

bool wish_owns(const struct wish *w, const char *target, const char *token)
{
	auto_free char *whole = xasprintf("%s %s", target, token);

	return strv_has(&w->owned, whole);
}
