/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and links of a recording: which of the paths that were asked for, and what of them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/capture_parts.h"
#include "machine/recording_write.h"

#define CONTENT_MAX 65536 /* bytes of one file, after scrubbing */
#define LINKS_MAX 40      /* as the kernel follows */

enum keep { KEEP_NOTHING, KEEP_CONTENT, KEEP_PRESENCE };

/* The first that is a prefix decides; what none is a prefix of is kept by its presence. */
static const struct {
	const char *prefix;
	enum keep keep;
} rules[] = {
	/* facts stand for these (capture_facts.c), or they are nobody's business */
	{"/proc", KEEP_NOTHING},
	{"/sys", KEEP_NOTHING},
	{"/dev", KEEP_NOTHING},
	{"/home", KEEP_NOTHING},
	{"/root", KEEP_NOTHING},
	{"/tmp", KEEP_NOTHING},
	{"/run/user", KEEP_NOTHING},
	{"/run/udev", KEEP_NOTHING},
	{"/run/vfiotui", KEEP_NOTHING},
	{"/var/log", KEEP_NOTHING},
	{"/var/lib/vfiotui/map", KEEP_CONTENT},
	{"/var/lib/vfiotui", KEEP_NOTHING},
	{"/etc/vfiotui", KEEP_NOTHING},
	{"/etc/passwd", KEEP_NOTHING},
	{"/etc/group", KEEP_NOTHING},
	{"/etc/hostname", KEEP_NOTHING},
	{"/etc/machine-id", KEEP_NOTHING},
	{"/lib/modules/", KEEP_NOTHING},
	{"/usr/lib/modules/", KEEP_NOTHING},
	{"/etc/kernel/proxmox-boot-uuids", KEEP_PRESENCE},
	{"/etc/fstab", KEEP_PRESENCE},
	{"/etc/crypttab", KEEP_PRESENCE},
	{"/etc/shadow", KEEP_NOTHING},
	/* what the plan edits, or reads to know what to edit */
	{"/etc/", KEEP_CONTENT},
	{"/lib/modprobe.d", KEEP_CONTENT},
	{"/usr/lib/modprobe.d", KEEP_CONTENT},
	{"/usr/local/lib/modprobe.d", KEEP_CONTENT},
	{"/run/modprobe.d", KEEP_CONTENT},
	{"/usr/lib/dracut", KEEP_CONTENT},
	{"/usr/lib/os-release", KEEP_CONTENT},
	{"/usr/share/qemu/firmware", KEEP_CONTENT},
	{"/usr/lib/kernel", KEEP_CONTENT},
	{"/boot/config-", KEEP_CONTENT},
};

