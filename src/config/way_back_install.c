/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry without passthrough where kernel-install makes an entry or image a kernel: a plugin in
 * /etc/kernel/install.d, which kernel-install runs behind its own for each kernel that comes or
 * goes, so that the entry is always for the newest one.
 *
 * The entry is named MACHINE-0-without-passthrough.conf: as "MACHINE-0-rescue.conf" it sorts behind
 * those of the kernels, for systemd-boot (which also puts an entry without a sort-key behind
 * those with one) and for GRUB's blscfg. grubby changes all entries, so the plugin runs once more
 * behind it. A unified image's entry has another command line, which its stub takes unless Secure
 * Boot is on (systemd-stub(7)).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/entries.h"
#include "config/kernel_cmdline.h"
#include "config/kernel_line.h"
#include "config/way_back.h"

#define PLUGIN WAY_BACK_INSTALL_PLUGIN
#define SUFFIX "-0-without-passthrough.conf"
#define HOW_SYSTEMD_BOOT "hold Space while the machine starts to see the menu"
#define HOW_GRUB "a hidden menu shows when you hold Shift or press Esc while the machine starts"

/* The directory of the entries, then the words to leave out, both quoted. */
static const char script[] =
	"#!/bin/sh\n"
	"# vfiotui: keeps a boot entry without passthrough for the newest kernel (\"vfiotui "
	"undo\"\n"
	"# takes this file away). kernel-install runs it when a kernel comes or goes.\n"
	"set -e\n"
	"\n"
	"boot=%s\n"
	"added=%s\n"
	"off='" WAY_BACK_PARAMS "'\n"
	"\n"
	"case ${1:-} in add | remove) ;; *) exit 0 ;; esac\n"
	"entries=$boot/loader/entries\n"
	"[ -d \"$entries\" ] || exit 0\n"
	"\n"
	"# Paths of the newest entry and of the newest unified image; the rescue system is no "
	"kernel's.\n"
	"entry=$(find \"$entries\" -name '*.conf' ! -name '*rescue*' ! -name "
	"'*without-passthrough*' | sort -V | tail -n 1)\n"
	"# An image with a \"+\" is on trial, and gets another name (boot counting).\n"
	"image=$(find \"$boot/EFI/Linux\" -name '*.efi' ! -name '*+*' 2>/dev/null | sort -V | tail "
	"-n "
	"1)\n"
	"new=\n"
	"if [ -n \"$entry\" ]; then\n"
	"\tversion=$(sed -n '/^version[[:blank:]]/{s/^version[[:blank:]]*//p;q;}' \"$entry\")\n"
	"\tnew=$(basename \"${entry%%.conf}\")\n"
	"\tnew=$entries/${new%%-\"$version\"}" SUFFIX "\n"
	"\tawk -v added=\" $added \" -v off=\"$off\" '\n"
	"\t\t$1 == \"title\" { print $0 \" without passthrough\"; next }\n"
	"\t\t$1 == \"sort-key\" || $1 == \"id\" { next }\n"
	"\t\t$1 == \"options\" {\n"
	"\t\t\tfor (i = 2; i <= NF; i++)\n"
	"\t\t\t\tif (!index(added \" \" off \" \", \" \" $i \" \")) line = line \" \" $i\n"
	"\t\t\tnext\n"
	"\t\t}\n"
	"\t\t{ print }\n"
	"\t\tEND { print \"options\" line \" \" off }\n"
	"\t' \"$entry\" >\"$new.tmp\"\n"
	"elif [ -n \"$image\" ] && [ -r /etc/kernel/cmdline ]; then\n"
	"\tnew=$(basename \"${image%%.efi}\")\n"
	"\tnew=$entries/${new%%%%-*}" SUFFIX "\n"
	"\tline=\n"
	"\twords=$(sed '/^[[:blank:]]*#/d' /etc/kernel/cmdline)\n"
	"\tfor word in $words; do\n"
	"\t\tcase \" $added $off \" in *\" $word \"*) ;; *) line=\"$line $word\" ;; esac\n"
	"\tdone\n"
	"\tprintf 'title " WAY_BACK_TITLE
	"\\nefi %%s\\noptions%%s %%s\\n' \"${image#\"$boot\"}\" \"$line\" \"$off\" >\"$new.tmp\"\n"
	"fi\n"
	"for old in \"$entries\"/*" SUFFIX "; do\n"
	"\t[ \"$old\" = \"$new\" ] || rm -f \"$old\"\n"
	"done\n"
	"[ -z \"$new\" ] || mv -f \"$new.tmp\" \"$new\"\n";

static const char *loader_name(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB_BLS ? "grub_bls" : "kernel_cmdline";
}

