/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * onpty PROGRAM ARGS... <STEPS: runs a program on a terminal of its own, as its session's leader, and does what
 * the lines of stdin say, one after the other:
 *	wait TEXT	until the program has written TEXT (since the last such line)
 *	file PATH	until a file is there
 *	touch PATH	makes an empty file
 *	type TEXT	the keys of TEXT; \r, \n, \e and \xNN stand for themselves
 *	signal NUMBER	to the program alone
 *	hangup		closes the terminal, as a dropped line does: the kernel sends SIGHUP
 *	end		waits for the program's end and gives its exit status (128 + signal when it was killed)
 * Nothing here depends on time: a step that is not reached within STEP_S fails the whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"
#include "base/str.h"

#define STEP_S 120
#define PAUSE_MS 20

struct session {
	pid_t pid;
	int fd; /* -1 after a hang-up */
	struct str seen;
	size_t from; /* what was waited for ends here */
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Takes what the program wrote within one pause. */
static void take(struct session *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	char buf[4096];
	ssize_t n;

	if (poll(&p, 1, PAUSE_MS) <= 0)
		return;
	n = read(s->fd, buf, sizeof(buf));
	if (n > 0)
		str_add(&s->seen, buf, (size_t)n);
	else
		usleep(PAUSE_MS * 1000);
}

static bool has_text(struct session *s, const char *text)
{
	const char *at = strstr(s->seen.data + s->from, text);

	if (at)
		s->from = (size_t)(at - s->seen.data) + strlen(text);
	return at;
}

static bool has_file(struct session *s, const char *path)
{
	(void)s;
	return access(path, F_OK) == 0;
}

static bool until(struct session *s, bool (*reached)(struct session *, const char *),
		  const char *what)
{
	time_t end = now() + STEP_S;

	while (!reached(s, what)) {
		if (now() >= end)
			return false;
		take(s);
	}
	return true;
}

static bool do_wait(struct session *s, const char *text)
{
	return until(s, has_text, text);
}

static bool do_file(struct session *s, const char *path)
{
	return until(s, has_file, path);
}

static bool do_touch(struct session *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)s;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool do_type(struct session *s, const char *text)
{
	auto_str struct str keys = STR_INIT;

	for (const char *p = text; *p; p++) {
		if (*p != '\\' || !p[1]) {
			str_addc(&keys, *p);
			continue;
		}
		p++;
		if (*p == 'x') {
			char hex[3] = {p[1], p[1] ? p[2] : '\0', '\0'};

			str_addc(&keys, (char)strtol(hex, NULL, 16));
			p += strlen(hex);
		} else {
			str_addc(&keys, *p == 'r' ? '\r' : *p == 'n' ? '\n' : '\033');
		}
	}
	return write(s->fd, keys.data, keys.len) == (ssize_t)keys.len;
}

static bool do_signal(struct session *s, const char *number)
{
	return kill(s->pid, atoi(number)) == 0;
}

static bool do_hangup(struct session *s, const char *nothing)
{
	(void)nothing;
	close(s->fd);
	s->fd = -1;
	return true;
}

static bool do_end(struct session *s, const char *nothing)
{
	time_t end = now() + STEP_S;
	int status = 0;
	pid_t r;

	(void)nothing;
	while ((r = waitpid(s->pid, &status, WNOHANG)) == 0 && now() < end)
		take(s);
	if (r != s->pid)
		return false;
	s->pid = 0;
	take(s);
	printf("%s\nstatus %d\n", s->seen.data,
	       WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	return true;
}

static bool step(struct session *s, char *line)
{
	static const struct {
		const char *name;
		bool (*run)(struct session *s, const char *what);
	} steps[] = {
		{"wait", do_wait}, {"file", do_file},     {"touch", do_touch},
		{"type", do_type}, {"signal", do_signal}, {"hangup", do_hangup},
		{"end", do_end},
	};
	char *what = line + strcspn(line, " \n");

	line[strcspn(line, "\n")] = '\0';
	if (*what)
		*what++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (!strcmp(line, steps[i].name) && steps[i].run(s, what))
			return true;
	printf("%s\nnot reached: %s %s\n", s->seen.data, line, what);
	return false;
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct session s = {.seen = STR_INIT};
	char line[1024];
	bool ok = argc > 1;

	if (!ok)
		return 2;
	s.pid = forkpty(&s.fd, NULL, NULL, &size);
	if (s.pid < 0)
		return 1;
	if (s.pid == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	str_add(&s.seen, "", 0);
	while (ok && fgets(line, sizeof(line), stdin))
		ok = step(&s, line);
	if (s.pid)
		kill(s.pid, SIGKILL);
	str_release(&s.seen);
	return ok ? 0 : 1;
}
