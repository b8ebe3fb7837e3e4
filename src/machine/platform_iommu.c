/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the IOMMU works, and if not, who did not turn it on. Groups in
 * /sys/kernel/iommu_groups are the proof that it does; the firmware offers one by its ACPI
 * table, whose name anyone may read: DMAR for Intel VT-d, IVRS for AMD-Vi.
 */
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "base/str.h"
#include "machine/platform_parts.h"

#define GROUPS "/sys/kernel/iommu_groups"
#define TABLES "/sys/firmware/acpi/tables"

/* Groups that vfio made up for devices without an IOMMU (enable_unsafe_noiommu_mode) are no proof. */
static bool is_made_up(const struct host *host, const char *group)
{
	auto_free char *path = xasprintf(GROUPS "/%s/name", group);
	auto_str struct str name = STR_INIT;

	return host_read_line(host, path, &name, NULL) == 0 && !strcmp(name.data, "vfio-noiommu");
}

static size_t count_groups(const struct host *host, bool has_unit)
{
	auto_strv struct strv groups = STRV_INIT;
	size_t n = 0;

	if (host_list(host, GROUPS, &groups, NULL) < 0)
		return 0;
	if (has_unit)
		return groups.len;
	for (size_t i = 0; i < groups.len; i++)
		n += !is_made_up(host, groups.items[i]);
	return n;
}

/* "intel_iommu=off" when the command line has that; NULL when nothing there turns the IOMMU off. */
static const char *switched_off_by(const char *cmdline)
{
	static const char *const params[][2] = {{"intel_iommu", "intel_iommu=off"},
						{"amd_iommu", "amd_iommu=off"},
						{"iommu", "iommu=off"}};

	for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
		auto_free char *value = kernel_params_value(cmdline, params[i][0]);

		if (value && text_starts_with(value, "off"))
			return params[i][1];
	}
	return NULL;
}

static char *why_off(const struct platform *p, const char *table)
{
	const char *cmdline = p->cmdline ? p->cmdline : "";
	const char *param = switched_off_by(cmdline);
	auto_free char *intel = kernel_params_value(cmdline, "intel_iommu");

	if (param)
		return xasprintf(
			"the firmware has the table %s, but the kernel was started with %s, "
			"and there are no IOMMU groups.",
			table, param);
	if (!strcmp(table, "DMAR") && !intel)
		return xasprintf("the firmware has the table DMAR (Intel VT-d), but the kernel was "
				 "started without intel_iommu=on, and there are no IOMMU groups.");
	return xasprintf("the firmware has the table %s, but there are no IOMMU groups.", table);
}

/* Units are named "dmar0" (drivers/iommu/intel/dmar.c) or "ivhd0" (drivers/iommu/amd/init.c). */
static enum cpu_vendor maker_of_unit(const char *unit)
{
	if (text_starts_with(unit, "dmar"))
		return CPU_INTEL;
	return text_starts_with(unit, "ivhd") ? CPU_AMD : CPU_OTHER;
}

static enum cpu_vendor maker_of_table(const char *table)
{
	if (!strcmp(table, "DMAR"))
		return CPU_INTEL;
	return strcmp(table, "IVRS") ? CPU_OTHER : CPU_AMD;
}

/* No groups: the ACPI tables tell whether the firmware offers an IOMMU. */
static void find_in_firmware(const struct host *host, struct platform *p)
{
	static const char *const wanted[] = {"DMAR", "IVRS", "VIOT", "IORT"};
	const char *name = p->cpu == CPU_AMD     ? "IVRS table (AMD-Vi)"
			   : p->cpu == CPU_INTEL ? "DMAR table (Intel VT-d)"
						 : "DMAR or IVRS table (Intel VT-d, AMD-Vi)";
	auto_strv struct strv tables = STRV_INIT;

	p->iommu = IOMMU_ABSENT;
	if (host_list(host, TABLES, &tables, NULL) < 0 || !tables.len) {
		p->iommu_why = xstrdup("there are no IOMMU groups, and " TABLES
				       " does not tell what the firmware offers.");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted) && p->iommu != IOMMU_OFF; i++) {
		if (!strv_has(&tables, wanted[i]))
			continue;
		p->iommu = IOMMU_OFF;
		p->iommu_of = maker_of_table(wanted[i]);
		p->iommu_why = why_off(p, wanted[i]);
	}
	if (p->iommu == IOMMU_ABSENT)
		p->iommu_why = xasprintf("the firmware has no %s: the IOMMU is not there, or "
					 "switched off in the firmware's setup.",
					 name);
}

