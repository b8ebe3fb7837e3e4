/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real indexes are made here by depmod from objects that hold nothing but a .modinfo section;
 * where depmod or a compiler is missing, the tests that need them say so and are left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../support/bed.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "machine/modules.h"

#define RELEASE "6.12.8-arch1-1"
#define DIR "/usr/lib/modules/" RELEASE
#define CARD "pci:v000010DEd00002484sv00001462sd00003905bc03sc00i00"

static struct host *open_root(const char *root)
{
	struct host *host = NULL;
	struct err err = ERR_INIT;

	if (host_open(root, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

/* "a b c": what would drive the device, as the modules say. */
static char *candidates(const char *root, const char *modalias)
{
	auto_host struct host *host = open_root(root);
	struct modules *m = modules_new(host);
	auto_strv struct strv names = STRV_INIT, again = STRV_INIT;
	char *joined;

	modules_for_alias(m, modalias, &names);
	modules_for_alias(m, modalias, &again); /* from the cache */
	assert_true(strv_equal(&names, &again));
	joined = names.len ? strv_join(&names, " ") : xstrdup("");
	modules_free(m);
	return joined;
}

static void assert_candidates(const char *root, const char *modalias, const char *expect)
{
	auto_free char *got = candidates(root, modalias);

	assert_string_equal(got, expect);
}

static void assert_state(const char *root, const char *release, const char *name,
			 enum module_state expect)
{
	auto_host struct host *host = open_root(root);
	struct modules *m = modules_new(host);
	enum module_state got = modules_state(m, release, name);

	if (got != expect)
		fail_msg("%s is in state %d instead of %d", name, got, expect);
	modules_free(m);
}

static bool can_make_indexes(void)
{
	struct str out = STR_INIT;
	bool can = shell_run(&out, "command -v depmod && command -v modprobe && command -v cc") ==
		   0;

	str_release(&out);
	if (!can)
		print_message("SKIPPED: depmod, modprobe or cc is missing\n");
	return can;
}

static void make_module(const char *root, const char *path, const char *aliases)
{
	struct str out = STR_INIT;
	auto_free char *source = tmproot_path(root, "/module.c");
	auto_free char *object = tmproot_path(root, path);
	auto_free char *text =
		xasprintf("static const char info[] __attribute__((section(\".modinfo\"), used, "
			  "aligned(1))) = \"license=GPL\\0%s\";\n",
			  aliases);

	tmproot_put(root, "/module.c", text);
	tmproot_put(root, path, "");
	if (shell_run(&out, "cc -c -o %s %s", object, source) != 0)
		fail_msg("cc: %s", out.data);
	str_release(&out);
}

/* A root with four modules and an index by depmod; the caller removes it. */
static char *root_with_indexes(void)
{
	char *root = tmproot_new();
	struct str out = STR_INIT;

	tmproot_link(root, "/lib", "usr/lib");
	tmproot_put(root, "/proc/sys/kernel/osrelease", RELEASE "\n");
	make_module(root, DIR "/kernel/nouveau.ko", "alias=pci:v000010DEd*sv*sd*bc03sc*i*");
	make_module(root, DIR "/kernel/nvidia-drm.ko",
		    "alias=pci:v000010DEd00002484sv*sd*bc03sc00i00*");
	make_module(root, DIR "/kernel/vfio-pci.ko", "alias=vfio_pci:v*d*sv*sd*bc*sc*i*");
	make_module(root, DIR "/kernel/snd-hda-intel.ko",
		    "alias=pci:v000010DEd*sv*sd*bc04sc03i00*");
	tmproot_put(root, DIR "/modules.builtin",
		    "kernel/drivers/ata/ahci.ko\nkernel/drivers/pci/pci-stub.ko\n");
	tmproot_put(root, DIR "/modules.order", "kernel/nouveau.ko\n");
	if (shell_run(&out, "depmod -b %s/usr " RELEASE " 2>&1 || depmod -b %s " RELEASE " 2>&1",
		      root, root) != 0)
		fail_msg("depmod: %s", out.data);
	str_release(&out);
	return root;
}

static char *resolved_by_modprobe(const char *root, const char *modalias)
{
	auto_strv struct strv words = STRV_INIT;
	struct str out = STR_INIT;
	char *joined;

	shell_run(&out, "modprobe -C /dev/null -d %s -S " RELEASE " -R '%s' 2>/dev/null", root,
		  modalias);
	strv_split(&words, out.data, "\n");
	joined = words.len ? strv_join(&words, " ") : xstrdup("");
	str_release(&out);
	return joined;
}

static void as_modprobe_resolves(void **state)
{
	static const char *const modaliases[] = {
		CARD,
		"pci:v000010DEd00001B80sv00000000sd00000000bc03sc00i00",
		"pci:v000010DEd0000228Bsv00001462sd00003905bc04sc03i00",
		"pci:v00008086d000010D3sv00000000sd00000000bc02sc00i00",
		"pci:",
	};
	char *root;

	(void)state;
	if (!can_make_indexes())
		return;
	root = root_with_indexes();
	for (size_t i = 0; i < ARRAY_SIZE(modaliases); i++) {
		auto_free char *expect = resolved_by_modprobe(root, modaliases[i]);

		assert_candidates(root, modaliases[i], expect);
		assert_true(i != 0 || strstr(expect, "nouveau")); /* modprobe did work */
	}
	/* a blacklist of the root or of this machine does not hide a candidate */
	tmproot_put(root, "/etc/modprobe.d/no.conf", "blacklist nouveau\nblacklist nvidia_drm\n");
	assert_candidates(root, "pci:v000010DEd00001B80sv00000000sd00000000bc03sc00i00", "nouveau");
	assert_candidates(root, "nouveau", ""); /* not a modalias of a PCI device */
	assert_state(root, NULL, "vfio-pci", MODULE_LOADABLE);
	assert_state(root, NULL, "vfio_pci", MODULE_LOADABLE);
	assert_state(root, NULL, "snd_hda_intel", MODULE_LOADABLE);
	assert_state(root, NULL, "pci_stub", MODULE_BUILTIN);
	assert_state(root, NULL, "vfio", MODULE_MISSING);
	tmproot_remove(root);
}

/* A root whose indexes are links: they might lead to this machine's, so libkmod gets none of them. */
static void links_do_not_lead_out(void **state)
{
	char *root, *evil;
	auto_free char *inside = NULL;

	(void)state;
	if (!can_make_indexes())
		return;
	root = root_with_indexes();
	evil = tmproot_new();
	inside = tmproot_path(root, DIR);
	tmproot_put(evil, "/proc/sys/kernel/osrelease", RELEASE "\n");
	tmproot_link(evil, "/lib/modules/" RELEASE, inside); /* the directory itself */
	assert_candidates(evil, CARD, "");
	assert_state(evil, RELEASE, "vfio-pci", MODULE_UNKNOWN);
	tmproot_remove(evil);

	evil = tmproot_new();
	tmproot_put(evil, "/proc/sys/kernel/osrelease", RELEASE "\n");
	tmproot_put(evil, "/lib/modules/" RELEASE "/modules.builtin", "");
	tmproot_put(evil, "/lib/modules/" RELEASE "/modules.dep", "");
	for (size_t i = 0; i < 4; i++) { /* each index */
		static const char *const names[] = {"modules.alias.bin", "modules.dep.bin",
						    "modules.symbols.bin", "modules.builtin.bin"};
		auto_free char *to = xasprintf("%s/%s", inside, names[i]);
		auto_free char *at = xasprintf("/lib/modules/" RELEASE "/%s", names[i]);

		tmproot_link(evil, at, to);
	}
	assert_candidates(evil, CARD, "");
	tmproot_remove(evil);
	tmproot_remove(root);
}

/* The text that depmod writes beside its index answers for a damaged one. */
static void damaged_indexes(void **state)
{
	static const char long_junk[] =
		"not an index at all, but long enough to be one, 0123456789";
	struct str bytes = STR_INIT;
	char *root;

	(void)state;
	if (!can_make_indexes())
		return;
	root = root_with_indexes();
	assert_true(tmproot_get(root, DIR "/modules.alias.bin", &bytes));
	for (int with_text = 1; with_text >= 0; with_text--) {
		const char *expect = with_text ? "nouveau nvidia_drm" : "";

		if (!with_text)
			tmproot_put(root, DIR "/modules.alias", "");
		tmproot_put_bytes(root, DIR "/modules.alias.bin", bytes.data, 8);
		assert_candidates(root, CARD, expect);
		tmproot_put(root, DIR "/modules.alias.bin", "");
		assert_candidates(root, CARD, expect);
		tmproot_put(root, DIR "/modules.alias.bin", long_junk);
		assert_candidates(root, CARD, expect);
	}
	str_release(&bytes);
	tmproot_remove(root);
}

/* A recording holds text only. */
static void from_text(void **state)
{
	char *root = tmproot_new();

	(void)state;
	tmproot_put(root, "/proc/sys/kernel/osrelease", RELEASE "\n");
	tmproot_put(root, "/lib/modules/" RELEASE "/modules.dep",
		    "kernel/drivers/vfio/pci/vfio-pci.ko.zst: kernel/drivers/vfio/vfio.ko.zst "
		    "kernel/virt/lib/irqbypass.ko.zst\n"
		    "kernel/drivers/vfio/vfio.ko.zst:\n"
		    "extra/nvidia.kofake:\n");
	tmproot_put(root, "/lib/modules/" RELEASE "/modules.builtin",
		    "kernel/drivers/pci/pci-stub.ko");
	tmproot_put(root, "/lib/modules/" RELEASE "/modules.alias",
		    "# Aliases extracted from modules themselves.\n"
		    "alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\n"
		    "alias pci:v000010DEd*sv*sd*bc03sc*i* nvidia_drm\n"
		    "alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\n"
		    "alias usb:v* usb\nalias pci:v[\nalias pci:\n"
		    "alias pci:v000010DEd*sv*sd*bc03sc02i* other");
	assert_candidates(root, CARD, "nouveau nvidia_drm");
	assert_candidates(root, "pci:v000010DEd00002484sv00001462sd00003905bc02sc00i00", "");
	assert_state(root, NULL, "vfio-pci", MODULE_LOADABLE);
	assert_state(root, RELEASE, "vfio", MODULE_LOADABLE);
	assert_state(root, NULL, "pci-stub", MODULE_BUILTIN);
	assert_state(root, NULL, "irqbypass", MODULE_MISSING); /* a dependency is no entry */
	assert_state(root, NULL, "nvidia", MODULE_MISSING);
	assert_state(root, NULL, "pci", MODULE_MISSING);
	assert_state(root, "6.0.0", "vfio-pci", MODULE_UNKNOWN);
	assert_state(root, "../modules/" RELEASE, "vfio-pci", MODULE_UNKNOWN);
	tmproot_remove(root);
}

static void releases(void **state)
{
	static const char *const dirs[] = {
		"6.9.1-arch1-1",     "6.12.8-arch1-1", "6.12.10-arch1-1", "6.13.0-rc2-1-mainline",
		"6.13.0-1-mainline", "6.1.0-9-amd64",  "6.1.0-18-amd64",
	};
	static const char expect[] = "6.13.0-1-mainline 6.13.0-rc2-1-mainline 6.12.10-arch1-1 "
				     "6.12.8-arch1-1 6.9.1-arch1-1 6.1.0-18-amd64 6.1.0-9-amd64";
	auto_strv struct strv got = STRV_INIT;
	auto_free char *joined = NULL;
	char *root = tmproot_new();
	struct host *host = open_root(root);

	(void)state;
	modules_releases(host, &got);
	assert_int_equal(got.len, 0); /* no lib/modules at all */
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		auto_free char *path = xasprintf("/lib/modules/%s/modules.dep", dirs[i]);

		tmproot_put(root, path, "");
	}
	tmproot_mkdir(root, "/lib/modules/6.14.0-left-over/extramodules");
	modules_releases(host, &got);
	joined = strv_join(&got, " ");
	assert_string_equal(joined, expect);
	host_free(host);
	/* no osrelease: the newest; one that has no modules here: the newest, too */
	tmproot_put(root, "/lib/modules/6.13.0-1-mainline/modules.builtin", "kernel/a.ko\n");
	assert_state(root, NULL, "a", MODULE_BUILTIN);
	tmproot_put(root, "/proc/sys/kernel/osrelease", "5.10.0-live\n");
	assert_state(root, NULL, "a", MODULE_BUILTIN);
	tmproot_put(root, "/proc/sys/kernel/osrelease", "6.9.1-arch1-1\n");
	assert_state(root, NULL, "a", MODULE_MISSING);
	tmproot_remove(root);
}

static void nothing_there(void **state)
{
	char *root = tmproot_new();

	(void)state;
	assert_candidates(root, CARD, "");
	assert_state(root, NULL, "vfio-pci", MODULE_UNKNOWN);
	tmproot_put(root, "/lib/modules", "a file");
	assert_candidates(root, CARD, "");
	assert_state(root, NULL, "vfio-pci", MODULE_UNKNOWN);
	modules_free(NULL);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_modprobe_resolves),
		cmocka_unit_test(links_do_not_lead_out),
		cmocka_unit_test(damaged_indexes),
		cmocka_unit_test(from_text),
		cmocka_unit_test(releases),
		cmocka_unit_test(nothing_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
