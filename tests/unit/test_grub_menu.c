/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menu that the real grub-mkconfig makes of what target_grub wrote, and how verify() reads menus. */
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
#include "base/mem.h"
#include "base/text.h"
#include "config/grub.h"
#include "config/kernel_wish.h"

#define PT "intel_iommu=on iommu=pt"
#define CFG "/boot/grub/grub.cfg"

static void make(struct bed *b, const char *distro, const char *text, size_t len)
{
	bed_init(b);
	b->platform.boot_loader = BOOT_GRUB;
	strv_add(&b->platform.distro_like, distro);
	bed_put_bytes(b, GRUB_FILE, text, len);
}

static void drop(struct bed *b)
{
	strv_release(&b->platform.distro_like);
	bed_release(b);
}

static void wish_of(struct wish *w, const char *params)
{
	wish_init(w);
	strv_split(&w->kernel_params, params, " ");
	wish_add_device(w);
}

/* --- verify ---------------------------------------------------------------------------- */

static void verify(const char *cfg, const char *cmdline, const char *params, struct checks *ret)
{
	struct files *files = files_new_memory();
	struct platform platform = {.boot_loader = BOOT_GRUB};
	struct target_context ctx = {.files = files, .platform = &platform};
	auto_free char *line = xstrdup(cmdline);
	struct wish w;

	platform.cmdline = line;
	strv_add(&platform.distro_like, "debian");
	if (cfg)
		files_put(files, CFG, cfg, strlen(cfg));
	wish_of(&w, params);
	assert_int_equal(target_grub.verify(&ctx, &w, ret, NULL), 0);
	wish_release(&w);
	strv_release(&platform.distro_like);
	files_free(files);
}

#define BEGIN(name) "### BEGIN /etc/grub.d/" name " ###\n"
#define END(name) "### END /etc/grub.d/" name " ###\n"

