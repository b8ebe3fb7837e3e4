/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot chains that a program of theirs edits: grubby, rpm-ostree, kernelstub. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "base/mem.h"

#define BLS "/boot/loader/entries/"
#define STUB "/etc/kernelstub/configuration"
#define E "title F\nversion 1\nlinux /vmlinuz\noptions "
#define USER(list)                                                                                 \
	"{\"default\": {\"kernel_options\": []}, \"user\": {\"kernel_options\": [" list "]}}"

/* Plans once; `commands` joined by "; ", with the undoing ones behind " <- ". */
static int plan(const struct target *target, struct bed *b, const char *params, const char *ids,
		char **commands)
{
	struct files *files = files_new_memory();
	struct target_context ctx = {.files = files, .platform = &b->platform};
	auto_strv struct strv all = STRV_INIT;
	struct changes c;
	struct wish w;
	int r;

	for (size_t i = 0; i < b->len; i++)
		files_put(files, b->files[i].path, b->files[i].bytes.data, b->files[i].bytes.len);
	changes_init(&c, files);
	wish_init(&w);
	strv_split(&w.kernel_params, params, " ");
	strv_split(&w.ids, ids, " ");
	strv_copy(&w.owned, &b->owned);
	if (*params)
		wish_add_device(&w);
	r = target->plan(&ctx, &w, &c, &b->err);
	assert_int_equal(c.len, 0); /* files are the program's to change */
	for (size_t i = 0; r >= 0 && i < c.commands_len; i++) {
		auto_free char *argv = strv_join(&c.commands[i].argv, " ");
		auto_free char *undo = strv_join(&c.commands[i].undo_argv, " ");

		assert_int_equal(c.commands[i].stage, COMMAND_BOOT);
		assert_true(c.reboot);
		strv_addf(&all, "%s <- %s", argv, undo);
	}
	*commands = strv_join(&all, "; ");
	if (r >= 0) {
		strv_release(&b->owned);
		strv_copy(&b->owned, &c.owned);
	}
	wish_release(&w);
	changes_release(&c);
	files_free(files);
	return r;
}

