/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GRUB: kernel parameters in a drop-in where /etc/default/grub.d is read, else in
 * /etc/default/grub itself. Owned: "grub PARAMETER", for words in that file.
 */
#include "config/grub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_wish.h"

/* --- what this GRUB does -------------------------------------------------------------- */

static bool is_like(const struct target_context *ctx, const char *const *names)
{
	for (; *names; names++)
		if (strv_has(&ctx->platform->distro_like, *names))
			return true;
	return false;
}

/* What the text of grub-mkconfig tells of grub.d: read (1), not read (0), or nothing (-1). */
static int script_reads_drop_ins(const struct target_context *ctx)
{
	static const char *const scripts[] = {"/usr/sbin/grub-mkconfig", "/usr/bin/grub-mkconfig",
					      "/usr/sbin/grub2-mkconfig",
					      "/usr/bin/grub2-mkconfig"};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		const char *bytes;
		size_t len;

		if (files_get(ctx->files, scripts[i], &bytes, &len, NULL))
			continue;
		if (memmem(bytes, len, "default/grub.d", strlen("default/grub.d")))
			return 1;
		if (memmem(bytes, len, "default/grub", strlen("default/grub")))
			return 0;
	}
	return -1;
}

void grub_detect(const struct target_context *ctx, struct grub *ret)
{
	static const char *const debian[] = {"debian", "ubuntu", NULL};
	static const char *const other_dash[] = {"void", "alpine", NULL};
	static const char *const grub2[] = {"fedora", "rhel", "suse", "opensuse", NULL};
	int told = script_reads_drop_ins(ctx);
	bool is_debian = is_like(ctx, debian);
	bool two = files_exist(ctx->files, "/boot/grub2/grub.cfg") ||
		   (is_like(ctx, grub2) && !files_exist(ctx->files, "/boot/grub/grub.cfg"));

	*ret = (struct grub){
		.drop_ins = told < 0 ? is_debian : told,
		.dialect = is_debian || is_like(ctx, other_dash) ? SHELL_DASH : SHELL_BASH,
		.cfg = two ? "/boot/grub2/grub.cfg" : "/boot/grub/grub.cfg",
		.regenerate = {two ? "grub2-mkconfig" : "grub-mkconfig", "-o"},
	};
	ret->regenerate[2] = ret->cfg;
	if (is_debian && !two)
		memcpy(ret->regenerate, ((const char *[]){"update-grub", NULL, NULL}),
		       3 * sizeof(ret->regenerate[0]));
}

void grub_regenerate(const struct grub *g, struct changes *ret)
{
	auto_strv struct strv argv = STRV_INIT;

	for (size_t i = 0; g->regenerate[i]; i++)
		strv_add(&argv, g->regenerate[i]);
	changes_command(ret, COMMAND_BOOT, &argv, NULL, "the boot menu gets the parameters");
}

int grub_get(const struct target_context *ctx, struct changes *c, const char *path,
	     const char **bytes, size_t *len, struct err *reterr)
{
	return c ? changes_get(c, path, bytes, len, reterr)
		 : files_get(ctx->files, path, bytes, len, reterr);
}

bool grub_is_own(const char *drop_in)
{
	return !strcmp(drop_in, GRUB_DROP_IN) || !strcmp(drop_in, GRUB_DROP_IN_LATE);
}

void grub_self_reference(struct str *out, const struct strv *words)
{
	str_adds(out, GRUB_DEFAULT "=\"$" GRUB_DEFAULT);
	for (size_t i = 0; i < words->len; i++) {
		str_addc(out, ' ');
		shell_escape_double(out, words->items[i]);
	}
	str_adds(out, "\"\n");
}

/* --- the values ------------------------------------------------------------------------- */

void grub_line(const struct shell_vars *v, struct str *ret)
{
	static const char *const names[] = {GRUB_ALL, GRUB_DEFAULT};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_strv struct strv value = STRV_INIT;

		if (shell_vars_value(v, names[i], &value) && value.len) {
			str_addc(ret, ' ');
			str_adds(ret, value.items[0]);
		}
	}
}

