/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of sysfs that a recording's rows stand for: devices with their attributes and
 * links, drivers, IOMMU groups and units. What the rows don't tell has the value of a
 * quiet machine (no resources, node -1).
 * Paths and formats: Documentation/ABI/testing/sysfs-bus-pci, sysfs-kernel-iommu_groups.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/recording_parts.h"

struct writer {
	struct tree *tree;
	const struct recording_table *table;
	const char *unit; /* name of the IOMMU unit */
	size_t boot_vga;  /* row, or NO_ROW */
	unsigned cards;   /* DRM devices so far */
	struct strv drivers, groups;
};

static void attribute(struct writer *w, const char *dir, const char *name, const char *fmt, ...)
	printf_like(4, 5);

static void attribute(struct writer *w, const char *dir, const char *name, const char *fmt, ...)
{
	auto_free char *path = xasprintf("/sys%s/%s", dir, name);
	auto_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	tree_text(w->tree, path, text);
}

/* The link `dir`/`name` to `to`, all paths below /sys; relative, as the kernel's are. */
static void link_in(struct writer *w, const char *dir, const char *name, const char *to)
{
	auto_free char *path = xasprintf("/sys%s/%s", dir, name);
	auto_str struct str target = STR_INIT;

	for (const char *p = dir; *p; p++)
		if (*p == '/')
			str_adds(&target, "../");
	str_adds(&target, to + 1);
	tree_link(w->tree, path, target.data);
}

static unsigned class_with_prog_if(const struct recording_row *r)
{
	return (unsigned)r->class_code << 8 | r->prog_if;
}

static void write_uevent(struct writer *w, const struct recording_row *r, const char *alias)
{
	auto_str struct str s = STR_INIT;

	if (r->driver)
		str_addf(&s, "DRIVER=%s\n", r->driver);
	str_addf(&s, "PCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n",
		 class_with_prog_if(r), r->vendor, r->device, r->subvendor, r->subdevice);
	str_addf(&s, "PCI_SLOT_NAME=%s\nMODALIAS=%s\n", r->bdf, alias);
	attribute(w, r->path, "uevent", "%s", s.data);
}

static void write_identity(struct writer *w, const struct recording_row *r)
{
	auto_free char *alias = xasprintf("pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", r->vendor,
					  r->device, r->subvendor, r->subdevice,
					  r->class_code >> 8U, r->class_code & 0xffU, r->prog_if);

	attribute(w, r->path, "vendor", "0x%04x\n", r->vendor);
	attribute(w, r->path, "device", "0x%04x\n", r->device);
	attribute(w, r->path, "subsystem_vendor", "0x%04x\n", r->subvendor);
	attribute(w, r->path, "subsystem_device", "0x%04x\n", r->subdevice);
	attribute(w, r->path, "class", "0x%06x\n", class_with_prog_if(r));
	attribute(w, r->path, "revision", "0x%02x\n", r->revision);
	attribute(w, r->path, "modalias", "%s\n", alias);
	write_uevent(w, r, alias);
}

static void write_config(struct writer *w, const struct recording_row *r)
{
	unsigned char config[RECORDING_CONFIG_MAX];
	size_t len = recording_config(r, config);
	auto_free char *path = xasprintf("/sys%s/config", r->path);

	tree_file(w->tree, path, config, len, 0644);
}

static void write_state(struct writer *w, const struct recording_row *r)
{
	auto_str struct str resources = STR_INIT;

	if (r->bar)
		str_addf(&resources, "0x%016llx 0x%016llx 0x000000000014220c\n", r->bar,
			 r->bar + 0xffffff);
	for (int i = r->bar ? 1 : 0; i < (r->bridge ? 17 : 13); i++)
		str_adds(&resources, "0x0000000000000000 0x0000000000000000 0x0000000000000000\n");
	attribute(w, r->path, "resource", "%s", resources.data);
	attribute(w, r->path, "irq", "0\n");
	attribute(w, r->path, "enable", "%d\n", r->driver ? 1 : 0);
	attribute(w, r->path, "numa_node", "%d\n", r->node);
	attribute(w, r->path, "driver_override", "%s\n", r->override ? r->override : "(null)");
	attribute(w, r->path, "remove", "%s", "");
	attribute(w, r->path, "rescan", "%s", "");
	if (r->boot_vga >= 0)
		attribute(w, r->path, "boot_vga", "%d\n", r->boot_vga);
	else if (r->boot_vga == -2 && r->class_code == 0x0300)
		attribute(w, r->path, "boot_vga", "%d\n",
			  (size_t)(r - w->table->rows) == w->boot_vga);
	if (r->bridge && r->secondary > 0) {
		attribute(w, r->path, "secondary_bus_number", "%d\n", r->secondary);
		attribute(w, r->path, "subordinate_bus_number", "%d\n", r->subordinate);
	}
}

