/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change_fixture: a small root with a few files, and a plan by hand that does to them all that
 * can happen to a file.
 */
#ifndef TESTS_CHANGE_FIXTURE_H
#define TESTS_CHANGE_FIXTURE_H

#include "base/str.h"
#include "change/plan.h"
#include "host/host.h"

/* A fresh root with a machine's files in it, for tmproot_remove(). */
char *fixture_root(void) must_check;
/* Puts a file with that mode below the root. */
void fixture_put(const char *root, const char *path, const char *text, mode_t mode);
/* The file's text, for the caller to free; NULL when it is not there. */
char *fixture_get(const char *root, const char *path) must_check;
/* A text that is equal for equal trees: /etc and /home with modes and owners, without the journal. */
void fixture_tree(const char *root, struct str *out);
/* A host over the root, for host_free(). */
struct host *fixture_host(const char *root) must_check;

/* Two files changed, one created in a new directory, one removed; two commands. */
struct plan *fixture_plan(const struct host *host) must_check;
/* Applies a plan to its end, all commands with status 0: 0 or the error. */
int fixture_apply(const struct host *host, const struct plan *plan, struct err *err) must_check;
/* The same, and aborts the test when it fails. */
void fixture_apply_ok(const struct host *host, const struct plan *plan);

#endif
