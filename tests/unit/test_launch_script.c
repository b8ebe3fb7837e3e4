/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launch script: what bash, shellcheck and QEMU make of it, with hostile values too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/shells.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "vm/launch_script.h"
#include "vm/profile_value.h"

static const char hostile[] = "a b,c'd\"e$(touch pwned)`touch pwned`\n;f*\\";

/* A machine where all is ready: the devices on vfio-pci, nodes, disk, firmware. */
struct stand {
	char *root;
	struct vm_profile vm;
	struct platform platform;
	char *disk, *code, *vars;
};

static void put_device(const char *root, const char *bdf, const char *ids, int group,
		       const char *driver)
{
	auto_free char *dir = xasprintf("/sys/bus/pci/devices/%s", bdf);
	auto_free char *link = xasprintf("%s/driver", dir);
	auto_free char *to = xasprintf("../../drivers/%s", driver);
	auto_free char *vendor = xasprintf("%s/vendor", dir);
	auto_free char *device = xasprintf("%s/device", dir);
	auto_free char *override = xasprintf("%s/driver_override", dir);
	auto_free char *in_group = xasprintf("%s/iommu_group", dir);
	auto_free char *group_dir = xasprintf("../../../../kernel/iommu_groups/%d", group);
	auto_free char *member = xasprintf("/sys/kernel/iommu_groups/%d/devices/%s", group, bdf);
	auto_free char *vendor_text = xasprintf("0x%.4s\n", ids);
	auto_free char *device_text = xasprintf("0x%s\n", ids + 5);
	auto_free char *back = xasprintf("../../../../bus/pci/devices/%s", bdf);

	tmproot_put(root, vendor, vendor_text);
	tmproot_put(root, device, device_text);
	tmproot_put(root, override, "(null)\n");
	tmproot_link(root, in_group, group_dir);
	tmproot_link(root, member, back);
	if (driver[0])
		tmproot_link(root, link, to);
}

static void set(struct stand *s, const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (vm_field_set(&s->vm, vm_field_find(key), value, &err) < 0)
		fail_msg("%s = %s: %s", key, value, err.text);
}

static void set_path(struct stand *s, const char *key, const char *path, const char *more)
{
	auto_str struct str text = STR_INIT;

	if (vm_field_find(key)->kind == VM_LIST) {
		vm_quote(&text, path, true);
		str_adds(&text, more);
	} else {
		str_adds(&text, path);
	}
	set(s, key, text.data);
}

static void stand_init(struct stand *s, const char *name)
{
	auto_free char *dir = xasprintf("/files/%s", name);
	auto_free char *vars = NULL;

	*s = (struct stand){.root = tmproot_new()};
	put_device(s->root, "0000:0b:00.1", "10de:2484", 15, "vfio-pci");
	put_device(s->root, "0000:0b:00.3", "10de:228b", 15, "vfio-pci");
	put_device(s->root, "10000:e1:00.0", "8086:1533", 17, "vfio-pci");
	tmproot_put(s->root, "/dev/vfio/15", "");
	tmproot_put(s->root, "/dev/vfio/17", "");
	tmproot_put(s->root, "/dev/kvm", "");
	tmproot_put(s->root, "/proc/self/mountinfo", "");
	tmproot_put(s->root, "/proc/self/mounts", "");
	tmproot_mkdir(s->root, dir);
	s->disk = xasprintf("%s%s/disk", s->root, dir);
	s->code = xasprintf("%s%s/code", s->root, dir);
	s->vars = xasprintf("%s%s/vars", s->root, dir);
	tmproot_put_bytes("", s->disk, "abc", 3);
	tmproot_put_bytes("", s->code, "abc", 3);
	tmproot_put_bytes("", s->vars, "abc", 3);
	s->platform.cpu = CPU_AMD;
	s->platform.qemu = xstrdup("fake-qemu");
	s->platform.ovmf = (struct ovmf){s->code, s->vars, xstrdup("raw"), false};
	vm_profile_init(&s->vm, name);
	set(s, "memory", "2G");
	set(s, "threads", "2");
	set(s, "device", "0000:0b:00.3 name=NVIDIA Audio");
	set(s, "device",
	    "0000:0b:00.1 ids=10de:2484 name=\"NVIDIA \\\"GeForce\\\"\\ntouch pwned\"");
	set(s, "device", "10000:e1:00.0");
	set_path(s, "disk", s->disk, " format=raw");
	vars = xasprintf("%s/home/state/%s/vars.fd", s->root, name);
	set_path(s, "vars", vars, "");
	tmproot_put(s->root, "/bin/fake-qemu",
		    "#!/bin/bash\n"
		    "if [ \"$1\" = -audiodev ]; then echo none; exit; fi\n"
		    "printf '%s\\0' \"$@\" >\"$OUT\"\n");
	tmproot_put(s->root, "/bin/sudo",
		    "#!/bin/bash\n"
		    "while [[ $1 == -* ]]; do shift; done\n"
		    "exec \"$@\"\n");
	/* Who runs this may not be allowed to lock as much memory as a guest needs. */
	tmproot_put(s->root, "/limits",
		    "ulimit() { [ $# -gt 1 ] || echo \"${LIMIT:-unlimited}\"; }\n");
	tmproot_mkdir(s->root, "/tmp");
	tmproot_mkdir(s->root, "/home");
	tmproot_mkdir(s->root, "/run");
}

static void stand_release(struct stand *s)
{
	auto_str struct str out = STR_INIT;

	shell_run(&out, "find '%s' -name pwned", s->root);
	assert_string_equal(out.data, "");
	vm_profile_release(&s->vm);
	tmproot_remove(s->root);
	free(s->platform.qemu);
	free(s->platform.ovmf.format);
	free(s->disk);
	free(s->code);
	free(s->vars);
}

static void put_script(const struct stand *s)
{
	auto_str struct str script = STR_INIT;

	launch_script_write(&script, &s->vm, &s->platform);
	tmproot_put_bytes(s->root, "/launch.sh", script.data, script.len);
}

#define ENVIRONMENT                                                                                \
	"cd '%s' && chmod 755 bin/* && export HOME=\"$PWD/home\" XDG_DATA_HOME= "                  \
	"TMPDIR=\"$PWD/tmp\" "                                                                     \
	"XDG_RUNTIME_DIR=\"$PWD/run\" OUT=\"$PWD/argv\" VFIOTUI_ROOT=\"$PWD\" DISPLAY=:9 "         \
	"PATH=\"$PWD/bin:$PATH\" BASH_ENV=\"$PWD/limits\" && "

/* bash whose user may lock as much memory as $LIMIT says (KiB): the real limit is this machine's. */
#define BASH "env 'BASH_FUNC_ulimit%%%%=() { [ $# -gt 1 ] || echo \"${LIMIT:-unlimited}\"; }' bash"

/* Runs the script with arguments (shell words) and gives status and both outputs. */
static int run_script(const struct stand *s, const char *args, struct str *out)
{
	str_clear(out);
	return shell_run(out, ENVIRONMENT "timeout 120 " BASH " ./launch.sh %s 2>&1", s->root,
			 args);
}

