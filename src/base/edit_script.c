/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/edit_script.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Steps of the search over the whole comparison: about half a second. */
#define WORK_MAX (1L << 27)

/* Part of both sequences: items a[a0..a1) against b[b0..b1). */
struct box {
	long a0, a1, b0, b1;
};

/*
 * One direction of the search. reach[k] is how far into `a` the best path with d edits
 * gets on diagonal k (position in a minus position in b), -1 when none stays in the box.
 * The backward search runs from the box's end; its positions count from there.
 */
struct frontier {
	long *reach; /* points into the middle, so that k may be negative */
	bool backward;
};

struct search {
	struct edit_side *a;
	struct edit_side *b;
	struct frontier forward;
	struct frontier back;
	long work;
};

static bool same_at(const struct search *s, const struct box *box, bool backward, long x, long y)
{
	if (backward)
		return s->a->items[box->a1 - 1 - x] == s->b->items[box->b1 - 1 - y];
	return s->a->items[box->a0 + x] == s->b->items[box->b0 + y];
}

/* The furthest point on diagonal k with d edits, from those with d - 1. */
static long advance(struct search *s, const struct box *box, struct frontier *f, long d, long k)
{
	const long n = box->a1 - box->a0;
	const long m = box->b1 - box->b0;
	long x = d ? -1 : 0;

	if (d && f->reach[k - 1] >= 0 && f->reach[k - 1] < n)
		x = f->reach[k - 1] + 1;
	if (d && f->reach[k + 1] > x && f->reach[k + 1] - k <= m)
		x = f->reach[k + 1];
	s->work++;
	if (x < 0)
		return -1;
	while (x < n && x - k < m && same_at(s, box, f->backward, x, x - k)) {
		x++;
		s->work++;
	}
	return x;
}

/* One more edit in one direction; true when it met the other, with the meeting point in *x, *y. */
static bool widen(struct search *s, const struct box *box, struct frontier *f,
		  const struct frontier *other, long d, long *x, long *y)
{
	const long n = box->a1 - box->a0;
	const long m = box->b1 - box->b0;
	const long delta = n - m;
	const long other_d = f->backward ? d : d - 1;
	const bool can_meet = f->backward ? delta % 2 == 0 : delta % 2 != 0;

	/* Diagonals outside -m..n do not touch the box. */
	const long low = d <= m ? -d : -m + (d - m) % 2;
	const long high = d <= n ? d : n - (d - n) % 2;

	f->reach[-d - 1] = -1;
	f->reach[d + 1] = -1;
	for (long k = low; k <= high; k += 2) {
		f->reach[k] = advance(s, box, f, d, k);
		if (!can_meet || f->reach[k] < 0 || labs(delta - k) > other_d)
			continue;
		if (other->reach[delta - k] < 0 || f->reach[k] + other->reach[delta - k] < n)
			continue;
		*x = f->backward ? n - f->reach[k] : f->reach[k];
		*y = f->backward ? m - (f->reach[k] - k) : f->reach[k] - k;
		return true;
	}
	return false;
}

/* A point that a shortest script passes through; false when the search costs too much. */
static bool find_middle(struct search *s, const struct box *box, long *x, long *y)
{
	const long most = (box->a1 - box->a0 + box->b1 - box->b0 + 1) / 2;

	for (long d = 0; d <= most && s->work < WORK_MAX; d++) {
		if (widen(s, box, &s->forward, &s->back, d, x, y))
			return true;
		if (widen(s, box, &s->back, &s->forward, d, x, y))
			return true;
	}
	return false;
}

static void mark(struct edit_side *side, long from, long to)
{
	if (to > from)
		memset(side->changed + from, true, (size_t)(to - from));
}

static void trim(const struct search *s, struct box *box)
{
	while (box->a0 < box->a1 && box->b0 < box->b1 && same_at(s, box, false, 0, 0)) {
		box->a0++;
		box->b0++;
	}
	while (box->a0 < box->a1 && box->b0 < box->b1 && same_at(s, box, true, 0, 0)) {
		box->a1--;
		box->b1--;
	}
}

/* Each half needs half of the edits, so this nests no deeper than their number has bits. */
static void compare(struct search *s, struct box box)
{
	long x = 0;
	long y = 0;

	trim(s, &box);
	if (box.a0 == box.a1 || box.b0 == box.b1 || !find_middle(s, &box, &x, &y)) {
		mark(s->a, box.a0, box.a1);
		mark(s->b, box.b0, box.b1);
		return;
	}
	compare(s, (struct box){box.a0, box.a0 + x, box.b0, box.b0 + y});
	compare(s, (struct box){box.a0 + x, box.a1, box.b0 + y, box.b1});
}

/*
 * Among equally short scripts the one that diff shows: a block of changes moves down
 * while its first item equals the one after it. A block that replaces something on
 * the other side stays where it is.
 */
static void slide_down(struct edit_side *side, const struct edit_side *other)
{
	size_t j = 0;
	size_t i = 0;

	while (i < side->len) {
		size_t first = i;
		size_t end;

		if (!side->changed[i]) {
			while (other->changed[j])
				j++;
			i++;
			j++;
			continue;
		}
		for (end = i; side->changed[end]; end++)
			;
		while (end < side->len && !other->changed[j] &&
		       side->items[first] == side->items[end]) {
			side->changed[first++] = false;
			side->changed[end++] = true;
			j++;
			while (side->changed[end])
				end++;
		}
		i = end;
	}
}

void edit_script(struct edit_side *a, struct edit_side *b)
{
	const size_t half = (a->len + b->len) / 2 + 3;
	auto_free long *room = xcalloc(4 * half, sizeof(long));
	struct search s = {
		.a = a,
		.b = b,
		.forward = {.reach = room + half},
		.back = {.reach = room + 3 * half, .backward = true},
	};

	compare(&s, (struct box){0, (long)a->len, 0, (long)b->len});
	slide_down(a, b);
	slide_down(b, a);
}