/* Of /boot and the EFI partition only what people edit; images and menus are large. */
static bool is_boot_config(const char *path)
{
	static const char *const dirs[] = {"/boot/", "/efi/", "/limine"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (text_starts_with(path, dirs[i]))
			return text_ends_with(path, ".conf");
	return false;
}

static enum keep keep(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (text_starts_with(path, rules[i].prefix))
			return rules[i].keep;
	return is_boot_config(path) ? KEEP_CONTENT : KEEP_PRESENCE;
}

static char *scrubbed(const struct capture_context *c, const char *text)
{
	auto_str struct str out = STR_INIT;

	scrub(&c->scrubber, text, strlen(text), &out);
	return xstrdup(out.data);
}

/* --- links --------------------------------------------------------------------------------- */

static void write_link(struct capture_context *c, const char *path, const char *target)
{
	auto_free char *from = scrubbed(c, path);
	auto_free char *to = scrubbed(c, target);

	if (!strv_add_unique(&c->links, path))
		return;
	str_addf(c->out, "link %s %s\n", from, to);
}

/* What is left of a path behind `done`: the link's target in place of its name. */
static char *follow(const char *done, const char *target, const char *rest)
{
	return target[0] == '/' ? xasprintf("%s%s", target, rest)
				: xasprintf("%s/%s%s", done, target, rest);
}

static void pop(struct str *path)
{
	const char *slash = strrchr(path->data, '/');

	str_truncate(path, slash ? (size_t)(slash - path->data) : 0);
}

/* One component: 0 it was walked, 1 a link changed *left, -1 it can't be. */
static int step(struct capture_context *c, struct str *done, const char *name, size_t n,
		char **left)
{
	auto_str struct str target = STR_INIT;
	size_t before = done->len;
	struct stat st;

	if (!n || (n == 1 && name[0] == '.'))
		return 0;
	if (n == 2 && !strncmp(name, "..", 2)) {
		pop(done);
		return 0;
	}
	str_addf(done, "/%.*s", (int)n, name);
	if (!recording_path_fits(done->data) || host_lstat(c->host, done->data, &st, NULL) < 0)
		return -1;
	if (!S_ISLNK(st.st_mode))
		return 0;
	if (host_link(c->host, done->data, &target, NULL) < 0 || !target.len ||
	    !(target.data[0] == '/' ? recording_path_fits(target.data) : true) ||
	    strpbrk(target.data, "\n\r\t "))
		return -1;
	write_link(c, done->data, target.data);
	str_truncate(done, before);
	*left = follow(done->data, target.data, name + n);
	return 1;
}

char *capture_resolve(struct capture_context *c, const char *path)
{
	auto_free char *left = xstrdup(path);
	auto_str struct str done = STR_INIT;
	const char *p = left;
	int links = 0;

	while (*p) {
		size_t n;
		char *next = NULL;
		int r;

		p += *p == '/';
		n = strcspn(p, "/");
		r = step(c, &done, p, n, &next);
		if (r < 0 || links > LINKS_MAX)
			return NULL;
		p += n;
		if (r) {
			links++;
			free(left);
			left = next;
			p = left;
			str_clear(&done);
		}
	}
	return done.len ? xstrdup(done.data) : NULL;
}

/* --- files ---------------------------------------------------------------------------------------- */

void capture_file(struct capture_context *c, const char *resolved, mode_t mode, const char *bytes,
		  size_t len)
{
	auto_free char *path = scrubbed(c, resolved);

	if (strv_add_unique(&c->files, resolved))
		recording_write_file(path, mode, bytes, len, c->out);
}

/* Of a kernel's configuration only what turns the IOMMU on. */
static void keep_config_lines(const struct str *bytes, struct str *out)
{
	auto_strv struct strv lines = STRV_INIT;

	strv_split(&lines, bytes->data, "\n");
	for (size_t i = 0; i < lines.len; i++)
		if (text_starts_with(lines.items[i], "CONFIG_INTEL_IOMMU_"))
			str_addf(out, "%s\n", lines.items[i]);
}

/* False when the content can't be kept. */
static bool write_content(struct capture_context *c, const char *resolved, mode_t mode)
{
	auto_str struct str bytes = STR_INIT;
	auto_str struct str bare = STR_INIT;
	auto_str struct str out = STR_INIT;

	if (host_read(c->host, resolved, &bytes, NULL) < 0 || memchr(bytes.data, '\0', bytes.len))
		return false;
	if (text_starts_with(resolved, "/boot/config-"))
		keep_config_lines(&bytes, &bare);
	else
		scrub_comments(bytes.data, bytes.len, &bare);
	scrub(&c->scrubber, bare.data, bare.len, &out);
	if (out.len > CONTENT_MAX)
		return false;
	capture_file(c, resolved, mode, out.data, out.len);
	return true;
}

static void write_path(struct capture_context *c, const char *path, bool content, bool denied)
{
	auto_free char *resolved = capture_resolve(c, path);
	auto_free char *shown = NULL;
	struct stat st;

	if (!resolved || keep(resolved) == KEEP_NOTHING ||
	    host_lstat(c->host, resolved, &st, NULL) < 0)
		return;
	shown = scrubbed(c, resolved);
	if (S_ISDIR(st.st_mode)) {
		if (strv_add_unique(&c->files, resolved))
			str_addf(c->out, "dir %s\n", shown);
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	if (denied && !strv_has(&c->files, resolved))
		str_addf(c->out, "# not readable here: %s\n", shown);
	if (denied)
		capture_file(c, resolved, 0, "", 0);
	else if (!content || !write_content(c, resolved, st.st_mode & 0777))
		capture_file(c, resolved, st.st_mode & 0777, "", 0);
}

/* Names alone may tell: a loader's entries, unified images, presets. */
static void write_names(struct capture_context *c, const char *dir)
{
	static const char *const suffixes[] = {".conf", ".efi", ".preset", ".json"};
	auto_strv struct strv names = STRV_INIT;

	if (host_list(c->host, dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++)
		for (size_t k = 0; k < ARRAY_SIZE(suffixes); k++) {
			auto_free char *path = xasprintf("%s/%s", dir, names.items[i]);

			if (text_ends_with(path, suffixes[k]))
				write_path(c, path, keep(path) == KEEP_CONTENT, false);
		}
}

void capture_paths(struct capture_context *c, const struct trace *t)
{
	size_t len;
	auto_free const struct asked **list = trace_list(t, &len);

	for (size_t i = 0; i < len; i++) {
		const struct asked *a = list[i];
		enum keep k = keep(a->path);

		if (k == KEEP_NOTHING)
			continue;
		write_path(c, a->path, k == KEEP_CONTENT && (a->content || a->denied),
			   a->denied && !a->listed);
		if (a->listed)
			write_names(c, a->path);
	}
}
