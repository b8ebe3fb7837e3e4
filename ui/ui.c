/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/ui.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/strv.h"
#include "ui/app.h"
#include "ui/loop.h"
#include "ui/term.h"

#define SELF "/proc/self/exe"

/* This program's own path, whatever the directory is now. */
static void add_self(struct strv *words)
{
	char path[4096];
	ssize_t n = readlink(SELF, path, sizeof(path) - 1);

	strv_addn(words, n > 0 ? path : SELF, n > 0 ? (size_t)n : sizeof(SELF) - 1);
}

static int run_instead(struct strv *words, struct err *reterr)
{
	execvp(words->items[0], words->items);
	return err_set(reterr, -errno, "cannot run %s: %m", words->items[0]);
}

static int run_with_sudo(const struct app *app, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	bool doas = !host_find_program(app->situation->host, "sudo", NULL) &&
		    host_find_program(app->situation->host, "doas", NULL);

	strv_add(&words, doas ? "doas" : "sudo");
	strv_add(&words, "--");
	add_self(&words);
	for (size_t i = 1; app->options->argv[0] && app->options->argv[i]; i++)
		strv_add(&words, app->options->argv[i]);
	return run_instead(&words, reterr);
}

static int run_demo(struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;

	add_self(&words);
	strv_add(&words, "--demo");
	return run_instead(&words, reterr);
}

int ui_main(struct situation *s, const struct ui_options *o, struct err *reterr)
{
	struct terminal *terminal = NULL;
	struct app app;
	int r;

	setlocale(LC_CTYPE, "");
	r = terminal_open(o, &terminal, reterr);
	if (r < 0)
		return r;
	app_init(&app, s, o, terminal_charset(terminal));
	app_start(&app);
	r = loop_run(&app, &terminal, reterr);
	if (r == 0 && app.request == REQUEST_SUDO)
		r = run_with_sudo(&app, reterr);
	else if (r == 0 && app.request == REQUEST_DEMO)
		r = run_demo(reterr);
	app_release(&app);
	return r;
}
