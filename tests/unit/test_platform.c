/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roots of a few files, written as recordings, and what platform_detect() makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "machine/boot_variable.h"
#include "machine/platform.h"
#include "machine/recording.h"

#define LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define PROGRAM(path) "file " path " 0755\n|#!/bin/sh\n"
#define CARD "5\t0000:01:00.0\t0300\t10de:2484\t-\t-\t-\t-\tcard\n"
#define UNGROUPED "#ungrouped\t-\t0000:01:00.0\t0300\t10de:2484\t-\t-\t-\t-\tcard\n"
#define AMD "file /proc/cpuinfo\n|vendor_id\t: AuthenticAMD\n|flags\t\t: fpu svm\n"
#define INTEL "file /proc/cpuinfo\n|vendor_id\t: GenuineIntel\n|flags\t\t: fpu vmx\n"

struct found {
	char *root;
	struct host *host;
	struct modules *modules;
	struct platform *p;
};

static char *unpacked(const char *text)
{
	char *root = tmproot_new();
	struct err err = ERR_INIT;

	if (recording_unpack(text, strlen(text), root, &err) < 0)
		fail_msg("%s", err.text);
	return root;
}

static struct found detect_in(char *root)
{
	struct found f = {.root = root};
	struct err err = ERR_INIT;

	if (host_open(root, &f.host, &err) < 0)
		fail_msg("%s", err.text);
	f.modules = modules_new(f.host);
	assert_int_equal(platform_detect(f.host, f.modules, &f.p, &err), 0);
	return f;
}

static struct found detect(const char *text)
{
	return detect_in(unpacked(text));
}

static void done(struct found *f)
{
	platform_free(f->p);
	modules_free(f->modules);
	host_free(f->host);
	tmproot_remove(f->root);
}

static void assert_says(size_t i, const char *got, const char *part)
{
	if (!got || !strstr(got, part))
		fail_msg("case %zu: \"%s\" does not say \"%s\"", i, got ? got : "(null)", part);
}

/* An EFI variable: four bytes of attributes, then UTF-16. */
static void put_variable(const char *root, const char *name, const char *value)
{
	auto_free char *path = xasprintf("/sys/firmware/efi/efivars/%s-" LOADER, name);
	auto_str struct str bytes = STR_INIT;

	str_add(&bytes, "\x06\0\0\0", 4);
	for (const char *c = value; *c; c++) {
		str_addc(&bytes, *c);
		str_addc(&bytes, '\0');
	}
	str_add(&bytes, "\0", 2);
	tmproot_put_bytes(root, path, bytes.data, bytes.len);
}

/* --- IOMMU ------------------------------------------------------------------------- */

