/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dracut drop-in: exact bytes, what bash makes of all files together, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/samples.h"
#include "../support/shells.h"
#include "base/mem.h"

#define DROPIN "/etc/dracut.conf.d/90-vfiotui.conf"

static int apply(struct bed *b, const char *early, const char *files)
{
	struct wish w;
	int r;

	wish_init(&w);
	strv_split(&w.early_modules, early, " ");
	strv_split(&w.early_files, files, " ");
	r = bed_apply(b, &target_dracut, &w);
	wish_release(&w);
	return r;
}

static void test_dropin(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/etc/modprobe.d/vfio.conf", "options vfio-pci ids=10de:1b80\n");
	bed_put(&b, "/etc/modprobe.d/00-vfiotui.conf", "softdep r8169 pre: vfio-pci\n");
	bed_put(&b, "/etc/modprobe.d/gpu.conf", "softdep nouveau pre: vfio-pci\n");
	bed_put(&b, "/etc/modprobe.d/kvm.conf", "options kvm ignore_msrs=1\n");
	bed_put(&b, "/etc/modprobe.d/a b$(x).conf", "softdep nouveau pre: vfio-pci\n");
	bed_put(&b, UDEV_BIND_PATH, "rule\n");
	assert_int_equal(apply(&b, "vfio_pci vfio vfio_iommu_type1",
			       MODPROBE_PATH " " UDEV_BIND_PATH " /etc/none"),
			 0);
	assert_string_equal(
		bed_get(&b, DROPIN),
		"# vfiotui: vfio-pci before the host's drivers (\"vfiotui undo\" takes this back)\n"
		"force_drivers+=\" vfio_pci vfio vfio_iommu_type1 \"\n"
		"install_items+=\" /etc/modprobe.d/00-vfiotui.conf /etc/modprobe.d/gpu.conf "
		"/etc/modprobe.d/vfio.conf /etc/udev/rules.d/05-vfiotui-bind.rules \"\n");
	assert_int_equal(b.commands.len, 1);
	assert_string_equal(b.commands.items[0], "dracut -f --regenerate-all");
	assert_true(b.reboot);
	assert_int_equal(apply(&b, "vfio_pci vfio vfio_iommu_type1",
			       MODPROBE_PATH " " UDEV_BIND_PATH " /etc/none"),
			 0);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(apply(&b, "", ""), 0);
	assert_null(bed_get(&b, DROPIN));
	bed_release(&b);
}

static void test_debian_names(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	strv_add(&b.platform.kernels, "7.2-1-amd64");
	strv_add(&b.platform.kernels, "6.12-amd64");
	strv_add(&b.platform.distro_like, "debian");
	assert_int_equal(apply(&b, "vfio_pci", ""), 0);
	assert_int_equal(b.commands.len, 2);
	assert_string_equal(b.commands.items[0],
			    "dracut -f /boot/initrd.img-7.2-1-amd64 7.2-1-amd64");
	strv_release(&b.platform.distro_like);
	bed_release(&b);
}

