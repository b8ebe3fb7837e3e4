/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host has to share: Documentation/ABI/stable/sysfs-devices-system-cpu (topology,
 * cache), stable/sysfs-devices-node, proc(5) for meminfo.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/preset.h"

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"
#define CACHES 8

/* A one-line file without its end; false when it can't be read. */
static bool read_line(struct files *files, const char *path, struct str *ret)
{
	const char *bytes;
	size_t len;

	if (files_get(files, path, &bytes, &len, NULL) < 0)
		return false;
	str_add(ret, bytes, len);
	str_rtrim(ret);
	return true;
}

/* The first number of a list file such as "0,4" or "0-3"; `otherwise` when it can't be read. */
static unsigned first_of(struct files *files, const char *path, unsigned otherwise)
{
	auto_str struct str text = STR_INIT;
	char *end;
	unsigned long n;

	if (!read_line(files, path, &text))
		return otherwise;
	n = strtoul(text.data, &end, 10);
	return end == text.data ? otherwise : (unsigned)n;
}

static unsigned last_level_cache(struct files *files, unsigned cpu)
{
	unsigned best = cpu;
	unsigned best_level = 0;

	for (unsigned i = 0; i < CACHES; i++) {
		auto_free char *dir = xasprintf(CPU_DIR "/cpu%u/cache/index%u", cpu, i);
		auto_free char *level_path = xasprintf("%s/level", dir);
		auto_free char *list_path = xasprintf("%s/shared_cpu_list", dir);
		unsigned level = first_of(files, level_path, 0);

		if (!level)
			break;
		if (level > best_level && level >= 3) {
			best_level = level;
			best = first_of(files, list_path, cpu);
		}
	}
	/* no third level at all: every CPU is as near to the others */
	return best_level ? best : 0;
}

static bool read_list(struct files *files, const char *path, unsigned **ret, size_t *len)
{
	auto_str struct str text = STR_INIT;

	*ret = NULL;
	*len = 0;
	return read_line(files, path, &text) && text.len && vm_cpu_list(text.data, ret, len);
}

static void set_nodes(struct files *files, struct vm_host *h)
{
	unsigned *nodes = NULL;
	size_t len;

	if (!read_list(files, NODE_DIR "/has_memory", &nodes, &len))
		len = 0;
	h->nodes = len ? (unsigned)len : 1;
	for (size_t i = 0; i < len; i++) {
		auto_free char *path = xasprintf(NODE_DIR "/node%u/cpulist", nodes[i]);
		unsigned *cpus = NULL;
		size_t cpus_len;

		if (read_list(files, path, &cpus, &cpus_len))
			for (size_t c = 0; c < cpus_len; c++)
				for (size_t k = 0; k < h->len; k++)
					if (h->cpus[k].id == cpus[c])
						h->cpus[k].node = nodes[i];
		free(cpus);
	}
	free(nodes);
}

static void set_cpus(struct files *files, struct vm_host *h)
{
	unsigned *ids = NULL;
	size_t len;

	if (!read_list(files, CPU_DIR "/online", &ids, &len))
		len = 0;
	h->cpus = xcalloc(len + 1, sizeof(*h->cpus));
	for (h->len = 0; h->len < len; h->len++) {
		unsigned id = ids[h->len];
		auto_free char *path = xasprintf(CPU_DIR "/cpu%u/topology/thread_siblings_list",
						 id);

		h->cpus[h->len] = (struct vm_cpu){
			.id = id,
			.core = first_of(files, path, id),
			.l3 = last_level_cache(files, id),
		};
	}
	free(ids);
}

static uint64_t mib_of(const char *meminfo, const char *key)
{
	const char *at = strstr(meminfo, key);

	return at ? strtoull(at + strlen(key), NULL, 10) / 1024 : 0;
}

/* Cores of a package, as each processor's part of the file says, times the packages. */
static unsigned count_cores(const char *cpuinfo)
{
	unsigned cores = 0;
	unsigned packages = 1;

	for (const char *line = cpuinfo; line; line = strchr(line, '\n')) {
		unsigned value = 0;

		line += *line == '\n';
		if (sscanf(line, "cpu cores : %5u", &value) == 1 && value > cores)
			cores = value;
		else if (sscanf(line, "physical id : %3u", &value) == 1 && value >= packages)
			packages = value + 1;
	}
	return cores * packages;
}

/* The home directory in a line of /etc/passwd. */
static char *home_of(const char *passwd, const char *user)
{
	size_t n = strlen(user);

	for (const char *line = passwd; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, user, n) != 0 || line[n] != ':')
			continue;
		for (int colons = 0; *line && *line != '\n'; line++)
			if (*line == ':' && ++colons == 5)
				return xstrndup(line + 1, strcspn(line + 1, ":\n"));
	}
	return NULL;
}

void vm_host_read_files(struct files *files, const char *user, struct vm_host *ret)
{
	const char *text;
	size_t len;
	auto_free char *home = NULL;

	*ret = (struct vm_host)VM_HOST_INIT;
	set_cpus(files, ret);
	set_nodes(files, ret);
	if (!ret->len && files_get(files, "/proc/cpuinfo", &text, &len, NULL) == 0)
		ret->cores = count_cores(text);
	if (files_get(files, "/proc/meminfo", &text, &len, NULL) == 0) {
		ret->memory_mib = mib_of(text, "MemTotal:");
		ret->available_mib = mib_of(text, "MemAvailable:");
	}
	if (user && strcmp(user, "root") && files_get(files, "/etc/passwd", &text, &len, NULL) == 0)
		home = home_of(text, user);
	ret->state_dir = home && home[0] == '/' ? xasprintf("%s/.local/share/vfiotui", home)
						: xstrdup("/var/lib/vfiotui/vm");
}

void vm_host_read(const struct host *host, const char *user, struct vm_host *ret)
{
	struct files *files = files_new(host);

	vm_host_read_files(files, user, ret);
	files_free(files);
}

void vm_host_release(struct vm_host *h)
{
	free(h->cpus);
	free(h->state_dir);
	*h = (struct vm_host)VM_HOST_INIT;
}
