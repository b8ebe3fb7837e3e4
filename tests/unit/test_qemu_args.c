/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every field of a profile against the real QEMU: it starts (-S, its first instruction never
 * runs), takes QMP's quit, and says not one word of warning.
 *
 * What is not here is kept away from it by a wrapper: KVM (then TCG runs), devices of the
 * host, nodes of input devices. What an option needs and this machine lacks (a sound
 * server, huge pages) is said and skipped.
 */
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
#include "vm/launch_script.h"
#include "vm/profile_value.h"

/*
 * QEMU as the script calls it, with small memory and without what can't be had here. The
 * dropped arguments are kept in $DROPPED for the test to look at; a device that does nothing
 * takes the place of each of the host's.
 */
static const char wrapper[] =
	"#!/bin/bash\n"
	"if [ \"$1\" = -audiodev ]; then printf '%s\\n' none pipewire pa jack alsa spice; exit; "
	"fi\n"
	"args=()\n"
	"drop() { printf '%s\\n' \"$1\" >>\"$DROPPED\"; }\n"
	"while [ $# -gt 0 ]; do\n"
	"	case $1 in\n"
	"	-accel) drop \"$2\"; args+=(-accel tcg); shift ;;\n"
	"	-cpu) cpu=$2; case $cpu in host*) drop \"$2\"; cpu=max${cpu#host} ;; esac\n"
	"		args+=(-cpu \"${cpu//,topoext=on/}\"); shift ;;\n"
	"	-global) case $2 in kvm-pit.*) drop \"$2\" ;; *) args+=(\"$1\" \"$2\") ;; esac; "
	"shift ;;\n"
	"	-device) case $2 in usb-host,*) drop \"$2\" ;; vfio-pci,*) drop \"$2\"\n"
	"		args+=(-device \"pci-testdev,$(grep -oE "
	"'(bus|addr|multifunction)=[^,]*' <<<\"$2\" | paste -sd,)\") ;;\n"
	"		*) args+=(\"$1\" \"$2\") ;; esac; shift ;;\n"
	"	-object) case $2 in input-linux,*) drop \"$2\" ;; *) args+=(\"$1\" \"$2\") ;; "
	"esac; shift ;;\n"
	"	-audiodev) drop \"$2\"; args+=(-audiodev \"none,${2#*,}\"); shift ;;\n"
	"	-netdev) case $2 in bridge,* | tap,*) drop \"$2\"; args+=(-netdev user,id=net) ;; "
	"*) args+=(\"$1\" \"$2\") ;; esac; shift ;;\n"
	"	-display | -vnc) shift ;;\n"
	"	*) args+=(\"$1\") ;;\n"
	"	esac\n"
	"	shift\n"
	"done\n"
	"echo '{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}' |\n"
	"	timeout 120 qemu-system-x86_64 \"${args[@]}\" -S -display none -qmp stdio "
	">/dev/null\n";

struct stand {
	char *root;
	struct vm_profile vm;
	struct platform platform;
};

static void set(struct stand *s, const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (vm_field_set(&s->vm, vm_field_find(key), value, &err) < 0)
		fail_msg("%s = %s: %s", key, value, err.text);
}

static void set_path(struct stand *s, const char *key, const char *path, const char *more)
{
	auto_free char *whole = tmproot_path(s->root, path);
	auto_str struct str text = STR_INIT;

	if (vm_field_find(key)->kind == VM_LIST)
		vm_quote(&text, whole, true);
	else
		str_adds(&text, whole);
	str_adds(&text, more);
	set(s, key, text.data);
}

