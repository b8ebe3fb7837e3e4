/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launch script: what bash, shellcheck and QEMU make of it, with hostile values too. */
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
#include "base/shell.h"
#include "vm/launch_script.h"

static const char hostile[] = "a b,c'd\"e$(touch pwned)`touch pwned`\n;f*\\";

static struct launch_device cards[] = {
	{.group = 15, .name = "NVIDIA \"GeForce\"\ntouch pwned", .gpu = true},
	{.group = 15, .name = "NVIDIA Audio"},
	{.group = 17, .name = NULL},
};

/* A machine where all is ready: the devices on vfio-pci, nodes, disk, firmware. */
struct stand {
	char *root;
	struct launch launch;
	char *disk, *code, *vars;
};

static void put_device(const char *root, const char *bdf, const char *driver)
{
	auto_free char *dir = xasprintf("/sys/bus/pci/devices/%s", bdf);
	auto_free char *link = xasprintf("%s/driver", dir);
	auto_free char *to = xasprintf("../../drivers/%s", driver);

	tmproot_mkdir(root, dir);
	if (driver[0])
		tmproot_link(root, link, to);
}

static void stand_init(struct stand *s, const char *name)
{
	static const char *const bdfs[] = {"0000:0b:00.1", "0000:0b:00.3", "10000:e1:00.0"};
	auto_free char *dir = xasprintf("/files/%s", name);
	auto_free char *file = xasprintf("%s/x", dir);

	*s = (struct stand){.root = tmproot_new()};
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
		assert_true(pci_addr_parse(bdfs[i], &cards[i].addr));
		pci_addr_format(&cards[i].addr, cards[i].bdf);
		put_device(s->root, bdfs[i], "vfio-pci");
	}
	tmproot_put(s->root, "/dev/vfio/15", "");
	tmproot_put(s->root, "/dev/vfio/17", "");
	tmproot_put(s->root, "/dev/kvm", "");
	tmproot_put(s->root, file, "");
	s->disk = xasprintf("%s%s/disk", s->root, dir);
	s->code = xasprintf("%s%s/code", s->root, dir);
	s->vars = xasprintf("%s%s/vars", s->root, dir);
	for (size_t i = 0; i < 3; i++) {
		const char *const all[] = {s->disk, s->code, s->vars};

		tmproot_put_bytes("", all[i], "abc", 3);
	}
	s->launch = (struct launch){.vm_name = name,
				    .qemu = "fake-qemu",
				    .ovmf_code = s->code,
				    .ovmf_vars = s->vars,
				    .ovmf_format = "raw",
				    .disk = s->disk,
				    .disk_format = "raw",
				    .memory_mib = 2048,
				    .cores = 2,
				    .threads = 2,
				    .amd = true,
				    .devices = cards,
				    .len = ARRAY_SIZE(cards)};
	tmproot_put(s->root, "/bin/fake-qemu",
		    "#!/bin/bash\n"
		    "printf '%s\\0' \"$@\" >\"$OUT\"\n");
	tmproot_mkdir(s->root, "/tmp");
	tmproot_mkdir(s->root, "/home");
}

static void stand_release(struct stand *s)
{
	auto_str struct str out = STR_INIT;

	shell_run(&out, "find '%s' -name pwned", s->root);
	assert_string_equal(out.data, "");
	tmproot_remove(s->root);
	free(s->disk);
	free(s->code);
	free(s->vars);
}

static void put_script(const struct stand *s)
{
	auto_str struct str script = STR_INIT;

	launch_script_write(&script, &s->launch);
	tmproot_put_bytes(s->root, "/launch.sh", script.data, script.len);
}

/* Runs the script with arguments (shell words) and gives status and both outputs. */
static int run_script(const struct stand *s, const char *args, struct str *out)
{
	str_clear(out);
	return shell_run(
		out,
		"cd '%s' && chmod 755 bin/* && env HOME=\"$PWD/home\" XDG_DATA_HOME= "
		"TMPDIR=\"$PWD/tmp\" "
		"OUT=\"$PWD/argv\" VFIOTUI_ROOT=\"$PWD\" PATH=\"$PWD/bin:$PATH\" timeout 120 bash "
		"./launch.sh %s 2>&1",
		s->root, args);
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
		struct stand s;

		stand_init(&s, names[i]);
		put_script(&s);
		if (run_script(&s, "", &out))
			fail_msg("%s: %s", names[i], out.data);
		read_argv(&s, &argv);
		assert_true(has_option(&argv, "-name", guest));
		disk = double_commas(s.disk);
		code = double_commas(s.code);
		{
			auto_free char *d = xasprintf(
				"driver=file,node-name=disk-file,discard=unmap,filename=%s", disk);
			auto_free char *c = xasprintf(
				"driver=file,node-name=code-file,read-only=on,filename=%s", code);

			assert_true(has_option(&argv, "-blockdev", d));
			assert_true(has_option(&argv, "-blockdev", c));
		}
		assert_true(has_option(&argv, "-m", "2048M"));
		assert_true(has_option(&argv, "-smp", "sockets=1,cores=2,threads=2"));
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
		/* nothing of the run is left but the lock and the VM's variables */
		assert_int_equal(tmproot_count(s.root, "monitor"), 0);
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
	assert_true(tmproot_get(s.root, "/home/.local/share/vfiotui/win/vars.fd", &vars));
	assert_string_equal(vars.data, "abc");
	tmproot_put(s.root, "/home/.local/share/vfiotui/win/vars.fd", "boot order");
	assert_int_equal(run_script(&s, "", &out), 0);
	assert_true(tmproot_get(s.root, "/home/.local/share/vfiotui/win/vars.fd", &vars));
	assert_string_equal(vars.data, "boot order");
	stand_release(&s);
}

