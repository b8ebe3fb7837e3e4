/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's domain and hook as targets, and what bash does with the hook on a pretended machine. */
#include <errno.h>
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
#include "vm/domain_xml.h"
#include "vm/libvirt_hook.h"

#define XML VM_DIR "/win.xml"
#define HOOK "/etc/libvirt/hooks/qemu.d/vfiotui-win"

static void set(struct vm_profile *p, const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (vm_field_set(p, vm_field_find(key), value, &err) < 0)
		fail_msg("%s: %s", key, err.text);
}

/* One VM called win; the settings are pairs, NULL at the end. */
static void wish_vm(struct wish *w, const char *const *settings)
{
	struct vm_profile *p;

	wish_init(w);
	p = wish_add_vm(w);
	vm_profile_init(p, "win");
	for (; *settings; settings += 2)
		set(p, settings[0], settings[1]);
}

static int apply(struct bed *b, const struct target *target, const char *const *settings)
{
	struct wish w;
	int r;

	wish_vm(&w, settings);
	r = bed_apply(b, target, &w);
	wish_release(&w);
	return r;
}

static const char *const with_card[] = {"libvirt", "yes", "device", "0000:0b:00.0 ids=10de:2484",
					NULL};
static const char *const single[] = {"libvirt",    "yes", "device", "0000:0b:00.0 ids=10de:2484",
				     "single-gpu", "yes", NULL};
static const char *const plain[] = {"memory", "8G", NULL};

static void test_domain(void **state)
{
	char undefine[] = "virsh -c qemu:///system undefine --keep-nvram "
			  "00000000-0000-0000-0000-000000000000";
	char *uuid = strrchr(undefine, ' ') + 1;
	struct bed b;

	(void)state;
	bed_init(&b);
	b.platform.libvirt = true;
	assert_int_equal(apply(&b, &target_libvirt_domain, plain), 0);
	assert_null(bed_get(&b, XML));
	assert_int_equal(apply(&b, &target_libvirt_domain, with_card), 0);
	assert_non_null(strstr(bed_get(&b, XML), "<name>win</name>"));
	assert_int_equal(b.commands.len, 1);
	assert_string_equal(b.commands.items[0],
			    "virsh -c qemu:///system define /etc/vfiotui/vm/win.xml");
	assert_int_equal(apply(&b, &target_libvirt_domain, with_card), 0);
	assert_int_equal(b.commands.len, 0);
	assert_int_equal(apply(&b, &target_libvirt_domain, plain), 0);
	assert_null(bed_get(&b, XML));
	domain_uuid("win", uuid);
	assert_string_equal(b.commands.items[0], undefine);
	assert_int_equal(apply(&b, &target_libvirt_domain, plain), 0);
	assert_int_equal(b.commands.len, 0);
	bed_release(&b);
}

/*
 * A disk that is named qcow2 is what its first bytes say. One that is not named so and begins like one is
 * not guessed about: its guest may have written that beginning.
 */
static void test_domain_looks_at_images(void **state)
{
	static const char *const named[] = {"libvirt", "yes",          "disk", "/srv/a.qcow2",
					    "disk",    "/srv/b.qcow2", NULL};
	static const char *const doubtful[] = {"libvirt", "yes", "disk", "/srv/c.img", NULL};
	static const char *const said[] = {"libvirt", "yes", "disk", "/srv/c.img format=qcow2",
					   NULL};
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/srv/a.qcow2", "QFI\xfb and more");
	bed_put(&b, "/srv/b.qcow2", "raw bytes");
	bed_put(&b, "/srv/c.img", "QFI\xfb and more");
	assert_int_equal(apply(&b, &target_libvirt_domain, named), 0);
	assert_non_null(strstr(bed_get(&b, XML), "type='qcow2' discard='unmap'/>\n      <source "
						 "file='/srv/a.qcow2'/>"));
	assert_non_null(strstr(bed_get(&b, XML), "type='raw' discard='unmap'/>\n      <source "
						 "file='/srv/b.qcow2'/>"));
	assert_int_equal(apply(&b, &target_libvirt_domain, said), 0);
	assert_non_null(strstr(bed_get(&b, XML), "type='qcow2' discard='unmap'/>\n      <source "
						 "file='/srv/c.img'/>"));
	assert_int_equal(apply(&b, &target_libvirt_domain, doubtful), -EINVAL);
	bed_release(&b);
}

