/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of a recording's table: comments that say something, and rows of columns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/recording_parts.h"

enum column {
	COL_GROUP,
	COL_ADDRESS,
	COL_CLASS,
	COL_IDS,
	COL_REVISION,
	COL_SUBSYSTEM,
	COL_DRIVER,
	COL_MODULES,
	COL_DESCRIPTION,
	BASIC_COLUMNS,
	COL_PCIE_TYPE = BASIC_COLUMNS,
	COL_MULTIFUNCTION,
	COL_ACS_CAP,
	COL_ACS_CTL,
	COL_FLR,
	COL_SECONDARY,
	COL_SUBORDINATE,
	COL_LINK_MAX,
	COL_LINK,
	COL_PROG_IF,
	COL_SRIOV,
	ALL_COLUMNS,
};

static bool is_unknown(const char *s)
{
	return !strcmp(s, "-");
}

/* The whole of `s` as a number of at most `max`, digits only. */
static bool number(const char *s, int base, unsigned max, unsigned *ret)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	unsigned long v;

	if (!*s || strlen(s) > 10 || s[strspn(s, digits)])
		return false;
	v = strtoul(s, NULL, base);
	if (v > max)
		return false;
	*ret = (unsigned)v;
	return true;
}

/* Two numbers with `sep` between them. */
static bool pair(const char *s, char sep, int base, unsigned max, unsigned *first, unsigned *second)
{
	const char *at = strchr(s, sep);
	auto_free char *before = at ? xstrndup(s, (size_t)(at - s)) : NULL;

	return at && number(before, base, max, first) && number(at + 1, base, max, second);
}

/* "VVVV:DDDD" */
static bool id_pair(const char *s, uint16_t *first, uint16_t *second)
{
	unsigned a, b;

	if (!pair(s, ':', 16, 0xffff, &a, &b))
		return false;
	*first = (uint16_t)a;
	*second = (uint16_t)b;
	return true;
}

static const struct {
	const char *name;
	int type; /* PCI Express Capabilities register, bits 7:4 */
} types[] = {{"endpoint", 0},    {"legacy-endpoint", 1}, {"root-port", 4},
	     {"upstream", 5},    {"downstream", 6},      {"pcie-to-pci", 7},
	     {"pci-to-pcie", 8}, {"rc-endpoint", 9},     {"rc-event-collector", 10}};

const char *recording_type_name(int type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

static bool port_type(const char *s, int *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!strcmp(s, types[i].name)) {
			*ret = types[i].type;
			return true;
		}
	}
	return false;
}

static const char *const speeds[] = {"0", "2.5", "5", "8", "16", "32", "64"};

void recording_link_text(uint16_t link, struct str *out)
{
	unsigned speed = link & 0xf;

	str_addf(out, "%sGT/s,x%u", speed < ARRAY_SIZE(speeds) ? speeds[speed] : "0",
		 (unsigned)link >> 4 & 0x3f);
}

bool recording_link_parse(const char *s, uint16_t *ret)
{
	const char *unit = strstr(s, "GT/s,x");
	unsigned width, speed = 0;

	if (!unit || !number(unit + strlen("GT/s,x"), 10, 63, &width))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(speeds); i++)
		if (strlen(speeds[i]) == (size_t)(unit - s) && text_starts_with(s, speeds[i]))
			speed = i;
	*ret = (uint16_t)(speed | width << 4);
	return true;
}

/* "TOTAL/ENABLED" */
static bool sriov_text(const char *s, struct recording_row *r)
{
	unsigned total, enabled;

	if (!pair(s, '/', 10, 0xffff, &total, &enabled))
		return false;
	r->sriov_total = (int)total;
	r->sriov_enabled = (int)enabled;
	return true;
}

/* The programming interface is not in a basic row; the names give the usual one. */
uint8_t recording_usual_prog_if(uint16_t class_code, const char *description)
{
	if (class_code == 0x0106)
		return 1; /* AHCI */
	if (class_code == 0x0108)
		return 2; /* NVM Express */
	if (class_code != 0x0c03)
		return 0;
	if (strcasestr(description, "ehci"))
		return 0x20;
	if (strcasestr(description, "uhci"))
		return 0x00;
	return strcasestr(description, "ohci") ? 0x10 : 0x30;
}

