/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/journal_record.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/journal_json.h"

const char *const journal_state_names[CHANGE_STATES] = {
	[CHANGE_PREPARED] = "prepared", [CHANGE_WRITTEN] = "written", [CHANGE_DONE] = "done",
	[CHANGE_FAILED] = "failed",     [CHANGE_UNDONE] = "undone",
};

const char *const journal_bind_names[JOURNAL_BINDS] = {
	[BIND_AUTO] = "auto",
	[BIND_IDS] = "ids",
	[BIND_ADDRESS] = "address",
};

const struct journal_choice_flag journal_choice_flags[] = {
	{"no_pt", offsetof(struct plan_choices, no_pt)},
	{"no_script", offsetof(struct plan_choices, no_script)},
	{"no_way_back", offsetof(struct plan_choices, no_way_back)},
	{"trial", offsetof(struct plan_choices, trial)},
	{"disable_vga", offsetof(struct plan_choices, disable_vga)},
	{"disable_idle_d3", offsetof(struct plan_choices, disable_idle_d3)},
	{"no_framebuffer", offsetof(struct plan_choices, no_framebuffer)},
	{"blacklist", offsetof(struct plan_choices, blacklist)},
	{NULL, 0},
};

const char *change_state_name(enum change_state s)
{
	return journal_state_names[s];
}

static void command_release(struct command *c)
{
	strv_release(&c->argv);
	strv_release(&c->undo_argv);
	free(c->why);
}

void change_record_release(struct change_record *r)
{
	for (size_t i = 0; i < r->len; i++) {
		free(r->edits[i].path);
		free(r->edits[i].why);
		str_release(&r->edits[i].before);
		str_release(&r->edits[i].after);
		host_xattrs_release(&r->edits[i].xattrs);
	}
	for (size_t i = 0; i < r->commands_len; i++)
		command_release(&r->commands[i]);
	free(r->edits);
	free(r->commands);
	free(r->user);
	free(r->override);
	selection_release(&r->devices);
	selection_release(&r->by_address);
	selection_release(&r->waits);
	strv_release(&r->names);
	strv_release(&r->ids);
	strv_release(&r->owned);
	strv_release(&r->made);
	memset(r, 0, sizeof(*r));
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Appends the bytes of {"hex":...}; false when it is none. */
static bool take_hex(const json_t *j, struct str *ret)
{
	const char *hex = json_string_value(json_object_get(j, "hex"));

	if (!hex || strlen(hex) % 2)
		return false;
	str_add(ret, "", 0);
	for (; *hex; hex += 2) {
		int high = hex_digit(hex[0]);
		int low = hex_digit(hex[1]);

		if (high < 0 || low < 0)
			return false;
		str_addc(ret, (char)(high * 16 + low));
	}
	return true;
}

/* The text of a string or {"hex":...}, for the caller to free; NULL when it is neither. */
static char *take_bytes(const json_t *j)
{
	auto_str struct str s = STR_INIT;

	if (json_is_string(j))
		return xstrdup(json_string_value(j));
	if (!take_hex(j, &s) || !s.len || strlen(s.data) != s.len)
		return NULL;
	return str_take(&s);
}

/* An older record has none. */
static bool take_xattrs(const json_t *list, struct journal_edit *e)
{
	e->has_xattrs = list != NULL;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		auto_free char *name = take_bytes(json_object_get(o, "name"));
		auto_str struct str value = STR_INIT;

		if (!name || !take_hex(json_object_get(o, "value"), &value))
			return false;
		host_xattrs_add(&e->xattrs, name, value.data, value.len);
	}
	return !list || json_is_array(list);
}

/* A number of a record: ids, sizes, modes. False when it is missing or out of range. */
static bool take_number(const json_t *o, const char *key, long long min, long long max,
			long long *ret)
{
	const json_t *j = json_object_get(o, key);

	*ret = json_integer_value(j);
	return json_is_integer(j) && *ret >= min && *ret <= max;
}

static bool take_strv(const json_t *list, struct strv *ret)
{
	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		char *s = take_bytes(json_array_get(list, i));

		if (!s)
			return false;
		strv_take(ret, s);
	}
	return true;
}

static bool take_name(const json_t *j, const char *const names[], size_t n, size_t *ret)
{
	const char *s = json_string_value(j);

	for (*ret = 0; s && *ret < n; ++*ret)
		if (names[*ret] && !strcmp(s, names[*ret]))
			return true;
	return false;
}

