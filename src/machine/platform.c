/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The simple facts, and the order in which the others are found. */
#include "machine/platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/str.h"
#include "machine/boot_variable.h"
#include "machine/platform_parts.h"

#define FIRST_USER 1000
#define LAST_USER 59999 /* UID_MAX of login.defs is 60000; nobody and dynamic users lie above */

bool platform_efi_variable(const struct host *host, const char *name, struct str *ret)
{
	auto_free char *path = xasprintf("/sys/firmware/efi/efivars/%s", name);
	auto_str struct str bytes = STR_INIT;

	str_clear(ret);
	if (host_read_some(host, path, 1024, &bytes, NULL) < 0 || bytes.len <= 4)
		return false;
	str_add(ret, bytes.data + 4, bytes.len - 4);
	return true;
}

bool platform_dir_has_suffix(const struct host *host, const char *dir, const char *suffix)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(host, dir, &names, NULL) < 0)
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (text_ends_with(names.items[i], suffix))
			return true;
	return false;
}

/* --- kernel and processor ------------------------------------------------------ */

static char *one_line(const struct host *host, const char *path)
{
	auto_str struct str s = STR_INIT;

	if (host_read_line(host, path, &s, NULL) < 0 || !s.len)
		return NULL;
	return str_take(&s);
}

/*
 * The running kernel. Below another root its proc may be this machine's, mounted there: a
 * release that has no modules there does not belong to it.
 */
static char *find_kernel(const struct host *host, const struct strv *installed)
{
	auto_free char *running = one_line(host, "/proc/sys/kernel/osrelease");

	if (running && (host_is_live(host) || !installed->len || strv_has(installed, running)))
		return xstrdup(running);
	return installed->len ? xstrdup(installed->items[0]) : NULL;
}

static char *find_hostname(const struct host *host)
{
	char *kernel = one_line(host, "/proc/sys/kernel/hostname");
	char *file = one_line(host, "/etc/hostname");
	char *best = host_is_live(host) || !file ? kernel : file;

	free(best == kernel ? file : kernel);
	return best;
}

static void find_cpu(const struct host *host, struct platform *p)
{
	auto_str struct str text = STR_INIT;
	auto_free char *vendor = NULL, *flags = NULL;
	auto_strv struct strv flag = STRV_INIT;

	if (host_read_some(host, "/proc/cpuinfo", 16384, &text, NULL) < 0)
		return;
	p->cpu_model = text_colon_value(text.data, "model name");
	vendor = text_colon_value(text.data, "vendor_id");
	flags = text_colon_value(text.data, "flags");
	if (vendor && (!strcmp(vendor, "AuthenticAMD") || !strcmp(vendor, "HygonGenuine")))
		p->cpu = CPU_AMD;
	else if (vendor && !strcmp(vendor, "GenuineIntel"))
		p->cpu = CPU_INTEL;
	if (flags)
		strv_split(&flag, flags, " ");
	p->cpu_virtualization = strv_has(&flag, "svm") || strv_has(&flag, "vmx");
}

/* /sys/firmware tells (Documentation/ABI/testing/sysfs-firmware-efi); below another root what the installer left hints. */
static enum firmware firmware_of(const struct host *host)
{
	static const struct {
		const char *path;
		enum firmware means;
	} traces[] = {
		{"/boot/efi/EFI", FIRMWARE_UEFI},       {"/efi/EFI", FIRMWARE_UEFI},
		{"/boot/EFI", FIRMWARE_UEFI},           {"/boot/grub/i386-pc", FIRMWARE_BIOS},
		{"/boot/grub2/i386-pc", FIRMWARE_BIOS},
	};

	if (host_exists(host, "/sys/firmware/efi"))
		return FIRMWARE_UEFI;
	if (host_is_live(host) || host_exists(host, "/sys/firmware"))
		return FIRMWARE_BIOS;
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++)
		if (host_exists(host, traces[i].path))
			return traces[i].means;
	return FIRMWARE_UNKNOWN;
}

