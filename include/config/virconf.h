/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virconf: reads libvirt's configuration syntax, with the place of every value.
 *
 * The grammar (libvirt src/util/virconf.c; each rule run against libvirt 9.0):
 *	NAME = VALUE	on one line up to the value's start; ';' or a newline ends it
 *	VALUE		"text" or 'text' without newlines, """text""" with them, no escapes;
 *			an integer; [ VALUE, VALUE ] over several lines, a comma may end it
 *	#		a comment, alone or after a value, but not inside a list
 * The first of several assignments of a name counts. A file that libvirt can't read
 * keeps its QEMU driver from starting.
 */
#ifndef CONFIG_VIRCONF_H
#define CONFIG_VIRCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* An element of a list; `text` is NULL unless it is a string. */
struct virconf_item {
	char *text;
	size_t start, end; /* bytes in the file, with quotes */
};

struct virconf_entry {
	char *name;
	size_t line;       /* 1-based */
	size_t start, end; /* bytes from the name to the end of the value */
	size_t list;       /* the byte after '[' of a list, else 0 */
	struct virconf_item *items;
	size_t len, cap;
};

struct virconf {
	struct virconf_entry *entries;
	size_t len, cap;
};

#define VIRCONF_INIT                                                                               \
	{                                                                                          \
		.entries = NULL, .len = 0, .cap = 0                                                \
	}
#define auto_virconf cleanup_with(virconf_release)

/* -EINVAL with file, line and reason when libvirt would refuse the file. */
int virconf_parse(struct virconf *c, const char *bytes, size_t len, const char *path,
		  struct err *reterr) must_check;
void virconf_release(struct virconf *c);
/* The assignment that counts, or NULL. */
const struct virconf_entry *virconf_find(const struct virconf *c, const char *name);
/* The index of a string in a list, or -1. */
long virconf_item(const struct virconf_entry *e, const char *text);

#endif
