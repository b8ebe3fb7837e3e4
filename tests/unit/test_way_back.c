/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot entry without passthrough: what is written, what the real programs make of it, how it is verified. */
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
#include "../support/samples.h"
#include "../support/shells.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/grub.h"
#include "config/way_back.h"

#define PT "intel_iommu=on iommu=pt"
#define OFF WAY_BACK_PARAMS
#define SCRIPT "/etc/grub.d/90_vfiotui"
#define CFG "/boot/grub/grub.cfg"

static void wish_of(struct wish *w, const char *params)
{
	wish_init(w);
	strv_split(&w->kernel_params, params, " ");
	if (*params)
		wish_add_device(w);
	w->way_back = *params != '\0';
}

/* The loader's target and that of its entry, in one plan. */
static int apply(struct bed *b, const struct target *loader, const struct target *entry,
		 const char *params)
{
	const struct target *const both[] = {loader, entry};
	struct wish w;
	int r;

	wish_of(&w, params);
	r = bed_apply_all(b, both, 2, &w);
	wish_release(&w);
	return r;
}

static void verify(struct bed *b, const struct target *entry, struct checks *ret)
{
	struct wish w;

	wish_of(&w, PT);
	assert_int_equal(bed_verify(b, entry, &w, NULL, ret), 0);
	wish_release(&w);
}

static enum check_state verified(struct bed *b, const struct target *entry)
{
	struct checks c = {.len = 0};
	enum check_state state;

	verify(b, entry, &c);
	assert_int_equal(c.len, 1);
	state = c.items[0].state;
	checks_release(&c);
	return state;
}

/* --- the words -------------------------------------------------------------------------- */

static void test_line(void **state)
{
	static const struct {
		const char *line, *words, *after;
	} cases[] = {
		{"root=a quiet " PT, PT, "root=a quiet " OFF},
		{"root=a  quiet", PT, "root=a quiet " OFF},
		{"iommu=pt root=a iommu=pt", "iommu=pt", "iommu=pt root=a " OFF},
		{"root=a x=\"b c\" iommu=pt", "iommu=pt", "root=a x=\"b c\" " OFF},
		{"", "", OFF},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strv struct strv words = STRV_INIT;
		auto_free char *line = NULL;

		strv_split(&words, cases[i].words, " ");
		line = way_back_line(cases[i].line, &words);
		assert_string_equal(line, cases[i].after);
	}
}

static void test_words(void **state)
{
	static const char *const owned[] = {
		"grub iommu=pt",
		"grubby x=y",
		"systemd_boot [a.conf] iommu=pt",
		"systemd_boot [a.conf] intel_iommu=on",
		"systemd_boot [b.conf] nothing=here",
		"systemd_boot line:a.conf",
		"kernel_cmdline created",
	};
	static const struct {
		const char *target, *key, *drop_in, *words;
	} cases[] = {
		{"grub", NULL, NULL, "iommu=pt"},
		{"systemd_boot", "a.conf", NULL, "iommu=pt intel_iommu=on"},
		{"systemd_boot", "c.conf", NULL, ""},
		{"kernel_cmdline", NULL, "# c d\na=b c\n", "a=b c"},
		{"x", NULL,
		 "\n# c\nGRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT a=b c\"\n",
		 "a=b c"},
	};
	auto_strv struct strv tokens = STRV_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		strv_add(&tokens, owned[i]);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strv struct strv words = STRV_INIT;
		auto_free char *joined = NULL;

		way_back_words(&tokens, cases[i].target, cases[i].key, cases[i].drop_in, &words);
		joined = strv_join(&words, " ");
		assert_string_equal(joined, cases[i].words);
	}
}

/* --- GRUB --------------------------------------------------------------------------------- */

static void grub_bed(struct bed *b, const char *distro, const char *text)
{
	bed_init(b);
	b->platform.boot_loader = BOOT_GRUB;
	strv_add(&b->platform.distro_like, distro);
	bed_put(b, GRUB_FILE, text);
}

