/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files that make the program find again what it found on the machine. */
#include <stdlib.h>
#include <string.h>

#include "advice/rules.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/shell.h"
#include "change/capture_parts.h"
#include "machine/boot_variable.h"
#include "machine/recording_write.h"

#define EFI_VARIABLES "/sys/firmware/efi/efivars"
#define FIRST_PERSON 1000
#define LAST_PERSON 59999

static void put(struct capture_context *c, const char *path, const char *text)
{
	recording_write_file(path, 0644, text, strlen(text), c->out);
}

/* --- kernel and processor ---------------------------------------------------------------------- */

static void add_flags(const char *all, struct str *out)
{
	static const char *const told[] = {"svm", "vmx", "hypervisor", "topoext", "lm"};
	auto_strv struct strv flags = STRV_INIT;

	strv_split(&flags, all, " ");
	str_adds(out, "flags\t\t:");
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (strv_has(&flags, told[i]))
			str_addf(out, " %s", told[i]);
	str_addc(out, '\n');
}

/* The first processor stands for all. */
static void write_processor(struct capture_context *c)
{
	static const char *const keys[] = {"vendor_id", "model name", "siblings", "cpu cores"};
	auto_str struct str text = STR_INIT;
	auto_str struct str out = STR_INIT;
	auto_free char *flags = NULL;

	if (host_read_some(c->host, "/proc/cpuinfo", 16384, &text, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		auto_free char *value = text_colon_value(text.data, keys[i]);

		if (value)
			str_addf(&out, "%s\t: %s\n", keys[i], value);
	}
	flags = text_colon_value(text.data, "flags");
	if (flags)
		add_flags(flags, &out);
	if (out.len)
		put(c, "/proc/cpuinfo", out.data);
}

static void write_memory(struct capture_context *c)
{
	static const char *const keys[] = {"MemTotal", "MemAvailable"};
	auto_str struct str text = STR_INIT;
	auto_str struct str out = STR_INIT;

	if (host_read_some(c->host, "/proc/meminfo", 4096, &text, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		auto_free char *value = text_colon_value(text.data, keys[i]);

		if (value)
			str_addf(&out, "%s: %s\n", keys[i], value);
	}
	if (out.len)
		put(c, "/proc/meminfo", out.data);
}

static void write_kernel(struct capture_context *c)
{
	static const char *const symbols[] = {
		[ACS_OVERRIDE_UNKNOWN] = NULL,
		[ACS_OVERRIDE_UNSUPPORTED] = "0000000000000000 T startup_64\n",
		[ACS_OVERRIDE_SUPPORTED] = "0000000000000000 t pcie_acs_overrides\n",
		[ACS_OVERRIDE_ACTIVE] = "0000000000000000 t pcie_acs_overrides\n",
	};
	const struct platform *p = c->situation->platform;
	auto_str struct str line = STR_INIT;
	auto_str struct str release = STR_INIT;

	if (p->kernel) {
		scrub(&c->scrubber, p->kernel, strlen(p->kernel), &release);
		str_addc(&release, '\n');
		put(c, "/proc/sys/kernel/osrelease", release.data);
	}
	if (p->cmdline) {
		scrub_kernel_line(&c->scrubber, p->cmdline, &line);
		str_addc(&line, '\n');
		put(c, "/proc/cmdline", line.data);
	}
	if (symbols[p->acs_override])
		put(c, "/proc/kallsyms", symbols[p->acs_override]);
}

/* --- firmware ------------------------------------------------------------------------------------- */

static void write_tables(struct capture_context *c)
{
	static const char *const told[] = {"DMAR", "IVRS", "VIOT", "IORT"};
	auto_strv struct strv tables = STRV_INIT;

	if (host_list(c->host, "/sys/firmware/acpi/tables", &tables, NULL) < 0 || !tables.len)
		return;
	str_adds(c->out, "file /sys/firmware/acpi/tables/DSDT 0400\n");
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (strv_has(&tables, told[i]))
			str_addf(c->out, "file /sys/firmware/acpi/tables/%s 0400\n", told[i]);
}

/* The attributes' four bytes, then UTF-16; what is private in it goes. */
static void write_text_variable(struct capture_context *c, const char *path,
				const struct str *bytes)
{
	auto_str struct str text = STR_INIT;
	auto_str struct str clean = STR_INIT;
	auto_str struct str out = STR_INIT;

	for (size_t i = 4; i + 1 < bytes->len && (bytes->data[i] || bytes->data[i + 1]); i += 2)
		str_addc(&text, bytes->data[i + 1] || bytes->data[i] < ' ' ? '?' : bytes->data[i]);
	scrub(&c->scrubber, text.data, text.len, &clean);
	str_add(&out, "\6\0\0\0", 4);
	for (size_t i = 0; i <= clean.len; i++) {
		str_addc(&out, i < clean.len ? clean.data[i] : '\0');
		str_addc(&out, '\0');
	}
	recording_write_file(path, 0644, out.data, out.len, c->out);
}

/* Which program the firmware started; its entry's name may be anybody's. */
static void write_boot_variable(struct capture_context *c)
{
	auto_boot_variable struct boot_variable b = BOOT_VARIABLE_INIT;
	auto_str struct str clean = STR_INIT;
	auto_str struct str bytes = STR_INIT;
	auto_free char *path = NULL;

	if (!boot_variable_read(c->host, &b))
		return;
	scrub(&c->scrubber, b.path, strlen(b.path), &clean);
	boot_variable_build("", clean.data, &bytes);
	path = xasprintf(EFI_VARIABLES "/Boot%04X-" EFI_GLOBAL_GUID, 0);
	recording_write_file(EFI_VARIABLES "/BootCurrent-" EFI_GLOBAL_GUID, 0644, "\6\0\0\0\0\0", 6,
			     c->out);
	recording_write_file(path, 0644, bytes.data, bytes.len, c->out);
}

static void write_variables(struct capture_context *c)
{
	static const char loader[] = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
	static const char *const texts[] = {"LoaderInfo", "LoaderEntrySelected", "StubInfo"};
	static const char secure[] = EFI_VARIABLES "/SecureBoot-" EFI_GLOBAL_GUID;
	auto_str struct str bytes = STR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *path = xasprintf(EFI_VARIABLES "/%s-%s", texts[i], loader);

		str_clear(&bytes);
		if (host_read_some(c->host, path, 1024, &bytes, NULL) == 0 && bytes.len > 4)
			write_text_variable(c, path, &bytes);
	}
	str_clear(&bytes);
	if (host_read_some(c->host, secure, 5, &bytes, NULL) == 0 && bytes.len == 5)
		recording_write_file(secure, 0644, bytes.data, bytes.len, c->out);
	write_boot_variable(c);
}

static void write_firmware(struct capture_context *c)
{
	if (host_exists(c->host, "/sys/firmware/efi"))
		str_adds(c->out, "dir " EFI_VARIABLES "\n");
	else if (host_exists(c->host, "/sys/firmware"))
		str_adds(c->out, "dir /sys/firmware\n");
	write_tables(c);
	write_variables(c);
}

/* --- modules ------------------------------------------------------------------------------------------ */

static void add_module(struct strv *names, const char *name)
{
	auto_free char *folded = xstrdup(name);

	for (char *p = folded; *p; p++)
		*p = *p == '-' ? '_' : *p;
	strv_add_unique(names, folded);
}

static void find_modules(const struct topology *t, struct strv *names)
{
	static const char *const always[] = {"vfio_pci",    "vfio",     "vfio_iommu_type1",
					     "vfio_virqfd", "pci_stub", "vfio_pci_core",
					     "kvm",         "kvm_amd",  "kvm_intel"};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add_module(names, always[i]);
	for (size_t i = 0; i < t->len; i++) {
		if (t->devices[i].driver)
			add_module(names, t->devices[i].driver);
		for (size_t k = 0; k < t->devices[i].modules.len; k++)
			add_module(names, t->devices[i].modules.items[k]);
	}
}

/* "kernel/drivers/vfio/pci/vfio-pci.ko.zst: ...": the module's name, for the caller to free. */
static char *module_of_path(const char *line)
{
	size_t end = strcspn(line, ":");
	auto_free char *path = xstrndup(line, end);
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char *name = xstrndup(base, strcspn(base, "."));

	for (char *p = name; *p; p++)
		*p = *p == '-' ? '_' : *p;
	return name;
}

/* The lines of modules.dep or modules.builtin that are about these modules, without what they depend on. */
static void write_index(struct capture_context *c, const char *dir, const char *name,
			const struct strv *wanted)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_str struct str text = STR_INIT;
	auto_str struct str out = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (host_read(c->host, path, &text, NULL) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		auto_free char *module = module_of_path(lines.items[i]);
		size_t n = strcspn(lines.items[i], ":");

		if (strv_has(wanted, module))
			str_addf(&out, "%.*s%s\n", (int)n, lines.items[i],
				 lines.items[i][n] ? ":" : "");
	}
	capture_file(c, path, 0644, out.data, out.len);
}

