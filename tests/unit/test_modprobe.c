/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modprobe.d target: exact bytes, the laws of target.h, and what kmod reads afterwards. */
#include <errno.h>
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
#include "config/kmod_conf.h"

#define VFIO "/etc/modprobe.d/vfio.conf"
#define EARLY "/etc/modprobe.d/00-vfiotui.conf"
#define HEADER "# vfiotui: devices for passthrough (\"vfiotui undo\" takes this back)\n"
#define RELEASE "6.1.0-test"

static char tree[] = "/tmp/vfiotui-kmod-XXXXXX";
static bool have_kmod;

/* A module tree with empty modules; r8169 has a softdep of its own, as the real one. */
static int make_tree(void **state)
{
	auto_str struct str out = STR_INIT;

	(void)state;
	if (!mkdtemp(tree))
		return -1;
	have_kmod = !shell_run(
		&out,
		"cd %s && mkdir -p etc lib/modules/" RELEASE
		"/kernel && for m in vfio-pci nouveau nvidia amdgpu "
		"snd_hda_intel drm r8169 realtek foo bar; do { printf '#define I "
		"__attribute__((section(\".modinfo\"),used)) static const char\\nI l[] = "
		"\"license=GPL\";I n[] = \"name=%%s\";\\n' \"$m\"; [ \"$m\" = r8169 ] && echo 'I "
		"s[] = \"softdep=pre: "
		"realtek\";'; :; } > m.c && cc -c -o lib/modules/" RELEASE
		"/kernel/$m.ko m.c || exit; done; "
		"touch lib/modules/" RELEASE "/modules.order lib/modules/" RELEASE
		"/modules.builtin && PATH=$PATH:/sbin:/usr/sbin && "
		"command -v modprobe && depmod -b . " RELEASE " 2>/dev/null",
		tree);
	if (!have_kmod)
		fprintf(stderr, "SKIPPED: kmod's own reading (needs modprobe, depmod and cc)\n");
	return 0;
}

static int drop_tree(void **state)
{
	auto_str struct str out = STR_INIT;

	(void)state;
	return shell_run(&out, "rm -r %s", tree);
}

static void wish_of(struct wish *w, const char *ids, const char *modules)
{
	wish_init(w);
	strv_split(&w->ids, ids, " ");
	strv_split(&w->host_modules, modules, " ");
	for (size_t i = 0; i < w->ids.len; i++) {
		struct wish_device *d = wish_add_device(w);

		d->vendor = (uint16_t)strtoul(w->ids.items[i], NULL, 16);
		d->id = (uint16_t)strtoul(w->ids.items[i] + 5, NULL, 16);
		d->subvendor = 0x1462;
		d->subdevice = 0x3905;
		d->class_code = 0x030000;
	}
}

static int apply(struct bed *b, const char *ids, const char *modules)
{
	struct wish w;
	int r;

	wish_of(&w, ids, modules);
	r = bed_apply(b, &target_modprobe, &w);
	wish_release(&w);
	return r;
}

/* What modprobe would do with the bed's files for each module, after a line "= MODULE". */
static char *kmod_reads(const struct bed *b, const char *modules)
{
	struct str out = STR_INIT;
	auto_str struct str ignored = STR_INIT;

	shell_run(&ignored, "cd %s && rm -rf etc usr run && mkdir -p etc/modprobe.d", tree);
	bed_write(b, tree);
	shell_run(&out,
		  "cd %s; PATH=$PATH:/sbin:/usr/sbin; set --; for d in etc run usr/local/lib "
		  "usr/lib; do "
		  "[ ! -d $d/modprobe.d ] || set -- \"$@\" -C $PWD/$d/modprobe.d; done; for m in "
		  "%s; do echo \"= $m\"; "
		  "modprobe -d $PWD -S " RELEASE " \"$@\" --show-depends $m 2>/dev/null; done",
		  tree, modules);
	return str_take(&out);
}

