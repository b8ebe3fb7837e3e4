/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/qmp.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const command_names[QMP_COMMANDS] = {
	[QMP_CAPABILITIES] = "qmp_capabilities",
	[QMP_QUERY_STATUS] = "query-status",
	[QMP_POWERDOWN] = "system_powerdown",
	[QMP_STOP] = "stop",
	[QMP_CONT] = "cont",
	[QMP_QUIT] = "quit",
};

/* RunState of qapi/run-state.json; what is not here is GUEST_UNKNOWN. */
static const struct {
	const char *name;
	enum guest_state state;
} run_states[] = {
	{"running", GUEST_RUNNING},
	{"paused", GUEST_PAUSED},
	{"prelaunch", GUEST_STARTING},
	{"inmigrate", GUEST_STARTING},
	{"suspended", GUEST_SUSPENDED},
	{"shutdown", GUEST_OFF},
	{"guest-panicked", GUEST_PANICKED},
	{"io-error", GUEST_FAILED},
	{"internal-error", GUEST_FAILED},
	{"watchdog", GUEST_FAILED},
	{"debug", GUEST_PAUSED},
	{"save-vm", GUEST_PAUSED},
	{"restore-vm", GUEST_PAUSED},
	{"finish-migrate", GUEST_PAUSED},
	{"postmigrate", GUEST_PAUSED},
};

static const struct {
	const char *name, *text;
} state_texts[GUEST_STATES] = {
	[GUEST_UNKNOWN] = {"unknown", "cannot tell"},
	[GUEST_STARTING] = {"starting", "waits to be started"},
	[GUEST_RUNNING] = {"running", "running"},
	[GUEST_PAUSED] = {"paused", "paused"},
	[GUEST_SUSPENDED] = {"suspended", "asleep, by its own wish"},
	[GUEST_STOPPING] = {"shutting-down", "shutting down"},
	[GUEST_OFF] = {"off", "powered off"},
	[GUEST_PANICKED] = {"panicked", "the guest's system crashed"},
	[GUEST_FAILED] = {"failed", "stopped by QEMU after an error"},
};

void qmp_init(struct qmp *q)
{
	*q = (struct qmp){.phase = QMP_GREETING, .in = STR_INIT, .out = STR_INIT};
}

void qmp_release(struct qmp *q)
{
	str_release(&q->in);
	str_release(&q->out);
}

static void broken(struct qmp *q, const char *what)
{
	q->phase = QMP_CLOSED;
	q->pending_len = 0;
	err_set(&q->err, -EPROTO, "QEMU's monitor %s; nothing more is asked of it", what);
}

static void send_command(struct qmp *q, unsigned id, enum qmp_command what)
{
	str_addf(&q->out, "{\"execute\":\"%s\",\"id\":%u}\r\n", command_names[what], id);
}

static unsigned queue(struct qmp *q, enum qmp_command what)
{
	q->last_id = q->last_id == ~0U ? 1 : q->last_id + 1;
	q->pending[q->pending_len].id = q->last_id;
	q->pending[q->pending_len++].what = what;
	return q->last_id;
}

unsigned qmp_ask(struct qmp *q, enum qmp_command what)
{
	unsigned id;

	/* One place is kept for the negotiation. */
	if (q->phase == QMP_CLOSED || q->pending_len + 1 >= QMP_PENDING)
		return 0;
	id = queue(q, what);
	if (q->phase == QMP_READY)
		send_command(q, id, what);
	return id;
}

bool qmp_is_answered(const struct qmp *q, unsigned id)
{
	if (!id || q->phase == QMP_CLOSED)
		return false;
	for (size_t i = 0; i < q->pending_len; i++)
		if (q->pending[i].id == id)
			return false;
	return true;
}

/* --- what comes in ------------------------------------------------------------------ */

static void greet(struct qmp *q, const json_t *message)
{
	const json_t *version = json_object_get(json_object_get(message, "QMP"), "version");
	const json_t *number = json_object_get(version, "qemu");

	if (!json_is_object(number)) {
		broken(q, "did not greet as QEMU does");
		return;
	}
	snprintf(q->version, sizeof(q->version), "%d.%d.%d",
		 (int)json_integer_value(json_object_get(number, "major")),
		 (int)json_integer_value(json_object_get(number, "minor")),
		 (int)json_integer_value(json_object_get(number, "micro")));
	q->phase = QMP_NEGOTIATING;
	send_command(q, queue(q, QMP_CAPABILITIES), QMP_CAPABILITIES);
}

/* What was asked before the conversation was open. */
static void send_waiting(struct qmp *q)
{
	q->phase = QMP_READY;
	for (size_t i = 0; i < q->pending_len; i++)
		send_command(q, q->pending[i].id, q->pending[i].what);
}

static void take_status(struct qmp *q, const json_t *result)
{
	const char *status = json_string_value(json_object_get(result, "status"));

	q->guest = GUEST_UNKNOWN;
	for (size_t i = 0; status && i < ARRAY_SIZE(run_states); i++)
		if (!strcmp(run_states[i].name, status))
			q->guest = run_states[i].state;
}

