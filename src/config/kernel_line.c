/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kernel_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_wish.h"

#define BLANKS " \t\r\n"

struct span {
	size_t from, to;
};

bool kernel_line_wanted(const struct wish *wish)
{
	return wish->len || wish->kernel_params.len;
}

static bool next_word(const char *s, size_t *pos, struct span *ret)
{
	bool quoted = false;

	*pos += strspn(s + *pos, BLANKS);
	if (!s[*pos])
		return false;
	ret->from = *pos;
	for (; s[*pos] && (quoted || !strchr(BLANKS, s[*pos])); (*pos)++)
		if (s[*pos] == '"')
			quoted = !quoted;
	ret->to = *pos;
	return true;
}

/* The last word of the line that is exactly this one (NULL: any). */
static bool last_word(const char *s, const char *word, struct span *ret)
{
	struct span w;
	size_t pos = 0;
	bool found = false;

	while (next_word(s, &pos, &w)) {
		if (word &&
		    (strlen(word) != w.to - w.from || memcmp(s + w.from, word, w.to - w.from) != 0))
			continue;
		*ret = w;
		found = true;
	}
	return found;
}

static void replace(struct strv *parts, size_t i, struct span at, const char *with)
{
	const char *old = parts->items[i];
	char *whole = xasprintf("%.*s%s%s", (int)at.from, old, with, old + at.to);

	free(parts->items[i]);
	parts->items[i] = whole;
}

/* Takes a word out with the blank before it; the first one with the blank behind it. */
static void cut(struct strv *parts, size_t i, struct span at)
{
	const char *s = parts->items[i];

	if (at.from && strchr(BLANKS, s[at.from - 1]))
		at.from--;
	else if (s[at.to] && s[at.to + strspn(s + at.to, BLANKS)])
		at.to++;
	replace(parts, i, at, "");
}

static bool remove_word(struct strv *parts, const char *word)
{
	for (size_t i = parts->len; i-- > 0;) {
		struct span at;

		if (!last_word(parts->items[i], word, &at))
			continue;
		cut(parts, i, at);
		return true;
	}
	return false;
}

static void append(struct strv *parts, const char *word)
{
	size_t last = parts->len - 1;
	struct span at = {.from = 0};
	bool any = last_word(parts->items[last], NULL, &at);
	auto_free char *with = xasprintf("%s%s", any ? " " : "", word);

	at.from = at.to;
	replace(parts, last, at, with);
}

static char *token_prefix(const struct kernel_place *at)
{
	return *at->key ? xasprintf("%s [%s] ", at->target, at->key) : xasprintf("%s ", at->target);
}

/* The last added first: so each stands at the end when it goes. */
static void remove_owned(const struct kernel_place *at, struct strv *parts, const struct wish *wish)
{
	auto_free char *prefix = token_prefix(at);

	for (size_t i = wish->owned.len; i-- > 0;)
		if (text_starts_with(wish->owned.items[i], prefix))
			remove_word(parts, wish->owned.items[i] + strlen(prefix));
}

/* Hand-made vfio-pci.ids= loses the ids that are not wished, as in modprobe.d. */
static void prune_ids(struct strv *parts, const struct wish *wish)
{
	for (size_t i = 0; i < parts->len; i++) {
		struct span at;
		size_t pos = 0;

		while (next_word(parts->items[i], &pos, &at)) {
			auto_free char *word = xstrndup(parts->items[i] + at.from, at.to - at.from);
			auto_free char *left = kernel_param_pruned(word, wish);

			if (!left)
				continue;
			if (*left)
				replace(parts, i, at, left);
			else
				cut(parts, i, at);
			pos = 0; /* what is left is all wished, so this ends */
		}
	}
}

/* A quote of the line may be open, or a later word may take ours back. */
static int check_result(const struct kernel_place *at, const char *line, const struct wish *wish,
			struct err *reterr)
{
	for (size_t i = 0; i < wish->kernel_params.len; i++)
		if (!kernel_line_has(line, wish->kernel_params.items[i]))
			return err_set(reterr, -EINVAL,
				       "%s: %s would not take effect there (is a quote open in the "
				       "kernel's parameters?); nothing was changed",
				       at->where, wish->kernel_params.items[i]);
	return 0;
}

/* Lines are edited one by one; a quote from one to the next would hide our words from their removal. */
static int check_quotes(const struct kernel_place *at, const struct strv *parts, struct err *reterr)
{
	for (size_t i = 0; parts->len > 1 && i < parts->len; i++) {
		size_t quotes = 0;

		for (const char *p = parts->items[i]; *p; p++)
			quotes += *p == '"';
		if (quotes % 2)
			return err_set(reterr, -EINVAL,
				       "%s: a quote of the kernel's parameters is open at the end "
				       "of a line; nothing was changed",
				       at->where);
	}
	return 0;
}

