/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu.conf: the grammar, exact bytes, the laws, and libvirt's own reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/libvirt.h"
#include "../support/samples.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "config/virconf.h"

#define CONF "/etc/libvirt/qemu.conf"
#define HEADER                                                                                     \
	"# vfiotui: libvirt's QEMU may open these devices (\"vfiotui undo\" takes this back)\n"

static char *root;
static const char *prefix; /* NULL: no libvirt to ask */

static int find_libvirt(void **state)
{
	(void)state;
	root = tmproot_new();
	prefix = libvirt_prefix(root);
	return 0;
}

static int drop_root(void **state)
{
	(void)state;
	tmproot_remove(root);
	return 0;
}

/* libvirt starts with the file; users that a sample names and this machine lacks are no objection to its syntax. */
static bool libvirt_takes(const char *bytes, size_t len)
{
	auto_str struct str out = STR_INIT;

	if (!prefix)
		return true;
	tmproot_put_bytes(root, "/etc/qemu.conf", bytes, len);
	if (!libvirt_virsh(root, prefix, &out, "uri"))
		return true;
	return !strstr(out.data, "syntax error") && !strstr(out.data, "expected a");
}

static const struct {
	const char *text;
	bool ok;
} grammar[] = {
	{"", true},
	{"a = 1\n", true},
	{"  a = 1 # c\n\tb = -1\n", true},
	{"a = +1", true},
	{"a = 1; b = 2 ; c=3\n", true},
	{"a = 1\r\nb=[\r\n\"x\"\r\n]\r\n", true},
	{"a = 1\rb = 2\r", true},
	{"a = 'x'\n", true},
	{"a = \"\"\"x\"\ny\"\"\"\n", true},
	{"a = [ ]\n", true},
	{"a = []\n", true},
	{"a = [\n\"x\",\n\n\"y\"\n,\n] # c\n", true},
	{"a = [ \"x\", [ \"y\" ] ]\n", true},
	{"a=[1,\"x\"]#c", true},
	{"a = [ \"\"\"x\"\"\", 'y' ]\n", true},
	{"# c\n#\n", true},
	{"a = \"x\ny\"\n", false},
	{"a = 'x\ny'\n", false},
	{"a = \"x", false},
	{"a = \"\"\"x\"\"\n", false},
	{"a = 1 b = 2\n", false},
	{"a = 1;;b=2\n", false},
	{"; a = 1\n", false},
	{"a=1 ;\n;b=1\n", false},
	{"a = [ \"x\" \"y\" ]\n", false},
	{"a = [ \"x\",, \"y\" ]\n", false},
	{"a = [ , ]\n", false},
	{"a = [ \"x\"\n", false},
	{"a\n = 1\n", false},
	{"a = \n[ \"x\" ]\n", false},
	{"a = 0x10\n", false},
	{"a = \"x\\\" y\"\n", false},
	{"a = foo\n", false},
	{"a = 12a\n", false},
	{"a = -\n", false},
	{"a = \n", false},
	{"a = 1 x\n", false},
	{"a = [ \"x\"\n#c\n]\n", false},
	{"a = [\n#c\n\"x\"]\n", false},
	{"a = [ \"x\", # c\n\"y\" ]\n", false},
	{"\f\n", false},
};

static void test_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(grammar); i++) {
		struct virconf c = VIRCONF_INIT;
		struct err err = ERR_INIT;
		int r = virconf_parse(&c, grammar[i].text, strlen(grammar[i].text), CONF, &err);

		virconf_release(&c);
		if ((r >= 0) != grammar[i].ok)
			fail_msg("%s: %s", grammar[i].text, err.text);
		if (prefix &&
		    libvirt_takes(grammar[i].text, strlen(grammar[i].text)) != grammar[i].ok)
			fail_msg("libvirt thinks otherwise of %s", grammar[i].text);
		if (r < 0) {
			assert_non_null(strstr(err.text, CONF ", line "));
			assert_non_null(strstr(err.text, "nothing was changed"));
		}
	}
}

