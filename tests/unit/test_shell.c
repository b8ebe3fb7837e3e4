/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quoting, read back by the real shells; cutting of kernel parameters, as lib/cmdline.c does it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "base/shell.h"
#include "host/process.h"

static void plain_words_stay_plain(void **state)
{
	static const struct {
		const char *word;
		const char *quoted;
	} cases[] = {
		{"vfio-pci,host=0000:01:00.0", "vfio-pci,host=0000:01:00.0"},
		{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd"},
		{"a_b@c%d+e", "a_b@c%d+e"},
		{"", "''"},
		{"two words", "'two words'"},
		{"it's", "'it'\\''s'"},
		{"~", "'~'"},
		{"#x", "'#x'"},
		{"$(reboot)", "'$(reboot)'"},
		{"=ls", "'=ls'"},
		{"a\nb", "'a\nb'"},
		{"*", "'*'"},
		{"{a,b}", "'{a,b}'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str s = STR_INIT;

		shell_quote(&s, cases[i].word);
		assert_string_equal(s.data, cases[i].quoted);
	}
}

/* Every byte alone, at both ends and between others, and every pair of bytes that could matter. */
static void all_words(struct strv *words)
{
	static const char special[] = "'\"\\$`!\n\r\t *?[]{}()<>|&;#~=%^-a\x80\xff\x1b";

	strv_add(words, "");
	for (int c = 1; c < 256; c++) {
		strv_addf(words, "%c", c);
		strv_addf(words, "a%cb", c);
		strv_addf(words, "%c%c", c, c);
	}
	for (const char *a = special; *a; a++)
		for (const char *b = special; *b; b++)
			strv_addf(words, "%c%cx%c", *a, *b, *a);
	strv_add(words, "$(touch /tmp/vfiotui-injected)");
	strv_add(words, "';touch /tmp/vfiotui-injected;'");
	strv_add(words, "-n");
}

/* A script that prints each word with a NUL behind it, once by each way of quoting. */
static void write_script(const struct strv *words, struct str *script, struct str *expect)
{
	for (size_t i = 0; i < words->len; i++) {
		str_adds(script, "printf '%s\\000' ");
		shell_quote(script, words->items[i]);
		str_adds(script, "\nprintf '%s\\000' \"");
		shell_escape_double(script, words->items[i]);
		str_adds(script, "\"\n");
		for (int k = 0; k < 2; k++)
			str_add(expect, words->items[i], strlen(words->items[i]) + 1);
	}
}

static void real_shells_read_the_same_words(void **state)
{
	static const char *const shells[] = {"dash", "bash", "zsh", "busybox"};
	auto_strv struct strv words = STRV_INIT;
	auto_str struct str script = STR_INIT;
	auto_str struct str expect = STR_INIT;
	char *root = tmproot_new();
	auto_free char *path = tmproot_path(root, "/script");
	int tried = 0;

	(void)state;
	all_words(&words);
	write_script(&words, &script, &expect);
	tmproot_put_bytes(root, "/script", script.data, script.len);
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		const char *argv[] = {shells[i], path, NULL, NULL};
		struct process_result r = PROCESS_RESULT_INIT;
		struct err err = ERR_INIT;

		if (!strcmp(shells[i], "busybox")) {
			argv[1] = "ash";
			argv[2] = path;
		}
		if (process_run(argv, 60000, &r, &err) < 0) {
			print_message("NOT TRIED: %s\n", err.text);
			continue;
		}
		assert_string_equal(r.errors.data, "");
		assert_int_equal(r.status, 0);
		assert_int_equal(r.out.len, expect.len);
		assert_memory_equal(r.out.data, expect.data, expect.len);
		process_result_release(&r);
		tried++;
	}
	tmproot_remove(root);
	print_message("measured: %zu words quoted two ways, read by %d shells\n", words.len, tried);
	assert_true(tried > 0);
}

static void commands_are_shown_so_that_they_can_be_pasted(void **state)
{
	auto_strv struct strv argv = STRV_INIT;
	auto_str struct str s = STR_INIT;

	(void)state;
	strv_add(&argv, "update-initramfs");
	strv_add(&argv, "-u");
	strv_add(&argv, "my file");
	strv_add(&argv, "A=b");
	shell_join(&s, &argv);
	assert_string_equal(s.data, "update-initramfs -u 'my file' A=b");
	str_clear(&s);
	strv_remove_at(&argv, 0);
	strv_remove_at(&argv, 0);
	strv_remove_at(&argv, 0);
	shell_join(&s, &argv);
	assert_string_equal(s.data, "'A=b'");
}

static void kernel_lines_are_cut_as_by_the_kernel(void **state)
{
	static const struct {
		const char *line;
		const char *params; /* with | between */
	} cases[] = {
		{"", ""},
		{"  \t\n ", ""},
		{"quiet splash", "quiet|splash"},
		{" root=UUID=1-2  ro\n", "root=UUID=1-2|ro"},
		{"a=\"b c\" d", "a=\"b c\"|d"},
		{"\"a=b c\" d", "\"a=b c\"|d"},
		{"a=\"b c", "a=\"b c"},
		{"a\"b c\"d e", "a\"b c\"d|e"},
		{"x\\ y", "x\\|y"},
		{"a='b c'", "a='b|c'"},
		{"dyndbg=\"file x.c +p; file y.c +p\" --",
		 "dyndbg=\"file x.c +p; file y.c +p\"|--"},
		{"a\xa0"
		 "b",
		 "a|b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_strv struct strv v = STRV_INIT;
		auto_free char *joined = NULL;

		kernel_params_split(&v, cases[i].line);
		joined = strv_join(&v, "|");
		assert_string_equal(joined, cases[i].params);
	}
}

static void kernel_keys_take_dash_for_underscore(void **state)
{
	static const struct {
		const char *param;
		const char *key;
		bool has;
	} cases[] = {
		{"iommu=pt", "iommu", true},
		{"iommu", "iommu", true},
		{"iommu.strict=1", "iommu", false},
		{"intel_iommu=on", "iommu", false},
		{"vfio-pci.ids=1:2", "vfio_pci.ids", true},
		{"vfio_pci.ids=1:2", "vfio-pci.ids", true},
		{"\"iommu=pt x\"", "iommu", true},
		{"IOMMU=pt", "iommu", false},
		{"=x", "", false},
		{"iommu=a=b", "iommu", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(kernel_param_has_key(cases[i].param, cases[i].key), cases[i].has);
}

static void kernel_params_are_equal_in_meaning(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool equal;
	} cases[] = {
		{"iommu=pt", "iommu=pt", true},
		{"iommu=pt", "iommu=off", false},
		{"iommu", "iommu=", false},
		{"quiet", "quiet", true},
		{"vfio-pci.ids=1:2", "vfio_pci.ids=1:2", true},
		{"vfio_pci.ids=1:2", "vfio_pci.ids=1:2,3:4", false},
		{"a=\"x y\"", "\"a=x y\"", true},
		{"a=\"x\"", "a=x", true},
		{"a=x-y", "a=x_y", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(kernel_param_equal(cases[i].a, cases[i].b), cases[i].equal);
		assert_int_equal(kernel_param_equal(cases[i].b, cases[i].a), cases[i].equal);
	}
}

static void the_last_value_counts_and_inits_words_do_not(void **state)
{
	static const struct {
		const char *line;
		const char *key;
		const char *value;
	} cases[] = {
		{"iommu=pt iommu=off", "iommu", "off"},
		{"a=\"b c\" d", "a", "b c"},
		{"\"a=b c\"", "a", "b c"},
		{"quiet", "quiet", ""},
		{"a=", "a", ""},
		{"quiet", "iommu", NULL},
		{"a=1 -- a=2", "a", "1"},
		{"-- a=2", "a", NULL},
		{"vfio-pci.ids=1:2", "vfio_pci.ids", "1:2"},
		{"a=\"b", "a", "b"},
		{"a=\"", "a", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *value = kernel_params_value(cases[i].line, cases[i].key);

		if (cases[i].value)
			assert_string_equal(value, cases[i].value);
		else
			assert_null(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_stay_plain),
		cmocka_unit_test(real_shells_read_the_same_words),
		cmocka_unit_test(commands_are_shown_so_that_they_can_be_pasted),
		cmocka_unit_test(kernel_lines_are_cut_as_by_the_kernel),
		cmocka_unit_test(kernel_keys_take_dash_for_underscore),
		cmocka_unit_test(kernel_params_are_equal_in_meaning),
		cmocka_unit_test(the_last_value_counts_and_inits_words_do_not),
	};

	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
