/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "vm/run_files.h"

#define ANSWER_MS 3000 /* QEMU answers in some milliseconds, unless it hangs */
#define AGAIN_MS 1000

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void vm_watch_init(struct vm_watch *w, const char *name)
{
	*w = (struct vm_watch){.name = xstrdup(name), .link = {.fd = -1}, .command = QMP_COMMANDS};
}

static void hang_up(struct vm_watch *w)
{
	if (w->asking)
		qmp_link_close(&w->link);
	w->link.fd = -1;
	w->asking = false;
}

void vm_watch_release(struct vm_watch *w)
{
	hang_up(w);
	free(w->run.dir);
	free(w->name);
}

/* --- one look ------------------------------------------------------------------------ */

/* What the files say; where QEMU runs, the question is under way afterwards. */
static void take_files(struct vm_watch *w)
{
	const bool was_guest = w->run.state == VM_RUN_GUEST || w->run.state == VM_RUN_ENDING;
	const pid_t script = w->run.script;
	struct vm_run run = {.state = VM_RUN_OFF};

	vm_run_read(w->name, &run);
	if (run.script)
		run.state = was_guest && run.script == script ? VM_RUN_ENDING : VM_RUN_PREPARING;
	free(w->run.dir);
	w->run = run;
}

static void complete(struct vm_watch *w)
{
	hang_up(w);
	w->command = QMP_COMMANDS;
	w->command_id = 0;
	w->next = now_ms() + AGAIN_MS;
}

/* QEMU is there, but does not say how it does. */
static void no_answer(struct vm_watch *w, const struct err *err)
{
	w->run.state = VM_RUN_GUEST;
	w->run.guest = GUEST_UNKNOWN;
	w->run.err = *err;
	if (w->command != QMP_COMMANDS)
		w->refused = *err;
	complete(w);
}

/* Nobody listens: QEMU does not run, whatever the files say. */
static void no_qemu(struct vm_watch *w)
{
	if (w->command != QMP_COMMANDS && w->command != QMP_QUIT)
		err_set(&w->refused, -ESRCH, "%s does not run", w->name);
	if (!w->run.script)
		vm_run_read_end(w->name, &w->run);
	complete(w);
}

static bool is_foreign(struct vm_watch *w)
{
	uid_t owner;

	return !vm_run_owner(w->run.dir, &owner) || owner != w->link.uid;
}

void vm_watch_look(struct vm_watch *w)
{
	auto_free char *path = NULL;
	struct err err = ERR_INIT;
	int r;

	if (w->asking)
		return;
	take_files(w);
	err_clear(&w->refused);
	path = xasprintf("%s/%s.qmp", w->run.dir, w->name);
	w->asking = true;
	r = qmp_link_open(&w->link, path, &err);
	if (r == -EACCES || r == -EPERM || r == -EAGAIN) {
		no_answer(w, &err);
	} else if (r < 0) {
		no_qemu(w);
	} else if (is_foreign(w)) {
		err_set(&err, -EPERM, "%s belongs to another user than its directory", path);
		no_answer(w, &err);
	} else {
		w->run.qemu = w->link.pid;
		w->command_id = w->command == QMP_COMMANDS ? 0 : qmp_ask(&w->link.qmp, w->command);
		w->status_id = qmp_ask(&w->link.qmp, QMP_QUERY_STATUS);
		w->deadline = now_ms() + ANSWER_MS;
	}
}

void vm_watch_command(struct vm_watch *w, enum qmp_command command)
{
	hang_up(w);
	w->command = command;
	vm_watch_look(w);
}

static void take_answer(struct vm_watch *w)
{
	const struct qmp *q = &w->link.qmp;

	w->run.state = VM_RUN_GUEST;
	w->run.guest = qmp_guest(q);
	if (q->refused.code && w->command != QMP_COMMANDS)
		w->refused = q->refused;
	else if (w->command == QMP_POWERDOWN)
		vm_run_note_asked(w->run.dir, w->name, w->run.qemu);
	if (w->run.guest == GUEST_RUNNING && vm_run_was_asked(w->run.dir, w->name, w->run.qemu))
		w->run.guest = GUEST_STOPPING;
	complete(w);
}

/* The conversation ended early: QEMU is ending (it was told to quit, or the guest is off), or it is not QEMU. */
static void take_end(struct vm_watch *w)
{
	const struct err err = w->link.qmp.err;

	if (err.code == -EPROTO) {
		no_answer(w, &err);
		return;
	}
	w->run.state = w->run.script ? VM_RUN_ENDING : VM_RUN_OFF;
	w->run.qemu = 0;
	no_qemu(w);
}

