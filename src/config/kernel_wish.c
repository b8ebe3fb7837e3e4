/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kernel_wish.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"

#define IDS_KEY "vfio-pci.ids"

/* Keys whose values add up over the line, and the value that takes the others back. */
static const struct {
	const char *key, *opposite;
} adding[] = {{"intel_iommu", "off"}, {"iommu", "nopt"}};

/* Parameters after which nothing turns the IOMMU on again. */
static const char *const final_off[] = {"amd_iommu=off", "iommu=off"};

/* The parameters that the kernel itself reads: those before "--". */
static void split(struct strv *ret, const char *line)
{
	kernel_params_split(ret, line);
	for (size_t i = 0; i < ret->len; i++)
		if (!strcmp(ret->items[i], "--"))
			while (ret->len > i)
				strv_remove_at(ret, ret->len - 1);
}

static bool list_has(const char *list, const char *word)
{
	auto_strv struct strv words = STRV_INIT;

	strv_split(&words, list, ",");
	return strv_has(&words, word);
}

static bool has_added_up(const struct strv *params, const char *key, const char *value,
			 const char *opposite)
{
	bool has = false;

	for (size_t i = 0; i < params->len; i++) {
		auto_free char *list = NULL;

		if (!kernel_param_has_key(params->items[i], key))
			continue;
		list = kernel_params_value(params->items[i], key);
		has = list_has(list, value) || (has && !list_has(list, opposite));
	}
	return has;
}

/* Every word of the wished value is on the line, be it in several parameters: the patch adds them up. */
static bool has_all_words(const struct strv *params, const char *key, const char *value)
{
	auto_strv struct strv there = STRV_INIT;
	auto_strv struct strv wished = STRV_INIT;

	for (size_t i = 0; i < params->len; i++) {
		auto_free char *list = NULL;

		if (!kernel_param_has_key(params->items[i], key))
			continue;
		list = kernel_params_value(params->items[i], key);
		strv_split(&there, list ? list : "", ",");
	}
	strv_split(&wished, value, ",");
	for (size_t i = 0; i < wished.len; i++)
		if (!strv_has(&there, wished.items[i]))
			return false;
	return true;
}

bool kernel_line_has(const char *line, const char *param)
{
	auto_strv struct strv params = STRV_INIT;
	const char *equals = strchr(param, '=');
	auto_free char *key = xstrndup(param, equals ? (size_t)(equals - param) : strlen(param));
	const char *last = NULL;

	split(&params, line);
	if (equals && !strcmp(key, ACS_OVERRIDE_KEY))
		return has_all_words(&params, key, equals + 1);
	for (size_t i = 0; equals && !strchr(equals, ',') && i < ARRAY_SIZE(adding); i++)
		if (!strcmp(adding[i].key, key))
			return has_added_up(&params, key, equals + 1, adding[i].opposite);
	for (size_t i = 0; i < params.len; i++)
		if (kernel_param_has_key(params.items[i], key))
			last = params.items[i];
	return last && kernel_param_equal(last, param);
}

/* --- ids ------------------------------------------------------------------------------- */

/* The first two fields of an entry of ids=, "10DE:2484:1462" as "10de:2484"; "" when it has none. */
static char *entry_ids(const char *entry)
{
	char *end;
	unsigned long vendor = strtoul(entry, &end, 16);
	unsigned long device;

	if (*end != ':' || end == entry || !isxdigit((unsigned char)end[1]))
		return xstrdup("");
	device = strtoul(end + 1, NULL, 16);
	return xasprintf("%04lx:%04lx", vendor & 0xffff, device & 0xffff);
}

/* The ids that a value hands over, each once. */
static void value_ids(const char *value, struct strv *ret)
{
	auto_strv struct strv entries = STRV_INIT;

	strv_split(&entries, value, ",");
	for (size_t i = 0; i < entries.len; i++) {
		auto_free char *ids = entry_ids(entries.items[i]);

		if (*ids)
			strv_add_unique(ret, ids);
	}
}

static bool same_set(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; i < a->len; i++)
		if (!strv_has(b, a->items[i]))
			return false;
	return a->len == b->len;
}

