/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/change_fixture.h"
#include "../support/tmproot.h"
#include "../support/topology_text.h"
#include "base/mem.h"
#include "change/apply.h"
#include "change/journal.h"
#include "change/plan.h"
#include "change/plan_loader.h"
#include "change/plan_wish.h"
#include "change/undo.h"
#include "change/verify.h"

/* A card with its sound, two equal network cards, and the keyboard's controller. */
static const char *const rows[] = {
	"0000:00:01.0 1 060400 1022:1483 pcieport bridge",
	"0000:01:00.0 15 030000 10de:2484 nouveau vga module=nouveau",
	"0000:01:00.1 15 040300 10de:228b snd_hda_intel module=snd_hda_intel",
	"0000:02:00.0 16 020000 8086:10d3 e1000e module=e1000e",
	"0000:03:00.0 17 020000 8086:10d3 e1000e module=e1000e",
	"0000:04:00.0 18 0c0330 1022:149c xhci_hcd module=xhci_pci",
	"0000:05:00.0 - 010802 144d:a808 nvme module=nvme",
	NULL,
};

static char kernel_line[] = "quiet";
static char intel_line[] = "quiet intel_iommu=on,sm_on";
static char off_entry[] = "quiet vfiotui=off module_blacklist=vfio_pci";
static char off_line[] = "quiet amd_iommu=off";

static struct platform amd(void)
{
	return (struct platform){
		.cpu = CPU_AMD,
		.iommu = IOMMU_ON,
		.iommu_default_on = true,
		.cmdline = kernel_line,
		.vfio_pci = MODULE_LOADABLE,
		.boot_loader = BOOT_SYSTEMD_BOOT,
		.boot_sure = true,
		.initramfs = INITRAMFS_BOOSTER,
	};
}

static void select_words(const struct topology *t, const char *words, struct selection *s)
{
	auto_strv struct strv list = STRV_INIT;

	strv_split(&list, words, " ");
	for (size_t i = 0; i < list.len; i++)
		assert_int_equal(selection_add_word(s, t, list.items[i], NULL), 0);
}

static void assert_list(const struct strv *v, const char *want, const char *what)
{
	auto_free char *now = strv_join(v, " ");

	if (strcmp(now, want))
		fail_msg("%s: \"%s\" instead of \"%s\"", what, now, want);
}

/* --- the wish --------------------------------------------------------------- */

static void how_devices_are_bound(void **state)
{
	static const struct {
		const char *words;
		enum bind_by bind;
		const char *ids, *modules, *by_address, *files;
	} cases[] = {
		{"", BIND_AUTO, "", "", "", ""},
		{"01:00", BIND_AUTO, "10de:2484 10de:228b", "nouveau snd_hda_intel", "",
		 MODPROBE_PATH},
		/* One of two equal cards, both of them, and the same with a will. */
		{"03:00.0", BIND_AUTO, "", "", "0000:03:00.0", UDEV_BIND_PATH},
		{"02:00.0 03:00.0", BIND_AUTO, "8086:10d3", "e1000e", "", MODPROBE_PATH},
		{"03:00.0", BIND_IDS, "8086:10d3", "e1000e", "", MODPROBE_PATH},
		{"01:00.0", BIND_ADDRESS, "", "", "0000:01:00.0", UDEV_BIND_PATH},
		{"01:00.0 03:00.0", BIND_AUTO, "10de:2484", "nouveau", "0000:03:00.0",
		 MODPROBE_PATH " " UDEV_BIND_PATH},
		/* The driver's name is not the module's. */
		{"04:00.0", BIND_AUTO, "1022:149c", "xhci_pci", "", MODPROBE_PATH},
	};
	struct topology *t = topology_text(rows);
	const struct platform p = amd();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct plan_choices choices = {.bind = cases[i].bind};
		auto_selection struct selection s = SELECTION_INIT;
		auto_strv struct strv by_address = STRV_INIT;
		struct plan_wish_input in = {
			.topology = t, .platform = &p, .selection = &s, .choices = &choices};
		struct wish w;

		select_words(t, cases[i].words, &s);
		plan_wish(&in, &w);
		for (size_t k = 0; k < w.len; k++)
			if (w.devices[k].by_address)
				strv_add(&by_address, w.devices[k].bdf);
		assert_list(&w.ids, cases[i].ids, cases[i].words);
		assert_list(&w.host_modules, cases[i].modules, cases[i].words);
		assert_list(&by_address, cases[i].by_address, cases[i].words);
		assert_list(&w.early_files, cases[i].files, cases[i].words);
		assert_int_equal(w.launch_script, w.len > 0);
		wish_release(&w);
	}
	topology_free(t);
}

