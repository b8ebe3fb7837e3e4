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
		for (size_t k = 0; k < n; k++)
			add_row(f, field, k, k == 0);
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

int form_init(struct form *f, const struct situation *s, const char *name, struct err *reterr)
{
	struct files *files = files_new(s->host);
	int r = 0;

	*f = (struct form){.situation = s, .is_new = !name, .problems = VM_PROBLEMS_INIT};
	if (name) {
		r = vm_profile_load(files, name, &f->now, &f->problems, reterr);
	} else {
		auto_free char *free_one = free_name(f);

		vm_profile_init(&f->now, free_one);
		vm_propose(s, VM_WINDOWS_11, &f->now);
	}
	files_free(files);
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
	free(f->rows);
}

void form_go_to_section(struct form *f, enum vm_section section)
{
	f->section = section;
	f->at = 0;
	build_rows(f);
}

const struct form_row *form_row(const struct form *f)
{
	return f->at < f->len ? &f->rows[f->at] : NULL;
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
	if (i < values.len)
		str_adds(ret, values.items[i]);
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
	struct vm_profile next;
	int r;

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
		vm_propose(f->situation, (enum vm_system)f->now.system, &f->now);
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
	f->bad = at.field;
	if (r == 0 && f->is_new && is_system(at.field)) {
		vm_propose(f->situation, (enum vm_system)f->now.system, &f->now);
		vm_profile_release(&f->was);
		vm_profile_copy(&f->was, &f->now);
	}
	check(f);
	return r;
}

static void step_number(const struct form *f, const struct vm_field *field, int step,
			struct str *ret)
{
	auto_strv struct strv values = STRV_INIT;
	uint64_t now;

	vm_field_get(&f->now, field, &values);
	now = values.len ? strtoull(values.items[0], NULL, 10) : 0;
	if (step < 0 ? now > field->min : !field->max || now < field->max)
		now += (uint64_t)(int64_t)step;
	str_addf(ret, "%" PRIu64, now);
}

static void step_choice(const struct form *f, const struct vm_field *field, int step,
			struct str *ret)
{
	auto_strv struct strv values = STRV_INIT;
	size_t n = 0, at = 0;

	vm_field_get(&f->now, field, &values);
	for (; field->choices[n]; n++)
		if (values.len && !strcmp(field->choices[n], values.items[0]))
			at = n;
	str_adds(ret, field->choices[(at + n + (step < 0 ? n - 1 : 1)) % n]);
}

bool form_step(struct form *f, int step)
{
	const struct form_row *row = form_row(f);
	auto_str struct str value = STR_INIT;
	auto_str struct str now = STR_INIT;

	if (!row || !row->field)
		return false;
	if (row->field->kind == VM_CHOICE) {
		step_choice(f, row->field, step, &value);
	} else if (row->field->kind == VM_NUMBER) {
		step_number(f, row->field, step, &value);
	} else if (row->field->kind == VM_BOOL) {
		form_value(f, row, &now);
		str_adds(&value, strcmp(now.data, "yes") ? "yes" : "no");
	} else {
		return false;
	}
	return form_set(f, row, value.data) == 0;
}

/* --- what is wrong -------------------------------------------------------------------------- */

const char *form_problem(const struct form *f, const struct form_row *row)
{
	if (f->bad_err.code && f->bad == row->field)
		return f->bad_err.text;
	return row->field ? vm_problems_of(&f->problems, row->field) : NULL;
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
