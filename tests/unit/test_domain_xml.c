/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains of libvirt: every field of a profile, read by libvirt's schema and by libvirt itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/bed.h"
#include "../support/libvirt.h"
#include "../support/shells.h"
#include "../support/tmproot.h"
#include "base/mem.h"
#include "base/xml.h"
#include "vm/domain_xml.h"

/* Settings ("key=value" a line) and what must come out of them. */
struct domain_case {
	const char *settings;
	const char *xml;    /* a part of the domain, or NULL */
	const char *qemu;   /* a part of QEMU's command line as libvirt makes it, or NULL */
	const char *absent; /* must be in neither, or NULL */
	unsigned version;
};

#define CARD                                                                                       \
	"device=0000:0b:00.0 ids=10de:2484\n"                                                      \
	"device=0000:0b:00.1 ids=10de:228b\n"

static const struct domain_case cases[] = {
	{"", "<name>VM</name>", "-name guest=VM", NULL, 0},
	{"memory=12G", "<memory unit='MiB'>12288</memory>", "\"size\":12884901888", NULL, 0},
	{"cores=4\nthreads=2", "<topology sockets='1' cores='4' threads='2'/>", "cores=4,threads=2",
	 NULL, 0},
	{"cores=2\npin=4,12\npin-emulator=0-3",
	 "<vcpupin vcpu='1' cpuset='12'/>\n    <emulatorpin cpuset='0-3'/>", NULL, NULL, 0},
	{"machine=i440fx\nfirmware=bios", "machine='pc'", "-machine pc-i440fx", "pflash", 0},
	{"firmware=uefi", "<feature enabled='no' name='secure-boot'/>", "pflash", "<smm", 0},
	{"firmware=uefi-secure", "<smm state='on'/>", "smm=on", NULL, 0},
	{"firmware=uefi\nfirmware-code=/usr/share/OVMF/OVMF_CODE_4M.fd\n"
	 "firmware-vars=/usr/share/OVMF/OVMF_VARS_4M.fd\nvars=/srv/vars & more.fd",
	 "<nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'>/srv/vars &amp; more.fd</nvram>",
	 "/srv/vars & more.fd", NULL, 0},
	{"accel=tcg\ncpu=qemu64", "<domain type='qemu'", "-accel tcg", NULL, 0},
	{"accel=tcg\ncpu-options=check", "<cpu mode='maximum'", "max-x86_64-cpu.check=on", NULL, 0},
	{"cpu-options=check,+invtsc,-hle,kvm-hint-dedicated=on",
	 "<qemu:arg value='host-x86_64-cpu.check=on'/>", "host-x86_64-cpu.hle=off", NULL, 0},
	{"clock=local\nclock-drift-fix=yes", "<clock offset='localtime'>",
	 "-rtc base=localtime,driftfix=slew", NULL, 0},
	{"hpet=no", "<timer name='hpet' present='no'/>", "hpet", NULL, 0},
	{"pit-discard=yes", "<timer name='pit' tickpolicy='discard'/>",
	 "kvm-pit.lost_tick_policy=discard", NULL, 0},
	{"pit-discard=no", "<timer name='pit' tickpolicy='delay'/>", NULL, "tickpolicy='discard'",
	 0},
	{"threads=1", "threads='1'", NULL, "topoext", 0},
	{CARD,
	 "function='0x0'/>\n      </source>\n      <address type='pci' domain='0x0000' bus='0x01' "
	 "slot='0x00' function='0x0' multifunction='on'/>",
	 NULL, NULL, 0},
	{"disk=/srv/a readonly=yes", "<readonly/>", NULL, NULL, 0},
	{"disk=/srv/a", "<source file='/srv/a'/>", NULL, "<readonly/>", 0},
	{"boot=cdrom\ndisk=/srv/a\ncdrom=/srv/b", "<boot order='3'/>", NULL, "order='4'", 0},
	{"evdev=/dev/input/x-mouse", "<source dev='/dev/input/x-mouse'/>", NULL, "grab='all'", 0},
	{"hyperv=all\nvendor-id=a vendor", "<vendor_id state='on' value='a vendor'/>",
	 "hv-vendor-id=a vendor", NULL, 0},
	{"hyperv=time", "<timer name='hypervclock' present='yes'/>", "hv-time=on", "<hyperv", 0},
	{"hide-kvm=yes", "<hidden state='on'/>", "kvm=off", NULL, 0},
	{"disk=/srv/a b,c'd.img format=raw bus=virtio cache=none aio=native serial=S1",
	 "<source file='/srv/a b,c&apos;d.img'/>", "virtio-blk-pci", NULL, 0},
	{"disk=/srv/x.qcow2", "type='qcow2'", "qcow2", NULL, 0},
	{"disk=/dev/sdz9 bus=scsi", "<source dev='/dev/sdz9'/>", "virtio-scsi", NULL, 0},
	{"disk=/srv/x.img bus=ide", "bus='sata'", "ide-hd", NULL, 0},
	{"machine=i440fx\nfirmware=bios\ndisk=/srv/x.img bus=ide", "bus='ide'", "ide-hd", NULL, 0},
	{"disk=/srv/x,y.img format=raw bus=nvme", "<qemu:arg value='nvme,drive=nvme0",
	 "filename=/srv/x,,y.img", "<disk", 0},
	{"disk=/srv/x.img\ncdrom=/srv/a.iso\ncdrom=/srv/b.iso\nboot=cdrom",
	 "<boot order='2'/>\n    </disk>\n    <controller", "\"bootindex\":3", NULL, 0},
	{"network=none", NULL, NULL, "<interface", 0},
	{"network=user\nnic=e1000e\nmac=52:54:00:aa:bb:cc", "<interface type='user'>",
	 "52:54:00:aa:bb:cc", NULL, 0},
	{"network=bridge\ninterface=br0", "<source bridge='br0'/>", NULL, NULL, 0},
	{"network=macvtap\ninterface=enp3s0", "<source dev='enp3s0' mode='bridge'/>", NULL, NULL,
	 0},
	{"forward=tcp:2222:22\nforward=udp:53:5353\nshare=/srv/a,b",
	 "hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:127.0.0.1:53-:5353,smb=/srv/a,,b",
	 "netdev=vfiotui-net", "<interface", 0},
	{CARD,
	 "<address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0' "
	 "multifunction='on'/>",
	 "\"host\":\"0000:0b:00.1\"", NULL, 0},
	{CARD "device=0000:0c:00.0\nbind=at-boot", "managed='no'", "\"host\":\"0000:0c:00.0\"",
	 "'yes'>", 0},
	{CARD "machine=i440fx\nfirmware=bios", "bus='0x00' slot='0x10' function='0x1'",
	 "\"host\":\"0000:0b:00.0\"", NULL, 0},
	{"device=0000:0b:00.0 guest=09.0 rom=/srv/a b.rom vga=yes",
	 "slot='0x09' function='0x0' multifunction='on'/>", "a b.rom", NULL, 0},
	{"device=0000:0b:00.0 vga=yes\nmachine=i440fx\nfirmware=bios",
	 "<qemu:property name='x-vga' type='bool' value='true'/>", NULL, NULL, 0},
	{"usb=046d:c52b", "<product id='0xc52b'/>", NULL, NULL, 0},
	{"usb=1-2.3", NULL, "usb-host,hostbus=1,hostport=2.3", NULL, 0},
	{"usb-controllers=nec-xhci ehci uhci", "model='piix3-uhci'", "nec-usb-xhci", "qemu-xhci",
	 0},
	{"usb-controllers=none", "<controller type='usb' model='none'/>", NULL, "tablet", 0},
	{"display=none", "<model type='none'/>", "-display none", "<graphics", 0},
	{"display=std", "<model type='vga'/>", "VGA", NULL, 0},
	{"display=qxl\nspice-port=5930", "port='5930'", "port=5930", NULL, 0},
	{"display=spice", "<model type='virtio'/>", "virtio-vga", NULL, 0},
	{"display=looking-glass\nresolution=3840x2160", "<shmem name='looking-glass'>",
	 "ivshmem-plain", NULL, 0},
	{"display=looking-glass\nshared-memory=/dev/kvmfr0", "mem-path=/dev/kvmfr0",
	 "ivshmem-plain", "<shmem", 0},
	{"audio=pulseaudio\nsound-card=hda", "unix:/run/user/1000/pulse/native", "ich9-intel-hda",
	 NULL, 0},
	{"audio=alsa\nsound-card=ac97", "<sound model='ac97'>", "AC97", NULL, 0},
	{"audio=jack\nsound-card=usb", "<sound model='usb'>", "usb-audio", NULL, 0},
	{"audio=spice", "<audio id='1' type='spice'/>", "spice", NULL, 0},
	{"audio=pipewire", "<qemu:env name='PIPEWIRE_RUNTIME_DIR' value='/run/user/1000'/>",
	 "pipewire,id=vfiotui-sound", "<sound", 0},
	{"evdev=/dev/input/by-id/a-event-kbd\nevdev=/dev/input/by-id/b-event-mouse\n"
	 "evdev-toggle=scrolllock",
	 "grab='all' grabToggle='scrolllock' repeat='on'/>", "grab-toggle", NULL, 0},
	{"input=virtio", "<input type='tablet' bus='virtio'/>", "virtio-tablet", NULL, 0},
	{"input=ps2", NULL, NULL, "<input", 0},
	{"tpm=yes", "<backend type='emulator' version='2.0'/>", NULL, NULL, 0},
	{"hugepages=2M", "<page size='2' unit='M'/>", NULL, NULL, 0},
	{"lock-memory=yes", "<locked/>", "mem-lock=on", NULL, 0},
	{"numa-node=0", "<memory mode='strict' nodeset='0'/>", NULL, NULL, 0},
	{"qemu-option=-global\nqemu-option=x<y&z.a='b'",
	 "<qemu:arg value='x&lt;y&amp;z.a=&apos;b&apos;'/>", NULL, NULL, 0},
};

