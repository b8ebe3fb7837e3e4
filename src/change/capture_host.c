/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors, caches and NUMA nodes, as far as the defaults of a new VM are made of them
 * (vm/preset.h): numbers only, and no file where its absence says the same.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "change/capture_parts.h"
#include "machine/recording_write.h"
#include "vm/preset.h"

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

static void put(struct capture_context *c, const char *path, const struct str *text)
{
	recording_write_file(path, 0644, text->data, text->len, c->out);
}

/* A list such as "0-3,8" as it is; the numbers are for the caller to free. False: it is none. */
static bool put_list(struct capture_context *c, const char *path, unsigned **ret, size_t *ret_len)
{
	auto_str struct str line = STR_INIT;

	*ret = NULL;
	*ret_len = 0;
	if (host_read_line(c->host, path, &line, NULL) < 0 || !line.len ||
	    !vm_cpu_list(line.data, ret, ret_len))
		return false;
	str_addc(&line, '\n');
	put(c, path, &line);
	return true;
}

static void write_siblings(struct capture_context *c, const struct vm_host *h,
			   const struct vm_cpu *cpu)
{
	auto_free char *path = xasprintf(CPU_DIR "/cpu%u/topology/thread_siblings_list", cpu->id);
	auto_str struct str text = STR_INIT;

	for (size_t i = 0; i < h->len; i++)
		if (h->cpus[i].core == cpu->core)
			str_addf(&text, "%s%u", text.len ? "," : "", h->cpus[i].id);
	str_addc(&text, '\n');
	put(c, path, &text);
}

/*
 * The last cache alone, as the first; where all CPUs share one, nothing says the same. Of each
 * its lowest CPU keeps the whole list, which the form offers for pinning (vm/choices.h).
 */
static void write_cache(struct capture_context *c, const struct vm_cpu *cpu)
{
	auto_free char *level_path = xasprintf(CPU_DIR "/cpu%u/cache/index0/level", cpu->id);
	auto_free char *first_path = xasprintf(CPU_DIR "/cpu%u/cache/index0/shared_cpu_list",
					       cpu->id);
	auto_free char *list_path = xasprintf(CPU_DIR "/cpu%u/cache/index3/shared_cpu_list",
					      cpu->id);
	auto_str struct str level = STR_INIT;
	auto_str struct str first = STR_INIT;
	unsigned *cpus = NULL;
	size_t len;

	if (cpu->l3) {
		str_adds(&level, "3\n");
		str_addf(&first, "%u\n", cpu->l3);
		put(c, level_path, &level);
		put(c, first_path, &first);
	}
	if (cpu->l3 == cpu->id)
		put_list(c, list_path, &cpus, &len);
	free(cpus);
}

static void write_cpus(struct capture_context *c, const struct vm_host *h)
{
	unsigned *online;
	size_t len;

	if (put_list(c, CPU_DIR "/online", &online, &len))
		for (size_t i = 0; i < h->len; i++) {
			str_addf(c->out, "dir " CPU_DIR "/cpu%u\n", h->cpus[i].id);
			if (h->cpus[i].core != h->cpus[i].id)
				write_siblings(c, h, &h->cpus[i]);
			write_cache(c, &h->cpus[i]);
		}
	free(online);
}

static void write_nodes(struct capture_context *c)
{
	unsigned *nodes;
	size_t len;

	if (!put_list(c, NODE_DIR "/has_memory", &nodes, &len))
		len = 0;
	for (size_t i = 0; i < len; i++) {
		auto_free char *path = xasprintf(NODE_DIR "/node%u/cpulist", nodes[i]);
		unsigned *cpus;
		size_t cpus_len;

		put_list(c, path, &cpus, &cpus_len);
		free(cpus);
	}
	free(nodes);
}

void capture_host(struct capture_context *c)
{
	auto_vm_host struct vm_host h = VM_HOST_INIT;

	vm_host_read(c->host, NULL, &h);
	write_cpus(c, &h);
	write_nodes(c);
}
