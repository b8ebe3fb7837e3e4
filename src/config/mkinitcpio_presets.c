/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/mkinitcpio.h"

void mkinitcpio_release(struct mkinitcpio *m)
{
	for (size_t i = 0; i < m->len; i++) {
		free(m->images[i].path);
		free(m->images[i].preset);
		free(m->images[i].cmdline);
	}
	free(m->images);
	strv_release(&m->confs);
}

/* The value of a preset's variable as words; a string counts as one. False when it can't be told. */
static bool preset_value(const struct shell_vars *v, const char *preset, const char *what,
			 struct strv *ret)
{
	auto_free char *name = xasprintf("%s_%s", preset, what);

	return shell_vars_value(v, name, ret);
}

/* The argument of an option ("-c" or "" and "--config") in a preset's options. */
static void option_value(const struct strv *options, const char *brief, const char *name,
			 struct strv *ret)
{
	auto_free char *with_value = xasprintf("%s=", name);

	auto_strv struct strv words = STRV_INIT;

	for (size_t i = 0; i < options->len; i++)
		strv_split(&words, options->items[i], " \t\n");
	for (size_t i = 0; i < words.len; i++) {
		const char *w = words.items[i];

		if ((!strcmp(w, brief) || !strcmp(w, name)) && i + 1 < words.len)
			strv_add(ret, words.items[++i]);
		else if (text_starts_with(w, with_value))
			strv_add(ret, w + strlen(with_value));
		else if (*brief && text_starts_with(w, brief) && w[2])
			strv_add(ret, w + 2);
	}
}

/* The configuration that a preset pins; none when it uses the usual one. */
static bool pinned(const struct shell_vars *v, const char *preset, struct strv *ret)
{
	auto_strv struct strv options = STRV_INIT;
	auto_strv struct strv all = STRV_INIT;

	if (!preset_value(v, preset, "options", &options) ||
	    !preset_value(v, preset, "config", ret) || !shell_vars_value(v, "ALL_config", &all))
		return false;
	if (!ret->len || !*ret->items[0]) {
		strv_release(ret);
		strv_copy(ret, &all);
	}
	option_value(&options, "-c", "--config",
		     ret); /* comes later on mkinitcpio's own command line */
	while (ret->len > 1)
		strv_remove_at(ret, 0);
	if (ret->len && !*ret->items[0])
		strv_release(ret);
	return true;
}

/* The command line's file that a preset names, for the caller to free, or NULL. */
static char *own_cmdline(const struct shell_vars *v, const char *preset)
{
	auto_strv struct strv found = STRV_INIT;
	auto_strv struct strv options = STRV_INIT;
	auto_strv struct strv own = STRV_INIT;

	if (!shell_vars_value(v, "ALL_cmdline", &found))
		strv_release(&found);
	if (preset_value(v, preset, "cmdline", &own))
		strv_copy(&found, &own);
	if (preset_value(v, preset, "options", &options))
		option_value(&options, "", "--cmdline", &found);
	return found.len && *found.items[found.len - 1] ? xstrdup(found.items[found.len - 1])
							: NULL;
}

static void add_images(struct mkinitcpio *m, const struct shell_vars *v, const char *file,
		       const char *preset)
{
	static const char *const kinds[] = {"image", "uki", "efi_image"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_strv struct strv path = STRV_INIT;

		if (!preset_value(v, preset, kinds[i], &path) || !path.len || !*path.items[0])
			continue;
		m->images = grow(m->images, m->len, &m->cap, sizeof(*m->images));
		m->images[m->len++] = (struct mkinitcpio_image){
			.path = xstrdup(path.items[0]),
			.preset = xasprintf("%.*s %s", (int)(strlen(file) - strlen(".preset")),
					    file, preset),
			.is_uki = i > 0,
			.cmdline = i > 0 ? own_cmdline(v, preset) : NULL,
		};
	}
}

static int read_preset(const struct shell_vars *v, const char *file, const char *preset,
		       struct mkinitcpio *m, struct err *reterr)
{
	auto_strv struct strv conf = STRV_INIT;

	if (!pinned(v, preset, &conf))
		return err_set(
			reterr, -EINVAL,
			"%s: which configuration the preset \"%s\" uses can't be told from its "
			"assignments; nothing was changed",
			v->path, preset);
	add_images(m, v, file, preset);
	if (!conf.len)
		m->drop_ins = true;
	else if (!strcmp(conf.items[0], MKINITCPIO_CONF))
		m->main_conf = true;
	else if (*conf.items[0] != '/')
		return err_set(reterr, -EINVAL,
			       "%s: the preset \"%s\" names its configuration without a full path; "
			       "nothing was changed",
			       v->path, preset);
	else
		strv_add_unique(&m->confs, conf.items[0]);
	return 0;
}

static int read_preset_file(const struct target_context *ctx, const char *file,
			    struct mkinitcpio *m, struct err *reterr)
{
	auto_free char *path = xasprintf("%s/%s", MKINITCPIO_PRESETS, file);
	auto_strv struct strv presets = STRV_INIT;
	struct shell_vars v;
	const char *bytes;
	size_t len;
	int r = files_get(ctx->files, path, &bytes, &len, reterr);

	if (r < 0)
		return r;
	r = shell_vars_parse(&v, bytes, len, SHELL_BASH, path, reterr);
	if (r >= 0 && !shell_vars_value(&v, "PRESETS", &presets))
		r = err_set(reterr, -EINVAL,
			    "%s: PRESETS can't be told from its assignments; nothing was changed",
			    path);
	for (size_t i = 0; r >= 0 && i < presets.len; i++)
		r = read_preset(&v, file, presets.items[i], m, reterr);
	shell_vars_release(&v);
	return r;
}

/* Version 36 and later read conf.d; their own text names it, and their package brings it. */
static bool knows_drop_ins(const struct target_context *ctx)
{
	static const char *const scripts[] = {"/usr/bin/mkinitcpio", "/usr/lib/initcpio/functions"};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		const char *bytes;
		size_t len;

		if (!files_get(ctx->files, scripts[i], &bytes, &len, NULL) &&
		    (memmem(bytes, len, "mkinitcpio.conf.d", strlen("mkinitcpio.conf.d")) ||
		     memmem(bytes, len, "{_f_config}.d", strlen("{_f_config}.d")))) /* v41 */
			return true;
	}
	return files_exist(ctx->files, MKINITCPIO_CONF_DIR);
}

int mkinitcpio_read(const struct target_context *ctx, struct mkinitcpio *ret, struct err *reterr)
{
	auto_strv struct strv files = STRV_INIT;
	int r = files_list(ctx->files, MKINITCPIO_PRESETS, ".preset", &files, reterr);

	*ret = (struct mkinitcpio){.drop_ins = !files.len};
	for (size_t i = 0; r >= 0 && i < files.len; i++)
		r = read_preset_file(ctx, files.items[i], ret, reterr);
	if (ret->drop_ins && !knows_drop_ins(ctx)) {
		ret->drop_ins = false;
		ret->main_conf = true;
	}
	return r;
}