/* Deep nesting must end in a sentence, not on the stack's end. */
static void test_deep_lists(void **state)
{
	auto_str struct str s = STR_INIT;
	struct virconf c = VIRCONF_INIT;

	(void)state;
	str_adds(&s, "a = ");
	for (size_t i = 0; i < 100000; i++)
		str_addc(&s, '[');
	assert_true(virconf_parse(&c, s.data, s.len, CONF, NULL) < 0);
	virconf_release(&c);
}

static int apply_unit(struct bed *b, const char *unit, size_t groups, ...)
{
	struct wish w;
	va_list ap;
	int r;

	wish_init(&w);
	w.groups = xcalloc(groups, sizeof(int));
	va_start(ap, groups);
	for (size_t i = 0; i < groups; i++)
		w.groups[w.groups_len++] = va_arg(ap, int);
	va_end(ap);
	b->platform.libvirt = true;
	b->platform.libvirt_unit = (char *)(uintptr_t)unit;
	r = bed_apply(b, &target_qemu_conf, &w);
	b->platform.libvirt_unit = NULL;
	wish_release(&w);
	return r;
}

#define NODES "\"/dev/vfio/vfio\", \"/dev/vfio/15\""

static const struct {
	const char *what, *before, *after;
} exact[] = {
	{"no file", NULL,
	 HEADER "cgroup_device_acl = [\n    \"/dev/null\", \"/dev/full\", \"/dev/zero\",\n"
		"    \"/dev/random\", \"/dev/urandom\",\n    \"/dev/ptmx\", \"/dev/kvm\",\n"
		"    \"/dev/userfaultfd\",\n    " NODES "\n]\n"},
	{"on one line", "cgroup_device_acl=[ \"/dev/null\",'/dev/kvm' ] # c\n",
	 "cgroup_device_acl=[ \"/dev/null\",'/dev/kvm', " NODES " ] # c\n"},
	{"on lines", "cgroup_device_acl = [\n\t\"/dev/null\",\n\t\"/dev/kvm\"\n]\n",
	 "cgroup_device_acl = [\n\t\"/dev/null\",\n\t\"/dev/kvm\",\n\t" NODES "\n]\n"},
	{"a comma ends the list", "cgroup_device_acl = [\n  \"/dev/kvm\",\n]\n",
	 "cgroup_device_acl = [\n  \"/dev/kvm\",\n  " NODES ",\n]\n"},
	{"CR LF", "cgroup_device_acl = [\r\n  \"/dev/kvm\"\r\n]\r\n",
	 "cgroup_device_acl = [\r\n  \"/dev/kvm\",\r\n  " NODES "\r\n]\r\n"},
	{"an empty list", "cgroup_device_acl = [ ]\n", "cgroup_device_acl = [" NODES " ]\n"},
	{"one of them is there", "cgroup_device_acl = [ \"/dev/vfio/vfio\" ]\n",
	 "cgroup_device_acl = [ " NODES " ]\n"},
	{"all are there", "cgroup_device_acl = [ \"/dev/vfio/15\", '/dev/vfio/vfio' ]\n",
	 "cgroup_device_acl = [ \"/dev/vfio/15\", '/dev/vfio/vfio' ]\n"},
	{"the first assignment counts",
	 "cgroup_device_acl = [ \"/a\" ]\ncgroup_device_acl = [ \"/b\" ]\n",
	 "cgroup_device_acl = [ \"/a\", " NODES " ]\ncgroup_device_acl = [ \"/b\" ]\n"},
	{"a text that looks like it",
	 "x = \"\"\"\ncgroup_device_acl = [ ]\n\"\"\"\ncgroup_device_acl = [ \"/a\" ]\n",
	 "x = \"\"\"\ncgroup_device_acl = [ ]\n\"\"\"\ncgroup_device_acl = [ \"/a\", " NODES
	 " ]\n"},
	{"the shipped list is repeated",
	 "# acl\n#cgroup_device_acl = [\n#    \"/dev/null\",\n#    \"/dev/ptmx\"\n#]\n#\n# "
	 "RDMA\nuser = \"root\"\n",
	 "# acl\n#cgroup_device_acl = [\n#    \"/dev/null\",\n#    \"/dev/ptmx\"\n#]\n"
	 "cgroup_device_acl = [\n    \"/dev/null\",\n    \"/dev/ptmx\",\n    " NODES "\n]\n"
	 "#\n# RDMA\nuser = \"root\"\n"},
};

