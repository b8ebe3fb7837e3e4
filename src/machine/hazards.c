/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/hazards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/option_rom.h"

#define LOG_MAX (4U << 20)
#define IOMEM_MAX (1U << 20)
#define LINE_MAX 512

static void add(struct hazards *h, enum hazard_kind kind, int group, const struct pci_addr *addr,
		const char *what)
{
	h->items = grow(h->items, h->len, &h->cap, sizeof(*h->items));
	h->items[h->len++] = (struct hazard){
		.kind = kind,
		.group = group,
		.addr = addr ? *addr : (struct pci_addr){0},
		.what = xstrdup(what),
	};
}

/* Calls `fn` for each line, cut at LINE_MAX. */
static void each_line(const char *text, void (*fn)(void *data, const char *line), void *data)
{
	char line[LINE_MAX];

	while (*text) {
		const size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)(n < LINE_MAX ? n : LINE_MAX), text);
		fn(data, line);
		text += n + (text[n] == '\n');
	}
}

/* --- the kernel's log -------------------------------------------------------------- */

/* What the kernel says on the attempt; the second since Linux 6.6, for all makes of IOMMU. */
static const char *const refusals[] = {
	"ineligible for IOMMU domain attach",
	"requested this device have a 1:1 IOMMU mapping",
};

bool hazards_log_matters(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (strstr(line, refusals[i]))
			return true;
	return false;
}

static bool has_refusal(const struct hazards *h, const struct pci_addr *a)
{
	for (size_t i = 0; i < h->len; i++)
		if (h->items[i].kind == HAZARD_REFUSED && !pci_addr_compare(&h->items[i].addr, a))
			return true;
	return false;
}

/* "vfio-pci 0000:04:00.0: Device is ineligible for IOMMU domain attach due to ..." */
static void log_line(void *data, const char *line)
{
	auto_strv struct strv words = STRV_INIT;
	struct hazards *h = data;
	struct pci_addr a;

	if (!hazards_log_matters(line))
		return;
	strv_split(&words, line, " ");
	for (size_t i = 0; i < words.len; i++) {
		char *word = words.items[i];
		const size_t n = strlen(word);

		if (n && word[n - 1] == ':')
			word[n - 1] = '\0';
		if (n < 8 || !pci_addr_parse(word, &a) || has_refusal(h, &a))
			continue;
		add(h, HAZARD_REFUSED, NO_GROUP, &a, "the kernel's log");
		return;
	}
}

void hazards_add_log(struct hazards *h, const char *text)
{
	each_line(text, log_line, h);
}

/* The live log is the kernel's own; of another root only what was kept in files. */
static void read_log(const struct host *host, struct hazards *h)
{
	static const char *const kept[] = {"/var/log/dmesg", "/var/log/kern.log"};
	auto_str struct str text = STR_INIT;

	if (host_is_live(host) && host_read_some(host, "/dev/kmsg", LOG_MAX, &text, NULL) == 0) {
		hazards_add_log(h, text.data ? text.data : "");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		str_clear(&text);
		if (host_read_some(host, kept[i], LOG_MAX, &text, NULL) == 0 && text.data)
			hazards_add_log(h, text.data);
	}
}

/* --- reserved regions -------------------------------------------------------------- */

struct region_reader {
	struct hazards *hazards;
	int group;
};

/* "0x000000007b000000 0x000000007f7fffff direct"; "direct-relaxable" gives way to a VM. */
static void region_line(void *data, const char *line)
{
	const struct region_reader *r = data;
	unsigned long long first, last;
	char type[32], what[64];

	if (sscanf(line, "%llx %llx %31s", &first, &last, type) != 3 || strcmp(type, "direct"))
		return;
	snprintf(what, sizeof(what), "0x%llx-0x%llx", first, last);
	add(r->hazards, HAZARD_RESERVED, r->group, NULL, what);
}

static void read_regions(const struct host *host, const struct topology *t, struct hazards *h)
{
	auto_str struct str text = STR_INIT;

	for (size_t i = 0; i < t->groups_len; i++) {
		struct region_reader r = {.hazards = h, .group = t->groups[i].id};
		auto_free char *path = xasprintf("/sys/kernel/iommu_groups/%d/reserved_regions",
						 r.group);

		str_clear(&text);
		if (host_read_some(host, path, 65536, &text, NULL) == 0 && text.data)
			each_line(text.data, region_line, &r);
	}
}

/* --- the firmware's framebuffer ---------------------------------------------------- */

struct range {
	unsigned long long first, last;
	char name[32];
};

struct ranges {
	struct range items[8];
	size_t len;
};

