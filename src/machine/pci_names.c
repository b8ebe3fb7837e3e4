/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list file is read here rather than by pci_lookup_name(): on a damaged file libpci calls
 * an error hook that must not return, which would end the program with the terminal in curses
 * mode. libpci still says where its list is.
 */
#include "machine/pci_names.h"

#include <fcntl.h>
#include <libudev.h>
#include <locale.h>
#include <pci/pci.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* What a cached answer is about; the upper half of its key. */
enum kind { KIND_VENDOR = 1, KIND_DEVICE, KIND_CLASS };

struct answer {
	uint64_t key; /* 0: free */
	char *name;   /* NULL: known to have none */
};

/* A line of the list that begins a vendor or a class. */
struct section {
	uint32_t key; /* vendor, or CLASS_SECTION | base class */
	size_t next;  /* offset of the line that follows */
	const char *name;
	size_t name_len;
};

#define CLASS_SECTION 0x10000U
#define IDS_MAX (16U << 20)

struct pci_names {
	struct udev *udev;
	struct udev_hwdb *hwdb; /* NULL: none, or a list was given */
	locale_t plain;         /* the "C" locale */
	char *ids_file;
	bool ids_tried;
	struct str ids; /* the list, once it was needed */
	struct section *sections;
	size_t sections_len, sections_cap;
	struct answer *answers; /* open addressing; capacity is a power of two */
	size_t answers_len, answers_cap;
};

/* --- the cache --------------------------------------------------------------- */

static struct answer *slot_of(struct answer *answers, size_t cap, uint64_t key)
{
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15U >> 20) & (cap - 1);

	while (answers[i].key && answers[i].key != key)
		i = (i + 1) & (cap - 1);
	return &answers[i];
}

static void make_room(struct pci_names *n)
{
	size_t cap = n->answers_cap ? n->answers_cap * 2 : 64;
	struct answer *bigger;

	if (n->answers_len * 2 < n->answers_cap)
		return;
	bigger = xcalloc(cap, sizeof(*bigger));
	for (size_t i = 0; i < n->answers_cap; i++)
		if (n->answers[i].key)
			*slot_of(bigger, cap, n->answers[i].key) = n->answers[i];
	free(n->answers);
	n->answers = bigger;
	n->answers_cap = cap;
}

/* --- udev's hardware database -------------------------------------------------- */

static char *ask_hwdb(struct pci_names *n, const char *modalias, const char *property)
{
	struct udev_list_entry *all, *found;
	locale_t before;

	if (!n->hwdb)
		return NULL;
	/* The database tries hundreds of patterns; fnmatch() is slow where characters have many bytes. */
	before = uselocale(n->plain);
	all = udev_hwdb_get_properties_list_entry(n->hwdb, modalias, 0);
	uselocale(before);
	found = udev_list_entry_get_by_name(all, property);
	return found ? xstrdup(udev_list_entry_get_value(found)) : NULL;
}

static char *hwdb_name(struct pci_names *n, enum kind kind, uint32_t id)
{
	char modalias[64];
	char *name;

	switch (kind) {
	case KIND_VENDOR:
		snprintf(modalias, sizeof(modalias), "pci:v%08X", id);
		return ask_hwdb(n, modalias, "ID_VENDOR_FROM_DATABASE");
	case KIND_DEVICE:
		snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08X", id >> 16, id & 0xffff);
		return ask_hwdb(n, modalias, "ID_MODEL_FROM_DATABASE");
	case KIND_CLASS:
		snprintf(modalias, sizeof(modalias), "pci:vdsvsdbc%02Xsc%02X", id >> 8, id & 0xff);
		name = ask_hwdb(n, modalias, "ID_PCI_SUBCLASS_FROM_DATABASE");
		return name ? name : ask_hwdb(n, modalias, "ID_PCI_CLASS_FROM_DATABASE");
	}
	return NULL;
}

/* --- the list of libpci -------------------------------------------------------- */

/* One line of the list: `depth` tabs, an id of `digits` hex digits, blanks, the name. */
struct line {
	const char *start, *end; /* without the newline */
	size_t next;
};

static bool next_line(const struct str *ids, size_t at, struct line *ret)
{
	const char *newline;

	if (at >= ids->len)
		return false;
	newline = memchr(ids->data + at, '\n', ids->len - at);
	ret->start = ids->data + at;
	ret->end = newline ? newline : ids->data + ids->len;
	ret->next = (size_t)(ret->end - ids->data) + 1;
	return true;
}

/* True when the bytes from `s` are an id of that many digits and a name, which it gives. */
static bool parse_entry(const char *s, const char *end, int digits, uint32_t *ret_id,
			const char **ret_name)
{
	uint32_t id = 0;

	for (int i = 0; i < digits; i++, s++) {
		if (s >= end)
			return false;
		if (*s >= '0' && *s <= '9')
			id = id << 4 | (uint32_t)(*s - '0');
		else if ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			id = id << 4 | (uint32_t)((*s | 0x20) - 'a' + 10);
		else
			return false;
	}
	if (s >= end || *s != ' ')
		return false;
	while (s < end && *s == ' ')
		s++;
	*ret_id = id;
	*ret_name = s;
	return s < end && *s;
}

