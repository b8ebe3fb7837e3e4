/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd-boot's entry without passthrough: a file beside the entry that started this system, with
 * the same kernel, which people's entries name by a path that a newer kernel keeps.
 *
 * Its name is that of the other with "-without-passthrough" behind it, which systemd-boot sorts
 * behind the other ('-' is older than '.', UAPI group, Version Format Specification), also for a
 * pattern in loader.conf: so it never becomes the default. A unified image's entry gives it another
 * command line, which its stub takes unless Secure Boot is on (systemd-stub(7)).
 * Owned: "way_back_entry PATH".
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/entries.h"
#include "config/kernel_cmdline.h"
#include "config/way_back.h"

#define SUFFIX "-without-passthrough.conf"
#define HOW "hold Space while the machine starts to see the menu"
#define WHY "an entry without passthrough in the boot menu; " HOW
#define REMEDY "apply the plan again"
#define MARK "# vfiotui: \"vfiotui undo\" takes this file away\n"

static const char name[] = "way_back_entry";

/* --- which entry, which image ------------------------------------------------------------ */

/* The pattern of "default" in loader.conf, for the caller to free, or NULL. */
static char *loader_default(struct files *files, const char *entry)
{
	const char *end = strstr(entry, "/entries/");
	auto_free char *path = xasprintf("%.*s/loader.conf", (int)(end - entry), entry);
	auto_text struct text t = TEXT_INIT;
	const char *bytes;
	size_t len;

	if (files_get(files, path, &bytes, &len, NULL) < 0)
		return NULL;
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++) {
		const char *at = t.lines[i].data;
		size_t n = strcspn(at, " \t\r\n");

		if (n == strlen("default") && text_starts_with(at, "default")) {
			at += n + strspn(at + n, " \t");
			return xstrndup(at, strcspn(at, " \t\r\n"));
		}
	}
	return NULL;
}

/* The name of the entry that started this system; for one of ours that of its source. */
static char *booted_entry(const struct platform *p)
{
	const char *booted = p->boot_entry ? p->boot_entry : "";

	if (!text_ends_with(booted, SUFFIX))
		return xstrdup(booted);
	return xasprintf("%.*s.conf", (int)(strlen(booted) - strlen(SUFFIX)), booted);
}

static bool is_better(const struct entry *e, const struct entry *than, const char *pattern,
		      const char *booted)
{
	if (!than)
		return true;
	if (!strcasecmp(e->name, booted) != !strcasecmp(than->name, booted))
		return !strcasecmp(e->name, booted);
	if (pattern && !fnmatch(pattern, e->name, 0) != !fnmatch(pattern, than->name, 0))
		return !fnmatch(pattern, e->name, 0);
	return strverscmp(e->name, than->name) > 0;
}

/* The entry that started this system, else the one that starts when nobody chooses; NULL: none. */
static struct entry *find_source(const struct target_context *ctx, struct entries *all)
{
	auto_free char *booted = booted_entry(ctx->platform);
	struct entry *best = NULL;

	for (size_t i = 0; i < all->len; i++) {
		struct entry *e = &all->items[i];
		auto_free char *pattern = loader_default(ctx->files, e->path);

		if (entries_counts(all, e) && !text_ends_with(e->name, SUFFIX) &&
		    is_better(e, best, pattern, booted))
			best = e;
	}
	return best;
}

/* --- the file ------------------------------------------------------------------------------ */

static char *entry_path(const char *source, const char *plain_name)
{
	const char *file = strrchr(source, '/') + 1;

	return xasprintf("%.*s%.*s" SUFFIX, (int)(file - source), source,
			 (int)(strlen(plain_name) - strlen(".conf")), plain_name);
}

static bool is_key(const char *line, const char *key)
{
	size_t n = strcspn(line, " \t\r\n");

	return strlen(key) == n && !strncmp(line, key, n);
}

