/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole machine, one of whose files (proc, sysfs, the module index, a boot menu, a unified kernel image …) holds any
 * bytes: the first byte chooses the file. Scan, usage, findings, plan and the proof of promises must come to an end, and what
 * they refuse has a sentence.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "change/plan.h"
#include "change/situation.h"
#include "change/verify.h"
#include "config/uki.h"
#include "machine/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CARD "/sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/"
#define KERNEL "/usr/lib/modules/6.12.8-arch1-1/"
#define UKI "/boot/EFI/Linux/a.efi"

static const char *const files[] = {
	"/proc/self/mountinfo",
	"/proc/mounts",
	"/proc/swaps",
	"/proc/net/route",
	"/proc/net/ipv6_route",
	"/proc/net/if_inet6",
	"/proc/net/fib_trie",
	"/proc/cmdline",
	"/proc/cpuinfo",
	"/proc/fb",
	"/proc/bus/input/devices",
	"/proc/iomem",
	"/proc/interrupts",
	"/proc/meminfo",
	"/proc/version",
	"/proc/sys/kernel/osrelease",
	"/etc/os-release",
	"/etc/passwd",
	"/etc/group",
	"/etc/mkinitcpio.d/linux.preset",
	"/boot/grub/grub.cfg",
	"/usr/share/qemu/firmware/60-edk2-ovmf-x86_64.json",
	KERNEL "modules.alias",
	KERNEL "modules.builtin",
	KERNEL "modules.dep",
	KERNEL "pkgbase",
	CARD "config",
	CARD "resource",
	CARD "uevent",
	CARD "modalias",
	CARD "class",
	CARD "reset_method",
	CARD "current_link_speed",
	"/var/lib/vfiotui/group-map",
	"/etc/vfiotui/launch.sh",
	UKI,
};

static char root[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void forget(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const char *bytes, size_t len)
{
	auto_free char *full = xasprintf("%s%s", root, path);
	int fd;

	for (char *p = strchr(full + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd))
		abort();
}

static void make_root(void)
{
	static const char *const places[] = {"/dev/shm", "/tmp"};
	struct err err = ERR_INIT;

	snprintf(root, sizeof(root), "%s/fuzz-machine-XXXXXX",
		 places[access(places[0], W_OK) ? 1 : 0]);
	if (!mkdtemp(root) || recording_unpack(bundled_recordings[0].text,
					       bundled_recordings[0].len, root, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	atexit(forget);
}

static void need_sentence(int r, const struct err *err)
{
	if (r < 0 && !err->text[0])
		abort();
}

static void look(const struct host *host)
{
	auto_str struct str line = STR_INIT;
	struct situation *s = NULL;
	struct selection marks = {.items = NULL};
	struct plan_choices choices = {.bind = BIND_AUTO};
	struct checks checks = {.items = NULL};
	struct plan *plan = NULL;
	struct err err = ERR_INIT;

	need_sentence(uki_line(host, UKI, &line, &err), &err);
	if (situation_open(host, "/dev/null", &s, &err) < 0) {
		need_sentence(-1, &err);
		return;
	}
	selection_add(&marks, &(struct pci_addr){.bus = 1});
	need_sentence(plan_build(s, &marks, &choices, &plan, &err), &err);
	plan_free(plan);
	need_sentence(verify_run(s, &checks, &err), &err);
	checks_release(&checks);
	selection_release(&marks);
	situation_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_str struct str before = STR_INIT;
	struct err err = ERR_INIT;
	struct host *host;
	const char *path;
	bool existed;

	if (!size)
		return 0;
	if (!root[0])
		make_root();
	path = files[data[0] % ARRAY_SIZE(files)];
	if (host_open(root, &host, &err) < 0)
		abort();
	existed = host_read(host, path, &before, NULL) == 0;
	put(path, (const char *)data + 1, size - 1);
	look(host);
	if (existed)
		put(path, before.data, before.len);
	else if (host_remove(host, path, &err) < 0)
		abort();
	host_free(host);
	return 0;
}