/* A bus reset hits one device only when it is alone behind a bridge (pci_parent_bus_reset). */
static bool is_alone_on_bus(const struct recording_table *t, const struct recording_row *r)
{
	size_t at = (size_t)(r - t->rows);

	if (r->parent == NO_ROW || r->bridge)
		return false;
	return (!at || t->rows[at - 1].parent != r->parent) &&
	       (at + 1 == t->len || t->rows[at + 1].parent != r->parent);
}

/* As "# device:" says. */
static void write_given_resets(struct writer *w, const struct recording_row *r)
{
	auto_free char *text = xstrdup(r->reset);

	for (char *p = text; *p; p++)
		*p = *p == ',' ? ' ' : *p;
	if (!strcmp(text, "file"))
		attribute(w, r->path, "reset", "%s", "");
	else if (strcmp(text, "-") != 0)
		attribute(w, r->path, "reset_method", "%s\n", text);
}

static void write_resets(struct writer *w, const struct recording_row *r)
{
	auto_strv struct strv methods = STRV_INIT;
	auto_free char *text = NULL;

	if (r->flr)
		strv_add(&methods, "flr");
	if (r->af_flr)
		strv_add(&methods, "af_flr");
	if (is_alone_on_bus(w->table, r))
		strv_add(&methods, "bus");
	if (!methods.len)
		return; /* the kernel then shows no such attribute */
	text = strv_join(&methods, " ");
	attribute(w, r->path, "reset_method", "%s\n", text);
}

static void write_link(struct writer *w, const struct recording_row *r, const char *which,
		       uint16_t link)
{
	static const char *const speeds[] = {"Unknown",        "2.5 GT/s PCIe",  "5.0 GT/s PCIe",
					     "8.0 GT/s PCIe",  "16.0 GT/s PCIe", "32.0 GT/s PCIe",
					     "64.0 GT/s PCIe", "Unknown"};
	auto_free char *speed = xasprintf("%s_link_speed", which);
	auto_free char *width = xasprintf("%s_link_width", which);

	attribute(w, r->path, speed, "%s\n", speeds[link & 7]);
	attribute(w, r->path, width, "%u\n", (unsigned)link >> 4);
}

/* What the kernel says about capabilities in attributes of their own. */
static void write_capabilities(struct writer *w, const struct recording_row *r)
{
	if (r->reset)
		write_given_resets(w, r);
	else if (r->caps && !r->unreadable)
		write_resets(w, r);
	if (r->unreadable)
		return;
	if (r->link_max || r->link) {
		write_link(w, r, "max", r->link_max);
		write_link(w, r, "current", r->link);
	}
	if (r->sriov_total >= 0) {
		attribute(w, r->path, "sriov_totalvfs", "%d\n", r->sriov_total);
		attribute(w, r->path, "sriov_numvfs", "%d\n", r->sriov_enabled);
	}
}

static void write_driver_link(struct writer *w, const struct recording_row *r)
{
	auto_free char *dir = NULL;

	if (!r->driver)
		return;
	dir = xasprintf("/bus/pci/drivers/%s", r->driver);
	link_in(w, r->path, "driver", dir);
	link_in(w, dir, r->bdf, r->path);
	strv_add_unique(&w->drivers, r->driver);
}

static void write_group_links(struct writer *w, const struct recording_row *r)
{
	auto_free char *group = NULL, *members = NULL, *unit = NULL, *unit_members = NULL;

	if (r->group < 0)
		return;
	group = xasprintf("/kernel/iommu_groups/%d", r->group);
	members = xasprintf("%s/devices", group);
	unit = xasprintf("/devices/virtual/iommu/%s", w->unit);
	unit_members = xasprintf("%s/devices", unit);
	link_in(w, r->path, "iommu_group", group);
	link_in(w, r->path, "iommu", unit);
	link_in(w, members, r->bdf, r->path);
	link_in(w, unit_members, r->bdf, r->path);
	strv_add_unique(&w->groups, group);
}

static void write_physical_function(struct writer *w, const struct recording_row *r)
{
	size_t at = r->has_physfn ? recording_table_find(w->table, &r->physfn) : NO_ROW;

	if (at != NO_ROW)
		link_in(w, r->path, "physfn", w->table->rows[at].path);
}

