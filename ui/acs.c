/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/acs.h"

#include <stdlib.h>
#include <string.h>

#include "advice/isolation_text.h"
#include "base/mem.h"

/* --- the choice ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct acs_override_set set;
} choices[ACS_CHOICES] = {
	[ACS_NONE] = {"none", {.ids_len = 0}},
	[ACS_DOWNSTREAM] = {"downstream", {.downstream = true}},
	[ACS_MULTIFUNCTION] = {"multifunction", {.multifunction = true}},
	[ACS_BOTH] = {"both", {.downstream = true, .multifunction = true}},
	[ACS_IDS] = {"id", {.ids_len = 0}},
};

const char *acs_choice_name(enum acs_choice c)
{
	return choices[c].name;
}

struct acs_override_set acs_set(const struct acs_page *p)
{
	return p->choice == ACS_IDS ? p->ids : choices[p->choice].set;
}

static void choose(struct acs_page *p, const struct acs_override_set *set)
{
	p->choice = ACS_IDS;
	for (int i = ACS_NONE; i < ACS_IDS; i++)
		if (acs_override_has(&choices[i].set, set) &&
		    acs_override_has(set, &choices[i].set))
			p->choice = (enum acs_choice)i;
	if (p->choice == ACS_IDS)
		p->ids = *set;
}

/* The first override that parts this group; -1: none does. */
static int helps(const struct topology *t, const struct isolation_report *r, int group)
{
	if (isolation_is_one_card(t, group))
		return -1;
	for (size_t i = 0; i < r->len; i++)
		for (size_t k = 0; r->groups[i].id == group && k < r->groups[i].splits_with.len;
		     k++)
			for (int c = ACS_DOWNSTREAM; c <= ACS_BOTH; c++) {
				auto_str struct str name = STR_INIT;

				acs_override_text(&choices[c].set, &name);
				if (!strcmp(name.data, r->groups[i].splits_with.items[k]))
					return c;
			}
	return -1;
}

static void choose_first(struct acs_page *p, const char *text, int group)
{
	struct acs_override_set set;
	struct isolation_report report;
	int choice;

	if (text && acs_override_parse(text, &set, NULL) >= 0 && !acs_override_is_empty(&set)) {
		choose(p, &set);
		return;
	}
	isolation_explain(p->topology, &p->in_force, &report);
	choice = helps(p->topology, &report, group);
	for (size_t i = 0; i < report.len && choice < 0; i++)
		choice = helps(p->topology, &report, report.groups[i].id);
	p->choice = choice < 0 ? ACS_NONE : (enum acs_choice)choice;
	isolation_report_release(&report);
}

/* --- rows -------------------------------------------------------------------------------------- */

bool acs_is_open(const struct acs_page *p, const struct whatif_block *b)
{
	bool open = whatif_changes(b);

	for (size_t i = 0; i < p->folds.len; i++)
		if (p->folds.groups[i] == b->id)
			return !open;
	return open;
}

static void add_row(struct acs_page *p, struct acs_row row)
{
	p->rows = grow(p->rows, p->len, &p->cap, sizeof(*p->rows));
	p->rows[p->len++] = row;
}

static void add_block(struct acs_page *p, size_t block)
{
	const struct whatif *w = &p->whatif;
	const struct whatif_block *b = &w->blocks[block];

	add_row(p, (struct acs_row){.kind = ACS_ROW_BLOCK, .block = block});
	if (!acs_is_open(p, b))
		return;
	for (size_t i = 0; i < b->len; i++)
		add_row(p, (struct acs_row){
				   .kind = ACS_ROW_MEMBER,
				   .block = block,
				   .member = b->members[i],
				   .first_of_group = !i || w->then[b->members[i]] !=
								   w->then[b->members[i - 1]],
			   });
}

/* What changes comes first: on a large machine the rest is long. */
static void make_rows(struct acs_page *p)
{
	p->len = 0;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < p->whatif.len; i++)
			if (whatif_changes(&p->whatif.blocks[i]) == !pass)
				add_block(p, i);
	if (p->whatif.alone || !p->len)
		add_row(p, (struct acs_row){.kind = ACS_ROW_ALONE});
	if (p->at >= p->len)
		p->at = p->len - 1;
}

static void remake(struct acs_page *p)
{
	const struct acs_override_set set = acs_set(p);

	whatif_release(&p->whatif);
	whatif_make(p->topology, &set, &p->in_force, &p->whatif);
	make_rows(p);
}

/* To the header of a group, where there is one. */
static void go_to(struct acs_page *p, int group)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->rows[i].kind == ACS_ROW_BLOCK &&
		    p->whatif.blocks[p->rows[i].block].id == group)
			p->at = i;
}

void acs_init(struct acs_page *p, const struct topology *t, const struct platform *platform,
	      const char *text, int group)
{
	*p = (struct acs_page){.topology = t, .platform = platform};
	acs_override_in_force(t, platform, &p->in_force);
	choose_first(p, text, group);
	remake(p);
	go_to(p, group);
}

