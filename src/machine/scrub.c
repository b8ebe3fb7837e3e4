/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/scrub.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"

#define LONG_HEX 20 /* digits; an id, a hash, a key */
#define HEX "0123456789abcdefABCDEF"

/* One place in a text. */
struct place {
	const char *start, *at, *end;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c);
}

static char before(const struct place *p)
{
	return p->at > p->start ? p->at[-1] : ' ';
}

static char after(const struct place *p, size_t n)
{
	return p->at + n < p->end ? p->at[n] : ' ';
}

/* How many characters of the set follow, at most `most`. */
static size_t span(const struct place *p, size_t from, const char *set, size_t most)
{
	size_t n = 0;

	while (n < most && p->at + from + n < p->end && p->at[from + n] &&
	       strchr(set, p->at[from + n]))
		n++;
	return n;
}

/* --- patterns: each returns how many characters it takes, 0 for none ------------------------ */

static size_t match_uuid(const struct place *p)
{
	static const size_t parts[] = {8, 4, 4, 4, 12};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (i && after(p, n++) != '-')
			return 0;
		if (span(p, n, HEX, parts[i]) != parts[i])
			return 0;
		n += parts[i];
	}
	return is_word(after(p, n)) ? 0 : n;
}

/* Six pairs with ':' or '-' between; a PCI address has four digits first. */
static size_t match_mac(const struct place *p)
{
	char separator = after(p, 2);
	size_t n = 0;

	if (separator != ':' && separator != '-')
		return 0;
	for (int i = 0; i < 6; i++) {
		if (i && after(p, n++) != separator)
			return 0;
		if (span(p, n, HEX, 3) != 2)
			return 0;
		n += 2;
	}
	return is_word(after(p, n)) || after(p, n) == separator ? 0 : n;
}

/* Interfaces that are named by their MAC address, "enx00e04c680001": the digits. */
static size_t match_interface(const struct place *p)
{
	if (p->at + 15 > p->end || (strncmp(p->at, "enx", 3) != 0 && strncmp(p->at, "wlx", 3) != 0))
		return 0;
	return span(p, 3, HEX, 13) == 12 && !is_word(after(p, 15)) ? 15 : 0;
}

static size_t match_ipv4(const struct place *p)
{
	size_t n = 0;

	if (before(p) == '.')
		return 0;
	for (int i = 0; i < 4; i++) {
		size_t digits;

		if (i && after(p, n++) != '.')
			return 0;
		digits = span(p, n, "0123456789", 4);
		if (!digits || digits > 3)
			return 0;
		n += digits;
	}
	if (is_word(after(p, n)) || (after(p, n) == '.' && is_word(after(p, n + 1))))
		return 0;
	return n;
}

/* With "::" in it, or of eight groups. */
static size_t match_ipv6(const struct place *p)
{
	size_t n = span(p, 0, HEX ":", 40), colons = 0, digits = 0;
	bool gap = false;

	if (n < 3 || n > 39 || before(p) == ':' || is_word(after(p, n)))
		return 0;
	for (size_t i = 0; i < n; i++) {
		colons += p->at[i] == ':';
		digits = p->at[i] == ':' ? 0 : digits + 1;
		gap = gap || (p->at[i] == ':' && i + 1 < n && p->at[i + 1] == ':');
		if (digits > 4)
			return 0;
	}
	return (gap && n > 2 && colons > 1) || colons == 7 ? n : 0;
}

static size_t match_hex(const struct place *p)
{
	size_t n = span(p, 0, HEX, SIZE_MAX);

	return n >= LONG_HEX && !is_word(after(p, n)) ? n : 0;
}

static size_t match_mail(const struct place *p)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
	size_t n = span(p, 0, name, 64), host;

	if (!n || after(p, n) != '@')
		return 0;
	host = span(p, n + 1, name, 255);
	return host > 2 && memchr(p->at + n + 1, '.', host) ? n + 1 + host : 0;
}

static const struct {
	size_t (*match)(const struct place *p);
	const char *stand_in; /* NULL: as many zeros */
} patterns[] = {
	{match_uuid, "00000000-0000-0000-0000-000000000000"},
	{match_mac, "02:00:00:00:00:00"},
	{match_interface, "enx020000000000"},
	{match_ipv4, "192.0.2.1"},   /* RFC 5737 */
	{match_ipv6, "2001:db8::1"}, /* RFC 3849 */
	{match_hex, NULL},
	{match_mail, "user@example.org"},
};

/* --- settings ---------------------------------------------------------------------------------- */

/* Kernel parameters and settings whose value names a disk, a host or a secret; '*' stands for the rest of a key. */
static const char *const private_keys[] = {
	"root",       "resume",    "cryptdevice", "cryptkey",         "luks*",
	"rd.luks*",   "rd.lvm*",   "rd.md*",      "rd.dm*",           "ip",
	"nfsroot",    "nfsaddrs",  "netconsole",  "hostname",         "ifname",
	"rd.znet*",   "rd.iscsi*", "iscsi*",      "netroot",          "zfs",
	"bootfs",     "ostree",    "rootflags",   "systemd.hostname", "systemd.machine_id",
	"rd.neednet", "rd.route*", "nameserver",  "cifsroot",         "rd.zipl*",
	"UUID",       "PARTUUID",  "LABEL",       "PARTLABEL",        "GRUB_CRYPTODISK_*",
	"machine-id",
};

