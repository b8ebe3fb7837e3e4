/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/booster.yaml: exact bytes, the laws, refusals of lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/laws.h"
#include "../support/samples.h"

#define CONF "/etc/booster.yaml"
#define K "modules_force_load: "

static void wish_of(struct wish *w, const char *modules)
{
	wish_init(w);
	strv_split(&w->early_modules, modules, " ");
}

static const struct {
	const char *before, *modules, *after; /* before NULL: no file; after NULL: refused */
} cases[] = {
	{NULL, "vfio_pci vfio", K "vfio_pci,vfio\n"},
	{"compression: zstd\n", "vfio_pci", "compression: zstd\n" K "vfio_pci\n"},
	{"compression: zstd", "vfio_pci", "compression: zstd\n" K "vfio_pci"},
	{K "amdgpu\nuniversal: true\n", "vfio_pci vfio",
	 K "vfio_pci,vfio,amdgpu\nuniversal: true\n"},
	{K "vfio-pci,amdgpu\n", "vfio_pci vfio", K "vfio,vfio-pci,amdgpu\n"},
	{K "amdgpu\r\n", "vfio_pci", K "vfio_pci,amdgpu\r\n"},
	{"x: a,\n  b\n" K "amdgpu\n", "vfio_pci", "x: a,\n  b\n" K "vfio_pci,amdgpu\n"},
	{K "vfio_pci,vfio\n", "vfio_pci vfio", K "vfio_pci,vfio\n"},
	{K "amdgpu, nvme ,i915\n", "vfio_pci", K "vfio_pci,amdgpu, nvme ,i915\n"},
	{K " amdgpu , vfio-pci  \n", "vfio_pci vfio", K " vfio,amdgpu , vfio-pci  \n"},
	{K "amdgpu # early\n", "vfio_pci", NULL},
	{K "[amdgpu]\n", "vfio_pci", NULL},
	{"modules_force_load:\n  - amdgpu\n", "vfio_pci", NULL},
	{K "amdgpu,\n  nvme\n", "vfio_pci", NULL},
	{K "\"amdgpu\"\n", "vfio_pci", NULL},
	{"{modules_force_load: amdgpu}\n", "vfio_pci", NULL},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *want = cases[i].after ? cases[i].after : cases[i].before;
		struct wish w;
		struct bed b;
		int r;

		bed_init(&b);
		if (cases[i].before)
			bed_put(&b, CONF, cases[i].before);
		wish_of(&w, cases[i].modules);
		r = bed_apply(&b, &target_booster, &w);
		if (cases[i].after ? r < 0 : r >= 0)
			fail_msg("case %zu: %s", i, r < 0 ? b.err.text : "accepted");
		if (r < 0 && !strstr(b.err.text, CONF ", line "))
			fail_msg("case %zu: %s", i, b.err.text);
		if (strcmp(bed_get(&b, CONF), want) != 0)
			fail_msg("case %zu became\n%s", i, bed_get(&b, CONF));
		assert_int_equal(b.commands.len, !cases[i].before || strcmp(want, cases[i].before));
		wish_release(&w);
		bed_release(&b);
	}
}

static void run(const char *path, const char *bytes, size_t len, void *data)
{
	struct wish w;
	struct bed b;

	bed_init(&b);
	if (bytes)
		bed_put_bytes(&b, CONF, bytes, len);
	wish_of(&w, "vfio_pci vfio vfio_iommu_type1");
	laws_run(data, path, &b, &w);
	wish_release(&w);
	bed_release(&b);
}

static void test_laws(void **state)
{
	struct laws laws = {.target = &target_booster};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run(cases[i].before ? cases[i].before : "no file", cases[i].before,
		    cases[i].before ? strlen(cases[i].before) : 0, &laws);
	(void)samples_each("booster", run, &laws);
	laws_report(&laws, "booster.yaml");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_laws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
