/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/shell_vars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/shell_eval.h"
#include "config/shell_parse.h"

#define ITEMS_MAX 4096

static void items_release(struct shell_vars *v)
{
	for (size_t i = 0; i < v->len; i++) {
		free(v->items[i].name);
		strv_release(&v->items[i].words);
		free(v->items[i].elements);
	}
	free(v->items);
	free(v->blinds);
	v->items = NULL;
	v->blinds = NULL;
	v->len = v->cap = v->blinds_len = v->blinds_cap = 0;
}

void shell_vars_release(struct shell_vars *v)
{
	items_release(v);
	str_release(&v->bytes);
	free(v->path);
	v->path = NULL;
}

size_t shell_vars_line(const struct shell_vars *v, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at && i < v->bytes.len; i++)
		line += v->bytes.data[i] == '\n';
	return line;
}

/* NAME+=value in dash, which takes it for a command. */
static bool is_no_assignment(const struct shell_vars *v, const struct shell_assignment *x)
{
	return x->append && v->dialect == SHELL_DASH;
}

/* Does anything in the file but item `i` itself have a say in the variable's final value? */
static bool decides(const struct shell_vars *v, size_t i)
{
	const struct shell_assignment *x = &v->items[i];

	if (x->conditional || x->append || x->element || x->unset ||
	    (!x->array && shell_is_ever_array(v, x->name)))
		return false;
	for (size_t k = i + 1; k < v->len; k++)
		if (!strcmp(v->items[k].name, x->name) && !is_no_assignment(v, &v->items[k]))
			return false;
	for (size_t k = 0; k < v->blinds_len; k++)
		if (v->blinds[k].for_good || v->blinds[k].at >= x->start)
			return false;
	return true;
}

/* Each assignment is weighed against the others: a file that makes this long is made for that. */
static int check_count(const struct shell_vars *v, struct err *reterr)
{
	if (v->len <= ITEMS_MAX)
		return 0;
	return err_set(reterr, -EINVAL, "%s, line %zu: more than %d assignments are not followed",
		       v->path, shell_vars_line(v, v->items[ITEMS_MAX].start), ITEMS_MAX);
}

/* The 1-based line of a byte, counted on from the place that was asked for last. */
static size_t next_line(const struct shell_vars *v, size_t *counted, size_t line, size_t at)
{
	for (; *counted < at && *counted < v->bytes.len; ++*counted)
		line += v->bytes.data[*counted] == '\n';
	return line;
}

static int parse(struct shell_vars *v, struct err *reterr)
{
	struct shell_parser p = {
		.s = v->bytes.data, .len = v->bytes.len, .dialect = v->dialect, .out = v};
	bool ok = shell_parse_file(&p);
	size_t counted = 0, line = 1;
	int r;

	shell_parser_release(&p);
	if (!ok) {
		items_release(v);
		return err_set(reterr, -EINVAL, "%s, line %zu: %s", v->path,
			       shell_vars_line(v, p.error_at), p.error);
	}
	r = check_count(v, reterr);
	if (r < 0) {
		items_release(v);
		return r;
	}
	for (size_t i = 0; i < v->len; i++) {
		v->items[i].line = line = next_line(v, &counted, line, v->items[i].start);
		v->items[i].decides = decides(v, i);
		shell_eval_literal(v, &v->items[i]);
	}
	return 0;
}

int shell_vars_parse(struct shell_vars *v, const char *bytes, size_t len,
		     enum shell_dialect dialect, const char *path, struct err *reterr)
{
	*v = (struct shell_vars){.dialect = dialect, .path = xstrdup(path)};
	str_init(&v->bytes);
	str_add(&v->bytes, bytes, len);
	return parse(v, reterr);
}

int shell_vars_splice(struct shell_vars *v, size_t from, size_t to, const char *with,
		      size_t with_len, struct err *reterr)
{
	struct str bytes = STR_INIT;

	str_add(&bytes, v->bytes.data, from);
	str_add(&bytes, with, with_len);
	str_add(&bytes, v->bytes.data + to, v->bytes.len - to);
	str_release(&v->bytes);
	v->bytes = bytes;
	items_release(v);
	return parse(v, reterr);
}

const struct shell_assignment *shell_vars_last(const struct shell_vars *v, const char *name)
{
	for (size_t i = v->len; i-- > 0;)
		if (!strcmp(v->items[i].name, name) && !v->items[i].unset &&
		    !is_no_assignment(v, &v->items[i]))
			return &v->items[i];
	return NULL;
}

bool shell_vars_value(const struct shell_vars *v, const char *name, struct strv *ret)
{
	return shell_eval(v, name, ret);
}
