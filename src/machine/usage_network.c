/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network links: which carry the default route, this SSH session, or are just up. Bonds,
 * bridges and VLANs are followed down their lower_* links (sysfs-class-net) to the cards.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/usage_parts.h"

#define DEEPEST 8

enum { RTF_UP = 1, RTF_REJECT = 0x200 }; /* include/uapi/linux/route.h */

/* One line of /proc/net/route; numbers are in network order, as in memory. */
struct route {
	char *interface;
	uint32_t destination, mask;
	bool via_gateway;
};

struct network {
	struct usage_scan *scan;
	struct route *routes;
	size_t len, cap;
	struct strv default_routes; /* interfaces */
	struct strv addresses;      /* "eth0 192.168.1.5": IPv4 addresses of this host */
	struct str inet6;           /* /proc/net/if_inet6 */
};

/* --- what proc knows ------------------------------------------------------------- */

static void read_lines(const struct host *host, const char *path, struct strv *ret)
{
	auto_str struct str text = STR_INIT;

	if (host_read(host, path, &text, NULL) == 0)
		strv_split(ret, text.data, "\n");
}

/* "Iface Destination Gateway Flags RefCnt Use Metric Mask ..." in hexadecimal */
static void read_routes(struct network *n)
{
	auto_strv struct strv lines = STRV_INIT;

	read_lines(n->scan->host, "/proc/net/route", &lines);
	for (size_t i = 1; i < lines.len; i++) {
		char name[64];
		unsigned destination, gateway, flags, mask;

		if (sscanf(lines.items[i], "%63s %x %x %x %*s %*s %*s %x", name, &destination,
			   &gateway, &flags, &mask) != 5 ||
		    !(flags & RTF_UP) || (flags & RTF_REJECT))
			continue;
		if (!destination && !mask)
			strv_add_unique(&n->default_routes, name);
		n->routes = grow(n->routes, n->len, &n->cap, sizeof(*n->routes));
		n->routes[n->len++] = (struct route){.interface = xstrdup(name),
						     .destination = destination,
						     .mask = mask,
						     .via_gateway = gateway != 0};
	}
}

/* "DEST PREFIX SOURCE PREFIX GATEWAY METRIC REFCNT USE FLAGS Iface" */
static void read_routes6(struct network *n)
{
	auto_strv struct strv lines = STRV_INIT;

	read_lines(n->scan->host, "/proc/net/ipv6_route", &lines);
	for (size_t i = 0; i < lines.len; i++) {
		auto_strv struct strv word = STRV_INIT;
		unsigned long flags;

		strv_split(&word, lines.items[i], " \t");
		if (word.len < 10 || strspn(word.items[0], "0") != 32 ||
		    strcmp(word.items[1], "00") != 0 || !strcmp(word.items[9], "lo"))
			continue;
		flags = strtoul(word.items[8], NULL, 16);
		if ((flags & RTF_UP) && !(flags & RTF_REJECT))
			strv_add_unique(&n->default_routes, word.items[9]);
	}
}

/* The interface whose own network has the address: the one with the longest mask. */
static const char *interface_of_ipv4(const struct network *n, uint32_t address)
{
	const struct route *best = NULL;

	for (size_t i = 0; i < n->len; i++) {
		const struct route *r = &n->routes[i];

		if (!r->via_gateway && (address & r->mask) == r->destination && r->mask &&
		    (!best || ntohl(r->mask) > ntohl(best->mask)))
			best = r;
	}
	return best ? best->interface : NULL;
}

/* fib_trie: "|-- 192.168.1.5" followed by "/32 host LOCAL" is an address of this host. */
static void read_addresses(struct network *n)
{
	auto_strv struct strv lines = STRV_INIT;
	char last[64] = "";

	read_lines(n->scan->host, "/proc/net/fib_trie", &lines);
	for (size_t i = 0; i < lines.len; i++) {
		const char *leaf = strstr(lines.items[i], "|-- ");
		uint32_t address;
		const char *interface;

		if (leaf) {
			snprintf(last, sizeof(last), "%s", leaf + 4);
			continue;
		}
		if (!strstr(lines.items[i], "/32 host LOCAL") ||
		    inet_pton(AF_INET, last, &address) != 1)
			continue;
		interface = interface_of_ipv4(n, address);
		if (interface) {
			auto_free char *entry = xasprintf("%s %s", interface, last);

			strv_add_unique(&n->addresses, entry);
		}
	}
}

/* "ADDRESS(32 hex) IFINDEX PREFIX SCOPE FLAGS NAME" */
static char *interface_of_ipv6(const struct network *n, const unsigned char address[16])
{
	auto_strv struct strv lines = STRV_INIT;
	char hex[33];

	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", address[i]);
	strv_split(&lines, n->inet6.data, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		auto_strv struct strv word = STRV_INIT;

		strv_split(&word, lines.items[i], " \t");
		if (word.len == 6 && !strcmp(word.items[0], hex))
			return xstrdup(word.items[5]);
	}
	return NULL;
}