static void iommu_on_off_or_absent(void **state)
{
	static const struct {
		const char *text;
		enum iommu_state is;
		const char *says;
	} cases[] = {
		{CARD, IOMMU_ON, "1 IOMMU group by dmar0"},
		/* a group that vfio made up without an IOMMU is none */
		{UNGROUPED INTEL "file /sys/kernel/iommu_groups/0/name\n|vfio-noiommu\n"
				 "file /sys/firmware/acpi/tables/DSDT\n",
		 IOMMU_ABSENT, "no DMAR table (Intel VT-d)"},
		{UNGROUPED INTEL "file /sys/firmware/acpi/tables/DMAR 0400\n", IOMMU_OFF,
		 "started without intel_iommu=on"},
		{UNGROUPED INTEL "file /sys/firmware/acpi/tables/DMAR\n"
				 "file /proc/cmdline\n|quiet intel_iommu=on\n",
		 IOMMU_OFF, "there are no IOMMU groups"},
		{UNGROUPED INTEL "file /sys/firmware/acpi/tables/DMAR\n"
				 "file /proc/cmdline\n|quiet intel_iommu=off\n",
		 IOMMU_OFF, "started with intel_iommu=off"},
		{UNGROUPED AMD "file /sys/firmware/acpi/tables/IVRS\n"
			       "file /proc/cmdline\n|amd_iommu=off\n",
		 IOMMU_OFF, "started with amd_iommu=off"},
		{UNGROUPED AMD "file /sys/firmware/acpi/tables/DSDT\n", IOMMU_ABSENT,
		 "no IVRS table (AMD-Vi)"},
		{UNGROUPED AMD "dir /sys/firmware/acpi/tables\n", IOMMU_ABSENT, "does not tell"},
		{UNGROUPED AMD, IOMMU_ABSENT, "does not tell"},
		{"", IOMMU_ABSENT, "no IOMMU groups"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = detect(cases[i].text);

		if (f.p->iommu != cases[i].is)
			fail_msg("case %zu: %s: %s", i, iommu_state_name(f.p->iommu),
				 f.p->iommu_why);
		assert_says(i, f.p->iommu_why, cases[i].says);
		done(&f);
	}
}

/* Whose IOMMU it is tells its unit or the firmware's table; the processor only where neither does. */
static void iommu_of_another_maker(void **state)
{
	static const struct {
		const char *text;
		enum cpu_vendor of;
	} cases[] = {
		{INTEL CARD, CPU_INTEL},
		{AMD CARD, CPU_INTEL}, /* CARD's unit is dmar0: an emulated machine */
		{UNGROUPED AMD "file /sys/firmware/acpi/tables/DMAR\n", CPU_INTEL},
		{UNGROUPED INTEL "file /sys/firmware/acpi/tables/IVRS\n", CPU_AMD},
		{UNGROUPED AMD "file /sys/firmware/acpi/tables/VIOT\n", CPU_OTHER},
		{UNGROUPED AMD, CPU_AMD},
		{"", CPU_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = detect(cases[i].text);

		if (f.p->iommu_of != cases[i].of)
			fail_msg("case %zu: %s", i, cpu_vendor_name(f.p->iommu_of));
		done(&f);
	}
}

static void iommu_on_by_default(void **state)
{
	static const char release[] = "file /proc/sys/kernel/osrelease\n|6.1.0\n";
	static const struct {
		const char *text;
		bool on;
	} cases[] = {
		{AMD, true},
		{INTEL, false},
		{INTEL "file /boot/config-6.1.0\n|CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n", true},
		{INTEL "file /boot/config-6.1.0\n|CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n",
		 true},
		{INTEL "file /boot/config-6.1.0\n|# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set\n",
		 false},
		{INTEL "file /boot/config-6.1.0\n|#CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n", false},
		{INTEL "file /lib/modules/6.1.0/config\n|CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n", true},
		{INTEL "file /boot/config-5.10.0\n|CONFIG_INTEL_IOMMU_DEFAULT_ON=y\n", false},
		/* it is on and nobody asked for it */
		{INTEL CARD "file /proc/cmdline\n|quiet\n", true},
		{INTEL CARD "file /proc/cmdline\n|quiet intel_iommu=on\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = xasprintf("%s%s", release, cases[i].text);
		struct found f = detect(text);

		if (f.p->iommu_default_on != cases[i].on)
			fail_msg("case %zu", i);
		done(&f);
	}
}

static void how_the_framebuffer_goes(void **state)
{
	static const char release[] = "file /proc/sys/kernel/osrelease\n|6.1.0\n";
	static const struct {
		const char *text, *off;
	} cases[] = {
		{"", "initcall_blacklist=sysfb_init"}, /* unknown: the general one */
		{"dir /sys/firmware/efi\nfile /boot/config-6.1.0\n|CONFIG_FB_EFI=y\n",
		 "video=efifb:off"},
		{"dir /sys/firmware\nfile /boot/config-6.1.0\n|CONFIG_FB_VESA=y\n",
		 "video=vesafb:off"},
		{"dir /sys/firmware/efi\nfile /boot/config-6.1.0\n|CONFIG_SYSFB_SIMPLEFB=y\n",
		 "initcall_blacklist=sysfb_init"},
		{"dir /sys/firmware/efi\nfile /boot/config-6.1.0\n|# CONFIG_SYSFB_SIMPLEFB is not "
		 "set\n",
		 "video=efifb:off"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = xasprintf("%s%s", release, cases[i].text);
		struct found f = detect(text);

		assert_string_equal(f.p->framebuffer_off, cases[i].off);
		done(&f);
	}
}

/* The name may lie anywhere in a list that is read in pieces; a module's symbol of that name is no proof. */
static void the_kernels_symbols_may_be_many(void **state)
{
	(void)state;
	for (size_t before = 65480; before < 65560; before++) {
		char *root = unpacked("");
		auto_str struct str text = STR_INIT;
		struct found f;

		while (text.len + 10 <= before)
			str_adds(&text, "0 t pci_a\n");
		while (text.len < before)
			str_addc(&text, 'x');
		str_adds(&text, "\n0 t pcie_acs_overrides\n0 t pci_z\n");
		tmproot_put_bytes(root, "/proc/kallsyms", text.data, text.len);
		f = detect_in(root);
		assert_string_equal(acs_override_name(f.p->acs_override), "supported");
		done(&f);
	}
}

static void acs_override_is_proved_by_the_kernels_symbols(void **state)
{
	static const char with[] = "file /proc/kallsyms\n|0 T pci_setup\n|0 t pcie_acs_overrides\n";
	static const char without[] = "file /proc/kallsyms\n|0 T pci_setup\n";
	static const struct {
		const char *symbols, *cmdline, *is;
	} cases[] = {
		{with, "quiet", "supported"},
		{with, "pcie_acs_override=downstream", "active"},
		{without, "pcie_acs_override=downstream", "unsupported"},
		{without, "quiet", "unsupported"},
		{"file /proc/kallsyms\n|0 t pci_setup\n|0 t a\t[x]\n|0 t pcie_acs_overrides\t[x]\n",
		 "quiet", "unsupported"},
		{"file /proc/kallsyms\n", "pcie_acs_override=downstream", "unknown"},
		{"", "pcie_acs_override=downstream", "unknown"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = xasprintf("%sfile /proc/cmdline\n|%s\n", cases[i].symbols,
						 cases[i].cmdline);
		struct found f = detect(text);

		assert_string_equal(acs_override_name(f.p->acs_override), cases[i].is);
		done(&f);
	}
}

/* --- boot loader ------------------------------------------------------------------- */

#define GRUB "file /etc/default/grub\n|GRUB_TIMEOUT=5\nfile /boot/grub/grub.cfg\n|menuentry\n"
#define PROXMOX                                                                                    \
	"file /etc/kernel/cmdline\n|root=ZFS=rpool/ROOT/pve-1 boot=zfs\n"                          \
	"file /etc/kernel/proxmox-boot-uuids\n|8724-F7E5\n"
#define SYSTEMD_BOOT                                                                               \
	"file /boot/loader/loader.conf\n|timeout 3\nfile /boot/loader/entries/arch.conf\n|title "  \
	"Arch\n"
#define LIMINE "file /boot/limine.conf\n|timeout: 5\n"
#define REFIND "file /boot/refind_linux.conf\n|\"Boot\" \"ro\"\n"
#define FEDORA                                                                                     \
	"file /etc/default/grub\n|GRUB_TIMEOUT=5\n|GRUB_ENABLE_BLSCFG=true\n"                      \
	"file /boot/grub2/grub.cfg\n" PROGRAM(                                                     \
		"/usr/sbin/grubby") "file /boot/loader/entries/0123-6.1.conf\n|title Fedora\n"
#define UKI "file /etc/kernel/cmdline\n|root=/dev/sda2 rw\nfile /efi/EFI/Linux/arch-linux.efi\n"
#define BY_GRUB "file /proc/cmdline\n|BOOT_IMAGE=/vmlinuz-linux root=/dev/sda2\n"
#define NOT_BY_GRUB "file /proc/cmdline\n|root=/dev/sda2 rw\n"
#define MACHINE_ID "0123456789abcdef0123456789abcdef"

static const struct boot_case {
	const char *text;
	const char *info, *entry, *stub; /* EFI variables */
	enum boot_loader is;
	bool sure;
	const char *says;
} boot_cases[] = {
	/* proof */
	{GRUB BY_GRUB, NULL, NULL, NULL, BOOT_GRUB, true, "BOOT_IMAGE=/vmlinuz-linux"},
	{GRUB SYSTEMD_BOOT LIMINE BY_GRUB, NULL, NULL, NULL, BOOT_GRUB, true, "GRUB started it"},
	{FEDORA BY_GRUB, NULL, NULL, NULL, BOOT_GRUB_BLS, true, "GRUB started it"},
	{GRUB SYSTEMD_BOOT NOT_BY_GRUB, "systemd-boot 257.2", "arch.conf", NULL, BOOT_SYSTEMD_BOOT,
	 true, "systemd-boot 257.2 started it"},
	{GRUB UKI NOT_BY_GRUB, "systemd-boot 257.2", "arch-linux.efi", "systemd-stub 257.2",
	 BOOT_KERNEL_CMDLINE, true, "arch-linux.efi"},
	{SYSTEMD_BOOT "file /etc/machine-id\n|" MACHINE_ID "\n", "systemd-boot 257.2",
	 MACHINE_ID "-6.12.8.conf", NULL, BOOT_KERNEL_CMDLINE, true, "kernel-install"},
	{GRUB PROXMOX NOT_BY_GRUB, "systemd-boot 254.1", "proxmox-6.8.4-2-pve.conf", NULL,
	 BOOT_KERNEL_CMDLINE, true, "which proxmox-boot-tool makes"},
	{GRUB PROXMOX BY_GRUB, NULL, NULL, NULL, BOOT_GRUB, true, "BOOT_IMAGE"},
	{SYSTEMD_BOOT "file /etc/kernelstub/configuration\n|{}\n", "systemd-boot 249.11",
	 "Pop_OS-current.conf", NULL, BOOT_KERNELSTUB, true, "kernelstub"},
	{UKI NOT_BY_GRUB, NULL, NULL, "systemd-stub 257.2", BOOT_KERNEL_CMDLINE, true,
	 "systemd-stub"},
	{GRUB LIMINE, "Limine 9.2.3", NULL, NULL, BOOT_LIMINE, true, "Limine 9.2.3"},
	/* a loader that starts another one, or a unified image */
	{GRUB REFIND BY_GRUB, "rEFInd 0.14.0", NULL, NULL, BOOT_GRUB, true, "BOOT_IMAGE"},
	{REFIND UKI, "rEFInd 0.14.0", NULL, "systemd-stub 257.2", BOOT_KERNEL_CMDLINE, true,
	 "rEFInd 0.14.0: it was started from a unified image"},
	{GRUB REFIND, "rEFInd 0.14.0", NULL, NULL, BOOT_REFIND, true, "rEFInd"},
	{GRUB SYSTEMD_BOOT, "GRUB 2.12", NULL, NULL, BOOT_GRUB, true, "GRUB 2.12"},
	{FEDORA "file /run/ostree-booted\n" BY_GRUB, NULL, NULL, NULL, BOOT_OSTREE, true,
	 "ostree-booted"},
	/* traces, as in a mounted system that did not start this kernel */
	{GRUB, NULL, NULL, NULL, BOOT_GRUB, true, "only GRUB"},
	{FEDORA, NULL, NULL, NULL, BOOT_GRUB_BLS, true, "only GRUB with loader entries"},
	{"file /etc/default/grub\n|GRUB_TIMEOUT=5\n" PROGRAM("/usr/bin/grub-mkconfig"), NULL, NULL,
	 NULL, BOOT_GRUB, true, "only GRUB"},
	{SYSTEMD_BOOT, NULL, NULL, NULL, BOOT_SYSTEMD_BOOT, true, "only systemd-boot"},
	{UKI, NULL, NULL, NULL, BOOT_KERNEL_CMDLINE, true, "only /etc/kernel/cmdline"},
	{PROXMOX, NULL, NULL, NULL, BOOT_KERNEL_CMDLINE, true, "/etc/kernel/cmdline"},
	/* its partitions may hold GRUB or systemd-boot */
	{GRUB PROXMOX, NULL, NULL, NULL, BOOT_GRUB, false, "GRUB, /etc/kernel/cmdline"},
	{GRUB PROXMOX NOT_BY_GRUB, NULL, NULL, NULL, BOOT_KERNEL_CMDLINE, true,
	 "only /etc/kernel/cmdline"},
	{LIMINE, NULL, NULL, NULL, BOOT_LIMINE, true, "only Limine"},
	{"file /boot/EFI/limine/limine.conf\n|timeout: 5\n", NULL, NULL, NULL, BOOT_LIMINE, true,
	 "only Limine"},
	{"file /efi/boot/limine/limine.conf\n|timeout: 5\n", NULL, NULL, NULL, BOOT_LIMINE, true,
	 "only Limine"},
	{"file /boot/EFI/arch-limine/limine.conf\n|timeout: 5\n", NULL, NULL, NULL, BOOT_LIMINE,
	 true, "only Limine"},
	{REFIND, NULL, NULL, NULL, BOOT_REFIND, true, "only rEFInd"},
	/* no proof and several: the candidates are named */
	{GRUB SYSTEMD_BOOT, NULL, NULL, NULL, BOOT_GRUB, false, "GRUB, systemd-boot"},
	{GRUB LIMINE REFIND, NULL, NULL, NULL, BOOT_GRUB, false, "GRUB, Limine, rEFInd"},
	/* GRUB always leaves BOOT_IMAGE= */
	{GRUB SYSTEMD_BOOT NOT_BY_GRUB, NULL, NULL, NULL, BOOT_SYSTEMD_BOOT, true,
	 "only systemd-boot"},
	/* nothing that we could edit */
	{"", NULL, NULL, NULL, BOOT_UNKNOWN, false, "no boot loader"},
	{BY_GRUB "file /boot/syslinux/syslinux.cfg\n|DEFAULT arch\n", NULL, NULL, NULL,
	 BOOT_UNKNOWN, false, "no boot loader"},
	/* a file of GRUB's package alone is no GRUB */
	{"file /etc/default/grub\n|GRUB_TIMEOUT=5\n", NULL, NULL, NULL, BOOT_UNKNOWN, false,
	 "no boot loader"},
};

/* The firmware's entry that BootCurrent names. */
static const struct {
	const char *text, *name, *path;
	enum boot_loader is;
	bool sure;
	const char *says;
} firmware_cases[] = {
	{GRUB SYSTEMD_BOOT, "Linux Boot Manager", "/EFI/systemd/systemd-bootx64.efi",
	 BOOT_SYSTEMD_BOOT, true,
	 "Boot0003 \"Linux Boot Manager\", /EFI/systemd/systemd-bootx64.efi"},
	{GRUB SYSTEMD_BOOT, "Linux Boot Manager", "/EFI/BOOT/BOOTX64.EFI", BOOT_SYSTEMD_BOOT, true,
	 "Linux Boot Manager"},
	{GRUB SYSTEMD_BOOT, "arch", "/EFI/arch/grubx64.efi", BOOT_GRUB, true, "grubx64.efi"},
	{GRUB LIMINE REFIND, "rEFInd Boot Manager", "/EFI/refind/refind_x64.efi", BOOT_REFIND, true,
	 "refind_x64.efi"},
	{GRUB LIMINE REFIND, "Arch Linux Limine Boot Loader", "/EFI/BOOT/BOOTX64.EFI", BOOT_LIMINE,
	 true, "Limine"},
	{GRUB UKI, "Arch Linux", "/EFI/Linux/arch-linux.efi", BOOT_KERNEL_CMDLINE, true,
	 "arch-linux.efi"},
	{FEDORA, "Fedora", "/EFI/fedora/grubx64.efi", BOOT_GRUB_BLS, true, "grubx64.efi"},
	/* the kernel itself: nothing to edit, and that is known */
	{GRUB, "Arch Linux", "/vmlinuz-linux", BOOT_UNKNOWN, true, "without a boot loader"},
	/* these tell nothing: the traces do, or nothing does */
	{GRUB SYSTEMD_BOOT, "debian", "/EFI/debian/shimx64.efi", BOOT_GRUB, false,
	 "GRUB, systemd-boot"},
	{GRUB SYSTEMD_BOOT, "UEFI OS", "/EFI/BOOT/BOOTX64.EFI", BOOT_GRUB, false,
	 "GRUB, systemd-boot"},
	{GRUB SYSTEMD_BOOT, "Limine and more", "", BOOT_GRUB, false, "GRUB, systemd-boot"},
	/* GRUB leaves BOOT_IMAGE=, so what its name stands for started something else */
	{GRUB SYSTEMD_BOOT NOT_BY_GRUB, "arch", "/EFI/arch/grubx64.efi", BOOT_SYSTEMD_BOOT, true,
	 "only systemd-boot"},
	/* rEFInd started GRUB */
	{GRUB REFIND BY_GRUB, "rEFInd", "/EFI/refind/refind_x64.efi", BOOT_GRUB, true,
	 "BOOT_IMAGE"},
};

static void put_boot_variable(const char *root, const char *name, const char *path)
{
	auto_str struct str bytes = STR_INIT;

	boot_variable_build(name, path, &bytes);
	tmproot_put_bytes(root, "/sys/firmware/efi/efivars/BootCurrent-" EFI_GLOBAL_GUID,
			  "\6\0\0\0\3\0", 6);
	tmproot_put_bytes(root, "/sys/firmware/efi/efivars/Boot0003-" EFI_GLOBAL_GUID, bytes.data,
			  bytes.len);
}

static void boot_loader_by_the_firmwares_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(firmware_cases); i++) {
		char *root = unpacked(firmware_cases[i].text);
		struct found f;

		put_boot_variable(root, firmware_cases[i].name, firmware_cases[i].path);
		f = detect_in(root);
		if (f.p->boot_loader != firmware_cases[i].is ||
		    f.p->boot_sure != firmware_cases[i].sure)
			fail_msg("case %zu: %d %s (%s)", i, f.p->boot_loader,
				 f.p->boot_sure ? "sure" : "not sure", f.p->boot_why);
		assert_says(i, f.p->boot_why, firmware_cases[i].says);
		done(&f);
	}
}

/* Damaged variables: each length cut off and each byte changed must do no harm. */
static void boot_variable_may_be_damaged(void **state)
{
	static const char program[] = "/EFI/x/grubx64.efi";
	static const char path[] = "/sys/firmware/efi/efivars/Boot0003-" EFI_GLOBAL_GUID;
	auto_str struct str bytes = STR_INIT;
	struct found f = detect(GRUB);

	(void)state;
	put_boot_variable(f.root, "Arch", program);
	boot_variable_build("Arch", program, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		auto_boot_variable struct boot_variable cut = BOOT_VARIABLE_INIT;
		auto_boot_variable struct boot_variable changed = BOOT_VARIABLE_INIT;

		tmproot_put_bytes(f.root, path, bytes.data, i);
		if (boot_variable_read(f.host, &cut))
			assert_true(strlen(cut.path) <= strlen(program));
		bytes.data[i] = (char)~bytes.data[i];
		tmproot_put_bytes(f.root, path, bytes.data, bytes.len);
		if (boot_variable_read(f.host, &changed))
			assert_non_null(changed.path);
		bytes.data[i] = (char)~bytes.data[i];
	}
	done(&f);
}

static void boot_loader_by_proof_then_traces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(boot_cases); i++) {
		const struct boot_case *c = &boot_cases[i];
		char *root = unpacked(c->text);
		struct found f;

		if (c->info)
			put_variable(root, "LoaderInfo", c->info);
		if (c->entry)
			put_variable(root, "LoaderEntrySelected", c->entry);
		if (c->stub)
			put_variable(root, "StubInfo", c->stub);
		f = detect_in(root);
		if (f.p->boot_loader != c->is || f.p->boot_sure != c->sure)
			fail_msg("case %zu: %d %s (%s)", i, f.p->boot_loader,
				 f.p->boot_sure ? "sure" : "not sure", f.p->boot_why);
		assert_says(i, f.p->boot_why, c->says);
		done(&f);
	}
}

/* --- initramfs ---------------------------------------------------------------------- */

#define MKINITCPIO PROGRAM("/usr/bin/mkinitcpio") "file /etc/mkinitcpio.conf\n|MODULES=()\n"
#define DRACUT PROGRAM("/usr/bin/dracut")
#define TOOLS PROGRAM("/usr/sbin/update-initramfs") "file /etc/initramfs-tools/initramfs.conf\n|#\n"
#define BOOSTER PROGRAM("/usr/bin/booster")

static void initramfs_generator(void **state)
{
	static const struct {
		const char *text;
		enum initramfs is;
		const char *says;
	} cases[] = {
		{"", INITRAMFS_UNKNOWN, "no program"},
		/* none at all, or one that something else built */
		{"file /boot/vmlinuz-6.12.8\n", INITRAMFS_NONE, "beside /boot/vmlinuz-6.12.8"},
		{"file /boot/kernel-6.12.8-gentoo\n", INITRAMFS_NONE, "no image is beside"},
		{"file /boot/vmlinuz\nfile /boot/initrd.img\n", INITRAMFS_UNKNOWN,
		 "but /boot/initrd.img is there"},
		{"file /boot/vmlinuz\nfile /proc/cmdline\n|initrd=\\x.img root=/dev/sda2\n",
		 INITRAMFS_UNKNOWN, "initrd="},
		{MKINITCPIO, INITRAMFS_MKINITCPIO, "only mkinitcpio"},
		{DRACUT, INITRAMFS_DRACUT, "only dracut"},
		{TOOLS, INITRAMFS_TOOLS, "only initramfs-tools"},
		{BOOSTER, INITRAMFS_BOOSTER, "only booster"},
		/* dracut's own update-initramfs */
		{DRACUT PROGRAM("/usr/sbin/update-initramfs"), INITRAMFS_DRACUT, "only dracut"},
		{"file /etc/mkinitcpio.conf\n|MODULES=()\n" DRACUT, INITRAMFS_DRACUT,
		 "only dracut"},
		/* both: who is called for a new kernel */
		{TOOLS DRACUT PROGRAM("/etc/kernel/postinst.d/dracut"), INITRAMFS_DRACUT,
		 "/etc/kernel/postinst.d/dracut"},
		{TOOLS DRACUT PROGRAM("/etc/kernel/postinst.d/initramfs-tools"), INITRAMFS_TOOLS,
		 "/etc/kernel/postinst.d/initramfs-tools"},
		{MKINITCPIO BOOSTER "file /etc/mkinitcpio.d/linux.preset\n|PRESETS=()\n",
		 INITRAMFS_MKINITCPIO, "preset"},
		{MKINITCPIO DRACUT "file /etc/kernel/install.conf\n|layout=bls\n"
				   "|initrd_generator=dracut\n",
		 INITRAMFS_DRACUT, "install.conf"},
		{MKINITCPIO DRACUT "file /etc/kernel/install.conf\n|#initrd_generator=dracut\n",
		 INITRAMFS_MKINITCPIO, "several are installed: mkinitcpio, dracut"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = detect(cases[i].text);

		if (f.p->initramfs != cases[i].is)
			fail_msg("case %zu: %d (%s)", i, f.p->initramfs, f.p->initramfs_why);
		assert_says(i, f.p->initramfs_why, cases[i].says);
		assert_int_equal(f.p->initramfs_foreign, strstr(cases[i].says, "initrd") != NULL);
		done(&f);
	}
}

/* --- OVMF --------------------------------------------------------------------------- */

#define DESCRIPTOR(path, code, machine, features)                                                  \
	"file " path "\n"                                                                          \
	"|{\"interface-types\": [\"uefi\"], \"mapping\": {\"device\": \"flash\",\n"                \
	"| \"executable\": {\"filename\": \"" code "\", \"format\": \"raw\"},\n"                   \
	"| \"nvram-template\": {\"filename\": \"/fw/VARS\", \"format\": \"raw\"}},\n"              \
	"| \"targets\": [{\"architecture\": \"x86_64\", \"machines\": [\"" machine "\"]}],\n"      \
	"| \"features\": [" features "]}\n"
#define IMAGES "file /fw/A\nfile /fw/B\nfile /fw/VARS\n"
#define ETC "/etc/qemu/firmware/"
#define USR "/usr/share/qemu/firmware/"
#define Q35 "pc-q35-*"

static void ovmf_as_the_descriptors_say(void **state)
{
	static const struct {
		const char *text, *code;
		bool secure_boot;
	} cases[] = {
		{"", NULL, false},
		{IMAGES DESCRIPTOR(USR "60-a.json", "/fw/A", Q35, ""), "/fw/A", false},
		/* by name, in both directories */
		{IMAGES DESCRIPTOR(USR "60-a.json", "/fw/A", Q35, "")
			 DESCRIPTOR(ETC "30-b.json", "/fw/B", Q35, ""),
		 "/fw/B", false},
		/* the same name in /etc masks, also when it is empty */
		{IMAGES DESCRIPTOR(USR "60-a.json", "/fw/A", Q35, "")
			 DESCRIPTOR(ETC "60-a.json", "/fw/B", Q35, ""),
		 "/fw/B", false},
		{IMAGES DESCRIPTOR(USR "60-a.json", "/fw/A", Q35, "") "file " ETC "60-a.json\n",
		 NULL, false},
		/* without Secure Boot first, but better that than none */
		{IMAGES DESCRIPTOR(USR "50-a.json", "/fw/A", Q35, "\"secure-boot\"")
			 DESCRIPTOR(USR "60-b.json", "/fw/B", Q35, "\"acpi-s3\""),
		 "/fw/B", false},
		{IMAGES DESCRIPTOR(USR "50-a.json", "/fw/A", Q35,
				   "\"secure-boot\", \"requires-smm\""),
		 "/fw/A", true},
		/* other machines, missing images, broken JSON */
		{IMAGES DESCRIPTOR(USR "50-a.json", "/fw/A", "microvm", ""), NULL, false},
		{IMAGES DESCRIPTOR(USR "50-a.json", "/fw/A", "pc-i440fx-*", ""), NULL, false},
		{IMAGES DESCRIPTOR(USR "50-a.json", "/fw/gone", Q35, "")
			 DESCRIPTOR(USR "60-b.json", "/fw/B", Q35, ""),
		 "/fw/B", false},
		{IMAGES "file " USR "50-a.json\n|{\"mapping\": \n" DESCRIPTOR(USR "60-b.json",
									      "/fw/B", Q35, ""),
		 "/fw/B", false},
		{IMAGES "file " USR "50-a.json\n|[1, null]\n", NULL, false},
		/* the distributions' places */
		{"file /usr/share/OVMF/OVMF_CODE_4M.fd\nfile /usr/share/OVMF/OVMF_VARS_4M.fd\n",
		 "/usr/share/OVMF/OVMF_CODE_4M.fd", false},
		{"file /usr/share/edk2/x64/OVMF_CODE.4m.fd\n"
		 "file /usr/share/edk2/x64/OVMF_VARS.4m.fd\n",
		 "/usr/share/edk2/x64/OVMF_CODE.4m.fd", false},
		/* halves of different sizes don't mix */
		{"file /usr/share/OVMF/OVMF_CODE_4M.fd\nfile /usr/share/OVMF/OVMF_VARS.fd\n", NULL,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = detect(cases[i].text);

		if (!f.p->ovmf.code != !cases[i].code)
			fail_msg("case %zu: %s", i, f.p->ovmf.code ? f.p->ovmf.code : "none");
		if (cases[i].code) {
			assert_string_equal(f.p->ovmf.code, cases[i].code);
			assert_string_equal(f.p->ovmf.format, "raw");
			assert_non_null(f.p->ovmf.vars);
		}
		assert_int_equal(f.p->ovmf.secure_boot, cases[i].secure_boot);
		done(&f);
	}
}

/* --- libvirt, user, the rest --------------------------------------------------------- */

#define UNIT(name) "file /usr/lib/systemd/system/" name "\n|[Unit]\n"
#define ENABLED(dir, name)                                                                         \
	"link /etc/systemd/system/" dir "/" name " /usr/lib/systemd/system/" name "\n"

static void libvirt_daemon(void **state)
{
	static const struct {
		const char *text, *unit;
		bool libvirt;
	} cases[] = {
		{"", NULL, false},
		{UNIT("libvirtd.service") "file /etc/libvirt/qemu.conf\n", "libvirtd.service",
		 true},
		{UNIT("libvirtd.service") UNIT("virtqemud.service") "file /etc/libvirt/qemu.conf\n",
		 "libvirtd.service", true},
		{UNIT("libvirtd.service") UNIT("virtqemud.service")
			 ENABLED("sockets.target.wants",
				 "virtqemud.socket") "file /etc/libvirt/qemu.conf\n",
		 "virtqemud.service", true},
		{UNIT("virtqemud.service") PROGRAM("/usr/sbin/virtqemud"), "virtqemud.service",
		 true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = detect(cases[i].text);

		assert_int_equal(f.p->libvirt, cases[i].libvirt);
		if (cases[i].unit)
			assert_string_equal(f.p->libvirt_unit, cases[i].unit);
		else
			assert_null(f.p->libvirt_unit);
		done(&f);
	}
}

static void the_user_is_the_first_person(void **state)
{
	static const struct {
		const char *passwd, *user;
	} cases[] = {
		{"|root:x:0:0::/root:/bin/sh\n|alex:x:1000:1000::/home/alex:/bin/sh\n", "alex"},
		{"|nobody:x:65534:65534::/home/nobody:/bin/false\n", NULL},
		{"|builder:x:1000:1000::/var/lib/builder:/bin/sh\n"
		 "|kim:x:1001:1001::/home/kim:/bin/sh\n",
		 "kim"},
		{"|broken:x:1000\n|:x:1000:1000::/home/x:/bin/sh\n", NULL},
	};

	(void)state;
	setenv("SUDO_USER", "root", 1); /* counts on this machine only */
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = xasprintf("file /etc/passwd\n%s", cases[i].passwd);
		struct found f = detect(text);

		if (cases[i].user)
			assert_string_equal(f.p->user, cases[i].user);
		else
			assert_null(f.p->user);
		done(&f);
	}
	unsetenv("SUDO_USER");
}

static void cpu_kernel_and_names(void **state)
{
	struct found f = detect("file /proc/cpuinfo\n"
				"|processor\t: 0\n"
				"|vendor_id\t: AuthenticAMD\n"
				"|model\t\t: 80\n"
				"|model name\t: AMD Ryzen 5 5600G with Radeon Graphics\n"
				"|flags\t\t: fpu svm npt\n"
				"file /proc/sys/kernel/osrelease\n|6.12.8-arch1-1\n"
				"file /etc/hostname\n|archbox\n"
				"dir /sys/firmware/efi\n"
				"file /etc/os-release\n|NAME=\"Linux Mint\"\n|ID=linuxmint\n"
				"|ID_LIKE=\"ubuntu debian\"\n");

	(void)state;
	assert_string_equal(f.p->cpu_model, "AMD Ryzen 5 5600G with Radeon Graphics");
	assert_string_equal(cpu_vendor_name(f.p->cpu), "amd");
	assert_true(f.p->cpu_virtualization);
	assert_string_equal(f.p->kernel, "6.12.8-arch1-1");
	assert_string_equal(f.p->hostname, "archbox");
	assert_string_equal(firmware_name(f.p->firmware), "uefi");
	assert_string_equal(f.p->distro_id, "linuxmint");
	assert_int_equal(f.p->distro_like.len, 3);
	assert_true(strv_has(&f.p->distro_like, "debian"));
	assert_true(f.p->is_root); /* a tree may always be changed */
	assert_null(f.p->qemu);
	assert_null(f.p->qemu_version);
	done(&f);
}

/* A mounted system that has this machine's proc bound into it. */
static void a_kernel_without_modules_is_not_that_systems(void **state)
{
	struct found f = detect("file /proc/sys/kernel/osrelease\n|6.9.9-rescue\n"
				"file /lib/modules/6.1.0-30/modules.dep\n"
				"file /lib/modules/6.12.8/modules.dep\n");

	(void)state;
	assert_string_equal(f.p->kernel, "6.12.8");
	assert_int_equal(f.p->kernels.len, 2);
	assert_string_equal(f.p->kernels.items[1], "6.1.0-30");
	done(&f);
}

static void modules_of_vfio(void **state)
{
	static const char dep[] = "file /proc/sys/kernel/osrelease\n|6.1.0\n"
				  "file /lib/modules/6.1.0/modules.dep\n"
				  "|kernel/drivers/vfio/pci/vfio-pci.ko.xz:\n"
				  "|kernel/drivers/vfio/vfio_virqfd.ko.xz:\n"
				  "file /lib/modules/6.1.0/modules.builtin\n"
				  "|kernel/drivers/pci/pci-stub.ko\n";
	static const char newer[] = "file /lib/modules/6.12.8/modules.dep\n"
				    "|kernel/drivers/vfio/pci/vfio-pci.ko.xz:\n";
	static const char inside[] = "file /lib/modules/6.13.0/modules.dep\n"
				     "file /lib/modules/6.13.0/modules.builtin\n"
				     "|kernel/drivers/vfio/pci/vfio-pci.ko\n";
	auto_free char *two = xasprintf("%s%s", dep, newer);
	auto_free char *mixed_text = xasprintf("%s%s", dep, inside);
	struct found mixed = detect(mixed_text);
	struct found f = detect(dep), none = detect(""), both = detect(two);

	(void)state;
	assert_true(f.p->vfio_pci_known);
	assert_int_equal(f.p->vfio_pci, MODULE_LOADABLE);
	assert_int_equal(f.p->vfio_virqfd, MODULE_LOADABLE);
	assert_int_equal(f.p->pci_stub, MODULE_BUILTIN);
	assert_false(none.p->vfio_pci_known);
	assert_int_equal(none.p->vfio_pci, MODULE_UNKNOWN);
	assert_true(both.p->vfio_pci_loadable && !both.p->vfio_pci_builtin);
	assert_true(mixed.p->vfio_pci_loadable && mixed.p->vfio_pci_builtin);
	done(&mixed);
	assert_int_equal(both.p->vfio_virqfd, MODULE_MISSING); /* the image of 6.12.8 has none */
	done(&both);
	done(&f);
	done(&none);
}

static void secure_boot_from_the_variable(void **state)
{
	static const char path[] =
		"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

	(void)state;
	for (int on = 0; on < 2; on++) {
		char *root = unpacked("");
		char bytes[5] = {6, 0, 0, 0, (char)on};
		struct found f;

		tmproot_put_bytes(root, path, bytes, sizeof(bytes));
		f = detect_in(root);
		assert_int_equal(f.p->secure_boot, on);
		done(&f);
	}
}

static void the_firmware(void **state)
{
	static const struct {
		const char *files, *name;
	} cases[] = {
		{"", NULL}, /* nothing tells */
		{"dir /sys/firmware/efi/efivars\n", "uefi"},
		{"file /sys/firmware/acpi/tables/DSDT 0400\n", "bios"},
		{"dir /sys/firmware/acpi\ndir /boot/EFI\n",
		 "bios"}, /* the kernel knows better than files */
		{"dir /boot/efi/EFI/debian\n", "uefi"},
		{"dir /boot/grub/i386-pc\n", "bios"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct found f = detect(cases[i].files);
		const char *name = firmware_name(f.p->firmware);

		if ((name == NULL) != (cases[i].name == NULL) ||
		    (name && strcmp(name, cases[i].name) != 0))
			fail_msg("%s: %s", cases[i].files, name ? name : "not known");
		done(&f);
	}
}

static void the_package_to_install(void **state)
{
	static const struct {
		const char *os_release;
		enum platform_package what;
		const char *hint;
	} cases[] = {
		{"|ID=arch\n", PACKAGE_QEMU, "pacman -S qemu-desktop"},
		{"|ID=cachyos\n|ID_LIKE=arch\n", PACKAGE_OVMF, "pacman -S edk2-ovmf"},
		{"|ID=debian\n", PACKAGE_LIBVIRT, "apt install libvirt-daemon-system"},
		{"|ID='fedora'\n", PACKAGE_QEMU, "dnf install qemu-kvm"},
		{"|ID=nixos\n", PACKAGE_QEMU, NULL},
		{"|NAME=x\n", PACKAGE_QEMU, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_free char *text = xasprintf("file /etc/os-release\n%s", cases[i].os_release);
		struct found f = detect(text);
		auto_free char *hint = platform_install_hint(f.p, cases[i].what);

		if (cases[i].hint)
			assert_string_equal(hint, cases[i].hint);
		else
			assert_null(hint);
		done(&f);
	}
}

/* What the demo's first screen says must be sensible, so that a newcomer is not misled. */
static void the_bundled_machines_are_complete(void **state)
{
	static const struct {
		const char *name, *iommu, *boot, *initramfs;
	} expect[] = {
		{"desktop", "on", "grub", "mkinitcpio"},
		{"iommu-off", "off", "grub", "initramfs-tools"},
	};

	(void)state;
	assert_int_equal(bundled_recordings_len, ARRAY_SIZE(expect));
	for (size_t i = 0; i < ARRAY_SIZE(expect); i++) {
		auto_free char *text = xstrndup(bundled_recordings[i].text,
						bundled_recordings[i].len);
		struct found f = detect(text);

		assert_string_equal(bundled_recordings[i].name, expect[i].name);
		assert_string_equal(iommu_state_name(f.p->iommu), expect[i].iommu);
		assert_string_equal(boot_loader_name(f.p->boot_loader), expect[i].boot);
		assert_true(f.p->boot_sure);
		assert_string_equal(initramfs_name(f.p->initramfs), expect[i].initramfs);
		assert_int_equal(f.p->vfio_pci, MODULE_LOADABLE);
		assert_non_null(f.p->ovmf.code);
		assert_non_null(f.p->qemu);
		assert_non_null(f.p->cpu_model);
		assert_string_equal(f.p->user, "alex");
		done(&f);
	}
}

/* The machine that runs the test: nothing to compare with, but it must come through. */
static void this_machine_is_detected(void **state)
{
	struct found f = detect_in(xstrdup("/"));

	(void)state;
	assert_non_null(f.p->kernel);
	assert_non_null(f.p->iommu_why);
	assert_non_null(f.p->boot_why);
	assert_int_equal(f.p->is_root, geteuid() == 0);
	platform_free(f.p);
	modules_free(f.modules);
	host_free(f.host);
	free(f.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iommu_on_off_or_absent),
		cmocka_unit_test(iommu_of_another_maker),
		cmocka_unit_test(iommu_on_by_default),
		cmocka_unit_test(how_the_framebuffer_goes),
		cmocka_unit_test(acs_override_is_proved_by_the_kernels_symbols),
		cmocka_unit_test(the_kernels_symbols_may_be_many),
		cmocka_unit_test(boot_loader_by_proof_then_traces),
		cmocka_unit_test(boot_loader_by_the_firmwares_entry),
		cmocka_unit_test(boot_variable_may_be_damaged),
		cmocka_unit_test(initramfs_generator),
		cmocka_unit_test(ovmf_as_the_descriptors_say),
		cmocka_unit_test(libvirt_daemon),
		cmocka_unit_test(the_user_is_the_first_person),
		cmocka_unit_test(cpu_kernel_and_names),
		cmocka_unit_test(a_kernel_without_modules_is_not_that_systems),
		cmocka_unit_test(modules_of_vfio),
		cmocka_unit_test(secure_boot_from_the_variable),
		cmocka_unit_test(the_firmware),
		cmocka_unit_test(the_package_to_install),
		cmocka_unit_test(the_bundled_machines_are_complete),
		cmocka_unit_test(this_machine_is_detected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
