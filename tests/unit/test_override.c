/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcie_acs_override= from the choice to the promise: as a set, in a plan of two steps, in the journal, after the boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/change_fixture.h"
#include "../support/recorded.h"
#include "../support/tmproot.h"
#include "advice/override.h"
#include "base/mem.h"
#include "change/plan.h"
#include "change/plan_override.h"
#include "change/verify.h"

#define DEMO "src/machine/demo/desktop.txt"
#define IDS "tests/ui/machines/pci.ids"
#define GRUB "/etc/default/grub"
#define BOTH "downstream,multifunction"

/* --- sets ------------------------------------------------------------------------------------ */

static void lines_become_sets(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"quiet", ""},
		{"", ""},
		{"pcie_acs_override=downstream", "downstream"},
		{"pcie_acs_override=multifunction,downstream quiet", BOTH},
		/* the patch sets flags: parameters add up */
		{"pcie_acs_override=downstream pcie_acs_override=multifunction", BOTH},
		{"pcie-acs-override=downstream", "downstream"},
		{"pcie_acs_override=id:1022:1453,bogus,id:8086:A110", "id:1022:1453,id:8086:a110"},
		{"pcie_acs_override=id:1022:1453,id:1022:1453", "id:1022:1453"},
		{"pcie_acs_override=", ""},
		{"quiet -- pcie_acs_override=downstream", ""}, /* that is for init */
		{"xpcie_acs_override=downstream", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str text = STR_INIT;
		struct acs_override_set set, again;

		acs_override_of_line(cases[i].line, &set);
		acs_override_text(&set, &text);
		assert_string_equal(text.data ? text.data : "", cases[i].text);
		assert_int_equal(acs_override_parse(cases[i].text, &again, NULL), 0);
		assert_true(acs_override_has(&set, &again) && acs_override_has(&again, &set));
		assert_int_equal(acs_override_is_empty(&set), !*cases[i].text);
	}
}

static void the_patch_takes_fifteen_ids(void **state)
{
	struct acs_override_set set = {.ids_len = 0};

	(void)state;
	for (uint16_t i = 0; i < ACS_OVERRIDE_IDS; i++)
		assert_true(acs_override_toggle_id(&set, 0x8086, i));
	assert_false(acs_override_toggle_id(&set, 0x8086, 99));
	assert_true(acs_override_toggle_id(&set, 0x8086, 3)); /* taken out */
	assert_false(acs_override_has_id(&set, 0x8086, 3));
	assert_true(acs_override_has_id(&set, 0x8086, 14));
	assert_true(acs_override_toggle_id(&set, 0x8086, 99));
}

/* --- the plan ---------------------------------------------------------------------------------- */

static struct plan *build(const struct recorded *r, const char *words, const char *override)
{
	const struct plan_choices choices = {.no_script = true, .acs_override = override};
	auto_strv struct strv list = STRV_INIT;
	auto_selection struct selection s = SELECTION_INIT;
	struct err err = ERR_INIT;
	struct plan *p;

	strv_split(&list, words, " ");
	for (size_t i = 0; i < list.len; i++)
		assert_int_equal(
			selection_add_word(&s, r->situation->topology, list.items[i], NULL), 0);
	if (plan_build(r->situation, &s, &choices, &p, &err) < 0)
		fail_msg("no plan: %s", err.text);
	return p;
}

/* As if the machine had been started with this line. */
static void start_with(const struct recorded *r, const char *line)
{
	free(r->situation->platform->cmdline);
	r->situation->platform->cmdline = xstrdup(line);
}

static bool says(const struct plan *p, const char *words)
{
	for (size_t i = 0; i < p->warnings.len; i++)
		if (strstr(p->warnings.items[i], words))
			return true;
	return false;
}

/* The value of GRUB_CMDLINE_LINUX_DEFAULT has the word after this plan. */
static bool grub_has(const struct recorded *r, const struct plan *p, const char *word)
{
	auto_free char *now = fixture_get(r->root, GRUB);

	for (size_t i = 0; i < p->changes.len; i++)
		if (!strcmp(p->changes.edits[i].path, GRUB))
			return strstr(p->changes.edits[i].after.data, word) != NULL;
	return strstr(now, word) != NULL;
}

/* The network card shares its group with the root disk today; under the override it would not. */
static void a_device_waits_until_its_group_has_parted(void **state)
{
	struct recorded r;
	struct plan *p;
	auto_free char *text = NULL;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	p = build(&r, "08:00.0", BOTH);
	assert_int_equal(p->waits.len, 1);
	assert_int_equal(p->selection.len, 0);
	assert_int_equal(p->wish.len, 0);
	assert_null(plan_blocker(p, NULL));
	assert_true(findings_have(&p->findings, "acs-override-ignored", "host"));
	assert_int_equal(p->changes.len, 1); /* the parameter, and nothing of the device */
	assert_string_equal(p->changes.edits[0].path, GRUB);
	assert_true(grub_has(&r, p, "pcie_acs_override=" BOTH));
	assert_false(grub_has(&r, p, "iommu=pt"));
	assert_true(p->changes.reboot);
	text = plan_waits_text(p);
	assert_non_null(strstr(text, "Two steps"));
	assert_non_null(strstr(text, "08:00.0"));
	assert_true(says(p, "group 9 into 10"));
	plan_free(p);
	recorded_close(&r);
}