static void write_softdeps(struct capture_context *c, const char *dir, const struct strv *wanted)
{
	auto_free char *path = xasprintf("%s/modules.softdep", dir);
	auto_str struct str text = STR_INIT;
	auto_str struct str out = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (host_read(c->host, path, &text, NULL) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		auto_strv struct strv words = STRV_INIT;

		strv_split(&words, lines.items[i], " \t");
		if (words.len > 1 && !strcmp(words.items[0], "softdep") &&
		    strv_has(wanted, words.items[1]))
			str_addf(&out, "%s\n", lines.items[i]);
	}
	capture_file(c, path, 0644, out.data, out.len);
}

/* Each device's own modules, so that its alias leads to them again. */
static void write_aliases(struct capture_context *c, const char *dir)
{
	const struct topology *t = c->situation->topology;
	auto_free char *path = xasprintf("%s/modules.alias", dir);
	auto_str struct str out = STR_INIT;
	auto_strv struct strv done = STRV_INIT;

	for (size_t i = 0; i < t->len; i++) {
		const struct device *d = &t->devices[i];
		auto_free char *alias = xasprintf("pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
						  d->vendor, d->id, d->subvendor, d->subdevice,
						  d->class_code >> 16, d->class_code >> 8 & 0xff,
						  d->class_code & 0xff);

		if (!d->modules.len || !strv_add_unique(&done, alias))
			continue;
		for (size_t k = 0; k < d->modules.len; k++)
			str_addf(&out, "alias %s %s\n", alias, d->modules.items[k]);
	}
	if (out.len)
		capture_file(c, path, 0644, out.data, out.len);
}

