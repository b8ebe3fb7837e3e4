/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that a run is about: this one, another root, or a recording in a temporary directory. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "machine/recording.h"

void cli_hold_signals(struct cli *c)
{
	sigset_t held;

	if (c->holds_signals)
		return;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &c->former_mask);
	signal(SIGPIPE, SIG_IGN);
	c->holds_signals = true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void cli_close(struct cli *c)
{
	situation_freep(&c->situation);
	host_freep(&c->host);
	if (c->temp)
		nftw(c->temp, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(c->temp);
	c->temp = NULL;
	if (c->holds_signals)
		sigprocmask(SIG_SETMASK, &c->former_mask, NULL);
	c->holds_signals = false;
}

/* Unpacks a recording and opens it. Changes go into the copy. */
static int open_recording(struct cli *c, const char *text, size_t len, const char *name,
			  struct err *reterr)
{
	const char *tmp = getenv("TMPDIR");
	char *directory = xasprintf("%s/vfiotui.XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
	int r;

	cli_hold_signals(c);
	if (!mkdtemp(directory)) {
		r = err_set(reterr, -errno, "cannot make a temporary directory %s: %m", directory);
		free(directory);
		return r;
	}
	c->temp = directory;
	r = recording_unpack(text, len, directory, reterr);
	if (r < 0)
		return err_wrap(reterr, r, "cannot open the recording %s", name);
	return host_open(directory, &c->host, reterr);
}

static int open_demo(struct cli *c, struct err *reterr)
{
	auto_str struct str names = STR_INIT;

	for (size_t i = 0; i < bundled_recordings_len; i++) {
		const struct bundled_recording *r = &bundled_recordings[i];

		if (!c->args.demo[0] || !strcmp(r->name, c->args.demo))
			return open_recording(c, r->text, r->len, r->name, reterr);
		str_addf(&names, "%s%s", i ? ", " : "", r->name);
	}
	return err_set(reterr, -ENOENT, "there is no demo \"%s\"; there are: %s", c->args.demo,
		       names.data);
}

/* A recording is named by the user: it is read from where the program runs, not through a host. */
static int read_recording(const char *path, struct str *ret, struct err *reterr)
{
	FILE *file = fopen(path, "re");
	char block[65536];
	size_t n;
	int r = 0;

	if (!file)
		return err_set(reterr, -errno, "cannot open %s: %m", path);
	while ((n = fread(block, 1, sizeof(block), file)) && ret->len <= HOST_FILE_MAX)
		str_add(ret, block, n);
	if (ferror(file))
		r = err_set(reterr, -EIO, "cannot read %s", path);
	else if (ret->len > HOST_FILE_MAX)
		r = err_set(reterr, -EFBIG, "%s is too large for a recording", path);
	fclose(file);
	return r;
}

int cli_open_host(struct cli *c, struct err *reterr)
{
	const char *root = c->args.root ? c->args.root : "/";
	auto_str struct str text = STR_INIT;
	struct stat st;
	int r;

	if (c->args.ids && access(c->args.ids, R_OK))
		return err_set(reterr, -errno, "cannot read %s: %m", c->args.ids);
	if (c->args.demo)
		return open_demo(c, reterr);
	if (stat(root, &st) || !S_ISREG(st.st_mode))
		return host_open(root, &c->host, reterr);
	r = read_recording(root, &text, reterr);
	if (r < 0)
		return r;
	return open_recording(c, text.data, text.len, root, reterr);
}

int cli_open_situation(struct cli *c, struct err *reterr)
{
	int r = c->host ? 0 : cli_open_host(c, reterr);

	if (r < 0)
		return r;
	return situation_open(c->host, c->args.ids, &c->situation, reterr);
}

int cli_select(const struct cli *c, struct selection *ret, struct err *reterr)
{
	for (size_t i = 0; i < c->args.words_len; i++) {
		int r = selection_add_word(ret, c->situation->topology, c->args.words[i], reterr);

		if (r < 0)
			return r;
	}
	return 0;
}

void cli_handed_over(const struct situation *s, struct selection *ret)
{
	selection_copy(ret, &s->configured);
	for (size_t i = 0; i < s->topology->len; i++)
		if (driver_is_vfio(s->topology->devices[i].driver))
			selection_add(ret, &s->topology->devices[i].addr);
}