static bool take_device(const json_t *o, struct change_record *r)
{
	const char *address = json_string_value(json_object_get(o, "address"));
	char *name = take_bytes(json_object_get(o, "name"));
	char *ids = take_bytes(json_object_get(o, "ids"));
	struct pci_addr a;

	strv_take(&r->names, name ? name : xstrdup(""));
	strv_take(&r->ids, ids ? ids : xstrdup(""));
	if (!name || !ids || !address || !pci_addr_parse(address, &a))
		return false;
	/* The selection sorts and drops doubles; then names would belong to others. */
	if (r->devices.len && pci_addr_compare(&r->devices.items[r->devices.len - 1], &a) >= 0)
		return false;
	selection_add(&r->devices, &a);
	if (json_is_true(json_object_get(o, "by_address")))
		selection_add(&r->by_address, &a);
	return true;
}

static bool take_edit(const json_t *o, struct journal_edit *e, struct edit_sizes *sizes)
{
	const json_t *existed = json_object_get(o, "existed");
	const json_t *exists = json_object_get(o, "exists");
	long long mode, uid, gid, before, after;

	str_init(&e->before);
	str_init(&e->after);
	e->path = take_bytes(json_object_get(o, "path"));
	e->why = take_bytes(json_object_get(o, "why"));
	if (!take_number(o, "mode", 0, 07777, &mode) ||
	    !take_number(o, "uid", -1, UINT32_MAX, &uid) ||
	    !take_number(o, "gid", -1, UINT32_MAX, &gid) ||
	    !take_number(o, "before_size", 0, HOST_FILE_MAX, &before) ||
	    !take_number(o, "after_size", 0, HOST_FILE_MAX, &after))
		return false;
	e->existed = json_is_true(existed);
	e->exists = json_is_true(exists);
	e->mode = (mode_t)mode;
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	*sizes = (struct edit_sizes){.before = (size_t)before, .after = (size_t)after};
	return json_is_boolean(existed) && json_is_boolean(exists) && e->why && e->path &&
	       e->path[0] == '/' && take_xattrs(json_object_get(o, "xattrs"), e);
}

static bool take_edits(const json_t *list, struct change_record *r, struct edit_sizes **sizes)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return false;
	r->edits = xcalloc(n + 1, sizeof(*r->edits));
	*sizes = xcalloc(n + 1, sizeof(**sizes));
	for (; r->len < n; r->len++) {
		const json_t *o = json_array_get(list, r->len);

		if (!take_edit(o, &r->edits[r->len], &(*sizes)[r->len])) {
			r->len++;
			return false;
		}
	}
	return true;
}

static bool take_command(const json_t *o, struct command *c)
{
	long long stage;

	c->why = take_bytes(json_object_get(o, "why"));
	if (!take_number(o, "stage", COMMAND_UDEV, COMMAND_SERVICE, &stage))
		return false;
	c->stage = (enum command_stage)stage;
	return take_strv(json_object_get(o, "argv"), &c->argv) && c->argv.len && c->why &&
	       take_strv(json_object_get(o, "undo_argv"), &c->undo_argv);
}

static bool take_commands(const json_t *list, struct change_record *r)
{
	size_t n = json_array_size(list);
	bool ok = json_is_array(list);

	r->commands = xcalloc(n + 1, sizeof(*r->commands));
	while (ok && r->commands_len < n) {
		const json_t *o = json_array_get(list, r->commands_len);

		ok = take_command(o, &r->commands[r->commands_len++]);
	}
	return ok;
}

static bool take_choices(const json_t *o, struct change_record *r)
{
	const json_t *user = json_object_get(o, "user");
	const json_t *override = json_object_get(o, "acs_override");
	const char *loader = json_string_value(json_object_get(o, "boot_loader"));
	size_t bind;

	if (!take_name(json_object_get(o, "bind"), journal_bind_names, JOURNAL_BINDS, &bind))
		return false;
	r->user = json_is_null(user) ? NULL : take_bytes(user);
	r->choices.bind = (enum bind_by)bind;
	for (size_t i = 0; journal_choice_flags[i].name; i++) {
		bool *flag = (bool *)((char *)&r->choices + journal_choice_flags[i].offset);

		*flag = json_is_true(json_object_get(o, journal_choice_flags[i].name));
	}
	for (int i = BOOT_UNKNOWN + 1; loader && i < BOOT_LOADERS; i++)
		if (!strcmp(boot_loader_name((enum boot_loader)i), loader))
			r->choices.boot_loader = (enum boot_loader)i;
	r->choices.user = r->user;
	/* records of before this choice have none */
	r->override = override && !json_is_null(override) ? take_bytes(override) : NULL;
	r->choices.acs_override = r->override;
	return (json_is_null(user) || r->user) &&
	       (!override || json_is_null(override) || r->override);
}

