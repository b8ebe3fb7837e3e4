/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/preset.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/profile_value.h"

#define HOST_KEEPS_MIB 2048U
#define MOST_MIB 16384U /* more is for its owner to ask for */
#define NO_CPU UINT_MAX

#define WINDOWS_HYPERV                                                                             \
	"relaxed vapic spinlocks vpindex runtime synic stimer time frequencies tlbflush ipi"

/* What a kind of guest wants, as the fields' texts. */
struct wanted {
	const char *key, *values[VM_OTHER + 1]; /* NULL: the default */
};

static const struct wanted wants[] = {
	{"system", {"windows-11", "windows-10", "linux", "other"}},
	{"firmware", {"uefi-secure", "uefi", "uefi", "uefi"}},
	{"tpm", {"yes", NULL, NULL, NULL}},
	{"clock", {"local", "local", "utc", "utc"}},
	{"clock-drift-fix", {"yes", "yes", NULL, NULL}},
	{"hyperv", {WINDOWS_HYPERV, WINDOWS_HYPERV, NULL, NULL}},
	{"nic", {"e1000e", "e1000e", "virtio", "e1000e"}},
	{"display", {"std", "std", "std", "std"}},
};

static const struct {
	const char *bus, *size;
	uint64_t least_mib;
} disks[] = {
	[VM_WINDOWS_11] = {"sata", "96G", 4096}, /* Windows brings no virtio driver */
	[VM_WINDOWS_10] = {"sata", "64G", 2048},
	[VM_LINUX] = {"virtio", "32G", 2048},
	[VM_OTHER] = {"sata", "32G", 1024},
};

static void set(struct vm_profile *p, const char *key, const char *value)
{
	(void)!vm_field_set(p, vm_field_find(key), value, NULL); /* values of ours fit */
}

/* Half of the host's memory in whole GiB, and no more than is free now. */
static uint64_t choose_memory(const struct vm_host *h, uint64_t least)
{
	uint64_t mib = h->memory_mib / 2;

	if (!h->memory_mib)
		return 4096;
	if (h->available_mib > HOST_KEEPS_MIB && mib > h->available_mib - HOST_KEEPS_MIB)
		mib = h->available_mib - HOST_KEEPS_MIB;
	if (mib > MOST_MIB)
		mib = MOST_MIB;
	if (mib < least)
		mib = least;
	return mib / 1024 * 1024;
}

static void add_disk(struct vm_profile *p, enum vm_system system, const char *dir)
{
	auto_free char *vars = xasprintf("%s/%s/vars.fd", dir, p->name);
	auto_str struct str disk = STR_INIT;
	auto_str struct str path = STR_INIT;

	str_addf(&path, "%s/%s/disk.qcow2", dir, p->name);
	vm_quote(&disk, path.data, true);
	str_addf(&disk, " format=qcow2 bus=%s size=%s", disks[system].bus, disks[system].size);
	set(p, "disk", disk.data);
	set(p, "vars", vars);
}

void vm_preset(struct vm_profile *p, enum vm_system system, const struct vm_host *h)
{
	char *name = xstrdup(p->name);

	vm_profile_release(p);
	vm_profile_init(p, name);
	free(name);
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++)
		if (wants[i].values[system])
			set(p, wants[i].key, wants[i].values[system]);
	p->memory_mib = choose_memory(h, disks[system].least_mib);
	add_disk(p, system, h->state_dir ? h->state_dir : "/var/lib/vfiotui/vm");
	vm_preset_place(p, h, -1);
}

void vm_preset_device(struct vm_profile *p, const struct device *d)
{
	auto_str struct str text = STR_INIT;
	char ids[10];
	struct vm_device *added;

	str_addf(&text, "%s ids=%s", d->bdf, device_ids_text(d, ids));
	if (vm_field_set(p, vm_field_find("device"), text.data, NULL) < 0)
		return;
	added = (struct vm_device *)p->devices.items + p->devices.len - 1;
	free(added->name);
	added->name = device_short_name(d);
	if (device_is_gpu(d))
		set(p, "display", "none");
}