static void take_answer(struct qmp *q, enum qmp_command what, const json_t *message)
{
	const json_t *error = json_object_get(message, "error");
	const char *text = json_string_value(json_object_get(error, "desc"));

	if (error)
		err_set(&q->refused, -EREMOTEIO, "QEMU refused %s: %s", command_names[what],
			text ? text : "it gave no reason");
	if (what == QMP_CAPABILITIES && error)
		broken(q, "would not take commands");
	else if (what == QMP_CAPABILITIES)
		send_waiting(q);
	else if (what == QMP_QUERY_STATUS && !error)
		take_status(q, json_object_get(message, "return"));
	else if (what == QMP_POWERDOWN && !error)
		q->asked_to_stop = true;
}

/* The pending command of an answer's id leaves the list; false when there is none. */
static bool take_pending(struct qmp *q, const json_t *message, enum qmp_command *ret)
{
	const json_int_t id = json_integer_value(json_object_get(message, "id"));

	for (size_t i = 0; i < q->pending_len; i++) {
		if ((json_int_t)q->pending[i].id != id)
			continue;
		*ret = q->pending[i].what;
		q->pending_len--;
		memmove(&q->pending[i], &q->pending[i + 1],
			(q->pending_len - i) * sizeof(q->pending[0]));
		return true;
	}
	return false;
}

static void on_shutdown(struct qmp *q, const json_t *data)
{
	const char *reason = json_string_value(json_object_get(data, "reason"));

	snprintf(q->reason, sizeof(q->reason), "%s", reason ? reason : "");
	q->guest = GUEST_OFF;
}

static void on_reset(struct qmp *q, const json_t *data)
{
	(void)data;
	q->asked_to_stop = false;
	if (q->guest == GUEST_PANICKED)
		q->guest = GUEST_RUNNING;
}

static void on_stop(struct qmp *q, const json_t *data)
{
	(void)data;
	if (q->guest != GUEST_PANICKED && q->guest != GUEST_OFF)
		q->guest = GUEST_PAUSED;
}

static void on_resume(struct qmp *q, const json_t *data)
{
	(void)data;
	q->guest = GUEST_RUNNING;
}

static void on_panicked(struct qmp *q, const json_t *data)
{
	(void)data;
	q->guest = GUEST_PANICKED;
}

static void on_powerdown(struct qmp *q, const json_t *data)
{
	(void)data;
	q->asked_to_stop = true;
}

static const struct {
	const char *name;
	enum qmp_event bit;
	void (*run)(struct qmp *q, const json_t *data);
} events[] = {
	{"SHUTDOWN", QMP_EVENT_SHUTDOWN, on_shutdown},
	{"RESET", QMP_EVENT_RESET, on_reset},
	{"STOP", QMP_EVENT_STOP, on_stop},
	{"RESUME", QMP_EVENT_RESUME, on_resume},
	{"GUEST_PANICKED", QMP_EVENT_PANICKED, on_panicked},
	{"GUEST_CRASHLOADED", QMP_EVENT_PANICKED, on_panicked},
	{"POWERDOWN", QMP_EVENT_POWERDOWN, on_powerdown},
};

static void take_event(struct qmp *q, const char *name, const json_t *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (!strcmp(events[i].name, name)) {
			q->events |= events[i].bit;
			events[i].run(q, data);
			return;
		}
}

static void take_message(struct qmp *q, const json_t *message)
{
	const char *event = json_string_value(json_object_get(message, "event"));
	enum qmp_command what = QMP_COMMANDS;

	if (q->phase == QMP_GREETING)
		greet(q, message);
	else if (event)
		take_event(q, event, json_object_get(message, "data"));
	else if ((json_object_get(message, "return") || json_object_get(message, "error")) &&
		 take_pending(q, message, &what))
		take_answer(q, what, message);
	else
		broken(q, "answered what was not asked");
}

static void take_line(struct qmp *q, const char *line, size_t len)
{
	json_t *message;

	while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (!len)
		return;
	message = json_loadb(line, len, 0, NULL);
	if (json_is_object(message))
		take_message(q, message);
	else
		broken(q, "sent what is no message");
	json_decref(message);
}

void qmp_take(struct qmp *q, const char *bytes, size_t len)
{
	const char *end;

	while (q->phase != QMP_CLOSED && (end = memchr(bytes, '\n', len))) {
		const size_t n = (size_t)(end - bytes);

		if (q->in.len + n > QMP_LINE_MAX) {
			broken(q, "sent a message without an end");
			return;
		}
		str_add(&q->in, bytes, n);
		take_line(q, q->in.data, q->in.len);
		str_clear(&q->in);
		bytes = end + 1;
		len -= n + 1;
	}
	if (q->phase == QMP_CLOSED)
		return;
	if (q->in.len + len > QMP_LINE_MAX)
		broken(q, "sent a message without an end");
	else
		str_add(&q->in, bytes, len);
}

void qmp_close(struct qmp *q)
{
	const bool quitting = q->pending_len == 1 && q->pending[0].what == QMP_QUIT;

	if (q->phase == QMP_CLOSED)
		return;
	if ((q->pending_len && !quitting && q->guest != GUEST_OFF) || q->phase != QMP_READY)
		err_set(&q->err, -ECONNRESET, "QEMU's monitor closed before it answered");
	q->phase = QMP_CLOSED;
	q->pending_len = 0;
}

enum guest_state qmp_guest(const struct qmp *q)
{
	return q->asked_to_stop && q->guest == GUEST_RUNNING ? GUEST_STOPPING : q->guest;
}

const char *guest_state_name(enum guest_state s)
{
	return state_texts[s].name;
}

const char *guest_state_text(enum guest_state s)
{
	return state_texts[s].text;
}
