/* SPDX-License-Identifier: GPL-2.0-or-later */
/* undo and history: the journal's two commands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "change/journal.h"
#include "change/undo.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/print_plan.h"

/* The change that the word names; 0 without a word: the last. */
static int read_id(const struct args *a, int *ret, struct err *reterr)
{
	long id = 0;
	char *end;

	*ret = 0;
	if (!a->words_len)
		return 0;
	errno = 0;
	id = strtol(a->words[0], &end, 10);
	if (errno || *end || id < 1 || id > INT32_MAX)
		return err_set(reterr, -EINVAL, "\"%s\" is not the number of a change",
			       a->words[0]);
	*ret = (int)id;
	return 0;
}

/* Somebody edited a file since: the user sees all that there is to decide with. */
static int refuse(struct cli *c, int id, const struct err *why)
{
	auto_str struct str text = STR_INIT;

	if (why->code == -ESTALE && undo_conflicts(c->host, id, &text, NULL) == 0)
		print_lines(&c->out, text.data, text.len);
	return cli_fail(c, why);
}

static int take_back(struct cli *c, const struct plan *p)
{
	struct err err = ERR_INIT;

	print_plan(&c->out, p);
	if (plan_is_empty(p))
		return EXIT_DONE;
	if (cli_confirm(c, "write this", &err) < 0)
		return cli_fail(c, &err);
	return cli_carry_out(c, p);
}

int cmd_undo(struct cli *c)
{
	struct plan *p = NULL;
	struct err err = ERR_INIT;
	bool left = true;
	int id, status;

	if (read_id(&c->args, &id, &err) < 0)
		return cli_wrong_usage(c, &err);
	if (cli_open_host(c, &err) < 0)
		return cli_fail(c, &err);
	if (host_is_live(c->host) && geteuid()) {
		err_set(&err, -EPERM, "nothing was written: undo needs root (sudo vfiotui undo)");
		return cli_fail(c, &err);
	}
	if (cli_repair(c, &left, &err) < 0)
		return cli_fail(c, &err);
	if (!left)
		return EXIT_DONE;
	if (cli_open_situation(c, &err) < 0)
		return cli_fail(c, &err);
	if (undo_plan(c->host, id, &p, &err) < 0)
		return refuse(c, id, &err);
	status = take_back(c, p);
	plan_free(p);
	return status;
}

/* "2026-03-01 18:04" in the machine's time zone. */
static void format_time(time_t when, char *buf, size_t n)
{
	struct tm parts;

	if (!localtime_r(&when, &parts) || !strftime(buf, n, "%Y-%m-%d %H:%M", &parts))
		buf[0] = '\0';
}

static json_t *json_time(time_t when)
{
	struct tm parts;
	char text[32] = "";

	if (gmtime_r(&when, &parts))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	return json_text(text);
}

static json_t *json_record(const struct host *host, const struct change_record *r)
{
	auto_free char *log = journal_log_path(r->id);
	const bool has_log = host_exists(host, log);
	json_t *o = json_object(), *devices = json_array(), *files = json_array();

	for (size_t i = 0; i < r->devices.len; i++) {
		char bdf[PCI_ADDR_TEXT];

		json_array_append_new(devices,
				      json_text(pci_addr_format(&r->devices.items[i], bdf)));
	}
	for (size_t i = 0; i < r->len; i++)
		json_array_append_new(files, json_text(r->edits[i].path));
	json_put(o, "id", json_integer(r->id));
	json_put(o, "when", json_time(r->when));
	json_put(o, "state", json_text(change_state_name(r->state)));
	json_put(o, "undoes", r->undoes ? json_integer(r->undoes) : json_null());
	json_put(o, "devices", devices);
	json_put(o, "names", json_texts(&r->names));
	json_put(o, "files", files);
	json_put(o, "log", has_log ? json_text(log) : json_null());
	return o;
}

static void history_json(struct cli *c, const struct journal *j)
{
	json_t *o = json_object(), *changes = json_array(), *damaged = json_array();

	for (size_t i = 0; i < j->damaged_len; i++)
		json_array_append_new(damaged, json_text(j->damaged[i].text));
	for (size_t i = 0; i < j->len; i++)
		json_array_append_new(changes, json_record(c->host, &j->items[i]));
	json_put(o, "schema", json_integer(1));
	json_put(o, "changes", changes);
	json_put(o, "damaged", damaged);
	json_print(&c->out, o);
}

static void print_record(struct printer *p, const struct change_record *r)
{
	char when[32];

	format_time(r->when, when, sizeof(when));
	print_format(p, "%4d  %s  %-9s ", r->id, when, change_state_name(r->state));
	if (r->undoes)
		print_format(p, "takes back change %d", r->undoes);
	else if (!r->devices.len)
		print_raw(p, "no device");
	for (size_t i = 0; !r->undoes && i < r->devices.len; i++) {
		char bdf[PCI_ADDR_TEXT];

		print_raw(p, i ? ", " : "");
		print_raw(p, pci_addr_format_short(&r->devices.items[i], bdf));
		if (i < r->names.len && r->names.items[i][0]) {
			print_raw(p, " ");
			print_text(p, r->names.items[i]);
		}
	}
	print_format(p, " (%zu file%s)\n", r->len, r->len == 1 ? "" : "s");
}

static void print_files(struct cli *c, const struct change_record *r)
{
	auto_free char *log = journal_log_path(r->id);

	for (size_t i = 0; i < r->len; i++) {
		const struct journal_edit *e = &r->edits[i];

		print_raw(&c->out, !e->exists   ? "      remove "
				   : e->existed ? "      change "
						: "      create ");
		print_text(&c->out, e->path);
		print_raw(&c->out, "\n");
	}
	if (host_exists(c->host, log))
		print_format(&c->out, "      output of its commands: %s\n", log);
}

static void history_text(struct cli *c, const struct journal *j)
{
	for (size_t i = 0; i < j->len; i++) {
		print_record(&c->out, &j->items[i]);
		print_files(c, &j->items[i]);
	}
	for (size_t i = 0; i < j->damaged_len; i++)
		print_wrapped(&c->out, j->damaged[i].text, 0);
	if (!j->len && !j->damaged_len)
		print_raw(&c->out, "No change was made yet.\n");
}

int cmd_history(struct cli *c)
{
	auto_journal struct journal j = JOURNAL_INIT;
	struct err err = ERR_INIT;

	if (cli_open_host(c, &err) < 0 || journal_load(c->host, &j, &err) < 0)
		return cli_fail_reading(c, &err);
	if (c->args.json)
		history_json(c, &j);
	else
		history_text(c, &j);
	return EXIT_DONE;
}
