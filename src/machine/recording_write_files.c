/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a recording: as they are, or made to say again what was found. */
#include <string.h>

#include "base/mem.h"
#include "machine/recording_parts.h"
#include "machine/recording_write.h"

#define HEX_LINE 38 /* bytes on a line */

bool recording_path_fits(const char *path)
{
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return path[0] == '/' && path[1];
}

/* What survives being pasted: no control characters but tabs and line feeds. */
static bool is_text(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static void add_lines(const char *bytes, size_t len, struct str *out)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t n = (size_t)((newline ? newline : end) - bytes);

		str_addc(out, '|');
		str_add(out, bytes, n);
		str_addc(out, '\n');
		if (!newline)
			str_adds(out, "\\\n");
		bytes += n + 1;
	}
}

static void add_hex(const char *bytes, size_t len, struct str *out)
{
	for (size_t i = 0; i < len; i++) {
		if (i % HEX_LINE == 0)
			str_adds(out, i ? "\n|" : "|");
		str_addf(out, "%02x", (unsigned char)bytes[i]);
	}
	str_addc(out, '\n');
}

void recording_write_file(const char *path, mode_t mode, const char *bytes, size_t len,
			  struct str *out)
{
	bool text = is_text(bytes, len);

	if (!recording_path_fits(path))
		return;
	str_addf(out, "%s %s", text ? "file" : "hex", path);
	if (mode != 0644)
		str_addf(out, " %04o", mode & 0777U);
	str_addc(out, '\n');
	if (text)
		add_lines(bytes, len, out);
	else
		add_hex(bytes, len, out);
}

/* --- uses ----------------------------------------------------------------------------------- */

void recording_write_usage(const struct usage *u,
			   const char *(*scrubbed)(void *data, const char *what), void *data,
			   struct str *out)
{
	auto_str struct str text = STR_INIT;
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < u->len; i++) {
		const struct usage_item *item = &u->items[i];
		size_t from;

		str_addf(&text, "%s %s ", pci_addr_format(&item->addr, bdf),
			 usage_kind_name(item->kind));
		from = text.len;
		str_adds(&text, scrubbed(data, item->what));
		for (char *p = text.data + from; *p; p++)
			*p = (char)((unsigned char)*p < ' ' ? '?' : *p);
		str_addc(&text, '\n');
	}
	if (text.len)
		recording_write_file(USAGE_RECORDED, 0644, text.data, text.len, out);
}

/* --- hazards ---------------------------------------------------------------------------------- */

static void write_log(const struct hazards *h, struct str *out)
{
	auto_str struct str log = STR_INIT;
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < h->len; i++)
		if (h->items[i].kind == HAZARD_REFUSED)
			str_addf(&log,
				 "vfio-pci %s: Device is ineligible for IOMMU domain attach due to "
				 "platform RMRR requirement.\n",
				 pci_addr_format(&h->items[i].addr, bdf));
	if (log.len)
		recording_write_file("/var/log/dmesg", 0644, log.data, log.len, out);
}

static bool is_first_of_group(const struct hazards *h, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (h->items[i].kind == HAZARD_RESERVED && h->items[i].group == h->items[at].group)
			return false;
	return true;
}

/* What: "0x7b000000-0x7f7fffff". */
static void add_region(const char *what, struct str *out)
{
	size_t n = strcspn(what, "-");

	str_addf(out, "%.*s %s direct\n", (int)n, what, what[n] ? what + n + 1 : what);
}

static void write_regions(const struct hazards *h, struct str *out)
{
	for (size_t i = 0; i < h->len; i++) {
		auto_str struct str text = STR_INIT;
		auto_free char *path = NULL;

		if (h->items[i].kind != HAZARD_RESERVED || !is_first_of_group(h, i))
			continue;
		for (size_t k = i; k < h->len; k++)
			if (h->items[k].kind == HAZARD_RESERVED &&
			    h->items[k].group == h->items[i].group)
				add_region(h->items[k].what, &text);
		path = xasprintf("/sys/kernel/iommu_groups/%d/reserved_regions", h->items[i].group);
		recording_write_file(path, 0444, text.data, text.len, out);
	}
}

/* One for each device that holds a framebuffer; its BAR is in the device's note. */
static void write_framebuffers(const struct hazards *h, struct str *out)
{
	auto_str struct str iomem = STR_INIT;

	for (size_t i = 0; i < h->len; i++)
		if (h->items[i].kind == HAZARD_FRAMEBUFFER)
			str_addf(&iomem, "%08llx-%08llx : %s\n", RECORDING_BAR(i),
				 RECORDING_BAR(i) + 0x7fffff, h->items[i].what);
	if (iomem.len)
		recording_write_file("/proc/iomem", 0444, iomem.data, iomem.len, out);
}

void recording_write_hazards(const struct hazards *h, struct str *out)
{
	static const char *const interrupts[] = {
		[REMAPPING_UNKNOWN] = NULL,
		[REMAPPING_OFF] = "   0:          0   IO-APIC   2-edge      timer\n",
		[REMAPPING_ON] = "   0:          0  IR-IO-APIC   2-edge      timer\n",
	};
	const char *text = interrupts[h->interrupts];

	write_log(h, out);
	write_regions(h, out);
	write_framebuffers(h, out);
	if (text)
		recording_write_file("/proc/interrupts", 0444, text, strlen(text), out);
	if (h->unsafe_allowed)
		recording_write_file(
			"/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", 0444,
			"Y\n", 2, out);
}
