/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorded.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/recording.h"
#include "tmproot.h"

static void must(int r, const struct err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "recorded machine: %s\n", err->text);
	abort();
}

static char *top_path(const char *file)
{
	const char *top = getenv("TOP");

	return xasprintf("%s/%s", top ? top : ".", file);
}

static void read_whole(const char *path, struct str *ret)
{
	FILE *f = fopen(path, "r");
	char chunk[4096];
	size_t n;

	if (!f) {
		perror(path);
		abort();
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add(ret, chunk, n);
	fclose(f);
}

void recorded_open(struct recorded *r, const char *file, const char *ids_file)
{
	auto_str struct str text = STR_INIT;
	auto_free char *path = top_path(file);
	auto_free char *ids = top_path(ids_file);
	struct err err = ERR_INIT;

	unsetenv("SUDO_USER");
	r->root = tmproot_new();
	read_whole(path, &text);
	must(recording_unpack(text.data, text.len, r->root, &err), &err);
	must(host_open(r->root, &r->host, &err), &err);
	must(situation_open(r->host, ids, &r->situation, &err), &err);
}

void recorded_close(struct recorded *r)
{
	situation_free(r->situation);
	host_free(r->host);
	tmproot_remove(r->root);
}
