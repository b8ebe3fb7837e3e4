/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the person in front of the machine uses: the console, displays, sound, keyboard and mouse. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/usage_parts.h"

/* --- console and displays ----------------------------------------------------------- */

static bool boot_display(const struct usage_scan *s, struct pci_addr *ret)
{
	for (size_t i = 0; i < s->topology->len; i++) {
		if (s->topology->devices[i].boot_vga == 1) {
			*ret = s->topology->devices[i].addr;
			return true;
		}
	}
	return false;
}

/* A framebuffer of a driver hangs on its card; one that the firmware left shows on the boot VGA. */
static bool find_framebuffers(struct usage_scan *s)
{
	auto_strv struct strv names = STRV_INIT;
	bool found = false;

	if (host_list(s->host, "/sys/class/graphics", &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = xasprintf("/sys/class/graphics/%s", names.items[i]);
		auto_free char *name_path = xasprintf("%s/name", path);
		auto_free char *what = NULL;
		auto_str struct str name = STR_INIT;
		struct pci_addr addr;

		if (!text_starts_with(names.items[i], "fb") || !strcmp(names.items[i], "fbcon"))
			continue;
		if (host_read_line(s->host, name_path, &name, NULL) < 0)
			str_clear(&name);
		if (!usage_pci_of(s, path, &addr) && !boot_display(s, &addr))
			continue;
		what = xasprintf("%s%s%s", names.items[i], name.len ? " " : "", name.data);
		usage_add(s, &addr, USAGE_CONSOLE_DISPLAY, what);
		found = true;
	}
	return found;
}

/* Without a framebuffer the console may be in VGA's text mode: "(S) VGA+" that is bound. */
static void find_text_console(struct usage_scan *s)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(s->host, "/sys/class/vtconsole", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *name_path = xasprintf("/sys/class/vtconsole/%s/name",
						      names.items[i]);
		auto_free char *bind_path = xasprintf("/sys/class/vtconsole/%s/bind",
						      names.items[i]);
		auto_str struct str name = STR_INIT, bound = STR_INIT;
		struct pci_addr addr;

		if (host_read_line(s->host, name_path, &name, NULL) == 0 &&
		    host_read_line(s->host, bind_path, &bound, NULL) == 0 &&
		    strstr(name.data, "VGA") && !strcmp(bound.data, "1") && boot_display(s, &addr))
			usage_add(s, &addr, USAGE_CONSOLE_DISPLAY, "VGA text console");
	}
}

/* Connectors with a picture: "card0-HDMI-A-1" is enabled. */
static void find_monitors(struct usage_scan *s)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(s->host, "/sys/class/drm", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = xasprintf("/sys/class/drm/%s", names.items[i]);
		auto_free char *enabled_path = xasprintf("%s/enabled", path);
		auto_free char *what = NULL;
		auto_str struct str enabled = STR_INIT;
		const char *connector = strchr(names.items[i], '-');
		struct pci_addr addr;

		if (!connector || host_read_line(s->host, enabled_path, &enabled, NULL) < 0 ||
		    strcmp(enabled.data, "enabled") != 0 || !usage_pci_of(s, path, &addr))
			continue;
		what = xasprintf("screen on %s", connector + 1);
		usage_add(s, &addr, USAGE_DISPLAY, what);
	}
}

/* --- sound ----------------------------------------------------------------------------- */

/* Adds the state of each stream below a card: "RUNNING", "closed". True when one is open. */
static bool is_playing(const struct host *host, const char *card)
{
	auto_free char *dir = xasprintf("/proc/asound/%s", card);
	auto_strv struct strv streams = STRV_INIT;

	if (host_list(host, dir, &streams, NULL) < 0)
		return false;
	for (size_t i = 0; i < streams.len; i++) {
		auto_free char *stream = xasprintf("%s/%s", dir, streams.items[i]);
		auto_strv struct strv subs = STRV_INIT;

		if (!text_starts_with(streams.items[i], "pcm") ||
		    host_list(host, stream, &subs, NULL) < 0)
			continue;
		for (size_t k = 0; k < subs.len; k++) {
			auto_free char *path = xasprintf("%s/%s/status", stream, subs.items[k]);
			auto_str struct str status = STR_INIT;

			if (host_read_some(host, path, 256, &status, NULL) == 0 &&
			    text_starts_with(status.data, "state:"))
				return true;
		}
	}
	return false;
}

static void find_sound(struct usage_scan *s)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(s->host, "/sys/class/sound", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = xasprintf("/sys/class/sound/%s", names.items[i]);
		auto_free char *id_path = xasprintf("%s/id", path);
		auto_free char *what = NULL;
		auto_str struct str id = STR_INIT;
		struct pci_addr addr;

		if (!text_starts_with(names.items[i], "card") ||
		    !is_playing(s->host, names.items[i]) || !usage_pci_of(s, path, &addr))
			continue;
		if (host_read_line(s->host, id_path, &id, NULL) < 0)
			str_clear(&id);
		what = xasprintf("%s%s%s plays or records", names.items[i], id.len ? " " : "",
				 id.data);
		usage_add(s, &addr, USAGE_SOUND, what);
	}
}