static void expect_ids(const char *out, const char *ids, const char *context)
{
	auto_strv struct strv words = STRV_INIT;
	auto_strv struct strv want = STRV_INIT;
	auto_strv struct strv got = STRV_INIT;
	const char *last = "";

	strv_split(&words, out, " \n\r\"");
	for (size_t i = 0; i < words.len; i++)
		if (text_starts_with(words.items[i], "ids="))
			last = words.items[i] + 4;
	strv_split(&got, last, ",");
	strv_split(&want, ids, " ");
	strv_sort(&got);
	strv_sort(&want);
	if (!strv_equal(&got, &want))
		fail_msg("%s: kmod passes \"%s\" instead of \"%s\"", context, last, ids);
}

/* kmod passes exactly these ids, and loads vfio-pci before each module. */
static void expect_kmod(const struct bed *b, const char *ids, const char *modules,
			const char *context)
{
	auto_free char *all = xasprintf("vfio-pci %s", modules);
	auto_strv struct strv list = STRV_INIT;
	auto_free char *out = NULL;

	if (!have_kmod)
		return;
	out = kmod_reads(b, all);
	strv_split(&list, modules, " ");
	for (size_t i = 0; i < list.len; i++) {
		auto_free char *mark = xasprintf("= %s\n", list.items[i]);
		auto_free char *own = xasprintf("/%s.ko", list.items[i]);
		const char *part = strstr(out, mark);
		const char *vfio = part ? strstr(part, "/vfio-pci.ko") : NULL;
		const char *driver = part ? strstr(part, own) : NULL;

		if (!vfio || !driver || vfio > driver)
			fail_msg("%s: vfio-pci does not load before %s: %s", context, list.items[i],
				 out);
	}
	out[list.len ? (size_t)(strstr(out + 1, "\n= ") - out) : strlen(out)] = '\0';
	expect_ids(out, ids, context);
}

/* --- exact bytes ---------------------------------------------------------- */

