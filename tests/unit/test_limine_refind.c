/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limine with and without its entry tool, and rEFInd: exact bytes, laws, what bash reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/laws.h"
#include "../support/samples.h"
#include "../support/shells.h"
#include "base/mem.h"

#define LIMINE "/boot/limine.conf"
#define TOOL "/etc/default/limine"
#define TOOL_DROP_IN "/etc/limine-entry-tool.d/90-vfiotui.conf"
#define REFIND "/boot/refind_linux.conf"
#define PT "intel_iommu=on iommu=pt"

static void wish_of(struct wish *w, const char *params, const char *ids)
{
	wish_init(w);
	strv_split(&w->kernel_params, params, " ");
	strv_split(&w->ids, ids, " ");
	if (*params)
		wish_add_device(w);
}

static int apply(struct bed *b, const struct target *target, const char *params)
{
	struct wish w;
	int r;

	wish_of(&w, params, "");
	r = bed_apply(b, target, &w);
	wish_release(&w);
	return r;
}

#define A "/Arch\n    protocol: linux\n"

static const struct {
	const struct target *target;
	const char *path, *before, *params, *after; /* after NULL: refused */
} cases[] = {
	{&target_limine, LIMINE, A "    cmdline: root=a\n", PT, A "    cmdline: root=a " PT "\n"},
	{&target_limine, LIMINE, A "\tKERNEL_CMDLINE: root=a\r\n", "iommu=pt",
	 A "\tKERNEL_CMDLINE: root=a iommu=pt\r\n"},
	/* a blank before the colon: Limine sees no key there */
	{&target_limine, LIMINE, A "cmdline : root=a\n", "iommu=pt",
	 A "    cmdline: iommu=pt\ncmdline : root=a\n"},
	/* an entry without one gets one */
	{&target_limine, LIMINE, "timeout: 5\r\n/Arch\r\n\tprotocol: linux\r\n//x\r\n", PT,
	 "timeout: 5\r\n/Arch\r\n\tprotocol: linux\r\n\tcmdline: " PT "\r\n//x\r\n"},
	{&target_limine, LIMINE, "/Arch\nkernel_path: boot():/v\nprotocol: linux", "iommu=pt",
	 "/Arch\nkernel_path: boot():/v\ncmdline: iommu=pt\nprotocol: linux"},
	{&target_limine, LIMINE, "/Arch\ncmdline: root=a\nprotocol: linux", "iommu=pt",
	 "/Arch\ncmdline: root=a iommu=pt\nprotocol: linux"},
	{&target_limine, LIMINE, A "cmdline:\n", "iommu=pt", A "cmdline:iommu=pt\n"},
	{&target_limine, LIMINE, A "cmdline: ${X} iommu=pt\n", "iommu=pt",
	 A "cmdline: ${X} iommu=pt\n"},
	{&target_limine, LIMINE, A "# cmdline: a\ncmdline: b\n", "iommu=pt",
	 A "# cmdline: a\ncmdline: b iommu=pt\n"},
	{&target_limine, LIMINE, "/W\nprotocol: efi\ncmdline: a\n" A "cmdline: b\n", "iommu=pt",
	 "/W\nprotocol: efi\ncmdline: a\n" A "cmdline: b iommu=pt\n"},
	{&target_limine, LIMINE,
	 "/+Arch\n//zen\nprotocol: linux\ncmdline: a iommu=pt\n//zen\nprotocol: linux\ncmdline: "
	 "b\n",
	 "iommu=pt",
	 "/+Arch\n//zen\nprotocol: linux\ncmdline: a iommu=pt\n//zen\nprotocol: linux\ncmdline: b "
	 "iommu=pt\n"},
	{&target_limine, LIMINE, "/Arch fallback\nprotocol: linux\ncmdline: a\n", "iommu=pt",
	 "/Arch fallback\nprotocol: linux\ncmdline: a\n"},
	{&target_limine, LIMINE, A "module_cmdline: a\n", "iommu=pt",
	 A "    cmdline: iommu=pt\nmodule_cmdline: a\n"},
	{&target_limine, LIMINE, A "cmdline: a iommu=off\n", "iommu=pt", NULL},
	{&target_limine, LIMINE, A "cmdline: a=\"b\n", "iommu=pt", NULL},
	{&target_refind, REFIND, "\"Std\"  \"root=a rw\"\n", PT, "\"Std\"  \"root=a rw " PT "\"\n"},
	{&target_refind, REFIND, "\"Std\" \"root=a\"\r\n", "iommu=pt",
	 "\"Std\" \"root=a iommu=pt\"\r\n"},
	{&target_refind, REFIND, "# \"x\" \"y\"\n\n\"Std\"\t\"\"", "iommu=pt",
	 "# \"x\" \"y\"\n\n\"Std\"\t\"iommu=pt\""},
	{&target_refind, REFIND, "\"A \"\"b\"\"\" \"dyndbg=\"\"x y\"\"\"  # c\n", "iommu=pt",
	 "\"A \"\"b\"\"\" \"dyndbg=\"\"x y\"\" iommu=pt\"  # c\n"},
	{&target_refind, REFIND, "\"A\" \"a iommu=pt\"\n\"A\" \"b\"\n", "iommu=pt",
	 "\"A\" \"a iommu=pt\"\n\"A\" \"b iommu=pt\"\n"},
	{&target_refind, REFIND, "\"Boot with minimal options\" \"ro\"\n", "iommu=pt",
	 "\"Boot with minimal options\" \"ro\"\n"},
	{&target_refind, REFIND, "\"A\" root=a\n", "iommu=pt", NULL},
	{&target_refind, REFIND, "\"A\" \"root=a\n", "iommu=pt", NULL},
	{&target_refind, REFIND, "\"A\" \"x=\"\"y\"\n", "iommu=pt", NULL},
};