#define AMD                                                                                        \
	{                                                                                          \
		.cpu = CPU_AMD, .iommu = IOMMU_ON, .cmdline = kernel_line                          \
	}

static const struct {
	const char *what;
	struct platform p;
	bool no_pt;
	const char *params;
} parameters[] = {
	{"AMD needs nothing", AMD, false, "iommu=pt"},
	{"without pt", AMD, true, ""},
	{"Intel, off",
	 {.cpu = CPU_INTEL, .iommu_of = CPU_INTEL, .iommu = IOMMU_OFF, .cmdline = kernel_line},
	 false,
	 "intel_iommu=on iommu=pt"},
	{"Intel, off though on by default",
	 {.cpu = CPU_INTEL,
	  .iommu_of = CPU_INTEL,
	  .iommu = IOMMU_OFF,
	  .iommu_default_on = true,
	  .cmdline = kernel_line},
	 false,
	 "intel_iommu=on iommu=pt"},
	{"Intel, on by default",
	 {.cpu = CPU_INTEL,
	  .iommu_of = CPU_INTEL,
	  .iommu = IOMMU_ON,
	  .iommu_default_on = true,
	  .cmdline = kernel_line},
	 false,
	 "iommu=pt"},
	{"Intel, on by the parameter: it stays as it is",
	 {.cpu = CPU_INTEL,
	  .iommu_of = CPU_INTEL,
	  .iommu = IOMMU_ON,
	  .iommu_default_on = true,
	  .cmdline = intel_line},
	 false,
	 "intel_iommu=on,sm_on iommu=pt"},
	{"no command line known",
	 {.cpu = CPU_INTEL, .iommu_of = CPU_INTEL, .iommu = IOMMU_ABSENT},
	 false,
	 "intel_iommu=on iommu=pt"},
	{"vfio-pci inside the kernel",
	 {.cpu = CPU_AMD, .iommu = IOMMU_ON, .vfio_pci = MODULE_BUILTIN},
	 false,
	 "iommu=pt vfio-pci.ids=10de:2484,10de:228b"},
};

static void which_kernel_parameters(void **state)
{
	struct topology *t = topology_text(rows);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
		const struct plan_choices choices = {.no_pt = parameters[i].no_pt};
		auto_selection struct selection s = SELECTION_INIT;
		struct plan_wish_input in = {.topology = t,
					     .platform = &parameters[i].p,
					     .selection = &s,
					     .choices = &choices};
		struct wish w;

		plan_wish(&in, &w);
		assert_list(&w.kernel_params, "", "nothing for no device");
		wish_release(&w);
		select_words(t, "01:00", &s);
		plan_wish(&in, &w);
		assert_list(&w.kernel_params, parameters[i].params, parameters[i].what);
		wish_release(&w);
	}
	topology_free(t);
}

static void what_the_initramfs_loads(void **state)
{
	struct topology *t = topology_text(rows);
	const struct plan_choices choices = {.no_script = true};
	auto_selection struct selection s = SELECTION_INIT;
	struct platform p = amd();
	struct plan_wish_input in = {
		.topology = t, .platform = &p, .selection = &s, .choices = &choices};
	struct wish w;

	(void)state;
	select_words(t, "05:00.0 01:00", &s);
	plan_wish(&in, &w);
	assert_list(&w.early_modules, "vfio_pci vfio vfio_iommu_type1", "since Linux 6.2");
	assert_int_equal(w.groups_len, 1); /* both functions are in 15, the disk in none */
	assert_int_equal(w.groups[0], 15);
	assert_false(w.launch_script);
	assert_null(w.group);
	wish_release(&w);
	p.vfio_virqfd = MODULE_LOADABLE;
	in.kvm_group = true;
	plan_wish(&in, &w);
	assert_list(&w.early_modules, "vfio_virqfd vfio_pci vfio vfio_iommu_type1", "before 6.2");
	assert_string_equal(w.group, "kvm");
	wish_release(&w);
	p.vfio_pci = MODULE_BUILTIN;
	plan_wish(&in, &w);
	assert_list(&w.early_modules, "", "built in");
	wish_release(&w);
	topology_free(t);
}

