/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/kernel/cmdline, /etc/cmdline.d and presets of their own: exact bytes, laws, commands, what grep and tr read. */
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
#include "../support/laws.h"
#include "../support/samples.h"
#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_wish.h"

#define FILE_PATH "/etc/kernel/cmdline"
#define DROP_IN "/etc/cmdline.d/90-vfiotui.conf"
#define HEADER                                                                                     \
	"# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes this file "      \
	"away)\n"
#define PT "intel_iommu=on iommu=pt"

static void wish_of(struct wish *w, const char *params, const char *ids)
{
	wish_init(w);
	strv_split(&w->kernel_params, params, " ");
	strv_split(&w->ids, ids, " ");
	if (*params)
		wish_add_device(w);
}

static int apply(struct bed *b, const char *params)
{
	struct wish w;
	int r;

	wish_of(&w, params, "");
	r = bed_apply(b, &target_kernel_cmdline, &w);
	wish_release(&w);
	return r;
}

static const struct {
	const char *before, *params, *after; /* after NULL: refused */
} cases[] = {
	{"root=a rw\n", PT, "root=a rw intel_iommu=on iommu=pt\n"},
	{"root=a rw", "iommu=pt", "root=a rw iommu=pt"},
	{"root=a rw\r\n", "iommu=pt", "root=a rw iommu=pt\r\n"},
	{"root=a\nquiet\n", "iommu=pt", "root=a\nquiet iommu=pt\n"},
	{"root=a iommu=pt\nquiet\n", "iommu=pt", "root=a iommu=pt\nquiet\n"},
	{"# iommu=pt\nroot=a\n\n  quiet\n# end\n", "iommu=pt",
	 "# iommu=pt\nroot=a\n\n  quiet iommu=pt\n# end\n"},
	{"root=a dyndbg=\"file x +p\"\n", "iommu=pt", "root=a dyndbg=\"file x +p\" iommu=pt\n"},
	{"root=a\r\nquiet\r\n", "iommu=pt", NULL},
	{"root=a dyndbg=\"file\n", "iommu=pt", NULL},
	{"root=a iommu=off\n", "iommu=pt", NULL},
	{"# nothing\n", "iommu=pt", NULL},
	{"", "iommu=pt", NULL},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed b;
		int r;

		bed_init(&b);
		bed_put(&b, FILE_PATH, cases[i].before);
		r = apply(&b, cases[i].params);
		if (cases[i].after ? r < 0 : r >= 0)
			fail_msg("case %zu: %s", i, r < 0 ? b.err.text : "accepted");
		if (r < 0)
			assert_non_null(strstr(b.err.text, FILE_PATH));
		if (strcmp(bed_get(&b, FILE_PATH),
			   cases[i].after ? cases[i].after : cases[i].before) != 0)
			fail_msg("case %zu became\n%s", i, bed_get(&b, FILE_PATH));
		bed_release(&b);
	}
}