void acs_release(struct acs_page *p)
{
	whatif_release(&p->whatif);
	folds_release(&p->folds);
	free(p->rows);
}

void acs_rebuild(struct acs_page *p, const struct topology *t, const struct platform *platform)
{
	p->topology = t;
	p->platform = platform;
	acs_override_in_force(t, platform, &p->in_force);
	remake(p);
}

const struct whatif_block *acs_block(const struct acs_page *p)
{
	const struct acs_row *row = p->at < p->len ? &p->rows[p->at] : NULL;

	return row && row->kind != ACS_ROW_ALONE ? &p->whatif.blocks[row->block] : NULL;
}

void acs_step(struct acs_page *p, int step)
{
	const struct whatif_block *b = acs_block(p);
	int group = b ? b->id : NO_GROUP;

	p->choice = (enum acs_choice)(((int)p->choice + step + ACS_CHOICES) % ACS_CHOICES);
	p->pane_top = 0;
	remake(p);
	go_to(p, group);
}

void acs_move(struct acs_page *p, long by)
{
	long at = (long)p->at + by;

	p->at = at < 0 ? 0 : at >= (long)p->len ? p->len - 1 : (size_t)at;
	p->pane_top = 0;
}

void acs_fold(struct acs_page *p)
{
	const struct whatif_block *b = acs_block(p);

	if (!b)
		return;
	folds_toggle(&p->folds, b->id);
	make_rows(p);
	go_to(p, b->id);
}

/* --- the pane ------------------------------------------------------------------------------------ */

const char *acs_kernel_word(const struct platform *p)
{
	static const char *const words[] = {
		[ACS_OVERRIDE_UNKNOWN] = "patch: cannot tell",
		[ACS_OVERRIDE_UNSUPPORTED] = "patch not found",
		[ACS_OVERRIDE_SUPPORTED] = "has the patch",
		[ACS_OVERRIDE_ACTIVE] = "patch is in force",
	};

	return words[p->acs_override];
}

static enum sign kernel_sign(const struct platform *p)
{
	if (p->acs_override == ACS_OVERRIDE_SUPPORTED)
		return SIGN_OK;
	return p->acs_override == ACS_OVERRIDE_UNKNOWN ? SIGN_NOTE : SIGN_WARN;
}

static void pane_alone(const struct acs_page *p, struct lines *ret)
{
	if (p->whatif.alone && !acs_override_is_empty(&p->in_force))
		lines_add(
			ret, SIGN_WARN, ROLE_TEXT,
			"%zu group%s of one device each. Some are parted only by the override that "
			"is in force: the choice \"none\" shows which.",
			p->whatif.alone, p->whatif.alone == 1 ? "" : "s");
	else if (p->whatif.alone)
		lines_add(ret, SIGN_OK, ROLE_TEXT,
			  "%zu group%s of one device each: isolated by the hardware, and no "
			  "override changes them.",
			  p->whatif.alone, p->whatif.alone == 1 ? "" : "s");
	else
		lines_add(ret, SIGN_NOTE, ROLE_TEXT,
			  "This machine shows no IOMMU groups to look at.");
}

static void pane_block(const struct acs_page *p, const struct whatif_block *b, struct lines *ret)
{
	auto_str struct str why = STR_INIT;
	auto_str struct str cost = STR_INIT;

	whatif_why(&p->whatif, b, &why);
	whatif_cost(&p->whatif, b, &cost);
	if (why.len)
		lines_add(ret, SIGN_NONE, ROLE_TEXT, "%s%s",
			  text_starts_with(why.data, "Why") ? "" : "Why: ", why.data);
	if (cost.len)
		lines_add(ret, SIGN_WARN, ROLE_TEXT, "Cost: %s", cost.data);
	if (cost.len)
		lines_add(ret, SIGN_CHANGE, ROLE_TEXT,
			  "First try another slot, one that is wired to the processor: that costs "
			  "nothing.");
}

void acs_pane(const struct acs_page *p, struct lines *ret)
{
	const struct whatif_block *b = acs_block(p);
	auto_str struct str kernel = STR_INIT;
	auto_str struct str trust = STR_INIT;

	if (b)
		pane_block(p, b, ret);
	else
		pane_alone(p, ret);
	isolation_kernel(p->platform, &kernel);
	if (b || p->platform->acs_override == ACS_OVERRIDE_ACTIVE)
		lines_add(ret, kernel_sign(p->platform), ROLE_TEXT, "%s", kernel.data);
	isolation_trust(&p->whatif.report, &trust);
	if (!p->whatif.assumed)
		lines_add(ret,
			  p->whatif.report.confidence == CONFIDENCE_EXACT ? SIGN_OK : SIGN_NOTE,
			  ROLE_DIM, "%s", trust.data);
}
