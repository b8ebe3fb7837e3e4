/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rEFInd: the second field of the lines of /boot/refind_linux.conf, the options of kernels that it
 * finds by itself; manual stanzas of refind.conf have their own.
 *
 * A line is "label" "options"; a quote inside a field is doubled; '#' begins a comment
 * (refind: docs, linux.html). A line for minimal options stays as it is: it is a way back.
 * Owned: "refind [LABEL] PARAMETER".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "config/kernel_line.h"
#include "config/kernel_wish.h"
#include "config/refind.h"

#define CONF "/boot/refind_linux.conf"

static const char name[] = "refind";

static bool applies(const struct target_context *ctx)
{
	return ctx->platform->boot_loader == BOOT_REFIND && files_exist(ctx->files, CONF);
}

/* One quoted field: the bytes between the quotes, and the text without the doubling. False: none. */
static bool field(const struct text_line *l, size_t *at, size_t *from, size_t *to, struct str *ret)
{
	*at += strspn(l->data + *at, " \t,=");
	if (l->data[*at] != '"')
		return false;
	*from = ++*at;
	for (; l->data[*at] && l->data[*at] != '\n'; (*at)++) {
		if (l->data[*at] == '"' && l->data[*at + 1] != '"') {
			*to = (*at)++;
			return true;
		}
		*at += l->data[*at] == '"';
		str_addc(ret, l->data[*at]);
	}
	return false;
}

/* A line's label and options. 0: neither; -EINVAL: not as documented. */
struct option_line {
	struct str label, options;
	size_t from, to; /* the options' bytes */
};

static int cut(const struct text_line *l, struct option_line *ret)
{
	size_t at = strspn(l->data, " \t");
	size_t from, to;

	*ret = (struct option_line){.label = STR_INIT, .options = STR_INIT};
	if (!l->data[at] || strchr("#\r\n", l->data[at]))
		return 0;
	if (!field(l, &at, &from, &to, &ret->label) ||
	    !field(l, &at, &ret->from, &ret->to, &ret->options))
		return -EINVAL;
	return 1;
}

static void release(struct option_line *o)
{
	str_release(&o->label);
	str_release(&o->options);
}

static bool is_way_back(const char *label)
{
	return strcasestr(label, "minimal") || strcasestr(label, "fallback") ||
	       strcasestr(label, "without passthrough");
}

static int read_lines(const struct target_context *ctx, struct strv *ret, struct err *reterr)
{
	auto_text struct text t = TEXT_INIT;
	const char *bytes;
	size_t len;
	int r = files_get(ctx->files, CONF, &bytes, &len, reterr);

	if (r < 0)
		return r;
	text_parse(&t, bytes, len);
	for (size_t i = 0; i < t.len; i++) {
		struct option_line o;

		if (cut(&t.lines[i], &o) > 0 && !is_way_back(o.label.data))
			strv_add(ret, o.options.data);
		release(&o);
	}
	return 0;
}

static int present(const struct target_context *ctx, struct present *ret, struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, &lines, reterr);

	for (size_t i = 0; r >= 0 && i < lines.len; i++)
		kernel_line_present(lines.items[i], CONF, ret);
	return r;
}

static int edit_options(struct text *t, size_t line, const struct option_line *o,
			const struct wish *wish, struct strv *seen, struct strv *owned,
			struct err *reterr)
{
	auto_free char *key = xasprintf("%s", o->label.data);
	auto_strv struct strv parts = STRV_INIT;
	auto_str struct str doubled = STR_INIT;
	int r;

	while (!strv_add_unique(seen, key)) {
		char *longer = xasprintf("%s#", key); /* two lines with one label */

		free(key);
		key = longer;
	}
	strv_add(&parts, o->options.data);
	r = kernel_line_edit(&(struct kernel_place){.target = name, .key = key, .where = CONF},
			     &parts, wish, owned, reterr);
	for (const char *p = parts.items[0]; *p; p++)
		str_adds(&doubled, *p == '"' ? "\"\"" : (char[]){*p, '\0'});
	if (r >= 0)
		text_replace(t, line, o->from, o->to - o->from, doubled.data, doubled.len);
	return r;
}

static int edit_line(struct text *t, size_t line, const struct wish *wish, struct strv *seen,
		     struct strv *owned, struct err *reterr)
{
	struct option_line o;
	int r = cut(&t->lines[line], &o);

	if (r < 0 && kernel_line_wanted(wish))
		r = err_set(reterr, -EINVAL,
			    "%s, line %zu: not of the form \"label\" \"options\"; put both in "
			    "quotes first, nothing was changed",
			    CONF, line + 1);
	else if (r > 0 && !is_way_back(o.label.data))
		r = edit_options(t, line, &o, wish, seen, owned, reterr);
	else
		r = 0;
	release(&o);
	return r;
}

static int plan(const struct target_context *ctx, const struct wish *wish, struct changes *ret,
		struct err *reterr)
{
	auto_strv struct strv owned = STRV_INIT;
	auto_strv struct strv seen = STRV_INIT;
	auto_text struct text t = TEXT_INIT;
	auto_str struct str after = STR_INIT;
	auto_free char *why = kernel_line_why(wish);
	const char *bytes;
	size_t len;
	int r = changes_get(ret, CONF, &bytes, &len, reterr);

	(void)ctx;
	if (r < 0)
		return r;
	if (memchr(bytes, '\0', len))
		return err_set(reterr, -EINVAL,
			       "%s is no text of single bytes (UTF-16?); nothing was changed",
			       CONF);
	text_parse(&t, bytes, len);
	for (size_t i = 0; r >= 0 && i < t.len; i++)
		r = edit_line(&t, i, wish, &seen, &owned, reterr);
	if (r < 0)
		return r;
	text_join(&t, &after);
	strv_copy(&ret->owned, &owned);
	r = changes_set(ret, CONF, after.data, after.len, 0644, why, reterr);
	ret->reboot |= changes_touch(ret, CONF);
	return r;
}

static int verify(const struct target_context *ctx, const struct wish *wish, struct checks *ret,
		  struct err *reterr)
{
	auto_strv struct strv lines = STRV_INIT;
	int r = read_lines(ctx, &lines, reterr);

	if (r >= 0)
		kernel_line_check(&lines, CONF, wish, "apply the plan again", ret);
	kernel_line_check_running(ctx, wish, ret);
	return r;
}

/* Its own entries have their options in another file, which is not edited. */
static void add_warnings(const struct target_context *ctx, const struct wish *wish,
			 const char *missing, struct strv *ret)
{
	auto_free char *conf = *missing ? refind_with_entries(ctx->files) : NULL;

	(void)wish;
	if (conf)
		strv_addf(ret,
			  "%s describes entries of its own, which don't read " CONF
			  ": if one of them starts this machine, add %s to its options yourself; "
			  "\"vfiotui status\" tells after the reboot.",
			  conf, missing);
}

const struct target target_refind = {
	.name = name,
	.boot_loader = BOOT_REFIND,
	.applies = applies,
	.present = present,
	.plan = plan,
	.warnings = add_warnings,
	.verify = verify,
	.by_hand =
		{
			.loader = "rEFInd",
			.before = "add ",
			.after =
				" inside the second quotes of each line in /boot/refind_linux.conf",
			.menu = "press F2 twice on the entry in rEFInd's menu",
			.menu_types = true,
		},
};
