/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's profile: the table's values there and back, the file's laws, names that leave no directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "vm/profile.h"
#include "vm/profile_text.h"
#include "vm/runtime.h"

/* A text of the field's own that is not its default, for every kind. */
static const char *other_value(const struct vm_field *f)
{
	static const struct {
		const char *key, *value;
	} special[] = {
		{"pin", "4,12,5,13"},
		{"pin-emulator", "0-3"},
		{"vendor-id", "a vendor"},
		{"cpu", "EPYC-v4"},
		{"cpu-options", "check,+invtsc"},
		{"disk", "/srv/a b,c'd.img format=raw bus=sata size=64G cache=none aio=native"},
		{"cdrom", "/srv/win 11.iso"},
		{"interface", "br0"},
		{"mac", "52:54:00:aa:bb:cc"},
		{"forward", "tcp:2222:22"},
		{"device", "0000:0b:00.0 ids=10de:2484 rom=/srv/a b.rom guest=09.0 vga=yes"},
		{"usb", "046d:c52b"},
		{"resolution", "3840x2160"},
		{"evdev", "/dev/input/by-id/usb-x-event-mouse keyboard=yes"},
		{"guest-screen", "vm"},
		{"host-screen", "host"},
		{"numa-node", "1"},
		{"qemu-option", "-device"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(special); i++)
		if (!strcmp(special[i].key, f->key))
			return special[i].value;
	switch (f->kind) {
	case VM_NUMBER:
		return "5";
	case VM_SIZE:
		return "12G";
	case VM_BOOL:
		return f->fallback && !strcmp(f->fallback, "yes") ? "no" : "yes";
	case VM_CHOICE:
		return f->fallback && !strcmp(f->fallback, f->choices[1]) ? f->choices[0]
									  : f->choices[1];
	case VM_FLAGS:
		return f->choices[1];
	case VM_TEXT:
	case VM_LIST:
	default:
		return "/a \"path\" #1\\with=all\n";
	}
}

static void set(struct vm_profile *p, const struct vm_field *f, const char *value)
{
	struct err err = ERR_INIT;

	if (vm_field_set(p, f, value, &err) < 0)
		fail_msg("%s = %s: %s", f->key, value, err.text);
}

static char *write_file(const char *before, const struct vm_profile *p)
{
	struct str out = STR_INIT;

	vm_profile_write(before, before ? strlen(before) : 0, p, &out);
	return str_take(&out);
}

static void parse(struct vm_profile *p, const char *bytes)
{
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;

	vm_profile_init(p, "x");
	vm_profile_parse(p, bytes, strlen(bytes), &problems);
	if (problems.len)
		fail_msg("%s\n%s", problems.items[0].text, bytes);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < vm_fields_len; i++) {
		const struct vm_field *f = &vm_fields[i];

		assert_ptr_equal(vm_field_find(f->key), f);
		assert_true(strlen(f->label) <= 18);
		assert_true(f->help[0] && f->help[strlen(f->help) - 1] == '.');
		assert_true(strlen(f->help) <= 110);
		assert_true(!i || f->section >= f[-1].section);
	}
}

