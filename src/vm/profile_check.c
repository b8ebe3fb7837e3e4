/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/profile_check.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine/pci_addr.h"
#include "vm/profile.h"

#define CPU_MAX 8192U /* as the kernel's NR_CPUS on x86 */

static void replace(struct str *value, const char *with)
{
	str_clear(value);
	str_adds(value, with);
}

static void lower(struct str *value)
{
	for (size_t i = 0; i < value->len; i++)
		value->data[i] = (char)tolower((unsigned char)value->data[i]);
}

int check_path(struct str *value, struct err *reterr)
{
	if (value->data[0] != '/')
		return err_set(reterr, -EINVAL, "\"%s\" is not a whole path: it begins with /",
			       value->data);
	return 0;
}

int check_address(struct str *value, struct err *reterr)
{
	struct pci_addr addr;
	char text[PCI_ADDR_TEXT];

	if (!pci_addr_parse(value->data, &addr))
		return err_set(reterr, -EINVAL,
			       "\"%s\" is not a device's address like 0000:01:00.0", value->data);
	replace(value, pci_addr_format(&addr, text));
	return 0;
}

/* "vvvv:dddd" in hex. */
static bool is_pair(const char *s)
{
	for (size_t i = 0; i < 9; i++)
		if (i == 4 ? s[i] != ':' : !isxdigit((unsigned char)s[i]))
			return false;
	return !s[9];
}

int check_ids(struct str *value, struct err *reterr)
{
	if (!is_pair(value->data))
		return err_set(reterr, -EINVAL, "\"%s\" is not a pair of ids like 10de:2484",
			       value->data);
	lower(value);
	return 0;
}

/*
 * Slots of the guest's root bus that nothing else takes: the machine's own devices and its VGA
 * have those below 3, vm/qemu_args puts ports and other cards into those from 10 on.
 */
#define SLOT_FIRST 0x03
#define SLOT_LAST 0x0f

int check_guest_slot(struct str *value, struct err *reterr)
{
	char *end;
	unsigned long slot = strtoul(value->data, &end, 16);

	if (!isxdigit((unsigned char)value->data[0]) || end - value->data > 2 ||
	    slot < SLOT_FIRST || slot > SLOT_LAST || end[0] != '.' || end[1] < '0' ||
	    end[1] > '7' || end[2])
		return err_set(reterr, -EINVAL,
			       "\"%s\" is not a place on the guest's bus like 09.0 (03.0 to 0f.7)",
			       value->data);
	str_clear(value);
	str_addf(value, "%02lx.%c", slot, end[1]);
	return 0;
}

/* "BUS-PORT[.PORT...]", as the kernel names USB devices (Documentation/ABI/stable/sysfs-bus-usb). */
static bool is_usb_port(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (!n || n > 3 || s[n] != '-')
		return false;
	for (s += n + 1;; s += n + 1) {
		n = strspn(s, "0123456789");
		if (!n || n > 3 || (s[n] && s[n] != '.'))
			return false;
		if (!s[n])
			return true;
	}
}

int check_usb(struct str *value, struct err *reterr)
{
	if (!is_pair(value->data) && !is_usb_port(value->data))
		return err_set(reterr, -EINVAL,
			       "\"%s\" is neither an id like 046d:c52b nor a port like 1-2.3",
			       value->data);
	lower(value);
	return 0;
}

/* Only these characters, and not more of them than `max`. */
static bool consists_of(const struct str *value, const char *beside_alnum, size_t max)
{
	for (size_t i = 0; i < value->len; i++)
		if (!value->data[i] || (!isalnum((unsigned char)value->data[i]) &&
					!strchr(beside_alnum, value->data[i])))
			return false;
	return value->len <= max;
}

int check_serial(struct str *value, struct err *reterr)
{
	if (!consists_of(value, "._-", 20))
		return err_set(reterr, -EINVAL,
			       "\"%s\" is no serial number: up to 20 letters, digits, . _ -",
			       value->data);
	return 0;
}

/* Skips a port; NULL when there is none. */
static const char *skip_port(const char *s)
{
	char *end;
	unsigned long port = strtoul(s, &end, 10);

	return isdigit((unsigned char)*s) && port && port <= 65535 ? end : NULL;
}

int check_forward(struct str *value, struct err *reterr)
{
	const char *at = value->data;

	lower(value);
	at = text_starts_with(at, "tcp:") || text_starts_with(at, "udp:") ? skip_port(at + 4)
									  : NULL;
	at = at && *at == ':' ? skip_port(at + 1) : NULL;
	if (!at || *at)
		return err_set(reterr, -EINVAL,
			       "\"%s\" is not PROTOCOL:HOST-PORT:GUEST-PORT like tcp:2222:22",
			       value->data);
	return 0;
}

