/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/scan_device.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/pci_config.h"

#define ATTRIBUTE_MAX 4096 /* the most that sysfs gives for one attribute */
#define CONFIG_MAX 4096

/* --- values ------------------------------------------------------------------ */

/* A whole hex number of at most `max` digits, "0x" allowed; blanks at the end don't count. */
static bool parse_hex(const char *s, int max, uint32_t *ret)
{
	char *end;
	unsigned long value;
	size_t digits;

	if (text_starts_with(s, "0x"))
		s += 2;
	digits = strspn(s, "0123456789abcdefABCDEF");
	if (!digits || digits > (size_t)max)
		return false;
	value = strtoul(s, &end, 16);
	if (end != s + digits || end[strspn(end, " \t\r\n")])
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool parse_int(const char *s, int *ret)
{
	char *end;
	long value;

	if (!strchr("-0123456789", *s))
		return false;
	errno = 0;
	value = strtol(s, &end, 10);
	if (end == s || errno || value < INT_MIN || value > INT_MAX || end[strspn(end, " \t\r\n")])
		return false;
	*ret = (int)value;
	return true;
}

/* "10DE:2484" */
static bool parse_pair(const char *s, uint16_t *ret_first, uint16_t *ret_second)
{
	const char *colon = strchr(s, ':');
	auto_free char *left = colon ? xstrndup(s, (size_t)(colon - s)) : NULL;
	uint32_t first, second;

	if (!left || !parse_hex(left, 4, &first) || !parse_hex(colon + 1, 4, &second))
		return false;
	*ret_first = (uint16_t)first;
	*ret_second = (uint16_t)second;
	return true;
}

/* The text of an attribute without blanks at its end, or NULL; valid until the next one is read. */
static const char *attribute(struct scan_device *s, const char *name)
{
	struct str *text = s->text;

	if (host_dir_read(&s->dir, name, ATTRIBUTE_MAX, text) < 0)
		return NULL;
	str_rtrim(text);
	return text->data;
}

static bool hex_attribute(struct scan_device *s, const char *name, int digits, uint32_t *ret)
{
	const char *text = attribute(s, name);

	return text && parse_hex(text, digits, ret);
}

static bool id_attribute(struct scan_device *s, const char *name, uint16_t *ret)
{
	uint32_t value;

	if (!hex_attribute(s, name, 4, &value))
		return false;
	*ret = (uint16_t)value;
	return true;
}

/* The last component of what a link leads to, or NULL; valid until the next read. */
static const char *link_name(struct scan_device *s, const char *name)
{
	struct str *text = s->text;
	const char *slash;

	if (host_dir_link(&s->dir, name, text) < 0)
		return NULL;
	slash = strrchr(text->data, '/');
	return slash ? slash + 1 : text->data;
}

/* --- what it is -------------------------------------------------------------- */

/* Which facts uevent told. */
struct identity {
	bool class_known, ids_known, subsystem_known;
};

static void take_variable(struct device *d, const char *line, struct identity *known)
{
	uint32_t class_code;

	if (text_starts_with(line, "PCI_CLASS=") && parse_hex(line + 10, 6, &class_code)) {
		d->class_code = class_code;
		known->class_known = true;
	} else if (text_starts_with(line, "PCI_ID=")) {
		known->ids_known = parse_pair(line + 7, &d->vendor, &d->id);
	} else if (text_starts_with(line, "PCI_SUBSYS_ID=")) {
		known->subsystem_known = parse_pair(line + 14, &d->subvendor, &d->subdevice);
	} else if (text_starts_with(line, "MODALIAS=pci:") && !d->modalias) {
		d->modalias = xstrdup(line + 9);
	}
}

/*
 * One file with all that pci_uevent() (drivers/pci/pci-driver.c) tells. Its DRIVER is not
 * used: the link says what is bound now.
 */
static struct identity read_uevent(struct scan_device *s)
{
	struct identity known = {0};
	const char *text = attribute(s, "uevent");
	char *rest = text ? s->text->data : NULL;
	const char *line;

	while (rest && (line = strsep(&rest, "\n")))
		take_variable(s->device, line, &known);
	return known;
}

/* Attributes for what uevent lacks, then the first bytes of configuration space. */
static void read_identity(struct scan_device *s)
{
	const unsigned char *c;
	struct device *d = s->device;
	struct identity known = read_uevent(s);
	bool usable;

	if (host_dir_read(&s->dir, "config", CONFIG_MAX, s->config) < 0)
		str_clear(s->config);
	c = (const unsigned char *)s->config->data;
	usable = s->config->len >= 64 && (c[0] & c[1]) != 0xff;
	if (!known.class_known && !hex_attribute(s, "class", 6, &d->class_code) && usable)
		d->class_code = (uint32_t)c[11] << 16 | (uint32_t)c[10] << 8 | c[9];
	if (!known.ids_known &&
	    !(id_attribute(s, "vendor", &d->vendor) && id_attribute(s, "device", &d->id)) &&
	    usable) {
		d->vendor = (uint16_t)(c[0] | c[1] << 8);
		d->id = (uint16_t)(c[2] | c[3] << 8);
	}
	if (!known.subsystem_known && !(id_attribute(s, "subsystem_vendor", &d->subvendor) &&
					id_attribute(s, "subsystem_device", &d->subdevice)))
		d->subvendor = d->subdevice = 0;
}

static void read_modalias(struct scan_device *s)
{
	struct device *d = s->device;
	const char *text = d->modalias ? NULL : attribute(s, "modalias");

	if (text && text_starts_with(text, "pci:"))
		d->modalias = xstrdup(text);
	if (!d->modalias) /* as modalias_show() in drivers/pci/pci-sysfs.c prints it */
		d->modalias = xasprintf("pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", d->vendor,
					d->id, d->subvendor, d->subdevice, d->class_code >> 16,
					d->class_code >> 8 & 0xff, d->class_code & 0xff);
}

/* --- what it can ------------------------------------------------------------- */

/* "8.0 GT/s PCIe" as the number that configuration space has for it. */
static uint8_t parse_speed(const char *text)
{
	static const char *const speeds[] = {"2.5 ", "5", "8", "16", "32", "64"};

	for (size_t i = ARRAY_SIZE(speeds); text && i > 0; i--)
		if (text_starts_with(text, speeds[i - 1]))
			return (uint8_t)i;
	return 0;
}

static uint8_t parse_width(const char *text)
{
	int width;

	return text && parse_int(text, &width) && width > 0 && width <= 32 ? (uint8_t)width : 0;
}

/* What everyone may read of the capabilities that only root can see in configuration space. */
static void read_open_capabilities(struct scan_device *s)
{
	struct pci_caps *caps = &s->device->caps;
	int count;
	const char *text;

	if (!caps->basic_known) {
		caps->link_speed_max = parse_speed(attribute(s, "max_link_speed"));
		caps->link_width_max = parse_width(attribute(s, "max_link_width"));
		caps->link_speed = parse_speed(attribute(s, "current_link_speed"));
		caps->link_width = parse_width(attribute(s, "current_link_width"));
	}
	if (caps->extended_known)
		return;
	text = attribute(s, "sriov_totalvfs");
	if (text && parse_int(text, &count) && count > 0 && count <= UINT16_MAX)
		caps->sriov_total = (uint16_t)count;
	text = caps->sriov_total ? attribute(s, "sriov_numvfs") : NULL;
	if (text && parse_int(text, &count) && count > 0 && count <= UINT16_MAX)
		caps->sriov_enabled = (uint16_t)count;
}

/* Class codes of bridges by header type: PCI, CardBus, semi-transparent. */
static bool is_bridge_class(uint32_t class_code)
{
	uint32_t sub = class_code >> 8;

	return sub == 0x0604 || sub == 0x0607 || sub == 0x0609;
}

static void read_capabilities(struct scan_device *s)
{
	const struct str *config = s->config;
	struct device *d = s->device;
	struct pci_ids_in_config ids;
	uint32_t revision = 0;

	pci_config_read((const unsigned char *)config->data, config->len, d->vendor, d->id,
			&d->caps, &ids);
	d->is_bridge = d->caps.header_known ? d->caps.header_type != 0
					    : is_bridge_class(d->class_code);
	if (!d->caps.header_known && hex_attribute(s, "revision", 2, &revision))
		ids.revision = (uint8_t)revision;
	d->revision = ids.revision;
	if (!d->subvendor && !d->subdevice) {
		d->subvendor = ids.subvendor;
		d->subdevice = ids.subdevice;
	}
	read_open_capabilities(s);
}

/* Linux before 5.15 has no reset_method but a file `reset` where some method works. */
static void read_reset(struct scan_device *s)
{
	struct device *d = s->device;
	/* asked for first, since on a device without resets a vain open costs twice as much */
	const char *text = host_dir_has(&s->dir, "reset_method") ? attribute(s, "reset_method")
								 : NULL;

	if (text) {
		d->reset = reset_from_names(text);
		d->reset_known = true;
		s->has_reset_method = true;
		return;
	}
	d->reset = (d->caps.flr ? RESET_FLR : 0U) | (d->caps.af_flr ? RESET_AF_FLR : 0U);
	d->reset_known = d->reset != 0;
	s->has_reset = host_dir_has(&s->dir, "reset");
}

/* --- what it belongs to -------------------------------------------------------- */

static void read_links(struct scan_device *s)
{
	struct device *d = s->device;
	const char *name = link_name(s, "driver");

	if (name && *name)
		d->driver = xstrdup(name);
	name = link_name(s, "iommu_group");
	if (!name || !parse_int(name, &d->group) || d->group < 0)
		d->group = NO_GROUP;
	name = d->is_bridge ? NULL : link_name(s, "physfn");
	s->has_physical = name && pci_addr_parse(name, &s->physical);
	if (s->has_physical)
		d->sriov = SRIOV_VIRTUAL;
	else if (d->caps.sriov_total)
		d->sriov = SRIOV_PHYSICAL;
}

static void read_numbers(struct scan_device *s)
{
	struct device *d = s->device;
	const char *text = device_is_gpu(d) ? attribute(s, "boot_vga") : NULL;

	if (text && (text[0] == '0' || text[0] == '1') && !text[1])
		d->boot_vga = text[0] - '0';
	text = s->skip_numa_node ? NULL : attribute(s, "numa_node");
	if (!text || !parse_int(text, &d->numa_node) || d->numa_node < 0)
		d->numa_node = -1;
}

/* The kernel prints "(null)" for no override. False when there is no such file. */
static bool read_override(struct scan_device *s)
{
	const char *text = attribute(s, "driver_override");

	if (text && *text && strcmp(text, "(null)") != 0)
		s->device->driver_override = xstrdup(text);
	return text;
}

/* True while the directory has something in it that every device has. */
static bool is_there(const struct scan_device *s)
{
	static const char *const always[] = {"uevent", "vendor", "config", "class", "iommu_group"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (host_dir_has(&s->dir, always[i]))
			return true;
	return false;
}

bool scan_device_read(struct scan_device *s)
{
	read_identity(s);
	read_modalias(s);
	read_capabilities(s);
	read_reset(s);
	read_links(s);
	read_numbers(s);
	/* Read last: every kernel since 3.16 has it, so a device without it may have gone. */
	return read_override(s) || is_there(s);
}
