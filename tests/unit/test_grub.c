/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GRUB target: exact bytes, the laws on many files, what sh and grub-mkconfig read afterwards. */
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
#include "../support/shells.h"
#include "base/mem.h"
#include "base/shell.h"
#include "config/grub.h"
#include "config/kernel_wish.h"

#define DROP_IN GRUB_DIR "/" GRUB_DROP_IN
#define DROP_IN_LATE GRUB_DIR "/" GRUB_DROP_IN_LATE
#define MARK "# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes them out)\n"
#define MARK_JOINED                                                                                \
	"# vfiotui: kernel parameters for PCI passthrough, begun on a new line (\"vfiotui undo\" " \
	"takes them out)\n"
#define D "GRUB_CMDLINE_LINUX_DEFAULT"
#define SELF D "=\"$" D

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

/* bed_copy() copies the platform but not what its lists own. */
static void wish_of(struct wish *w, const char *params, const char *ids)
{
	wish_init(w);
	strv_split(&w->kernel_params, params, " ");
	strv_split(&w->ids, ids, " ");
	if (*params)
		wish_add_device(w);
}

/* --- in place: in, wish, out ------------------------------------------------------------ */

#define PT "intel_iommu=on iommu=pt"

static const struct in_place {
	const char *before, *params, *after; /* NULL: refused */
} in_place[] = {
	{D "=\"quiet\"\n", PT, D "=\"quiet intel_iommu=on iommu=pt\"\n"},
	{D "='quiet'\n", PT, D "='quiet intel_iommu=on iommu=pt'\n"},
	{D "=\"\"\n", "iommu=pt", D "=\"iommu=pt\"\n"},
	{D "=\"quiet \"\n", "iommu=pt", D "=\"quiet  iommu=pt\"\n"},
	{D "=\"quiet\"   # keep\n", "iommu=pt", D "=\"quiet iommu=pt\"   # keep\n"},
	{D "=\"quiet\"", "iommu=pt", D "=\"quiet iommu=pt\""},
	{"A=1; " D "=\"quiet\"; B=\"\"\n", "iommu=pt", "A=1; " D "=\"quiet iommu=pt\"; B=\"\"\n"},
	{D "=\"a\"\n" D "=\"b\"\n", "iommu=pt", D "=\"a\"\n" D "=\"b iommu=pt\"\n"},
	{D "=\"\\\na \\\n\"\n", "iommu=pt", D "=\"\\\na \\\n iommu=pt\"\n"},
	{D "=\"x=\\\"a b\\\"\"\n", "iommu=pt", D "=\"x=\\\"a b\\\" iommu=pt\"\n"},
	/* there already, in either variable, in any order, as one of a list */
	{D "=\"iommu=pt quiet\"\n", "iommu=pt", D "=\"iommu=pt quiet\"\n"},
	{D "=\"quiet\"\nGRUB_CMDLINE_LINUX=\"iommu=pt\"\n", "iommu=pt",
	 D "=\"quiet\"\nGRUB_CMDLINE_LINUX=\"iommu=pt\"\n"},
	{D "=\"intel_iommu=on,sm_on iommu=1,pt\"\n", PT,
	 D "=\"intel_iommu=on,sm_on iommu=1,pt\"\n"},
	{D "=\"iommu=pt iommu=1\"\n", "iommu=pt", D "=\"iommu=pt iommu=1\"\n"},
	/* another value: the last one counts */
	{D "=\"intel_iommu=off\"\n", PT, D "=\"intel_iommu=off intel_iommu=on iommu=pt\"\n"},
	{D "=\"intel_iommu=on intel_iommu=off\"\n", "intel_iommu=on",
	 D "=\"intel_iommu=on intel_iommu=off intel_iommu=on\"\n"},
	{D "=\"iommu=pt,nopt\"\n", "iommu=pt", D "=\"iommu=pt,nopt\"\n"},
	{D "=\"iommu=nopt\"\n", "iommu=pt", D "=\"iommu=nopt iommu=pt\"\n"},
	{D "=\"amd_iommu=off\"\n", "iommu=pt", NULL},
	{"GRUB_CMDLINE_LINUX=\"iommu=off\"\n", "iommu=pt", NULL},
	{D "=\"quiet -- single\"\n", "iommu=pt", NULL},
	/* no simple string: a line of our own */
	{"", "iommu=pt", MARK SELF " iommu=pt\"\n"},
	{"GRUB_TIMEOUT=5\n", "iommu=pt", "GRUB_TIMEOUT=5\n" MARK SELF " iommu=pt\"\n"},
	{"GRUB_TIMEOUT=5", "iommu=pt", "GRUB_TIMEOUT=5\n" MARK_JOINED SELF " iommu=pt\"\n"},
	{D "=quiet\n", "iommu=pt", D "=quiet\n" MARK SELF " iommu=pt\"\n"},
	{D "=quiet\\ splash\n", "iommu=pt", D "=quiet\\ splash\n" MARK SELF " iommu=pt\"\n"},
	{D "=\"a \"'b'\n", "iommu=pt", D "=\"a \"'b'\n" MARK SELF " iommu=pt\"\n"},
	{D "=\"$(cat /x)\"\n", "iommu=pt", D "=\"$(cat /x)\"\n" MARK SELF " iommu=pt\"\n"},
	{D "=\"${X}\"\n", "iommu=pt", D "=\"${X}\"\n" MARK SELF " iommu=pt\"\n"},
	{D "=\"a\"\n" D "+=\" b\"\n", "iommu=pt",
	 D "=\"a\"\n" D "+=\" b\"\n" MARK SELF " iommu=pt\"\n"},
	{D "=\"a\"\n" D "+=\" iommu=pt\"\n", "iommu=pt", D "=\"a\"\n" D "+=\" iommu=pt\"\n"},
	{D "=\"a\"\nif x; then\n" D "=\"b\"\nfi\n", "iommu=pt",
	 D "=\"a\"\nif x; then\n" D "=\"b\"\nfi\n" MARK SELF " iommu=pt\"\n"},
	{D "=\"a\"\n. /etc/more\n", "iommu=pt",
	 D "=\"a\"\n. /etc/more\n" MARK SELF " iommu=pt\"\n"},
	{"export " D "=\"a\"\n", "iommu=pt", "export " D "=\"a\"\n" MARK SELF " iommu=pt\"\n"},
	/* what can't be right */
	{D "=\"quiet\n", "iommu=pt", NULL},
	{D "=\"quiet\"\ncat <<E\n", "iommu=pt", NULL},
	{D "=\"quiet\" \\\n", "iommu=pt", NULL},
	{D "=\"quiet\"\nexit 0\n", "iommu=pt", NULL},
	{D "=\"quiet\"\r\n", "iommu=pt", NULL},
	{D "=\"x=\\\"a b\"\n", "iommu=pt", NULL}, /* the kernel's quote stays open */
};

