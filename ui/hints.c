/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/hints.h"

void hints_note(struct hints *h, int64_t now)
{
	if (!h->due)
		h->due = now + HINTS_TOGETHER_MS;
}

bool hints_take(struct hints *h, int64_t now)
{
	if (!h->due || now < h->due)
		return false;
	h->due = 0;
	return true;
}

int hints_wait(const struct hints *h, int64_t now)
{
	if (!h->due)
		return -1;
	return h->due > now ? (int)(h->due - now) : 0;
}