static void read_argv(const struct stand *s, struct strv *ret)
{
	auto_str struct str bytes = STR_INIT;

	assert_true(tmproot_get(s->root, "/argv", &bytes));
	for (size_t i = 0; i < bytes.len; i += strlen(bytes.data + i) + 1)
		strv_add(ret, bytes.data + i);
}

/* True when the argument after some "OPTION" is exactly `value`. */
static bool has_option(const struct strv *argv, const char *option, const char *value)
{
	for (size_t i = 0; i + 1 < argv->len; i++)
		if (!strcmp(argv->items[i], option) && !strcmp(argv->items[i + 1], value))
			return true;
	return false;
}

static char *double_commas(const char *s)
{
	struct str out = STR_INIT;

	for (; *s; s++)
		str_adds(&out, *s == ',' ? ",," : (const char[]){*s, '\0'});
	return str_take(&out);
}

/* Nothing of a run is left but the empty note of its process. */
static void assert_clean(const struct stand *s)
{
	auto_str struct str out = STR_INIT;

	shell_run(&out,
		  "cd '%s/run/vfiotui' && find . ! -name '*.pid' ! -name '*.asked' -type f -o "
		  "-type p -o -type s; "
		  "find . -name '*.pid' -size +0",
		  s->root);
	assert_string_equal(out.data, "");
}

static void test_arguments(void **state)
{
	static const char *const names[] = {"windows", hostile, "-x", " ", "\xc3\xa4\xff", "a}b"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_str struct str out = STR_INIT;
		auto_strv struct strv argv = STRV_INIT;
		auto_free char *name = double_commas(names[i]);
		auto_free char *guest = xasprintf("guest=%s,debug-threads=on", name);
		auto_free char *disk = NULL;
		auto_free char *code = NULL;
		auto_free char *d = NULL;
		auto_free char *c = NULL;
		struct stand s;

		stand_init(&s, names[i]);
		put_script(&s);
		if (run_script(&s, "", &out))
			fail_msg("%s: %s", names[i], out.data);
		read_argv(&s, &argv);
		assert_true(has_option(&argv, "-name", guest));
		disk = double_commas(s.disk);
		code = double_commas(s.code);
		d = xasprintf("driver=file,node-name=disk0-file,filename=%s,aio=threads,"
			      "cache.direct=off,discard=unmap,read-only=off",
			      disk);
		c = xasprintf("driver=file,node-name=code-file,read-only=on,filename=%s", code);
		assert_true(has_option(&argv, "-blockdev", d));
		assert_true(has_option(&argv, "-blockdev", c));
		assert_true(has_option(&argv, "-m", "2048M"));
		assert_true(has_option(&argv, "-smp", "sockets=1,cores=2,threads=2"));
		assert_true(has_option(&argv, "-cpu", "host,topoext=on"));
		assert_true(has_option(&argv, "-vga", "none"));
		assert_true(has_option(&argv, "-display", "none"));
		/* functions of one slot share a port and are counted from 0 */
		assert_true(has_option(
			&argv, "-device",
			"vfio-pci,host=0000:0b:00.1,bus=port4,addr=00.0,multifunction=on"));
		assert_true(has_option(&argv, "-device",
				       "vfio-pci,host=0000:0b:00.3,bus=port4,addr=00.1"));
		assert_true(has_option(&argv, "-device",
				       "vfio-pci,host=10000:e1:00.0,bus=port5,addr=00.0"));
		assert_clean(&s);
		assert_int_equal(tmproot_count(s.root, "vars.fd"), 1);
		stand_release(&s);
	}
}

static void test_variables_are_copied_once(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str vars = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	put_script(&s);
	assert_int_equal(run_script(&s, "", &out), 0);
	assert_true(tmproot_get(s.root, "/home/state/win/vars.fd", &vars));
	assert_string_equal(vars.data, "abc");
	tmproot_put(s.root, "/home/state/win/vars.fd", "boot order");
	assert_int_equal(run_script(&s, "", &out), 0);
	assert_true(tmproot_get(s.root, "/home/state/win/vars.fd", &vars));
	assert_string_equal(vars.data, "boot order");
	stand_release(&s);
}

/* A bridge on which QEMU's helper may put guests; only root needs no bit on it. */
#define BRIDGE                                                                                     \
	"mkdir -p sys/class/net/br7/bridge etc/qemu usr/libexec && echo 0x1003 "                   \
	">sys/class/net/br7/flags && echo 'allow br7' >etc/qemu/bridge.conf && echo "              \
	">usr/libexec/qemu-bridge-helper && chmod 4755 usr/libexec/qemu-bridge-helper && "

/* id(1) of a login in the groups `now`, of an account that is in `account`. */
#define LOGIN(account, now)                                                                        \
	"printf '#!/bin/sh\\ncase \"$*\" in -un) echo me ;; -nG*me) echo " account                 \
	" ;; -nG) echo " now " ;; -u) echo 1000 ;; esac\\n' >bin/id && "
/* root may open everything: this node may not be. */
#define CLOSED(node) "sed -i 's#^can_open() {.*#&\\n[[ $1 != *" node " ]] || return 1#' launch.sh"

