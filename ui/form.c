/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/plan_vm.h"

static void add_row(struct form *f, const struct vm_field *field, size_t entry, bool first)
{
	f->rows = grow(f->rows, f->len, &f->cap, sizeof(*f->rows));
	f->rows[f->len++] = (struct form_row){.field = field, .entry = entry, .first = first};
}

/* An unfolded entry: each of its parts is a row. */
static void add_parts(struct form *f, const struct vm_field *field, size_t entry)
{
	if (f->open != field || f->open_entry != entry)
		return;
	for (size_t i = 0; i < field->item->rows_len; i++) {
		add_row(f, field, entry, true);
		f->rows[f->len - 1].part = &field->item->rows[i];
	}
}

static size_t entries(const struct form *f, const struct vm_field *field)
{
	auto_strv struct strv values = STRV_INIT;

	vm_field_get(&f->now, field, &values);
	return values.len;
}

static void build_rows(struct form *f)
{
	f->len = 0;
	if (f->is_new && f->section == VM_SECTION_MACHINE)
		add_row(f, NULL, FORM_NO_ENTRY, true);
	for (size_t i = 0; i < vm_fields_len; i++) {
		const struct vm_field *field = &vm_fields[i];
		const size_t n = field->kind == VM_LIST ? entries(f, field) : 0;

		if (field->section != f->section)
			continue;
		for (size_t k = 0; k < n; k++) {
			add_row(f, field, k, k == 0);
			add_parts(f, field, k);
		}
		add_row(f, field, FORM_NO_ENTRY, n == 0);
	}
	if (f->at >= f->len)
		f->at = f->len ? f->len - 1 : 0;
}

static void check(struct form *f)
{
	vm_problems_release(&f->problems);
	f->problems = (struct vm_problems)VM_PROBLEMS_INIT;
	vm_profile_check(&f->now, &f->problems);
	vm_problems_release(&f->lacks);
	f->lacks = (struct vm_problems)VM_PROBLEMS_INIT;
	vm_lacks(&f->now,
		 &(struct vm_lacks_input){.host = f->situation->host,
					  .platform = f->situation->platform,
					  .topology = f->situation->topology,
					  .offer = &f->offer},
		 &f->lacks);
	build_rows(f);
}

static bool is_taken(const struct form *f, const char *name)
{
	auto_free char *path = vm_profile_path(name);

	return host_exists(f->situation->host, path);
}

/* A name to begin with: "windows", and where that is taken "windows-2". */
static char *free_name(const struct form *f)
{
	char *name = xstrdup("windows");

	for (int i = 2; is_taken(f, name) && i < 100; i++) {
		free(name);
		name = xasprintf("windows-%d", i);
	}
	return name;
}

int form_init(struct form *f, const struct situation *s, const struct selection *devices,
	      const char *name, struct err *reterr)
{
	struct files *files = files_new(s->host);
	int r = 0;

	*f = (struct form){.situation = s, .devices = devices, .is_new = !name};
	if (name) {
		r = vm_profile_load(files, name, &f->now, &f->problems, reterr);
	} else {
		auto_free char *free_one = free_name(f);

		vm_profile_init(&f->now, free_one);
		vm_propose(s, devices, VM_WINDOWS_11, &f->now);
	}
	files_free(files);
	vm_offer_ask(&f->offer, !host_is_live(s->host) ? NULL
				: f->now.qemu[0]       ? f->now.qemu
						       : s->platform->qemu);
	vm_profile_copy(&f->was, &f->now);
	check(f);
	return r;
}

void form_refresh(struct form *f)
{
	check(f);
}

void form_release(struct form *f)
{
	vm_profile_release(&f->was);
	vm_profile_release(&f->now);
	vm_problems_release(&f->problems);
	vm_problems_release(&f->lacks);
	vm_offer_release(&f->offer);
	free(f->rows);
}

void form_go_to_section(struct form *f, enum vm_section section)
{
	f->section = section;
	f->at = 0;
	f->open = NULL;
	build_rows(f);
}

const struct form_row *form_row(const struct form *f)
{
	return f->at < f->len ? &f->rows[f->at] : NULL;
}

const struct vm_field *form_row_field(const struct form_row *row)
{
	return row->part ? row->part : row->field;
}

bool form_unfold(struct form *f)
{
	const struct form_row *row = form_row(f);
	const struct form_row at = row ? *row : (struct form_row){.entry = FORM_NO_ENTRY};
	const bool is_open = f->open == at.field && f->open_entry == at.entry;

	if (!at.field || at.entry == FORM_NO_ENTRY || at.field->item->rows_len < 2)
		return false;
	f->open = is_open ? NULL : at.field;
	f->open_entry = at.entry;
	build_rows(f);
	for (size_t i = 0; i < f->len; i++)
		if (f->rows[i].field == at.field && f->rows[i].entry == at.entry &&
		    !f->rows[i].part)
			f->at = i;
	return true;
}

/* --- values --------------------------------------------------------------------------- */

void form_value(const struct form *f, const struct form_row *row, struct str *ret)
{
	auto_strv struct strv values = STRV_INIT;
	const size_t i = row->entry == FORM_NO_ENTRY ? 0 : row->entry;

	if (!row->field) {
		str_adds(ret, f->now.name);
		return;
	}
	if (row->field->kind == VM_LIST && row->entry == FORM_NO_ENTRY)
		return;
	vm_field_get(&f->now, row->field, &values);
	if (i >= values.len)
		return;
	if (row->part)
		vm_item_part(row->field->item, values.items[i], row->part, ret);
	else
		str_adds(ret, values.items[i]);
}

/* The entry's text with one part of it changed. */
static int set_part(const struct form *f, const struct form_row *row, const char *value,
		    struct str *ret, struct err *reterr)
{
	auto_strv struct strv values = STRV_INIT;

