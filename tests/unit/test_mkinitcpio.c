/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mkinitcpio target: which files it edits, exact bytes, the laws, and what bash reads afterwards. */
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
#include "../support/tmproot.h"
#include "base/mem.h"
#include "config/mkinitcpio.h"

#define DROP_IN MKINITCPIO_CONF_DIR "/" MKINITCPIO_DROP_IN
#define DROP_IN_LATE MKINITCPIO_CONF_DIR "/" MKINITCPIO_DROP_IN_LATE
#define MARK "# vfiotui: modules and files for PCI passthrough (\"vfiotui undo\" takes them out)\n"
#define MARK_JOINED                                                                                \
	"# vfiotui: modules and files for PCI passthrough, begun on a new line (\"vfiotui undo\" " \
	"takes them out)\n"
#define OURS "vfio_pci vfio vfio_iommu_type1"
#define HOOKS_OK "HOOKS=(base udev autodetect modconf block)\n"
#define PINNED                                                                                     \
	"ALL_config='/etc/mkinitcpio.conf'\nPRESETS=('default')\ndefault_image='/boot/i.img'\n"
#define FREE "PRESETS=('default')\ndefault_image='/boot/i.img'\n"
#define HEAD                                                                                       \
	"\n# vfiotui: vfio-pci loads before the host's drivers (\"vfiotui undo\" takes this file " \
	"away)\n"

static void make(struct bed *b, const char *preset, const char *conf, size_t len)
{
	bed_init(b);
	b->platform.initramfs = INITRAMFS_MKINITCPIO;
	bed_put(b, "/usr/bin/mkinitcpio", "_d_config=/etc/mkinitcpio.conf.d\n");
	if (preset)
		bed_put(b, MKINITCPIO_PRESETS "/linux.preset", preset);
	bed_put_bytes(b, MKINITCPIO_CONF, conf, len);
}

static void wish_of(struct wish *w, bool by_ids, bool by_address)
{
	wish_init(w);
	if (by_ids || by_address)
		strv_split(&w->early_modules, OURS, " ");
	if (by_ids)
		strv_add(&w->early_files, MODPROBE_PATH);
	if (by_address)
		strv_add(&w->early_files, UDEV_BIND_PATH);
}

/* --- in place ------------------------------------------------------------------------------ */

