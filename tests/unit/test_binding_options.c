/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of binding: what each choice wishes, the lines it gives in modprobe.d, what kmod makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/topology_text.h"
#include "base/mem.h"
#include "change/plan_wish.h"

#define VFIO "/etc/modprobe.d/vfio.conf"
#define HEADER "# vfiotui: devices for passthrough (\"vfiotui undo\" takes this back)\n"

/* nouveau has another card to drive, snd_hda_intel the mainboard's sound; nvme and amdgpu have nothing else. */
static const char *const rows[] = {
	"0000:01:00.0 15 030000 10de:2484 nouveau vga module=nouveau",
	"0000:01:00.1 15 040300 10de:228b snd_hda_intel module=snd_hda_intel",
	"0000:02:00.0 16 030000 1002:73bf amdgpu module=amdgpu",
	"0000:03:00.0 17 010802 144d:a808 nvme module=nvme",
	"0000:04:00.0 18 030000 10de:1b80 - module=nouveau",
	"0000:05:00.0 19 040300 1022:1487 snd_hda_intel module=snd_hda_intel",
	NULL,
};

static const struct {
	const char *words;
	struct plan_choices choices;
	struct platform p;
	const char *driver, *ids, *params, *options, *early, *idle;
} cases[] = {
	{"01:00",
	 {.no_pt = true},
	 {.vfio_pci = MODULE_LOADABLE},
	 "vfio-pci",
	 "10de:2484 10de:228b",
	 "",
	 "",
	 "vfio_pci vfio vfio_iommu_type1",
	 ""},
	{"02:00.0",
	 {.no_pt = true, .disable_vga = true},
	 {.vfio_pci = MODULE_LOADABLE},
	 "vfio-pci",
	 "1002:73bf",
	 "",
	 "disable_vga=1",
	 "vfio_pci vfio vfio_iommu_type1",
	 "amdgpu"},
	{"02:00.0 03:00.0",
	 {.disable_vga = true, .disable_idle_d3 = true},
	 {.vfio_pci = MODULE_LOADABLE},
	 "vfio-pci",
	 "1002:73bf 144d:a808",
	 "iommu=pt",
	 "disable_vga=1 disable_idle_d3=1",
	 "vfio_pci vfio vfio_iommu_type1",
	 "amdgpu nvme"},
	/* inside the kernel: its command line is all that it reads */
	{"02:00.0",
	 {.no_pt = true, .disable_idle_d3 = true},
	 {.vfio_pci = MODULE_BUILTIN},
	 "vfio-pci",
	 "1002:73bf",
	 "vfio-pci.ids=1002:73bf vfio-pci.disable_idle_d3=1",
	 "",
	 "",
	 "amdgpu"},
	/* inside one installed kernel, a module of another: each gets what it needs */
	{"02:00.0",
	 {.no_pt = true, .disable_idle_d3 = true},
	 {.vfio_pci = MODULE_LOADABLE, .vfio_pci_loadable = true, .vfio_pci_builtin = true},
	 "vfio-pci",
	 "1002:73bf",
	 "vfio-pci.ids=1002:73bf vfio-pci.disable_idle_d3=1",
	 "disable_idle_d3=1",
	 "vfio_pci vfio vfio_iommu_type1",
	 "amdgpu"},
	{"02:00.0",
	 {.no_pt = true},
	 {.vfio_pci = MODULE_BUILTIN, .vfio_pci_loadable = true, .vfio_pci_builtin = true},
	 "vfio-pci",
	 "1002:73bf",
	 "vfio-pci.ids=1002:73bf",
	 "",
	 "vfio_pci vfio vfio_iommu_type1",
	 "amdgpu"},
	/* no vfio-pci at all */
	{"02:00.0",
	 {.no_pt = true, .disable_vga = true},
	 {.vfio_pci_known = true, .vfio_pci = MODULE_MISSING, .pci_stub = MODULE_BUILTIN},
	 "pci-stub",
	 "",
	 "pci-stub.ids=1002:73bf",
	 "",
	 "",
	 "amdgpu"},
	{"02:00.0 03:00.0",
	 {.no_pt = true},
	 {.vfio_pci_known = true, .vfio_pci = MODULE_MISSING, .pci_stub = MODULE_LOADABLE},
	 "pci-stub",
	 "",
	 "pci-stub.ids=1002:73bf,144d:a808",
	 "",
	 "pci_stub",
	 "amdgpu nvme"},
	{"02:00.0",
	 {.no_pt = true},
	 {.vfio_pci_known = true, .vfio_pci = MODULE_MISSING, .pci_stub = MODULE_MISSING},
	 "vfio-pci",
	 "1002:73bf",
	 "",
	 "",
	 "vfio_pci vfio vfio_iommu_type1",
	 "amdgpu"},
	{"02:00.0",
	 {.no_pt = true, .no_framebuffer = true},
	 {.vfio_pci = MODULE_LOADABLE, .framebuffer_off = "video=efifb:off"},
	 "vfio-pci",
	 "1002:73bf",
	 "video=efifb:off",
	 "",
	 "vfio_pci vfio vfio_iommu_type1",
	 "amdgpu"},
	{"",
	 {.disable_vga = true, .no_framebuffer = true, .blacklist = true},
	 {.vfio_pci = MODULE_LOADABLE, .framebuffer_off = "video=efifb:off"},
	 "vfio-pci",
	 "",
	 "",
	 "",
	 "",
	 ""},
};