static const struct {
	const char *what, *before, *ids, *modules, *after; /* NULL: no such file */
} exact[] = {
	{"a new file", NULL, "10de:1b80 10de:10f0", "nouveau snd_hda_intel",
	 HEADER "options vfio-pci ids=10de:1b80,10de:10f0\nsoftdep nouveau pre: vfio-pci\n"
		"softdep snd_hda_intel pre: vfio-pci\n"},
	{"nothing wished, nothing there", NULL, "", "", NULL},
	{"other lines are kept", "options kvm ignore_msrs=1\n", "10de:1b80", "",
	 "options kvm ignore_msrs=1\noptions vfio-pci ids=10de:1b80\n"},
	{"an existing ids= is extended, not doubled",
	 "options vfio-pci ids=10de:1b80 disable_vga=1\n", "10de:1b80 10de:10f0", "",
	 "options vfio-pci ids=10de:1b80,10de:10f0 disable_vga=1\n"},
	{"ids that are not wished go", "options vfio-pci ids=10de:1b80,1002:67df disable_vga=1\n",
	 "10de:1b80", "", "options vfio-pci ids=10de:1b80 disable_vga=1\n"},
	{"an option line keeps what else it says", "options vfio-pci ids=10de:1b80 disable_vga=1\n",
	 "", "", "options vfio-pci disable_vga=1\n"},
	{"an option before the ids", "options vfio-pci disable_vga=1  ids=10de:1b80\n", "", "",
	 "options vfio-pci disable_vga=1\n"},
	{"a line with nothing else goes", "# mine\noptions vfio-pci ids=10de:1b80\n", "", "",
	 "# mine\n"},
	{"a trailing comment is no option", "options vfio-pci ids=10de:1b80 # my card\n", "", "",
	 ""},
	{"... but ids= in it counts for the kernel",
	 "options vfio-pci ids=10de:1b80 # was ids=10de:10f0\n", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80 # was\n"},
	{"a comment is not configuration", "#options vfio-pci ids=10de:1b80\n", "10de:1b80", "",
	 "#options vfio-pci ids=10de:1b80\noptions vfio-pci ids=10de:1b80\n"},
	{"an indented # is a bad line, not configuration", "  # options vfio-pci ids=10de:1b80\n",
	 "10de:1b80", "", "  # options vfio-pci ids=10de:1b80\noptions vfio-pci ids=10de:1b80\n"},
	{"a comment that goes on in the next line", "# old \\\noptions vfio-pci ids=10de:1b80\n",
	 "10de:1b80", "",
	 "# old \\\noptions vfio-pci ids=10de:1b80\noptions vfio-pci ids=10de:1b80\n"},
	{"vfio-pci.ids= sets nothing", "options vfio-pci vfio-pci.ids=10de:1b80\n", "10de:1b80", "",
	 "options vfio-pci vfio-pci.ids=10de:1b80\noptions vfio-pci ids=10de:1b80\n"},
	{"a misspelled option is left alone",
	 "options vfio-pci ids=10de:1b80\noptions vfio-pci diable_vga=1\n", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80\noptions vfio-pci diable_vga=1\n"},
	{"tabs, indentation, underscore", "\toptions\tvfio_pci\tids=10de:1b80\n",
	 "10de:1b80 10de:10f0", "", "\toptions\tvfio_pci\tids=10de:1b80,10de:10f0\n"},
	{"the last of two ids= counts",
	 "options vfio-pci ids=10de:1b80\noptions vfio-pci ids=10de:10f0\n", "10de:1b80 10de:10f0",
	 "", "options vfio-pci ids=10de:1b80\noptions vfio-pci ids=10de:10f0,10de:1b80\n"},
	{"... and when it goes, the first",
	 "options vfio-pci ids=10de:1b80\noptions vfio-pci ids=10de:10f0\n", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80\n"},
	{"a continued value", "options vfio-pci ids=10de:1b80,\\\n10de:10f0 disable_vga=1\n",
	 "10de:10f0", "", "options vfio-pci ids=10de:10f0 disable_vga=1\n"},
	{"a continued value is extended in place", "options vfio-pci ids=10de:1b80,\\\n10de:10f0\n",
	 "10de:1b80 10de:10f0 8086:10d3", "",
	 "options vfio-pci ids=10de:1b80,\\\n10de:10f0,8086:10d3\n"},
	{"quotes", "options vfio-pci ids=\"10de:1b80\"\n", "10de:1b80 10de:10f0", "",
	 "options vfio-pci ids=\"10de:1b80,10de:10f0\"\n"},
	{"CR LF ends a value for the kernel", "options vfio-pci ids=10de:1b80\r\n",
	 "10de:1b80 10de:10f0", "", "options vfio-pci ids=10de:1b80,10de:10f0\r\n"},
	{"new lines end in LF alone", "blacklist foo\r\n", "10de:1b80", "",
	 "blacklist foo\r\noptions vfio-pci ids=10de:1b80\n"},
	{"upper case and 0x", "options vfio-pci ids=10DE:1B80,0x10de:0x10f0\n",
	 "10de:1b80 10de:10f0", "", "options vfio-pci ids=10DE:1B80,0x10de:0x10f0\n"},
	{"any device of a vendor is more than wished", "options vfio-pci ids=10de:ffffffff\n",
	 "10de:1b80", "", "options vfio-pci ids=10de:1b80\n"},
	{"a subsystem that fits", "options vfio-pci ids=10de:1b80:1462:3905\n", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80:1462:3905\n"},
	{"a subsystem that does not fit", "options vfio-pci ids=10de:1b80:1043:1111\n", "10de:1b80",
	 "", "options vfio-pci ids=10de:1b80:1043:1111,10de:1b80\n"},
	{"a class that does not fit",
	 "options vfio-pci ids=10de:1b80:ffffffff:ffffffff:040300:ffffff\n", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80:ffffffff:ffffffff:040300:ffffff,10de:1b80\n"},
	{"an empty ids=", "options vfio-pci ids= disable_vga=1\n", "10de:1b80", "",
	 "options vfio-pci ids= ids=10de:1b80 disable_vga=1\n"},
	{"text that is no id", "options vfio-pci ids=foo\n", "10de:1b80", "",
	 "options vfio-pci ids=foo ids=10de:1b80\n"},
	{"no final newline", "options kvm ignore_msrs=1", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80\noptions kvm ignore_msrs=1"},
	{"a file that ends in a continuation", "options kvm ignore_msrs=1 \\\n", "10de:1b80", "",
	 "options vfio-pci ids=10de:1b80\noptions kvm ignore_msrs=1 \\\n"},
	{"a softdep that holds is not doubled", "softdep nouveau pre: vfio-pci\n", "", "nouveau",
	 "softdep nouveau pre: vfio-pci\n"},
	{"an underscore is a dash", "softdep snd-hda-intel pre: vfio_pci\n", "", "snd_hda_intel",
	 "softdep snd-hda-intel pre: vfio_pci\n"},
	{"a glob holds", "softdep nouv* pre: vfio-pci\n", "", "nouveau",
	 "softdep nouv* pre: vfio-pci\n"},
	{"CR LF softdep holds", "softdep nouveau pre: vfio-pci\r\n", "", "nouveau",
	 "softdep nouveau pre: vfio-pci\r\n"},
	{"tabs in a softdep", "softdep\tnouveau\tpre: vfio-pci\n", "", "nouveau",
	 "softdep\tnouveau\tpre: vfio-pci\n"},
	{"no blank after pre: does nothing, and hides what follows",
	 "softdep nouveau pre:vfio-pci\n", "", "nouveau",
	 "softdep nouveau pre: vfio-pci\nsoftdep nouveau pre:vfio-pci\n"},
	{"two blanks before pre: do nothing", "softdep nouveau  pre: vfio-pci\n", "", "nouveau",
	 "softdep nouveau pre: vfio-pci\nsoftdep nouveau  pre: vfio-pci\n"},
	{"three blanks work", "softdep nouveau   pre: vfio-pci\n", "", "nouveau",
	 "softdep nouveau   pre: vfio-pci\n"},
	{"post: is too late", "softdep nouveau post: vfio-pci\n", "", "nouveau",
	 "softdep nouveau pre: vfio-pci post: vfio-pci\nsoftdep nouveau post: vfio-pci\n"},
	{"the first line decides alone, so ours repeats it", "softdep nvidia pre: foo post: bar\n",
	 "", "nvidia",
	 "softdep nvidia pre: vfio-pci foo post: bar\nsoftdep nvidia pre: foo post: bar\n"},
	{"weakdep loads nothing", "weakdep nouveau vfio-pci\n", "", "nouveau",
	 "weakdep nouveau vfio-pci\nsoftdep nouveau pre: vfio-pci\n"},
	{"an install command would be forgotten", "install nouveau /bin/false\n", "", "nouveau",
	 "install nouveau /bin/false\n"},
	{"an install command of vfio-pci is kept",
	 "install vfio-pci /usr/local/bin/x && modprobe -i vfio-pci $CMDLINE_OPTS\n", "10de:1b80",
	 "",
	 "install vfio-pci /usr/local/bin/x && modprobe -i vfio-pci $CMDLINE_OPTS\n"
	 "options vfio-pci ids=10de:1b80\n"},
};

static void test_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		struct bed b;
		const char *got;

		bed_init(&b);
		if (exact[i].before)
			bed_put(&b, VFIO, exact[i].before);
		if (apply(&b, exact[i].ids, exact[i].modules) < 0)
			fail_msg("%s: %s", exact[i].what, b.err.text);
		got = bed_get(&b, VFIO);
		if (!exact[i].after != !got || (got && strcmp(got, exact[i].after) != 0))
			fail_msg("%s: got\n%s", exact[i].what, got ? got : "(no file)");
		bed_release(&b);
	}
}

/* --- several files -------------------------------------------------------- */

static void test_another_file(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/etc/modprobe.d/a.conf",
		"options vfio-pci ids=10de:1b80\nsoftdep nvidia post: foo\n");
	bed_put(&b, "/etc/modprobe.d/zz.conf", "options vfio-pci ids=1002:67df disable_vga=1\n");
	bed_put(&b, "/etc/modprobe.d/readme.txt", "options vfio-pci ids=1234:5678\n");
	assert_int_equal(apply(&b, "10de:1b80 10de:10f0", "nvidia"), 0);
	assert_string_equal(bed_get(&b, "/etc/modprobe.d/a.conf"),
			    "options vfio-pci ids=10de:1b80,10de:10f0\n"
			    "softdep nvidia pre: vfio-pci post: foo\nsoftdep nvidia post: foo\n");
	assert_string_equal(bed_get(&b, "/etc/modprobe.d/zz.conf"),
			    "options vfio-pci disable_vga=1\n");
	assert_null(bed_get(&b, VFIO));
	expect_kmod(&b, "10de:1b80 10de:10f0", "nvidia", "two files");
	bed_release(&b);
}

static void test_package_files(void **state)
{
	struct bed b;
	struct bed before;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/usr/lib/modprobe.d/nvidia.conf", "softdep nvidia post: foo\n");
	bed_put(&b, "/usr/lib/modprobe.d/vfio.conf", "options kvm ignore_msrs=1\n");
	bed_copy(&before, &b);
	assert_int_equal(apply(&b, "10de:1b80", "nvidia"), 0);
	assert_string_equal(bed_get(&b, EARLY), HEADER "softdep nvidia pre: vfio-pci post: foo\n");
	assert_string_equal(bed_get(&b, VFIO),
			    "options kvm ignore_msrs=1\noptions vfio-pci ids=10de:1b80\n");
	expect_kmod(&b, "10de:1b80", "nvidia", "package files");
	assert_int_equal(apply(&b, "", ""), 0);
	assert_true(bed_equal(&b, &before));
	assert_int_equal(b.owned.len, 0);
	bed_release(&before);

	/* ids of a package's file can only be taken back by a copy that masks it */
	bed_put(&b, "/usr/lib/modprobe.d/zz.conf",
		"options vfio-pci ids=1002:67df disable_vga=1\n");
	assert_int_equal(apply(&b, "10de:1b80", ""), 0);
	assert_string_equal(bed_get(&b, "/etc/modprobe.d/zz.conf"),
			    "options vfio-pci disable_vga=1\n");
	expect_kmod(&b, "10de:1b80", "", "package ids");
	bed_release(&b);
}

/* A link to /dev/null below /etc switches a package's file off (modprobe.d(5)). */
static void test_masks(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/usr/lib/modprobe.d/nvidia.conf", "softdep nvidia post: foo\n");
	bed_put(&b, "/usr/lib/modprobe.d/zz.conf", "options vfio-pci ids=1002:67df\n");
	bed_mask(&b, "/etc/modprobe.d/nvidia.conf");
	bed_mask(&b, "/run/modprobe.d/zz.conf");
	assert_int_equal(apply(&b, "10de:1b80", "nvidia"), 0);
	assert_string_equal(bed_get(&b, VFIO), HEADER
			    "options vfio-pci ids=10de:1b80\nsoftdep nvidia pre: vfio-pci\n");
	assert_null(bed_get(&b, EARLY));
	expect_kmod(&b, "10de:1b80", "nvidia", "masked files");
	bed_release(&b);

	bed_init(&b);
	bed_mask(&b, VFIO);
	assert_int_equal(apply(&b, "10de:1b80", ""), -EINVAL);
	assert_non_null(strstr(b.err.text, VFIO " is a link to /dev/null"));
	assert_int_equal(apply(&b, "", ""), 0);
	bed_release(&b);
}

static void test_softdep_of_the_module_itself(void **state)
{
	struct bed b;
	struct bed before;

	(void)state;
	bed_init(&b);
	strv_add(&b.platform.kernels, RELEASE);
	bed_put(&b, "/lib/modules/" RELEASE "/modules.softdep",
		"# Soft dependencies extracted from modules themselves.\nsoftdep r8169 pre: "
		"realtek\n");
	bed_copy(&before, &b);
	assert_int_equal(apply(&b, "10ec:8168", "r8169"), 0);
	assert_string_equal(bed_get(&b, EARLY), HEADER "softdep r8169 pre: vfio-pci realtek\n");
	expect_kmod(&b, "10ec:8168", "r8169", "own softdep");
	if (have_kmod) {
		auto_free char *out = kmod_reads(&b, "r8169");

		assert_non_null(strstr(out, "/realtek.ko"));
	}
	assert_int_equal(apply(&b, "", ""), 0);
	assert_true(bed_equal(&b, &before));
	bed_release(&before);
	bed_release(&b);
}

static void test_what_is_ours_is_taken_back(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, VFIO, "softdep nouveau pre: vfio-pci\n"); /* by hand */
	assert_int_equal(apply(&b, "10de:1b80", "nouveau nvidia"), 0);
	assert_int_equal(apply(&b, "10de:1b80", "nouveau"), 0);
	assert_string_equal(bed_get(&b, VFIO),
			    "softdep nouveau pre: vfio-pci\noptions vfio-pci ids=10de:1b80\n");
	assert_int_equal(apply(&b, "", ""), 0);
	assert_string_equal(bed_get(&b, VFIO), "softdep nouveau pre: vfio-pci\n");
	bed_release(&b);

	/* lines that a user adds to our file stay, and so does the file */
	bed_init(&b);
	assert_int_equal(apply(&b, "10de:1b80", "nouveau"), 0);
	bed_put(&b, VFIO,
		HEADER
		"options vfio-pci ids=10de:1b80\nsoftdep nouveau pre: vfio-pci\nblacklist foo\n");
	assert_int_equal(apply(&b, "", ""), 0);
	assert_string_equal(bed_get(&b, VFIO), HEADER "blacklist foo\n");
	bed_release(&b);

	/* a line in front of ours makes it void: ours moves before it */
	bed_init(&b);
	bed_put(&b, VFIO, "blacklist foo\n");
	assert_int_equal(apply(&b, "", "nouveau"), 0);
	bed_put(&b, VFIO,
		"softdep nouveau pre: foo\nblacklist foo\nsoftdep nouveau pre: vfio-pci\n");
	assert_int_equal(apply(&b, "", "nouveau"), 0);
	assert_string_equal(
		bed_get(&b, VFIO),
		"softdep nouveau pre: vfio-pci foo\nsoftdep nouveau pre: foo\nblacklist foo\n");
	expect_kmod(&b, "", "nouveau", "moved");
	bed_release(&b);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{"# x\ninstall vfio-pci /bin/false\n", "line 2"},
		{"install vfio_pci \t/usr/bin/true \r\n", "line 1"},
		{"\n\noptions vfio-pci disable_vga=1 -- foo\n", "line 3"},
		{"# \\\n\noptions vfio-pci x=\"1 2\n", "line 3"},
		{"# x\noptions vfio-pci disable_vga=1\vx=1\n", "line 2"},
		{"options vfio-pci disable_vga=1\fx=1\n", "line 1"},
		{"options vfio-pci disable_vga=1\rx=1\n", "line 1"},
	};
	struct bed b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bed_init(&b);
		bed_put(&b, VFIO, cases[i].text);
		assert_true(apply(&b, "10de:1b80", "") < 0);
		assert_non_null(strstr(b.err.text, VFIO));
		assert_non_null(strstr(b.err.text, cases[i].line));
		assert_string_equal(bed_get(&b, VFIO), cases[i].text);
		assert_int_equal(apply(&b, "", ""), 0);
		assert_string_equal(bed_get(&b, VFIO), cases[i].text);
		bed_release(&b);
	}
}