static void test_names_stay_below_the_directory(void **state)
{
	auto_str struct str out = STR_INIT;
	struct stand s;

	(void)state;
	stand_init(&s, "win");
	s.launch.vm_name = "../../x/y";
	put_script(&s);
	assert_int_equal(run_script(&s, "", &out), 0);
	assert_true(tmproot_has(s.root, "/home/.local/share/vfiotui/_._.._x_y/vars.fd"));
	assert_int_equal(tmproot_count(s.root, "vars.fd"), 1);
	assert_false(tmproot_has(s.root, "/home/.local/x"));
	stand_release(&s);
}

/* Each thing that is not ready is said in words, and QEMU is not started. */
static void test_preflight(void **state)
{
	static const struct {
		const char *break_it, *says;
	} cases[] = {
		{"rm -r sys/bus/pci/devices/0000:0b:00.1", "there is no device 0000:0b:00.1"},
		{"rm sys/bus/pci/devices/0000:0b:00.1/driver",
		 "0000:0b:00.1 is on no driver, not on vfio-pci"},
		{"ln -sfn ../x/nouveau sys/bus/pci/devices/0000:0b:00.3/driver",
		 "0000:0b:00.3 is on nouveau"},
		{"rm dev/vfio/17", "dev/vfio/17 is missing"},
		{"rm dev/kvm", "dev/kvm can't be opened"},
		{"rm files/win/disk", "create one: ./launch.sh --create-disk"},
		{"rm files/win/code", "files/win/code can't be read"},
		{"rm bin/fake-qemu; touch bin/x", "fake-qemu is not installed"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_str struct str out = STR_INIT;
		struct stand s;

		stand_init(&s, "win");
		put_script(&s);
		assert_int_equal(run_script(&s, "--check", &out), 0);
		assert_string_equal(out.data, "win: all is ready\n");
		assert_int_equal(shell_run(&out, "cd '%s' && %s", s.root, cases[i].break_it), 0);
		assert_int_equal(run_script(&s, "--check", &out), 1);
		if (!strstr(out.data, cases[i].says))
			fail_msg("%s: %s", cases[i].break_it, out.data);
		assert_int_equal(run_script(&s, "", &out), 1);
		assert_non_null(strstr(out.data, "win: not started\n"));
		assert_false(tmproot_has(s.root, "/argv"));
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
	assert_true(has_option(&argv, "-blockdev",
			       "driver=file,node-name=cd0,read-only=on,filename=files/win/code"));
	assert_true(has_option(&argv, "-device", "ide-cd,drive=cd0,bus=ide.0,bootindex=0"));
	assert_true(has_option(&argv, "-device", "ide-cd,drive=cd1,bus=ide.1,bootindex=2"));
	assert_int_equal(run_script(&s, "--cdrom not-there", &out), 1);
	assert_non_null(strstr(out.data, "not-there can't be read"));
	assert_int_equal(run_script(&s, "--what", &out), 1);
	assert_int_equal(run_script(&s, "--cdrom", &out), 1);
	assert_int_equal(run_script(&s, "--print", &out), 0);
	assert_true(text_starts_with(out.data, "fake-qemu -name guest=win"));
	/* behind "--" all is QEMU's, as it stands */
	assert_int_equal(run_script(&s, "--print -- -serial 'file:a b' --what", &out), 0);
	assert_non_null(strstr(out.data, " -serial file:a\\ b --what"));
	assert_int_equal(run_script(&s, "--create-disk 1M", &out),
			 1); /* never over one that is there */
	assert_non_null(strstr(out.data, "was not touched"));
	/* without a GPU there is a window, or the guest could not be seen at all */
	s.launch.len = 0;
	put_script(&s);
	assert_int_equal(run_script(&s, "--print", &out), 0);
	assert_non_null(strstr(out.data, "-vga std"));
	stand_release(&s);
}

static void test_create_disk(void **state)
{
	auto_str struct str out = STR_INIT;
	struct stand s;

	(void)state;
	if (!shells_have("qemu-img"))
		skip();
	stand_init(&s, "win");
	s.launch.disk = NULL;
	s.launch.disk_format = "qcow2";
	put_script(&s);
	if (run_script(&s, "--create-disk 1M", &out))
		fail_msg("%s", out.data);
	assert_true(tmproot_has(s.root, "/home/.local/share/vfiotui/win/disk.qcow2"));
	assert_int_equal(run_script(&s, "--check", &out), 0);
	stand_release(&s);
}

/* The first signal presses the power button through QEMU's monitor. */
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
		    "read -r line <\"$m.in\"\n"
		    "echo \"$line\" >\"$OUT\"\n"
		    "exit 7\n");
	assert_int_equal(run_script(&s, "", &out), 7);
	assert_true(tmproot_get(s.root, "/argv", &said));
	assert_string_equal(said.data, "system_powerdown\n");
	assert_int_equal(tmproot_count(s.root, "monitor"), 0);
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

static void test_shellcheck(void **state)
{
	static const char *const names[] = {"windows", hostile};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_str struct str out = STR_INIT;
		struct stand s;

		stand_init(&s, names[i]);
		put_script(&s);
		assert_int_equal(shell_run(&out, "bash -n '%s/launch.sh'", s.root), 0);
		/* of a value in single quotes it only remarks that nothing expands there */
		if (shells_have("shellcheck") &&
		    shell_run(&out, "shellcheck %s '%s/launch.sh'", i ? "-S warning" : "", s.root))
			fail_msg("%s", out.data);
		stand_release(&s);
	}
}

