/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hints: when to scan again after "something changed". Events come in bursts (a card's functions, a dock, a storm of
 * binds), so the first of a burst sets the time, and whatever comes until then is seen by the same scan. A scan is never
 * put off any further: under a storm without end the screen still follows.
 *
 *	hints_note(&h, now)	an event, or thousands
 *	hints_wait(&h, now)	how long poll() may wait
 *	hints_take(&h, now)	true once when it is time: scan
 *
 * Pure; times are milliseconds of a monotonic clock and never 0.
 */
#ifndef UI_HINTS_H
#define UI_HINTS_H

#include <stdbool.h>
#include <stdint.h>

#define HINTS_TOGETHER_MS 100 /* one event of a card is followed by those of its functions */

struct hints {
	int64_t due; /* 0: nothing waits */
};

void hints_note(struct hints *h, int64_t now);
bool hints_take(struct hints *h, int64_t now);
int hints_wait(const struct hints *h, int64_t now); /* milliseconds, or -1 for ever */

#endif
