/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advice/override.h"

#include <string.h>

#include "base/mem.h"
#include "base/shell.h"

#define KEY "pcie_acs_override"

static void add_words(struct acs_override_set *set, const char *value)
{
	auto_strv struct strv words = STRV_INIT;

	strv_split(&words, value, ",");
	for (size_t i = 0; i < words.len; i++) {
		struct acs_override_set one;

		if (acs_override_parse(words.items[i], &one, NULL) < 0)
			continue;
		acs_override_join(set, &one);
	}
}

void acs_override_of_line(const char *cmdline, struct acs_override_set *ret)
{
	auto_strv struct strv params = STRV_INIT;

	memset(ret, 0, sizeof(*ret));
	kernel_params_split(&params, cmdline ? cmdline : "");
	for (size_t i = 0; i < params.len && strcmp(params.items[i], "--") != 0; i++) {
		auto_free char *value = kernel_param_has_key(params.items[i], KEY)
						? kernel_params_value(params.items[i], KEY)
						: NULL;

		if (value)
			add_words(ret, value);
	}
}

bool acs_override_has_id(const struct acs_override_set *set, uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < set->ids_len; i++)
		if (set->ids[i].vendor == vendor && set->ids[i].device == device)
			return true;
	return false;
}

bool acs_override_has(const struct acs_override_set *whole, const struct acs_override_set *part)
{
	if ((part->downstream && !whole->downstream) ||
	    (part->multifunction && !whole->multifunction))
		return false;
	for (size_t i = 0; i < part->ids_len; i++)
		if (!acs_override_has_id(whole, part->ids[i].vendor, part->ids[i].device))
			return false;
	return true;
}

bool acs_override_toggle_id(struct acs_override_set *set, uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < set->ids_len; i++) {
		if (set->ids[i].vendor != vendor || set->ids[i].device != device)
			continue;
		memmove(&set->ids[i], &set->ids[i + 1],
			(set->ids_len - i - 1) * sizeof(set->ids[0]));
		set->ids_len--;
		return true;
	}
	if (set->ids_len == ACS_OVERRIDE_IDS)
		return false;
	set->ids[set->ids_len].vendor = vendor;
	set->ids[set->ids_len].device = device;
	set->ids_len++;
	return true;
}
