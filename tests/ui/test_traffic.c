/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Over a slow line: a cursor move sends at most 400 bytes to an 80x24 terminal, whatever its type. The whole screen
 * runs in a child on a pseudo-terminal; the parent presses keys and counts.
 */
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/recorded.h"
#include "base/macros.h"
#include "ui/ui.h"

#define MOST_BYTES 400
#define QUIET_MS 60
#define START_MS 5000

/* Reads until nothing came for a while; returns the bytes. */
static size_t drain(int fd, int first_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t total = 0;
	char chunk[4096];
	ssize_t n;

	while (poll(&p, 1, total ? QUIET_MS : first_ms) > 0) {
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		total += (size_t)n;
	}
	return total;
}

static void run_screen(const struct recorded *machine, const char *type)
{
	const struct ui_options options = {.demo = true};
	struct err err = ERR_INIT;
	int r;

	setenv("TERM", type, 1);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	r = ui_main(machine->situation, &options, &err);
	_exit(r == 0 ? 0 : 1);
}

static size_t press(int fd, char key)
{
	assert_int_equal(write(fd, &key, 1), 1);
	return drain(fd, 1000);
}

/* Down through all rows and up again; returns the most that one move cost. */
static size_t walk(int fd, size_t *ret_total, size_t *ret_moves)
{
	size_t most = 0;

	for (int i = 0; i < 60; i++) {
		size_t n = press(fd, i < 30 ? 'j' : 'k');

		if (n > most)
			most = n;
		*ret_total += n;
		(*ret_moves)++;
	}
	return most;
}

static void test_moves(void **state)
{
	static const char *const types[] = {"xterm-256color", "screen-256color", "tmux-256color",
					    "linux", "vt220"};
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct recorded machine;

	(void)state;
	recorded_open(&machine, "src/machine/demo/desktop.txt", "tests/ui/machines/pci.ids");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		size_t total = 0, moves = 0, first, most;
		int fd, status;
		pid_t pid = forkpty(&fd, NULL, NULL, &size);

		assert_true(pid >= 0);
		if (pid == 0)
			run_screen(&machine, types[i]);
		first = drain(fd, START_MS);
		if (first < 200) { /* the type is not known here */
			printf("measured: %s: not known on this system, left out\n", types[i]);
			waitpid(pid, &status, 0);
			close(fd);
			continue;
		}
		most = walk(fd, &total, &moves);
		printf("measured: %s: first screen %zu bytes, a move %zu on average, %zu at most\n",
		       types[i], first, total / moves, most);
		press(fd, 'q');
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		close(fd);
		assert_true(most <= MOST_BYTES);
	}
	recorded_close(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