/* Every field: set, write, read again; then back to the first bytes. */
static void test_every_field(void **state)
{
	static const char *const files[] = {
		"",
		"# mine\n\n[machine]\nmemory = 9G # a lot\n[disks]\n[network]\n",
		"other = 1\r\n\r\n [devices]\r\n\tcores=3\r\n# end",
		"[extras]",
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(files); n++) {
		for (size_t i = 0; i < vm_fields_len; i++) {
			const struct vm_field *f = &vm_fields[i];
			auto_vm_problems struct vm_problems ignored = VM_PROBLEMS_INIT;
			auto_vm_profile struct vm_profile p;
			auto_vm_profile struct vm_profile again;
			auto_strv struct strv values = STRV_INIT;
			auto_text struct text t = TEXT_INIT;
			auto_str struct str back = STR_INIT;
			auto_free char *first = NULL;
			auto_free char *second = NULL;

			vm_profile_init(&p, "x");
			vm_profile_init(&again, "x");
			vm_profile_parse(&p, files[n], strlen(files[n]), &ignored);
			first = write_file(files[n], &p);
			assert_string_equal(first, files[n]);
			if (!vm_field_is_default(&p, f))
				continue; /* it stands there: no law of set and unset */
			set(&p, f, other_value(f));
			assert_false(vm_field_is_default(&p, f));
			free(first);
			first = write_file(files[n], &p);
			second = write_file(first, &p);
			assert_string_equal(first, second);
			vm_profile_parse(&again, first, strlen(first), &ignored);
			if (!vm_field_equal(&p, &again, f))
				fail_msg("%s is not what was written:\n%s", f->key, first);
			text_parse(&t, first, strlen(first));
			vm_text_set(&t, f, &values);
			text_join(&t, &back);
			assert_string_equal(back.data, files[n]);
		}
	}
}

