/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/scan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/pci_names.h"
#include "machine/scan_device.h"

#define DEVICES "/sys/bus/pci/devices"

struct scanner {
	const struct host *host;
	struct pci_names *names;
	struct modules *modules;
	struct str path, text, config; /* kept, so that a scan does not allocate them again */
};

/* One entry of the directory of devices. */
struct entry {
	struct pci_addr addr;
	const char *name;
};

/* What one device says about others; index for index with the devices while they are read. */
struct relation {
	bool parent_known, has_parent, has_physical, has_reset, has_requester;
	struct pci_addr parent, physical, requester;
};

/* One scan under way. */
struct scan {
	struct scanner *scanner;
	struct host_dir devices;
	struct topology *topology;
	struct relation *relations;
	bool resets_listed; /* some device has reset_method, or reset */
	bool large;         /* too many devices to ask each for its NUMA node */
};

/* --- the list ------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
	return pci_addr_compare(&((const struct entry *)a)->addr, &((const struct entry *)b)->addr);
}

/* The names that are addresses, in the order of the addresses; the caller frees. */
static struct entry *sort_names(const struct strv *names, size_t *ret_len)
{
	struct entry *entries = xcalloc(names->len, sizeof(*entries));
	size_t n = 0;

	for (size_t i = 0; i < names->len; i++)
		if (pci_addr_parse(names->items[i], &entries[n].addr))
			entries[n++].name = names->items[i];
	qsort(entries, n, sizeof(*entries), compare_entries);
	*ret_len = n;
	return entries;
}

/* --- one device ---------------------------------------------------------------- */

/* A root bus below a device, ".../0000:00:0e.0/pci10000:e0": a Volume Management Device asks in place of all there. */
static void find_requester(char *path, struct relation *relation)
{
	char *slash = strrchr(path, '/');
	const char *above;

	if (!slash)
		return;
	*slash = '\0';
	above = strrchr(path, '/');
	relation->has_requester = pci_addr_parse(above ? above + 1 : path, &relation->requester);
}

/*
 * The link of a device leads to the path that names the bridge above, or the root bus:
 * "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0". Gives the path of the device's
 * own directory, or, where there is no such link, the path of the entry.
 */
static void follow_link(struct scan *scan, const char *name, struct relation *relation)
{
	static const char up[] = "../../../devices/";
	struct str *link = &scan->scanner->text, *path = &scan->scanner->path;
	const char *above;
	char *slash;

	str_clear(path);
	str_addf(path, DEVICES "/%s", name);
	if (host_dir_link(&scan->devices, name, link) < 0)
		return;
	/* Opened without the link, the kernel has half as many names to look up. */
	if (text_starts_with(link->data, up) && !strstr(link->data + sizeof(up) - 1, "..")) {
		str_clear(path);
		str_addf(path, "/sys/devices/%s", link->data + sizeof(up) - 1);
	}
	slash = strrchr(link->data, '/');
	if (!slash)
		return;
	*slash = '\0';
	above = strrchr(link->data, '/');
	above = above ? above + 1 : link->data;
	relation->has_parent = pci_addr_parse(above, &relation->parent);
	relation->parent_known = relation->has_parent || text_starts_with(above, "pci");
	if (!relation->has_parent && relation->parent_known)
		find_requester(link->data, relation);
}

static void add_names(struct scanner *s, struct device *d)
{
	d->vendor_name = xstrdup(pci_names_vendor(s->names, d->vendor));
	d->device_name = xstrdup(pci_names_device(s->names, d->vendor, d->id));
	d->class_name = xstrdup(pci_names_class(s->names, d->class_code));
	modules_for_alias(s->modules, d->modalias, &d->modules);
}

/* Errors that are about this program, not about the device: the whole scan would be wrong. */
static bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