/* Each thing that is not ready is said in words, and QEMU is not started. */
static const struct {
	const char *field, *value, *break_it, *says;
} unready[] = {
	{NULL, NULL, "rm -r sys/bus/pci/devices/0000:0b:00.1", "there is no device 0000:0b:00.1"},
	{"bind", "at-boot", "rm sys/bus/pci/devices/0000:0b:00.1/driver",
	 "0000:0b:00.1 is on no driver, not on vfio-pci"},
	{"bind", "at-boot", "ln -sfn ../x/nouveau sys/bus/pci/devices/0000:0b:00.3/driver",
	 "0000:0b:00.3 is on nouveau"},
	{NULL, NULL, "echo 0x2204 >sys/bus/pci/devices/0000:0b:00.1/device",
	 "is another device now (10de:2204, not 10de:2484)"},
	{NULL, NULL, "rm sys/bus/pci/devices/0000:0b:00.1/iommu_group", "is in no IOMMU group"},
	{NULL, NULL,
	 "mkdir -p sys/bus/pci/devices/0000:0b:00.0 "
	 "sys/kernel/iommu_groups/15/devices/0000:0b:00.0 && ln -s "
	 "../../drivers/ahci sys/bus/pci/devices/0000:0b:00.0/driver",
	 "group 15 is not viable: its member 0000:0b:00.0 stays with the host (ahci)"},
	{NULL, NULL,
	 "mkdir -p sys/bus/pci/devices/0000:0b:00.1/net/eth9 && echo up "
	 ">sys/bus/pci/devices/0000:0b:00.1/net/eth9/operstate && ln -sfn ../x/e1000e "
	 "sys/bus/pci/devices/0000:0b:00.1/driver",
	 "0000:0b:00.1 is in use: the network link eth9 is up"},
	{NULL, NULL,
	 "mkdir -p sys/bus/pci/devices/0000:0b:00.1/nvme/nvme0/block/nvme0n1 && echo 259:7 "
	 ">sys/bus/pci/devices/0000:0b:00.1/nvme/nvme0/block/nvme0n1/dev && echo '22 1 259:7 / / "
	 "rw' "
	 ">proc/self/mountinfo && ln -sfn ../x/nvme sys/bus/pci/devices/0000:0b:00.1/driver",
	 "0000:0b:00.1 is in use: nvme0n1 is mounted"},
	{NULL, NULL,
	 "mkdir -p sys/bus/pci/devices/0000:0b:00.1/drm/card7 proc/4711/fd && echo Xorg "
	 ">proc/4711/comm && ln -s /dev/dri/card7 proc/4711/fd/9 && ln -sfn ../x/nouveau "
	 "sys/bus/pci/devices/0000:0b:00.1/driver",
	 "/dev/dri/card7 is open in Xorg (process 4711)"},
	{NULL, NULL,
	 "mkdir -p proc/4711/fd && echo Xorg >proc/4711/comm && ln -s /dev/nvidia0 proc/4711/fd/9 "
	 "&& ln -sfn ../x/nvidia sys/bus/pci/devices/0000:0b:00.1/driver",
	 "is open in Xorg (process 4711)"},
	{NULL, NULL, "rm dev/vfio/17", "dev/vfio/17 is missing"},
	{NULL, NULL,
	 "mkdir -p proc/4711/fd && echo qemu-system-x86 >proc/4711/comm && ln -s /dev/vfio/17 "
	 "proc/4711/fd/9",
	 "/dev/vfio/17 is open in qemu-system-x86 (process 4711): another VM has these devices"},
	{NULL, NULL,
	 "printf 'QFI\\373' >files/win/disk; sed -i 's/^disk_formats=.*/disk_formats=(auto)/' "
	 "launch.sh",
	 "begins as a qcow2 image does, and is not named so"},
	{NULL, NULL, "rm dev/kvm", "dev/kvm is missing; turn virtualization on"},
	{NULL, NULL, LOGIN("me", "me") "chgrp sys dev/kvm && chmod 660 dev/kvm && " CLOSED("/kvm"),
	 "dev/kvm is for the group sys: sudo usermod -aG sys me, then log in again"},
	{NULL, NULL,
	 LOGIN("me sys", "me") "chgrp sys dev/kvm && chmod 660 dev/kvm && " CLOSED("/kvm"),
	 "this login began before you came into its group sys; log out of all sessions"},
	{NULL, NULL, LOGIN("me", "me") "chgrp 0 dev/kvm && chmod 660 dev/kvm && " CLOSED("/kvm"),
	 "dev/kvm is for root alone; let the group kvm have it"},
	{NULL, NULL, LOGIN("me", "me") "chgrp sys dev/kvm && chmod 600 dev/kvm && " CLOSED("/kvm"),
	 "dev/kvm is for root alone; let the group kvm have it"},
	{NULL, NULL, LOGIN("me", "me") "chgrp 0 dev/vfio/17 && " CLOSED("/17"),
	 "and for the group root, not yours to open; apply the devices again for you"},
	{NULL, NULL, LOGIN("me root", "me") "chgrp 0 dev/vfio/17 && " CLOSED("/17"),
	 "this login began before you came into its group root; log out of all sessions"},
	{NULL, NULL, "rm files/win/disk", "create one: ./launch.sh --create-disk"},
	{NULL, NULL, "rm files/win/code", "files/win/code can't be read"},
	{NULL, NULL, "rm bin/fake-qemu; touch bin/x", "fake-qemu is not installed"},
	{"hugepages", "2M",
	 "mkdir -p sys/kernel/mm/hugepages/hugepages-2048kB && echo 1000 "
	 ">sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
	 "1000 huge pages of 2 MiB are free, the guest needs 1024"},
	{"hugepages", "1G", "true", "0 huge pages of 1024 MiB are free, the guest needs 2"},
	{NULL, NULL,
	 "nvme=$PWD/sys/bus/pci/devices/0000:0b:00.1/nvme/nvme0/block/nvme0n1 && mkdir -p "
	 "$nvme/nvme0n1p2/holders sys/block/dm-0 && echo 259:7 >$nvme/dev && echo 259:9 "
	 ">$nvme/nvme0n1p2/dev && echo 2 >$nvme/nvme0n1p2/partition && echo 253:0 "
	 ">sys/block/dm-0/dev && ln -s $PWD/sys/block/dm-0 $nvme/nvme0n1p2/holders/ && echo '22 1 "
	 "253:0 / / rw' >proc/self/mountinfo && ln -sfn ../x/nvme "
	 "sys/bus/pci/devices/0000:0b:00.1/driver",
	 "0000:0b:00.1 is in use: dm-0 is mounted"},
	{NULL, NULL,
	 "nvme=$PWD/sys/bus/pci/devices/0000:0b:00.1/nvme/nvme0/block/nvme0n1 && mkdir -p "
	 "$nvme/nvme0n1p2 && echo 259:7 >$nvme/dev && echo 259:9 >$nvme/nvme0n1p2/dev && echo 2 "
	 ">$nvme/nvme0n1p2/partition && echo '/dev/nvme0n1p2 partition 8 0 -2' >proc/swaps && ln "
	 "-sfn ../x/nvme sys/bus/pci/devices/0000:0b:00.1/driver",
	 "0000:0b:00.1 is in use: nvme0n1p2 is swap"},
	{"interface", "br7", "true", "there is no bridge br7"},
	{"interface", "br7", BRIDGE "echo 0x1002 >sys/class/net/br7/flags",
	 "the network link br7 is down"},
	{"interface", "br7", BRIDGE "rm etc/qemu/bridge.conf", "there is no /etc/qemu/bridge.conf"},
	{"interface", "br7", BRIDGE "rm usr/libexec/qemu-bridge-helper",
	 "QEMU's program qemu-bridge-helper is missing"},
	{"interface", "br7", BRIDGE "chmod a-x usr/libexec/qemu-bridge-helper",
	 "is not yours to run; join its group"},
	{"interface", "br7", BRIDGE "echo 'allow br70' >etc/qemu/bridge.conf",
	 "QEMU's bridge helper does not know br7"},
	{"interface", "br7", BRIDGE "printf 'allow br7\\n \\tdeny all' >etc/qemu/bridge.conf",
	 "denies VMs on the bridge br7"},
	{"interface", "br7",
	 BRIDGE
	 "echo include /more >etc/qemu/bridge.conf; printf 'allow br7\\ndeny\\tbr7\\n' >more",
	 "denies VMs on the bridge br7"},
	{"interface", "br7", BRIDGE "echo include /etc/qemu/bridge.conf >etc/qemu/bridge.conf",
	 "QEMU's bridge helper does not know br7"},
	{"interface", "br7", BRIDGE "echo 'permit br7' >>etc/qemu/bridge.conf",
	 "can't read the line 'permit br7'"},
	{"tpm", "yes", "sed -i 's/find_program swtpm/find_program no-swtpm/' launch.sh",
	 "the TPM needs swtpm"},
	{"firmware", "uefi", "sed -i 's/^ovmf_code=.*/ovmf_code=/' launch.sh",
	 "install it (edk2-ovmf, ovmf), then: sudo vfiotui vm edit 'win' --firmware uefi"},
	{"single-gpu", "yes", "sed -i 's/\"$EUID\" -eq 0/-e no/' launch.sh",
	 "the desktop is ended and brought back by root only"},
	{"audio", "pipewire",
	 "printf '#!/bin/sh\\necho pipewire\\n' >bin/fake-qemu; chmod 755 bin/fake-qemu",
	 "PipeWire does not run"},
	{"audio", "pulseaudio",
	 "printf '#!/bin/sh\\necho pa\\n' >bin/fake-qemu; chmod 755 bin/fake-qemu",
	 "PulseAudio does not run"},
	{"share", "/not/there", "true", "the shared directory /not/there is not there"},
	{"audio", "jack", "true", "this QEMU has no sound output jack"},
	{"evdev", "/dev/input/by-id/x-kbd", "true",
	 "the input device /dev/input/by-id/x-kbd is not there"},
	{"usb", "046d:c52b", "true", "the USB device 046d:c52b is not plugged in"},
	{"usb", "1-2.3", "true", "the USB device 1-2.3 is not plugged in"},
	{"keyboard-server", "input-leap", "true",
	 "the keyboard server input-leaps is not installed"},
	{"keyboard-server-config", "/no/such.conf", "true", "/no/such.conf can't be read"},
	{"cdrom", "/no/such.iso", "true", "/no/such.iso can't be read"},
	{"shared-memory", "/dev/kvmfr0", "true", "load the module kvmfr with static_size_mb=32"},
};

