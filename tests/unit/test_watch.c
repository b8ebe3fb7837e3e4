/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor against a test bed (tests/support/mockbed.h) that plays the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../support/mockbed.h"
#include "base/mem.h"
#include "host/host.h"
#include "machine/scan.h"
#include "machine/watch.h"

#define CARD "/sys/devices/pci0000:00/0000:0b:00.0"

static const char machine[] =
	"P: /devices/pci0000:00/0000:0b:00.0\n"
	"E: SUBSYSTEM=pci\nE: PCI_CLASS=30000\nE: PCI_ID=10DE:2484\nE: PCI_SUBSYS_ID=1462:3905\n"
	"E: PCI_SLOT_NAME=0000:0b:00.0\n"
	"A: vendor=0x10de\\n\nA: device=0x2484\\n\nA: class=0x030000\\n\n"
	"L: driver=../../../bus/pci/drivers/nouveau\n"
	"L: iommu_group=../../../kernel/iommu_groups/15\n\n"
	"P: /devices/virtual/input/input1\nE: SUBSYSTEM=input\nE: NAME=keyboard\n\n"
	"P: /devices/virtual/vfio/15\nE: SUBSYSTEM=vfio\n\n";

static const char second_card[] =
	"P: /devices/pci0000:00/0000:0c:00.0\n"
	"E: SUBSYSTEM=pci\nE: PCI_CLASS=20000\nE: PCI_ID=8086:10D3\nE: PCI_SUBSYS_ID=0000:0000\n"
	"E: PCI_SLOT_NAME=0000:0c:00.0\n\n";

struct fixture {
	void *bed;
	struct watch *watch;
	struct host *host;
	struct scanner *scanner;
};

static void open_fixture(struct fixture *f)
{
	struct err err = ERR_INIT;
	auto_free char *root = NULL;

	f->bed = mockbed.new();
	assert_true(mockbed.add_from_string(f->bed, machine, NULL));
	root = mockbed.root_dir(f->bed);
	if (watch_open(&f->watch, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(host_open(root, &f->host, &err), 0);
	f->scanner = scanner_new(f->host, "tests/data/pci.ids");
}

static void close_fixture(struct fixture *f)
{
	scanner_free(f->scanner);
	host_free(f->host);
	watch_free(f->watch);
	mockbed.unref(f->bed);
}

/* True when the fd becomes readable; only a hang takes a minute. */
static bool is_readable(const struct fixture *f)
{
	struct pollfd p = {.fd = watch_fd(f->watch), .events = POLLIN};

	return poll(&p, 1, 60000) == 1;
}

static struct topology *scan(const struct fixture *f)
{
	struct topology *t = NULL;
	struct err err = ERR_INIT;

	if (scanner_scan(f->scanner, &t, &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

static void hints(void **state)
{
	static const struct {
		const char *device, *action;
		bool expect;
	} cases[] = {
		{CARD, "change", true},
		{CARD, "unbind", true},
		{CARD, "bind", true},
		{"/sys/devices/virtual/input/input1", "change", false},
		{"/sys/devices/virtual/vfio/15", "add", true},
	};
	struct fixture f;

	(void)state;
	open_fixture(&f);
	assert_true(watch_fd(f.watch) >= 0);
	assert_false(watch_drain(f.watch)); /* nothing yet, and no waiting */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		mockbed.uevent(f.bed, cases[i].device, cases[i].action);
		if (cases[i].expect)
			assert_true(is_readable(&f));
		assert_int_equal(watch_drain(f.watch), cases[i].expect);
		assert_false(watch_drain(f.watch));
	}
	close_fixture(&f);
}

static void a_burst_is_one_hint(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f);
	for (int i = 0; i < 4;
	     i++) { /* a UNIX socket, as which the bed plays netlink, queues ten */
		mockbed.uevent(f.bed, "/sys/devices/virtual/input/input1", "change");
		mockbed.uevent(f.bed, CARD, "change");
	}
	assert_true(is_readable(&f));
	assert_true(watch_drain(f.watch));
	assert_false(watch_drain(f.watch));
	close_fixture(&f);
}

/* What the screen does: a hint, a scan, and the new state is there. */
static void hot_plug_and_removal(void **state)
{
	struct fixture f;
	struct topology *t;

	(void)state;
	open_fixture(&f);
	t = scan(&f);
	assert_int_equal(t->len, 1);
	assert_string_equal(t->devices[0].driver, "nouveau");
	assert_int_equal(t->devices[0].group, 15);
	topology_free(t);

	assert_true(mockbed.add_from_string(f.bed, second_card, NULL));
	assert_true(is_readable(&f));
	assert_true(watch_drain(f.watch));
	t = scan(&f);
	assert_int_equal(t->len, 2);
	assert_string_equal(t->devices[1].bdf, "0000:0c:00.0");
	topology_free(t);

	mockbed.uevent(f.bed, CARD, "remove");
	mockbed.remove_device(f.bed, CARD);
	assert_true(is_readable(&f));
	assert_true(watch_drain(f.watch));
	t = scan(&f);
	assert_int_equal(t->len, 1);
	assert_string_equal(t->devices[0].bdf, "0000:0c:00.0");
	topology_free(t);
	close_fixture(&f);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints),
		cmocka_unit_test(a_burst_is_one_hint),
		cmocka_unit_test(hot_plug_and_removal),
	};
	int r = mockbed_ready(argc, argv);

	return r ? r : cmocka_run_group_tests(tests, NULL, NULL);
}
