/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who only ever follows the next line gets through: each situation has its sentence, and each key in it exists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "ui/keys.h"
#include "ui/next.h"

static const struct {
	struct next_facts facts;
	const char *has; /* what the sentence must say */
} cases[] = {
	{{.devices = 5, .live = true}, "mark what the VM shall get (Space)"},
	{{.devices = 5, .no_iommu = true, .live = true}, "firmware (s"},
	{{.devices = 0, .live = true}, "no PCI devices"},
	{{.devices = 5, .marked = 1, .differs = true, .problems = 1, .unseen = true, .blocks = 1},
	 "1 problem to look at (Tab)"},
	{{.devices = 5, .marked = 1, .differs = true, .problems = 3, .unseen = true, .blocks = 1},
	 "3 problems to look at (Tab)"},
	{{.devices = 5, .marked = 1, .differs = true, .blocks = 1}, "solve the problem"},
	{{.devices = 5, .marked = 1, .differs = true, .blocks = 2}, "solve the 2 problems"},
	{{.devices = 5, .marked = 1, .differs = true, .blocks = 1, .completes = true},
	 "hand this device over, too (Space)"},
	{{.devices = 5, .marked = 2, .differs = true}, "see what would be written (p)"},
	{{.devices = 5, .marked = 0, .differs = true, .configured = 2}, "taken back (p)"},
	{{.devices = 5, .marked = 2, .configured = 2, .live = true},
	 "reboot, then start vfiotui again"},
	{{.devices = 5, .marked = 2, .configured = 2, .live = true, .after_boot = true},
	 "see why (s)"},
	{{.devices = 5, .marked = 2, .configured = 2, .active = 2, .live = true}, "make a VM (v)"},
	{{.devices = 5,
	  .marked = 2,
	  .configured = 2,
	  .active = 2,
	  .live = true,
	  .vms = 1,
	  .vm = "windows"},
	 "launch windows (l)"},
	{{.devices = 5, .marked = 2, .configured = 2, .active = 2, .live = true, .vms = 2},
	 "choose the VM to launch (v)"},
	{{.devices = 5, .marked = 2, .configured = 2, .active = 2, .live = true, .moved = true},
	 "see what moved (Tab)"},
	{{.devices = 5, .marked = 1, .differs = true, .moved = true}, "written (p)"},
	{{.devices = 5, .live = true, .vms = 2, .vm_on = true}, "a VM runs: see how it does (v)"},
	{{.devices = 5, .live = true, .vms = 1, .vm_on = true, .marked = 1, .differs = true},
	 "see what would be written (p)"},
	{{.devices = 5, .marked = 2, .configured = 2, .demo = true}, "demo"},
	{{.devices = 5, .marked = 2, .configured = 2}, "inside that system"},
	{{.devices = 5, .undone = true, .live = true}, "reboot"},
	{{.devices = 5, .unfinished = true, .configured = 2, .live = true}, "take it back (u)"},
	/* An override of ACS: into the plan first, whatever blocks without it; then the reboot. */
	{{.devices = 5, .override_is_new = true}, "what the override would change (p)"},
	{{.devices = 5,
	  .marked = 1,
	  .differs = true,
	  .unseen = 2,
	  .blocks = 1,
	  .override_is_new = true},
	 "what the override would change (p)"},
	{{.devices = 5, .override_waits = true, .live = true}, "reboot, then start"},
	{{.devices = 5, .override_waits = true, .live = true, .configured = 1, .active = 1},
	 "reboot, then start"},
	/* What is marked now comes before what was left undone. */
	{{.devices = 5, .unfinished = true, .marked = 1, .differs = true},
	 "see what would be written (p)"},
};

static void test_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct next_step step = next_step(&cases[i].facts);
		auto_str struct str text = STR_INIT;
		auto_str struct str brief = STR_INIT;

		next_format(&step, false, &text);
		next_format(&step, true, &brief);
		if (!strstr(text.data, cases[i].has))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, text.data,
				 cases[i].has);
		assert_null(strchr(text.data, '%'));
		/* They fit, with a count of marks beside them. */
		assert_true(text_columns(CHARSET_UTF8, text.data) <= 78);
		assert_true(text_columns(CHARSET_UTF8, brief.data) <= 38);
	}
}

/* "(p)", "(Tab)", "(s: how)": the key works in the tree. */
static bool key_exists(const char *name, size_t n)
{
	for (size_t i = 0; i < key_rows_len; i++)
		if (key_rows[i].where & VIEW_TREE && strlen(key_rows[i].shown) == n &&
		    memcmp(key_rows[i].shown, name, n) == 0)
			return true;
	return false;
}

static void test_keys_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct next_step step = next_step(&cases[i].facts);

		for (const char *p = strchr(step.text, '('); p; p = strchr(p + 1, '('))
			assert_true(key_exists(p + 1, strcspn(p + 1, "):")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_keys_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
