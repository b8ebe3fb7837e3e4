/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a recording apart line by line, and unpacks it only when every line is sound. */
#include "machine/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/recording_parts.h"

/* One "file", "link" or "dir". */
struct section {
	char kind; /* 'f', 'x' (a file in hexadecimal), 'l', 'd' */
	size_t line;
	char *path, *target;
	mode_t mode;
	struct str content;
};

struct recording {
	struct recording_table table;
	struct section *sections;
	size_t len, cap;
	bool in_file; /* the last line belongs to the last section, a file */
};

static void recording_release(struct recording *r)
{
	recording_table_release(&r->table);
	for (size_t i = 0; i < r->len; i++) {
		free(r->sections[i].path);
		free(r->sections[i].target);
		str_release(&r->sections[i].content);
	}
	free(r->sections);
}

static struct section *add_section(struct recording *r, char kind, size_t line, const char *path)
{
	r->sections = grow(r->sections, r->len, &r->cap, sizeof(*r->sections));
	r->sections[r->len] = (struct section){.kind = kind,
					       .line = line,
					       .path = xstrdup(path),
					       .target = NULL,
					       .mode = kind == 'd' ? 0755 : 0644,
					       .content = STR_INIT};
	return &r->sections[r->len++];
}

static bool octal_mode(const char *s, mode_t *ret)
{
	unsigned v = 0;

	if (!*s || strlen(s) > 4 || s[strspn(s, "01234567")])
		return false;
	for (; *s; s++)
		v = v * 8 + (unsigned)(*s - '0');
	*ret = v;
	return v <= 0777;
}

/* file PATH [MODE], link PATH TARGET, dir PATH; `words` begins at the path. */
static int section_line(struct recording *r, char kind, size_t line, const char *words,
			struct err *reterr)
{
	auto_free char *path = xstrndup(words, strcspn(words, " "));
	const char *rest = words + strlen(path);
	struct section *s;

	while (*rest == ' ')
		rest++;
	if (!tree_path_is_clean(path))
		return err_set(reterr, -EINVAL,
			       "the path \"%s\" is not absolute, or has an empty, \".\" or \"..\" "
			       "component",
			       path);
	if (kind == 'l' && !*rest)
		return err_set(reterr, -EINVAL, "a link needs a path and a target");
	s = add_section(r, kind, line, path);
	if (kind == 'l')
		s->target = xstrdup(rest);
	else if (*rest && (kind == 'd' || !octal_mode(rest, &s->mode)))
		return err_set(reterr, -EINVAL, "\"%s\" behind the path is no octal mode", rest);
	r->in_file = kind == 'f' || kind == 'x';
	return 0;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Pairs of digits; whatever else there is ends them. */
static void add_hex(struct str *content, const char *line, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		int high = digit(line[i]), low = digit(line[i + 1]);

		if (high < 0 || low < 0)
			return;
		str_addc(content, (char)(high << 4 | low));
	}
}

/* A line of the file that was begun; false when it belongs to something else. */
static bool content_line(struct recording *r, const char *line, size_t len)
{
	struct str *content;

	if (!r->in_file || !len)
		return false;
	content = &r->sections[r->len - 1].content;
	if (line[0] == '|' && r->sections[r->len - 1].kind == 'x') {
		add_hex(content, line + 1, len - 1);
		return true;
	}
	if (line[0] == '|') {
		str_add(content, line + 1, len - 1);
		str_addc(content, '\n');
		return true;
	}
	if (len == 1 && line[0] == '\\') {
		if (content->len)
			str_truncate(content, content->len - 1);
		r->in_file = false;
		return true;
	}
	return false;
}

static int one_line(struct recording *r, const char *line, size_t len, size_t n, struct err *reterr)
{
	static const struct {
		const char *word;
		char kind;
	} words[] = {{"file ", 'f'}, {"hex ", 'x'}, {"link ", 'l'}, {"dir ", 'd'}};
	auto_free char *text = NULL;

	if (content_line(r, line, len))
		return 0;
	r->in_file = false;
	if (!len)
		return 0;
	if (memchr(line, '\0', len))
		return err_set(reterr, -EINVAL, "there is a NUL byte");
	text = xstrndup(line, len);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (text_starts_with(text, words[i].word))
			return section_line(r, words[i].kind, n, text + strlen(words[i].word),
					    reterr);
	return recording_table_line(&r->table, text, reterr);
}

static int parse(struct recording *r, const char *text, size_t len, struct err *reterr)
{
	const char *end = text + len;
	size_t n = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline ? newline : end) - text);
		int err = one_line(r, text, line_len, ++n, reterr);

		if (err < 0)
			return err_wrap(reterr, err,
					"line %zu of the recording (nothing was unpacked)", n);
		text += line_len + (newline ? 1 : 0);
	}
	return recording_table_place(&r->table, reterr);
}

static void write_section(struct tree *tree, const struct section *s)
{
	if (s->kind == 'f' || s->kind == 'x')
		tree_file(tree, s->path, s->content.data, s->content.len, s->mode);
	else if (s->kind == 'l')
		tree_link(tree, s->path, s->target);
	else
		tree_dir(tree, s->path, s->mode);
}

static int write_tree(const struct recording *r, const char *dir, struct err *reterr)
{
	struct tree tree;
	int err = tree_open(&tree, dir, reterr);

	if (err < 0)
		return err;
	recording_write_sysfs(&tree, &r->table);
	if (tree.error)
		err = err_set(reterr, tree.error, "%s", tree.err.text);
	for (size_t i = 0; i < r->len && !err; i++) {
		write_section(&tree, &r->sections[i]);
		if (tree.error)
			err = err_set(reterr, tree.error, "line %zu of the recording: %s",
				      r->sections[i].line, tree.err.text);
	}
	tree_close(&tree);
	return err;
}

int recording_unpack(const char *text, size_t len, const char *dir, struct err *reterr)
{
	struct recording r = {.table = RECORDING_TABLE_INIT, .sections = NULL, .len = 0, .cap = 0};
	int err = parse(&r, text, len, reterr);

	if (!err)
		err = write_tree(&r, dir, reterr);
	recording_release(&r);
	return err;
}
