/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is private in whole lines: a kernel command line, comments, mount points. */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "machine/scrub.h"

/* Parameters whose value may be shown; '*' stands for the rest of a key. */
static const char *const open_keys[] = {
	"BOOT_IMAGE",
	"iommu*",
	"intel_iommu*",
	"amd_iommu*",
	"pcie_acs_override",
	"vfio*",
	"kvm*",
	"pci",
	"pcie*",
	"module_blacklist",
	"modprobe.blacklist",
	"rd.driver.*",
	"rd.modules*",
	"video",
	"nomodeset",
	"i915.*",
	"xe.*",
	"nouveau.*",
	"nvidia*",
	"amdgpu.*",
	"radeon.*",
	"drm*",
	"efifb",
	"console",
	"quiet",
	"loglevel",
	"splash",
	"hugepages*",
	"default_hugepagesz",
	"isolcpus",
	"nohz_full",
	"rcu_nocbs",
	"mitigations",
	"rootfstype",
	"pcie_aspm*",
	"initcall_blacklist",
	"disable_idle_d3",
	"vfiotui",
	"systemd.unit",
	"acpi*",
};

static bool is_open(const char *param)
{
	for (size_t i = 0; i < ARRAY_SIZE(open_keys); i++) {
		size_t n = strcspn(open_keys[i], "*");

		if (open_keys[i][n] ? !strncmp(param, open_keys[i], n)
				    : kernel_param_has_key(param, open_keys[i]))
			return true;
	}
	return false;
}

/* "on", "off", "3": says nothing of anybody. */
static bool is_plain(const char *value)
{
	static const char *const words[] = {"on", "off", "yes", "no", "auto", "true", "false"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(value, words[i]))
			return true;
	return strlen(value) < 4 && value[strspn(value, "0123456789")] == '\0';
}

void scrub_kernel_line(const struct scrubber *s, const char *line, struct str *out)
{
	auto_strv struct strv params = STRV_INIT;

	kernel_params_split(&params, line);
	for (size_t i = 0; i < params.len; i++) {
		const char *param = params.items[i];
		const char *equals = strchr(param, '=');

		if (i)
			str_addc(out, ' ');
		if (equals && !is_open(param) && !is_plain(equals + 1)) {
			/* In quotes a key may hold blanks, and names between them. */
			scrub(s, param, (size_t)(equals - param), out);
			str_adds(out, "=x");
		} else {
			scrub(s, param, strlen(param), out);
		}
	}
}

/* Where a comment begins behind other text; a line with quotes is left alone: '#' may stand inside them. */
static size_t trailing_comment(const char *line, size_t len)
{
	if (memchr(line, '"', len) || memchr(line, '\'', len))
		return len;
	for (size_t i = 1; i < len; i++)
		if (line[i] == '#' && isspace((unsigned char)line[i - 1]))
			return i;
	return len;
}

/* A setting that is switched off, "#user = "qemu"" or "#]": editors take its default from there. */
static bool is_dormant(const char *text, size_t len)
{
	static const char name[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	auto_free char *copy = xstrndup(text, len);
	const char *p = copy + strspn(copy, " \t");
	size_t n = strspn(p, name);

	if (!strcmp(p, "]") || text_starts_with(p, "\"/dev/"))
		return true;
	return n && p == copy && p[n + strspn(p + n, " \t")] == '=';
}

static bool is_comment(const char *line, size_t len)
{
	static const char ours[] = "# vfiotui";
	size_t blanks = 0;

	while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	if (blanks == len || line[blanks] != '#')
		return false;
	line += blanks;
	len -= blanks;
	if (len >= sizeof(ours) - 1 && !strncmp(line, ours, sizeof(ours) - 1))
		return false;
	return !is_dormant(line + 1, len - 1);
}

void scrub_comments(const char *text, size_t len, struct str *out)
{
	const char *end = text + len;
	bool empty = true; /* the last line that was kept; of several empty lines one stays */

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		if (!is_comment(text, n) && (n || !empty)) {
			size_t kept = trailing_comment(text, n);

			empty = !n;

			while (kept < n && kept && isspace((unsigned char)text[kept - 1]))
				kept--;
			str_add(out, text, kept);
			if (newline)
				str_addc(out, '\n');
		}
		text += n + (newline ? 1 : 0);
	}
}

/* The part of a mount point that every machine may have. */
static size_t common_part(const char *path)
{
	static const char *const whole[] = {
		"/boot/efi", "/boot/firmware", "/sysroot", "/boot",    "/efi",     "/home",  "/var",
		"/usr",      "/tmp",           "/srv",     "/opt",     "/mnt",     "/media", "/run",
		"/root",     "/etc",           "/nix",     "/var/log", "/swapfile"};
	size_t best = 0;

	for (size_t i = 0; i < ARRAY_SIZE(whole); i++) {
		size_t n = strlen(whole[i]);

		if (n > best && !strncmp(path, whole[i], n) && (!path[n] || strchr("/ ,", path[n])))
			best = n;
	}
	return best;
}

void scrub_mount_points(const char *text, struct str *out)
{
	while (*text) {
		static const char *const roots[] = {"/dev/", "/sys/"};
		size_t n = strcspn(text + 1, " ,") + 1, common;
		bool path = text[0] == '/';

		if (strchr(" ,", text[0])) {
			str_addc(out, *text++);
			continue;
		}

		for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
			path = path && !text_starts_with(text, roots[i]);
		if (!path) {
			str_add(out, text, n);
			text += n;
			continue;
		}
		common = common_part(text);
		str_add(out, text, common);
		if (n > common)
			str_adds(out, n > common + 1 ? "/x" : text[common] == '/' ? "/" : "");
		text += n;
	}
}
