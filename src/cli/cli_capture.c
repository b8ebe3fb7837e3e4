/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capture: this machine as one text file, for a forum or a test. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/capture.h"
#include "cli/cli.h"

/* The file is named by the user: its directory is opened as a root of its own, and no link is followed out of it. */
static int write_into(struct cli *c, const char *dir, const char *name, const struct str *text,
		      struct err *reterr)
{
	auto_host struct host *host = NULL;
	auto_free char *path = xasprintf("/%s", name);
	const struct host_new as = {.mode = 0644, .uid = (uid_t)-1, .gid = (gid_t)-1};
	struct stat st;
	int r = host_open(dir, &host, reterr);

	if (r < 0)
		return err_set(reterr, r, "cannot write into %s: %s; nothing was written", dir,
			       strerror(-r));
	if (host_lstat(host, path, &st, NULL) == 0 && !(S_ISREG(st.st_mode) && c->args.yes))
		return err_set(reterr, -EEXIST, "%s is there already; nothing was written%s",
			       c->args.words[0], S_ISREG(st.st_mode) ? "; --yes replaces it" : "");
	return host_write(host, path, text->data, text->len, &as, reterr);
}

static int write_recording(struct cli *c, const struct str *text, struct err *reterr)
{
	const char *file = c->args.words[0];
	const char *slash = strrchr(file, '/');
	auto_free char *dir = slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	const char *name = slash ? slash + 1 : file;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(reterr, -EISDIR, "%s names no file", file);
	return write_into(c, dir, name, text, reterr);
}

int cmd_capture(struct cli *c)
{
	auto_str struct str text = STR_INIT;
	struct err err = ERR_INIT;

	if (cli_open_host(c, &err) < 0 || capture(c->host, c->args.ids, &text, &err) < 0)
		return cli_fail(c, &err);
	if (!strcmp(c->args.words[0], "-")) {
		print_raw(&c->out, text.data);
		return EXIT_DONE;
	}
	if (write_recording(c, &text, &err) < 0)
		return cli_fail(c, &err);
	print_raw(&c->out, "Written: ");
	print_text(&c->out, c->args.words[0]);
	print_format(&c->out,
		     " (%zu KiB). Look at it with vfiotui --root, and read it before you give it "
		     "away.\n",
		     (text.len + 1023) / 1024);
	return EXIT_DONE;
}
