/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "# device: BDF KEY=VALUE ...": one table of keys, each a function that takes the value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/recording_parts.h"

static bool take_number(const char *s, int base, long max, int *ret)
{
	const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
	long v;

	if (!*s || strlen(s) > 6 || s[strspn(s, digits)])
		return false;
	v = strtol(s, NULL, base);
	*ret = (int)v;
	return v <= max;
}

static bool take_reset(struct recording_row *r, const char *s)
{
	if (strlen(s) > 128 || s[strspn(s, "abcdefghijklmnopqrstuvwxyz_,-")])
		return false;
	free(r->reset);
	r->reset = xstrdup(s);
	return true;
}

static bool take_node(struct recording_row *r, const char *s)
{
	return take_number(s, 10, 99999, &r->node);
}

static bool take_override(struct recording_row *r, const char *s)
{
	if (!*s || strchr(s, '/') || strlen(s) > NAME_MAX)
		return false;
	free(r->override);
	r->override = xstrdup(s);
	return true;
}

static bool take_vga(struct recording_row *r, const char *s)
{
	r->boot_vga = *s == '-' ? -1 : *s - '0';
	return *s && strchr("-01", *s) && !s[1];
}

static bool take_multifunction(struct recording_row *r, const char *s)
{
	return take_number(s, 10, 1, &r->multifunction_known);
}

static bool take_prog_if(struct recording_row *r, const char *s)
{
	int v;

	if (!take_number(s, 16, 0xff, &v))
		return false;
	r->prog_if = (uint8_t)v;
	return true;
}

static bool take_header(struct recording_row *r, const char *s)
{
	if (!take_number(s, 10, 127, &r->header_type))
		return false;
	r->bridge = r->header_type != 0;
	return true;
}

static bool take_config(struct recording_row *r, const char *s)
{
	return take_number(s, 10, RECORDING_CONFIG_MAX, &r->config_len);
}

/* Two values with '/' between: "16GT/s,x4/8GT/s,x4" has one inside each. */
static bool take_link(struct recording_row *r, const char *s)
{
	const char *middle = strstr(s, "/s,");
	auto_free char *first = NULL;

	middle = middle ? strchr(middle + 1, '/') : NULL;
	if (!middle)
		return false;
	first = xstrndup(s, (size_t)(middle - s));
	return recording_link_parse(first, &r->link_max) &&
	       recording_link_parse(middle + 1, &r->link);
}

static bool take_sriov(struct recording_row *r, const char *s)
{
	const char *slash = strchr(s, '/');
	auto_free char *total = slash ? xstrndup(s, (size_t)(slash - s)) : NULL;

	return total && take_number(total, 10, 0xffff, &r->sriov_total) &&
	       take_number(slash + 1, 10, 0xffff, &r->sriov_enabled);
}

static bool take_physfn(struct recording_row *r, const char *s)
{
	r->has_physfn = pci_addr_parse(s, &r->physfn);
	return r->has_physfn;
}

static bool take_below(struct recording_row *r, const char *s)
{
	r->has_below = pci_addr_parse(s, &r->below);
	return r->has_below;
}

static bool take_bar(struct recording_row *r, const char *s)
{
	if (!*s || strlen(s) > 12 || s[strspn(s, "0123456789abcdef")])
		return false;
	r->bar = strtoull(s, NULL, 16);
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct recording_row *r, const char *value);
} keys[] = {
	{"reset", take_reset},
	{"node", take_node},
	{"override", take_override},
	{"vga", take_vga},
	{"multifunction", take_multifunction},
	{"progif", take_prog_if},
	{"header", take_header},
	{"config", take_config},
	{"link", take_link},
	{"sriov", take_sriov},
	{"physfn", take_physfn},
	{"below", take_below},
	{"bar", take_bar},
};

static bool take(struct recording_row *r, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t n = strlen(keys[i].key);

		if (!strncmp(word, keys[i].key, n) && word[n] == '=')
			return keys[i].take(r, word + n + 1);
	}
	return false;
}

/* Words of a note: the address and what is said of it. */
static bool split(const char *line, struct strv *words, struct pci_addr *addr)
{
	strv_split(words, line + strlen("# device:"), " ");
	return words->len > 1 && pci_addr_parse(words->items[0], addr);
}

bool recording_device_note(struct recording_table *t, const char *line)
{
	auto_strv struct strv words = STRV_INIT;
	struct recording_row scratch = {.reset = NULL, .override = NULL};
	struct pci_addr addr;
	bool ok = split(line, &words, &addr);

	for (size_t i = 1; i < words.len; i++)
		ok = ok && take(&scratch, words.items[i]);
	free(scratch.reset);
	free(scratch.override);
	if (ok)
		strv_add(&t->devices, line);
	return ok;
}

void recording_apply_device_notes(struct recording_table *t)
{
	for (size_t i = 0; i < t->devices.len; i++) {
		auto_strv struct strv words = STRV_INIT;
		struct pci_addr addr;
		size_t row = split(t->devices.items[i], &words, &addr)
				     ? recording_table_find(t, &addr)
				     : NO_ROW;

		for (size_t k = 1; row != NO_ROW && k < words.len; k++)
			if (!take(&t->rows[row], words.items[k]))
				abort(); /* it was looked at before */
	}
}
