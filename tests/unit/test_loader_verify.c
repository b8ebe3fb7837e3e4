/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each boot chain's target finds of the kernel parameters in what was built: entries, images, configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/shells.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "config/uki.h"

#define DIR "/boot/loader/entries/"
#define E(options) "title A\nversion 6.12\nlinux /vmlinuz\noptions " options "\n"
#define STUB(list)                                                                                 \
	"{\"default\": {\"kernel_options\": []}, \"user\": {\"kernel_options\": [" list "]}}"

static void wish_of(struct wish *w, const char *params)
{
	wish_init(w);
	strv_split(&w->kernel_params, params, " ");
	wish_add_device(w);
}

struct file {
	const char *path, *text;
};

static const struct {
	const struct target *target;
	struct file files[4];
	enum check_state state;
	const char *found; /* in the sentence */
} cases[] = {
	/* systemd-boot: each entry that is no way back */
	{&target_systemd_boot, {{DIR "a.conf", E("root=a iommu=pt")}}, CHECK_OK, NULL},
	{&target_systemd_boot,
	 {{DIR "a.conf", E("root=a\noptions iommu=pt")},
	  {DIR "a-without-passthrough.conf", E("root=a")},
	  {DIR "rescue.conf", E("root=a")}},
	 CHECK_OK,
	 NULL},
	{&target_systemd_boot,
	 {{DIR "a.conf", E("root=a iommu=pt")}, {DIR "new.conf", E("root=a")}},
	 CHECK_FAILED,
	 "missing in 1 of 2"},
	{&target_systemd_boot, {{DIR "a.conf", E("iommu=pt iommu=nopt")}}, CHECK_FAILED, "1 of 1"},
	{&target_systemd_boot,
	 {{DIR "w.conf", "title W\nefi /w.efi\n"}},
	 CHECK_UNKNOWN,
	 "no entry"},
	/* kernel-install: the entries it makes, not the file it makes them of */
	{&target_kernel_cmdline,
	 {{"/etc/kernel/cmdline", "root=a iommu=pt\n"}, {DIR "id-6.12.conf", E("root=a iommu=pt")}},
	 CHECK_OK,
	 NULL},
	{&target_kernel_cmdline,
	 {{"/etc/kernel/cmdline", "root=a iommu=pt\n"}, {DIR "id-6.12.conf", E("root=a")}},
	 CHECK_FAILED,
	 "missing in 1 of 1"},
	{&target_kernel_cmdline,
	 {{"/etc/kernel/cmdline", "root=a iommu=pt\n"}},
	 CHECK_UNKNOWN,
	 "no entry"},
	/* proxmox-boot-tool's partitions are not mounted: its source is what can be read */
	{&target_kernel_cmdline,
	 {{"/etc/kernel/cmdline", "root=a iommu=pt\n"},
	  {"/etc/kernel/proxmox-boot-uuids", "A-B\n"}},
	 CHECK_OK,
	 NULL},
	{&target_kernel_cmdline,
	 {{"/etc/kernel/cmdline", "root=a\n"}, {"/etc/kernel/proxmox-boot-uuids", "A-B\n"}},
	 CHECK_FAILED,
	 "missing in 1 of 1"},
	/* Fedora: entries, also those that refer to GRUB's environment */
	{&target_grub_bls, {{DIR "id-6.12.conf", E("root=a iommu=pt")}}, CHECK_OK, NULL},
	{&target_grub_bls,
	 {{DIR "id-6.12.conf", E("root=a $kernelopts")},
	  {"/boot/grub2/grubenv", "# GRUB Environment Block\nkernelopts=ro iommu=pt \n####"}},
	 CHECK_OK,
	 NULL},
	{&target_grub_bls,
	 {{DIR "id-6.12.conf", E("root=a iommu=pt")}, {DIR "id-6.13.conf", E("root=a")}},
	 CHECK_FAILED,
	 "missing in 1 of 2"},
	{&target_grub_bls, {{NULL, NULL}}, CHECK_UNKNOWN, "no entry"},
	/* ostree: the newest deployment only */
	{&target_ostree,
	 {{DIR "ostree-1.conf", "version 1\nlinux /v\noptions root=a\n"},
	  {DIR "ostree-2.conf", "version 2\nlinux /v\noptions root=a iommu=pt\n"}},
	 CHECK_OK,
	 NULL},
	{&target_ostree,
	 {{DIR "ostree-1.conf", "version 9\nlinux /v\noptions iommu=pt\n"},
	  {DIR "ostree-2.conf", "version 10\nlinux /v\noptions root=a\n"}},
	 CHECK_FAILED,
	 "missing in 1 of 1"},
	{&target_ostree, {{NULL, NULL}}, CHECK_UNKNOWN, "no entry"},
	/* a deployment that is written when the machine shuts down counts before those in the menu */
	{&target_ostree,
	 {{DIR "ostree-1.conf", "version 1\nlinux /v\noptions root=a\n"},
	  {"/run/ostree/staged-deployment", "kargs root=a iommu=pt"}},
	 CHECK_AFTER_REBOOT,
	 "staged"},
	{&target_ostree,
	 {{DIR "ostree-1.conf", "version 1\nlinux /v\noptions root=a iommu=pt\n"},
	  {"/run/ostree/staged-deployment", "kargs root=a"}},
	 CHECK_FAILED,
	 "lacks it"},
	/* kernelstub: its configuration and the entries it writes of it */
	{&target_kernelstub,
	 {{"/etc/kernelstub/configuration", STUB("\"quiet\", \"iommu=pt\"")},
	  {DIR "Pop_OS-current.conf", E("root=a quiet iommu=pt")}},
	 CHECK_OK,
	 NULL},
	{&target_kernelstub,
	 {{"/etc/kernelstub/configuration", STUB("\"quiet\", \"iommu=pt\"")},
	  {DIR "Pop_OS-current.conf", E("root=a quiet")}},
	 CHECK_FAILED,
	 "missing in 1 of 2"},
	{&target_kernelstub,
	 {{"/etc/kernelstub/configuration", STUB("\"quiet\"")}},
	 CHECK_FAILED,
	 "missing in 1 of 1"},
	/* Limine, by hand and by its tool */
	{&target_limine,
	 {{"/boot/limine.conf", "/A\nprotocol: linux\ncmdline: root=a iommu=pt\n"}},
	 CHECK_OK,
	 NULL},
	{&target_limine,
	 {{"/boot/limine.conf", "/A\nprotocol: linux\ncmdline: iommu=pt\n/B\nprotocol: linux\n"
				"cmdline: root=b\n"}},
	 CHECK_FAILED,
	 "missing in 1 of 2"},
	/* rEFInd: lines that start more than one user mode */
	{&target_refind,
	 {{"/boot/refind_linux.conf",
	   "\"Boot\" \"root=a iommu=pt\"\n\"Boot with minimal options\" \"ro root=a\"\n"}},
	 CHECK_OK,
	 NULL},
	{&target_refind,
	 {{"/boot/refind_linux.conf", "\"Boot\" \"root=a\"\n"}},
	 CHECK_FAILED,
	 "missing in 1 of 1"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct checks c = {.len = 0};
		struct wish w;
		struct bed b;

		bed_init(&b);
		for (size_t k = 0; k < ARRAY_SIZE(cases[i].files) && cases[i].files[k].path; k++)
			bed_put(&b, cases[i].files[k].path, cases[i].files[k].text);
		wish_of(&w, "iommu=pt");
		assert_int_equal(bed_verify(&b, cases[i].target, &w, NULL, &c), 0);
		assert_int_equal(c.len, 2);
		if (c.items[0].state != cases[i].state)
			fail_msg("case %zu (%s): state %d, found \"%s\"", i, cases[i].target->name,
				 c.items[0].state, c.items[0].found ? c.items[0].found : "");
		if (cases[i].found && !strstr(c.items[0].found, cases[i].found))
			fail_msg("case %zu: found \"%s\"", i, c.items[0].found);
		assert_true((c.items[0].remedy != NULL) == (cases[i].state == CHECK_FAILED ||
							    cases[i].state == CHECK_AFTER_REBOOT));
		assert_string_equal(c.items[1].what, "the kernel runs with iommu=pt");
		assert_int_equal(c.items[1].state, CHECK_AFTER_REBOOT);
		checks_release(&c);
		wish_release(&w);
		bed_release(&b);
	}
}

