/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rEFInd's manual stanzas (refind: docs, configfile.html): "menuentry TITLE {" to "}", with a "submenuentry" inside perhaps;
 * "disabled" in a line of its own takes the whole one out of the menu, as in all of the sample file.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/refind.h"

static bool begins_with(const struct text_line *l, const char *word)
{
	const char *at = l->data + strspn(l->data, " \t");
	size_t n = strlen(word);

	return !strncasecmp(at, word, n) && (!at[n] || strchr(" \t\r\n{", at[n]));
}

/* The end of the stanza that begins at line `from`; what is said in it. */
static size_t read_stanza(const struct text *t, size_t from, bool *disabled, bool *has_root)
{
	int depth = 1;
	size_t i;

	for (i = from + 1; i < t->len && depth > 0; i++) {
		const struct text_line *l = &t->lines[i];

		if (begins_with(l, "submenuentry"))
			depth++;
		else if (begins_with(l, "}"))
			depth--;
		else if (depth == 1 && begins_with(l, "disabled"))
			*disabled = true;
		else if (begins_with(l, "options") && strstr(l->data, "root="))
			*has_root = true;
	}
	return i;
}

static bool has_entries(struct files *files, const char *path)
{
	auto_text struct text t = TEXT_INIT;
	const char *bytes;
	size_t len;

	if (files_get(files, path, &bytes, &len, NULL) < 0)
		return false;
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len;) {
		bool disabled = false, has_root = false;

		if (!begins_with(&t.lines[i], "menuentry")) {
			i++;
			continue;
		}
		i = read_stanza(&t, i, &disabled, &has_root);
		if (has_root && !disabled)
			return true;
	}
	return false;
}

char *refind_with_entries(struct files *files)
{
	static const char *const esps[] = {"/boot/efi", "/efi", "/boot"};
	static const char *const places[] = {"/EFI/refind/refind.conf", "/EFI/BOOT/refind.conf"};

	for (size_t i = 0; i < ARRAY_SIZE(esps); i++)
		for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
			char *path = xasprintf("%s%s", esps[i], places[k]);

			if (has_entries(files, path))
				return path;
			free(path);
		}
	return NULL;
}
