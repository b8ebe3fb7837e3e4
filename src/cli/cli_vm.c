/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiotui vm ...: which commands there are, whose VM they are about, and their help. */
#include "cli/vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define READS OPTION_JSON
#define WRITES (OPTION_YES | OPTION_FIELDS)

static const struct vm_command rows[] = {
	{"list", "", "all VMs and what they do", READS, VM_NAME_NONE, vm_cmd_list},
	{"new", "NAME", "describes a VM and writes it, after a preview", WRITES, VM_NAME_NEW,
	 vm_cmd_new},
	{"edit", "[NAME]", "changes fields of a VM, after a preview", WRITES, VM_NAME_THERE,
	 vm_cmd_edit},
	{"delete", "[NAME]", "takes its files away, after a preview; disks stay", OPTION_YES,
	 VM_NAME_THERE, vm_cmd_delete},
	{"show", "[NAME]", "every field of a VM", READS, VM_NAME_THERE, vm_cmd_show},
	{"script", "[NAME]", "prints its launch script, which stands alone", 0, VM_NAME_THERE,
	 vm_cmd_script},
	{"xml", "[NAME]", "prints it as a domain of libvirt; libvirt = yes defines it", OPTION_USER,
	 VM_NAME_THERE, vm_cmd_xml},
	{"start", "[NAME]", "preflight, then starts it so that it outlives this terminal",
	 OPTION_WAIT, VM_NAME_THERE, vm_cmd_start},
	{"status", "[NAME]", "what it does now; status 0 when it runs", READS, VM_NAME_THERE,
	 vm_cmd_status},
	{"stop", "[NAME]", "asks the guest to shut down and waits; --force: as kill",
	 OPTION_WAIT | OPTION_FORCE, VM_NAME_THERE, vm_cmd_stop},
	{"kill", "[NAME]", "switches it off at once", OPTION_WAIT, VM_NAME_THERE, vm_cmd_kill},
	{"pause", "[NAME]", "halts it until resume", 0, VM_NAME_THERE, vm_cmd_pause},
	{"resume", "[NAME]", "lets it go on", 0, VM_NAME_THERE, vm_cmd_resume},
	{"log", "[NAME]", "what its launch script and QEMU said since the last start",
	 OPTION_FOLLOW, VM_NAME_THERE, vm_cmd_log},
};

static const struct vm_command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

/* --- help --------------------------------------------------------------------------- */

#define HELP_COLUMN 27
#define HELP_WIDTH 79

/* Words from the help's column on; the line is at `left` columns so far. */
static void help_text(struct str *out, size_t left, const char *text)
{
	size_t column = HELP_WIDTH;

	if (left < HELP_COLUMN) {
		str_addf(out, "%*s", (int)(HELP_COLUMN - left), "");
		column = HELP_COLUMN;
	}
	for (size_t n; *text; text += n, text += strspn(text, " ")) {
		n = strcspn(text, " ");
		if (column + 1 + n > HELP_WIDTH) {
			str_addf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			str_addc(out, ' ');
			column++;
		}
		str_add(out, text, n);
		column += n;
	}
	str_addc(out, '\n');
}

/* "disk" takes a path and format=, bus=... : what each of these says. */
static void help_on_item(struct str *out, const struct vm_item *item)
{
	for (size_t i = 1; i < item->rows_len; i++) {
		const struct vm_field *row = &item->rows[i];
		auto_str struct str text = STR_INIT;

		str_addf(&text, "%s=", row->key);
		for (size_t k = 0; row->choices && row->choices[k]; k++)
			str_addf(&text, "%s%s", k ? "|" : "", row->choices[k]);
		str_addf(&text, " %s", row->help);
		help_text(out, 0, text.data);
	}
}

static void help_on_field(struct str *out, const struct vm_field *f)
{
	auto_str struct str choices = STR_INIT;
	size_t before = out->len;

	str_addf(out, "  --%s", f->key);
	help_text(out, out->len - before, f->help);
	for (size_t i = 0; f->choices && f->choices[i]; i++)
		str_addf(&choices, "%s%s", i ? (f->kind == VM_FLAGS ? " " : " | ") : "",
			 f->choices[i]);
	if (choices.len)
		help_text(out, 0, choices.data);
	if (f->item)
		help_on_item(out, f->item);
}

void cli_vm_help(struct str *out)
{
	str_adds(out, "Usage: vfiotui [OPTION...] vm [COMMAND [NAME]]\n\n"
		      "vm: virtual machines. NAME may be left out where there is one only.\n\n"
		      "Commands of vm:\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_str struct str left = STR_INIT;

		str_addf(&left, "%s %s", rows[i].name, rows[i].usage);
		str_addf(out, "  %-16s %s\n", left.data, rows[i].help);
	}
	str_adds(out, "\nOptions:\n");
	args_help(out, OPTIONS_GLOBAL | OPTION_JSON | OPTION_YES | OPTION_WAIT | OPTION_FOLLOW);
	str_adds(out, "\nOptions of new and edit, the fields of a VM. \"\" is the default of a "
		      "field;\none that takes several things is given once a thing, and replaces "
		      "those that\nwere there:\n");
	for (size_t i = 0; i < vm_fields_len; i++)
		help_on_field(out, &vm_fields[i]);
}