static void test_edits(void **state)
{
	static const struct {
		const char *key, *value, *before, *after;
	} rows[] = {
		{"memory", "8G", "memory=4G   # all\n", "memory=8G   # all\n"},
		{"memory", "8G", "  memory\t= 4G\r\n", "  memory\t= 8G\r\n"},
		{"memory", "8G", "memory = 2G\nmemory = 4G\n", "memory = 2G\nmemory = 8G\n"},
		{"cores", "6", "[machine]\nmemory = 4G\nthreads = 2\n[disks]\n",
		 "[machine]\nmemory = 4G\ncores = 6\nthreads = 2\n[disks]\n"},
		{"cores", "6", "# nothing", "# nothing\ncores = 6"},
		{"qemu", "/a #b", "", "qemu = \"/a #b\"\n"},
		{"qemu", "/a#b", "", "qemu = /a#b\n"},
		{"qemu", "/a\"b", "", "qemu = /a\"b\n"},
		{"disk", "/x.img", "disk = /w.img format=raw\n",
		 "disk = /w.img format=raw\ndisk = /x.img\n"},
		{"disk", "/x\ny format=raw", "[disks]\n[network]\n",
		 "[disks]\ndisk = \"/x\\ny\" format=raw\n[network]\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_vm_profile struct vm_profile p;
		auto_free char *after = NULL;

		parse(&p, rows[i].before);
		set(&p, vm_field_find(rows[i].key), rows[i].value);
		after = write_file(rows[i].before, &p);
		/* "" has no final newline to keep */
		if (!rows[i].before[0])
			after[strcspn(after, "\n")] = '\0';
		if (strncmp(after, rows[i].after, strlen(after)) != 0 ||
		    (rows[i].before[0] && strcmp(after, rows[i].after) != 0))
			fail_msg("row %zu:\n%s", i, after);
	}
}

/*
 * A list's entries are changed, taken out and added one by one; what its owner wrote beside an
 * entry stays beside that one.
 */
static void test_comments_of_entries(void **state)
{
	static const struct {
		const char *before;
		const char *values[4]; /* of disk */
		const char *after;
	} rows[] = {
		{"disk = /a # system\ndisk = /b # data\n", {"/b"}, "disk = /b # data\n"},
		{"disk = /a # system\n# big\ndisk = /b # data\n",
		 {"/a"},
		 "disk = /a # system\n# big\n"},
		{"disk = /a # system\ndisk = /b # data\n",
		 {"/a bus=sata", "/b"},
		 "disk = /a bus=sata # system\ndisk = /b # data\n"},
		{"disk = /a # system\ndisk = /b # data\n",
		 {"/a", "/b bus=sata"},
		 "disk = /a # system\ndisk = /b bus=sata # data\n"},
		{"disk = /a # 1\ndisk = /b # 2\ndisk = /c # 3\n",
		 {"/a", "/c"},
		 "disk = /a # 1\ndisk = /c # 3\n"},
		{"disk = /a # 1\ndisk = /c # 3\n",
		 {"/a", "/b", "/c"},
		 "disk = /a # 1\ndisk = /b\ndisk = /c # 3\n"},
		/* as its owner wrote it, though vfiotui would write it otherwise */
		{"disk = /a   format=auto bus=virtio\n",
		 {"/a", "/b"},
		 "disk = /a   format=auto bus=virtio\ndisk = /b\n"},
		{"disk = /a # 1\ndisk = /b # 2\n", {"/b", "/a"}, "disk = /b # 1\ndisk = /a # 2\n"},
		{"disk = not/whole\ndisk = /b # 2\n", {"/b", "/c"}, "disk = /b # 2\ndisk = /c\n"},
		{"disk = /a # 1\r\ndisk = /b # 2\r\n", {"/x"}, "disk = /x # 1\r\n"},
		{"disk = /a\n", {NULL}, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_vm_problems struct vm_problems ignored = VM_PROBLEMS_INIT;
		auto_vm_profile struct vm_profile p;
		auto_free char *after = NULL;

		vm_profile_init(&p, "x");
		vm_profile_parse(&p, rows[i].before, strlen(rows[i].before), &ignored);
		set(&p, vm_field_find("disk"), "");
		for (size_t k = 0; k < 4 && rows[i].values[k]; k++)
			set(&p, vm_field_find("disk"), rows[i].values[k]);
		after = write_file(rows[i].before, &p);
		if (strcmp(after, rows[i].after) != 0)
			fail_msg("row %zu:\n%s", i, after);
	}
}

static const struct {
	const char *key, *value, *says;
} refused[] = {
	{"memory", "12X", "not a size"},
	{"memory", "1M", "from 64"},
	{"memory", "99999999999999999999G", "number from"},
	{"memory", "-4G", "number from"},
	{"cores", "0", "from 1"},
	{"cores", "4 ", "from 1"},
	{"machine", "pc98", "q35, i440fx"},
	{"hyperv", "relaxed vapour", "relaxed, vapic"},
	{"tpm", "2.0", "yes or no"},
	{"pin", "4-", "list of CPUs"},
	{"pin", "7-4", "list of CPUs"},
	{"pin", "1,,2", "list of CPUs"},
	{"pin", "0-99999999", "list of CPUs"},
	{"pin", "9000", "list of CPUs"},
	{"vendor-id", "thirteen char", "12"},
	{"vendor-id", "a,b", "comma"},
	{"disk", "relative.img", "whole path"},
	{"disk", "/x.img fromat=raw", "fromat=raw"},
	{"disk", "format=raw", "none of"},
	{"disk", "/x.img format=vhd", "auto, raw"},
	{"disk", "\"/x.img", "quotes"},
	{"disk", "/x.img \"format=raw", "whole"},
	{"device", "0b:00.8", "address"},
	{"device", "0b:00.0 ids=10de", "pair"},
	{"device", "0b:00.0 guest=02.0", "03.0 to 0f.7"},
	{"device", "0b:00.0 guest=10.0", "03.0 to 0f.7"},
	{"usb", "1-", "port"},
	{"mac", "01:54:00:aa:bb:cc", "multicast"},
	{"mac", "52:54:00:aa:bb", "address"},
	{"forward", "tcp:0:22", "PROTOCOL"},
	{"forward", "tcp:65536:22", "PROTOCOL"},
	{"forward", "22:22", "PROTOCOL"},
	{"interface", "br0;reboot", "interface"},
	{"interface", "-br0", "interface"},
	{"resolution", "1920x", "resolution"},
	{"resolution", "-1x5", "resolution"},
	{"numa-node", "one", "number"},
	{"numa-node", "12345", "number"},
	{"cpu-options", "check,", "options"},
	{"guest-screen", "a b", "letters"},
};

/* What must not be taken, and that the sentence says why. */
static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const struct vm_field *f = vm_field_find(refused[i].key);
		auto_vm_profile struct vm_profile p;
		auto_vm_profile struct vm_profile usual;
		struct err err = ERR_INIT;

		vm_profile_init(&p, "x");
		vm_profile_init(&usual, "x");
		if (!strcmp(refused[i].value,
			    "/x.img \"format=raw")) { /* a quote inside is a quote */
			set(&p, f, refused[i].value);
			continue;
		}
		if (vm_field_set(&p, f, refused[i].value, &err) >= 0)
			fail_msg("%s = %s was taken", f->key, refused[i].value);
		if (!strstr(err.text, refused[i].says))
			fail_msg("%s = %s: %s", f->key, refused[i].value, err.text);
		assert_true(vm_field_equal(&p, &usual, f));
	}
}

