/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/args.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/profile.h"

enum kind { FLAG, TEXT, LIST };

struct option_row {
	const char *name;
	unsigned bit;
	enum kind kind;
	size_t offset;     /* of the member of struct args */
	int has_arg;       /* as in getopt_long(3) */
	const char *value; /* its name in the help */
	const char *help;
};

#define MEMBER(m) offsetof(struct args, m)

static const struct option_row rows[] = {
	{"root", OPTION_ROOT, TEXT, MEMBER(root), required_argument, "DIR",
	 "the machine's root is DIR; commands are listed, not run"},
	{"demo", OPTION_DEMO, TEXT, MEMBER(demo), optional_argument, "NAME",
	 "open a bundled recorded machine, in a copy of its own"},
	{"ids", OPTION_IDS, TEXT, MEMBER(ids), required_argument, "FILE",
	 "take the devices' names from this pci.ids"},
	{"ascii", OPTION_ASCII, FLAG, MEMBER(ascii), no_argument, NULL,
	 "no characters outside ASCII"},
	{"no-color", OPTION_NO_COLOR, FLAG, MEMBER(no_color), no_argument, NULL,
	 "no colours on the screen"},
	{"json", OPTION_JSON, FLAG, MEMBER(json), no_argument, NULL, "print facts as JSON"},
	{"none", OPTION_NONE, FLAG, MEMBER(none), no_argument, NULL,
	 "hand over no device: take everything back"},
	{"yes", OPTION_YES, FLAG, MEMBER(yes), no_argument, NULL, "do not ask"},
	{"force", OPTION_FORCE, LIST, MEMBER(forced), required_argument, "CODE",
	 "go on although finding CODE blocks; repeatable"},
	{"bind", OPTION_BIND, TEXT, MEMBER(bind), required_argument, "ids|address",
	 "how vfio-pci is told of the devices"},
	{"no-pt", OPTION_NO_PT, FLAG, MEMBER(no_pt), no_argument, NULL,
	 "leave iommu=pt out of the kernel's parameters"},
	{"no-script", OPTION_NO_SCRIPT, FLAG, MEMBER(no_script), no_argument, NULL,
	 "write no launch script"},
	{"no-way-back", OPTION_NO_WAY_BACK, FLAG, MEMBER(no_way_back), no_argument, NULL,
	 "write no boot entry without passthrough"},
	{"trial", OPTION_TRIAL, FLAG, MEMBER(trial), no_argument, NULL,
	 "the boot after next is without passthrough, unless kept"},
	{"disable-vga", OPTION_DISABLE_VGA, FLAG, MEMBER(disable_vga), no_argument, NULL,
	 "keep vfio-pci's cards out of VGA arbitration"},
	{"disable-idle-d3", OPTION_DISABLE_IDLE_D3, FLAG, MEMBER(disable_idle_d3), no_argument,
	 NULL, "keep devices that no VM uses powered"},
	{"no-framebuffer", OPTION_NO_FRAMEBUFFER, FLAG, MEMBER(no_framebuffer), no_argument, NULL,
	 "no console on the picture that the firmware set up"},
	{"boot-loader", OPTION_BOOT_LOADER, TEXT, MEMBER(boot_loader), required_argument, "NAME",
	 "what starts this machine, where it can't be told"},
	{"blacklist", OPTION_BLACKLIST, FLAG, MEMBER(blacklist), no_argument, NULL,
	 "blacklist drivers that no device of the host needs"},
	{"user", OPTION_USER, TEXT, MEMBER(user), required_argument, "NAME",
	 "the user who may open the devices"},
	{"override", OPTION_OVERRIDE, TEXT, MEMBER(override), required_argument, "LIST",
	 "downstream, multifunction, id:VVVV:DDDD"},
	{"wait", OPTION_WAIT, TEXT, MEMBER(wait), required_argument, "SECONDS",
	 "how long a VM's start or end is waited for"},
	{"follow", OPTION_FOLLOW, FLAG, MEMBER(follow), no_argument, NULL,
	 "go on printing a VM's log until it has ended"},
	{"acs-override", OPTION_ACS_OVERRIDE, TEXT, MEMBER(acs_override), required_argument, "LIST",
	 "set pcie_acs_override=LIST for the kernel, or none"},
	{"save-map", OPTION_SAVE_MAP, FLAG, MEMBER(save_map), no_argument, NULL,
	 "remember devices and groups as they are now"},
	{"help", OPTION_HELP, FLAG, MEMBER(help), no_argument, NULL, "print this help"},
	{"version", OPTION_VERSION, FLAG, MEMBER(version), no_argument, NULL, "print the version"},
};

static void store(struct args *a, const struct option_row *row, const char *value)
{
	char *member = (char *)a + row->offset;

	a->given |= row->bit;
	switch (row->kind) {
	case FLAG:
		*(bool *)(void *)member = true;
		break;
	case TEXT:
		*(const char **)(void *)member = value ? value : "";
		break;
	case LIST:
		strv_add((struct strv *)(void *)member, value ? value : "");
		break;
	}
}

