/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One mkinitcpio configuration file in place: words in MODULES, FILES and HOOKS where one list
 * decides, else a marked block at the end that refers to the former values.
 * Owned: "mkinitcpio PATH VARIABLE WORD".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/mkinitcpio.h"
#include "config/shell_words.h"

/* The comment over our block; the second form says that the newline before it is ours, too. */
#define MARK "# vfiotui: modules and files for PCI passthrough (\"vfiotui undo\" takes them out)\n"
#define MARK_JOINED                                                                                \
	"# vfiotui: modules and files for PCI passthrough, begun on a new line (\"vfiotui undo\" " \
	"takes them out)\n"
#define MODCONF "modconf"

struct conf {
	const char *path;
	const struct wish *wish; /* NULL: only take out */
	const struct strv *owned;
	struct shell_vars v; /* without our block */
	struct strv keep;    /* owned tokens after the change */
};

/* --- our block --------------------------------------------------------------------------- */

static bool begins(const char *at, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - at) >= n && !memcmp(at, with, n);
}

static const char *line_after(const char *at, const char *end)
{
	const char *nl = memchr(at, '\n', (size_t)(end - at));

	return nl ? nl + 1 : end;
}

/* Is this a line of the block: NAME=(words ${NAME[@]})? */
static bool is_block_line(const char *at, const char *end)
{
	static const char *const ends[][2] = {{"MODULES=(", " ${MODULES[@]})\n"},
					      {"FILES=(", " ${FILES[@]})\n"}};
	const char *next = line_after(at, end);

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i][1]);

		if (begins(at, end, ends[i][0]) && (size_t)(next - at) > n &&
		    !memcmp(next - n, ends[i][1], n))
			return true;
	}
	return false;
}

/* Copies the bytes without our marked block; true when it was there. */
static bool strip_block(const char *bytes, size_t len, struct str *ret)
{
	const char *end = bytes + len;
	const char *line = bytes, *next;
	bool found = false;

	for (; line < end; line = next) {
		bool joined = begins(line, end, MARK_JOINED);

		next = line_after(line, end);
		if ((joined || begins(line, end, MARK)) && is_block_line(next, end)) {
			if (joined && ret->len && ret->data[ret->len - 1] == '\n')
				str_truncate(ret, ret->len - 1);
			while (is_block_line(next, end))
				next = line_after(next, end);
			found = true;
		} else {
			str_add(ret, line, (size_t)(next - line));
		}
	}
	return found;
}

void mkinitcpio_self_reference(struct str *out, const char *name, const struct strv *words)
{
	str_addf(out, "%s=(", name);
	for (size_t i = 0; i < words->len; i++) {
		if (i)
			str_addc(out, ' ');
		shell_quote(out, words->items[i]);
	}
	str_addf(out, " ${%s[@]})\n", name);
}

/* --- what is missing ------------------------------------------------------------------------ */

bool mkinitcpio_same_module(const char *a, const char *b)
{
	for (; *a && *a != '?'; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && *b && strchr("-_", *b)))
			return false;
	return !*b || *b == '?';
}

/* The words of a variable as mkinitcpio takes them: a string is split. */
static void words_of(const struct shell_vars *v, const char *name, struct strv *ret)
{
	auto_strv struct strv value = STRV_INIT;

	if (!shell_vars_value(v, name, &value))
		return;
	for (size_t i = 0; i < value.len; i++)
		strv_split(ret, value.items[i], " \t\n");
}

static bool has_module(const struct strv *words, const char *module)
{
	for (size_t i = 0; i < words->len; i++)
		if (mkinitcpio_same_module(words->items[i], module))
			return true;
	return false;
}

void mkinitcpio_missing(const struct shell_vars *v, const struct wish *wish,
			struct mkinitcpio_missing *ret)
{
	auto_strv struct strv modules = STRV_INIT;
	auto_strv struct strv files = STRV_INIT;
	auto_strv struct strv hooks = STRV_INIT;
	bool modconf;