static void test_problems_of_a_file(void **state)
{
	static const char file[] = "memory = 4G\n"
				   "memroy = 8G\n"
				   "cores = many\n"
				   "just words\n"
				   "qemu = \"/open\n"
				   "pin = 1,2,3\n";
	static const char *const says[] = {"line 2: there is no key \"memroy\"", "line 3: cores",
					   "line 4 is not", "line 5: the double quotes",
					   "pin names 3 CPUs, the guest has 2"};
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	auto_vm_profile struct vm_profile p;
	auto_free char *same = NULL;

	(void)state;
	vm_profile_init(&p, "x");
	vm_profile_parse(&p, file, strlen(file), &problems);
	vm_profile_check(&p, &problems);
	assert_int_equal(problems.len, ARRAY_SIZE(says));
	for (size_t i = 0; i < ARRAY_SIZE(says); i++)
		assert_true(text_starts_with(problems.items[i].text, says[i]));
	assert_string_equal(vm_problems_of(&problems, vm_field_find("cores")),
			    problems.items[1].text);
	assert_int_equal(p.memory_mib, 4096);
	same = write_file(file, &p);
	assert_string_equal(same, file);
}

/* What editors and accidents leave in a file: a mark in front, a NUL in a value, CR LF. */
static void test_odd_bytes(void **state)
{
	static const char file[] = "\xef\xbb\xbfmemory = 8G\r\ncores = 4\r\n"
				   "disk = /a\0b\r\nqemu = /q # \0\r\n# \0\r\n";
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	auto_str struct str same = STR_INIT;
	auto_vm_profile struct vm_profile p;

	(void)state;
	vm_profile_init(&p, "x");
	vm_profile_parse(&p, file, sizeof(file) - 1, &problems);
	assert_int_equal(p.memory_mib, 8192);
	assert_int_equal(p.cores, 4);
	assert_int_equal(p.disks.len, 0);
	assert_string_equal(p.qemu, "");
	assert_int_equal(problems.len, 2);
	assert_string_equal(problems.items[0].text,
			    "line 3 holds a NUL byte: nothing is read from it");
	assert_ptr_equal(problems.items[0].field, vm_field_find("disk"));
	assert_int_equal(problems.items[1].line, 4);
	vm_profile_write(file, sizeof(file) - 1, &p, &same);
	assert_int_equal(same.len, sizeof(file) - 1);
	assert_memory_equal(same.data, file, same.len);
	str_clear(&same);
	set(&p, vm_field_find("memory"), "9G");
	vm_profile_write(file, sizeof(file) - 1, &p, &same);
	assert_true(text_starts_with(same.data, "\xef\xbb\xbfmemory = 9G\r\ncores"));
}