static void assert_list(const struct strv *v, const char *want, size_t i)
{
	auto_free char *now = strv_join(v, " ");

	if (strcmp(now, want))
		fail_msg("case %zu: \"%s\" instead of \"%s\"", i, now, want);
}

static void test_wishes(void **state)
{
	struct topology *t = topology_text(rows);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_selection struct selection s = SELECTION_INIT;
		auto_strv struct strv words = STRV_INIT;
		struct plan_wish_input in = {.topology = t,
					     .platform = &cases[i].p,
					     .selection = &s,
					     .choices = &cases[i].choices};
		struct wish w;

		strv_split(&words, cases[i].words, " ");
		for (size_t k = 0; k < words.len; k++)
			assert_int_equal(selection_add_word(&s, t, words.items[k], NULL), 0);
		plan_wish(&in, &w);
		assert_string_equal(w.driver, cases[i].driver);
		assert_list(&w.ids, cases[i].ids, i);
		assert_list(&w.kernel_params, cases[i].params, i);
		assert_list(&w.options, cases[i].options, i);
		assert_list(&w.early_modules, cases[i].early, i);
		assert_list(&w.idle_modules, cases[i].idle, i);
		assert_true(w.way_back == (w.len > 0));
		wish_release(&w);
	}
	topology_free(t);
}

/* --- modprobe.d --------------------------------------------------------------------------- */

static void wish_of(struct wish *w, const char *options, const char *blacklist)
{
	wish_init(w);
	wish_add_device(w);
	strv_split(&w->options, options, " ");
	strv_split(&w->idle_modules, blacklist, " ");
	w->blacklist = w->idle_modules.len > 0;
}

static const struct {
	const char *before, *options, *blacklist, *after; /* NULL: no file */
} lines[] = {
	{NULL, "disable_vga=1", "", HEADER "options vfio-pci disable_vga=1\n"},
	{NULL, "disable_vga=1 disable_idle_d3=1", "nouveau amdgpu",
	 HEADER "options vfio-pci disable_vga=1\noptions vfio-pci disable_idle_d3=1\n"
		"blacklist nouveau\nblacklist amdgpu\n"},
	/* by hand already, in other words */
	{"options vfio-pci disable_vga=Y\n", "disable_vga=1", "",
	 "options vfio-pci disable_vga=Y\n"},
	{"blacklist nouveau\n", "", "nouveau", "blacklist nouveau\n"},
	{"blacklist nouv*\n", "", "nouveau", "blacklist nouv*\nblacklist nouveau\n"},
	{"blacklist snd-hda-intel\n", "", "snd_hda_intel", "blacklist snd-hda-intel\n"},
	/* the last one counts */
	{"options vfio-pci disable_vga=1\noptions vfio_pci disable_vga=0\n", "disable_vga=1", "",
	 "options vfio-pci disable_vga=1\noptions vfio_pci disable_vga=0\n"
	 "options vfio-pci disable_vga=1\n"},
	{"options vfio-pci diable_vga=1\n", "disable_vga=1", "",
	 "options vfio-pci diable_vga=1\noptions vfio-pci disable_vga=1\n"},
	{"# blacklist nouveau\n", "", "nouveau", "# blacklist nouveau\nblacklist nouveau\n"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct checks c = {.len = 0};
		struct bed b, start;
		struct wish w, none;

		bed_init(&start);
		if (lines[i].before)
			bed_put(&start, VFIO, lines[i].before);
		bed_copy(&b, &start);
		wish_of(&w, lines[i].options, lines[i].blacklist);
		for (int twice = 0; twice < 2; twice++) {
			assert_int_equal(bed_apply(&b, &target_modprobe, &w), 0);
			if (strcmp(bed_get(&b, VFIO), lines[i].after) != 0)
				fail_msg("case %zu:\n%s", i, bed_get(&b, VFIO));
		}
		assert_int_equal(bed_verify(&b, &target_modprobe, &w, NULL, &c), 0);
		assert_true(c.len > 0 && checks_hold(&c));
		checks_release(&c);
		assert_int_equal(bed_verify(&start, &target_modprobe, &w, NULL, &c), 0);
		assert_true(checks_hold(&c) == bed_equal(&b, &start));
		checks_release(&c);
		wish_init(&none);
		assert_int_equal(bed_apply(&b, &target_modprobe, &none), 0);
		if (!bed_equal(&b, &start))
			fail_msg("case %zu was not taken back", i);
		assert_int_equal(b.owned.len, 0);
		wish_release(&none);
		wish_release(&w);
		bed_release(&b);
		bed_release(&start);
	}
}

