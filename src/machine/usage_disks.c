/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounted file systems and swap, down to the PCI device.
 *
 * /proc/self/mountinfo names a device (proc(5)); /sys/dev/block leads to it; below lie the
 * `slaves` of dm, md, bcache and multipath devices (Documentation/ABI: sysfs-block), the
 * disk of a partition, and in the end the real path through the controller. File systems
 * over several devices: btrfs lists its devices in sysfs, bcachefs in the mount's source,
 * ZFS is recognised by the labels that udev keeps in /run/udev/data.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/usage_parts.h"

#define DEEPEST 16       /* devices stacked on devices; sysfs has no loops, a made-up one may */
#define BLOCKS_MAX 10000 /* looked at in one scan; beyond lie made-up machines only */

/* One use on its way down to the devices. */
struct claim {
	struct usage_scan *scan;
	enum usage_kind kind;
	const char *what;
};

struct mount {
	char *point, *type, *source;
	char *number; /* "8:2" of a block device, "0:23" of none; may be NULL */
};

struct mounts {
	struct mount *list;
	size_t len, cap;
};

/* --- block devices down to PCI ---------------------------------------------------- */

/* The block devices on one claim's way down; each is gone through once. */
struct way {
	struct strv seen;
	int depth;
};

static void claim_below(const struct claim *c, const char *name, struct way *way);

/* NVMe with several paths: the namespace hangs on a subsystem, whose controllers are links there. */
static void claim_nvme_controllers(const struct claim *c, const char *real)
{
	auto_free char *dir = xstrndup(real, (size_t)(strrchr(real, '/') - real));
	auto_strv struct strv names = STRV_INIT;
	struct pci_addr addr;

	if (host_list(c->scan->host, dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);

		if (text_starts_with(names.items[i], "nvme") && usage_pci_of(c->scan, path, &addr))
			usage_add(c->scan, &addr, c->kind, c->what);
	}
}

static void claim_real(const struct claim *c, const char *real)
{
	struct pci_addr addr;

	if (strstr(real, "/nvme-subsystem/"))
		claim_nvme_controllers(c, real);
	else if (usage_pci_on_path(c->scan, real, &addr))
		usage_add(c->scan, &addr, c->kind, c->what);
}

/* What lies below: the slaves, for a partition those of its disk. False when there are none. */
static bool claim_slaves(const struct claim *c, const char *real, struct way *way)
{
	auto_free char *dir = xasprintf("%s/slaves", real);
	auto_strv struct strv names = STRV_INIT;

	if (host_list(c->scan->host, dir, &names, NULL) < 0)
		return false;
	way->depth++;
	for (size_t i = 0; i < names.len; i++)
		claim_below(c, names.items[i], way);
	way->depth--;
	return names.len > 0;
}

static void claim_below(const struct claim *c, const char *name, struct way *way)
{
	auto_free char *path = xasprintf("/sys/class/block/%s", name);
	auto_free char *partition = NULL;
	auto_str struct str real = STR_INIT;

	if (way->depth > DEEPEST || strchr(name, '/') || !strv_add_unique(&way->seen, name) ||
	    ++c->scan->blocks > BLOCKS_MAX || host_realpath(c->scan->host, path, &real, NULL) < 0)
		return;
	partition = xasprintf("%s/partition", real.data);
	if (host_exists(c->scan->host, partition))
		str_truncate(&real, (size_t)(strrchr(real.data, '/') - real.data));
	if (!claim_slaves(c, real.data, way))
		claim_real(c, real.data);
}

static void claim_block(const struct claim *c, const char *name)
{
	struct way way = {.seen = STRV_INIT};

	claim_below(c, name, &way);
	strv_release(&way.seen);
}

/* The kernel's name of "/dev/mapper/vg-root": the last part of the real path, "dm-0". */
static char *block_name(const struct usage_scan *s, const char *dev)
{
	auto_str struct str real = STR_INIT;
	const char *slash;

	if (host_realpath(s->host, dev, &real, NULL) < 0) {
		str_clear(&real); /* no device node here, as in a recording: the name as it is */
		str_adds(&real, dev);
	}
	slash = strrchr(real.data, '/');
	return text_starts_with(real.data, "/dev/") ? xstrdup(slash + 1) : NULL;
}

