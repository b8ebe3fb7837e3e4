/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole lines of modprobe.d that a choice adds: options of vfio-pci beside ids=, and blacklisted
 * modules. One that says so already is left alone, and so stays when ours go.
 * Owned: "modprobe option:disable_vga=1", "modprobe blacklist:nouveau".
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/kmod_set.h"
#include "config/modprobe.h"

#define OPTION "modprobe option:"
#define BLACKLIST "modprobe blacklist:"

/* The value that the kernel is given last for a parameter of vfio-pci, for the caller to free, or NULL. */
static char *last_value(const struct kmod_set *set, const char *param)
{
	char *value = NULL;

	for (size_t i = 0; i < set->len; i++)
		for (size_t j = 0; j < set->files[i].conf.len; j++) {
			const struct kmod_line *l = &set->files[i].conf.lines[j];
			struct kmod_param p;
			size_t pos;

			if (!kmod_line_is(l, "options", "vfio_pci", &pos))
				continue;
			while (kmod_param_next(l->text, &pos, &p)) {
				if (!kmod_param_named(l->text, &p, param))
					continue;
				free(value);
				value = xstrndup(l->text + p.value_start,
						 p.value_end - p.value_start);
			}
		}
	return value;
}

/* All of them are switches: what the kernel takes for true (kstrtobool). */
bool modprobe_option_holds(const struct kmod_set *set, const char *option)
{
	auto_free char *param = xstrndup(option, strcspn(option, "="));
	auto_free char *value = last_value(set, param);

	return value && *value && (strchr("1yYtT", *value) || !strcasecmp(value, "on"));
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return !*a && !*b;
}

/* By its whole name: kmod knows no patterns here (libkmod-module.c, module_is_blacklisted). */
bool modprobe_is_blacklisted(const struct kmod_set *set, const char *module)
{
	for (size_t i = 0; i < set->len; i++)
		for (size_t j = 0; j < set->files[i].conf.len; j++) {
			auto_strv struct strv words = STRV_INIT;

			strv_split(&words, set->files[i].conf.lines[j].text, " \t");
			if (words.len >= 2 && !strcmp(words.items[0], "blacklist") &&
			    same_name(words.items[1], module))
				return true;
		}
	return false;
}

/* Takes the last such line out of the file where ours are: one before it is by hand. */
static void remove_line(struct kmod_set *set, const char *line)
{
	struct kmod_file *f = kmod_set_file(set, KMOD_VFIO_NAME);

	for (size_t j = f->conf.len; j-- > 0;) {
		const struct kmod_line *l = &f->conf.lines[j];

		if (strcmp(l->text, line) != 0)
			continue;
		kmod_file_splice(f, l->start, l->end, "");
		return;
	}
}

/* The line of a token of ours, for the caller to free; NULL for other tokens. */
static char *token_line(const char *token, const char **word)
{
	static const struct {
		const char *prefix, *line;
	} kinds[] = {{OPTION, "options vfio-pci"}, {BLACKLIST, "blacklist"}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (text_starts_with(token, kinds[i].prefix)) {
			*word = token + strlen(kinds[i].prefix);
			return xasprintf("%s %s", kinds[i].line, *word);
		}
	return NULL;
}

static void wished_tokens(const struct wish *wish, struct strv *ret)
{
	for (size_t i = 0; i < wish->options.len; i++)
		strv_addf(ret, OPTION "%s", wish->options.items[i]);
	for (size_t i = 0; wish->blacklist && i < wish->idle_modules.len; i++)
		strv_addf(ret, BLACKLIST "%s", wish->idle_modules.items[i]);
}

void modprobe_plan_lines(struct kmod_set *set, const struct wish *wish, struct strv *owned)
{
	auto_strv struct strv wished = STRV_INIT;
	const char *word;

	wished_tokens(wish, &wished);
	for (size_t i = 0; i < wish->owned.len; i++) {
		const char *token = wish->owned.items[i];
		auto_free char *line = token_line(token, &word);

		if (line && strv_has(&wished, token))
			strv_add(owned, token);
		else if (line)
			remove_line(set, line);
	}
	for (size_t i = 0; i < wished.len; i++) {
		auto_free char *line = token_line(wished.items[i], &word);
		bool holds = text_starts_with(wished.items[i], OPTION)
				     ? modprobe_option_holds(set, word)
				     : modprobe_is_blacklisted(set, word);

		if (holds)
			continue;
		kmod_file_append(kmod_set_file(set, KMOD_VFIO_NAME), line);
		if (!strv_has(owned, wished.items[i]))
			strv_add(owned, wished.items[i]);
	}
}
