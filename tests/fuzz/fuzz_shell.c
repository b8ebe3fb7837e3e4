/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shell words and kernel parameters from strangers: what was quoted reads back as the
 * same bytes (by a small reader of POSIX quotes; the real shells read them in
 * tests/unit/test_shell.c), and cut parameters put together again mean the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

/* XCU 2.2.1 to 2.2.3, for one word; anything that a shell would act on is a failure. */
static void unquote(const char *s, struct str *out)
{
	static const char active[] = " \t\n'\"\\$`|&;<>()*?[]{}~#!^";
	char quote = 0;

	for (; *s; s++) {
		if (quote == '\'' && *s != '\'') {
			str_addc(out, *s);
		} else if (*s == '\\') {
			need(s[1] && (!quote || strchr("\\\"$`", s[1])));
			str_addc(out, *++s);
		} else if (*s == quote) {
			quote = 0;
		} else if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s;
		} else {
			need(quote ? !strchr("$`", *s) : !strchr(active, *s));
			str_addc(out, *s);
		}
	}
	need(!quote);
}

static void check_quotes(const char *word)
{
	auto_str struct str quoted = STR_INIT;
	auto_str struct str back = STR_INIT;

	shell_quote(&quoted, word);
	need(quoted.len > 0);
	unquote(quoted.data, &back);
	need(!strcmp(back.data, word));
	str_clear(&quoted);
	str_clear(&back);
	str_addc(&quoted, '"');
	shell_escape_double(&quoted, word);
	str_addc(&quoted, '"');
	unquote(quoted.data, &back);
	need(!strcmp(back.data, word));
}

static void check_params(const char *line)
{
	auto_strv struct strv params = STRV_INIT;
	auto_strv struct strv again = STRV_INIT;
	auto_free char *joined = NULL;

	kernel_params_split(&params, line);
	joined = strv_join(&params, " ");
	kernel_params_split(&again, joined);
	need(strv_equal(&params, &again));
	for (size_t i = 0; i < params.len; i++) {
		auto_free char *value = kernel_params_value(params.items[i], "iommu");

		need(kernel_param_equal(params.items[i], params.items[i]));
		need(!value || kernel_param_has_key(params.items[i], "iommu"));
	}
	free(kernel_params_value(line, "iommu"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);

	check_quotes(text);
	check_params(text);
	return 0;
}