static void grub_drop(struct bed *b)
{
	strv_release(&b->platform.distro_like);
	bed_release(b);
}

/* What the real grub-mkconfig makes of it; false where it can't be asked. */
static bool mkconfig(const struct bed *b, struct str *menu)
{
	bool debian = strv_has(&b->platform.distro_like, "debian");
	char dir[] = "/tmp/vfiotui-grub-XXXXXX";
	auto_str struct str ignored = STR_INIT;
	int r;

	assert_non_null(mkdtemp(dir));
	bed_write(b, dir);
	r = shell_run(menu, "'%s/tests/support/grub-mkconfig' %s %s 2>&1", samples_top(), dir,
		      debian ? "dash" : "bash");
	if (r && r != 77)
		fail_msg("grub-mkconfig fails: %s", menu->data);
	shell_run(&ignored, "rm -r %s", dir);
	return r == 0;
}

/* Lines that say "linux", of our section or of all others. */
static void linux_lines(const struct str *menu, bool of_ours, struct strv *ret)
{
	auto_text struct text t = TEXT_INIT;
	bool ours = false;

	text_parse(&t, menu->data, menu->len);
	for (size_t i = 0; i < t.len; i++) {
		const char *line = t.lines[i].data;

		if (text_starts_with(line, "### "))
			ours = strstr(line, "BEGIN " SCRIPT) != NULL;
		if (strstr(line, "linux\t") && ours == of_ours)
			strv_add(ret, line);
	}
}

static const struct {
	const char *distro, *text;
	const char *kept; /* must stay on the entry's line */
	const char *gone; /* must not */
} grubs[] = {
	{"debian", "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n", "quiet", PT},
	{"debian",
	 "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX=\"ro.x=1\"\nGRUB_CMDLINE_LINUX_DEFAULT=\"a\"\n",
	 "ro.x=1 a", PT},
	/* by hand: it stays */
	{"debian", "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT=\"iommu=pt quiet\"\n",
	 "iommu=pt quiet", "intel_iommu=on"},
	{"arch", "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT=\"loglevel=3 quiet\"\n",
	 "loglevel=3 quiet", PT},
	{"arch",
	 "GRUB_TIMEOUT=5\nGRUB_DISABLE_SUBMENU=y\nGRUB_SAVEDEFAULT=true\nGRUB_DEFAULT=saved\n", "",
	 PT},
	{"arch",
	 "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX_DEFAULT='dyndbg=\\\"file drivers/vfio/* +p\\\" a'\n",
	 "drivers/vfio/* +p", PT},
};

static void check_grub(size_t i, const struct bed *b)
{
	auto_str struct str menu = STR_INIT;
	auto_strv struct strv own = STRV_INIT;
	auto_strv struct strv others = STRV_INIT;
	auto_strv struct strv gone = STRV_INIT;
	struct bed booted;

	if (!mkconfig(b, &menu))
		return;
	linux_lines(&menu, true, &own);
	linux_lines(&menu, false, &others);
	if (own.len != 1 || !strstr(own.items[0], OFF) || !strstr(own.items[0], grubs[i].kept))
		fail_msg("case %zu: %zu entries of ours, %s", i, own.len,
			 own.len ? own.items[0] : menu.data);
	strv_split(&gone, grubs[i].gone, " ");
	for (size_t k = 0; k < gone.len; k++)
		assert_null(strstr(own.items[0], gone.items[k]));
	assert_non_null(strstr(own.items[0], "vmlinuz-6.12.9"));
	assert_true(others.len > 0);
	for (size_t k = 0; k < others.len; k++)
		assert_null(strstr(others.items[k], "vfiotui=off"));
	assert_non_null(strstr(menu.data, "menuentry '" WAY_BACK_TITLE "'"));
	assert_null(strstr(strstr(menu.data, "BEGIN " SCRIPT), "savedefault"));
	bed_init(&booted);
	bed_copy(&booted, b);
	bed_put(&booted, CFG, menu.data);
	assert_int_equal(verified(&booted, &target_way_back_grub), CHECK_OK);
	bed_release(&booted);
	print_message("grub-mkconfig made the entry of case %zu\n", i);
}

