/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change/plan_wish.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shell.h"
#include "config/kernel_wish.h"

/* Drivers whose module has another name; all others differ in '-' for '_' at most (drivers/, MODULE names). */
static const struct {
	const char *driver, *module;
} driver_modules[] = {
	{"xhci_hcd", "xhci_pci"},         {"i801_smbus", "i2c_i801"},
	{"piix4_smbus", "i2c_piix4"},     {"ata_generic", "ata_generic"},
	{"megaraid_sas", "megaraid_sas"},
};

static char *module_of_driver(const char *driver)
{
	char *name;

	for (size_t i = 0; i < ARRAY_SIZE(driver_modules); i++)
		if (!strcmp(driver, driver_modules[i].driver))
			return xstrdup(driver_modules[i].module);
	name = xstrdup(driver);
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

static bool is_host_driver(const char *driver)
{
	return driver && !driver_is_vfio(driver) && strcmp(driver, "pcieport") &&
	       strcmp(driver, "pci-stub");
}

/* A module is named like its driver, so the same question answers it. */
static bool is_host_module(const char *module)
{
	return is_host_driver(module) && strcmp(module, "pci_stub");
}

/* Would its ids take another device along that was not named? */
static bool has_twin_outside(const struct plan_wish_input *in, const struct device *d)
{
	for (size_t i = 0; i < in->topology->len; i++) {
		const struct device *other = &in->topology->devices[i];

		if (other != d && !other->is_bridge && device_same_ids(other, d) &&
		    !selection_has(in->selection, &other->addr))
			return true;
	}
	return false;
}

static bool binds_by_address(const struct plan_wish_input *in, const struct device *d)
{
	if (in->by_address)
		return selection_has(in->by_address, &d->addr);
	switch (in->choices->bind) {
	case BIND_IDS:
		return false;
	case BIND_ADDRESS:
		return true;
	case BIND_AUTO:
	default:
		return has_twin_outside(in, d);
	}
}

static void add_device(const struct plan_wish_input *in, const struct device *d, struct wish *w)
{
	struct wish_device *to = wish_add_device(w);

	to->addr = d->addr;
	memcpy(to->bdf, d->bdf, sizeof(to->bdf));
	to->vendor = d->vendor;
	to->id = d->id;
	to->subvendor = d->subvendor;
	to->subdevice = d->subdevice;
	to->class_code = d->class_code;
	to->group = d->group;
	to->by_address = binds_by_address(in, d);
	to->name = device_short_name(d);
	for (size_t i = 0; i < d->modules.len; i++)
		if (is_host_module(d->modules.items[i]))
			strv_add_unique(&to->modules, d->modules.items[i]);
	if (is_host_driver(d->driver)) {
		auto_free char *module = module_of_driver(d->driver);

		strv_add_unique(&to->modules, module);
	}
}

static void add_ids(struct wish *w)
{
	for (size_t i = 0; i < w->len; i++) {
		const struct wish_device *d = &w->devices[i];
		auto_free char *ids = xasprintf("%04x:%04x", d->vendor, d->id);

		if (d->by_address)
			continue;
		strv_add_unique(&w->ids, ids);
		for (size_t k = 0; k < d->modules.len; k++)
			strv_add_unique(&w->host_modules, d->modules.items[k]);
	}
}

/* Does a device that stays with the host need the module, as far as the PCI devices tell? */
static bool is_needed(const struct plan_wish_input *in, const char *module)
{
	for (size_t i = 0; i < in->topology->len; i++) {
		const struct device *d = &in->topology->devices[i];
		auto_free char *of_driver = d->driver ? module_of_driver(d->driver) : NULL;

		if (!selection_has(in->selection, &d->addr) &&
		    (strv_has(&d->modules, module) || (of_driver && !strcmp(of_driver, module))))
			return true;
	}
	return false;
}

static void add_idle_modules(const struct plan_wish_input *in, struct wish *w)
{
	for (size_t i = 0; i < w->len; i++)
		for (size_t k = 0; k < w->devices[i].modules.len; k++) {
			const char *module = w->devices[i].modules.items[k];

			if (!is_needed(in, module))
				strv_add_unique(&w->idle_modules, module);
		}
	w->blacklist = in->choices->blacklist;
}

static void add_options(const struct plan_choices *choices, struct wish *w)
{
	if (!w->len || !strcmp(w->driver, "pci-stub"))
		return;
	if (choices->disable_vga)
		strv_add(&w->options, "disable_vga=1");
	if (choices->disable_idle_d3)
		strv_add(&w->options, "disable_idle_d3=1");
}

static bool any_by_address(const struct wish *w)
{
	for (size_t i = 0; i < w->len; i++)
		if (w->devices[i].by_address)
			return true;
	return false;
}

/* Installed kernels may differ: one has vfio-pci inside, another as a module. Each gets what it needs. */
static bool is_inside_one(const struct platform *p)
{
	return p->vfio_pci == MODULE_BUILTIN || p->vfio_pci_builtin;
}

static bool is_module_of_one(const struct platform *p)
{
	return p->vfio_pci != MODULE_BUILTIN || p->vfio_pci_loadable;
}

/* What must be in the initramfs; a vfio-pci inside the kernel needs nothing there. */
static void add_early(const struct platform *p, struct wish *w)
{
	if (!w->len)
		return;
	if (!strcmp(w->driver, "pci-stub")) {
		if (p->pci_stub == MODULE_LOADABLE)
			strv_add(&w->early_modules, "pci_stub");
	} else if (is_module_of_one(p)) {
		/* A module of its own before Linux 6.2; where it is gone its name is an error to mkinitcpio and dracut. */
		if (p->vfio_virqfd == MODULE_LOADABLE)
			strv_add(&w->early_modules, "vfio_virqfd");
		strv_add(&w->early_modules, "vfio_pci");
		strv_add(&w->early_modules, "vfio");
		strv_add(&w->early_modules, "vfio_iommu_type1");
	}
	if (w->ids.len || w->options.len)
		strv_add(&w->early_files, MODPROBE_PATH);
	if (any_by_address(w))
		strv_add(&w->early_files, UDEV_BIND_PATH);
}

/* Intel's IOMMU is off by default where the kernel was built so; AMD's needs no parameter, and has none to turn it on. */
static void add_intel(const struct platform *p, struct wish *w)
{
	auto_free char *value = kernel_params_value(p->cmdline ? p->cmdline : "", "intel_iommu");
	bool on = value && (!strcmp(value, "on") || text_starts_with(value, "on,"));

	if (p->iommu_of != CPU_INTEL)
		return;
	if (on)
		strv_addf(&w->kernel_params, "intel_iommu=%s", value);
	else if (p->iommu == IOMMU_OFF || !p->iommu_default_on || value)
		strv_add(&w->kernel_params, "intel_iommu=on");
}

/* Also without devices: the groups have to part before one of them can be handed over. */
static void add_override(const struct plan_wish_input *in, struct wish *w)
{
	const char *value = in->choices->acs_override;

	if (value && *value)
		strv_addf(&w->kernel_params, ACS_OVERRIDE_KEY "=%s", value);
}

/* What is inside the kernel takes its parameters from the command line alone; so does pci-stub here. */
static void add_driver_params(const struct platform *p, struct wish *w)
{
	bool stub = !strcmp(w->driver, "pci-stub");
	auto_free char *ids = strv_join(&w->ids, ",");

	if (!stub && !is_inside_one(p))
		return;
	if (w->ids.len)
		strv_addf(&w->kernel_params, "%s.ids=%s", w->driver, ids);
	for (size_t i = 0; i < w->options.len; i++)
		strv_addf(&w->kernel_params, "%s.%s", w->driver, w->options.items[i]);
	if (stub || !is_module_of_one(p))
		strv_release(&w->options);
	if (!stub)
		return;
	strv_release(&w->ids); /* they would go to vfio-pci */
	strv_release(&w->host_modules);
}

/*
 * An image that can't be built here gets everything from the kernel's command line: systemd in it
 * loads the module (systemd-modules-load.service(8)), and modprobe takes its ids from there.
 */
static void add_foreign_image(const struct platform *p, struct wish *w)
{
	auto_free char *ids = strv_join(&w->ids, ",");

	if (!p->initramfs_foreign || !p->systemd || !w->early_modules.len)
		return;
	strv_add(&w->kernel_params, "rd.modules-load=vfio_pci");
	if (w->ids.len && !is_inside_one(p))
		strv_addf(&w->kernel_params, "vfio-pci.ids=%s", ids);
}

static void add_params(const struct plan_wish_input *in, struct wish *w)
{
	add_override(in, w);
	if (!w->len)
		return;
	add_intel(in->platform, w);
	if (!in->choices->no_pt)
		strv_add(&w->kernel_params, "iommu=pt");
	if (in->choices->no_framebuffer && in->platform->framebuffer_off)
		strv_add(&w->kernel_params, in->platform->framebuffer_off);
	add_driver_params(in->platform, w);
}

static int compare_int(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static void add_groups(struct wish *w)
{
	size_t n = 0;

	w->groups = xcalloc(w->len + 1, sizeof(*w->groups));
	for (size_t i = 0; i < w->len; i++)
		if (w->devices[i].group != NO_GROUP)
			w->groups[n++] = w->devices[i].group;
	if (n)
		qsort(w->groups, n, sizeof(*w->groups), compare_int);
	for (size_t i = 0; i < n; i++)
		if (!w->groups_len || w->groups[w->groups_len - 1] != w->groups[i])
			w->groups[w->groups_len++] = w->groups[i];
}

const char *plan_wish_driver(const struct platform *p)
{
	bool is_there = p->pci_stub == MODULE_LOADABLE || p->pci_stub == MODULE_BUILTIN;

	return p->vfio_pci_known && p->vfio_pci == MODULE_MISSING && is_there ? "pci-stub"
									      : "vfio-pci";
}

void plan_wish(const struct plan_wish_input *in, struct wish *ret)
{
	wish_init(ret);
	for (size_t i = 0; i < in->selection->len; i++) {
		const struct device *d = topology_find(in->topology, &in->selection->items[i]);

		if (d)
			add_device(in, d, ret);
	}
	ret->driver = plan_wish_driver(in->platform);
	ret->driver_inside = strcmp(ret->driver, "pci-stub")
				     ? is_inside_one(in->platform)
				     : in->platform->pci_stub == MODULE_BUILTIN;
	add_ids(ret);
	add_idle_modules(in, ret);
	add_options(in->choices, ret);
	add_params(in, ret);
	add_early(in->platform, ret);
	add_foreign_image(in->platform, ret);
	add_groups(ret);
	ret->user = xstrdup(in->choices->user ? in->choices->user : in->platform->user);
	ret->group = in->kvm_group ? xstrdup("kvm") : NULL;
	ret->launch_script = !in->choices->no_script && ret->len;
	ret->way_back = !in->choices->no_way_back && ret->len;
	ret->trial = in->choices->trial && ret->way_back;
	if (in->owned)
		strv_copy(&ret->owned, in->owned);
}

static void warn_problems(const char *name, const struct vm_problems *problems,
			  struct strv *warnings)
{
	for (size_t i = 0; warnings && i < problems->len; i++)
		strv_addf(warnings, "The profile of the VM %s (" VM_DIR "/%s" VM_SUFFIX "): %s.",
			  name, name, problems->items[i].text);
}

int plan_wish_vms(struct wish *w, struct files *files, const char *but, struct strv *warnings,
		  struct err *reterr)
{
	auto_strv struct strv names = STRV_INIT;
	int r = vm_profile_list(files, &names, reterr);

	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;

		if (but && !strcmp(names.items[i], but))
			continue;
		r = vm_profile_load(files, names.items[i], wish_add_vm(w), &problems, reterr);
		warn_problems(names.items[i], &problems, warnings);
	}
	return r < 0 ? r : 0;
}

bool group_file_has(const char *text, const char *group)
{
	size_t n = strlen(group);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, group, n) && line[n] == ':')
			return true;
	}
	return false;
}
