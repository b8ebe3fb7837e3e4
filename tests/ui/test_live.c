/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The open screen follows the machine: a driver bound elsewhere, a device plugged in or taken out shows by itself, and
 * cursor and marks stay. The screen runs in a child on a pseudo-terminal, the test bed plays the kernel.
 */
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/mockbed.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/ui.h"

#define LIMIT_MS 60000 /* only a hang takes so long; how long it took is printed */
#define CARD "/devices/pci0000:00/0000:0b:00.0"

static const char machine[] =
	"P: " CARD "\n"
	"E: SUBSYSTEM=pci\nE: PCI_CLASS=30000\nE: PCI_ID=10DE:2484\nE: PCI_SUBSYS_ID=1462:3905\n"
	"E: PCI_SLOT_NAME=0000:0b:00.0\n"
	"A: vendor=0x10de\\n\nA: device=0x2484\\n\nA: class=0x030000\\n\n"
	"L: driver=../../../bus/pci/drivers/nouveau\n"
	"L: iommu_group=../../../kernel/iommu_groups/15\n\n";

static const char second_card[] =
	"P: /devices/pci0000:00/0000:0c:00.0\n"
	"E: SUBSYSTEM=pci\nE: PCI_CLASS=20000\nE: PCI_ID=10EC:8168\nE: PCI_SUBSYS_ID=0000:0000\n"
	"E: PCI_SLOT_NAME=0000:0c:00.0\n"
	"A: vendor=0x10ec\\n\nA: device=0x8168\\n\nA: class=0x020000\\n\n"
	"L: iommu_group=../../../kernel/iommu_groups/16\n\n";

struct live {
	void *bed;
	char *root;
	int fd;
	pid_t pid;
};

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Milliseconds until the screen sent a text, or -1. */
static long long time_until(const struct live *l, const char *text, long long most_ms)
{
	auto_str struct str seen = STR_INIT;
	long long start = now_ms(), left;
	char chunk[4096];

	while ((left = start + most_ms - now_ms()) > 0) {
		struct pollfd p = {.fd = l->fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, (int)left) <= 0)
			break;
		n = read(l->fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		str_add(&seen, chunk, (size_t)n);
		if (strstr(seen.data, text))
			return now_ms() - start;
	}
	print_error("waited for \"%s\", saw: %s\n", text, seen.data);
	return -1;
}

static void run_screen(const char *root)
{
	const struct ui_options options = {.watch = true, .no_colour = true};
	struct err err = ERR_INIT;
	struct situation *s;
	struct host *host;

	setenv("TERM", "vt100", 1); /* sends text as it is */
	if (host_open(root, &host, &err) < 0 ||
	    situation_open(host, "tests/ui/machines/pci.ids", &s, &err) < 0 ||
	    ui_main(s, &options, &err) < 0) {
		printf("%s\n", err.text);
		_exit(1);
	}
	situation_free(s);
	host_free(host);
	_exit(0);
}

static void press(const struct live *l, const char *key)
{
	assert_int_equal(write(l->fd, key, strlen(key)), (ssize_t)strlen(key));
}

static void start(struct live *l)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 80};

	l->bed = mockbed.new();
	assert_true(mockbed.add_from_string(l->bed, machine, NULL));
	l->root = mockbed.root_dir(l->bed);
	l->pid = forkpty(&l->fd, NULL, NULL, &size);
	assert_true(l->pid >= 0);
	if (l->pid == 0)
		run_screen(l->root);
	assert_true(time_until(l, " help", LIMIT_MS) >= 0);
}

static void stop(struct live *l)
{
	int status;

	press(l, "q");
	assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
	assert_int_equal(status, 0);
	close(l->fd);
	free(l->root);
	mockbed.unref(l->bed);
}

static void promise(const struct live *l, const char *what, const char *text)
{
	long long took = time_until(l, text, LIMIT_MS);

	printf("measured: %s shows after %lld ms\n", what, took);
	assert_true(took >= 0);
}

/* The link that the kernel changes when a driver is bound. */
static void bind_driver(const struct live *l, const char *driver)
{
	auto_free char *link = xasprintf("%s/sys" CARD "/driver", l->root);
	auto_free char *to = xasprintf("../../../bus/pci/drivers/%s", driver);

	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink(to, link), 0);
	mockbed.uevent(l->bed, "/sys" CARD, "bind");
}

static void test_binding(void **state)
{
	struct live l;

	(void)state;
	start(&l);
	bind_driver(&l, "vfio-pci");
	promise(&l, "a bound driver", "vfio-pci");
	bind_driver(&l, "nouveau");
	promise(&l, "the driver from before", "nouveau");
	stop(&l);
}

static void test_plugging(void **state)
{
	struct live l;

	(void)state;
	start(&l);
	press(&l, " "); /* the card, on which the cursor starts */
	assert_true(time_until(&l, "1 marked", LIMIT_MS) >= 0);
	assert_true(mockbed.add_from_string(l.bed, second_card, NULL));
	promise(&l, "a device plugged in", "RTL8111");
	mockbed.remove_device(l.bed, "/sys" CARD);
	mockbed.uevent(l.bed, "/sys/devices/pci0000:00/0000:0c:00.0", "change");
	promise(&l, "a marked device taken out", "not here now");
	press(&l, " "); /* the cursor is still on it: the mark goes, and with it the row */
	assert_true(time_until(&l, "mark what the VM", LIMIT_MS) >= 0);
	stop(&l);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_plugging),
	};
	int r = mockbed_ready(argc, argv);

	if (r)
		return r;
	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