/* For verify: what the change decided stays, whatever was plugged in since. */
static void the_way_of_binding_can_be_given(void **state)
{
	struct topology *t = topology_text(rows);
	const struct plan_choices choices = {.bind = BIND_AUTO};
	auto_selection struct selection s = SELECTION_INIT;
	auto_selection struct selection none = SELECTION_INIT;
	const struct platform p = amd();
	struct plan_wish_input in = {.topology = t,
				     .platform = &p,
				     .selection = &s,
				     .choices = &choices,
				     .by_address = &none};
	struct wish w;

	(void)state;
	select_words(t, "03:00.0", &s);
	plan_wish(&in, &w);
	assert_false(w.devices[0].by_address);
	wish_release(&w);
	in.by_address = &s;
	plan_wish(&in, &w);
	assert_true(w.devices[0].by_address);
	wish_release(&w);
	topology_free(t);
}

static void groups_of_the_machine(void **state)
{
	(void)state;
	assert_true(group_file_has("root:x:0:\nkvm:x:992:alex\n", "kvm"));
	assert_true(group_file_has("kvm:x:992:", "kvm"));
	assert_false(group_file_has("root:x:0:kvm\nkvm2:x:1:\nxkvm:x:2:\n", "kvm"));
	assert_false(group_file_has("", "kvm"));
}

/* --- whole plans --------------------------------------------------------------- */

struct machine {
	char *root;
	struct host *host;
	struct platform platform;
	struct situation s;
};

static void machine_init(struct machine *m)
{
	m->root = fixture_root();
	m->host = fixture_host(m->root);
	m->platform = amd();
	m->s = (struct situation){
		.host = m->host, .platform = &m->platform, .topology = topology_text(rows)};
}

static void machine_release(struct machine *m)
{
	topology_free(m->s.topology);
	host_free(m->host);
	tmproot_remove(m->root);
}

static struct plan *plan_words(const struct machine *m, const char *words)
{
	auto_selection struct selection s = SELECTION_INIT;
	struct err err = ERR_INIT;
	struct plan *p;