/* Pairs of settings that contradict each other, and the field that says so. */
static const struct {
	const char *file, *field;
} rules[] = {
	{"pin = 1,2\ncores = 2\n", NULL},
	{"pin = 1,1\ncores = 2\n", "pin"},
	{"cores = 255\nthreads = 2\n", "cores"},
	{"firmware = uefi-secure\nmachine = i440fx\n", "firmware"},
	{"firmware = bios\nsystem = windows-11\n", "firmware"},
	{"firmware-code = /x\n", "firmware-vars"},
	{"device = 01:00.0\naccel = tcg\n", "accel"},
	{"device = 01:00.0\ndevice = 0000:01:00.0\n", "device"},
	{"device = 01:00.0 guest=09.0\ndevice = 01:00.1 guest=09.0\n", "device"},
	{"disk = /a\ndisk = /a\n", "disk"},
	{"disk = /a size=64G\n", "disk"},
	{"disk = /a.qcow2 size=64G\n", NULL},
	{"disk = /dev/sda3 size=64G format=raw\n", "disk"},
	{"disk = /a aio=native cache=writeback\n", "disk"},
	{"disk = /a bus=ide\n", "disk"},
	{"disk = /a bus=ide\nmachine = i440fx\n", NULL},
	{"disk = /a bus=sata readonly=yes\n", "disk"},
	{"disk = /a bus=virtio readonly=yes\n", NULL},
	{"disk = /a bus=usb\nusb-controllers = none\n", "disk"},
	{"disk = /a bus=usb\n", NULL},
	{"disk = /1 bus=sata\ndisk = /2 bus=sata\ndisk = /3 bus=sata\ndisk = /4\n"
	 "cdrom = /1\ncdrom = /2\ncdrom = /3\n",
	 NULL},
	{"disk = /1 bus=sata\ndisk = /2 bus=sata\ndisk = /3 bus=sata\ndisk = /4 bus=sata\n"
	 "cdrom = /1\ncdrom = /2\ncdrom = /3\n",
	 "disk"},
	{"machine = i440fx\ndisk = /1 bus=ide\ncdrom = /1\ncdrom = /2\ncdrom = /3\n"
	 "cdrom = /4\n",
	 "disk"},
	{"audio = alsa\nsound-card = usb\nusb-controllers = none\n", "sound-card"},
	{"sound-card = usb\nusb-controllers = none\n", NULL},
	{"device = 01:00.1 guest=09.1\n", "device"},
	{"device = 01:00.1 guest=09.1\ndevice = 02:00.0 guest=0a.0\n", "device"},
	{"device = 01:00.1 guest=09.1\ndevice = 02:00.0 guest=09.0\n", NULL},
	{"forward = tcp:2222:22\nforward = tcp:2222:80\n", "forward"},
	{"forward = tcp:2222:22\nforward = udp:2222:22\nforward = tcp:22:22\n", NULL},
	{"hugepages = 1G\nmemory = 1536M\n", "memory"},
	{"hugepages = 1G\nmemory = 2G\n", NULL},
	{"hugepages = 2M\nmemory = 2047M\n", "memory"},
	{"memory = 2047M\n", NULL},
	{"firmware = bios\nfirmware-code = /x\nfirmware-vars = /y\n", "firmware-code"},
	{"single-gpu = yes\nbind = at-boot\n", "single-gpu"},
	{"single-gpu = yes\n", NULL},
	{"network = macvtap\n", "interface"},
	{"hyperv = synic\n", "hyperv"},
	{"hyperv = vpindex synic stimer\n", "hyperv"},
	{"hyperv = vpindex synic stimer time tlbflush ipi\n", NULL},
	{"network = bridge\n", "interface"},
	{"network = none\nforward = tcp:1:1\n", "forward"},
	{"network = none\nshare = /srv\n", "share"},
	{"audio = spice\n", "audio"},
	{"audio = spice\ndisplay = looking-glass\n", NULL},
	{"usb = 1-1\nusb-controllers = none\n", "usb-controllers"},
	{"cdrom = /1\ncdrom = /2\ncdrom = /3\ncdrom = /4\ncdrom = /5\ncdrom = /6\n", "cdrom"},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
		auto_vm_profile struct vm_profile p;

		parse(&p, rules[i].file);
		vm_profile_check(&p, &problems);
		if (!rules[i].field != !problems.len)
			fail_msg("%s%s", rules[i].file, problems.len ? problems.items[0].text : "");
		if (rules[i].field)
			assert_non_null(vm_problems_of(&problems, vm_field_find(rules[i].field)));
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{"windows", true},   {"Win 11, \"mine\"", true},
		{"Büro", true},      {"a..b", true},
		{"", false},         {".hidden", false},
		{"..", false},       {"-rf", false},
		{"a/b", false},      {"../x", false},
		{"a\nb", false},     {"a\x1b[2J", false},
		{"\xc2\x9b", false}, {"\xff", false},
		{"a ", false},       {"0123456789012345678901234567890123456789012345678", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		if ((vm_name_check(rows[i].name, &err) == 0) != rows[i].ok)
			fail_msg("\"%s\": %s", rows[i].name, err.text);
	}
}

