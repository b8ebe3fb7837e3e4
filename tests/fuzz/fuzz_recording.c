/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unpacks whatever comes into a directory of its own; nothing may appear beside it. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/recording.h"

#define MOST_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st, (void)flag, (void)at;
	return remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char outer[] = "/dev/shm/fuzz-recording-XXXXXX";
	char inner[sizeof(outer) + 8];
	struct stat st;

	if (size > MOST_BYTES)
		return 0;
	if (!mkdtemp(outer)) {
		memcpy(outer, "/var/tmp", 8);
		memcpy(outer + strlen(outer) - 6, "XXXXXX", 6);
		if (!mkdtemp(outer))
			abort();
	}
	snprintf(inner, sizeof(inner), "%s/root", outer);
	if (mkdir(inner, 0755) < 0)
		abort();
	(void)!recording_unpack((const char *)data, size, inner, NULL);
	/* "." and ".." and the one directory: nothing escaped */
	if (stat(outer, &st) < 0 || st.st_nlink != 3)
		abort();
	nftw(outer, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
