/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terminal PROGRAM ARGS...: runs a full-screen program in a terminal of 80x24 as a slow
 * link would have it, and prints what that costs:
 *	frame_us	CPU time until the first frame was out, in microseconds
 *	peak_kib	largest resident size
 *	move_bytes	most bytes that one cursor move (down, down, ... up) sent
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reads until nothing came for `quiet_ms`; gives the number of bytes. */
static size_t drain(int fd, int quiet_ms)
{
	char buf[65536];
	size_t total = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, quiet_ms) > 0) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		total += (size_t)n;
	}
	return total;
}

/* User and system time of a running process so far, in microseconds, from /proc (10 ms ticks). */
static long long cpu_of(pid_t pid)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	fclose(f);
	return (long long)(ns / 1000);
}

static size_t most_bytes_of_a_move(int fd)
{
	static const char *const keys[] = {"j", "j", "j", "j", "j", "j", "j", "j", "k", "k", "k"};
	size_t most = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t n;

		if (write(fd, keys[i], 1) != 1)
			return 0;
		n = drain(fd, 150);
		if (n > most)
			most = n;
	}
	return most;
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct rusage usage;
	long long frame;
	size_t first, most;
	int fd, status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0)
		return 1;
	if (pid == 0) {
		setenv("TERM", "xterm-256color", 1);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	first = drain(fd, 700);
	frame = cpu_of(pid);
	most = most_bytes_of_a_move(fd);
	if (write(fd, "q", 1) != 1)
		kill(pid, SIGTERM);
	drain(fd, 300);
	if (wait4(pid, &status, 0, &usage) != pid)
		return 1;
	printf("first_bytes %zu\nframe_us %lld\nmove_bytes %zu\npeak_kib %ld\n", first, frame, most,
	       usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
