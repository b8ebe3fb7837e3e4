/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shells.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

bool shells_have(const char *program)
{
	auto_free char *command = xasprintf("command -v %s >/dev/null 2>&1", program);

	if (!system(command))
		return true;
	fprintf(stderr, "SKIPPED IN PART: %s is not installed, so it was not asked\n", program);
	return false;
}

/* What the shell runs: source fd 3, then print each name's words, each ended by NUL. */
static char *script(bool arrays, const struct strv *names)
{
	struct str s = STR_INIT;

	str_adds(&s, ". /dev/fd/3 >/dev/null 2>&1 </dev/null\n");
	for (size_t i = 0; i < names->len; i++) {
		const char *n = names->items[i];

		str_adds(&s, "printf 'N\\0'\n");
		if (arrays)
			str_addf(&s,
				 "if [ \"${#%s[@]}\" -gt 0 ]; then printf 'W%%s\\0' \"${%s[@]}\"; "
				 "fi\n",
				 n, n);
		else
			str_addf(&s, "if [ \"${%s+x}\" ]; then printf 'W%%s\\0' \"$%s\"; fi\n", n,
				 n);
	}
	str_adds(&s, "printf 'E\\0'\n");
	return str_take(&s);
}

static void child(const char *shell, const char *text, int in, int out)
{
	char *const env[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};

	if (dup2(in, 3) < 0 || fcntl(3, F_SETFD, 0) || dup2(out, 1) < 0 || chdir("/"))
		_exit(126);
	if (!freopen("/dev/null", "w", stderr))
		_exit(126);
	if (!strcmp(shell, "sh"))
		execle("/bin/bash", "bash", "--posix", "-c", text, (char *)NULL, env);
	else if (!strcmp(shell, "bash"))
		execle("/bin/bash", "bash", "-c", text, (char *)NULL, env);
	else
		execle("/bin/dash", "dash", "-c", text, (char *)NULL, env);
	_exit(127);
}

static void run(const char *shell, const char *text, const char *bytes, size_t len, struct str *out)
{
	int in = memfd_create("sourced", MFD_CLOEXEC);
	char buf[4096];
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (in < 0 || pipe2(fds, O_CLOEXEC) || write(in, bytes, len) != (ssize_t)len ||
	    lseek(in, 0, SEEK_SET))
		abort();
	fflush(NULL);
	pid = fork();
	if (!pid)
		child(shell, text, in, fds[1]);
	close(fds[1]);
	close(in);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		str_add(out, buf, (size_t)n);
	close(fds[0]);
	waitpid(pid, NULL, 0);
}

bool shells_values(const char *shell, const char *bytes, size_t len, const struct strv *names,
		   struct strv *values)
{
	auto_free char *text = script(strcmp(shell, "dash") != 0, names);
	auto_str struct str out = STR_INIT;
	size_t name = 0;

	run(shell, text, bytes, len, &out);
	for (size_t i = 0; i < out.len; i += strlen(out.data + i) + 1) {
		if (out.data[i] == 'E')
			return true;
		if (out.data[i] == 'N')
			name++;
		else if (name)
			strv_add(&values[name - 1], out.data + i + 1);
	}
	return false;
}

char *shells_value(const char *shell, const char *bytes, size_t len, const char *name)
{
	auto_strv struct strv names = STRV_INIT;
	auto_strv struct strv value = STRV_INIT;

	strv_add(&names, name);
	if (!shells_values(shell, bytes, len, &names, &value) || !value.len)
		return NULL;
	return xstrdup(value.items[0]);
}
