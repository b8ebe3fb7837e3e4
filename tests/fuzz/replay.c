/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay: feeds a fuzz entry with its corpus, without a fuzzer, so that every input
 * that once broke something is tried again in `make test`.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	auto_str struct str bytes = STR_INIT;
	char chunk[65536];
	size_t n;
	FILE *f = fopen(path, "r");

	if (!f)
		return 0;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add(&bytes, chunk, n);
	fclose(f);
	LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.len);
	return 1;
}

int main(int argc, char **argv)
{
	struct dirent **names = NULL;
	int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	int replayed = 0;

	for (int i = 0; i < count; i++) {
		auto_free char *path = xasprintf("%s/%s", argv[1], names[i]->d_name);

		if (names[i]->d_name[0] != '.')
			replayed += replay(path);
		free(names[i]);
	}
	free(names);
	printf("%d inputs replayed\n", replayed);
	return replayed ? 0 : 1;
}
