/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine/usage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "machine/usage_parts.h"

#define MOST_OF_A_KIND 8 /* on one device; more would only fill the screen */

bool usage_has(const struct usage *u, const struct pci_addr *addr, enum usage_kind kind)
{
	for (size_t i = 0; i < u->len; i++)
		if (u->items[i].kind == kind && !pci_addr_compare(&u->items[i].addr, addr))
			return true;
	return false;
}

void usage_add(struct usage_scan *s, const struct pci_addr *addr, enum usage_kind kind,
	       const char *what)
{
	struct usage *u = s->out;
	size_t same = 0;

	for (size_t i = 0; i < u->len; i++) {
		if (u->items[i].kind != kind || pci_addr_compare(&u->items[i].addr, addr) != 0)
			continue;
		if (!strcmp(u->items[i].what, what) || ++same == MOST_OF_A_KIND)
			return;
	}
	u->items = grow(u->items, u->len, &u->cap, sizeof(*u->items));
	u->items[u->len++] =
		(struct usage_item){.addr = *addr, .kind = kind, .what = xstrdup(what)};
}

bool usage_pci_on_path(const struct usage_scan *s, const char *path, struct pci_addr *ret)
{
	auto_strv struct strv part = STRV_INIT;

	strv_split(&part, path, "/");
	for (size_t i = part.len; i-- > 0;)
		if (pci_addr_parse(part.items[i], ret) && topology_find(s->topology, ret))
			return true;
	return false;
}

bool usage_pci_of(const struct usage_scan *s, const char *path, struct pci_addr *ret)
{
	auto_str struct str real = STR_INIT;

	return host_realpath(s->host, path, &real, NULL) == 0 &&
	       usage_pci_on_path(s, real.data, ret);
}

static int compare_items(const void *a, const void *b)
{
	const struct usage_item *x = a, *y = b;
	int c = pci_addr_compare(&x->addr, &y->addr);

	if (!c)
		c = (int)x->kind - (int)y->kind;
	return c ? c : strcmp(x->what, y->what);
}

static bool kind_of(const char *name, enum usage_kind *ret)
{
	for (int k = 0; k < USAGE_KINDS; k++)
		if (!strcmp(usage_kind_name((enum usage_kind)k), name)) {
			*ret = (enum usage_kind)k;
			return true;
		}
	return false;
}

/* A recording holds what was found, not the files that told it: those have names and addresses in them. */
static void read_recorded(struct usage_scan *s)
{
	auto_str struct str text = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (host_is_live(s->host) || host_read(s->host, USAGE_RECORDED, &text, NULL) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		char *rest = lines.items[i];
		const char *bdf = strsep(&rest, " "), *kind = strsep(&rest, " ");
		struct pci_addr addr;
		enum usage_kind k;

		if (rest && pci_addr_parse(bdf, &addr) && kind_of(kind, &k) &&
		    topology_find(s->topology, &addr))
			usage_add(s, &addr, k, rest);
	}
}

void usage_read(const struct host *host, const struct topology *topology, struct usage *ret)
{
	struct usage_scan s = {.host = host, .topology = topology, .out = ret};
	auto_strv struct strv ssh = STRV_INIT;

	*ret = (struct usage){.items = NULL, .len = 0, .cap = 0};
	if (!topology->len)
		return;
	usage_find_disks(&s);
	usage_ssh_addresses(host, &ssh);
	usage_find_network(&s, &ssh);
	usage_find_seat(&s);
	usage_find_processes(&s);
	read_recorded(&s);
	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), compare_items);
}

void usage_release(struct usage *u)
{
	for (size_t i = 0; i < u->len; i++)
		free(u->items[i].what);
	free(u->items);
	*u = (struct usage){.items = NULL, .len = 0, .cap = 0};
}

static const struct {
	const char *name, *label;
} kinds[USAGE_KINDS] = {
	[USAGE_ROOT_DISK] = {"root-disk", "root disk"},
	[USAGE_SWAP] = {"swap", "swap"},
	[USAGE_MOUNTED] = {"mounted", "mounted"},
	[USAGE_SSH_LINK] = {"ssh-link", "SSH"},
	[USAGE_DEFAULT_ROUTE] = {"default-route", "default route"},
	[USAGE_NETWORK_UP] = {"network-up", "network"},
	[USAGE_CONSOLE_DISPLAY] = {"console-display", "console"},
	[USAGE_DISPLAY] = {"display", "display"},
	[USAGE_SOUND] = {"sound", "sound"},
	[USAGE_LAST_KEYBOARD] = {"last-keyboard", "last keyboard"},
	[USAGE_KEYBOARD] = {"keyboard", "keyboard"},
	[USAGE_VM] = {"in-use-by-vm", "VM"},
};

const char *usage_kind_name(enum usage_kind k)
{
	return kinds[k].name;
}

const char *usage_kind_label(enum usage_kind k)
{
	return kinds[k].label;
}

const struct usage_item *usage_of(const struct usage *u, const struct pci_addr *addr, size_t *n)
{
	size_t low = 0, high = u->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (pci_addr_compare(&u->items[mid].addr, addr) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*n = 0;
	while (low + *n < u->len && !pci_addr_compare(&u->items[low + *n].addr, addr))
		(*n)++;
	return *n ? &u->items[low] : NULL;
}
