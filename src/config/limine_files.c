/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where Limine looks for limine.conf: the directory of its own program, and four places of each file
 * system, in an order that changed in 10.3 (Limine: CONFIG.md; common/lib/config.c). The checksum
 * stands in the program as digits behind a mark; zeros are none (host/limine.c, enroll-config).
 */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/limine.h"
#include "machine/platform.h"

#define MARK "++CONFIG_"
#define MARK_END "_SIGNATURE++"
#define NAME_MAX_LEN 16u /* of the checksum's kind between the two: "B2SUM" */
#define DIGITS 128u
#define PROGRAM_MAX ((size_t)4 << 20)

static const char *const roots[] = {"/boot", "/efi", "/boot/efi", ""};

/* The same place on a partition that is mounted twice, or linked: one file. */
static bool is_seen(struct files *files, const struct strv *paths, const char *path,
		    const char *place)
{
	const char *bytes, *other;
	size_t len, other_len;

	if (files_get(files, path, &bytes, &len, NULL) < 0)
		return false;
	for (size_t i = 0; i < paths->len; i++)
		if (text_ends_with(paths->items[i], place) &&
		    files_get(files, paths->items[i], &other, &other_len, NULL) >= 0 &&
		    len == other_len && !memcmp(bytes, other, len))
			return true;
	return false;
}

void limine_find_confs(struct files *files, struct strv *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		for (const char *const *place = limine_conf_places; *place; place++) {
			auto_free char *path = xasprintf("%s%s", roots[i], *place);

			if (files_exist(files, path) && !is_seen(files, ret, path, *place))
				strv_add_unique(ret, path);
		}
}

static bool has_checksum(const struct str *program)
{
	const char *at = program->data;
	const char *end = at + program->len;

	while ((at = memmem(at, (size_t)(end - at), MARK, strlen(MARK)))) {
		size_t left = (size_t)(end - at) - strlen(MARK);
		size_t most = NAME_MAX_LEN + strlen(MARK_END);
		const char *digits;

		at += strlen(MARK);
		digits = memmem(at, left < most ? left : most, MARK_END, strlen(MARK_END));
		if (!digits)
			continue;
		digits += strlen(MARK_END);
		for (size_t i = 0; i < DIGITS && digits + i < end; i++)
			if (digits[i] != '0')
				return true;
	}
	return false;
}

static bool is_program(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcasecmp(dot, ".efi") || !strcasecmp(dot, ".sys"));
}

/* One in this directory. */
static char *enrolled_in(struct files *files, const char *dir)
{
	auto_strv struct strv names = STRV_INIT;

	if (files_list(files, dir, "", &names, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < names.len; i++) {
		auto_str struct str program = STR_INIT;
		auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);

		if (is_program(path) && files_head(files, path, PROGRAM_MAX, &program) >= 0 &&
		    has_checksum(&program))
			return xstrdup(path);
	}
	return NULL;
}

char *limine_enrolled(struct files *files, const char *conf)
{
	static const char *const places[] = {"/EFI/limine", "/EFI/BOOT", "/EFI/arch-limine"};
	const char *slash = strrchr(conf, '/');
	auto_free char *beside = slash > conf ? xstrndup(conf, (size_t)(slash - conf))
					      : xstrdup("/");
	char *found = enrolled_in(files, beside);

	for (size_t i = 0; !found && i < ARRAY_SIZE(roots); i++)
		for (size_t k = 0; !found && k < ARRAY_SIZE(places); k++) {
			auto_free char *dir = xasprintf("%s%s", roots[i], places[k]);

			found = enrolled_in(files, dir);
		}
	return found;
}
