/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs virtual machines here: QEMU and libvirt; and the names of the packages that bring them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "host/process.h"
#include "machine/platform_parts.h"

/* RHEL's QEMU is not in PATH. */
#define RHEL_QEMU "/usr/libexec/qemu-kvm"

/* "QEMU emulator version 10.0.13 (Debian ...)": the number, or NULL. */
static char *ask_version(const char *program)
{
	const char *const argv[] = {program, "--version", NULL};
	static const char marker[] = " version ";
	struct process_result r = PROCESS_RESULT_INIT;
	char *version = NULL;

	if (process_run(argv, 3000, &r, NULL) == 0 && r.status == 0) {
		const char *at = strstr(r.out.data, marker);

		if (at) {
			at += strlen(marker);
			version = xstrndup(at, strspn(at, "0123456789."));
		}
	}
	process_result_release(&r);
	return version;
}

static void find_qemu(const struct host *host, struct platform *p)
{
	auto_str struct str path = STR_INIT;

	if (host_find_program(host, "qemu-system-x86_64", &path))
		p->qemu = str_take(&path);
	else if (host_exists(host, RHEL_QEMU))
		p->qemu = xstrdup(RHEL_QEMU);
	if (p->qemu && host_is_live(host))
		p->qemu_version = ask_version(p->qemu);
}

static bool has_unit(const struct host *host, const char *unit)
{
	static const char *const dirs[] = {"/etc/systemd/system", "/usr/lib/systemd/system",
					   "/lib/systemd/system"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("%s/%s", dirs[i], unit);
		struct stat st;

		if (host_lstat(host, path, &st, NULL) == 0)
			return true;
	}
	return false;
}

/* Enabled: a link in one of the .wants directories, whose target need not be looked at. */
static bool is_enabled(const struct host *host, const char *daemon)
{
	static const char *const links[] = {"multi-user.target.wants/%s.service",
					    "sockets.target.wants/%s.socket"};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		const char *gap = strstr(links[i], "%s");
		auto_free char *link = xasprintf("%.*s%s%s", (int)(gap - links[i]), links[i],
						 daemon, gap + 2);
		auto_free char *path = xasprintf("/etc/systemd/system/%s", link);
		struct stat st;

		if (host_lstat(host, path, &st, NULL) == 0)
			return true;
	}
	return false;
}

/* "libvirt.so.0.11003.0" is 11.3.0 (its meson.build: lt_version): 11003000, or 0. */
static unsigned find_libvirt_version(const struct host *host)
{
	static const char *const links[] = {"/usr/lib/x86_64-linux-gnu/libvirt.so.0",
					    "/usr/lib64/libvirt.so.0", "/usr/lib/libvirt.so.0"};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		auto_str struct str target = STR_INIT;
		const char *at;
		char *end;
		unsigned long major;

		if (host_link(host, links[i], &target, NULL) < 0)
			continue;
		at = strstr(target.data, ".so.0.");
		if (!at)
			continue;
		major = strtoul(at + 6, &end, 10);
		if (major < 1000000 && *end == '.')
			return (unsigned)major * 1000 +
			       (unsigned)(strtoul(end + 1, NULL, 10) % 1000);
	}
	return 0;
}

/* The modular daemon where it is used, else the old one. */
static void find_libvirt(const struct host *host, struct platform *p)
{
	bool modular = has_unit(host, "virtqemud.service");
	bool monolithic = has_unit(host, "libvirtd.service");

	p->libvirt = host_exists(host, "/etc/libvirt/qemu.conf") ||
		     host_find_program(host, "libvirtd", NULL) ||
		     host_find_program(host, "virtqemud", NULL);
	p->libvirt_version = find_libvirt_version(host);
	if (modular && (!monolithic || is_enabled(host, "virtqemud")))
		p->libvirt_unit = xstrdup("virtqemud.service");
	else if (monolithic)
		p->libvirt_unit = xstrdup("libvirtd.service");
}

void platform_find_vm_programs(const struct host *host, struct platform *p)
{
	find_qemu(host, p);
	find_libvirt(host, p);
	ovmf_find(host, &p->ovmf, &p->ovmf_secure);
}

char *platform_install_hint(const struct platform *p, enum platform_package what)
{
	static const struct {
		const char *distro; /* ID or a word of ID_LIKE in os-release */
		const char *command;
		const char *packages[PACKAGES];
	} table[] = {
		{"arch", "pacman -S", {"qemu-desktop", "edk2-ovmf", "libvirt"}},
		{"debian", "apt install", {"qemu-system-x86", "ovmf", "libvirt-daemon-system"}},
		{"ubuntu", "apt install", {"qemu-system-x86", "ovmf", "libvirt-daemon-system"}},
		{"fedora", "dnf install", {"qemu-kvm", "edk2-ovmf", "libvirt"}},
		{"rhel", "dnf install", {"qemu-kvm", "edk2-ovmf", "libvirt"}},
		{"suse", "zypper install", {"qemu-x86", "qemu-ovmf-x86_64", "libvirt-daemon-qemu"}},
		{"opensuse",
		 "zypper install",
		 {"qemu-x86", "qemu-ovmf-x86_64", "libvirt-daemon-qemu"}},
		{"gentoo",
		 "emerge",
		 {"app-emulation/qemu", "sys-firmware/edk2-bin", "app-emulation/libvirt"}},
		{"void", "xbps-install", {"qemu", NULL, "libvirt"}},
		{"alpine", "apk add", {"qemu-system-x86_64", "ovmf", "libvirt-daemon"}},
	};

	for (size_t d = 0; d < p->distro_like.len; d++)
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			if (!strcmp(p->distro_like.items[d], table[i].distro) &&
			    table[i].packages[what])
				return xasprintf("%s %s", table[i].command,
						 table[i].packages[what]);
	return NULL;
}
