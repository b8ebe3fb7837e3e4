/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_parts: what the files recording*.c share; others use machine/recording.h.
 *
 * A table holds the rows of one recording sorted by address. The order of work:
 *	recording_table_line()	for each line that is no section (recording_row.c)
 *	recording_table_place()	bus numbers, parents and sysfs paths (recording_bus.c)
 *	recording_write_sysfs()	the files (recording_sysfs.c, with the bytes of recording_config.c)
 *
 * A tree writes files below a directory. It walks each path one component at a time
 * and follows no links, so nothing is written outside. Its first error sticks: later
 * calls do nothing, and the caller looks at `error` once.
 */
#ifndef MACHINE_RECORDING_PARTS_H
#define MACHINE_RECORDING_PARTS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/pci_addr.h"

#define RECORDING_CONFIG_MAX 4096
#define RECORDING_CONFIG_HEADER 64 /* what anyone may read of it */
#define NO_ROW SIZE_MAX
#define RECORDING_BAR(i) (0xd0000000ULL + 0x1000000ULL * (unsigned long long)(i)) /* 16 MiB each */

struct recording_row {
	struct pci_addr addr;
	char bdf[PCI_ADDR_TEXT];
	uint16_t class_code; /* class and subclass */
	uint16_t vendor, device, subvendor, subdevice;
	uint8_t revision, prog_if;
	int group;    /* -1: none */
	char *driver; /* NULL: none or unknown */
	char *description;

	bool caps;          /* the capability columns were there */
	int pcie_type;      /* -1: no PCI Express capability */
	bool multifunction; /* header type bit 7 */
	int acs_cap;        /* -1: no ACS capability */
	int acs_ctl;
	bool flr, af_flr;
	uint16_t link_max, link; /* speed in bits 3:0, width in bits 9:4 as in the registers */
	int sriov_total;         /* -1: no SR-IOV capability */
	int sriov_enabled;

	bool bridge;             /* by class, or as its header says */
	bool unreadable;         /* configuration space reads ff */
	int header_type;         /* -1: by class */
	int config_len;          /* bytes that were readable; -1: by the columns */
	int multifunction_known; /* -1: by the slot; else the header's bit */
	int boot_vga;            /* -1: no such attribute; -2: by "# boot_vga:" */
	int node;                /* -1: none */
	char *reset; /* "flr,bus"; "-": none; "file": works, but not told how; NULL: by the columns */
	char *override; /* NULL: none */
	struct pci_addr physfn,
		below; /* where has_ says so: of a virtual function; of a device that a VMD hides */
	bool has_physfn, has_below;
	unsigned long long bar;     /* of 16 MiB, for the framebuffer; 0: none */
	int secondary, subordinate; /* bus numbers, -1: not given */
	uint8_t primary;
	size_t parent; /* row of the bridge above, or NO_ROW */
	char *path;    /* "/devices/pci0000:00/0000:00:01.0" */
};

/* "# bridge:", "# primary:", "# unreadable:" and "# boot_vga:" lines, kept until the rows are known. */
struct recording_note {
	char kind; /* 'b', 'p', 'u', 'v' */
	struct pci_addr addr;
	unsigned first, second;
};

struct recording_table {
	struct recording_row *rows;
	size_t len, cap;
	struct recording_note *notes;
	size_t notes_len, notes_cap;
	struct strv devices; /* the "# device:" lines, until the rows are known */
};

#define RECORDING_TABLE_INIT                                                                       \
	{                                                                                          \
		.rows = NULL, .len = 0, .cap = 0, .notes = NULL, .notes_len = 0, .notes_cap = 0,   \
		.devices = STRV_INIT                                                               \
	}

/* Takes a comment or a row; -EINVAL with a sentence (without the line number) for anything else. */
int recording_table_line(struct recording_table *t, const char *line,
			 struct err *reterr) must_check;
/* Sorts the rows, applies the notes, infers the bridges that are not given, makes the paths. */
int recording_table_place(struct recording_table *t, struct err *reterr) must_check;
/* "# device: BDF KEY=VALUE...": what the columns of a row can't say. False when it makes no sense. */
bool recording_device_note(struct recording_table *t, const char *line) must_check;
/* Gives each row what its notes say; after sorting. */
void recording_apply_device_notes(struct recording_table *t);
/* The programming interface that a row without that column gets. */
uint8_t recording_usual_prog_if(uint16_t class_code, const char *description);
/* "16GT/s,x4" as the link registers have it, and back (appended). */
bool recording_link_parse(const char *s, uint16_t *ret);
void recording_link_text(uint16_t link, struct str *out);
/* "root-port" for the type in the PCI Express capability, or NULL. */
const char *recording_type_name(int type);
/* The row of an address, or NO_ROW; after recording_table_place(). */
size_t recording_table_find(const struct recording_table *t, const struct pci_addr *addr);
void recording_table_release(struct recording_table *t);

/* The configuration space that the columns state; returns its length, 64 or 4096. */
size_t recording_config(const struct recording_row *r, unsigned char buf[RECORDING_CONFIG_MAX]);

struct tree {
	int root_fd, dir_fd;
	char dir[PATH_MAX]; /* of dir_fd */
	int error;          /* 0 or the first negative errno */
	struct err err;     /* its sentence */
};

int tree_open(struct tree *t, const char *dir, struct err *reterr) must_check;
void tree_close(struct tree *t);
/* Absolute, with no empty, "." or ".." component, no control characters, not "/" itself. */
bool tree_path_is_clean(const char *path);
void tree_file(struct tree *t, const char *path, const void *bytes, size_t len, mode_t mode);
void tree_text(struct tree *t, const char *path, const char *text); /* mode 0644 */
void tree_link(struct tree *t, const char *path, const char *target);
void tree_dir(struct tree *t, const char *path, mode_t mode);

void recording_write_sysfs(struct tree *tree, const struct recording_table *t);

#endif
