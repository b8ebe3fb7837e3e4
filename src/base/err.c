/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_wrap

/* Replaces the end of a sentence that didn't fit, so that the cut can be seen. */
static void mark_cut(char *text, int want)
{
	static const char ellipsis[] = "…";

	if (want >= ERR_TEXT_MAX)
		memcpy(text + ERR_TEXT_MAX - sizeof(ellipsis), ellipsis, sizeof(ellipsis));
}

int err_set(struct err *reterr, int code, const char *fmt, ...)
{
	va_list ap;

	assert(code < 0);
	if (!reterr)
		return code;
	reterr->code = code;
	va_start(ap, fmt);
	mark_cut(reterr->text, vsnprintf(reterr->text, sizeof(reterr->text), fmt, ap));
	va_end(ap);
	return code;
}

int err_wrap(struct err *reterr, int code, const char *fmt, ...)
{
	char inner[ERR_TEXT_MAX];
	char context[ERR_TEXT_MAX];
	va_list ap;

	if (!reterr)
		return code;
	memcpy(inner, reterr->text, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	return err_set(reterr, code, "%s: %s", context, inner);
}

void err_clear(struct err *err)
{
	if (!err)
		return;
	err->code = 0;
	err->text[0] = '\0';
}
