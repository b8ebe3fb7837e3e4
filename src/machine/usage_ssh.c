/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To which addresses of this host the SSH session comes that runs the program.
 *
 * SSH_CONNECTION says it (ssh(1)), of this process or, since sudo cleans the environment, of one
 * of its ancestors. Where an ancestor is the SSH server itself, its connection is looked
 * up: the socket among its open files, its inode in /proc/net/tcp (proc(5)). A terminal
 * multiplexer outlives sessions and is no child of the one that shows it now: then every
 * connection of an SSH server counts.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/usage_parts.h"

#define ANCESTORS 64
#define ESTABLISHED "01" /* include/net/tcp_states.h */

static bool begins_with_any(const char *s, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (text_starts_with(s, *prefixes))
			return true;
	return false;
}

static bool is_server(const char *comm)
{
	static const char *const names[] = {"sshd", "dropbear", NULL};

	return begins_with_any(comm, names);
}

static bool is_multiplexer(const char *comm)
{
	static const char *const names[] = {"tmux",  "screen", "SCREEN", "zellij",
					    "dtach", "abduco", "byobu",  NULL};

	return begins_with_any(comm, names);
}

/* --- processes ----------------------------------------------------------------------- */

/* SSH_CONNECTION is "CLIENT PORT SERVER PORT" (ssh(1)): adds the third word. */
static void add_server_address(const char *connection, struct strv *ret)
{
	auto_strv struct strv word = STRV_INIT;

	strv_split(&word, connection, " ");
	if (word.len == 4)
		strv_add_unique(ret, word.items[2]);
}

/* The parent of a process: the second word behind the name in parentheses, proc(5). */
static long parent_of(const struct host *host, long pid)
{
	auto_free char *path = xasprintf("/proc/%ld/stat", pid);
	auto_str struct str stat = STR_INIT;
	const char *end;
	long parent;

	if (host_read(host, path, &stat, NULL) < 0)
		return 0;
	end = strrchr(stat.data, ')');
	return end && sscanf(end + 1, " %*c %ld", &parent) == 1 ? parent : 0;
}

static void read_environment(const struct host *host, long pid, struct strv *ret)
{
	static const char name[] = "SSH_CONNECTION=";
	auto_free char *path = xasprintf("/proc/%ld/environ", pid);
	auto_str struct str text = STR_INIT;

	if (host_read(host, path, &text, NULL) < 0)
		return;
	for (size_t at = 0; at < text.len; at += strlen(text.data + at) + 1)
		if (text_starts_with(text.data + at, name))
			add_server_address(text.data + at + strlen(name), ret);
}

/* The inodes of a process's sockets, "12345". */
static void add_sockets(const struct host *host, long pid, struct strv *ret)
{
	auto_free char *path = xasprintf("/proc/%ld/fd", pid);
	auto_host_dir struct host_dir dir = HOST_DIR_INIT;
	auto_strv struct strv fds = STRV_INIT;
	auto_str struct str target = STR_INIT;
	static const char socket[] = "socket:[";

	if (host_list(host, path, &fds, NULL) < 0 || host_dir_open(host, path, &dir, NULL) < 0)
		return;
	for (size_t i = 0; i < fds.len; i++) {
		auto_free char *inode = NULL;

		if (host_dir_link(&dir, fds.items[i], &target) < 0 ||
		    !text_starts_with(target.data, socket))
			continue;
		inode = xstrndup(target.data + strlen(socket),
				 strcspn(target.data + strlen(socket), "]"));
		strv_add_unique(ret, inode);
	}
}

static void read_comm(const struct host *host, long pid, struct str *ret)
{
	auto_free char *path = xasprintf("/proc/%ld/comm", pid);

	str_clear(ret);
	if (host_read_line(host, path, ret, NULL) < 0)
		str_adds(ret, "");
}

/* Those of all SSH servers. */
static void add_all_servers(const struct host *host, struct strv *inodes)
{
	auto_strv struct strv names = STRV_INIT;
	auto_str struct str comm = STR_INIT;

	if (host_list(host, "/proc", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++) {
		const long pid = strtol(names.items[i], NULL, 10);

		if (!isdigit((unsigned char)names.items[i][0]))
			continue;
		read_comm(host, pid, &comm);
		if (comm.len && is_server(comm.data))
			add_sockets(host, pid, inodes);
	}
}

/* --- connections --------------------------------------------------------------------- */

/* "0501A8C0:0016", or four such words for IPv6: each word is printed as the machine has it in memory. */
static bool read_address(const char *s, char ret[INET6_ADDRSTRLEN])
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	const size_t digits = strcspn(s, ":");
	unsigned char bytes[16];

	if (digits != 8 && digits != 32)
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		auto_free char *word = xstrndup(s + 8 * i, 8);
		const uint32_t value = (uint32_t)strtoul(word, NULL, 16);

		memcpy(bytes + 4 * i, &value, 4);
	}
	if (digits == 8)
		return inet_ntop(AF_INET, bytes, ret, INET6_ADDRSTRLEN);
	if (!memcmp(bytes, mapped, sizeof(mapped)))
		return inet_ntop(AF_INET, bytes + 12, ret, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, bytes, ret, INET6_ADDRSTRLEN);
}

/* "SL LOCAL REMOTE STATE TX:RX TR:WHEN RETRANSMITS UID TIMEOUT INODE ..." */
static void find_connections(const struct host *host, const char *path, const struct strv *inodes,
			     struct strv *ret)
{
	auto_str struct str text = STR_INIT;
	auto_strv struct strv lines = STRV_INIT;

	if (host_read(host, path, &text, NULL) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 1; i < lines.len; i++) {
		auto_strv struct strv word = STRV_INIT;
		char address[INET6_ADDRSTRLEN];

		strv_split(&word, lines.items[i], " ");
		if (word.len > 9 && !strcmp(word.items[3], ESTABLISHED) &&
		    strv_has(inodes, word.items[9]) && read_address(word.items[1], address))
			strv_add_unique(ret, address);
	}
}

void usage_ssh_of(const struct host *host, long pid, struct strv *ret)
{
	auto_strv struct strv inodes = STRV_INIT;
	auto_str struct str comm = STR_INIT;
	bool detached = false;

	for (int i = 0; i < ANCESTORS && pid > 1; i++, pid = parent_of(host, pid)) {
		read_environment(host, pid, ret);
		read_comm(host, pid, &comm);
		if (comm.len && is_server(comm.data))
			add_sockets(host, pid, &inodes);
		detached = detached || (comm.len && is_multiplexer(comm.data));
	}
	if (detached)
		add_all_servers(host, &inodes);
	if (!inodes.len)
		return;
	find_connections(host, "/proc/net/tcp", &inodes, ret);
	find_connections(host, "/proc/net/tcp6", &inodes, ret);
}

void usage_ssh_addresses(const struct host *host, struct strv *ret)
{
	const char *own = getenv("SSH_CONNECTION");

	if (!host_is_live(host))
		return;
	if (own)
		add_server_address(own, ret);
	usage_ssh_of(host, getppid(), ret);
}