static void test_too_many_ids(void **state)
{
	auto_str struct str ids = STR_INIT;
	struct bed b;

	(void)state;
	for (unsigned i = 0; i < 114; i++)
		str_addf(&ids, "8086:%04x ", i);
	bed_init(&b);
	assert_true(apply(&b, ids.data, "") < 0);
	assert_null(bed_get(&b, VFIO));
	bed_release(&b);
}

static void test_present(void **state)
{
	struct present p = {0};
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/etc/modprobe.d/a.conf", "options vfio-pci ids=1002:67df\n");
	bed_put(&b, "/etc/modprobe.d/b.conf",
		"options vfio_pci disable_vga=1 ids=10DE:1B80,x,10de:10f0:1462:3905\n#options "
		"vfio-pci ids=1:2\n");
	bed_present(&b, &target_modprobe, &p);
	assert_int_equal(p.ids.len, 2); /* the kernel keeps the last ids= */
	assert_string_equal(p.ids.items[0], "10de:1b80");
	assert_string_equal(p.ids.items[1], "10de:10f0");
	assert_string_equal(p.where.items[0], "/etc/modprobe.d/b.conf");
	present_release(&p);
	bed_release(&b);
}

/* --- the laws --------------------------------------------------------------- */

static bool hands_over(const struct bed *b)
{
	struct present p = {0};
	bool any;

	bed_present((struct bed *)(uintptr_t)b, &target_modprobe, &p);
	any = p.ids.len || p.where.len;
	present_release(&p);
	return any;
}

