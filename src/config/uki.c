/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/uki.h"

#include <errno.h>
#include <string.h>

#define HEADERS 8192u
#define SECTION 40u
#define LINE_MAX_BYTES 65536u

/* A little-endian number of the headers; 0 beyond their end, which no field of interest is. */
static size_t number(const struct str *s, size_t at, size_t bytes)
{
	size_t n = 0;

	for (size_t i = bytes; at + bytes <= s->len && i-- > 0;)
		n = n << 8 | (unsigned char)s->data[at + i];
	return n;
}

/* Where .cmdline is in the file. */
static bool find_section(const struct str *s, size_t *at, size_t *len)
{
	size_t pe = number(s, 0x3c, 4);
	size_t table, count;

	if (s->len < 0x40 || memcmp(s->data, "MZ", 2) != 0 || pe + 24 > s->len ||
	    memcmp(s->data + pe, "PE\0\0", 4) != 0)
		return false;
	count = number(s, pe + 6, 2);
	table = pe + 24 + number(s, pe + 20, 2);
	for (size_t i = 0; i < count && table + (i + 1) * SECTION <= s->len; i++) {
		size_t entry = table + i * SECTION;
		size_t virtual_size = number(s, entry + 8, 4);
		size_t raw_size = number(s, entry + 16, 4);

		if (memcmp(s->data + entry, ".cmdline", 8) != 0)
			continue;
		*len = virtual_size < raw_size ? virtual_size : raw_size;
		*at = number(s, entry + 20, 4);
		return *len <= LINE_MAX_BYTES;
	}
	return false;
}

/* The bytes [from, to) of a file that is read piece by piece. */
struct range {
	size_t pos, from, to;
	struct str *out;
};

static bool take_piece(void *data, const char *bytes, size_t len)
{
	struct range *r = data;
	size_t from = r->from > r->pos ? r->from - r->pos : 0;
	size_t to = r->to > r->pos ? r->to - r->pos : 0;

	if (to > len)
		to = len;
	if (from < to)
		str_add(r->out, bytes + from, to - from);
	r->pos += len;
	return r->pos < r->to;
}

int uki_line(const struct host *host, const char *path, struct str *ret, struct err *reterr)
{
	auto_str struct str headers = STR_INIT;
	struct range range = {.out = ret};
	size_t len;
	int r = host_read_some(host, path, HEADERS, &headers, reterr);

	str_clear(ret);
	if (r < 0)
		return r;
	if (!find_section(&headers, &range.from, &len))
		return err_set(reterr, -ENODATA, "%s has no kernel command line inside", path);
	range.to = range.from + len;
	r = host_read_pieces(host, path, take_piece, &range, reterr);
	str_truncate(ret, strlen(ret->data));
	str_rtrim(ret);
	return r;
}
