/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host has to share: Documentation/ABI/stable/sysfs-devices-system-cpu (topology,
 * cache), stable/sysfs-devices-node, proc(5) for meminfo.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "vm/preset.h"

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"
#define CACHES 8

/* The first number of a list file such as "0,4" or "0-3"; `or` when it can't be read. */
static unsigned first_of(const struct host *host, const char *path, unsigned or)
{
	auto_str struct str text = STR_INIT;
	char *end;
	unsigned long n;

	if (host_read_line(host, path, &text, NULL) < 0)
		return or ;
	n = strtoul(text.data, &end, 10);
	return end == text.data ? or : (unsigned)n;
}

static unsigned last_level_cache(const struct host *host, unsigned cpu)
{
	unsigned best = cpu;
	unsigned best_level = 0;

	for (unsigned i = 0; i < CACHES; i++) {
		auto_free char *dir = xasprintf(CPU_DIR "/cpu%u/cache/index%u", cpu, i);
		auto_free char *level_path = xasprintf("%s/level", dir);
		auto_free char *list_path = xasprintf("%s/shared_cpu_list", dir);
		unsigned level = first_of(host, level_path, 0);

		if (!level)
			break;
		if (level > best_level && level >= 3) {
			best_level = level;
			best = first_of(host, list_path, cpu);
		}
	}
	/* no third level at all: every CPU is as near to the others */
	return best_level ? best : 0;
}

static bool read_list(const struct host *host, const char *path, unsigned **ret, size_t *len)
{
	auto_str struct str text = STR_INIT;

	*ret = NULL;
	*len = 0;
	return host_read_line(host, path, &text, NULL) == 0 && text.len &&
	       vm_cpu_list(text.data, ret, len);
}

static void set_nodes(const struct host *host, struct vm_host *h)
{
	unsigned *nodes = NULL;
	size_t len;

	if (!read_list(host, NODE_DIR "/has_memory", &nodes, &len))
		len = 0;
	h->nodes = len ? (unsigned)len : 1;
	for (size_t i = 0; i < len; i++) {
		auto_free char *path = xasprintf(NODE_DIR "/node%u/cpulist", nodes[i]);
		unsigned *cpus = NULL;
		size_t cpus_len;

		if (read_list(host, path, &cpus, &cpus_len))
			for (size_t c = 0; c < cpus_len; c++)
				for (size_t k = 0; k < h->len; k++)
					if (h->cpus[k].id == cpus[c])
						h->cpus[k].node = nodes[i];
		free(cpus);
	}
	free(nodes);
}

static void set_cpus(const struct host *host, struct vm_host *h)
{
	unsigned *ids = NULL;
	size_t len;

	if (!read_list(host, CPU_DIR "/online", &ids, &len))
		len = 0;
	h->cpus = xcalloc(len + 1, sizeof(*h->cpus));
	for (h->len = 0; h->len < len; h->len++) {
		unsigned id = ids[h->len];
		auto_free char *path = xasprintf(CPU_DIR "/cpu%u/topology/thread_siblings_list",
						 id);

		h->cpus[h->len] = (struct vm_cpu){
			.id = id,
			.core = first_of(host, path, id),
			.l3 = last_level_cache(host, id),
		};
	}
	free(ids);
}

static uint64_t mib_of(const char *meminfo, const char *key)
{
	const char *at = strstr(meminfo, key);

	return at ? strtoull(at + strlen(key), NULL, 10) / 1024 : 0;
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

void vm_host_read(const struct host *host, const char *user, struct vm_host *ret)
{
	auto_str struct str meminfo = STR_INIT;
	auto_str struct str passwd = STR_INIT;
	auto_free char *home = NULL;

	*ret = (struct vm_host)VM_HOST_INIT;
	set_cpus(host, ret);
	set_nodes(host, ret);
	if (host_read(host, "/proc/meminfo", &meminfo, NULL) == 0) {
		ret->memory_mib = mib_of(meminfo.data, "MemTotal:");
		ret->available_mib = mib_of(meminfo.data, "MemAvailable:");
	}
	if (user && strcmp(user, "root") && host_read(host, "/etc/passwd", &passwd, NULL) == 0)
		home = home_of(passwd.data, user);
	ret->state_dir = home && home[0] == '/' ? xasprintf("%s/.local/share/vfiotui", home)
						: xstrdup("/var/lib/vfiotui/vm");
}

void vm_host_release(struct vm_host *h)
{
	free(h->cpus);
	free(h->state_dir);
	*h = (struct vm_host)VM_HOST_INIT;
}