static void test_files(void **state)
{
	struct files *files = files_new_memory();
	auto_strv struct strv names = STRV_INIT;
	auto_vm_profile struct vm_profile p;
	auto_vm_profile struct vm_profile none;
	auto_vm_problems struct vm_problems problems = VM_PROBLEMS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	files_put(files, VM_DIR "/windows.conf", "memory = 6G\n", 12);
	files_put(files, VM_DIR "/a b.conf", "", 0);
	files_put(files, VM_DIR "/.x.conf", "", 0);
	files_put(files, VM_DIR "/notes.txt", "", 0);
	assert_int_equal(vm_profile_list(files, &names, &err), 0);
	assert_int_equal(names.len, 2);
	assert_string_equal(names.items[0], "a b");
	assert_int_equal(vm_profile_load(files, "windows", &p, &problems, &err), 0);
	assert_int_equal(p.memory_mib, 6144);
	assert_int_equal(problems.len, 0);
	assert_true(vm_profile_load(files, "linux", &none, &problems, &err) < 0);
	assert_non_null(strstr(err.text, "no VM called \"linux\""));
	files_free(files);
}

static void test_sizes_and_places(void **state)
{
	static const struct {
		const char *resolution;
		unsigned mib;
	} rows[] = {{"1920x1080", 32}, {"2560x1440", 64}, {"3840x2160", 128}, {"640x480", 16}};
	auto_free char *qmp = vm_runtime_path("/run/user/1000", "win", VM_RUN_QMP);
	auto_free char *pid = vm_runtime_path(NULL, "win", VM_RUN_PID);
	auto_vm_profile struct vm_profile p;
	char mac[18];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(vm_looking_glass_mib(rows[i].resolution), rows[i].mib);
	assert_string_equal(qmp, "/run/user/1000/vfiotui/win.qmp");
	assert_string_equal(pid, "/run/vfiotui/win.pid");
	vm_profile_init(&p, "win");
	vm_profile_mac(&p, mac);
	assert_true(text_starts_with(mac, "52:54:00:"));
	assert_int_equal(strlen(mac), 17);
}

/* A new file: its head, then what is not at its default, each in its section. */
static void test_new_file(void **state)
{
	auto_vm_profile struct vm_profile p;
	auto_vm_profile struct vm_profile again;
	auto_free char *file = NULL;

	(void)state;
	vm_profile_init(&p, "win");
	for (size_t i = 0; i < vm_fields_len; i++)
		set(&p, &vm_fields[i], other_value(&vm_fields[i]));
	file = write_file(NULL, &p);
	parse(&again, file);
	for (size_t i = 0; i < vm_fields_len; i++)
		if (!vm_field_equal(&p, &again, &vm_fields[i]))
			fail_msg("%s\n%s", vm_fields[i].key, file);
	assert_non_null(strstr(file, "\n[machine]\nsystem = windows-10\nmemory = 12G\n"));
	assert_non_null(strstr(file, "\n[network]\nnetwork = bridge\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_comments_of_entries),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_problems_of_a_file),
		cmocka_unit_test(test_odd_bytes),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_sizes_and_places),
		cmocka_unit_test(test_new_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
