/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui: the full-screen program over a situation (change/situation.h).
 *
 *	situation_open(host, ids_file, &s, &err);
 *	ui_main(s, &options, &err);
 *	situation_free(s);
 *
 * ui_main() takes the terminal on stdin and stdout, runs the one loop until the user
 * leaves, and gives the terminal back, also after a signal or an error. It swaps the
 * snapshot inside `s` on every change the machine reports. Two keys leave for another
 * run of this program (sudo, the demo): then it does not return.
 */
#ifndef UI_UI_H
#define UI_UI_H

#include <stdbool.h>

#include "base/err.h"
#include "change/situation.h"

struct ui_options {
	bool demo;      /* the machine is a recording: the title says so, commands are not run */
	bool from_file; /* that recording was named by the user, it is not the bundled demo */
	bool ascii;     /* no character outside ASCII, whatever the locale says */
	bool no_colour; /* as if NO_COLOR were set */
	bool watch;     /* hear of changes although the root is not "/": for tests */
	/* main()'s own, NULL at its end: what R (restart with sudo) runs again; NULL: R and the demo's key are off */
	char *const *argv;
};

/* 0 when the user left, -ENOTTY when stdin or stdout is no terminal, else a negative errno with a sentence. */
int ui_main(struct situation *s, const struct ui_options *o, struct err *reterr) must_check;

#endif
