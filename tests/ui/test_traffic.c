/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Over a slow line: a cursor move sends at most 400 bytes to an 80x24 terminal, whatever its type and whatever is
 * marked. The screen runs here, on a pseudo-terminal of which this test holds the other end too; a byte of its own
 * behind each picture tells where it ends, so nothing depends on how fast the machine is.
 */
#include <dirent.h>
#include <locale.h>
#include <pty.h>
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
#include "base/macros.h"
#include "base/mem.h"
#include "ui/app.h"
#include "ui/term.h"

#define DEMO "src/machine/demo/desktop.txt"
#define IDS "tests/ui/machines/pci.ids"
#define MOST_ROWS 40
#define END_OF_PICTURE '\005'

/* The screen of one machine on a pseudo-terminal. */
struct line {
	struct recorded machine;
	struct app app;
	struct terminal *terminal;
	int far, saved_in, saved_out;
};

/* What moves cost. */
struct cost {
	size_t first, most, total, moves, held;
	char row[160]; /* what the dearest move went to */
};

/* --- the line --------------------------------------------------------------------------------- */

/* Draws, and returns the bytes that came out at the other end. */
static size_t picture(struct line *l)
{
	const char end = END_OF_PICTURE;
	size_t total = 0;
	char chunk[4096];
	ssize_t n;

	app_draw(&l->app);
	terminal_draw(l->terminal, &l->app.grid);
	if (write(STDOUT_FILENO, &end, 1) != 1)
		abort();
	do {
		n = read(l->far, chunk, sizeof(chunk));
		if (n <= 0)
			abort();
		total += (size_t)n;
	} while (chunk[n - 1] != end);
	return total - 1;
}

static size_t press(struct line *l, char key)
{
	app_input(&l->app, &(struct input){.kind = INPUT_KEY, .key = (unsigned char)key});
	return picture(l);
}

static const struct ui_options options = {.demo = true};

/* False when the terminal type is not known here. */
static bool line_open(struct line *l, const char *file, const char *type)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct err err = ERR_INIT;
	int near;

	recorded_open(&l->machine, file, IDS);
	l->machine.situation->platform->is_root = true; /* the same on every account */
	assert_int_equal(openpty(&l->far, &near, NULL, NULL, &size), 0);
	fflush(stdout);
	l->saved_in = dup(STDIN_FILENO);
	l->saved_out = dup(STDOUT_FILENO);
	dup2(near, STDIN_FILENO);
	dup2(near, STDOUT_FILENO);
	close(near);
	setenv("TERM", type, 1);
	/* the console's mouse daemon has a library that leaks; it has no part in what is measured */
	setenv("NCURSES_GPM_TERMS", "none", 1);
	l->terminal = NULL;
	if (terminal_open(&options, &l->terminal, &err) < 0)
		return false;
	app_init(&l->app, l->machine.situation, &options, terminal_charset(l->terminal));
	app_resize(&l->app, 24, 80);
	l->app.ration.bytes = RATION_BYTES;
	return true;
}

static void line_close(struct line *l)
{
	if (l->terminal) {
		terminal_close(l->terminal);
		app_release(&l->app);
	}
	fflush(stdout);
	dup2(l->saved_in, STDIN_FILENO);
	dup2(l->saved_out, STDOUT_FILENO);
	close(l->saved_in);
	close(l->saved_out);
	close(l->far);
	recorded_close(&l->machine);
}

/* --- moving -------------------------------------------------------------------------------------- */

static void move(struct line *l, char key, struct cost *c)
{
	size_t n = press(l, key);

	c->total += n;
	c->moves++;
	c->held += l->app.ration.held;
	if (n <= c->most)
		return;
	c->most = n;
	if (l->app.tree.at < l->app.tree.rows.len) {
		const struct row *row = tree_row(&l->app.tree);
		char bdf[PCI_ADDR_TEXT] = "";

		if (row->kind == ROW_DEVICE)
			pci_addr_format(&row->addr, bdf);
		snprintf(c->row, sizeof(c->row), "group %d %s", row->group, bdf);
	}
}

static void walk(struct line *l, struct cost *c)
{
	size_t rows = l->app.tree.rows.len < MOST_ROWS ? l->app.tree.rows.len : MOST_ROWS;

	for (size_t i = 0; i < rows; i++)
		move(l, 'j', c);
	for (size_t i = 0; i < rows; i++)
		move(l, 'k', c);
}

/* All rows: with no mark, with a mark on each second device, with all of them marked. */
static bool measure(const char *file, const char *type, struct cost *c)
{
	struct line l;
	bool known;

	*c = (struct cost){.row = ""};
	known = line_open(&l, file, type);
	if (known) {
		const struct topology *t = l.machine.situation->topology;

		c->first = picture(&l);
		walk(&l, c);
		for (size_t turn = 0; turn < 2; turn++) {
			for (size_t i = turn; i < t->len; i += 2)
				if (device_is_takeable(&t->devices[i]))
					selection_toggle(&l.app.tree.marks, &t->devices[i].addr);
			app_marked(&l.app);
			picture(&l);
			walk(&l, c);
		}
	}
	line_close(&l);
	return known;
}

static void test_terminals(void **state)
{
	static const char *const types[] = {"xterm-256color", "screen-256color", "tmux-256color",
					    "linux", "vt220"};
	struct cost c;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!measure(DEMO, types[i], &c)) {
			printf("measured: %s: not known on this system, left out\n", types[i]);
			continue;
		}
		printf("measured: %s: first screen %zu bytes, a move %zu on average, %zu at most\n",
		       types[i], c.first, c.total / c.moves, c.most);
		if (c.most > RATION_BYTES)
			fail_msg("%s: %zu bytes for the move to %s", types[i], c.most, c.row);
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void test_machines(void **state)
{
	const char *top = getenv("TOP");
	auto_free char *dir = xasprintf("%s/tests/machines", top ? top : ".");
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, by_name);
	size_t most = 0, over = 0, held = 0, moves = 0;

	(void)state;
	assert_true(n > 2);
	for (int i = 0; i < n; i++) { /* each third one */
		auto_free char *file = xasprintf("tests/machines/%s", names[i]->d_name);
		struct cost c;

		if (i % 3 == 0 && text_ends_with(names[i]->d_name, ".txt") &&
		    measure(file, "xterm-256color", &c)) {
			if (c.most > RATION_BYTES) {
				print_error("%s: %zu bytes for the move to %s\n", file, c.most,
					    c.row);
				over++;
			}
			most = c.most > most ? c.most : most;
			held += c.held;
			moves += c.moves;
		}
		free(names[i]);
	}
	free(names);
	printf("measured: a move on the recorded machines: %zu bytes at most; %zu of %zu showed "
	       "the last details later\n",
	       most, held, moves);
	assert_int_equal(over, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_machines),
	};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return 77;
	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
