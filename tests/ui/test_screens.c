/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden screens: a machine is opened, keys are pressed, and the screen is compared with tests/golden/NAME-COLSxROWS.txt:
 * its text, then one letter a cell for the role (capitals under the cursor). GOLDEN_WRITE=1 writes them anew; the git
 * diff is the review.
 */
#include <ctype.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/recorded.h"
#include "base/mem.h"
#include "ui/app.h"
#include "ui/preview.h"

#define ARCHBOX "tests/ui/machines/archbox.txt"
#define NO_IOMMU "tests/ui/machines/no-iommu.txt"
#define DESKTOP "src/machine/demo/desktop.txt"
#define CHIPSET "tests/machines/am4-b550-rx6600-acs.txt"
#define BRIDGE "tests/machines/c224-x10slm-f-acs.txt"
#define LARGE "tests/machines/kbl-e3-pex8748-acs.txt"
#define IDS "tests/ui/machines/pci.ids"

static const struct {
	const char *name, *machine;
	const char *keys; /* a character each; \t Tab, \n Enter */
	enum charset charset;
	bool not_root;
} screens[] = {
	{"tree", ARCHBOX, "", CHARSET_UTF8, false},
	{"tree-ascii", ARCHBOX, " ", CHARSET_ASCII, false},
	{"incomplete", ARCHBOX, " \t", CHARSET_UTF8, false},
	{"group", ARCHBOX, "kk", CHARSET_UTF8, false},
	{"filter", ARCHBOX, "fff", CHARSET_UTF8, false},
	{"search", ARCHBOX, "/3070\n/ax2", CHARSET_UTF8, false},
	{"blocked", ARCHBOX, "<jjjjjjj c", CHARSET_UTF8, false},
	{"preview", ARCHBOX, "gp", CHARSET_UTF8, false},
	{"preview-choice", ARCHBOX, "gp>kkkkkk\n", CHARSET_UTF8, false},
	{"preview-blocked", ARCHBOX, " p", CHARSET_UTF8, false},
	{"confirm", ARCHBOX, "gpWye", CHARSET_UTF8, false},
	{"apply", ARCHBOX, "gpWyes\n", CHARSET_UTF8, false},
	{"written", ARCHBOX, "gpWyes\nq", CHARSET_UTF8, false},
	{"undo", ARCHBOX, "gpWyes\nqujj", CHARSET_UTF8, false},
	{"not-root", ARCHBOX, " ", CHARSET_UTF8, true},
	{"help", ARCHBOX, "?", CHARSET_UTF8, false},
	{"what-if", CHIPSET, "a", CHARSET_UTF8, false},
	{"what-if-both", CHIPSET, "al", CHARSET_UTF8, false},
	{"what-if-ascii", CHIPSET, "al\t", CHARSET_ASCII, false},
	{"what-if-fold", CHIPSET, "al jj", CHARSET_UTF8, false},
	{"what-if-bridge", BRIDGE, "a<jj", CHARSET_UTF8, false},
	{"what-if-large", LARGE, "a>", CHARSET_UTF8, false},
	{"what-if-ids", DESKTOP, "aijj ", CHARSET_UTF8, false},
	{"what-if-taken", DESKTOP, "al\n", CHARSET_UTF8, false},
	{"what-if-plan", DESKTOP, "/08:00\n al\np", CHARSET_UTF8, false},
	{"what-if-choice", DESKTOP, "al\np<jjjjj\n", CHARSET_UTF8, false},
	{"what-if-written", DESKTOP, "/08:00\n al\npWyes\nq", CHARSET_UTF8, false},
	{"what-if-not-root", ARCHBOX, "a", CHARSET_UTF8, true},
	{"no-iommu", NO_IOMMU, "", CHARSET_UTF8, false},
	{"vms-none", ARCHBOX, "v", CHARSET_UTF8, false},
	{"form", ARCHBOX, "gpWyes\nqvn", CHARSET_UTF8, false},
	{"form-typed", ARCHBOX, "vn\n-a", CHARSET_UTF8, false},
	{"form-wrong", ARCHBOX, "vnjj\n0X", CHARSET_UTF8, false},
	{"form-choose", ARCHBOX, "vn\t\t\t\n", CHARSET_UTF8, false},
	{"form-preview", ARCHBOX, "vnW", CHARSET_UTF8, false},
	{"vms", ARCHBOX, "gpWyes\nqvnWWyes\nq", CHARSET_UTF8, false},
	{"quit", ARCHBOX, " q", CHARSET_UTF8, false},
};

