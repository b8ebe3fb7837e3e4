/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void findings_add(struct findings *f, const char *code, enum severity severity, char *subject,
		  char *text, char *remedy)
{
	f->items = grow(f->items, f->len, &f->cap, sizeof(*f->items));
	f->items[f->len++] = (struct finding){
		.code = code,
		.severity = severity,
		.subject = subject,
		.text = text,
		.remedy = remedy,
	};
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->len; i++) {
		free(f->items[i].subject);
		free(f->items[i].text);
		free(f->items[i].remedy);
	}
	free(f->items);
	*f = (struct findings)FINDINGS_INIT;
}

/* One pass a severity keeps the order of the rules within it. */
void findings_sort(struct findings *f)
{
	struct finding *sorted;
	size_t n = 0;

	if (!f->len)
		return;
	sorted = xrealloc(NULL, f->cap, sizeof(*sorted));
	for (int severity = SEVERITY_BLOCK; severity >= SEVERITY_NOTE; severity--)
		for (size_t i = 0; i < f->len; i++)
			if ((int)f->items[i].severity == severity)
				sorted[n++] = f->items[i];
	free(f->items);
	f->items = sorted;
}

size_t findings_count(const struct findings *f, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++)
		n += f->items[i].severity == severity;
	return n;
}

bool findings_have(const struct findings *f, const char *code, const char *subject)
{
	for (size_t i = 0; i < f->len; i++)
		if (!strcmp(f->items[i].code, code) &&
		    (!subject || !strcmp(f->items[i].subject, subject)))
			return true;
	return false;
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_WARN] = "warn",
		[SEVERITY_BLOCK] = "block",
	};

	return names[s];
}