static bool key_matches(const char *pattern, const char *key, size_t len)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return len >= n - 1 && !strncmp(pattern, key, n - 1);
	return len == n && !strncmp(pattern, key, n);
}

static bool is_private_key(const char *key, size_t len)
{
	static const char *const secret[] = {"password", "passwd", "secret", "passphrase", "token"};
	auto_free char *copy = xstrndup(key, len);

	for (size_t i = 0; i < ARRAY_SIZE(private_keys); i++)
		if (key_matches(private_keys[i], key, len))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(secret); i++)
		if (strcasestr(copy, secret[i]))
			return true;
	return false;
}

/* "KEY=", or "KEY = " at the start of a line: where the value begins; 0: no such setting. */
static size_t match_setting(const struct place *p)
{
	static const char key[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n, value;

	if (is_word(before(p)) || strchr("._-=:/", before(p)))
		return 0;
	n = span(p, 0, key, 128);
	value = n + span(p, n, " \t", 8);
	if (!n || after(p, value) != '=' || !is_private_key(p->at, n))
		return 0;
	value++;
	return value + span(p, value, " \t", 8);
}

/* The value's end: a closing quote, or a blank or quote outside of one. */
static size_t value_length(const struct place *p, size_t from)
{
	char quote = after(p, from);
	size_t n = 0;

	if (quote == '"' || quote == '\'') {
		for (n = 1; p->at + from + n < p->end && p->at[from + n] != '\n'; n++)
			if (p->at[from + n] == quote)
				return n + 1;
		return n;
	}
	while (p->at + from + n < p->end && !strchr(" \t\r\n\"'", p->at[from + n]))
		n++;
	return n;
}

/* --- names ----------------------------------------------------------------------------------------- */

/* Too common to be anybody's; replacing them would only break paths. */
static const char *const shared[] = {"localhost", "localdomain", "linux",  "archlinux", "arch",
				     "debian",    "ubuntu",      "fedora", "root",      "host",
				     "user",      "kvm",         "qemu",   "boot",      "none"};

void scrubber_add(struct scrubber *s, const char *name, const char *stand_in)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (!strcmp(name, shared[i]))
			return;
	if (!*name || !strcmp(name, stand_in) || strv_has(&s->names, name))
		return;
	strv_add(&s->names, name);
	strv_add(&s->stand_ins, stand_in);
}

void scrubber_release(struct scrubber *s)
{
	strv_release(&s->names);
	strv_release(&s->stand_ins);
}

/* Short names are replaced only where nothing joins them to other words. */
static bool is_joined(const char *name, char neighbour)
{
	return is_word(neighbour) || (strlen(name) < 4 && neighbour && strchr("._-/", neighbour));
}

static size_t match_name(const struct scrubber *s, const struct place *p, const char **stand_in)
{
	size_t longest = 0;

	for (size_t i = 0; s && i < s->names.len; i++) {
		const char *name = s->names.items[i];
		size_t n = strlen(name);

		if (n <= longest || (size_t)(p->end - p->at) < n ||
		    strncasecmp(p->at, name, n) != 0 || is_joined(name, before(p)) ||
		    is_joined(name, after(p, n)))
			continue;
		*stand_in = s->stand_ins.items[i];
		longest = n;
	}
	return longest;
}

/* "/dev/mapper/NAME", "/dev/disk/by-id/NAME": where the name begins. */
static size_t match_chosen_device(const struct place *p)
{
	static const char *const dirs[] = {"/dev/mapper/",        "/dev/disk/by-id/",
					   "/dev/disk/by-label/", "/dev/disk/by-partlabel/",
					   "/dev/disk/by-uuid/",  "/dev/disk/by-partuuid/",
					   "/dev/disk/by-path/"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		size_t n = strlen(dirs[i]);

		if ((size_t)(p->end - p->at) > n && !strncmp(p->at, dirs[i], n))
			return n;
	}
	return 0;
}

/* --- the whole --------------------------------------------------------------------------------------- */

static size_t scrub_word_start(const struct scrubber *s, struct place *p, struct str *out)
{
	const char *stand_in = NULL;
	size_t n = match_setting(p);

	if (n) {
		str_add(out, p->at, n);
		str_adds(out, strchr("\"'", after(p, n)) ? "\"x\"" : "x");
		return n + value_length(p, n);
	}
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		n = patterns[i].match(p);
		for (size_t k = 0; n && !patterns[i].stand_in && k < n; k++)
			str_addc(out, '0');
		if (n && patterns[i].stand_in)
			str_adds(out, patterns[i].stand_in);
		if (n)
			return n;
	}
	n = match_name(s, p, &stand_in);
	if (n)
		str_adds(out, stand_in);
	return n;
}

void scrub(const struct scrubber *s, const char *text, size_t len, struct str *out)
{
	struct place p = {.start = text, .at = text, .end = text + len};

	while (p.at < p.end) {
		size_t n = is_word(before(&p)) ? 0 : match_chosen_device(&p);

		if (n) {
			str_add(out, p.at, n);
			str_addc(out, 'x');
			p.at += n + value_length(&p, n);
			continue;
		}
		if (!is_word(before(&p)))
			n = scrub_word_start(s, &p, out);
		if (!n) {
			str_addc(out, *p.at);
			n = 1;
		}
		p.at += n;
	}
}
