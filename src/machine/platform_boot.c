/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which boot loader starts this machine, and from where it takes the kernel's parameters.
 *
 * First proof, then traces. Proof is what the loader left behind when it started this
 * system: its name in the EFI variable LoaderInfo and the chosen entry in
 * LoaderEntrySelected (Boot Loader Interface, systemd.io/BOOT_LOADER_INTERFACE), GRUB's
 * BOOT_IMAGE= on the command line, /run/ostree-booted; else which program the firmware
 * started (BootCurrent). A loader may start another one, and the last one counts: GRUB's
 * BOOT_IMAGE= and a unified image's stub stand behind whatever started them. Traces are
 * configuration files; with traces of several loaders and no proof the first one of the table
 * is named, not sure.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "machine/boot_variable.h"
#include "machine/platform_parts.h"

#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

static const char *const esps[] = {"/boot", "/efi", "/boot/efi"};

/* Whether one of the file systems that the firmware may read has this. */
static bool on_esp(const struct host *host, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(esps); i++) {
		auto_free char *full = xasprintf("%s%s", esps[i], path);

		if (host_exists(host, full))
			return true;
	}
	return false;
}

static bool esp_dir_has(const struct host *host, const char *dir, const char *suffix)
{
	for (size_t i = 0; i < ARRAY_SIZE(esps); i++) {
		auto_free char *full = xasprintf("%s%s", esps[i], dir);

		if (platform_dir_has_suffix(host, full, suffix))
			return true;
	}
	return false;
}

static bool any_exists(const struct host *host, const char *const *paths)
{
	for (; *paths; paths++)
		if (host_exists(host, *paths))
			return true;
	return false;
}

/* --- traces ---------------------------------------------------------------------- */

static bool has_grubby(const struct host *host)
{
	return host_find_program(host, "grubby", NULL);
}

static bool has_ostree(const struct host *host)
{
	return host_exists(host, "/run/ostree-booted") || host_exists(host, "/ostree/repo");
}

static bool has_kernelstub(const struct host *host)
{
	return host_exists(host, "/etc/kernelstub/configuration");
}

/* /boot may be closed to others than root, so the program counts as well as the file. */
static bool has_any_grub(const struct host *host)
{
	static const char *const files[] = {"/boot/grub/grub.cfg", "/boot/grub2/grub.cfg",
					    "/efi/grub/grub.cfg", "/boot/efi/grub/grub.cfg", NULL};

	if (!host_exists(host, "/etc/default/grub"))
		return false;
	return any_exists(host, files) || host_find_program(host, "grub-mkconfig", NULL) ||
	       host_find_program(host, "grub2-mkconfig", NULL);
}

/* Fedora's kind: the entries are in loader/entries, and grubby edits them unless BLS is off. */
static bool has_grub_bls(const struct host *host)
{
	auto_str struct str text = STR_INIT;

	if (!has_any_grub(host) || !has_grubby(host) ||
	    host_read(host, "/etc/default/grub", &text, NULL) < 0)
		return false;
	return !strstr(text.data, "\nGRUB_ENABLE_BLSCFG=false") &&
	       (strstr(text.data, "GRUB_ENABLE_BLSCFG=") ||
		platform_dir_has_suffix(host, "/boot/loader/entries", ".conf"));
}

static bool has_grub(const struct host *host)
{
	return has_any_grub(host) && !has_grub_bls(host);
}

const char *const limine_conf_places[] = {
	"/limine.conf",
	"/limine/limine.conf",
	"/boot/limine.conf",
	"/boot/limine/limine.conf",
	"/EFI/limine/limine.conf",
	"/EFI/BOOT/limine.conf",
	"/EFI/arch-limine/limine.conf",
	NULL,
};

static bool has_limine(const struct host *host)
{
	static const char *const files[] = {"/etc/default/limine", "/etc/limine-entry-tool.d",
					    "/limine.conf", "/limine/limine.conf", NULL};

	for (size_t i = 0; limine_conf_places[i]; i++)
		if (on_esp(host, limine_conf_places[i]))
			return true;
	return any_exists(host, files);
}

