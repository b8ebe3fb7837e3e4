/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QMP: what each message means, what a hostile one can't do, and a real QEMU led through its states. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "../support/tmproot.h"
#include "base/mem.h"
#include "host/process.h"
#include "vm/qmp_link.h"

#define GREETING                                                                                   \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "         \
	"\"package\": \"Debian\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define OPENED GREETING "{\"return\": {}, \"id\": 1}\r\n"
#define LIMIT 60000 /* milliseconds; only a hang takes them */

/* --- the protocol ----------------------------------------------------------------------- */

static void take(struct qmp *q, const char *text)
{
	qmp_take(q, text, strlen(text));
}

static void greets_before_it_asks(void **state)
{
	struct qmp q;
	unsigned id;

	(void)state;
	qmp_init(&q);
	id = qmp_ask(&q, QMP_QUERY_STATUS);
	assert_string_equal(q.out.data, "");
	take(&q, GREETING);
	assert_string_equal(q.version, "7.2.22");
	assert_string_equal(q.out.data, "{\"execute\":\"qmp_capabilities\",\"id\":2}\r\n");
	str_clear(&q.out);
	take(&q, "{\"return\": {}, \"id\": 2}\r\n");
	assert_string_equal(q.out.data, "{\"execute\":\"query-status\",\"id\":1}\r\n");
	assert_false(qmp_is_answered(&q, id));
	take(&q, "{\"return\": {\"status\": \"paused\", \"running\": false}, \"id\": 1}\r\n");
	assert_true(qmp_is_answered(&q, id));
	assert_int_equal(q.guest, GUEST_PAUSED);
	qmp_release(&q);
}

static void each_status_and_event_means_a_state(void **state)
{
	static const struct {
		const char *lines;
		enum guest_state guest;
	} cases[] = {
		{"{\"return\":{\"status\":\"running\"},\"id\":2}\n", GUEST_RUNNING},
		{"{\"return\":{\"status\":\"prelaunch\"},\"id\":2}\n", GUEST_STARTING},
		{"{\"return\":{\"status\":\"suspended\"},\"id\":2}\n", GUEST_SUSPENDED},
		{"{\"return\":{\"status\":\"shutdown\"},\"id\":2}\n", GUEST_OFF},
		{"{\"return\":{\"status\":\"guest-panicked\"},\"id\":2}\n", GUEST_PANICKED},
		{"{\"return\":{\"status\":\"io-error\"},\"id\":2}\n", GUEST_FAILED},
		{"{\"return\":{\"status\":\"of-tomorrow\"},\"id\":2}\n", GUEST_UNKNOWN},
		{"{\"return\":{\"status\":7},\"id\":2}\n", GUEST_UNKNOWN},
		{"{\"event\":\"RESUME\"}\n{\"event\":\"STOP\"}\n", GUEST_PAUSED},
		{"{\"event\":\"STOP\"}\n{\"event\":\"RESUME\"}\n", GUEST_RUNNING},
		{"{\"event\":\"RESUME\"}\n{\"event\":\"POWERDOWN\"}\n", GUEST_STOPPING},
		{"{\"event\":\"RESUME\"}\n{\"event\":\"POWERDOWN\"}\n{\"event\":\"RESET\"}\n",
		 GUEST_RUNNING},
		{"{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-shutdown\"}}"
		 "\n",
		 GUEST_OFF},
		{"{\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"pause\"}}\n{\"event\":"
		 "\"STOP\"}\n",
		 GUEST_PANICKED},
		{"{\"event\":\"GUEST_PANICKED\"}\n{\"event\":\"RESET\"}\n", GUEST_RUNNING},
		{"{\"event\":\"NIC_RX_FILTER_CHANGED\"}\n", GUEST_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct qmp q;

		qmp_init(&q);
		take(&q, OPENED);
		assert_int_equal(qmp_ask(&q, QMP_QUERY_STATUS), 2);
		take(&q, cases[i].lines);
		assert_int_equal(qmp_guest(&q), cases[i].guest);
		assert_int_not_equal(q.phase, QMP_CLOSED);
		qmp_release(&q);
	}
}

static void a_refusal_is_kept_with_its_reason(void **state)
{
	struct qmp q;
	unsigned id;

	(void)state;
	qmp_init(&q);
	take(&q, OPENED);
	id = qmp_ask(&q, QMP_CONT);
	take(&q, "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"Resetting the "
		 "Virtual Machine is required\"}}\r\n");
	assert_true(qmp_is_answered(&q, id));
	assert_string_equal(q.refused.text,
			    "QEMU refused cont: Resetting the Virtual Machine is required");
	qmp_release(&q);
}

static void hostile_bytes_end_the_conversation(void **state)
{
	static const char *const cases[] = {
		"SSH-2.0-OpenSSH_9.2\r\n",
		"[]\n",
		"{}\n",
		"null\n",
		"{\"QMP\": 7}\n",
		"{\"QMP\": {\"version\": {\"qemu\": []}}}\n",
		"{\"event\": \"SHUTDOWN\"}\n",
		"\xff\xfe\n",
		"{\"QMP\"\n",
		GREETING "{\"return\": {}, \"id\": 99}\n",
		GREETING "{\"return\": {}, \"id\": -1}\n",
		GREETING "{\"return\": {}}\n",
		GREETING "{\"error\": {\"desc\": \"no\"}, \"id\": 1}\n",
		OPENED "{\"return\": {\"status\": \"running\"}, \"id\": 1}\n",
		OPENED "{\"hello\": 1}\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct qmp q;

		qmp_init(&q);
		take(&q, cases[i]);
		assert_int_equal(q.phase, QMP_CLOSED);
		assert_int_equal(q.err.code, -EPROTO);
		assert_int_equal(qmp_ask(&q, QMP_QUIT), 0);
		assert_int_equal(q.guest, GUEST_UNKNOWN);
		take(&q, OPENED "{\"event\": \"STOP\"}\n");
		assert_int_equal(q.guest, GUEST_UNKNOWN);
		qmp_release(&q);
	}
}

static void a_line_without_end_is_not_kept(void **state)
{
	static char block[65536];
	struct qmp q;

	(void)state;
	memset(block, '[', sizeof(block));
	qmp_init(&q);
	for (int i = 0; i < 100; i++)
		qmp_take(&q, block, sizeof(block));
	assert_int_equal(q.phase, QMP_CLOSED);
	assert_true(q.in.len <= QMP_LINE_MAX);
	qmp_release(&q);
}

/* Nor one that comes as a whole, with its end: JSON is as long as it, and more when it is read. */
static void a_line_that_is_too_long_is_not_read(void **state)
{
	struct str line = STR_INIT;
	struct qmp q;

	(void)state;
	qmp_init(&q);
	str_adds(&line,
		 "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": []}");
	while (line.len <= QMP_LINE_MAX)
		str_addc(&line, ' ');
	str_adds(&line, "}\r\n");
	qmp_take(&q, line.data, line.len);
	assert_int_equal(q.phase, QMP_CLOSED);
	assert_int_equal(q.err.code, -EPROTO);
	qmp_release(&q);
	str_release(&line);
}

static void any_cut_gives_the_same(void **state)
{
	static const char text[] = OPENED
		"{\"event\": \"RESUME\"}\r\n\r\n{\"event\": \"POWERDOWN\"}\r\n";

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct qmp q;

		qmp_init(&q);
		qmp_take(&q, text, cut);
		qmp_take(&q, text + cut, sizeof(text) - 1 - cut);
		assert_int_equal(qmp_guest(&q), GUEST_STOPPING);
		qmp_release(&q);
	}
}

static void no_more_waits_than_there_is_room_for(void **state)
{
	struct qmp q;
	int taken = 0;

	(void)state;
	qmp_init(&q);
	while (taken < 100 && qmp_ask(&q, QMP_QUERY_STATUS))
		taken++;
	assert_int_equal(taken, QMP_PENDING - 1);
	take(&q, GREETING);
	assert_int_equal(q.phase, QMP_NEGOTIATING);
	qmp_release(&q);
}

/* --- servers that are not QEMU ------------------------------------------------------------ */

/* A child that takes one client after another and says `text` to each, then waits for its end. */
static pid_t serve(const char *path, const char *text, bool hang_up)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		for (;;) {
			char byte;
			int client = accept(fd, NULL, NULL);

			if (send(client, text, strlen(text), MSG_NOSIGNAL) < 0)
				continue;
			while (!hang_up && read(client, &byte, 1) > 0)
				;
			close(client);
		}
	}
	close(fd);
	return pid;
}