static void who_does_not_wait(void **state)
{
	static const struct {
		const char *words, *override, *line;
		size_t waits, selected;
		const char *blocker;
	} cases[] = {
		/* a group that is whole today goes along with the parameter */
		{"01:00", BOTH, "quiet", 0, 2, NULL},
		{"01:00 08:00.0", BOTH, "quiet", 1, 2, NULL},
		/* an override that does not part the group is no promise */
		{"08:00.0", "downstream", "quiet", 0, 1, "group-incomplete"},
		{"08:00.0", "none", "quiet", 0, 1, "group-incomplete"},
		{"08:00.0", NULL, "quiet", 0, 1, "group-incomplete"},
		/* started with it, and the group did not part: the kernel ignores it */
		{"08:00.0", BOTH, "quiet pcie_acs_override=" BOTH, 0, 1, "group-incomplete"},
		/* half of it is not all of it */
		{"08:00.0", BOTH, "quiet pcie_acs_override=downstream", 1, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct recorded r;
		struct plan *p;
		const struct finding *f;

		recorded_open(&r, DEMO, IDS);
		start_with(&r, cases[i].line);
		p = build(&r, cases[i].words, cases[i].override);
		assert_int_equal(p->waits.len, cases[i].waits);
		assert_int_equal(p->selection.len, cases[i].selected);
		f = plan_blocker(p, NULL);
		assert_string_equal(f ? f->code : "", cases[i].blocker ? cases[i].blocker : "");
		if (strstr(cases[i].line, BOTH))
			assert_true(says(p, "the groups did not part"));
		plan_free(p);
		recorded_close(&r);
	}
}

static void it_stays_until_it_is_taken_back(void **state)
{
	struct recorded r;
	struct plan *p;
	auto_free char *before = NULL, *after = NULL;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	before = fixture_get(r.root, GRUB);
	p = build(&r, "", BOTH);
	fixture_apply_ok(r.host, p);
	plan_free(p);
	assert_int_equal(situation_reload(r.situation, NULL), 0);

	p = build(&r, "", NULL); /* not chosen anew: as it was */
	assert_true(plan_is_empty(p));
	assert_string_equal(p->choices.acs_override, BOTH);
	plan_free(p);

	p = build(&r, "01:00", "downstream"); /* another one */
	assert_true(grub_has(&r, p, "pcie_acs_override=downstream "));
	fixture_apply_ok(r.host, p);
	plan_free(p);
	assert_int_equal(situation_reload(r.situation, NULL), 0);

	p = build(&r, "", "none");
	fixture_apply_ok(r.host, p);
	plan_free(p);
	after = fixture_get(r.root, GRUB);
	assert_string_equal(after, before);
	recorded_close(&r);
}

static void what_was_there_by_hand_stays(void **state)
{
	static const char by_hand[] =
		"GRUB_CMDLINE_LINUX_DEFAULT=\"quiet pcie_acs_override=downstream\"\n";
	static const char *const overrides[] = {"downstream", "none", BOTH};
	struct recorded r;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	fixture_put(r.root, GRUB, by_hand, 0644);
	assert_int_equal(situation_reload(r.situation, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(overrides); i++) {
		struct plan *p = build(&r, "", overrides[i]);

		assert_int_equal(plan_is_empty(p), i < 2);
		assert_true(grub_has(&r, p, "quiet pcie_acs_override=downstream"));
		assert_int_equal(says(p, "by hand; it stays"), i == 1);
		if (i == 2)
			assert_true(grub_has(
				&r, p, "pcie_acs_override=downstream pcie_acs_override=" BOTH));
		plan_free(p);
	}
	recorded_close(&r);
}

static void nonsense_is_refused(void **state)
{
	const struct plan_choices choices = {.acs_override = "upstream"};
	struct selection none = SELECTION_INIT;
	struct recorded r;
	struct plan *p;
	struct err err = ERR_INIT;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	assert_true(plan_build(r.situation, &none, &choices, &p, &err) < 0);
	assert_non_null(strstr(err.text, "'upstream' is no ACS override"));
	recorded_close(&r);
}

/* --- the promise -------------------------------------------------------------------------------- */

static const struct check *check_of(const struct checks *c, const char *words)
{
	for (size_t i = 0; i < c->len; i++)
		if (strstr(c->items[i].what, words))
			return &c->items[i];
	fail_msg("nothing is said about %s", words);
	abort();
}

/* With no device, and whatever the boot loader: the groups themselves are looked at. */
static void the_groups_are_held_against_it(void **state)
{
	static const struct {
		const char *line;
		enum check_state parted;
		const char *found;
	} cases[] = {
		{"quiet", CHECK_AFTER_REBOOT, "started without it"},
		{"quiet pcie_acs_override=" BOTH, CHECK_FAILED, "group 8 is as it was"},
		{"pcie_acs_override=downstream pcie_acs_override=multifunction", CHECK_FAILED,
		 "group 8 is as it was"},
	};
	struct recorded r;
	struct plan *p;

	(void)state;
	recorded_open(&r, DEMO, IDS);
	p = build(&r, "", BOTH);
	fixture_apply_ok(r.host, p);
	plan_free(p);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct checks checks = {.items = NULL};
		const struct check *c;

		start_with(&r, cases[i].line);
		assert_int_equal(verify_run(r.situation, &checks, NULL), 0);
		c = check_of(&checks, "the groups have parted as foretold");
		assert_int_equal(c->state, cases[i].parted);
		assert_non_null(strstr(c->found, cases[i].found));
		checks_release(&checks);
	}
	recorded_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_sets),
		cmocka_unit_test(the_patch_takes_fifteen_ids),
		cmocka_unit_test(a_device_waits_until_its_group_has_parted),
		cmocka_unit_test(who_does_not_wait),
		cmocka_unit_test(it_stays_until_it_is_taken_back),
		cmocka_unit_test(what_was_there_by_hand_stays),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(the_groups_are_held_against_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
