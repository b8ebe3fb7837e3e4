/* SPDX-License-Identifier: GPL-2.0-or-later */
/* record.json: whatever is in it, it is refused, or means the same after it was written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "change/journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes of the edits are not in the record, only their sizes: put as many there. */
static void fill(struct change_record *c, const struct edit_sizes *sizes)
{
	for (size_t i = 0; i < c->len; i++) {
		c->edits[i].before.len = sizes[i].before;
		c->edits[i].after.len = sizes[i].after;
	}
}

static void unfill(struct change_record *c)
{
	for (size_t i = 0; i < c->len; i++)
		c->edits[i].before.len = c->edits[i].after.len = 0;
}

static void write_filled(struct change_record *c, const struct edit_sizes *sizes, struct str *out)
{
	fill(c, sizes);
	journal_record_write(c, out);
	unfill(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_str struct str once = STR_INIT;
	auto_str struct str twice = STR_INIT;
	auto_str struct str state = STR_INIT;
	auto_free struct edit_sizes *sizes = NULL;
	auto_free struct edit_sizes *sizes_again = NULL;
	struct change_record c, again;
	struct err err = ERR_INIT;

	if (journal_record_parse((const char *)data, size, &c, &sizes, &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	write_filled(&c, sizes, &once);
	if (journal_record_parse(once.data, once.len, &again, &sizes_again, &err) < 0)
		abort();
	write_filled(&again, sizes_again, &twice);
	if (!str_equal(&once, &twice))
		abort();
	if (journal_record_set_state(once.data, once.len, CHANGE_UNDONE, &state, &err) < 0)
		abort();
	change_record_release(&c);
	change_record_release(&again);
	return 0;
}
