/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/way_back.h"

#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/text.h"
#include "config/kernel_wish.h"

bool way_back_planned(struct changes *c)
{
	static const char *const scripts[] = {WAY_BACK_GRUB_SCRIPT, WAY_BACK_INSTALL_PLUGIN};
	const char *bytes;
	size_t len;

	for (size_t i = 0; i < c->owned.len; i++)
		if (text_starts_with(c->owned.items[i], WAY_BACK_ENTRY_TOKEN))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (changes_get(c, scripts[i], &bytes, &len, NULL) >= 0)
			return true;
	return false;
}

/* Tokens of a target that are no parameter: "created", "line:arch.conf". */
static bool is_param(const char *word)
{
	return *word && !strchr(word, ' ') && strcmp(word, "created") != 0 &&
	       !text_starts_with(word, "line:");
}

/* The parameter of a token "TARGET WORD" or "TARGET [KEY] WORD", or NULL. */
static const char *token_word(const char *token, const char *target, const char *key)
{
	size_t n = strlen(target);
	const char *end;

	if (strncmp(token, target, n) != 0 || token[n] != ' ')
		return NULL;
	token += n + 1;
	if (*token != '[')
		return key ? NULL : token;
	end = strstr(token, "] ");
	if (!end || (key && (strlen(key) != (size_t)(end - token) - 1 ||
			     strncmp(token + 1, key, strlen(key)) != 0)))
		return NULL;
	return end + 2;
}

/* Our drop-ins have one line that is no comment; a shell's begins with an assignment to itself. */
static void drop_in_words(const char *text, struct strv *ret)
{
	auto_strv struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		auto_strv struct strv words = STRV_INIT;

		if (lines.items[i][0] == '#')
			continue;
		strv_split(&words, lines.items[i], " \t\"");
		for (size_t k = 0; k < words.len; k++)
			if (!strchr(words.items[k], '$') && !text_ends_with(words.items[k], "="))
				strv_add_unique(ret, words.items[k]);
	}
}

void way_back_words(const struct strv *owned, const char *target, const char *key,
		    const char *drop_in, struct strv *ret)
{
	for (size_t i = 0; i < owned->len; i++) {
		const char *word = token_word(owned->items[i], target, key);

		if (word && is_param(word))
			strv_add_unique(ret, word);
	}
	if (drop_in)
		drop_in_words(drop_in, ret);
}

char *way_back_line(const char *line, const struct strv *words)
{
	auto_strv struct strv params = STRV_INIT;
	auto_strv struct strv own = STRV_INIT;

	strv_split(&own, WAY_BACK_PARAMS, " ");
	kernel_params_split(&params, line);
	for (size_t i = 0; i < words->len; i++)
		for (size_t k = params.len; k-- > 0;)
			if (!strcmp(params.items[k], words->items[i])) {
				strv_remove_at(&params, k);
				break; /* one of two is by hand */
			}
	for (size_t k = params.len; k-- > 0;)
		if (strv_has(&own, params.items[k])) /* made of such a line */
			strv_remove_at(&params, k);
	strv_copy(&params, &own);
	return strv_join(&params, " ");
}

bool way_back_holds(const char *line, const struct strv *words)
{
	auto_strv struct strv params = STRV_INIT;
	auto_strv struct strv needed = STRV_INIT;

	kernel_params_split(&params, line);
	strv_split(&needed, WAY_BACK_PARAMS, " ");
	for (size_t i = 0; i < needed.len; i++)
		if (!kernel_line_has(line, needed.items[i]))
			return false;
	for (size_t i = 0; i < words->len; i++)
		if (strv_has(&params, words->items[i]))
			return false;
	return true;
}

void way_back_check(const char *line, const struct strv *words, const char *how, const char *remedy,
		    struct checks *ret)
{
	char *what = xasprintf("a boot entry without passthrough is there (%s)", how);

	if (line && way_back_holds(line, words))
		checks_add(ret, CHECK_OK, what, NULL, NULL);
	else
		checks_add(ret, CHECK_FAILED, what,
			   line ? xasprintf("it says \"%s\"", line) : xstrdup("none was found"),
			   xstrdup(remedy));
}