int kernel_line_edit(const struct kernel_place *at, struct strv *parts, const struct wish *wish,
		     struct strv *owned, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_free char *line = NULL;
	auto_free char *after = NULL;
	auto_free char *prefix = token_prefix(at);
	int r;

	remove_owned(at, parts, wish);
	prune_ids(parts, wish);
	line = strv_join(parts, " ");
	r = kernel_line_missing(line, wish, at->where, &words, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < words.len; i++) {
		append(parts, words.items[i]);
		strv_addf(owned, "%s%s", prefix, words.items[i]);
	}
	if (!kernel_line_wanted(wish))
		return 0;
	after = strv_join(parts, " ");
	r = check_quotes(at, parts, reterr);
	return r < 0 ? r : check_result(at, after, wish, reterr);
}

/* The words of `line` that `other` lacks. */
static void words_beyond(const char *line, const char *other, struct strv *ret)
{
	auto_strv struct strv words = STRV_INIT;
	auto_strv struct strv there = STRV_INIT;

	kernel_params_split(&words, line);
	kernel_params_split(&there, other);
	for (size_t i = 0; i < words.len; i++)
		if (!strv_has(&there, words.items[i]))
			strv_add_unique(ret, words.items[i]);
}

static int difference(const struct kernel_place *at, const char *line, const struct wish *wish,
		      struct strv *add, struct strv *remove, struct strv *owned, struct err *reterr)
{
	auto_strv struct strv parts = STRV_INIT;
	auto_strv struct strv tokens = STRV_INIT;
	int r;

	strv_add(&parts, line);
	r = kernel_line_edit(at, &parts, wish, &tokens, reterr);
	if (r < 0)
		return r;
	words_beyond(parts.items[0], line, add);
	words_beyond(line, parts.items[0], remove);
	for (size_t i = 0; i < tokens.len; i++)
		strv_add_unique(owned, tokens.items[i]);
	return 0;
}

int kernel_line_difference(const struct kernel_place *at, const struct strv *lines,
			   const struct wish *wish, struct strv *add, struct strv *remove,
			   struct strv *owned, struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < lines->len; i++)
		r = difference(at, lines->items[i], wish, add, remove, owned, reterr);
	return r;
}

void kernel_line_check(const struct strv *lines, const char *what, const struct wish *wish,
		       const char *remedy, struct checks *ret)
{
	for (size_t i = 0; i < wish->kernel_params.len; i++) {
		const char *param = wish->kernel_params.items[i];
		char *name = xasprintf("%s: %s in each entry", what, param);
		size_t lacking = 0;

		for (size_t k = 0; k < lines->len; k++)
			lacking += !kernel_line_has(lines->items[k], param);
		if (!lines->len)
			checks_add(ret, CHECK_UNKNOWN, name, xstrdup("no entry could be read"),
				   NULL);
		else if (lacking)
			checks_add(ret, CHECK_FAILED, name,
				   xasprintf("missing in %zu of %zu", lacking, lines->len),
				   xstrdup(remedy));
		else
			checks_add(ret, CHECK_OK, name, NULL, NULL);
	}
}

void kernel_line_warn_none(const struct target *target, const struct wish *wish,
			   const char *missing, struct strv *ret)
{
	static const char none[] = "No entry of the boot menu could be read, and the running "
				   "kernel's parameters are not known, so nothing is planned for "
				   "them";
	auto_free char *prefix = xasprintf("%s ", target->name);
	bool owns = false;

	for (size_t i = 0; i < wish->owned.len; i++)
		owns |= text_starts_with(wish->owned.items[i], prefix);
	if (*missing)
		strv_addf(ret, "%s: the kernel parameters are yours to set: %s%s%s.", none,
			  target->by_hand.before, missing, target->by_hand.after);
	else if (owns)
		strv_addf(ret,
			  "%s: those that vfiotui set before may still be there; look with the "
			  "program that sets them.",
			  none);
}

char *kernel_line_why(const struct wish *wish)
{
	auto_free char *joined = strv_join(&wish->kernel_params, " ");

	return wish->kernel_params.len ? xasprintf("kernel parameters %s", joined)
				       : xstrdup("kernel parameters for passthrough go");
}

bool has_program(struct files *files, const char *name)
{
	static const char *const dirs[] = {"/usr/bin",        "/usr/sbin", "/usr/local/bin",
					   "/usr/local/sbin", "/bin",      "/sbin"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dirs[i], name);

		if (files_exist(files, path))
			return true;
	}
	return false;
}