static bool go_on_asking(struct vm_watch *w)
{
	struct err err = ERR_INIT;

	qmp_link_ready(&w->link);
	if (qmp_is_answered(&w->link.qmp, w->status_id)) {
		take_answer(w);
		return true;
	}
	if (w->link.fd < 0) {
		take_end(w);
		return true;
	}
	if (now_ms() < w->deadline)
		return false;
	err_set(&err, -EBUSY,
		"QEMU's monitor does not answer: another program talks to it, or QEMU hangs");
	no_answer(w, &err);
	return true;
}

bool vm_watch_go_on(struct vm_watch *w)
{
	if (w->asking)
		return go_on_asking(w);
	if (now_ms() < w->next)
		return false;
	vm_watch_look(w);
	return !w->asking;
}

int vm_watch_fd(const struct vm_watch *w)
{
	return w->asking ? w->link.fd : -1;
}

short vm_watch_wants(const struct vm_watch *w)
{
	return qmp_link_wants(&w->link);
}

int vm_watch_timeout(const struct vm_watch *w)
{
	const int64_t left = (w->asking ? w->deadline : w->next) - now_ms();

	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

void vm_watch_settle(struct vm_watch *w)
{
	struct err err = ERR_INIT;

	vm_watch_look(w);
	while (w->asking) {
		const int left = vm_watch_timeout(w);

		/* What went wrong is in the link, and go_on takes it from there. */
		if (qmp_link_wait(&w->link, w->status_id, left, &err) < 0)
			err_clear(&err);
		go_on_asking(w);
	}
}

/* --- ending it by force ------------------------------------------------------------------ */

static int kill_by(int pidfd, int number, pid_t pid, struct err *reterr)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) && errno != ESRCH)
		return err_set(reterr, -errno, "cannot end process %d: %m", (int)pid);
	return 0;
}

/* The process was found by its open socket, which is still open: the pid can't be another's. */
static int kill_qemu(const struct qmp_link *l, int pidfd, struct err *reterr)
{
	return kill_by(pidfd, SIGKILL, l->pid, reterr);
}

static int quit_or_kill(struct vm_watch *w, struct err *reterr)
{
	auto_fd int pidfd = (int)syscall(SYS_pidfd_open, w->link.pid, 0);
	const unsigned id = qmp_ask(&w->link.qmp, QMP_QUIT);

	if (qmp_link_wait(&w->link, id, ANSWER_MS, reterr) == 0 &&
	    qmp_link_wait_end(&w->link, ANSWER_MS, reterr) == 0)
		return 0;
	if (pidfd < 0)
		return reterr ? reterr->code : -ESRCH;
	err_clear(reterr);
	return kill_qemu(&w->link, pidfd, reterr);
}

/* While it prepares: the lock is looked at again after the pidfd is open, so the pid is the holder's. */
static int end_script(struct vm_watch *w, struct err *reterr)
{
	const pid_t script = w->run.script;
	auto_fd int pidfd = (int)syscall(SYS_pidfd_open, script, 0);

	take_files(w);
	if (pidfd < 0 || w->run.script != script)
		return 0;
	return kill_by(pidfd, SIGTERM, script, reterr);
}

int vm_run_force_off(const char *name, struct err *reterr)
{
	struct vm_watch w;
	int r;

	vm_watch_init(&w, name);
	vm_watch_look(&w);
	if (w.asking)
		r = quit_or_kill(&w, reterr);
	else if (w.run.err.code)
		r = err_set(reterr, w.run.err.code, "%s", w.run.err.text);
	else if (w.run.script)
		r = end_script(&w, reterr);
	else
		r = err_set(reterr, -ESRCH, "%s does not run", name);
	vm_watch_release(&w);
	return r;
}

/* --- in words ------------------------------------------------------------------------------ */

bool vm_run_is_on(const struct vm_run *r)
{
	return r->state != VM_RUN_OFF;
}

const char *vm_run_name(const struct vm_run *r)
{
	if (r->state == VM_RUN_GUEST)
		return guest_state_name(r->guest);
	if (r->state == VM_RUN_PREPARING)
		return "preparing";
	if (r->state == VM_RUN_ENDING)
		return "ending";
	return r->has_end ? "ended" : "off";
}

void vm_run_text(const struct vm_run *r, struct str *ret)
{
	if (r->state == VM_RUN_GUEST)
		str_adds(ret, guest_state_text(r->guest));
	else if (r->state == VM_RUN_PREPARING)
		str_adds(ret, "being prepared");
	else if (r->state == VM_RUN_ENDING)
		str_adds(ret, "ended, cleaning up");
	else if (!r->has_end)
		str_adds(ret, "off");
	else if (r->end_status)
		str_addf(ret, "ended with status %d", r->end_status);
	else
		str_adds(ret, "ended in order");
}