static size_t failures;

/* All cases are tried before the test fails. */
static void complain(const struct domain_case *c, const char *wants, const char *got)
{
	failures++;
	fprintf(stderr, "--- %s\nwants: %s\n%s\n", c->settings, wants, got);
}

static void fill(struct vm_profile *p, const char *name, const char *settings)
{
	auto_free char *copy = xstrdup(settings);
	char *rest = copy;
	char *line;

	vm_profile_init(p, name);
	while ((line = strsep(&rest, "\n"))) {
		char *value = strchr(line, '=');
		struct err err = ERR_INIT;

		if (!value)
			continue;
		*value++ = '\0';
		assert_non_null(vm_field_find(line));
		if (vm_field_set(p, vm_field_find(line), value, &err) < 0)
			fail_msg("%s: %s", line, err.text);
	}
}

static int write_domain(struct str *out, const char *name, const struct domain_case *c,
			struct strv *notes, struct err *err)
{
	const struct domain_facts facts = {.version = c->version,
					   .emulator = "/usr/bin/qemu-system-x86_64",
					   .amd = true,
					   .runtime_dir = "/run/user/1000"};
	auto_vm_profile struct vm_profile p;

	fill(&p, name, c->settings);
	return domain_xml_write(out, &p, &facts, notes, err);
}