static void expect_laws(const struct bed *start, const char *context)
{
	static const char ids[] = "10de:1b80 10de:10f0 10ec:8168";
	static const char modules[] = "nouveau nvidia amdgpu snd_hda_intel drm r8169";
	struct bed none;
	struct bed once;
	struct bed twice;

	bed_copy(&none, start);
	if (apply(&none, "", "") < 0)
		fail_msg("%s: %s", context, none.err.text);
	if (!hands_over(start) && !bed_equal(&none, start))
		fail_msg("%s: changed without a wish", context);
	expect_kmod(&none, "", "", context);
	bed_copy(&once, start);
	if (apply(&once, ids, modules) < 0)
		fail_msg("%s: %s", context, once.err.text);
	expect_kmod(&once, ids, modules, context);
	bed_copy(&twice, &once);
	assert_int_equal(apply(&twice, ids, modules), 0);
	if (!bed_equal(&twice, &once) || !strv_equal(&twice.owned, &once.owned))
		fail_msg("%s: twice is not once", context);
	assert_int_equal(apply(&twice, "", ""), 0);
	if (!bed_equal(&twice, &none))
		fail_msg("%s: not taken back: %s", context, bed_get(&twice, VFIO));
	bed_release(&none);
	bed_release(&once);
	bed_release(&twice);
}