/* --- processors ---------------------------------------------------------------- */

/* How many whole cores a cache domain has; only those on `node` when that is not -1. */
static size_t cores_in(const struct vm_host *h, unsigned l3, int node)
{
	size_t n = 0;

	for (size_t i = 0; i < h->len; i++)
		n += h->cpus[i].l3 == l3 && h->cpus[i].core == h->cpus[i].id &&
		     (node < 0 || h->cpus[i].node == (unsigned)node);
	return n;
}

/* The domain with the most cores near the card; of equals the last, since the host likes CPU 0. */
static unsigned choose_domain(const struct vm_host *h, int node)
{
	unsigned best = NO_CPU;
	size_t most = 0;

	for (size_t i = 0; i < h->len; i++) {
		size_t n = cores_in(h, h->cpus[i].l3, node);

		if (h->cpus[i].l3 == h->cpus[i].id && n && n >= most) {
			most = n;
			best = h->cpus[i].l3;
		}
	}
	return best;
}

static unsigned threads_of(const struct vm_host *h, unsigned core)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->len; i++)
		n += h->cpus[i].core == core;
	return n;
}

/* Appends the CPUs of a core. */
static void add_core(const struct vm_host *h, unsigned core, unsigned threads, struct str *out)
{
	for (size_t i = 0; i < h->len && threads; i++) {
		if (h->cpus[i].core != core)
			continue;
		str_addf(out, "%s%u", out->len ? "," : "", h->cpus[i].id);
		threads--;
	}
}

/* A domain of its own goes to the guest whole; of the only one the host keeps the first cores. */
static size_t cores_kept(const struct vm_host *h, unsigned domain)
{
	size_t cores = cores_in(h, domain, -1);

	if (!h->len || h->cpus[0].l3 != domain)
		return 0;
	return cores > 4 ? 2 : 1;
}

static void place_in(struct vm_profile *p, const struct vm_host *h, unsigned domain)
{
	auto_str struct str pin = STR_INIT;
	auto_str struct str rest = STR_INIT;
	size_t keep = cores_kept(h, domain);
	unsigned threads = 0;
	unsigned cores = 0;

	for (size_t i = 0; i < h->len;
	     i++) { /* of hybrid processors the core with the fewest counts */
		const struct vm_cpu *c = &h->cpus[i];

		if (c->core == c->id && c->l3 == domain &&
		    (!threads || threads_of(h, c->core) < threads))
			threads = threads_of(h, c->core);
	}
	for (size_t i = 0; i < h->len; i++) {
		const struct vm_cpu *c = &h->cpus[i];

		if (c->core != c->id)
			continue;
		if (c->l3 != domain || keep) {
			keep -= c->l3 == domain;
			add_core(h, c->core, threads_of(h, c->core), &rest);
			continue;
		}
		add_core(h, c->core, threads, &pin);
		cores++;
	}
	if (!cores || !rest.len)
		return;
	p->cores = cores;
	p->threads = threads;
	set(p, "pin", pin.data);
	set(p, "pin-emulator", rest.data);
}

void vm_preset_place(struct vm_profile *p, const struct vm_host *h, int node)
{
	unsigned domain = choose_domain(h, h->nodes > 1 ? node : -1);
	auto_free char *number = xasprintf("%d", node);

	p->cores = 2;
	p->threads = 1;
	set(p, "pin", "");
	set(p, "pin-emulator", "");
	set(p, "numa-node", h->nodes > 1 && node >= 0 ? number : "");
	if (h->len == 1 || h->cores == 1)
		p->cores = 1;
	else if (h->cores)
		p->cores = h->cores - 1 > 255 ? 255 : h->cores - 1;
	else if (domain != NO_CPU)
		place_in(p, h, domain);
}