static void test_preflight(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unready); i++) {
		auto_str struct str out = STR_INIT;
		struct stand s;

		stand_init(&s, "win");
		put_script(&s);
		if (run_script(&s, "--check", &out))
			fail_msg("%s", out.data);
		assert_string_equal(out.data, "win: all is ready\n");
		if (unready[i].field && !strcmp(unready[i].field, "interface"))
			set(&s, "network", "bridge");
		if (unready[i].field && !strcmp(unready[i].field, "shared-memory"))
			set(&s, "display", "looking-glass");
		if (unready[i].field)
			set(&s, unready[i].field, unready[i].value);
		put_script(&s);
		assert_int_equal(shell_run(&out, "cd '%s' && %s", s.root, unready[i].break_it), 0);
		assert_int_equal(run_script(&s, "--check", &out), 1);
		if (!strstr(out.data, unready[i].says))
			fail_msg("%s: %s", unready[i].break_it, out.data);
		if (i < 3) {
			assert_int_equal(run_script(&s, "", &out), 1);
			assert_non_null(strstr(out.data, "win: not started\n"));
		}
		assert_false(tmproot_has(s.root, "/argv"));
		stand_release(&s);
	}
}

static void test_memory_limit(void **state)
{
	auto_str struct str out = STR_INIT;
	struct stand s;

	(void)state;
	if (!geteuid()) {
		print_message("the limit of locked memory skipped: root has none\n");
		skip();
	}
	stand_init(&s, "win");
	put_script(&s);
	assert_int_equal(
		shell_run(&out, ENVIRONMENT "LIMIT=8192 " BASH " ./launch.sh --check 2>&1", s.root),
		1);
	assert_non_null(strstr(out.data, "you may lock 8 MiB of memory, the guest needs 2560"));
	stand_release(&s);
}

/* A login that is older than the limit is told to begin anew; the limit's size counts. */
static void test_limit_of_an_older_login(void **state)
{
	static const struct {
		const char *limits, *says;
	} rows[] = {
		{"me - memlock 3145728\n", "the limit is written, but this login has not got it"},
		{"me - memlock 1048576\n", "vfiotui writes the limit with the VM"},
		{"other - memlock 3145728\n", "vfiotui writes the limit with the VM"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_str struct str out = STR_INIT;
		struct stand s;

		stand_init(&s, "win");
		put_script(&s);
		tmproot_put(s.root, "/etc/security/limits.d/90-vfiotui.conf", rows[i].limits);
		assert_int_equal(
			shell_run(&out,
				  "cd '%s' && " LOGIN("me", "me") "sed -i 's/\"$EUID\" -ne 0/! -e "
								  "no/' launch.sh",
				  s.root),
			0);
		assert_int_equal(
			shell_run(&out, ENVIRONMENT "LIMIT=8192 " BASH " ./launch.sh --check 2>&1",
				  s.root),
			1);
		if (!strstr(out.data, "you may lock 8 MiB of memory, the guest needs 2560; ") ||
		    !strstr(out.data, rows[i].says))
			fail_msg("row %zu: %s", i, out.data);
		stand_release(&s);
	}
}

/* busctl(1) as it prints the three properties of logind, systemd-run(1) as it starts a scope. */
static void put_logind(const struct stand *s, const char *kills, const char *only,
		       const char *except)
{
	auto_free char *busctl = xasprintf("#!/bin/sh\nprintf 'b %s\\nas %s\\nas %s\\n'\n", kills,
					   only, except);

	tmproot_put(s->root, "/bin/busctl", busctl);
	tmproot_put(s->root, "/bin/systemd-run",
		    "#!/bin/bash\nprintf '%s ' \"$@\" >\"$VFIOTUI_ROOT/scope\"\n"
		    "while [[ $1 != -- ]]; do shift; done\nshift\nexec \"$@\"\n");
}

/*
 * Where a logout ends all processes, one who does not linger is told, and whoever can leaves the
 * login's own scope. $EUID is read-only in bash, so the script's question for it is answered here.
 */
#define SESSION "0::/user.slice/user-1000.slice/session-3.scope"
static const struct {
	const char *cgroup, *kills, *only, *except;
	bool root, lingers;
	bool warns;
	const char *scope; /* how it left; NULL: it did not */
} logouts[] = {
	{SESSION, "true", "0", "1 \"root\"", false, false, true, NULL},
	{SESSION, "true", "0", "0", false, true, false, "--user --quiet --collect --scope -- "},
	{SESSION, "true", "0", "0", true, false, false,
	 "--quiet --collect --scope --slice=machine.slice -- "},
	{SESSION, "false", "0", "1 \"root\"", false, true, false, NULL},
	{SESSION, "true", "1 \"other\"", "0", false, false, false, NULL},
	{SESSION, "true", "1 \"me\"", "0", false, false, true, NULL},
	{SESSION, "false", "1 \"me\"", "0", false, false, true, NULL},
	{SESSION, "true", "0", "2 \"root\" \"me\"", false, false, false, NULL},
	{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope", "true", "0", "0",
	 false, false, false, NULL},
};

static void test_logout_ends_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(logouts); i++) {
		auto_str struct str out = STR_INIT;
		auto_str struct str scope = STR_INIT;
		struct stand s;
		bool left;

		stand_init(&s, "win");
		put_script(&s);
		put_logind(&s, logouts[i].kills, logouts[i].only, logouts[i].except);
		tmproot_put(s.root, "/proc/self/cgroup", logouts[i].cgroup);
		if (logouts[i].lingers)
			tmproot_put(s.root, "/var/lib/systemd/linger/me", "");
		assert_int_equal(
			shell_run(&out,
				  "cd '%s' && unset SUDO_USER && " LOGIN(
					  "me", "me") "sed -i 's/\"$EUID\" -%s 0/! -e no/; "
						      "s/-S \"${XDG_RUNTIME_DIR:-}/-d "
						      "\"$VFIOTUI_ROOT/; s#/systemd/private#/bin#' "
						      "launch.sh",
				  s.root, logouts[i].root ? "eq" : "ne"),
			0);
		if (!logouts[i].root)
			assert_int_equal(
				shell_run(&out, "sed -i 's/\"$EUID\" -eq 0/-e no/' '%s/launch.sh'",
					  s.root),
				0);
		if (run_script(&s, "", &out))
			fail_msg("row %zu: %s", i, out.data);
		assert_true(tmproot_has(s.root, "/argv"));
		left = tmproot_get(s.root, "/scope", &scope);
		if (!strstr(out.data, "sudo loginctl enable-linger me") == logouts[i].warns ||
		    left != (logouts[i].scope != NULL) ||
		    (left && !text_starts_with(scope.data, logouts[i].scope)))
			fail_msg("row %zu: %s%s", i, out.data, scope.data);
		stand_release(&s);
	}
}