static void test_running_kernel(void **state)
{
	static const struct target *const all[] = {
		&target_systemd_boot, &target_kernel_cmdline, &target_grub_bls,
		&target_ostree,       &target_limine,         &target_refind,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct checks c = {.len = 0};
		struct wish w;
		struct bed b;

		bed_init(&b);
		bed_put(&b, "/boot/limine.conf", "/A\nprotocol: linux\ncmdline: a\n");
		bed_put(&b, "/boot/refind_linux.conf", "\"Boot\" \"root=a\"\n");
		b.platform.cmdline = (char[]){"root=a iommu=pt"};
		wish_of(&w, "iommu=pt");
		assert_int_equal(bed_verify(&b, all[i], &w, NULL, &c), 0);
		if (c.items[c.len - 1].state != CHECK_OK)
			fail_msg("%s", all[i]->name);
		checks_release(&c);
		wish_release(&w);
		bed_release(&b);
	}
}

/* --- unified images ------------------------------------------------------------------------- */

static void put_number(struct str *s, size_t n, size_t bytes)
{
	for (; bytes--; n >>= 8)
		str_addc(s, (char)(n & 0xff));
}

static void put_section(struct str *s, const char *name, size_t size, size_t raw, size_t at)
{
	str_add(s, name, strlen(name));
	put_number(s, 0, 8 - strlen(name));
	put_number(s, size, 4);
	put_number(s, 0, 4);
	put_number(s, raw, 4);
	put_number(s, at, 4);
	put_number(s, 0, 16);
}

