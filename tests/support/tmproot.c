/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tmproot.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strv.h"

static void need(bool ok, const char *what, const char *path)
{
	if (ok)
		return;
	fprintf(stderr, "tmproot: cannot %s %s: %s\n", what, path, strerror(errno));
	abort();
}

char *tmproot_new(void)
{
	const char *tmp = getenv("TMP");
	char *root = xasprintf("%s/root-XXXXXX", tmp ? tmp : "/tmp");

	need(mkdtemp(root), "make", root);
	need(!chmod(root, 0755), "chmod", root);
	return root;
}

void tmproot_use_memory(void)
{
	if (!access("/dev/shm", W_OK))
		setenv("TMP", "/dev/shm", 1);
}

char *tmproot_path(const char *root, const char *path)
{
	return xasprintf("%s%s%s", root, path[0] == '/' ? "" : "/", path);
}

static void list_dir(const char *dir, struct strv *names)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	need(d, "list", dir);
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			strv_add(names, entry->d_name);
	closedir(d);
	strv_sort(names);
}

static void remove_tree(const char *path)
{
	auto_strv struct strv names = STRV_INIT;
	struct stat st;

	need(!lstat(path, &st), "look at", path);
	if (!S_ISDIR(st.st_mode)) {
		need(!unlink(path), "remove", path);
		return;
	}
	chmod(path, 0700);
	list_dir(path, &names);
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *inner = xasprintf("%s/%s", path, names.items[i]);

		remove_tree(inner);
	}
	need(!rmdir(path), "remove", path);
}

void tmproot_remove(char *root)
{
	remove_tree(root);
	free(root);
}

static void make_parents(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		need(!mkdir(path, 0755) || errno == EEXIST, "make", path);
		*p = '/';
	}
}

static char *new_path(const char *root, const char *path)
{
	char *full = tmproot_path(root, path);

	make_parents(full);
	return full;
}

void tmproot_put_bytes(const char *root, const char *path, const char *bytes, size_t len)
{
	auto_free char *full = new_path(root, path);
	FILE *f = fopen(full, "w");

	need(f, "write", full);
	need(fwrite(bytes, 1, len, f) == len, "write", full);
	need(!fclose(f), "write", full);
}

void tmproot_put(const char *root, const char *path, const char *text)
{
	tmproot_put_bytes(root, path, text, strlen(text));
}

void tmproot_mkdir(const char *root, const char *path)
{
	auto_free char *full = new_path(root, path);

	need(!mkdir(full, 0755) || errno == EEXIST, "make", full);
}

void tmproot_link(const char *root, const char *path, const char *to)
{
	auto_free char *full = new_path(root, path);

	need(!symlink(to, full), "link", full);
}

static bool read_file(const char *full, struct str *ret)
{
	char chunk[65536];
	size_t n;
	FILE *f = fopen(full, "r");

	if (!f)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		str_add(ret, chunk, n);
	fclose(f);
	return true;
}

bool tmproot_get(const char *root, const char *path, struct str *ret)
{
	auto_free char *full = tmproot_path(root, path);

	str_clear(ret);
	return read_file(full, ret);
}

bool tmproot_has(const char *root, const char *path)
{
	auto_free char *full = tmproot_path(root, path);
	struct stat st;

	return !lstat(full, &st);
}

static void draw(const char *full, size_t skip, struct str *ret)
{
	auto_strv struct strv names = STRV_INIT;
	char link[PATH_MAX];
	struct stat st;
	ssize_t n;

	need(!lstat(full, &st), "look at", full);
	str_addf(ret, "%06o %u:%u %s", st.st_mode, st.st_uid, st.st_gid, full + skip);
	n = S_ISLNK(st.st_mode) ? readlink(full, link, sizeof(link) - 1) : 0;
	if (n > 0)
		str_addf(ret, " -> %.*s", (int)n, link);
	str_addc(ret, '\n');
	if (S_ISREG(st.st_mode))
		read_file(full, ret);
	if (!S_ISDIR(st.st_mode))
		return;
	list_dir(full, &names);
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *inner = xasprintf("%s/%s", full, names.items[i]);

		draw(inner, skip, ret);
	}
}

void tmproot_picture(const char *root, struct str *ret)
{
	str_clear(ret);
	draw(root, strlen(root), ret);
}

static size_t count_in(const char *full, const char *part)
{
	auto_strv struct strv names = STRV_INIT;
	size_t count = 0;

	list_dir(full, &names);
	for (size_t i = 0; i < names.len; i++) {
		auto_free char *inner = xasprintf("%s/%s", full, names.items[i]);
		struct stat st;

		count += strstr(names.items[i], part) != NULL;
		if (!lstat(inner, &st) && S_ISDIR(st.st_mode))
			count += count_in(inner, part);
	}
	return count;
}

size_t tmproot_count(const char *root, const char *part)
{
	return count_in(root, part);
}
