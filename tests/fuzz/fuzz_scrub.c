/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes through all that takes private things out: nothing is read beyond them, and no name comes through. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/scrub.h"

#define MOST_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_scrubber struct scrubber s = SCRUBBER_INIT;
	auto_free char *text = xstrndup((const char *)data, size);
	auto_str struct str bare = STR_INIT;
	auto_str struct str out = STR_INIT;
	auto_str struct str line = STR_INIT;
	auto_str struct str mounts = STR_INIT;

	if (size > MOST_BYTES)
		return 0;
	scrubber_add(&s, "workhorse", "host");
	scrub_comments((const char *)data, size, &bare);
	scrub(&s, bare.data, bare.len, &out);
	scrub_kernel_line(&s, text, &line);
	scrub_mount_points(text, &mounts);
	if (strstr(out.data, " workhorse ") || strstr(line.data, " workhorse "))
		abort();
	return 0;
}