char *kernel_param_pruned(const char *param, const struct wish *wish)
{
	auto_strv struct strv entries = STRV_INIT;
	auto_strv struct strv kept = STRV_INIT;
	auto_free char *value = kernel_params_value(param, IDS_KEY);
	auto_free char *left = NULL;

	if (!value)
		return NULL;
	strv_split(&entries, value, ",");
	for (size_t i = 0; i < entries.len; i++) {
		auto_free char *ids = entry_ids(entries.items[i]);

		if (!*ids || strv_has(&wish->ids, ids))
			strv_add(&kept, entries.items[i]);
	}
	if (kept.len == entries.len)
		return NULL;
	left = strv_join(&kept, ",");
	return kept.len ? xasprintf("%s=%s", IDS_KEY, left) : xstrdup("");
}

/* --- the wish ----------------------------------------------------------------------------- */

static bool is_ids(const char *param)
{
	return kernel_param_has_key(param, IDS_KEY);
}

/* vfio-pci.ids= on the line would replace those of modprobe.d: it must say the same. */
static void add_ids_again(const char *line, const struct wish *wish, struct strv *ret)
{
	auto_strv struct strv ids = STRV_INIT;
	auto_free char *value = kernel_params_value(line, IDS_KEY);
	auto_free char *wished = strv_join(&wish->ids, ",");

	for (size_t i = 0; i < wish->kernel_params.len; i++)
		if (is_ids(wish->kernel_params.items[i]))
			return;
	if (!value)
		return;
	value_ids(value, &ids);
	if (!same_set(&ids, &wish->ids))
		strv_addf(ret, "%s=%s", IDS_KEY, wished);
}

/* What no addition at the end of the line can mend. */
static int check_final(const char *line, const struct strv *added, const char *where,
		       struct err *reterr)
{
	auto_strv struct strv params = STRV_INIT;

	kernel_params_split(&params, line);
	for (size_t i = 0; i < params.len; i++) {
		const char *p = params.items[i];

		if (added->len && !strcmp(p, "--"))
			return err_set(
				reterr, -EINVAL,
				"%s: \"--\" ends the kernel's own parameters, so none can be "
				"added behind it; take it out first, nothing was changed",
				where);
		for (size_t k = 0; k < ARRAY_SIZE(final_off); k++)
			if (kernel_param_equal(p, final_off[k]))
				return err_set(reterr, -EINVAL,
					       "%s: \"%s\" turns the IOMMU off, and no later "
					       "parameter turns it on again; take it out first, "
					       "nothing was changed",
					       where, p);
	}
	return 0;
}

int kernel_line_missing(const char *line, const struct wish *wish, const char *where,
			struct strv *ret, struct err *reterr)
{
	for (size_t i = 0; i < wish->kernel_params.len; i++)
		if (!kernel_line_has(line, wish->kernel_params.items[i]))
			strv_add(ret, wish->kernel_params.items[i]);
	add_ids_again(line, wish, ret);
	return wish->len || wish->kernel_params.len ? check_final(line, ret, where, reterr) : 0;
}

void kernel_line_present(const char *line, const char *path, struct present *ret)
{
	auto_strv struct strv params = STRV_INIT;
	auto_strv struct strv ids = STRV_INIT;
	auto_free char *value = kernel_params_value(line, IDS_KEY);
	auto_free char *stub = kernel_params_value(line, "pci-stub.ids");

	split(&params, line);
	for (size_t i = 0; i < params.len; i++)
		strv_add_unique(&ret->kernel_params, params.items[i]);
	if (value)
		value_ids(value, &ids);
	if (stub)
		value_ids(stub, &ids);
	for (size_t i = 0; i < ids.len; i++)
		strv_add_unique(&ret->ids, ids.items[i]);
	if (ids.len)
		strv_add_unique(&ret->where, path);
}

void kernel_line_check_running(const struct target_context *ctx, const struct wish *wish,
			       struct checks *ret)
{
	const char *line = ctx->platform->cmdline;

	for (size_t i = 0; i < wish->kernel_params.len; i++) {
		const char *param = wish->kernel_params.items[i];
		char *what = xasprintf("the kernel runs with %s", param);

		if (line && kernel_line_has(line, param))
			checks_add(ret, CHECK_OK, what, NULL, NULL);
		else
			checks_add(ret, CHECK_AFTER_REBOOT, what,
				   xstrdup(line ? "not in /proc/cmdline" : "no kernel runs here"),
				   xstrdup("reboot"));
	}
}