/* Versions read another one of several files first, so all of them are edited. */
static void test_several_files(void **state)
{
	static const char other[] = "/boot/EFI/limine/limine.conf";
	static const char linked[] = "/efi/limine.conf";
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, LIMINE, A "cmdline: a\n");
	bed_put(&b, linked, A "cmdline: a\n");
	bed_put(&b, other, A "cmdline: b iommu=pt\n");
	assert_int_equal(apply(&b, &target_limine, PT), 0);
	assert_string_equal(bed_get(&b, LIMINE), A "cmdline: a " PT "\n");
	assert_string_equal(bed_get(&b, linked), A "cmdline: a\n"); /* the same file once more */
	assert_string_equal(bed_get(&b, other), A "cmdline: b iommu=pt intel_iommu=on\n");
	bed_remove(&b, linked);
	assert_int_equal(apply(&b, &target_limine, ""), 0);
	assert_string_equal(bed_get(&b, LIMINE), A "cmdline: a\n");
	assert_string_equal(bed_get(&b, other), A "cmdline: b iommu=pt\n");
	assert_int_equal(b.owned.len, 0);
	bed_release(&b);
}

/* A program that holds a checksum of the file starts nothing with an edited one. */
static void test_enrolled(void **state)
{
	static const char none[] = "MZ++CONFIG_B2SUM_SIGNATURE++";
	static const char zeros[] = "00000000000000000000000000000000";
	static const struct {
		const char *program, *digits;
		bool refused;
	} programs[] = {
		{"/boot/EFI/limine/limine_x64.efi", zeros, false},
		{"/boot/EFI/limine/limine_x64.efi", "0000000000000000000000000000000f", true},
		{"/efi/EFI/BOOT/BOOTX64.EFI", "ab540d71000000000000000000000000", true},
		{"/boot/limine-bios.sys", "ab540d71000000000000000000000000", true},
		{"/boot/EFI/limine/notes.txt", "ab540d71000000000000000000000000", false},
		{"/boot/EFI/Microsoft/BOOTX64.EFI", "ab540d71000000000000000000000000", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		auto_free char *program = xasprintf("%s%s%s%s%s.text", none, zeros, zeros, zeros,
						    programs[i].digits);
		struct bed b;
		int r;

		bed_init(&b);
		bed_put(&b, LIMINE, A "cmdline: a\n");
		bed_put(&b, programs[i].program, program);
		r = apply(&b, &target_limine, PT);
		if ((r < 0) != programs[i].refused)
			fail_msg("%s: %d", programs[i].program, r);
		if (r < 0)
			assert_non_null(strstr(b.err.text, programs[i].program));
		if (r < 0)
			assert_string_equal(bed_get(&b, LIMINE), A "cmdline: a\n");
		/* what needs no edit is no matter of it */
		assert_int_equal(apply(&b, &target_limine, programs[i].refused ? "" : PT), 0);
		bed_release(&b);
	}
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *want = cases[i].after ? cases[i].after : cases[i].before;
		struct bed b;
		int r;

		bed_init(&b);
		bed_put(&b, cases[i].path, cases[i].before);
		r = apply(&b, cases[i].target, cases[i].params);
		if (cases[i].after ? r < 0 : r >= 0)
			fail_msg("case %zu: %s", i, r < 0 ? b.err.text : "accepted");
		if (r < 0 && !strstr(b.err.text, cases[i].path))
			fail_msg("case %zu: %s", i, b.err.text);
		if (strcmp(bed_get(&b, cases[i].path), want) != 0)
			fail_msg("case %zu became\n%s", i, bed_get(&b, cases[i].path));
		assert_int_equal(b.commands.len, 0); /* both read their file at each start */
		bed_release(&b);
	}
}