static void stand_init(struct stand *s, const char *name)
{
	auto_str struct str out = STR_INIT;

	*s = (struct stand){.root = tmproot_new()};
	tmproot_put(s->root, "/bin/qemu", wrapper);
	tmproot_put(s->root, "/bin/swtpm", "#!/bin/bash\nexit 0\n");
	assert_int_equal(
		shell_run(&out,
			  "cd '%s' && mkdir -p run home tmp && chmod 755 bin/* && "
			  "truncate -s 64K code vars && truncate -s 1M 'a,b \"c.img' cd.iso && "
			  "truncate -s 4K card.rom",
			  s->root),
		0);
	s->platform = (struct platform){.cpu = CPU_AMD, .qemu = tmproot_path(s->root, "/bin/qemu")};
	s->platform.ovmf = (struct ovmf){tmproot_path(s->root, "/code"),
					 tmproot_path(s->root, "/vars"), xstrdup("raw"), false};
	s->platform.ovmf_secure = (struct ovmf){tmproot_path(s->root, "/code"),
						tmproot_path(s->root, "/vars"), xstrdup("raw"),
						true};
	vm_profile_init(&s->vm, name);
	set(s, "memory", "128M");
	set_path(s, "vars", "/home/vars.fd", "");
	set_path(s, "shared-memory", "/tmp/looking, glass", "");
}

static void ovmf_free(struct ovmf *o)
{
	free(o->code);
	free(o->vars);
	free(o->format);
}

static void stand_release(struct stand *s)
{
	vm_profile_release(&s->vm);
	tmproot_remove(s->root);
	free(s->platform.qemu);
	ovmf_free(&s->platform.ovmf);
	ovmf_free(&s->platform.ovmf_secure);
}

/*
 * What the profile makes of QEMU, in words that say what is amiss. The script's preflight
 * has its own test; here it would miss the devices.
 */
static void run(struct stand *s, const char *what, const char *args)
{
	auto_str struct str script = STR_INIT;
	auto_str struct str out = STR_INIT;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	int status;

	vm_profile_check(&s->vm, &problems);
	if (problems.len)
		fail_msg("%s: %s", what, problems.items[0].text);
	launch_script_write(&script, &s->vm, &s->platform);
	tmproot_put_bytes(s->root, "/launch.sh", script.data, script.len);
	status = shell_run(
		&out,
		"cd '%s' && sed -i -e 's/|| check_all$/|| true/' -e 's/^start_helpers$/:/' "
		"-e 's/^hand_over_all$/:/' launch.sh && export HOME=\"$PWD/home\" "
		"XDG_RUNTIME_DIR=\"$PWD/run\" DROPPED=\"$PWD/dropped\" VFIOTUI_ROOT=\"$PWD\" "
		"DISPLAY=:9; timeout 300 bash ./launch.sh %s 2>&1",
		s->root, args);
	if (status || out.len)
		fail_msg("%s: status %d: %s", what, status, out.data);
}