/* Entries alone are no trace: GRUB's BLS has them as well. */
static bool has_systemd_boot_program(const struct host *host)
{
	return on_esp(host, "/loader/loader.conf") || esp_dir_has(host, "/EFI/systemd", ".efi");
}

/* proxmox-boot-tool keeps partitions of its own, for GRUB or for systemd-boot, and mounts them to write only. */
static bool has_proxmox_boot_tool(const struct host *host)
{
	return host_exists(host, "/etc/kernel/proxmox-boot-uuids");
}

/* The parameters come from /etc/kernel/cmdline where something builds entries or images of it. */
static bool has_kernel_cmdline(const struct host *host)
{
	if (has_proxmox_boot_tool(host) &&
	    (host_exists(host, "/etc/kernel/cmdline") || !has_any_grub(host)))
		return true;
	return host_exists(host, "/etc/kernel/cmdline") &&
	       (esp_dir_has(host, "/EFI/Linux", ".efi") || has_systemd_boot_program(host));
}

static bool has_systemd_boot(const struct host *host)
{
	return has_systemd_boot_program(host) && !has_kernel_cmdline(host) &&
	       esp_dir_has(host, "/loader/entries", ".conf");
}

static bool has_refind(const struct host *host)
{
	return host_exists(host, "/boot/refind_linux.conf") ||
	       on_esp(host, "/EFI/refind/refind.conf") || on_esp(host, "/EFI/BOOT/refind.conf");
}

static const struct {
	enum boot_loader loader;
	const char *name; /* for sentences */
	bool (*is_there)(const struct host *);
} traces[] = {
	{BOOT_OSTREE, "ostree", has_ostree},
	{BOOT_KERNELSTUB, "kernelstub", has_kernelstub},
	{BOOT_GRUB_BLS, "GRUB with loader entries", has_grub_bls},
	{BOOT_GRUB, "GRUB", has_grub},
	{BOOT_LIMINE, "Limine", has_limine},
	{BOOT_SYSTEMD_BOOT, "systemd-boot", has_systemd_boot},
	{BOOT_KERNEL_CMDLINE, "/etc/kernel/cmdline", has_kernel_cmdline},
	{BOOT_REFIND, "rEFInd", has_refind},
};

/* --- proof ----------------------------------------------------------------------- */

/* An EFI variable that holds UTF-16, as ASCII with '?' for the rest. */
static bool loader_variable(const struct host *host, const char *name, struct str *ret)
{
	auto_free char *full = xasprintf("%s-" LOADER_GUID, name);
	auto_str struct str bytes = STR_INIT;

	str_clear(ret);
	if (!platform_efi_variable(host, full, &bytes))
		return false;
	for (size_t i = 0; i + 1 < bytes.len; i += 2) {
		unsigned char low = (unsigned char)bytes.data[i];

		if (!low && !bytes.data[i + 1])
			break;
		str_addc(ret, bytes.data[i + 1] || low < ' ' || low > '~' ? '?' : (char)low);
	}
	return ret->len > 0;
}

/* The entry that a variable names, for the caller to free, or NULL. */
static char *loader_entry(const struct host *host, const char *name)
{
	auto_str struct str entry = STR_INIT;

	return loader_variable(host, name, &entry) ? xstrdup(entry.data) : NULL;
}

static void decide(struct platform *p, enum boot_loader loader, char *why)
{
	p->boot_loader = loader;
	p->boot_sure = true;
	p->boot_why = why;
}

/* kernel-install names its entries by the machine's id. */
static bool is_made_by_kernel_install(const struct host *host, const char *entry)
{
	auto_str struct str id = STR_INIT;

	return host_read_line(host, "/etc/machine-id", &id, NULL) == 0 && id.len == 32 &&
	       text_starts_with(entry, id.data);
}