static void test_hook_file(void **state)
{
	static char unit[] = "libvirtd.service";
	static const char *const no_ids[] = {"libvirt", "yes", "device", "0000:0b:00.0", NULL};
	struct bed b;

	(void)state;
	bed_init(&b);
	b.platform.libvirt_unit = unit;
	bed_put(&b, "/etc/libvirt/hooks/qemu.d/mine", "#!/bin/sh\n");
	assert_int_equal(apply(&b, &target_libvirt_hook, no_ids), 0);
	assert_null(bed_get(&b, HOOK));
	assert_int_equal(apply(&b, &target_libvirt_hook, with_card), 0);
	assert_non_null(bed_get(&b, HOOK));
	assert_int_equal(bed_mode(&b, HOOK) & 0777, 0755);
	assert_null(strstr(bed_get(&b, HOOK), "display-manager"));
	assert_string_equal(b.commands.items[0], "systemctl try-restart libvirtd.service");
	assert_int_equal(apply(&b, &target_libvirt_hook, plain), 0);
	assert_null(bed_get(&b, HOOK));
	assert_string_equal(bed_get(&b, "/etc/libvirt/hooks/qemu.d/mine"), "#!/bin/sh\n");
	b.platform.libvirt_unit = NULL;
	bed_release(&b);
}

/* --- the script itself --------------------------------------------------------------- */

#define CARD "/sys/bus/pci/devices/0000:0b:00.0"
#define FRAMEBUFFER "/sys/bus/platform/drivers/efi-framebuffer"

/* Each program that the hook runs notes its arguments and fails when it is told to. */
static void put_program(const char *root, const char *program)
{
	auto_free char *path = xasprintf("/bin/%s", program);
	auto_free char *text = xasprintf("#!/bin/bash\n"
					 "echo \"%s $*\" >>\"$VFIOTUI_ROOT/log\"\n"
					 "[ \"${FAIL:-}\" != \"%s $*\" ]\n",
					 program, program);

	tmproot_put(root, path, text);
}

static char *make_machine(const char *const *settings)
{
	auto_str struct str script = STR_INIT;
	char *root = tmproot_new();
	struct wish w;

	wish_vm(&w, settings);
	libvirt_hook_write(&script, &w.vms[0]);
	wish_release(&w);
	tmproot_put(root, "/hook", script.data);
	tmproot_put(root, CARD "/vendor", "0x10de\n");
	tmproot_put(root, CARD "/device", "0x2484\n");
	tmproot_put(root, "/sys/class/vtconsole/vtcon0/name", "(S) dummy device\n");
	tmproot_put(root, "/sys/class/vtconsole/vtcon0/bind", "1");
	tmproot_put(root, "/sys/class/vtconsole/vtcon1/name", "(M) frame buffer device\n");
	tmproot_put(root, "/sys/class/vtconsole/vtcon1/bind", "1");
	tmproot_put(root, FRAMEBUFFER "/efi-framebuffer.0/x", "");
	tmproot_put(root, FRAMEBUFFER "/unbind", "");
	tmproot_put(root, FRAMEBUFFER "/bind", "");
	tmproot_put(root, "/sys/module/nvidia/x", "");
	tmproot_put(root, "/sys/module/nvidia_drm/x", "");
	tmproot_mkdir(root, "/run");
	put_program(root, "systemctl");
	put_program(root, "modprobe");
	return root;
}

static int run_hook(const char *root, const char *fail, const char *args, struct str *out)
{
	str_clear(out);
	return shell_run(
		out,
		"cd '%s' && rm -f log && chmod 755 bin/* && env FAIL='%s' VFIOTUI_ROOT=\"$PWD\" "
		"PATH=\"$PWD/bin:$PATH\" bash ./hook %s 2>&1 </dev/null",
		root, fail, args);
}

static void assert_file(const char *root, const char *path, const char *text)
{
	auto_str struct str bytes = STR_INIT;

	if (!tmproot_get(root, path, &bytes))
		str_clear(&bytes);
	assert_string_equal(bytes.data, text);
}

static void test_another_card(void **state)
{
	char *root = make_machine(with_card);
	auto_str struct str out = STR_INIT;

	(void)state;
	assert_int_equal(run_hook(root, "", "win prepare begin -", &out), 0);
	tmproot_put(root, CARD "/device", "0x1b80\n");
	assert_int_equal(run_hook(root, "", "other prepare begin -", &out), 0);
	assert_int_equal(run_hook(root, "", "win started begin -", &out), 0);
	assert_int_equal(run_hook(root, "", "win prepare begin -", &out), 1);
	assert_string_equal(out.data,
			    "win: 0000:0b:00.0 is 10de:1b80 now, not 10de:2484; nothing was "
			    "handed over\n");
	tmproot_remove(root);
}