/* A value of each field that is not the default, one by one. */
static const struct {
	const char *key, *value, *and_key, *and_value;
} single[] = {
	{"system", "windows-11", NULL, NULL},
	{"cores", "3", NULL, NULL},
	{"pin-emulator", "", NULL, NULL},
	{"machine", "i440fx", NULL, NULL},
	{"firmware", "bios", NULL, NULL},
	{"firmware", "uefi-secure", NULL, NULL},
	{"boot", "network", NULL, NULL},
	{"clock", "local", NULL, NULL},
	{"clock-drift-fix", "yes", NULL, NULL},
	{"hpet", "yes", NULL, NULL},
	{"pit-discard", "no", NULL, NULL},
	{"hide-kvm", "yes", NULL, NULL},
	{"vendor-id", "a \"b' c", NULL, NULL},
	{"cpu", "qemu64", NULL, NULL},
	{"cpu-options", "check,+aes", NULL, NULL},
	{"accel", "tcg", NULL, NULL},
	{"network", "none", NULL, NULL},
	{"network", "bridge", "interface", "br0"},
	{"network", "macvtap", "interface", "eth0"},
	{"nic", "e1000e", NULL, NULL},
	{"nic", "e1000", NULL, NULL},
	{"nic", "rtl8139", NULL, NULL},
	{"mac", "52:54:00:aa:bb:cc", NULL, NULL},
	{"forward", "tcp:45221:22", NULL, NULL},
	{"usb", "046d:c52b", NULL, NULL},
	{"usb", "1-2.3", NULL, NULL},
	{"usb-controllers", "none", NULL, NULL},
	{"usb-controllers", "nec-xhci", NULL, NULL},
	{"usb-controllers", "ehci uhci", NULL, NULL},
	{"usb-controllers", "all", "machine", "i440fx"},
	{"display", "std", NULL, NULL},
	{"display", "qxl", NULL, NULL},
	{"display", "spice", NULL, NULL},
	{"display", "spice", "spice-port", "45930"},
	{"display", "looking-glass", "resolution", "640x480"},
	{"audio", "pipewire", NULL, NULL},
	{"audio", "pulseaudio", "sound-card", "ac97"},
	{"audio", "jack", "sound-card", "usb"},
	{"audio", "alsa", NULL, NULL},
	{"evdev", "/dev/input/by-id/a,b-event-kbd", "evdev-toggle", "ctrl-scrolllock"},
	{"display", "std", "input", "virtio"},
	{"display", "std", "input", "ps2"},
	{"lock-memory", "no", NULL, NULL},
	{"device", "0000:0b:00.0", NULL, NULL},
	{"qemu-option", "-no-reboot", NULL, NULL},
};

static void test_single_fields(void **state)
{
	(void)state;
	if (!shells_have("qemu-system-x86_64"))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
		auto_free char *what = xasprintf("%s = %s", single[i].key, single[i].value);
		struct stand s;

		stand_init(&s, "win 11, \"mine\"\nx");
		if (!strcmp(single[i].key, "usb-controllers") && strcmp(single[i].value, "none"))
			set(&s, "display", "std"); /* they are used then */
		set(&s, single[i].key, single[i].value);
		if (single[i].and_key)
			set(&s, single[i].and_key, single[i].and_value);
		run(&s, what, "");
		stand_release(&s);
	}
}

/* Disks on every bus, of both machines, raw and qcow2, and CD images beside them. */
static void test_disks(void **state)
{
	static const char *const more[] = {
		" format=raw",
		" format=raw bus=scsi cache=writeback aio=threads",
		" format=raw bus=sata cache=writethrough serial=abc-1",
		" format=raw bus=nvme",
		" format=raw bus=usb readonly=yes",
		" format=raw cache=none aio=native",
		" format=raw cache=none aio=io_uring",
		"",
	};
	auto_str struct str out = STR_INIT;

	(void)state;
	if (!shells_have("qemu-system-x86_64") || !shells_have("qemu-img"))
		skip();
	for (size_t i = 0; i < 2 * ARRAY_SIZE(more); i++) {
		const char *options = more[i / 2];
		struct stand s;

		stand_init(&s, "disks");
		set(&s, "machine", i % 2 ? "i440fx" : "q35");
		set_path(&s, "disk", "/a,b \"c.img", options);
		set_path(&s, "disk", "/home/new.qcow2", " size=1M bus=sata");
		set_path(&s, "cdrom", "/cd.iso", "");
		shell_run(&out, "cd '%s' && qemu-img create -q -f qcow2 home/new.qcow2 1M", s.root);
		run(&s, options, "--cdrom cd.iso");
		stand_release(&s);
	}
}

