/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The initramfs-tools target: the modules file, the hook, and the generator's own reading. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/samples.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "config/image.h"

#define MODULES "/etc/initramfs-tools/modules"
#define HOOK "/etc/initramfs-tools/hooks/vfiotui"
#define FUNCTIONS "/usr/share/initramfs-tools/hook-functions"
#define HEADER "# vfiotui: modules for passthrough (\"vfiotui undo\" takes this back)\n"
#define EARLY "vfio_pci vfio vfio_iommu_type1"

static int apply(struct bed *b, const char *early, const char *ids, const char *waiting, bool rule)
{
	struct wish w;
	int r;

	wish_init(&w);
	strv_split(&w.early_modules, early, " ");
	strv_split(&w.ids, ids, " ");
	strv_split(&w.host_modules, waiting, " ");
	if (rule)
		strv_add(&w.early_files, UDEV_BIND_PATH);
	r = bed_apply(b, &target_initramfs_tools, &w);
	wish_release(&w);
	return r;
}

static const struct {
	const char *what, *before, *early, *ids, *waiting, *after;
} exact[] = {
	{"no file", NULL, EARLY, "", "", HEADER "vfio_pci\nvfio\nvfio_iommu_type1\n"},
	{"no file, no wish", NULL, "", "", "", NULL},
	{"an empty file", "", EARLY, "", "", "vfio_pci\nvfio\nvfio_iommu_type1\n"},
	{"at the end", "# list\nraid1\n", "vfio_pci", "", "", "# list\nraid1\nvfio_pci\n"},
	{"before a driver that waits", "raid1\namdgpu\n", "vfio_pci vfio", "", "nouveau amdgpu",
	 "raid1\nvfio_pci\nvfio\namdgpu\n"},
	{"a dash is an underscore", "vfio-pci\nvfio\nvfio_iommu_type1\n", EARLY, "", "",
	 "vfio-pci\nvfio\nvfio_iommu_type1\n"},
	{"a comment loads nothing", "#vfio_pci\n", "vfio_pci", "", "", "#vfio_pci\nvfio_pci\n"},
	{"a module with CR does not exist", "vfio_pci\r\n", "vfio_pci", "", "",
	 "vfio_pci\r\nvfio_pci\n"},
	{"softdep is a module's name here", "softdep nvidia pre: vfio_pci\n", "vfio_pci", "", "",
	 "softdep nvidia pre: vfio_pci\nvfio_pci\n"},
	{"no final newline", "raid1\nsd_mod", "vfio_pci", "", "", "raid1\nvfio_pci\nsd_mod"},
	{"ids of the line are kept", "vfio_pci ids=10de:1b80,10de:10f0\n", "vfio_pci",
	 "10de:1b80 10de:10f0", "", "vfio_pci ids=10de:1b80,10de:10f0\n"},
	{"ids of the line follow the wish", "vfio_pci ids=10de:1b80,1002:67df disable_vga=1\n",
	 "vfio_pci", "10de:1b80 10de:10f0", "", "vfio_pci ids=10de:1b80,10de:10f0 disable_vga=1\n"},
	{"ids of the line go", "\tvfio-pci\tids=10de:1b80 disable_vga=1\n", "vfio_pci", "", "",
	 "\tvfio-pci disable_vga=1\n"},
};

static void test_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		struct bed b;
		const char *got;

		bed_init(&b);
		if (exact[i].before)
			bed_put(&b, MODULES, exact[i].before);
		assert_int_equal(apply(&b, exact[i].early, exact[i].ids, exact[i].waiting, false),
				 0);
		got = bed_get(&b, MODULES);
		if (!exact[i].after != !got || (got && strcmp(got, exact[i].after) != 0))
			fail_msg("%s: got\n%s", exact[i].what, got ? got : "(no file)");
		bed_release(&b);
	}
}

/* The words "module args" of each line, as the generator's own function hands them to the image. */
static char *generator_reads(const char *bytes, size_t len)
{
	struct str out = STR_INIT;
	char *root = tmproot_new();

	tmproot_put_bytes(root, "/modules", bytes, len);
	tmproot_mkdir(root, "/conf");
	if (shell_run(&out,
		      "cd '%s' && DESTDIR=$PWD version=x sh -c '. " FUNCTIONS
		      "; manual_add_modules() { :; }; add_modules_from_file $DESTDIR/modules; "
		      "cat conf/modules 2>/dev/null || :'",
		      root))
		fail_msg("the generator's functions fail");
	tmproot_remove(root);
	return str_take(&out);
}

static bool loads(const char *listing, const char *module)
{
	auto_free char *all = xasprintf("\n%s", listing);
	auto_free char *want = xasprintf("\n%s", module);

	for (char *p = all; *p; p++)
		*p = *p == '-' ? '_' : *p;
	for (const char *p = strstr(all, want); p; p = strstr(p + 1, want))
		if (strchr(" \n", p[strlen(want)]))
			return true;
	return false;
}

