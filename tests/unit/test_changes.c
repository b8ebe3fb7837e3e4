/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every editor meets in changes_set(): a file that nothing can be added to and taken from again without a trace. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"

static const struct {
	const struct target *target;
	const char *path, *bytes;
	struct {
		const char *path, *bytes;
	} beside; /* what the target wants to see, too */
} editors[] = {
	{&target_booster, "/etc/booster.yaml", "compression: zstd\r", {NULL, NULL}},
	{&target_systemd_boot,
	 "/boot/loader/entries/a.conf",
	 "title a\nlinux /vmlinuz\r",
	 {"/boot/loader/loader.conf", "default a\n"}},
};

static int plan_on(struct bed *b, size_t i)
{
	struct wish w;
	int r;

	bed_init(b);
	bed_put(b, editors[i].path, editors[i].bytes);
	if (editors[i].beside.path)
		bed_put(b, editors[i].beside.path, editors[i].beside.bytes);
	wish_init(&w);
	strv_split(&w.early_modules, "vfio_pci vfio vfio_iommu_type1", " ");
	strv_add(&w.early_files, "/etc/modprobe.d/vfio.conf");
	strv_add(&w.kernel_params, "iommu=pt");
	r = bed_apply(b, editors[i].target, &w);
	wish_release(&w);
	return r;
}

static void test_lone_carriage_return(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(editors); i++) {
		struct bed b;

		if (plan_on(&b, i) != -EINVAL || !strstr(b.err.text, editors[i].path) ||
		    !strstr(b.err.text, "carriage return"))
			fail_msg("%s, %zu: %s", editors[i].path, i, b.err.text);
		assert_string_equal(bed_get(&b, editors[i].path), editors[i].bytes);
		bed_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lone_carriage_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