static const struct {
	int rows, cols;
} sizes[] = {{24, 80}, {40, 120}, {12, 40}};

/* --- the golden files ------------------------------------------------------------------------ */

static void read_file(const char *path, struct str *ret)
{
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "r");

	while (f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add(ret, chunk, n);
	if (f)
		fclose(f);
}

static void write_file(const char *path, const struct str *bytes)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, f), bytes->len);
	assert_int_equal(fclose(f), 0);
}

/* The launch script's own checksum would make each change of the script one of this screen, too. */
static void hide_checksum(struct str *screen)
{
	static const char before[] = "# vfiotui launch script ";
	char *at = strstr(screen->data, before);

	if (at)
		for (at += strlen(before); isxdigit((unsigned char)*at); at++)
			*at = '0';
}

static bool is_golden(const char *name, const struct app *app)
{
	const char *top = getenv("TOP");
	auto_free char *path = xasprintf("%s/tests/golden/%s-%dx%d.txt", top ? top : ".", name,
					 app->grid.cols, app->grid.rows);
	auto_str struct str now = STR_INIT;
	auto_str struct str golden = STR_INIT;

	grid_text_plane(&app->grid, &now);
	str_adds(&now, "--- roles ---\n");
	grid_role_plane(&app->grid, &now);
	hide_checksum(&now);
	if (getenv("GOLDEN_WRITE")) {
		write_file(path, &now);
		return true;
	}
	read_file(path, &golden);
	if (str_equal(&golden, &now))
		return true;
	print_error("%s differs; it is now:\n%s", path, now.data);
	return false;
}

/* --- one run ------------------------------------------------------------------------------------ */

static void press(struct app *app, const char *keys)
{
	for (; *keys; keys++) {
		app_input(app, &(struct input){.kind = INPUT_KEY, .key = (unsigned char)*keys});
		app_draw(app);
	}
}

static bool show(const struct recorded *machine, size_t screen, size_t size)
{
	static char *argv[] = {NULL};
	const struct ui_options options = {.demo = true, .argv = argv};
	struct app app;
	bool golden;

	machine->situation->platform->is_root = !screens[screen].not_root;
	app_init(&app, machine->situation, &options, screens[screen].charset);
	app_resize(&app, sizes[size].rows, sizes[size].cols);
	app_start(&app);
	app_draw(&app);
	press(&app, screens[screen].keys);
	golden = is_golden(screens[screen].name, &app);
	app_release(&app);
	return golden;
}

static void test_screens(void **state)
{
	size_t differ = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(screens); i++) {
		bool writes = strchr(screens[i].keys, 'W');
		struct recorded machine;

		recorded_open(&machine, screens[i].machine, IDS);
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			if (k && writes) { /* what was written is there no more */
				recorded_close(&machine);
				recorded_open(&machine, screens[i].machine, IDS);
			}
			differ += !show(&machine, i, k);
		}
		recorded_close(&machine);
	}
	assert_int_equal(differ, 0);
}

/* --- one number everywhere ---------------------------------------------------------------------- */

static size_t problems_of_preview(const struct app *app)
{
	struct preview p;
	size_t n = 0;

	preview_init(&p, app->situation, &app->tree.marks, app_override(app), false);
	assert_non_null(p.plan);
	for (size_t i = 0; i < p.len; i++)
		n += p.items[i].kind == ITEM_FINDING &&
		     p.plan->findings.items[p.items[i].index].severity != SEVERITY_NOTE;
	preview_release(&p);
	return n;
}

/* Looking at one problem does not make them fewer: the next line counts what the preview lists. */
static void test_problems_are_counted_alike(void **state)
{
	static const struct {
		const char *keys;
		size_t problems;
	} cases[] = {{"", 0}, {" ", 4}, {" j", 4}, {"g", 2}, {"gj", 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ui_options options = {.demo = true};
		struct recorded machine;
		struct app app;

		recorded_open(&machine, ARCHBOX, IDS);
		app_init(&app, machine.situation, &options, CHARSET_UTF8);
		app_resize(&app, 24, 80);
		app_draw(&app);
		press(&app, cases[i].keys);
		assert_int_equal(app_facts(&app).problems, cases[i].problems);
		assert_int_equal(problems_of_preview(&app), cases[i].problems);
		app_release(&app);
		recorded_close(&machine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_problems_are_counted_alike),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