/* What getopt_long gives: 256 + the row of an option, FIELD + the row of a VM's field. */
#define FIELD 4096

static bool is_vm(const char *command)
{
	return command && !strcmp(command, "vm");
}

/* The long options of a command, for the caller to free. */
static struct option *make_options(const char *command)
{
	const bool vm = is_vm(command);
	struct option *options = xcalloc(ARRAY_SIZE(rows) + vm_fields_len + 1, sizeof(*options));
	size_t n = 0;

	for (size_t i = 0; vm && i < vm_fields_len; i++)
		options[n++] = (struct option){vm_fields[i].key, required_argument, NULL,
					       FIELD + (int)i};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const bool plain = vm && rows[i].bit == OPTION_FORCE;

		if (!vm || !vm_field_find(rows[i].name))
			options[n++] = (struct option){rows[i].name,
						       plain ? no_argument : rows[i].has_arg, NULL,
						       256 + (int)i};
	}
	return options;
}

/* The first word that is no option, nor the value of one; which options there are hangs on it. */
static const char *find_command(int argc, char **argv)
{
	auto_free struct option *options = make_options(NULL);

	optind = 0; /* glibc: from the start */
	while (getopt_long(argc, argv, "+:hV", options, NULL) != -1)
		;
	return optind < argc ? argv[optind] : NULL;
}

static void store_field(struct args *a, const struct vm_field *field, const char *value)
{
	a->given |= OPTION_FIELDS;
	strv_add(&a->fields, field->key);
	strv_add(&a->fields, value);
}

static int refuse_option(char **argv, int found, struct err *reterr)
{
	const char *word = argv[optind - 1];

	if (found == ':')
		return err_set(reterr, -EINVAL, "the option %s needs a value", word);
	if (optopt > 255)
		return err_set(reterr, -EINVAL, "the option %s takes no value", word);
	if (optopt)
		return err_set(reterr, -EINVAL, "there is no option -%c", optopt);
	return err_set(reterr, -EINVAL, "there is no option %s", word);
}

/* A name that can stand in a udev rule: what useradd(8) takes, and dots. */
static bool is_user_name(const char *s)
{
	const size_t n = strlen(s);

	if (!n || n > 32 || (!isalpha((unsigned char)s[0]) && s[0] != '_'))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

static int check_values(const struct args *a, struct err *reterr)
{
	if (a->bind && strcmp(a->bind, "ids") && strcmp(a->bind, "address"))
		return err_set(reterr, -EINVAL, "--bind is \"ids\" or \"address\", not \"%s\"",
			       a->bind);
	if (a->user && !is_user_name(a->user))
		return err_set(reterr, -EINVAL, "\"%s\" is not a user name", a->user);
	if (a->root && a->demo)
		return err_set(reterr, -EINVAL, "--root and --demo exclude each other");
	return 0;
}

int args_parse(struct args *a, int argc, char **argv, struct err *reterr)
{
	auto_free struct option *options = NULL;
	int found;

	*a = (struct args){.forced = STRV_INIT, .fields = STRV_INIT};
	opterr = 0;
	options = make_options(find_command(argc, argv));
	optind = 0;
	while ((found = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		if (found == 'h')
			a->help = true;
		else if (found == 'V')
			a->version = true;
		else if (found >= FIELD)
			store_field(a, &vm_fields[found - FIELD], optarg);
		else if (found >= 256 && (size_t)(found - 256) < ARRAY_SIZE(rows))
			store(a, &rows[found - 256], optarg);
		else
			return refuse_option(argv, found, reterr);
	}
	if (optind < argc)
		a->command = argv[optind++];
	a->words = argv + optind;
	a->words_len = (size_t)(argc - optind);
	return check_values(a, reterr);
}

void args_release(struct args *a)
{
	strv_release(&a->forced);
	strv_release(&a->fields);
}

int args_allow(const struct args *a, unsigned allowed, const char *command, struct err *reterr)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (a->given & rows[i].bit & ~allowed)
			return err_set(reterr, -EINVAL, "%s takes no --%s", command, rows[i].name);
	if (a->given & OPTION_FIELDS & ~allowed)
		return err_set(reterr, -EINVAL, "%s takes no --%s", command, a->fields.items[0]);
	return 0;
}

void args_help(struct str *out, unsigned options)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct option_row *row = &rows[i];
		auto_str struct str left = STR_INIT;

		if (!(row->bit & options))
			continue;
		str_addf(&left, "--%s", row->name);
		if (row->has_arg == optional_argument)
			str_addf(&left, "[=%s]", row->value);
		else if (row->has_arg == required_argument)
			str_addf(&left, " %s", row->value);
		str_addf(out, "  %-20s %s\n", left.data, row->help);
	}
}
