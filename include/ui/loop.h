/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop: the one poll() of the screen: terminal, signals, the machine's changes, the
 * output of a running command. Each wake takes all there is, then draws once.
 */
#ifndef UI_LOOP_H
#define UI_LOOP_H

#include "base/err.h"
#include "ui/app.h"
#include "ui/term.h"

/*
 * Runs until the user leaves, or the terminal does (SIGHUP, SIGTERM). A change that is being applied then goes on to
 * its end without a screen. *terminal is closed and NULL afterwards. app->request says how it ended.
 */
int loop_run(struct app *app, struct terminal **terminal, struct err *reterr) must_check;

#endif
