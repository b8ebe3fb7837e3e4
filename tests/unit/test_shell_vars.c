/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shell_vars says a variable holds is what bash and dash make of the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/shell_vars.h"
#include "../support/samples.h"
#include "../support/shells.h"

/* The shells, and the dialect that must agree with each. */
static const struct shell {
	const char *name;
	enum shell_dialect dialect;
} shells[] = {{"dash", SHELL_DASH}, {"bash", SHELL_BASH}, {"sh", SHELL_BASH}};

/* --- known values, as a table --------------------------------------------------------- */

#define UNKNOWN "?" /* can't be told */
#define BROKEN "!"  /* the file is refused */
#define BOTH(x) x, x

static const struct {
	const char *text;
	const char *dash, *bash; /* words of V joined by "|", or one of the above */
} table[] = {
	{"V=a", BOTH("a")},
	{"V=", BOTH("")},
	{"", BOTH("(unset)")},
	{"V='a b'", BOTH("a b")},
	{"V=\"a \\\"b\\\" \\$c \\\\ \\x\"", BOTH("a \"b\" $c \\ \\x")},
	{"V=\"quiet \"'splash 'loglevel=3", BOTH("quiet splash loglevel=3")},
	{"V=quiet\\ splash", BOTH("quiet splash")},
	{"V=\"a \\\nb\"\n", BOTH("a b")},
	{"V=a\\\nb\n", BOTH("ab")},
	{"V='a\\\nb'\n", BOTH("a\\\nb")},
	{"V=\"a\"\r\n", BOTH("a\r")},
	{"V=\"a\" # b", BOTH("a")},
	{"V=a#b", BOTH("a#b")},
	{"# V=a\n  V=b", BOTH("b")},
	{"V=a; W=b; V=c", BOTH("c")},
	{"V=a && V=b", BOTH(UNKNOWN)},
	{"export V=\"a b\"", BOTH("a b")},
	{"export V", BOTH("(unset)")},
	{"V=a\nV+=b", "a", "ab"},
	{"V+=b", "(unset)", "b"},
	{"V=a\nV=\"$V b\"", BOTH("a b")},
	{"V=\"$V b\"", BOTH(" b")},
	{"W=a\nV=\"${W} b$W\"", BOTH("a ba")},
	{"V=\"$W b\"", BOTH(UNKNOWN)}, /* W may come from the environment */
	{"V=a$", BOTH("a$")},
	{"V=\"a$ b\"", BOTH("a$ b")},
	{"V=$1", BOTH(UNKNOWN)},
	{"V=`echo a`", BOTH(UNKNOWN)},
	{"V=$(echo a)\nV=b", BOTH("b")},
	{"V=a\nW=$(case x in a) V=b;; esac)", BOTH("a")},
	{"V=a\n. /nowhere/x", BOTH(UNKNOWN)},
	{"eval true\nV=a", BOTH(UNKNOWN)},
	{"if true; then V=b; fi", BOTH(UNKNOWN)},
	{"if true; then W=b; fi; V=a", BOTH("a")},
	{"f() { V=b; }; V=a", BOTH("a")},
	{"V=a; f() { V=b; }; echo", BOTH(UNKNOWN)},
	{"V=a; (V=b)", BOTH(UNKNOWN)},
	{"{ V=a; }", BOTH("a")},
	{"V=a | cat", BOTH(UNKNOWN)},
	{"V=a &", BOTH(UNKNOWN)},
	{"V=a true", BOTH(UNKNOWN)},
	{"V=a\nunset V", BOTH("(unset)")},
	{"V=~/x", BOTH(UNKNOWN)},
	{"V=a\n: ${V:=b}", BOTH(UNKNOWN)},
	{"W=${V:-b}\nV=a", BOTH("a")},
	{"cat <<E\nV=b\nE\nV=a", BOTH("a")},
	{"cat <<'E'\nV=$(\nE\nV=a", BOTH("a")},
	{"cat <<-E\n\tV=b\n\tE\nV=a", BOTH("a")},
	{"V=\"a", BOTH(BROKEN)},
	{"V='a", BOTH(BROKEN)},
	{"V=a\nif true; then", BOTH(BROKEN)},
	{"cat <<E\nV=a\n", BOTH(BROKEN)},
	{"V=a\\", BOTH(BROKEN)},
	{"V=a \\\n", BOTH(BROKEN)},
	{"V=$(echo", BOTH(BROKEN)},
	{"V=`echo", BOTH(BROKEN)},
	{"fi", BOTH(BROKEN)},
	{"V=a )", BOTH(BROKEN)},
	{"V=(a b)", BROKEN, "a|b"},
	{"V=()", BROKEN, ""},
	{"V=( a\n\t'b c' # d\n\"e\"\n)", BROKEN, "a|b c|e"},
	{"V=(a)\nV+=(b c)", BROKEN, "a|b|c"},
	{"V=\"a b\"\nV=(x ${V[@]})", BROKEN, "x|a|b"},
	{"V=\"a b\"\nV=(x \"${V[@]}\")", BROKEN, "x|a b"},
	{"V=(a b)\nV=(x \"${V[@]}\")", BROKEN, "x|a|b"},
	{"V=(x ${V[@]})", BROKEN, "x"},
	{"V=(a)\nV+=b", BROKEN, "ab"},
	{"V=a\nV+=(b)", BROKEN, "a|b"},
	{"V=(a*)", BROKEN, UNKNOWN},
	{"V=({a,b})", BROKEN, UNKNOWN},
	{"V=(a)\nif true; then V+=(b); fi", BROKEN, UNKNOWN},
	{"V=(a)\nV[1]=b", BROKEN, UNKNOWN},
	{"V=(a", BOTH(BROKEN)},
};