/* The entry's lines with another title and other options. */
static void write_entry(const struct entry *e, const struct strv *words, struct str *out)
{
	auto_free char *line = entry_line(e);
	auto_free char *options = way_back_line(line, words);

	str_adds(out, MARK);
	for (size_t i = 0; i < e->text.len; i++) {
		const char *at = e->text.lines[i].data + strspn(e->text.lines[i].data, " \t");
		int n = (int)strcspn(at, "\r\n");

		if (!n || *at == '#' || is_key(at, "options"))
			continue;
		str_addf(out, is_key(at, "title") ? "%.*s without passthrough\n" : "%.*s\n", n, at);
	}
	str_addf(out, "options %s\n", options);
}

static int plan_beside(const struct entry *e, const char *target, const char *key,
		       struct changes *ret, struct strv *owned, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_str struct str text = STR_INIT;
	auto_free char *path = entry_path(e->path, e->name);

	way_back_words(&ret->owned, target, key, NULL, &words);
	write_entry(e, &words, &text);
	strv_addf(owned, "%s %s", name, path);
	return changes_set(ret, path, text.data, text.len, 0644, WHY, reterr);
}

/* The entry as this plan leaves it. */
static int read_planned(const struct entry *e, struct changes *c, struct entries *ret,
			struct err *reterr)
{
	struct files *files = files_new_memory();
	const char *bytes;
	size_t len;
	int r = changes_get(c, e->path, &bytes, &len, reterr);

	if (r >= 0) {
		files_put(files, e->path, bytes, len);
		r = entries_read(files, ret, reterr);
	}
	files_free(files);
	return r;
}

static int plan_entry(const struct target_context *ctx, struct changes *ret, struct strv *owned,
		      struct err *reterr)
{
	bool stub = ctx->platform->boot_loader == BOOT_KERNELSTUB;
	auto_entries struct entries all = ENTRIES_INIT;
	auto_entries struct entries planned = ENTRIES_INIT;
	const struct entry *source;
	int r = entries_read(ctx->files, &all, reterr);

	source = r >= 0 ? find_source(ctx, &all) : NULL;
	if (!source)
		return r;
	r = read_planned(source, ret, &planned, reterr);
	if (r < 0 || !planned.len)
		return r;
	return plan_beside(&planned.items[0], stub ? "kernelstub" : "systemd_boot",
			   stub ? NULL : source->name, ret, owned, reterr);
}

/* --- unified images of mkinitcpio ---------------------------------------------------------- */

/* What the firmware's partition calls an image, and where its loader's entries are. */
static bool split_image(const char *image, const char **on_esp, char **dir)
{
	static const char *const esps[] = {"/boot/efi", "/efi", "/boot"};

	for (size_t i = 0; i < ARRAY_SIZE(esps); i++) {
		size_t n = strlen(esps[i]);

		if (strncmp(image, esps[i], n) || image[n] != '/')
			continue;
		*on_esp = image + n;
		*dir = xasprintf("%s/loader", esps[i]);
		return true;
	}
	return false;
}

/* The first image's line, as the files say it after this plan. */
static char *image_line(const struct target_context *ctx, struct changes *c,
			const struct cmdline_chain *chain)
{
	auto_strv struct strv parts = STRV_INIT;
	int r = chain->usual ? cmdline_usual(ctx, c, chain, true, &parts, NULL)
			     : cmdline_add_file(ctx, c, chain->own.items[0], &parts, NULL);

	return r >= 0 && parts.len ? strv_join(&parts, " ") : NULL;
}

static int plan_image(const struct target_context *ctx, const struct cmdline_chain *chain,
		      struct changes *ret, struct strv *owned, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_free char *line = image_line(ctx, ret, chain);
	auto_free char *options = NULL;
	auto_free char *dir = NULL;
	auto_free char *conf = NULL;
	auto_free char *path = NULL;
	auto_free char *text = NULL;
	const char *on_esp;
	const char *drop_in;
	size_t len;

	if (!line || chain->own_is_part || !split_image(chain->ukis.items[0], &on_esp, &dir))
		return 0;
	conf = xasprintf("%s/loader.conf", dir);
	if (!files_exist(ctx->files, conf)) /* no systemd-boot there */
		return 0;
	if (changes_get(ret, CMDLINE_DROP_IN, &drop_in, &len, NULL) < 0)
		drop_in = NULL;
	way_back_words(&ret->owned, "kernel_cmdline", NULL, drop_in, &words);
	options = way_back_line(line, &words);
	path = xasprintf("%s/entries/vfiotui" SUFFIX, dir);
	text = xasprintf(MARK "title " WAY_BACK_TITLE "\nefi %s\noptions %s\n", on_esp, options);
	strv_addf(owned, "%s %s", name, path);
	return changes_set(ret, path, text, strlen(text), 0644, WHY, reterr);
}