static const char *how(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB_BLS ? HOW_GRUB : HOW_SYSTEMD_BOOT;
}

/* Where loader/entries is, for the caller to free; NULL: nowhere. */
static char *boot_dir(const struct target_context *ctx)
{
	static const char *const configs[] = {"/efi", "/boot/efi", "/boot"};
	auto_entries struct entries all = ENTRIES_INIT;

	if (entries_read(ctx->files, &all, NULL) >= 0 && all.len)
		return xstrndup(all.items[0].path, (size_t)(strstr(all.items[0].path, "/loader/") -
							    all.items[0].path));
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		auto_free char *conf = xasprintf("%s/loader/loader.conf", configs[i]);

		if (files_exist(ctx->files, conf))
			return xstrdup(configs[i]);
	}
	return NULL;
}

/* kernel-install's own entries and images; those that mkinitcpio or proxmox-boot-tool make are no matter of it. */
static bool is_chain(const struct target_context *ctx)
{
	struct cmdline_chain c;
	bool is;

	if (ctx->platform->boot_loader == BOOT_GRUB_BLS)
		return true;
	is = cmdline_chain_read(ctx, &c, NULL) >= 0 && !c.mkinitcpio && !c.proxmox;
	cmdline_chain_release(&c);
	return is && has_program(ctx->files, "kernel-install");
}

static void run_plugin(const char *dir, struct changes *ret)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	strv_split(&argv, PLUGIN " add", " ");
	strv_add(&undo, "find");
	strv_addf(&undo, "%s/loader/entries", dir);
	strv_split(&undo, "-name *" SUFFIX "* -delete", " ");
	changes_command(ret, COMMAND_BOOT, &argv, &undo, "writes the entry without passthrough");
}

static void remove_entries(const char *dir, struct changes *ret)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_strv struct strv undo = STRV_INIT;

	strv_add(&argv, "find");
	strv_addf(&argv, "%s/loader/entries", dir);
	strv_split(&argv, "-name *" SUFFIX "* -delete", " ");
	strv_split(&undo, PLUGIN " add", " ");
	changes_command(ret, COMMAND_BOOT, &argv, &undo, "the entry without passthrough goes");
}

/* grubby and kernel-install change entries, ours too. */
static bool entries_change(const struct changes *c)
{
	for (size_t i = 0; i < c->commands_len; i++)
		if (c->commands[i].stage == COMMAND_BOOT)
			return true;
	return changes_touch(c, PLUGIN);
}

static int write_plugin(const struct target_context *ctx, const char *dir, struct changes *ret,
			struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_str struct str quoted_dir = STR_INIT;
	auto_str struct str quoted = STR_INIT;
	auto_free char *joined = NULL;
	auto_free char *text = NULL;
	auto_free char *why = xasprintf("an entry without passthrough in the boot menu; %s",
					how(ctx));

	way_back_words(&ret->owned, loader_name(ctx), NULL, NULL, &words);
	joined = strv_join(&words, " ");
	shell_quote(&quoted_dir, dir);
	shell_quote(&quoted, joined);
	text = xasprintf(script, quoted_dir.data, quoted.data);
	return changes_set(ret, PLUGIN, text, strlen(text), 0755, why, reterr);
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_free char *dir = boot_dir(ctx);
	int r = 0;

	if (wish->way_back && dir && is_chain(ctx)) {
		r = write_plugin(ctx, dir, ret, reterr);
		if (r >= 0 && entries_change(ret))
			run_plugin(dir, ret);
	} else if (files_exist(ctx->files, PLUGIN)) {
		r = changes_remove(ret, PLUGIN, "nothing is left to start without", reterr);
		if (r >= 0 && dir)
			remove_entries(dir, ret);
	}
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_entries struct entries all = ENTRIES_INIT;
	auto_strv struct strv words = STRV_INIT;
	auto_free char *line = NULL;
	int r = entries_read(ctx->files, &all, reterr);

	if (r < 0 || !wish->way_back || !files_exist(ctx->files, PLUGIN))
		return r;
	way_back_words(&wish->owned, loader_name(ctx), NULL, NULL, &words);
	for (size_t i = 0; i < all.len && !line; i++)
		if (text_ends_with(all.items[i].path, SUFFIX))
			line = entry_line(&all.items[i]);
	way_back_check(line, &words, how(ctx), PLUGIN " add", ret);
	return 0;
}

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_GRUB_BLS ||
	       ctx->platform->boot_loader == BOOT_KERNEL_CMDLINE;
}

const struct target target_way_back_install = {
	.name = "way_back_install",
	.applies = applies,
	.plan = plan,
	.verify = verify,
};
