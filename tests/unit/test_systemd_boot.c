/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd-boot's entries: exact bytes, the laws on many files, what bootctl reads afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "../support/bed.h"
#include "../support/laws.h"
#include "../support/samples.h"
#include "../support/shells.h"
#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_wish.h"

#define DIR "/boot/loader/entries/"
#define ARCH DIR "arch.conf"
#define PT "intel_iommu=on iommu=pt"
#define L "title Arch\nlinux /vmlinuz-linux\n"

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
	r = bed_apply(b, &target_systemd_boot, &w);
	wish_release(&w);
	return r;
}

static const struct {
	const char *before, *params, *after; /* after NULL: refused */
} cases[] = {
	{L "options root=LABEL=a rw\n", PT, L "options root=LABEL=a rw intel_iommu=on iommu=pt\n"},
	{L "options\troot=LABEL=a\trw\n\n", "iommu=pt", L "options\troot=LABEL=a\trw iommu=pt\n\n"},
	{L "options root=a", "iommu=pt", L "options root=a iommu=pt"},
	{L "options root=a  \n", "iommu=pt", L "options root=a iommu=pt  \n"},
	{L "options root=a\r\n", "iommu=pt", L "options root=a iommu=pt\r\n"},
	{L "options root=a\noptions quiet\n", "iommu=pt",
	 L "options root=a\noptions quiet iommu=pt\n"},
	{L "options root=a iommu=pt\noptions quiet\n", "iommu=pt",
	 L "options root=a iommu=pt\noptions quiet\n"},
	{L "# options iommu=pt\noptions root=a\n", "iommu=pt",
	 L "# options iommu=pt\noptions root=a iommu=pt\n"},
	{L, "iommu=pt", L "options iommu=pt\n"},
	{L "options\n", "iommu=pt", L "options\noptions iommu=pt\n"},
	{"title A\r\nlinux /v", "iommu=pt", "title A\r\nlinux /v\r\noptions iommu=pt"},
	{L "options x=\"a b\"\n", "iommu=pt", L "options x=\"a b\" iommu=pt\n"},
	{L "options intel_iommu=off\n", "intel_iommu=on",
	 L "options intel_iommu=off intel_iommu=on\n"},
	{L "options root=a\nmachine-id 0123\n", "iommu=pt",
	 L "options root=a iommu=pt\nmachine-id 0123\n"},
	/* what can't be right */
	{L "options x=\"a b\n", "iommu=pt", NULL},
	{L "options lsm=lockdown\n,yama quiet\n", "iommu=pt", NULL},
	{L "options lsm=lockdown\nquiet splash\n", "iommu=pt", NULL},
	{L "options root=a amd_iommu=off\n", "iommu=pt", NULL},
	{L "options root=a -- single\n", "iommu=pt", NULL},
	{"title Windows\nefi /EFI/w.efi\noptions a\n", "iommu=pt",
	 NULL}, /* no Linux entry at all */
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed b;
		int r;

		bed_init(&b);
		bed_put(&b, ARCH, cases[i].before);
		r = apply(&b, cases[i].params);
		if (cases[i].after ? r < 0 : r >= 0)
			fail_msg("case %zu: %s", i, r < 0 ? b.err.text : "accepted");
		if (strcmp(bed_get(&b, ARCH), cases[i].after ? cases[i].after : cases[i].before))
			fail_msg("case %zu: %s became\n%s", i, cases[i].before, bed_get(&b, ARCH));
		assert_int_equal(b.commands.len, 0); /* the loader reads the entries itself */
		if (r >= 0 && strcmp(cases[i].before, bed_get(&b, ARCH)) != 0)
			assert_true(b.reboot);
		bed_release(&b);
	}
}

static void test_refusal_names_file_and_line(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, ARCH, L "options lsm=lockdown\n,yama quiet\n");
	assert_true(apply(&b, "iommu=pt") < 0);
	assert_non_null(strstr(b.err.text, ARCH ", line 4"));
	assert_int_equal(apply(&b, ""), 0); /* nothing is asked of it */
	bed_release(&b);
}