/* A PE file of two sections, the second one with the line. */
static void make_uki(const char *section, const char *line, struct str *s)
{
	str_adds(s, "MZ");
	put_number(s, 0, 0x3a);
	put_number(s, 0x80, 4);
	put_number(s, 0, 0x40);
	str_add(s, "PE\0\0", 4);
	put_number(s, 0x8664, 2);
	put_number(s, 2, 2);
	put_number(s, 0, 12);
	put_number(s, 16, 2); /* size of the optional header */
	put_number(s, 0, 2 + 16);
	put_section(s, ".linux", 512, 512, 512);
	put_section(s, section, strlen(line), 512, 1024);
	put_number(s, 0, 1024 - s->len);
	str_adds(s, line);
	put_number(s, 0, 1536 - s->len);
}

static struct host *root_with(const char *path, const struct str *bytes, char **ret_root)
{
	struct host *host;
	struct err err = ERR_INIT;

	*ret_root = tmproot_new();
	tmproot_put_bytes(*ret_root, path, bytes->data, bytes->len);
	if (host_open(*ret_root, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static void test_uki_line(void **state)
{
	static const struct {
		const char *section, *line;
		size_t cut; /* the file ends here; 0: whole */
		const char *read;
	} images[] = {
		{".cmdline", "root=a iommu=pt", 0, "root=a iommu=pt"},
		{".cmdline", "root=a\n", 0, "root=a"},
		{".cmdline", "", 0, ""},
		{".osrel", "ID=arch", 0, NULL},
		{".cmdline", "root=a", 0x90, NULL},
		{".cmdline", "root=a", 1026, "ro"},
		{".cmdline", "root=a", 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		auto_str struct str bytes = STR_INIT;
		auto_str struct str line = STR_INIT;
		struct err err = ERR_INIT;
		struct host *host;
		char *root;
		int r;

		make_uki(images[i].section, images[i].line, &bytes);
		if (images[i].cut)
			str_truncate(&bytes, images[i].cut);
		host = root_with("/efi/a.efi", &bytes, &root);
		r = uki_line(host, "/efi/a.efi", &line, &err);
		if (images[i].read ? r < 0 || strcmp(line.data, images[i].read) != 0 : r >= 0)
			fail_msg("image %zu: %d, \"%s\"", i, r, line.data ? line.data : "");
		if (r < 0)
			assert_non_null(strstr(err.text, "/efi/a.efi"));
		host_free(host);
		tmproot_remove(root);
	}
}

static enum check_state verify_uki(const char *line, const char *preset)
{
	auto_str struct str bytes = STR_INIT;
	struct checks c = {.len = 0};
	enum check_state is;
	struct host *host;
	struct wish w;
	struct bed b;
	char *root;

	make_uki(".cmdline", line, &bytes);
	host = root_with("/efi/EFI/Linux/a.efi", &bytes, &root);
	bed_init(&b);
	if (preset) {
		b.platform.initramfs = INITRAMFS_MKINITCPIO;
		tmproot_put(root, "/etc/mkinitcpio.d/linux.preset", preset);
	}
	wish_of(&w, "iommu=pt");
	assert_int_equal(bed_verify(&b, &target_kernel_cmdline, &w, host, &c), 0);
	is = c.items[0].state;
	checks_release(&c);
	wish_release(&w);
	bed_release(&b);
	host_free(host);
	tmproot_remove(root);
	return is;
}

static void test_ukis_are_read(void **state)
{
	static const char preset[] = "PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/a.efi\"\n";
	static const char gone[] = "PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/b.efi\"\n";

	(void)state;
	assert_int_equal(verify_uki("root=a iommu=pt", NULL), CHECK_OK);
	assert_int_equal(verify_uki("root=a", NULL), CHECK_FAILED);
	assert_int_equal(verify_uki("root=a iommu=pt", preset), CHECK_OK);
	assert_int_equal(verify_uki("root=a", preset), CHECK_FAILED);
	assert_int_equal(verify_uki("root=a iommu=pt", gone), CHECK_UNKNOWN);
}

/* What ukify, or objcopy on any PE file, puts together. */
static void test_real_uki(void **state)
{
	static const char *const stubs[] = {"/usr/lib/systemd/boot/efi/linuxx64.efi.stub",
					    "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"};
	auto_str struct str out = STR_INIT;
	auto_str struct str line = STR_INIT;
	auto_str struct str bytes = STR_INIT;
	struct host *host;
	char *root;
	bool made = false;

	(void)state;
	if (!shells_have("objcopy"))
		skip();
	root = tmproot_new();
	tmproot_put(root, "/line", "root=a quiet iommu=pt");
	for (size_t i = 0; i < ARRAY_SIZE(stubs) && !made; i++)
		made = !shell_run(&out,
				  "objcopy --add-section .cmdline=%s/line --change-section-vma "
				  ".cmdline=0x30000 %s %s/a.efi 2>&1",
				  root, stubs[i], root);
	if (!made) {
		tmproot_remove(root);
		fprintf(stderr,
			"SKIPPED IN PART: no UKI was made (needs binutils and systemd-boot)\n");
		skip();
	}
	assert_int_equal(host_open(root, &host, NULL), 0);
	assert_int_equal(uki_line(host, "/a.efi", &line, NULL), 0);
	assert_string_equal(line.data, "root=a quiet iommu=pt");
	host_free(host);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),    cmocka_unit_test(test_running_kernel),
		cmocka_unit_test(test_uki_line), cmocka_unit_test(test_ukis_are_read),
		cmocka_unit_test(test_real_uki),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