static const struct {
	const struct target *target;
	const char *path, *text; /* what is there */
	const char *params, *ids;
	const char *commands;   /* NULL: refused */
	const char *text_after; /* what the program makes of it */
	const char *taken_back; /* the commands when nothing is wished any more */
} cases[] = {
	{&target_grub_bls, BLS "a.conf", E "root=a quiet\n", "intel_iommu=on iommu=pt", "",
	 "grubby --update-kernel=ALL --args=intel_iommu=on iommu=pt <- "
	 "grubby --update-kernel=ALL --remove-args=intel_iommu=on iommu=pt",
	 E "root=a quiet intel_iommu=on iommu=pt\n",
	 "grubby --update-kernel=ALL --remove-args=intel_iommu=on iommu=pt <- "
	 "grubby --update-kernel=ALL --args=intel_iommu=on iommu=pt"},
	/* by hand: not ours to take away */
	{&target_grub_bls, BLS "a.conf", E "root=a iommu=pt\n", "iommu=pt", "", "",
	 E "root=a iommu=pt\n", ""},
	/* grubby replaces the key, and undoing puts it back */
	{&target_grub_bls, BLS "a.conf", E "root=a intel_iommu=off\n", "intel_iommu=on", "",
	 "grubby --update-kernel=ALL --args=intel_iommu=on <- grubby --update-kernel=ALL "
	 "--remove-args=intel_iommu=on --args=intel_iommu=off",
	 E "root=a intel_iommu=on\n",
	 "grubby --update-kernel=ALL --args=intel_iommu=off <- grubby "
	 "--update-kernel=ALL --remove-args=intel_iommu=off --args=intel_iommu=on"},
	{&target_grub_bls, BLS "a.conf", E "root=a amd_iommu=off\n", "iommu=pt", "", NULL, NULL,
	 NULL},
	{&target_ostree, BLS "ostree-1.conf", E "root=a\n", "iommu=pt", "",
	 "rpm-ostree kargs --append-if-missing=iommu=pt <- rpm-ostree kargs "
	 "--delete-if-present=iommu=pt",
	 E "root=a iommu=pt\n",
	 "rpm-ostree kargs --delete-if-present=iommu=pt <- rpm-ostree kargs "
	 "--append-if-missing=iommu=pt"},
	{&target_ostree, BLS "ostree-1.conf", E "root=a vfio-pci.ids=10de:1b80,10de:10f0\n",
	 "iommu=pt", "10de:1b80",
	 "rpm-ostree kargs --delete-if-present=vfio-pci.ids=10de:1b80,10de:10f0 "
	 "--append-if-missing=vfio-pci.ids=10de:1b80 --append-if-missing=iommu=pt <- "
	 "rpm-ostree kargs --delete-if-present=vfio-pci.ids=10de:1b80 "
	 "--delete-if-present=iommu=pt "
	 "--append-if-missing=vfio-pci.ids=10de:1b80,10de:10f0",
	 E "root=a vfio-pci.ids=10de:1b80 iommu=pt\n",
	 "rpm-ostree kargs --delete-if-present=vfio-pci.ids=10de:1b80 "
	 "--delete-if-present=iommu=pt <- rpm-ostree kargs "
	 "--append-if-missing=vfio-pci.ids=10de:1b80 --append-if-missing=iommu=pt"},
	{&target_kernelstub, STUB, USER("\"quiet\", \"splash\""), "intel_iommu=on iommu=pt", "",
	 "kernelstub -a intel_iommu=on iommu=pt <- kernelstub -d intel_iommu=on iommu=pt",
	 USER("\"quiet\", \"splash\", \"intel_iommu=on\", \"iommu=pt\""),
	 "kernelstub -d intel_iommu=on iommu=pt <- kernelstub -a intel_iommu=on iommu=pt"},
	{&target_kernelstub, STUB, "{\"user\": {\"kernel_options\": \"quiet iommu=pt\"}}",
	 "iommu=pt", "", "", "{\"user\": {\"kernel_options\": \"quiet iommu=pt\"}}", ""},
	{&target_kernelstub, STUB, "{\"user\": ", "iommu=pt", "", NULL, NULL, NULL},
	{&target_kernelstub, STUB, "{}", "iommu=pt", "", NULL, NULL, NULL},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *none = NULL, *first = NULL, *twice = NULL, *back = NULL;
		struct bed b;
		int r;

		bed_init(&b);
		bed_put(&b, cases[i].path, cases[i].text);
		r = plan(cases[i].target, &b, cases[i].params, cases[i].ids, &first);
		if (!cases[i].commands) {
			assert_true(r < 0);
			assert_non_null(strchr(b.err.text, '/'));
			bed_release(&b);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(first, cases[i].commands);
		bed_put(&b, cases[i].path, cases[i].text_after);
		assert_int_equal(plan(cases[i].target, &b, cases[i].params, cases[i].ids, &twice),
				 0);
		assert_string_equal(twice, "");
		assert_int_equal(plan(cases[i].target, &b, "", "", &back), 0);
		assert_string_equal(back, cases[i].taken_back);
		assert_int_equal(b.owned.len, 0);
		bed_put(&b, cases[i].path, cases[i].text);
		if (!*cases[i].ids)
			assert_int_equal(plan(cases[i].target, &b, "", "", &none), 0);
		if (!*cases[i].ids)
			assert_string_equal(none, "");
		bed_release(&b);
	}
}

#define ENTRY(kernel, options)                                                                     \
	"title F\nversion " kernel "\nlinux /vmlinuz-" kernel "\noptions " options "\n"

/*
 * grubby does one thing to all entries; what an entry had by hand stays, or comes back, when ours goes.
 * The commands were run with the grubby of Fedora (grubby-bls) on these entries.
 */