static bool hex_or_unknown(const char *s, unsigned max, int *ret)
{
	unsigned v;

	if (is_unknown(s))
		return true;
	if (!number(s, 16, max, &v))
		return false;
	*ret = (int)v;
	return true;
}

static bool driver_name(const char *s)
{
	return *s && *s != '.' && !strchr(s, '/') && strlen(s) <= NAME_MAX;
}

/* The first column that says nothing sensible, or -1. */
static int read_basic(char **col, struct recording_row *r)
{
	unsigned v;
	int revision = 0;

	if (!is_unknown(col[COL_GROUP])) {
		if (!number(col[COL_GROUP], 10, 1 << 30, &v))
			return COL_GROUP;
		r->group = (int)v;
	}
	if (!pci_addr_parse(col[COL_ADDRESS], &r->addr))
		return COL_ADDRESS;
	pci_addr_format(&r->addr, r->bdf);
	if (!number(col[COL_CLASS], 16, 0xffff, &v))
		return COL_CLASS;
	r->class_code = (uint16_t)v;
	if (!id_pair(col[COL_IDS], &r->vendor, &r->device))
		return COL_IDS;
	if (!hex_or_unknown(col[COL_REVISION], 0xff, &revision))
		return COL_REVISION;
	r->revision = (uint8_t)revision;
	if (!is_unknown(col[COL_SUBSYSTEM]) &&
	    !id_pair(col[COL_SUBSYSTEM], &r->subvendor, &r->subdevice))
		return COL_SUBSYSTEM;
	return driver_name(col[COL_DRIVER]) ? -1 : COL_DRIVER;
}

static int read_capabilities(char **col, struct recording_row *r)
{
	int prog_if = 0;

	r->caps = true;
	if (!is_unknown(col[COL_PCIE_TYPE]) && !port_type(col[COL_PCIE_TYPE], &r->pcie_type))
		return COL_PCIE_TYPE;
	r->multifunction = !strcmp(col[COL_MULTIFUNCTION], "yes");
	if (!hex_or_unknown(col[COL_ACS_CAP], 0xffff, &r->acs_cap))
		return COL_ACS_CAP;
	if (!hex_or_unknown(col[COL_ACS_CTL], 0xffff, &r->acs_ctl))
		return COL_ACS_CTL;
	r->flr = !strcmp(col[COL_FLR], "yes");
	r->af_flr = !strcmp(col[COL_FLR], "af");
	if (!hex_or_unknown(col[COL_SECONDARY], 0xff, &r->secondary))
		return COL_SECONDARY;
	if (!hex_or_unknown(col[COL_SUBORDINATE], 0xff, &r->subordinate))
		return COL_SUBORDINATE;
	if (!is_unknown(col[COL_LINK_MAX]) &&
	    !recording_link_parse(col[COL_LINK_MAX], &r->link_max))
		return COL_LINK_MAX;
	if (!is_unknown(col[COL_LINK]) && !recording_link_parse(col[COL_LINK], &r->link))
		return COL_LINK;
	if (!hex_or_unknown(col[COL_PROG_IF], 0xff, &prog_if))
		return COL_PROG_IF;
	r->prog_if = (uint8_t)prog_if;
	return is_unknown(col[COL_SRIOV]) || sriov_text(col[COL_SRIOV], r) ? -1 : COL_SRIOV;
}