static void test_grub(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(grubs); i++) {
		struct bed start, b;

		grub_bed(&start, grubs[i].distro, grubs[i].text);
		bed_put(&start, "/boot/vmlinuz-6.12.9", "");
		bed_put(&start, "/boot/initrd.img-6.12.9", "");
		bed_put(&start, "/boot/vmlinuz-6.1.0", "");
		bed_put(&start, "/boot/initrd.img-6.1.0", "");
		bed_copy(&b, &start);
		assert_int_equal(apply(&b, &target_grub, &target_way_back_grub, PT), 0);
		assert_non_null(bed_get(&b, SCRIPT));
		assert_int_equal(b.commands.len, 1); /* one menu for both */
		check_grub(i, &b);
		assert_int_equal(verified(&b, &target_way_back_grub),
				 CHECK_FAILED); /* no menu yet */
		assert_int_equal(apply(&b, &target_grub, &target_way_back_grub, PT), 0);
		assert_int_equal(b.commands.len, 0); /* twice is once */
		assert_int_equal(apply(&b, &target_grub, &target_way_back_grub, ""), 0);
		assert_true(bed_equal(&b, &start));
		bed_release(&b);
		grub_drop(&start);
	}
}

/* The script by itself: POSIX shell, and whatever 10_linux prints. */
static void test_grub_script(void **state)
{
	char dir[] = "/tmp/vfiotui-grub-XXXXXX";
	auto_str struct str out = STR_INIT;
	struct bed b;

	(void)state;
	grub_bed(&b, "debian", "GRUB_CMDLINE_LINUX_DEFAULT=quiet\n");
	assert_int_equal(apply(&b, &target_grub, &target_way_back_grub, PT), 0);
	assert_non_null(mkdtemp(dir));
	bed_write(&b, dir);
	if (shells_have("shellcheck") && shell_run(&out, "shellcheck -s sh %s" SCRIPT, dir) != 0)
		fail_msg("%s", out.data);
	shell_run(&out,
		  "cd %s/etc/grub.d && printf '#!/bin/sh\\necho \"set a=b\"; echo \"submenu x {\"; "
		  "echo \"menuentry 1 {\"; echo \"linux $GRUB_CMDLINE_LINUX_DEFAULT\"; echo \"}\"; "
		  "echo \"menuentry 2 {\"; echo \"}\"; echo \"}\"\\n' > 10_linux && chmod 755 * && "
		  "GRUB_CMDLINE_LINUX_DEFAULT='a intel_iommu=on b iommu=pt' ./90_vfiotui",
		  dir);
	assert_string_equal(out.data, "menuentry '" WAY_BACK_TITLE "' --class gnu-linux --class os "
				      "$menuentry_id_option 'vfiotui-without-passthrough' {\n"
				      "linux a b " OFF "\n}\n");
	shell_run(&out, "rm -r %s", dir);
	grub_drop(&b);
}

static void test_grub_hidden_menu(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"GRUB_TIMEOUT=5\n", "(the last one)"},
		{"GRUB_TIMEOUT=0\n", "GRUB_TIMEOUT=0 shows no menu"},
		{"GRUB_TIMEOUT=0\nGRUB_TIMEOUT_STYLE=hidden\n", "press Esc"},
		{"GRUB_HIDDEN_TIMEOUT=0\n", "the menu is hidden"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct checks c = {.len = 0};
		struct bed b;

		grub_bed(&b, "debian", cases[i].text);
		verify(&b, &target_way_back_grub, &c);
		if (!strstr(c.items[0].what, cases[i].says))
			fail_msg("case %zu: %s", i, c.items[0].what);
		checks_release(&c);
		grub_drop(&b);
	}
}

