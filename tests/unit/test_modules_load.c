/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machines without an initramfs, or with one that can't be built: the file, the laws, the parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/topology_text.h"
#include "base/mem.h"
#include "change/plan_wish.h"

#define PATH "/etc/modules-load.d/vfiotui.conf"

static int apply(struct bed *b, const char *early)
{
	struct wish w;
	int r;

	wish_init(&w);
	strv_split(&w.early_modules, early, " ");
	r = bed_apply(b, &target_modules_load, &w);
	wish_release(&w);
	return r;
}

static size_t failures(struct bed *b, const char *early)
{
	struct checks c = {0};
	struct wish w;
	size_t n = 0;

	wish_init(&w);
	strv_split(&w.early_modules, early, " ");
	assert_int_equal(bed_verify(b, &target_modules_load, &w, NULL, &c), 0);
	for (size_t i = 0; i < c.len; i++)
		n += c.items[i].state == CHECK_FAILED;
	checks_release(&c);
	wish_release(&w);
	return n;
}

static void test_file(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/etc/modules-load.d/loop.conf", "loop");
	assert_int_equal(apply(&b, ""), 0);
	assert_int_equal(b.len, 1);
	assert_int_equal(failures(&b, "vfio_pci vfio"), 2);
	assert_int_equal(apply(&b, "vfio_pci vfio"), 0);
	assert_string_equal(
		bed_get(&b, PATH),
		"# vfiotui: modules for passthrough (\"vfiotui undo\" takes this file away)\n"
		"vfio_pci\nvfio\n");
	assert_int_equal(failures(&b, "vfio_pci vfio"), 0);
	assert_int_equal(failures(&b, "vfio_pci vfio vfio_iommu_type1"), 1);
	assert_true(b.reboot);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(apply(&b, "vfio_pci vfio"), 0);
	assert_false(b.reboot);
	assert_int_equal(apply(&b, ""), 0);
	assert_int_equal(b.len, 1);
	bed_release(&b);
}

/* What no image can hold goes to the kernel's command line. */
static void test_foreign_image(void **state)
{
	static const char *const rows[] = {
		"0000:01:00.0 15 030000 10de:2484 nouveau vga module=nouveau", NULL};
	static const struct {
		struct platform p;
		const char *params;
	} cases[] = {
		{{.vfio_pci = MODULE_LOADABLE}, ""},
		{{.vfio_pci = MODULE_LOADABLE, .initramfs_foreign = true}, ""},
		{{.vfio_pci = MODULE_LOADABLE, .initramfs_foreign = true, .systemd = true},
		 "rd.modules-load=vfio_pci vfio-pci.ids=10de:2484"},
		{{.vfio_pci = MODULE_BUILTIN, .initramfs_foreign = true, .systemd = true},
		 "vfio-pci.ids=10de:2484"},
		{{.vfio_pci = MODULE_LOADABLE,
		  .vfio_pci_builtin = true,
		  .initramfs_foreign = true,
		  .systemd = true},
		 "vfio-pci.ids=10de:2484 rd.modules-load=vfio_pci"},
	};
	struct topology *t = topology_text(rows);
	const struct plan_choices choices = {.no_pt = true};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_selection struct selection s = SELECTION_INIT;
		auto_free char *params = NULL;
		struct plan_wish_input in = {.topology = t,
					     .platform = &cases[i].p,
					     .selection = &s,
					     .choices = &choices};
		struct wish w;

		assert_int_equal(selection_add_word(&s, t, "01:00.0", NULL), 0);
		plan_wish(&in, &w);
		params = strv_join(&w.kernel_params, " ");
		assert_string_equal(params, cases[i].params);
		wish_release(&w);
	}
	topology_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_foreign_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
