/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/profile_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define CHOICES_TEXT 400 /* what of a list of choices fits into a sentence */

static void *member(void *base, const struct vm_field *f)
{
	return (char *)base + f->offset;
}

static const void *member_const(const void *base, const struct vm_field *f)
{
	return (const char *)base + f->offset;
}

/* "q35, i440fx" */
static void list_choices(const struct vm_field *f, struct str *out)
{
	for (size_t i = 0; f->choices[i]; i++)
		str_addf(out, "%s%s", i ? ", " : "", f->choices[i]);
	str_truncate(out, CHOICES_TEXT);
}

/* --- by kind ------------------------------------------------------------------ */

static int set_text(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	char **to = member(base, f);
	auto_str struct str text = STR_INIT;

	str_adds(&text, value);
	if (text.len && f->check) {
		int r = f->check(&text, reterr);

		if (r < 0)
			return r;
	}
	free(*to);
	*to = xstrdup(text.data);
	return 0;
}

static int out_of_range(const struct vm_field *f, const char *value, const char *unit,
			struct err *reterr)
{
	return err_set(reterr, -EINVAL,
		       "%s is a number from %" PRIu64 " to %" PRIu64 "%s, not \"%s\"", f->key,
		       f->min, f->max, unit, value);
}

static int set_number(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end || errno || n < f->min || n > f->max)
		return out_of_range(f, value, "", reterr);
	*(unsigned *)member(base, f) = (unsigned)n;
	return 0;
}

/* "12G", "12GiB", "12 GB": all 12 * 1024 MiB; without a unit MiB. */
static int set_size(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	static const char units[] = "MGT";
	char *end;
	const char *unit;
	unsigned long long n;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || errno || n > f->max)
		return out_of_range(f, value, " MiB", reterr);
	end += *end == ' ';
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : units;
	if (!unit || (*end && end[1] && strcasecmp(end + 1, "B") && strcasecmp(end + 1, "iB")))
		return err_set(reterr, -EINVAL, "\"%s\" is not a size like 12G or 8192M", value);
	n <<= 10 * (unsigned)(unit - units);
	if (n < f->min || n > f->max)
		return out_of_range(f, value, " MiB", reterr);
	*(uint64_t *)member(base, f) = n;
	return 0;
}

static int set_bool(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcasecmp(value, words[i])) {
			*(bool *)member(base, f) = i % 2;
			return 0;
		}
	}
	return err_set(reterr, -EINVAL, "%s is yes or no, not \"%s\"", f->key, value);
}

static int set_choice(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	auto_str struct str all = STR_INIT;

	for (int i = 0; f->choices[i]; i++) {
		if (!strcasecmp(f->choices[i], value)) {
			*(int *)member(base, f) = i;
			return 0;
		}
	}
	list_choices(f, &all);
	return err_set(reterr, -EINVAL, "%s is one of %s, not \"%s\"", f->key, all.data, value);
}

static unsigned all_flags(const struct vm_field *f)
{
	unsigned all = 0;

	for (size_t i = 0; f->choices[i]; i++)
		all |= 1U << i;
	return all;
}

static bool flag_of(const struct vm_field *f, const char *word, unsigned *bits)
{
	for (size_t i = 0; f->choices[i]; i++) {
		if (!strcasecmp(f->choices[i], word)) {
			*bits |= 1U << i;
			return true;
		}
	}
	return false;
}

static int set_flags(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	auto_strv struct strv words = STRV_INIT;
	auto_str struct str all = STR_INIT;
	unsigned bits = 0;

	strv_split(&words, value, " ,\t");
	if (words.len == 1 && !strcasecmp(words.items[0], "all")) {
		bits = all_flags(f);
	} else if (words.len != 1 || strcasecmp(words.items[0], "none") != 0) {
		for (size_t i = 0; i < words.len; i++) {
			if (flag_of(f, words.items[i], &bits))
				continue;
			list_choices(f, &all);
			return err_set(reterr, -EINVAL, "%s knows all, none, %s, not \"%s\"",
				       f->key, all.data, words.items[i]);
		}
	}
	*(unsigned *)member(base, f) = bits;
	return 0;
}

int vm_value_set(void *base, const struct vm_field *f, const char *value, struct err *reterr)
{
	static int (*const setters[])(void *, const struct vm_field *, const char *,
				      struct err *) = {
		[VM_TEXT] = set_text, [VM_NUMBER] = set_number, [VM_SIZE] = set_size,
		[VM_BOOL] = set_bool, [VM_CHOICE] = set_choice, [VM_FLAGS] = set_flags,
	};

	if (!value[0])
		value = f->fallback ? f->fallback : "";
	if (!value[0] && f->kind == VM_CHOICE)
		value = f->choices[0];
	if (!value[0] && f->kind != VM_TEXT) { /* the zero of its kind */
		value = f->kind == VM_BOOL ? "no" : f->kind == VM_FLAGS ? "none" : "0";
	}
	return setters[f->kind](base, f, value, reterr);
}

static void get_flags(unsigned bits, const struct vm_field *f, struct str *out)
{
	bool first = true;

	if (!bits || bits == all_flags(f)) {
		str_adds(out, bits ? "all" : "none");
		return;
	}
	for (size_t i = 0; f->choices[i]; i++) {
		if (!(bits & 1U << i))
			continue;
		str_addf(out, "%s%s", first ? "" : " ", f->choices[i]);
		first = false;
	}
}

static void get_size(uint64_t mib, struct str *out)
{
	if (mib && mib % 1024 == 0)
		str_addf(out, "%" PRIu64 "G", mib / 1024);
	else
		str_addf(out, "%" PRIu64 "M", mib);
}

void vm_value_get(const void *base, const struct vm_field *f, struct str *out)
{
	const void *at = member_const(base, f);

	switch (f->kind) {
	case VM_TEXT:
		str_adds(out, *(char *const *)at ? *(char *const *)at : "");
		break;
	case VM_NUMBER:
		str_addf(out, "%u", *(const unsigned *)at);
		break;
	case VM_SIZE:
		get_size(*(const uint64_t *)at, out);
		break;
	case VM_BOOL:
		str_adds(out, *(const bool *)at ? "yes" : "no");
		break;
	case VM_CHOICE:
		str_adds(out, f->choices[*(const int *)at]);
		break;
	case VM_FLAGS:
		get_flags(*(const unsigned *)at, f, out);
		break;
	case VM_LIST:
		break;
	}
}