static void check_schema(const char *file, const struct domain_case *c)
{
	auto_str struct str out = STR_INIT;

	if (shell_run(&out, "virt-xml-validate '%s' domain 2>&1", file))
		complain(c, "the schema", out.data);
}

/* The command line that libvirt would start; what the host lacks (a bridge, hugetlbfs) may stop it. */
static void check_native(const char *root, const char *prefix, const struct domain_case *c)
{
	auto_str struct str out = STR_INIT;

	if (!c->qemu)
		return;
	if (libvirt_virsh(root, prefix, &out, "domxml-to-native qemu-argv domain.xml"))
		complain(c, "libvirt", out.data);
	else if (!strstr(out.data, c->qemu))
		complain(c, c->qemu, out.data);
}

static void test_every_field(void **state)
{
	bool schema = shells_have("virt-xml-validate");
	char *root = tmproot_new();
	const char *native = libvirt_prefix(root);
	size_t done = 0;

	(void)state;
	/* asks QEMU once only: as another user it could not keep the answer here */
	tmproot_put(root, "/etc/qemu.conf", "user = \"+0\"\ngroup = \"+0\"\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct domain_case *c = &cases[i];
		auto_str struct str xml = STR_INIT;
		auto_free char *file = xasprintf("%s/domain.xml", root);
		struct err err = ERR_INIT;

		if (write_domain(&xml, "VM", c, NULL, &err) < 0)
			fail_msg("%s: %s", c->settings, err.text);
		if (c->xml && !strstr(xml.data, c->xml))
			complain(c, c->xml, xml.data);
		if (c->absent && strstr(xml.data, c->absent))
			complain(c, "something absent", xml.data);
		tmproot_put(root, "/domain.xml", xml.data);
		if (schema)
			check_schema(file, c);
		if (native)
			check_native(root, native, c);
		done++;
	}
	printf("measured: %zu domains held against %s\n", done,
	       schema && native ? "libvirt's schema and libvirt"
	       : schema         ? "libvirt's schema"
				: "nothing of libvirt's");
	tmproot_remove(root);
	assert_int_equal(failures, 0);
}

/* No field of the table may be forgotten here: each is set by some case, or says why not. */
static void test_no_field_is_forgotten(void **state)
{
	static const char *const not_of_a_domain[] = {
		"libvirt",
		"single-gpu",
		"system",
		"qemu",
		"ignore-msrs",
		"samba",
		"guest-side",
		"guest-screen",
		"host-screen",
		"keyboard-server",
		"keyboard-server-config",
	};

	(void)state;
	for (size_t i = 0; i < vm_fields_len; i++) {
		auto_free char *first = xasprintf("%s=", vm_fields[i].key);
		auto_free char *later = xasprintf("\n%s=", vm_fields[i].key);
		bool found = false;

		for (size_t k = 0; k < ARRAY_SIZE(cases); k++)
			found |= text_starts_with(cases[k].settings, first) ||
				 strstr(cases[k].settings, later);
		for (size_t k = 0; k < ARRAY_SIZE(not_of_a_domain); k++)
			found |= !strcmp(not_of_a_domain[k], vm_fields[i].key);
		if (!found)
			fail_msg("%s", vm_fields[i].key);
	}
}