	select_words(m->s.topology, words, &s);
	if (plan_build(&m->s, &s, NULL, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static bool warns(const struct plan *p, const char *part)
{
	for (size_t i = 0; i < p->warnings.len; i++)
		if (strstr(p->warnings.items[i], part))
			return true;
	return false;
}

/* The check that says so; each promise stands there once. */
static const struct check *find_check(const struct checks *c, const char *part)
{
	for (size_t i = 0; i < c->len; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(c->items[i].what, c->items[k].what);
	for (size_t i = 0; i < c->len; i++)
		if (strstr(c->items[i].what, part))
			return &c->items[i];
	fail_msg("no check \"%s\"", part);
	abort();
}

/* Several set up and no proof: nothing is written until the user has said which. */
static void the_boot_loader_is_asked_for(void **state)
{
	static const char refind[] = "/boot/refind_linux.conf";
	auto_selection struct selection s = SELECTION_INIT;
	struct plan_choices choices = {.bind = BIND_AUTO};
	struct checks checks = {.len = 0};
	const struct change_record *last;
	auto_journal struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;
	struct machine m;
	struct plan *p;

	(void)state;
	machine_init(&m);
	m.platform.boot_sure = false;
	m.platform.boot_candidates = 1U << BOOT_SYSTEMD_BOOT | 1U << BOOT_REFIND;
	m.platform.boot_why = (char[]){"several are set up"};
	tmproot_put(m.root, "/boot/loader/entries/a.conf", "linux /v\noptions root=a\n");
	tmproot_put(m.root, refind, "\"Boot\" \"root=a\"\n");
	p = plan_words(&m, "01:00");
	assert_string_equal(plan_blocker(p, NULL)->code, "boot-loader");
	assert_non_null(strstr(plan_blocker(p, NULL)->remedy, "systemd-boot, refind"));
	plan_free(p);
	select_words(m.s.topology, "01:00", &s);
	choices.boot_loader = plan_loader_by_name("refind");
	assert_int_equal(plan_build(&m.s, &s, &choices, &p, &err), 0);
	assert_null(plan_blocker(p, NULL));
	assert_true(changes_touch(&p->changes, refind));
	assert_false(changes_touch(&p->changes, "/boot/loader"));
	fixture_apply_ok(m.host, p);
	plan_free(p);
	/* and it is remembered for what is verified later */
	assert_int_equal(journal_load(m.host, &j, &err), 0);
	last = journal_last(&j);
	assert_int_equal(last->choices.boot_loader, BOOT_REFIND);
	assert_int_equal(verify_run(&m.s, &checks, &err), 0);
	assert_int_equal(find_check(&checks, refind)->state, CHECK_OK);
	checks_release(&checks);
	m.platform.boot_sure = true; /* a proof: no question */
	p = plan_words(&m, "01:00");
	assert_null(plan_blocker(p, NULL));
	plan_free(p);
	machine_release(&m);
}

static void planned_twice_is_planned_once(void **state)
{
	struct machine m;
	struct plan *p;

	(void)state;
	machine_init(&m);
	p = plan_words(&m, "01:00");
	assert_false(plan_is_empty(p));
	assert_true(p->changes.reboot);
	fixture_apply_ok(m.host, p);
	plan_free(p);

	p = plan_words(&m, "01:00");
	assert_true(plan_is_empty(p));
	plan_free(p);

	/* No device: all of it goes, and what was there by hand stays. */
	p = plan_words(&m, "");
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_false(tmproot_has(m.root, MODPROBE_PATH));
	machine_release(&m);
}

/* The power fails when the files are back and the image is not: it still has what the files no longer say. */
static void an_undo_without_its_commands(void **state)
{
	struct checks checks = {.len = 0};
	struct err err = ERR_INIT;
	const struct check *c;
	struct machine m;
	struct apply *a;
	struct plan *p, *now;

	(void)state;
	machine_init(&m);
	p = plan_words(&m, "01:00");
	changes_run(&p->changes, COMMAND_BOOT, "menu", "update-grub", NULL);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), 0);
	assert_int_equal(apply_begin(m.host, p, &a, &err), 0);
	assert_int_equal(apply_write(a, &err), 0);
	/* still at it: not interrupted, and nobody runs them a second time */
	assert_int_equal(verify_run(&m.s, &checks, &err), 0);
	c = find_check(&checks, "commands that take change 1 back have run");
	assert_non_null(strstr(c->found, "being done"));
	assert_string_equal(c->remedy, "wait until it is done");
	checks_release(&checks);
	now = plan_words(&m, "01:00");
	assert_int_equal(now->resumes, 0);
	assert_true(warns(now, "just now"));
	assert_false(warns(now, "did not finish"));
	plan_free(now);
	apply_free(a);
	plan_free(p);

	assert_int_equal(verify_run(&m.s, &checks, &err), 0);
	c = find_check(&checks, "commands that take change 1 back have run");
	assert_int_equal(c->state, CHECK_FAILED);
	assert_string_equal(c->found, "they were interrupted");
	assert_non_null(strstr(c->remedy, "vfiotui undo"));
	checks_release(&checks);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), 0);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_int_equal(verify_run(&m.s, &checks, &err), 0);
	assert_int_equal(checks.len, 0);
	machine_release(&m);
}