static const struct in_place {
	const char *before, *after; /* NULL: refused */
} in_place[] = {
	{"MODULES=()\n" HOOKS_OK, "MODULES=(" OURS ")\n" HOOKS_OK},
	{"MODULES=(amdgpu)\n" HOOKS_OK, "MODULES=(" OURS " amdgpu)\n" HOOKS_OK},
	{"MODULES=( amdgpu )\n" HOOKS_OK, "MODULES=(" OURS "  amdgpu )\n" HOOKS_OK},
	{"MODULES=(\n  # graphics\n  amdgpu   # host card\n)\n" HOOKS_OK,
	 "MODULES=(" OURS "\n  # graphics\n  amdgpu   # host card\n)\n" HOOKS_OK},
	{"MODULES=(# all\n  amdgpu)\n" HOOKS_OK, "MODULES=(" OURS " # all\n  amdgpu)\n" HOOKS_OK},
	{"MODULES=\"ext4 amdgpu\"\n" HOOKS_OK, "MODULES=\"" OURS " ext4 amdgpu\"\n" HOOKS_OK},
	{"MODULES='ext4'\n" HOOKS_OK, "MODULES='" OURS " ext4'\n" HOOKS_OK},
	{"MODULES=\"\"\n" HOOKS_OK, "MODULES=\"" OURS "\"\n" HOOKS_OK},
	/* there already, under either spelling, in any order */
	{"MODULES=(" OURS " amdgpu)\n" HOOKS_OK, "MODULES=(" OURS " amdgpu)\n" HOOKS_OK},
	{"MODULES=\"vfio vfio_iommu_type1 vfio-pci?\"\n" HOOKS_OK,
	 "MODULES=\"vfio vfio_iommu_type1 vfio-pci?\"\n" HOOKS_OK},
	{"MODULES=(vfio_pci i915)\n" HOOKS_OK,
	 "MODULES=(vfio vfio_iommu_type1 vfio_pci i915)\n" HOOKS_OK},
	/* no list that decides */
	{HOOKS_OK, HOOKS_OK MARK "MODULES=(" OURS " ${MODULES[@]})\n"},
	{"MODULES=ext4\n" HOOKS_OK,
	 "MODULES=ext4\n" HOOKS_OK MARK "MODULES=(" OURS " ${MODULES[@]})\n"},
	{"MODULES=(ext4)\nMODULES+=(amdgpu)\n" HOOKS_OK,
	 "MODULES=(ext4)\nMODULES+=(amdgpu)\n" HOOKS_OK MARK "MODULES=(" OURS " ${MODULES[@]})\n"},
	{"MODULES=\"ext4\"\nMODULES+=\" amdgpu\"\n" HOOKS_OK,
	 "MODULES=\"ext4\"\nMODULES+=\" amdgpu\"\n" HOOKS_OK MARK "MODULES=(" OURS
	 " ${MODULES[@]})\n"},
	{"MODULES=(ext4)\nif x; then MODULES+=(amdgpu); fi\n" HOOKS_OK,
	 "MODULES=(ext4)\nif x; then MODULES+=(amdgpu); fi\n" HOOKS_OK MARK "MODULES=(" OURS
	 " ${MODULES[@]})\n"},
	{"HOOKS=(base modconf block)",
	 "HOOKS=(base modconf block)\n" MARK_JOINED "MODULES=(" OURS " ${MODULES[@]})\n"},
	/* the hook that copies modprobe.d */
	{"MODULES=(" OURS ")\nHOOKS=(base systemd autodetect block)\n",
	 "MODULES=(" OURS ")\nHOOKS=(base systemd autodetect modconf block)\n"},
	{"MODULES=(" OURS ")\nHOOKS=\"base udev block\"\n",
	 "MODULES=(" OURS ")\nHOOKS=\"base udev modconf block\"\n"},
	{"MODULES=(" OURS ")\nHOOKS=(base)\nHOOKS+=(udev)\n",
	 "MODULES=(" OURS ")\nHOOKS=(base)\nHOOKS+=(udev)\n" MARK "FILES=(" MODPROBE_PATH
	 " ${FILES[@]})\n"},
	/* what can't be right */
	{"MODULES=(ext4\n", NULL},
	{"MODULES=()\r\nHOOKS=()\r\n", NULL},
	{"MODULES=\"\"\r\n" HOOKS_OK, NULL},
	{"MODULES=()\nreturn 0\n", NULL},
};

static void test_in_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in_place); i++) {
		const struct in_place *c = &in_place[i];
		struct wish w;
		struct bed b;
		int r;

		make(&b, PINNED, c->before, strlen(c->before));
		wish_of(&w, true, false);
		r = bed_apply(&b, &target_mkinitcpio, &w);
		if (c->after ? r < 0 : r >= 0)
			fail_msg("case %zu: %s: %s", i, c->before, r < 0 ? b.err.text : "accepted");
		if (strcmp(bed_get(&b, MKINITCPIO_CONF), c->after ? c->after : c->before) != 0)
			fail_msg("case %zu: %s became\n%s", i, c->before,
				 bed_get(&b, MKINITCPIO_CONF));
		assert_null(bed_get(&b, DROP_IN));
		wish_release(&w);
		bed_release(&b);
	}
}

