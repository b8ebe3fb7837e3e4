/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial boot: what is written and run for it, where it stands, and the command that ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/samples.h"
#include "../support/shells.h"
#include "base/mem.h"
#include "config/grub.h"
#include "config/trial.h"

#define SCRIPT "/etc/grub.d/91_vfiotui_trial"
#define SET "grub-editenv - set vfiotui_trial=once"
#define UNSET "grub-editenv - unset vfiotui_trial"
#define ENTRIES "/boot/loader/entries/"
#define WITHOUT "arch-without-passthrough.conf"

static const struct target *const grub[] = {&target_grub, &target_way_back_grub,
					    &target_trial_grub};
static const struct target *const entries[] = {&target_systemd_boot, &target_way_back_entry,
					       &target_trial_entry};

static void wish_of(struct wish *w, bool devices, bool trial)
{
	wish_init(w);
	if (devices) {
		strv_add(&w->kernel_params, "iommu=pt");
		wish_add_device(w);
	}
	w->way_back = devices;
	w->trial = trial;
}

static void apply(struct bed *b, const struct target *const *chain, bool devices, bool trial)
{
	struct wish w;

	wish_of(&w, devices, trial);
	assert_int_equal(bed_apply_all(b, chain, 3, &w), 0);
	wish_release(&w);
}

static enum check_state verified(struct bed *b, const struct target *target)
{
	struct checks c = {.len = 0};
	enum check_state state;
	struct wish w;

	wish_of(&w, true, true);
	assert_int_equal(bed_verify(b, target, &w, NULL, &c), 0);
	assert_int_equal(c.len, 1);
	state = c.items[0].state;
	checks_release(&c);
	wish_release(&w);
	return state;
}

/* The command that ends the trial, words joined; "" when none stands. For the caller to free. */
static char *ending(const struct bed *b, const struct target *target)
{
	struct files *files = files_new_memory();
	const struct target_context ctx = {.files = files, .platform = &b->platform};
	auto_strv struct strv argv = STRV_INIT;

	for (size_t i = 0; i < b->len; i++)
		files_put(files, b->files[i].path, b->files[i].bytes.data, b->files[i].bytes.len);
	target->keep(&ctx, &b->owned, &argv);
	files_free(files);
	return strv_join(&argv, " ");
}

static void check_ending(const struct bed *b, const struct target *target, const char *command)
{
	auto_free char *end = ending(b, target);

	assert_string_equal(end, command);
}

/* --- GRUB ------------------------------------------------------------------------------------ */

static void grub_bed(struct bed *b)
{
	bed_init(b);
	b->platform.boot_loader = BOOT_GRUB;
	strv_add(&b->platform.distro_like, "debian");
	bed_put(b, GRUB_FILE, "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n");
	bed_put(b, "/boot/vmlinuz-6.12.9", "");
	bed_put(b, "/boot/initrd.img-6.12.9", "");
}

static void grub_drop(struct bed *b)
{
	strv_release(&b->platform.distro_like);
	bed_release(b);
}

static void grubenv(struct bed *b, const char *line)
{
	auto_free char *text = xasprintf("# GRUB Environment Block\nsaved_entry=0\n%s%s", line,
					 "##########");

	bed_put(b, "/boot/grub/grubenv", text);
}

/* The lines stand in the menu that the real program makes, behind every entry, and its own checker reads them. */
static void check_menu(const struct bed *b)
{
	char dir[] = "/tmp/vfiotui-trial-XXXXXX";
	auto_str struct str menu = STR_INIT;
	auto_str struct str said = STR_INIT;
	const char *at;
	int r;

	assert_non_null(mkdtemp(dir));
	bed_write(b, dir);
	r = shell_run(&menu, "'%s/tests/support/grub-mkconfig' %s dash 2>&1", samples_top(), dir);
	shell_run(&said, "rm -r %s", dir);
	if (r == 77)
		return;
	assert_int_equal(r, 0);
	at = strstr(menu.data, "BEGIN " SCRIPT);
	assert_non_null(at);
	assert_non_null(strstr(at, "set default=\"vfiotui-without-passthrough\""));
	assert_null(strstr(at, "menuentry '"));
	assert_non_null(strstr(menu.data, "'vfiotui-without-passthrough' {"));
}

