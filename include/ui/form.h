/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * form: a VM's profile as rows, one group of fields at a time; each row is a field, an
 * entry of a field that takes several things, or the place where one more is added.
 *
 * Pure but for form_init(), which reads what is there. The table of fields
 * (vm/profile.h) says all; nothing here knows a field by name, except the guest's kind,
 * which in a new VM makes a new proposal of all others.
 */
#ifndef UI_FORM_H
#define UI_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "change/situation.h"
#include "vm/profile.h"

#define FORM_NO_ENTRY SIZE_MAX

struct form_row {
	const struct vm_field *field; /* NULL: the VM's name */
	size_t entry;                 /* of a list; FORM_NO_ENTRY: one more, or no list */
	bool first;                   /* of its field: the label stands here */
};

struct form {
	const struct situation *situation; /* not owned */
	bool is_new;
	struct vm_profile was, now;
	struct vm_problems problems; /* of `now` */
	enum vm_section section;
	struct form_row *rows;
	size_t len, cap;
	size_t at; /* row under the cursor */
	const struct vm_field
		*bad;       /* the field that refused a value; NULL with bad_err: the name */
	struct err bad_err; /* code 0: none did */
};

/* A new VM for `name` NULL. */
int form_init(struct form *f, const struct situation *s, const char *name,
	      struct err *reterr) must_check;
void form_release(struct form *f);
/* After `now` was put in from outside. */
void form_refresh(struct form *f);
void form_go_to_section(struct form *f, enum vm_section section);
const struct form_row *form_row(const struct form *f); /* NULL: none */
/* The value of a row as text; appends. */
void form_value(const struct form *f, const struct form_row *row, struct str *ret);
/* Sets the row's value; of a list "" takes the entry out. What is refused is in f->bad_err. */
int form_set(struct form *f, const struct form_row *row, const char *value) must_check;
/* The next choice, or the one before: of choices, yes and no, numbers. False when the row has none. */
bool form_step(struct form *f, int step);
/* The sentence that belongs beside a row, or NULL. */
const char *form_problem(const struct form *f, const struct form_row *row);
bool form_is_changed(const struct form *f);
/* The first section with a problem, or VM_SECTIONS. */
enum vm_section form_bad_section(const struct form *f);

#endif