/* "8:2" to "sda2"; numbers with major 0 belong to no block device. */
static char *name_by_number(const struct usage_scan *s, const char *number)
{
	auto_free char *path = NULL;
	auto_str struct str real = STR_INIT;

	if (!number || text_starts_with(number, "0:"))
		return NULL;
	path = xasprintf("/sys/dev/block/%s", number);
	if (host_realpath(s->host, path, &real, NULL) < 0)
		return NULL;
	return xstrdup(strrchr(real.data, '/') + 1);
}

/* --- file systems over several devices -------------------------------------------- */

/* btrfs: all devices of the file system that has this one. False when sysfs has none. */
static bool claim_btrfs(const struct claim *c, const char *name)
{
	auto_strv struct strv systems = STRV_INIT;

	if (host_list(c->scan->host, "/sys/fs/btrfs", &systems, NULL) < 0)
		return false;
	for (size_t i = 0; i < systems.len; i++) {
		auto_free char *dir = xasprintf("/sys/fs/btrfs/%s/devices", systems.items[i]);
		auto_strv struct strv names = STRV_INIT;

		if (host_list(c->scan->host, dir, &names, NULL) < 0 || !strv_has(&names, name))
			continue;
		for (size_t k = 0; k < names.len; k++)
			claim_block(c, names.items[k]);
		return true;
	}
	return false;
}

/* bcachefs: "/dev/sda:/dev/sdb" is its source. */
static void claim_bcachefs(const struct claim *c, const char *source)
{
	auto_strv struct strv devices = STRV_INIT;

	strv_split(&devices, source, ":");
	for (size_t i = 0; i < devices.len; i++) {
		auto_free char *name = block_name(c->scan, devices.items[i]);

		if (name)
			claim_block(c, name);
	}
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += n)
		if ((at == text || at[-1] == '\n') && (at[n] == '\n' || !at[n]))
			return true;
	return false;
}

/* ZFS: "pool/dataset" is its source; members are block devices that udev found with that label. */
static void claim_zfs(const struct claim *c, const char *source)
{
	auto_free char *pool = xstrndup(source, strcspn(source, "/"));
	auto_free char *label = xasprintf("E:ID_FS_LABEL=%s", pool);
	auto_strv struct strv names = STRV_INIT;

	if (host_list(c->scan->host, "/sys/class/block", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *dev = xasprintf("/sys/class/block/%s/dev", names.items[i]);
		auto_str struct str number = STR_INIT, data = STR_INIT;
		auto_free char *path = NULL;

		if (host_read_line(c->scan->host, dev, &number, NULL) < 0)
			continue;
		path = xasprintf("/run/udev/data/b%s", number.data);
		if (host_read(c->scan->host, path, &data, NULL) == 0 &&
		    has_line(data.data, "E:ID_FS_TYPE=zfs_member") && has_line(data.data, label))
			claim_block(c, names.items[i]);
	}
}

static void claim_mount(const struct claim *c, const struct mount *m)
{
	auto_free char *name = NULL;

	if (!strcmp(m->type, "zfs")) {
		claim_zfs(c, m->source);
		return;
	}
	if (!strcmp(m->type, "bcachefs")) {
		claim_bcachefs(c, m->source);
		return;
	}
	name = name_by_number(c->scan, m->number);
	if (!name)
		name = block_name(c->scan, m->source);
	if (name && !(!strcmp(m->type, "btrfs") && claim_btrfs(c, name)))
		claim_block(c, name);
}

/* --- mounts ------------------------------------------------------------------------ */

/* The kernel writes blanks and the like as \040 (three octal digits). */
static char *unescape(const char *s)
{
	char *copy = xstrdup(s), *to = copy;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return copy;
}

static void add_mount(struct mounts *m, const char *point, const char *type, const char *source,
		      const char *number)
{
	m->list = grow(m->list, m->len, &m->cap, sizeof(*m->list));
	m->list[m->len++] = (struct mount){.point = unescape(point),
					   .type = xstrdup(type),
					   .source = unescape(source),
					   .number = number ? xstrdup(number) : NULL};
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS" */
static void parse_mountinfo(char *line, struct mounts *m)
{
	auto_strv struct strv word = STRV_INIT;
	long dash;

	strv_split(&word, line, " ");
	dash = strv_find(&word, "-");
	if (dash >= 6 && (size_t)dash + 2 < word.len)
		add_mount(m, word.items[4], word.items[dash + 1], word.items[dash + 2],
			  word.items[2]);
}

/* "SOURCE POINT TYPE OPTIONS 0 0" */
static void parse_mounts(char *line, struct mounts *m)
{
	auto_strv struct strv word = STRV_INIT;

	strv_split(&word, line, " ");
	if (word.len >= 4)
		add_mount(m, word.items[1], word.items[2], word.items[0], NULL);
}

static void read_mounts(const struct host *host, struct mounts *m)
{
	auto_str struct str text = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;
	void (*parse)(char *, struct mounts *) = parse_mountinfo;

	if (host_read(host, "/proc/self/mountinfo", &text, NULL) < 0) {
		parse = parse_mounts;
		if (host_read(host, "/proc/mounts", &text, NULL) < 0)
			return;
	}
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.len; i++)
		parse(lines.items[i], m);
}

static void release_mounts(struct mounts *m)
{
	for (size_t i = 0; i < m->len; i++) {
		free(m->list[i].point);
		free(m->list[i].type);
		free(m->list[i].source);
		free(m->list[i].number);
	}
	free(m->list);
}

/*
 * The mount whose file system the path is on; the last one at the same point covers the
 * others. Systems with an overlay as "/" have the real one at /sysroot.
 */
static const struct mount *mount_of(const struct mounts *m, const char *path)
{
	const struct mount *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < m->len; i++) {
		const char *point = m->list[i].point;
		size_t n = strcmp(point, "/") ? strlen(point) : 0;

		if (!strncmp(path, point, n) && (!path[n] || path[n] == '/') &&
		    (!best || n >= best_len)) {
			best = &m->list[i];
			best_len = n;
		}
	}
	return best;
}

