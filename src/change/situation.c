/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/situation.h"

#include <stdlib.h>
#include <string.h>

#include "advice/group_map.h"
#include "base/mem.h"
#include "change/remember.h"
#include "machine/hazards.h"
#include "vm/profile.h"

struct situation_cache {
	bool has_isolation, has_hazards, has_map;
	struct isolation_report isolation;
	struct hazards hazards;
	struct group_map map;
};

static void forget_isolation(struct situation_cache *c)
{
	if (c->has_isolation)
		isolation_report_release(&c->isolation);
	c->has_isolation = false;
}

static void forget_all(struct situation_cache *c)
{
	forget_isolation(c);
	if (c->has_hazards)
		hazards_release(&c->hazards);
	if (c->has_map)
		group_map_release(&c->map);
	c->has_hazards = c->has_map = false;
}

const struct isolation_report *situation_isolation(const struct situation *s)
{
	struct situation_cache *c = s->cache;
	struct acs_override_set in_force;

	if (!c)
		return NULL;
	if (!c->has_isolation) {
		acs_override_in_force(s->topology, s->platform, &in_force);
		isolation_explain(s->topology, &in_force, &c->isolation);
	}
	c->has_isolation = true;
	return &c->isolation;
}

/* The ROM images that the profiles of VMs give to their devices. */
static void add_roms(const struct situation *s, struct hazards *h)
{
	struct files *files = files_new(s->host);
	auto_strv struct strv names = STRV_INIT;

	if (vm_profile_list(files, &names, NULL) < 0)
		strv_release(&names);
	for (size_t i = 0; i < names.len; i++) {
		auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
		auto_vm_profile struct vm_profile p;
		const int r = vm_profile_load(files, names.items[i], &p, &problems, NULL);

		for (size_t k = 0; r >= 0 && k < p.devices.len; k++) {
			const struct vm_device *d = (const struct vm_device *)p.devices.items + k;
			struct pci_addr addr;

			if (d->rom && d->rom[0] && pci_addr_parse(d->address, &addr))
				hazards_add_rom(h, s->host, &addr, d->rom);
		}
	}
	files_free(files);
}

static const struct hazards *get_hazards(const struct situation *s)
{
	struct situation_cache *c = s->cache;

	if (!c)
		return NULL;
	if (!c->has_hazards) {
		hazards_read(s->host, s->topology, &c->hazards);
		add_roms(s, &c->hazards);
	}
	c->has_hazards = true;
	return &c->hazards;
}

static const struct group_map *get_map(const struct situation *s)
{
	struct situation_cache *c = s->cache;

	if (!c)
		return NULL;
	if (!c->has_map)
		remember_read(s->host, &s->present, &c->map);
	c->has_map = true;
	return &c->map;
}

struct rules_input situation_rules(const struct situation *s, const struct selection *selection)
{
	return (struct rules_input){
		.topology = s->topology,
		.platform = s->platform,
		.usage = &s->usage,
		.selection = selection,
		.isolation = situation_isolation(s),
		.hazards = get_hazards(s),
		.map = get_map(s),
		.configured = &s->configured,
	};
}

/* A device is handed over by every entry that names it, whoever wrote the entry. */
static bool is_configured(const struct present *p, const struct device *d)
{
	char ids[10];

	for (size_t i = 0; i < p->bound_len; i++)
		if (bound_address_takes(&p->bound[i], d))
			return true;
	return strv_has(&p->ids, device_ids_text(d, ids));
}

static void find_configured(struct situation *s)
{
	selection_release(&s->configured);
	for (size_t i = 0; i < s->topology->len; i++) {
		const struct device *d = &s->topology->devices[i];

		if (!d->is_bridge && is_configured(&s->present, d))
			selection_add(&s->configured, &d->addr);
	}
}

/* A broken file is no reason not to show the machine: it is kept as a sentence, and planning fails with it. */
static void read_present(struct situation *s)
{
	struct files *files = files_new(s->host);
	const struct target_context ctx = {.files = files, .platform = s->platform};

	present_release(&s->present);
	memset(&s->present, 0, sizeof(s->present));
	err_clear(&s->config_error);
	for (size_t i = 0; i < targets_len; i++) {
		const struct target *t = targets[i];
		struct err why = ERR_INIT;

		if (!t->present || !t->applies(&ctx) || t->present(&ctx, &s->present, &why) >= 0)
			continue;
		if (!s->config_error.code)
			s->config_error = why;
	}
	files_free(files);
}

int situation_rescan(struct situation *s, struct err *reterr)
{
	struct topology *fresh;
	int r = scanner_scan(s->scanner, &fresh, reterr);

	if (r < 0)
		return r;
	forget_isolation(s->cache);
	topology_free(s->topology);
	s->topology = fresh;
	usage_release(&s->usage);
	usage_read(s->host, s->topology, &s->usage);
	find_configured(s);
	return 0;
}

int situation_reload(struct situation *s, struct err *reterr)
{
	struct platform *fresh;
	int r = platform_detect(s->host, scanner_modules(s->scanner), &fresh, reterr);

	if (r < 0)
		return r;
	platform_free(s->platform);
	s->platform = fresh;
	forget_all(s->cache);
	read_present(s);
	return situation_rescan(s, reterr);
}

int situation_open(const struct host *host, const char *ids_file, struct situation **ret,
		   struct err *reterr)
{
	struct situation *s = xcalloc(1, sizeof(*s));
	int r;

	s->host = host;
	s->cache = xcalloc(1, sizeof(*s->cache));
	s->scanner = scanner_new(host, ids_file);
	r = situation_reload(s, reterr);
	if (r < 0)
		situation_free(s);
	else
		*ret = s;
	return r;
}

void situation_free(struct situation *s)
{
	if (!s)
		return;
	forget_all(s->cache);
	free(s->cache);
	usage_release(&s->usage);
	present_release(&s->present);
	selection_release(&s->configured);
	topology_free(s->topology);
	platform_free(s->platform);
	scanner_free(s->scanner);
	free(s);
}

void situation_freep(struct situation **s)
{
	situation_free(*s);
	*s = NULL;
}
