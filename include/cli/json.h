/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json: the facts of this program as JSON: a contract (README: field names stay, more may come).
 *
 * All strings are untrusted: bytes that are no UTF-8 become U+FFFD, and the output escapes
 * everything outside printable ASCII, so that it is safe on a terminal too.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>

#include "advice/finding.h"
#include "change/situation.h"
#include "cli/print.h"
#include "config/target.h"

json_t *json_text(const char *s) must_check; /* null for NULL */
json_t *json_text_n(const char *s, size_t n) must_check;
json_t *json_texts(const struct strv *v) must_check;
json_t *json_host(const struct platform *p) must_check;
json_t *json_device(const struct situation *s, const struct device *d) must_check;
json_t *json_findings(const struct findings *f) must_check; /* the array */
json_t *json_checks(const struct checks *c) must_check;     /* the array */
/* Sets a member; takes ownership of `value`. */
void json_put(json_t *object, const char *key, json_t *value);
/* Prints the value with a line feed and frees it. */
void json_print(struct printer *p, json_t *value);

#endif