static char *told(const char *text, enum shell_dialect dialect)
{
	auto_strv struct strv words = STRV_INIT;
	struct shell_vars v;
	char *ret;

	if (shell_vars_parse(&v, text, strlen(text), dialect, "/f", NULL) < 0)
		ret = xstrdup(BROKEN);
	else if (!shell_vars_value(&v, "V", &words))
		ret = xstrdup(UNKNOWN);
	else if (!words.len && !shell_vars_last(&v, "V"))
		ret = xstrdup("(unset)");
	else
		ret = strv_join(&words, "|");
	shell_vars_release(&v);
	return ret;
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		auto_free char *dash = told(table[i].text, SHELL_DASH);
		auto_free char *bash = told(table[i].text, SHELL_BASH);
		bool unset = !strcmp(table[i].dash, "(unset)");

		if (!(unset && !strcmp(dash, "")) && strcmp(dash, table[i].dash))
			fail_msg("dash, %s: \"%s\" instead of \"%s\"", table[i].text, dash,
				 table[i].dash);
		unset = !strcmp(table[i].bash, "(unset)");
		if (!(unset && !strcmp(bash, "")) && strcmp(bash, table[i].bash))
			fail_msg("bash, %s: \"%s\" instead of \"%s\"", table[i].text, bash,
				 table[i].bash);
	}
}

/* --- against the shells ------------------------------------------------------------------- */

static size_t known, unknown, refused;

static void fail_value(const struct shell *sh, const char *bytes, const char *name,
		       const struct strv *ours, const struct strv *real)
{
	auto_free char *a = strv_join(ours, "|");
	auto_free char *b = strv_join(real, "|");

	fail_msg("%s: %s is \"%s\" (%zu words), not \"%s\" (%zu), in:\n%s", sh->name, name, b,
		 real->len, a, ours->len, bytes);
}