	vm_field_get(&f->now, row->field, &values);
	return vm_item_change(row->field->item, values.items[row->entry], row->part, value, ret,
			      reterr);
}

/* A list is given anew, with one entry changed, added or left out. */
static int set_entry(struct vm_profile *p, const struct form_row *row, const char *value,
		     struct err *reterr)
{
	auto_strv struct strv values = STRV_INIT;
	int r = 0;

	vm_field_get(p, row->field, &values);
	if (row->entry == FORM_NO_ENTRY)
		return *value ? vm_field_set(p, row->field, value, reterr) : 0;
	r = vm_field_set(p, row->field, "", reterr);
	for (size_t i = 0; i < values.len && r == 0; i++) {
		const char *text = i == row->entry ? value : values.items[i];

		if (*text)
			r = vm_field_set(p, row->field, text, reterr);
	}
	return r;
}

static int set_field(struct form *f, const struct form_row *row, const char *value,
		     struct err *reterr)
{
	auto_str struct str entry = STR_INIT;
	struct vm_profile next;
	int r = row->part ? set_part(f, row, value, &entry, reterr) : 0;

	if (r < 0)
		return r;
	if (row->part)
		value = entry.data;
	vm_profile_copy(&next, &f->now);
	r = row->field->kind == VM_LIST ? set_entry(&next, row, value, reterr)
					: vm_field_set(&next, row->field, value, reterr);
	if (r == 0)
		vm_field_copy(&f->now, &next, row->field);
	vm_profile_release(&next);
	return r;
}

/* Files that are named after the VM in the proposal follow its name. */
static int set_name(struct form *f, const char *name, struct err *reterr)
{
	int r = vm_name_check(name, reterr);

	if (r < 0)
		return r;
	if (is_taken(f, name))
		return err_set(reterr, -EEXIST, "there is a VM of that name already");
	free(f->now.name);
	f->now.name = xstrdup(name);
	if (!form_is_changed(f)) {
		vm_propose(f->situation, f->devices, (enum vm_system)f->now.system, &f->now);
		vm_profile_release(&f->was);
		vm_profile_copy(&f->was, &f->now);
	}
	return 0;
}

static bool is_system(const struct vm_field *field)
{
	return field && !strcmp(field->key, "system");
}

int form_set(struct form *f, const struct form_row *row, const char *value)
{
	const struct form_row at = *row; /* rows are built anew below */
	int r;

	err_clear(&f->bad_err);
	r = at.field ? set_field(f, &at, value, &f->bad_err) : set_name(f, value, &f->bad_err);
	f->bad = form_row_field(&at);
	if (r == 0 && f->open == at.field && !at.part && !*value)
		f->open = NULL; /* its entry is gone */
	if (r == 0 && f->is_new && is_system(at.field)) {
		vm_propose(f->situation, f->devices, (enum vm_system)f->now.system, &f->now);
		vm_profile_release(&f->was);
		vm_profile_copy(&f->was, &f->now);
	}
	check(f);
	return r;
}

static void step_number(const struct vm_field *field, const char *now_text, int step,
			struct str *ret)
{
	uint64_t now = strtoull(now_text, NULL, 10);

	if (step < 0 ? now > field->min : !field->max || now < field->max)
		now += (uint64_t)(int64_t)step;
	str_addf(ret, "%" PRIu64, now);
}

bool form_offers(const struct form *f, const struct vm_field *field, size_t choice)
{
	return vm_offer_has(&f->offer, field, choice);
}

/* The next one that can be had; what is chosen already is a choice in any case. */
static void step_choice(const struct form *f, const struct vm_field *field, const char *now,
			int step, struct str *ret)
{
	size_t n = 0;
	size_t at = 0;

	for (; field->choices[n]; n++)
		if (!strcmp(field->choices[n], now))
			at = n;
	for (size_t i = 0; i < n; i++) {
		at = (at + n + (step < 0 ? n - 1 : 1)) % n;
		if (form_offers(f, field, at))
			break;
	}
	str_adds(ret, field->choices[at]);
}

bool form_step(struct form *f, int step)
{
	const struct form_row *row = form_row(f);
	const struct vm_field *field = row ? form_row_field(row) : NULL;
	auto_str struct str value = STR_INIT;
	auto_str struct str now = STR_INIT;

	if (!field)
		return false;
	form_value(f, row, &now);
	if (field->kind == VM_CHOICE)
		step_choice(f, field, now.data, step, &value);
	else if (field->kind == VM_NUMBER)
		step_number(field, now.data, step, &value);
	else if (field->kind == VM_BOOL)
		str_adds(&value, strcmp(now.data, "yes") ? "yes" : "no");
	else
		return false;
	return form_set(f, row, value.data) == 0;
}

/* --- what is wrong -------------------------------------------------------------------------- */

const char *form_problem(const struct form *f, const struct form_row *row)
{
	if (f->bad_err.code && f->bad == form_row_field(row))
		return f->bad_err.text;
	return row->field && row->first && !row->part ? vm_problems_of(&f->problems, row->field)
						      : NULL;
}

const char *form_lack(const struct form *f, const struct form_row *row)
{
	return row->field && row->first && !row->part ? vm_problems_of(&f->lacks, row->field)
						      : NULL;
}

bool form_is_changed(const struct form *f)
{
	for (size_t i = 0; i < vm_fields_len; i++)
		if (!vm_field_equal(&f->was, &f->now, &vm_fields[i]))
			return true;
	return false;
}

enum vm_section form_bad_section(const struct form *f)
{
	for (size_t i = 0; i < f->problems.len; i++)
		if (f->problems.items[i].field)
			return f->problems.items[i].field->section;
	return VM_SECTIONS;
}