static void test_refusals_name_file_line_and_reason(void **state)
{
	static const struct {
		const char *preset, *before, *sentence;
	} cases[] = {
		{PINNED, "A=1\nMODULES=(ext4\n",
		 "/etc/mkinitcpio.conf, line 2: the parenthesis is never closed"},
		{PINNED, "MODULES=()\r\n",
		 "/etc/mkinitcpio.conf, line 1: a carriage return (DOS line ending) breaks the "
		 "array"},
		{"PRESETS=($(ls))\n", "MODULES=()\n",
		 "/etc/mkinitcpio.d/linux.preset: PRESETS can't be told from its assignments; "
		 "nothing "
		 "was changed"},
		{"PRESETS=(a)\na_config=$X\n", "MODULES=()\n",
		 "/etc/mkinitcpio.d/linux.preset: which configuration the preset \"a\" uses can't "
		 "be "
		 "told from its assignments; nothing was changed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wish w;
		struct bed b;

		make(&b, cases[i].preset, cases[i].before, strlen(cases[i].before));
		wish_of(&w, true, true);
		assert_true(bed_apply(&b, &target_mkinitcpio, &w) < 0);
		assert_string_equal(b.err.text, cases[i].sentence);
		wish_release(&w);
		bed_release(&b);
	}
}

/* --- which file ------------------------------------------------------------------------------ */

static void test_drop_in(void **state)
{
	const char *conf = "MODULES=\"ext4\"\n" HOOKS_OK;
	struct wish w, none;
	struct bed b;

	(void)state;
	make(&b, FREE, conf, strlen(conf));
	wish_of(&w, true, true);
	wish_init(&none);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_string_equal(bed_get(&b, MKINITCPIO_CONF), conf);
	assert_string_equal(bed_get(&b, DROP_IN), HEAD "MODULES=(" OURS " ${MODULES[@]})\n"
						       "FILES=(" UDEV_BIND_PATH " ${FILES[@]})\n");
	assert_int_equal(bed_mode(&b, DROP_IN), 0644);
	assert_int_equal(b.commands.len, 1);
	assert_string_equal(b.commands.items[0], "mkinitcpio -P");
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &none), 0);
	assert_null(bed_get(&b, DROP_IN));
	assert_string_equal(b.commands.items[0], "mkinitcpio -P");
	wish_release(&w);
	wish_release(&none);
	bed_release(&b);
}