/* All that goes together at once, as Windows 11 wants it. */
static void test_everything(void **state)
{
	static const char *const all[][2] = {
		{"system", "windows-11"},
		{"cores", "2"},
		{"threads", "1"},
		{"firmware", "uefi-secure"},
		{"hyperv", "relaxed vapic spinlocks time"},
		{"hide-kvm", "yes"},
		{"vendor-id", "vendor"},
		{"clock", "local"},
		{"device", "0000:0b:00.0 ids=10de:2484 guest=09.0"},
		{"device", "0000:0b:00.1 guest=09.1"},
		{"device", "0000:0c:00.0"},
		{"usb", "046d:c52b"},
		{"usb-controllers", "all"},
		{"audio", "pipewire"},
		{"evdev", "/dev/input/by-id/x-event-kbd"},
		{"evdev", "/dev/input/by-id/x-event-mouse"},
		{"display", "looking-glass"},
		{"resolution", "640x480"},
	};
	struct stand s;

	(void)state;
	if (!shells_have("qemu-system-x86_64"))
		skip();
	stand_init(&s, "all");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		set(&s, all[i][0], all[i][1]);
	set_path(&s, "disk", "/a,b \"c.img", " format=raw bus=virtio");
	run(&s, "everything", "");
	stand_release(&s);
}

/*
 * What QEMU starts with in either case, so that only the guest, or an attacker, would notice that it
 * is wrong. "!": the script must not say it.
 */
static const struct {
	const char *settings[4][2];
	const char *says[3];
} meant[] = {
	{{{"firmware", "uefi-secure"}},
	 {",smm=on", "driver=cfi.pflash01,property=secure,value=on"}},
	{{{"firmware", "uefi"}}, {"!smm=on", "!property=secure"}},
	{{{"threads", "2"}}, {"-cpu \"host,topoext=on"}},
	{{{"threads", "1"}}, {"!topoext"}},
	{{{"threads", "2"}, {"accel", "tcg"}}, {"!topoext", "!kvm-pit", "-cpu \"max"}},
	{{{"pit-discard", "yes"}}, {"kvm-pit.lost_tick_policy=discard"}},
	{{{"pit-discard", "no"}}, {"!kvm-pit"}},
	{{{"hyperv", "relaxed"}}, {"hv-crash=on", "!pvpanic"}},
	{{{"hyperv", "none"}}, {"!hv-", "-device \"pvpanic\""}},
	{{{"firmware-code", "/x.qcow2"}, {"firmware-vars", "/y.qcow2"}}, {"ovmf_format=\"qcow2\""}},
	{{{"firmware-code", "/x.fd"}, {"firmware-vars", "/y.fd"}}, {"ovmf_format=\"raw\""}},
	{{{"disk", "/a cache=writethrough"}}, {"bootindex=10,write-cache=off"}},
	{{{"disk", "/a cache=writeback"}}, {"!write-cache"}},
	{{{"disk", "/a"}, {"boot", "cdrom"}, {"cdrom", "/c"}},
	 {"drive=disk0,bus=port2,bootindex=20", "$((10 + i))"}},
	{{{"disk", "/a"}, {"cdrom", "/c"}}, {"drive=disk0,bus=port2,bootindex=10", "$((60 + i))"}},
	{{{"forward", "tcp:2222:22"}}, {"hostfwd=tcp:127.0.0.1:2222-:22\""}},
	{{{"device", "01:00.0 vga=yes"}}, {",x-vga=on"}},
	{{{"device", "01:00.0"}}, {"!x-vga", "!romfile"}},
	{{{"device", "01:00.0 rom=/r"}}, {",romfile=${roms[0]//,/,,}"}},
	{{{"hide-kvm", "yes"}}, {",kvm=off"}},
	{{{"evdev", "/dev/input/x-kbd"}}, {"grab_all=on,repeat=on,grab-toggle=ctrl-ctrl"}},
	{{{"evdev", "/dev/input/x-mouse"}}, {"!grab_all"}},
	{{{"evdev", "/dev/input/x keyboard=yes"}}, {"grab_all=on"}},
};

static void check_meaning(const struct stand *s, size_t row)
{
	auto_str struct str script = STR_INIT;

	launch_script_write(&script, &s->vm, &s->platform);
	for (size_t i = 0; i < 3 && meant[row].says[i]; i++) {
		const char *says = meant[row].says[i];
		const bool not = *says == '!';

		if (!strstr(script.data, says + not ) != not )
			fail_msg("row %zu: %s", row, says);
	}
}

