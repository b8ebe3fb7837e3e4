/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/default/grub in place: words in the assignment that decides, where it is one quoted
 * string, else a marked line at the end that refers to the former value.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/grub.h"
#include "config/kernel_wish.h"
#include "config/shell_words.h"

/* The comment over our line; the second form says that the newline before it is ours, too. */
#define MARK "# vfiotui: kernel parameters for PCI passthrough (\"vfiotui undo\" takes them out)\n"
#define MARK_JOINED                                                                                \
	"# vfiotui: kernel parameters for PCI passthrough, begun on a new line (\"vfiotui undo\" " \
	"takes them out)\n"
#define SELF GRUB_DEFAULT "=\"$" GRUB_DEFAULT " "
#define TOKEN "grub "

struct edit_state {
	const struct wish *wish;
	const struct grub *g;
	struct shell_vars v; /* without our line */
	struct strv words;   /* that shall be in the file because of the wish */
};

static bool begins(const char *at, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - at) >= n && !memcmp(at, with, n);
}

/* Copies the bytes without our marked line; true when it was there. */
static bool strip_own_line(const char *bytes, size_t len, struct str *ret)
{
	const char *end = bytes + len;
	const char *line = bytes, *next;
	bool found = false;

	for (; line < end; line = next) {
		const char *second = memchr(line, '\n', (size_t)(end - line));
		bool joined = begins(line, end, MARK_JOINED);

		next = second ? second + 1 : end;
		if ((joined || begins(line, end, MARK)) && begins(next, end, SELF)) {
			const char *nl = memchr(next, '\n', (size_t)(end - next));

			if (joined && ret->len && ret->data[ret->len - 1] == '\n')
				str_truncate(ret, ret->len - 1);
			next = nl ? nl + 1 : end;
			found = true;
		} else {
			str_add(ret, line, (size_t)(next - line));
		}
	}
	return found;
}

/* --- what speaks against an edit ----------------------------------------------------------- */

static int refuse(const struct shell_vars *v, size_t at, const char *why, struct err *reterr)
{
	return err_set(reterr, -EINVAL, "%s, line %zu: %s; nothing was changed", v->path,
		       shell_vars_line(v, at), why);
}

/* Things that make grub-mkconfig stop, or read something else than the file seems to say. */
static int check_file(const struct shell_vars *v, struct err *reterr)
{
	for (size_t i = 0; i < v->len; i++) {
		const struct shell_assignment *x = &v->items[i];
		const char *value = v->bytes.data + x->value_start;

		if (x->append && v->dialect == SHELL_DASH && !x->conditional)
			return refuse(v, x->start,
				      "sh is dash here and knows no \"+=\", so grub-mkconfig stops "
				      "with an error; write NAME=\"$NAME ...\" instead",
				      reterr);
		if (text_starts_with(x->name, GRUB_ALL) &&
		    memchr(value, '\r', x->value_end - x->value_start))
			return refuse(
				v, x->start,
				"its lines end in carriage returns (DOS line endings), which "
				"the shell takes for part of the value; convert the file first",
				reterr);
	}
	for (size_t i = 0; i < v->blinds_len; i++)
		if (v->blinds[i].ends)
			return refuse(v, v->blinds[i].at,
				      "the file may end here, so a line at its end may not be read",
				      reterr);
	return 0;
}

/* --- words that go --------------------------------------------------------------------------- */

/* Hand-made vfio-pci.ids= loses the ids that are not wished, as in modprobe.d. */
static int prune_ids(struct edit_state *e, const char *name, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	int r = 0;

	shell_words_list(&e->v, name, &words);
	for (size_t i = 0; r >= 0 && i < words.len; i++) {
		auto_free char *left = kernel_param_pruned(words.items[i], e->wish);

		if (!left || wish_owns(e->wish, "grub", words.items[i]))
			continue;
		if (*left)
			r = shell_words_add_after(&e->v, name, words.items[i], left, reterr);
		if (r >= 0)
			r = shell_words_remove(&e->v, name, words.items[i], reterr);
	}
	return r;
}

/* Takes out the words that are ours, all but `keep`. */
static int remove_owned(struct shell_vars *v, const struct wish *wish, const struct strv *keep,
			struct err *reterr)
{
	int r = 0;

