/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fedora's GRUB: the parameters are in loader entries, and grubby changes them in all of them, in
 * /etc/default/grub and in /etc/kernel/cmdline, from which later kernels take theirs.
 *
 * grubby removes an argument with the same key before it adds one (grubby-bls, update_args), and it
 * does so in all entries at once. Where that gives an entry other words than it shall have, which
 * is so for what it had by hand, a second command puts that entry right, now or when undoing.
 * Owned: "grub_bls PARAMETER"; "grub_bls_hand [ENTRY] PARAMETER" for one that an entry had before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/entries.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"

#define ENTRIES "/boot/loader/entries"

static const char name[] = "grub_bls";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB_BLS;
}

/* Older entries say $kernelopts, a variable of GRUB's environment block. */
static char *kernelopts(struct files *files)
{
	static const char key[] = "\nkernelopts=";
	const char *bytes;
	size_t len;
	const char *at;

	if (files_get(files, "/boot/grub2/grubenv", &bytes, &len, NULL) < 0)
		return xstrdup("");
	at = strstr(bytes, key);
	return at ? xstrndup(at + strlen(key), strcspn(at + strlen(key), "\n")) : xstrdup("");
}

/* An entry's line as grubby sees it. */
struct bls_line {
	char *name, *kernel; /* NULL: not of an entry, but the running line */
	char *line;
};

struct bls_lines {
	struct bls_line *items;
	size_t len, cap;
};

static void lines_release(struct bls_lines *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->items[i].name);
		free(l->items[i].kernel);
		free(l->items[i].line);
	}
	free(l->items);
}
#define auto_bls_lines cleanup_with(lines_release)

static void add_line(struct bls_lines *l, const struct entry *e, char *line)
{
	l->items = grow(l->items, l->len, &l->cap, sizeof(*l->items));
	l->items[l->len++] = (struct bls_line){
		.name = e ? xstrdup(e->name) : NULL,
		.kernel = e ? xstrdup(e->kernel) : NULL,
		.line = line,
	};
}

/* `or_running`: the running line where there is no entry, or none that may be read without root. */
static int read_lines(const struct target_context *ctx, bool or_running, struct bls_lines *ret,
		      struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_free char *variable = kernelopts(ctx->files);
	int r = entries_read(ctx->files, &all, reterr);

	if (r == -EACCES && !ctx->platform->is_root) {
		err_clear(reterr);
		r = 0;
	}
	for (size_t i = 0; r >= 0 && i < all.len; i++) {
		auto_free char *line = entry_line(&all.items[i]);
		const char *at = strstr(line, "$kernelopts");

		if (!entries_counts(&all, &all.items[i]))
			continue;
		add_line(ret, &all.items[i],
			 at ? xasprintf("%.*s%s%s", (int)(at - line), line, variable,
					at + strlen("$kernelopts"))
			    : xstrdup(line));
	}
	if (r >= 0 && !ret->len && or_running && ctx->platform->cmdline)
		add_line(ret, NULL, xstrdup(ctx->platform->cmdline));
	return r;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_bls_lines struct bls_lines lines = {.len = 0};
	int r = read_lines(ctx, true, &lines, reterr);

	for (size_t i = 0; r >= 0 && i < lines.len; i++)
		kernel_line_present(lines.items[i].line, ENTRIES, ret);
	return r;
}

/* --- what grubby does ---------------------------------------------------------------------- */

/* grubby takes a kernel's path below the root, where an entry may have it below /boot's file system. */
static char *kernel_argument(const char *kernel)
{
	return strstr(kernel, "/boot/") ? xstrdup(kernel)
					: xasprintf("/boot%s%s", *kernel == '/' ? "" : "/", kernel);
}

/* `kernel` NULL: all entries. */
static void grubby(struct strv *argv, const char *kernel, const struct strv *add,
		   const struct strv *remove)
{
	auto_free char *adds = strv_join(add, " ");
	auto_free char *removes = strv_join(remove, " ");
	auto_free char *which = kernel ? kernel_argument(kernel) : xstrdup("ALL");

	strv_add(argv, "grubby");
	strv_addf(argv, "--update-kernel=%s", which);
	if (remove->len)
		strv_addf(argv, "--remove-args=%s", removes);
	if (add->len)
		strv_addf(argv, "--args=%s", adds);
}

static bool same_key(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return n == strcspn(b, "=") && !strncmp(a, b, n);
}

/* The words of a line after such a command. */
static void simulate(const struct strv *words, const struct strv *add, const struct strv *remove,
		     struct strv *ret)
{
	for (size_t i = 0; i < words->len; i++) {
		bool gone = strv_has(remove, words->items[i]);

		for (size_t k = 0; k < add->len && !gone; k++)
			gone = same_key(words->items[i], add->items[k]);
		if (!gone)
			strv_add(ret, words->items[i]);
	}
	strv_copy(ret, add);
}

static void beyond(const struct strv *words, const struct strv *other, struct strv *ret)
{
	for (size_t i = 0; i < words->len; i++)
		if (!strv_has(other, words->items[i]))
			strv_add_unique(ret, words->items[i]);
}