static int read_row(struct recording_table *t, char **col, size_t columns, struct err *reterr)
{
	struct recording_row r = {.group = -1,
				  .pcie_type = -1,
				  .acs_cap = -1,
				  .sriov_total = -1,
				  .secondary = -1,
				  .subordinate = -1,
				  .header_type = -1,
				  .config_len = -1,
				  .multifunction_known = -1,
				  .boot_vga = -2,
				  .node = -1,
				  .parent = NO_ROW};
	int bad = read_basic(col, &r);

	if (bad < 0 && columns == ALL_COLUMNS)
		bad = read_capabilities(col, &r);
	if (bad >= 0)
		return err_set(reterr, -EINVAL, "column %d of the device row cannot be \"%s\"",
			       bad + 1, col[bad]);
	r.bridge = r.class_code == 0x0604 || r.class_code == 0x0609 || r.class_code == 0x0607;
	r.primary = r.addr.bus;
	if (!r.caps)
		r.prog_if = recording_usual_prog_if(r.class_code, col[COL_DESCRIPTION]);
	if (!is_unknown(col[COL_DRIVER]))
		r.driver = xstrdup(col[COL_DRIVER]);
	r.description = xstrdup(col[COL_DESCRIPTION]);
	t->rows = grow(t->rows, t->len, &t->cap, sizeof(*t->rows));
	t->rows[t->len++] = r;
	return 0;
}

/* The numbers behind the address of a note; false when they are not what the note needs. */
static bool note_numbers(const struct strv *word, struct recording_note *n)
{
	static const char secondary[] = "secondary=", subordinate[] = "subordinate=";

	if (n->kind == 'p')
		return word->len > 2 && number(word->items[2], 16, 0xff, &n->first);
	if (n->kind != 'b')
		return true;
	return word->len > 3 && text_starts_with(word->items[2], secondary) &&
	       text_starts_with(word->items[3], subordinate) &&
	       number(word->items[2] + strlen(secondary), 16, 0xff, &n->first) &&
	       number(word->items[3] + strlen(subordinate), 16, 0xff, &n->second);
}

/* "# bridge: BDF secondary=HH subordinate=HH" and the like; all else is only a comment. */
static void read_comment(struct recording_table *t, const char *line)
{
	static const struct {
		const char *key;
		char kind;
	} keys[] = {{"bridge:", 'b'}, {"primary:", 'p'}, {"unreadable:", 'u'}, {"boot_vga:", 'v'}};
	auto_strv struct strv word = STRV_INIT;
	struct recording_note n = {.kind = 0};

	strv_split(&word, line + 1, " \t");
	if (word.len < 2 || !pci_addr_parse(word.items[1], &n.addr))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(word.items[0], keys[i].key))
			n.kind = keys[i].kind;
	if (!n.kind || !note_numbers(&word, &n))
		return;
	t->notes = grow(t->notes, t->notes_len, &t->notes_cap, sizeof(*t->notes));
	t->notes[t->notes_len++] = n;
}

int recording_table_line(struct recording_table *t, const char *line, struct err *reterr)
{
	static const char ungrouped[] = "#ungrouped\t";
	auto_free char *copy = NULL;
	char *col[ALL_COLUMNS], *rest;
	size_t n = 0;

	if (text_starts_with(line, ungrouped)) {
		line += strlen(ungrouped);
	} else if (line[0] == '#') {
		if (text_starts_with(line, "# device: ") && !recording_device_note(t, line))
			return err_set(reterr, -EINVAL, "\"%s\" says nothing sensible", line);
		read_comment(t, line);
		return 0;
	}
	rest = copy = xstrdup(line);
	while (rest && n < ALL_COLUMNS)
		col[n++] = strsep(&rest, "\t");
	if (rest || (n != BASIC_COLUMNS && n != ALL_COLUMNS))
		return err_set(reterr, -EINVAL,
			       "a device row has %d or %d columns with tabs between them; other "
			       "lines begin with #, file, link or dir",
			       BASIC_COLUMNS, ALL_COLUMNS);
	return read_row(t, col, n, reterr);
}

void recording_table_release(struct recording_table *t)
{
	for (size_t i = 0; i < t->len; i++) {
		free(t->rows[i].driver);
		free(t->rows[i].description);
		free(t->rows[i].path);
		free(t->rows[i].reset);
		free(t->rows[i].override);
	}
	free(t->rows);
	free(t->notes);
	strv_release(&t->devices);
	*t = (struct recording_table)RECORDING_TABLE_INIT;
}
