/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole machine, one of whose files (proc, sysfs, the module index, a boot menu, a unified kernel image, a variable of the firmware …)
 * holds any bytes: the first byte chooses the file. Scan, usage, findings, plan, the proof of promises, what a VM's form offers and a
 * recording must come to an end, and what they refuse has a sentence.
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
#include "change/capture.h"
#include "change/plan.h"
#include "change/situation.h"
#include "change/verify.h"
#include "config/uki.h"
#include "machine/boot_variable.h"
#include "machine/recording.h"
#include "machine/usage_parts.h"
#include "vm/choices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CARD "/sys/devices/pci0000:00/0000:00:01.1/0000:01:00.0/"
#define KERNEL "/usr/lib/modules/6.12.8-arch1-1/"
#define EFI "/sys/firmware/efi/efivars/"
#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define SSHD 40 /* a process, with a socket */
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
	"/var/lib/vfiotui/map",
	"/etc/vfiotui/launch.sh",
	UKI,
	"/proc/net/tcp",
	"/proc/net/tcp6",
	"/proc/40/stat",
	"/proc/40/environ",
	"/proc/40/comm",
	EFI "LoaderInfo-" LOADER_GUID,
	EFI "LoaderEntrySelected-" LOADER_GUID,
	EFI "BootCurrent-" EFI_GLOBAL_GUID,
	EFI "Boot0003-" EFI_GLOBAL_GUID,
	EFI "SecureBoot-" EFI_GLOBAL_GUID,
	"/proc/kallsyms",
	"/proc/stat",
	"/var/log/dmesg",
	"/boot/config-6.12.8-arch1-1",
	"/etc/kernel/install.conf",
	"/etc/machine-id",
	"/run/udev/data/b8:1",
	"/sys/kernel/iommu_groups/8/reserved_regions",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list",
	"/sys/devices/system/node/node0/cpulist",
	"/sys/class/sound/card0/id",
	"/sys/class/net/eth0/uevent",
	"/sys/bus/usb/devices/1-1/product",
	KERNEL "modules.softdep",
	"/var/lib/vfiotui/changes/0001/record.json",
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

/* What the recording lacks and a parser needs to be asked at all. */
static void put_more(void)
{
	static const char tcp[] =
		"  sl  local_address rem_address   st tx_queue\n   0: 0501A8C0:0016 "
		"0201A8C0:D431 01 0:0 0:0 0 0 0 123 1\n";
	auto_str struct str variable = STR_INIT;
	auto_free char *fd = NULL;

	put("/proc/40/comm", "sshd\n", 5);
	put("/proc/40/stat", "40 (sshd) S 1 1", 15);
	put("/proc/40/environ", "SSH_CONNECTION=10.0.0.1 1 10.0.0.2 22", 37);
	put("/proc/40/fd/0", "", 0);
	put("/proc/net/tcp", tcp, strlen(tcp));
	fd = xasprintf("%s/proc/40/fd/3", root);
	if (symlink("socket:[123]", fd))
		abort();
	put(EFI "BootCurrent-" EFI_GLOBAL_GUID, "\6\0\0\0\3\0", 6);
	boot_variable_build("Linux", "/EFI/systemd/systemd-bootx64.efi", &variable);
	put(EFI "Boot0003-" EFI_GLOBAL_GUID, variable.data, variable.len);
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
	put_more();
}

static void need_sentence(int r, const struct err *err)
{
	if (r < 0 && !err->text[0])
		abort();
}

static void look_for_vm(const struct situation *s)
{
	const struct selection none = {.items = NULL};
	const struct vm_choices_input in = {
		.host = s->host,
		.topology = s->topology,
		.usage = &s->usage,
		.handed_over = &none,
		.name = "a",
	};

	for (size_t i = 0; i < vm_fields_len; i++) {
		struct vm_choices c = VM_CHOICES_INIT;

		vm_choices_find(&vm_fields[i], &in, &c);
		vm_choices_release(&c);
	}
}

static void look_from_outside(const struct host *host)
{
	auto_strv struct strv addresses = STRV_INIT;
	auto_boot_variable struct boot_variable b = BOOT_VARIABLE_INIT;
	auto_str struct str recording = STR_INIT;
	struct err err = ERR_INIT;

	usage_ssh_of(host, SSHD, &addresses);
	for (size_t i = 0; i < addresses.len; i++)
		if (!addresses.items[i])
			abort();
	if (boot_variable_read(host, &b) && (!b.name || !b.path))
		abort();
	need_sentence(capture(host, "/dev/null", &recording, &err), &err);
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
	look_for_vm(s);
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
	look_from_outside(host);
	if (existed)
		put(path, before.data, before.len);
	else if (host_remove(host, path, &err) < 0)
		abort();
	host_free(host);
	return 0;
}
