/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: each line of the input is a word. A refusal has a sentence; what is taken points into the words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	auto_strv struct strv words = STRV_INIT;
	struct args a = {.forced = STRV_INIT};
	struct err err = ERR_INIT;

	strv_add(&words, "vfiotui");
	strv_split(&words, text, "\n");
	if (args_parse(&a, (int)words.len, words.items, &err) < 0 && !err.text[0])
		abort();
	for (size_t i = 0; i < a.words_len; i++)
		if (strlen(a.words[i]) > size)
			abort();
	args_release(&a);
	return 0;
}