static void write_modules(struct capture_context *c)
{
	const struct platform *p = c->situation->platform;
	auto_strv struct strv wanted = STRV_INIT;

	find_modules(c->situation->topology, &wanted);
	for (size_t i = 0; i < p->kernels.len; i++) {
		auto_free char *dir = xasprintf("/lib/modules/%s", p->kernels.items[i]);
		auto_free char *resolved = capture_resolve(c, dir);

		if (!resolved)
			continue;
		write_index(c, resolved, "modules.dep", &wanted);
		write_index(c, resolved, "modules.builtin", &wanted);
		write_softdeps(c, resolved, &wanted);
		if (p->kernel && !strcmp(p->kernel, p->kernels.items[i]))
			write_aliases(c, resolved);
	}
}

/* --- people ----------------------------------------------------------------------------------------------- */

/* The names of /etc/passwd or /etc/group with their number, for each line. */
static void each_account(struct capture_context *c, const char *path,
			 void (*fn)(void *data, const char *name, long id), void *data)
{
	auto_str struct str text = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (host_read(c->host, path, &text, NULL) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		char *rest = lines.items[i];
		const char *name = strsep(&rest, ":");
		const char *number;

		strsep(&rest, ":"); /* the password, which may be empty */
		number = strsep(&rest, ":");
		if (number)
			fn(data, name, strtol(number, NULL, 10));
	}
}

static void find_person(void *data, const char *name, long id)
{
	struct strv *people = data;

	if (id >= FIRST_PERSON && id <= LAST_PERSON)
		strv_add_unique(people, name);
}

/* People whom a directory service knows are in no file here; this one runs the program. */
static void name_caller(struct capture_context *c)
{
	static const char *const variables[] = {"SUDO_USER", "DOAS_USER", "USER", "LOGNAME"};

	for (size_t i = 0; host_is_live(c->host) && i < ARRAY_SIZE(variables); i++) {
		const char *name = getenv(variables[i]);

		if (name)
			scrubber_add(&c->scrubber, name, "user");
	}
}

