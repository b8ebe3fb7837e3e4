/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unpack RECORDING DIR: makes the tree of a recording, for benchmarks and scripts. */
#include <stdio.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "machine/recording.h"

int main(int argc, char **argv)
{
	auto_str struct str text = STR_INIT;
	struct err err = ERR_INIT;
	char chunk[65536];
	size_t n;
	FILE *f = argc == 3 ? fopen(argv[1], "r") : NULL;

	if (!f) {
		fprintf(stderr, "usage: unpack RECORDING DIR\n");
		return 2;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add(&text, chunk, n);
	fclose(f);
	if (recording_unpack(text.data, text.len, argv[2], &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return 0;
}