static void add_section(struct pci_names *n, const struct line *line)
{
	struct section s = {.next = line->next};
	bool is_class = line->end - line->start > 2 && line->start[0] == 'C' &&
			line->start[1] == ' ';

	if (is_class ? !parse_entry(line->start + 2, line->end, 2, &s.key, &s.name)
		     : !parse_entry(line->start, line->end, 4, &s.key, &s.name))
		return;
	s.key |= is_class ? CLASS_SECTION : 0;
	s.name_len = (size_t)(line->end - s.name);
	n->sections = grow(n->sections, n->sections_len, &n->sections_cap, sizeof(s));
	n->sections[n->sections_len++] = s;
}

/* Of a file only: what else the name may lead to could keep us waiting. */
static void read_file(const char *path, struct str *ret)
{
	char chunk[65536];
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	while (ret->len < IDS_MAX && (got = read(fd, chunk, sizeof(chunk))) > 0)
		str_add(ret, chunk, (size_t)got);
}

/* Once, at the first question that the hwdb could not answer. */
static void load_list(struct pci_names *n)
{
	struct line line;

	if (n->ids_tried)
		return;
	n->ids_tried = true;
	if (!n->ids_file) {
		struct pci_access *libpci = pci_alloc();

		n->ids_file = xstrdup(libpci->id_file_name);
		pci_cleanup(libpci);
	}
	if (n->ids_file)
		read_file(n->ids_file, &n->ids);
	for (size_t at = 0; next_line(&n->ids, at, &line); at = line.next)
		if (line.start < line.end && *line.start != '\t' && *line.start != '#')
			add_section(n, &line);
}

static const struct section *find_section(const struct pci_names *n, uint32_t key)
{
	for (size_t i = 0; i < n->sections_len; i++)
		if (n->sections[i].key == key)
			return &n->sections[i];
	return NULL;
}

/* The name of an entry with one tab below a section. */
static char *name_below(const struct pci_names *n, const struct section *s, int digits,
			uint32_t want)
{
	const char *name;
	struct line line;
	uint32_t id;

	for (size_t at = s->next; next_line(&n->ids, at, &line); at = line.next) {
		if (line.start == line.end || *line.start == '#')
			continue;
		if (*line.start != '\t')
			break;
		if (parse_entry(line.start + 1, line.end, digits, &id, &name) && id == want)
			return xstrndup(name, (size_t)(line.end - name));
	}
	return NULL;
}

static char *list_name(struct pci_names *n, enum kind kind, uint32_t id)
{
	static const struct {
		int shift, digits; /* to the section's id; of the entry below */
		uint32_t flag, mask;
		bool section_will_do;
	} how[] = {
		[KIND_VENDOR] = {0, 0, 0, 0, true},
		[KIND_DEVICE] = {16, 4, 0, 0xffff, false},
		[KIND_CLASS] = {8, 2, CLASS_SECTION, 0xff, true},
	};
	const struct section *s;
	char *name = NULL;

	load_list(n);
	s = find_section(n, id >> how[kind].shift | how[kind].flag);
	if (s && how[kind].digits)
		name = name_below(n, s, how[kind].digits, id & how[kind].mask);
	if (s && !name && how[kind].section_will_do)
		name = xstrndup(s->name, s->name_len);
	return name;
}

/* --- looking up -------------------------------------------------------------- */

static const char *look_up(struct pci_names *n, enum kind kind, uint32_t id)
{
	uint64_t key = (uint64_t)kind << 32 | id;
	struct answer *answer;

	make_room(n);
	answer = slot_of(n->answers, n->answers_cap, key);
	if (!answer->key) {
		char *name = hwdb_name(n, kind, id);

		*answer = (struct answer){key, name ? name : list_name(n, kind, id)};
		n->answers_len++;
	}
	return answer->name;
}

struct pci_names *pci_names_new(const char *ids_file)
{
	struct pci_names *n = xcalloc(1, sizeof(*n));

	n->ids_file = xstrdup(ids_file);
	str_init(&n->ids);
	n->plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!ids_file && n->plain) {
		n->udev = udev_new();
		n->hwdb = n->udev ? udev_hwdb_new(n->udev) : NULL;
	}
	return n;
}

void pci_names_free(struct pci_names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->answers_cap; i++)
		free(n->answers[i].name);
	free(n->answers);
	free(n->sections);
	free(n->ids_file);
	str_release(&n->ids);
	udev_hwdb_unref(n->hwdb);
	udev_unref(n->udev);
	if (n->plain)
		freelocale(n->plain);
	free(n);
}

const char *pci_names_vendor(struct pci_names *n, uint16_t vendor)
{
	return look_up(n, KIND_VENDOR, vendor);
}

const char *pci_names_device(struct pci_names *n, uint16_t vendor, uint16_t device)
{
	return look_up(n, KIND_DEVICE, (uint32_t)vendor << 16 | device);
}

const char *pci_names_subsystem_vendor(struct pci_names *n, uint16_t subvendor)
{
	return pci_names_vendor(n, subvendor);
}

const char *pci_names_class(struct pci_names *n, uint32_t class_code)
{
	const char *name = look_up(n, KIND_CLASS, class_code >> 8 & 0xffff);

	return name ? name : "Unknown class";
}