static int ask_once(const char *path, int limit, struct err *err)
{
	struct qmp_link l;
	int r = qmp_link_open(&l, path, err);

	if (r == 0)
		r = qmp_link_wait(&l, qmp_ask(&l.qmp, QMP_QUERY_STATUS), limit, err);
	qmp_link_close(&l);
	return r;
}

static void strange_servers_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool hang_up;
		int limit, code;
	} cases[] = {
		{"", false, 100, -EBUSY},
		{"", true, LIMIT, -ECONNRESET},
		{"220 mail.example ESMTP\r\n", false, LIMIT, -EPROTO},
		{GREETING, false, 100, -ETIME},
		{GREETING, true, LIMIT, -ECONNRESET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *root = tmproot_new();
		auto_free char *path = tmproot_path(root, "/qmp");
		pid_t pid = serve(path, cases[i].text, cases[i].hang_up);
		struct err err = ERR_INIT;

		assert_int_equal(ask_once(path, cases[i].limit, &err), cases[i].code);
		assert_string_not_equal(err.text, "");
		kill(pid, SIGKILL);
		assert_int_equal(process_reap(&(struct process){.pid = pid, .fd = -1}),
				 128 + SIGKILL);
		assert_int_equal(ask_once(path, LIMIT, &err), -ECONNREFUSED);
		tmproot_remove(root);
	}
}