static void test_grub(void **state)
{
	struct bed start, b;

	(void)state;
	grub_bed(&start);
	bed_copy(&b, &start);
	apply(&b, grub, true, true);
	assert_int_equal(bed_mode(&b, SCRIPT), 0755);
	assert_int_equal(b.commands.len, 2);
	assert_string_equal(b.commands.items[0], "update-grub"); /* once for all three */
	assert_string_equal(b.commands.items[1], SET);
	check_menu(&b);
	apply(&b, grub, true, true);
	assert_int_equal(b.commands.len, 0); /* twice is once */
	apply(&b, grub, true, false);
	assert_null(bed_get(&b, SCRIPT));
	assert_true(strv_has(&b.commands, UNSET));
	apply(&b, grub, false, false);
	assert_true(bed_equal(&b, &start));
	bed_release(&b);
	grub_drop(&start);
}

/* A later change to other files is tried, too. */
static void test_armed_again(void **state)
{
	struct wish w;
	struct bed b;

	(void)state;
	grub_bed(&b);
	apply(&b, grub, true, true);
	wish_of(&w, true, true);
	strv_add(&w.kernel_params, "intel_iommu=on");
	assert_int_equal(bed_apply_all(&b, grub, 3, &w), 0);
	assert_true(strv_has(&b.commands, SET));
	wish_release(&w);
	grub_drop(&b);
}

static void test_where_grub_stands(void **state)
{
	static const struct {
		const char *line;
		enum check_state state;
		const char *end;
	} cases[] = {
		{"vfiotui_trial=once\n", CHECK_AFTER_REBOOT, UNSET},
		{"vfiotui_trial=over\n", CHECK_FAILED, UNSET},
		{"", CHECK_OK, ""},
		{"vfiotui_trial=overture\n", CHECK_OK, ""},
	};
	struct bed b;

	(void)state;
	grub_bed(&b);
	grubenv(&b, "vfiotui_trial=over\n");
	check_ending(&b, &target_trial_grub, ""); /* not ours */
	apply(&b, grub, true, true);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		grubenv(&b, cases[i].line);
		assert_int_equal(verified(&b, &target_trial_grub), cases[i].state);
		check_ending(&b, &target_trial_grub, cases[i].end);
	}
	grub_drop(&b);
}

/* Of a system that is not running: its boot loader may have noted nothing yet, and that is no confirmation. */
static void test_another_system(void **state)
{
	char dir[] = "/tmp/vfiotui-trial-XXXXXX";
	auto_str struct str said = STR_INIT;
	struct checks c = {.len = 0};
	struct host *host = NULL;
	struct wish w;
	struct bed b;

	(void)state;
	grub_bed(&b);
	apply(&b, grub, true, true);
	assert_non_null(mkdtemp(dir));
	bed_write(&b, dir);
	assert_int_equal(host_open(dir, &host, NULL), 0);
	wish_of(&w, true, true);
	assert_int_equal(bed_verify(&b, &target_trial_grub, &w, host, &c), 0);
	assert_int_equal(c.len, 1);
	assert_int_equal(c.items[0].state, CHECK_UNKNOWN);
	checks_release(&c);
	wish_release(&w);
	host_free(host);
	shell_run(&said, "rm -r %s", dir);
	grub_drop(&b);
}

