/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record as JSON text; change/journal_record.c reads it back. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/journal_json.h"
#include "change/journal_record.h"

static json_t *json_hex(const char *bytes, size_t len)
{
	auto_str struct str hex = STR_INIT;

	str_add(&hex, "", 0);
	for (size_t i = 0; i < len; i++)
		str_addf(&hex, "%02x", (unsigned char)bytes[i]);
	return json_pack("{s:s}", "hex", hex.data);
}

/* jansson gives NULL for text that is not UTF-8. */
static json_t *json_bytes(const char *s)
{
	json_t *plain = json_string(s);

	if (plain || !s)
		return plain ? plain : json_null();
	return json_hex(s, strlen(s));
}

static json_t *json_xattrs(const struct host_xattrs *x)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->len; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "name", json_bytes(x->items[i].name));
		json_object_set_new(o, "value",
				    json_hex(x->items[i].value.data, x->items[i].value.len));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *json_strv(const struct strv *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->len; i++)
		json_array_append_new(list, json_bytes(v->items[i]));
	return list;
}

static json_t *json_devices(const struct change_record *r)
{
	json_t *list = json_array();
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < r->devices.len; i++) {
		const struct pci_addr *a = &r->devices.items[i];
		json_t *o = json_object();

		json_object_set_new(o, "address", json_string(pci_addr_format(a, bdf)));
		json_object_set_new(o, "ids", json_bytes(i < r->ids.len ? r->ids.items[i] : ""));
		json_object_set_new(o, "name",
				    json_bytes(i < r->names.len ? r->names.items[i] : ""));
		json_object_set_new(o, "by_address",
				    json_boolean(selection_has(&r->by_address, a)));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *json_waits(const struct selection *waits)
{
	json_t *list = json_array();
	char bdf[PCI_ADDR_TEXT];

	for (size_t i = 0; i < waits->len; i++)
		json_array_append_new(list, json_string(pci_addr_format(&waits->items[i], bdf)));
	return list;
}

static json_t *json_edits(const struct change_record *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->len; i++) {
		const struct journal_edit *e = &r->edits[i];
		json_t *o = json_pack(
			"{s:b, s:b, s:I, s:I, s:I, s:I, s:I}", "existed", e->existed, "exists",
			e->exists, "mode", (json_int_t)e->mode, "uid",
			e->uid == (uid_t)-1 ? (json_int_t)-1 : (json_int_t)e->uid, "gid",
			e->gid == (gid_t)-1 ? (json_int_t)-1 : (json_int_t)e->gid, "before_size",
			(json_int_t)e->before.len, "after_size", (json_int_t)e->after.len);

		json_object_set_new(o, "path", json_bytes(e->path));
		json_object_set_new(o, "why", json_bytes(e->why));
		if (e->has_xattrs)
			json_object_set_new(o, "xattrs", json_xattrs(&e->xattrs));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *json_commands(const struct change_record *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->commands_len; i++) {
		const struct command *c = &r->commands[i];
		json_t *o = json_pack("{s:i}", "stage", (int)c->stage);

		json_object_set_new(o, "argv", json_strv(&c->argv));
		json_object_set_new(o, "undo_argv", json_strv(&c->undo_argv));
		json_object_set_new(o, "why", json_bytes(c->why));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *json_choices(const struct plan_choices *c)
{
	json_t *o = json_pack("{s:s}", "bind", journal_bind_names[c->bind]);

	for (size_t i = 0; journal_choice_flags[i].name; i++) {
		const bool *flag = (const bool *)((const char *)c + journal_choice_flags[i].offset);

		json_object_set_new(o, journal_choice_flags[i].name, json_boolean(*flag));
	}
	json_object_set_new(o, "user", json_bytes(c->user));
	json_object_set_new(o, "acs_override", json_bytes(c->acs_override));
	if (c->boot_loader)
		json_object_set_new(o, "boot_loader",
				    json_string(boot_loader_name(c->boot_loader)));
	return o;
}

void journal_json_dump(const json_t *o, struct str *out)
{
	char *text = json_dumps(o, JSON_INDENT(1));

	if (!text)
		abort(); /* only for want of memory: every string in it is UTF-8 */
	str_adds(out, text);
	str_addc(out, '\n');
	free(text);
}

void journal_record_write(const struct change_record *r, struct str *out)
{
	json_t *o = json_pack("{s:i, s:i, s:s, s:I, s:i, s:b}", "schema", JOURNAL_SCHEMA, "id",
			      r->id, "state", journal_state_names[r->state], "when",
			      (json_int_t)r->when, "undoes", r->undoes, "reboot", r->reboot);

	json_object_set_new(o, "devices", json_devices(r));
	json_object_set_new(o, "waits", json_waits(&r->waits));
	json_object_set_new(o, "choices", json_choices(&r->choices));
	json_object_set_new(o, "edits", json_edits(r));
	json_object_set_new(o, "commands", json_commands(r));
	json_object_set_new(o, "owned", json_strv(&r->owned));
	json_object_set_new(o, "made", json_strv(&r->made));
	journal_json_dump(o, out);
	json_decref(o);
}