static int read_device(struct scan *scan, const struct entry *entry, struct err *reterr)
{
	struct scanner *s = scan->scanner;
	struct topology *t = scan->topology;
	struct relation *relation = &scan->relations[t->len];
	auto_host_dir struct host_dir dir = HOST_DIR_INIT;
	struct scan_device reading = {
		.text = &s->text, .config = &s->config, .skip_numa_node = scan->large};
	int r;

	*relation = (struct relation){0};
	follow_link(scan, entry->name, relation);
	r = host_dir_open(s->host, s->path.data, &dir, reterr);
	if (r < 0) {
		t->skipped++;
		return is_shortage(r) ? r : 0;
	}
	reading.dir = dir;
	reading.device = topology_add(t, &entry->addr);
	if (!scan_device_read(&reading)) {
		topology_drop_last(t);
		t->skipped++;
		return 0;
	}
	add_names(s, reading.device);
	relation->has_physical = reading.has_physical;
	relation->physical = reading.physical;
	relation->has_reset = reading.has_reset;
	scan->resets_listed = scan->resets_listed || reading.has_reset || reading.has_reset_method;
	return 0;
}

/* --- later ---------------------------------------------------------------------- */

int scan_numa_node(const struct host *host, const struct device *d)
{
	auto_free char *path = xasprintf(DEVICES "/%s/numa_node", d->bdf);
	auto_str struct str text = STR_INIT;
	char *end;
	long node;

	if (d->numa_node >= 0 || host_read_line(host, path, &text, NULL) < 0)
		return d->numa_node;
	node = strtol(text.data, &end, 10);
	return end == text.data || *end || node < 0 || node > INT_MAX ? -1 : (int)node;
}

/* --- the whole ----------------------------------------------------------------- */

/* Index of a device by address; they were added in order, so that searching works already. */
static size_t index_of(const struct topology *t, const struct pci_addr *addr)
{
	const struct device *d = topology_find(t, addr);

	return d ? topology_index(t, d) : NO_PARENT;
}

static void relate(const struct scan *scan)
{
	struct topology *t = scan->topology;

	for (size_t i = 0; i < t->len; i++) {
		const struct relation *relation = &scan->relations[i];
		struct device *d = &t->devices[i];

		if (relation->has_parent)
			d->parent = index_of(t, &relation->parent);
		else if (relation->parent_known)
			d->parent = NO_PARENT;
		if (relation->has_physical)
			d->physical_function = index_of(t, &relation->physical);
		if (relation->has_requester)
			d->requester = index_of(t, &relation->requester);
		/*
		 * The kernel shows these files only where a reset works. A tree in which no
		 * device has them is a recording that tells nothing about resets.
		 */
		if (scan->resets_listed && !relation->has_reset)
			d->reset_known = true;
	}
}

static int read_all(struct scan *scan, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	auto_free struct entry *entries = NULL;
	size_t n;
	int r = host_list(scan->scanner->host, DEVICES, &names, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	if (r < 0)
		return r;
	r = host_dir_open(scan->scanner->host, DEVICES, &scan->devices, reterr);
	if (r < 0)
		return r;
	entries = sort_names(&names, &n);
	scan->large = n > SCAN_NUMA_MAX;
	scan->relations = xcalloc(n, sizeof(*scan->relations));
	for (size_t i = 0; i < n; i++) {
		r = read_device(scan, &entries[i], reterr);
		if (r < 0)
			return r;
	}
	err_clear(reterr);
	return 0;
}

int scanner_scan(struct scanner *s, struct topology **ret, struct err *reterr)
{
	struct scan scan = {.scanner = s, .devices = {.fd = -1}, .topology = topology_new()};
	int r = read_all(&scan, reterr);

	if (r < 0) {
		err_wrap(reterr, r, "cannot list the PCI devices");
		topology_free(scan.topology);
	} else {
		relate(&scan);
		topology_seal(scan.topology);
		*ret = scan.topology;
	}
	host_dir_close(&scan.devices);
	free(scan.relations);
	return r;
}

struct scanner *scanner_new(const struct host *host, const char *ids_file)
{
	struct scanner *s = xcalloc(1, sizeof(*s));

	s->host = host;
	s->names = pci_names_new(ids_file);
	s->modules = modules_new(host);
	str_init(&s->path);
	str_init(&s->text);
	str_init(&s->config);
	return s;
}

void scanner_free(struct scanner *s)
{
	if (!s)
		return;
	pci_names_free(s->names);
	modules_free(s->modules);
	str_release(&s->path);
	str_release(&s->text);
	str_release(&s->config);
	free(s);
}

struct modules *scanner_modules(struct scanner *s)
{
	return s->modules;
}