static void test_what_is_meant(void **state)
{
	auto_str struct str script = STR_INIT;
	struct stand s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(meant); i++) {
		stand_init(&s, "x");
		for (size_t k = 0; k < 4 && meant[i].settings[k][0]; k++)
			set(&s, meant[i].settings[k][0], meant[i].settings[k][1]);
		check_meaning(&s, i);
		stand_release(&s);
	}
	/* another processor; an ordinary OVMF that was built with Secure Boot wants SMM, too */
	stand_init(&s, "x");
	s.platform.cpu = CPU_INTEL;
	s.platform.ovmf.secure_boot = true;
	set(&s, "threads", "2");
	launch_script_write(&script, &s.vm, &s.platform);
	assert_null(strstr(script.data, "topoext"));
	assert_non_null(strstr(script.data, ",smm=on"));
	stand_release(&s);
}

/* Each place that a profile may ask for is free, whatever else sits on the guest's first bus. */
static void test_places(void **state)
{
	static const char *const machines[] = {"q35", "i440fx"};
	static const char *const places[] = {"03.0", "03.1", "04.0", "05.0", "06.0",
					     "07.0", "08.0", "0f.0", "0f.7"};

	(void)state;
	if (!shells_have("qemu-system-x86_64"))
		skip();
	for (size_t m = 0; m < ARRAY_SIZE(machines); m++) {
		struct stand s;

		stand_init(&s, "all");
		set(&s, "machine", machines[m]);
		set(&s, "display", "std");
		set(&s, "input", "virtio");
		set(&s, "usb-controllers", "all");
		set(&s, "nic", "e1000");
		set(&s, "audio", "alsa");
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			auto_free char *device = xasprintf("0000:%02zx:00.0 guest=%s", i + 1,
							   places[i]);

			set(&s, "device", device);
		}
		set(&s, "device", "0000:20:00.0");
		set(&s, "device", "0000:20:00.1");
		run(&s, machines[m], "");
		stand_release(&s);
	}
}

static const char guide[] =
	"memory = 12288M\ncores = 4\nthreads = 2\nhide-kvm = yes\ncpu-options = check\n"
	"firmware-code = /usr/share/ovmf/x64/ovmf_code_x64.bin\n"
	"firmware-vars = /usr/share/ovmf/x64/ovmf_vars_x64.bin\n"
	"vars = /srv/Windows_ovmf_vars_x64.bin\nclock = local\nboot = disk\n"
	"disk = /srv/Windows.img format=raw cache=none aio=native\n"
	"network = bridge\ninterface = br0\nnic = virtio\nmac = 52:54:00:00:00:01\n"
	"audio = pulseaudio\nsound-card = hda\n"
	"usb-controllers = nec-xhci ehci uhci\n"
	"device = 04:00.0 guest=09.0\ndevice = 04:00.1 guest=09.1\n"
	"samba = yes\nkeyboard-server = synergy\nkeyboard-server-config = "
	"/etc/synergy.conf\n";
static const char *const guide_wants[] = {
	"-name guest=Windows\\,",
	"-cpu host\\,topoext=on\\,kvm=off\\,check",
	"-smp sockets=1\\,cores=4\\,threads=2",
	"-m 12288M",
	"-rtc base=localtime",
	"filename=/usr/share/ovmf/x64/ovmf_code_x64.bin",
	"filename=/srv/Windows_ovmf_vars_x64.bin",
	"-device nec-usb-xhci\\,id=xhci",
	"-device usb-ehci\\,id=ehci",
	"-device ich9-usb-uhci3\\,id=uhci",
	"filename=/srv/Windows.img\\,aio=native\\,cache.direct=on",
	"-device virtio-blk-pci",
	"bootindex=10",
	"-netdev bridge\\,id=net\\,br=br0",
	"-device virtio-net-pci\\,netdev=net\\,mac=52:54:00:00:00:01",
	"-audiodev pa\\,id=sound",
	"-device hda-duplex",
	"-device vfio-pci\\,host=0000:04:00.0\\,bus=pcie.0\\,addr=09.0\\,multifunction=on",
	"-device vfio-pci\\,host=0000:04:00.1\\,bus=pcie.0\\,addr=09.1",
	"-vga none -display none",
	"-nodefaults",
};

