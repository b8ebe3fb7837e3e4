/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp: QEMU's machine protocol: what a guest does, and the few commands it is given.
 *
 * The protocol alone, without a socket (vm/qmp_link.h has that): bytes in, bytes out.
 *
 *	qmp_init(&q);
 *	id = qmp_ask(&q, QMP_QUERY_STATUS);	may be asked at once; it is sent after the greeting
 *	qmp_take(&q, bytes, len);		what came from QEMU
 *	send q.out from q.sent on		what QEMU shall get
 *	qmp_is_answered(&q, id)			then q.guest, or q.refused says why not
 *	qmp_release(&q);
 *
 * What comes in is not trusted: a line that is too long or no JSON object, a wrong
 * greeting or an answer to nothing ends the conversation (phase QMP_CLOSED, q.err).
 * Commands, events and states: QEMU's docs/interop/qmp-spec and qapi/run-state.json.
 */
#ifndef VM_QMP_H
#define VM_QMP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define QMP_LINE_MAX (256U << 10) /* the longest message that is taken */
#define QMP_PENDING 8

enum qmp_phase {
	QMP_GREETING,    /* nothing came yet */
	QMP_NEGOTIATING, /* qmp_capabilities was sent */
	QMP_READY,
	QMP_CLOSED,
};

enum qmp_command {
	QMP_CAPABILITIES,
	QMP_QUERY_STATUS,
	QMP_POWERDOWN, /* presses the guest's power button */
	QMP_STOP,      /* pauses */
	QMP_CONT,      /* goes on */
	QMP_QUIT,      /* ends QEMU at once */
	QMP_COMMANDS,
};

enum guest_state {
	GUEST_UNKNOWN,
	GUEST_STARTING, /* before its first instruction */
	GUEST_RUNNING,
	GUEST_PAUSED,
	GUEST_SUSPENDED, /* asleep, by its own wish */
	GUEST_STOPPING,  /* was asked to shut down and has not yet */
	GUEST_OFF,       /* powered off; QEMU is about to end */
	GUEST_PANICKED,
	GUEST_FAILED, /* QEMU stopped it: an error of disk or emulation */
	GUEST_STATES,
};

enum qmp_event {
	QMP_EVENT_SHUTDOWN = 1 << 0,
	QMP_EVENT_RESET = 1 << 1,
	QMP_EVENT_STOP = 1 << 2,
	QMP_EVENT_RESUME = 1 << 3,
	QMP_EVENT_PANICKED = 1 << 4,
	QMP_EVENT_POWERDOWN = 1 << 5,
};

struct qmp {
	enum qmp_phase phase;
	enum guest_state guest; /* as the last answer or event says */
	bool asked_to_stop;     /* its power button was pressed, and it did not start anew since */
	unsigned events;        /* enum qmp_event bits seen so far; the owner may clear them */
	char version[24];       /* "7.2.22" */
	char reason[32];        /* of SHUTDOWN: "guest-shutdown", "host-signal" */
	struct str in, out;     /* bytes of an unfinished line; bytes to be sent */
	size_t sent;            /* so many of `out` are sent */
	struct {
		unsigned id;
		enum qmp_command what;
	} pending[QMP_PENDING];
	size_t pending_len;
	unsigned last_id;
	struct err refused; /* code 0, or what QEMU said to the last command that it refused */
	struct err err;     /* why CLOSED; code 0: in order */
};

void qmp_init(struct qmp *q);
void qmp_release(struct qmp *q);
/* Queues a command: its id, or 0 when the conversation is over or too many wait already. */
unsigned qmp_ask(struct qmp *q, enum qmp_command what);
/* Was it answered, well or badly? A conversation that ended answers nothing any more. */
bool qmp_is_answered(const struct qmp *q, unsigned id);
/* Takes bytes as they came. */
void qmp_take(struct qmp *q, const char *bytes, size_t len);
/* The other side is gone: with nothing open that is in order, else an error. */
void qmp_close(struct qmp *q);
/* What the guest does, with the pressed power button taken into account. */
enum guest_state qmp_guest(const struct qmp *q);
/* "running", "shutting-down": a word of the JSON contract. */
const char *guest_state_name(enum guest_state s);
/* "the guest runs", "the guest was asked to shut down": for people. */
const char *guest_state_text(enum guest_state s);

#endif