static void test_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		struct bed b;

		bed_init(&b);
		if (exact[i].before)
			bed_put(&b, CONF, exact[i].before);
		if (apply_unit(&b, "libvirtd.service", 1, 15) < 0)
			fail_msg("%s: %s", exact[i].what, b.err.text);
		if (strcmp(bed_get(&b, CONF), exact[i].after) != 0)
			fail_msg("%s: got\n%s", exact[i].what, bed_get(&b, CONF));
		assert_true(libvirt_takes(bed_get(&b, CONF), strlen(bed_get(&b, CONF))));
		if (exact[i].before && !strcmp(exact[i].before, exact[i].after)) {
			assert_int_equal(b.commands.len, 0);
		} else {
			assert_int_equal(b.commands.len, 1);
			assert_string_equal(b.commands.items[0],
					    "systemctl try-restart libvirtd.service");
		}
		assert_int_equal(apply_unit(&b, NULL, 0), 0);
		if (exact[i].before)
			assert_string_equal(bed_get(&b, CONF), exact[i].before);
		else
			assert_null(bed_get(&b, CONF));
		assert_int_equal(b.owned.len, 0);
		bed_release(&b);
	}
}

static void test_groups_change(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, CONF, "cgroup_device_acl = [\n  \"/dev/vfio/7\"\n]\n"); /* by hand */
	assert_int_equal(apply_unit(&b, NULL, 2, 15, 17), 0);
	assert_string_equal(bed_get(&b, CONF),
			    "cgroup_device_acl = [\n  \"/dev/vfio/7\",\n  \"/dev/vfio/vfio\", "
			    "\"/dev/vfio/15\", \"/dev/vfio/17\"\n]\n");
	assert_int_equal(apply_unit(&b, NULL, 1, 17), 0);
	assert_string_equal(bed_get(&b, CONF), "cgroup_device_acl = [\n  \"/dev/vfio/7\",\n  "
					       "\"/dev/vfio/vfio\", \"/dev/vfio/17\"\n]\n");
	assert_int_equal(apply_unit(&b, NULL, 0), 0);
	assert_string_equal(bed_get(&b, CONF), "cgroup_device_acl = [\n  \"/dev/vfio/7\"\n]\n");
	bed_release(&b);

	/* a list of ours that a user went on with stays, without our nodes */
	bed_init(&b);
	bed_put(&b, CONF, "#cgroup_device_acl = [\n#    \"/dev/null\"\n#]\n");
	assert_int_equal(apply_unit(&b, NULL, 1, 3), 0);
	bed_put(&b, CONF,
		"#cgroup_device_acl = [\n#    \"/dev/null\"\n#]\ncgroup_device_acl = [\n    "
		"\"/dev/null\",\n"
		"    \"/dev/vfio/vfio\", \"/dev/vfio/3\", \"/dev/input/event1\"\n]\n");
	assert_int_equal(apply_unit(&b, NULL, 0), 0);
	assert_string_equal(bed_get(&b, CONF),
			    "#cgroup_device_acl = [\n#    \"/dev/null\"\n#]\ncgroup_device_acl = "
			    "[\n    \"/dev/null\", "
			    "\"/dev/input/event1\"\n]\n");
	bed_release(&b);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"a = 1\ncgroup_device_acl = [\n  \"/dev/null\", # null\n  \"/dev/kvm\"\n]\n",
		 "line 3: a comment stands inside a list"},
		{"cgroup_device_acl = \"/dev/null\"\n", "line 1: cgroup_device_acl is not a list"},
		{"cgroup_device_acl = [ \"/dev/null\", 1 ]\n",
		 "line 1: cgroup_device_acl is not a list"},
		{"\nuser = root\n", "line 2: a value is missing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed b;

		bed_init(&b);
		bed_put(&b, CONF, cases[i].text);
		assert_true(apply_unit(&b, NULL, 1, 15) < 0);
		if (!strstr(b.err.text, CONF) || !strstr(b.err.text, cases[i].says))
			fail_msg("%s", b.err.text);
		assert_string_equal(bed_get(&b, CONF), cases[i].text);
		assert_int_equal(apply_unit(&b, NULL, 0),
				 0); /* nothing to do: the file is left alone */
		assert_string_equal(bed_get(&b, CONF), cases[i].text);
		if (prefix)
			assert_false(libvirt_takes(cases[i].text, strlen(cases[i].text)));
		bed_release(&b);
	}
}