/* systemd-boot started this system: by an entry that people edit, or one that is built? */
static void decide_systemd_boot(const struct host *host, struct platform *p, const char *info)
{
	auto_str struct str entry = STR_INIT;
	bool known = loader_variable(host, "LoaderEntrySelected", &entry);

	if (known)
		p->boot_entry = xstrdup(entry.data);
	p->boot_default = loader_entry(host, "LoaderEntryDefault");
	p->boot_oneshot = loader_entry(host, "LoaderEntryOneShot");
	if (has_kernelstub(host))
		decide(p, BOOT_KERNELSTUB, xasprintf("%s started it; kernelstub is set up", info));
	else if (known && text_ends_with(entry.data, ".efi"))
		decide(p, BOOT_KERNEL_CMDLINE,
		       xasprintf("%s started it from the unified image %s", info, entry.data));
	else if (known && is_made_by_kernel_install(host, entry.data))
		decide(p, BOOT_KERNEL_CMDLINE,
		       xasprintf("%s started it from %s, which kernel-install makes", info,
				 entry.data));
	else if (known && has_proxmox_boot_tool(host) && text_starts_with(entry.data, "proxmox-"))
		decide(p, BOOT_KERNEL_CMDLINE,
		       xasprintf("%s started it from %s, which proxmox-boot-tool makes", info,
				 entry.data));
	else if (has_kernel_cmdline(host) && !esp_dir_has(host, "/loader/entries", ".conf"))
		decide(p, BOOT_KERNEL_CMDLINE,
		       xasprintf("%s started it; /etc/kernel/cmdline is there", info));
	else
		decide(p, BOOT_SYSTEMD_BOOT, xasprintf("%s started it", info));
}

/* GRUB puts BOOT_IMAGE= in front; so does syslinux, which has no /etc/default/grub. */
static bool proof_by_cmdline(const struct host *host, struct platform *p)
{
	auto_free char *image = NULL;

	if (!p->cmdline)
		return false;
	image = kernel_params_value(p->cmdline, "BOOT_IMAGE");
	if (!image || !has_any_grub(host))
		return false;
	decide(p, has_grub_bls(host) ? BOOT_GRUB_BLS : BOOT_GRUB,
	       xasprintf("GRUB started it: BOOT_IMAGE=%s on the kernel's command line", image));
	return true;
}

/* A unified image that the firmware or another loader starts has its parameters inside. */
static bool proof_by_stub(const struct host *host, struct platform *p, const char *loader)
{
	auto_str struct str stub = STR_INIT;

	if (!loader_variable(host, "StubInfo", &stub))
		return false;
	decide(p, BOOT_KERNEL_CMDLINE,
	       xasprintf("%s%sit was started from a unified image (%s)", loader,
			 *loader ? ": " : "", stub.data));
	return true;
}

/* The loader's name in LoaderInfo; false when it says nothing we know. */
static bool proof_by_loader_info(const struct host *host, struct platform *p)
{
	auto_str struct str info = STR_INIT;

	if (!loader_variable(host, "LoaderInfo", &info))
		return false;
	/* An entry of systemd-boot may have been copied from GRUB's line; rEFInd's scripts don't copy that word. */
	if (text_starts_with(info.data, "rEFInd") && proof_by_cmdline(host, p))
		return true;
	if (text_starts_with(info.data, "systemd-boot"))
		decide_systemd_boot(host, p, info.data);
	else if (proof_by_stub(host, p, info.data))
		return true;
	else if (text_starts_with(info.data, "Limine"))
		decide(p, BOOT_LIMINE, xasprintf("%s started it", info.data));
	else if (text_starts_with(info.data, "rEFInd"))
		decide(p, BOOT_REFIND, xasprintf("%s started it", info.data));
	else if (text_starts_with(info.data, "GRUB") && has_any_grub(host))
		decide(p, has_grub_bls(host) ? BOOT_GRUB_BLS : BOOT_GRUB,
		       xasprintf("%s started it", info.data));
	return p->boot_sure;
}

