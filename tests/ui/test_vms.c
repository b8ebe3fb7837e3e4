/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual machines on the screen: each state has its words and its keys, no key does what the state does
 * not allow, and what is written by the form is what the form shows.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/recorded.h"
#include "base/mem.h"
#include "ui/app.h"
#include "ui/vm_act.h"

#define ARCHBOX "tests/ui/machines/archbox.txt"
#define IDS "tests/ui/machines/pci.ids"

static struct recorded machine;
static struct app app;

static void press(const char *keys)
{
	for (; *keys; keys++) {
		app_input(&app, &(struct input){.kind = INPUT_KEY, .key = (unsigned char)*keys});
		app_draw(&app);
	}
}

static void assert_shows(const char *text)
{
	auto_str struct str now = STR_INIT;

	app_draw(&app);
	grid_text_plane(&app.grid, &now);
	if (!strstr(now.data, text))
		fail_msg("\"%s\" is not on the screen:\n%s", text, now.data);
}

static int set_up(void **state)
{
	static char *argv[] = {NULL};
	static const struct ui_options options = {.demo = true, .argv = argv};

	(void)state;
	recorded_open(&machine, ARCHBOX, IDS);
	app_init(&app, machine.situation, &options, CHARSET_UTF8);
	app_resize(&app, 24, 80);
	app_start(&app);
	app_draw(&app);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	app.vms.live = false;
	app_release(&app);
	recorded_close(&machine);
	return 0;
}

/* A VM made with the form; then as if it could run here, in a state of the test's choice. */
static struct vm_run *make_vm(void)
{
	press("vnWWyes\n");
	press("q");
	assert_int_equal(app.vms.len, 1);
	app.vms.live = true;
	return &app.vms.items[0].watch.run;
}

static void each_state_has_its_words(void **state)
{
	static const struct {
		struct vm_run run;
		const char *list, *next;
	} cases[] = {
		{{.state = VM_RUN_OFF}, "off", "launch it (l)"},
		{{.state = VM_RUN_OFF, .has_end = true}, "ended in order", "launch it (l)"},
		{{.state = VM_RUN_OFF, .has_end = true, .end_status = 3},
		 "ended with status 3",
		 "see why in the log (o)"},
		{{.state = VM_RUN_PREPARING, .script = 1}, "being prepared", "being started"},
		{{.state = VM_RUN_GUEST, .guest = GUEST_RUNNING}, "running", "shut it down (s)"},
		{{.state = VM_RUN_GUEST, .guest = GUEST_PAUSED}, "paused", "let it go on (P)"},
		{{.state = VM_RUN_GUEST, .guest = GUEST_STOPPING},
		 "shutting down",
		 "switch it off (K)"},
		{{.state = VM_RUN_GUEST, .guest = GUEST_PANICKED}, "crashed", "switch it off (K)"},
		{{.state = VM_RUN_GUEST, .guest = GUEST_UNKNOWN},
		 "cannot tell",
		 "switch it off (K)"},
		{{.state = VM_RUN_ENDING}, "cleaning up", "cleans up"},
	};
	struct vm_run *run = make_vm();
	char *dir = run->dir;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		*run = cases[i].run;
		run->dir = dir;
		assert_shows(cases[i].list);
		press("\n");
		assert_shows(cases[i].next);
		press("q");
		assert_shows("Virtual machines");
	}
}

static void a_key_that_does_not_fit_says_so(void **state)
{
	struct vm_run *run = make_vm();

	(void)state;
	press("s");
	assert_shows("windows does not run");
	press("K");
	assert_shows("windows does not run");
	run->state = VM_RUN_GUEST;
	run->guest = GUEST_RUNNING;
	press("l");
	assert_shows("windows runs");
	press("D");
	assert_shows("windows runs");
	press("K");
	assert_shows("Switch windows off at once?");
	press("n");
	assert_shows("Virtual machines");
}

static void the_end_is_told_with_the_devices(void **state)
{
	(void)state;
	press("gpWyes\nq");
	make_vm();
	app.vms.items[0].ended = true;
	vm_tell(&app);
	assert_shows("0000:0b:00.0 on nouveau");
	assert_false(app.vms.items[0].ended);
}

static void of_another_root_nothing_is_started(void **state)
{
	(void)state;
	make_vm();
	app.vms.live = false;
	press("ql");
	assert_shows("this is not the running machine");
	assert_int_equal(app.vms.items[0].launched, 0);
}