static void no_socket_is_said(void **state)
{
	char *root = tmproot_new();
	auto_free char *path = tmproot_path(root, "/none");
	char long_path[300];
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(ask_once(path, LIMIT, &err), -ENOENT);
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(ask_once(long_path, LIMIT, &err), -ENAMETOOLONG);
	tmproot_remove(root);
}

/* --- the real one --------------------------------------------------------------------------- */

/* QEMU makes the socket first, and listens a moment later. */
static void open_when_it_listens(struct qmp_link *l, const char *path)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	struct err err = ERR_INIT;
	int r = -ENOENT;

	for (int i = 0; i < LIMIT / 20 && (r == -ENOENT || r == -ECONNREFUSED); i++) {
		err_clear(&err);
		r = qmp_link_open(l, path, &err);
		if (r < 0)
			nanosleep(&pause, NULL);
	}
	assert_int_equal(r, 0);
}

static void ask(struct qmp_link *l, enum qmp_command what)
{
	struct err err = ERR_INIT;

	assert_int_equal(qmp_link_wait(l, qmp_ask(&l->qmp, what), LIMIT, &err), 0);
}

/* Until the guest is in that state: by events alone, nothing is asked. */
static void wait_for_state(struct qmp_link *l, enum guest_state want)
{
	while (l->fd >= 0 && qmp_guest(&l->qmp) != want) {
		struct pollfd fd = {.fd = l->fd, .events = qmp_link_wants(l)};

		assert_int_equal(poll(&fd, 1, LIMIT), 1);
		qmp_link_ready(l);
	}
	assert_int_equal(qmp_guest(&l->qmp), want);
}

static void leads_a_real_qemu_through_its_states(void **state)
{
	char *root = tmproot_new();
	auto_free char *path = tmproot_path(root, "/qmp");
	auto_free char *option = xasprintf("unix:%s,server=on,wait=off", path);
	auto_strv struct strv argv = STRV_INIT;
	struct process p = PROCESS_INIT;
	struct qmp_link l;
	struct err err = ERR_INIT;

	(void)state;
	strv_split(&argv,
		   "qemu-system-x86_64 -S -accel tcg -machine q35 -nodefaults -m 64 "
		   "-display none -no-user-config -qmp",
		   " ");
	strv_add(&argv, option);
	if (process_spawn(&p, &argv, &err) == -ENOENT) {
		printf("NOT TESTED against QEMU: %s\n", err.text);
		tmproot_remove(root);
		return;
	}
	open_when_it_listens(&l, path);
	assert_int_equal(l.pid, p.pid);
	assert_int_equal(l.uid, getuid());
	ask(&l, QMP_QUERY_STATUS);
	assert_int_equal(qmp_guest(&l.qmp), GUEST_STARTING);
	assert_true(strchr(l.qmp.version, '.') != NULL);
	ask(&l, QMP_CONT);
	wait_for_state(&l, GUEST_RUNNING);
	ask(&l, QMP_STOP);
	wait_for_state(&l, GUEST_PAUSED);
	assert_int_equal(ask_once(path, 100, &err), -EBUSY); /* one at a time */
	ask(&l, QMP_CONT);
	ask(&l, QMP_POWERDOWN);
	wait_for_state(&l, GUEST_STOPPING);
	assert_true(l.qmp.events & QMP_EVENT_POWERDOWN);
	qmp_link_close(&l);

	assert_int_equal(qmp_link_open(&l, path, &err), 0); /* found again */
	ask(&l, QMP_QUERY_STATUS);
	assert_int_equal(qmp_guest(&l.qmp), GUEST_RUNNING);
	ask(&l, QMP_QUIT);
	assert_int_equal(qmp_link_wait_end(&l, LIMIT, &err), 0);
	assert_int_equal(l.qmp.err.code, 0);
	qmp_link_close(&l);
	assert_int_equal(process_reap(&p), 0);
	tmproot_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greets_before_it_asks),
		cmocka_unit_test(each_status_and_event_means_a_state),
		cmocka_unit_test(a_refusal_is_kept_with_its_reason),
		cmocka_unit_test(hostile_bytes_end_the_conversation),
		cmocka_unit_test(a_line_without_end_is_not_kept),
		cmocka_unit_test(a_line_that_is_too_long_is_not_read),
		cmocka_unit_test(any_cut_gives_the_same),
		cmocka_unit_test(no_more_waits_than_there_is_room_for),
		cmocka_unit_test(strange_servers_are_told_apart),
		cmocka_unit_test(no_socket_is_said),
		cmocka_unit_test(leads_a_real_qemu_through_its_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