static void test_grub_verify(void **state)
{
#define S(line) "### BEGIN " SCRIPT " ###\nmenuentry 'x' {\n" line "}\n### END " SCRIPT " ###\n"
	static const struct {
		const char *cfg;
		enum check_state state;
	} cases[] = {
		{S("\tlinux\t/vmlinuz root=a quiet " OFF "\n"), CHECK_OK},
		{S("\tlinux\t/vmlinuz root=a iommu=pt " OFF "\n"), CHECK_FAILED},
		{S("\tlinux\t/vmlinuz root=a vfiotui=off\n"), CHECK_FAILED},
		{S(""), CHECK_FAILED},
		{"linux /vmlinuz " OFF "\n", CHECK_FAILED}, /* somebody else's */
	};
#undef S

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed b;

		grub_bed(&b, "debian", "");
		strv_add(&b.owned, "grub iommu=pt");
		bed_put(&b, CFG, cases[i].cfg);
		if (verified(&b, &target_way_back_grub) != cases[i].state)
			fail_msg("case %zu", i);
		grub_drop(&b);
	}
}

/* --- systemd-boot: a file beside the entry ------------------------------------------------- */

#define DIR "/boot/loader/entries/"
#define ARCH "title Arch\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\n"
#define MARK "# vfiotui: \"vfiotui undo\" takes this file away\n"
#define BESIDE                                                                                     \
	MARK "title Arch without passthrough\nlinux /vmlinuz-linux\ninitrd /initramfs-linux.img\n"

static void entry_bed(struct bed *b, enum boot_loader loader)
{
	bed_init(b);
	b->platform.boot_loader = loader;
	bed_put(b, DIR "arch.conf", ARCH "options root=a quiet\n");
	bed_put(b, "/boot/vmlinuz-linux", "");
}

static int apply_entry(struct bed *b, const char *params)
{
	return apply(b, &target_systemd_boot, &target_way_back_entry, params);
}

static void test_entry(void **state)
{
	static const char own[] = DIR "arch-without-passthrough.conf";
	struct bed start, b;

	(void)state;
	entry_bed(&start, BOOT_SYSTEMD_BOOT);
	bed_copy(&b, &start);
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(apply_entry(&b, PT), 0);
		assert_string_equal(bed_get(&b, DIR "arch.conf"),
				    ARCH "options root=a quiet " PT "\n");
		assert_string_equal(bed_get(&b, own), BESIDE "options root=a quiet " OFF "\n");
	}
	/* a parameter by hand stays in both, and goes from neither */
	bed_put(&b, DIR "arch.conf", ARCH "options root=b " PT " x=y\n");
	assert_int_equal(apply_entry(&b, PT), 0);
	assert_string_equal(bed_get(&b, own), BESIDE "options root=b x=y " OFF "\n");
	assert_int_equal(apply_entry(&b, ""), 0);
	assert_null(bed_get(&b, own));
	assert_int_equal(b.owned.len, 0);
	bed_release(&b);
	bed_release(&start);
}

static void test_entry_is_verified(void **state)
{
	struct checks c = {.len = 0};
	struct bed b;

	(void)state;
	entry_bed(&b, BOOT_SYSTEMD_BOOT);
	assert_int_equal(apply_entry(&b, PT), 0);
	verify(&b, &target_way_back_entry, &c);
	assert_int_equal(c.len, 2);
	assert_true(checks_hold(&c));
	checks_release(&c);
	bed_remove(&b, "/boot/vmlinuz-linux"); /* the kernel's package is gone */
	verify(&b, &target_way_back_entry, &c);
	assert_int_equal(c.items[0].state, CHECK_OK);
	assert_int_equal(c.items[1].state, CHECK_FAILED);
	checks_release(&c);
	bed_put(&b, DIR "arch-without-passthrough.conf", ARCH "options root=a iommu=pt\n");
	verify(&b, &target_way_back_entry, &c);
	assert_int_equal(c.items[0].state, CHECK_FAILED);
	checks_release(&c);
	bed_remove(&b, DIR "arch-without-passthrough.conf");
	verify(&b, &target_way_back_entry, &c);
	assert_int_equal(c.len, 1);
	assert_string_equal(c.items[0].found, "none was found");
	checks_release(&c);
	bed_release(&b);
}

