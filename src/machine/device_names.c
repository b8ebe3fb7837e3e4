/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device_names: what a device is called, in full and short enough for a row (machine/topology.h).
 */
#include "machine/topology.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

char *device_name(const struct device *d)
{
	char ids[10];

	if (d->vendor_name && d->device_name)
		return xasprintf("%s %s", d->vendor_name, d->device_name);
	if (d->vendor_name)
		return xasprintf("%s Device %04x", d->vendor_name, d->id);
	return xasprintf("Device %s", device_ids_text(d, ids));
}

/* --- the vendor's short name --------------------------------------------------- */

/* Those whose name in the PCI id list does not give the usual short one by the rules below. */
static const struct {
	uint16_t id;
	const char *name;
} vendors[] = {
	{0x1000, "LSI"},     {0x1002, "AMD"},      {0x1022, "AMD"},      {0x10b7, "3Com"},
	{0x10de, "NVIDIA"},  {0x10ec, "Realtek"},  {0x11ab, "Marvell"},  {0x1234, "QEMU"},
	{0x144d, "Samsung"}, {0x14e4, "Broadcom"}, {0x15b3, "Mellanox"}, {0x168c, "Atheros"},
	{0x1969, "Atheros"}, {0x1a03, "ASPEED"},   {0x1b36, "QEMU"},     {0x8086, "Intel"},
};

/* Words that end a company's name and tell nobody anything. */
static const char *const company_words[] = {
	"AG",      "Co.",           "Co",
	"Company", "Computer",      "Corp",
	"Corp.",   "Corporation",   "Electronics",
	"GmbH",    "Group",         "Inc",
	"Inc.",    "Incorporated",  "International",
	"LLC",     "Limited",       "Ltd",
	"Ltd.",    "Semiconductor", "Semiconductors",
	"Systems", "Technologies",  "Technology",
};

/* Length of `name` without the last word and the blanks and commas before it; 0: one word. */
static size_t without_last_word(const char *name, size_t len)
{
	while (len && name[len - 1] != ' ' && name[len - 1] != ',')
		len--;
	while (len && (name[len - 1] == ' ' || name[len - 1] == ','))
		len--;
	return len;
}

static bool is_company_word(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(company_words); i++)
		if (strlen(company_words[i]) == len && !memcmp(company_words[i], word, len))
			return true;
	return false;
}

/* "ASMedia Technology Inc." gives "ASMedia". */
static char *strip_company_words(const char *name)
{
	size_t len = strlen(name);

	for (;;) {
		size_t shorter = without_last_word(name, len);
		size_t word = shorter;

		while (word < len && (name[word] == ' ' || name[word] == ','))
			word++;
		if (!shorter || !is_company_word(name + word, len - word))
			return xstrndup(name, len);
		len = shorter;
	}
}

/* The text in the last pair of brackets: its start, and its length in *len; NULL when there is none. */
static const char *in_brackets(const char *name, size_t *len)
{
	const char *open = strrchr(name, '[');
	const char *close = open ? strchr(open, ']') : NULL;

	if (!close || close == open + 1)
		return NULL;
	*len = (size_t)(close - open - 1);
	return open + 1;
}

/* "Micro-Star International Co., Ltd. [MSI]" gives "MSI"; the caller frees; NULL: no name. */
char *device_short_vendor(const struct device *d)
{
	const char *inside;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++)
		if (vendors[i].id == d->vendor)
			return xstrdup(vendors[i].name);
	if (!d->vendor_name)
		return NULL;
	inside = in_brackets(d->vendor_name, &len);
	return inside ? xstrndup(inside, len) : strip_company_words(d->vendor_name);
}

/* --- the device's short name --------------------------------------------------- */

/* Phrases that say what the class already says, longest first, and what stands for them. */
static const struct {
	const char *phrase, *instead;
} phrases[] = {
	{"High Definition Audio Controller", "HD Audio"},
	{"PCI Express Gigabit Ethernet Controller", ""},
	{"PCI Express Gen", "PCIe Gen"},
	{"NVMe SSD Controller", ""},
	{"Compliant Host Controller", ""},
	{"Gigabit Network Connection", ""},
	{"Ethernet Controller", ""},
	{"Ethernet Connection", ""},
	{"Audio Controller", "Audio"},
	{"Host Controller", ""},
	{"PCI Express", "PCIe"},
	{"Chipset Family", ""},
	{"Controller", ""},
	{"Chipset", ""},
};

/* True where the marketing name stands in brackets behind the chip's: "GA104 [GeForce RTX 3070]". */
static bool brackets_hold_the_name(const struct device *d)
{
	return device_is_gpu(d) || device_is_network(d) || d->class_code >> 16 == 0x12;
}

static size_t phrase_at(const char *s, const char **instead)
{
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (*s == *phrases[i].phrase && text_starts_with(s, phrases[i].phrase)) {
			*instead = phrases[i].instead;
			return strlen(phrases[i].phrase);
		}
	return 0;
}

static bool wants_blank(const struct str *s)
{
	return s->len && s->data[s->len - 1] != ' ';
}

/* Appends `s` without brackets and the phrases above, with single blanks. */
static void add_shortened(struct str *out, const char *s)
{
	const char *instead = NULL;
	bool bracket = false, starts_word = true;

	while (*s) {
		size_t n = starts_word && !bracket ? phrase_at(s, &instead) : 0;

		starts_word = !n && (*s == ' ' || *s == '(');
		if (n) {
			str_adds(out, instead);
			s += n;
			continue;
		}
		bracket = (bracket || *s == '[') && *s != ']';
		if (!bracket && *s != ']' && (*s != ' ' || wants_blank(out)))
			str_addc(out, *s);
		s++;
	}
	str_rtrim(out);
}

static void add_device_short_name(struct str *out, const struct device *d)
{
	const char *inside;
	size_t len;

	if (!d->device_name) {
		str_addf(out, "device %04x", d->id);
		return;
	}
	inside = brackets_hold_the_name(d) ? in_brackets(d->device_name, &len) : NULL;
	if (inside)
		str_add(out, inside, len);
	else
		add_shortened(out, d->device_name);
	if (!out->len)
		str_adds(out, d->device_name);
}

char *device_short_name(const struct device *d)
{
	auto_free char *vendor = device_short_vendor(d);
	auto_str struct str device = STR_INIT;
	char ids[10];

	if (!vendor)
		return xasprintf("Device %s", device_ids_text(d, ids));
	add_device_short_name(&device, d);
	if (text_starts_with(device.data, vendor))
		return str_take(&device);
	return xasprintf("%s %s", vendor, device.data);
}