/* --- planning -------------------------------------------------------------------------------- */

/* One plan: what each entry has and shall have, and the command for all of them. */
struct bls_plan {
	const struct bls_lines *lines;
	struct strv *wanted; /* the words of each entry */
	struct strv add, remove, back;
	const char *why;
	struct changes *changes;
};

/* Is that parameter of the entry's own, as it was before any of ours? */
static bool is_by_hand(const struct wish *wish, const char *entry, const char *param)
{
	auto_free char *token = xasprintf("grub_bls_hand [%s] %s", entry, param);

	return strv_has(&wish->owned, token);
}

/* The tokens that are ours in one entry. */
static void owned_in(const struct wish *wish, const char *entry, struct strv *ret)
{
	static const char prefix[] = "grub_bls ";

	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];

		if (!text_starts_with(token, prefix) || !entry ||
		    !is_by_hand(wish, entry, token + strlen(prefix)))
			strv_add(ret, token);
	}
}

static bool has_key(const struct strv *words, const char *param)
{
	for (size_t i = 0; i < words->len; i++)
		if (same_key(words->items[i], param))
			return true;
	return false;
}

/* What grubby replaced in the entry comes back when nothing of that key is there any more. */
static void bring_back(const struct wish *wish, const char *entry, struct strv *words)
{
	auto_free char *prefix = xasprintf("grub_bls_hand [%s] ", entry ? entry : "");

	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];

		if (text_starts_with(token, prefix) && !has_key(words, token + strlen(prefix)))
			strv_add(words, token + strlen(prefix));
	}
}

/* The words that an entry shall have, with one of a key, as grubby leaves them. */
static int want(const struct bls_line *l, const struct wish *wish, struct strv *words,
		struct strv *owned, struct err *reterr)
{
	const struct kernel_place at = {.target = name, .key = "", .where = ENTRIES};
	auto_strv struct strv parts = STRV_INIT;
	auto_strv struct strv before = STRV_INIT;
	auto_strv struct strv edited = STRV_INIT;
	auto_strv struct strv add = STRV_INIT;
	auto_strv struct strv remove = STRV_INIT;
	struct wish of_entry = *wish;
	int r;

	of_entry.owned = (struct strv)STRV_INIT;
	owned_in(wish, l->name, &of_entry.owned);
	strv_add(&parts, l->line);
	r = kernel_line_edit(&at, &parts, &of_entry, owned, reterr);
	strv_release(&of_entry.owned);
	kernel_params_split(&before, l->line);
	kernel_params_split(&edited, parts.items[0]);
	beyond(&edited, &before, &add);
	beyond(&before, &edited, &remove);
	simulate(&before, &add, &remove, words);
	bring_back(wish, l->name, words);
	return r;
}

static bool owns_key(const struct strv *owned, const char *param)
{
	for (size_t i = 0; i < owned->len; i++)
		if (same_key(owned->items[i] + strlen("grub_bls "), param))
			return true;
	return false;
}

/* What is ours from now on in some entry, and was in this one before. */
static void keep_by_hand(const struct bls_line *l, const struct wish *wish,
			 const struct strv *owned, struct strv *ret)
{
	auto_strv struct strv words = STRV_INIT;

	kernel_params_split(&words, l->line);
	for (size_t i = 0; l->name && i < owned->len; i++) {
		const char *param = owned->items[i] + strlen("grub_bls ");
		bool is_new = !strv_has(&wish->owned, owned->items[i]);

		for (size_t k = 0; is_new && k < words.len; k++)
			if (same_key(words.items[k], param))
				strv_addf(ret, "grub_bls_hand [%s] %s", l->name, words.items[k]);
	}
	for (size_t i = 0; l->name && i < wish->owned.len; i++) {
		auto_free char *prefix = xasprintf("grub_bls_hand [%s] ", l->name);
		const char *token = wish->owned.items[i];

		if (text_starts_with(token, prefix) && owns_key(owned, token + strlen(prefix)))
			strv_add_unique(ret, token);
	}
}

static bool is_in_each(const struct bls_plan *p, const char *word)
{
	for (size_t i = 0; i < p->lines->len; i++) {
		auto_strv struct strv words = STRV_INIT;

		kernel_params_split(&words, p->lines->items[i].line);
		if (!strv_has(&words, word))
			return false;
	}
	return true;
}

static bool is_wanted_by_each(const struct bls_plan *p, const char *word)
{
	for (size_t i = 0; i < p->lines->len; i++)
		if (!strv_has(&p->wanted[i], word))
			return false;
	return true;
}

/* What all of them get or lose, and what undoing gives back; an added word replaces those of its key. */
static void sum_up(struct bls_plan *p)
{
	for (size_t i = 0; i < p->lines->len; i++) {
		auto_strv struct strv words = STRV_INIT;
		auto_strv struct strv add = STRV_INIT;

		kernel_params_split(&words, p->lines->items[i].line);
		beyond(&p->wanted[i], &words, &add);
		beyond(&words, &p->wanted[i], &p->remove);
		for (size_t k = 0; k < add.len; k++)
			if (is_wanted_by_each(p, add.items[k]))
				strv_add_unique(&p->add, add.items[k]);
	}
	for (size_t i = p->remove.len; i-- > 0;) {
		bool replaced = has_key(&p->add, p->remove.items[i]);

		if (!replaced || is_in_each(p, p->remove.items[i]))
			strv_add(&p->back, p->remove.items[i]);
		if (replaced)
			strv_remove_at(&p->remove, i);
	}
}

