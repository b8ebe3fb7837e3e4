/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds a display or a VFIO group open, by the links in /proc/PID/fd. Without root only
 * one's own processes tell.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "machine/usage_parts.h"

struct process_scan {
	struct usage_scan *scan;
	const char *pid;
	char *comm; /* read when it is needed */
};

/* What QEMU's "-name" says: "win11", "guest=win11,debug-threads=on"; adds nothing for other programs. */
static void add_vm_name(const struct process_scan *p, struct str *ret)
{
	auto_free char *path = xasprintf("/proc/%s/cmdline", p->pid);
	auto_str struct str words = STR_INIT;
	const char *name = NULL;

	if (host_read(p->scan->host, path, &words, NULL) < 0)
		return;
	for (size_t at = 0; at < words.len; at += strlen(words.data + at) + 1) {
		if (name) {
			name = words.data + at;
			break;
		}
		name = strcmp(words.data + at, "-name") ? NULL : "";
	}
	if (name && text_starts_with(name, "guest="))
		name += strlen("guest=");
	if (name && *name)
		str_addf(ret, " %.*s", (int)strcspn(name, ","), name);
}

static const char *who(struct process_scan *p)
{
	auto_free char *path = NULL;
	auto_str struct str comm = STR_INIT;

	if (p->comm)
		return p->comm;
	path = xasprintf("/proc/%s/comm", p->pid);
	if (host_read_line(p->scan->host, path, &comm, NULL) < 0)
		str_clear(&comm);
	if (text_starts_with(comm.len ? comm.data : "", "qemu"))
		add_vm_name(p, &comm);
	p->comm = xasprintf("%s (pid %s)", comm.len ? comm.data : "a process", p->pid);
	return p->comm;
}

/* /dev/vfio/N: all members of group N belong to that VM now. */
static void holds_group(struct process_scan *p, const char *number)
{
	const struct topology *t = p->scan->topology;
	const struct iommu_group *g;
	char *end;
	long id = strtol(number, &end, 10);

	if (!isdigit((unsigned char)*number) || *end)
		return; /* /dev/vfio/vfio */
	g = id <= INT32_MAX ? topology_group(t, (int)id) : NULL;
	for (size_t i = 0; g && i < g->len; i++)
		if (!t->devices[g->members[i]].is_bridge)
			usage_add(p->scan, &t->devices[g->members[i]].addr, USAGE_VM, who(p));
}

/* The device file's entry in a class, such as /sys/class/drm/card0, hangs on the device. */
static void holds_class_device(struct process_scan *p, const char *class, const char *name,
			       enum usage_kind kind)
{
	auto_free char *path = xasprintf("/sys/class/%s/%s", class, name);
	struct pci_addr addr;

	if (!strchr(name, '/') && usage_pci_of(p->scan, path, &addr))
		usage_add(p->scan, &addr, kind, who(p));
}

static void look_at_target(struct process_scan *p, const char *target)
{
	static const struct {
		const char *prefix, *class;
		enum usage_kind kind;
	} classes[] = {
		{"/dev/dri/", "drm", USAGE_DISPLAY},
		{"/dev/vfio/devices/", "vfio-dev", USAGE_VM},
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (text_starts_with(target, classes[i].prefix)) {
			holds_class_device(p, classes[i].class, target + strlen(classes[i].prefix),
					   classes[i].kind);
			return;
		}
	}
	if (text_starts_with(target, "/dev/vfio/"))
		holds_group(p, target + strlen("/dev/vfio/"));
}

static void look_at_process(struct usage_scan *s, const char *pid)
{
	struct process_scan p = {.scan = s, .pid = pid, .comm = NULL};
	auto_free char *path = xasprintf("/proc/%s/fd", pid);
	auto_host_dir struct host_dir dir = HOST_DIR_INIT;
	auto_strv struct strv fds = STRV_INIT;
	auto_str struct str target = STR_INIT;

	if (host_list(s->host, path, &fds, NULL) < 0 ||
	    host_dir_open(s->host, path, &dir, NULL) < 0)
		return;
	for (size_t i = 0; i < fds.len; i++)
		if (host_dir_link(&dir, fds.items[i], &target) == 0 &&
		    text_starts_with(target.data, "/dev/"))
			look_at_target(&p, target.data);
	free(p.comm);
}

void usage_find_processes(struct usage_scan *s)
{
	auto_strv struct strv names = STRV_INIT;

	if (host_list(s->host, "/proc", &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.len; i++)
		if (isdigit((unsigned char)names.items[i][0]))
			look_at_process(s, names.items[i]);
}
