/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/boot_variable.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/platform_parts.h"

#define NODE_HEADER 4u
#define MEDIA_PATH 4u /* type of a node; with the subtype below it holds a file's path */
#define FILE_PATH 4u
#define END_OF_PATH 0x7fu

static unsigned byte_at(const struct str *s, size_t at)
{
	return at < s->len ? (unsigned char)s->data[at] : 0;
}

static unsigned short_at(const struct str *s, size_t at)
{
	return byte_at(s, at) | byte_at(s, at + 1) << 8;
}

/* UTF-16 in [from, to), up to a NUL, as ASCII; *end (may be NULL) is behind the NUL. */
static char *text_at(const struct str *s, size_t from, size_t to, size_t *end)
{
	struct str text = STR_INIT;
	size_t at = from;

	str_add(&text, "", 0);
	for (; at + 1 < to && short_at(s, at); at += 2) {
		unsigned c = short_at(s, at);

		str_addc(&text, c == '\\' ? '/' : c < ' ' || c > '~' ? '?' : (char)c);
	}
	if (end)
		*end = at + 2;
	return str_take(&text);
}

/* The file paths of the nodes in [at, end), one behind another. */
static char *path_at(const struct str *s, size_t at, size_t end)
{
	struct str path = STR_INIT;

	str_add(&path, "", 0);
	while (at + NODE_HEADER <= end && byte_at(s, at) != END_OF_PATH) {
		size_t len = short_at(s, at + 2);
		auto_free char *part = NULL;

		if (len < NODE_HEADER || at + len > end)
			break;
		if (byte_at(s, at) == MEDIA_PATH && byte_at(s, at + 1) == FILE_PATH) {
			part = text_at(s, at + NODE_HEADER, at + len, NULL);
			str_adds(&path, part);
		}
		at += len;
	}
	return str_take(&path);
}

bool boot_variable_read(const struct host *host, struct boot_variable *ret)
{
	auto_str struct str bytes = STR_INIT;
	auto_free char *name = NULL;
	size_t paths, len;

	if (!platform_efi_variable(host, "BootCurrent-" EFI_GLOBAL_GUID, &bytes) || bytes.len != 2)
		return false;
	ret->number = (uint16_t)short_at(&bytes, 0);
	name = xasprintf("Boot%04X-" EFI_GLOBAL_GUID, ret->number);
	if (!platform_efi_variable(host, name, &bytes) || bytes.len < 8)
		return false;
	len = short_at(&bytes, 4);
	ret->name = text_at(&bytes, 6, bytes.len, &paths);
	ret->path = path_at(&bytes, paths, paths + len < bytes.len ? paths + len : bytes.len);
	return true;
}

void boot_variable_release(struct boot_variable *b)
{
	free(b->name);
	free(b->path);
	*b = (struct boot_variable)BOOT_VARIABLE_INIT;
}

static void add_short(struct str *out, size_t n)
{
	str_addc(out, (char)(n & 0xff));
	str_addc(out, (char)(n >> 8 & 0xff));
}

/* With its NUL. */
static void add_text(struct str *out, const char *text)
{
	for (; *text; text++)
		add_short(out, *text == '/' ? '\\' : (unsigned char)*text);
	add_short(out, 0);
}

void boot_variable_build(const char *name, const char *path, struct str *ret)
{
	size_t node = NODE_HEADER + 2 * (strlen(path) + 1);

	str_clear(ret);
	str_add(ret, "\7\0\0\0", 4); /* of the variable */
	str_add(ret, "\1\0\0\0", 4); /* LOAD_OPTION_ACTIVE */
	add_short(ret, node + NODE_HEADER);
	add_text(ret, name);
	str_addc(ret, MEDIA_PATH);
	str_addc(ret, FILE_PATH);
	add_short(ret, node);
	add_text(ret, path);
	str_addc(ret, END_OF_PATH);
	str_addc(ret, (char)0xff);
	add_short(ret, NODE_HEADER);
}