static void hold_against(const struct shell *sh, const char *bytes, size_t len)
{
	auto_strv struct strv names = STRV_INIT;
	struct shell_vars v;
	struct strv *ours, *real;
	bool *knows, ended;

	if (shell_vars_parse(&v, bytes, len, sh->dialect, "/f", NULL) < 0) {
		refused++;
		shell_vars_release(&v);
		return;
	}
	for (size_t i = 0; i < v.len; i++)
		strv_add_unique(&names, v.items[i].name);
	ours = xcalloc(names.len + 1, sizeof(*ours));
	real = xcalloc(names.len + 1, sizeof(*real));
	knows = xcalloc(names.len + 1, sizeof(*knows));
	for (size_t i = 0; i < names.len; i++)
		knows[i] = shell_vars_value(&v, names.items[i], &ours[i]);
	ended = shells_values(sh->name, bytes, len, &names, real);
	if (!ended && !v.blinds_len) /* a file that ends the shell, such as a missing one sourced */
		fail_msg("%s does not read to the end, in:\n%s", sh->name, bytes);
	for (size_t i = 0; i < names.len; i++) {
		if (ended && knows[i] && !strv_equal(&ours[i], &real[i]))
			fail_value(sh, bytes, names.items[i], &ours[i], &real[i]);
		knows[i] ? known++ : unknown++;
		strv_release(&ours[i]);
		strv_release(&real[i]);
	}
	free(ours);
	free(real);
	free(knows);
	shell_vars_release(&v);
}

static void hold_against_all(const char *bytes, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		hold_against(&shells[i], bytes, len);
}

static void test_shells_agree_on_table(void **state)
{
	(void)state;
	if (!shells_have("dash") || !shells_have("bash"))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		hold_against_all(table[i].text, strlen(table[i].text));
}

static void hold_sample(const char *path, const char *bytes, size_t len, void *data)
{
	(void)path;
	(void)data;
	hold_against_all(bytes, len);
}

static void test_shells_agree_on_samples(void **state)
{
	static const char *const folders[] = {"grub", "mkinitcpio", "mkinitcpio-preset", "dracut",
					      "limine"};
	size_t files = 0;

	(void)state;
	if (!shells_have("dash") || !shells_have("bash"))
		skip();
	known = unknown = refused = 0;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		files += samples_each(folders[i], hold_sample, NULL);
	printf("measured: shell values of %zu sample files: %zu equal, %zu left unknown, %zu files "
	       "refused\n",
	       files, known, unknown, refused);
}

/* --- generated files ------------------------------------------------------------------------ */

static uint64_t seed;

static size_t below(size_t n)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (size_t)(seed >> 33) % n;
}

/* Pieces that meet in every order; %N, %W stand for a name and a value. */
static const char *const pieces[] = {
	"%N=%W\n",
	"%N=%W\n",
	"%N=%W\n",
	"%N=%W;",
	"%N=%W ",
	" \t%N=%W # c\n",
	"export %N=%W\n",
	"%N+=%W\n",
	"%N+=(%W %W)\n",
	"%N=(%W\n # x\n %W)\n",
	"%N=(x ${%N[@]})\n",
	"%N=(\"${%N[@]}\" %W)\n",
	"unset %N\n",
	"if true; then %N=%W; fi\n",
	"true && %N=%W\n",
	"false || %N=%W\n",
	"{ %N=%W; }\n",
	"( %N=%W )\n",
	"%N=%W | cat\n",
	"f() { %N=%W; }\n",
	"for %N in a b; do :; done\n",
	"case a in a) %N=%W;; esac\n",
	": %W\n",
	"echo %W >/dev/null\n",
	"cat <<E\n%N=%W\nE\n",
	"\\\n",
	"\n",
	"; ",
	"# c\n",
	"\r\n",
	"! %N=%W\n",
	"%N=%W :\n",
	"while false; do %N=%W; done\n",
	"declare %N=%W\n",
	"true & ",
	"%N=$(echo %W)\n",
	"f\n",
	"{ %N=%W\n}\n",
	"[ a = b ] || %N=%W\n",
	"[[ a == b ]] || %N=%W\n",
};
static const char *const values[] = {
	"a",        "",      "'b c'",         "\"d e\"", "\"$A\"",         "\"${B} x\"",
	"$C",       "a\\ b", "\"a\\\nb\"",    "'a\nb'",  "\"\\$\\x\\\\\"", "a$",
	"\"q\"'r'", "~",     "`echo`",        "${A:-z}", "\"${A[@]}\"",    "*",
	"{a,b}",    "a#b",   "$'x'",          "\"'\"",   "'\"'",           "\xc3\xa9",
	"!",        "a=b",   "\"a`echo b`\"", "${A}",    "$(( 1 + 1 ))",   "\\\\",
};