static void test_options(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_strv struct strv argv = STRV_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	put_script(&s);
	assert_int_equal(
		run_script(&s, "--display --cdrom files/win/code --cdrom 'files/win/vars'", &out),
		0);
	read_argv(&s, &argv);
	assert_true(has_option(&argv, "-vga", "std"));
	assert_false(has_option(&argv, "-display", "none"));
	assert_true(
		has_option(&argv, "-blockdev",
			   "driver=file,node-name=cdboot0,read-only=on,filename=files/win/code"));
	assert_true(has_option(&argv, "-device", "ide-cd,drive=cdboot0,bus=ide.0,bootindex=0"));
	assert_true(has_option(&argv, "-device", "ide-cd,drive=cdboot1,bus=ide.1,bootindex=1"));
	assert_int_equal(run_script(&s, "--cdrom not-there", &out), 1);
	assert_non_null(strstr(out.data, "not-there can't be read"));
	assert_int_equal(run_script(&s, "--what", &out), 1);
	assert_int_equal(run_script(&s, "--cdrom", &out), 1);
	assert_int_equal(run_script(&s, "--print", &out), 0);
	assert_true(text_starts_with(out.data, "fake-qemu -name guest=win"));
	/* behind "--" all is QEMU's, as it stands */
	assert_int_equal(run_script(&s, "--print -- -serial 'file:a b' --what", &out), 0);
	assert_non_null(strstr(out.data, " -serial file:a\\ b --what"));
	assert_int_equal(run_script(&s, "--display=qxl --no-devices --print", &out), 0);
	assert_non_null(strstr(out.data, "-vga qxl"));
	assert_null(strstr(out.data, "vfio-pci"));
	assert_int_equal(run_script(&s, "--create-disk 1M", &out),
			 1); /* never over one that is there */
	assert_non_null(strstr(out.data, "was not touched"));
	stand_release(&s);
}

/* At the desk a window, over SSH a socket that only its owner can open. */
/* Over SSH there is none, and a forwarded one would take the guest along when the session ends. */
static void test_screen_without_a_desktop(void **state)
{
	static const char *const desktops[][2] = {
		{"DISPLAY= WAYLAND_DISPLAY=", "VNC"},
		{"DISPLAY=localhost:10.0 WAYLAND_DISPLAY=", "VNC"},
		{"DISPLAY=:1 WAYLAND_DISPLAY=", NULL},
		{"DISPLAY= WAYLAND_DISPLAY=wayland-0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(desktops); i++) {
		auto_str struct str out = STR_INIT;
		auto_free char *socket = NULL;
		struct stand s;

		stand_init(&s, "win");
		put_script(&s);
		assert_int_equal(shell_run(&out,
					   ENVIRONMENT "%s " BASH " ./launch.sh --display 2>&1",
					   s.root, desktops[i][0]),
				 0);
		socket = xasprintf("the screen is at %s/run/vfiotui/win.vnc (VNC)", s.root);
		assert_int_equal(!strstr(out.data, socket), !desktops[i][1]);
		stand_release(&s);
	}
}

static void test_create_disk(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_free char *path = NULL;
	struct stand s;

	(void)state;
	if (!shells_have("qemu-img"))
		skip();
	stand_init(&s, "win");
	path = xasprintf("%s/home/a b/disk.qcow2", s.root);
	set(&s, "disk", "");
	set_path(&s, "disk", path, " size=1M");
	put_script(&s);
	assert_int_equal(run_script(&s, "--check", &out), 0); /* it is made at the start */
	assert_false(tmproot_has(s.root, "/home/a b/disk.qcow2"));
	assert_int_equal(run_script(&s, "", &out), 0);
	assert_non_null(strstr(out.data, "created the disk"));
	assert_true(tmproot_has(s.root, "/home/a b/disk.qcow2"));
	str_clear(&out);
	assert_int_equal(shell_run(&out, "qemu-img info '%s' | grep '^file format'", path), 0);
	assert_string_equal(out.data, "file format: qcow2\n");
	assert_int_equal(shell_run(&out, "rm '%s'", path), 0);
	assert_int_equal(run_script(&s, "--create-disk 2M", &out), 0);
	assert_true(tmproot_has(s.root, "/home/a b/disk.qcow2"));
	stand_release(&s);
}

/* --- ends: whatever happens, the devices go back --------------------------------------- */

/*
 * What the kernel does with the attributes that the script writes. They are one FIFO under
 * three names, so all is served in the order of writing: a device that has a driver loses
 * it, one that has none gets one. It stays open for both sides, so nothing is ever lost.
 */
static const char kernel[] = "cd \"$1\" || exit 1\n"
			     "exec 3<>sys/bus/pci/drivers_probe\n"
			     "while read -r device <&3; do\n"
			     "	path=sys/bus/pci/devices/$device\n"
			     "	if [ -L $path/driver ]; then\n"
			     "		rm $path/driver\n"
			     "		continue\n"
			     "	fi\n"
			     "	driver=$(cat $path/driver_override)\n"
			     "	[ ! -e broken ] || continue\n"
			     "	echo \"$device ${driver:-nouveau}\" >>bound\n"
			     "	ln -sfn \"../../drivers/${driver:-nouveau}\" $path/driver\n"
			     "done\n";

/* Both functions of the card are with the host; modprobe is a program that is there. */
static void stand_unbound(struct stand *s)
{
	auto_str struct str out = STR_INIT;

	stand_init(s, "win");
	tmproot_put(s->root, "/kernel", kernel);
	tmproot_put(s->root, "/bin/modprobe", "#!/bin/bash\n");
	assert_int_equal(
		shell_run(
			&out,
			"cd '%s' && mkdir -p sys/bus/pci/drivers/nouveau "
			"sys/bus/pci/drivers/vfio-pci && mkfifo sys/bus/pci/drivers_probe && "
			"ln sys/bus/pci/drivers_probe sys/bus/pci/drivers/nouveau/unbind && "
			"ln sys/bus/pci/drivers_probe sys/bus/pci/drivers/vfio-pci/unbind && "
			"ln -sfn ../../drivers/nouveau sys/bus/pci/devices/0000:0b:00.1/driver && "
			"rm sys/bus/pci/devices/0000:0b:00.3/driver",
			s->root),
		0);
	put_script(s);
}

/* The script beside the kernel, which ends with it. */
static int run_with_kernel(const struct stand *s, struct str *out)
{
	str_clear(out);
	return shell_run(
		out,
		ENVIRONMENT
		"{ setsid bash ./kernel \"$PWD\" & kernel=$!; timeout -k 10 120 setsid -w " BASH
		" ./launch.sh; "
		"status=$?; kill -- -$kernel; wait $kernel; exit $status; } 2>&1",
		s->root);
}

static const struct {
	const char *what, *qemu;
	int status;
} ends[] = {
	{"a normal end", "exit 0\n", 0},
	{"a failed start", "echo 'no such option' >&2; exit 1\n", 1},
	{"QEMU killed", "kill -KILL $$\n", 137},
	{"the power button",
	 "kill -TERM $PPID; read -r line <\"$m.in\"; read -r line <\"$m.in\"; exit 7\n", 7},
	{"two signals",
	 "kill -TERM $PPID; until [ -e \"${m%.monitor}.asked\" ]; do sleep 0.05; done; kill -INT "
	 "$PPID; exec sleep 300\n",
	 143},
	/* the terminal tells all of the foreground, and QEMU ends at once when it is told */
	{"Ctrl-C on the terminal",
	 "kill -INT -- -$PPID; exec env --default-signal=INT bash -c 'read -r line <\"$1.in\"; "
	 "read "
	 "-r line <\"$1.in\"; exit 7' - \"$m\"\n",
	 7},
	{"the terminal is closed",
	 "kill -HUP -- -$PPID; read -r line <\"$m.in\"; read -r line <\"$m.in\"; exit 7\n", 7},
};

static void test_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		auto_str struct str out = STR_INIT;
		auto_str struct str bound = STR_INIT;
		auto_free char *qemu =
			xasprintf("#!/bin/bash\n"
				  "for a; do case $a in pipe,*) m=${a#*path=};; esac; done\n"
				  "[[ $(readlink sys/bus/pci/devices/0000:0b:00.1/driver) == "
				  "*/vfio-pci ]] || exit 99\n"
				  "%s",
				  ends[i].qemu);
		struct stand s;
		int status;

		stand_unbound(&s);
		tmproot_put(s.root, "/bin/fake-qemu", qemu);
		status = run_with_kernel(&s, &out);
		if (status != ends[i].status)
			fail_msg("%s: status %d\n%s", ends[i].what, status, out.data);
		if (!strstr(out.data, "0000:0b:00.1 is back on nouveau") ||
		    !strstr(out.data, "0000:0b:00.3 is back without a driver, as it was"))
			fail_msg("%s: %s", ends[i].what, out.data);
		assert_true(tmproot_get(s.root, "/bound", &bound));
		assert_string_equal(bound.data, "0000:0b:00.3 vfio-pci\n0000:0b:00.1 vfio-pci\n"
						"0000:0b:00.1 nouveau\n");
		assert_false(tmproot_has(s.root, "/sys/bus/pci/devices/0000:0b:00.3/driver"));
		assert_true(tmproot_get(s.root, "/sys/bus/pci/devices/0000:0b:00.1/driver_override",
					&bound));
		assert_string_equal(bound.data, "\n");
		assert_clean(&s);
		stand_release(&s);
	}
}