/* Which of a directory's entries change. */
static void test_which_entries(void **state)
{
	static const struct {
		const char *path, *text;
		bool changes;
	} entries[] = {
		{DIR "arch.conf", L "options a\n", true},
		{DIR "lts+3-1.conf", L "options a\n", true},
		{DIR "arch-fallback.conf", L "options a\n", false},
		{DIR "arch-2.conf", L "initrd /initramfs-linux-fallback.img\noptions a\n", false},
		{DIR "windows.conf", "title W\nefi /w.efi\noptions a\n", false},
		{DIR "arch-without-passthrough.conf", L "options a\n", false},
		{DIR "arch.conf.bak", L "options a\n", false},
		{"/efi/loader/entries/zen.conf", L "options a\n", true},
		{"/efi/loader/entries/arch.conf", L "options a\n",
		 false}, /* the same file, seen by a link */
	};
	struct bed b;

	(void)state;
	bed_init(&b);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		bed_put(&b, entries[i].path, entries[i].text);
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		if (!strstr(bed_get(&b, entries[i].path), "iommu=pt") == entries[i].changes)
			fail_msg("%s: %s", entries[i].path, bed_get(&b, entries[i].path));
	bed_release(&b);
}

/* Boot counting renames an entry when it is started. */
static void test_taken_back_after_boot_counting(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, DIR "arch+3.conf", L "options a\n");
	assert_int_equal(apply(&b, PT), 0);
	bed_put(&b, DIR "arch+2-1.conf", bed_get(&b, DIR "arch+3.conf"));
	bed_put(&b, DIR "arch+3.conf", "title gone\n");
	assert_int_equal(apply(&b, ""), 0);
	assert_string_equal(bed_get(&b, DIR "arch+2-1.conf"), L "options a\n");
	assert_int_equal(b.owned.len, 0);
	bed_release(&b);
}

/* One entry has the parameter by hand, the other gets it: only the latter loses it again. */
static void test_hand_made_stays(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, DIR "a.conf", L "options root=a iommu=pt\n");
	bed_put(&b, DIR "b.conf", L "options root=a\n");
	assert_int_equal(apply(&b, "iommu=pt"), 0);
	assert_string_equal(bed_get(&b, DIR "b.conf"), L "options root=a iommu=pt\n");
	assert_int_equal(apply(&b, ""), 0);
	assert_string_equal(bed_get(&b, DIR "a.conf"), L "options root=a iommu=pt\n");
	assert_string_equal(bed_get(&b, DIR "b.conf"), L "options root=a\n");
	bed_release(&b);
}

/* A machine whose entries can't be found is told so, instead of failing the plan. */
static void test_applies(void **state)
{
	struct platform platform = {.boot_loader = BOOT_SYSTEMD_BOOT};
	struct files *files = files_new_memory();
	struct target_context ctx = {.files = files, .platform = &platform};

	(void)state;
	assert_false(target_systemd_boot.applies(&ctx));
	files_put(files, ARCH, L, strlen(L));
	assert_true(target_systemd_boot.applies(&ctx));
	platform.boot_loader = BOOT_GRUB;
	assert_false(target_systemd_boot.applies(&ctx));
	files_free(files);
}

static void test_hand_made_ids(void **state)
{
	struct bed b;
	struct wish w;

	(void)state;
	bed_init(&b);
	bed_put(&b, ARCH, L "options a vfio-pci.ids=10de:1b80,10de:10f0 b\n");
	wish_of(&w, "iommu=pt", "10de:1b80");
	assert_int_equal(bed_apply(&b, &target_systemd_boot, &w), 0);
	assert_string_equal(bed_get(&b, ARCH), L "options a vfio-pci.ids=10de:1b80 b iommu=pt\n");
	assert_int_equal(apply(&b, ""), 0);
	assert_string_equal(bed_get(&b, ARCH), L "options a b\n");
	wish_release(&w);
	bed_release(&b);
}

