/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/choices.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/profile_value.h"

typedef void (*find_fn)(const struct vm_choices_input *in, struct vm_choices *ret);

static void add(struct vm_choices *c, char *value, char *text)
{
	c->items = grow(c->items, c->len, &c->cap, sizeof(*c->items));
	c->items[c->len++] = (struct vm_choice){.value = value, .text = text};
}

void vm_choices_release(struct vm_choices *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->items[i].value);
		free(c->items[i].text);
	}
	free(c->items);
	*c = (struct vm_choices)VM_CHOICES_INIT;
}

/* A one-line attribute, for the caller to free; "" when it can't be read. */
static char *attribute(const struct host *host, const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	struct str line = STR_INIT;

	if (host_read_line(host, path, &line, NULL) < 0)
		str_clear(&line);
	return str_take(&line);
}

/* Calls `one` for each entry of a directory; a missing one has none. */
static void each(const struct vm_choices_input *in, const char *dir, struct vm_choices *ret,
		 void (*one)(const struct vm_choices_input *in, const char *dir, const char *name,
			     struct vm_choices *ret))
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(in->host, dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++)
		one(in, dir, names.items[i], ret);
}

/* --- PCI devices --------------------------------------------------------------------------- */

static void add_device(const struct vm_choices_input *in, const struct device *d,
		       struct vm_choices *ret)
{
	auto_free char *name = device_short_name(d);
	size_t n = 0;
	const struct usage_item *used = usage_of(in->usage, &d->addr, &n);
	auto_free char *by = used ? xasprintf(", the host's: %s", usage_kind_label(used->kind))
				  : xstrdup("");

	add(ret, xasprintf("%s ids=%04x:%04x", d->bdf, d->vendor, d->id),
	    xasprintf("%s %s, on %s%s", d->bdf, name, d->driver ? d->driver : "no driver", by));
}

static void find_devices(const struct vm_choices_input *in, struct vm_choices *ret)
{
	for (int handed = 1; handed >= 0; handed--)
		for (size_t i = 0; i < in->topology->len; i++) {
			const struct device *d = &in->topology->devices[i];

			if (device_can_be_taken(in->topology, d) && d->group != NO_GROUP &&
			    selection_has(in->handed_over, &d->addr) == handed)
				add_device(in, d, ret);
		}
}

/* --- USB devices ------------------------------------------------------------------------------ */

static void one_usb(const struct vm_choices_input *in, const char *dir, const char *name,
		    struct vm_choices *ret)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *vendor = attribute(in->host, path, "idVendor");
	auto_free char *product = attribute(in->host, path, "idProduct");
	auto_free char *class = attribute(in->host, path, "bDeviceClass");
	auto_free char *maker = attribute(in->host, path, "manufacturer");
	auto_free char *model = attribute(in->host, path, "product");

	if (!vendor[0] || !product[0] || !strcmp(class, "09")) /* an interface, or a hub */
		return;
	add(ret, xasprintf("%s:%s", vendor, product),
	    xasprintf("%s:%s %s %s, in port %s", vendor, product, maker, model, name));
}

static void find_usb(const struct vm_choices_input *in, struct vm_choices *ret)
{
	each(in, "/sys/bus/usb/devices", ret, one_usb);
}

/* --- keyboards and mice --------------------------------------------------------------------------- */

static void one_input(const struct vm_choices_input *in, const char *dir, const char *name,
		      struct vm_choices *ret)
{
	(void)in;
	if (text_ends_with(name, "-event-kbd") || text_ends_with(name, "-event-mouse"))
		add(ret, xasprintf("%s/%s", dir, name), xstrdup(name));
}

static void find_inputs(const struct vm_choices_input *in, struct vm_choices *ret)
{
	each(in, "/dev/input/by-id", ret, one_input);
}

/* --- bridges and links ------------------------------------------------------------------------------ */