/* Nobody reads what it says any more, as where "| tee" ended before it did. */
static void test_its_reader_ends(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str said = STR_INIT;
	struct stand s;

	(void)state;
	stand_unbound(&s);
	tmproot_put(s.root, "/bin/fake-qemu",
		    "#!/bin/bash\n"
		    "for a; do case $a in pipe,*) m=${a#*path=};; esac; done\n"
		    "until [ -e gone ]; do sleep 0.05; done\n"
		    "kill -TERM $PPID; read -r line <\"$m.in\"; read -r line <\"$m.in\"\n"
		    "echo \"$line\" >\"$OUT\"; exit 7\n");
	shell_run(&out,
		  ENVIRONMENT "{ setsid bash ./kernel \"$PWD\" & kernel=$!; "
			      "{ timeout -k 10 120 " BASH " ./launch.sh 2>&1; echo $? >status; } | "
			      "{ read -r line; exec <&-; touch gone; }; kill -- -$kernel; wait; }",
		  s.root);
	assert_true(tmproot_get(s.root, "/status", &said));
	assert_string_equal(said.data, "7\n");
	assert_true(tmproot_get(s.root, "/argv", &said));
	assert_string_equal(said.data, "{\"execute\":\"system_powerdown\"}\n");
	assert_true(tmproot_get(s.root, "/bound", &said));
	assert_string_equal(said.data, "0000:0b:00.3 vfio-pci\n0000:0b:00.1 vfio-pci\n"
				       "0000:0b:00.1 nouveau\n");
	assert_clean(&s);
	stand_release(&s);
}

/* QEMU is not found, or the second helper fails: what was handed over so far goes back. */
static void test_failure_before_qemu(void **state)
{
	auto_str struct str out = STR_INIT;
	struct stand s;

	(void)state;
	stand_unbound(&s);
	tmproot_put(s.root, "/bin/swtpm", "#!/bin/bash\nexit 1\n");
	set(&s, "tpm", "yes");
	set(&s, "keyboard-server", "synergy");
	tmproot_put(s.root, "/bin/synergys", "#!/bin/bash\necho ready >sharer; exec sleep 300\n");
	put_script(&s);
	/* the sockets are never there: the wait is long, so the test does not wait for it */
	assert_int_equal(shell_run(&out, "cd '%s' && sed -i 's/i < 300/i < 3/' launch.sh", s.root),
			 0);
	tmproot_put(s.root, "/broken-later", "");
	assert_int_equal(run_with_kernel(&s, &out), 1);
	assert_non_null(strstr(out.data, "swtpm did not start"));
	assert_false(tmproot_has(s.root, "/argv"));
	assert_clean(&s);
	stand_release(&s);
}

/*
 * The host's only graphics card: the desktop ends before the card goes, and comes back when the card
 * is back, whatever QEMU does; where a step fails there is no VM and the desktop is there again.
 */
static const struct {
	const char *fails; /* a line of the log, the command of which fails; "": none */
	int status;
	const char *says, *log;
} desktops[] = {
	{"", 7, "0000:0b:00.1 is back on nouveau",
	 "systemctl -q is-active display-manager.service\n"
	 "systemctl stop display-manager.service\n"
	 "modprobe -r nvidia_drm\nmodprobe vfio-pci\nqemu\n"
	 "modprobe nvidia_drm\n"
	 "systemctl --no-block start display-manager.service\n"},
	{"systemctl stop display-manager.service", 1, "the desktop is given back",
	 "systemctl -q is-active display-manager.service\n"
	 "systemctl stop display-manager.service\n"
	 "systemctl --no-block start display-manager.service\n"},
	{"modprobe vfio-pci", 1, "the module vfio-pci can't be loaded",
	 "systemctl -q is-active display-manager.service\n"
	 "systemctl stop display-manager.service\n"
	 "modprobe -r nvidia_drm\nmodprobe vfio-pci\n"
	 "modprobe nvidia_drm\n"
	 "systemctl --no-block start display-manager.service\n"},
};