	*ret = (struct mkinitcpio_missing){.hook = false};
	words_of(v, "MODULES", &modules);
	words_of(v, "FILES", &files);
	words_of(v, "HOOKS", &hooks);
	modconf = strv_has(&hooks, MODCONF);
	for (size_t i = 0; i < wish->early_modules.len; i++) {
		const char *m = wish->early_modules.items[i];

		if (has_module(
			    &modules,
			    m)) /* gone in Linux 6.2: optional, since it is an error to miss one */
			continue;
		strv_add(&ret->modules, strcmp(m, "vfio_virqfd") ? m : "vfio_virqfd?");
	}
	for (size_t i = 0; i < wish->early_files.len; i++) {
		const char *f = wish->early_files.items[i];

		if (strv_has(&files, f))
			continue;
		if (text_starts_with(f, "/etc/modprobe.d/"))
			ret->hook = !modconf;
		else
			strv_add(&ret->files, f);
	}
}

void mkinitcpio_missing_release(struct mkinitcpio_missing *m)
{
	strv_release(&m->modules);
	strv_release(&m->files);
}

/* --- words that go ---------------------------------------------------------------------------- */

static int remove_owned(struct conf *f, struct shell_vars *v, struct err *reterr)
{
	auto_free char *prefix = xasprintf("mkinitcpio %s ", f->path);
	int r = 0;

	for (size_t i = f->owned->len; r >= 0 && i-- > 0;) {
		const char *token = f->owned->items[i];
		const char *word;
		auto_free char *name = NULL;

		if (!text_starts_with(token, prefix) || strv_has(&f->keep, token))
			continue;
		token += strlen(prefix);
		word = strchr(token, ' ');
		if (!word)
			continue;
		name = xstrndup(token, (size_t)(word - token));
		r = shell_words_remove(v, name, word + 1, reterr);
	}
	return r;
}

/* --- words that come ---------------------------------------------------------------------------- */

static void own(struct conf *f, const char *name, const struct strv *words)
{
	for (size_t i = 0; i < words->len; i++) {
		auto_free char *token = xasprintf("mkinitcpio %s %s %s", f->path, name,
						  words->items[i]);

		strv_add_unique(&f->keep, token);
	}
}

/* Behind autodetect, else before block: what matters is that it is there. */
static int add_hook(struct conf *f, struct strv *files, struct err *reterr)
{
	auto_strv struct strv hooks = STRV_INIT;
	auto_strv struct strv modconf = STRV_INIT;
	long block;

	strv_add(&modconf, MODCONF);
	shell_words_list(&f->v, "HOOKS", &hooks);
	if (!hooks.len) {
		strv_add(files, MODPROBE_PATH); /* HOOKS can't be edited: the file itself, then */
		return 0;
	}
	own(f, "HOOKS", &modconf);
	if (strv_has(&hooks, "autodetect"))
		return shell_words_add_after(&f->v, "HOOKS", "autodetect", MODCONF, reterr);
	block = strv_find(&hooks, "block");
	if (block > 0)
		return shell_words_add_after(&f->v, "HOOKS", hooks.items[block - 1], MODCONF,
					     reterr);
	return shell_words_add(&f->v, "HOOKS", &modconf, block < 0 ? SHELL_LAST : SHELL_FIRST,
			       reterr);
}

/* Into the list where it can be edited, else a line for the block. */
static int add_words(struct conf *f, const char *name, const struct strv *words, struct str *block,
		     struct err *reterr)
{
	if (!words->len)
		return 0;
	if (!shell_words_editable(&f->v, name)) {
		mkinitcpio_self_reference(block, name, words);
		return 0;
	}
	own(f, name, words);
	return shell_words_add(&f->v, name, words, SHELL_FIRST, reterr);
}

static int append_block(struct conf *f, const struct str *block, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	const struct str *b = &f->v.bytes;
	bool joined = b->len && b->data[b->len - 1] != '\n';

	if (!block->len)
		return 0;
	str_adds(&text, joined ? "\n" MARK_JOINED : MARK);
	str_add(&text, block->data, block->len);
	return shell_vars_splice(&f->v, b->len, b->len, text.data, text.len, reterr);
}