static void laws(const char *path, const char *bytes, size_t len, void *data)
{
	bool have = !access(FUNCTIONS, R_OK);
	struct present present = {0};
	struct bed start;
	struct bed none;
	struct bed once;

	(void)data;
	if (text_ends_with(path, ".conf") || text_ends_with(path, "splash"))
		return; /* other files of the generator */
	bed_init(&start);
	bed_put_bytes(&start, MODULES, bytes, len);
	bed_copy(&none, &start);
	assert_int_equal(apply(&none, "", "", "", false), 0);
	bed_present(&start, &target_initramfs_tools, &present);
	if (!present.ids.len && !bed_equal(&none, &start))
		fail_msg("%s: changed without a wish", path);
	present_release(&present);
	bed_copy(&once, &start);
	assert_int_equal(apply(&once, EARLY, "10de:1b80", "amdgpu nvidia", true), 0);
	if (have) {
		auto_free char *listing = generator_reads(bed_get(&once, MODULES),
							  strlen(bed_get(&once, MODULES)));

		assert_true(loads(listing, "vfio_pci"));
		assert_true(loads(listing, "vfio"));
		assert_true(loads(listing, "vfio_iommu_type1"));
	}
	bed_release(&start);
	bed_copy(&start, &once);
	assert_int_equal(apply(&once, EARLY, "10de:1b80", "amdgpu nvidia", true), 0);
	assert_true(bed_equal(&once, &start));
	assert_int_equal(once.commands.len, 0);
	assert_int_equal(apply(&once, "", "", "", false), 0);
	if (!bed_equal(&once, &none))
		fail_msg("%s: not taken back:\n%s", path, bed_get(&once, MODULES));
	assert_int_equal(once.owned.len, 0);
	bed_release(&start);
	bed_release(&none);
	bed_release(&once);
}

static void test_laws(void **state)
{
	(void)state;
	if (access(FUNCTIONS, R_OK))
		fprintf(stderr,
			"SKIPPED: the generator's own reading (needs initramfs-tools-core)\n");
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++)
		if (exact[i].before)
			laws(exact[i].what, exact[i].before, strlen(exact[i].before), NULL);
	assert_true(samples_each("initramfs-tools", laws, NULL) >= 5);
}

static void test_hook(void **state)
{
	auto_str struct str out = STR_INIT;
	char *root = tmproot_new();
	struct bed b;

	(void)state;
	bed_init(&b);
	assert_int_equal(apply(&b, "vfio_pci", "", "", true), 0);
	assert_int_equal(bed_mode(&b, HOOK), 0755);
	assert_int_equal(b.commands.len, 1);
	assert_string_equal(b.commands.items[0], "update-initramfs -u -k all");
	assert_true(b.reboot);
	bed_write(&b, root);
	assert_int_equal(
		shell_run(&out, "cd '%s' && sh -n .%s && sh .%s prereqs", root, HOOK, HOOK), 0);
	assert_string_equal(out.data, "udev\n");
	if (shell_run(&out, "command -v shellcheck"))
		fprintf(stderr, "SKIPPED: shellcheck of the hook\n");
	else if (shell_run(&out, "shellcheck -e SC1091 '%s%s'", root, HOOK))
		fail_msg("%s", out.data);
	tmproot_remove(root);
	assert_int_equal(apply(&b, "", "", "", false), 0);
	assert_int_equal(b.len, 0);
	bed_release(&b);
}

/* The hook with the real functions, on a copy that looks for the rule below a pretend root. */
static void test_hook_runs(void **state)
{
	auto_str struct str out = STR_INIT;
	char *root = tmproot_new();
	struct bed b;

	(void)state;
	if (access(FUNCTIONS, R_OK)) {
		fprintf(stderr, "SKIPPED: the hook's run (needs initramfs-tools-core)\n");
		tmproot_remove(root);
		skip();
	}
	bed_init(&b);
	assert_int_equal(apply(&b, "vfio_pci", "", "", true), 0);
	bed_put(&b, UDEV_BIND_PATH, "# rule\n");
	bed_write(&b, root);
	assert_int_equal(
		shell_run(&out,
			  "cd '%s' && mkdir image image/conf && sed \"s,/etc/udev,$PWD&,g; "
			  "s,^manual_add_modules.*,echo loads vfio-pci,\" .%s > h && "
			  "DESTDIR=$PWD/image version=x sh h",
			  root, HOOK),
		0);
	assert_string_equal(out.data, "loads vfio-pci\n");
	assert_true(tmproot_has(root, "/image/usr/lib/udev/rules.d/05-vfiotui-bind.rules"));
	tmproot_remove(root);
	bed_release(&b);
}