static void test_the_only_graphics_card(void **state)
{
	static const char logged[] = "#!/bin/bash\n"
				     "line=\"${0##*/} $*\"\n"
				     "echo \"$line\" >>log\n"
				     "[ \"$line\" != \"$(cat fails)\" ]\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(desktops); i++) {
		auto_str struct str out = STR_INIT;
		auto_str struct str log = STR_INIT;
		struct stand s;
		int status;

		stand_unbound(&s);
		set(&s, "single-gpu", "yes");
		put_script(&s);
		tmproot_put(s.root, "/bin/systemctl", logged);
		tmproot_put(s.root, "/bin/modprobe", logged);
		tmproot_put(s.root, "/fails", desktops[i].fails);
		tmproot_put(s.root, "/bin/fake-qemu", "#!/bin/bash\necho qemu >>log\nexit 7\n");
		tmproot_put(s.root, "/sys/class/vtconsole/vtcon1/name",
			    "(M) frame buffer device\n");
		tmproot_put(s.root, "/sys/class/vtconsole/vtcon1/bind", "1\n");
		tmproot_mkdir(s.root, "/sys/module/nvidia_drm");
		/* who runs the tests need not be root: here nothing is the host's */
		assert_int_equal(
			shell_run(&out,
				  "cd '%s' && sed -i '/^check_desktop() {/,/^}/s/\"$EUID\" "
				  "-eq 0/-n yes/' launch.sh",
				  s.root),
			0);
		status = run_with_kernel(&s, &out);
		if (status != desktops[i].status || !strstr(out.data, desktops[i].says))
			fail_msg("%s: status %d: %s", desktops[i].fails, status, out.data);
		assert_true(tmproot_get(s.root, "/log", &log));
		assert_string_equal(log.data, desktops[i].log);
		assert_true(tmproot_get(s.root, "/sys/class/vtconsole/vtcon1/bind", &log));
		assert_int_equal(log.data[0], '1');
		assert_int_equal(tmproot_count(s.root, "vfiotui-desktop-"), 0);
		assert_clean(&s);
		stand_release(&s);
	}
}

/* swtpm and the keyboard server run as long as QEMU, with the configuration that was written. */
static void test_helpers(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str screens = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	set(&s, "keyboard-server", "barrier");
	set(&s, "guest-side", "left");
	set(&s, "host-screen", "desk");
	put_script(&s);
	tmproot_put(s.root, "/bin/barriers",
		    "#!/bin/bash\n"
		    "cp \"$3\" screens\n"
		    "trap 'echo ended >sharer; exit' TERM\n"
		    "echo started >sharer\n"
		    "while :; do sleep 0.05; done\n");
	tmproot_put(s.root, "/bin/fake-qemu",
		    "#!/bin/bash\n"
		    "until [ \"$(cat sharer 2>/dev/null)\" = started ]; do sleep 0.05; done\n");
	if (run_script(&s, "", &out))
		fail_msg("%s", out.data);
	assert_true(tmproot_get(s.root, "/sharer", &out));
	assert_string_equal(out.data, "ended\n");
	assert_true(tmproot_get(s.root, "/screens", &screens));
	assert_non_null(
		strstr(screens.data, "\tdesk:\n\t\tleft = win\n\twin:\n\t\tright = desk\n"));
	assert_clean(&s);
	stand_release(&s);
}

/* Samba's services: those that the host lacks or has already are left alone, the others end with the guest. */
static void test_samba_services(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str log = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	set(&s, "samba", "yes");
	put_script(&s);
	tmproot_put(s.root, "/bin/systemctl",
		    "#!/bin/bash\n"
		    "case \"$*\" in\n"
		    "\"cat smbd.service\" | \"cat nmbd.service\") ;;\n"
		    "cat*) exit 1 ;;\n"
		    "\"-q is-active nmbd.service\") ;;\n"
		    "*is-active*) exit 3 ;;\n"
		    "*) echo \"$*\" >>log ;;\n"
		    "esac\n");
	tmproot_put(s.root, "/bin/fake-qemu", "#!/bin/bash\necho qemu >>log\n");
	if (run_script(&s, "", &out))
		fail_msg("%s", out.data);
	assert_non_null(strstr(out.data, "win: starts smbd\n"));
	assert_true(tmproot_get(s.root, "/log", &log));
	assert_string_equal(log.data, "start smbd.service\nqemu\nstop smbd.service\n");
	assert_clean(&s);
	stand_release(&s);
}

/* The first signal presses the power button through QMP, after its greeting. */
static void test_power_button(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str said = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	put_script(&s);
	tmproot_put(s.root, "/bin/fake-qemu",
		    "#!/bin/bash\n"
		    "for a; do case $a in pipe,*) m=${a#*path=};; esac; done\n"
		    "kill -TERM $PPID\n"
		    "exec 3<\"$m.in\"\n"
		    "read -r line <&3; echo \"$line\" >\"$OUT\"\n"
		    "read -r line <&3; echo \"$line\" >>\"$OUT\"\n"
		    "exit 7\n");
	assert_int_equal(run_script(&s, "", &out), 7);
	assert_true(tmproot_get(s.root, "/argv", &said));
	assert_string_equal(said.data, "{\"execute\":\"qmp_capabilities\"}\n"
				       "{\"execute\":\"system_powerdown\"}\n");
	assert_clean(&s);
	stand_release(&s);
}

static void test_one_at_a_time(void **state)
{
	auto_str struct str out = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	put_script(&s);
	tmproot_put(s.root, "/bin/fake-qemu",
		    "#!/bin/bash\n"
		    "[ -z \"${INNER:-}\" ] || exit 9\n"
		    "INNER=1 bash ./launch.sh 2>\"$OUT\" || exit 5\n");
	assert_int_equal(run_script(&s, "", &out), 5);
	str_clear(&out);
	assert_true(tmproot_get(s.root, "/argv", &out));
	assert_string_equal(out.data, "win: it runs already\n");
	stand_release(&s);
}