/* conf.d is read without -c and ALL_config, by version 36 and later only. */
static void test_presets_decide(void **state)
{
	static const struct {
		const char *preset, *script;
		bool drop_in, main_conf, other;
	} cases[] = {
		{FREE, NULL, true, false, false},
		{NULL, NULL, true, false, false},
		{FREE, "version=35", false, true, false},
		{PINNED, NULL, false, true, false},
		{"PRESETS=(a b)\na_config=/etc/other.conf\n", NULL, true, false, true},
		{"PRESETS=(a b)\na_config=/etc/other.conf\nb_config=/etc/mkinitcpio.conf", NULL,
		 false, true, true},
		{"ALL_config=/etc/mkinitcpio.conf\nPRESETS=(a)\na_config=/etc/other.conf\n", NULL,
		 false, false, true},
		{"PRESETS=(a)\na_options=\"-S autodetect -c /etc/other.conf\"\n", NULL, false,
		 false, true},
		{"PRESETS=(a)\na_options=(--config=/etc/other.conf)\n", NULL, false, false, true},
		{"PRESETS=(a)\na_options='-S autodetect'\n#ALL_config=/etc/other.conf\n", NULL,
		 true, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *conf = "MODULES=()\n" HOOKS_OK;
		struct wish w;
		struct bed b;

		make(&b, cases[i].preset, conf, strlen(conf));
		bed_put(&b, "/etc/other.conf", conf);
		if (cases[i].script)
			bed_put(&b, "/usr/bin/mkinitcpio", cases[i].script);
		wish_of(&w, true, false);
		if (bed_apply(&b, &target_mkinitcpio, &w) < 0)
			fail_msg("%zu: %s", i, b.err.text);
		if (cases[i].drop_in != (bed_get(&b, DROP_IN) != NULL) ||
		    cases[i].main_conf != (strcmp(bed_get(&b, MKINITCPIO_CONF), conf) != 0) ||
		    cases[i].other != (strcmp(bed_get(&b, "/etc/other.conf"), conf) != 0))
			fail_msg("case %zu is not edited where it is read", i);
		wish_release(&w);
		bed_release(&b);
	}
}

static void test_drop_in_comes_last(void **state)
{
	const char *conf = "MODULES=()\n" HOOKS_OK;
	struct wish w;
	struct bed b;

	(void)state;
	make(&b, FREE, conf, strlen(conf));
	bed_put(&b, MKINITCPIO_CONF_DIR "/arch-gpu.conf", "MODULES=(amdgpu)\n");
	wish_of(&w, true, false);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_null(bed_get(&b, DROP_IN));
	assert_string_equal(bed_get(&b, DROP_IN_LATE), HEAD "MODULES=(" OURS " ${MODULES[@]})\n");
	wish_release(&w);
	bed_release(&b);
}

/* A drop-in that sets HOOKS without modconf: the file itself goes into the image. */
static void test_hook_lost_in_drop_in(void **state)
{
	const char *conf = "MODULES=()\n" HOOKS_OK;
	struct wish w;
	struct bed b;

	(void)state;
	make(&b, FREE, conf, strlen(conf));
	bed_put(&b, MKINITCPIO_CONF_DIR "/10-hooks.conf", "HOOKS=(base udev block)\n");
	wish_of(&w, true, false);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_string_equal(bed_get(&b, MKINITCPIO_CONF), conf);
	assert_non_null(strstr(bed_get(&b, DROP_IN), "FILES=(" MODPROBE_PATH " ${FILES[@]})\n"));
	wish_release(&w);
	bed_release(&b);
}

static void test_virqfd_is_optional(void **state)
{
	const char *conf = "MODULES=()\n" HOOKS_OK;
	struct wish w;
	struct bed b;

	(void)state;
	make(&b, PINNED, conf, strlen(conf));
	wish_init(&w);
	strv_split(&w.early_modules, "vfio_virqfd vfio_pci", " ");
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_string_equal(bed_get(&b, MKINITCPIO_CONF),
			    "MODULES=('vfio_virqfd?' vfio_pci)\n" HOOKS_OK);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_int_equal(b.commands.len, 0);
	wish_release(&w);
	bed_release(&b);
}

/* What vfiotui did not add, it does not take out; what it added goes also when the preset changed. */
static void test_ownership(void **state)
{
	const char *conf = "MODULES=(vfio amdgpu)\n" HOOKS_OK;
	struct wish w, none;
	struct bed b;

	(void)state;
	make(&b, PINNED, conf, strlen(conf));
	wish_of(&w, true, true);
	wish_init(&none);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_string_equal(bed_get(&b, MKINITCPIO_CONF),
			    "MODULES=(vfio_pci vfio_iommu_type1 vfio amdgpu)\n" HOOKS_OK MARK
			    "FILES=(" UDEV_BIND_PATH " ${FILES[@]})\n");
	bed_put(&b, MKINITCPIO_PRESETS "/linux.preset", FREE);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_string_equal(bed_get(&b, MKINITCPIO_CONF), conf);
	assert_string_equal(bed_get(&b, DROP_IN),
			    HEAD "MODULES=(vfio_pci vfio_iommu_type1 "
				 "${MODULES[@]})\nFILES=(" UDEV_BIND_PATH " ${FILES[@]})\n");
	bed_put(&b, MKINITCPIO_PRESETS "/linux.preset", PINNED);
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &w), 0);
	assert_null(bed_get(&b, DROP_IN));
	assert_int_equal(bed_apply(&b, &target_mkinitcpio, &none), 0);
	assert_string_equal(bed_get(&b, MKINITCPIO_CONF), conf);
	wish_release(&w);
	wish_release(&none);
	bed_release(&b);
}

