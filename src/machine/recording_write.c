/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device table of a recording, from a snapshot. */
#include "machine/recording_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/recording_parts.h"
#include "machine/scan.h"

/* Untrusted text in one column: no tab, no line, no control character. */
static void add_text(struct str *out, const char *s)
{
	for (; *s; s++)
		str_addc(out, (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

static void column(struct str *out, const char *s)
{
	str_addc(out, '\t');
	if (s && *s)
		add_text(out, s);
	else
		str_addc(out, '-');
}

/* --- rows ------------------------------------------------------------------------------- */

static void add_description(const struct device *d, struct str *out)
{
	str_addc(out, '\t');
	add_text(out, d->class_name);
	str_adds(out, ": ");
	if (d->vendor_name && *d->vendor_name) {
		add_text(out, d->vendor_name);
		str_addc(out, ' ');
	}
	if (d->device_name && *d->device_name)
		add_text(out, d->device_name);
	else
		str_addf(out, "Device %04x", d->id);
}

static void add_link_columns(const struct pci_caps *c, struct str *out)
{
	if (!c->link_speed_max && !c->link_width_max && !c->link_speed && !c->link_width) {
		str_adds(out, "\t-\t-");
		return;
	}
	str_addc(out, '\t');
	recording_link_text((uint16_t)(c->link_speed_max | c->link_width_max << 4), out);
	str_addc(out, '\t');
	recording_link_text((uint16_t)(c->link_speed | c->link_width << 4), out);
}

static void add_capabilities(const struct device *d, struct str *out)
{
	const struct pci_caps *c = &d->caps;
	bool express = c->pcie_type != PCIE_NONE;

	column(out, express ? recording_type_name((int)c->pcie_type) : NULL);
	column(out, c->multifunction ? "yes" : NULL);
	if (c->acs)
		str_addf(out, "\t%02x\t%02x", c->acs_cap, c->acs_ctl);
	else
		str_adds(out, "\t-\t-");
	column(out, c->flr ? "yes" : c->af_flr ? "af" : express ? "no" : NULL);
	if (d->is_bridge)
		str_addf(out, "\t%02x\t%02x", c->secondary, c->subordinate);
	else
		str_adds(out, "\t-\t-");
	add_link_columns(c, out);
	str_addf(out, "\t%02x", d->class_code & 0xff);
	if (c->sriov_total)
		str_addf(out, "\t%u/%u", c->sriov_total, c->sriov_enabled);
	else
		str_adds(out, "\t-");
}

static void add_row(const struct device *d, struct str *out)
{
	auto_free char *modules = strv_join(&d->modules, ",");
	char ids[10], class[5];

	if (d->group == NO_GROUP)
		str_adds(out, "#ungrouped\t-");
	else
		str_addf(out, "%d", d->group);
	str_addf(out, "\t%s\t%s\t%s\t%02x", d->bdf, device_class_text(d, class),
		 device_ids_text(d, ids), d->revision);
	if (d->subvendor || d->subdevice)
		str_addf(out, "\t%04x:%04x", d->subvendor, d->subdevice);
	else
		str_adds(out, "\t-");
	column(out, d->driver && !strchr(d->driver, '/') && d->driver[0] != '.' ? d->driver : NULL);
	column(out, modules);
	add_description(d, out);
	if (d->caps.basic_known)
		add_capabilities(d, out);
	str_addc(out, '\n');
}

/* --- notes ---------------------------------------------------------------------------------- */

/* What a row without the column would get. */
static bool looks_multifunction(const struct topology *t, const struct device *d)
{
	for (size_t i = 0; i < t->len; i++)
		if (pci_addr_same_slot(&t->devices[i].addr, &d->addr) &&
		    t->devices[i].addr.function)
			return true;
	return false;
}

static void note_header(const struct topology *t, const struct device *d, struct str *note)
{
	const uint32_t class = d->class_code >> 8;
	const bool by_class = class == 0x0604 || class == 0x0607 || class == 0x0609;
	const struct pci_caps *c = &d->caps;

	if (c->header_known && c->header_type != by_class)
		str_addf(note, " header=%u", c->header_type);
	if (c->basic_known && !c->extended_known)
		str_adds(note, " config=256");
	if (c->basic_known || !c->header_known)
		return;
	if (!d->addr.function && c->multifunction != looks_multifunction(t, d))
		str_addf(note, " multifunction=%d", c->multifunction);
}

/* Columns that a row without capabilities lacks, from attributes that everyone may read. */
static void note_open_facts(const struct device *d, struct str *note)
{
	auto_str struct str description = STR_INIT;
	const struct pci_caps *c = &d->caps;

	if (c->basic_known)
		return;
	add_description(d, &description);
	if (recording_usual_prog_if((uint16_t)(d->class_code >> 8), description.data) !=
	    (d->class_code & 0xff))
		str_addf(note, " progif=%02x", d->class_code & 0xff);
	if (c->link_speed_max || c->link_speed) {
		str_adds(note, " link=");
		recording_link_text((uint16_t)(c->link_speed_max | c->link_width_max << 4), note);
		str_addc(note, '/');
		recording_link_text((uint16_t)(c->link_speed | c->link_width << 4), note);
	}
	if (c->sriov_total)
		str_addf(note, " sriov=%u/%u", c->sriov_total, c->sriov_enabled);
}

static void note_reset(const struct host *host, const struct device *d, struct str *note)
{
	auto_free char *path = xasprintf("/sys/bus/pci/devices/%s/reset_method", d->bdf);
	auto_free char *old = xasprintf("/sys/bus/pci/devices/%s/reset", d->bdf);
	auto_strv struct strv names = STRV_INIT;
	auto_free char *text = NULL;

	if (host_exists(host, path)) {
		reset_names(d->reset, &names);
		text = strv_join(&names, ",");
		str_addf(note, " reset=%s", *text ? text : "none");
	} else if (host_exists(host, old)) {
		str_adds(note, " reset=file");
	} else if (d->caps.basic_known) {
		str_adds(note, " reset=-");
	}
}

/* A name that stands as one word of the note. */
static bool is_plain(const char *s)
{
	return *s && strlen(s) < 64 &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")];
}

static void note_rest(const struct host *host, const struct topology *t, const struct device *d,
		      struct str *note)
{
	int node = scan_numa_node(host, d);

	if (node >= 0)
		str_addf(note, " node=%d", node);
	if (d->driver_override && is_plain(d->driver_override))
		str_addf(note, " override=%s", d->driver_override);
	if (d->boot_vga >= 0)
		str_addf(note, " vga=%d", d->boot_vga);
	else if (d->class_code >> 8 == 0x0300)
		str_adds(note, " vga=-");
	if (d->physical_function != NO_PARENT)
		str_addf(note, " physfn=%s", t->devices[d->physical_function].bdf);
	if (d->requester != NO_PARENT && d->addr.domain > 0xffff)
		str_addf(note, " below=%s", t->devices[d->requester].bdf);
}

/* An address of our own: where a BAR lies says nothing, that the framebuffer lies in it does. */
static void note_framebuffer(const struct hazards *h, const struct device *d, struct str *note)
{
	const struct hazard *z = hazards_of(h, HAZARD_FRAMEBUFFER, d);

	if (z)
		str_addf(note, " bar=%llx", RECORDING_BAR((size_t)(z - h->items)));
}

static void add_notes(const struct host *host, const struct topology *t, const struct hazards *h,
		      const struct device *d, struct str *out)
{
	auto_str struct str note = STR_INIT;

	if (!d->caps.header_known)
		str_addf(out, "# unreadable: %s\n", d->bdf);
	else if (!d->caps.basic_known && d->is_bridge)
		str_addf(out, "# bridge: %s secondary=%02x subordinate=%02x\n", d->bdf,
			 d->caps.secondary, d->caps.subordinate);
	note_header(t, d, &note);
	note_open_facts(d, &note);
	note_reset(host, d, &note);
	note_rest(host, t, d, &note);
	note_framebuffer(h, d, &note);
	if (note.len)
		str_addf(out, "# device: %s%s\n", d->bdf, note.data);
}

void recording_write_devices(const struct host *host, const struct topology *t,
			     const struct hazards *h, struct str *out)
{
	for (size_t i = 0; i < t->len; i++)
		add_notes(host, t, h, &t->devices[i], out);
	for (size_t i = 0; i < t->len; i++)
		add_row(&t->devices[i], out);
}
