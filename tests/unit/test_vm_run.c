/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM that runs is found by whoever looks, and nothing else is taken for one: launch scripts of a
 * few lines with a real QEMU, killed at every place.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "host/process.h"
#include "vm/run.h"
#include "vm/run_files.h"
#include "vm/start.h"

#define NAME "my vm"
#define LOOKS 3000 /* of 20 ms: a minute, which only a hang takes */

#define HEAD                                                                                       \
	"#!/bin/bash\n"                                                                            \
	"here=$XDG_RUNTIME_DIR/vfiotui\n"                                                          \
	"exec 9>>\"$here/my vm.pid\"\n"                                                            \
	"flock -n 9 || exit 7\n"                                                                   \
	"echo $$ >\"$here/my vm.pid\"\n"
#define QEMU                                                                                       \
	"qemu-system-x86_64 -accel tcg -machine q35 -nodefaults -m 64 -display none "              \
	"-qmp \"unix:$here/my vm.qmp,server=on,wait=off\" 9>&- & \n"                               \
	"wait $!\n"

static char *root, *dir, *script;

static int set_up(void **state)
{
	(void)state;
	root = tmproot_new();
	dir = tmproot_path(root, "/vfiotui");
	script = tmproot_path(root, "/launch.sh");
	setenv("XDG_RUNTIME_DIR", root, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tmproot_remove(root);
	free(dir);
	free(script);
	return 0;
}

static void put_script(const char *body)
{
	auto_free char *text = xasprintf(HEAD "%s", body);

	tmproot_put(root, "/launch.sh", text);
	assert_int_equal(chmod(script, 0755), 0);
}

static void start(void)
{
	struct err err = ERR_INIT;

	assert_int_equal(vm_start(NAME, script, NULL, &err), 0);
}

static bool has_qemu(void)
{
	static const char *const argv[] = {"qemu-system-x86_64", "--version", NULL};
	struct process_result r = PROCESS_RESULT_INIT;
	const bool has = process_run(argv, 60000, &r, NULL) == 0 && r.status == 0;

	process_result_release(&r);
	if (!has)
		printf("NOT TESTED: there is no QEMU here\n");
	return has;
}

/* Looks anew, as another program would, until the state has that name. */
static void wait_until(const char *name)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	const char *last = "";

	for (int i = 0; i < LOOKS; i++) {
		struct vm_watch w;

		vm_watch_init(&w, NAME);
		vm_watch_settle(&w);
		last = vm_run_name(&w.run);
		vm_watch_release(&w);
		if (!strcmp(last, name))
			return;
		nanosleep(&pause, NULL);
	}
	assert_string_equal(last, name);
}

static struct vm_run look(void)
{
	struct vm_watch w;
	struct vm_run run;

	vm_watch_init(&w, NAME);
	vm_watch_settle(&w);
	run = w.run;
	vm_watch_release(&w);
	run.dir = NULL;
	return run;
}

static void command(enum qmp_command what)
{
	struct vm_watch w;

	vm_watch_init(&w, NAME);
	vm_watch_command(&w, what);
	vm_watch_settle(&w);
	assert_int_equal(w.refused.code, 0);
	vm_watch_release(&w);
}

static void force_off(void)
{
	struct err err = ERR_INIT;

	assert_int_equal(vm_run_force_off(NAME, &err), 0);
}

/* --- what is none ------------------------------------------------------------------------ */

static void nothing_is_off(void **state)
{
	struct vm_run run = look();
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(vm_run_name(&run), "off");
	assert_int_equal(vm_run_force_off(NAME, &err), -ESRCH);
}

static void stale_files_are_not_believed(void **state)
{
	static const char *const pids[] = {"",       "x", "0", "-1", "1", "99999999999999999999",
					   "4194304"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		tmproot_put(root, "/vfiotui/my vm.pid", pids[i]);
		tmproot_put(root, "/vfiotui/my vm.qmp", "no socket");
		assert_int_equal(look().state, VM_RUN_OFF);
	}
}

/* The pid of a living process that holds no lock: a number used again. */
static void a_pid_used_again_is_not_believed(void **state)
{
	auto_free char *pid = xasprintf("%d\n", (int)getpid());
	struct err err = ERR_INIT;

	(void)state;
	tmproot_put(root, "/vfiotui/my vm.pid", pid);
	assert_int_equal(look().state, VM_RUN_OFF);
	assert_int_equal(vm_run_force_off(NAME, &err), -ESRCH);
}