static void run(const struct target *target, const char *file, const char *label, const char *bytes,
		size_t len, struct laws *laws)
{
	struct wish w;
	struct bed b;

	laws->target = target;
	bed_init(&b);
	bed_put_bytes(&b, file, bytes, len);
	wish_of(&w, PT, "10de:1b80");
	laws_run(laws, label, &b, &w);
	wish_release(&w);
	bed_release(&b);
}

static void limine_sample(const char *path, const char *bytes, size_t len, void *data)
{
	run(&target_limine, strstr(path, ".sh") ? TOOL : LIMINE, path, bytes, len, data);
}

static void refind_sample(const char *path, const char *bytes, size_t len, void *data)
{
	run(&target_refind, REFIND, path, bytes, len, data);
}

static void test_laws(void **state)
{
	struct laws laws = {.refused = 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run(cases[i].target, cases[i].path, cases[i].before, cases[i].before,
		    strlen(cases[i].before), &laws);
	(void)samples_each("limine", limine_sample, &laws);
	(void)samples_each("refind", refind_sample, &laws);
	laws_report(&laws, "limine.conf and refind_linux.conf");
}

/* The tool's files are sourced by bash, with an associative array. */
static void test_entry_tool(void **state)
{
	static const char base[] = "KERNEL_CMDLINE[default]=\"root=a quiet\"\n"
				   "KERNEL_CMDLINE[default]+=\" intel_iommu=on\"";
	auto_str struct str all = STR_INIT;
	auto_free char *value = NULL;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, TOOL, base);
	bed_put(&b, LIMINE, A "cmdline: root=a\n");
	assert_int_equal(apply(&b, &target_limine, PT), 0);
	assert_string_equal(bed_get(&b, LIMINE), A "cmdline: root=a\n"); /* the tool's file */
	assert_string_equal(b.commands.items[0], "limine-update");
	str_addf(&all, "declare -A KERNEL_CMDLINE\n%s%sx=\"${KERNEL_CMDLINE[default]}\"\n", base,
		 bed_get(&b, TOOL_DROP_IN));
	value = shells_have("bash") ? shells_value("bash", all.data, all.len, "x") : NULL;
	if (value)
		assert_string_equal(value, "root=a quiet intel_iommu=on iommu=pt");
	assert_int_equal(apply(&b, &target_limine, PT), 0);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(apply(&b, &target_limine, ""), 0);
	assert_null(bed_get(&b, TOOL_DROP_IN));
	/* nothing sets the line: ours would be all of it */
	bed_put(&b, TOOL, "ESP_PATH=/boot\n");
	assert_true(apply(&b, &target_limine, PT) < 0);
	assert_non_null(strstr(b.err.text, TOOL));
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),      cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_enrolled),   cmocka_unit_test(test_laws),
		cmocka_unit_test(test_entry_tool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