static void test_each_entry_keeps_its_own(void **state)
{
	auto_free char *first = NULL, *twice = NULL, *back = NULL;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, BLS "a.conf", ENTRY("6.1", "root=a iommu=pt"));
	bed_put(&b, BLS "b.conf", ENTRY("6.2", "root=a"));
	bed_put(&b, BLS "c.conf", ENTRY("6.3", "root=a intel_iommu=off"));
	assert_int_equal(plan(&target_grub_bls, &b, "intel_iommu=on iommu=pt", "", &first), 0);
	assert_string_equal(first,
			    "grubby --update-kernel=ALL --args=intel_iommu=on iommu=pt <- "
			    "grubby --update-kernel=ALL --remove-args=intel_iommu=on iommu=pt; "
			    "grubby --update-kernel=/boot/vmlinuz-6.1 --args=intel_iommu=on "
			    "iommu=pt <- grubby --update-kernel=/boot/vmlinuz-6.1 --args=iommu=pt; "
			    "grubby --update-kernel=/boot/vmlinuz-6.3 --args=intel_iommu=on "
			    "iommu=pt <- grubby --update-kernel=/boot/vmlinuz-6.3 "
			    "--args=intel_iommu=off");
	bed_put(&b, BLS "a.conf", ENTRY("6.1", "root=a intel_iommu=on iommu=pt"));
	bed_put(&b, BLS "b.conf", ENTRY("6.2", "root=a intel_iommu=on iommu=pt"));
	bed_put(&b, BLS "c.conf", ENTRY("6.3", "root=a intel_iommu=on iommu=pt"));
	bed_put(&b, BLS "d.conf", ENTRY("6.4", "root=a intel_iommu=on iommu=pt")); /* came since */
	assert_int_equal(plan(&target_grub_bls, &b, "intel_iommu=on iommu=pt", "", &twice), 0);
	assert_string_equal(twice, "");
	assert_int_equal(plan(&target_grub_bls, &b, "", "", &back), 0);
	assert_string_equal(back,
			    "grubby --update-kernel=ALL --remove-args=intel_iommu=on iommu=pt <- "
			    "grubby --update-kernel=ALL --args=intel_iommu=on iommu=pt; "
			    "grubby --update-kernel=/boot/vmlinuz-6.1 --args=iommu=pt <- "
			    "grubby --update-kernel=/boot/vmlinuz-6.1 --args=intel_iommu=on "
			    "iommu=pt; "
			    "grubby --update-kernel=/boot/vmlinuz-6.3 --args=intel_iommu=off <- "
			    "grubby --update-kernel=/boot/vmlinuz-6.3 --args=intel_iommu=on "
			    "iommu=pt");
	assert_int_equal(b.owned.len, 0);
	bed_release(&b);
}

/* One entry lacks it: grubby gives it to all. */
static void test_one_entry_lacks_it(void **state)
{
	auto_free char *commands = NULL, *rescue = NULL;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, BLS "a.conf", E "root=a iommu=pt\n");
	bed_put(&b, BLS "b.conf", E "root=a\n");
	assert_int_equal(plan(&target_grub_bls, &b, "iommu=pt", "", &commands), 0);
	assert_non_null(strstr(commands, "--args=iommu=pt <-"));
	bed_put(&b, BLS "b.conf", E "root=a iommu=pt\n");
	bed_put(&b, BLS "c-0-rescue.conf", E "root=a\n"); /* its line does not count */
	strv_release(&b.owned);
	assert_int_equal(plan(&target_grub_bls, &b, "iommu=pt", "", &rescue), 0);
	assert_string_equal(rescue, "");
	bed_release(&b);
}

static void test_grub_environment(void **state)
{
	auto_free char *commands = NULL;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, BLS "a.conf", E "$kernelopts $tuned_params\n");
	bed_put(&b, "/boot/grub2/grubenv",
		"# GRUB Environment Block\nkernelopts=root=a iommu=pt \n####");
	assert_int_equal(plan(&target_grub_bls, &b, "iommu=pt", "", &commands), 0);
	assert_string_equal(commands, "");
	bed_release(&b);
}

/* The next boot takes the deployment with the highest version; the rollback keeps its line. */
static void test_newest_deployment(void **state)
{
	auto_free char *commands = NULL;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, BLS "ostree-1.conf", "version 9\nlinux /v\noptions root=a\n");
	bed_put(&b, BLS "ostree-2.conf", "version 10\nlinux /v\noptions root=a iommu=pt\n");
	assert_int_equal(plan(&target_ostree, &b, "iommu=pt", "", &commands), 0);
	assert_string_equal(commands, "");
	bed_release(&b);
}

static void test_present(void **state)
{
	static const struct {
		const struct target *target;
		const char *path, *text;
	} rows[] = {
		{&target_grub_bls, BLS "a.conf", E "vfio-pci.ids=10de:1b80 iommu=pt\n"},
		{&target_ostree, BLS "ostree-1.conf", E "vfio-pci.ids=10de:1b80 iommu=pt\n"},
		{&target_kernelstub, STUB, USER("\"vfio-pci.ids=10de:1b80\", \"iommu=pt\"")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct present p = {.ids = STRV_INIT};
		struct bed b;

		bed_init(&b);
		bed_put(&b, rows[i].path, rows[i].text);
		bed_present(&b, rows[i].target, &p);
		assert_true(strv_has(&p.ids, "10de:1b80"));
		assert_true(strv_has(&p.kernel_params, "iommu=pt"));
		present_release(&p);
		bed_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_each_entry_keeps_its_own),
		cmocka_unit_test(test_one_entry_lacks_it),
		cmocka_unit_test(test_grub_environment),
		cmocka_unit_test(test_newest_deployment),
		cmocka_unit_test(test_present),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