	for (size_t i = wish->owned.len; r >= 0 && i-- > 0;) {
		const char *token = wish->owned.items[i];

		if (!text_starts_with(token, TOKEN))
			continue;
		token += strlen(TOKEN);
		if (!keep || !strv_has(keep, token))
			r = shell_words_remove(v, GRUB_DEFAULT, token, reterr);
	}
	return r;
}

/* --- words that come ---------------------------------------------------------------------------- */

/* What is missing in the file as it is without any word of ours. */
static int find_words(struct edit_state *e, struct err *reterr)
{
	auto_str struct str line = STR_INIT;
	struct shell_vars clean;
	int r = shell_vars_parse(&clean, e->v.bytes.data, e->v.bytes.len, e->g->dialect, GRUB_FILE,
				 reterr);

	if (r >= 0)
		r = remove_owned(&clean, e->wish, NULL, reterr);
	if (r >= 0) {
		grub_line(&clean, &line);
		r = kernel_line_missing(line.data, e->wish, GRUB_FILE, &e->words, reterr);
	}
	shell_vars_release(&clean);
	return r;
}

/* Puts our marked line at the end. */
static int append_line(struct edit_state *e, const struct strv *words, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	const struct str *b = &e->v.bytes;
	bool joined = b->len && b->data[b->len - 1] != '\n';

	str_adds(&text, joined ? "\n" MARK_JOINED : MARK);
	grub_self_reference(&text, words);
	return shell_vars_splice(&e->v, b->len, b->len, text.data, text.len, reterr);
}

static int add_words(struct edit_state *e, struct err *reterr)
{
	auto_strv struct strv missing = STRV_INIT;
	auto_str struct str line = STR_INIT;

	grub_line(&e->v, &line);
	for (size_t i = 0; i < e->words.len; i++)
		if (!kernel_line_has(line.data, e->words.items[i]))
			strv_add(&missing, e->words.items[i]);
	if (!missing.len)
		return 0;
	if (shell_words_editable(&e->v, GRUB_DEFAULT))
		return shell_words_add(&e->v, GRUB_DEFAULT, &missing, SHELL_LAST, reterr);
	return append_line(e, &missing, reterr);
}

/* --- the file ---------------------------------------------------------------------------------------- */

static int edit(struct edit_state *e, struct err *reterr)
{
	int r = 0;

	if (grub_wants(e->wish))
		r = check_file(&e->v, reterr);
	if (r >= 0)
		r = prune_ids(e, GRUB_ALL, reterr);
	if (r >= 0)
		r = prune_ids(e, GRUB_DEFAULT, reterr);
	if (r >= 0 && !e->g->drop_ins)
		r = find_words(e, reterr);
	if (r >= 0)
		r = remove_owned(&e->v, e->wish, &e->words, reterr);
	if (r >= 0)
		r = add_words(e, reterr);
	return r;
}

static int plan_bytes(struct edit_state *e, const char *bytes, size_t len, struct changes *c,
		      struct err *reterr)
{
	auto_str struct str base = STR_INIT;
	auto_free char *joined = NULL;
	auto_free char *why = NULL;
	bool ours = strip_own_line(bytes, len, &base);
	int r = shell_vars_parse(&e->v, base.data, base.len, e->g->dialect, GRUB_FILE, reterr);

	if (r < 0 && !ours && !grub_wants(e->wish)) {
		err_clear(reterr);
		return 0; /* not to be read, but nothing is asked of it either */
	}
	if (r >= 0)
		r = edit(e, reterr);
	if (r < 0)
		return r;
	for (size_t i = 0; i < e->words.len; i++)
		strv_addf(&c->owned, TOKEN "%s", e->words.items[i]);
	joined = strv_join(&e->words, " ");
	why = e->words.len ? xasprintf("kernel parameters %s", joined)
			   : xstrdup("kernel parameters for passthrough go");
	return changes_set(c, GRUB_FILE, e->v.bytes.data, e->v.bytes.len, 0644, why, reterr);
}

int grub_plan_file(const struct grub *g, const struct wish *wish, struct changes *ret,
		   struct err *reterr)
{
	struct edit_state e = {.wish = wish, .g = g};
	const char *bytes;
	size_t len;
	int r = changes_get(ret, GRUB_FILE, &bytes, &len, reterr);

	if (r == -ENOENT && (g->drop_ins || !grub_wants(wish))) {
		err_clear(reterr);
		return 0;
	}
	if (r < 0)
		return r;
	r = plan_bytes(&e, bytes, len, ret, reterr);
	shell_vars_release(&e.v);
	strv_release(&e.words);
	return r;
}
