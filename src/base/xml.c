/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/xml.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct xml xml_start(struct str *out)
{
	return (struct xml){.out = out};
}

static void end_tag(struct xml *x)
{
	if (x->in_tag)
		str_adds(x->out, ">\n");
	x->in_tag = false;
}

static void indent(struct xml *x)
{
	for (size_t i = 0; i < x->depth; i++)
		str_adds(x->out, "  ");
}

/* Bytes of the UTF-8 character at `s`, 0 for none (RFC 3629, section 4). */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (!n || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	/* U+FFFE and U+FFFF are no characters of XML */
	if (s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)
		return 0;
	return n;
}

/* XML 1.0, production 2 (Char); line ends and tabs as references, since parsers fold them in attributes. */
static void add_escaped(struct xml *x, const char *text)
{
	static const char special[] = "&<>'\"\t\n\r";
	static const char *const instead[] = {"&amp;",  "&lt;", "&gt;",  "&apos;",
					      "&quot;", "&#9;", "&#10;", "&#13;"};

	for (const char *s = text; *s;) {
		size_t n = utf8_len((const unsigned char *)s);
		const char *at = strchr(special, *s);

		if (!n || (!at && (unsigned char)*s < 0x20)) {
			x->bad = true;
			return;
		}
		if (at)
			str_adds(x->out, instead[at - special]);
		else
			str_add(x->out, s, n);
		s += n;
	}
}

void xml_open(struct xml *x, const char *element)
{
	assert(x->depth < XML_DEPTH_MAX);
	end_tag(x);
	indent(x);
	str_addf(x->out, "<%s", element);
	x->open[x->depth++] = element;
	x->in_tag = true;
}

void xml_close(struct xml *x)
{
	assert(x->depth > 0);
	x->depth--;
	if (x->in_tag) {
		str_adds(x->out, "/>\n");
		x->in_tag = false;
		return;
	}
	indent(x);
	str_addf(x->out, "</%s>\n", x->open[x->depth]);
}

void xml_attr(struct xml *x, const char *name, const char *value)
{
	assert(x->in_tag);
	if (!value)
		return;
	str_addf(x->out, " %s='", name);
	add_escaped(x, value);
	str_addc(x->out, '\'');
}

void xml_attrf(struct xml *x, const char *name, const char *fmt, ...)
{
	auto_free char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	xml_attr(x, name, value);
}

void xml_text_close(struct xml *x, const char *text)
{
	assert(x->in_tag && x->depth > 0);
	x->depth--;
	x->in_tag = false;
	str_addc(x->out, '>');
	add_escaped(x, text);
	str_addf(x->out, "</%s>\n", x->open[x->depth]);
}

void xml_leaf(struct xml *x, const char *element, const char *text)
{
	xml_open(x, element);
	xml_text_close(x, text);
}

void xml_one(struct xml *x, const char *element, const char *name, const char *value)
{
	xml_open(x, element);
	xml_attr(x, name, value);
	xml_close(x);
}

void xml_comment(struct xml *x, const char *text)
{
	end_tag(x);
	indent(x);
	str_adds(x->out, "<!-- ");
	for (const char *s = text; *s; s++) {
		char c[2] = {*s, '\0'};

		/* a comment ends at "--"; nothing in it is escaped */
		if (*s == '-' && s[1] == '-')
			str_adds(x->out, "- ");
		else if ((unsigned char)*s < 0x20)
			str_addc(x->out, ' ');
		else
			str_adds(x->out, c);
	}
	str_adds(x->out, " -->\n");
}

bool xml_ok(const struct xml *x)
{
	return !x->bad && !x->depth && !x->in_tag;
}
