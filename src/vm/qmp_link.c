/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/qmp_link.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 16384
#define CHUNKS_AT_ONCE 64 /* a peer that never stops talking must not hold the loop */

static int open_socket(const char *path, int *ret, struct err *reterr)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t len = strlen(path);
	int fd;

	if (len >= sizeof(address.sun_path))
		return err_set(reterr, -ENAMETOOLONG, "the path of the socket %s is too long",
			       path);
	memcpy(address.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(reterr, -errno, "cannot make a socket: %m");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address))) {
		const int code = -errno;

		close(fd);
		errno = -code;
		return err_set(reterr, code, "cannot reach QEMU's monitor %s: %m", path);
	}
	*ret = fd;
	return 0;
}

int qmp_link_open(struct qmp_link *ret, const char *path, struct err *reterr)
{
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);
	int r;

	*ret = (struct qmp_link){.fd = -1};
	qmp_init(&ret->qmp);
	r = open_socket(path, &ret->fd, reterr);
	if (r < 0)
		return r;
	if (!getsockopt(ret->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)) {
		ret->pid = peer.pid;
		ret->uid = peer.uid;
	}
	return 0;
}

void qmp_link_close(struct qmp_link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	qmp_release(&l->qmp);
}

short qmp_link_wants(const struct qmp_link *l)
{
	const bool sending = l->qmp.sent < l->qmp.out.len;

	return (short)(sending ? POLLIN | POLLOUT : POLLIN);
}

static void hang_up(struct qmp_link *l)
{
	qmp_close(&l->qmp);
	close(l->fd);
	l->fd = -1;
}

static void receive(struct qmp_link *l)
{
	char chunk[CHUNK];

	for (int i = 0; i < CHUNKS_AT_ONCE && l->qmp.phase != QMP_CLOSED; i++) {
		const ssize_t n = recv(l->fd, chunk, sizeof(chunk), 0);

		if (n > 0)
			qmp_take(&l->qmp, chunk, (size_t)n);
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && errno == EAGAIN)
			return;
		else
			qmp_close(&l->qmp);
	}
}

static void transmit(struct qmp_link *l)
{
	struct qmp *q = &l->qmp;

	while (q->phase != QMP_CLOSED && q->sent < q->out.len) {
		const ssize_t n = send(l->fd, q->out.data + q->sent, q->out.len - q->sent,
				       MSG_NOSIGNAL);

		if (n > 0)
			q->sent += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else
			return; /* full, or gone: then reading says so */
	}
	str_clear(&q->out);
	q->sent = 0;
}

void qmp_link_ready(struct qmp_link *l)
{
	if (l->fd < 0)
		return;
	receive(l);
	transmit(l);
	if (l->qmp.phase == QMP_CLOSED)
		hang_up(l);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for the socket; false when the time is over. */
static bool wait_for(struct qmp_link *l, int64_t end)
{
	struct pollfd fd = {.fd = l->fd, .events = qmp_link_wants(l)};
	const int64_t left = end - now_ms();

	if (left <= 0)
		return false;
	if (poll(&fd, 1, left > 60000 ? 60000 : (int)left) > 0)
		qmp_link_ready(l);
	return true;
}

static int too_late(const struct qmp_link *l, struct err *reterr)
{
	if (l->qmp.phase == QMP_GREETING)
		return err_set(reterr, -EBUSY,
			       "QEMU's monitor does not answer; another program talks to it, or "
			       "QEMU hangs");
	return err_set(reterr, -ETIME, "QEMU's monitor did not answer in time");
}

int qmp_link_wait(struct qmp_link *l, unsigned id, int limit_ms, struct err *reterr)
{
	const int64_t end = now_ms() + limit_ms;
	const bool quits = l->qmp.pending_len &&
			   l->qmp.pending[l->qmp.pending_len - 1].what == QMP_QUIT;

	err_clear(&l->qmp.refused);
	qmp_link_ready(l);
	while (l->fd >= 0 && !qmp_is_answered(&l->qmp, id))
		if (!wait_for(l, end))
			return too_late(l, reterr);
	if (l->qmp.refused.code)
		return err_set(reterr, l->qmp.refused.code, "%s", l->qmp.refused.text);
	if (l->fd >= 0 || (quits && !l->qmp.err.code))
		return 0;
	if (l->qmp.err.code)
		return err_set(reterr, l->qmp.err.code, "%s", l->qmp.err.text);
	return err_set(reterr, -ECONNRESET, "QEMU ended before it answered");
}

int qmp_link_wait_end(struct qmp_link *l, int limit_ms, struct err *reterr)
{
	const int64_t end = now_ms() + limit_ms;

	while (l->fd >= 0)
		if (!wait_for(l, end))
			return err_set(reterr, -ETIME, "QEMU still runs");
	return 0;
}