/* The desktop ends, the console lets go, the driver leaves: and all comes back in the other order. */
static void test_single_gpu(void **state)
{
	char *root = make_machine(single);
	auto_str struct str out = STR_INIT;

	(void)state;
	if (run_hook(root, "", "win prepare begin -", &out))
		fail_msg("%s", out.data);
	assert_file(root, "/log",
		    "systemctl -q is-active display-manager.service\n"
		    "systemctl stop display-manager.service\n"
		    "modprobe -r nvidia_drm\nmodprobe -r nvidia\n");
	assert_file(root, "/sys/class/vtconsole/vtcon0/bind", "1");
	assert_file(root, "/sys/class/vtconsole/vtcon1/bind", "0");
	assert_file(root, FRAMEBUFFER "/unbind", "efi-framebuffer.0");
	if (run_hook(root, "", "win release end -", &out))
		fail_msg("%s", out.data);
	assert_file(root, "/log",
		    "modprobe nvidia\nmodprobe nvidia_drm\n"
		    "systemctl --no-block start display-manager.service\n");
	assert_file(root, "/sys/class/vtconsole/vtcon1/bind", "1");
	assert_file(root, FRAMEBUFFER "/bind", "efi-framebuffer.0");
	assert_false(tmproot_has(root, "/run/vfiotui-hook-win"));
	/* a second end gives nothing back twice */
	assert_int_equal(run_hook(root, "", "win release end -", &out), 0);
	assert_file(root, "/log", "");
	tmproot_remove(root);
}

/* Whichever step fails, the start is refused and the desktop is there again. */
static void test_single_gpu_fails(void **state)
{
	static const char *const steps[] = {"systemctl stop display-manager.service",
					    "modprobe -r nvidia_drm", "modprobe -r nvidia"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char *root = make_machine(single);
		auto_str struct str out = STR_INIT;
		auto_str struct str log = STR_INIT;

		assert_int_equal(run_hook(root, steps[i], "win prepare begin -", &out), 1);
		assert_non_null(strstr(out.data, "the desktop is given back"));
		assert_true(tmproot_get(root, "/log", &log));
		assert_true(text_ends_with(log.data,
					   "systemctl --no-block start display-manager.service\n"));
		assert_file(root, "/sys/class/vtconsole/vtcon1/bind", "1");
		assert_false(tmproot_has(root, "/run/vfiotui-hook-win"));
		tmproot_remove(root);
	}
}

/* No desktop runs: none is started afterwards. */
static void test_no_desktop(void **state)
{
	char *root = make_machine(single);
	auto_str struct str out = STR_INIT;

	(void)state;
	assert_int_equal(run_hook(root, "systemctl -q is-active display-manager.service",
				  "win prepare begin -", &out),
			 0);
	assert_int_equal(run_hook(root, "", "win release end -", &out), 0);
	assert_file(root, "/log", "modprobe nvidia\nmodprobe nvidia_drm\n");
	tmproot_remove(root);
}

static void test_shellcheck(void **state)
{
	static const char name[] = "a b'c\"$(touch pwned)`x` d";
	const char *const *const both[] = {with_card, single};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		auto_str struct str script = STR_INIT;
		auto_str struct str out = STR_INIT;
		char *root = make_machine(both[i]);
		struct wish w;

		if (shells_have("shellcheck") && shell_run(&out, "shellcheck '%s/hook'", root))
			fail_msg("%s", out.data);
		wish_vm(&w, both[i]);
		free(w.vms[0].name);
		w.vms[0].name = xstrdup(name);
		libvirt_hook_write(&script, &w.vms[0]);
		wish_release(&w);
		tmproot_put(root, "/hook", script.data);
		assert_int_equal(run_hook(root, "", "x prepare begin -", &out), 0);
		shell_run(&out, "find '%s' -name pwned", root);
		assert_string_equal(out.data, "");
		tmproot_remove(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),     cmocka_unit_test(test_domain_looks_at_images),
		cmocka_unit_test(test_hook_file),  cmocka_unit_test(test_another_card),
		cmocka_unit_test(test_single_gpu), cmocka_unit_test(test_single_gpu_fails),
		cmocka_unit_test(test_no_desktop), cmocka_unit_test(test_shellcheck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