static void test_present(void **state)
{
	struct present p = {0};
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, MODULES,
		"#vfio_pci ids=1:2\nvfio-pci disable_vga=1 ids=10DE:1B80,10de:10f0\npci_stub "
		"ids=1002:67b0\n");
	bed_present(&b, &target_initramfs_tools, &p);
	assert_int_equal(p.ids.len, 2);
	assert_string_equal(p.ids.items[0], "10de:1b80");
	assert_string_equal(p.where.items[0], MODULES);
	present_release(&p);
	bed_release(&b);
}

/* What `lsinitramfs` prints, judged. */
static void test_listing(void **state)
{
	static const struct {
		const char *listing;
		const char *states; /* of vfio-pci, vfio.conf, the rule: o ok, F failed */
	} cases[] = {
		{"usr/lib/modules/6.1/kernel/drivers/vfio/pci/vfio-pci.ko\netc/modprobe.d/"
		 "vfio.conf\n"
		 "usr/lib/udev/rules.d/05-vfiotui-bind.rules\n",
		 "ooo"},
		{"lib/modules/6.1/kernel/drivers/vfio/pci/vfio-pci.ko.zst\n", "oFF"},
		{"usr/lib/modules/6.1/kernel/drivers/vfio/pci/vfio-pci-core.ko\netc/modprobe.d/"
		 "vfio.conf\n",
		 "FoF"},
		{"", "FFF"},
	};
	char *root = tmproot_new();
	struct host *host = NULL;
	struct platform platform = {0};
	struct target_context ctx = {.platform = &platform};
	struct wish w;

	(void)state;
	tmproot_put(root, MODPROBE_PATH, "x");
	tmproot_put(root, UDEV_BIND_PATH, "x");
	tmproot_put(root, "/lib/modules/6.9/modules.builtin",
		    "kernel/drivers/vfio/pci/vfio-pci.ko\n");
	assert_int_equal(host_open(root, &host, NULL), 0);
	ctx.host = host;
	wish_init(&w);
	strv_add(&w.early_modules, "vfio_pci");
	strv_add(&w.early_files, MODPROBE_PATH);
	strv_add(&w.early_files, UDEV_BIND_PATH);
	strv_add(&w.early_files, "/etc/not-there");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct checks c = {0};

		check_listing(&ctx, &w, "6.1", cases[i].listing, "rebuild", &c);
		assert_int_equal(c.len, 3);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(c.items[j].state == CHECK_OK, cases[i].states[j] == 'o');
		checks_release(&c);
		check_listing(&ctx, &w, "6.9", cases[i].listing, "rebuild", &c);
		assert_int_equal(c.len, 2); /* built in: only the files */
		checks_release(&c);
	}
	{ /* an image that is named by a preset says itself for which kernel it is */
		struct checks c = {0};

		check_listing(&ctx, &w, "linux default", "usr/lib/modules/6.9/modules.dep\n",
			      "rebuild", &c);
		assert_int_equal(c.len, 2);
		checks_release(&c);
	}
	wish_release(&w);
	host_free(host);
	tmproot_remove(root);
}

/* An image that is older than a file inside may hold a former version of it. */
static void test_age(void **state)
{
	static const struct {
		long image, file;
		size_t failures;
	} cases[] = {{2000, 1000, 0}, {1000, 1000, 0}, {1000, 2000, 1}};
	char *root = tmproot_new();
	auto_free char *image = tmproot_path(root, "/boot/initrd.img-6.1");
	auto_free char *file = tmproot_path(root, MODPROBE_PATH);
	struct host *host = NULL;
	struct target_context ctx = {.platform = NULL};
	struct wish w;

	(void)state;
	tmproot_put(root, "/boot/initrd.img-6.1", "x");
	tmproot_put(root, MODPROBE_PATH, "x");
	assert_int_equal(host_open(root, &host, NULL), 0);
	ctx.host = host;
	wish_init(&w);
	strv_add(&w.early_files, MODPROBE_PATH);
	strv_add(&w.early_files, "/etc/not-there");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct timespec built[2] = {{cases[i].image, 0}, {cases[i].image, 0}};
		const struct timespec written[2] = {{cases[i].file, 0}, {cases[i].file, 0}};
		struct checks c = {0};

		assert_int_equal(utimensat(AT_FDCWD, image, built, 0), 0);
		assert_int_equal(utimensat(AT_FDCWD, file, written, 0), 0);
		check_image_age(&ctx, &w, "6.1", "/boot/initrd.img-6.1", "rebuild", &c);
		check_image_age(&ctx, &w, "6.2", "/boot/initrd.img-6.2", "rebuild", &c);
		assert_int_equal(c.len, cases[i].failures);
		checks_release(&c);
	}
	wish_release(&w);
	host_free(host);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),   cmocka_unit_test(test_laws),
		cmocka_unit_test(test_hook),    cmocka_unit_test(test_hook_runs),
		cmocka_unit_test(test_present), cmocka_unit_test(test_listing),
		cmocka_unit_test(test_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