/*
 * The guide's complete example, said in a profile: the same machine, in the words of a QEMU
 * of today.
 */
static void test_the_guides_example(void **state)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	auto_str struct str out = STR_INIT;
	auto_str struct str script = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "Windows");
	vm_profile_parse(&s.vm, guide, strlen(guide), &problems);
	vm_profile_check(&s.vm, &problems);
	assert_int_equal(problems.len, 0);
	launch_script_write(&script, &s.vm, &s.platform);
	tmproot_put_bytes(s.root, "/launch.sh", script.data, script.len);
	assert_int_equal(shell_run(&out, "cd '%s' && HOME=/x bash ./launch.sh --print", s.root), 0);
	for (size_t i = 0; i < ARRAY_SIZE(guide_wants); i++)
		if (!strstr(out.data, guide_wants[i]))
			fail_msg("%s is missing:\n%s", guide_wants[i], out.data);
	assert_non_null(strstr(script.data, "samba=\"yes\""));
	assert_non_null(strstr(script.data, "sharer=\"synergys\""));
	assert_non_null(strstr(script.data, "sharer_config=\"/etc/synergy.conf\""));
	/* installing: without devices, on a standard VGA, two CD images */
	assert_int_equal(
		shell_run(&out,
			  "cd '%s' && HOME=/x bash ./launch.sh --no-devices --display --cdrom "
			  "/iso/w10.img --cdrom /iso/virtio.iso --print",
			  s.root),
		0);
	assert_non_null(strstr(out.data, "-vga std"));
	assert_non_null(strstr(out.data, "filename=/iso/virtio.iso"));
	stand_release(&s);
}

/* Until each thread is where it belongs; the limit ends a wait for ever. */
static const char watch_pinning[] = "sed -i 's/|| check_all$/|| true/' launch.sh\n"
				    "export HOME=$PWD/home XDG_RUNTIME_DIR=$PWD/run\n"
				    "bash ./launch.sh & script=$!\n"
				    "where() { # PROCESS THREAD\n"
				    "	for t in /proc/$1/task/*; do\n"
				    "		[ \"$(cat $t/comm)\" != \"$2\" ] || sed -n "
				    "'s/^Cpus_allowed_list:\\t//p' $t/status\n"
				    "	done\n"
				    "}\n"
				    "for ((i = 0; i < 600; i++)); do\n"
				    "	sleep 0.1\n"
				    "	qemu=$(pgrep -P $script qemu-system) || continue\n"
				    "	now=\"$(where $qemu 'CPU 0/TCG') $(where $qemu 'CPU "
				    "1/TCG') $(where $qemu qemu-system-x86 | sort -u)\"\n"
				    "	[ \"$now\" != '1 0 0' ] || break\n"
				    "done\n"
				    "kill -KILL $qemu\n"
				    "wait $script\n"
				    "echo \"$now\"\n"
				    "[ $i -lt 600 ]\n";