static void test_present(void **state)
{
	struct present p = {.ids = STRV_INIT};
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, ARCH, L "options root=a vfio-pci.ids=10DE:1b80\noptions iommu=pt\n");
	bed_present(&b, &target_systemd_boot, &p);
	assert_true(strv_has(&p.ids, "10de:1b80"));
	assert_true(strv_has(&p.kernel_params, "iommu=pt"));
	assert_true(strv_has(&p.where, ARCH));
	present_release(&p);
	bed_release(&b);
}

/* --- what bootctl reads ------------------------------------------------------------------- */

static json_t *json_objects(const char *text)
{
	json_t *list = json_array();
	json_t *one;
	size_t pos = 0;

	for (json_error_t e; (one = json_loads(text + pos, JSON_DISABLE_EOF_CHECK, &e));
	     pos += (size_t)e.position)
		json_array_append_new(list, one);
	return list;
}

/* The options of an entry as the loader's own parser joins them; NULL when it shows no such entry. */
static char *bootctl_options(const struct bed *b, const char *dir, const char *id)
{
	auto_str struct str out = STR_INIT;
	json_t *list;
	char *options = NULL;

	bed_write(b, dir);
	(void)!shell_run(&out,
			 "touch '%s/boot/vmlinuz-linux' && mkdir '%s/esp' && unshare -rm sh -c '"
			 "mount -t tmpfs x %s/esp && cp -r %s/boot/. %s/esp/ && "
			 "SYSTEMD_RELAX_ESP_CHECKS=1 bootctl --esp-path=%s/esp list --json=short' "
			 "2>/dev/null; rm -rf '%s'/*",
			 dir, dir, dir, dir, dir, dir, dir);
	list = json_loads(out.data, 0, NULL);
	if (!json_is_array(list)) { /* systemd 252: an object a line */
		json_decref(list);
		list = json_objects(out.data);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(e, "options"));

		if (text && !strcmp(json_string_value(json_object_get(e, "id")), id))
			options = xstrdup(text);
	}
	json_decref(list);
	return options;
}

static size_t read_by_bootctl;

static void check_bootctl(const struct bed *before, const struct bed *after,
			  const struct wish *wish)
{
	char dir[] = "/tmp/vfiotui-test-XXXXXX";
	auto_free char *old = NULL, *new = NULL;

	(void)before;
	assert_non_null(mkdtemp(dir));
	new = bootctl_options(after, dir, "arch.conf");
	rmdir(dir);
	if (!new)
		return;
	read_by_bootctl++;
	for (size_t i = 0; i < wish->kernel_params.len; i++)
		if (!kernel_line_has(new, wish->kernel_params.items[i]))
			fail_msg("bootctl reads \"%s\" without %s", new,
				 wish->kernel_params.items[i]);
}

static bool is_about_ids(const char *bytes, size_t len)
{
	return memmem(bytes, len, "vfio-pci.ids=", strlen("vfio-pci.ids=")) != NULL;
}

static void run_sample(const char *path, const char *bytes, size_t len, void *data)
{
	struct laws *laws = data;
	struct wish w;
	struct bed b;

	bed_init(&b);
	bed_put_bytes(&b, ARCH, bytes, len);
	wish_of(&w, PT, "10de:1b80");
	laws->hand_made = is_about_ids(bytes, len);
	laws_run(laws, path, &b, &w);
	wish_release(&w);
	bed_release(&b);
}

static void test_laws_on_samples(void **state)
{
	struct laws laws = {.target = &target_systemd_boot};

	(void)state;
	if (shells_have("bootctl") && shells_have("unshare"))
		laws.check = check_bootctl;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_sample(cases[i].before, cases[i].before, strlen(cases[i].before), &laws);
	(void)samples_each("loader-entries", run_sample, &laws);
	printf("measured: bootctl read %zu of them\n", read_by_bootctl);
	laws_report(&laws, "loader entries");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_refusal_names_file_and_line),
		cmocka_unit_test(test_which_entries),
		cmocka_unit_test(test_taken_back_after_boot_counting),
		cmocka_unit_test(test_hand_made_stays),
		cmocka_unit_test(test_applies),
		cmocka_unit_test(test_hand_made_ids),
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_laws_on_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
