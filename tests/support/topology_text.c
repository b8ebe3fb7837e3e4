/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "topology_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void refuse(const char *row)
{
	fprintf(stderr, "topology_text: cannot read \"%s\"\n", row);
	abort();
}

static void set_flag(struct device *d, const char *flag, const char *row)
{
	if (!strcmp(flag, "bridge")) {
		d->is_bridge = true;
		d->caps.header_type = 1;
		d->caps.header_known = true;
	} else if (!strcmp(flag, "vga")) {
		d->boot_vga = 1;
	} else if (!strcmp(flag, "noreset")) {
		d->reset_known = true;
		d->reset = 0;
	} else if (!strcmp(flag, "vf")) {
		d->sriov = SRIOV_VIRTUAL;
	} else if (!strncmp(flag, "secondary=", 10)) {
		d->caps.secondary = (uint8_t)strtoul(flag + 10, NULL, 16);
		d->caps.subordinate = d->caps.secondary;
	} else if (!strncmp(flag, "reset=", 6)) {
		d->reset = reset_from_names(flag + 6);
	} else if (!strncmp(flag, "vfs=", 4)) {
		d->sriov = SRIOV_PHYSICAL;
		d->caps.sriov_enabled = (uint16_t)strtoul(flag + 4, NULL, 10);
	} else if (!strncmp(flag, "module=", 7)) {
		strv_add(&d->modules, flag + 7);
	} else {
		refuse(row);
	}
}

static void add_row(struct topology *t, const char *row)
{
	auto_strv struct strv words = STRV_INIT;
	struct pci_addr addr;
	unsigned vendor, id;
	struct device *d;

	strv_split(&words, row, " ");
	if (words.len < 5 || !pci_addr_parse(words.items[0], &addr) ||
	    sscanf(words.items[3], "%x:%x", &vendor, &id) != 2)
		refuse(row);
	d = topology_add(t, &addr);
	d->group = strcmp(words.items[1], "-") ? atoi(words.items[1]) : NO_GROUP;
	d->class_code = (uint32_t)strtoul(words.items[2], NULL, 16);
	d->vendor = (uint16_t)vendor;
	d->id = (uint16_t)id;
	d->boot_vga = device_is_gpu(d) ? 0 : -1;
	d->reset_known = true;
	d->reset = RESET_BUS;
	if (strcmp(words.items[4], "-"))
		d->driver = xstrdup(words.items[4]);
	for (size_t i = 5; i < words.len; i++)
		set_flag(d, words.items[i], row);
	if (!d->class_name)
		d->class_name = xstrdup("Device");
}

struct topology *topology_text(const char *const *rows)
{
	struct topology *t = topology_new();

	for (; *rows; rows++)
		add_row(t, *rows);
	topology_seal(t);
	return t;
}