static void leaving_a_changed_form_asks(void **state)
{
	(void)state;
	press("vnjjj\n\x7f"
	      "4\n");
	assert_shows("changed");
	press("q");
	assert_shows("Leave all the same?");
	press("n");
	assert_shows("New VM windows");
	press("qy");
	assert_shows("There is no VM yet");
}

/* The next line after a change leads to the VMs, and from a VM's own change back to their one list. */
static void what_was_written_leads_on_to_the_vms(void **state)
{
	size_t depth;

	(void)state;
	press("gpWyes\n");
	assert_shows("see VMs (v)");
	press("v");
	assert_int_equal(app_top(&app)->ops->id, VIEW_VMS);
	depth = app.depth;
	press("nWWyes\n");
	assert_int_equal(app_top(&app)->ops->id, VIEW_APPLY);
	press("v");
	assert_int_equal(app_top(&app)->ops->id, VIEW_VMS);
	assert_int_equal(app.depth, depth);
	press("qs");
	assert_int_equal(app_top(&app)->ops->id, VIEW_VERIFY);
	press("v");
	assert_int_equal(app_top(&app)->ops->id, VIEW_VMS);
}

static void a_typed_value_is_taken_back_by_escape(void **state)
{
	(void)state;
	press("vnjj\n");
	press("0");
	assert_shows("4G0");
	press("\x1b");
	assert_shows("Memory              4G\n");
	press("q");
	assert_shows("There is no VM yet");
}

static void a_problem_keeps_the_form_from_writing(void **state)
{
	(void)state;
	press("vn\t\t\n"); /* network: bridge, whose interface is missing */
	press("W");
	assert_shows("name the bridge");
	assert_shows("New VM windows ─ network");
}

static void a_list_takes_and_gives_entries(void **state)
{
	(void)state;
	press("vn\t\t\t\n\n"); /* the first device that the machine has */
	assert_shows("0000:02:00.0 ids=144d:a80a");
	press("x");
	assert_shows("PCI devices         + (Enter: add)");
}

/* An entry's parts are rows of their own: chosen, typed, put back to their defaults. */
static void an_entry_unfolds_into_its_parts(void **state)
{
	(void)state;
	press("vn\t\n"); /* the disk */
	assert_shows("     format            qcow2");
	assert_shows("     bus               sata");
	press("jjj\n"); /* its bus */
	assert_shows("     bus               nvme");
	press("jx"); /* its size */
	assert_shows("     size              0M");
	press("jjjj\nab c\n"); /* its serial number */
	assert_shows("is no serial number");
	press("\x1b");
	assert_shows("     serial            -");
	press("kkkkkkk\n"); /* its path: never without one */
	for (int i = 0; i < 60; i++)
		press("\x7f");
	press("\n");
	assert_shows("its path is missing");
	press("\x1bk\n"); /* folded again */
	press("x");
	assert_shows("Disks               + (Enter: add)");
}

/* What is marked on the tree is in a new VM before it is applied. */
static void what_is_marked_is_in_a_new_vm(void **state)
{
	(void)state;
	press("gvn\t\t\t");
	assert_shows("0000:0b:00.0 ids=10de:2484");
	assert_shows("0000:0b:00.1 ids=10de:228b");
}

/* What this machine lacks stands beside its field and keeps nothing from being written. */
static void what_is_lacking_is_said(void **state)
{
	(void)state;
	press(" vn\t\t\t"); /* the card without its sound */
	assert_shows("0000:0b:00.1 of its group would stay with the host");
	press("W");
	assert_shows("nothing written yet");
}

/* Of a launch script the preview shows what this VM decides; all of it on a key. */
static void the_script_is_folded_in_the_preview(void **state)
{
	(void)state;
	press("vnWj\t>"); /* behind its end */
	assert_shows("lines that are the same for every VM");
	press("l>");
	assert_shows("exit \"$status\"");
	press("h>");
	assert_shows("lines that are the same for every VM");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_state_has_its_words),
		TEST(a_key_that_does_not_fit_says_so),
		TEST(the_end_is_told_with_the_devices),
		TEST(of_another_root_nothing_is_started),
		TEST(leaving_a_changed_form_asks),
		TEST(what_was_written_leads_on_to_the_vms),
		TEST(a_typed_value_is_taken_back_by_escape),
		TEST(a_problem_keeps_the_form_from_writing),
		TEST(a_list_takes_and_gives_entries),
		TEST(an_entry_unfolds_into_its_parts),
		TEST(what_is_marked_is_in_a_new_vm),
		TEST(what_is_lacking_is_said),
		TEST(the_script_is_folded_in_the_preview),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