/* The entry that started this system, else the default, else what starts when nobody says. */
static void test_entry_of_which(void **state)
{
	static const struct {
		const char *booted, *loader_conf, *source;
	} cases[] = {
		{"lts.conf", NULL, "lts"},
		{"LTS.conf", "default zen*\n", "lts"},
		{NULL, "timeout 3\ndefault  arch.conf\n", "arch"},
		{NULL, "default z*\n", "zen"},
		{NULL, "default windows.conf\n", "zen"},
		{NULL, NULL, "zen"},
		{"lts-without-passthrough.conf", NULL, "lts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *path = xasprintf(DIR "%s-without-passthrough.conf",
						 cases[i].source);
		auto_free char *booted = cases[i].booted ? xstrdup(cases[i].booted) : NULL;
		struct bed b;

		entry_bed(&b, BOOT_SYSTEMD_BOOT);
		b.platform.boot_entry = booted;
		bed_put(&b, DIR "lts.conf", ARCH);
		bed_put(&b, DIR "zen.conf", ARCH);
		bed_put(&b, DIR "zen-fallback.conf", ARCH);
		bed_put(&b, DIR "windows.conf", "title W\nefi /w.efi\n");
		if (cases[i].loader_conf)
			bed_put(&b, "/boot/loader/loader.conf", cases[i].loader_conf);
		assert_int_equal(apply_entry(&b, PT), 0);
		if (!bed_get(&b, path))
			fail_msg("case %zu: no %s", i, path);
		bed_release(&b);
	}
}

/* Another entry starts the system: the file follows it. */
static void test_entry_moves(void **state)
{
	struct bed b;

	(void)state;
	entry_bed(&b, BOOT_SYSTEMD_BOOT);
	assert_int_equal(apply_entry(&b, PT), 0);
	bed_put(&b, DIR "zen.conf", ARCH "options root=z\n");
	assert_int_equal(apply_entry(&b, PT), 0);
	assert_null(bed_get(&b, DIR "arch-without-passthrough.conf"));
	assert_non_null(bed_get(&b, DIR "zen-without-passthrough.conf"));
	bed_release(&b);
}

static void test_entry_of_a_unified_image(void **state)
{
	static const char own[] = "/efi/loader/entries/vfiotui-without-passthrough.conf";
	struct bed b;

	(void)state;
	bed_init(&b);
	b.platform.boot_loader = BOOT_KERNEL_CMDLINE;
	b.platform.initramfs = INITRAMFS_MKINITCPIO;
	bed_put(&b, "/etc/mkinitcpio.d/linux.preset",
		"PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/arch-linux.efi\"\n");
	bed_put(&b, "/etc/kernel/cmdline", "root=a rw\n");
	bed_put(&b, "/efi/loader/loader.conf", "timeout 3\n");
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(apply(&b, &target_kernel_cmdline, &target_way_back_entry, PT), 0);
		assert_string_equal(bed_get(&b, own),
				    MARK "title " WAY_BACK_TITLE "\nefi /EFI/Linux/arch-linux.efi\n"
					 "options root=a rw " OFF "\n");
	}
	bed_put(&b, "/usr/bin/mkinitcpio", "cmdline.d"); /* from now on in a drop-in */
	assert_int_equal(apply(&b, &target_kernel_cmdline, &target_way_back_entry, PT), 0);
	assert_non_null(bed_get(&b, "/etc/cmdline.d/90-vfiotui.conf"));
	assert_non_null(strstr(bed_get(&b, own), "options root=a rw " OFF "\n"));
	/* of a directory's files, of which one is edited, no line is made up here */
	bed_put(&b, "/etc/mkinitcpio.d/linux.preset",
		"PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/arch-linux.efi\"\n"
		"default_cmdline=/etc/own.d\n");
	bed_put(&b, "/etc/own.d/10-root.conf", "root=a\n");
	bed_put(&b, "/etc/own.d/20-more.conf", "rw\n");
	assert_int_equal(apply(&b, &target_kernel_cmdline, &target_way_back_entry, PT), 0);
	assert_null(bed_get(&b, own));
	bed_put(&b, "/etc/mkinitcpio.d/linux.preset",
		"PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/arch-linux.efi\"\n");
	assert_int_equal(apply(&b, &target_kernel_cmdline, &target_way_back_entry, PT), 0);
	assert_non_null(bed_get(&b, own));
	b.platform.secure_boot = true; /* the stub takes its own line only */
	assert_int_equal(apply(&b, &target_kernel_cmdline, &target_way_back_entry, PT), 0);
	assert_null(bed_get(&b, own));
	bed_release(&b);
}