static int plan_images(const struct target_context *ctx, struct changes *ret, struct strv *owned,
		       struct err *reterr)
{
	struct cmdline_chain chain;
	int r = cmdline_chain_read(ctx, &chain, reterr);

	if (r >= 0 && chain.mkinitcpio && !ctx->platform->secure_boot)
		r = plan_image(ctx, &chain, ret, owned, reterr);
	cmdline_chain_release(&chain);
	return r;
}

/* --- the target ------------------------------------------------------------------------------ */

/* Entries of ours that are not written again go: another entry started this system, or nothing is wished. */
static int remove_others(const struct wish *wish, const struct strv *kept, struct changes *ret,
			 struct err *reterr)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];

		if (text_starts_with(token, WAY_BACK_ENTRY_TOKEN) && !strv_has(kept, token) &&
		    files_exist(ret->files, strchr(token, '/')))
			r = changes_remove(ret, strchr(token, '/'),
					   "this entry without passthrough has no use any more",
					   reterr);
	}
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_strv struct strv owned = STRV_INIT;
	int r = 0;

	if (wish->way_back)
		r = ctx->platform->boot_loader == BOOT_KERNEL_CMDLINE
			    ? plan_images(ctx, ret, &owned, reterr)
			    : plan_entry(ctx, ret, &owned, reterr);
	if (r >= 0)
		r = remove_others(wish, &owned, ret, reterr);
	strv_copy(&ret->owned, &owned);
	return r;
}

/* The kernel or image that the entry starts must be there, beside loader/. */
static bool starts_something(struct files *files, const struct entry *e)
{
	const char *end = strstr(e->path, "/loader/entries/");

	for (size_t i = 0; i < e->text.len; i++) {
		const char *line = e->text.lines[i].data;
		size_t key = strcspn(line, " \t\r\n");
		size_t at = key + strspn(line + key, " \t");
		auto_free char *path = NULL;

		if (!is_key(line, "linux") && !is_key(line, "efi"))
			continue;
		at += strspn(line + at, "/");
		path = xasprintf("%.*s/%.*s", (int)(end - e->path), e->path,
				 (int)strcspn(line + at, " \t\r\n"), line + at);
		return files_exist(files, path);
	}
	return false;
}

static void check_entry(const struct target_context *ctx, const struct entry *e,
			const struct strv *words, struct checks *ret)
{
	auto_free char *line = entry_line(e);
	bool there = starts_something(ctx->files, e);

	way_back_check(line, words, HOW, REMEDY, ret);
	checks_add(ret, there ? CHECK_OK : CHECK_FAILED,
		   xasprintf("the kernel of %s is there", e->path),
		   there ? NULL : xstrdup("it is not"), there ? NULL : xstrdup(REMEDY));
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	static const char *const loaders[] = {"systemd_boot", "kernelstub", "kernel_cmdline"};
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv words = STRV_INIT;
	int r = entries_read(ctx->files, &all, reterr);

	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++)
		way_back_words(&wish->owned, loaders[i], NULL, NULL, &words);
	for (size_t i = 0; r >= 0 && wish->way_back && i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		const struct entry *found = NULL;

		if (!text_starts_with(token, WAY_BACK_ENTRY_TOKEN))
			continue;
		for (size_t k = 0; k < all.len; k++)
			if (!strcmp(all.items[k].path, token + strlen("way_back_entry ")))
				found = &all.items[k];
		if (found)
			check_entry(ctx, found, &words, ret);
		else
			way_back_check(NULL, &words, HOW, REMEDY, ret);
	}
	return r;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_SYSTEMD_BOOT ||
	       ctx->platform->boot_loader == BOOT_KERNELSTUB ||
	       ctx->platform->boot_loader == BOOT_KERNEL_CMDLINE;
}

const struct target target_way_back_entry = {
	.name = name,
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