/* The same name is the same domain; another name another one. */
static void test_uuid(void **state)
{
	char a[37];
	char b[37];
	char c[37];

	(void)state;
	domain_uuid("windows", a);
	domain_uuid("windows", b);
	domain_uuid("windowt", c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '8');
}

static void test_hostile_names(void **state)
{
	static const char name[] = "a<b>&'\"c ]]> \xc3\xa4";
	const struct domain_case c = {.settings = "disk=/srv/<x>&'\"--.img"};
	auto_str struct str xml = STR_INIT;
	auto_str struct str out = STR_INIT;
	char *root = tmproot_new();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(write_domain(&xml, name, &c, NULL, &err), 0);
	tmproot_put(root, "/domain.xml", xml.data);
	if (shells_have("xmllint")) {
		assert_int_equal(shell_run(&out,
					   "xmllint --xpath 'string(/domain/name)' '%s/domain.xml'",
					   root),
				 0);
		str_rtrim(&out);
		assert_string_equal(out.data, name);
	}
	tmproot_remove(root);
}

static void test_what_xml_cannot_hold(void **state)
{
	static const char *const values[] = {"\x01", "\xff", "\xed\xa0\x80", "\xef\xbf\xbf",
					     "\xc0\x80"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		auto_str struct str out = STR_INIT;
		struct xml x = xml_start(&out);

		xml_leaf(&x, "a", values[i]);
		assert_false(xml_ok(&x));
	}
	{
		auto_str struct str out = STR_INIT;
		struct xml x = xml_start(&out);

		xml_open(&x, "a");
		assert_false(xml_ok(&x));
		xml_attr(&x, "b", "\t\n'");
		xml_comment(&x, "a--b--");
		xml_close(&x);
		assert_true(xml_ok(&x));
		assert_string_equal(out.data,
				    "<a b='&#9;&#10;&apos;'>\n  <!-- a- -b- - -->\n</a>\n");
	}
}

static void test_what_libvirt_cannot_have(void **state)
{
	const struct domain_case c = {.settings = "device=10000:e1:00.0"};
	auto_str struct str xml = STR_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_not_equal(write_domain(&xml, "VM", &c, NULL, &err), 0);
	assert_string_equal(xml.data, "");
	assert_non_null(strstr(err.text, "10000:e1:00.0"));
}

static void test_notes(void **state)
{
	static const struct {
		const char *settings;
		const char *note;
	} notes_of[] = {
		{"samba=yes", "smbd"},
		{"keyboard-server=barrier", "keyboard server"},
		{"disk=/srv/x.img size=64G", "qemu-img"},
		{"usb=1-2", "/dev/bus/usb"},
		{"display=looking-glass\nshared-memory=/dev/kvmfr0", "cgroup_device_acl"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(notes_of); i++) {
		const struct domain_case c = {.settings = notes_of[i].settings};
		auto_strv struct strv notes = STRV_INIT;
		auto_str struct str xml = STR_INIT;

		assert_int_equal(write_domain(&xml, "VM", &c, &notes, NULL), 0);
		assert_int_equal(notes.len, 1);
		assert_non_null(strstr(notes.items[0], notes_of[i].note));
	}
}

/* A domain keeps its UUID over all versions of vfiotui: another one would be another domain. */
static void test_uuids(void **state)
{
	static const char *const rows[][2] = {
		{"win", "391d9548-19dd-895e-9ede-791600d9a5cc"},
		{"VM", "2c31ccb5-0757-8b09-8daf-3aa607962363"},
		{"windows 11", "449dcecb-2a68-8515-b901-f35311f2f51f"},
		{"ä", "821518b7-0712-820a-b7ae-d0a7071b0265"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char uuid[37];

		domain_uuid(rows[i][0], uuid);
		assert_string_equal(uuid, rows[i][1]);
	}
}

/* The guest of an AMD processor alone needs to be told of its threads. */
static void test_threads_by_vendor(void **state)
{
	(void)state;
	for (int amd = 0; amd < 2; amd++) {
		const struct domain_facts facts = {.amd = amd};
		auto_str struct str xml = STR_INIT;
		auto_vm_profile struct vm_profile vm;

		vm_profile_init(&vm, "x");
		vm.threads = 2;
		assert_int_equal(domain_xml_write(&xml, &vm, &facts, NULL, NULL), 0);
		assert_int_equal(!strstr(xml.data, "topoext"), !amd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_threads_by_vendor),
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_no_field_is_forgotten),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_what_xml_cannot_hold),
		cmocka_unit_test(test_what_libvirt_cannot_have),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