/* A profile in which everything is asked for. */
static void ask_for_all(struct stand *s)
{
	static const char *const all[][2] = {
		{"pin", "0,1,2,3"},
		{"pin-emulator", "0"},
		{"hyperv", "all"},
		{"vendor-id", "a \"b"},
		{"tpm", "yes"},
		{"hugepages", "2M"},
		{"numa-node", "0"},
		{"lock-memory", "yes"},
		{"audio", "pipewire"},
		{"network", "macvtap"},
		{"interface", "eth0"},
		{"display", "looking-glass"},
		{"evdev", "/dev/input/a b-kbd"},
		{"usb", "046d:c52b"},
		{"samba", "yes"},
		{"keyboard-server", "synergy"},
		{"qemu-option", "-x $y"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		set(s, all[i][0], all[i][1]);
}

/* What its owner changes among the settings, and what QEMU gets then. */
static const struct {
	const char *from, *to, *wanted;
} edits[] = {
	{"^accel=.*", "accel=tcg", "-accel tcg"},
	{"^memory=.*", "memory=4096", "-m 4096M"},
	{"^cores=.*", "cores=9", "cores=9"},
	{"^threads=.*", "threads=3", "threads=3"},
	{"^devices=(0000:0b:00.3", "devices=(0000:0c:00.5", "vfio-pci\\,host=0000:0c:00.5"},
	{"/x)$", "'/a, b')", "romfile=/a\\,\\,\\ b"},
	{"^usb=(046d:c52b", "usb=(1234:5678", "vendorid=0x1234\\,productid=0x5678"},
	{"^evdev=.*", "evdev=(/dev/input/x)", "evdev=/dev/input/x"},
	{"^display=.*", "display=qxl", "-vga qxl"},
	{"^shared_memory=.*", "shared_memory=/dev/shm/x", "mem-path=/dev/shm/x"},
	{"^shared_memory_mib=.*", "shared_memory_mib=5", "size=5M"},
	{"^mac=.*", "mac=52:54:00:00:00:09", "mac=52:54:00:00:00:09"},
	{"^audio=.*", "audio=jack", "-audiodev jack"},
	{"^input=.*", "input=virtio", "virtio-keyboard-pci"},
	{"^ovmf_code=.*", "ovmf_code=/o", "filename=/o"},
	{"^ovmf_format=.*", "ovmf_format=qcow2", "driver=qcow2\\,node-name=code"},
	{"^vars=.*", "vars=/v", "filename=/v"},
	{"^name=.*", "name=other", "guest=other"},
};

static void ask_for_all(struct stand *s);

static void test_settings_may_be_edited(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		auto_str struct str out = STR_INIT;
		auto_str struct str before = STR_INIT;
		auto_free char *edit = xasprintf("s|%s|%s|", edits[i].from, edits[i].to);
		struct stand s;

		stand_init(&s, "win");
		ask_for_all(&s);
		set(&s, "device", "0000:0d:00.0 rom=/x");
		put_script(&s);
		assert_int_equal(run_script(&s, "--print", &before), 0);
		assert_null(strstr(before.data, edits[i].wanted));
		tmproot_put(s.root, "/edit", edit);
		shell_run(&out, "cd '%s' && sed -i -f edit launch.sh", s.root);
		assert_int_equal(run_script(&s, "--print", &out), 0);
		if (!strstr(out.data, edits[i].wanted))
			fail_msg("%s has no effect:\n%s", edit, out.data);
		stand_release(&s);
	}
}

static void test_shellcheck(void **state)
{
	static const char *const names[] = {"windows", hostile, "test"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_str struct str out = STR_INIT;
		struct stand s;

		stand_init(&s, names[i]);
		if (i)
			ask_for_all(&s);
		put_script(&s);
		assert_int_equal(shell_run(&out, "bash -n '%s/launch.sh'", s.root), 0);
		/* of a value in single quotes it only remarks that nothing expands there */
		if (shells_have("shellcheck") && shell_run(&out, "shellcheck %s '%s/launch.sh'",
							   i == 1 ? "-S warning" : "", s.root))
			fail_msg("%s", out.data);
		stand_release(&s);
	}
}

/* --- the target --------------------------------------------------------------- */

static int apply(struct bed *b, bool wanted)
{
	struct wish w;
	int r;

	wish_init(&w);
	w.launch_script = true;
	if (wanted) {
		struct wish_device *d = wish_add_device(&w);

		assert_true(pci_addr_parse("0000:0b:00.0", &d->addr));
		pci_addr_format(&d->addr, d->bdf);
		d->group = 15;
		d->class_code = 0x030000;
	}
	r = bed_apply(b, &target_launch, &w);
	wish_release(&w);
	return r;
}

static void test_target(void **state)
{
	auto_free char *edited = NULL;
	struct bed b;

	(void)state;
	bed_init(&b);
	bed_put(&b, "/proc/meminfo", "MemTotal:       33554432 kB\n");
	assert_int_equal(apply(&b, true), 0);
	assert_int_equal(bed_mode(&b, LAUNCH_SCRIPT_PATH), 0755);
	assert_non_null(strstr(bed_get(&b, LAUNCH_SCRIPT_PATH),
			       "memory=16384 # MiB\ncores=2\nthreads=1\n"));
	assert_non_null(strstr(bed_get(&b, LAUNCH_SCRIPT_PATH), "display=\"none\" "));
	assert_true(launch_script_untouched(bed_get(&b, LAUNCH_SCRIPT_PATH),
					    strlen(bed_get(&b, LAUNCH_SCRIPT_PATH))));
	assert_false(b.reboot);
	assert_int_equal(apply(&b, false), 0);
	assert_null(bed_get(&b, LAUNCH_SCRIPT_PATH));

	/* an edited script is its owner's */
	assert_int_equal(apply(&b, true), 0);
	edited = xasprintf("%s# mine\n", bed_get(&b, LAUNCH_SCRIPT_PATH));
	bed_put(&b, LAUNCH_SCRIPT_PATH, edited);
	assert_int_equal(apply(&b, true), 0);
	assert_string_equal(bed_get(&b, LAUNCH_SCRIPT_PATH), edited);
	assert_non_null(bed_get(&b, LAUNCH_SCRIPT_PATH ".new"));
	assert_int_equal(apply(&b, false), 0);
	assert_string_equal(bed_get(&b, LAUNCH_SCRIPT_PATH), edited);
	assert_null(bed_get(&b, LAUNCH_SCRIPT_PATH ".new"));
	bed_release(&b);
}

static void test_untouched(void **state)
{
	auto_str struct str script = STR_INIT;
	auto_vm_profile struct vm_profile vm;
	const struct platform platform = {.qemu = NULL};

	(void)state;
	vm_profile_init(&vm, "x");
	launch_script_write(&script, &vm, &platform);
	assert_true(launch_script_untouched(script.data, script.len));
	assert_false(launch_script_untouched(script.data, script.len - 1));
	assert_false(launch_script_untouched("#!/bin/bash\n", 12));
	assert_false(launch_script_untouched("", 0));
	script.data[script.len - 2]++;
	assert_false(launch_script_untouched(script.data, script.len));
}

/* Without the parts that are common, a script is what its VM decides; two VMs have the same parts. */
static void test_common(void **state)
{
	const struct platform platform = {.qemu = NULL};
	size_t common[2] = {0};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct launch_common folds[LAUNCH_COMMON_MOST];
		auto_str struct str script = STR_INIT;
		auto_vm_profile struct vm_profile vm;
		auto_strv struct strv lines = STRV_INIT;
		size_t n;

		vm_profile_init(&vm, i ? "x" : hostile);
		launch_script_write(&script, &vm, &platform);
		n = launch_script_common(script.data, folds);
		assert_int_equal(n, 2); /* before the arguments; the screen and the start */
		for (size_t k = 0; k < n; k++) {
			assert_true(folds[k].first < folds[k].end);
			assert_true(!k || folds[k - 1].end < folds[k].first);
			common[i] += folds[k].end - folds[k].first;
		}
	}
	assert_int_equal(common[0], common[1]);
	assert_true(common[0] > 400);
	assert_int_equal(launch_script_common("#!/bin/bash\n", (struct launch_common[4]){{0}}), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_variables_are_copied_once),
		cmocka_unit_test(test_preflight),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_limit_of_an_older_login),
		cmocka_unit_test(test_logout_ends_all),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_screen_without_a_desktop),
		cmocka_unit_test(test_create_disk),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_its_reader_ends),
		cmocka_unit_test(test_failure_before_qemu),
		cmocka_unit_test(test_the_only_graphics_card),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_samba_services),
		cmocka_unit_test(test_power_button),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_settings_may_be_edited),
		cmocka_unit_test(test_shellcheck),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_common),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