/* --- the laws, and bash as the reader ------------------------------------------------------------ */

static bool bash_there;

/* MODULES, FILES and HOOKS as mkinitcpio has them after arrayize_config. */
static void read_lists(const struct bed *b, struct strv lists[3])
{
	const char *parts[] = {bed_get(b, MKINITCPIO_CONF), bed_get(b, DROP_IN),
			       bed_get(b, DROP_IN_LATE)};
	auto_strv struct strv names = STRV_INIT;
	auto_str struct str text = STR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i])
			str_adds(&text, parts[i]);
	str_adds(&text, "\nset -f\nfor v in MODULES FILES HOOKS; do [[ $(declare -p \"$v\" 2>&1) = "
			"declare\\ -a* ]] || eval \"$v=(\\${$v})\"; done\n");
	strv_split(&names, "MODULES FILES HOOKS", " ");
	assert_true(shells_values("bash", text.data, text.len, &names, lists));
}

static bool has(const struct strv *words, const char *word)
{
	for (size_t i = 0; i < words->len; i++)
		if (mkinitcpio_same_module(words->items[i], word))
			return true;
	return false;
}

static void check_kept(const struct strv *was, const struct strv *is, const char *what)
{
	size_t at = 0;

	for (size_t i = 0; i < was->len; i++, at++) { /* all that was there, in its order */
		while (at < is->len && strcmp(is->items[at], was->items[i]) != 0)
			at++;
		if (at >= is->len)
			fail_msg("%s: %s is lost", what, was->items[i]);
	}
}

static void check_read(const struct bed *before, const struct bed *after, const struct wish *wish)
{
	struct strv was[3] = {STRV_INIT, STRV_INIT, STRV_INIT};
	struct strv is[3] = {STRV_INIT, STRV_INIT, STRV_INIT};

	if (!bash_there)
		return;
	read_lists(before, was);
	read_lists(after, is);
	for (size_t i = 0; i < wish->early_modules.len; i++)
		if (!has(&is[0], wish->early_modules.items[i]))
			fail_msg("%s is not among MODULES of\n%s", wish->early_modules.items[i],
				 bed_get(after, MKINITCPIO_CONF));
	for (size_t i = 0; i < wish->early_files.len; i++) {
		const char *f = wish->early_files.items[i];

		if (!strv_has(&is[1], f) &&
		    !(!strcmp(f, MODPROBE_PATH) && strv_has(&is[2], "modconf")))
			fail_msg("%s would not be in the image of\n%s", f,
				 bed_get(after, MKINITCPIO_CONF));
	}
	if (!has(&was[0], "vfio_pci") && strcmp(is[0].items[0], "vfio_pci") != 0)
		fail_msg("vfio_pci is not the first of MODULES");
	check_kept(&was[0], &is[0], "MODULES");
	check_kept(&was[1], &is[1], "FILES");
	check_kept(&was[2], &is[2], "HOOKS");
	for (size_t i = 0; i < 3; i++) {
		strv_release(&was[i]);
		strv_release(&is[i]);
	}
}

struct run {
	struct laws laws;
	const char *preset;
	bool by_ids, by_address;
};

static void run_sample(const char *path, const char *bytes, size_t len, void *data)
{
	struct run *run = data;
	struct wish w;
	struct bed b;

	make(&b, run->preset, bytes, len);
	wish_of(&w, run->by_ids, run->by_address);
	laws_run(&run->laws, path, &b, &w);
	wish_release(&w);
	bed_release(&b);
}

