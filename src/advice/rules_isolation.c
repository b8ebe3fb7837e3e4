/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about groups that a card shares with other slots: whether an override would part them, and at what cost. */
#include "advice/rule.h"

#include "advice/isolation_split.h"
#include "advice/isolation_text.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define NAMES_SHOWN 3
/* A selection that touches more shared groups is told of the first ones: each costs some runs of the model. */
#define GROUPS_TOLD 8

/* Both sides of a shared group. */
struct sides {
	struct strv taken, left; /* names */
};

static void sides_collect(struct sides *m, const struct rule_context *c,
			  const struct iommu_group *g)
{
	*m = (struct sides){.taken = STRV_INIT, .left = STRV_INIT};
	for (size_t i = 0; i < g->len; i++) {
		const struct device *d = &c->in->topology->devices[g->members[i]];

		if (!d->is_bridge && selection_has(c->in->selection, &d->addr))
			strv_take(&m->taken, rule_device(d));
		else if (device_is_takeable(d))
			strv_take(&m->left, rule_device(d));
	}
}

static void sides_release(struct sides *m)
{
	strv_release(&m->taken);
	strv_release(&m->left);
}

static void add_split(const struct rule_context *c, const struct rule *rule,
		      const struct group_explanation *e, const struct sides *m, const char *with)
{
	auto_free char *taken = rule_words(&m->taken, NAMES_SHOWN);
	auto_free char *left = rule_words(&m->left, NAMES_SHOWN);
	struct str text = STR_INIT, remedy = STR_INIT;

	str_addf(&text, "%s and %s are in one group. ", taken, left);
	isolation_why(c->in->topology, e, &text);
	str_addf(&text,
		 " The kernel parameter pcie_acs_override=%s would part them, but only in name: it "
		 "isolates nothing, and they could then read and write each other's memory unseen, "
		 "the VM's and the host's.",
		 with);
	str_adds(&remedy, "First try another slot, one that is wired to the processor. ");
	isolation_kernel(c->in->platform, &remedy);
	str_addf(&remedy,
		 " \"vfiotui acs --override=%s\" (a in the list) shows the groups it would make; "
		 "with "
		 "--acs-override=%s apply sets the parameter.",
		 with, with);
	rule_add(c, rule, xasprintf("group:%d", e->id), str_take(&text), str_take(&remedy));
}

static const char *no_override_helps(const struct topology *t, const struct group_explanation *e)
{
	switch (e->cause) {
	case CAUSE_LEGACY_BRIDGE:
		if (e->culprit < t->len && !t->devices[e->culprit].is_bridge)
			return "No override can part them. Switch VMD off in the firmware setup: "
			       "each disk then has a place of its own (an installed Windows may "
			       "need "
			       "its other storage driver first). Or leave all of them with the "
			       "host.";
		return "No override can part them. Use a slot that is not behind this bridge, or "
		       "hand over all of them.";
	case CAUSE_BITS_OFF:
		return "No override can part them: it leaves devices alone that have ACS. Look for "
		       "ACS in the firmware's settings, update firmware or kernel, or try another "
		       "slot.";
	case CAUSE_SHARED_ID:
		return "No override can part them. Hand over all of them.";
	case CAUSE_SINGLE:
	case CAUSE_PORT_LACKS_ACS:
	case CAUSE_FUNCTION_LACKS_ACS:
	case CAUSE_UNEXPLAINED:
	default:
		return "No override parts them. Try another slot, or hand over all of them.";
	}
}

static void add_no_split(const struct rule_context *c, const struct rule *rule,
			 const struct group_explanation *e, const struct sides *m)
{
	auto_free char *taken = rule_words(&m->taken, NAMES_SHOWN);
	auto_free char *left = rule_words(&m->left, NAMES_SHOWN);
	struct str text = STR_INIT;

	str_addf(&text, "%s can't be parted from %s. ", taken, left);
	isolation_why(c->in->topology, e, &text);
	rule_add(c, rule, xasprintf("group:%d", e->id), str_take(&text),
		 xstrdup(no_override_helps(c->in->topology, e)));
}

/* Both rules look at the same groups; each keeps those that are its own. */
static void check(const struct rule_context *c, const struct rule *rule, bool splittable)
{
	const struct isolation_report *r = c->in->isolation;
	const struct topology *t = c->in->topology;
	size_t told = 0;

	for (size_t i = 0; r && i < r->len && i < t->groups_len && told < GROUPS_TOLD; i++) {
		const struct group_explanation *e = &r->groups[i];
		struct sides m;

		if (e->cause == CAUSE_SINGLE || e->cause == CAUSE_UNEXPLAINED ||
		    !rule_touches_group(c, &t->groups[i]) || !rule_spans_slots(c, &t->groups[i]))
			continue;
		told++;
		auto_free char *with = isolation_split(t, r, i, c->in->selection);

		if ((with != NULL) != splittable)
			continue;
		sides_collect(&m, c, &t->groups[i]);
		if (with)
			add_split(c, rule, e, &m, with);
		else
			add_no_split(c, rule, e, &m);
		sides_release(&m);
	}
}

void rule_needs_acs_override(const struct rule_context *c, const struct rule *rule)
{
	check(c, rule, true);
}

void rule_cannot_split(const struct rule_context *c, const struct rule *rule)
{
	check(c, rule, false);
}
