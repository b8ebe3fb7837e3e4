/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which parameters a kernel command line needs, judged by what the kernel would make of the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/kernel_wish.h"

static void test_line_has(void **state)
{
	static const struct {
		const char *line, *param;
		bool has;
	} cases[] = {
		{"quiet iommu=pt", "iommu=pt", true},
		{"quiet", "iommu=pt", false},
		{"", "iommu=pt", false},
		{"xiommu=pt iommu.x=pt", "iommu=pt", false},
		{"foo=\"a iommu=pt\"", "iommu=pt", false}, /* inside another's value */
		{"quiet -- iommu=pt", "iommu=pt", false},  /* that is for init */
		{"iommu=pt iommu=1", "iommu=pt", true},    /* these add up */
		{"iommu=1,pt", "iommu=pt", true},
		{"iommu=pt iommu=nopt", "iommu=pt", false},
		{"iommu=nopt iommu=pt", "iommu=pt", true},
		{"intel_iommu=on,sm_on", "intel_iommu=on", true},
		{"intel_iommu=on intel_iommu=off", "intel_iommu=on", false},
		{"intel_iommu=off intel_iommu=on", "intel_iommu=on", true},
		{"intel-iommu=on", "intel_iommu=on", true}, /* '-' is '_' in keys */
		{"intel_iommu=on", "intel_iommu=on,sm_on", false},
		{"vfio-pci.ids=1:2", "vfio-pci.ids=1:2", true},
		{"vfio-pci.ids=1:2 vfio_pci.ids=3:4", "vfio-pci.ids=1:2",
		 false}, /* the last one counts */
		{"pcie_acs_override=downstream", "pcie_acs_override=downstream", true},
		{"pcie_acs_override=multifunction,downstream",
		 "pcie_acs_override=downstream,multifunction", true}, /* words, in any order */
		{"pcie_acs_override=downstream pcie_acs_override=multifunction",
		 "pcie_acs_override=downstream,multifunction", true}, /* and in several */
		{"pcie_acs_override=downstream", "pcie_acs_override=downstream,multifunction",
		 false},
		{"pcie_acs_override=id:1022:1453", "pcie_acs_override=downstream", false},
		{"quiet", "quiet", true},
		{"quiet=1", "quiet", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (kernel_line_has(cases[i].line, cases[i].param) != cases[i].has)
			fail_msg("\"%s\" has %s: not %d", cases[i].line, cases[i].param,
				 cases[i].has);
}

static void test_missing(void **state)
{
	static const struct {
		const char *line, *params, *ids;
		const char *missing; /* NULL: refused */
	} cases[] = {
		{"quiet", "intel_iommu=on iommu=pt", "", "intel_iommu=on iommu=pt"},
		{"iommu=pt", "intel_iommu=on iommu=pt", "", "intel_iommu=on"},
		{"iommu=pt intel_iommu=on", "intel_iommu=on iommu=pt", "", ""},
		{"amd_iommu=off", "iommu=pt", "", NULL},
		{"iommu=off iommu=pt", "iommu=pt", "", NULL},
		{"quiet --", "iommu=pt", "", NULL},
		{"iommu=pt -- single", "iommu=pt", "", ""},
		/* ids on the line replace those of modprobe.d */
		{"vfio-pci.ids=10de:1b80", "iommu=pt", "10de:1b80", "iommu=pt"},
		{"vfio-pci.ids=10DE:1B80:1462:3905", "iommu=pt", "10de:1b80", "iommu=pt"},
		{"vfio-pci.ids=10de:1b80,10de:10f0", "iommu=pt", "10de:1b80",
		 "iommu=pt vfio-pci.ids=10de:1b80"},
		{"vfio-pci.ids=10de:1b80", "", "", "vfio-pci.ids="},
		{"vfio-pci.ids=", "", "", ""},
		{"vfio-pci.ids=1:2", "vfio-pci.ids=3:4", "3:4", "vfio-pci.ids=3:4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strv struct strv missing = STRV_INIT;
		auto_free char *joined = NULL;
		struct err err = ERR_INIT;
		struct wish w;
		int r;

		wish_init(&w);
		strv_split(&w.kernel_params, cases[i].params, " ");
		strv_split(&w.ids, cases[i].ids, " ");
		r = kernel_line_missing(cases[i].line, &w, "/etc/default/grub", &missing, &err);
		joined = strv_join(&missing, " ");
		if (cases[i].missing ? r < 0 || strcmp(joined, cases[i].missing) != 0 : r >= 0)
			fail_msg("\"%s\" lacks \"%s\" (%d %s)", cases[i].line, joined, r, err.text);
		if (r < 0)
			assert_non_null(strstr(err.text, "/etc/default/grub: "));
		wish_release(&w);
	}
}

static void test_pruned(void **state)
{
	static const struct {
		const char *param, *ids, *left; /* NULL: it stays */
	} cases[] = {
		{"vfio-pci.ids=10de:1b80,10de:10f0", "10de:1b80 10de:10f0", NULL},
		{"vfio-pci.ids=10de:1b80,10de:10f0", "10de:1b80", "vfio-pci.ids=10de:1b80"},
		{"vfio-pci.ids=10de:1b80", "", ""},
		{"vfio_pci.ids=10DE:1B80", "10de:1b80", NULL},
		{"iommu=pt", "", NULL},
		{"vfio-pci.ids=", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *left = NULL;
		struct wish w;

		wish_init(&w);
		strv_split(&w.ids, cases[i].ids, " ");
		left = kernel_param_pruned(cases[i].param, &w);
		if (cases[i].left)
			assert_string_equal(left, cases[i].left);
		else
			assert_null(left);
		wish_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_has),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_pruned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