/* The virtual CPUs of a real QEMU are where the profile wants them, the rest elsewhere. */
static void test_pinning(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str script = STR_INIT;
	auto_str struct str cpus = STR_INIT;
	struct stand s;

	(void)state;
	if (!shells_have("qemu-system-x86_64") || !shells_have("taskset"))
		skip();
	shell_run(&cpus, "taskset -p -c $$ | sed 's/.*: //'");
	str_rtrim(&cpus);
	if (!strpbrk(cpus.data, ",-")) {
		print_message("pinning skipped: there is one CPU only (%s)\n", cpus.data);
		skip();
	}
	stand_init(&s, "pinned");
	set(&s, "cores", "2");
	set(&s, "pin", "1,0");
	set(&s, "pin-emulator", "0");
	launch_script_write(&script, &s.vm, &s.platform);
	tmproot_put_bytes(s.root, "/launch.sh", script.data, script.len);
	tmproot_put(s.root, "/watch", watch_pinning);
	tmproot_put(s.root, "/bin/qemu",
		    "#!/bin/bash\n"
		    "exec qemu-system-x86_64 -name x,debug-threads=on -accel tcg,thread=multi -smp "
		    "2 -m 64M -S "
		    "-display none -nodefaults\n");
	if (shell_run(&out, "cd '%s' && timeout 200 bash ./watch 2>&1", s.root))
		fail_msg("not pinned within a minute: %s", out.data);
	stand_release(&s);
}

/* All Hyper-V features by the names that QEMU gives them; some can be had with KVM alone. */
static void test_hyperv_names(void **state)
{
	auto_str struct str known = STR_INIT;
	auto_str struct str script = STR_INIT;
	const char *at;
	size_t n = 0;
	struct stand s;

	(void)state;
	if (!shells_have("qemu-system-x86_64"))
		skip();
	stand_init(&s, "hv");
	set(&s, "hyperv", "all");
	set(&s, "vendor-id", "x");
	launch_script_write(&script, &s.vm, &s.platform);
	assert_int_equal(shell_run(&known, "qemu-system-x86_64 -device max-x86_64-cpu,help"), 0);
	for (at = strstr(script.data, ",hv-"); at; at = strstr(at + 1, ",hv-"), n++) {
		auto_free char *name = xasprintf("  %.*s=<", (int)strcspn(at + 1, "="), at + 1);

		if (!strstr(known.data, name))
			fail_msg("QEMU does not know%s", name);
	}
	assert_int_equal(n, 15);
	stand_release(&s);
}

/*
 * swtpm itself beside the real QEMU: started before it, gone after it, its state kept. Both may have
 * any name, though swtpm can't be told a comma.
 */
static void test_tpm(void **state)
{
	auto_str struct str out = STR_INIT;
	auto_str struct str script = STR_INIT;
	struct stand s;

	(void)state;
	if (!shells_have("qemu-system-x86_64") || !shells_have("swtpm"))
		skip();
	stand_init(&s, "a,b \"c");
	set(&s, "tpm", "yes");
	set_path(&s, "vars", "/home/d,e/vars.fd", "");
	launch_script_write(&script, &s.vm, &s.platform);
	tmproot_put_bytes(s.root, "/launch.sh", script.data, script.len);
	if (shell_run(&out,
		      "cd '%s' && sed -i 's/|| check_all$/|| true/' launch.sh && export "
		      "HOME=\"$PWD/home\" "
		      "XDG_RUNTIME_DIR=\"$PWD/run\" DROPPED=\"$PWD/dropped\"; timeout 300 bash "
		      "./launch.sh 2>&1",
		      s.root) ||
	    out.len)
		fail_msg("%s", out.data);
	assert_true(tmproot_has(s.root, "/home/d,e/tpm"));
	assert_false(tmproot_has(s.root, "/run/vfiotui/a,b \"c.tpm"));
	assert_int_equal(shell_run(&out, "find '%s/run/vfiotui' -name 'tpm-*'", s.root), 0);
	assert_string_equal(out.data, "");
	assert_int_equal(tmproot_count(s.root, "permall"), 1);
	stand_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_fields), cmocka_unit_test(test_disks),
		cmocka_unit_test(test_everything),    cmocka_unit_test(test_the_guides_example),
		cmocka_unit_test(test_pinning),       cmocka_unit_test(test_hyperv_names),
		cmocka_unit_test(test_tpm),           cmocka_unit_test(test_places),
		cmocka_unit_test(test_what_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
