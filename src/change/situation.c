/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/situation.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A device is handed over by every entry that names it, whoever wrote the entry. */
static bool is_configured(const struct present *p, const struct device *d)
{
	char ids[10];

	return strv_has(&p->ids, device_ids_text(d, ids)) || strv_has(&p->addresses, d->bdf);
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
	read_present(s);
	return situation_rescan(s, reterr);
}

int situation_open(const struct host *host, const char *ids_file, struct situation **ret,
		   struct err *reterr)
{
	struct situation *s = xcalloc(1, sizeof(*s));
	int r;

	s->host = host;
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
