/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/capture.h"

#include "base/mem.h"
#include "change/capture_parts.h"
#include "change/plan.h"

/* Planning reads the files of the boot chain; whether a plan comes out doesn't matter. */
static void plan_for(const struct situation *s, const struct selection *selection)
{
	struct plan *p = NULL;

	if (plan_build(s, selection, NULL, &p, NULL) >= 0)
		plan_free(p);
}

static void ask_for_everything(const struct situation *s)
{
	auto_selection struct selection all = SELECTION_INIT;
	const struct topology *t = s->topology;

	plan_for(s, &all);
	for (size_t i = 0; i < t->len; i++)
		if (t->devices[i].group != NO_GROUP && device_is_takeable(&t->devices[i]))
			selection_add(&all, &t->devices[i].addr);
	plan_for(s, &all);
}

static void write_head(const struct situation *s, struct str *out)
{
	str_addf(out,
		 "# A machine recorded by vfiotui " VFIOTUI_VERSION
		 "; to look at it: vfiotui --root FILE\n"
		 "# Left out: serial numbers, addresses, UUIDs, names of host and people, comments "
		 "in "
		 "files.\n"
		 "# capabilities: %s\n",
		 s->platform->is_root ? "as root reads them"
				      : "not read, that needs root: causes can't be told");
}

static void compose(const struct host *host, const struct situation *s, const struct trace *t,
		    struct str *out)
{
	struct capture_context c = {.host = host,
				    .situation = s,
				    .scrubber = SCRUBBER_INIT,
				    .links = STRV_INIT,
				    .files = STRV_INIT,
				    .out = out};

	write_head(s, out);
	capture_facts(&c);
	capture_paths(&c, t);
	scrubber_release(&c.scrubber);
	strv_release(&c.links);
	strv_release(&c.files);
}

int capture(const struct host *host, const char *ids_file, struct str *out, struct err *reterr)
{
	auto_host struct host *own = NULL;
	struct situation *s = NULL;
	struct trace t;
	int r = host_open(host_root(host), &own, reterr);

	if (r < 0)
		return r;
	trace_begin(&t, own);
	r = situation_open(own, ids_file, &s, reterr);
	if (r >= 0) {
		ask_for_everything(s);
		host_set_ops(own, NULL);
		compose(own, s, &t, out);
	}
	situation_free(s);
	host_set_ops(own, NULL);
	trace_release(&t);
	return r;
}