/* Images come with the deployments; rpm-ostree builds them here once it is told to. */
static void test_ostree(void **state)
{
	static const char build[] = "rpm-ostree initramfs --enable --arg=-I --arg=" DROPIN;
	static const struct {
		const char *origin, *back; /* NULL: none */
	} cases[] = {
		{NULL, "rpm-ostree initramfs --disable"},
		{"[origin]\nrefspec=fedora:x\n", "rpm-ostree initramfs --disable"},
		/* the user had it on before */
		{"[rpmostree]\nregenerate-initramfs=true\n", "rpm-ostree initramfs --enable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static const char origin[] = "/ostree/deploy/fedora/deploy/abc.0.origin";
		struct bed b;

		bed_init(&b);
		b.platform.boot_loader = BOOT_OSTREE;
		b.platform.cmdline = (char[]){"root=x ostree=/ostree/boot.1/fedora/def/0 quiet"};
		if (cases[i].origin)
			bed_put(&b, origin, cases[i].origin);
		assert_int_equal(apply(&b, "vfio_pci", ""), 0);
		assert_int_equal(b.commands.len, 1);
		assert_string_equal(b.commands.items[0], build);
		bed_put(&b, origin, "[rpmostree]\nregenerate-initramfs=true\n");
		assert_int_equal(apply(&b, "vfio_pci", ""), 0);
		assert_int_equal(b.commands.len, 0);
		assert_int_equal(apply(&b, "", ""), 0);
		assert_int_equal(b.commands.len, 1);
		assert_string_equal(b.commands.items[0], cases[i].back);
		assert_int_equal(b.owned.len, 0);
		bed_release(&b);
	}
}

static void test_a_later_file_drops_ours(void **state)
{
	static const struct {
		const char *path, *text, *says; /* NULL: fine */
	} cases[] = {
		{"/etc/dracut.conf.d/vfio.conf", "x=1\ninstall_items=\"/usr/bin/find\"\n",
		 "line 2"},
		{"/etc/dracut.conf.d/99-x.conf", "force_drivers=\" nouveau \"\n", "line 1"},
		{"/usr/lib/dracut/dracut.conf.d/zz.conf", "force_drivers=''", "line 1"},
		{"/etc/dracut.conf.d/10-vfio.conf", "force_drivers=\" nouveau \"\n", NULL},
		{"/etc/dracut.conf.d/99-x.conf", "force_drivers+=\" nouveau \"\n", NULL},
		{"/etc/dracut.conf.d/99-x.conf", "add_drivers=\" nouveau \"\n#force_drivers=1\n",
		 NULL},
		{"/etc/dracut.conf.d/99-x.txt", "force_drivers=\" nouveau \"\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed b;
		int r;

		bed_init(&b);
		bed_put(&b, cases[i].path, cases[i].text);
		r = apply(&b, "vfio_pci", "");
		assert_int_equal(r < 0, cases[i].says != NULL);
		if (cases[i].says &&
		    (!strstr(b.err.text, cases[i].path) || !strstr(b.err.text, cases[i].says)))
			fail_msg("%s", b.err.text);
		assert_int_equal(bed_get(&b, DROPIN) == NULL, cases[i].says != NULL);
		assert_int_equal(apply(&b, "", ""), 0);
		bed_release(&b);
	}
}

/* One name is read from the first directory alone. */
static void test_a_hidden_file_drops_nothing(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/usr/lib/dracut/dracut.conf.d/zz.conf", "force_drivers=''\n");
	bed_mask(&b, "/etc/dracut.conf.d/zz.conf");
	assert_int_equal(apply(&b, "vfio_pci", ""), 0);
	assert_non_null(bed_get(&b, DROPIN));
	bed_release(&b);
}

static bool has_words(const char *value, const char *words)
{
	auto_strv struct strv have = STRV_INIT;
	auto_strv struct strv want = STRV_INIT;

	strv_split(&have, value ? value : "", " ");
	strv_split(&want, words, " ");
	for (size_t i = 0; i < want.len; i++)
		if (!strv_has(&have, want.items[i]))
			return false;
	return true;
}

/* Our drop-in before and behind each sample, all sourced by bash as dracut does. */
static void laws(const char *path, const char *bytes, size_t len, void *data)
{
	static const char *const places[] = {"/etc/dracut.conf", "/etc/dracut.conf.d/10-x.conf",
					     "/etc/dracut.conf.d/vfio.conf"};

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		auto_str struct str all = STR_INIT;
		struct bed start;
		struct bed b;

		bed_init(&start);
		bed_put_bytes(&start, places[i], bytes, len);
		bed_copy(&b, &start);
		assert_int_equal(apply(&b, "", ""), 0);
		assert_true(bed_equal(&b, &start));
		if (apply(&b, "vfio_pci vfio", "") >= 0) {
			auto_free char *value = NULL;

			if (i < 2)
				str_addf(&all, "%s\n%s", bytes, bed_get(&b, DROPIN));
			else
				str_addf(&all, "%s\n%s", bed_get(&b, DROPIN), bytes);
			value = shells_value("bash", all.data, all.len, "force_drivers");
			if (!has_words(value, "vfio_pci vfio"))
				fail_msg("%s as %s: force_drivers is %s", path, places[i], value);
			assert_int_equal(apply(&b, "", ""), 0);
		}
		assert_true(bed_equal(&b, &start));
		bed_release(&b);
		bed_release(&start);
	}
}

static void test_laws_on_samples(void **state)
{
	(void)state;
	if (!shells_have("bash"))
		skip();
	assert_true(samples_each("dracut", laws, NULL) >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dropin),
		cmocka_unit_test(test_debian_names),
		cmocka_unit_test(test_ostree),
		cmocka_unit_test(test_a_later_file_drops_ours),
		cmocka_unit_test(test_a_hidden_file_drops_nothing),
		cmocka_unit_test(test_laws_on_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