/* Where loaders are installed, or how their installers name the firmware's entry for them. */
static const struct {
	const char *part; /* of the path, or of the name; in any case of letters */
	enum boot_loader loader;
} firmware_programs[] = {
	{"/EFI/systemd/", BOOT_SYSTEMD_BOOT},
	{"systemd-boot", BOOT_SYSTEMD_BOOT},
	{"/EFI/Linux/", BOOT_KERNEL_CMDLINE},
	{"refind", BOOT_REFIND},
	{"limine", BOOT_LIMINE},
	{"grub", BOOT_GRUB},
	{"Linux Boot Manager", BOOT_SYSTEMD_BOOT},
};

/* shim starts what lies beside it, and the path for removable disks is anybody's: both tell nothing. */
static enum boot_loader loader_of(const struct boot_variable *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(firmware_programs); i++)
		if (strcasestr(b->path, firmware_programs[i].part) ||
		    (strcasestr(b->path, "/EFI/BOOT/BOOT") &&
		     strcasestr(b->name, firmware_programs[i].part)))
			return firmware_programs[i].loader;
	return BOOT_UNKNOWN;
}

/* A kernel that is its own loader: its parameters are in the firmware's entry. */
static bool is_kernel(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && (!strncasecmp(name, "/vmlinuz", strlen("/vmlinuz")) ||
			!strncasecmp(name, "/bzImage", strlen("/bzImage")));
}

/* A command line without BOOT_IMAGE= was not made by GRUB. */
static bool is_ruled_out(const struct platform *p, enum boot_loader loader)
{
	auto_free char *image = p->cmdline ? kernel_params_value(p->cmdline, "BOOT_IMAGE") : NULL;

	return (loader == BOOT_GRUB || loader == BOOT_GRUB_BLS) && p->cmdline && !image;
}

/* What BootCurrent names: the program that the firmware started. */
static bool proof_by_firmware(const struct host *host, struct platform *p)
{
	auto_boot_variable struct boot_variable b = BOOT_VARIABLE_INIT;
	auto_free char *what = NULL;
	enum boot_loader loader;

	if (!boot_variable_read(host, &b))
		return false;
	loader = loader_of(&b);
	what = xasprintf("the firmware's entry Boot%04X \"%s\", %s,", b.number, b.name, b.path);
	if (loader == BOOT_SYSTEMD_BOOT)
		decide_systemd_boot(host, p, what);
	else if (loader == BOOT_GRUB && has_any_grub(host) && !is_ruled_out(p, loader))
		decide(p, has_grub_bls(host) ? BOOT_GRUB_BLS : BOOT_GRUB,
		       xasprintf("%s started it", what));
	else if (loader != BOOT_GRUB && loader != BOOT_UNKNOWN)
		decide(p, loader, xasprintf("%s started it", what));
	else if (is_kernel(b.path))
		decide(p, BOOT_UNKNOWN,
		       xasprintf("%s started it: the kernel without a boot loader, with the "
				 "parameters that efibootmgr --unicode gave the entry",
				 what));
	return p->boot_sure;
}

static bool find_proof(const struct host *host, struct platform *p)
{
	if (host_exists(host, "/run/ostree-booted")) {
		decide(p, BOOT_OSTREE, xstrdup("/run/ostree-booted is there"));
		return true;
	}
	return proof_by_loader_info(host, p) || proof_by_stub(host, p, "") ||
	       proof_by_cmdline(host, p) || proof_by_firmware(host, p);
}

void platform_find_boot_loader(const struct host *host, struct platform *p)
{
	auto_strv struct strv found = STRV_INIT;
	auto_free char *names = NULL;

	if (find_proof(host, p))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		if (!traces[i].is_there(host) || is_ruled_out(p, traces[i].loader))
			continue;
		if (!found.len)
			p->boot_loader = traces[i].loader;
		p->boot_candidates |= 1U << traces[i].loader;
		strv_add(&found, traces[i].name);
	}
	names = strv_join(&found, ", ");
	p->boot_sure = found.len == 1;
	if (!found.len)
		p->boot_why = xstrdup("no boot loader's configuration was found");
	else if (found.len == 1)
		p->boot_why = xasprintf("only %s is set up", names);
	else
		p->boot_why = xasprintf("several are set up: %s", names);
}