static const struct mount *mounted_at(const struct mounts *m, const char *point)
{
	const struct mount *found = NULL;

	for (size_t i = 0; i < m->len; i++)
		if (!strcmp(m->list[i].point, point))
			found = &m->list[i];
	return found;
}

static const struct mount *root_mount(const struct mounts *m)
{
	const struct mount *root = mounted_at(m, "/"), *sysroot = mounted_at(m, "/sysroot");

	if (root && sysroot && (!strcmp(root->type, "overlay") || !strcmp(root->type, "composefs")))
		return sysroot;
	return root;
}

static void claim_mounts(struct usage_scan *s, const struct mounts *m)
{
	const struct mount *root = root_mount(m);
	auto_strv struct strv seen = STRV_INIT;

	if (root)
		strv_add(&seen, root->source);
	for (size_t i = 0; i < m->len; i++) {
		const struct mount *at = &m->list[i];
		auto_free char *what = xasprintf("%s on %s", at->source, at->point);
		struct claim c = {.scan = s, .kind = USAGE_MOUNTED, .what = what};

		if (at == root)
			c.kind = USAGE_ROOT_DISK;
		else if (!strv_add_unique(&seen, at->source))
			continue; /* a bind mount or a subvolume of one that is listed */
		claim_mount(&c, at);
	}
}

/* "/dev/sda3 partition SIZE USED PRIORITY" or "/swapfile file ..." */
static void claim_swaps(struct usage_scan *s, const struct mounts *m)
{
	auto_str struct str text = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (host_read(s->host, "/proc/swaps", &text, NULL) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 1; i < lines.len; i++) {
		auto_strv struct strv word = STRV_INIT;
		auto_free char *path = NULL, *name = NULL;
		struct claim c = {.scan = s, .kind = USAGE_SWAP};
		const struct mount *below;

		strv_split(&word, lines.items[i], " \t");
		if (word.len < 2)
			continue;
		c.what = path = unescape(word.items[0]);
		below = !strcmp(word.items[1], "file") ? mount_of(m, path) : NULL;
		if (below)
			claim_mount(&c, below);
		else if ((name = block_name(s, path)))
			claim_block(&c, name);
	}
}

void usage_find_disks(struct usage_scan *s)
{
	struct mounts m = {.list = NULL, .len = 0, .cap = 0};

	read_mounts(s->host, &m);
	claim_mounts(s, &m);
	claim_swaps(s, &m);
	release_mounts(&m);
}
