/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const known_keys[] = {
	"title",       "version", "machine-id",         "sort-key",     "linux",      "initrd",
	"efi",         "options", "devicetree",         "architecture", "uki",        "uki-url",
	"extra",       "profile", "devicetree-overlay", "grub_users",   "grub_class", "grub_arg",
	"grub_hotkey", "id",      "aboot-cfg",          "blsver",
};

static bool is_known(const char *line, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++)
		if (strlen(known_keys[i]) == n && !memcmp(known_keys[i], line, n))
			return true;
	return false;
}

/* Cuts a line into key and value; false for comments and empty lines. */
static bool cut_line(const struct text_line *l, size_t *key, size_t *key_len, size_t *value)
{
	size_t end = text_line_length(l);

	*key = strspn(l->data, " \t");
	if (*key >= end || l->data[*key] == '#')
		return false;
	*key_len = strcspn(l->data + *key, " \t\r\n");
	*value = *key + *key_len;
	*value += strspn(l->data + *value, " \t");
	*value = *value < end ? *value : end;
	return true;
}

static bool is_key(const struct text_line *l, size_t key, size_t n, const char *name)
{
	return strlen(name) == n && !memcmp(l->data + key, name, n);
}

/* "arch+3-1.conf" is arch.conf with tries left (systemd.io/AUTOMATIC_BOOT_ASSESSMENT). */
static char *plain_name(const char *file)
{
	const char *plus = strrchr(file, '+');
	const char *rest = plus ? plus + 1 + strspn(plus + 1, "0123456789-") : NULL;

	if (plus && rest > plus + 1 && !strcmp(rest, ".conf"))
		return xasprintf("%.*s.conf", (int)(plus - file), file);
	return xstrdup(file);
}

static void read_line(struct entry *e, const struct text_line *l, size_t number, bool *in_options)
{
	size_t key, n, value;
	auto_free char *text = NULL;

	if (!cut_line(l, &key, &n, &value))
		return;
	text = xstrndup(l->data + value, text_line_length(l) - value);
	if (!is_known(l->data + key, n)) {
		if (*in_options && !e->wrapped)
			e->wrapped = number;
		return;
	}
	*in_options = is_key(l, key, n, "options") && value > key + n;
	if (*in_options) {
		strv_add(&e->options, text);
	} else if (is_key(l, key, n, "linux")) {
		e->linux = true;
		free(e->kernel);
		e->kernel = xstrdup(text);
	} else if (is_key(l, key, n, "initrd")) {
		e->fallback |= strstr(text, "fallback") != NULL;
		free(e->initrd);
		e->initrd = xstrdup(text);
	} else if (is_key(l, key, n, "version") && !e->version) {
		e->version = xstrdup(text);
	}
}

static void parse(struct entry *e, const char *file, const char *bytes, size_t len)
{
	bool in_options = false;

	e->name = plain_name(file);
	e->fallback = strstr(file, "fallback") || strstr(file, "rescue") ||
		      strstr(file, "without-passthrough");
	text_parse(&e->text, bytes, len);
	for (size_t i = 0; i < e->text.len; i++)
		read_line(e, &e->text.lines[i], i + 1, &in_options);
	if (memchr(bytes, '\0', len))
		e->linux = false; /* no text: nothing to edit */
}

/* /efi may be a link to /boot: the same file with the same bytes. */
static bool is_seen(const struct entries *all, const char *file, const char *bytes, size_t len)
{
	for (size_t i = 0; i < all->len; i++) {
		auto_str struct str text = STR_INIT;

		text_join(&all->items[i].text, &text);
		if (!strcmp(strrchr(all->items[i].path, '/') + 1, file) && text.len == len &&
		    !memcmp(text.data, bytes, len))
			return true;
	}
	return false;
}

static int read_dir(struct files *files, const char *dir, struct entries *ret, struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = files_list(files, dir, ".conf", &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);
		const char *bytes;
		size_t len;
		struct entry *e;

		r = files_get(files, path, &bytes, &len, reterr);
		if (r < 0 || is_seen(ret, names.items[i], bytes, len))
			continue;
		ret->items = grow(ret->items, ret->len, &ret->cap, sizeof(*ret->items));
		e = &ret->items[ret->len++];
		*e = (struct entry){.path = xstrdup(path)};
		parse(e, names.items[i], bytes, len);
	}
	return r;
}

int entries_read(struct files *files, struct entries *ret, struct err *reterr)
{
	static const char *const dirs[] = {"/boot/loader/entries", "/efi/loader/entries",
					   "/boot/efi/loader/entries"};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(dirs); i++)
		r = read_dir(files, dirs[i], ret, reterr);
	return r;
}

void entries_release(struct entries *e)
{
	for (size_t i = 0; i < e->len; i++) {
		free(e->items[i].path);
		free(e->items[i].name);
		free(e->items[i].version);
		free(e->items[i].kernel);
		free(e->items[i].initrd);
		text_release(&e->items[i].text);
		strv_release(&e->items[i].options);
	}
	free(e->items);
	*e = (struct entries)ENTRIES_INIT;
}

char *entry_line(const struct entry *e)
{
	return strv_join(&e->options, " ");
}

void entry_set_options(struct entry *e, const struct strv *options)
{
	size_t done = 0;

	for (size_t i = 0; i < e->text.len && done < options->len; i++) {
		size_t key, n, value;

		if (!cut_line(&e->text.lines[i], &key, &n, &value) ||
		    !is_key(&e->text.lines[i], key, n, "options") || value == key + n)
			continue;
		text_replace(&e->text, i, value, text_line_length(&e->text.lines[i]) - value,
			     options->items[done], strlen(options->items[done]));
		done++;
	}
}

bool entries_counts(const struct entries *all, const struct entry *e)
{
	if (!e->linux || !e->fallback)
		return e->linux;
	for (size_t i = 0; i < all->len; i++)
		if (all->items[i].linux && !all->items[i].fallback)
			return false;
	return true;
}

void entries_lines(const struct entries *e, struct strv *ret)
{
	for (size_t i = 0; i < e->len; i++)
		if (entries_counts(e, &e->items[i]))
			strv_take(ret, entry_line(&e->items[i]));
}
