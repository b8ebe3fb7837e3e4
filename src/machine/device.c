/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device: what one device of a topology is, in words (machine/topology.h).
 */
#include "machine/topology.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char *device_class_text(const struct device *d, char buf[5])
{
	snprintf(buf, 5, "%04x", d->class_code >> 8 & 0xffff);
	return buf;
}

const char *device_ids_text(const struct device *d, char buf[10])
{
	snprintf(buf, 10, "%04x:%04x", d->vendor, d->id);
	return buf;
}

/* --- kinds ------------------------------------------------------------------- */

static unsigned base_class(const struct device *d)
{
	return d->class_code >> 16 & 0xff;
}

static unsigned sub_class(const struct device *d)
{
	return d->class_code >> 8 & 0xffff;
}

bool device_is_gpu(const struct device *d)
{
	return base_class(d) == 0x03;
}

bool device_is_audio(const struct device *d)
{
	return sub_class(d) == 0x0401 || sub_class(d) == 0x0403;
}

bool device_is_usb(const struct device *d)
{
	return sub_class(d) == 0x0c03;
}

bool device_is_network(const struct device *d)
{
	return base_class(d) == 0x02;
}

bool device_is_storage(const struct device *d)
{
	return base_class(d) == 0x01;
}

bool device_same_ids(const struct device *a, const struct device *b)
{
	return a->vendor == b->vendor && a->id == b->id;
}

bool driver_is_vfio(const char *driver)
{
	return driver &&
	       (strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "vfio_pci") == 0 ||
		text_ends_with(driver, "-vfio-pci") || text_ends_with(driver, "_vfio_pci"));
}

/*
 * The drivers that declare driver_managed_dma do not take the group's default domain, so
 * that a VM may claim the group. Linux before 5.19 took any bridge instead of pcieport.
 */
bool device_is_viable_member(const struct device *d)
{
	return !d->driver || driver_is_vfio(d->driver) || strcmp(d->driver, "pci-stub") == 0 ||
	       strcmp(d->driver, "pcieport") == 0;
}

/* --- short class ------------------------------------------------------------- */

/* The first row that fits; a subclass of ff is any. PCI Code and ID Assignment Specification. */
static const struct short_class {
	uint8_t base, sub;
	const char *name;
} short_classes[] = {
	{0x00, 0x01, "VGA"},      {0x00, 0xff, "Other"},

	{0x01, 0x00, "SCSI"},     {0x01, 0x01, "IDE"},      {0x01, 0x04, "RAID"},
	{0x01, 0x06, "SATA"},     {0x01, 0x07, "SAS"},      {0x01, 0x08, "NVMe"},
	{0x01, 0xff, "Storage"},

	{0x02, 0x00, "LAN"},      {0x02, 0x07, "IB"},       {0x02, 0x80, "WiFi"},
	{0x02, 0xff, "Network"},

	{0x03, 0x00, "VGA"},      {0x03, 0x02, "3D"},       {0x03, 0xff, "Display"},

	{0x04, 0x00, "Video"},    {0x04, 0x01, "Audio"},    {0x04, 0x03, "Audio"},
	{0x04, 0xff, "Media"},

	{0x05, 0x02, "CXL"},      {0x05, 0xff, "Memory"},

	{0x06, 0x00, "Host"},     {0x06, 0x01, "ISA"},      {0x06, 0xff, "Bridge"},

	{0x07, 0x00, "Serial"},   {0x07, 0x01, "Parallel"}, {0x07, 0xff, "Comm"},

	{0x08, 0x05, "SDHCI"},    {0x08, 0x06, "IOMMU"},    {0x08, 0xff, "System"},

	{0x09, 0xff, "Input"},    {0x0a, 0xff, "Dock"},     {0x0b, 0x40, "Coproc"},
	{0x0b, 0xff, "CPU"},

	{0x0c, 0x00, "FireWire"}, {0x0c, 0x03, "USB"},      {0x0c, 0x04, "FC"},
	{0x0c, 0x05, "SMBus"},    {0x0c, 0x06, "IB"},       {0x0c, 0x07, "IPMI"},
	{0x0c, 0xff, "Bus"},

	{0x0d, 0x11, "BT"},       {0x0d, 0x20, "WiFi"},     {0x0d, 0x21, "WiFi"},
	{0x0d, 0xff, "Radio"},

	{0x10, 0xff, "Encrypt"},  {0x11, 0xff, "Signal"},   {0x12, 0xff, "Accel"},
	{0x13, 0xff, "Instr"},
};

const char *device_short_class(const struct device *d)
{
	unsigned sub = sub_class(d) & 0xff;

	for (size_t i = 0; i < ARRAY_SIZE(short_classes); i++) {
		const struct short_class *c = &short_classes[i];

		if (c->base == base_class(d) && (c->sub == sub || c->sub == 0xff))
			return c->name;
	}
	return "Other";
}

/* --- reset methods ----------------------------------------------------------- */

/* pci_reset_fn_methods in drivers/pci/pci.c, in the order of the enum. */
static const char *const reset_words[] = {"device_specific", "acpi", "flr", "af_flr", "pm", "bus",
					  "cxl_bus"};

void reset_names(unsigned reset, struct strv *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(reset_words); i++)
		if (reset & 1U << i)
			strv_add(out, reset_words[i]);
}

unsigned reset_from_names(const char *names)
{
	auto_strv struct strv words = STRV_INIT;
	unsigned reset = 0;

	strv_split(&words, names, " \t\r\n");
	for (size_t i = 0; i < ARRAY_SIZE(reset_words); i++)
		if (strv_has(&words, reset_words[i]))
			reset |= 1U << i;
	return reset;
}
