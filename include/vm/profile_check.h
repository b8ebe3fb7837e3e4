/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile_check: what single values of a profile have to look like.
 *
 * Each takes a value that is not empty, puts it into its normal form or refuses it with
 * one sentence; for the rows of src/vm/profile_fields.c.
 */
#ifndef VM_PROFILE_CHECK_H
#define VM_PROFILE_CHECK_H

#include "base/err.h"
#include "base/str.h"

int check_path(struct str *value, struct err *reterr) must_check;       /* absolute */
int check_address(struct str *value, struct err *reterr) must_check;    /* BDF, to the full form */
int check_ids(struct str *value, struct err *reterr) must_check;        /* "10de:2484" */
int check_guest_slot(struct str *value, struct err *reterr) must_check; /* "09.0" */
int check_usb(struct str *value, struct err *reterr) must_check;        /* ids or "1-2.3" */
int check_serial(struct str *value, struct err *reterr) must_check;
int check_forward(struct str *value, struct err *reterr) must_check; /* "tcp:2222:22" */
int check_cpus(struct str *value, struct err *reterr) must_check;    /* "0-3,8", blanks go */
int check_word(struct str *value, struct err *reterr) must_check;    /* letters, digits, ._- */
int check_cpu_options(struct str *value, struct err *reterr) must_check;
int check_vendor_id(struct str *value, struct err *reterr) must_check;
int check_interface(struct str *value, struct err *reterr) must_check;
int check_mac(struct str *value, struct err *reterr) must_check;
int check_resolution(struct str *value, struct err *reterr) must_check;
int check_number(struct str *value, struct err *reterr) must_check;

#endif
