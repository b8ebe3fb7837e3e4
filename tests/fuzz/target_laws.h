/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * target_laws: holds a target against the laws of config/target.h on one file of any
 * bytes: a wish twice is a wish once, and a wish taken back leaves what no wish leaves.
 */
#ifndef FUZZ_TARGET_LAWS_H
#define FUZZ_TARGET_LAWS_H

#include <stdlib.h>

#include "config/target.h"

/* One file and what is owned in it. */
struct one_file {
	struct str bytes;
	bool exists;
	struct strv owned;
};

static inline void need(bool ok)
{
	if (!ok)
		abort();
}

static inline void one_file_release(struct one_file *f)
{
	str_release(&f->bytes);
	strv_release(&f->owned);
}

/* Plans on `from` and gives the state afterwards in `to`; false when the target refuses. */
static inline bool plan_on(const struct target *target, const char *path, struct wish *wish,
			   const struct one_file *from, struct one_file *to)
{
	static const struct platform platform = {.libvirt = true};
	struct files *files = files_new_memory();
	struct target_context ctx = {.files = files, .platform = &platform};
	struct changes changes;
	struct err err = ERR_INIT;
	const char *bytes;
	size_t len;
	bool ok;

	*to = (struct one_file){.bytes = STR_INIT, .owned = STRV_INIT};
	if (from->exists)
		files_put(files, path, from->bytes.data, from->bytes.len);
	strv_release(&wish->owned);
	strv_copy(&wish->owned, &from->owned);
	changes_init(&changes, files);
	ok = target->plan(&ctx, wish, &changes, &err) >= 0;
	need(ok || (err.code < 0 && err.text[0]));
	if (ok) {
		to->exists = changes_get(&changes, path, &bytes, &len, NULL) >= 0;
		if (to->exists)
			str_add(&to->bytes, bytes, len);
		strv_copy(&to->owned, &changes.owned);
	}
	changes_release(&changes);
	files_free(files);
	return ok;
}

static inline bool same_file(const struct one_file *a, const struct one_file *b)
{
	return a->exists == b->exists && str_equal(&a->bytes, &b->bytes);
}

/* The laws; `once` is the state after the wish, for further checks. False: refused. */
static inline bool hold_laws(const struct target *target, const char *path, struct wish *wish,
			     const void *data, size_t size, struct one_file *once)
{
	struct one_file start = {.bytes = STR_INIT, .exists = true, .owned = STRV_INIT};
	struct one_file none, twice, back;
	struct wish nothing;
	bool ok;

	wish_init(&nothing);
	str_add(&start.bytes, data, size);
	need(plan_on(target, path, &nothing, &start,
		     &none)); /* taking nothing back is never refused */
	ok = plan_on(target, path, wish, &start, once);
	if (ok) {
		need(plan_on(target, path, wish, once, &twice));
		need(same_file(once, &twice));
		need(plan_on(target, path, &nothing, once, &back));
		need(same_file(&back, &none));
		one_file_release(&twice);
		one_file_release(&back);
	}
	one_file_release(&none);
	one_file_release(&start);
	wish_release(&nothing);
	return ok;
}

#endif
