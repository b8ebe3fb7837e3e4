/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that a shell sources, in both dialects: every span lies in the file, a literal value
 * that is quoted anew means the same, and a word added to a list goes again to the former bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "config/shell_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void check_spans(const struct shell_vars *v)
{
	size_t last = 0;

	for (size_t i = 0; i < v->len; i++) {
		const struct shell_assignment *x = &v->items[i];

		need(x->start >= last && x->start < x->end && x->end <= v->bytes.len);
		need(x->start <= x->value_start && x->value_start <= x->value_end &&
		     x->value_end <= x->end);
		need(!strncmp(v->bytes.data + x->start, x->name, strlen(x->name)));
		need(!x->array || !x->literal || x->elements_len == x->words.len);
		need(x->array || !x->literal || x->words.len == 1);
		for (size_t k = 0; k < x->elements_len; k++)
			need(x->elements[k].from < x->elements[k].to &&
			     x->elements[k].to < x->value_end);
		last = x->start;
	}
}

/* The literal string value in other quotes has to come to the same. */
static void check_literal(const struct shell_vars *v, size_t i)
{
	const struct shell_assignment *x = &v->items[i];
	auto_strv struct strv was = STRV_INIT;
	auto_strv struct strv is = STRV_INIT;
	auto_str struct str quoted = STR_INIT;
	struct shell_vars copy;
	bool known;

	if (!x->literal || x->array || x->element)
		return;
	known = shell_vars_value(v, x->name, &was);
	shell_quote(&quoted, x->words.items[0]);
	need(!shell_vars_parse(&copy, v->bytes.data, v->bytes.len, v->dialect, "/f", NULL));
	need(!shell_vars_splice(&copy, x->value_start, x->value_end, quoted.data, quoted.len,
				NULL));
	need(copy.len == v->len && copy.items[i].literal);
	need(!strcmp(copy.items[i].words.items[0], x->words.items[0]));
	need(known == shell_vars_value(&copy, x->name, &is) && strv_equal(&was, &is));
	shell_vars_release(&copy);
}

static void check_words(const struct shell_vars *v, const char *name, enum shell_place place)
{
	auto_strv struct strv words = STRV_INIT;
	auto_strv struct strv was = STRV_INIT;
	auto_strv struct strv is = STRV_INIT;
	struct shell_vars copy;

	strv_add(&words, "added.one");
	strv_add(&words, "added.two");
	shell_words_list(v, name, &was);
	if (!shell_words_editable(v, name) || strv_has(&was, "added.one") ||
	    strv_has(&was, "added.two"))
		return;
	need(!shell_vars_parse(&copy, v->bytes.data, v->bytes.len, v->dialect, "/f", NULL));
	need(!shell_words_add(&copy, name, &words, place, NULL));
	shell_words_list(&copy, name, &is);
	if (place == SHELL_FIRST)
		need(is.len == was.len + 2 && !strcmp(is.items[0], "added.one"));
	need(!shell_words_remove(&copy, name, "added.two", NULL));
	need(!shell_words_remove(&copy, name, "added.one", NULL));
	if (strv_has(
		    &is,
		    "added.two")) /* else a quote in the value swallowed it, and the target refuses */
		need(str_equal(&v->bytes, &copy.bytes));
	shell_vars_release(&copy);
}

static void check(const char *bytes, size_t len, enum shell_dialect dialect)
{
	struct err err = ERR_INIT;
	struct shell_vars v;

	if (shell_vars_parse(&v, bytes, len, dialect, "/f", &err) < 0) {
		need(!strncmp(err.text, "/f, line ", strlen("/f, line ")));
		shell_vars_release(&v);
		return;
	}
	need(v.bytes.len == len && !memcmp(v.bytes.data, bytes, len));
	check_spans(&v);
	for (size_t i = 0; i < v.len && i < 20; i++) {
		check_literal(&v, i);
		check_words(&v, v.items[i].name, SHELL_FIRST);
		check_words(&v, v.items[i].name, SHELL_LAST);
	}
	shell_vars_release(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size, SHELL_DASH);
	check((const char *)data, size, SHELL_BASH);
	return 0;
}