static void find_firmware(const struct host *host, struct platform *p)
{
	auto_str struct str secure_boot = STR_INIT;

	p->firmware = firmware_of(host);
	p->secure_boot = platform_efi_variable(host, "SecureBoot-" EFI_GLOBAL_GUID, &secure_boot) &&
			 secure_boot.data[0] == 1;
}

/* --- the system ---------------------------------------------------------------- */

/* The value of KEY=value or KEY="value", for the caller to free; os-release(5). */
static char *os_release_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value;

		line += *line == '\n';
		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		value = line + n + 1;
		if (*value == '"' || *value == '\'') {
			const char quotes[] = {*value, '\n', '\0'};

			return xstrndup(value + 1, strcspn(value + 1, quotes));
		}
		return xstrndup(value, strcspn(value, " \t\r\n"));
	}
	return NULL;
}

static void find_distro(const struct host *host, struct platform *p)
{
	auto_str struct str text = STR_INIT;
	auto_free char *like = NULL;

	if (host_read(host, "/etc/os-release", &text, NULL) < 0 &&
	    host_read(host, "/usr/lib/os-release", &text, NULL) < 0)
		return;
	p->distro_id = os_release_value(text.data, "ID");
	like = os_release_value(text.data, "ID_LIKE");
	if (p->distro_id)
		strv_add_unique(&p->distro_like, p->distro_id);
	if (like)
		strv_split(&p->distro_like, like, " ");
}

/* One "name:x:uid:gid:gecos:home:shell" line. */
struct account {
	const char *name, *home;
	unsigned long uid;
};

static bool parse_account(char *line, struct account *ret)
{
	char *field[7], *end;

	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strsep(&line, ":");
		if (!field[i])
			return false;
	}
	ret->name = field[0];
	ret->home = field[5];
	ret->uid = strtoul(field[2], &end, 10);
	return *field[0] && *field[2] && !*end;
}

/* The name of the first account that `is_it` accepts. */
static char *find_account(const char *passwd, bool (*is_it)(const struct account *, const void *),
			  const void *data)
{
	auto_strv struct strv lines = STRV_INIT;

	strv_split(&lines, passwd, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		struct account a;

		if (parse_account(lines.items[i], &a) && is_it(&a, data))
			return xstrdup(a.name);
	}
	return NULL;
}

static bool has_uid(const struct account *a, const void *uid)
{
	return a->uid == *(const unsigned long *)uid && a->uid != 0;
}

static bool has_name(const struct account *a, const void *name)
{
	return !strcmp(a->name, name) && a->uid != 0;
}

static bool is_person(const struct account *a, const void *unused)
{
	(void)unused;
	return a->uid >= FIRST_USER && a->uid <= LAST_USER && text_starts_with(a->home, "/home/");
}

/* Who started the program, also under sudo or doas; else the first person with a home. */
static char *find_user(const struct host *host)
{
	static const char *const variables[] = {"SUDO_USER", "DOAS_USER"};
	auto_str struct str passwd = STR_INIT;
	unsigned long uid = getuid();
	char *user = NULL;

	if (host_read(host, "/etc/passwd", &passwd, NULL) < 0)
		return NULL;
	for (size_t i = 0; host_is_live(host) && !user && i < ARRAY_SIZE(variables); i++) {
		const char *name = getenv(variables[i]);

		if (name)
			user = find_account(passwd.data, has_name, name);
	}
	if (!user && host_is_live(host))
		user = find_account(passwd.data, has_uid, &uid);
	return user ? user : find_account(passwd.data, is_person, NULL);
}

/* --- the whole ----------------------------------------------------------------- */