/* The interface that has an address of this host, for the caller to free, or NULL. */
static char *interface_of(const struct network *n, const char *address)
{
	auto_free char *bare = xstrndup(address, strcspn(address, "%"));
	unsigned char six[16];
	uint32_t four;
	const char *name = NULL;

	if (address[strlen(bare)] == '%')
		return xstrdup(address + strlen(bare) + 1); /* fe80::1%eth0 */
	if (inet_pton(AF_INET, bare, &four) == 1) {
		for (size_t i = 0; i < n->addresses.len && !name; i++) {
			const char *entry = n->addresses.items[i];
			const char *blank = strchr(entry, ' ');

			if (!strcmp(blank + 1, bare))
				return xstrndup(entry, (size_t)(blank - entry));
		}
		name = interface_of_ipv4(n, four);
		return xstrdup(name);
	}
	return inet_pton(AF_INET6, bare, six) == 1 ? interface_of_ipv6(n, six) : NULL;
}

/* --- from interfaces to cards ------------------------------------------------------ */

static void claim_interface(const struct network *n, const char *name, enum usage_kind kind,
			    const char *what, int depth)
{
	auto_free char *dir = xasprintf("/sys/class/net/%s", name);
	auto_free char *device = xasprintf("%s/device", dir);
	auto_strv struct strv entries = STRV_INIT;
	struct pci_addr addr;

	if (depth > DEEPEST || !*name || strchr(name, '/') || name[0] == '.')
		return;
	if (usage_pci_of(n->scan, device, &addr)) {
		if (kind != USAGE_NETWORK_UP ||
		    (!usage_has(n->scan->out, &addr, USAGE_SSH_LINK) &&
		     !usage_has(n->scan->out, &addr, USAGE_DEFAULT_ROUTE)))
			usage_add(n->scan, &addr, kind, what);
		return;
	}
	if (host_list(n->scan->host, dir, &entries, NULL) < 0)
		return;
	for (size_t i = 0; i < entries.len; i++)
		if (text_starts_with(entries.items[i], "lower_"))
			claim_interface(n, entries.items[i] + strlen("lower_"), kind, what,
					depth + 1);
}

/* "eth0 192.168.1.5" */
static char *interface_with_addresses(const struct network *n, const char *name)
{
	auto_free char *prefix = xasprintf("%s ", name);
	struct str s = STR_INIT;

	str_adds(&s, name);
	for (size_t i = 0; i < n->addresses.len; i++)
		if (text_starts_with(n->addresses.items[i], prefix))
			str_adds(&s, n->addresses.items[i] + strlen(name));
	return str_take(&s);
}

/* Also links that don't tell their state (operstate "unknown") but have a carrier. */
static bool is_up(const struct host *host, const char *name)
{
	auto_free char *state_path = xasprintf("/sys/class/net/%s/operstate", name);
	auto_free char *carrier_path = xasprintf("/sys/class/net/%s/carrier", name);
	auto_str struct str state = STR_INIT, carrier = STR_INIT;

	if (host_read_line(host, state_path, &state, NULL) < 0)
		return false;
	if (!strcmp(state.data, "up"))
		return true;
	return !strcmp(state.data, "unknown") &&
	       host_read_line(host, carrier_path, &carrier, NULL) == 0 &&
	       !strcmp(carrier.data, "1");
}

static void claim_links_that_are_up(const struct network *n)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(n->scan->host, "/sys/class/net", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *what = NULL;

		if (!is_up(n->scan->host, names.items[i]))
			continue;
		what = interface_with_addresses(n, names.items[i]);
		claim_interface(n, names.items[i], USAGE_NETWORK_UP, what, 0);
	}
}

static void claim_ssh(const struct network *n, const char *address)
{
	auto_free char *name = interface_of(n, address);
	auto_free char *what = name ? xasprintf("%s %s", name, address) : NULL;

	if (name)
		claim_interface(n, name, USAGE_SSH_LINK, what, 0);
}

void usage_find_network(struct usage_scan *s, const struct strv *ssh_addresses)
{
	struct network n = {.scan = s,
			    .routes = NULL,
			    .len = 0,
			    .cap = 0,
			    .default_routes = STRV_INIT,
			    .addresses = STRV_INIT,
			    .inet6 = STR_INIT};

	read_routes(&n);
	read_routes6(&n);
	read_addresses(&n);
	(void)!host_read(s->host, "/proc/net/if_inet6", &n.inet6, NULL); /* empty without IPv6 */
	for (size_t i = 0; i < ssh_addresses->len; i++)
		claim_ssh(&n, ssh_addresses->items[i]);
	for (size_t i = 0; i < n.default_routes.len; i++) {
		auto_free char *what = interface_with_addresses(&n, n.default_routes.items[i]);

		claim_interface(&n, n.default_routes.items[i], USAGE_DEFAULT_ROUTE, what, 0);
	}
	claim_links_that_are_up(&n);
	for (size_t i = 0; i < n.len; i++)
		free(n.routes[i].interface);
	free(n.routes);
	strv_release(&n.default_routes);
	strv_release(&n.addresses);
	str_release(&n.inet6);
}