static void links_lead_nowhere(void **state)
{
	auto_free char *path = tmproot_path(root, "/elsewhere");
	auto_free char *pid = xasprintf("%d\n", (int)getpid());
	auto_fd int fd = -1;

	(void)state;
	tmproot_put(root, "/elsewhere", pid);
	tmproot_link(root, "/vfiotui/my vm.pid", path);
	fd = open(path, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(look().state, VM_RUN_OFF);
}

/* Another user listens where this one's QEMU would: it is not asked, and above all not killed. */
static void a_socket_of_another_user_is_not_believed(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_free char *path = tmproot_path(root, "/vfiotui/my vm.qmp");
	struct err err = ERR_INIT;
	struct vm_run run;
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (geteuid() != 0) {
		printf("NOT TESTED: only root can give a directory to another user\n");
		skip();
	}
	tmproot_mkdir(root, "/vfiotui");
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	run = look();
	assert_int_equal(run.state, VM_RUN_GUEST);
	assert_int_equal(run.guest, GUEST_UNKNOWN);
	assert_int_equal(run.err.code, -EPERM);
	assert_int_equal(vm_run_force_off(NAME, &err), -EPERM);
}

/* --- notes of earlier runs ------------------------------------------------------------------ */

/* The power button of a QEMU that is gone says nothing of the next one. */
static void a_note_is_of_one_qemu(void **state)
{
	(void)state;
	tmproot_mkdir(root, "/vfiotui");
	vm_run_note_asked(dir, NAME, 4711);
	assert_true(vm_run_was_asked(dir, NAME, 4711));
	assert_false(vm_run_was_asked(dir, NAME, 4712));
}

/* A log that was begun anew is read from its beginning, not from where the former one ended. */
static void a_new_log_is_read_from_its_beginning(void **state)
{
	auto_str struct str said = STR_INIT;
	struct err err = ERR_INIT;
	long long at = 0;

	(void)state;
	tmproot_put(root, "/vfiotui/my vm.log", "a long line of the former run\n");
	assert_int_equal(vm_log_from(NAME, &at, &said, &err), 0);
	assert_int_equal(at, 30);
	tmproot_put(root, "/vfiotui/my vm.log", "new\n");
	str_clear(&said);
	assert_int_equal(vm_log_from(NAME, &at, &said, &err), 0);
	assert_string_equal(said.data, "new\n");
	assert_int_equal(at, 4);
}

/* Where the last run ended badly, that is not what a start that was just begun waits for. */
static void a_former_end_is_forgotten(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put_script("exec sleep 300\n");
	tmproot_put(root, "/vfiotui/my vm.end", "3\n");
	start();
	assert_false(tmproot_has(root, "/vfiotui/my vm.end"));
	wait_until("preparing");
	assert_int_equal(vm_run_force_off(NAME, &err), 0);
	wait_until("ended");
}

/* --- the script alone --------------------------------------------------------------------- */

static void a_failed_start_says_why(void **state)
{
	auto_str struct str log = STR_INIT;
	struct err err = ERR_INIT;

	(void)state;
	put_script("echo 'the disk is missing' >&2\nexit 3\n");
	start();
	wait_until("ended");
	assert_int_equal(look().end_status, 3);
	assert_int_equal(vm_log_tail(NAME, 4096, &log, &err), 0);
	assert_string_equal(log.data, "the disk is missing\n");
}

static void preflight_gives_the_scripts_words(void **state)
{
	auto_str struct str text = STR_INIT;
	struct err err = ERR_INIT;

	(void)state;
	tmproot_put(root, "/launch.sh",
		    "#!/bin/bash\n[ \"$1\" = --check ] || exit 0\n"
		    "echo 'no bridge br0' >&2\nexit 1\n");
	assert_int_equal(chmod(script, 0755), 0);
	assert_int_equal(vm_preflight(script, &text, &err), -EPERM);
	assert_string_equal(text.data, "no bridge br0\n");
	tmproot_put(root, "/launch.sh", "#!/bin/bash\n");
	str_clear(&text);
	assert_int_equal(vm_preflight(script, &text, &err), 0);
	assert_string_equal(text.data, "");
}

static void what_can_not_start_is_said(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(vm_start(NAME, script, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, script));
	tmproot_put(root, "/launch.sh", "#!/bin/bash\n");
	assert_int_equal(chmod(script, 0644), 0);
	assert_int_equal(vm_start(NAME, script, NULL, &err), -EACCES);
	put_script("exit 0\n");
	tmproot_mkdir(root, "/vfiotui");
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(vm_start(NAME, script, NULL, &err), -EPERM);
	assert_int_equal(chmod(dir, 0700), 0);
	if (geteuid() == 0) { /* another user's, who could put links there */
		assert_int_equal(chown(dir, 65534, 65534), 0);
		assert_int_equal(vm_start(NAME, script, NULL, &err), -EPERM);
	}
}

static void a_preparing_script_is_ended(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put_script("trap 'kill $!; exit 5' TERM\nsleep 300 9>&- &\nwait\n");
	start();
	wait_until("preparing");
	assert_int_equal(vm_start(NAME, script, NULL, &err), -EALREADY);
	force_off();
	wait_until("ended");
	assert_int_equal(look().end_status, 5);
}

/* --- with QEMU -------------------------------------------------------------------------------- */

static void a_guest_is_led_through_its_states(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (!has_qemu())
		return;
	put_script(QEMU "exit $?\n");
	start();
	wait_until("running");
	assert_true(look().qemu > 0);
	assert_true(look().script > 0);
	assert_int_equal(vm_start(NAME, script, NULL, &err), -EALREADY);
	command(QMP_STOP);
	wait_until("paused");
	command(QMP_CONT);
	wait_until("running");
	command(QMP_POWERDOWN); /* this guest has no system that would listen */
	wait_until("shutting-down");
	force_off();
	wait_until("ended");
	assert_int_equal(look().end_status, 0);
	start();
	wait_until("running"); /* the button was pressed in another life */
	force_off();
	wait_until("ended");
}

static void a_killed_qemu_is_told(void **state)
{
	(void)state;
	if (!has_qemu())
		return;
	put_script(QEMU "exit $?\n");
	start();
	wait_until("running");
	assert_int_equal(kill(look().qemu, SIGKILL), 0);
	wait_until("ended"); /* its socket is still there */
	assert_int_equal(look().end_status, 128 + SIGKILL);
}

static void a_killed_script_leaves_a_guest_that_is_found(void **state)
{
	(void)state;
	if (!has_qemu())
		return;
	put_script(QEMU "exit $?\n");
	start();
	wait_until("running");
	assert_int_equal(kill(look().script, SIGKILL), 0);
	wait_until("running");
	while (look().script)
		;
	assert_string_equal(guest_state_name(look().guest), "running");
	force_off();
	wait_until("ended");
	assert_int_equal(look().end_status, 128 + SIGKILL);
}

/* A QEMU that hangs answers nothing: it is there, and is ended all the same. */
static void a_hung_qemu_is_ended(void **state)
{
	struct vm_run run;

	(void)state;
	if (!has_qemu())
		return;
	put_script(QEMU "exit $?\n");
	start();
	wait_until("running");
	run = look();
	assert_int_equal(kill(run.qemu, SIGSTOP), 0);
	wait_until("unknown");
	force_off();
	wait_until("ended");
	assert_int_equal(look().end_status, 128 + SIGKILL);
}

/* While QEMU ends, who watches sees the clean-up; who comes later sees a script without QEMU. */
static void the_clean_up_is_seen(void **state)
{
	struct vm_watch w;
	static const struct timespec pause = {.tv_nsec = 20000000};

	(void)state;
	if (!has_qemu())
		return;
	put_script(QEMU "while [ ! -e \"$here/go\" ]; do sleep 0.05; done\n");
	start();
	wait_until("running");
	vm_watch_init(&w, NAME);
	vm_watch_settle(&w);
	force_off();
	for (int i = 0; i < LOOKS && w.run.state != VM_RUN_ENDING; i++) {
		vm_watch_settle(&w);
		nanosleep(&pause, NULL);
	}
	assert_int_equal(w.run.state, VM_RUN_ENDING);
	wait_until("preparing");
	tmproot_put(root, "/vfiotui/go", "");
	wait_until("ended");
	vm_watch_release(&w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_off),
		TEST(stale_files_are_not_believed),
		TEST(a_pid_used_again_is_not_believed),
		TEST(links_lead_nowhere),
		TEST(a_socket_of_another_user_is_not_believed),
		TEST(a_note_is_of_one_qemu),
		TEST(a_new_log_is_read_from_its_beginning),
		TEST(a_former_end_is_forgotten),
		TEST(a_failed_start_says_why),
		TEST(preflight_gives_the_scripts_words),
		TEST(what_can_not_start_is_said),
		TEST(a_preparing_script_is_ended),
		TEST(a_guest_is_led_through_its_states),
		TEST(a_killed_qemu_is_told),
		TEST(a_killed_script_leaves_a_guest_that_is_found),
		TEST(a_hung_qemu_is_ended),
		TEST(the_clean_up_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