/* --- keyboard and mouse ------------------------------------------------------------------ */

enum input { KEYBOARD, MOUSE, INPUTS };

struct input_device {
	char *name, *path;
	bool is[INPUTS];
};

struct seat {
	struct usage_scan *scan;
	/* the controllers with a keyboard or mouse behind them */
	struct controller {
		struct pci_addr addr;
		struct strv names;
		bool has[INPUTS];
	} * list;
	size_t len, cap;
	bool elsewhere[INPUTS]; /* one that hangs on no PCI device: PS/2, Bluetooth */
};

/* The value of a line "N: Name="Logitech Keyboard"" without quotes, for the caller to free. */
static char *block_value(const char *block, const char *key)
{
	const char *at = strstr(block, key);

	if (!at || (at != block && at[-1] != '\n'))
		return NULL;
	at += strlen(key);
	if (*at == '"')
		return xstrndup(at + 1, strcspn(at + 1, "\"\n"));
	return xstrndup(at, strcspn(at, "\n"));
}

/* A keyboard has all keys 1 to 31 (Esc to S), the rule of udev's input_id; buttons have few. */
static bool has_letter_keys(const char *keys)
{
	const char *last = strrchr(keys, ' ');
	unsigned long low = strtoul(last ? last + 1 : keys, NULL, 16);

	return (low & 0xfffffffe) == 0xfffffffe;
}

static void read_input(const char *block, struct input_device *ret)
{
	auto_free char *keys = block_value(block, "B: KEY=");
	auto_free char *handlers = block_value(block, "H: Handlers=");

	ret->name = block_value(block, "N: Name=");
	ret->path = block_value(block, "S: Sysfs=");
	ret->is[KEYBOARD] = keys && has_letter_keys(keys);
	ret->is[MOUSE] = handlers && strstr(handlers, "mouse");
}

static struct controller *controller_of(struct seat *seat, const struct pci_addr *addr)
{
	for (size_t i = 0; i < seat->len; i++)
		if (!pci_addr_compare(&seat->list[i].addr, addr))
			return &seat->list[i];
	seat->list = grow(seat->list, seat->len, &seat->cap, sizeof(*seat->list));
	seat->list[seat->len] = (struct controller){.addr = *addr, .names = STRV_INIT};
	return &seat->list[seat->len++];
}

static void place_input(struct seat *seat, const struct input_device *d)
{
	struct pci_addr addr;
	struct controller *c;

	if (!d->path || (!d->is[KEYBOARD] && !d->is[MOUSE]))
		return;
	if (!usage_pci_on_path(seat->scan, d->path, &addr)) {
		for (int k = 0; k < INPUTS; k++)
			seat->elsewhere[k] = seat->elsewhere[k] || d->is[k];
		return;
	}
	c = controller_of(seat, &addr);
	for (int k = 0; k < INPUTS; k++)
		c->has[k] = c->has[k] || d->is[k];
	strv_add_unique(&c->names, d->name ? d->name : "input device");
}

/* The only one with a keyboard, or with a mouse. */
static bool is_last(const struct seat *seat, const struct controller *c)
{
	for (int k = 0; k < INPUTS; k++) {
		size_t n = seat->elsewhere[k];

		for (size_t i = 0; i < seat->len; i++)
			n += seat->list[i].has[k];
		if (c->has[k] && n == 1)
			return true;
	}
	return false;
}

static void read_seat(struct seat *seat, const char *text)
{
	while (text && *text) {
		const char *end = strstr(text, "\n\n");
		auto_free char *block = end ? xstrndup(text, (size_t)(end - text)) : xstrdup(text);
		struct input_device d = {.name = NULL, .path = NULL};

		read_input(block, &d);
		place_input(seat, &d);
		free(d.name);
		free(d.path);
		text = end ? end + 2 : NULL;
	}
}

static void find_keyboards(struct usage_scan *s)
{
	auto_str struct str text = STR_INIT;
	struct seat seat = {.scan = s, .list = NULL, .len = 0, .cap = 0};

	if (host_read(s->host, "/proc/bus/input/devices", &text, NULL) < 0)
		return;
	read_seat(&seat, text.data);
	for (size_t i = 0; i < seat.len; i++) {
		struct controller *c = &seat.list[i];
		auto_free char *what = strv_join(&c->names, ", ");

		usage_add(s, &c->addr, is_last(&seat, c) ? USAGE_LAST_KEYBOARD : USAGE_KEYBOARD,
			  what);
	}
	for (size_t i = 0; i < seat.len; i++)
		strv_release(&seat.list[i].names);
	free(seat.list);
}

void usage_find_seat(struct usage_scan *s)
{
	if (!find_framebuffers(s))
		find_text_console(s);
	find_monitors(s);
	find_sound(s);
	find_keyboards(s);
}