static void test_verify(void **state)
{
	static const struct {
		const char *cfg;
		enum check_state state;
		const char *found;
	} cases[] = {
		{BEGIN("10_linux") "\tlinux\t/boot/vmlinuz root=x ro quiet iommu=pt\n" END(
			 "10_linux"),
		 CHECK_OK, NULL},
		{"linux /vmlinuz iommu=pt\nlinux16 /vmlinuz iommu=pt\n", CHECK_OK, NULL},
		{"linux /vmlinuz iommu=pt\nlinux /vmlinuz quiet\n", CHECK_FAILED,
		 "missing in 1 of 2 entries"},
		{"linuxefi /vmlinuz iommu=nopt\n", CHECK_FAILED, "missing in 1 of 1 entries"},
		{"linux /vmlinuz iommu=pt\nlinux /vmlinuz ro single nomodeset\n", CHECK_OK, NULL},
		{"linux /vmlinuz iommu=pt\nlinux /vmlinuz ro recovery nomodeset\n", CHECK_OK, NULL},
		{BEGIN("10_linux") "linux /vmlinuz iommu=pt\n" END("10_linux")
			 BEGIN("30_os-prober") "linux /other root=y\n" END("30_os-prober"),
		 CHECK_OK, NULL},
		{"# linux /vmlinuz\nset timeout=5\n", CHECK_UNKNOWN, "no Linux entry found in it"},
		{NULL, CHECK_FAILED, CFG " does not exist"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct checks c = {.len = 0};

		verify(cases[i].cfg, "quiet", "iommu=pt", &c);
		assert_int_equal(c.len, 2);
		if (c.items[0].state != cases[i].state)
			fail_msg("case %zu: state %d", i, c.items[0].state);
		if (cases[i].found)
			assert_string_equal(c.items[0].found, cases[i].found);
		if (cases[i].state == CHECK_FAILED)
			assert_string_equal(c.items[0].remedy, "update-grub");
		assert_int_equal(c.items[1].state, CHECK_AFTER_REBOOT);
		checks_release(&c);
	}
}

static void test_verify_running_kernel(void **state)
{
	struct checks c = {.len = 0};

	(void)state;
	verify("linux /vmlinuz iommu=pt\n", "quiet iommu=pt", "iommu=pt", &c);
	assert_int_equal(c.items[1].state, CHECK_OK);
	assert_string_equal(c.items[1].what, "the kernel runs with iommu=pt");
	checks_release(&c);
}

/* --- the real grub-mkconfig ----------------------------------------------------------------- */

static int mkconfig(const struct bed *b, struct str *menu)
{
	bool debian = strv_has(&b->platform.distro_like, "debian");
	char dir[] = "/tmp/vfiotui-grub-XXXXXX";
	auto_str struct str ignored = STR_INIT;
	int r;

	if (!mkdtemp(dir))
		return -1;
	bed_write(b, dir);
	r = shell_run(menu, "'%s/tests/support/grub-mkconfig' %s %s 2>/dev/null", samples_top(),
		      dir, debian ? "dash" : "bash");
	shell_run(&ignored, "rm -r %s", dir);
	return r;
}

/* The command lines of a menu's normal or recovery entries, one after another. */
static void entries(const struct str *menu, bool recovery, struct strv *ret)
{
	auto_text struct text t = TEXT_INIT;

	text_parse(&t, menu->data, menu->len);
	for (size_t i = 0; i < t.len; i++) {
		const char *args = strstr(t.lines[i].data, "vmlinuz-");

		if (args && strstr(t.lines[i].data, "linux\t") &&
		    (strstr(args, " single") != NULL) == recovery)
			strv_add(ret, args);
	}
}

struct tally {
	const char *distro;
	size_t right, refused, rightly_refused, broken_before;
};

static void check_menu(const char *path, const struct str *menu, bool had_it)
{
	auto_strv struct strv normal = STRV_INIT;
	auto_strv struct strv recovery = STRV_INIT;

	entries(menu, false, &normal);
	entries(menu, true, &recovery);
	assert_true(normal.len > 0);
	for (size_t i = 0; i < normal.len; i++)
		if (!kernel_line_has(normal.items[i], "intel_iommu=on") ||
		    !kernel_line_has(normal.items[i], "iommu=pt"))
			fail_msg("%s: an entry without the parameters: %s", path, normal.items[i]);
	for (size_t i = 0; i < recovery.len && !had_it; i++)
		if (kernel_line_has(recovery.items[i], "iommu=pt"))
			fail_msg("%s: the recovery entry got the parameters", path);
}

static void run_sample(const char *path, const char *bytes, size_t len, void *data)
{
	auto_str struct str menu = STR_INIT;
	struct tally *t = data;
	struct bed b, before;
	struct wish w;

	make(&before, t->distro, bytes, len);
	bed_copy(&b, &before);
	wish_of(&w, PT);
	if (bed_apply(&b, &target_grub, &w) < 0) {
		t->refused++;
		t->rightly_refused += mkconfig(&before, &menu) != 0;
	} else if (!mkconfig(&b, &menu)) {
		check_menu(path, &menu, memmem(bytes, len, "iommu=pt", strlen("iommu=pt")) != NULL);
		t->right++;
	} else if (mkconfig(&before, &menu)) {
		t->broken_before++;
	} else {
		fail_msg("%s: grub-mkconfig fails on what was written", path);
	}
	wish_release(&w);
	bed_release(&b);
	drop(&before);
}

static void test_grub_mkconfig(void **state)
{
	static const char *const distros[] = {"arch", "debian"};
	auto_str struct str menu = STR_INIT;
	struct bed probe;
	int r;

	(void)state;
	make(&probe, "debian", "GRUB_TIMEOUT=5\n", strlen("GRUB_TIMEOUT=5\n"));
	r = mkconfig(&probe, &menu);
	drop(&probe);
	if (r) {
		fprintf(stderr,
			"SKIPPED IN PART: grub-mkconfig was not asked (needs grub-common and "
			"root or user namespaces)\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(distros); i++) {
		struct tally t = {.distro = distros[i]};

		samples_each("grub", run_sample, &t);
		printf("measured: grub-mkconfig as on %s: %zu menus right, %zu files refused (%zu "
		       "of "
		       "them stop it anyway), %zu stopped it before\n",
		       distros[i], t.right, t.refused, t.rightly_refused, t.broken_before);
		assert_true(t.right > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_verify_running_kernel),
		cmocka_unit_test(test_grub_mkconfig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
