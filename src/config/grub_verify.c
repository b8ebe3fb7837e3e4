/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the entries of the generated menu carry the parameters, and does the running kernel? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/grub.h"
#include "config/kernel_wish.h"

struct menu {
	size_t entries, lacking;
};

/* "### BEGIN /etc/grub.d/10_linux ###": entries of other systems (30_os-prober) are not ours to change. */
static bool section_is_linux(const char *line, bool before)
{
	const char *name = text_starts_with(line, "### BEGIN ") ? strrchr(line, '/') : NULL;

	if (name)
		return strstr(name, "linux") != NULL;
	return before;
}

/* The command line of a "linux" command, or NULL. */
static const char *linux_line(const char *line)
{
	static const char *const commands[] = {"linux", "linuxefi", "linux16"};

	line += strspn(line, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t n = strlen(commands[i]);

		if (!strncmp(line, commands[i], n) && (line[n] == ' ' || line[n] == '\t'))
			return line + n;
	}
	return NULL;
}

/* Recovery entries get no GRUB_CMDLINE_LINUX_DEFAULT, on purpose. */
static bool is_recovery(const char *line)
{
	return kernel_line_has(line, "single") || kernel_line_has(line, "recovery");
}

static struct menu read_menu(const char *bytes, size_t len, const char *param)
{
	struct menu menu = {.entries = 0};
	auto_text struct text t = TEXT_INIT;
	bool ours = true;

	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++) {
		const char *line = t.lines[i].data;
		const char *args = linux_line(line);

		ours = section_is_linux(line, ours);
		if (!ours || !args || is_recovery(args))
			continue;
		menu.entries++;
		menu.lacking += !kernel_line_has(args, param);
	}
	return menu;
}

static void check_param(const char *param, const struct grub *g, const char *bytes, size_t len,
			const char *command, struct checks *ret)
{
	struct menu menu = read_menu(bytes, len, param);
	char *what = xasprintf("%s: %s in each entry", g->cfg, param);

	if (!menu.entries)
		checks_add(ret, CHECK_UNKNOWN, what, xstrdup("no Linux entry found in it"), NULL);
	else if (menu.lacking)
		checks_add(ret, CHECK_FAILED, what,
			   xasprintf("missing in %zu of %zu entries", menu.lacking, menu.entries),
			   xstrdup(command));
	else
		checks_add(ret, CHECK_OK, what, NULL, NULL);
}

int grub_verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		struct err *reterr)
{
	auto_str struct str command = STR_INIT;
	struct err why = ERR_INIT;
	struct grub g;
	const char *bytes;
	size_t len;
	int r;

	(void)reterr;
	if (!wish->kernel_params.len)
		return 0;
	grub_detect(ctx, &g);
	for (size_t i = 0; g.regenerate[i]; i++)
		str_addf(&command, "%s%s", i ? " " : "", g.regenerate[i]);
	r = files_get(ctx->files, g.cfg, &bytes, &len, &why);
	if (r < 0)
		checks_add(ret, r == -ENOENT ? CHECK_FAILED : CHECK_UNKNOWN,
			   xasprintf("%s has the parameters", g.cfg), xstrdup(why.text),
			   r == -ENOENT ? xstrdup(command.data) : NULL);
	for (size_t i = 0; r >= 0 && i < wish->kernel_params.len; i++)
		check_param(wish->kernel_params.items[i], &g, bytes, len, command.data, ret);
	kernel_line_check_running(ctx, wish, ret);
	return 0;
}
