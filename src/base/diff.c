/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/edit_script.h"
#include "base/mem.h"

#define CONTEXT 3
/* Equal lines behind the last difference that still take part, so that it can slide as in diff. */
#define HORIZON 256

struct line {
	const char *text;
	size_t len; /* with its LF, if it has one */
};

/* The part of one text that takes part, as lines and as numbers that are equal for equal lines. */
struct side {
	const char *from;
	const char *end;
	size_t skipped; /* lines before `from` */
	struct line *lines;
	uint32_t *ids;
	bool *changed;
	size_t len;
};

static const char *line_end(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));

	return lf ? lf + 1 : end;
}

/* The start of the line before the one that starts at `p`. */
static const char *line_before(const char *start, const char *p)
{
	const char *lf = p - 1 > start ? memrchr(start, '\n', (size_t)(p - 1 - start)) : NULL;

	return lf ? lf + 1 : start;
}

/* Drops the equal lines at the start but for `context`. */
static void skip_start(struct side *a, struct side *b, size_t context)
{
	const char *start = a->from;
	const char *p = a->from;
	const char *q = b->from;
	size_t skipped = 0;

	while (p < a->end && q < b->end) {
		const char *p_end = line_end(p, a->end);
		size_t n = (size_t)(p_end - p);

		if (n > (size_t)(b->end - q) || line_end(q, b->end) != q + n || memcmp(p, q, n))
			break;
		p = p_end;
		q += n;
		skipped++;
	}
	for (; context && p > start; context--) {
		const char *before = line_before(start, p);

		q -= p - before;
		p = before;
		skipped--;
	}
	a->from = p;
	b->from = q;
	a->skipped = b->skipped = skipped;
}

/* Drops the equal lines at the end but for the horizon. */
static void skip_end(struct side *a, struct side *b, size_t context)
{
	size_t keep = context + HORIZON;
	const char *p = a->end;
	const char *q = b->end;

	while (p > a->from && q > b->from && p[-1] == q[-1]) {
		p--;
		q--;
	}
	for (; keep && p < a->end; keep--) {
		const char *next = line_end(p, a->end);

		q += next - p;
		p = next;
	}
	/* Both now stand behind a LF that they have in common, or at the end. */
	a->end = p;
	b->end = q;
}

static void cut_lines(struct side *s)
{
	size_t n = 0;

	for (const char *p = s->from; p < s->end; p = line_end(p, s->end))
		n++;
	s->lines = xcalloc(n, sizeof(*s->lines));
	s->ids = xcalloc(n, sizeof(*s->ids));
	s->changed = xcalloc(n + 1, sizeof(*s->changed));
	for (const char *p = s->from; p < s->end; s->len++) {
		const char *next = line_end(p, s->end);

		s->lines[s->len] = (struct line){.text = p, .len = (size_t)(next - p)};
		p = next;
	}
}

static void side_release(struct side *s)
{
	free(s->lines);
	free(s->ids);
	free(s->changed);
}

/* All different lines so far, found by hash; slot 0 means free. */
struct table {
	uint32_t *slots; /* index into `lines` plus one */
	size_t mask;
	struct line *lines;
	uint32_t len;
	uint64_t seed; /* an address, so that nobody can prepare lines that collide */
};