static void test_in_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in_place); i++) {
		const struct in_place *c = &in_place[i];
		struct wish w;
		struct bed b;
		int r;

		make(&b, "arch", c->before, strlen(c->before));
		wish_of(&w, c->params, "");
		r = bed_apply(&b, &target_grub, &w);
		if (c->after ? r < 0 : r >= 0)
			fail_msg("case %zu: %s %s", i, c->before, r < 0 ? b.err.text : "accepted");
		if (strcmp(bed_get(&b, GRUB_FILE), c->after ? c->after : c->before) != 0)
			fail_msg("case %zu: %s became\n%s", i, c->before, bed_get(&b, GRUB_FILE));
		wish_release(&w);
		drop(&b);
	}
}

static void test_refusals_name_file_line_and_reason(void **state)
{
	static const struct {
		const char *before, *sentence;
	} cases[] = {
		{"A=1\n" D "=\"quiet\n",
		 "/etc/default/grub, line 2: a double quote is never closed"},
		{"A=1\n\n" D "=\"quiet\"\r\n",
		 "/etc/default/grub, line 3: its lines end in carriage returns (DOS line endings), "
		 "which the shell takes for part of the value; convert the file first; nothing was "
		 "changed"},
		{D "=\"amd_iommu=off\"\n",
		 "/etc/default/grub: \"amd_iommu=off\" turns the IOMMU off, and no later parameter "
		 "turns it on again; take it out first, nothing was changed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wish w;
		struct bed b;

		make(&b, "arch", cases[i].before, strlen(cases[i].before));
		wish_of(&w, PT, "");
		assert_true(bed_apply(&b, &target_grub, &w) < 0);
		assert_string_equal(b.err.text, cases[i].sentence);
		wish_release(&w);
		drop(&b);
	}
}

/* What vfiotui did not add, it does not take out. */
static void test_ownership(void **state)
{
	const char *before = D "=\"quiet iommu=pt\"\n";
	struct wish both, one, none;
	struct bed b;

	(void)state;
	make(&b, "arch", before, strlen(before));
	wish_of(&both, "intel_iommu=on iommu=pt vfio-pci.ids=10de:1b80", "10de:1b80");
	wish_of(&one, "intel_iommu=on", "");
	wish_init(&none);
	assert_int_equal(bed_apply(&b, &target_grub, &both), 0);
	assert_string_equal(bed_get(&b, GRUB_FILE),
			    D "=\"quiet iommu=pt intel_iommu=on vfio-pci.ids=10de:1b80\"\n");
	assert_int_equal(b.owned.len, 2);
	assert_int_equal(bed_apply(&b, &target_grub, &one), 0);
	assert_string_equal(bed_get(&b, GRUB_FILE), D "=\"quiet iommu=pt intel_iommu=on\"\n");
	bed_put(&b, GRUB_FILE, D "=\"quiet iommu=pt intel_iommu=on user=1\"\n");
	assert_int_equal(bed_apply(&b, &target_grub, &one), 0); /* the user's word stays behind */
	assert_string_equal(bed_get(&b, GRUB_FILE),
			    D "=\"quiet iommu=pt intel_iommu=on user=1\"\n");
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(bed_apply(&b, &target_grub, &none), 0);
	assert_string_equal(bed_get(&b, GRUB_FILE), D "=\"quiet iommu=pt user=1\"\n");
	wish_release(&both);
	wish_release(&one);
	wish_release(&none);
	drop(&b);
}

/* vfio-pci.ids= on the line beats modprobe.d: ids that are not wished go, or are overruled. */
static void test_hand_made_ids(void **state)
{
	static const struct {
		const char *distro, *before, *ids, *after, *drop_in;
	} cases[] = {
		{"arch", D "=\"vfio-pci.ids=10de:1b80,10de:10f0 quiet\"\n", "10de:1b80 10de:10f0",
		 D "=\"vfio-pci.ids=10de:1b80,10de:10f0 quiet\"\n", NULL},
		{"arch", D "=\"vfio-pci.ids=10DE:1B80 quiet\"\n", "10de:1b80",
		 D "=\"vfio-pci.ids=10DE:1B80 quiet\"\n", NULL},
		{"arch", D "=\"vfio-pci.ids=10de:1b80,10de:10f0 quiet\"\n", "10de:1b80",
		 D "=\"vfio-pci.ids=10de:1b80 quiet\"\n", NULL},
		{"arch", D "=\"a vfio-pci.ids=10de:1b80 quiet\"\n", "", D "=\"a quiet\"\n", NULL},
		{"debian", D "=\"a vfio-pci.ids=10de:1b80 quiet\"\n", "", D "=\"a quiet\"\n", NULL},
		{"arch", D "=\"vfio-pci.ids=10de:1b80\"\n", "10de:1b80 1002:0001",
		 D "=\"vfio-pci.ids=10de:1b80 vfio-pci.ids=10de:1b80,1002:0001\"\n", NULL},
		{"debian", "A=1\n" D "=vfio-pci.ids=10de:1b80\n", "1002:0001",
		 "A=1\n" D "=vfio-pci.ids=10de:1b80\n",
		 "\n# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes this "
		 "file "
		 "away)\n" SELF " vfio-pci.ids=1002:0001\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wish w;
		struct bed b;

		make(&b, cases[i].distro, cases[i].before, strlen(cases[i].before));
		wish_of(&w, "", cases[i].ids);
		if (*cases[i].ids)
			wish_add_device(&w);
		assert_int_equal(bed_apply(&b, &target_grub, &w), 0);
		assert_string_equal(bed_get(&b, GRUB_FILE), cases[i].after);
		if (cases[i].drop_in)
			assert_string_equal(bed_get(&b, DROP_IN), cases[i].drop_in);
		else
			assert_null(bed_get(&b, DROP_IN));
		wish_release(&w);
		drop(&b);
	}
}

/* --- drop-ins --------------------------------------------------------------------------------- */

static void test_drop_in(void **state)
{
	const char *before = D "=\"quiet\"\n";
	struct wish w, none;
	struct bed b;

	(void)state;
	make(&b, "debian", before, strlen(before));
	wish_of(&w, PT, "");
	wish_init(&none);
	assert_int_equal(bed_apply(&b, &target_grub, &w), 0);
	assert_string_equal(bed_get(&b, GRUB_FILE), before);
	assert_string_equal(
		bed_get(&b, DROP_IN),
		"\n# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes "
		"this file away)\n" SELF " intel_iommu=on iommu=pt\"\n");
	assert_int_equal(bed_mode(&b, DROP_IN), 0644);
	assert_int_equal(b.commands.len, 1);
	assert_string_equal(b.commands.items[0], "update-grub");
	assert_true(b.reboot);
	assert_int_equal(bed_apply(&b, &target_grub, &none), 0);
	assert_null(bed_get(&b, DROP_IN));
	wish_release(&none);
	wish_release(&w);
	drop(&b);
}

/* A drop-in that is read behind ours and sets the variable anew would undo ours. */
static void test_drop_in_comes_last(void **state)
{
	struct wish w, none;
	struct bed b, start;

	(void)state;
	make(&b, "debian", "", 0);
	bed_put(&b, GRUB_DIR "/kali-themes.cfg", D "=\"quiet splash\"\n");
	bed_copy(&start, &b);
	wish_of(&w, PT, "");
	wish_init(&none);
	assert_int_equal(bed_apply(&b, &target_grub, &w), 0);
	assert_null(bed_get(&b, DROP_IN));
	assert_non_null(strstr(bed_get(&b, DROP_IN_LATE), SELF " intel_iommu=on iommu=pt\"\n"));
	assert_int_equal(bed_apply(&b, &target_grub, &none), 0);
	assert_true(bed_equal(&start, &b));
	bed_release(&start);
	wish_release(&none);
	wish_release(&w);
	drop(&b);
}

/* dash ends grub-mkconfig (set -e) at "+=": nothing must be written into such a file's company. */
static void test_dash_refuses_append(void **state)
{
	const char *before = D "=\"quiet\"\n" D "+=\" splash\"\n";
	struct wish w;
	struct bed b;

	(void)state;
	make(&b, "debian", before, strlen(before));
	wish_of(&w, PT, "");
	assert_true(bed_apply(&b, &target_grub, &w) < 0);
	assert_non_null(strstr(b.err.text, "/etc/default/grub, line 2: sh is dash here"));
	wish_release(&w);
	drop(&b);
}

static void test_how_grub_is_told(void **state)
{
	static const struct {
		const char *distro, *file, *text;
		const char *command;
		bool drop_ins;
	} cases[] = {
		{"arch", NULL, NULL, "grub-mkconfig -o /boot/grub/grub.cfg", false},
		{"debian", NULL, NULL, "update-grub", true},
		{"ubuntu", NULL, NULL, "update-grub", true},
		{"fedora", NULL, NULL, "grub2-mkconfig -o /boot/grub2/grub.cfg", false},
		{"opensuse", NULL, NULL, "grub2-mkconfig -o /boot/grub2/grub.cfg", false},
		{"arch", "/boot/grub2/grub.cfg", "", "grub2-mkconfig -o /boot/grub2/grub.cfg",
		 false},
		{"gentoo", "/usr/sbin/grub-mkconfig", "for x in ${sysconfdir}/default/grub.d/*.cfg",
		 "grub-mkconfig -o /boot/grub/grub.cfg", true},
		{"debian", "/usr/sbin/grub-mkconfig", ". ${sysconfdir}/default/grub\n",
		 "update-grub", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wish w;
		struct bed b;

		make(&b, cases[i].distro, D "=\"\"\n", strlen(D "=\"\"\n"));
		if (cases[i].file)
			bed_put(&b, cases[i].file, cases[i].text);
		wish_of(&w, PT, "");
		assert_int_equal(bed_apply(&b, &target_grub, &w), 0);
		assert_string_equal(b.commands.items[0], cases[i].command);
		assert_int_equal(bed_get(&b, DROP_IN) != NULL, cases[i].drop_ins);
		wish_release(&w);
		drop(&b);
	}
}

static void test_present(void **state)
{
	struct present p = {.ids = STRV_INIT};
	const char *text = D
		"=\"quiet iommu=pt\"\nGRUB_CMDLINE_LINUX=\"vfio-pci.ids=10DE:1b80,1002:ab38\"\n";
	struct bed b;

	(void)state;
	make(&b, "debian", text, strlen(text));
	bed_put(&b, GRUB_DIR "/50-x.cfg", SELF " hugepages=4\"\n");
	bed_present(&b, &target_grub, &p);
	assert_int_equal(p.ids.len, 2);
	assert_true(strv_has(&p.ids, "10de:1b80") && strv_has(&p.ids, "1002:ab38"));
	assert_true(strv_has(&p.kernel_params, "iommu=pt") &&
		    strv_has(&p.kernel_params, "hugepages=4"));
	assert_string_equal(p.where.items[0], GRUB_FILE);
	present_release(&p);
	drop(&b);
}

/* --- the laws, and the shells as readers ---------------------------------------------------------- */

/* What grub-mkconfig would source, as one text. */
static void sourced(const struct bed *b, struct str *ret)
{
	const char *parts[] = {bed_get(b, GRUB_FILE), bed_get(b, DROP_IN),
			       bed_get(b, DROP_IN_LATE)};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i])
			str_addf(ret, "%s%s", i ? "\n" : "", parts[i]);
}

/* GRUB_CMDLINE_LINUX_DEFAULT and GRUB_CMDLINE_LINUX; empty where unset. */
struct read {
	char *normal, *all;
};

static struct read read_both(const struct bed *b)
{
	const char *shell = strv_has(&b->platform.distro_like, "debian") ? "dash" : "sh";
	struct strv values[2] = {STRV_INIT, STRV_INIT};
	auto_strv struct strv names = STRV_INIT;
	auto_str struct str text = STR_INIT;
	struct read ret;

	strv_split(&names, D " GRUB_CMDLINE_LINUX", " ");
	sourced(b, &text);
	/* A sourced file that is missing here ends a POSIX shell: bash goes on. */
	if (!shells_values(shell, text.data, text.len, &names, values))
		shells_values("bash", text.data, text.len, &names, values);
	ret.normal = xstrdup(values[0].len ? values[0].items[0] : "");
	ret.all = xstrdup(values[1].len ? values[1].items[0] : "");
	strv_release(&values[0]);
	strv_release(&values[1]);
	return ret;
}

static bool shells_there;

static void check_read(const struct bed *before, const struct bed *after, const struct wish *wish)
{
	auto_strv struct strv was = STRV_INIT;
	auto_strv struct strv is = STRV_INIT;
	auto_free char *line = NULL;
	struct read old, new;

	/* Hand-made ids are pruned: test_hand_made_ids. */
	if (!shells_there || strstr(bed_get(before, GRUB_FILE), "vfio-pci.ids"))
		return;
	old = read_both(before);
	new = read_both(after);
	line = xasprintf("%s %s", new.all, new.normal);
	kernel_params_split(&was, old.normal);
	kernel_params_split(&is, new.normal);
	if (strcmp(old.all, new.all) != 0)
		fail_msg("GRUB_CMDLINE_LINUX was \"%s\" and is \"%s\"", old.all, new.all);
	for (size_t i = 0; i < wish->kernel_params.len; i++)
		if (!kernel_line_has(line, wish->kernel_params.items[i]))
			fail_msg("%s is not in \"%s\" of\n%s", wish->kernel_params.items[i], line,
				 bed_get(after, GRUB_FILE));
	for (size_t i = 0; i < was.len; i++) /* what was there comes first, unchanged */
		if (i >= is.len || strcmp(was.items[i], is.items[i]) != 0)
			fail_msg("\"%s\" became \"%s\"", old.normal, new.normal);
	for (size_t i = was.len; i < is.len; i++)
		assert_true(strv_has(&wish->kernel_params, is.items[i]));
	free(old.normal);
	free(old.all);
	free(new.normal);
	free(new.all);
}

struct run {
	struct laws laws;
	const char *distro, *params;
};

static void run_sample(const char *path, const char *bytes, size_t len, void *data)
{
	struct run *run = data;
	struct wish w;
	struct bed b;

	make(&b, run->distro, bytes, len);
	wish_of(&w, run->params, "10de:1b80");
	run->laws.hand_made = memmem(bytes, len, "vfio-pci.ids=", strlen("vfio-pci.ids=")) != NULL;
	laws_run(&run->laws, path, &b, &w);
	wish_release(&w);
	drop(&b);
}

static void test_laws_on_samples(void **state)
{
	static const char *const distros[] = {"arch", "debian"};
	static const char *const wishes[] = {"iommu=pt", PT, PT " vfio-pci.ids=10de:1b80"};

	(void)state;
	shells_there = shells_have("dash") && shells_have("bash");
	for (size_t i = 0; i < ARRAY_SIZE(distros); i++) {
		struct run run = {.laws = {.target = &target_grub, .check = check_read},
				  .distro = distros[i]};
		auto_free char *what = NULL;
		size_t n = 0;

		for (size_t k = 0; k < ARRAY_SIZE(wishes); k++) {
			run.params = wishes[k];
			n = samples_each("grub", run_sample, &run);
		}
		what = xasprintf("grub, %s, %zu sample files with %zu wishes each", distros[i], n,
				 ARRAY_SIZE(wishes));
		laws_report(&run.laws, what);
	}
}

static void test_laws_on_cases(void **state)
{
	struct run run = {.laws = {.target = &target_grub, .check = check_read}, .params = PT};

	(void)state;
	shells_there = shells_have("dash") && shells_have("bash");
	for (size_t i = 0; i < ARRAY_SIZE(in_place); i++) {
		run.distro = i % 2 ? "arch" : "debian";
		run_sample(in_place[i].before, in_place[i].before, strlen(in_place[i].before),
			   &run);
		run.distro = i % 2 ? "debian" : "arch";
		run_sample(in_place[i].before, in_place[i].before, strlen(in_place[i].before),
			   &run);
	}
	strv_release(&run.laws.reasons);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_refusals_name_file_line_and_reason),
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_hand_made_ids),
		cmocka_unit_test(test_drop_in),
		cmocka_unit_test(test_drop_in_comes_last),
		cmocka_unit_test(test_dash_refuses_append),
		cmocka_unit_test(test_how_grub_is_told),
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_laws_on_samples),
		cmocka_unit_test(test_laws_on_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