/* "    d0000000-d02fffff : BOOTFB"; without root all numbers are 0. */
static void iomem_line(void *data, const char *line)
{
	static const char *const names[] = {"BOOTFB", "efifb", "vesafb", "simplefb",
					    "simple-framebuffer"};
	struct ranges *found = data;
	struct range r;

	if (found->len == ARRAY_SIZE(found->items) ||
	    sscanf(line, " %llx-%llx : %31[^\n]", &r.first, &r.last, r.name) != 3 ||
	    r.last <= r.first)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(r.name, names[i])) {
			found->items[found->len++] = r;
			return;
		}
}

struct bars {
	const struct ranges *wanted;
	const struct range *hit;
};

/* A line of `resource`: "0x00000000d0000000 0x00000000dfffffff 0x000000000014220c" */
static void resource_line(void *data, const char *line)
{
	struct bars *b = data;
	unsigned long long first, last;

	if (sscanf(line, "%llx %llx", &first, &last) != 2 || last <= first)
		return;
	for (size_t i = 0; i < b->wanted->len; i++)
		if (b->wanted->items[i].first >= first && b->wanted->items[i].last <= last)
			b->hit = &b->wanted->items[i];
}

static void read_framebuffers(const struct host *host, const struct topology *t, struct hazards *h)
{
	struct ranges found = {.len = 0};
	auto_str struct str text = STR_INIT;

	if (host_read_some(host, "/proc/iomem", IOMEM_MAX, &text, NULL) == 0 && text.data)
		each_line(text.data, iomem_line, &found);
	for (size_t i = 0; found.len && i < t->len; i++) {
		const struct device *d = &t->devices[i];
		auto_free char *path = xasprintf("/sys/bus/pci/devices/%s/resource", d->bdf);
		struct bars bars = {.wanted = &found, .hit = NULL};

		if (d->is_bridge)
			continue;
		str_clear(&text);
		if (host_read_some(host, path, 4096, &text, NULL) < 0 || !text.data)
			continue;
		each_line(text.data, resource_line, &bars);
		if (bars.hit)
			add(h, HAZARD_FRAMEBUFFER, NO_GROUP, &d->addr, bars.hit->name);
	}
}

/* --- interrupts -------------------------------------------------------------------- */

/* x86 names the chips of remapped interrupts "IR-IO-APIC", "IR-PCI-MSI"; other machines have none of these. */
static void read_interrupts(const struct host *host, struct hazards *h)
{
	auto_str struct str text = STR_INIT;
	auto_str struct str allowed = STR_INIT;

	if (host_read_some(host, "/proc/interrupts", LOG_MAX, &text, NULL) == 0 && text.data) {
		if (strstr(text.data, " IR-"))
			h->interrupts = REMAPPING_ON;
		else if (strstr(text.data, " IO-APIC"))
			h->interrupts = REMAPPING_OFF;
	}
	h->unsafe_allowed =
		host_read_line(host,
			       "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
			       &allowed, NULL) == 0 &&
		!strcmp(allowed.data, "Y");
}

/* --- ROM images -------------------------------------------------------------------- */

void hazards_add_rom(struct hazards *h, const struct host *host, const struct pci_addr *addr,
		     const char *path)
{
	auto_str struct str image = STR_INIT;
	struct option_rom rom;

	if (host_read(host, path, &image, NULL) < 0)
		return;
	rom = option_rom_parse(image.data, image.len);
	if (rom.uefi)
		add(h, HAZARD_ROM_UEFI, NO_GROUP, addr, path);
	else if (rom.bios)
		add(h, HAZARD_ROM_NO_UEFI, NO_GROUP, addr, path);
}

/* sysfs shows a ROM only after "1" was written to it, which some cards answer with a hang. */
static void read_roms(const struct host *host, const struct topology *t, struct hazards *h)
{
	for (size_t i = 0; !host_is_live(host) && i < t->len; i++) {
		auto_free char *path = NULL;

		if (!device_is_gpu(&t->devices[i]))
			continue;
		path = xasprintf("/sys/bus/pci/devices/%s/rom", t->devices[i].bdf);
		hazards_add_rom(h, host, &t->devices[i].addr, path);
	}
}

void hazards_read(const struct host *host, const struct topology *topology, struct hazards *ret)
{
	memset(ret, 0, sizeof(*ret));
	read_log(host, ret);
	read_regions(host, topology, ret);
	read_framebuffers(host, topology, ret);
	read_interrupts(host, ret);
	read_roms(host, topology, ret);
}

void hazards_release(struct hazards *h)
{
	for (size_t i = 0; i < h->len; i++)
		free(h->items[i].what);
	free(h->items);
	memset(h, 0, sizeof(*h));
}

const struct hazard *hazards_of(const struct hazards *h, enum hazard_kind kind,
				const struct device *d)
{
	for (size_t i = 0; i < h->len; i++) {
		const struct hazard *z = &h->items[i];

		if (z->kind != kind)
			continue;
		if (kind == HAZARD_RESERVED ? d->group != NO_GROUP && z->group == d->group
					    : !pci_addr_compare(&z->addr, &d->addr))
			return z;
	}
	return NULL;
}