static bool take_head(const json_t *o, struct change_record *r)
{
	long long id, when, undoes;
	size_t state;

	if (!take_number(o, "id", 1, INT_MAX, &id) || !take_number(o, "when", 0, LONG_MAX, &when) ||
	    !take_number(o, "undoes", 0, id - 1, &undoes) ||
	    !take_name(json_object_get(o, "state"), journal_state_names, CHANGE_STATES, &state))
		return false;
	r->id = (int)id;
	r->when = (time_t)when;
	r->undoes = (int)undoes;
	r->state = (enum change_state)state;
	r->reboot = json_is_true(json_object_get(o, "reboot"));
	return true;
}

static bool take_devices(const json_t *list, struct change_record *r)
{
	if (!json_is_array(list))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!take_device(json_array_get(list, i), r))
			return false;
	return true;
}

/* Records of before have none. */
static bool take_waits(const json_t *list, struct change_record *r)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *address = json_string_value(json_array_get(list, i));
		struct pci_addr a;

		if (!address || !pci_addr_parse(address, &a))
			return false;
		selection_add(&r->waits, &a);
	}
	return !list || json_is_array(list);
}

/* The name of the first part that is not as it should be, or NULL. */
static const char *take_record(const json_t *o, struct change_record *r, struct edit_sizes **sizes)
{
	if (!take_head(o, r))
		return "id, when, state or undoes";
	if (!take_devices(json_object_get(o, "devices"), r))
		return "devices";
	if (!take_waits(json_object_get(o, "waits"), r))
		return "waits";
	if (!take_choices(json_object_get(o, "choices"), r))
		return "choices";
	if (!take_edits(json_object_get(o, "edits"), r, sizes))
		return "edits";
	if (!take_commands(json_object_get(o, "commands"), r))
		return "commands";
	if (!take_strv(json_object_get(o, "owned"), &r->owned))
		return "owned";
	if (!take_strv(json_object_get(o, "made"), &r->made))
		return "made";
	return NULL;
}

static int load_json(const char *bytes, size_t len, json_t **ret, struct err *reterr)
{
	json_error_t why;
	json_int_t schema;

	*ret = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
	if (!*ret)
		return err_set(reterr, -EBADMSG, "it is no JSON (line %d: %s)", why.line, why.text);
	schema = json_integer_value(json_object_get(*ret, "schema"));
	if (schema == JOURNAL_SCHEMA)
		return 0;
	json_decref(*ret);
	*ret = NULL;
	if (schema > JOURNAL_SCHEMA)
		return err_set(reterr, -EBADMSG, "a newer version of vfiotui wrote it");
	return err_set(reterr, -EBADMSG, "it is no record of a change");
}

int journal_record_parse(const char *bytes, size_t len, struct change_record *ret,
			 struct edit_sizes **ret_sizes, struct err *reterr)
{
	struct edit_sizes *sizes = NULL;
	const char *bad;
	json_t *o;
	int r = load_json(bytes, len, &o, reterr);

	memset(ret, 0, sizeof(*ret));
	if (r < 0)
		return r;
	bad = take_record(o, ret, &sizes);
	json_decref(o);
	if (bad) {
		change_record_release(ret);
		r = err_set(reterr, -EBADMSG, "its part \"%s\" is damaged", bad);
	}
	if (r < 0 || !ret_sizes)
		free(sizes);
	else
		*ret_sizes = sizes;
	return r;
}

int journal_record_set_state(const char *bytes, size_t len, enum change_state state,
			     struct str *out, struct err *reterr)
{
	json_t *o;
	int r = load_json(bytes, len, &o, reterr);

	if (r < 0)
		return r;
	json_object_set_new(o, "state", json_string(journal_state_names[state]));
	journal_json_dump(o, out);
	json_decref(o);
	return 0;
}
