/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xml: writes XML 1.0 into a str, indented, every value escaped.
 *
 *	struct xml x = xml_start(&out);
 *	xml_open(&x, "disk");
 *	xml_attr(&x, "type", "file");
 *	xml_leaf(&x, "serial", text);
 *	xml_close(&x);
 *	if (!xml_ok(&x)) ...
 *
 * Names of elements and attributes are the caller's own constants; values are anybody's.
 * A value that XML can't hold (a control character, bytes that are not UTF-8) makes
 * xml_ok() false; the caller then throws the bytes away.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define XML_DEPTH_MAX 16

struct xml {
	struct str *out;
	const char *open[XML_DEPTH_MAX];
	size_t depth;
	bool in_tag; /* attributes may still follow */
	bool bad;
};

struct xml xml_start(struct str *out);
void xml_open(struct xml *x, const char *element);
void xml_close(struct xml *x); /* the element opened last */
/* An attribute of the element opened last, before anything is inside it; NULL: none. */
void xml_attr(struct xml *x, const char *name, const char *value);
void xml_attrf(struct xml *x, const char *name, const char *fmt, ...) printf_like(3, 4);
/* <element>text</element> */
void xml_leaf(struct xml *x, const char *element, const char *text);
/* Closes an element opened last with text in it. */
void xml_text_close(struct xml *x, const char *text);
/* <element name="value"/>, the commonest one. */
void xml_one(struct xml *x, const char *element, const char *name, const char *value);
/* A comment line; "--" in the text is broken up. */
void xml_comment(struct xml *x, const char *text);
/* Is every element closed and every value one that XML can hold? */
bool xml_ok(const struct xml *x);

#endif
