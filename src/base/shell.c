/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/shell.h"

#include <string.h>

#include "base/mem.h"

/* Letters, digits and these mean nothing to a shell; a leading '=' does to zsh. */
static bool is_plain(const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_@%+=:,./-";

	return s[0] && s[0] != '=' && !s[strspn(s, plain)];
}

static void quote_always(struct str *out, const char *s)
{
	str_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			str_adds(out, "'\\''");
		else
			str_addc(out, *s);
	}
	str_addc(out, '\'');
}

void shell_quote(struct str *out, const char *s)
{
	if (is_plain(s))
		str_adds(out, s);
	else
		quote_always(out, s);
}

void shell_escape_double(struct str *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("\\\"$`", *s))
			str_addc(out, '\\');
		str_addc(out, *s);
	}
}

void shell_join(struct str *out, const struct strv *argv)
{
	for (size_t i = 0; i < argv->len; i++) {
		if (i)
			str_addc(out, ' ');
		/* NAME=value would be an assignment where the command is expected. */
		if (!i && strchr(argv->items[i], '='))
			quote_always(out, argv->items[i]);
		else
			shell_quote(out, argv->items[i]);
	}
}

/* The kernel's isspace() (lib/ctype.c) counts the no-break space of Latin-1 too. */
static bool is_kernel_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

static size_t param_length(const char *s)
{
	bool in_quote = false;
	size_t n;

	for (n = 0; s[n] && (in_quote || !is_kernel_space(s[n])); n++)
		if (s[n] == '"')
			in_quote = !in_quote;
	return n;
}

void kernel_params_split(struct strv *v, const char *line)
{
	for (;;) {
		size_t n;

		while (is_kernel_space(*line))
			line++;
		n = param_length(line);
		if (!n)
			return;
		strv_addn(v, line, n);
		line += n;
	}
}

/* One parameter as next_arg() of lib/cmdline.c cuts it. */
struct param {
	const char *key;
	size_t key_len;
	const char *value; /* NULL: there is no '=' */
	size_t value_len;
};

static struct param param_cut(const char *s)
{
	bool quoted = *s == '"';
	const char *args = quoted ? s + 1 : s;
	const char *end = args + strlen(args);
	const char *equals = *args ? strchr(args + 1, '=') : NULL;
	struct param p = {.key = args, .key_len = (size_t)(end - args)};

	if (equals) {
		p.key_len = (size_t)(equals - args);
		p.value = equals + 1;
	}
	if (p.value && *p.value == '"') {
		p.value++;
		if (end > p.value && end[-1] == '"')
			end--;
	} else if (quoted && end > args && end[-1] == '"') {
		end--;
	}
	if (p.value)
		p.value_len = (size_t)(end - p.value);
	else
		p.key_len = (size_t)(end - args);
	return p;
}

/* As the kernel's parameqn() (kernel/params.c): '-' and '_' are one. */
static bool keys_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++) {
		char x = a[i] == '-' ? '_' : a[i];
		char y = b[i] == '-' ? '_' : b[i];

		if (x != y)
			return false;
	}
	return true;
}

bool kernel_param_has_key(const char *param, const char *key)
{
	struct param p = param_cut(param);

	return keys_equal(p.key, p.key_len, key, strlen(key));
}

bool kernel_param_equal(const char *a, const char *b)
{
	struct param x = param_cut(a);
	struct param y = param_cut(b);

	if (!keys_equal(x.key, x.key_len, y.key, y.key_len))
		return false;
	if (!x.value || !y.value)
		return !x.value && !y.value;
	return x.value_len == y.value_len && !memcmp(x.value, y.value, x.value_len);
}

char *kernel_params_value(const char *line, const char *key)
{
	auto_strv struct strv params = STRV_INIT;
	char *value = NULL;

	kernel_params_split(&params, line);
	for (size_t i = 0; i < params.len; i++) {
		struct param p = param_cut(params.items[i]);

		/* What follows belongs to init (parse_args() of kernel/params.c). */
		if (!strcmp(params.items[i], "--"))
			break;
		if (!keys_equal(p.key, p.key_len, key, strlen(key)))
			continue;
		cleanup_free(&value);
		value = p.value ? xstrndup(p.value, p.value_len) : xstrdup("");
	}
	return value;
}
