/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/domain_host.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* "/run/user/1000" of a user in /etc/passwd, or NULL. */
static char *find_runtime_dir(struct files *files, const char *user)
{
	const char *bytes;
	const char *line;
	size_t len;
	size_t n = user ? strlen(user) : 0;

	if (!n || files_get(files, "/etc/passwd", &bytes, &len, NULL) < 0)
		return NULL;
	for (line = bytes; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *uid = line + n;

		if (strncmp(line, user, n) || *uid != ':')
			continue;
		uid += 1 + strcspn(uid + 1, ":\n");
		return *uid == ':' ? xasprintf("/run/user/%lu", strtoul(uid + 1, NULL, 10)) : NULL;
	}
	return NULL;
}

/* QEMU's docs/interop/qcow2.txt: a qcow2 image begins with "QFI\xfb". */
static int find_format(struct files *files, const char *path)
{
	static const char magic[] = {'Q', 'F', 'I', (char)0xfb};
	auto_str struct str head = STR_INIT;

	if (text_starts_with(path, "/dev/"))
		return VM_FORMAT_RAW;
	if (files_head(files, path, sizeof(magic), &head) < 0)
		return VM_FORMAT_AUTO;
	return head.len == sizeof(magic) && !memcmp(head.data, magic, sizeof(magic))
		       ? VM_FORMAT_QCOW2
		       : VM_FORMAT_RAW;
}

void domain_host_read(struct domain_host *h, struct files *files, const struct platform *platform,
		      const char *user, const struct vm_profile *p)
{
	*h = (struct domain_host){
		.formats = xcalloc(p->disks.len + 1, sizeof(*h->formats)),
		.runtime_dir = find_runtime_dir(files, user),
	};
	for (size_t i = 0; i < p->disks.len; i++)
		h->formats[i] = find_format(files,
					    ((const struct vm_disk *)p->disks.items + i)->path);
	h->facts = (struct domain_facts){
		.version = platform->libvirt_version,
		.emulator = platform->qemu,
		.amd = platform->cpu == CPU_AMD,
		.runtime_dir = h->runtime_dir,
		.disk_formats = h->formats,
	};
}

void domain_host_release(struct domain_host *h)
{
	free(h->formats);
	free(h->runtime_dir);
}