static void laws(const char *path, const char *bytes, size_t len, void *data)
{
	size_t *edited = data;
	struct bed start;
	struct bed b;
	struct bed once;
	int r;

	bed_init(&start);
	bed_put_bytes(&start, CONF, bytes, len);
	bed_copy(&b, &start);
	assert_int_equal(apply_unit(&b, NULL, 0), 0);
	assert_true(bed_equal(&b, &start));
	r = apply_unit(&b, NULL, 2, 15, 4);
	if (r < 0) {
		if (prefix && libvirt_takes(bytes, len))
			fail_msg("%s: refused, but libvirt takes it: %s", path, b.err.text);
		assert_true(bed_equal(&b, &start));
	} else {
		struct virconf c = VIRCONF_INIT;
		const struct virconf_entry *e;

		if (!libvirt_takes(bed_get(&b, CONF), strlen(bed_get(&b, CONF))))
			fail_msg("%s: libvirt refuses it", path);
		assert_int_equal(
			virconf_parse(&c, bed_get(&b, CONF), strlen(bed_get(&b, CONF)), CONF, NULL),
			0);
		e = virconf_find(&c, "cgroup_device_acl");
		assert_non_null(e);
		assert_true(virconf_item(e, "/dev/vfio/15") >= 0 &&
			    virconf_item(e, "/dev/vfio/4") >= 0 &&
			    virconf_item(e, "/dev/vfio/vfio") >= 0 &&
			    virconf_item(e, "/dev/null") >= 0);
		virconf_release(&c);
		bed_copy(&once, &b);
		assert_int_equal(apply_unit(&b, NULL, 2, 15, 4), 0);
		assert_true(bed_equal(&b, &once) && strv_equal(&b.owned, &once.owned));
		bed_release(&once);
		assert_int_equal(apply_unit(&b, NULL, 0), 0);
		if (!bed_equal(&b, &start))
			fail_msg("%s: not taken back", path);
		++*edited;
	}
	bed_release(&b);
	bed_release(&start);
}

static void test_laws_on_samples(void **state)
{
	size_t edited = 0;

	(void)state;
	assert_true(samples_each("libvirt-qemu-conf", laws, &edited) >= 5);
	assert_true(edited >= 4);
}

static void test_verify(void **state)
{
	static const char conf[] = "cgroup_device_acl = [ \"/dev/vfio/15\" ]\n";
	struct files *files = files_new_memory();
	struct platform platform = {.libvirt = true};
	struct target_context ctx = {.files = files, .platform = &platform};
	struct checks c = {0};
	struct wish w;

	(void)state;
	wish_init(&w);
	w.groups = xcalloc(1, sizeof(int));
	w.groups[0] = 15;
	w.groups_len = 1;
	files_put(files, CONF, conf, strlen(conf));
	assert_int_equal(target_qemu_conf.verify(&ctx, &w, &c, NULL), 0);
	assert_int_equal(c.len, 2);
	assert_int_equal(c.items[0].state, CHECK_FAILED);
	assert_int_equal(c.items[1].state, CHECK_OK);
	checks_release(&c);
	wish_release(&w);
	files_free(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),  cmocka_unit_test(test_deep_lists),
		cmocka_unit_test(test_exact),    cmocka_unit_test(test_groups_change),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_laws_on_samples),
		cmocka_unit_test(test_verify),
	};

	return cmocka_run_group_tests(tests, find_libvirt, drop_root);
}