static void generate(struct str *out)
{
	size_t n = 1 + below(7);

	while (n--) {
		const char *piece = pieces[below(ARRAY_SIZE(pieces))];

		for (; *piece; piece++) {
			if (*piece != '%')
				str_addc(out, *piece);
			else if (*++piece == 'N')
				str_addc(out, (char)('A' + below(3)));
			else
				str_adds(out, values[below(ARRAY_SIZE(values))]);
		}
	}
}

static void test_shells_agree_on_generated(void **state)
{
	const char *rounds = getenv("SHELL_ROUNDS");
	size_t n = rounds ? strtoul(rounds, NULL, 10) : 400;
	const char *start = getenv("SHELL_SEED");

	(void)state;
	if (!shells_have("dash") || !shells_have("bash"))
		skip();
	known = unknown = refused = 0;
	seed = start ? strtoul(start, NULL, 10) : 7;
	for (size_t i = 0; i < n; i++) {
		auto_str struct str s = STR_INIT;

		generate(&s);
		hold_against_all(s.data, s.len);
	}
	assert_true(known > n / 2); /* else this proves nothing */
	printf("measured: shell values of %zu generated files: %zu equal, %zu left unknown, %zu "
	       "refused\n",
	       n, known, unknown, refused);
}

/* --- spans and flags --------------------------------------------------------------------------- */

static void test_spans(void **state)
{
	static const char text[] = "A=1\n\texport B=\"x y\" # c\nC=(a 'b')\n";
	struct shell_vars v;

	(void)state;
	assert_int_equal(shell_vars_parse(&v, text, strlen(text), SHELL_BASH, "/f", NULL), 0);
	assert_int_equal(v.len, 3);
	assert_int_equal(v.items[1].line, 2);
	assert_memory_equal(text + v.items[1].value_start, "\"x y\"", 5);
	assert_int_equal(v.items[1].value_end - v.items[1].value_start, 5);
	assert_true(v.items[1].literal && v.items[1].decides);
	assert_int_equal(v.items[2].elements_len, 2);
	assert_memory_equal(text + v.items[2].elements[1].from, "'b'", 3);
	shell_vars_release(&v);
}

static void test_decides(void **state)
{
	static const struct {
		const char *text;
		bool decides;
	} cases[] = {
		{"V=a", true},
		{"V=a\nW=b\n", true},
		{"V=b\nV=a", true},
		{". x\nV=a", true},
		{"V=a\n. x", false},
		{"set -a\nV=a", false},
		{"V=a\ntrue && V=b", false},
		{"true && V=b", false},
		{"V=a\nV+=b", false},
		{"V=a\nunset V", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shell_vars v;
		bool found = false;

		assert_int_equal(shell_vars_parse(&v, cases[i].text, strlen(cases[i].text),
						  SHELL_BASH, "/f", NULL),
				 0);
		for (size_t k = 0; k < v.len; k++)
			found = found || (v.items[k].decides && !strcmp(v.items[k].name, "V"));
		if (found != cases[i].decides)
			fail_msg("%s: decides is %d", cases[i].text, found);
		shell_vars_release(&v);
	}
}

static void test_sentences(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{"A=1\nV=\"a\nb\n", "/f, line 2: a double quote is never closed"},
		{"A=1\n\nif true\nthen\nV=b\n", "/f, line 3: the if is never closed by fi"},
		{"V=a\\", "/f, line 1: it ends in a backslash"},
		{"cat <<X\nV=a\n", "/f, line 1: the here-document never ends"},
		{"V=(a", "/f, line 1: the parenthesis is never closed"},
		{"A=1\n;", "/f, line 2: a command is missing here"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		struct shell_vars v;

		assert_true(shell_vars_parse(&v, cases[i].text, strlen(cases[i].text), SHELL_BASH,
					     "/f", &err) < 0);
		assert_string_equal(err.text, cases[i].sentence);
		shell_vars_release(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_shells_agree_on_table),
		cmocka_unit_test(test_shells_agree_on_samples),
		cmocka_unit_test(test_shells_agree_on_generated),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_decides),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
