/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows: the lines of the tree, from a snapshot, the marks, the folds and the filter.
 *
 * Pure. Each row has a tag that is made of what it stands for (an address, a group
 * id) and not of where it stands, so that cursor and folds outlive a rescan.
 * Pointers into the topology die with it: rebuild the rows after each rescan.
 */
#ifndef UI_ROWS_H
#define UI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "advice/isolation.h"
#include "advice/selection.h"
#include "base/str.h"
#include "machine/topology.h"
#include "machine/usage.h"
#include "ui/draw.h"

/* Headers that stand for no IOMMU group have these for an id. */
#define GROUP_UNGROUPED NO_GROUP
#define GROUP_GONE (-2)

enum row_kind {
	ROW_HOST,   /* the machine itself: findings that concern no device */
	ROW_GROUP,  /* header of a group */
	ROW_DEVICE, /* below the header */
	ROW_GONE,   /* marked or configured, but not there now */
};

struct row {
	enum row_kind kind;
	uint64_t tag;
	int group;                   /* id of the group it belongs to */
	struct pci_addr addr;        /* ROW_DEVICE, ROW_GONE */
	const struct device *device; /* ROW_DEVICE */
	bool open;                   /* ROW_GROUP: not folded */
	bool faint; /* shown for its group's sake only: the filter does not ask for it */
};

struct rows {
	struct row *items;
	size_t len, cap;
};

enum filter {
	FILTER_ALL,
	FILTER_GPU,
	FILTER_USB,
	FILTER_NETWORK,
	FILTER_STORAGE,
	FILTER_AUDIO,
	FILTERS
};

/* Groups whose fold was changed by hand; all others are as by default. */
struct folds {
	int *groups;
	size_t len, cap;
};

struct rows_input {
	const struct topology *topology;
	const struct selection *marks, *configured;
	const struct folds *folds;
	enum filter filter;
	bool host; /* a first row for the machine itself */
};

void rows_build(struct rows *r, const struct rows_input *in); /* replaces what is there */
void rows_release(struct rows *r);
/* Index of a tag, or SIZE_MAX. */
size_t rows_find(const struct rows *r, uint64_t tag);
uint64_t tag_of_group(int group);
uint64_t tag_of_device(const struct pci_addr *a);
#define TAG_HOST 1U

void folds_toggle(struct folds *f, int group);
void folds_release(struct folds *f);

const char *filter_name(enum filter f); /* "all", "GPUs" ... */
bool filter_matches(enum filter f, const struct device *d);
/* Address, name, class, ids or driver contain `text`, whatever the case; no text matches nothing. */
bool device_matches(const struct device *d, const char *text);

/* --- what rows say; each appends to `ret` --- */

/* State of a group in words, with its cause where `r` tells it (may be NULL); returns its sign. */
enum sign row_group_text(const struct topology *t, const struct isolation_report *r, int group,
			 const struct selection *marks, struct str *ret);
/* What a folded group holds: its first device and how many more. */
void row_group_summary(const struct topology *t, int group, struct str *ret);
/* The driver now and after: "nouveau", "nouveau → vfio-pci"; returns SIGN_CHANGE when it will change, else SIGN_NONE. */
enum sign row_driver_text(const struct device *d, bool marked, bool configured, struct str *ret);
/* What the host uses it for, most important first: "root disk"; nothing when unused. */
void row_usage_text(const struct usage *u, const struct pci_addr *a, struct str *ret);

#endif
