/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine_laws: holds a target against the laws of config/target.h on a machine of a few files of any bytes.
 */
#ifndef FUZZ_MACHINE_LAWS_H
#define FUZZ_MACHINE_LAWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/target.h"

#define FILES_MAX 8

/* A machine of a few files, and what is owned on it. */
struct machine {
	struct {
		char path[64];
		struct str bytes;
	} files[FILES_MAX];
	size_t len;
	struct strv owned;
};

static inline void need(bool ok)
{
	if (!ok)
		abort();
}

static inline void machine_put(struct machine *m, const char *path, const char *bytes, size_t len)
{
	size_t i = 0;

	while (i < m->len && strcmp(m->files[i].path, path) != 0)
		i++;
	need(i < FILES_MAX && strlen(path) < sizeof(m->files[i].path));
	if (i == m->len) {
		m->len++;
		str_init(&m->files[i].bytes);
		memcpy(m->files[i].path, path, strlen(path) + 1);
	}
	str_clear(&m->files[i].bytes);
	str_add(&m->files[i].bytes, bytes, len);
}

static inline void machine_take(struct machine *m, const char *path)
{
	for (size_t i = 0; i < m->len; i++)
		if (!strcmp(m->files[i].path, path)) {
			str_release(&m->files[i].bytes);
			m->files[i] = m->files[--m->len];
			return;
		}
}

static inline void machine_release(struct machine *m)
{
	for (size_t i = 0; i < m->len; i++)
		str_release(&m->files[i].bytes);
	strv_release(&m->owned);
}

static inline bool machine_equal(const struct machine *a, const struct machine *b)
{
	for (size_t i = 0; i < a->len; i++) {
		size_t k = 0;

		while (k < b->len && strcmp(a->files[i].path, b->files[k].path) != 0)
			k++;
		if (k == b->len || !str_equal(&a->files[i].bytes, &b->files[k].bytes))
			return false;
	}
	return a->len == b->len;
}

static inline void machine_copy(struct machine *to, const struct machine *from)
{
	*to = (struct machine){.len = 0};
	for (size_t i = 0; i < from->len; i++)
		machine_put(to, from->files[i].path, from->files[i].bytes.data,
			    from->files[i].bytes.len);
	strv_copy(&to->owned, &from->owned);
}

static inline bool machine_apply(struct machine *m, const struct target *t,
				 const struct platform *p, struct wish *w)
{
	struct files *files = files_new_memory();
	struct target_context ctx = {.files = files, .platform = p};
	struct err err = ERR_INIT;
	struct changes c;
	bool ok;

	for (size_t i = 0; i < m->len; i++)
		files_put(files, m->files[i].path, m->files[i].bytes.data, m->files[i].bytes.len);
	strv_release(&w->owned);
	strv_copy(&w->owned, &m->owned);
	changes_init(&c, files);
	ok = t->plan(&ctx, w, &c, &err) >= 0;
	need(ok || strlen(err.text) > 20);
	for (size_t i = 0; ok && i < c.len; i++) {
		if (c.edits[i].exists)
			machine_put(m, c.edits[i].path, c.edits[i].after.data,
				    c.edits[i].after.len);
		else
			machine_take(m, c.edits[i].path);
	}
	if (ok) {
		strv_release(&m->owned);
		strv_copy(&m->owned, &c.owned);
	}
	changes_release(&c);
	files_free(files);
	return ok;
}

/* What the finder of a broken law wants to see. */
static inline void machine_show(const char *when, const struct machine *m)
{
	fprintf(stderr, "--- %s\n", when);
	for (size_t i = 0; i < m->len; i++) {
		fprintf(stderr, "%s:\n", m->files[i].path);
		fwrite(m->files[i].bytes.data, 1, m->files[i].bytes.len, stderr);
		fputs("<end>\n", stderr);
	}
	for (size_t i = 0; i < m->owned.len; i++)
		fprintf(stderr, "owned: %s\n", m->owned.items[i]);
}

static inline void machine_need(bool ok, const struct machine *start, const struct machine *now)
{
	if (ok)
		return;
	machine_show("start", start);
	machine_show("now", now);
	abort();
}

/* A wish twice is a wish once; no wish leaves the start; a wish taken back gives the start again. */
static inline void machine_laws(const struct machine *start, const struct target *t,
				const struct platform *p, struct wish *w)
{
	struct machine m, once;
	struct wish none;

	wish_init(&none);
	machine_copy(&m, start);
	if (machine_apply(&m, t, p, &none))
		machine_need(machine_equal(start, &m), start, &m);
	if (machine_apply(&m, t, p, w)) {
		machine_copy(&once, &m);
		machine_need(machine_apply(&m, t, p, w) && machine_equal(&once, &m), &once, &m);
		machine_need(machine_apply(&m, t, p, &none) && machine_equal(start, &m) &&
				     !m.owned.len,
			     start, &m);
		machine_release(&once);
	}
	machine_release(&m);
	wish_release(&none);
}

#endif