static int add_missing(struct conf *f, bool only_hook, struct err *reterr)
{
	auto_str struct str block = STR_INIT;
	struct mkinitcpio_missing m;
	int r = 0;

	mkinitcpio_missing(&f->v, f->wish, &m);
	if (only_hook) {
		strv_release(&m.modules);
		strv_release(&m.files);
	}
	if (m.hook)
		r = add_hook(f, &m.files, reterr);
	if (r >= 0)
		r = add_words(f, "MODULES", &m.modules, &block, reterr);
	if (r >= 0)
		r = add_words(f, "FILES", &m.files, &block, reterr);
	if (r >= 0)
		r = append_block(f, &block, reterr);
	mkinitcpio_missing_release(&m);
	return r;
}

/* --- the file --------------------------------------------------------------------------------------- */

static int check_file(const struct shell_vars *v, struct err *reterr)
{
	for (size_t i = 0; i < v->len; i++) {
		const struct shell_assignment *x = &v->items[i];

		if (memchr(v->bytes.data + x->value_start, '\r', x->value_end - x->value_start))
			return err_set(
				reterr, -EINVAL,
				"%s, line %zu: its lines end in carriage returns (DOS line "
				"endings), which bash takes for part of the value; convert the "
				"file first, nothing was changed",
				v->path, x->line);
	}
	for (size_t i = 0; i < v->blinds_len; i++)
		if (v->blinds[i].ends)
			return err_set(
				reterr, -EINVAL,
				"%s, line %zu: the file may end here, so what follows may not "
				"be read; nothing was changed",
				v->path, shell_vars_line(v, v->blinds[i].at));
	return 0;
}

/* Owned words that are still wished stay; they are found as if all of ours were out. */
static int keep_wished(struct conf *f, bool only_hook, struct err *reterr)
{
	struct conf clean = {.path = f->path, .wish = f->wish, .owned = f->owned};
	int r = shell_vars_parse(&clean.v, f->v.bytes.data, f->v.bytes.len, SHELL_BASH, f->path,
				 reterr);

	if (r >= 0)
		r = remove_owned(&clean, &clean.v, reterr);
	if (r >= 0)
		r = add_missing(&clean, only_hook, reterr);
	for (size_t i = 0; r >= 0 && i < clean.keep.len; i++)
		if (strv_has(f->owned, clean.keep.items[i]))
			strv_add(&f->keep, clean.keep.items[i]);
	shell_vars_release(&clean.v);
	strv_release(&clean.keep);
	return r;
}

static int edit(struct conf *f, bool only_hook, struct err *reterr)
{
	int r = f->wish ? check_file(&f->v, reterr) : 0;

	if (r >= 0 && f->wish)
		r = keep_wished(f, only_hook, reterr);
	if (r >= 0)
		r = remove_owned(f, &f->v, reterr);
	if (r >= 0 && f->wish)
		r = add_missing(f, only_hook, reterr);
	return r;
}

int mkinitcpio_plan_conf(const char *path, const struct wish *wish, bool only_hook,
			 const struct strv *owned, struct changes *ret, struct err *reterr)
{
	struct conf f = {.path = path, .wish = wish, .owned = owned};
	auto_str struct str base = STR_INIT;
	const char *bytes;
	bool ours;
	size_t len;
	int r = changes_get(ret, path, &bytes, &len, reterr);

	if (r == -ENOENT && !wish) {
		err_clear(reterr);
		return 0;
	}
	if (r < 0)
		return r;
	ours = strip_block(bytes, len, &base);
	r = shell_vars_parse(&f.v, base.data, base.len, SHELL_BASH, path, reterr);
	if (r >= 0)
		r = edit(&f, only_hook, reterr);
	if (r >= 0)
		r = changes_set(ret, path, f.v.bytes.data, f.v.bytes.len, 0644,
				wish ? "vfio-pci loads before the host's drivers"
				     : "vfiotui's modules go",
				reterr);
	if (r >= 0)
		strv_copy(&ret->owned, &f.keep);
	if (r == -EINVAL && !wish && !ours) {
		err_clear(reterr); /* not to be read, but nothing is asked of it either */
		r = 0;
	}
	shell_vars_release(&f.v);
	strv_release(&f.keep);
	return r;
}