/* --- kernel-install: a plugin ----------------------------------------------------------------- */

#define PLUGIN "/etc/kernel/install.d/95-vfiotui.install"
#define ID "0123456789abcdef0123456789abcdef"
#define FEDORA(version, options)                                                                   \
	"title Fedora (" version ")\nversion " version "\nlinux /vmlinuz-" version                 \
	"\ninitrd /initramfs-" version ".img\noptions " options "\ngrub_users $grub_users\n"

/* Runs the plugin on the files below `dir`; they may not be the real /boot. */
static void run_plugin(const char *dir, const char *arguments)
{
	auto_str struct str out = STR_INIT;

	if (shell_run(&out,
		      "sed 's|^boot=|&%s|; s|/etc/kernel/cmdline|%s&|' %s" PLUGIN
		      " >%s/plugin && sh "
		      "%s/plugin %s 2>&1",
		      dir, dir, dir, dir, dir, arguments))
		fail_msg("%s", out.data);
}

static void assert_file(const char *dir, const char *path, const char *text)
{
	auto_free char *full = xasprintf("%s%s", dir, path);
	auto_str struct str bytes = STR_INIT;

	if (!slurp(full, &bytes))
		fail_msg("no %s", path);
	assert_string_equal(bytes.data, text);
}

static void bls_bed(struct bed *b)
{
	bed_init(b);
	b->platform.boot_loader = BOOT_GRUB_BLS;
	bed_put(b, DIR ID "-0-rescue.conf", FEDORA("0-rescue", "root=a"));
	bed_put(b, DIR ID "-6.9.5.conf", FEDORA("6.9.5", "root=a old"));
	bed_put(b, DIR ID "-6.12.8.conf", FEDORA("6.12.8", "root=a x=\"b c\" quiet"));
}

static void test_plugin(void **state)
{
	static const char own[] = DIR ID "-0-without-passthrough.conf";
	char dir[] = "/tmp/vfiotui-plugin-XXXXXX";
	auto_str struct str out = STR_INIT;
	struct bed b;

	(void)state;
	bls_bed(&b);
	assert_int_equal(apply(&b, &target_grub_bls, &target_way_back_install, PT), 0);
	assert_int_equal(b.commands.len, 2);
	assert_non_null(strstr(b.commands.items[0], "grubby"));
	assert_string_equal(b.commands.items[1], PLUGIN " add"); /* behind grubby */
	assert_int_equal(bed_mode(&b, PLUGIN), 0755);
	/* what grubby does */
	bed_put(&b, DIR ID "-6.12.8.conf", FEDORA("6.12.8", "root=a x=\"b c\" quiet " PT));
	bed_put(&b, DIR ID "-6.9.5.conf", FEDORA("6.9.5", "root=a old " PT));
	assert_non_null(mkdtemp(dir));
	bed_write(&b, dir);
	if (shells_have("shellcheck") && shell_run(&out, "shellcheck -s sh %s" PLUGIN, dir))
		fail_msg("%s", out.data);
	run_plugin(dir, "add 6.12.8 /boot");
	assert_file(dir, own,
		    "title Fedora (6.12.8) without passthrough\nversion 6.12.8\nlinux "
		    "/vmlinuz-6.12.8\ninitrd /initramfs-6.12.8.img\ngrub_users $grub_users\n"
		    "options root=a x=\"b c\" quiet " OFF "\n");
	/* that kernel goes: the next one is the newest */
	shell_run(&out, "rm %s" DIR ID "-6.12.8.conf", dir);
	run_plugin(dir, "remove 6.12.8");
	assert_file(dir, own,
		    "title Fedora (6.9.5) without passthrough\nversion 6.9.5\nlinux "
		    "/vmlinuz-6.9.5\ninitrd /initramfs-6.9.5.img\ngrub_users $grub_users\n"
		    "options root=a old " OFF "\n");
	run_plugin(dir, "inspect");
	shell_run(&out, "rm -r %s", dir);

	assert_int_equal(apply(&b, &target_grub_bls, &target_way_back_install, PT), 0);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(apply(&b, &target_grub_bls, &target_way_back_install, ""), 0);
	assert_null(bed_get(&b, PLUGIN));
	assert_string_equal(
		b.commands.items[b.commands.len - 1],
		"find /boot/loader/entries -name *-0-without-passthrough.conf* -delete");
	bed_release(&b);
}

