/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * form: a VM's profile as rows, one group of fields at a time; each row is a field, an
 * entry of a field that takes several things, or the place where one more is added.
 *
 * It reads what is there, and writes nothing. The table of fields
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
#include "vm/lacks.h"
#include "vm/profile.h"

#define FORM_NO_ENTRY SIZE_MAX

struct form_row {
	const struct vm_field *field; /* NULL: the VM's name */
	size_t entry;                 /* of a list; FORM_NO_ENTRY: one more, or no list */
	const struct vm_field *part;  /* of an unfolded entry; NULL: the whole */
	bool first;                   /* of its field: the label stands here */
};

struct form {
	const struct situation *situation; /* not owned */
	const struct selection *devices;   /* for a new VM; not owned */
	struct vm_offer offer;             /* of the installed QEMU */
	bool is_new;
	struct vm_profile was, now;
	struct vm_problems problems; /* of `now` */
	struct vm_problems lacks;    /* what this machine does not have of it */
	enum vm_section section;
	struct form_row *rows;
	size_t len, cap;
	size_t at;                   /* row under the cursor */
	const struct vm_field *open; /* the list with an unfolded entry, or NULL */
	size_t open_entry;
	const struct vm_field
		*bad; /* the field or part that refused a value; NULL with bad_err: the name */
	struct err bad_err; /* code 0: none did */
};

/* A new VM, with `devices`, for `name` NULL. */
int form_init(struct form *f, const struct situation *s, const struct selection *devices,
	      const char *name, struct err *reterr) must_check;
void form_release(struct form *f);
/* After `now` was put in from outside. */
void form_refresh(struct form *f);
void form_go_to_section(struct form *f, enum vm_section section);
const struct form_row *form_row(const struct form *f); /* NULL: none */
/* What the row sets: a field, or a part of an entry; NULL: the VM's name. */
const struct vm_field *form_row_field(const struct form_row *row);
/* Shows the parts of an entry as rows of their own, or hides them; false when it has one only. */
bool form_unfold(struct form *f);
/* The value of a row as text; appends. */
void form_value(const struct form *f, const struct form_row *row, struct str *ret);
/* Sets the row's value; of a list "" takes the entry out. What is refused is in f->bad_err. */
int form_set(struct form *f, const struct form_row *row, const char *value) must_check;
/* The next choice, or the one before: of choices, yes and no, numbers. False when the row has none. */
bool form_step(struct form *f, int step);
/* The sentence that belongs beside a row, or NULL. */
const char *form_problem(const struct form *f, const struct form_row *row);
/* What this machine lacks for the row's value, or NULL; it does not keep the VM from being written. */
const char *form_lack(const struct form *f, const struct form_row *row);
/* Can the field's choice be had with the installed QEMU? */
bool form_offers(const struct form *f, const struct vm_field *field, size_t choice);
bool form_is_changed(const struct form *f);
/* The first section with a problem, or VM_SECTIONS. */
enum vm_section form_bad_section(const struct form *f);

#endif