static void one_link(const struct vm_choices_input *in, const char *dir, const char *name,
		     struct vm_choices *ret)
{
	auto_free char *bridge = xasprintf("%s/%s/bridge", dir, name);
	auto_free char *device = xasprintf("%s/%s/device", dir, name);

	auto_free char *port = xasprintf("%s/%s/brport", dir, name);
	auto_free char *radio = xasprintf("%s/%s/phy80211", dir, name);

	if (host_exists(in->host, bridge))
		add(ret, xstrdup(name), xasprintf("%s, a bridge", name));
	/* A bridge has its ports for itself; an access point knows one address of a radio. */
	else if (host_exists(in->host, device) && !host_exists(in->host, port) &&
		 !host_exists(in->host, radio))
		add(ret, xstrdup(name), xasprintf("%s, for macvtap", name));
}

static void find_links(const struct vm_choices_input *in, struct vm_choices *ret)
{
	each(in, "/sys/class/net", ret, one_link);
}

/* --- disks ------------------------------------------------------------------------------------------- */

/* Is the device, or a partition of it, mounted or swapped to? Then it is the host's. */
static bool is_host_disk(const struct vm_choices_input *in, const char *name)
{
	static const char *const tables[] = {"/proc/mounts", "/proc/swaps"};
	auto_free char *node = xasprintf("/dev/%s", name);
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		auto_str struct str text = STR_INIT;

		if (host_read(in->host, tables[i], &text, NULL) == 0)
			found = found || strstr(text.data, node);
	}
	return found;
}

static bool has_holders(const struct vm_choices_input *in, const char *block)
{
	auto_free char *holders = xasprintf("%s/holders", block);
	auto_strv struct strv names = STRV_INIT;

	return host_list(in->host, holders, &names, NULL) == 0 && names.len;
}

/* LVM, LUKS and RAID stand on a partition as a rule; what is mounted then has another name. */
static bool is_in_use(const struct vm_choices_input *in, const char *disk, const char *name)
{
	auto_strv struct strv names = STRV_INIT;
	bool found = is_host_disk(in, name) || has_holders(in, disk);

	if (host_list(in->host, disk, &names, NULL) < 0)
		return found;
	for (size_t i = 0; i < names.len && !found; i++) {
		auto_free char *part = xasprintf("%s/%s", disk, names.items[i]);

		found = text_starts_with(names.items[i], name) && has_holders(in, part);
	}
	return found;
}

/* A name that stays the disk's: "sda" may be another one after the next boot. */
static char *stable_path(const struct vm_choices_input *in, const char *name)
{
	static const char dir[] = "/dev/disk/by-id";
	auto_strv struct strv links = STRV_INIT;

	if (host_list(in->host, dir, &links, NULL) < 0)
		return xasprintf("/dev/%s", name);
	for (size_t i = 0; i < links.len; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, links.items[i]);
		auto_str struct str to = STR_INIT;

		/* "wwn-" and "nvme-eui." are hard to tell apart for people */
		if (text_starts_with(links.items[i], "wwn-") ||
		    text_starts_with(links.items[i], "nvme-eui.") ||
		    host_link(in->host, path, &to, NULL) < 0)
			continue;
		if (!strcmp(strrchr(to.data, '/') ? strrchr(to.data, '/') + 1 : to.data, name))
			return xstrdup(path);
	}
	return xasprintf("/dev/%s", name);
}

/* An image of the VM's own, as the field takes it. */
static void add_image(const struct vm_choices_input *in, const char *suffix, const char *more,
		      const char *text, struct vm_choices *ret)
{
	auto_free char *path = xasprintf("/var/lib/vfiotui/%s.%s", in->name, suffix);
	struct str value = STR_INIT;

	vm_quote(&value, path, true);
	str_adds(&value, more);
	add(ret, str_take(&value), xstrdup(text));
}