static void test_plugin_with_images(void **state)
{
	char dir[] = "/tmp/vfiotui-plugin-XXXXXX";
	auto_str struct str out = STR_INIT;
	struct bed b;

	(void)state;
	bed_init(&b);
	b.platform.boot_loader = BOOT_KERNEL_CMDLINE;
	bed_put(&b, "/usr/bin/kernel-install", "");
	bed_put(&b, "/efi/loader/loader.conf", "");
	bed_put(&b, "/etc/kernel/cmdline", "# mine\nroot=a\nquiet\n");
	bed_put(&b, "/efi/EFI/Linux/" ID "-6.9.5.efi", "");
	bed_put(&b, "/efi/EFI/Linux/" ID "-6.12.8.efi", "");
	bed_put(&b, "/efi/loader/entries/x", "");
	assert_int_equal(apply(&b, &target_kernel_cmdline, &target_way_back_install, PT), 0);
	assert_non_null(mkdtemp(dir));
	bed_write(&b, dir);
	run_plugin(dir, "add");
	assert_file(dir, "/efi/loader/entries/" ID "-0-without-passthrough.conf",
		    "title " WAY_BACK_TITLE "\nefi /EFI/Linux/" ID
		    "-6.12.8.efi\noptions root=a quiet " OFF "\n");
	shell_run(&out, "rm -r %s", dir);
	bed_release(&b);
}

static void test_plugin_is_verified(void **state)
{
	struct checks c = {.len = 0};
	struct bed b;

	(void)state;
	bls_bed(&b);
	assert_int_equal(apply(&b, &target_grub_bls, &target_way_back_install, PT), 0);
	verify(&b, &target_way_back_install, &c);
	assert_int_equal(c.items[0].state, CHECK_FAILED);
	assert_string_equal(c.items[0].remedy, PLUGIN " add");
	checks_release(&c);
	bed_put(&b, DIR ID "-0-without-passthrough.conf", FEDORA("6.12.8", "root=a " OFF));
	assert_int_equal(verified(&b, &target_way_back_install), CHECK_OK);
	/* somebody ran grubby --update-kernel=ALL */
	bed_put(&b, DIR ID "-0-without-passthrough.conf", FEDORA("6.12.8", "root=a " OFF " " PT));
	assert_int_equal(verified(&b, &target_way_back_install), CHECK_FAILED);
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_entry_is_verified),
		cmocka_unit_test(test_entry_of_which),
		cmocka_unit_test(test_entry_moves),
		cmocka_unit_test(test_entry_of_a_unified_image),
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_plugin_with_images),
		cmocka_unit_test(test_plugin_is_verified),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_grub),
		cmocka_unit_test(test_grub_script),
		cmocka_unit_test(test_grub_hidden_menu),
		cmocka_unit_test(test_grub_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