/* Adds one file to the text that stands for all that is sourced; each must end cleanly by itself. */
static int chain_add(const struct target_context *ctx, struct changes *c, const struct grub *g,
		     const char *path, struct str *text, struct err *reterr)
{
	struct shell_vars v;
	const char *bytes;
	size_t len;
	int r = grub_get(ctx, c, path, &bytes, &len, reterr);

	if (r == -ENOENT) {
		err_clear(reterr);
		return 0;
	}
	if (r < 0)
		return r;
	r = shell_vars_parse(&v, bytes, len, g->dialect, path, reterr);
	shell_vars_release(&v);
	str_add(text, bytes, len);
	str_addc(text, '\n');
	return r;
}

int grub_chain(const struct target_context *ctx, struct changes *c, const struct grub *g,
	       bool with_own, struct shell_vars *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	auto_str struct str text = STR_INIT;
	int r = 0;

	*ret = (struct shell_vars){.dialect = g->dialect};
	str_init(&ret->bytes);
	if (g->drop_ins)
		r = files_list(ctx->files, GRUB_DIR, ".cfg", &names, reterr);
	if (g->drop_ins && with_own) { /* also one that is only planned */
		strv_add_unique(&names, GRUB_DROP_IN);
		strv_add_unique(&names, GRUB_DROP_IN_LATE);
		strv_sort(&names);
	}
	if (r >= 0)
		r = chain_add(ctx, c, g, GRUB_FILE, &text, reterr);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", GRUB_DIR, names.items[i]);

		if (*names.items[i] != '.' && (with_own || !grub_is_own(names.items[i])))
			r = chain_add(ctx, c, g, path, &text, reterr);
	}
	if (r >= 0)
		r = shell_vars_parse(ret, text.data, text.len, g->dialect, GRUB_FILE, reterr);
	return r;
}

/* --- the drop-in ------------------------------------------------------------------------- */

static int remove_own(const struct target_context *ctx, const char *but, struct changes *c,
		      struct err *reterr)
{
	static const char *const names[] = {GRUB_DROP_IN, GRUB_DROP_IN_LATE};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++) {
		auto_free char *path = xasprintf("%s/%s", GRUB_DIR, names[i]);

		if ((!but || strcmp(but, names[i]) != 0) && files_exist(ctx->files, path))
			r = changes_remove(c, path, "vfiotui's kernel parameters go", reterr);
	}
	return r;
}

/* Does a file that is read after the usual drop-in set the variable? */
static int is_set_later(const struct target_context *ctx, const struct grub *g, bool *ret,
			struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(ctx->files, GRUB_DIR, ".cfg", &names, reterr);

	*ret = false;
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", GRUB_DIR, names.items[i]);
		struct shell_vars v;
		const char *bytes;
		size_t len;

		if (strcmp(names.items[i], GRUB_DROP_IN) <= 0 || grub_is_own(names.items[i]))
			continue;
		r = files_get(ctx->files, path, &bytes, &len, reterr);
		if (r < 0)
			break;
		r = shell_vars_parse(&v, bytes, len, g->dialect, path, reterr);
		*ret = *ret || (r >= 0 && (v.blinds_len || shell_vars_last(&v, GRUB_DEFAULT)));
		shell_vars_release(&v);
	}
	return r;
}

static int write_drop_in(const struct target_context *ctx, const struct grub *g,
			 const struct strv *words, struct changes *c, struct err *reterr)
{
	auto_str struct str text = STR_INIT;
	auto_free char *joined = strv_join(words, " ");
	auto_free char *why = xasprintf("kernel parameters %s", joined);
	auto_free char *path = NULL;
	bool late;
	int r = is_set_later(ctx, g, &late, reterr);

	if (r < 0)
		return r;
	path = xasprintf("%s/%s", GRUB_DIR, late ? GRUB_DROP_IN_LATE : GRUB_DROP_IN);
	/* The empty line first: the file is read behind others, of which one may lack its last newline. */
	str_adds(&text, "\n# vfiotui: kernel parameters for PCI passthrough "
			"(\"vfiotui undo\" takes this file away)\n");
	grub_self_reference(&text, words);
	r = remove_own(ctx, late ? GRUB_DROP_IN_LATE : GRUB_DROP_IN, c, reterr);
	return r < 0 ? r : changes_set(c, path, text.data, text.len, 0644, why, reterr);
}