/* Without the file kernel-install takes the running line: it must not lose root=. */
static void test_created_from_the_running_line(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	b.platform.cmdline = (char[]){"BOOT_IMAGE=/vmlinuz root=a rw initrd=\\x.img quiet"};
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a rw quiet iommu=pt\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a rw quiet iommu=pt\n");
	assert_int_equal(apply(&b, ""), 0);
	assert_null(bed_get(&b, FILE_PATH));
	assert_int_equal(b.owned.len, 0);
	/* rebooted in between: without the file, the running line would bring the parameter back */
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	b.platform.cmdline = (char[]){"root=a rw initrd=\\x.img quiet iommu=pt"};
	assert_int_equal(apply(&b, ""), 0);
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a rw quiet\n");
	b.platform.cmdline = (char[]){"root=a rw initrd=\\x.img quiet"};
	assert_int_equal(apply(&b, ""), 0);
	assert_null(bed_get(&b, FILE_PATH));
	b.platform.cmdline = NULL;
	assert_true(apply(&b, "iommu=pt") < 0);
	bed_put(&b, "/usr/lib/kernel/cmdline", "root=vendor\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(bed_get(&b, FILE_PATH), "root=vendor iommu=pt\n");
	bed_release(&b);
}

static void test_commands(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, FILE_PATH, "root=a\n");
	bed_put(&b, "/usr/bin/kernel-install", "#!/bin/sh\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_int_equal(b.commands.len, 1);
	assert_string_equal(b.commands.items[0], "kernel-install add-all");
	assert_true(b.reboot);
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_int_equal(b.commands.len, 0);
	/* kernels whose image is known go one by one: older versions know no add-all */
	strv_add(&b.platform.kernels, "6.12");
	strv_add(&b.platform.kernels, "6.1");
	bed_put(&b, "/usr/lib/modules/6.12/vmlinuz", "");
	bed_put(&b, "/boot/vmlinuz-6.1", "");
	assert_int_equal(apply(&b, ""), 0);
	assert_int_equal(b.commands.len, 2);
	assert_string_equal(b.commands.items[0],
			    "kernel-install add 6.12 /usr/lib/modules/6.12/vmlinuz");
	assert_string_equal(b.commands.items[1], "kernel-install add 6.1 /boot/vmlinuz-6.1");
	bed_put(&b, "/etc/kernel/proxmox-boot-uuids", "");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(b.commands.items[0], "proxmox-boot-tool refresh");
	bed_put(&b, FILE_PATH, "root=a\nquiet\n");
	assert_true(apply(&b, "iommu=pt") < 0);
	assert_non_null(strstr(b.err.text, "proxmox-boot-tool reads the first"));
	bed_put(&b, FILE_PATH, "# of the installer\nroot=a\n");
	assert_true(apply(&b, "iommu=pt") < 0);
	assert_non_null(strstr(b.err.text, "proxmox-boot-tool reads the first"));
	bed_release(&b);
}

/* An initramfs that is built anew has to get into the entries and images, also where no parameter changes. */
static void test_a_new_initramfs(void **state)
{
	static const char *const hooks[] = {NULL, "/etc/initramfs/post-update.d/systemd-boot",
					    "/etc/kernel/proxmox-boot-uuids"};
	static const struct target *const both[] = {&target_dracut, &target_kernel_cmdline};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct wish w;
		struct bed b;

		bed_init(&b);
		b.platform.initramfs = INITRAMFS_DRACUT;
		bed_put(&b, FILE_PATH, "root=a iommu=pt\n");
		bed_put(&b, "/usr/bin/kernel-install", "");
		if (hooks[i])
			bed_put(&b, hooks[i], "");
		wish_of(&w, "iommu=pt", "");
		strv_add(&w.early_modules, "vfio_pci");
		assert_int_equal(bed_apply_all(&b, both, 2, &w), 0);
		assert_int_equal(b.commands.len, hooks[i] ? 1 : 2);
		if (!hooks[i])
			assert_string_equal(b.commands.items[1], "kernel-install add-all");
		assert_int_equal(bed_apply_all(&b, both, 2, &w), 0);
		assert_int_equal(b.commands.len, 0);
		wish_release(&w);
		bed_release(&b);
	}
}

static void put_uki(struct bed *b, const char *more)
{
	auto_free char *preset =
		xasprintf("PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/arch.efi\"\n%s", more);

	b->platform.initramfs = INITRAMFS_MKINITCPIO;
	bed_put(b, "/etc/mkinitcpio.d/linux.preset", preset);
}