static bool is_display_driver(const char *driver)
{
	static const char *const names[] = {"i915",    "xe",     "amdgpu", "radeon",
					    "nouveau", "nvidia", "ast",    "mgag200"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (driver && !strcmp(driver, names[i]))
			return true;
	return false;
}

static void write_card(struct writer *w, const struct recording_row *r)
{
	auto_free char *name = xasprintf("card%u", w->cards);
	auto_free char *dir = xasprintf("%s/drm/%s", r->path, name);
	auto_free char *device = xasprintf("/sys%s/device", dir);
	auto_free char *target = xasprintf("../../../%s", r->bdf);

	attribute(w, dir, "dev", "226:%u\n", w->cards);
	attribute(w, dir, "uevent", "MAJOR=226\nMINOR=%u\nDEVNAME=dri/%s\nDEVTYPE=drm_minor\n",
		  w->cards, name);
	tree_link(w->tree, device, target);
	link_in(w, dir, "subsystem", "/class/drm");
	link_in(w, "/class/drm", name, dir);
	w->cards++;
}

static void write_device(struct writer *w, const struct recording_row *r)
{
	write_identity(w, r);
	write_config(w, r);
	write_state(w, r);
	write_capabilities(w, r);
	link_in(w, r->path, "subsystem", "/bus/pci");
	link_in(w, "/bus/pci/devices", r->bdf, r->path);
	write_driver_link(w, r);
	write_group_links(w, r);
	write_physical_function(w, r);
	if (r->class_code >> 8 == 3 && is_display_driver(r->driver))
		write_card(w, r);
}

static void write_drivers(struct writer *w)
{
	static const char *const files[] = {"bind", "unbind", "new_id", "remove_id", "uevent"};

	strv_add_unique(&w->drivers, "vfio-pci");
	for (size_t i = 0; i < w->drivers.len; i++) {
		auto_free char *dir = xasprintf("/bus/pci/drivers/%s", w->drivers.items[i]);

		for (size_t k = 0; k < ARRAY_SIZE(files); k++)
			attribute(w, dir, files[k], "%s", "");
	}
	attribute(w, "/bus/pci", "drivers_probe", "%s", "");
}

static void write_groups(struct writer *w)
{
	auto_free char *unit = xasprintf("/devices/virtual/iommu/%s", w->unit);

	tree_dir(w->tree, "/sys/kernel/iommu_groups", 0755);
	tree_dir(w->tree, "/sys/class/iommu", 0755);
	for (size_t i = 0; i < w->groups.len; i++) {
		attribute(w, w->groups.items[i], "type", "DMA\n");
		attribute(w, w->groups.items[i], "reserved_regions",
			  "0x00000000fee00000 0x00000000feefffff msi\n");
	}
	if (!w->groups.len)
		return; /* an IOMMU that is off has no unit here */
	attribute(w, unit, "uevent", "%s", "");
	link_in(w, unit, "subsystem", "/class/iommu");
	link_in(w, "/class/iommu", w->unit, unit);
}

static size_t find_boot_vga(const struct recording_table *t)
{
	for (size_t i = 0; i < t->notes_len; i++)
		if (t->notes[i].kind == 'v')
			return recording_table_find(t, &t->notes[i].addr);
	for (size_t i = 0; i < t->len; i++)
		if (t->rows[i].class_code == 0x0300)
			return i;
	return NO_ROW;
}

/* AMD's IOMMU units are named ivhdN, Intel's dmarN. */
static const char *unit_name(const struct recording_table *t)
{
	for (size_t i = 0; i < t->len; i++)
		if (t->rows[i].vendor == 0x1022 && t->rows[i].class_code == 0x0600)
			return "ivhd0";
	return "dmar0";
}

void recording_write_sysfs(struct tree *tree, const struct recording_table *t)
{
	struct writer w = {.tree = tree,
			   .table = t,
			   .unit = unit_name(t),
			   .boot_vga = find_boot_vga(t),
			   .cards = 0,
			   .drivers = STRV_INIT,
			   .groups = STRV_INIT};

	tree_dir(tree, "/sys/bus/pci/devices", 0755);
	for (size_t i = 0; i < t->len; i++)
		write_device(&w, &t->rows[i]);
	write_drivers(&w);
	write_groups(&w);
	strv_release(&w.drivers);
	strv_release(&w.groups);
}