/* Refuses when the files as planned are known to give something else than meant. */
static int check_result(const struct target_context *ctx, const struct grub *g,
			const struct strv *words, struct changes *c, struct err *reterr)
{
	auto_str struct str line = STR_INIT;
	auto_strv struct strv value = STRV_INIT;
	struct shell_vars v;
	int r = grub_chain(ctx, c, g, true, &v, reterr);
	bool known = r >= 0 && shell_vars_value(&v, GRUB_DEFAULT, &value);

	if (known)
		grub_line(&v, &line);
	for (size_t i = 0; known && r >= 0 && i < words->len; i++)
		if (!kernel_line_has(line.data, words->items[i]))
			r = err_set(reterr, -EINVAL,
				    "%s: %s would not take effect there (is a quote open "
				    "in " GRUB_DEFAULT "?); nothing was changed",
				    GRUB_FILE, words->items[i]);
	shell_vars_release(&v);
	return r;
}

static int plan_drop_in(const struct target_context *ctx, const struct grub *g,
			const struct wish *wish, struct changes *c, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_str struct str line = STR_INIT;
	struct shell_vars v;
	int r = grub_chain(ctx, c, g, false, &v, reterr);

	if (r >= 0) {
		grub_line(&v, &line);
		r = kernel_line_missing(line.data, wish, GRUB_FILE, &words, reterr);
	} else if (r == -EINVAL && !grub_wants(wish)) {
		err_clear(reterr); /* not to be read, but nothing is asked of it either */
		r = 0;
	}
	shell_vars_release(&v);
	if (r >= 0 && !words.len)
		return remove_own(ctx, NULL, c, reterr);
	if (r >= 0)
		r = write_drop_in(ctx, g, &words, c, reterr);
	return r;
}

/* --- the target ---------------------------------------------------------------------------- */

static bool grub_applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB;
}

static int grub_present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_str struct str line = STR_INIT;
	struct shell_vars v;
	struct grub g;
	int r;

	grub_detect(ctx, &g);
	r = grub_chain(ctx, NULL, &g, true, &v, reterr);
	if (r >= 0) {
		grub_line(&v, &line);
		kernel_line_present(line.data, GRUB_FILE, ret);
	}
	shell_vars_release(&v);
	return r;
}

bool grub_wants(const struct wish *wish)
{
	return wish->len || wish->kernel_params.len;
}

static int grub_plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		     struct err *reterr)
{
	struct grub g;
	int r;

	grub_detect(ctx, &g);
	r = grub_plan_file(&g, wish, ret, reterr);
	if (r >= 0)
		r = g.drop_ins ? plan_drop_in(ctx, &g, wish, ret, reterr)
			       : remove_own(ctx, NULL, ret, reterr);
	if (r >= 0 && grub_wants(wish))
		r = check_result(ctx, &g, &wish->kernel_params, ret, reterr);
	if (r < 0 || !changes_touch(ret, GRUB_FILE))
		return r;
	grub_regenerate(&g, ret);
	ret->reboot = true;
	return 0;
}

const struct target target_grub = {
	.name = "grub",
	.boot_loader = BOOT_GRUB,
	.applies = grub_applies,
	.present = grub_present,
	.plan = grub_plan,
	.verify = grub_verify,
	.by_hand =
		{
			.loader = "GRUB",
			.before = "add ",
			.after = " to GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub and run "
				 "grub-mkconfig",
			.menu = "press e on the entry in GRUB's menu",
			.menu_types = true,
		},
};