static void test_unified_images_of_mkinitcpio(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	put_uki(&b, "");
	bed_put(&b, "/usr/bin/mkinitcpio", "find /etc/cmdline.d\n");
	bed_put(&b, FILE_PATH, "root=a\n");
	bed_put(&b, "/etc/cmdline.d/10-x.conf", "intel_iommu=on\n");
	assert_int_equal(apply(&b, PT), 0);
	assert_string_equal(bed_get(&b, DROP_IN) ? bed_get(&b, DROP_IN) : "none",
			    HEADER "iommu=pt\n");
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a\n");
	assert_string_equal(b.commands.items[0], "mkinitcpio -P");
	assert_int_equal(apply(&b, PT), 0);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(apply(&b, ""), 0);
	assert_null(bed_get(&b, DROP_IN));
	/* before version 36: in place */
	bed_put(&b, "/usr/bin/mkinitcpio", "old\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_null(bed_get(&b, DROP_IN));
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a iommu=pt\n");
	/* updated: the line in place goes as the drop-in comes */
	bed_put(&b, "/usr/bin/mkinitcpio", "find /etc/cmdline.d\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a\n");
	assert_string_equal(bed_get(&b, DROP_IN) ? bed_get(&b, DROP_IN) : "none",
			    HEADER "iommu=pt\n");
	bed_release(&b);
}

static void test_a_preset_with_its_own_line(void **state)
{
	static const char *const ways[] = {"default_cmdline=/etc/own\n", "ALL_cmdline=/etc/own\n",
					   "default_options=(--cmdline /etc/own)\n",
					   "default_options=\"--cmdline=/etc/own\"\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct bed b;

		bed_init(&b);
		put_uki(&b, ways[i]);
		bed_put(&b, "/usr/bin/mkinitcpio", "find /etc/cmdline.d\n");
		bed_put(&b, FILE_PATH, "root=a\n");
		bed_put(&b, "/etc/own", "root=own\n");
		assert_int_equal(apply(&b, "iommu=pt"), 0);
		assert_string_equal(bed_get(&b, "/etc/own"), "root=own iommu=pt\n");
		assert_string_equal(bed_get(&b, FILE_PATH), "root=a\n");
		assert_null(bed_get(&b, DROP_IN));
		put_uki(&b,
			""); /* the preset changed: the usual files now, and ours leaves the other */
		assert_int_equal(apply(&b, "iommu=pt"), 0);
		assert_string_equal(bed_get(&b, "/etc/own"), "root=own\n");
		assert_non_null(bed_get(&b, DROP_IN));
		bed_release(&b);
	}
}

/* Version 41: all .conf files of the directory are one line. */
static void test_a_preset_with_a_directory(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	put_uki(&b, "default_cmdline=/etc/own.d\n");
	bed_put(&b, FILE_PATH, "root=a\n");
	bed_put(&b, "/etc/own.d/10-root.conf", "root=own\n");
	bed_put(&b, "/etc/own.d/20-more.conf", "# more\nquiet\n");
	bed_put(&b, "/etc/own.d/30-notes.txt", "rw\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(bed_get(&b, "/etc/own.d/10-root.conf"), "root=own\n");
	assert_string_equal(bed_get(&b, "/etc/own.d/20-more.conf"), "# more\nquiet iommu=pt\n");
	assert_string_equal(bed_get(&b, "/etc/own.d/30-notes.txt"), "rw\n");
	assert_string_equal(bed_get(&b, FILE_PATH), "root=a\n");
	assert_string_equal(b.commands.items[0], "mkinitcpio -P");
	assert_int_equal(apply(&b, ""), 0);
	assert_string_equal(bed_get(&b, "/etc/own.d/20-more.conf"), "# more\nquiet\n");
	bed_release(&b);
}

/* As kernel-install's 90-loaderentry.install reads it. */
static char *read_like_kernel_install(const struct bed *b)
{
	char dir[] = "/tmp/vfiotui-test-XXXXXX";
	auto_str struct str out = STR_INIT;

	assert_non_null(mkdtemp(dir));
	bed_write(b, dir);
	shell_run(&out, "grep -vE '^[[:space:]]*#' '%s%s' | tr -s '\\n\\t' ' '; rm -rf '%s'", dir,
		  FILE_PATH, dir);
	return str_take(&out);
}

static void check_read(const struct bed *before, const struct bed *after, const struct wish *wish)
{
	auto_free char *old = read_like_kernel_install(before);
	auto_free char *new = read_like_kernel_install(after);
	auto_strv struct strv was = STRV_INIT, is = STRV_INIT;

	for (size_t i = 0; i < wish->kernel_params.len; i++)
		if (!kernel_line_has(new, wish->kernel_params.items[i]))
			fail_msg("%s is not in \"%s\"", wish->kernel_params.items[i], new);
	kernel_params_split(&was, old);
	kernel_params_split(&is, new);
	for (size_t i = 0; i < was.len; i++)
		assert_string_equal(was.items[i], is.items[i]);
}

static void run_sample(const char *path, const char *bytes, size_t len, void *data)
{
	struct wish w;
	struct bed b;

	bed_init(&b);
	bed_put_bytes(&b, FILE_PATH, bytes, len);
	wish_of(&w, PT, "10de:1b80");
	laws_run(data, path, &b, &w);
	wish_release(&w);
	bed_release(&b);
}

static void test_laws_on_samples(void **state)
{
	struct laws laws = {.target = &target_kernel_cmdline, .check = check_read};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_sample(cases[i].before, cases[i].before, strlen(cases[i].before), &laws);
	(void)samples_each("kernel-cmdline", run_sample, &laws);
	laws_report(&laws, "kernel/cmdline");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_created_from_the_running_line),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_a_new_initramfs),
		cmocka_unit_test(test_unified_images_of_mkinitcpio),
		cmocka_unit_test(test_a_preset_with_its_own_line),
		cmocka_unit_test(test_a_preset_with_a_directory),
		cmocka_unit_test(test_laws_on_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