static void for_all(struct bls_plan *p)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	strv_sort(&p->back);
	grubby(&argv, NULL, &p->add, &p->remove);
	grubby(&undo, NULL, &p->back, &p->add);
	changes_command(p->changes, COMMAND_BOOT, &argv, &undo, p->why);
	p->changes->reboot = true;
}

/* Puts one entry right, where what is done to all gives it other words, or undoing would. */
static void for_one(struct bls_plan *p, size_t i)
{
	const struct bls_line *l = &p->lines->items[i];
	auto_strv struct strv before = STRV_INIT;
	auto_strv struct strv after = STRV_INIT;
	auto_strv struct strv undone = STRV_INIT;
	auto_strv struct strv add = STRV_INIT;
	auto_strv struct strv remove = STRV_INIT;
	auto_strv struct strv undo_add = STRV_INIT;
	auto_strv struct strv undo_remove = STRV_INIT;
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	if (!l->kernel)
		return;
	kernel_params_split(&before, l->line);
	simulate(&before, &p->add, &p->remove, &after);
	beyond(&p->wanted[i], &after, &add);
	beyond(&after, &p->wanted[i], &remove);
	simulate(&p->wanted[i], &p->back, &p->add, &undone);
	beyond(&before, &undone, &undo_add);
	beyond(&undone, &before, &undo_remove);
	if (!add.len && !remove.len && !undo_add.len && !undo_remove.len)
		return;
	/* Where one way has nothing to put right, it says once more what is there. */
	if (!add.len && !remove.len)
		beyond(&p->add, &remove, &add);
	if (!add.len && !remove.len)
		beyond(&undo_add, &remove, &add);
	if (!undo_add.len && !undo_remove.len)
		beyond(&p->back, &undo_remove, &undo_add);
	if (!undo_add.len && !undo_remove.len)
		strv_copy(&undo_add, &add);
	grubby(&argv, l->kernel, &add, &remove);
	grubby(&undo, l->kernel, &undo_add, &undo_remove);
	changes_command(p->changes, COMMAND_BOOT, &argv, &undo,
			"this entry keeps what it had by hand");
}

static int plan_lines(struct bls_plan *p, const struct wish *wish, struct err *reterr)
{
	auto_strv struct strv owned = STRV_INIT;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->lines->len; i++) {
		auto_strv struct strv tokens = STRV_INIT;

		r = want(&p->lines->items[i], wish, &p->wanted[i], &tokens, reterr);
		if (r < 0)
			return r;
		for (size_t k = 0; k < tokens.len; k++)
			strv_add_unique(&owned, tokens.items[k]);
	}
	strv_copy(&p->changes->owned, &owned);
	for (size_t i = 0; i < p->lines->len; i++)
		keep_by_hand(&p->lines->items[i], wish, &owned, &p->changes->owned);
	sum_up(p);
	if (p->add.len || p->remove.len)
		for_all(p);
	for (size_t i = 0; i < p->lines->len; i++)
		for_one(p, i);
	return 0;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_bls_lines struct bls_lines lines = {.len = 0};
	auto_free char *why = kernel_line_why(wish);
	struct bls_plan p = {.lines = &lines, .why = why, .changes = ret};
	int r = read_lines(ctx, true, &lines, reterr);

	p.wanted = xcalloc(lines.len + 1, sizeof(*p.wanted));
	if (r >= 0)
		r = plan_lines(&p, wish, reterr);
	for (size_t i = 0; i < lines.len; i++)
		strv_release(&p.wanted[i]);
	free(p.wanted);
	strv_release(&p.add);
	strv_release(&p.remove);
	strv_release(&p.back);
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_bls_lines struct bls_lines all = {.len = 0};
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, false, &all, reterr);

	for (size_t i = 0; i < all.len; i++)
		strv_add(&lines, all.items[i].line);
	if (r >= 0)
		kernel_line_check(&lines, "loader entries", wish,
				  "grubby --update-kernel=ALL --args=PARAMETER", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

static void add_warnings(const struct target_context *ctx, const struct wish *wish,
			 const char *missing, struct strv *ret)
{
	auto_bls_lines struct bls_lines lines = {.len = 0};

	if (read_lines(ctx, true, &lines, NULL) >= 0 && !lines.len)
		kernel_line_warn_none(&target_grub_bls, wish, missing, ret);
}

const struct target target_grub_bls = {
	.name = name,
	.boot_loader = BOOT_GRUB_BLS,
	.applies = applies,
	.present = present,
	.plan = plan,
	.warnings = add_warnings,
	.verify = verify,
	.by_hand =
		{
			.loader = "GRUB's boot loader entries",
			.before = "run: grubby --update-kernel=ALL --args=",
			.after = "",
			.menu = "press e on the entry in GRUB's menu",
			.menu_types = true,
		},
};