/* --- whose ---------------------------------------------------------------------------- */

int cli_vm_load(struct cli *c, const char *name, struct vm_profile *p, struct vm_problems *problems,
		struct err *reterr)
{
	struct files *files = files_new(c->host);
	int r = vm_profile_load(files, name, p, problems, reterr);

	files_free(files);
	return r;
}

/* The only VM's name, for the caller to free. */
static int only_name(struct cli *c, char **ret, struct err *reterr)
{
	struct files *files = files_new(c->host);
	auto_strv struct strv names = STRV_INIT;
	int r = vm_profile_list(files, &names, reterr);

	files_free(files);
	if (r < 0)
		return r;
	if (!names.len)
		return err_set(reterr, -ENOENT, "there is no VM yet: vfiotui vm new NAME");
	if (names.len > 1)
		return err_set(reterr, -EINVAL, "there are %zu VMs; name one (vfiotui vm list)",
			       names.len);
	*ret = xstrdup(names.items[0]);
	return 0;
}

static bool is_there(struct cli *c, const char *name)
{
	auto_free char *path = vm_profile_path(name);

	return host_exists(c->host, path);
}

static int find_name(struct cli *c, const struct vm_command *row, const char *word, char **ret,
		     struct err *reterr)
{
	int r;

	if (row->takes == VM_NAME_NONE)
		return 0;
	if (!word)
		return only_name(c, ret, reterr);
	r = vm_name_check(word, reterr);
	if (r < 0)
		return r;
	if (row->takes == VM_NAME_THERE && !is_there(c, word))
		return err_set(reterr, -ENOENT, "there is no VM \"%s\" (vfiotui vm list)", word);
	if (row->takes == VM_NAME_NEW && is_there(c, word))
		return err_set(reterr, -EEXIST,
			       "there is a VM \"%s\" already; vfiotui vm edit changes it", word);
	*ret = xstrdup(word);
	return 0;
}

static int check_usage(const struct cli *c, const struct vm_command *row, const char *word,
		       struct err *reterr)
{
	auto_free char *what = xasprintf("vm %s", row->name);

	if (row->takes == VM_NAME_NONE && word)
		return err_set(reterr, -EINVAL, "%s takes no name", what);
	if (row->takes == VM_NAME_NEW && !word)
		return err_set(reterr, -EINVAL, "%s needs a name for the VM", what);
	return args_allow(&c->args, row->options | OPTIONS_GLOBAL, what, reterr);
}

int cmd_vm(struct cli *c)
{
	const char *word = c->args.words_len > 1 ? c->args.words[1] : NULL;
	const struct vm_command *row = find(c->args.words_len ? c->args.words[0] : "list");
	auto_free char *name = NULL;
	struct err err = ERR_INIT;

	if (!row) {
		err_set(&err, -EINVAL, "there is no command \"vm %s\"", c->args.words[0]);
		return cli_wrong_usage(c, &err);
	}
	if (check_usage(c, row, word, &err) < 0 || (word && vm_name_check(word, &err) < 0))
		return cli_wrong_usage(c, &err);
	if (cli_open_host(c, &err) < 0 || find_name(c, row, word, &name, &err) < 0)
		return cli_fail(c, &err);
	return row->run(c, name);
}

int cli_vm_wait(const struct cli *c, int fallback, struct err *reterr)
{
	const char *text = c->args.wait;
	char *end;
	long seconds;

	if (!text)
		return fallback;
	errno = 0;
	seconds = strtol(text, &end, 10);
	if (errno || end == text || *end || seconds < 0 || seconds > 86400)
		return err_set(reterr, -EINVAL, "--wait takes seconds, up to a day, not \"%s\"",
			       text);
	return (int)seconds;
}

void cli_vm_problems(struct cli *c, const struct vm_problems *problems)
{
	for (size_t i = 0; i < problems->len; i++) {
		const struct vm_problem *p = &problems->items[i];

		print_sign(&c->out, SIGN_BLOCK);
		print_raw(&c->out, " ");
		if (p->field)
			print_format(&c->out, "%s: ", p->field->key);
		print_text(&c->out, p->text);
		print_raw(&c->out, "\n");
	}
}

void cli_vm_driver(struct cli *c, const char *address, struct str *ret)
{
	auto_free char *path = xasprintf("/sys/bus/pci/devices/%s/driver", address);
	auto_str struct str link = STR_INIT;
	const char *slash;

	if (host_link(c->host, path, &link, NULL) < 0)
		return;
	slash = strrchr(link.data, '/');
	str_adds(ret, slash ? slash + 1 : link.data);
}