/* The one who shall use the VM comes first: "user"; others are "user2", "user3". */
static void name_people(struct capture_context *c, struct strv *people)
{
	const char *user = c->situation->platform->user;

	if (user)
		strv_add_unique(people, user);
	each_account(c, "/etc/passwd", find_person, people);
	for (size_t i = 0; i < people->len; i++) {
		auto_free char *stand_in = i ? xasprintf("user%zu", i + 1) : xstrdup("user");

		scrubber_add(&c->scrubber, people->items[i], stand_in);
	}
}

static void add_system_account(void *data, const char *name, long id)
{
	static const char *const told[] = {"nobody", "qemu", "libvirt-qemu"};
	struct str *out = data;

	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (!strcmp(name, told[i]))
			str_addf(out, "%s:x:%ld:%ld::/:/usr/sbin/nologin\n", name, id, id);
}

static void add_system_group(void *data, const char *name, long id)
{
	static const char *const told[] = {"kvm",   "libvirt", "libvirt-qemu", "qemu",
					   "input", "render",  "video",        "disk"};
	struct str *out = data;

	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (!strcmp(name, told[i]))
			str_addf(out, "%s:x:%ld:\n", name, id);
}

static void write_people(struct capture_context *c, const struct strv *people)
{
	auto_str struct str passwd = STR_INIT;
	auto_str struct str group = STR_INIT;

	if (host_exists(c->host, "/etc/passwd")) {
		str_adds(&passwd, "root:x:0:0::/root:/bin/sh\n");
		for (size_t i = 0; i < people->len; i++) {
			auto_free char *name = i ? xasprintf("user%zu", i + 1) : xstrdup("user");

			str_addf(&passwd, "%s:x:%zu:%zu::/home/%s:/bin/sh\n", name,
				 FIRST_PERSON + i, FIRST_PERSON + i, name);
		}
		each_account(c, "/etc/passwd", add_system_account, &passwd);
		put(c, "/etc/passwd", passwd.data);
	}
	each_account(c, "/etc/group", add_system_group, &group);
	if (group.len)
		put(c, "/etc/group", group.data);
	if (host_exists(c->host, "/etc/machine-id"))
		put(c, "/etc/machine-id", "00000000000000000000000000000000\n");
}

/* Both the whole name and what stands before its first dot. */
static void name_hosts(struct capture_context *c)
{
	static const char *const files[] = {"/proc/sys/kernel/hostname", "/etc/hostname"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_str struct str line = STR_INIT;

		if (host_read_line(c->host, files[i], &line, NULL) < 0)
			continue;
		scrubber_add(&c->scrubber, line.data, "host");
		str_truncate(&line, strcspn(line.data, "."));
		scrubber_add(&c->scrubber, line.data, "host");
	}
}

/* --- the whole ------------------------------------------------------------------------------------------- */

struct use_scrubber {
	const struct scrubber *scrubber;
	struct str text, clean;
};

static const char *scrub_use(void *data, const char *what)
{
	struct use_scrubber *u = data;

	str_clear(&u->text);
	str_clear(&u->clean);
	scrub_mount_points(what, &u->text);
	scrub(u->scrubber, u->text.data, u->text.len, &u->clean);
	return u->clean.data;
}

void capture_facts(struct capture_context *c)
{
	const struct selection none = {.items = NULL};
	const struct rules_input rules = situation_rules(c->situation, &none);
	struct use_scrubber use = {.scrubber = &c->scrubber, .text = STR_INIT, .clean = STR_INIT};
	auto_strv struct strv people = STRV_INIT;

	name_hosts(c);
	name_people(c, &people);
	name_caller(c);
	recording_write_devices(c->host, c->situation->topology, rules.hazards, c->out);
	recording_write_usage(&c->situation->usage, scrub_use, &use, c->out);
	recording_write_hazards(rules.hazards, c->out);
	write_firmware(c);
	write_kernel(c);
	write_processor(c);
	write_memory(c);
	capture_host(c);
	write_people(c, &people);
	write_modules(c);
	str_release(&use.text);
	str_release(&use.clean);
}