static void one_disk(const struct vm_choices_input *in, const char *dir, const char *name,
		     struct vm_choices *ret)
{
	static const char *const others[] = {"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"};
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *sectors = attribute(in->host, path, "size");
	auto_free char *model = attribute(in->host, path, "device/model");
	const uint64_t gib = strtoull(sectors, NULL, 10) >> 21;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (text_starts_with(name, others[i]))
			return;
	if (gib && !is_in_use(in, path, name))
		add(ret, stable_path(in, name),
		    xasprintf("the whole disk %s, %" PRIu64 " GiB, %s", name, gib, model));
}

static void find_disks(const struct vm_choices_input *in, struct vm_choices *ret)
{
	add_image(in, "qcow2", " size=64G", "a new image of 64 GiB that grows as it fills", ret);
	add_image(in, "img", " format=raw size=64G", "a new plain image of 64 GiB", ret);
	each(in, "/sys/block", ret, one_disk);
}

/* --- CD images ------------------------------------------------------------------------------------------ */

static void one_iso(const struct vm_choices_input *in, const char *dir, const char *name,
		    struct vm_choices *ret)
{
	(void)in;
	if (text_ends_with(name, ".iso") || text_ends_with(name, ".ISO"))
		add(ret, xasprintf("%s/%s", dir, name), xasprintf("%s in %s", name, dir));
}

static void one_home(const struct vm_choices_input *in, const char *dir, const char *name,
		     struct vm_choices *ret)
{
	auto_free char *home = xasprintf("%s/%s", dir, name);
	auto_free char *downloads = xasprintf("%s/Downloads", home);

	each(in, home, ret, one_iso);
	each(in, downloads, ret, one_iso);
}

static void find_isos(const struct vm_choices_input *in, struct vm_choices *ret)
{
	static const char *const dirs[] = {"/var/lib/libvirt/images",
					   "/var/lib/vz/template/iso",
					   "/var/lib/vfiotui",
					   "/usr/share/virtio-win",
					   "/srv",
					   "/root"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		each(in, dirs[i], ret, one_iso);
	each(in, "/home", ret, one_home);
}

/* --- processors and memory -------------------------------------------------------------------------------- */

static bool has_value(const struct vm_choices *c, const char *value)
{
	for (size_t i = 0; i < c->len; i++)
		if (!strcmp(c->items[i].value, value))
			return true;
	return false;
}

static void one_cpu(const struct vm_choices_input *in, const char *dir, const char *name,
		    struct vm_choices *ret)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *shared = attribute(in->host, path, "cache/index3/shared_cpu_list");

	if (text_starts_with(name, "cpu") && shared[0] && !has_value(ret, shared))
		add(ret, xstrdup(shared), xasprintf("%s share an L3 cache", shared));
}

static void find_cpus(const struct vm_choices_input *in, struct vm_choices *ret)
{
	each(in, "/sys/devices/system/cpu", ret, one_cpu);
}

static void one_node(const struct vm_choices_input *in, const char *dir, const char *name,
		     struct vm_choices *ret)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_free char *cpus = attribute(in->host, path, "cpulist");

	if (text_starts_with(name, "node") && cpus[0])
		add(ret, xstrdup(name + strlen("node")), xasprintf("%s, CPUs %s", name, cpus));
}

static void find_nodes(const struct vm_choices_input *in, struct vm_choices *ret)
{
	each(in, "/sys/devices/system/node", ret, one_node);
}

/* --- the table ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	find_fn find;
} table[] = {
	{"device", find_devices},  {"usb", find_usb},           {"evdev", find_inputs},
	{"interface", find_links}, {"disk", find_disks},        {"cdrom", find_isos},
	{"pin", find_cpus},        {"pin-emulator", find_cpus}, {"numa-node", find_nodes},
};

static find_fn find(const struct vm_field *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(table[i].key, f->key))
			return table[i].find;
	return NULL;
}

bool vm_choices_has(const struct vm_field *f)
{
	return find(f) != NULL;
}

void vm_choices_find(const struct vm_field *f, const struct vm_choices_input *in,
		     struct vm_choices *ret)
{
	const find_fn fn = find(f);

	if (fn)
		fn(in, ret);
}
