/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Twenty-four hours of events, 100,000 binds and unbinds, storms of 1,000 at once among them: what is scanned and drawn, what is
 * answered in between, and what stays in memory. Events and clock are played; scan, tree and screen are the real ones.
 */
#include <locale.h>
#include <malloc.h>
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
#include "ui/app.h"
#include "ui/hints.h"

#define MACHINE "tests/ui/machines/archbox.txt"
#define IDS "tests/ui/machines/pci.ids"
#define DAY_MS (24LL * 60 * 60 * 1000)
#define EVENTS 100000
#define STORM 1000
#define BURST 25            /* a card, or a dock */
#define WARM 40             /* groups of events until everything was allocated once */
#define MORE_MAX (64 << 10) /* glibc counts what its per-thread cache keeps as allocated */

/* The sanitizer keeps freed memory, and has a malloc of its own. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_MEMORY false
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define COUNTS_MEMORY false
#endif
#ifndef COUNTS_MEMORY
#define COUNTS_MEMORY true
#endif

/* --- when to scan -------------------------------------------------------------------------- */

static void a_burst_is_one_scan_and_none_is_put_off(void **state)
{
	struct hints h = {0};
	int scans = 0;

	(void)state;
	assert_int_equal(hints_wait(&h, 5), -1);
	assert_false(hints_take(&h, 5));
	/* An event each millisecond for ten seconds: a scan each HINTS_TOGETHER_MS, not none, and not ten thousand. */
	for (int64_t now = 1; now <= 10000; now++) {
		hints_note(&h, now);
		assert_true(hints_wait(&h, now) >= 0 && hints_wait(&h, now) <= HINTS_TOGETHER_MS);
		scans += hints_take(&h, now);
	}
	assert_in_range(scans, 10000 / HINTS_TOGETHER_MS - 2, 10000 / HINTS_TOGETHER_MS);
	assert_true(hints_take(&h, 10000 + HINTS_TOGETHER_MS));
	assert_int_equal(hints_wait(&h, 20000), -1);
}

/* --- a day ---------------------------------------------------------------------------------- */

struct day {
	struct recorded machine;
	struct app app;
	struct hints hints;
	char *driver; /* the link that binding changes */
	int64_t now;
	long events, scans, draws, keys, answered;
};

static void draw(struct day *d)
{
	app_draw(&d->app);
	d->draws++;
}

/* The kernel changes the link with each event; the hint is all that the screen hears of it. */
static void bind_or_unbind(struct day *d)
{
	const char *to = d->events % 2 ? "../../../../bus/pci/drivers/vfio-pci"
				       : "../../../../bus/pci/drivers/nouveau";

	(void)unlink(d->driver);
	assert_int_equal(symlink(to, d->driver), 0);
	d->events++;
	hints_note(&d->hints, d->now);
}

static uint64_t place(const struct day *d)
{
	return d->app.tree.cursor;
}

/* A key pressed while events wait: its answer is on the grid before the scan begins. */
static void press(struct day *d)
{
	const uint64_t before = place(d);
	const long scans = d->scans;

	app_input(&d->app, &(struct input){.kind = INPUT_KEY, .key = d->keys % 2 ? 'k' : 'j'});
	d->keys++;
	draw(d);
	assert_int_equal(d->scans, scans);
	d->answered += place(d) != before;
}

static void scan_when_due(struct day *d)
{
	struct err err = ERR_INIT;

	if (!hints_take(&d->hints, d->now))
		return;
	if (situation_rescan(d->app.situation, &err) < 0)
		fail_msg("%s", err.text);
	app_changed(&d->app);
	draw(d);
	d->scans++;
}

static void group_of_events(struct day *d, int n)
{
	for (int i = 0; i < n; i++)
		bind_or_unbind(d);
	press(d);
	scan_when_due(d); /* not yet */
	d->now += HINTS_TOGETHER_MS;
	scan_when_due(d);
	d->now += DAY_MS * n / EVENTS - HINTS_TOGETHER_MS;
}

static void open_day(struct day *d)
{
	static const struct ui_options options = {.demo = false};

	*d = (struct day){.now = 1};
	recorded_open(&d->machine, MACHINE, IDS);
	d->driver = tmproot_path(d->machine.root, "/sys/bus/pci/devices/0000:0b:00.0/driver");
	app_init(&d->app, d->machine.situation, &options, CHARSET_UTF8);
	app_resize(&d->app, 24, 80);
	app_start(&d->app);
	draw(d);
}

static void close_day(struct day *d)
{
	app_release(&d->app);
	recorded_close(&d->machine);
	free(d->driver);
}

static size_t allocated(void)
{
	return mallinfo2().uordblks;
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %ld", &pages), 1);
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void a_day_of_events_leaves_no_trace(void **state)
{
	struct day d;
	size_t memory = 0, after;
	long resident = 0, groups = 0;

	(void)state;
	open_day(&d);
	app_input(&d.app, &(struct input){.kind = INPUT_KEY, .key = ' '});
	assert_int_equal(d.app.tree.marks.len, 1);
	while (d.events < EVENTS) {
		if (groups == WARM) {
			memory = allocated();
			resident = resident_kib();
		}
		/* Half of the events come in storms. */
		group_of_events(&d, groups % (STORM / BURST + 1) ? BURST : STORM);
		groups++;
	}
	after = allocated();
	assert_int_equal(d.scans, groups);         /* one for each group, none more */
	assert_int_equal(d.draws, groups * 2 + 1); /* one for it, one for its key */
	assert_int_equal(d.answered, d.keys);      /* each key moved the cursor at once */
	assert_int_equal(d.app.tree.marks.len, 1); /* and the mark is where it was */
	assert_true(d.events >= EVENTS && d.now >= DAY_MS - DAY_MS / 100);
	printf("measured: %ld events, %ld scans, %ld frames, %ld keys answered in between\n",
	       d.events, d.scans, d.draws, d.answered);
	if (COUNTS_MEMORY) {
		printf("measured: %ld bytes more allocated, %ld KiB more resident after a day\n",
		       (long)after - (long)memory, resident_kib() - resident);
		assert_true((long)after - (long)memory < MORE_MAX);
		assert_true(resident_kib() - resident < 2048);
	}
	close_day(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_burst_is_one_scan_and_none_is_put_off),
		cmocka_unit_test(a_day_of_events_leaves_no_trace),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	tmproot_use_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