static void laws_at(const char *bytes, size_t len, const char *context)
{
	static const char *const paths[] = {VFIO, "/etc/modprobe.d/a.conf",
					    "/etc/modprobe.d/zz.conf",
					    "/usr/lib/modprobe.d/pkg.conf"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_free char *where = xasprintf("%s as %s", context, paths[i]);
		bool real = have_kmod;
		struct bed b;

		bed_init(&b);
		strv_add(&b.platform.kernels, RELEASE);
		bed_put(&b, "/lib/modules/" RELEASE "/modules.softdep",
			"softdep r8169 pre: realtek\n");
		bed_put_bytes(&b, paths[i], bytes, len);
		have_kmod = real &&
			    (i == 0 || i == 1 + len % 3); /* a process costs more than a law */
		expect_laws(&b, where);
		have_kmod = real;
		bed_release(&b);
	}
}

/* Cases where kmod is not asked: install commands run instead of loading. */
static bool has_install(const char *text)
{
	return strstr(text, "install ") != NULL;
}

static void test_laws(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		const char *text = exact[i].before ? exact[i].before : "";
		bool real = have_kmod;

		have_kmod = real && !has_install(text) && !strstr(text, "ids=\"") &&
			    !strstr(text, "0x") && !strstr(text, "10DE") &&
			    !strstr(text, "foo\n") && !strstr(text, ":1462") &&
			    !strstr(text, ":1043") && !strstr(text, ":ffff");
		laws_at(text, strlen(text), exact[i].what);
		have_kmod = real;
	}
}

static void laws_on_sample(const char *path, const char *bytes, size_t len, void *data)
{
	bool real = have_kmod;

	(void)data;
	have_kmod = real && !has_install(bytes);
	laws_at(bytes, len, path);
	have_kmod = real;
}

static void test_laws_on_samples(void **state)
{
	(void)state;
	assert_true(samples_each("modprobe", laws_on_sample, NULL) >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_another_file),
		cmocka_unit_test(test_package_files),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_softdep_of_the_module_itself),
		cmocka_unit_test(test_what_is_ours_is_taken_back),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_many_ids),
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_laws),
		cmocka_unit_test(test_laws_on_samples),
	};

	return cmocka_run_group_tests(tests, make_tree, drop_tree);
}