/* The last of the longest mount points that hold /boot/grub decides. */
static void test_grub_must_write(void **state)
{
#define ROOT(type, source) "25 1 0:22 / / rw,relatime shared:1 - " type " " source " rw\n"
#define BOOT(type, source) "40 25 0:30 / /boot rw master:2 - " type " " source " rw\n"
	static const struct {
		const char *mounts;
		bool possible;
	} cases[] = {
		{ROOT("ext4", "/dev/sda2"), true},
		{ROOT("btrfs", "/dev/sda2"), false},
		{ROOT("ext4", "/dev/mapper/vg-root"), false},
		{ROOT("ext4", "/dev/md127"), false},
		{ROOT("ext4", "/dev/mapper/vg-root") BOOT("ext4", "/dev/nvme0n1p2"), true},
		{ROOT("ext4", "/dev/sda2") BOOT("zfs", "bpool/BOOT"), false},
		{BOOT("ext4", "/dev/nvme0n1p2") ROOT("btrfs", "/dev/sda2"), true},
		{ROOT("ext4", "/dev/sda2") "41 25 0:31 / /boot/grub2 rw - btrfs /dev/sdb rw\n",
		 true},
		{ROOT("ext4", "/dev/sda2") "not a mount\n", true},
		{"", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed b;

		grub_bed(&b);
		bed_put(&b, "/proc/self/mountinfo", cases[i].mounts);
		apply(&b, grub, true, true);
		if ((bed_get(&b, SCRIPT) != NULL) != cases[i].possible ||
		    strv_has(&b.owned, "trial_grub") != cases[i].possible)
			fail_msg("case %zu", i);
		grub_drop(&b);
	}
}

/* --- systemd-boot ---------------------------------------------------------------------------- */

static void entry_bed(struct bed *b, char *booted)
{
	bed_init(b);
	b->platform.boot_loader = BOOT_SYSTEMD_BOOT;
	b->platform.boot_entry = booted;
	bed_put(b, "/boot/loader/loader.conf", "default arch.conf\n");
	bed_put(b, ENTRIES "arch.conf",
		"title Arch\nlinux /vmlinuz-linux\ninitrd /initramfs.img\noptions "
		"root=/dev/sda2\n");
}

static void test_entry(void **state)
{
	struct bed b;
	char booted[] = "arch.conf", other[] = "other.conf", without[] = WITHOUT;

	(void)state;
	entry_bed(&b, booted);
	b.platform.boot_default = other;
	apply(&b, entries, true, true);
	assert_true(strv_has(&b.commands, "bootctl set-oneshot arch.conf"));
	assert_true(strv_has(&b.commands, "bootctl set-default " WITHOUT));
	b.platform.boot_default = without;
	b.platform.boot_oneshot = booted;
	assert_int_equal(verified(&b, &target_trial_entry), CHECK_AFTER_REBOOT);
	b.platform.boot_oneshot = NULL;
	assert_int_equal(verified(&b, &target_trial_entry), CHECK_FAILED);
	check_ending(&b, &target_trial_entry, "bootctl set-default other.conf");
	apply(&b, entries, true, true); /* the former default is not forgotten */
	assert_int_equal(b.commands.len, 0);
	check_ending(&b, &target_trial_entry, "bootctl set-default other.conf");
	apply(&b, entries, true, false);
	assert_true(strv_has(&b.commands, "bootctl set-default other.conf"));
	b.platform.boot_default = other;
	check_ending(&b, &target_trial_entry, "");
	bed_release(&b);
}

static void test_entry_without_default(void **state)
{
	struct bed b;
	char booted[] = "arch.conf", without[] = WITHOUT;

	(void)state;
	entry_bed(&b, booted);
	apply(&b, entries, true, true);
	b.platform.boot_default = without;
	check_ending(&b, &target_trial_entry, "bootctl set-default ");
	bed_release(&b);
}

/* Where it is not known what the usual entry is, nothing is arranged. */
static void test_unknown_entry(void **state)
{
	struct bed b;
	char without[] = WITHOUT;

	(void)state;
	entry_bed(&b, NULL);
	apply(&b, entries, true, true);
	assert_int_equal(b.commands.len, 0);
	b.platform.boot_entry = without;
	apply(&b, entries, true, true);
	assert_int_equal(b.commands.len, 0);
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grub),
		cmocka_unit_test(test_armed_again),
		cmocka_unit_test(test_where_grub_stands),
		cmocka_unit_test(test_another_system),
		cmocka_unit_test(test_grub_must_write),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_entry_without_default),
		cmocka_unit_test(test_unknown_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