static void a_failed_command_is_planned_again(void **state)
{
	struct machine m;
	struct err err = ERR_INIT;
	struct apply *a;
	struct plan *p;
	size_t commands;

	(void)state;
	machine_init(&m);
	p = plan_words(&m, "01:00");
	changes_run(&p->changes, COMMAND_BOOT, "menu", "update-grub", NULL);
	commands = p->changes.commands_len;
	assert_int_equal(apply_begin(m.host, p, &a, &err), 0);
	assert_int_equal(apply_write(a, &err), 0);
	assert_non_null(apply_next(a));
	apply_report(a, 1, "", 0);
	assert_int_equal(apply_end(a, &err), 0);
	apply_free(a);
	plan_free(p);

	p = plan_words(&m, "01:00");
	assert_int_equal(p->changes.len, 0);
	assert_int_equal(p->changes.commands_len, commands);
	assert_int_equal(p->resumes, 1);
	assert_true(warns(p, "did not finish"));
	fixture_apply_ok(m.host, p);
	plan_free(p);
	p = plan_words(&m, "01:00");
	assert_true(plan_is_empty(p)); /* and it is the same change, finished */
	plan_free(p);
	machine_release(&m);
}

static void put_vm(struct machine *m, const char *name, const char *bytes)
{
	struct err err = ERR_INIT;
	struct plan *p;

	if (plan_build_vm(&m->s, name, bytes, bytes ? strlen(bytes) : 0, &p, &err) < 0)
		fail_msg("%s", err.text);
	fixture_apply_ok(m->host, p);
	plan_free(p);
}

/* A VM's profile is a change like others, and leaves what is handed over as it was. */
static void a_vm_keeps_what_is_handed_over(void **state)
{
	struct machine m;
	struct err err = ERR_INIT;
	auto_journal struct journal j = JOURNAL_INIT;
	auto_str struct str profile = STR_INIT;
	struct plan *p;

	(void)state;
	machine_init(&m);
	p = plan_words(&m, "01:00");
	fixture_apply_ok(m.host, p);
	plan_free(p);
	put_vm(&m, "windows", "memory = 8G\n");
	put_vm(&m, "windows", "memory = 9G\n");
	assert_true(tmproot_has(m.root, MODPROBE_PATH));
	assert_int_equal(journal_load(m.host, &j, &err), 0);
	assert_int_equal(journal_last(&j)->devices.len, 2);
	assert_string_equal(journal_last(&j)->ids.items[0], "10de:2484");
	assert_true(tmproot_get(m.root, VM_DIR "/windows.conf", &profile));
	assert_string_equal(profile.data, "memory = 9G\n");

	p = plan_words(&m, "01:00"); /* the devices once more: nothing is left to do */
	assert_true(plan_is_empty(p));
	plan_free(p);
	assert_int_equal(undo_plan(m.host, 0, &p, &err), 0);
	fixture_apply_ok(m.host, p);
	plan_free(p);
	assert_true(tmproot_get(m.root, VM_DIR "/windows.conf", &profile));
	assert_string_equal(profile.data, "memory = 8G\n");
	put_vm(&m, "windows", NULL);
	assert_false(tmproot_has(m.root, VM_DIR "/windows.conf"));
	machine_release(&m);
}

/* What a VM needs counts at once; only what is handed over waits for the boot. */
static void a_vm_wants_no_reboot(void **state)
{
	static const char profile[] = "memory = 8G\nnetwork = bridge\ninterface = br0\n";
	struct machine m;
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	machine_init(&m);
	p = plan_words(&m, "01:00");
	assert_true(p->changes.reboot);
	plan_free(p);
	assert_int_equal(plan_build_vm(&m.s, "win", profile, strlen(profile), &p, &err), 0);
	assert_true(changes_touch(&p->changes, "/etc/qemu/bridge.conf"));
	assert_false(p->changes.reboot);
	plan_free(p);
	machine_release(&m);
}

static void a_target_that_refuses_stops_the_plan(void **state)
{
	struct machine m;
	auto_selection struct selection s = SELECTION_INIT;
	struct err err = ERR_INIT;
	struct plan *p;

	(void)state;
	machine_init(&m);
	tmproot_mkdir(m.root, MODPROBE_PATH);
	select_words(m.s.topology, "01:00", &s);
	assert_true(plan_build(&m.s, &s, NULL, &p, &err) < 0);
	assert_non_null(strstr(err.text, "while planning modprobe"));
	machine_release(&m);
}

