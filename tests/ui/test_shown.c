/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written is what was shown, also when the machine changes while the question stands: a rescan that makes another
 * plan takes the question back, one that makes the same plan leaves it.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/recorded.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "change/journal.h"
#include "machine/pci_addr.h"
#include "ui/app.h"
#include "ui/views.h"

#define MACHINE "tests/ui/machines/archbox.txt"
#define IDS "tests/ui/machines/pci.ids"
#define CARD "0000:0b:00.0"
#define SOUND "0000:0b:00.1"
#define STRANGER "0000:06:00.0"

struct screen {
	struct recorded machine;
	struct app app;
};

static void press(struct screen *s, uint32_t key)
{
	app_input(&s->app, &(struct input){.kind = INPUT_KEY, .key = key});
	app_draw(&s->app);
}

static void type(struct screen *s, const char *word)
{
	for (; *word; word++)
		press(s, (uint32_t)*word);
	press(s, K_ENTER);
}

static void mark(struct screen *s, const char *address)
{
	struct pci_addr a;

	assert_true(pci_addr_parse(address, &a));
	selection_add(&s->app.tree.marks, &a);
}

/* The preview of the card with its sound, and the question of W above it. */
static void open_question(struct screen *s)
{
	static const struct ui_options options = {.demo = false};

	recorded_open(&s->machine, MACHINE, IDS);
	app_init(&s->app, s->machine.situation, &options, CHARSET_UTF8);
	app_resize(&s->app, 24, 80);
	app_start(&s->app);
	mark(s, CARD);
	mark(s, SOUND);
	app_marked(&s->app);
	press(s, 'p');
	assert_int_equal(app_top(&s->app)->ops->id, VIEW_PREVIEW);
	press(s, 'W');
	assert_int_equal(app_top(&s->app)->ops->id, VIEW_CONFIRM);
}

static void close_screen(struct screen *s)
{
	app_release(&s->app);
	recorded_close(&s->machine);
}

/* What the loop does after a hint of udev. */
static void rescan(struct screen *s)
{
	struct err err = ERR_INIT;

	if (situation_rescan(s->machine.situation, &err) < 0)
		fail_msg("%s", err.text);
	app_changed(&s->app);
	app_draw(&s->app);
}

static size_t changes(const struct screen *s)
{
	auto_journal struct journal j = JOURNAL_INIT;

	assert_int_equal(journal_load(s->machine.host, &j, NULL), 0);
	return j.len;
}

static void remove_path(const struct screen *s, const char *path)
{
	auto_free char *full = tmproot_path(s->machine.root, path);

	assert_int_equal(unlink(full), 0);
}

static void assert_taken_back(struct screen *s)
{
	assert_int_equal(app_top(&s->app)->ops->id, VIEW_PREVIEW);
	assert_non_null(strstr(s->app.message, "nothing was written"));
	type(s, "yes"); /* was on its way */
	assert_int_equal(changes(s), 0);
}

static void a_device_that_goes_takes_the_question_along(void **state)
{
	struct screen s;

	(void)state;
	open_question(&s);
	remove_path(&s, "/sys/bus/pci/devices/" SOUND);
	rescan(&s);
	assert_taken_back(&s);
	close_screen(&s);
}

static void a_plan_that_fails_now_is_not_written(void **state)
{
	struct screen s;

	(void)state;
	open_question(&s);
	tmproot_put(s.machine.root, "/etc/mkinitcpio.conf", "MODULES=(never closed\n");
	rescan(&s);
	assert_taken_back(&s);
	close_screen(&s);
}

static void a_file_edited_meanwhile_is_shown_first(void **state)
{
	struct screen s;

	(void)state;
	open_question(&s);
	tmproot_put(s.machine.root, "/etc/default/grub",
		    "GRUB_CMDLINE_LINUX_DEFAULT=\"quiet nomodeset\"\n");
	rescan(&s);
	assert_taken_back(&s);
	close_screen(&s);
}

static void another_device_does_not_disturb(void **state)
{
	struct screen s;

	(void)state;
	open_question(&s);
	press(&s, 'y');
	remove_path(&s, "/sys/bus/pci/devices/" STRANGER);
	rescan(&s);
	assert_int_equal(app_top(&s.app)->ops->id, VIEW_CONFIRM);
	type(&s, "es"); /* what was typed before stays */
	assert_int_equal(changes(&s), 1);
	close_screen(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_goes_takes_the_question_along),
		cmocka_unit_test(a_plan_that_fails_now_is_not_written),
		cmocka_unit_test(a_file_edited_meanwhile_is_shown_first),
		cmocka_unit_test(another_device_does_not_disturb),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	tmproot_use_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