static void test_laws_on_samples(void **state)
{
	static const struct {
		const char *name, *preset;
	} ways[] = {{"in place", PINNED}, {"drop-in", FREE}};

	(void)state;
	bash_there = shells_have("bash");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct run run = {.laws = {.target = &target_mkinitcpio, .check = check_read},
				  .preset = ways[i].preset};
		auto_free char *what = NULL;
		size_t n = 0;

		for (int k = 1; k < 4; k++) {
			run.by_ids = k & 1;
			run.by_address = k & 2;
			n = samples_each("mkinitcpio", run_sample, &run);
		}
		what = xasprintf("mkinitcpio, %s, %zu sample files with 3 wishes each",
				 ways[i].name, n);
		laws_report(&run.laws, what);
	}
}

static void test_laws_on_cases(void **state)
{
	struct run run = {.laws = {.target = &target_mkinitcpio, .check = check_read},
			  .by_ids = true,
			  .by_address = true};

	(void)state;
	bash_there = shells_have("bash");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(in_place); i++) {
		const char *text = in_place[i / 2].before;

		run.preset = i % 2 ? FREE : PINNED;
		run_sample(text, text, strlen(text), &run);
	}
	strv_release(&run.laws.reasons);
}

static void run_preset(const char *path, const char *bytes, size_t len, void *data)
{
	struct laws *laws = data;
	const char *conf = "MODULES=(ext4)\nHOOKS=(base block)\n";
	struct wish w;
	struct bed b;

	make(&b, NULL, conf, strlen(conf));
	bed_put_bytes(&b, MKINITCPIO_PRESETS "/sample.preset", bytes, len);
	wish_of(&w, true, true);
	laws_run(laws, path, &b, &w);
	wish_release(&w);
	bed_release(&b);
}

static void test_laws_on_presets(void **state)
{
	struct laws laws = {.target = &target_mkinitcpio, .check = check_read};
	auto_free char *what = NULL;
	size_t n;

	(void)state;
	bash_there = shells_have("bash");
	n = samples_each("mkinitcpio-preset", run_preset, &laws);
	what = xasprintf("mkinitcpio with %zu sample presets", n);
	laws_report(&laws, what);
}

/* --- verify ---------------------------------------------------------------------------------------- */

/* Under another root images are not listed, but whether they are there can be told. */
static void test_verify(void **state)
{
	struct platform platform = {.initramfs = INITRAMFS_MKINITCPIO};
	struct checks c = {.len = 0};
	char *root = tmproot_new();
	struct host *host;
	struct target_context ctx = {.platform = &platform};
	struct wish w;

	(void)state;
	tmproot_put(root, MKINITCPIO_PRESETS "/linux.preset",
		    "PRESETS=(default fallback)\ndefault_image=/boot/a.img\n"
		    "fallback_uki=/efi/b.efi\n");
	tmproot_put(root, "/boot/a.img", "image");
	assert_int_equal(host_open(root, &host, NULL), 0);
	ctx.host = host;
	ctx.files = files_new(host);
	wish_of(&w, true, true);
	assert_int_equal(target_mkinitcpio.verify(&ctx, &w, &c, NULL), 0);
	assert_int_equal(c.len, 2);
	assert_int_equal(c.items[0].state, CHECK_UNKNOWN);
	assert_int_equal(c.items[1].state, CHECK_FAILED);
	assert_string_equal(c.items[1].what, "image linux fallback is built");
	assert_string_equal(c.items[1].found, "/efi/b.efi does not exist");
	assert_string_equal(c.items[1].remedy, "mkinitcpio -P");
	wish_release(&w);
	checks_release(&c);
	files_free(ctx.files);
	host_free(host);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_refusals_name_file_line_and_reason),
		cmocka_unit_test(test_drop_in),
		cmocka_unit_test(test_presets_decide),
		cmocka_unit_test(test_drop_in_comes_last),
		cmocka_unit_test(test_hook_lost_in_drop_in),
		cmocka_unit_test(test_virqfd_is_optional),
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_laws_on_samples),
		cmocka_unit_test(test_laws_on_cases),
		cmocka_unit_test(test_laws_on_presets),
		cmocka_unit_test(test_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
