/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finding: a thing about the machine or the selection that the user should know.
 *
 * Codes and severities are a contract (README, JSON); texts may change. A finding
 * is data, not an error. `text` says what is so and why it matters to someone who
 * never heard of it; `remedy` what to do, or NULL.
 */
#ifndef ADVICE_FINDING_H
#define ADVICE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARN, SEVERITY_BLOCK };

struct finding {
	const char *code; /* static: "group-incomplete" */
	enum severity severity;
	char *subject; /* "group:15", "0000:0b:00.1" or "host" */
	char *text;
	char *remedy; /* or NULL */
};

struct findings {
	struct finding *items; /* the worst first, then in the rules' order */
	size_t len, cap;
};

#define FINDINGS_INIT                                                                              \
	{                                                                                          \
		.items = NULL, .len = 0, .cap = 0                                                  \
	}
#define auto_findings cleanup_with(findings_release)

/* Adds one; takes ownership of subject, text and remedy. */
void findings_add(struct findings *f, const char *code, enum severity severity, char *subject,
		  char *text, char *remedy);
void findings_release(struct findings *f);
void findings_sort(struct findings *f); /* stable, by severity */
size_t findings_count(const struct findings *f, enum severity severity);
bool findings_have(const struct findings *f, const char *code,
		   const char *subject);    /* subject NULL: any */
const char *severity_name(enum severity s); /* "block", "warn", "note" */

#endif
