/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_vm.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "vm/preset.h"

/* The NUMA node of the first device, which is the card as a rule; -1 none. */
static int node_of(const struct situation *s, const struct selection *devices)
{
	const struct device *d = devices->len ? topology_find(s->topology, &devices->items[0])
					      : NULL;

	return d ? d->numa_node : -1;
}

/* With all graphics cards of the host in the guest, its desktop has to end meanwhile. */
static bool takes_last_gpu(const struct situation *s, const struct selection *devices)
{
	bool any = false;

	for (size_t i = 0; i < s->topology->len; i++) {
		const struct device *d = &s->topology->devices[i];

		if (device_is_gpu(d) && !selection_has(devices, &d->addr))
			return false;
		any = any || device_is_gpu(d);
	}
	return any;
}

void vm_propose(const struct situation *s, const struct selection *devices, enum vm_system system,
		struct vm_profile *p)
{
	auto_vm_host struct vm_host facts = VM_HOST_INIT;

	vm_host_read(s->host, s->platform->user, &facts);
	vm_preset(p, system, &facts);
	for (size_t i = 0; i < devices->len; i++) {
		const struct device *d = topology_find(s->topology, &devices->items[i]);

		if (d)
			vm_preset_device(p, d);
	}
	p->single_gpu = takes_last_gpu(s, devices);
	vm_preset_place(p, &facts, node_of(s, devices));
}

static const struct device *find(const struct situation *s, const struct vm_device *device)
{
	struct pci_addr addr;

	return pci_addr_parse(device->address, &addr) ? topology_find(s->topology, &addr) : NULL;
}

static void complete(const struct situation *s, struct vm_device *to)
{
	const struct device *d = find(s, to);
	char ids[10];

	if (!d || to->ids[0])
		return;
	free(to->ids);
	to->ids = xstrdup(device_ids_text(d, ids));
	if (to->name[0])
		return;
	free(to->name);
	to->name = device_short_name(d);
}

void vm_complete_devices(const struct situation *s, struct vm_profile *p)
{
	struct vm_device *devices = p->devices.items;

	for (size_t i = 0; i < p->devices.len; i++)
		complete(s, &devices[i]);
}

bool vm_has_gpu(const struct situation *s, const struct vm_profile *p)
{
	const struct vm_device *devices = p->devices.items;

	for (size_t i = 0; i < p->devices.len; i++) {
		const struct device *d = find(s, &devices[i]);

		if (d && device_is_gpu(d))
			return true;
	}
	return false;
}

int plan_vm_profile(const struct situation *s, const struct vm_profile *p, struct plan **ret,
		    struct err *reterr)
{
	auto_free char *path = vm_profile_path(p->name);
	auto_str struct str before = STR_INIT;
	auto_str struct str after = STR_INIT;
	int r = host_read(s->host, path, &before, reterr);
	const bool is_new = r == -ENOENT;

	if (r < 0 && !is_new)
		return r;
	err_clear(reterr);
	vm_profile_write(is_new ? NULL : before.data, before.len, p, &after);
	return plan_build_vm(s, p->name, after.data, after.len, ret, reterr);
}

int plan_vm_delete(const struct situation *s, const char *name, struct plan **ret,
		   struct err *reterr)
{
	return plan_build_vm(s, name, NULL, 0, ret, reterr);
}