static void find_state(const struct host *host, struct platform *p)
{
	auto_strv struct strv units = STRV_INIT;
	auto_free char *names = NULL;

	if (host_list(host, "/sys/class/iommu", &units, NULL) < 0)
		strv_release(&units);
	p->iommu_of = units.len ? maker_of_unit(units.items[0]) : p->cpu;
	p->iommu_groups = count_groups(host, units.len > 0);
	if (!p->iommu_groups) {
		find_in_firmware(host, p);
		return;
	}
	p->iommu = IOMMU_ON;
	names = strv_join(&units, ", ");
	p->iommu_why = xasprintf("%zu IOMMU group%s%s%s.", p->iommu_groups,
				 p->iommu_groups == 1 ? "" : "s", units.len ? " by " : "", names);
}

/* --- what the kernel would do by itself ------------------------------------------ */

/* Debian's INTGPU_OFF leaves out only the integrated graphics. */
static bool kernel_config_turns_on(const struct host *host, const char *kernel)
{
	auto_str struct str config = STR_INIT;

	if (!platform_kernel_config(host, kernel, &config))
		return false;
	return platform_config_says(config.data, "CONFIG_INTEL_IOMMU_DEFAULT_ON=y") ||
	       platform_config_says(config.data, "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y");
}

static void find_default(const struct host *host, struct platform *p)
{
	auto_free char *intel = kernel_params_value(p->cmdline ? p->cmdline : "", "intel_iommu");

	if (p->iommu_of == CPU_AMD)
		p->iommu_default_on = true;
	else if (p->iommu == IOMMU_ON && p->cmdline && !intel)
		p->iommu_default_on = true; /* it is on, and nothing asked for it */
	else
		p->iommu_default_on = kernel_config_turns_on(host, p->kernel);
}

/* --- the ACS override patch ------------------------------------------------------ */

struct symbol_search {
	struct str window; /* the last bytes, so that a name on the border of two pieces is whole */
	bool any, found;
};

/* Names of the kernel itself come first, "\t[" begins those of its modules: the patch is in the kernel. */
static bool search_piece(void *data, const char *bytes, size_t len)
{
	static const char name[] = " pcie_acs_overrides";
	struct symbol_search *s = data;
	auto_free char *tail = NULL;
	const char *module;
	size_t keep;

	str_add(&s->window, bytes, len);
	s->any = true;
	module = strstr(s->window.data, "\t[");
	if (module) {
		while (module > s->window.data && module[-1] != '\n')
			module--;
		str_truncate(&s->window, (size_t)(module - s->window.data));
	}
	s->found = strstr(s->window.data, name) != NULL;
	if (s->found || module)
		return false;
	keep = s->window.len < sizeof(name) ? s->window.len : sizeof(name);
	tail = xstrndup(s->window.data + s->window.len - keep, keep);
	str_clear(&s->window);
	str_adds(&s->window, tail);
	return true;
}

/*
 * The patch's early function is the proof that this kernel has it; symbol names show also
 * without root. A list without any symbol tells nothing.
 */
static void find_acs_override(const struct host *host, struct platform *p)
{
	struct symbol_search s = {.window = STR_INIT, .any = false, .found = false};
	auto_free char *value = kernel_params_value(p->cmdline ? p->cmdline : "",
						    "pcie_acs_override");

	p->acs_override = ACS_OVERRIDE_UNKNOWN;
	if (host_read_pieces(host, "/proc/kallsyms", search_piece, &s, NULL) == 0 && s.any) {
		if (!s.found)
			p->acs_override = ACS_OVERRIDE_UNSUPPORTED;
		else
			p->acs_override = value && *value ? ACS_OVERRIDE_ACTIVE
							  : ACS_OVERRIDE_SUPPORTED;
	}
	str_release(&s.window);
}

void platform_find_iommu(const struct host *host, struct platform *p)
{
	find_state(host, p);
	find_default(host, p);
	find_acs_override(host, p);
}