static uint64_t hash_line(const struct table *t, const struct line *line)
{
	uint64_t h = t->seed;

	for (size_t i = 0; i < line->len; i++) {
		h = (h ^ (unsigned char)line->text[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h ^ h >> 32;
}

static uint32_t number_of(struct table *t, const struct line *line)
{
	size_t at = (size_t)hash_line(t, line) & t->mask;

	for (; t->slots[at]; at = (at + 1) & t->mask) {
		const struct line *known = &t->lines[t->slots[at] - 1];

		if (known->len == line->len && !memcmp(known->text, line->text, line->len))
			return t->slots[at] - 1;
	}
	t->lines[t->len] = *line;
	t->slots[at] = ++t->len;
	return t->len - 1;
}

static void number_lines(struct side *a, struct side *b)
{
	size_t total = a->len + b->len;
	size_t size = 64;
	struct table t = {.slots = NULL};

	while (size < 2 * total)
		size *= 2;
	t.slots = xcalloc(size, sizeof(*t.slots));
	t.mask = size - 1;
	t.lines = xcalloc(total, sizeof(*t.lines));
	t.seed = (uint64_t)(uintptr_t)t.slots | 1;
	for (size_t i = 0; i < a->len; i++)
		a->ids[i] = number_of(&t, &a->lines[i]);
	for (size_t i = 0; i < b->len; i++)
		b->ids[i] = number_of(&t, &b->lines[i]);
	free(t.slots);
	free(t.lines);
}

static struct diff_row *add_row(struct diff *d, enum diff_kind kind)
{
	d->rows = grow(d->rows, d->len, &d->cap, sizeof(*d->rows));
	d->rows[d->len] = (struct diff_row){.kind = kind};
	return &d->rows[d->len++];
}

static void add_line(struct diff *d, enum diff_kind kind, const struct line *line)
{
	bool ended = line->len && line->text[line->len - 1] == '\n';
	struct diff_row *row = add_row(d, kind);

	row->text = line->text;
	row->len = line->len - ended;
	if (!ended)
		add_row(d, DIFF_NO_NEWLINE);
}

/* How many lines from here on are equal on both sides. */
static size_t equal_run(const struct side *a, const struct side *b, size_t i, size_t j)
{
	size_t n = 0;

	while (i + n < a->len && j + n < b->len && !a->changed[i + n] && !b->changed[j + n])
		n++;
	return n;
}

/* A hunk numbers its first line; with no line at all, the one before it (POSIX diff -u). */
static void number_hunk(struct diff_row *hunk, const struct side *a, const struct side *b,
			const size_t from[2], const size_t to[2])
{
	hunk->old_count = to[0] - from[0];
	hunk->new_count = to[1] - from[1];
	hunk->old_line = a->skipped + from[0] + (hunk->old_count ? 1 : 0);
	hunk->new_line = b->skipped + from[1] + (hunk->new_count ? 1 : 0);
}

/* Rows of one hunk; *i and *j are at its first changed line and end behind its last. */
static void add_hunk(struct diff *d, const struct side *a, const struct side *b, size_t context,
		     size_t *i, size_t *j)
{
	size_t before = *i < *j ? *i : *j;
	size_t at = d->len;
	size_t from[2];

	before = before < context ? before : context;
	from[0] = *i -= before;
	from[1] = *j -= before;
	add_row(d, DIFF_HUNK);
	for (;;) {
		size_t same = equal_run(a, b, *i, *j);
		bool last = *i + same == a->len && *j + same == b->len;

		if (same > 2 * context && (*i > from[0] || *j > from[1]))
			last = true;
		if (last)
			same = same < context ? same : context;
		for (; same; same--, (*i)++, (*j)++)
			add_line(d, DIFF_SAME, &a->lines[*i]);
		if (last)
			break;
		for (; a->changed[*i]; (*i)++)
			add_line(d, DIFF_DEL, &a->lines[*i]);
		for (; b->changed[*j]; (*j)++)
			add_line(d, DIFF_ADD, &b->lines[*j]);
	}
	number_hunk(&d->rows[at], a, b, from, (size_t[2]){*i, *j});
}

static void add_hunks(struct diff *d, const struct side *a, const struct side *b, size_t context)
{
	size_t i = 0;
	size_t j = 0;

	for (;;) {
		size_t same = equal_run(a, b, i, j);

		i += same;
		j += same;
		if (i == a->len && j == b->len)
			return;
		add_hunk(d, a, b, context, &i, &j);
	}
}

void diff_compute(struct diff *d, const char *before, size_t before_len, const char *after,
		  size_t after_len, size_t context)
{
	struct side a = {.from = before ? before : ""};
	struct side b = {.from = after ? after : ""};
	struct edit_side old_side;
	struct edit_side new_side;

	*d = (struct diff)DIFF_INIT;
	a.end = a.from + (before ? before_len : 0);
	b.end = b.from + (after ? after_len : 0);
	skip_start(&a, &b, context);
	skip_end(&a, &b, context);
	cut_lines(&a);
	cut_lines(&b);
	number_lines(&a, &b);
	old_side = (struct edit_side){.items = a.ids, .len = a.len, .changed = a.changed};
	new_side = (struct edit_side){.items = b.ids, .len = b.len, .changed = b.changed};
	edit_script(&old_side, &new_side);
	add_hunks(d, &a, &b, context);
	side_release(&a);
	side_release(&b);
}

void diff_release(struct diff *d)
{
	free(d->rows);
	*d = (struct diff)DIFF_INIT;
}

/* A name that patch reads back: in C quotes when it holds a byte that ends or breaks a name. */
static void add_name(struct str *out, const char *mark, const char *side, const char *path,
		     bool present)
{
	bool quoted = strpbrk(path, "\"\\") != NULL;

	for (const char *p = path; *p; p++)
		quoted |= (unsigned char)*p < 0x20 || *p == 0x7f;
	str_addf(out, "%s ", mark);
	if (!present) {
		str_adds(out, "/dev/null\n");
		return;
	}
	while (*path == '/')
		path++;
	str_addf(out, "%s%s", quoted ? "\"" : "", side);
	for (const char *p = path; *p; p++) {
		if (*p == '"' || *p == '\\')
			str_addf(out, "\\%c", *p);
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			str_addf(out, "\\%03o", (unsigned)*p);
		else
			str_addc(out, *p);
	}
	/* A tab ends a name with blanks in it. */
	str_adds(out, quoted ? "\"\n" : strchr(path, ' ') ? "\t\n" : "\n");
}

static void add_range(struct str *out, char sign, size_t line, size_t count)
{
	str_addf(out, " %c%zu", sign, line);
	if (count != 1)
		str_addf(out, ",%zu", count);
}

static void add_unified_row(struct str *out, const struct diff_row *row)
{
	static const char signs[] = {[DIFF_SAME] = ' ', [DIFF_DEL] = '-', [DIFF_ADD] = '+'};

	if (row->kind == DIFF_HUNK) {
		str_adds(out, "@@");
		add_range(out, '-', row->old_line, row->old_count);
		add_range(out, '+', row->new_line, row->new_count);
		str_adds(out, " @@\n");
	} else if (row->kind == DIFF_NO_NEWLINE) {
		str_adds(out, "\\ No newline at end of file\n");
	} else {
		str_addc(out, signs[row->kind]);
		str_add(out, row->text, row->len);
		str_addc(out, '\n');
	}
}

void diff_unified(struct str *out, const char *path, const char *before, size_t before_len,
		  const char *after, size_t after_len)
{
	struct diff d;

	diff_compute(&d, before, before_len, after, after_len, CONTEXT);
	if (d.len) {
		add_name(out, "---", "a/", path, before);
		add_name(out, "+++", "b/", path, after);
	}
	for (size_t i = 0; i < d.len; i++)
		add_unified_row(out, &d.rows[i]);
	diff_release(&d);
}