static void find_vfio(struct modules *modules, struct platform *p)
{
	p->vfio_pci = modules_state(modules, p->kernel, "vfio_pci");
	p->vfio_virqfd = modules_state(modules, p->kernel, "vfio_virqfd");
	/* Images are built for all of them, and a missing module's name is an error then. */
	for (size_t i = 0; p->vfio_virqfd == MODULE_LOADABLE && i < p->kernels.len; i++)
		p->vfio_virqfd = modules_state(modules, p->kernels.items[i], "vfio_virqfd");
	for (size_t i = 0; i < p->kernels.len; i++) {
		enum module_state is = modules_state(modules, p->kernels.items[i], "vfio_pci");

		p->vfio_pci_loadable |= is == MODULE_LOADABLE;
		p->vfio_pci_builtin |= is == MODULE_BUILTIN;
	}
	p->pci_stub = modules_state(modules, p->kernel, "pci_stub");
	p->vfio_pci_known = p->vfio_pci != MODULE_UNKNOWN;
}

int platform_detect(const struct host *host, struct modules *modules, struct platform **ret,
		    struct err *reterr)
{
	struct platform *p = xcalloc(1, sizeof(*p));

	(void)reterr; /* what can't be read is unknown, never an error */
	modules_releases(host, &p->kernels);
	p->kernel = find_kernel(host, &p->kernels);
	p->hostname = find_hostname(host);
	p->cmdline = one_line(host, "/proc/cmdline");
	p->is_root = !host_is_live(host) || geteuid() == 0;
	find_cpu(host, p);
	find_firmware(host, p);
	find_distro(host, p);
	find_vfio(modules, p);
	p->user = find_user(host);
	platform_find_iommu(host, p);
	platform_find_boot_loader(host, p);
	platform_find_framebuffer(host, p);
	platform_find_initramfs(host, p);
	platform_find_vm_programs(host, p);
	*ret = p;
	return 0;
}

void platform_free(struct platform *p)
{
	if (!p)
		return;
	free(p->kernel);
	free(p->hostname);
	free(p->cpu_model);
	free(p->iommu_why);
	free(p->cmdline);
	free(p->boot_why);
	free(p->boot_entry);
	free(p->boot_default);
	free(p->boot_oneshot);
	free(p->initramfs_why);
	strv_release(&p->kernels);
	free(p->distro_id);
	strv_release(&p->distro_like);
	free(p->qemu);
	free(p->qemu_version);
	ovmf_release(&p->ovmf);
	ovmf_release(&p->ovmf_secure);
	free(p->libvirt_unit);
	free(p->user);
	free(p);
}

void platform_freep(struct platform **p)
{
	platform_free(*p);
	*p = NULL;
}

/* --- names --------------------------------------------------------------------- */

const char *cpu_vendor_name(enum cpu_vendor v)
{
	static const char *const names[] = {"other", "amd", "intel"};

	return names[v];
}

const char *firmware_name(enum firmware f)
{
	static const char *const names[] = {NULL, "bios", "uefi"};

	return names[f];
}

const char *iommu_state_name(enum iommu_state s)
{
	static const char *const names[] = {"absent", "off", "on"};

	return names[s];
}

#define NAME_OF(constant, name) [constant] = (name),

const char *boot_loader_name(enum boot_loader b)
{
	static const char *const names[BOOT_LOADERS] = {BOOT_LOADER_LIST(NAME_OF)};

	return names[b];
}

const char *initramfs_name(enum initramfs i)
{
	static const char *const names[INITRAMFS_GENERATORS] = {
		[INITRAMFS_UNKNOWN] = NULL,      [INITRAMFS_MKINITCPIO] = "mkinitcpio",
		[INITRAMFS_DRACUT] = "dracut",   [INITRAMFS_TOOLS] = "initramfs-tools",
		[INITRAMFS_BOOSTER] = "booster", [INITRAMFS_NONE] = NULL,
	};

	return names[i];
}

const char *acs_override_name(enum acs_override a)
{
	static const char *const names[] = {"unknown", "unsupported", "supported", "active"};

	return names[a];
}