/* kmod itself: the options reach the module, the blacklisted one is left out. */
static void test_kmod_reads_them(void **state)
{
	char dir[] = "/tmp/vfiotui-options-XXXXXX";
	auto_str struct str out = STR_INIT;
	auto_str struct str ignored = STR_INIT;
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_of(&w, "disable_vga=1 disable_idle_d3=1", "nouveau");
	strv_add(&w.ids, "10de:2484");
	assert_int_equal(bed_apply(&b, &target_modprobe, &w), 0);
	assert_non_null(mkdtemp(dir));
	bed_write(&b, dir);
	if (shell_run(&out, "PATH=$PATH:/sbin:/usr/sbin; modprobe -C %s/etc/modprobe.d -c 2>&1",
		      dir)) {
		fprintf(stderr, "SKIPPED IN PART: kmod was not asked (needs modprobe)\n");
	} else {
		assert_non_null(strstr(out.data, "blacklist nouveau\n"));
		assert_non_null(strstr(out.data, "options vfio_pci ids=10de:2484\n"));
		assert_non_null(strstr(out.data, "options vfio_pci disable_vga=1\n"));
		assert_non_null(strstr(out.data, "options vfio_pci disable_idle_d3=1\n"));
	}
	shell_run(&ignored, "rm -r %s", dir);
	wish_release(&w);
	bed_release(&b);
}

/* --- pci-stub by address -------------------------------------------------------------------- */

static void test_stub_by_address(void **state)
{
	struct present p = {.ids = STRV_INIT};
	struct wish_device *d;
	struct wish w;
	struct bed b;

	(void)state;
	bed_init(&b);
	wish_init(&w);
	w.driver = "pci-stub";
	d = wish_add_device(&w);
	d->addr = (struct pci_addr){.bus = 1};
	pci_addr_format(&d->addr, d->bdf);
	d->by_address = true;
	assert_int_equal(bed_apply(&b, &target_udev_rules, &w), 0);
	assert_non_null(strstr(bed_get(&b, UDEV_BIND_PATH),
			       "ATTR{driver_override}=\"pci-stub\", "
			       "ATTR{[subsystem/pci]drivers_probe}=\"$kernel\", "
			       "RUN{builtin}+=\"kmod load pci-stub\"\n"));
	bed_present(&b, &target_udev_rules, &p);
	assert_int_equal(p.bound_len, 1);
	assert_int_equal(pci_addr_compare(&p.bound[0].addr, &d->addr), 0);
	bed_put(&b, "/boot/refind_linux.conf", "\"Boot\" \"root=a pci-stub.ids=10de:2484\"\n");
	bed_present(&b, &target_refind, &p);
	assert_true(strv_has(&p.ids, "10de:2484"));
	present_release(&p);
	wish_release(&w);
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_kmod_reads_them),
		cmocka_unit_test(test_stub_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