/* rEFInd's manual stanzas don't read the file that is edited. */
static void entries_of_refind_conf(void **state)
{
	static const struct {
		const char *conf;
		bool told;
	} cases[] = {
		{"timeout 5\n", false},
		{"menuentry Linux {\n loader /vmlinuz\n options \"ro root=a\"\n}\n", true},
		{"menuentry Linux {\n options \"ro root=a\"\n disabled\n}\n", false},
		{"MenuEntry \"A b\" {\n options \"ro root=a\"\n submenuentry x {\n disabled\n "
		 "}\n}\n",
		 true},
		{"menuentry A {\n submenuentry x {\n }\n disabled\n}\nmenuentry B {\n"
		 " options \"root=b\"\n}\n",
		 true},
		{"menuentry A {\n submenuentry x {\n options \"root=b\"\n }\n disabled\n}\n",
		 false},
		{"menuentry W {\n loader /EFI/shell.efi\n options \"fs0:\"\n}\n", false},
		{"# menuentry A {\n# options \"root=b\"\n# }\n", false},
		{"menuentry A {\n options \"root=b\"\n", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine m;
		struct plan *p;

		machine_init(&m);
		m.platform.boot_loader = BOOT_REFIND;
		tmproot_put(m.root, "/boot/refind_linux.conf", "\"A\" \"root=a\"\n");
		tmproot_put(m.root, "/boot/efi/EFI/refind/refind.conf", cases[i].conf);
		p = plan_words(&m, "01:00");
		if (warns(p, "entries of its own") != cases[i].told)
			fail_msg("case %zu", i);
		if (cases[i].told)
			assert_true(warns(p, "add \"iommu=pt\" to its options"));
		plan_free(p);
		machine_release(&m);
	}
}

static void what_is_left_to_do_by_hand(void **state)
{
	struct machine m;
	struct plan *p;

	(void)state;
	machine_init(&m);
	p = plan_words(&m, "01:00");
	assert_true(warns(p, "side by side: where nouveau or snd_hda_intel is in the image"));
	assert_false(warns(p, "booster's images take no udev rules"));
	plan_free(p);
	p = plan_words(&m, "03:00.0");
	assert_false(warns(p, "side by side"));
	assert_true(warns(p, "booster's images take no udev rules"));
	plan_free(p);
	m.platform.initramfs = INITRAMFS_UNKNOWN;
	p = plan_words(&m, "01:00");
	assert_false(warns(p, "side by side"));
	assert_true(warns(p, "No configuration of systemd-boot was found"));
	assert_true(warns(p, "add \"iommu=pt\" to the \"options\" line"));
	assert_true(warns(p, "vfio_pci vfio vfio_iommu_type1"));
	assert_true(warns(p, "QEMU was not found"));
	plan_free(p);

	m.platform.boot_loader = BOOT_UNKNOWN;
	m.platform.cmdline = off_line;
	p = plan_words(&m, "01:00");
	assert_true(warns(p, "could not be told"));
	assert_true(warns(p, "amd_iommu=off"));
	plan_free(p);
	/* Already there: nothing to add by hand. */
	strv_add(&m.s.present.kernel_params, "iommu=pt");
	p = plan_words(&m, "01:00");
	assert_false(warns(p, "kernel parameters are yours"));
	plan_free(p);
	p = plan_words(&m, "");
	assert_int_equal(p->warnings.len, 0);
	plan_free(p);
	strv_release(&m.s.present.kernel_params);
	machine_release(&m);
}

/* A program that changes all entries at once has nothing to do where there is none: that is said. */
static void no_line_to_go_by_is_told(void **state)
{
	static const struct {
		enum boot_loader loader;
		const char *says;
	} cases[] = {
		{BOOT_GRUB_BLS, "grubby --update-kernel=ALL --args=\"iommu=pt\""},
		{BOOT_OSTREE,
		 "run rpm-ostree kargs with --append-if-missing= for each of \"iommu=pt\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine m;
		struct plan *p;

		machine_init(&m);
		m.platform.boot_loader = cases[i].loader;
		m.platform.boot_sure = true;
		m.platform.cmdline = NULL;
		p = plan_words(&m, "01:00");
		assert_true(warns(p, "No entry of the boot menu could be read"));
		assert_true(warns(p, cases[i].says));
		plan_free(p);
		p = plan_words(&m, "");
		assert_false(warns(p, "No entry of the boot menu"));
		plan_free(p);
		tmproot_put(m.root, "/boot/loader/entries/ostree-1.conf",
			    "title a\nversion 1\nlinux /vmlinuz\noptions root=a\n");
		p = plan_words(&m, "01:00");
		assert_false(warns(p, "No entry of the boot menu"));
		plan_free(p);
		machine_release(&m);
	}
}

/* Where no entry without passthrough is made, the preview says what to do instead. */
static void a_way_back_is_told_where_none_is_made(void **state)
{
	static const struct {
		enum boot_loader loader;
		const char *file, *says; /* NULL: an entry is made */
	} cases[] = {
		{BOOT_LIMINE, NULL, "press E on the entry in Limine's menu"},
		{BOOT_REFIND, NULL, "press F2 twice"},
		{BOOT_OSTREE, NULL, "the deployment before this change"},
		{BOOT_KERNEL_CMDLINE, NULL, "hold Space"},
		{BOOT_UNKNOWN, NULL, "in your boot loader's menu"},
		{BOOT_GRUB, NULL, NULL},
		{BOOT_SYSTEMD_BOOT, "/boot/loader/entries/arch.conf", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct machine m;
		struct plan *p;

		machine_init(&m);
		m.platform.boot_loader = cases[i].loader;
		m.platform.cmdline = (char[]){"root=a quiet"};
		if (cases[i].file)
			tmproot_put(m.root, cases[i].file, "linux /v\noptions root=a\n");
		p = plan_words(&m, "01:00");
		if (cases[i].says)
			assert_true(warns(p, cases[i].says));
		assert_int_equal(warns(p, "start once without"), cases[i].says != NULL);
		plan_free(p);
		machine_release(&m);
	}
}

static void a_blocker_can_be_named(void **state)
{
	auto_strv struct strv forced = STRV_INIT;
	struct plan p = {.findings = FINDINGS_INIT};
	const struct pci_addr disk = {.bus = 5};

	(void)state;
	selection_add(&p.selection, &disk);
	findings_add(&p.findings, "no-vfio-module", SEVERITY_BLOCK, xstrdup("host"), xstrdup("x"),
		     NULL);
	findings_add(&p.findings, "root-disk", SEVERITY_BLOCK, xstrdup("0000:05:00.0"),
		     xstrdup("y"), xstrdup("z"));
	findings_add(&p.findings, "same-id", SEVERITY_WARN, xstrdup("host"), xstrdup("x"), NULL);
	assert_string_equal(plan_blocker(&p, NULL)->code, "no-vfio-module");
	strv_add(&forced, "no-vfio-module");
	assert_string_equal(plan_blocker(&p, &forced)->code, "root-disk");
	strv_add(&forced, "root-disk");
	assert_null(plan_blocker(&p, &forced));
	/* Taking everything back is refused for nothing that the host lacks; an unknown place for parameters is. */
	selection_remove(&p.selection, &disk);
	assert_null(plan_blocker(&p, NULL));
	findings_add(&p.findings, "boot-loader", SEVERITY_BLOCK, xstrdup("host"), xstrdup("x"),
		     NULL);
	assert_string_equal(plan_blocker(&p, NULL)->code, "boot-loader");
	selection_release(&p.selection);
	findings_release(&p.findings);
}

/* --- verify ----------------------------------------------------------------------- */

static void promises_before_and_after_the_reboot(void **state)
{
	static const char *const after[] = {
		"0000:01:00.0 15 030000 10de:2484 vfio-pci module=nouveau",
		"0000:02:00.0 16 040300 10de:228b snd_hda_intel module=snd_hda_intel",
		NULL,
	};
	struct checks checks = {.len = 0};
	const struct check *c;
	struct machine m;
	struct plan *p;

	(void)state;
	machine_init(&m);
	assert_int_equal(verify_run(&m.s, &checks, NULL), 0);
	assert_int_equal(checks.len, 0);
	p = plan_words(&m, "01:00");
	fixture_apply_ok(m.host, p);
	plan_free(p);

	tmproot_put(m.root, "/proc/stat", "cpu 1\nbtime 1000\n");
	assert_int_equal(verify_run(&m.s, &checks, NULL), 0);
	c = find_check(&checks, "0000:01:00.0 bound to vfio-pci");
	assert_int_equal(c->state, CHECK_AFTER_REBOOT);
	assert_string_equal(c->found, "nouveau");
	assert_string_equal(c->remedy, "reboot");
	assert_int_equal(find_check(&checks, "IOMMU")->state, CHECK_OK);
	checks_release(&checks);

	/* After it, the card is bound, and its sound has moved to another slot. */
	tmproot_put(m.root, "/proc/stat", "cpu 1\nbtime 99999999999\n");
	topology_free(m.s.topology);
	m.s.topology = topology_text(after);
	m.platform.iommu = IOMMU_OFF;
	assert_int_equal(verify_run(&m.s, &checks, NULL), 0);
	assert_int_equal(find_check(&checks, "0000:01:00.0 bound to vfio-pci")->state, CHECK_OK);
	c = find_check(&checks, "0000:01:00.1 is still 10de:228b");
	assert_int_equal(c->state, CHECK_FAILED);
	assert_non_null(strstr(c->found, "0000:02:00.0"));
	assert_int_equal(find_check(&checks, "IOMMU")->state, CHECK_FAILED);
	assert_false(checks_hold(&checks));
	checks_release(&checks);
	/* By the entry without passthrough: that is said, and nothing else counts as broken. */
	m.platform.cmdline = off_entry;
	m.platform.iommu = IOMMU_ON;
	topology_free(m.s.topology);
	m.s.topology = topology_text(rows);
	assert_int_equal(verify_run(&m.s, &checks, NULL), 0);
	c = find_check(&checks, "started by its usual boot entry");
	assert_int_equal(c->state, CHECK_FAILED);
	assert_int_equal(find_check(&checks, "0000:01:00.0 bound")->state, CHECK_AFTER_REBOOT);
	checks_release(&checks);
	machine_release(&m);
}

static void boot_times(void **state)
{
	time_t t;

	(void)state;
	assert_true(verify_boot_time("btime 17\n", &t));
	assert_int_equal(t, 17);
	assert_true(verify_boot_time("cpu 1 2\nintr 5\nbtime 1764000000\nprocesses 1\n", &t));
	assert_int_equal(t, 1764000000);
	assert_false(verify_boot_time("", &t));
	assert_false(verify_boot_time("cpu\nbtime x\n", &t));
	assert_false(verify_boot_time("xbtime 5\n", &t));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_devices_are_bound),
		cmocka_unit_test(which_kernel_parameters),
		cmocka_unit_test(what_the_initramfs_loads),
		cmocka_unit_test(the_way_of_binding_can_be_given),
		cmocka_unit_test(groups_of_the_machine),
		cmocka_unit_test(the_boot_loader_is_asked_for),
		cmocka_unit_test(planned_twice_is_planned_once),
		cmocka_unit_test(an_undo_without_its_commands),
		cmocka_unit_test(a_failed_command_is_planned_again),
		cmocka_unit_test(a_vm_wants_no_reboot),
		cmocka_unit_test(a_vm_keeps_what_is_handed_over),
		cmocka_unit_test(a_target_that_refuses_stops_the_plan),
		cmocka_unit_test(entries_of_refind_conf),
		cmocka_unit_test(what_is_left_to_do_by_hand),
		cmocka_unit_test(no_line_to_go_by_is_told),
		cmocka_unit_test(a_way_back_is_told_where_none_is_made),
		cmocka_unit_test(a_blocker_can_be_named),
		cmocka_unit_test(promises_before_and_after_the_reboot),
		cmocka_unit_test(boot_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