/* The real QEMU takes every option but those that need the real devices and KVM. */
static void test_qemu_takes_it(void **state)
{
	static const char *const args[] = {"", "--display --cdrom files/win/vars"};

	(void)state;
	if (!shells_have("qemu-system-x86_64"))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
		auto_str struct str out = STR_INIT;
		struct stand s;

		stand_init(&s, "win");
		s.launch.threads = 1;
		if (i)
			s.launch.ovmf_code = NULL;
		put_script(&s);
		/* pflash wants whole blocks, a disk whole sectors */
		shell_run(&out,
			  "cd '%s/files/win' && truncate -s 64K code vars && truncate -s 1M disk",
			  s.root);
		tmproot_put(s.root, "/bin/fake-qemu",
			    "#!/bin/bash\n"
			    "args=()\n"
			    "while [ $# -gt 0 ]; do\n"
			    "case $1 in\n"
			    "-accel) args+=(-accel tcg); shift;;\n"
			    "-cpu) args+=(-cpu max); shift;;\n"
			    "-display) shift;;\n"
			    "-m) args+=(-m 128M); shift;;\n"
			    "-device) case $2 in vfio-pci,*) ;; *) args+=(\"$1\" \"$2\");; esac; "
			    "shift;;\n"
			    "*) args+=(\"$1\");;\n"
			    "esac\n"
			    "shift\n"
			    "done\n"
			    "echo '{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}' | "
			    "timeout 60 qemu-system-x86_64 \"${args[@]}\" -S -display none -qmp "
			    "stdio >/dev/null\n");
		if (run_script(&s, args[i], &out))
			fail_msg("%s: %s", args[i], out.data);
		assert_string_equal(out.data, ""); /* not even a warning */
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
	bed_put(&b, "/proc/cpuinfo", "siblings\t: 16\ncpu cores\t: 8\n");
	assert_int_equal(apply(&b, true), 0);
	assert_int_equal(bed_mode(&b, LAUNCH_SCRIPT_PATH), 0755);
	assert_non_null(strstr(bed_get(&b, LAUNCH_SCRIPT_PATH),
			       "memory=16384 # MiB\ncores=6\nthreads=2\n"));
	assert_non_null(strstr(bed_get(&b, LAUNCH_SCRIPT_PATH), "display=no "));
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
	struct launch launch = {.vm_name = "x", .qemu = "q", .disk_format = "raw"};

	(void)state;
	launch_script_write(&script, &launch);
	assert_true(launch_script_untouched(script.data, script.len));
	assert_false(launch_script_untouched(script.data, script.len - 1));
	assert_false(launch_script_untouched("#!/bin/bash\n", 12));
	assert_false(launch_script_untouched("", 0));
	script.data[script.len - 2]++;
	assert_false(launch_script_untouched(script.data, script.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_variables_are_copied_once),
		cmocka_unit_test(test_names_stay_below_the_directory),
		cmocka_unit_test(test_preflight),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_create_disk),
		cmocka_unit_test(test_power_button),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_shellcheck),
		cmocka_unit_test(test_qemu_takes_it),
		cmocka_unit_test(test_target),
		cmocka_unit_test(test_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