/* Numbers of a list, at most CPU_MAX of them; NULL only counts. */
static bool read_cpus(const char *s, unsigned *to, size_t *len)
{
	for (*len = 0;; s++) {
		char *end;
		unsigned long first;
		unsigned long last;

		if (!isdigit((unsigned char)*s))
			return false;
		first = last = strtoul(s, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			last = strtoul(end + 1, &end, 10);
		}
		if (last >= CPU_MAX || first > last || *len + last - first >= CPU_MAX)
			return false;
		for (; first <= last; first++, (*len)++)
			if (to)
				to[*len] = (unsigned)first;
		s = end;
		if (!*s)
			return true;
		if (*s != ',')
			return false;
	}
}

bool vm_cpu_list(const char *text, unsigned **ret, size_t *ret_len)
{
	if (!read_cpus(text, NULL, ret_len))
		return false;
	*ret = xcalloc(*ret_len, sizeof(**ret));
	return read_cpus(text, *ret, ret_len);
}

int check_cpus(struct str *value, struct err *reterr)
{
	size_t kept = 0;
	size_t len;

	for (size_t i = 0; i < value->len; i++)
		if (value->data[i] != ' ')
			value->data[kept++] = value->data[i];
	str_truncate(value, kept);
	if (!read_cpus(value->data, NULL, &len))
		return err_set(reterr, -EINVAL, "\"%s\" is not a list of CPUs like 2,3 or 4-7",
			       value->data);
	return 0;
}

int check_word(struct str *value, struct err *reterr)
{
	if (!consists_of(value, "._-", 64))
		return err_set(reterr, -EINVAL,
			       "\"%s\" can't stand here: letters, digits, . _ - are taken",
			       value->data);
	return 0;
}

int check_cpu_options(struct str *value, struct err *reterr)
{
	if (!consists_of(value, "._-+=,", 512) || value->data[0] == ',' ||
	    text_ends_with(value->data, ","))
		return err_set(reterr, -EINVAL,
			       "\"%s\" are no processor options like check,+invtsc", value->data);
	return 0;
}

int check_vendor_id(struct str *value, struct err *reterr)
{
	bool ok = value->len <= 12;

	for (size_t i = 0; i < value->len; i++)
		ok &= value->data[i] >= ' ' && value->data[i] <= '~' && value->data[i] != ',';
	if (!ok)
		return err_set(reterr, -EINVAL,
			       "the vendor has up to 12 ASCII characters and no comma");
	return 0;
}

/* As dev_valid_name() of the kernel (net/core/dev.c), and nothing a shell or udev would trip over. */
int check_interface(struct str *value, struct err *reterr)
{
	if (!consists_of(value, "._-", 15) || value->data[0] == '.' || value->data[0] == '-')
		return err_set(reterr, -EINVAL, "\"%s\" is not the name of a network interface",
			       value->data);
	return 0;
}

int check_mac(struct str *value, struct err *reterr)
{
	bool ok = value->len == 17;

	for (size_t i = 0; ok && i < 17; i++)
		ok = i % 3 == 2 ? value->data[i] == ':' : isxdigit((unsigned char)value->data[i]);
	if (!ok)
		return err_set(reterr, -EINVAL, "\"%s\" is not an address like 52:54:00:12:34:56",
			       value->data);
	lower(value);
	if (strchr("13579bdf", value->data[1]))
		return err_set(reterr, -EINVAL,
			       "%s is a multicast address, no card's: make its second digit even",
			       value->data);
	return 0;
}

/* 4 bytes a pixel. */
unsigned vm_looking_glass_mib(const char *resolution)
{
	unsigned width;
	unsigned height;
	unsigned mib = 16;
	int n = 0;

	if (sscanf(resolution, "%5ux%5u%n", &width, &height, &n) != 2 || resolution[n] ||
	    !isdigit((unsigned char)resolution[0]) || !width || !height || width > 16384 ||
	    height > 16384)
		return 0;
	/*
	 * Two frames and 10 MiB for cursor and the rest, up to a power of two
	 * (Looking Glass B6/B7, documentation "IVSHMEM").
	 */
	while ((uint64_t)mib << 20 < (uint64_t)width * height * 4 * 2 + (10U << 20))
		mib *= 2;
	return mib;
}

int check_resolution(struct str *value, struct err *reterr)
{
	if (!vm_looking_glass_mib(value->data))
		return err_set(reterr, -EINVAL, "\"%s\" is not a resolution like 1920x1080",
			       value->data);
	return 0;
}

int check_number(struct str *value, struct err *reterr)
{
	if (!value->len || value->len > 4 || strspn(value->data, "0123456789") != value->len)
		return err_set(reterr, -EINVAL, "\"%s\" is not a number", value->data);
	return 0;
}
